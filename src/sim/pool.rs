//! An on-demand pool in the world: arrivals by week, the scheduler, and what holds between simulated weeks.
//!
//! In a simulated week every job is an event. Between simulated weeks the pool's own clock stands still (running
//! and waiting jobs stay as they are) and the use of the last simulated week holds, hour of week by hour of week,
//! as a share of the GPUs that have power. The pool never decides how many GPUs it has, nor how fast they run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::random::Streams;
use crate::time::{HOUR_S, SimTime, Span, WEEK_S};
use crate::workload::demand::{COPIES_MAX, PoolClock, WeekDemand, WeekSampler, growth_factor};
use crate::workload::job::{Job, JobClass};
use crate::workload::scheduler::{
    AnyScheduler, Finished, Layout, Observer, Overheads, PolicyKind, Preemption, Runtimes, Settings,
    Withdrawal,
};

/// Hours of a week.
const WEEK_HOURS: usize = 168;
/// Whole weeks that are simulated when a pool opens, before sampling begins. A pool opens empty, and long jobs take
/// weeks to fill it: with three copies of the fitted trace on 2,048 GPUs (offered load 0.66) utilisation of the first
/// five weeks is 0.40, 0.57, 0.62, 0.64 and 0.66, its level from then on (docs/METHOD-demand.md).
const WARM_WEEKS: u32 = 5;
/// The most jobs that may wait; those that come later are turned away and counted.
const QUEUE_MAX: usize = 1_000_000;

/// What the pool needs to know beyond its jobs.
#[derive(Debug, Clone)]
pub struct PoolPlan {
    /// Tenant: names the pool in random streams and outputs.
    pub tenant: String,
    /// The discipline.
    pub policy: PolicyKind,
    /// What it knows of run times.
    pub runtimes: Runtimes,
    /// Whom reserved jobs may kill.
    pub preemption: Preemption,
    /// The most GPUs of each tenant of the trace, by number.
    pub quotas: Vec<u32>,
    /// Where the pool's halls stand: a number of the trace's residencies, or that of nowhere in particular.
    pub residency: u16,
    /// The most GPUs it will ever have.
    pub gpus_max: u32,
    /// The nodes in which they stand, if they are more than counted.
    pub layout: Option<Layout>,
    /// How long a job waits before it goes elsewhere.
    pub patience: Span,
    /// What checkpoints and restarts cost.
    pub overheads: Overheads,
    /// Copies of the trace at the scenario's start, share of spot, checkpoints.
    pub demand: WeekDemand,
    /// Growth of the number of jobs, percent a year.
    pub growth_percent_per_year: f64,
    /// Local midnight of the Monday at or before the scenario's start: week 0 begins there.
    pub monday: SimTime,
    /// Start of the scenario.
    pub start: SimTime,
    /// Which weeks are simulated whatever else holds.
    pub simulated: Vec<bool>,
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

/// Jobs seen one by one.
#[derive(Debug, Default)]
struct Watch {
    waits_s: Vec<u32>,
    record: Option<Vec<SeenJob>>,
    /// Work that kills took from jobs that have not left yet, GPU-seconds; kept only where jobs are recorded.
    lost_gpu_s: BTreeMap<u64, f64>,
    events: u64,
    /// Wall time less pool time in the present week.
    offset: Span,
}

/// A job as `jobs.csv` shows it, on the pool's own clock.
#[derive(Debug, Clone, Copy)]
pub struct SeenJob {
    /// The job.
    pub job: Job,
    /// Last start, if any.
    pub start: Option<SimTime>,
    /// End, if any.
    pub end: Option<SimTime>,
    /// Restarts.
    pub restarts: u32,
    /// Work lost, GPU-seconds.
    pub lost_gpu_s: f64,
    /// Why it left, where it did not finish.
    pub reason: Option<Withdrawal>,
    /// Wall time less pool time in the week in which it left.
    pub offset: Span,
}

impl Observer for Watch {
    fn started(&mut self, _now: SimTime, _job: &Job, waited: Span, restarts: u32) {
        self.events += 1;
        if restarts == 0 {
            self.waits_s
                .push(waited.as_seconds().clamp(0, i64::from(u32::MAX)) as u32);
        }
    }
    fn finished(&mut self, finished: &Finished) {
        self.events += 1;
        if let Some(record) = &mut self.record {
            let lost_gpu_s = self.lost_gpu_s.remove(&finished.job.id).unwrap_or(0.0);
            record.push(SeenJob {
                job: finished.job,
                start: Some(finished.start),
                end: Some(finished.end),
                restarts: finished.restarts,
                lost_gpu_s,
                reason: None,
                offset: self.offset,
            });
        }
    }
    fn killed(&mut self, _now: SimTime, job: &Job, lost_gpu_s: f64) {
        if self.record.is_some() {
            *self.lost_gpu_s.entry(job.id).or_insert(0.0) += lost_gpu_s;
        }
    }
    fn withdrawn(&mut self, now: SimTime, job: &Job, reason: Withdrawal) {
        if let Some(record) = &mut self.record {
            let lost_gpu_s = self.lost_gpu_s.remove(&job.id).unwrap_or(0.0);
            record.push(SeenJob {
                job: *job,
                start: None,
                end: Some(now),
                restarts: 0,
                lost_gpu_s,
                reason: Some(reason),
                offset: self.offset,
            });
        }
    }
}

/// Totals of a pool over a replication, of its simulated weeks.
#[derive(Debug, Clone, Copy, Default)]
pub struct PoolTotals {
    /// Jobs finished.
    pub finished: u64,
    /// Jobs started.
    pub started: u64,
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
    pub withdrawn: u64,
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
    held: Vec<[f64; 3]>,
    week_integral: Vec<[f64; 3]>,
    /// Jobs, waits and starts since the last month was closed.
    pub month: MonthOfJobs,
}

/// Counts of a month.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonthOfJobs {
    /// Jobs finished.
    pub finished: u64,
    /// Jobs started for the first time.
    pub started: u64,
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
        let settings = Settings {
            gpus: 0,
            gpus_max: plan.gpus_max,
            patience: Some(plan.patience),
            queue_max: Some(QUEUE_MAX),
            overheads: plan.overheads,
            runtimes: plan.runtimes,
            preemption: plan.preemption,
            residency: Some(plan.residency),
        };
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
            integral: [0.0; 3],
            held: vec![[0.0; 3]; WEEK_HOURS],
            week_integral: vec![[0.0; 3]; WEEK_HOURS],
            month: MonthOfJobs::default(),
            plan,
        }
    }
    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.plan.tenant
    }
    /// The most GPUs it will ever have.
    pub fn gpus_max(&self) -> u32 {
        self.plan.gpus_max
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
        if self.in_week {
            self.run_jobs(to);
        } else if self.capacity > 0 {
            self.hold(to);
        }
        self.now = to;
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
        self.month.finished += usage.finished;
        self.month.wait_s += usage.wait_s as f64;
        self.month.started += usage.started;
        if self.capacity == 0 {
            return;
        }
        let gpus = f64::from(self.capacity);
        let spot = usage.busy_of(JobClass::Spot) as f64 / gpus;
        let on_demand = usage.busy_total_gpu_s() as f64 / gpus - spot;
        let drawing = usage.powered_gpu_ms as f64 / 1e3 / gpus;
        let shares = [on_demand, spot, drawing];
        // Settle points are at most an hour apart, so the whole interval lies in one hour of the week.
        let hour = self.hour_of_week();
        for (of, share) in shares.into_iter().enumerate() {
            self.integral[of] += share;
            self.week_integral[hour][of] += share;
        }
    }

    fn hold(&mut self, to: SimTime) {
        let share = self.held[self.hour_of_week()];
        let seconds = (to - self.now).as_seconds() as f64;
        for (integral, share) in self.integral.iter_mut().zip(share) {
            *integral += share * seconds;
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
        let gpus = gpus.min(self.plan.gpus_max);
        if gpus != self.capacity {
            self.scheduler.set_capacity(gpus, &mut self.watch);
            self.capacity = gpus;
        }
        self.scheduler.set_speed(speed_per_mille);
        self.pass();
    }

    /// GPUs fail together: the gangs on them are killed. Between simulated weeks no single job is there to be.
    pub fn fail(&mut self, gpus: u32, draw: f64) {
        if self.in_week && gpus > 0 {
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
        if self.in_week && began == self.now {
            self.finish_week();
        }
        let wanted = self
            .plan
            .simulated
            .get(self.week() as usize)
            .copied()
            .unwrap_or(false);
        // Until enough whole weeks are known there is nothing true to hold: they are simulated whatever the sample.
        if self.capacity == 0 || !(wanted || self.known < WARM_WEEKS) {
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
        let years = (self.now - self.plan.start).as_days().max(0.0) / 365.25;
        let growth = growth_factor(self.plan.growth_percent_per_year, years);
        let copies = (self.plan.demand.copies * growth).min(COPIES_MAX);
        let demand = WeekDemand {
            copies,
            ..self.plan.demand
        };
        let purpose = format!("demand/{}", self.plan.tenant);
        self.sampler.arrivals(
            streams,
            &purpose,
            (self.week(), starts),
            &demand,
            &mut self.arrivals,
        );
        // Of a week that is entered in its middle, what came before is not ours.
        self.cursor = self
            .arrivals
            .partition_point(|job| job.submit_s < pool_now.as_unix_s());
        self.week_integral.iter_mut().for_each(|w| *w = [0.0; 3]);
        self.pass();
    }

    fn finish_week(&mut self) {
        if !self.whole {
            return;
        }
        self.known += 1;
        for (held, sum) in self.held.iter_mut().zip(&self.week_integral) {
            *held = sum.map(|seconds| seconds / HOUR_S as f64);
        }
    }

    /// Jobs submitted, and jobs finished, running, waiting or gone elsewhere: the same number.
    pub fn jobs_balance(&self) -> (u64, u64) {
        let usage = self.scheduler.total_usage();
        let pool = self.scheduler.pool();
        let here = (pool.running() + pool.queued()) as u64;
        (usage.submitted, usage.finished + usage.withdrawn() + here)
    }
    /// Asserts that no job was lost, and gives the totals.
    pub fn totals(&self) -> PoolTotals {
        self.scheduler.assert_conserved();
        let usage = self.scheduler.total_usage();
        PoolTotals {
            finished: usage.finished,
            started: usage.started,
            wait_s: usage.wait_s as f64,
            work_gpu_s: usage.work_gpu_s(),
            lost_gpu_s: usage.lost_gpu_s(),
            overhead_gpu_s: usage.overhead_gpu_s() + self.scheduler.running_overhead_gpu_s(),
            fragmented_gpu_s: usage.fragmented_gpu_s as f64,
            capacity_gpu_s: usage.capacity_gpu_s as f64,
            on_nodes: self.plan.layout.is_some(),
            withdrawn: usage.withdrawn(),
        }
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
