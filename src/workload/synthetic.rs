//! A seeded generator of job traces fitted to Microsoft's Philly trace: the trace of scenarios without files.
//!
//! What was fitted, to the nine whole weeks of the published jobs from 2017-09-04 to 2017-11-05, and how well
//! it matches, stands in `docs/METHOD-demand.md`. In short: single-GPU jobs arrive by a Poisson process whose
//! rate follows the hour of the day, the weekday and two log-normal bursts (one that lasts days, one that lasts
//! hours); gangs of each size arrive by a Poisson process whose rate is redrawn each hour from a gamma
//! distribution; run times come from the quantiles measured for each size, one from each equal slice of
//! probability in random order, so that a short trace still carries the measured load.

use jiff::civil::{DateTime, date};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{HOUR_S, WEEK_S};
use crate::workload::job::{Job, Trace};

const HOURS_PER_WEEK: usize = 168;
/// Load of the nine whole weeks: GPU-seconds submitted per second.
const MEASURED_GPUS: f64 = 457.4;
/// The most weeks.
const WEEKS_MAX: u32 = 1_040;
/// The most load.
const GPUS_MEAN_MAX: f64 = 50_000.0;

/// A synthetic job trace fitted to Microsoft's Philly trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyntheticTraceSpec {
    /// Length in whole weeks, 26 unless given (assumption: enough that the heavy tail of run times is met).
    #[serde(default = "default_weeks")]
    pub weeks: u32,
    /// Mean load of one copy in GPUs, reached by more or fewer jobs of the same kind; 457.4 as measured on nine
    /// whole weeks of the Philly trace unless given.
    #[serde(default = "default_mean_gpus")]
    pub mean_gpus: f64,
}

fn default_weeks() -> u32 {
    26
}

fn default_mean_gpus() -> f64 {
    MEASURED_GPUS
}

impl Default for SyntheticTraceSpec {
    fn default() -> Self {
        Self {
            weeks: default_weeks(),
            mean_gpus: default_mean_gpus(),
        }
    }
}

impl Check for SyntheticTraceSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("weeks"), f64::from(self.weeks), 1.0, f64::from(WEEKS_MAX));
        let mean = at.key("mean_gpus");
        problems.positive(&mean, self.mean_gpus);
        problems.within(&mean, self.mean_gpus, f64::NEG_INFINITY, GPUS_MEAN_MAX);
        let jobs = f64::from(self.weeks) * self.mean_gpus / MEASURED_GPUS * 6_200.0;
        if jobs > 20e6 {
            problems.error(
                at,
                format!("about {jobs:.0} jobs; a synthetic trace has at most 20 million"),
            );
        }
    }
}

/// The probabilities of the quantile tables.
const SHARES: [f64; 24] = [
    0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.35, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97,
    0.98, 0.99, 0.995, 0.998, 0.999, 1.0,
];

/// Jobs of similar size.
struct Group {
    /// Gang sizes with their counts.
    sizes: &'static [(u32, u32)],
    /// Jobs in the nine weeks.
    jobs: f64,
    /// Variance over mean of hourly counts, after the first two weeks.
    dispersion: f64,
    /// Quantiles of the run time at [`SHARES`], in seconds.
    durations: [f64; 24],
}

/// Measured on the nine whole weeks.
const GROUPS: [Group; 5] = [
    Group {
        sizes: &[(1, 52_762)],
        jobs: 52_762.0,
        dispersion: f64::NAN, // Single-GPU jobs have their own bursts.
        durations: [
            1.0,
            38.0,
            43.0,
            51.0,
            63.0,
            71.0,
            201.0,
            672.0,
            1_426.0,
            1_945.0,
            2_512.0,
            2_726.0,
            3_540.0,
            4_847.0,
            7_303.0,
            10_834.0,
            15_190.0,
            31_143.0,
            64_197.0,
            122_155.0,
            286_168.0,
            587_456.0,
            1_175_997.0,
            3_256_045.0,
        ],
    },
    Group {
        sizes: &[(2, 1_007)],
        jobs: 1_007.0,
        dispersion: 15.8,
        durations: [
            2.0,
            4.0,
            6.0,
            8.0,
            10.0,
            12.0,
            14.0,
            16.0,
            19.0,
            21.0,
            33.0,
            113.0,
            35_686.0,
            90_853.0,
            162_408.0,
            217_130.0,
            269_772.0,
            396_021.0,
            484_249.0,
            784_713.0,
            1_150_533.0,
            1_462_927.0,
            1_520_803.0,
            2_582_803.0,
        ],
    },
    Group {
        sizes: &[(4, 1_149)],
        jobs: 1_149.0,
        dispersion: 6.3,
        durations: [
            19.0,
            39.0,
            52.0,
            80.0,
            148.0,
            208.0,
            765.0,
            4_712.0,
            21_983.0,
            41_904.0,
            80_736.0,
            92_741.0,
            113_096.0,
            169_098.0,
            196_044.0,
            252_478.0,
            412_263.0,
            528_731.0,
            751_477.0,
            1_146_686.0,
            1_478_809.0,
            2_311_037.0,
            2_608_310.0,
            2_750_674.0,
        ],
    },
    Group {
        sizes: &[(8, 779)],
        jobs: 779.0,
        dispersion: 2.74,
        durations: [
            17.0,
            33.0,
            69.0,
            190.0,
            555.0,
            1_219.0,
            5_624.0,
            25_605.0,
            104_793.0,
            160_177.0,
            200_884.0,
            229_337.0,
            295_797.0,
            374_702.0,
            490_950.0,
            591_912.0,
            722_629.0,
            927_227.0,
            1_065_505.0,
            2_011_633.0,
            2_216_904.0,
            2_656_788.0,
            3_096_000.0,
            4_628_226.0,
        ],
    },
    Group {
        sizes: &[(12, 7), (16, 69), (24, 4), (32, 26)],
        jobs: 106.0,
        dispersion: 2.66,
        durations: [
            32.0,
            41.0,
            42.0,
            117.0,
            198.0,
            294.0,
            605.0,
            3_835.0,
            47_944.0,
            55_944.0,
            71_492.0,
            117_932.0,
            161_361.0,
            251_426.0,
            462_429.0,
            506_376.0,
            588_810.0,
            652_554.0,
            1_102_936.0,
            1_359_002.0,
            1_531_740.0,
            1_639_082.0,
            1_674_862.0,
            1_710_643.0,
        ],
    },
];

const MEASURED_HOURS: f64 = 9.0 * 168.0;
/// Arrivals of single-GPU jobs by hour of the local day, as ratios to the mean.
const SINGLE_HOURS: [f64; 24] = [
    1.346, 1.148, 1.313, 0.892, 0.460, 1.199, 1.658, 2.416, 1.012, 0.943, 0.963, 0.728, 0.832, 0.592, 0.598,
    0.505, 0.974, 0.664, 0.545, 0.591, 1.211, 0.992, 1.276, 1.142,
];
/// The same from Monday to Sunday.
const SINGLE_DAYS: [f64; 7] = [0.799, 1.037, 1.136, 1.256, 1.427, 0.689, 0.657];
/// Arrivals of gangs by hour of the local day.
const GANG_HOURS: [f64; 24] = [
    0.947, 1.776, 1.097, 0.813, 0.994, 1.428, 1.255, 1.136, 1.207, 1.215, 0.789, 0.568, 1.160, 0.837, 0.758,
    0.947, 0.758, 0.979, 1.223, 0.560, 0.734, 0.939, 0.979, 0.900,
];
/// The same from Monday to Sunday.
const GANG_DAYS: [f64; 7] = [0.951, 0.997, 1.008, 1.243, 1.119, 0.817, 0.866];

/// Bursts of single-GPU jobs: variance of the log rate, and its correlation from hour to hour.
const SLOW: (f64, f64) = (1.0, 0.985);
const FAST: (f64, f64) = (0.85, 0.55);

/// Makes the trace of a checked spec. Second zero is a Monday, 00:00 local.
pub fn generate(spec: &SyntheticTraceSpec, rng: &mut Stream) -> Trace {
    let hours = spec.weeks as usize * HOURS_PER_WEEK;
    let scale = spec.mean_gpus / MEASURED_GPUS;
    let mut jobs = Vec::new();
    for group in &GROUPS {
        let mean = group.jobs / MEASURED_HOURS * scale;
        let counts = if group.dispersion.is_nan() {
            bursty_counts(hours, mean, rng)
        } else {
            gamma_counts(hours, mean, group.dispersion, rng)
        };
        add_jobs(group, &counts, rng, &mut jobs);
    }
    jobs.sort_by_key(|job| (job.submit_s, job.gpus, job.duration_s));
    for (id, job) in jobs.iter_mut().enumerate() {
        job.id = id as u64;
    }
    let monday: DateTime = date(2018, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let assumption = format!(
        "synthetic: {} weeks fitted to the Philly trace, {:.1} GPUs of mean load",
        spec.weeks, spec.mean_gpus
    );
    Trace::new(jobs, Some(monday), vec![assumption])
}

/// Hourly counts of single-GPU jobs.
fn bursty_counts(hours: usize, mean: f64, rng: &mut Stream) -> Vec<u64> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let (mut slow, mut fast) = (normal(), normal());
    let mut rates = Vec::with_capacity(hours);
    let mut shapes = 0.0;
    for hour in 0..hours {
        let shape = SINGLE_HOURS[hour % 24] * SINGLE_DAYS[hour / 24 % 7];
        shapes += shape;
        rates.push(shape * (SLOW.0.sqrt() * slow + FAST.0.sqrt() * fast).exp());
        slow = SLOW.1 * slow + (1.0 - SLOW.1 * SLOW.1).sqrt() * normal();
        fast = FAST.1 * fast + (1.0 - FAST.1 * FAST.1).sqrt() * normal();
    }
    // The bursts move jobs in time; the number of jobs stays as measured.
    let norm = mean * shapes / rates.iter().sum::<f64>();
    rates.into_iter().map(|rate| poisson(rate * norm, rng)).collect()
}

/// Hourly counts of gangs: negative binomial with the measured ratio of variance to mean.
fn gamma_counts(hours: usize, mean: f64, dispersion: f64, rng: &mut Stream) -> Vec<u64> {
    let count = |hour: usize, rng: &mut Stream| {
        let rate = mean * GANG_HOURS[hour % 24] * GANG_DAYS[hour / 24 % 7];
        let gamma = Gamma::new(rate / (dispersion - 1.0), dispersion - 1.0).expect("rates are positive");
        poisson(gamma.sample(rng), rng)
    };
    (0..hours).map(|hour| count(hour, rng)).collect()
}

fn poisson(rate: f64, rng: &mut Stream) -> u64 {
    match Poisson::new(rate) {
        Ok(poisson) => poisson.sample(rng) as u64,
        // A rate that underflows to zero has no arrivals.
        Err(_) => 0,
    }
}

/// Adds the jobs of a group, with run times from equal slices of probability in random order.
fn add_jobs(group: &Group, counts: &[u64], rng: &mut Stream, jobs: &mut Vec<Job>) {
    let total: u64 = counts.iter().sum();
    let mut slices: Vec<u64> = (0..total).collect();
    slices.shuffle(rng);
    let weight: u32 = group.sizes.iter().map(|(_, weight)| weight).sum();
    let mut next = slices.into_iter();
    for (hour, count) in counts.iter().enumerate() {
        for slice in next.by_ref().take(*count as usize) {
            let share = (slice as f64 + rng.random::<f64>()) / total as f64;
            let duration_s = quantile(&group.durations, share).round() as i64;
            let submit_s = hour as i64 * HOUR_S + rng.random_range(0..HOUR_S);
            let gpus = pick(group.sizes, rng.random_range(0..weight));
            jobs.push(Job::new(0, submit_s, gpus, duration_s));
        }
    }
}

fn pick(sizes: &[(u32, u32)], mut ticket: u32) -> u32 {
    for (size, weight) in sizes {
        if ticket < *weight {
            return *size;
        }
        ticket -= weight;
    }
    sizes[0].0
}

/// The run time at a probability: linear in the logarithm between the tabled quantiles.
fn quantile(table: &[f64; 24], share: f64) -> f64 {
    let after = SHARES.partition_point(|s| *s <= share).clamp(1, SHARES.len() - 1);
    let along = (share - SHARES[after - 1]) / (SHARES[after] - SHARES[after - 1]);
    table[after - 1] * (table[after] / table[after - 1]).powf(along)
}

/// Mean load of a trace over whole weeks, in GPUs.
pub fn mean_load_gpus(trace: &Trace, weeks: u32) -> f64 {
    trace.gpu_s() as f64 / (f64::from(weeks.max(1)) * WEEK_S as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn trace(seed: u64) -> Trace {
        generate(
            &SyntheticTraceSpec::default(),
            &mut Streams::shared(seed).stream("demand/synthetic"),
        )
    }

    #[test]
    fn the_load_the_counts_and_the_sizes_are_the_measured_ones() {
        let trace = trace(1);
        let load = mean_load_gpus(&trace, 26);
        // Measured 457.4; the table of quantiles alone gives 459.5.
        assert!((load / 457.4 - 1.0).abs() < 0.08, "{load}");
        let per_week = trace.jobs().len() as f64 / 26.0;
        assert!((per_week / (55_803.0 / 9.0) - 1.0).abs() < 0.02, "{per_week}");
        let eights: i64 = trace
            .jobs()
            .iter()
            .filter(|job| job.gpus == 8)
            .map(Job::gpu_s)
            .sum();
        let share = eights as f64 / trace.gpu_s() as f64;
        assert!((share - 0.504).abs() < 0.06, "{share}");
    }

    #[test]
    fn arrivals_are_bursty_and_the_same_seed_gives_the_same_trace() {
        let trace = trace(1);
        let mut counts = vec![0.0; 26 * HOURS_PER_WEEK];
        for job in trace.jobs() {
            counts[(job.submit_s / HOUR_S) as usize] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance = counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / counts.len() as f64;
        // Measured 199 with the two thin weeks, 189 without; a Poisson process has 1.
        assert!((90.0..400.0).contains(&(variance / mean)), "{}", variance / mean);
        assert_eq!(trace, super::tests::trace(1));
        assert_ne!(trace, super::tests::trace(2));
    }

    #[test]
    fn quantiles_are_those_of_the_table() {
        let table = &GROUPS[3].durations;
        assert_eq!(quantile(table, 0.5), 104_793.0);
        assert_eq!(quantile(table, 0.0), 17.0);
        assert!((quantile(table, 1.0) - 4_628_226.0).abs() < 1e-6);
    }

    #[test]
    fn sizes_that_make_no_sense_are_refused() {
        let mut problems = Problems::new();
        SyntheticTraceSpec {
            weeks: 0,
            mean_gpus: f64::NAN,
        }
        .check(&FieldPath::root(), &mut problems);
        assert!(problems.as_slice().len() >= 2);
    }
}
