//! What makes two runs the same run.

use serde_json::json;

use crate::random::Design;
use crate::results::block::sha256_hex;
use crate::results::replication::PORTFOLIO;
use crate::results::tables::{InputFile, Manifest, Note, StrategyInfo};
use crate::scenario::spec::{ConversionSpec, StrategySpec};
use crate::scenario::{Scenario, cases};

/// Version of the format of run directories.
pub const RUN_FORMAT: u32 = 1;
/// Length of a run id, in hexadecimal digits.
const RUN_ID_DIGITS: usize = 16;

/// The manifest of a run before it is simulated: identity, names, notes; no clock.
pub fn manifest(scenario: &Scenario, replications: u32, git_hash: &str) -> Manifest {
    let spec = &scenario.spec;
    // The number of replications is no part of the identity: a run can be extended. That of a Latin hypercube cannot.
    let mut hashed = spec.clone();
    if spec.run.design != Design::LatinHypercube {
        hashed.run.replications = 0;
    }
    let canonical = serde_json::to_vec(&hashed).expect("a spec is plain JSON");
    let scenario_hash = sha256_hex(&canonical);
    let inputs: Vec<InputFile> = scenario
        .data
        .files
        .iter()
        .map(|file| InputFile {
            name: file.name.clone(),
            sha256: file.sha256.clone(),
            repaired: file.repaired,
        })
        .collect();
    let strategies: Vec<&str> = spec.strategies.iter().map(|s| s.id.as_str()).collect();
    let identity = json!({
        "format": RUN_FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "scenario": scenario_hash,
        "data": inputs.iter().map(|f| json!([f.name, f.sha256])).collect::<Vec<_>>(),
        "seed": spec.run.seed,
        "strategies": strategies,
        "cases": cases::names(spec),
        "fidelity": spec.run.fidelity.as_str(),
    });
    let run_id = sha256_hex(identity.to_string().as_bytes())[..RUN_ID_DIGITS].to_owned();
    let mut scopes = vec!["portfolio".to_owned()];
    debug_assert_eq!(scopes.len() - 1, PORTFOLIO);
    scopes.extend(spec.sites.iter().map(|site| site.id.to_string()));
    Manifest {
        format: RUN_FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_hash: git_hash.to_owned(),
        run_id,
        scenario_hash,
        scenario: spec.name.to_string(),
        question: spec.question.clone(),
        inputs,
        seed: spec.run.seed,
        replications,
        strategies: spec.strategies.iter().map(describe).collect(),
        baseline: spec.baseline.to_string(),
        cases: cases::names(spec),
        case_probabilities: cases::probabilities(spec),
        fidelity: spec.run.fidelity.as_str().to_owned(),
        scopes,
        months: scenario.months.iter().map(ToString::to_string).collect(),
        overrides: scenario.overrides.clone(),
        discount_rate: spec.finance.discount_percent / 100.0,
        notes: scenario
            .notes
            .iter()
            .map(|(kind, text)| Note {
                kind: kind.clone(),
                text: text.clone(),
            })
            .collect(),
        currency: "usd".to_owned(),
        ..Manifest::default()
    }
}

fn describe(strategy: &StrategySpec) -> StrategyInfo {
    let made = || {
        if strategy.conversions.is_empty() {
            return "keeps every hall as it is".to_owned();
        }
        let parts: Vec<String> = strategy
            .conversions
            .iter()
            .map(ConversionSpec::describe)
            .collect();
        parts.join("; ")
    };
    StrategyInfo {
        id: strategy.id.to_string(),
        summary: strategy.summary.clone().unwrap_or_else(made),
    }
}
