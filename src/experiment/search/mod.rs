//! Search among ways to convert: candidates from values of paths, ranking and selection on common random numbers, the best with a
//! bound on what another could be better.

pub mod measure;
pub mod select;
pub mod space;

use crate::experiment::search::measure::Requirement;
use crate::experiment::sensitivity::scenario::value;
use crate::experiment::{ExperimentError, guarded};
use crate::metric::Metric;
use crate::scenario::Scenario;
use crate::sim::{Setup, replicate_one};
use rayon::prelude::*;

/// What is asked of every candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Metric that is to be good.
    pub metric: Metric,
    /// What must hold besides.
    pub requirements: Vec<Requirement>,
}

/// One replication of a candidate: the metric, then what each requirement is about.
pub type Sample = Vec<f64>;

/// Replications of one strategy of a candidate's scenario.
pub fn sample(
    scenario: &Scenario,
    strategy: usize,
    goal: &Goal,
    replications: std::ops::Range<u32>,
) -> Result<Vec<Sample>, ExperimentError> {
    let setup = Setup::new(scenario);
    let wanted = || std::iter::once(goal.metric).chain(goal.requirements.iter().map(|r| r.metric));
    replications
        .into_par_iter()
        .map(|replication| {
            let record = guarded(scenario.spec.run.seed, replication, || {
                replicate_one(scenario, &setup, strategy, replication, None)
            })?;
            Ok(wanted().map(|m| value(&record, m)).collect())
        })
        .collect()
}
