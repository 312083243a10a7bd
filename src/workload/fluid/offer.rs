//! Offered flows: what the whole weeks of a trace bring in each hour.
//!
//! An hour is a few sums ([`Bin`]) and the GPUs of its longer jobs by run time ([`Item`]), so that a burst of like jobs
//! ends as it began: together. Where an hour brings many run times they are put on a grid, split between the two
//! neighbours so that GPUs and GPU-hours both stay; jobs below an hour are sums of GPU-hours only. The few jobs that
//! carry most of the work keep their own draws (kept or thinned, spot or not), so that a week brings the very same large
//! gangs as at job level.

use std::collections::BTreeMap;

use rand::RngExt;

use super::bin::{Bin, CLASSES, Item, grid, place};
use crate::random::Streams;
use crate::time::{HOUR_S, Span};
use crate::workload::demand::{WeekDemand, WeekSampler};
use crate::workload::job::{FULL_POWER, Job, JobClass};
use crate::workload::labels::NONE;
use crate::workload::scheduler::Settings;

/// Hours of a week.
pub const WEEK_HOURS: usize = 168;
/// Jobs of each week that keep their own draws: those with the most work. In a whole copy only spot is drawn, and
/// the largest few do.
const LUMPS: usize = 16;
const LUMPS_OF_A_WHOLE: usize = 4;
/// Words of the random stream that a job of a week takes: two draws of 64 bits (`WeekSampler::arrivals`).
const WORDS_PER_JOB: u128 = 4;
/// Run times of an hour of one week above which they are put on the grid.
const ITEMS_OF_A_WEEK: usize = CLASSES;
/// Run times of an hour of all copies above which they are put on the grid.
const ITEMS_MAX: usize = 3 * CLASSES;

/// What an hour brings.
#[derive(Debug, Clone, Copy)]
pub struct Arrivals<'a> {
    /// Sums.
    pub(super) bin: &'a Bin,
    /// Jobs of an hour and more, by run time.
    pub(super) items: &'a [Item],
}

/// The flows of one simulated week.
#[derive(Debug, Clone, Default)]
pub struct Week {
    bins: Vec<Bin>,
    items: Vec<Item>,
    /// Where the items of each hour end.
    ends: Vec<u32>,
}

impl Week {
    /// What an hour of the week brings; nothing before a week was drawn.
    pub fn hour(&self, hour: usize) -> Arrivals<'_> {
        static NOTHING: Bin = Bin::EMPTY;
        let Some(bin) = self.bins.get(hour) else {
            return Arrivals {
                bin: &NOTHING,
                items: &[],
            };
        };
        Arrivals {
            bin,
            items: &self.items[self.begin(hour)..self.ends[hour] as usize],
        }
    }
    fn begin(&self, hour: usize) -> usize {
        if hour == 0 {
            0
        } else {
            self.ends[hour - 1] as usize
        }
    }
    fn clear(&mut self) {
        self.bins.clear();
        self.items.clear();
        self.ends.clear();
    }
    /// Closes an hour whose items were added.
    fn close(&mut self, bin: Bin, grid_h: &[f64; CLASSES], most: usize) {
        let from = self.ends.last().map_or(0, |end| *end as usize);
        if self.items.len() - from > most {
            onto_grid(&mut self.items, from, grid_h);
        }
        self.bins.push(bin);
        self.ends.push(self.items.len() as u32);
    }
}

/// Puts the items from a place on onto the grid.
fn onto_grid(items: &mut Vec<Item>, from: usize, grid_h: &[f64; CLASSES]) {
    let mut gpus = [0.0; CLASSES];
    for item in &items[from..] {
        for part in item.split(grid_h) {
            gpus[part.class] += part.gpus;
        }
    }
    items.truncate(from);
    items.extend(on_grid(&gpus, grid_h));
}

/// The run times of the grid that GPUs have.
pub(super) fn on_grid<'a>(
    gpus: &'a [f64; CLASSES],
    grid_h: &'a [f64; CLASSES],
) -> impl Iterator<Item = Item> + 'a {
    let each = gpus.iter().zip(grid_h).enumerate();
    each.filter(|(_, (gpus, _))| **gpus != 0.0)
        .map(|(class, (gpus, hours))| Item {
            hours: *hours,
            gpus: *gpus,
            class,
        })
}

/// A job that keeps its own draws.
#[derive(Debug, Clone, Copy)]
struct Lump {
    /// Its number among the jobs of the week.
    index: u128,
    hour: usize,
    gpus: f64,
    hours: f64,
    /// Its run time on the grid; none for a short one.
    class: Option<usize>,
    items: [Option<Item>; 2],
    work_gpu_h: f64,
    spot: bool,
    /// Share of dynamic power.
    drawn: f64,
}

#[derive(Debug, Clone, Default)]
struct WeekOffer {
    flow: Week,
    /// The most work first.
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
        let mut long = Long {
            by_class: [[0.0; 2]; CLASSES],
            started: [0.0; 2],
            running: [0.0; 2],
        };
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

    /// The flows of one simulated week: the weeks, copies and large jobs that [`WeekSampler::arrivals`] draws of the
    /// same streams.
    pub fn week(
        &self,
        sampler: &WeekSampler,
        (streams, purpose): (&Streams, &str),
        week: u32,
        demand: &WeekDemand,
        out: &mut Week,
    ) {
        out.clear();
        let order = sampler.order(streams, purpose, week, demand.copies.ceil() as usize);
        let spot = demand.spot_share.as_fraction();
        let mut drawn = Vec::new();
        for (copy, number) in order.iter().enumerate() {
            let share = (demand.copies - copy as f64).min(1.0);
            if share < 1.0 || spot > 0.0 {
                let rng = streams.stream(&format!("{purpose}/week/{week}/copy/{copy}"));
                self.weeks[*number].draw_lumps(rng, (share, spot), &mut drawn);
            }
        }
        drawn.sort_by_key(|(hour, ..)| *hour);
        let mut drawn = drawn.as_slice();
        for hour in 0..WEEK_HOURS {
            let mut bin = Bin::default();
            for (copy, number) in order.iter().enumerate() {
                let share = (demand.copies - copy as f64).min(1.0);
                let from = self.weeks[*number].flow.hour(hour);
                bin.add_as_spot(from.bin, share, spot);
                let scaled = |item: &Item| Item {
                    gpus: share * item.gpus,
                    ..*item
                };
                out.items.extend(from.items.iter().map(scaled));
            }
            while let Some(((_, own, items), rest)) = drawn.split_first().filter(|(first, _)| first.0 == hour)
            {
                bin.add(own, 1.0);
                // What rounding leaves of a job that was taken out again.
                bin.floor();
                out.items.extend(items.iter().flatten());
                drawn = rest;
            }
            out.close(bin, &self.grid_h, ITEMS_MAX);
        }
    }
}

/// What a large job's draw adds to what was expected of it: its hour, sums and GPUs.
type Drawn = (usize, Bin, [Option<Item>; 2]);

fn gangs<'a>(jobs: impl Iterator<Item = &'a Job>) -> Vec<(u32, f64)> {
    let mut gangs = BTreeMap::new();
    for job in jobs {
        *gangs.entry(job.gpus).or_insert(0.0) += job.gpu_s() as f64;
    }
    gangs.into_iter().collect()
}

/// Jobs and GPUs of jobs of an hour and more.
#[derive(Debug)]
struct Long {
    by_class: [[f64; 2]; CLASSES],
    started: [f64; 2],
    running: [f64; 2],
}

impl Long {
    fn add(&mut self, job: &Job, hours: f64, grid_h: &[f64; CLASSES]) {
        let gpus = f64::from(job.gpus);
        let Some(class) = place(hours, grid_h) else {
            return;
        };
        let add = |sums: &mut [f64; 2], weight: f64| {
            sums[0] += weight;
            sums[1] += weight * gpus;
        };
        add(&mut self.by_class[class], 1.0);
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

impl Lump {
    fn new((index, job): (usize, &Job), hours: f64, grid_h: &[f64; CLASSES]) -> Self {
        Self {
            index: index as u128,
            hour: ((job.submit_s / HOUR_S) as usize).min(WEEK_HOURS - 1),
            gpus: f64::from(job.gpus),
            hours,
            class: place(hours, grid_h),
            items: [None; 2],
            work_gpu_h: f64::from(job.gpus) * hours,
            spot: job.class == JobClass::Spot,
            drawn: f64::from(job.power_per_mille) / f64::from(FULL_POWER),
        }
    }
    fn item(&self) -> Option<Item> {
        self.class.map(|class| Item {
            hours: self.hours,
            gpus: self.gpus,
            class,
        })
    }
    /// The same as it stands in its hour of the week: on the grid where that was needed.
    fn items(&self, flow: &Week, grid_h: &[f64; CLASSES]) -> [Option<Item>; 2] {
        let Some(item) = self.item() else {
            return [None; 2];
        };
        let there = flow.hour(self.hour).items;
        if there.iter().any(|other| other.hours == item.hours) {
            [Some(item), None]
        } else {
            item.split(grid_h).map(Some)
        }
    }
    /// What it brings to the sums of its hour, as spot or not.
    fn bin(&self, spot: f64) -> Bin {
        let mut bin = Bin::default();
        bin.add_gpus((self.gpus, self.hours), (spot, self.drawn));
        bin
    }
    /// What its own draw adds to what was expected.
    fn draw(&self, rng: &mut crate::random::Stream, (share, spot): (f64, f64)) -> Drawn {
        rng.set_word_pos(self.index * WORDS_PER_JOB);
        let kept = if rng.random::<f64>() < share { 1.0 } else { 0.0 };
        let is_spot = if rng.random::<f64>() < spot || self.spot {
            1.0
        } else {
            0.0
        };
        let expected = if self.spot { 1.0 } else { spot };
        let mut bin = Bin::default();
        bin.add(&self.bin(is_spot), kept);
        bin.add(&self.bin(expected), -share);
        let items = self.items.map(|item| {
            item.filter(|_| kept != share).map(|item| Item {
                gpus: (kept - share) * item.gpus,
                ..item
            })
        });
        (self.hour, bin, items)
    }
}

impl WeekOffer {
    fn new(jobs: &[Job], settings: &Settings, (stretch, grid_h): (f64, &[f64; CLASSES])) -> Self {
        let mut hours = vec![(Bin::default(), Vec::new()); WEEK_HOURS];
        let mut lumps = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            let lump = Lump::new((index, job), stretch * hours_of(job), grid_h);
            let (bin, items) = &mut hours[lump.hour];
            if !serves(settings, job) {
                bin.add_too_large(1.0);
                continue;
            }
            bin.add_jobs(1.0);
            bin.add(&lump.bin(if lump.spot { 1.0 } else { 0.0 }), 1.0);
            items.extend(lump.item());
            lumps.push(lump);
        }
        let mut flow = Week::default();
        for (bin, mut items) in hours {
            items.sort_by(|a, b| a.hours.total_cmp(&b.hours));
            items.dedup_by(|next, kept| {
                let same = next.hours == kept.hours;
                kept.gpus += if same { next.gpus } else { 0.0 };
                same
            });
            flow.items.extend(items);
            flow.close(bin, grid_h, ITEMS_OF_A_WEEK);
        }
        lumps.sort_by(|a, b| b.work_gpu_h.total_cmp(&a.work_gpu_h).then(a.index.cmp(&b.index)));
        lumps.truncate(LUMPS);
        for lump in &mut lumps {
            lump.items = lump.items(&flow, grid_h);
        }
        Self { flow, lumps }
    }
    /// The draws of its large jobs in one copy.
    fn draw_lumps(&self, mut rng: crate::random::Stream, shares: (f64, f64), out: &mut Vec<Drawn>) {
        let most = if shares.0 < 1.0 { LUMPS } else { LUMPS_OF_A_WHOLE };
        out.extend(
            self.lumps
                .iter()
                .take(most)
                .map(|lump| lump.draw(&mut rng, shares)),
        );
    }
}
