//! The rows of every replication, not of the median one alone: each is simulated again with detail.

use rayon::prelude::*;

use crate::experiment::simulate::{ExperimentError, Watch, guarded};
use crate::results::replication::Replication;
use crate::scenario::{Scenario, cases};
use crate::sim::{DetailWanted, Setup, replicate_case};

/// Replications simulated at a time: their hours are in memory until their rows are written.
const AT_A_TIME: usize = 8;

/// Simulates every replication of every strategy with detail and hands them out in order, strategy by strategy and case by case.
pub fn every(
    (scenario, setup): (&Scenario, &Setup),
    replications: u32,
    watch: &dyn Watch,
    mut each: impl FnMut(Replication) -> Result<(), ExperimentError>,
) -> Result<(), ExperimentError> {
    let seed = scenario.spec.run.seed;
    let cases = cases::names(&scenario.spec).len();
    for cell in 0..scenario.spec.strategies.len() * cases {
        let place = (cell / cases, cell % cases);
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
                        replicate_case((scenario, setup), place, number, detail)
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
