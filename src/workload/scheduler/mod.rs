//! The one scheduler of gangs on a pool of identical GPUs, for `replay` and for the simulated world.
//!
//! Owns the queue, the running gangs, the work clock and exact integrals. Does not own where GPUs come from or
//! what they earn: the caller sets capacity and speed, submits jobs and reads [`Usage`].
//!
//! **The work clock.** Gangs end at readings of a clock that ticks [`TICKS_PER_S`] times a second at full speed
//! and slower under a power cap, so a cap is one change of speed, not a new end for every gang. Wall time is in
//! whole seconds: a gang releases its GPUs at the first second at which its work is done.
//!
//! **One instant.** All ends, then the caller's changes and arrivals, then one pass of the policy, then those
//! whose patience ended leave. [`Scheduler::advance`] does this by itself for the instants before the one it
//! is asked for; at that one it takes the ends and leaves the pass to the caller, who may first submit.

mod ends;
#[cfg(test)]
mod failing;
mod gate;
mod layout;
mod order;
#[cfg(test)]
mod plain;
mod plan;
mod policy;
mod pool;
mod queue;
#[cfg(test)]
mod queueing;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod standing_reference;
#[cfg(test)]
mod storms;
mod usage;

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use gate::NO_QUOTA;
pub use layout::{Layout, LayoutError, NODE_GPUS_MAX, NodeGroup, NodeGroupSpec, NodesSpec, Placement};
pub use order::OrderBy;
pub use policy::{Conservative, Easy, Fcfs, Policy, Preemption, Priority, Sjf};
pub use pool::{Overheads, Pool};
pub use usage::{Finished, Observer, TICKS_PER_S, Usage, Withdrawal};

use crate::time::{SimTime, Span};
use crate::workload::job::Job;

/// What is fixed over a pool's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// GPUs at the beginning.
    pub gpus: u32,
    /// The most GPUs that the pool will ever have; larger jobs are turned away.
    pub gpus_max: u32,
    /// How long a job waits before its owner takes it away; for ever if absent. Killed jobs stay.
    pub patience: Option<Span>,
    /// How many gangs may wait; those that come later are turned away.
    pub queue_max: Option<usize>,
    /// What the policy knows of run times.
    pub runtimes: Runtimes,
    /// Whom a reserved gang may kill under [`Priority`].
    pub preemption: Preemption,
    /// Where the pool stands: a number of the trace's residencies, [`crate::workload::labels::NONE`] for nowhere in
    /// particular. Jobs that must stay elsewhere are turned away. `None` asks nobody.
    pub residency: Option<u16>,
    /// What checkpoints and restarts cost.
    pub overheads: Overheads,
}

/// What a policy knows of run times before jobs have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runtimes {
    /// The truth, to the second.
    #[default]
    Known,
    /// What owners say ([`Job::estimate_s`]; the truth of those who say nothing). A gang that runs beyond it is
    /// expected to run as long again, and so on.
    Estimated {
        /// Whether a gang is killed for good when it has run as long as was said.
        kills_at_limit: bool,
    },
    /// Nothing.
    Unknown,
}

impl Settings {
    /// A pool of constant size with unbounded queue and patience, where checkpoints and restarts cost nothing.
    pub const fn constant(gpus: u32) -> Self {
        Self {
            gpus,
            gpus_max: gpus,
            patience: None,
            queue_max: None,
            runtimes: Runtimes::Known,
            preemption: Preemption::SpotAndOnDemand,
            residency: None,
            overheads: Overheads {
                checkpoint: Span::ZERO,
                restart: Span::ZERO,
            },
        }
    }
}

/// A pool with a policy.
#[derive(Debug)]
pub struct Scheduler<P: Policy> {
    pool: Pool,
    policy: PhantomData<P>,
}

impl<P: Policy> Scheduler<P> {
    /// An empty pool at full speed whose clock stands at `start`.
    pub fn new(start: SimTime, settings: Settings) -> Self {
        assert!(
            settings.gpus <= settings.gpus_max,
            "a pool begins with more GPUs than it will ever have"
        );
        let mut pool = Pool::new(start, settings);
        let blind = settings.runtimes == Runtimes::Unknown && P::ORDER == OrderBy::Length;
        pool.set_order(if blind { OrderBy::Blind } else { P::ORDER });
        Self {
            pool,
            policy: PhantomData,
        }
    }
    /// The most GPUs that each tenant may have at once, by number; [`NO_QUOTA`] and numbers beyond the end mean as
    /// many as there are. A tenant's further jobs wait outside the queue, in the policy's order and without blocking
    /// others; waiting in the queue counts like running. Before the first submission.
    pub fn set_quotas(&mut self, quotas: Vec<u32>) {
        self.pool.set_quotas(quotas);
    }
    /// Lets the GPUs stand in nodes, so that a gang needs not only enough of them, but the right ones; of the nodes
    /// as many serve as have no more than the pool's GPUs. Before the first submission.
    pub fn set_layout(&mut self, layout: &Layout) {
        self.pool.set_layout(layout);
    }
    /// A node of the layout fails: the gangs on it are killed and wait again as after lost capacity. A sound node
    /// that is not in service takes its place.
    pub fn fail_node<O: Observer>(&mut self, node: usize, observer: &mut O) {
        self.pool.fail_node(node, observer);
    }
    /// A failed node is sound again, and serves where [`Scheduler::set_capacity`] lets the pool have its GPUs.
    pub fn repair_node(&mut self, node: usize) {
        self.pool.repair_node(node);
    }
    /// What can be seen of the pool: clock, capacity, busy and idle GPUs, lengths of the queues.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
    /// The next instant at which a job ends or gives up, if the caller does nothing. None where none will.
    pub fn next_event_time(&self) -> Option<SimTime> {
        self.pool.next_event_time()
    }
    /// Moves the clock to `now`, with every end on the way. Instants before `now` get their pass; at `now` the
    /// caller submits and changes what it will and then calls [`Scheduler::pass`].
    pub fn advance<O: Observer>(&mut self, now: SimTime, observer: &mut O) {
        while let Some(due) = self.pool.next_event_time().filter(|due| *due < now) {
            self.pool.step_to(due, observer);
            self.pass(observer);
        }
        self.pool.step_to(now, observer);
    }
    /// The same where the caller knows that nothing is due before `now` (see [`Scheduler::next_event_time`]).
    pub fn step_to<O: Observer>(&mut self, now: SimTime, observer: &mut O) {
        self.pool.step_to(now, observer);
    }
    /// Puts a job into the queue now. It starts at the next pass at the earliest.
    pub fn submit<O: Observer>(&mut self, job: &Job, observer: &mut O) {
        self.pool.submit(job, observer);
    }
    /// Gives the pool another number of GPUs from now on, at most [`Settings::gpus_max`]. Where the running
    /// gangs need more, spot, then on-demand, then reserved gangs are killed, within a class the latest started
    /// first; they wait again at their old place and keep what their last checkpoint holds.
    pub fn set_capacity<O: Observer>(&mut self, gpus: u32, observer: &mut O) {
        self.pool.set_capacity(gpus, observer);
    }
    /// Kills the gangs on `gpus` GPUs that fail together and says how many those were; the pool keeps its capacity,
    /// which the caller then lowers. `draw`, uniform in `[0, 1)`, chooses the GPUs among all that the pool has: a gang
    /// of at least so many is hit in proportion to its GPUs; smaller ones stand packed and all on the node are hit.
    pub fn fail<O: Observer>(&mut self, gpus: u32, draw: f64, observer: &mut O) -> u32 {
        self.pool.fail(gpus, draw, observer)
    }
    /// Restarts and checkpoints of the gangs that run now, so far, in GPU-seconds at full speed; [`Usage`] counts them
    /// when the gangs end or are killed.
    pub fn running_overhead_gpu_s(&self) -> f64 {
        self.pool.running_overhead_gpu_ticks() as f64 / TICKS_PER_S as f64
    }
    /// Lets all gangs run at so many thousandths of full speed from now on; at 0 they hold their GPUs and no
    /// gang starts.
    pub fn set_speed(&mut self, per_mille: u16) {
        self.pool.set_speed(i64::from(per_mille));
    }
    /// Starts what may start now. Called once per instant, after its ends, changes and arrivals.
    pub fn pass<O: Observer>(&mut self, observer: &mut O) {
        loop {
            self.pool.open_gate();
            self.pool.extend_overruns();
            if self.pool.speed() > 0 {
                P::pass(&mut self.pool, observer);
            }
            if !self.pool.withdraw_impatient(observer) {
                break;
            }
        }
        self.pool.note_fragmentation();
    }
    /// What happened since the last call.
    pub fn take_usage(&mut self) -> Usage {
        let usage = std::mem::take(&mut self.pool.usage);
        self.pool.before.add(&usage);
        usage
    }
    /// What happened since the beginning.
    pub fn total_usage(&self) -> Usage {
        let mut total = self.pool.before;
        total.add(&self.pool.usage);
        total
    }
    /// Stops the program, with the numbers, unless `submitted = finished + running + queued + withdrawn` and the
    /// running gangs hold exactly the booked GPUs.
    pub fn assert_conserved(&self) {
        self.pool.assert_conserved();
    }
}

/// The policies by the names that files and flags use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// Strict first come, first served.
    Fcfs,
    /// First come, first served with EASY backfill.
    #[default]
    Easy,
    /// Backfill that delays nobody's promised start.
    Conservative,
    /// The shortest that fits first; nothing is held back for large or long jobs.
    Sjf,
    /// Reserved before on-demand before spot; reserved jobs may kill others in order to start.
    Priority,
}

/// A scheduler whose policy is chosen at run time; each arm is compiled for its policy.
#[derive(Debug)]
pub enum AnyScheduler {
    /// Strict first come, first served.
    Fcfs(Scheduler<Fcfs>),
    /// EASY backfill.
    Easy(Scheduler<Easy>),
    /// Conservative backfill.
    Conservative(Scheduler<Conservative>),
    /// Shortest job first.
    Sjf(Scheduler<Sjf>),
    /// Priority by class.
    Priority(Scheduler<Priority>),
}

/// Calls the same method in every arm.
macro_rules! each {
    ($self:expr, $scheduler:ident => $call:expr) => {
        match $self {
            AnyScheduler::Fcfs($scheduler) => $call,
            AnyScheduler::Easy($scheduler) => $call,
            AnyScheduler::Conservative($scheduler) => $call,
            AnyScheduler::Sjf($scheduler) => $call,
            AnyScheduler::Priority($scheduler) => $call,
        }
    };
}

impl AnyScheduler {
    /// As [`Scheduler::new`].
    pub fn new(policy: PolicyKind, start: SimTime, settings: Settings) -> Self {
        match policy {
            PolicyKind::Fcfs => Self::Fcfs(Scheduler::new(start, settings)),
            PolicyKind::Easy => Self::Easy(Scheduler::new(start, settings)),
            PolicyKind::Conservative => Self::Conservative(Scheduler::new(start, settings)),
            PolicyKind::Sjf => Self::Sjf(Scheduler::new(start, settings)),
            PolicyKind::Priority => Self::Priority(Scheduler::new(start, settings)),
        }
    }
    /// As [`Scheduler::set_quotas`].
    pub fn set_quotas(&mut self, quotas: Vec<u32>) {
        each!(self, s => s.set_quotas(quotas));
    }
    /// As [`Scheduler::pool`].
    pub fn pool(&self) -> &Pool {
        each!(self, s => s.pool())
    }
    /// As [`Scheduler::next_event_time`].
    pub fn next_event_time(&self) -> Option<SimTime> {
        each!(self, s => s.next_event_time())
    }
    /// As [`Scheduler::advance`].
    pub fn advance<O: Observer>(&mut self, now: SimTime, observer: &mut O) {
        each!(self, s => s.advance(now, observer));
    }
    /// As [`Scheduler::submit`].
    pub fn submit<O: Observer>(&mut self, job: &Job, observer: &mut O) {
        each!(self, s => s.submit(job, observer));
    }
    /// As [`Scheduler::set_capacity`].
    pub fn set_capacity<O: Observer>(&mut self, gpus: u32, observer: &mut O) {
        each!(self, s => s.set_capacity(gpus, observer));
    }
    /// As [`Scheduler::fail`].
    pub fn fail<O: Observer>(&mut self, gpus: u32, draw: f64, observer: &mut O) -> u32 {
        each!(self, s => s.fail(gpus, draw, observer))
    }
    /// As [`Scheduler::running_overhead_gpu_s`].
    pub fn running_overhead_gpu_s(&self) -> f64 {
        each!(self, s => s.running_overhead_gpu_s())
    }
    /// As [`Scheduler::set_layout`].
    pub fn set_layout(&mut self, layout: &Layout) {
        each!(self, s => s.set_layout(layout));
    }
    /// As [`Scheduler::fail_node`].
    pub fn fail_node<O: Observer>(&mut self, node: usize, observer: &mut O) {
        each!(self, s => s.fail_node(node, observer));
    }
    /// As [`Scheduler::repair_node`].
    pub fn repair_node(&mut self, node: usize) {
        each!(self, s => s.repair_node(node));
    }
    /// As [`Scheduler::set_speed`].
    pub fn set_speed(&mut self, per_mille: u16) {
        each!(self, s => s.set_speed(per_mille));
    }
    /// As [`Scheduler::pass`].
    pub fn pass<O: Observer>(&mut self, observer: &mut O) {
        each!(self, s => s.pass(observer));
    }
    /// As [`Scheduler::take_usage`].
    pub fn take_usage(&mut self) -> Usage {
        each!(self, s => s.take_usage())
    }
    /// As [`Scheduler::total_usage`].
    pub fn total_usage(&self) -> Usage {
        each!(self, s => s.total_usage())
    }
    /// As [`Scheduler::assert_conserved`].
    pub fn assert_conserved(&self) {
        each!(self, s => s.assert_conserved());
    }
}
