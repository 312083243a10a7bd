//! A pool without jobs: running GPUs by the reading of the work clock at which they are released, and a backlog in
//! order of arrival.
//!
//! Arrivals, starts and releases are even within a step. Work is exact: GPUs that start with run time `d` add `d`
//! GPU-hours to the integral of GPUs at work over the work clock, whatever the steps. A step starts what the backlog
//! holds, in order of arrival, until the GPUs that can be filled are filled.

use std::sync::Arc;

use super::backlog::Backlog;
use super::bin::{Bin, CLASSES};
use super::offer::Offer;
use super::returning::Returning;
use super::ring::Ring;
use super::room::Room;
use super::surface::{RATIOS, Spot, Surface, Waits, locate};
use super::waits::{BUCKETS, bucket};
use super::week::Arrivals;
use crate::time::Span;
use crate::workload::scheduler::Settings;

/// GPUs below which nothing is held to be too many.
pub(super) const ROUNDING_GPUS: f64 = 1e-9;
/// Over which load is smoothed, hours.
const WEEK_H: f64 = 168.0;
/// Relative tolerance of conservation.
const CONSERVED: f64 = 1e-9;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// GPU-hours held at work (wall hours).
    pub busy_gpu_h: f64,
    /// Of them, spot.
    pub spot_gpu_h: f64,
    /// The same as `busy_gpu_h`, each job by its share of dynamic power.
    pub drawing_gpu_h: f64,
    /// Jobs that started for the first time.
    pub started: f64,
    /// Jobs that ended.
    pub finished: f64,
    /// Hours that jobs waited.
    pub wait_h: f64,
    /// Jobs whose patience ended.
    pub(super) impatient: f64,
    /// Hours that jobs waited before the surface was asked.
    pub(super) plain_wait_h: f64,
    /// Age of the oldest that waited at the beginning; none where nobody waited at either end.
    pub(super) age_h: Option<f64>,
    /// GPUs at work over those that can be filled, and the mean of it over the past week.
    pub(super) load: f64,
    pub(super) week_load: f64,
}

impl Step {
    /// Adds the next part of the same step.
    fn add(&mut self, next: &Self) {
        self.busy_gpu_h += next.busy_gpu_h;
        self.spot_gpu_h += next.spot_gpu_h;
        self.drawing_gpu_h += next.drawing_gpu_h;
        self.started += next.started;
        self.finished += next.finished;
        self.wait_h += next.wait_h;
        self.impatient += next.impatient;
        self.plain_wait_h += next.plain_wait_h;
        self.age_h = self.age_h.or(next.age_h);
        (self.load, self.week_load) = (next.load, next.week_load);
    }
}

/// Sums since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FluidTotals {
    /// Jobs submitted.
    pub submitted: f64,
    /// Jobs started for the first time.
    pub started: f64,
    /// Jobs that ended.
    pub finished: f64,
    /// Jobs that left: patience, or too large.
    pub withdrawn: f64,
    /// Hours that started jobs waited.
    pub wait_h: f64,
    /// Work offered, GPU-hours.
    pub offered_gpu_h: f64,
    /// Work done, later lost work included.
    pub work_gpu_h: f64,
    /// Work lost to kills.
    pub lost_gpu_h: f64,
    /// Restarts after kills, and in [`FluidPool::totals`] checkpoints.
    pub overhead_gpu_h: f64,
    /// Work of jobs that left.
    pub withdrawn_gpu_h: f64,
}

/// How a pool treats its jobs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The most GPUs it will ever have.
    pub gpus_max: u32,
    /// How long a job waits before it goes elsewhere, hours.
    pub patience_h: f64,
    /// Time between checkpoints, hours; none at zero.
    pub checkpoint_h: f64,
    /// How long a killed job holds its GPUs before its work goes on, hours.
    pub restart_h: f64,
}

impl Terms {
    /// Those of a scheduler's settings.
    pub fn new(settings: &Settings, checkpoint: Span) -> Self {
        Self {
            gpus_max: settings.gpus_max,
            patience_h: settings.patience.map_or(f64::INFINITY, Span::as_hours),
            checkpoint_h: checkpoint.as_hours(),
            restart_h: settings.overheads.restart.as_hours(),
        }
    }
}

/// A pool without jobs.
#[derive(Debug, Clone)]
pub struct FluidPool {
    pub(super) offer: Arc<Offer>,
    pub(super) surface: Arc<Surface>,
    pub(super) terms: Terms,
    pub(super) capacity: f64,
    /// GPUs that can be filled.
    pub(super) usable: f64,
    pub(super) ratio: Spot,
    /// What jobs wait at this capacity where none is held back.
    pub(super) waits_here: Waits,
    /// One over the GPUs that can be filled.
    pub(super) per_usable: f64,
    /// Whether GPUs came since the last step.
    pub(super) raised: bool,
    /// What runs.
    pub(super) ring: Ring,
    /// Work that runs and is not done: all, spot, and by share of dynamic power.
    pub(super) left_gpu_h: f64,
    pub(super) left_spot_gpu_h: f64,
    pub(super) left_drawn_gpu_h: f64,
    pub(super) backlog: Backlog,
    /// Killed work that starts before all other.
    pub(super) returning: Returning,
    /// Jobs that wait, the killed among them.
    pub(super) waiting: f64,
    /// GPUs at work over those that can be filled, smoothed over a week.
    pub(super) week_load: f64,
    /// Started jobs by wait.
    pub(super) waits: Vec<f64>,
    pub(super) totals: FluidTotals,
}

impl FluidPool {
    /// An empty pool without GPUs.
    pub fn new(offer: Arc<Offer>, surface: Arc<Surface>, terms: Terms) -> Self {
        let ring = Ring::new(offer.grid_h()[CLASSES - 1]);
        let ratio = locate(&RATIOS, 0.0);
        Self {
            waits_here: surface.waits(ratio),
            offer,
            surface,
            terms,
            capacity: 0.0,
            usable: 0.0,
            per_usable: 1.0 / ROUNDING_GPUS,
            ratio,
            raised: false,
            ring,
            left_gpu_h: 0.0,
            left_spot_gpu_h: 0.0,
            left_drawn_gpu_h: 0.0,
            backlog: Backlog::default(),
            returning: Returning::default(),
            waiting: 0.0,
            week_load: 0.0,
            waits: vec![0.0; BUCKETS],
            totals: FluidTotals::default(),
        }
    }
    /// Sums since the beginning.
    pub fn totals(&self) -> FluidTotals {
        let mut totals = self.totals;
        totals.overhead_gpu_h += totals.work_gpu_h * self.offer.checkpoint_share();
        totals
    }
    /// Work lost to kills, GPU-hours, and jobs that left.
    #[inline]
    pub(super) fn losses(&self) -> (f64, f64) {
        (self.totals.lost_gpu_h, self.totals.withdrawn)
    }
    /// Jobs that wait.
    #[inline]
    pub fn waiting(&self) -> f64 {
        self.waiting
    }
    /// Jobs that run.
    pub fn running_jobs(&self) -> f64 {
        self.ring.running * self.offer.jobs_per_running_gpu()
    }
    /// Work that waits, GPU-hours.
    pub fn backlog_gpu_h(&self) -> f64 {
        self.returning.bin.work_gpu_h() + self.backlog.work_gpu_h()
    }
    /// Work that runs and is not done, GPU-hours.
    pub fn in_progress_gpu_h(&self) -> f64 {
        self.ring.in_progress_gpu_h()
    }

    /// Shares of the work that runs: spot, and by dynamic power.
    #[inline]
    pub(super) fn shares(&self) -> (f64, f64) {
        let each = if self.left_gpu_h > 0.0 {
            1.0 / self.left_gpu_h
        } else {
            0.0
        };
        (
            (self.left_spot_gpu_h * each).min(1.0),
            (self.left_drawn_gpu_h * each).min(1.0),
        )
    }

    /// Moves on by `hours` (at most one) from `at_h` hours of the calendar, at a speed, while `arrivals` an hour come.
    // Its two callers are loops over hours, most of them usual ones.
    #[expect(
        clippy::inline_always,
        reason = "measured: a call an hour costs a tenth of all"
    )]
    #[inline(always)]
    pub fn step(&mut self, at_h: f64, hours: f64, speed: f64, arrivals: Arrivals<'_>) -> Step {
        if self.waiting <= 0.0 && hours == 1.0 && speed == 1.0 {
            self.raised = false;
            if let Some(step) = self.calm(arrivals) {
                return step;
            }
        }
        self.any_step(at_h, hours, speed, arrivals)
    }

    #[inline(never)]
    fn any_step(&mut self, at_h: f64, hours: f64, speed: f64, arrivals: Arrivals<'_>) -> Step {
        if !std::mem::take(&mut self.raised) || self.waiting <= 0.0 {
            return self.even(at_h, hours, speed, arrivals);
        }
        // New GPUs are taken at once by those who wait, not evenly over the hour.
        let mut step = Step::default();
        let mut from = 0.0;
        for to in [0.05, 0.2, 0.5, 1.0] {
            step.add(&self.even(at_h + from * hours, (to - from) * hours, speed, arrivals));
            from = to;
        }
        step
    }

    fn even(&mut self, at_h: f64, hours: f64, speed: f64, arrivals: Arrivals<'_>) -> Step {
        let before = self.waiting;
        let age_h = match self.backlog.first_at_h() {
            Some(first_h) if before > 0.0 => (at_h - first_h).max(0.0),
            _ => 0.0,
        };
        let mut step = Step::default();
        let mut left = 0.0;
        let work_h = hours * speed;
        self.take_in(arrivals.bin, hours);
        if before == 0.0 && work_h > 0.0 {
            self.flow(at_h, (hours, work_h), arrivals, &mut step);
        } else {
            self.backlog.push(at_h + 0.5 * hours, arrivals, hours);
            left = self.give_up(at_h + hours, &mut step);
            self.drain(at_h, (hours, work_h), &mut step);
        }
        self.close(&mut step, (before, left, age_h), hours);
        step
    }

    fn take_in(&mut self, arrivals: &Bin, hours: f64) {
        let t = &mut self.totals;
        t.submitted += (arrivals.jobs() + arrivals.too_large()) * hours;
        t.withdrawn += arrivals.too_large() * hours;
        t.offered_gpu_h += arrivals.work_gpu_h() * hours;
        self.waiting += arrivals.jobs() * hours;
    }

    /// Sums of a step, with what the surface says of waits.
    fn close(&mut self, step: &mut Step, (before, left, age_h): (f64, f64, f64), hours: f64) {
        step.plain_wait_h = 0.5 * (before + self.waiting) * hours;
        step.load = step.busy_gpu_h / (self.usable * hours).max(ROUNDING_GPUS);
        step.week_load = self.week_load;
        if before > 0.0 || self.waiting > 0.0 {
            let queue = |age_h: f64| self.surface.queue(self.ratio, self.week_load, age_h);
            step.age_h = Some(age_h);
            step.wait_h = step.plain_wait_h * queue(age_h);
            if left > 0.0 {
                // Only those who start are asked how long they waited.
                step.wait_h -= left * self.terms.patience_h;
            }
        } else {
            step.wait_h = step.started * self.waits_here.at(step.load);
        }
        self.week_load += (step.load.min(1.0) - self.week_load) * hours * (1.0 / WEEK_H);
        let t = &mut self.totals;
        t.wait_h += step.wait_h;
        t.started += step.started;
        t.finished += step.finished;
    }

    /// Those whose patience has ended leave; gives their number. The others of their hour, whom backfill let by, are
    /// short: they count as started, their little work as gone.
    fn give_up(&mut self, now_h: f64, step: &mut Step) -> f64 {
        let mut ended = 0.0;
        while let Some((at_h, bin, ..)) = self.backlog.first() {
            if at_h + self.terms.patience_h > now_h {
                break;
            }
            ended += bin.jobs();
            self.totals.withdrawn_gpu_h += bin.work_gpu_h();
            self.backlog.pop();
        }
        if ended == 0.0 {
            return 0.0;
        }
        let left = ended * self.surface.leaving;
        self.waiting = (self.waiting - ended).max(0.0);
        self.totals.withdrawn += left;
        self.waits[bucket(self.terms.patience_h)] += ended - left;
        step.impatient = left;
        step.started += ended - left;
        step.finished += ended - left;
        left
    }

    /// Nobody waited: what comes starts at once, or as much of it as fits.
    fn flow(&mut self, at_h: f64, (hours, work_h): (f64, f64), arrivals: Arrivals<'_>, step: &mut Step) {
        let done = self.release(work_h, step);
        let begin = self.ring.begin(work_h);
        let mut room = Room::new(self.usable, (self.ring.running, done), work_h);
        let share = room.take(&arrivals.sums().scaled(hours));
        self.ring.start(arrivals.items, share * hours, begin);
        if share < 1.0 {
            self.backlog
                .push(at_h + 0.5 * hours, arrivals, (1.0 - share) * hours);
            self.waiting -= room.taken.jobs();
        } else {
            self.waiting = 0.0;
        }
        step.started = room.taken.jobs();
        self.waits[0] += room.taken.jobs();
        self.run(&room, (done, hours / work_h, work_h), step);
    }

    /// Starts what fits, in order of arrival.
    fn drain(&mut self, at_h: f64, (hours, work_h): (f64, f64), step: &mut Step) {
        if work_h <= 0.0 {
            // At speed zero gangs hold their GPUs and nobody starts.
            step.busy_gpu_h = self.ring.running * hours;
            let (spot, drawn) = self.shares();
            (step.spot_gpu_h, step.drawing_gpu_h) = (step.busy_gpu_h * spot, step.busy_gpu_h * drawn);
            return;
        }
        let done = self.release(work_h, step);
        let begin = self.ring.begin(work_h);
        let mut room = Room::new(self.usable, (self.ring.running, done), work_h);
        let mut open = true;
        if self.returning.bin.work_gpu_h() > 0.0 {
            let share = room.take(&self.returning.bin);
            self.waiting -= self.returning.bin.jobs() * share;
            self.returning
                .start(share, self.offer.grid_h(), (&mut self.ring, begin));
            open = share >= 1.0;
        }
        while open && let Some((first_h, bin, items, of)) = self.backlog.first() {
            let share = room.take(&bin);
            self.ring.start(items, share * of, begin);
            let jobs = bin.jobs() * share;
            self.waits[bucket((at_h + 0.5 * hours - first_h).max(0.0))] += jobs;
            step.started += jobs;
            self.waiting -= jobs;
            if share < 1.0 {
                self.backlog.keep_of_first(1.0 - share);
                break;
            }
            self.backlog.pop();
        }
        if open && self.backlog.is_empty() {
            self.waiting = 0.0;
        }
        self.waiting = self.waiting.max(0.0);
        self.run(&room, (done, hours / work_h, work_h), step);
    }

    /// Lets the work clock run and gives the work of what was running.
    fn release(&mut self, work_h: f64, step: &mut Step) -> f64 {
        let (done, released) = self.ring.release(work_h);
        step.finished += released * self.offer.jobs_per_started_gpu();
        done
    }

    /// Counts what started as running and books the step's work.
    fn run(&mut self, room: &Room, (running_done, slowness, work_h): (f64, f64, f64), step: &mut Step) {
        let started = &room.taken;
        let short_done = started.short_gpu_h() - room.over_gpu_h;
        let done = running_done + 0.5 * started.long_gpus() * work_h + short_done;
        self.ring.count(started.long_gpus(), work_h);
        self.ring.running += self.ring.run_over(room.over_gpu_h, room.over_gpus);
        self.left_gpu_h += started.work_gpu_h();
        self.left_spot_gpu_h += started.spot_gpu_h();
        self.left_drawn_gpu_h += started.drawn_gpu_h();
        let (spot, drawn) = self.shares();
        let (spot, drawn) = (done * spot, done * drawn);
        self.left_gpu_h = (self.left_gpu_h - done).max(0.0);
        self.left_spot_gpu_h = (self.left_spot_gpu_h - spot).max(0.0);
        self.left_drawn_gpu_h = (self.left_drawn_gpu_h - drawn).max(0.0);
        step.busy_gpu_h = done * slowness;
        step.spot_gpu_h = spot * slowness;
        step.drawing_gpu_h = drawn * slowness;
        step.finished += (started.jobs() - started.long_gpus() * self.offer.jobs_per_started_gpu()).max(0.0);
        self.totals.work_gpu_h += done;
    }

    /// Stops the program unless work offered = done less lost + running + waiting + gone, and jobs submitted = started
    /// + waiting + gone, the killed counted among the started.
    pub fn assert_conserved(&self) {
        let t = &self.totals;
        let kept = t.work_gpu_h - t.lost_gpu_h - t.overhead_gpu_h + t.withdrawn_gpu_h;
        let here = self.in_progress_gpu_h() + self.backlog_gpu_h();
        assert!(
            (t.offered_gpu_h - kept - here).abs() <= CONSERVED * t.offered_gpu_h.max(1.0),
            "{} GPU-hours were offered, but {kept} were done, lost or gone and {here} run or wait",
            t.offered_gpu_h
        );
        let first = self.waiting - self.returning.bin.jobs();
        assert!(
            (t.submitted - t.started - t.withdrawn - first).abs() <= CONSERVED * t.submitted.max(1.0),
            "{} jobs were submitted, but {} started, {} left and {first} wait",
            t.submitted,
            t.started,
            t.withdrawn
        );
    }

    /// Started jobs by wait, as `wait_quantile_s` reads them.
    pub fn waits(&self) -> &[f64] {
        &self.waits
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Streams;
    use crate::units::Ratio;
    use crate::workload::demand::{WeekDemand, WeekSampler};
    use crate::workload::estimate::EstimateSpec;
    use crate::workload::fluid::Week;
    use crate::workload::fluid::bin::Item;
    use crate::workload::fluid::week::WEEK_HOURS;
    use crate::workload::job::{Job, Trace};

    /// A week with one gang of 10 GPUs for `hours` at its first second.
    fn pool(hours: i64, gpus_max: u32) -> (FluidPool, Week) {
        let jobs = vec![
            Job::new(0, 0, 10, hours * 3_600),
            Job::new(1, 6 * 86_400 + 3_600, 1, 0),
        ];
        pool_of(jobs, gpus_max)
    }

    fn pool_of(jobs: Vec<Job>, gpus_max: u32) -> (FluidPool, Week) {
        let sampler = WeekSampler::new(&Trace::new(jobs, None, Vec::new())).unwrap();
        let settings = Settings::constant(gpus_max);
        let offer = Arc::new(Offer::new(&sampler, &settings, Span::from_hours(1)));
        let demand = WeekDemand {
            estimates: EstimateSpec::default(),
            copies: 1.0,
            spot_share: Ratio::ZERO,
            checkpoint: Span::from_hours(1),
        };
        let mut bins = Week::default();
        offer.week(&sampler, (&Streams::new(1, 0), "pool"), 0, &demand, &mut bins);
        let terms = Terms::new(&settings, Span::from_hours(1));
        (FluidPool::new(offer, Arc::new(Surface::default()), terms), bins)
    }

    #[test]
    fn a_gang_holds_its_gpus_as_long_as_it_runs_and_slower_under_a_cap() {
        for (speed, hours) in [(1.0, 10.0), (0.5, 20.0)] {
            let (mut pool, bins) = pool(10, 16);
            pool.set_capacity(16.0);
            let busy: Vec<f64> = (0..40)
                .map(|h| pool.step(h as f64, 1.0, speed, bins.hour(h)).busy_gpu_h)
                .collect();
            // It starts evenly over the first hour and ends evenly over an hour, at full speed.
            assert!((busy[0] - 5.0).abs() < 1e-9, "{busy:?}");
            assert!((busy[5] - 10.0).abs() < 1e-9);
            assert!((busy.iter().sum::<f64>() - 10.0 * hours).abs() < 1e-9, "{busy:?}");
            pool.assert_conserved();
        }
    }

    #[test]
    fn what_does_not_fit_waits_and_the_wait_is_the_time_until_it_starts() {
        let (mut pool, bins) = pool(10, 16);
        // No GPUs for four hours: the job, which came evenly over the first, waits until they come.
        let mut wait_h = 0.0;
        for hour in 0..30 {
            pool.set_capacity(if hour < 4 { 0.0 } else { 16.0 });
            wait_h += pool.step(hour as f64, 1.0, 1.0, bins.hour(hour)).wait_h;
        }
        // From half past the first hour on; it takes the new GPUs evenly over the first minutes.
        assert!((wait_h - 3.5).abs() < 0.1, "{wait_h}");
        assert_eq!(pool.totals().started, 1.0);
        pool.assert_conserved();
    }

    #[test]
    fn killed_work_goes_on_from_its_checkpoint_and_none_is_lost_from_sight() {
        let (mut pool, bins) = pool(10, 16);
        pool.set_capacity(16.0);
        let mut busy = 0.0;
        for hour in 0..60 {
            pool.set_capacity(if hour == 5 { 4.0 } else { 16.0 });
            busy += pool.step(hour as f64, 1.0, 1.0, bins.hour(hour)).busy_gpu_h;
        }
        // Six of the ten GPUs are killed and half an hour of each is lost.
        let totals = pool.totals();
        assert!((totals.lost_gpu_h - 6.0 * 0.5).abs() < 1e-9, "{totals:?}");
        assert!((busy - 100.0 - 3.0).abs() < 1e-9, "{busy}");
        pool.assert_conserved();
    }

    #[test]
    fn a_usual_hour_is_the_same_with_what_is_left_out_and_without() {
        let jobs = [(10, 30 * 3_600), (5, 300), (4, 2_400), (3, 4_000), (2, 9_000)];
        let jobs = (0..12).flat_map(|hour| {
            jobs.iter().enumerate().map(move |(id, (gpus, run_s))| {
                Job::new(10 * hour + id as u64, 3_600 * hour as i64, *gpus, *run_s)
            })
        });
        let last = Job::new(999, 6 * 86_400 + 3_600, 1, 0);
        let (mut short, week) = pool_of(jobs.chain([last]).collect(), 125);
        short.set_capacity(125.0);
        // The work clock need not stand at an hour.
        short.step(-1.0, 0.3, 1.0, week.hour(100));
        let mut long = short.clone();
        let mut calm = 0;
        for hour in 0..WEEK_HOURS {
            let arrivals = week.hour(hour);
            let own = short.step(hour as f64, 1.0, 1.0, arrivals);
            let other = long.even(hour as f64, 1.0, 1.0, arrivals);
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
            assert!(close(own.busy_gpu_h, other.busy_gpu_h), "{own:?} {other:?}");
            assert!(close(own.started, other.started) && close(own.finished, other.finished));
            assert!(close(own.wait_h, other.wait_h) && close(own.week_load, other.week_load));
            assert!(close(short.ring.running, long.ring.running));
            assert!(close(short.in_progress_gpu_h(), long.in_progress_gpu_h()));
            calm += usize::from(short.waiting == 0.0);
        }
        // The gangs of half a day fill the pool for some hours.
        assert!((50..WEEK_HOURS).contains(&calm), "{calm}");
        short.assert_conserved();
    }

    #[test]
    fn the_impatient_leave_with_their_work() {
        let (mut pool, bins) = pool(10, 16);
        pool.terms.patience_h = 12.0;
        (0..20_usize).for_each(|hour| {
            pool.step(hour as f64, 1.0, 1.0, bins.hour(hour));
        });
        let totals = pool.totals();
        assert_eq!(
            (totals.withdrawn, totals.withdrawn_gpu_h, totals.started),
            (1.0, 100.0, 0.0)
        );
        assert!(totals.wait_h.abs() < 1.0);
        pool.assert_conserved();
    }

    proptest! {
        #[test]
        fn work_and_jobs_are_conserved_whatever_happens(
            moves in prop::collection::vec((0u32..20, 0u32..=1_000, 1u32..=60, 0u32..30, 0u32..40), 1..300),
        ) {
            // Long, short, and a little longer than a step.
            let jobs = [(10, 30 * 3_600), (5, 300), (4, 2_400), (3, 4_000), (1, 0), (2, 5_000)];
            let jobs = jobs.iter().enumerate().map(|(id, (gpus, run_s))| Job::new(id as u64, 0, *gpus, *run_s));
            let last = Job::new(9, 6 * 86_400 + 3_600, 1, 0);
            let (mut pool, week) = pool_of(jobs.chain([last]).collect(), 20);
            pool.terms.patience_h = 40.0;
            let mut at_h = 0.0;
            for (gpus, speed, minutes, copies, restart) in moves {
                pool.set_capacity(f64::from(gpus));
                pool.terms.restart_h = f64::from(restart) / 60.0;
                let share = f64::from(copies) / 10.0;
                let bin = week.hour(0).bin.scaled(share);
                let scaled = |item: &Item| Item { gpus: share * item.gpus, ..*item };
                let items: Vec<Item> = week.hour(0).items.iter().map(scaled).collect();
                let arrivals = Arrivals { bin: &bin, spot_gpu_h: bin.spot_gpu_h(), items: &items };
                let hours = f64::from(minutes) / 60.0;
                let step = pool.step(at_h, hours, f64::from(speed) / 1_000.0, arrivals);
                prop_assert!(step.busy_gpu_h <= f64::from(gpus) * hours + 1e-6, "{step:?} on {gpus}");
                prop_assert!(pool.ring.running <= f64::from(gpus) + 1e-6, "{} on {gpus}", pool.ring.running);
                prop_assert!(step.spot_gpu_h <= step.busy_gpu_h + 1e-9);
                at_h += hours;
            }
            pool.assert_conserved();
        }
    }
}
