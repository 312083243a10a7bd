//! Offered flows: what the whole weeks of a trace bring in each hour.
//!
//! An hour is a few sums ([`Bin`]) and the GPUs of its longer jobs by run time ([`Item`]), so that a burst of like jobs
//! ends as it began: together. Where an hour brings many run times they are put on a grid, split between the two
//! neighbours so that GPUs and GPU-hours both stay; jobs below an hour are sums of GPU-hours only. The few jobs that
//! carry most of the work keep their own draws (kept or thinned, spot or not), so that a week brings the very same large
//! gangs as at job level.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::bin::{Bin, CLASSES, Item, SHORT_H, grid};
use super::week::{WEEK_HOURS, Week};
use crate::random::{Stream, Streams};
use crate::time::{HOUR_S, Span};
use crate::workload::demand::{WeekDemand, WeekSampler};
use crate::workload::job::{FULL_POWER, Job, JobClass};
use crate::workload::labels::NONE;
use crate::workload::scheduler::Settings;

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

/// A job that keeps its own draws.
#[derive(Debug, Clone, Copy)]
struct Lump {
    /// Its number among the jobs of the week.
    index: u128,
    hour: usize,
    gpus: f64,
    hours: f64,
    work_gpu_h: f64,
    spot: bool,
    /// Share of dynamic power.
    drawn: f64,
}

#[derive(Debug, Clone, Default)]
struct WeekOffer {
    flow: Week,
    /// All work of each hour of it, GPU-hours.
    flow_gpu_h: Vec<f64>,
    /// Large jobs, which are not in the flow; the most work first.
    lumps: Vec<Lump>,
    /// The places of the large jobs, in order of their hours.
    by_hour: Vec<usize>,
    /// A whole copy: the flow and the large jobs.
    whole: Week,
}

/// The offered flows of a trace's weeks.
#[derive(Debug, Clone)]
pub struct Offer {
    grid_h: [f64; CLASSES],
    weeks: Vec<WeekOffer>,
    /// Share of a run time in the GPUs that start.
    mix: [f64; CLASSES],
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
            mix: long.by_class.map(|[_, gpus]| ratio([gpus, long.started[1]])),
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
    /// Share of a run time of the grid in the GPUs that start.
    pub(super) fn mix(&self) -> &[f64; CLASSES] {
        &self.mix
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
    pub fn hit_gpus(&self, gpus: u32) -> f64 {
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
        let order = sampler.order(streams, purpose, week, demand.copies.ceil() as usize);
        let spot = demand.spot_share.as_fraction();
        let rng_of = |copy: usize| streams.stream(&format!("{purpose}/week/{week}/copy/{copy}"));
        match order.as_slice() {
            [number] if demand.copies == 1.0 => {
                let rng = (spot > 0.0).then(|| rng_of(0));
                self.weeks[*number].one(rng, spot, out);
            }
            order => self.copies(order, rng_of, (demand.copies, spot), out),
        }
    }
    /// So many copies, of the weeks of an order, one above the other.
    fn copies(
        &self,
        order: &[usize],
        rng_of: impl Fn(usize) -> Stream,
        (copies, spot): (f64, f64),
        out: &mut Week,
    ) {
        let share_of = |copy: usize| (copies - copy as f64).min(1.0);
        let (bins, items) = out.clear();
        let mut large = Vec::new();
        for (copy, number) in order.iter().enumerate() {
            let share = share_of(copy);
            let rng = (share < 1.0 || spot > 0.0).then(|| rng_of(copy));
            self.weeks[*number].large(rng, (share, spot), &mut large);
        }
        large.sort_by_key(|(hour, ..)| *hour);
        let mut large = large.as_slice();
        for hour in 0..WEEK_HOURS {
            let mut bin = Bin::default();
            for (copy, number) in order.iter().enumerate() {
                let share = share_of(copy);
                let from = self.weeks[*number].flow.hour(hour);
                bin.add_as_spot(from.bin, share, spot);
                items.extend(from.items, share);
            }
            while let Some(((_, own, item), rest)) = large.split_first().filter(|(first, _)| first.0 == hour)
            {
                bin.add(own, 1.0);
                items.items.extend(item);
                large = rest;
            }
            items.close(&self.grid_h, ITEMS_MAX);
            bins.push(bin);
        }
        out.note_spot();
    }
}

/// What becomes of a large job: its hour, sums and GPUs.
type Drawn = (usize, Bin, Option<Item>);

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
        if hours < SHORT_H {
            return;
        }
        let class = grid_h.partition_point(|h| *h <= hours).max(1) - 1;
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
    fn new((index, job): (usize, &Job), hours: f64) -> Self {
        Self {
            index: index as u128,
            hour: ((job.submit_s / HOUR_S) as usize).min(WEEK_HOURS - 1),
            gpus: f64::from(job.gpus),
            hours,
            work_gpu_h: f64::from(job.gpus) * hours,
            spot: job.class == JobClass::Spot,
            drawn: f64::from(job.power_per_mille) / f64::from(FULL_POWER),
        }
    }
    fn item(&self) -> Option<Item> {
        (self.hours >= SHORT_H).then_some(Item {
            hours: self.hours,
            gpus: self.gpus,
        })
    }
    /// What it brings to the sums of its hour, as spot or not.
    fn bin(&self, spot: f64) -> Bin {
        let mut bin = Bin::default();
        bin.add_jobs(1.0);
        bin.add_gpus((self.gpus, self.hours), (spot, self.drawn));
        bin
    }
    /// What its own draw makes of it; nothing where it is left out.
    fn draw(&self, rng: &mut Stream, (share, spot): (f64, f64)) -> Option<Drawn> {
        let (kept, is_spot) = self.is_spot(rng, (share, spot));
        kept.then(|| (self.hour, self.bin(f64::from(u8::from(is_spot))), self.item()))
    }
    /// Whether it is kept, and whether it is spot then.
    fn is_spot(&self, rng: &mut Stream, (share, spot): (f64, f64)) -> (bool, bool) {
        rng.set_word_pos(self.index * WORDS_PER_JOB);
        let kept = rng.random::<f64>() < share;
        (kept, rng.random::<f64>() < spot || self.spot)
    }
    fn expected_spot(&self, spot: f64) -> f64 {
        if self.spot { 1.0 } else { spot }
    }
    /// What is expected of it in a whole copy.
    fn expected(&self, spot: f64) -> Drawn {
        (self.hour, self.bin(self.expected_spot(spot)), self.item())
    }
}

/// A flow with its large jobs, which come in order of their hours.
fn whole<'a>(flow: &Week, large: impl Iterator<Item = &'a Lump>, grid_h: &[f64; CLASSES]) -> Week {
    let (mut week, mut large) = (Week::default(), large.peekable());
    let (bins, items) = week.clear();
    for hour in 0..WEEK_HOURS {
        let from = flow.hour(hour);
        let mut bin = *from.bin;
        items.extend(from.items, 1.0);
        while let Some(lump) = large.next_if(|lump| lump.hour == hour) {
            bin.add(&lump.bin(lump.expected_spot(0.0)), 1.0);
            items.items.extend(lump.item());
        }
        items.close(grid_h, ITEMS_MAX);
        bins.push(bin);
    }
    week.note_spot();
    week
}

impl WeekOffer {
    fn new(jobs: &[Job], settings: &Settings, (stretch, grid_h): (f64, &[f64; CLASSES])) -> Self {
        let mut hours = vec![(Bin::default(), Vec::new()); WEEK_HOURS];
        let mut lumps = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            let lump = Lump::new((index, job), stretch * hours_of(job));
            if serves(settings, job) {
                lumps.push(lump);
            } else {
                hours[lump.hour].0.add_too_large(1.0);
            }
        }
        lumps.sort_by(|a, b| b.work_gpu_h.total_cmp(&a.work_gpu_h).then(a.index.cmp(&b.index)));
        for lump in lumps.drain(LUMPS.min(lumps.len())..) {
            let (bin, items) = &mut hours[lump.hour];
            bin.add(&lump.bin(f64::from(u8::from(lump.spot))), 1.0);
            items.extend(lump.item());
        }
        let mut flow = Week::default();
        let (bins, all) = flow.clear();
        for (bin, mut items) in hours {
            items.sort_by(|a, b| a.hours.total_cmp(&b.hours));
            // Between two whole hours only their mean counts, as steps are whole hours as a rule.
            items.dedup_by(|next, kept| next.hours.floor() == kept.hours.floor() && kept.take_in(next));
            all.items.extend(items);
            all.close(grid_h, ITEMS_OF_A_WEEK);
            bins.push(bin);
        }
        flow.note_spot();
        let mut by_hour: Vec<usize> = (0..lumps.len()).collect();
        by_hour.sort_by_key(|place| lumps[*place].hour);
        let whole = whole(&flow, by_hour.iter().map(|place| &lumps[*place]), grid_h);
        Self {
            flow_gpu_h: flow.bins.iter().map(Bin::work_gpu_h).collect(),
            flow,
            lumps,
            by_hour,
            whole,
        }
    }
    /// One whole copy: all of it comes, and only what of it is spot is drawn, as [`Offer::week`] does for any copies.
    fn one(&self, mut rng: Option<Stream>, spot: f64, out: &mut Week) {
        out.items = Arc::clone(&self.whole.items);
        out.bins = Arc::clone(&self.whole.bins);
        let Some(rng) = &mut rng else {
            out.spot_gpu_h.clone_from(&self.whole.spot_gpu_h);
            return;
        };
        out.spot_gpu_h.clear();
        let flows = self.flow.spot_gpu_h.iter().zip(&self.flow_gpu_h);
        out.spot_gpu_h
            .extend(flows.map(|(own, all)| own + spot * (all - own)));
        for place in &self.by_hour {
            let lump = &self.lumps[*place];
            let share = if *place < LUMPS_OF_A_WHOLE {
                f64::from(u8::from(lump.is_spot(rng, (1.0, spot)).1))
            } else {
                lump.expected_spot(spot)
            };
            out.spot_gpu_h[lump.hour] += share * lump.work_gpu_h;
        }
    }
    /// Its large jobs in one copy.
    fn large(&self, rng: Option<Stream>, (share, spot): (f64, f64), out: &mut Vec<Drawn>) {
        let mut others = self.lumps.as_slice();
        if let Some(mut rng) = rng {
            let most = if share < 1.0 { LUMPS } else { LUMPS_OF_A_WHOLE };
            let (drawn, rest) = others.split_at(most.min(others.len()));
            out.extend(drawn.iter().filter_map(|lump| lump.draw(&mut rng, (share, spot))));
            others = rest;
        }
        out.extend(others.iter().map(|lump| lump.expected(spot)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::synthetic::{SyntheticTraceSpec, generate};

    #[test]
    fn a_whole_copy_shares_what_a_sum_of_copies_would_add_up() {
        let streams = Streams::new(3, 0);
        let trace = generate(&SyntheticTraceSpec::default(), &mut streams.stream("trace"));
        let sampler = WeekSampler::new(&trace).unwrap();
        let settings = Settings::constant(1_000);
        let offer = Offer::new(&sampler, &settings, Span::from_hours(1));
        let (mut shared, mut summed) = (Week::default(), Week::default());
        for (number, week) in offer.weeks.iter().enumerate() {
            for spot in [0.0, 0.2, 1.0] {
                let rng_of = |_| streams.stream(&format!("week/{number}"));
                week.one((spot > 0.0).then(|| rng_of(0)), spot, &mut shared);
                offer.copies(&[number], rng_of, (1.0, spot), &mut summed);
                for hour in 0..WEEK_HOURS {
                    let (one, sum) = (shared.hour(hour), summed.hour(hour));
                    assert_eq!(
                        (one.sums(), one.items),
                        (sum.sums(), sum.items),
                        "hour {hour}, spot {spot}"
                    );
                }
            }
        }
    }
}
