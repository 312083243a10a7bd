//! The rows of every replication, not of the median one alone: each is simulated again with detail.

use rayon::prelude::*;

use crate::experiment::simulate::{ExperimentError, Watch, guarded};
use crate::results::replication::Replication;
use crate::scenario::Scenario;
use crate::sim::{DetailWanted, Setup, replicate_one};

/// Replications simulated at a time: their hours are in memory until their rows are written.
const AT_A_TIME: usize = 8;

/// Simulates every replication of every strategy with detail and hands them out in order, strategy by strategy.
pub fn every(
    (scenario, setup): (&Scenario, &Setup),
    replications: u32,
    watch: &dyn Watch,
    mut each: impl FnMut(Replication) -> Result<(), ExperimentError>,
) -> Result<(), ExperimentError> {
    let seed = scenario.spec.run.seed;
    for strategy in 0..scenario.spec.strategies.len() {
        let numbers: Vec<u32> = (0..replications).collect();
        for chunk in numbers.chunks(AT_A_TIME) {
            let records: Result<Vec<Replication>, ExperimentError> = chunk
                .par_iter()
                .map(|&number| {
                    if watch.stop_requested() {
                        return Err(ExperimentError::Stopped);
                    }
                    let detail = Some(DetailWanted::default());
                    let record = guarded(seed, number, || {
                        replicate_one(scenario, setup, strategy, number, detail)
                    })?;
                    watch.advanced(1);
                    Ok(record)
                })
                .collect();
            records?.into_iter().try_for_each(&mut each)?;
        }
    }
    Ok(())
}
