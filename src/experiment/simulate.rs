//! Replications in parallel, blocks in order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::results;
use crate::results::block::{BlockResult, Shape, block_count, block_range};
use crate::results::block_store::BlockStore;
use crate::results::collect::Collector;
use crate::results::replication::Replication;
use crate::scenario::Scenario;
use crate::scenario::spec::Fidelity;
use crate::sim::invariant::Broken;
use crate::sim::{Setup, replicate_all_at};

/// Sees how far the work is, and may stop it.
pub trait Watch: Sync {
    /// So many further replications (of all strategies) are done.
    fn advanced(&self, replications: u64);
    /// So many replications were there already.
    fn found(&self, _replications: u64) {}
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

/// Which blocks of a run are wanted, and when it may end before the last of them.
pub struct Plan<'a> {
    /// The extent of the run.
    pub shape: Shape,
    /// Replications of the whole run; the most, where `enough` may end it before.
    pub replications: u32,
    /// The blocks wanted of it.
    pub blocks: Range<u32>,
    /// The fidelity of demand, where it is not the run's.
    pub fidelity: Option<Fidelity>,
    /// Whether they are reduced; otherwise they are only kept in the store.
    pub collect: bool,
    /// Whether what is collected so far is enough; asked after every block, in order.
    pub enough: &'a (dyn Fn(&Collector) -> bool + Sync),
}

impl Plan<'_> {
    /// All blocks of a run.
    pub fn whole(shape: Shape, replications: u32) -> Self {
        Self {
            shape,
            replications,
            blocks: 0..block_count(replications),
            fidelity: None,
            collect: true,
            enough: &|_| false,
        }
    }

    /// Replications of the blocks wanted.
    pub fn due(&self) -> u32 {
        let range = |block| block_range(block, self.replications);
        range(self.blocks.end).start - range(self.blocks.start).start
    }
}

/// What an experiment came to.
#[derive(Debug)]
pub struct Outcome {
    /// All blocks in order, reduced; nothing where they were only to be kept.
    pub collector: Collector,
    /// Replications simulated now; the others were in the store.
    pub simulated: u32,
}

/// Simulates what the store does not hold and reduces everything in the order of blocks. A block is kept as soon as it
/// is complete. Replications are begun in order, so that a stop loses no more than those under way.
pub fn simulate(
    scenario: &Scenario,
    setup: &Setup,
    plan: &Plan<'_>,
    store: &dyn BlockStore,
    watch: &dyn Watch,
) -> Result<Outcome, ExperimentError> {
    let work = Work {
        scenario,
        setup,
        plan,
        store,
        watch,
        queue: Mutex::new(Queue::new(plan.blocks.clone())),
        sum: Mutex::new(Sum {
            collector: Collector::new(plan.shape),
            waiting: BTreeMap::new(),
            next: 0,
            over: false,
        }),
        over: AtomicBool::new(false),
        failure: Mutex::new(None),
        simulated: AtomicU32::new(0),
    };
    rayon::broadcast(|_| work.carry_on());
    if let Some(error) = work.failure.into_inner().expect(NO_PANIC) {
        return Err(error);
    }
    Ok(Outcome {
        collector: work.sum.into_inner().expect(NO_PANIC).collector,
        simulated: work.simulated.into_inner(),
    })
}

/// Why a lock is never poisoned.
const NO_PANIC: &str = "no task panics while it holds the lock";

/// What the threads share.
struct Work<'a> {
    scenario: &'a Scenario,
    setup: &'a Setup,
    plan: &'a Plan<'a>,
    store: &'a dyn BlockStore,
    watch: &'a dyn Watch,
    queue: Mutex<Queue>,
    sum: Mutex<Sum>,
    /// Whether nothing more is to be begun.
    over: AtomicBool,
    failure: Mutex<Option<ExperimentError>>,
    simulated: AtomicU32,
}

/// The sum of the blocks so far.
struct Sum {
    collector: Collector,
    /// Blocks that came before their turn.
    waiting: BTreeMap<u32, BlockResult>,
    /// The block whose turn it is.
    next: u32,
    /// Whether it is enough: later blocks are left out, whether they were simulated or not.
    over: bool,
}

impl Sum {
    fn fold(&mut self, enough: &dyn Fn(&Collector) -> bool) {
        while !self.over {
            let Some(block) = self.waiting.remove(&self.next) else {
                return;
            };
            self.collector.add_block(block);
            self.next += 1;
            self.over = enough(&self.collector);
        }
    }
}

/// What is to be done next.
struct Queue {
    blocks: Range<u32>,
    /// The block of which replications are being handed out, and the next of them.
    current: Option<(u32, Range<u32>)>,
    /// Blocks of which replications are under way.
    open: BTreeMap<u32, Open>,
}

/// A block of which replications are under way.
struct Open {
    /// What is there of it already.
    block: BlockResult,
    records: Vec<Replication>,
    /// Replications that are not in yet.
    left: usize,
}

/// One thing to do.
enum Next {
    /// Simulate a replication of a block.
    Simulate(u32, u32),
    /// Take a block that was whole already.
    Take(BlockResult),
    Nothing,
}

impl Queue {
    fn new(blocks: Range<u32>) -> Self {
        Self {
            blocks,
            current: None,
            open: BTreeMap::new(),
        }
    }

    fn next(
        &mut self,
        plan: &Plan<'_>,
        store: &dyn BlockStore,
        watch: &dyn Watch,
    ) -> Result<Next, ExperimentError> {
        loop {
            if let Some((index, numbers)) = &mut self.current
                && let Some(replication) = numbers.next()
            {
                return Ok(Next::Simulate(*index, replication));
            }
            let Some(index) = self.blocks.next() else {
                return Ok(Next::Nothing);
            };
            let block = store
                .load(index)?
                .unwrap_or_else(|| BlockResult::empty(plan.shape, index));
            let missing = block.missing(plan.replications);
            watch.found(u64::from(block.count));
            if missing.is_empty() {
                return Ok(Next::Take(block));
            }
            let open = Open {
                block,
                records: Vec::new(),
                left: missing.len(),
            };
            self.open.insert(index, open);
            self.current = Some((index, missing));
        }
    }

    /// Adds the strategies of a replication to its block, and gives the block where that was the last of it.
    fn put(&mut self, index: u32, records: Vec<Replication>) -> Option<Open> {
        let open = self
            .open
            .get_mut(&index)
            .expect("a block is open while it lacks replications");
        open.records.extend(records);
        open.left -= 1;
        if open.left > 0 {
            return None;
        }
        self.open.remove(&index)
    }
}

impl Work<'_> {
    /// What every thread does until nothing is left.
    fn carry_on(&self) {
        while !self.over.load(Ordering::Relaxed) {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    keep_first(&self.failure, error);
                    self.over.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// Does one thing; `false` where nothing is left.
    fn step(&self) -> Result<bool, ExperimentError> {
        if self.watch.stop_requested() {
            return Err(ExperimentError::Stopped);
        }
        let next = self
            .queue
            .lock()
            .expect(NO_PANIC)
            .next(self.plan, self.store, self.watch)?;
        match next {
            Next::Nothing => return Ok(false),
            Next::Take(block) => self.add(block),
            Next::Simulate(index, replication) => {
                let records = guarded(self.scenario.spec.run.seed, replication, || {
                    let fidelity = self.plan.fidelity.unwrap_or(self.scenario.spec.run.fidelity);
                    replicate_all_at(self.scenario, self.setup, replication, fidelity)
                })?;
                self.simulated.fetch_add(1, Ordering::Relaxed);
                self.watch.advanced(1);
                let whole = self.queue.lock().expect(NO_PANIC).put(index, records);
                if let Some(Open {
                    mut block, records, ..
                }) = whole
                {
                    block.extend(self.plan.shape, self.plan.replications, records);
                    self.store.save(&block)?;
                    self.add(block);
                }
            }
        }
        Ok(true)
    }

    /// Adds a whole block to the sum, unless that is over.
    fn add(&self, block: BlockResult) {
        if !self.plan.collect {
            return;
        }
        let mut sum = self.sum.lock().expect(NO_PANIC);
        sum.waiting.insert(block.index, block);
        sum.fold(self.plan.enough);
        if sum.over {
            self.over.store(true, Ordering::Relaxed);
        }
    }
}

/// Of several failures the one of the lowest replication is told, so that the message does not depend on threads;
/// a stop never hides a failure.
fn keep_first(kept: &Mutex<Option<ExperimentError>>, error: ExperimentError) {
    let rank = |e: &ExperimentError| match e {
        ExperimentError::Invariant { replication, .. } => (0, *replication),
        ExperimentError::Save(_) => (1, 0),
        ExperimentError::Stopped => (2, 0),
    };
    let mut kept = kept.lock().expect(NO_PANIC);
    if kept.as_ref().is_none_or(|old| rank(&error) < rank(old)) {
        *kept = Some(error);
    }
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
