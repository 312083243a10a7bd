//! What `sensitivity` and `optimise` share: a scenario with further uncertain inputs, a free place, threads, failures.

use std::path::Path;

use crate::cli::exit::{Exit, Failure, Shown};
use crate::cli::work::FidelityArg;
use crate::experiment::ExperimentError;
use crate::finance::account::Account;
use crate::metric::Metric;
use crate::problem::{Check, FieldPath, Problems, nearest};
use crate::random::DistributionSpec;
use crate::scenario::Scenario;
use crate::scenario::diagnostic::Located;
use crate::scenario::load::LoadOptions;
use crate::scenario::spec::{Fidelity, UncertainSpec};

/// What the command line says of the scenario.
pub(super) struct Source<'a> {
    pub(super) scenario: Option<&'a Path>,
    pub(super) data: Option<&'a Path>,
    pub(super) set: &'a [String],
    pub(super) strategies: &'a [String],
    pub(super) seed: Option<u64>,
    pub(super) fidelity: FidelityArg,
    /// Further uncertain inputs, `PATH=LOW..HIGH`.
    pub(super) vary: &'a [String],
}

/// The scenario with further inputs uncertain.
pub(super) fn load(source: &Source<'_>) -> Result<Scenario, Failure> {
    let mut set = source.set.to_vec();
    set.extend(source.seed.map(|seed| format!("run.seed={seed}")));
    if source.fidelity == FidelityArg::Multilevel {
        let message = "`multilevel` is a fidelity of `run` alone";
        return Err(Failure::input(message.to_owned()).with_help("take `fluid` or `sampled_weeks`"));
    }
    let fidelity = Fidelity::from(source.fidelity);
    set.push(format!("run.fidelity=\"{}\"", fidelity.as_str()));
    let options = LoadOptions {
        data: source.data.map(Path::to_path_buf),
        set,
        strategies: source.strategies.to_vec(),
    };
    let mut scenario = crate::scenario::load::load(source.scenario, &options)?;
    if !scenario.spec.cases.is_empty() {
        let message = "the scenario names `cases`, and inputs are examined in one course of the world";
        let help = "take a copy without `cases`, its values those of the case that is meant";
        return Err(Failure::input(message.to_owned()).with_help(help));
    }
    for text in source.vary {
        scenario.spec.uncertain.push(varied(text)?);
    }
    if !source.vary.is_empty() {
        let mut problems = Problems::new();
        scenario.spec.check(&FieldPath::root(), &mut problems);
        if problems.has_errors() {
            let located = |p| Located::of(p, &scenario.sources, false);
            return Err(Failure {
                exit: Exit::Input,
                shown: Shown::Problems(problems.into_vec().into_iter().map(located).collect()),
            });
        }
    }
    Ok(scenario)
}

/// The metric of an id.
pub(super) fn metric(id: &str) -> Result<Metric, Failure> {
    Metric::from_id(id).ok_or_else(|| {
        let failure = Failure::input(format!("`{id}` is no metric"));
        let ids = || Metric::ALL.iter().map(|m| m.definition().id);
        let close = |known: &&str| (strsim::jaro_winkler(known, id) * 1e9) as u64;
        let near = nearest(id, ids()).or_else(|| ids().max_by_key(close));
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        failure.with_help(match Account::from_id(id) {
            Some(_) => format!("it is an account of `cashflow.csv`; {near}"),
            None => near,
        })
    })
}

/// Reads `PATH=LOW..HIGH`.
fn varied(text: &str) -> Result<UncertainSpec, Failure> {
    let bad = || {
        Failure::input(format!("`{text}` is not PATH=LOW..HIGH"))
            .with_help("for example `--vary finance.discount_percent=8..14`")
    };
    let (path, range) = text.rsplit_once('=').ok_or_else(bad)?;
    let (low, high) = range.split_once("..").ok_or_else(bad)?;
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|v| v.is_finite())
            .ok_or_else(bad)
    };
    let (low, high) = (number(low)?, number(high)?);
    if low > high {
        return Err(Failure::input(format!("`{text}`: {low} is above {high}")));
    }
    Ok(UncertainSpec {
        path: path.trim().to_owned(),
        distribution: DistributionSpec::Uniform { low, high },
    })
}

/// Refuses a place that holds something.
pub(super) fn free(out: &Path) -> Result<(), Failure> {
    let taken = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    if taken {
        let message = format!("`{}` is taken", out.display());
        return Err(Failure::io(message).with_help("choose another `--out`"));
    }
    Ok(())
}

/// Does the work on so many threads.
pub(super) fn on_threads<T: Send>(
    threads: Option<u16>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, usize::from))
        .build()
        .map_err(|e| Failure::io(format!("cannot start worker threads: {e}")))?;
    Ok(pool.install(work))
}

/// A failure of the simulation as the command tells it.
pub(super) fn failed(error: &ExperimentError) -> Failure {
    Failure {
        exit: Exit::Invariant,
        shown: Shown::Text(error.to_string(), None),
    }
}
