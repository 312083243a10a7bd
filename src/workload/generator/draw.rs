//! A trace drawn from a model.
//!
//! Arrivals of a class in an hour are Poisson; their rate is hour of day x weekday x log-normal bursts x a gamma factor
//! of the hour x growth, scaled so that the expected number of jobs over the whole draw is that of the model: bursts
//! move jobs in time. Run times have the model's distribution exactly, one job from each equal slice of probability;
//! which job gets which slice is decided by the rank of a latent normal number that remembers the jobs before it.

use rand::RngExt;
use rand_distr::{Distribution, Gamma, Poisson};

use super::model::{ClassSpec, HOUR, ModelSpec};
use super::ranks::normal_scores;
use crate::random::{Stream, open_unit, standard_normal};
use crate::time::HOUR_S;
use crate::workload::job::Job;

/// Hours in a week.
pub const HOURS_PER_WEEK: usize = 168;

/// How much is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw<'a> {
    /// Hours from second 0 on.
    pub hours: usize,
    /// The hour of the week, from Monday 00:00, in which second 0 stands.
    pub first_hour: usize,
    /// By what the model's number of jobs is multiplied.
    pub scale: f64,
    /// By what it is multiplied further in each hour; empty for no growth.
    pub growth: &'a [f64],
}

impl Draw<'_> {
    /// So many hours from a Monday on, as the model says.
    pub fn hours(hours: usize) -> Self {
        Self {
            hours,
            first_hour: 0,
            scale: 1.0,
            growth: &[],
        }
    }
    fn grown(&self, hour: usize) -> f64 {
        self.growth.get(hour).copied().unwrap_or(1.0) * self.scale
    }
    /// Expected jobs of a checked model.
    pub fn expected_jobs(&self, model: &ModelSpec) -> f64 {
        let growth: f64 = (0..self.hours).map(|hour| self.grown(hour)).sum();
        model.jobs_per_week() * growth / HOURS_PER_WEEK as f64
    }
}

/// Draws jobs from a checked model, sorted and numbered from zero.
pub fn draw(model: &ModelSpec, how: &Draw<'_>, rng: &mut Stream) -> Vec<Job> {
    let common = common_paths(model, how.hours, rng);
    let shared = model.shared_bursts_percent / 100.0;
    let mut jobs = Vec::new();
    for class in &model.classes {
        let counts = counts(class, (shared, &common), how, rng);
        add_jobs(class, &counts, rng, &mut jobs);
    }
    jobs.sort_by_key(|job| (job.submit_s, job.gpus, job.duration_s));
    for (id, job) in jobs.iter_mut().enumerate() {
        job.id = id as u64;
    }
    jobs
}

/// A standard normal path that forgets exponentially.
fn path(hours: usize, lasts_hours: f64, rng: &mut Stream) -> Vec<f64> {
    let keeps = (-1.0 / lasts_hours).exp();
    let renews = (1.0 - keeps * keeps).sqrt();
    let mut value = standard_normal(rng);
    let mut next = || {
        let now = value;
        value = keeps * value + renews * standard_normal(rng);
        now
    };
    (0..hours).map(|_| next()).collect()
}

/// The part of the bursts that all classes share: a path for each length of bursts that occurs.
fn common_paths(model: &ModelSpec, hours: usize, rng: &mut Stream) -> Vec<(f64, Vec<f64>)> {
    let bursts = model.classes.iter().flat_map(|class| &class.bursts);
    let mut lengths: Vec<f64> = bursts.map(|burst| burst.lasts_hours).collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    let of = |length: f64| (length, path(hours, length, rng));
    lengths.into_iter().map(of).collect()
}

/// Jobs of a class by hour.
fn counts(
    class: &ClassSpec,
    (shared, common): (f64, &[(f64, Vec<f64>)]),
    how: &Draw<'_>,
    rng: &mut Stream,
) -> Vec<u64> {
    let even: Vec<f64> = (0..how.hours)
        .map(|hour| class.shape(how.first_hour + hour) * how.grown(hour))
        .collect();
    let mut logs = vec![0.0; how.hours];
    for burst in &class.bursts {
        let own = path(how.hours, burst.lasts_hours, rng);
        let all = common
            .iter()
            .find(|(length, _)| length.total_cmp(&burst.lasts_hours).is_eq());
        let (_, all) = all.expect("a path was drawn for every length of bursts");
        let size = burst.log_variance.sqrt();
        for ((log, own), all) in logs.iter_mut().zip(own).zip(all) {
            *log += size * (shared.sqrt() * all + (1.0 - shared).sqrt() * own);
        }
    }
    let mut rates: Vec<f64> = even
        .iter()
        .zip(logs)
        .map(|(rate, log)| rate * log.exp())
        .collect();
    if let Some(gamma) = hourly_factor(class.hourly_variance) {
        for rate in &mut rates {
            *rate *= gamma.sample(rng);
        }
    }
    let (wanted, drawn) = (even.iter().sum::<f64>(), rates.iter().sum::<f64>());
    // Bursts so wild that nothing is left of the rate leave it as it was.
    let (rates, norm) = if drawn.is_finite() && drawn > 1e-9 * wanted {
        (rates, wanted / drawn)
    } else {
        (even, 1.0)
    };
    let mean = class.jobs_per_week / HOURS_PER_WEEK as f64 * norm;
    rates.into_iter().map(|rate| poisson(rate * mean, rng)).collect()
}

fn hourly_factor(variance: f64) -> Option<Gamma<f64>> {
    (variance > 1e-6).then(|| Gamma::new(1.0 / variance, variance).expect("shape and scale are positive"))
}

fn poisson(rate: f64, rng: &mut Stream) -> u64 {
    match Poisson::new(rate) {
        Ok(poisson) => poisson.sample(rng) as u64,
        // A rate of zero has no arrivals.
        Err(_) => 0,
    }
}

/// Adds the jobs of a class.
fn add_jobs(class: &ClassSpec, counts: &[u64], rng: &mut Stream, jobs: &mut Vec<Job>) {
    let mut submits: Vec<i64> = Vec::new();
    let mut crowds: Vec<f64> = Vec::new();
    for (hour, count) in counts.iter().enumerate() {
        let from = submits.len();
        let begins = hour as i64 * HOUR_S;
        for index in 0..*count as usize {
            let second = match follows(class, index, rng) {
                Some((leader, gap_s)) => (submits[from + leader] - begins + gap_s).min(HOUR_S - 1),
                None => rng.random_range(0..HOUR_S),
            };
            submits.push(begins + second);
        }
        submits[from..].sort_unstable();
        crowds.extend((0..*count).map(|_| *count as f64));
    }
    let weight: f64 = class.sizes.iter().map(|(_, weight)| weight).sum();
    let mut size = || f64::from(pick(&class.sizes, rng.random::<f64>() * weight));
    let sizes: Vec<f64> = submits.iter().map(|_| size()).collect();
    let run_times = run_times(class, &submits, (&crowds, &sizes), rng);
    for ((submit_s, gpus), duration_s) in submits.into_iter().zip(sizes).zip(run_times) {
        jobs.push(Job::new(0, submit_s, gpus as u32, duration_s));
    }
}

/// Whether the next job of an hour follows one of the `before` ones at once: which, and by how many seconds.
fn follows(class: &ClassSpec, before: usize, rng: &mut Stream) -> Option<(usize, i64)> {
    let batches = class.batches.as_ref().filter(|_| before > 0)?;
    if rng.random::<f64>() >= batches.percent / 100.0 {
        return None;
    }
    let gap_s = -batches.gap_seconds * open_unit(rng).ln();
    Some((rng.random_range(0..before), gap_s.round() as i64))
}

fn pick(sizes: &[(u32, f64)], mut ticket: f64) -> u32 {
    for (size, weight) in sizes {
        if ticket < *weight {
            return *size;
        }
        ticket -= weight;
    }
    sizes[sizes.len() - 1].0
}

/// Run times in the order of submission.
fn run_times(
    class: &ClassSpec,
    submits: &[i64],
    (crowds, sizes): (&[f64], &[f64]),
    rng: &mut Stream,
) -> Vec<i64> {
    let mut latent = remembered(class, submits, rng);
    let (crowd, size) = (class.burst_correlation, class.size_correlation);
    let rest = (1.0 - crowd * crowd - size * size).max(0.0).sqrt();
    let ties = normal_scores(crowds).into_iter().zip(normal_scores(sizes));
    for (latent, (in_crowd, in_size)) in latent.iter_mut().zip(ties) {
        *latent = crowd * in_crowd + size * in_size + rest * *latent;
    }
    let mut order: Vec<usize> = (0..latent.len()).collect();
    order.sort_by(|a, b| latent[*a].total_cmp(&latent[*b]));
    let (mut found, count) = (vec![0; latent.len()], latent.len() as f64);
    for (slice, job) in order.into_iter().enumerate() {
        let share = (slice as f64 + rng.random::<f64>()) / count;
        found[job] = class.run_time_s(share).round() as i64;
    }
    found
}

/// A standard normal number for each job, alike for jobs that follow each other closely.
fn remembered(class: &ClassSpec, submits: &[i64], rng: &mut Stream) -> Vec<f64> {
    let kept: f64 = class.memory.iter().map(|part| part.share).sum();
    let mut states: Vec<f64> = class.memory.iter().map(|_| standard_normal(rng)).collect();
    let mut before = submits.first().copied().unwrap_or(0);
    let mut latent = Vec::with_capacity(submits.len());
    for submit in submits {
        let hours = (submit - before) as f64 / HOUR;
        before = *submit;
        let mut value = (1.0 - kept).max(0.0).sqrt() * standard_normal(rng);
        for (state, part) in states.iter_mut().zip(&class.memory) {
            let keeps = (-hours / part.lasts_hours).exp();
            *state = keeps * *state + (1.0 - keeps * keeps).sqrt() * standard_normal(rng);
            value += part.share.sqrt() * *state;
        }
        latent.push(value);
    }
    latent
}

#[cfg(test)]
mod tests {
    use super::super::model::{BatchSpec, BurstSpec, MemorySpec};
    use super::super::ranks::correlation;
    use super::*;
    use crate::random::Streams;

    fn class() -> ClassSpec {
        ClassSpec {
            sizes: vec![(1, 3.0), (4, 1.0)],
            jobs_per_week: 1_680.0,
            hours: Vec::new(),
            weekdays: Vec::new(),
            hourly_variance: 0.0,
            batches: None,
            bursts: Vec::new(),
            run_times: vec![(0.0, 9.0), (1.0, 999.0)],
            memory: Vec::new(),
            burst_correlation: 0.0,
            size_correlation: 0.0,
        }
    }

    fn model(class: ClassSpec) -> ModelSpec {
        ModelSpec {
            format: 1,
            fitted_to: String::new(),
            shared_bursts_percent: 0.0,
            classes: vec![class],
        }
    }

    fn drawn(class: ClassSpec, weeks: usize, seed: u64) -> Vec<Job> {
        let mut rng = Streams::shared(seed).stream("test");
        draw(&model(class), &Draw::hours(weeks * HOURS_PER_WEEK), &mut rng)
    }

    fn by_hour(jobs: &[Job], hours: usize) -> Vec<f64> {
        let mut counts = vec![0.0; hours];
        for job in jobs {
            counts[(job.submit_s / HOUR_S) as usize] += 1.0;
        }
        counts
    }

    /// Variance over mean, of hourly counts.
    fn dispersion(counts: &[f64]) -> f64 {
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / counts.len() as f64 / mean
    }

    #[test]
    fn without_bursts_arrivals_are_poisson_and_follow_the_shape() {
        let mut shaped = class();
        shaped.hours = (0..24).map(|hour| if hour < 12 { 1.0 } else { 3.0 }).collect();
        let jobs = drawn(shaped, 200, 1);
        // 1,680 a week in 200 weeks: 336,000, with a standard deviation of 580.
        assert!(
            (jobs.len() as f64 - 336_000.0).abs() < 4.0 * 580.0,
            "{}",
            jobs.len()
        );
        let early = jobs.iter().filter(|job| job.submit_s / HOUR_S % 24 < 12).count();
        assert!((early as f64 / jobs.len() as f64 - 0.25).abs() < 0.004);
        let flat = by_hour(&drawn(class(), 200, 1), 200 * HOURS_PER_WEEK);
        // The dispersion of 33,600 Poisson counts has a standard deviation of sqrt(2 / 33,600) = 0.0077.
        assert!((dispersion(&flat) - 1.0).abs() < 0.031, "{}", dispersion(&flat));
        let large = jobs.iter().filter(|job| job.gpus == 4).count() as f64;
        assert!((large / jobs.len() as f64 - 0.25).abs() < 0.004);
    }

    #[test]
    fn bursts_have_the_dispersion_and_the_correlation_of_their_moments() {
        let (log_variance, lasts_hours, hourly_variance) = (0.4_f64, 6.0_f64, 0.5);
        let mut bursty = class();
        bursty.bursts = vec![BurstSpec {
            lasts_hours,
            log_variance,
        }];
        bursty.hourly_variance = hourly_variance;
        let hours = 600 * HOURS_PER_WEEK;
        let counts = by_hour(&drawn(bursty, 600, 2), hours);
        let mean = counts.iter().sum::<f64>() / hours as f64;
        // Mixed Poisson: variance = mean + mean^2 (E X^2 - 1), with E X^2 = e^v (1 + c).
        let expected = 1.0 + mean * (log_variance.exp() * (1.0 + hourly_variance) - 1.0);
        assert!(
            (dispersion(&counts) / expected - 1.0).abs() < 0.06,
            "{} {expected}",
            dispersion(&counts)
        );
        let lag = 3;
        let products: f64 = counts.windows(lag + 1).map(|w| w[0] * w[lag]).sum();
        let found = products / (hours - lag) as f64 / mean / mean - 1.0;
        let expected = (log_variance * (-(lag as f64) / lasts_hours).exp()).exp() - 1.0;
        assert!((found / expected - 1.0).abs() < 0.15, "{found} {expected}");
    }

    #[test]
    fn run_times_keep_their_distribution_whatever_they_remember() {
        let mut alike = class();
        alike.memory = vec![MemorySpec {
            lasts_hours: 1.0,
            share: 0.8,
        }];
        alike.burst_correlation = 0.3;
        for class in [class(), alike] {
            let expected = class.mean_run_time_s();
            let jobs = drawn(class, 4, 3);
            let mean = jobs.iter().map(|job| job.duration_s as f64).sum::<f64>() / jobs.len() as f64;
            // Slices leave only the noise within one six-thousandth of probability.
            assert!((mean / expected - 1.0).abs() < 1e-3, "{mean} {expected}");
            assert!(jobs.iter().all(|job| (9..=999).contains(&job.duration_s)));
        }
    }

    #[test]
    fn run_times_that_remember_are_alike_as_their_shares_say() {
        let mut alike = class();
        alike.memory = vec![MemorySpec {
            lasts_hours: 2.0,
            share: 0.6,
        }];
        let jobs = drawn(alike, 60, 4);
        let times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
        let scores = normal_scores(&times);
        // Ten jobs an hour: jobs ten places apart stand about an hour apart.
        let found = correlation(&scores[..scores.len() - 10], &scores[10..]).unwrap();
        // E e^(-g/2) of a gap g of ten exponential steps of 0.1 h: (1 / 1.05)^10.
        let expected = 0.6 * (1.0_f64 / 1.05).powi(10);
        assert!((found - expected).abs() < 0.03, "{found} {expected}");
    }

    #[test]
    fn run_times_go_with_sizes_as_far_as_said() {
        let mut tied = class();
        tied.sizes = (1..=100).map(|gpus| (gpus, 1.0)).collect();
        tied.size_correlation = -0.6;
        let jobs = drawn(tied, 20, 9);
        let sizes: Vec<f64> = jobs.iter().map(|job| f64::from(job.gpus)).collect();
        let times: Vec<f64> = jobs.iter().map(|job| job.duration_s as f64).collect();
        let found = correlation(&normal_scores(&sizes), &normal_scores(&times)).unwrap();
        // 33,600 jobs: a standard error of 0.004; a hundred sizes for all ranks take a little.
        assert!((found + 0.6).abs() < 0.015, "{found}");
    }

    #[test]
    fn batches_follow_at_once_as_often_as_said() {
        let mut batches = class();
        batches.batches = Some(BatchSpec {
            percent: 60.0,
            gap_seconds: 2.0,
        });
        let jobs = drawn(batches, 100, 8);
        let close = |w: &[Job]| {
            w[1].submit_s - w[0].submit_s <= 20 && w[0].submit_s / HOUR_S == w[1].submit_s / HOUR_S
        };
        let found = jobs.windows(2).filter(|w| close(w)).count() as f64;
        // An hour of Poisson mean 10 has 9 jobs that are not its first; of the rest a twentieth is that close by chance.
        let expected = 16_800.0 * 9.0 * (0.6 + 0.4 * 0.04);
        assert!((found / expected - 1.0).abs() < 0.03, "{found} {expected}");
    }

    #[test]
    fn classes_share_their_bursts_as_far_as_said() {
        let mut bursty = class();
        bursty.bursts = vec![BurstSpec {
            lasts_hours: 24.0,
            log_variance: 0.5,
        }];
        let (one, mut two) = (bursty.clone(), bursty);
        two.sizes = vec![(2, 1.0)];
        let weeks = 400;
        for (percent, expected) in [(0.0, 0.0), (100.0, 0.5_f64.exp() - 1.0)] {
            let both = ModelSpec {
                classes: vec![one.clone(), two.clone()],
                shared_bursts_percent: percent,
                ..model(class())
            };
            let mut rng = Streams::shared(5).stream("test");
            let jobs = draw(&both, &Draw::hours(weeks * HOURS_PER_WEEK), &mut rng);
            let of = |size: bool| {
                let some: Vec<Job> = jobs
                    .iter()
                    .filter(|job| (job.gpus == 2) == size)
                    .copied()
                    .collect();
                by_hour(&some, weeks * HOURS_PER_WEEK)
            };
            let (a, b) = (of(true), of(false));
            let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
            let cross = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / a.len() as f64;
            let found = cross / mean(&a) / mean(&b) - 1.0;
            assert!((found - expected).abs() < 0.12, "{percent}: {found} {expected}");
        }
    }

    #[test]
    fn growth_and_scale_change_the_number_of_jobs_and_a_seed_gives_one_trace() {
        let growth: Vec<f64> = (0..HOURS_PER_WEEK * 10)
            .map(|h| if h < 840 { 1.0 } else { 3.0 })
            .collect();
        let how = Draw {
            scale: 2.0,
            growth: &growth,
            ..Draw::hours(growth.len())
        };
        let model = model(class());
        assert_eq!(how.expected_jobs(&model), 1_680.0 * 2.0 * 10.0 * 2.0);
        let jobs = |seed| draw(&model, &how, &mut Streams::shared(seed).stream("test"));
        let found = jobs(6);
        let late = found.iter().filter(|job| job.submit_s >= 840 * HOUR_S).count();
        assert!((late as f64 / found.len() as f64 - 0.75).abs() < 0.01);
        assert_eq!(found, jobs(6));
        assert_ne!(found, jobs(7));
        assert!(found.is_sorted_by_key(Job::rank));
    }
}
