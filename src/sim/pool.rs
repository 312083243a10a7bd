//! An on-demand pool in the world: arrivals by week, the scheduler, and what holds between simulated weeks.
//!
//! In a simulated week every job is an event. Between simulated weeks the jobs' own clock stands still (running
//! and waiting jobs stay as they are) and the same demand flows (`flow`), hour by hour, on the GPUs that have power.
//! The pool never decides how many GPUs it has, nor how fast they run.

mod flow;
mod watch;

pub use flow::FlowSetup;
use flow::{Flow, Interval};
pub use watch::SeenJob;
use watch::Watch;

use std::sync::Arc;

use crate::random::Streams;
use crate::time::{HOUR_S, SimTime, Span, WEEK_S};
use crate::workload::demand::{COPIES_MAX, PoolClock, WeekDemand, WeekSampler};
use crate::workload::fluid::Step;
use crate::workload::growth::Growth;
use crate::workload::job::{Job, JobClass};
use crate::workload::scheduler::{AnyScheduler, Layout, PolicyKind, Settings};

/// Whole weeks that are simulated when a pool opens, before sampling begins. A pool opens empty, and long jobs take
/// weeks to fill it: with three copies of the fitted trace on 2,048 GPUs (offered load 0.66) utilisation of the first
/// five weeks is 0.40, 0.57, 0.62, 0.64 and 0.66, its level from then on (docs/METHOD-demand.md).
const WARM_WEEKS: u32 = 5;
/// The most jobs that may wait; those that come later are turned away and counted.
pub const QUEUE_MAX: usize = 1_000_000;

/// What the pool needs to know beyond its jobs.
#[derive(Debug, Clone)]
pub struct PoolPlan {
    /// Tenant: names the pool in random streams and outputs.
    pub tenant: String,
    /// The discipline.
    pub policy: PolicyKind,
    /// What its scheduler is set to, before it has GPUs.
    pub settings: Settings,
    /// The most GPUs of each tenant of the trace, by number.
    pub quotas: Vec<u32>,
    /// The nodes in which they stand, if they are more than counted.
    pub layout: Option<Layout>,
    /// Copies of the trace at the scenario's start, share of spot, checkpoints.
    pub demand: WeekDemand,
    /// The number of jobs over time.
    pub growth: Growth,
    /// Local midnight of the Monday at or before the scenario's start: week 0 begins there.
    pub monday: SimTime,
    /// Start of the scenario.
    pub start: SimTime,
    /// Which weeks are simulated whatever else holds; none where demand only flows.
    pub simulated: Vec<bool>,
    /// What flows, where not every week is simulated.
    pub flow: Option<FlowSetup>,
}

/// GPU-hours of use since the last reading, by class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Use {
    /// Mean share of powered GPUs at work, on-demand.
    pub on_demand: f64,
    /// The same, spot.
    pub spot: f64,
    /// The same of both, weighed with the share of their dynamic power that jobs draw.
    pub drawing: f64,
}

impl Use {
    /// Share of powered GPUs at work.
    pub fn share(self) -> f64 {
        self.on_demand + self.spot
    }
}

/// Totals of a pool over a replication.
#[derive(Debug, Clone, Copy, Default)]
pub struct PoolTotals {
    /// Jobs finished.
    pub finished: f64,
    /// Jobs started.
    pub started: f64,
    /// Sum of waits, seconds.
    pub wait_s: f64,
    /// GPU-seconds that jobs held, at full speed.
    pub work_gpu_s: f64,
    /// Work lost to kills, GPU-seconds.
    pub lost_gpu_s: f64,
    /// Restarts and checkpoints, GPU-seconds.
    pub overhead_gpu_s: f64,
    /// GPU-seconds free on which the first in the queue, which needed no more, could not stand.
    pub fragmented_gpu_s: f64,
    /// GPU-seconds that there were.
    pub capacity_gpu_s: f64,
    /// Whether GPUs stand in nodes.
    pub on_nodes: bool,
    /// Jobs that went elsewhere.
    pub withdrawn: f64,
}

/// The pool at run time.
#[derive(Debug)]
pub struct Pool {
    plan: PoolPlan,
    scheduler: AnyScheduler,
    watch: Watch,
    sampler: Arc<WeekSampler>,
    arrivals: Vec<Job>,
    cursor: usize,
    in_week: bool,
    /// Whether the present week was entered at its beginning.
    whole: bool,
    /// Whole weeks simulated so far.
    known: u32,
    clock: PoolClock,
    now: SimTime,
    capacity: u32,
    /// Integral of the share at work over seconds since the beginning: on demand, spot, and both by power.
    integral: [f64; 3],
    /// Share of full speed.
    speed: f64,
    /// When its first GPUs came.
    opened: Option<SimTime>,
    flow: Option<Flow>,
    /// Jobs, waits and starts since the last month was closed.
    pub month: MonthOfJobs,
}

/// Counts of a month.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonthOfJobs {
    /// Jobs finished.
    pub finished: f64,
    /// Jobs started for the first time.
    pub started: f64,
    /// Sum of their waits, seconds.
    pub wait_s: f64,
}

impl MonthOfJobs {
    /// Adds another pool's.
    pub fn add(&mut self, other: Self) {
        self.finished += other.finished;
        self.started += other.started;
        self.wait_s += other.wait_s;
    }
}

impl Pool {
    /// An empty pool without GPUs at the scenario's start.
    pub fn new(plan: PoolPlan, sampler: Arc<WeekSampler>, record: bool) -> Self {
        let settings = plan.settings;
        let with_jobs = !plan.simulated.is_empty();
        let flow = plan.flow.as_ref().map(|setup| Flow::new(setup, &plan, with_jobs));
        // The pool's own clock begins at zero, so that its readings stay small whatever the year.
        let mut scheduler = AnyScheduler::new(plan.policy, SimTime::default(), settings);
        if let Some(layout) = &plan.layout {
            scheduler.set_layout(layout);
        }
        scheduler.set_quotas(plan.quotas.clone());
        let watch = Watch {
            record: record.then(Vec::new),
            ..Watch::default()
        };
        Self {
            scheduler,
            watch,
            sampler,
            arrivals: Vec::new(),
            cursor: 0,
            in_week: false,
            whole: false,
            known: 0,
            clock: PoolClock::default(),
            now: plan.start,
            capacity: 0,
            speed: 1.0,
            opened: None,
            flow,
            integral: [0.0; 3],
            month: MonthOfJobs::default(),
            plan,
        }
    }
    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.plan.tenant
    }
    /// GPUs with power now.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }
    /// The integral of use over seconds since the beginning; differences of it over time are mean shares.
    pub fn integral(&self) -> Use {
        Use {
            on_demand: self.integral[0],
            spot: self.integral[1],
            drawing: self.integral[2],
        }
    }
    /// The first boundary between two weeks after now; the world calls [`Pool::turn_week`] there.
    pub fn next_week(&self) -> SimTime {
        self.plan.monday + Span::from_seconds(WEEK_S * (i64::from(self.week()) + 1))
    }
    fn week(&self) -> u32 {
        ((self.now - self.plan.monday).as_seconds() / WEEK_S) as u32
    }

    /// Whether every job is an event now.
    pub fn simulates(&self) -> bool {
        self.in_week
    }
    /// Whether demand of the present week comes, as jobs or as a flow.
    pub fn is_open(&self) -> bool {
        self.in_week || self.flow.as_ref().is_some_and(Flow::is_open)
    }
    /// When its first GPUs came.
    pub fn opened(&self) -> Option<SimTime> {
        self.opened
    }

    /// Simulates up to `to`. Ends at `to` are taken; arrivals at `to` wait for [`Pool::pass`].
    pub fn run_until(&mut self, to: SimTime) {
        assert!(
            to >= self.now,
            "the pool's clock ran back from {} to {to}",
            self.now
        );
        if to == self.now {
            return;
        }
        let interval = Interval::new(self, to);
        let step = self
            .flow
            .as_mut()
            .and_then(|flow| flow.run(&interval, self.speed, self.in_week));
        if self.in_week {
            self.run_jobs(to);
        } else if let Some(step) = step {
            self.take_step(&step);
        }
        self.now = to;
    }

    fn take_step(&mut self, step: &Step) {
        self.month.finished += step.finished;
        self.month.started += step.started;
        self.month.wait_s += step.wait_h * HOUR_S as f64;
        if self.capacity > 0 {
            let seconds_per_gpu = HOUR_S as f64 / f64::from(self.capacity);
            self.integral[0] += (step.busy_gpu_h - step.spot_gpu_h) * seconds_per_gpu;
            self.integral[1] += step.spot_gpu_h * seconds_per_gpu;
            self.integral[2] += step.drawing_gpu_h * seconds_per_gpu;
        }
    }

    fn run_jobs(&mut self, to: SimTime) {
        let pool_to = self.clock.read(to);
        while let Some(job) = self.arrivals.get(self.cursor) {
            let at = SimTime::from_unix_s(job.submit_s);
            if at >= pool_to {
                break;
            }
            self.scheduler.advance(at, &mut self.watch);
            self.submit_due(at);
            self.scheduler.pass(&mut self.watch);
        }
        self.scheduler.advance(pool_to, &mut self.watch);
        self.take_usage();
    }

    fn take_usage(&mut self) {
        let usage = self.scheduler.take_usage();
        self.month.finished += usage.finished as f64;
        self.month.wait_s += usage.wait_s as f64;
        self.month.started += usage.started as f64;
        if self.capacity == 0 {
            return;
        }
        let gpus = f64::from(self.capacity);
        let spot = usage.busy_of(JobClass::Spot) as f64 / gpus;
        let on_demand = usage.busy_total_gpu_s() as f64 / gpus - spot;
        let drawing = usage.powered_gpu_ms as f64 / 1e3 / gpus;
        for (integral, share) in self.integral.iter_mut().zip([on_demand, spot, drawing]) {
            *integral += share;
        }
    }

    fn hour_of_week(&self) -> usize {
        ((self.now - self.plan.monday).as_seconds().rem_euclid(WEEK_S) / HOUR_S) as usize
    }

    fn submit_due(&mut self, at: SimTime) {
        while let Some(job) = self
            .arrivals
            .get(self.cursor)
            .filter(|j| j.submit_s <= at.as_unix_s())
        {
            self.scheduler.submit(job, &mut self.watch);
            self.cursor += 1;
        }
    }

    /// Changes capacity and speed now, and starts what may start.
    pub fn set(&mut self, gpus: u32, speed_per_mille: u16) {
        let gpus = gpus.min(self.plan.settings.gpus_max);
        if let Some(flow) = &mut self.flow {
            flow.take_failures();
        }
        if gpus != self.capacity {
            self.scheduler.set_capacity(gpus, &mut self.watch);
            if let Some(flow) = &mut self.flow {
                flow.set_capacity(gpus);
            }
            self.capacity = gpus;
        }
        self.scheduler.set_speed(speed_per_mille);
        self.speed = f64::from(speed_per_mille) / 1_000.0;
        self.pass();
    }

    /// GPUs fail together: the gangs on them are killed; of what flows, as much as is to be expected.
    pub fn fail(&mut self, gpus: u32, draw: f64) {
        if gpus == 0 {
            return;
        }
        if let Some(flow) = &mut self.flow {
            flow.fail(gpus, self.in_week);
        }
        if self.in_week {
            self.scheduler.fail(gpus, draw, &mut self.watch);
        }
    }

    /// Takes the arrivals of this instant and starts what may start.
    pub fn pass(&mut self) {
        if self.in_week {
            self.submit_due(self.clock.read(self.now));
            self.scheduler.pass(&mut self.watch);
        }
    }

    /// At a boundary between two weeks, at the scenario's start and when GPUs first come: closes the old week and
    /// opens the new one.
    pub fn turn_week(&mut self, streams: &Streams) {
        let began = self.plan.monday + Span::from_seconds(WEEK_S * i64::from(self.week()));
        if self.in_week && self.whole && began == self.now {
            self.known += 1;
        }
        if self.capacity > 0 {
            self.opened.get_or_insert(self.now);
        }
        let demand = WeekDemand {
            copies: (self.plan.demand.copies * self.plan.growth.factor(self.now)).min(COPIES_MAX),
            ..self.plan.demand
        };
        let purpose = format!("demand/{}", self.plan.tenant);
        let week = self.week();
        if let Some(flow) = &mut self.flow {
            let demand = (self.capacity > 0).then_some(&demand);
            flow.turn_week(&self.sampler, (streams, &purpose), week, demand);
        }
        // Jobs fill an empty pool for some weeks, so those are simulated whatever the sample.
        let wanted = self.plan.simulated.get(week as usize);
        let wanted = wanted.is_some_and(|wanted| *wanted || self.known < WARM_WEEKS);
        if self.capacity == 0 || !wanted {
            if self.in_week {
                self.in_week = false;
                self.clock.suspend(self.now);
            }
            return;
        }
        self.in_week = true;
        self.whole = began == self.now;
        self.clock.resume(self.now);
        let pool_now = self.clock.read(self.now);
        self.watch.offset = self.now - pool_now;
        let starts = pool_now + Span::from_seconds((began - self.now).as_seconds());
        self.sampler
            .arrivals(streams, &purpose, (week, starts), &demand, &mut self.arrivals);
        // Of a week that is entered in its middle, what came before is not ours.
        self.cursor = self
            .arrivals
            .partition_point(|job| job.submit_s < pool_now.as_unix_s());
        self.pass();
    }

    /// Jobs submitted, and jobs finished, running, waiting or gone elsewhere: the same number.
    pub fn jobs_balance(&self) -> (u64, u64) {
        let usage = self.scheduler.total_usage();
        let pool = self.scheduler.pool();
        let here = (pool.running() + pool.queued()) as u64;
        (usage.submitted, usage.finished + usage.withdrawn() + here)
    }
    /// Asserts that no job and no work was lost, and gives the totals: of all weeks, where demand flows as the fluid
    /// saw them.
    pub fn totals(&self) -> PoolTotals {
        self.scheduler.assert_conserved();
        let usage = self.scheduler.total_usage();
        let Some(flow) = &self.flow else {
            return PoolTotals {
                finished: usage.finished as f64,
                started: usage.started as f64,
                wait_s: usage.wait_s as f64,
                work_gpu_s: usage.work_gpu_s(),
                lost_gpu_s: usage.lost_gpu_s(),
                overhead_gpu_s: usage.overhead_gpu_s() + self.scheduler.running_overhead_gpu_s(),
                fragmented_gpu_s: usage.fragmented_gpu_s as f64,
                capacity_gpu_s: usage.capacity_gpu_s as f64,
                on_nodes: self.plan.layout.is_some(),
                withdrawn: usage.withdrawn() as f64,
            };
        };
        let hour = HOUR_S as f64;
        let totals = flow.totals(usage.wait_s as f64 / hour);
        PoolTotals {
            finished: totals.finished,
            started: totals.started,
            wait_s: totals.wait_h * hour,
            work_gpu_s: totals.work_gpu_h * hour,
            lost_gpu_s: totals.lost_gpu_h * hour,
            overhead_gpu_s: totals.overhead_gpu_h * hour,
            // Of single gangs only jobs know.
            fragmented_gpu_s: usage.fragmented_gpu_s as f64,
            capacity_gpu_s: usage.capacity_gpu_s as f64,
            on_nodes: self.plan.layout.is_some() && !self.plan.simulated.is_empty(),
            withdrawn: totals.withdrawn,
        }
    }
    /// Started jobs by wait, where demand only flows.
    pub fn flow_waits(&self) -> Option<&[f64]> {
        let flow = self.flow.as_ref().filter(|_| self.plan.simulated.is_empty())?;
        Some(flow.calendar().waits())
    }
    /// Events handled: arrivals, starts and ends.
    pub fn events(&self) -> u64 {
        self.watch.events + self.scheduler.total_usage().submitted
    }
    /// The waits of all first starts, seconds; sorts in place.
    pub fn waits_sorted(&mut self) -> &[u32] {
        self.watch.waits_s.sort_unstable();
        &self.watch.waits_s
    }
    /// Jobs seen, where recorded, on the pool's own clock.
    pub fn take_jobs(&mut self) -> Vec<SeenJob> {
        self.watch.record.take().unwrap_or_default()
    }
}
