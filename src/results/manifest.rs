//! `manifest.json`: what a run is, what it read, and the hashes of what it wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A strategy as the outputs name it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StrategyInfo {
    /// Id.
    pub id: String,
    /// One sentence made from its plan, for the memo.
    pub summary: String,
}

/// Something the reader of a memo must know: a repaired gap, a broken tie, a limit of the model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Note {
    /// `data`, `model` or `warning`.
    pub kind: String,
    /// A full sentence.
    pub text: String,
}

/// An input file as the manifest names it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InputFile {
    /// Name relative to the scenario or the data folder, never an absolute path.
    pub name: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Intervals that the gap policy filled.
    pub repaired: u64,
}

/// What is the same for all rows of a run, and what only this execution of it knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the run directory's format.
    pub format: u32,
    /// Version of the tool.
    pub tool_version: String,
    /// Commit of the tool, or `unknown`.
    pub git_hash: String,
    /// Hash of scenario, data files, seed, strategies, cases, fidelity, version.
    pub run_id: String,
    /// SHA-256 of the scenario as read, overlays applied.
    pub scenario_hash: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The question it asks.
    pub question: String,
    /// Input files.
    pub inputs: Vec<InputFile>,
    /// Root seed.
    pub seed: u64,
    /// Replications of each strategy and case.
    pub replications: u32,
    /// Strategies in file order.
    pub strategies: Vec<StrategyInfo>,
    /// Id of the baseline.
    pub baseline: String,
    /// Cases; `base` where the scenario names none.
    pub cases: Vec<String>,
    /// Their probabilities, as shares; nothing where the scenario names no case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub case_probabilities: Vec<f64>,
    /// Demand fidelity.
    pub fidelity: String,
    /// Scope names: `portfolio`, then the sites.
    pub scopes: Vec<String>,
    /// Billing months, `YYYY-MM`.
    pub months: Vec<String>,
    /// What `--set` changed, as `path=value`.
    pub overrides: Vec<String>,
    /// Discount rate, effective a year.
    pub discount_rate: f64,
    /// Notes for the memo.
    pub notes: Vec<Note>,
    /// Events delivered in all replications.
    pub events: u64,
    /// When the run began, UTC. Not part of the identity.
    pub started_utc: String,
    /// How long it took. Not part of the identity.
    pub wall_seconds: f64,
    /// Threads used. Not part of the identity.
    pub threads: usize,
    /// Replications simulated by this execution; the others were there, of an interrupted or a shorter run, or of
    /// shards. Not part of the identity.
    #[serde(default)]
    pub simulated: u32,
    /// Currency of every amount; `usd` where an older run says nothing.
    #[serde(default = "currency_default")]
    pub currency: String,
    /// The replication shown in detail, by strategy and, within it, by case.
    #[serde(default)]
    pub p50_replications: Vec<u32>,
    /// SHA-256 of every other file of the directory, by its relative name with `/`.
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
}

fn currency_default() -> String {
    "usd".to_owned()
}

impl Manifest {
    /// The demand fidelity of single replications: of a run on several levels that of the level with many.
    pub fn fidelity_of_replications(&self) -> &str {
        if self.fidelity == "multilevel" {
            "sampled_hours"
        } else {
            &self.fidelity
        }
    }
    /// Length of the billing calendar.
    pub fn month_count(&self) -> usize {
        self.months.len()
    }
    /// Index of the baseline among the strategies.
    pub fn baseline_index(&self) -> Option<usize> {
        self.strategies.iter().position(|s| s.id == self.baseline)
    }
}
