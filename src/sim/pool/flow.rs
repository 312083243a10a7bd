//! A pool's demand as a flow: alone (`fluid`), or beside the weeks in which every job is an event (`sampled_weeks`).
//!
//! In sampled weeks two fluids run. One follows the calendar through all weeks; its use holds between sampled weeks. The
//! other stands still with the jobs in between, so it has met exactly what they have met: what jobs did over what it did
//! is the correction of the first.

use std::sync::Arc;

use crate::random::Streams;
use crate::sim::pool::{Pool, PoolPlan};
use crate::time::{HOUR_S, SimTime};
use crate::workload::demand::{WeekDemand, WeekSampler};
use crate::workload::fluid::{FluidPool, FluidTotals, Offer, Step, Surface, Terms, Week};

/// Weight of the plain fluid in a correction, as a share of what it should have seen.
const SHRINK: f64 = 0.5;

/// What all replications share of a pool's flow.
#[derive(Debug, Clone)]
pub struct FlowSetup {
    /// The offered flows of its trace.
    pub offer: Arc<Offer>,
    /// The surface fitted to its demand.
    pub surface: Arc<Surface>,
}

/// A pool's fluids.
#[derive(Debug)]
pub(super) struct Flow {
    offer: Arc<Offer>,
    calendar: FluidPool,
    /// The one that stands still with the jobs, in sampled weeks.
    beside: Option<FluidPool>,
    /// Hours that it has run: its clock stands still in between, so nobody's patience ends there.
    beside_h: f64,
    week: Week,
    open: bool,
    /// GPUs of gangs that failures broke since the last look, and of the fluid beside the jobs.
    struck_gpus: [f64; 2],
}

impl Flow {
    pub(super) fn new(setup: &FlowSetup, plan: &PoolPlan, with_jobs: bool) -> Self {
        let terms = Terms::new(&plan.settings, plan.demand.checkpoint);
        let fluid = || FluidPool::new(Arc::clone(&setup.offer), Arc::clone(&setup.surface), terms);
        Self {
            offer: Arc::clone(&setup.offer),
            calendar: fluid(),
            beside: with_jobs.then(fluid),
            beside_h: 0.0,
            week: Week::default(),
            open: false,
            struck_gpus: [0.0; 2],
        }
    }
    /// Begins a week with its arrivals, or closes until GPUs come.
    pub(super) fn turn_week(
        &mut self,
        sampler: &WeekSampler,
        (streams, purpose): (&Streams, &str),
        week: u32,
        demand: Option<&WeekDemand>,
    ) {
        self.open = demand.is_some();
        if let Some(demand) = demand {
            self.offer
                .week(sampler, (streams, purpose), week, demand, &mut self.week);
        }
    }
    pub(super) fn is_open(&self) -> bool {
        self.open
    }
    pub(super) fn set_capacity(&mut self, gpus: u32) {
        self.calendar.set_capacity(f64::from(gpus));
        if let Some(beside) = &mut self.beside {
            beside.set_capacity(f64::from(gpus));
        }
    }
    /// GPUs fail together. What ran on them returns to the queue at the next look ([`Flow::take_failures`]): at once
    /// where every hour is looked at, since a failure is then itself a look.
    pub(super) fn fail(&mut self, gpus: u32, with_jobs: bool) {
        let hit = self.offer.hit_gpus(gpus);
        self.struck_gpus[0] += hit;
        if with_jobs {
            self.struck_gpus[1] += hit;
        }
    }
    /// Returns to the queue what ran on GPUs that failed since the last look.
    pub(super) fn take_failures(&mut self) {
        let [calendar, beside] = std::mem::take(&mut self.struck_gpus);
        if calendar > 0.0 {
            self.calendar.strike(calendar);
        }
        if beside > 0.0
            && let Some(fluid) = &mut self.beside
        {
            fluid.strike(beside);
        }
    }
    /// Moves on within one hour of the week; the fluid beside the jobs only where they do.
    pub(super) fn run(&mut self, pool: &Interval, speed: f64, with_jobs: bool) -> Option<Step> {
        if !self.open {
            return None;
        }
        let arrivals = self.week.hour(pool.hour_of_week);
        if with_jobs && let Some(beside) = &mut self.beside {
            beside.step(self.beside_h, pool.hours, speed, arrivals);
            self.beside_h += pool.hours;
        }
        Some(self.calendar.step(pool.at_h, pool.hours, speed, arrivals))
    }
    /// The calendar's totals, its waits corrected by jobs' hours of waiting.
    pub(super) fn totals(&self, jobs_wait_h: f64) -> FluidTotals {
        self.calendar.assert_conserved();
        let mut totals = self.calendar.totals();
        if let Some(beside) = &self.beside {
            beside.assert_conserved();
            let seen = beside.totals();
            let expected = totals.wait_h * seen.started / totals.started.max(1.0);
            let weight = SHRINK * expected;
            if seen.wait_h + weight > 0.0 {
                totals.wait_h *= (jobs_wait_h + weight) / (seen.wait_h + weight);
            }
        }
        totals
    }
    pub(super) fn calendar(&self) -> &FluidPool {
        &self.calendar
    }
}

/// A stretch of time within one hour of the week.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) at_h: f64,
    pub(super) hours: f64,
    pub(super) hour_of_week: usize,
}

impl Interval {
    pub(super) fn new(pool: &Pool, to: SimTime) -> Self {
        Self {
            at_h: (pool.now - pool.plan.monday).as_hours(),
            hours: (to - pool.now).as_seconds() as f64 / HOUR_S as f64,
            hour_of_week: pool.hour_of_week(),
        }
    }
}
