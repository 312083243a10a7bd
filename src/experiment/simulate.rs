//! Replications in parallel, blocks in order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use rayon::prelude::*;

use crate::results;
use crate::results::block::{BlockResult, Shape, block_count, block_range};
use crate::results::collect::Collector;
use crate::results::replication::Replication;
use crate::scenario::Scenario;
use crate::sim::invariant::Broken;
use crate::sim::{Setup, replicate_all};

/// Sees how far the work is, and may stop it.
pub trait Watch: Sync {
    /// So many further replications (of all strategies) are done.
    fn advanced(&self, replications: u64);
    /// Whether to stop at the next replication.
    fn stop_requested(&self) -> bool;
}

impl Watch for () {
    fn advanced(&self, _replications: u64) {}
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Why an experiment ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// It was asked to stop; completed blocks are kept.
    #[error("stopped")]
    Stopped,
    /// An invariant broke: our fault.
    #[error("an invariant broke (seed {seed}, replication {replication}): {message}")]
    Invariant {
        /// Root seed.
        seed: u64,
        /// Replication.
        replication: u32,
        /// What broke, with its two numbers.
        message: String,
    },
    /// A block could not be kept.
    #[error(transparent)]
    Save(#[from] results::Error),
}

/// Simulates what `done` does not hold and reduces everything in the order of blocks. `save` keeps a block as soon
/// as it is complete.
pub fn simulate(
    scenario: &Scenario,
    setup: &Setup,
    (shape, replications): (Shape, u32),
    done: Vec<BlockResult>,
    save: &(dyn Fn(&BlockResult) -> Result<(), results::Error> + Sync),
    watch: &dyn Watch,
) -> Result<Collector, ExperimentError> {
    let have: Vec<u32> = done.iter().map(|block| block.index).collect();
    let missing: Vec<u32> = (0..block_count(replications))
        .filter(|i| !have.contains(i))
        .collect();
    let failure: Mutex<Option<ExperimentError>> = Mutex::new(None);
    let simulated: Vec<Option<BlockResult>> = missing
        .par_iter()
        .map(|&index| {
            let stopped = || watch.stop_requested() || failure.lock().is_ok_and(|f| f.is_some());
            if stopped() {
                return None;
            }
            let outcome = block(scenario, setup, (shape, index, replications), watch)
                .and_then(|block| save(&block).map(|()| block).map_err(ExperimentError::from));
            match outcome {
                Ok(block) => Some(block),
                Err(error) => {
                    keep_first(&failure, error);
                    None
                }
            }
        })
        .collect();
    if let Some(error) = failure
        .into_inner()
        .expect("no task panics while it holds the lock")
    {
        return Err(error);
    }
    let mut blocks = done;
    for block in simulated {
        blocks.push(block.ok_or(ExperimentError::Stopped)?);
    }
    blocks.sort_by_key(|block| block.index);
    let mut collector = Collector::new(shape);
    for block in blocks {
        collector.add_block(block);
    }
    Ok(collector)
}

/// Of several failures the one of the lowest replication is told, so that the message does not depend on threads;
/// a stop never hides a failure.
fn keep_first(kept: &Mutex<Option<ExperimentError>>, error: ExperimentError) {
    let rank = |e: &ExperimentError| match e {
        ExperimentError::Invariant { replication, .. } => (0, *replication),
        ExperimentError::Save(_) => (1, 0),
        ExperimentError::Stopped => (2, 0),
    };
    let mut kept = kept.lock().expect("no task panics while it holds the lock");
    if kept.as_ref().is_none_or(|old| rank(&error) < rank(old)) {
        *kept = Some(error);
    }
}

fn block(
    scenario: &Scenario,
    setup: &Setup,
    (shape, index, replications): (Shape, u32, u32),
    watch: &dyn Watch,
) -> Result<BlockResult, ExperimentError> {
    let numbers: Vec<u32> = block_range(index, replications).collect();
    let records: Result<Vec<Vec<Replication>>, ExperimentError> = numbers
        .par_iter()
        .map(|&replication| {
            if watch.stop_requested() {
                return Err(ExperimentError::Stopped);
            }
            let records = guarded(scenario.spec.run.seed, replication, || {
                replicate_all(scenario, setup, replication, None)
            })?;
            watch.advanced(1);
            Ok(records)
        })
        .collect();
    Ok(BlockResult::reduce(
        shape,
        index,
        replications,
        records?.into_iter().flatten().collect(),
    ))
}

/// Runs a replication and turns a broken invariant into an error that says how to see it again.
pub fn guarded<T>(seed: u64, replication: u32, work: impl FnOnce() -> T) -> Result<T, ExperimentError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let message = payload
            .downcast_ref::<Broken>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
            .unwrap_or_else(|| "a panic without a message".to_owned());
        ExperimentError::Invariant {
            seed,
            replication,
            message,
        }
    })
}
