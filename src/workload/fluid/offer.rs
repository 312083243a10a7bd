//! Offered flows: what the whole weeks of a trace bring in each hour, by run time.
//!
//! Jobs of two hours and more are GPUs on a grid of run times, split between the two neighbours so that GPUs and
//! GPU-hours both stay; shorter ones are GPU-hours. The few jobs that carry most of the work keep their own draws
//! (kept or thinned, spot or not), so that a week brings the very same large gangs as at job level.

use std::collections::BTreeMap;

use rand::RngExt;

use crate::random::Streams;
use crate::time::{HOUR_S, Span};
use crate::workload::demand::{WeekDemand, WeekSampler};
use crate::workload::job::{FULL_POWER, Job, JobClass};
use crate::workload::labels::NONE;
use crate::workload::scheduler::Settings;

/// Run times of the grid.
pub(super) const CLASSES: usize = 16;
/// Jobs below this many hours are GPU-hours that are done within the hour in which they start.
pub(super) const SHORT_H: f64 = 2.0;
/// Hours of a week.
pub const WEEK_HOURS: usize = 168;
/// Jobs of each week that keep their own draws: those with the most work. In a whole copy only spot is drawn, and
/// the largest few do.
const LUMPS: usize = 16;
const LUMPS_OF_A_WHOLE: usize = 4;
/// Words of the random stream that a job of a week takes: two draws of 64 bits (`WeekSampler::arrivals`).
const WORDS_PER_JOB: u128 = 4;

/// Numbers of a bin before those by run time.
const HEAD: usize = 8;
const JOBS: usize = 0;
const TOO_LARGE: usize = 1;
const WORK: usize = 2;
const SPOT: usize = 3;
const SHORT: usize = 4;
const LONG: usize = 5;
const DRAWN: usize = 6;

/// What an hour brings, or what waits of it. All numbers are extensive, so bins add and scale as one array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin([f64; HEAD + CLASSES]);

impl Default for Bin {
    fn default() -> Self {
        Self([0.0; HEAD + CLASSES])
    }
}

impl Bin {
    /// Jobs.
    pub fn jobs(&self) -> f64 {
        self.0[JOBS]
    }
    /// Jobs that the pool turns away: no size of it could hold them, or they must stay elsewhere. They are not among
    /// the others.
    pub fn too_large(&self) -> f64 {
        self.0[TOO_LARGE]
    }
    /// All work, GPU-hours.
    pub fn work_gpu_h(&self) -> f64 {
        self.0[WORK]
    }
    /// Work sold as spot, GPU-hours.
    pub fn spot_gpu_h(&self) -> f64 {
        self.0[SPOT]
    }
    /// Work times the share of dynamic power that its GPUs draw, GPU-hours.
    pub(super) fn drawn_gpu_h(&self) -> f64 {
        self.0[DRAWN]
    }
    /// Work of jobs below two hours, GPU-hours.
    pub(super) fn short_gpu_h(&self) -> f64 {
        self.0[SHORT]
    }
    /// GPUs of longer jobs.
    pub(super) fn long_gpus(&self) -> f64 {
        self.0[LONG]
    }
    /// GPUs of longer jobs by run time.
    pub(super) fn by_run_time(&self) -> &[f64] {
        &self.0[HEAD..]
    }
    /// Adds a share of another.
    pub(super) fn add(&mut self, other: &Self, share: f64) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine += share * theirs;
        }
    }
    /// Leaves a share of everything.
    pub(super) fn scale(&mut self, share: f64) {
        self.0.iter_mut().for_each(|number| *number *= share);
    }
    /// Adds jobs that hold GPUs for so many hours; how many jobs that is, is counted apart.
    pub(super) fn add_gpus(
        &mut self,
        grid_h: &[f64; CLASSES],
        (gpus, hours): (f64, f64),
        (spot, drawn): (f64, f64),
    ) {
        self.add_placed(place(hours, grid_h), gpus, gpus * hours, (spot, drawn));
    }
    /// Adds jobs that wait again.
    pub(super) fn add_jobs(&mut self, jobs: f64) {
        self.0[JOBS] += jobs;
    }
    fn add_placed(&mut self, place: Option<Place>, gpus: f64, work_gpu_h: f64, (spot, drawn): (f64, f64)) {
        self.0[WORK] += work_gpu_h;
        self.0[SPOT] += spot * work_gpu_h;
        self.0[DRAWN] += drawn * work_gpu_h;
        match place {
            None => self.0[SHORT] += work_gpu_h,
            Some(Place { class, beyond }) => {
                self.0[LONG] += gpus;
                self.0[HEAD + class] += gpus * (1.0 - beyond);
                self.0[HEAD + class + 1] += gpus * beyond;
            }
        }
    }
}

/// Where a run time lies on the grid.
#[derive(Debug, Clone, Copy)]
struct Place {
    class: usize,
    /// Share of the GPUs that goes to the next run time.
    beyond: f64,
}

/// A job that keeps its own draws.
#[derive(Debug, Clone, Copy)]
struct Lump {
    /// Its number among the jobs of the week.
    index: u128,
    hour: usize,
    gpus: f64,
    /// Its run time on the grid; none for a short one.
    place: Option<Place>,
    work_gpu_h: f64,
    spot: bool,
    /// Share of dynamic power.
    drawn: f64,
}

#[derive(Debug, Clone, Default)]
struct WeekOffer {
    hours: Vec<Bin>,
    lumps: Vec<Lump>,
}

/// The offered flows of a trace's weeks.
#[derive(Debug, Clone)]
pub struct Offer {
    grid_h: [f64; CLASSES],
    weeks: Vec<WeekOffer>,
    /// Jobs for each GPU that starts with a run time.
    jobs_per_gpu: [f64; CLASSES],
    /// The same of all that start, and of all that run.
    jobs_per_started_gpu: f64,
    jobs_per_running_gpu: f64,
    /// Sizes of gangs with their GPU-time, smallest first.
    gangs: Vec<(u32, f64)>,
    /// Share of the time of jobs that checkpoints take.
    checkpoint_share: f64,
    mean_gpus: f64,
}

impl Offer {
    /// Of a trace, for a pool with such a scheduler. Where checkpoints cost time, jobs hold their GPUs that much longer.
    pub fn new(sampler: &WeekSampler, settings: &Settings, checkpoint: Span) -> Self {
        let stretch = if checkpoint > Span::ZERO {
            1.0 + settings.overheads.checkpoint.as_hours() / checkpoint.as_hours()
        } else {
            1.0
        };
        let hours_of = |job: &Job| stretch * hours_of(job);
        let fits = |job: &&Job| serves(settings, job);
        let jobs = || sampler.week_jobs().iter().flatten().filter(fits);
        let longest = jobs().map(&hours_of).fold(0.0, f64::max);
        let grid_h = grid(longest);
        let mut long = Long::default();
        for job in jobs() {
            long.add(job, hours_of(job), &grid_h);
        }
        Self {
            weeks: sampler
                .week_jobs()
                .iter()
                .map(|jobs| WeekOffer::new(jobs, settings, (stretch, &grid_h)))
                .collect(),
            grid_h,
            jobs_per_gpu: long.by_class.map(ratio),
            jobs_per_started_gpu: ratio(long.started),
            jobs_per_running_gpu: ratio(long.running),
            gangs: gangs(jobs()),
            checkpoint_share: 1.0 - 1.0 / stretch,
            mean_gpus: sampler.mean_gpus(),
        }
    }
    /// The grid of run times, hours.
    pub(super) fn grid_h(&self) -> &[f64; CLASSES] {
        &self.grid_h
    }
    /// Jobs for each GPU that starts with a run time of the grid.
    pub(super) fn jobs_per_gpu(&self) -> &[f64; CLASSES] {
        &self.jobs_per_gpu
    }
    /// Jobs for each GPU of all longer jobs that start.
    pub(super) fn jobs_per_started_gpu(&self) -> f64 {
        self.jobs_per_started_gpu
    }
    /// Jobs for each GPU of all longer jobs that run: gangs run longer.
    pub(super) fn jobs_per_running_gpu(&self) -> f64 {
        self.jobs_per_running_gpu
    }
    /// Share of the time of jobs that checkpoints take.
    pub fn checkpoint_share(&self) -> f64 {
        self.checkpoint_share
    }
    /// GPUs of the gangs that are hit where so many busy GPUs fail together: gangs of at least so many in proportion to
    /// their GPUs, of smaller ones all that stand there.
    pub(super) fn hit_gpus(&self, gpus: u32) -> f64 {
        let all: f64 = self.gangs.iter().map(|(_, weight)| weight).sum();
        let hit: f64 = self
            .gangs
            .iter()
            .map(|(size, weight)| weight * f64::from(gpus.max(*size)))
            .sum();
        if all > 0.0 { hit / all } else { 0.0 }
    }
    /// Mean load of one copy, GPUs.
    pub fn mean_gpus(&self) -> f64 {
        self.mean_gpus
    }

    /// The flows of one simulated week into 168 hours: the weeks, copies and large jobs that
    /// [`WeekSampler::arrivals`] draws of the same streams.
    pub fn week(
        &self,
        sampler: &WeekSampler,
        (streams, purpose): (&Streams, &str),
        week: u32,
        demand: &WeekDemand,
        out: &mut [Bin],
    ) {
        assert_eq!(out.len(), WEEK_HOURS, "a week has 168 hours");
        out.fill(Bin::default());
        let order = sampler.order(streams, purpose, week, demand.copies.ceil() as usize);
        let spot = demand.spot_share.as_fraction();
        for (copy, drawn) in order.into_iter().enumerate() {
            let share = (demand.copies - copy as f64).min(1.0);
            let own = &self.weeks[drawn];
            for (to, from) in out.iter_mut().zip(&own.hours) {
                to.add(from, share);
                // Of what the trace does not sell as spot already, a share is.
                to.0[SPOT] += share * spot * (from.0[WORK] - from.0[SPOT]);
            }
            if share < 1.0 || spot > 0.0 {
                let rng = streams.stream(&format!("{purpose}/week/{week}/copy/{copy}"));
                settle_lumps(own, rng, (share, spot), out);
            }
        }
    }
}

/// Puts what became of each large job in the place of what was expected of it.
fn settle_lumps(own: &WeekOffer, mut rng: crate::random::Stream, (share, spot): (f64, f64), out: &mut [Bin]) {
    let most = if share < 1.0 { LUMPS } else { LUMPS_OF_A_WHOLE };
    for lump in own.lumps.iter().take(most) {
        rng.set_word_pos(lump.index * WORDS_PER_JOB);
        let kept = if rng.random::<f64>() < share { 1.0 } else { 0.0 };
        let is_spot = if rng.random::<f64>() < spot || lump.spot {
            1.0
        } else {
            0.0
        };
        let expected_spot = if lump.spot { 1.0 } else { spot };
        let bin = &mut out[lump.hour];
        bin.add_placed(
            lump.place,
            lump.gpus * (kept - share),
            lump.work_gpu_h * (kept - share),
            (0.0, lump.drawn),
        );
        bin.0[SPOT] += lump.work_gpu_h * (kept * is_spot - share * expected_spot);
        // What rounding leaves of a job that was taken out again.
        bin.0.iter_mut().for_each(|number| *number = number.max(0.0));
    }
}

fn gangs<'a>(jobs: impl Iterator<Item = &'a Job>) -> Vec<(u32, f64)> {
    let mut gangs = BTreeMap::new();
    for job in jobs {
        *gangs.entry(job.gpus).or_insert(0.0) += job.gpu_s() as f64;
    }
    gangs.into_iter().collect()
}

/// Jobs and GPUs of jobs of two hours and more.
#[derive(Debug, Default)]
struct Long {
    by_class: [[f64; 2]; CLASSES],
    started: [f64; 2],
    running: [f64; 2],
}

impl Long {
    fn add(&mut self, job: &Job, hours: f64, grid_h: &[f64; CLASSES]) {
        let gpus = f64::from(job.gpus);
        let Some(Place { class, beyond }) = place(hours, grid_h) else {
            return;
        };
        let add = |sums: &mut [f64; 2], weight: f64| {
            sums[0] += weight;
            sums[1] += weight * gpus;
        };
        add(&mut self.by_class[class], 1.0 - beyond);
        add(&mut self.by_class[class + 1], beyond);
        add(&mut self.started, 1.0);
        add(&mut self.running, hours);
    }
}

fn ratio([jobs, gpus]: [f64; 2]) -> f64 {
    if gpus > 0.0 { jobs / gpus } else { 0.0 }
}

/// Whether a pool takes a job at all.
fn serves(settings: &Settings, job: &Job) -> bool {
    let abroad = |home: u16| job.residency != NONE && job.residency != home;
    job.gpus <= settings.gpus_max && !settings.residency.is_some_and(abroad)
}

fn hours_of(job: &Job) -> f64 {
    job.duration_s as f64 / HOUR_S as f64
}

/// Run times in equal ratios up to the longest.
fn grid(longest_h: f64) -> [f64; CLASSES] {
    // A day beyond it leaves room for what kills add.
    let ratio = ((longest_h + 24.0) / SHORT_H).powf(1.0 / (CLASSES - 1) as f64);
    std::array::from_fn(|class| SHORT_H * ratio.powi(class as i32))
}

fn place(hours: f64, grid_h: &[f64; CLASSES]) -> Option<Place> {
    if hours < SHORT_H {
        return None;
    }
    let class = grid_h.partition_point(|h| *h <= hours).clamp(1, CLASSES - 1) - 1;
    // A little above one where a job that has just started is killed: GPUs and work stay exact.
    let beyond = (hours - grid_h[class]) / (grid_h[class + 1] - grid_h[class]);
    Some(Place { class, beyond })
}

impl Lump {
    fn new((index, job): (usize, &Job), hours: f64, grid_h: &[f64; CLASSES]) -> Self {
        Self {
            index: index as u128,
            hour: ((job.submit_s / HOUR_S) as usize).min(WEEK_HOURS - 1),
            gpus: f64::from(job.gpus),
            place: place(hours, grid_h),
            work_gpu_h: f64::from(job.gpus) * hours,
            spot: job.class == JobClass::Spot,
            drawn: f64::from(job.power_per_mille) / f64::from(FULL_POWER),
        }
    }
}

impl WeekOffer {
    fn new(jobs: &[Job], settings: &Settings, (stretch, grid_h): (f64, &[f64; CLASSES])) -> Self {
        let mut hours = vec![Bin::default(); WEEK_HOURS];
        let mut lumps = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            let lump = Lump::new((index, job), stretch * hours_of(job), grid_h);
            if !serves(settings, job) {
                hours[lump.hour].0[TOO_LARGE] += 1.0;
                continue;
            }
            let bin = &mut hours[lump.hour];
            bin.add_jobs(1.0);
            let spot = if lump.spot { 1.0 } else { 0.0 };
            bin.add_placed(lump.place, lump.gpus, lump.work_gpu_h, (spot, lump.drawn));
            lumps.push(lump);
        }
        lumps.sort_by(|a, b| b.work_gpu_h.total_cmp(&a.work_gpu_h).then(a.index.cmp(&b.index)));
        lumps.truncate(LUMPS);
        Self { hours, lumps }
    }
}
