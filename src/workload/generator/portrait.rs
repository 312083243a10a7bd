//! What tells whether two traces are alike: figures of arrivals, sizes, run times and of the queue that they make.

use std::collections::BTreeMap;

use super::draw::HOURS_PER_WEEK;
use super::ranks::{correlation, ks_distance, rank_correlation};
use super::sample::Sample;
use crate::stats::quantile_sorted;
use crate::time::{HOUR_S, SimTime};
use crate::workload::job::Job;
use crate::workload::replay::replay;
use crate::workload::scheduler::{Easy, Finished, Observer, Settings};
use crate::workload::waits::Waits;

/// Offered loads at which a trace is replayed on a cluster of its own.
const OWN_LOADS: [f64; 2] = [0.7, 0.9];
/// Classes of fewer jobs than this have no quantiles.
const QUANTILE_JOBS: usize = 20;

/// A figure: what it is of, what it is, its unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where it stands in the table.
    pub order: u32,
    /// What it is of: `all`, `gpus 5-8`, `queue`.
    pub of: String,
    /// What it is, with its unit.
    pub figure: String,
}

/// The figures of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Portrait {
    /// Values by what they are; those that a sample does not have are absent.
    pub figures: BTreeMap<Key, f64>,
    hours: Vec<f64>,
    weekdays: Vec<f64>,
    run_times: Vec<(String, Vec<f64>)>,
}

/// The word for a range of sizes.
pub fn class_word((from, to): (u32, u32)) -> String {
    if from == to {
        format!("gpus {from}")
    } else {
        format!("gpus {from}-{to}")
    }
}

struct Figures {
    found: BTreeMap<Key, f64>,
    next: u32,
}

impl Figures {
    /// Every figure takes its place in the table, whether the sample has it or not.
    fn put(&mut self, of: &str, figure: &str, value: Option<f64>) {
        let key = Key {
            order: self.next,
            of: of.to_owned(),
            figure: figure.to_owned(),
        };
        self.next += 1;
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.found.insert(key, value);
        }
    }
}

impl Portrait {
    /// The figures of a sample by classes of size; `gpus` is the cluster on which every sample is replayed.
    pub fn new(sample: &Sample, sizes: &[(u32, u32)], gpus: u32) -> Self {
        let mut figures = Figures {
            found: BTreeMap::new(),
            next: 0,
        };
        arrivals(sample, &mut figures);
        let mut run_times = Vec::new();
        for range in sizes {
            let jobs = sample.of_sizes(*range);
            let word = class_word(*range);
            run_times.push((word.clone(), class(sample, &word, &jobs, &mut figures)));
        }
        work(sample, &mut figures);
        queue(sample, gpus, &mut figures);
        let (mut hours, mut weekdays) = (vec![0.0; 24], vec![0.0; 7]);
        for job in sample.jobs() {
            let hour = (job.submit_s / HOUR_S) as usize + sample.first_hour();
            hours[hour % 24] += 1.0;
            weekdays[hour / 24 % 7] += 1.0;
        }
        Self {
            figures: figures.found,
            hours,
            weekdays,
            run_times,
        }
    }
    /// How far two samples are apart: shares of arrivals that would have to move to another hour of the day or another
    /// weekday, and the Kolmogorov-Smirnov distance of the run times of each class, all in percent.
    pub fn distances(&self, other: &Self) -> BTreeMap<Key, f64> {
        let mut figures = Figures {
            found: BTreeMap::new(),
            next: 10_000,
        };
        let percent = |share: Option<f64>| share.map(|share| share * 100.0);
        figures.put(
            "all",
            "arrivals_in_other_hours_percent",
            percent(moved(&self.hours, &other.hours)),
        );
        figures.put(
            "all",
            "arrivals_on_other_weekdays_percent",
            percent(moved(&self.weekdays, &other.weekdays)),
        );
        for ((word, a), (_, b)) in self.run_times.iter().zip(&other.run_times) {
            let distance = (!a.is_empty() && !b.is_empty()).then(|| ks_distance(a, b));
            figures.put(word, "run_time_ks_percent", percent(distance));
        }
        figures.found
    }
}

/// The share of one profile that stands elsewhere in the other.
fn moved(a: &[f64], b: &[f64]) -> Option<f64> {
    let (all_a, all_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    let apart: f64 = a.iter().zip(b).map(|(x, y)| (x / all_a - y / all_b).abs()).sum();
    (all_a > 0.0 && all_b > 0.0).then_some(apart / 2.0)
}

fn arrivals(sample: &Sample, figures: &mut Figures) {
    let weeks = sample.kept_hours() as f64 / HOURS_PER_WEEK as f64;
    let counts = sample.hourly(sample.jobs());
    figures.put("all", "jobs_per_week", Some(sample.jobs().len() as f64 / weeks));
    figures.put("all", "load_gpus", Some(sample.load_gpus()));
    figures.put("all", "hourly_count_dispersion", dispersion(sample, &counts, 1));
    figures.put("all", "daily_count_dispersion", dispersion(sample, &counts, 24));
    for lag in [1, 3, 24, 168] {
        let name = format!("log_count_correlation_{lag}h");
        figures.put("all", &name, log_count_correlation(sample, &counts, lag));
    }
    let mut loads = vec![0.0; sample.hours()];
    for job in sample.jobs() {
        loads[(job.submit_s / HOUR_S) as usize] += job.gpu_s() as f64;
    }
    figures.put(
        "all",
        "daily_work_variation_percent",
        variation(sample, &loads, 24),
    );
    figures.put(
        "all",
        "weekly_work_variation_percent",
        variation(sample, &loads, HOURS_PER_WEEK),
    );
}

/// Sums over spans of hours of blocks that are there.
fn sums(sample: &Sample, hourly: &[f64], span: usize) -> Vec<f64> {
    let spans = hourly.chunks_exact(span).enumerate();
    let whole = spans.filter(|(index, _)| sample.has(index * span) && sample.has(index * span + span - 1));
    whole.map(|(_, hours)| hours.iter().sum()).collect()
}

fn mean_and_variance(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = |value: &f64| (value - mean) * (value - mean);
    (values.len() > 1 && mean > 0.0).then(|| (mean, values.iter().map(square).sum::<f64>() / (count - 1.0)))
}

/// Variance over mean of counts.
fn dispersion(sample: &Sample, counts: &[f64], span: usize) -> Option<f64> {
    mean_and_variance(&sums(sample, counts, span)).map(|(mean, variance)| variance / mean)
}

/// Standard deviation over mean, in percent.
fn variation(sample: &Sample, values: &[f64], span: usize) -> Option<f64> {
    mean_and_variance(&sums(sample, values, span)).map(|(mean, variance)| variance.sqrt() / mean * 100.0)
}

fn log_count_correlation(sample: &Sample, counts: &[f64], lag: usize) -> Option<f64> {
    let pairs = (lag..counts.len()).filter(|hour| sample.has(*hour) && sample.has(hour - lag));
    let pairs = pairs.map(|hour| (counts[hour - lag].ln_1p(), counts[hour].ln_1p()));
    let (early, late): (Vec<f64>, Vec<f64>) = pairs.unzip();
    (early.len() >= 24).then(|| correlation(&early, &late)).flatten()
}

/// Figures of a class; gives its run times in ascending order.
fn class(sample: &Sample, word: &str, jobs: &[Job], figures: &mut Figures) -> Vec<f64> {
    let counts = sample.hourly(jobs);
    let (all_jobs, all_work) = (sample.jobs().len() as f64, work_of(sample.jobs()));
    figures.put(word, "jobs_percent", Some(jobs.len() as f64 / all_jobs * 100.0));
    figures.put(word, "gpu_hours_percent", Some(work_of(jobs) / all_work * 100.0));
    figures.put(word, "hourly_count_dispersion", dispersion(sample, &counts, 1));
    figures.put(word, "daily_count_dispersion", dispersion(sample, &counts, 24));
    let times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
    let mut sorted = times.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    for (name, share) in [("p10", 0.1), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
        let value = quantile_sorted(&sorted, share).filter(|_| sorted.len() >= QUANTILE_JOBS);
        figures.put(word, &format!("run_time_{name}_s"), value);
    }
    let mean = (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64);
    figures.put(word, "run_time_mean_s", mean);
    let alike =
        (times.len() > QUANTILE_JOBS).then(|| rank_correlation(&times[..times.len() - 1], &times[1..]));
    figures.put(word, "run_time_rank_correlation_with_next", alike.flatten());
    let crowds: Vec<f64> = jobs
        .iter()
        .map(|job| counts[(job.submit_s / HOUR_S) as usize])
        .collect();
    figures.put(
        word,
        "run_time_rank_correlation_with_crowd",
        rank_correlation(&times, &crowds),
    );
    sorted
}

fn work_of(jobs: &[Job]) -> f64 {
    jobs.iter().map(|job| i128::from(job.gpu_s())).sum::<i128>() as f64
}

fn work(sample: &Sample, figures: &mut Figures) {
    let jobs = sample.jobs();
    let sizes: Vec<f64> = jobs.iter().map(|job| f64::from(job.gpus)).collect();
    let times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
    figures.put(
        "all",
        "size_run_time_rank_correlation",
        rank_correlation(&sizes, &times),
    );
    let mut work: Vec<f64> = jobs.iter().map(|job| job.gpu_s() as f64).collect();
    work.sort_unstable_by(f64::total_cmp);
    let top: f64 = work.iter().rev().take(jobs.len().div_ceil(100)).sum();
    figures.put(
        "all",
        "gpu_hours_of_largest_percent",
        Some(top / work.iter().sum::<f64>() * 100.0),
    );
}

/// What a queue makes of the jobs, EASY with known run times, from an empty cluster: on the given cluster, and on clusters on which this sample
/// itself offers a stated load.
fn queue(sample: &Sample, gpus: u32, figures: &mut Figures) {
    let jobs = sample.joined();
    let until_s = sample.kept_hours() as i64 * HOUR_S;
    let run = |gpus: u32| {
        let mut seen = Seen {
            waits: Waits::with_capacity(jobs.len()),
            until: SimTime::from_unix_s(until_s),
            busy_gpu_s: 0,
        };
        replay::<Easy, _>(&jobs, Settings::constant(gpus), &[], &mut seen);
        seen
    };
    let Seen {
        mut waits,
        busy_gpu_s,
        ..
    } = run(gpus);
    let capacity = f64::from(gpus) * until_s as f64;
    figures.put("queue", "utilisation", Some(busy_gpu_s as f64 / capacity));
    figures.put("queue", "mean_wait_s", Some(waits.mean_s()));
    let [p95] = waits.quantiles_s([0.95]);
    figures.put("queue", "p95_wait_s", Some(p95));
    for load in OWN_LOADS {
        let waits = run(cluster(sample, load)).waits;
        let name = format!("mean_wait_at_load_{load}_s");
        figures.put("queue", &name, Some(waits.mean_s()));
    }
}

/// Waits, and work until the end of the last block.
struct Seen {
    waits: Waits,
    until: SimTime,
    busy_gpu_s: i128,
}

impl Observer for Seen {
    fn finished(&mut self, finished: &Finished) {
        self.waits.push(finished.waited);
        let worked = (finished.end.min(self.until) - finished.start)
            .as_seconds()
            .max(0);
        self.busy_gpu_s += i128::from(finished.job.gpus) * i128::from(worked);
    }
}

/// The cluster on which a sample offers a load; its largest gang fits.
pub fn cluster(sample: &Sample, load: f64) -> u32 {
    let largest = sample.jobs().iter().map(|job| job.gpus).max().unwrap_or(1);
    ((sample.load_gpus() / load).ceil() as u32).max(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::job::Trace;
    use jiff::civil::datetime;

    /// Two weeks of one job an hour from a Monday, two in the first hour of each day.
    fn sample() -> Sample {
        let hour = |h: i64| Job::new(h as u64, h * HOUR_S, 1 + u32::from(h % 2 == 1), 1_800);
        let mut jobs: Vec<Job> = (0..336).map(hour).collect();
        jobs.extend((0..14).map(|d| Job::new(1_000 + d as u64, d * 86_400 + 60, 1, 1_800)));
        Sample::new(&Trace::new(
            jobs,
            Some(datetime(2024, 1, 1, 0, 0, 0, 0)),
            Vec::new(),
        ))
        .unwrap()
    }

    fn value(portrait: &Portrait, of: &str, figure: &str) -> f64 {
        let found = portrait
            .figures
            .iter()
            .find(|(key, _)| key.of == of && key.figure == figure);
        *found.unwrap_or_else(|| panic!("{of} {figure}")).1
    }

    #[test]
    fn figures_of_a_regular_trace_are_those_by_hand() {
        let portrait = Portrait::new(&sample(), &[(1, 1), (2, 2)], 2);
        assert_eq!(value(&portrait, "all", "jobs_per_week"), 175.0);
        // 182 jobs of one GPU and 168 of two for half an hour each, in 336 hours.
        assert!((value(&portrait, "all", "load_gpus") - 518.0 * 0.5 / 336.0).abs() < 1e-12);
        assert!((value(&portrait, "gpus 1", "jobs_percent") - 52.0).abs() < 1e-12);
        assert!((value(&portrait, "gpus 2", "gpu_hours_percent") - 336.0 / 518.0 * 100.0).abs() < 1e-9);
        assert_eq!(value(&portrait, "all", "daily_count_dispersion"), 0.0);
        // Counts of 2 once and 1 for 23 hours: variance (23/24)/24 of the mean 25/24.
        let expected = 23.0 / 576.0 * (336.0 / 335.0) / (25.0 / 24.0);
        assert!((value(&portrait, "all", "hourly_count_dispersion") - expected).abs() < 1e-12);
        assert!((value(&portrait, "all", "log_count_correlation_24h") - 1.0).abs() < 1e-9);
        assert_eq!(value(&portrait, "queue", "mean_wait_s"), 0.0);
        assert_eq!(value(&portrait, "gpus 1", "run_time_p50_s"), 1_800.0);
    }

    #[test]
    fn a_sample_is_no_distance_from_itself_and_moved_jobs_are_counted() {
        let one = Portrait::new(&sample(), &[(1, 1), (2, 2)], 2);
        assert!(one.distances(&one).values().all(|distance| *distance == 0.0));
        assert_eq!(one.distances(&one).len(), 4);
        assert_eq!(moved(&[1.0, 3.0], &[3.0, 1.0]), Some(0.5));
        assert_eq!(moved(&[0.0, 0.0], &[3.0, 1.0]), None);
    }
}
