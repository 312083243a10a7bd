//! A change between two scenarios, attributed to the inputs that are not the same by simulating mixtures of the two.

pub mod changes;
pub mod shapley;

use rayon::prelude::*;

use crate::experiment::sensitivity::scenario::value;
use crate::experiment::{ExperimentError, guarded};
use crate::metric::Metric;
use crate::scenario::Scenario;
use crate::sim::{Setup, replicate_all};

/// The mean of a metric of every strategy over the first `replications`, all strategies and mixtures in the same worlds.
pub fn means(scenario: &Scenario, metric: Metric, replications: u32) -> Result<Vec<f64>, ExperimentError> {
    Ok(samples(scenario, metric, 0..replications)?
        .iter()
        .map(|values| values.iter().sum::<f64>() / f64::from(replications))
        .collect())
}

/// A metric of every strategy, replication by replication.
pub fn samples(
    scenario: &Scenario,
    metric: Metric,
    replications: std::ops::Range<u32>,
) -> Result<Vec<Vec<f64>>, ExperimentError> {
    let setup = Setup::new(scenario);
    let rows: Vec<Vec<f64>> = replications
        .into_par_iter()
        .map(|replication| {
            let seed = scenario.spec.run.seed;
            let records = guarded(seed, replication, || {
                replicate_all(scenario, &setup, replication, None)
            })?;
            Ok(records.iter().map(|r| value(r, metric)).collect())
        })
        .collect::<Result<_, ExperimentError>>()?;
    let strategies = scenario.spec.strategies.len();
    Ok((0..strategies)
        .map(|s| rows.iter().map(|row| row[s]).collect())
        .collect())
}
