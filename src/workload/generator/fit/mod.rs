//! A model fitted to a trace by its moments: nothing is searched for, so the same trace gives the same model.

mod arrivals;
mod least;
mod run_times;

use thiserror::Error;

use self::arrivals::Arrivals;
use super::model::{ClassSpec, ModelSpec, SIZES_MAX};
use super::sample::Sample;
use crate::workload::job::Job;

/// A class of sizes holds at least so many jobs where the trace has them; sizes of fewer join their neighbours.
const CLASS_JOBS: usize = 60;

/// Why nothing can be fitted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FitError {
    /// Not two whole days.
    #[error("the trace holds no two whole days ({jobs} jobs); a generator is fitted to whole days or weeks")]
    TooShort {
        /// Jobs of the trace.
        jobs: usize,
    },
    /// More hours than can be held.
    #[error("the trace covers {hours} hours; at most {max} can be fitted", max = super::sample::HOURS_MAX)]
    TooLong {
        /// Hours of the trace.
        hours: usize,
    },
    /// No job, or none that works.
    #[error("the whole {word} of the trace hold no job with a run time; nothing can be fitted")]
    Empty {
        /// Days or weeks.
        word: &'static str,
    },
}

/// Ranges of gang sizes, each from one size to another, that are treated as one class: powers of two, joined downwards
/// from the largest until each holds sixty jobs.
pub fn size_classes(sample: &Sample) -> Vec<(u32, u32)> {
    let mut counts = [0_usize; 33];
    for job in sample.jobs() {
        counts[bucket(job.gpus)] += 1;
    }
    let mut classes: Vec<(usize, (usize, usize))> = Vec::new();
    let mut open: Option<(usize, (usize, usize))> = None;
    for (bucket, count) in counts
        .into_iter()
        .enumerate()
        .rev()
        .filter(|(_, count)| *count > 0)
    {
        let (sum, (_, top)) = open.unwrap_or((0, (bucket, bucket)));
        let grown = (sum + count, (bucket, top));
        open = if grown.0 >= CLASS_JOBS {
            classes.push(grown);
            None
        } else {
            Some(grown)
        };
    }
    // What is left at the small end joins the class above it.
    if let Some((count, (low, top))) = open {
        match classes.last_mut() {
            Some(last) => *last = (last.0 + count, (low, last.1.1)),
            None => classes.push((count, (low, top))),
        }
    }
    let range = |(_, (low, top)): &(usize, (usize, usize))| (lowest(*low), highest(*top));
    classes.iter().rev().map(range).collect()
}

/// The power of two that a size does not exceed.
fn bucket(gpus: u32) -> usize {
    (u32::BITS - gpus.saturating_sub(1).leading_zeros()) as usize
}

fn lowest(bucket: usize) -> u32 {
    if bucket == 0 { 1 } else { (1 << (bucket - 1)) + 1 }
}

fn highest(bucket: usize) -> u32 {
    1 << bucket
}

/// Fits a model to a sample, with a class for each of the ranges of sizes that has a job.
pub fn fit(sample: &Sample, sizes: &[(u32, u32)], fitted_to: String) -> Result<ModelSpec, FitError> {
    let works = |job: &Job| job.duration_s > 0;
    if !sample.jobs().iter().any(works) {
        return Err(FitError::Empty {
            word: sample.block_word(),
        });
    }
    let jobs: Vec<Vec<Job>> = sizes.iter().map(|range| sample.of_sizes(*range)).collect();
    let jobs: Vec<Vec<Job>> = jobs.into_iter().filter(|jobs| !jobs.is_empty()).collect();
    let arrivals: Vec<Arrivals> = jobs.iter().map(|jobs| Arrivals::fit(sample, jobs)).collect();
    let class = |(jobs, arrivals): (&Vec<Job>, &Arrivals)| class(sample, jobs, arrivals);
    Ok(ModelSpec {
        format: super::model::FORMAT,
        fitted_to,
        shared_bursts_percent: rounded(arrivals::shared(sample, &arrivals) * 100.0),
        classes: jobs.iter().zip(&arrivals).map(class).collect(),
    })
}

fn class(sample: &Sample, jobs: &[Job], arrivals: &Arrivals) -> ClassSpec {
    let crowds: Vec<f64> = jobs.iter().map(|job| arrivals.crowd(job)).collect();
    let likeness = run_times::likeness(jobs, &crowds);
    ClassSpec {
        sizes: sizes(jobs),
        jobs_per_week: jobs.len() as f64 * 168.0 / sample.kept_hours() as f64,
        hours: arrivals.hours.iter().copied().map(rounded).collect(),
        weekdays: arrivals.weekdays.iter().copied().map(rounded).collect(),
        hourly_variance: rounded(arrivals.hourly_variance),
        batches: arrivals.batches,
        bursts: arrivals.bursts.clone(),
        run_times: run_times::distribution(jobs),
        memory: likeness.memory,
        burst_correlation: rounded(likeness.burst_correlation),
        size_correlation: rounded(likeness.size_correlation),
    }
}

/// Sizes with their counts; where there are too many, the rarest join the next smaller one.
fn sizes(jobs: &[Job]) -> Vec<(u32, f64)> {
    let mut all: Vec<u32> = jobs.iter().map(|job| job.gpus).collect();
    all.sort_unstable();
    let step = all.len().div_ceil(SIZES_MAX);
    let distinct = all.chunk_by(|a, b| a == b);
    let mut sizes: Vec<(u32, f64)> = distinct.map(|same| (same[0], same.len() as f64)).collect();
    if sizes.len() > SIZES_MAX {
        sizes = all.iter().step_by(step).map(|gpus| (*gpus, 1.0)).collect();
    }
    sizes
}

/// Four significant digits: more would only look exact.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 10.0_f64.powi(3 - value.abs().log10().floor() as i32);
    (value * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::super::draw::{Draw, draw};
    use super::super::model::{BatchSpec, BurstSpec, MemorySpec};
    use super::*;
    use crate::random::Streams;
    use crate::workload::job::Trace;

    fn truth() -> ModelSpec {
        let wave = |hour: u32| 1.0 + 0.6 * (f64::from(hour) * std::f64::consts::PI / 12.0).sin();
        let small = ClassSpec {
            sizes: vec![(1, 1.0)],
            jobs_per_week: 3_360.0,
            hours: (0..24).map(wave).collect(),
            weekdays: vec![1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5],
            hourly_variance: 0.4,
            batches: Some(BatchSpec {
                percent: 40.0,
                gap_seconds: 5.0,
            }),
            bursts: vec![BurstSpec {
                lasts_hours: 6.0,
                log_variance: 0.5,
            }],
            run_times: vec![(0.0, 9.0), (0.5, 99.0), (1.0, 9_999.0)],
            memory: vec![MemorySpec {
                lasts_hours: 2.0,
                share: 0.5,
            }],
            burst_correlation: -0.3,
            size_correlation: 0.0,
        };
        let large = ClassSpec {
            sizes: vec![(6, 1.0), (8, 3.0)],
            jobs_per_week: 672.0,
            run_times: vec![(0.0, 999.0), (1.0, 99_999.0)],
            batches: None,
            ..small.clone()
        };
        ModelSpec {
            format: 1,
            fitted_to: String::new(),
            shared_bursts_percent: 70.0,
            classes: vec![small, large],
        }
    }

    fn fitted(weeks: usize) -> ModelSpec {
        let jobs = draw(
            &truth(),
            &Draw::hours(weeks * 168),
            &mut Streams::shared(11).stream("truth"),
        );
        let sample = Sample::new(&Trace::new(jobs, None, Vec::new())).unwrap();
        let sizes = size_classes(&sample);
        assert_eq!(sizes, [(1, 1), (5, 8)]);
        fit(&sample, &sizes, String::new()).unwrap()
    }

    #[test]
    fn what_was_drawn_from_a_model_is_fitted_by_the_model() {
        let (truth, fitted) = (truth(), fitted(100));
        for (true_one, found) in truth.classes.iter().zip(&fitted.classes) {
            let near = |what: &str, got: f64, expected: f64, within: f64| {
                assert!(
                    (got - expected).abs() <= within,
                    "{what}: {got}, drawn from {expected}"
                );
            };
            // Normalised draws: only the Poisson noise of 67,200 or more jobs is left.
            near("jobs", found.jobs_per_week / true_one.jobs_per_week, 1.0, 0.015);
            near("size", found.mean_gpus() / true_one.mean_gpus(), 1.0, 0.005);
            near(
                "run time",
                found.mean_run_time_s() / true_one.mean_run_time_s(),
                1.0,
                0.01,
            );
            for share in [0.1, 0.3, 0.5, 0.7, 0.9] {
                let (got, expected) = (found.run_time_s(share), true_one.run_time_s(share));
                near("quantile", (got / expected).ln(), 0.0, 0.06);
            }
            // The peak of the wave is smoothed by a quarter, a half and a quarter over three hours.
            near("shape", found.shape(6), 1.2 * 1.6, 0.15);
            near("shape", found.shape(5 * 24 + 18), 0.5 * 0.4, 0.1);
            // Log-covariance of the rates after some hours, and the variance within an hour.
            for (lag, within) in [(1.0, 0.08), (6.0, 0.08), (24.0, 0.06)] {
                let part = |burst: &BurstSpec| burst.log_variance * f64::exp(-lag / burst.lasts_hours);
                let got = found.bursts.iter().map(part).sum::<f64>();
                near("bursts", got, 0.5 * f64::exp(-lag / 6.0), within);
            }
            let all = |class: &ClassSpec| {
                let lasting = class.bursts.iter().map(|burst| burst.log_variance).sum::<f64>();
                lasting + class.hourly_variance.ln_1p()
            };
            near("variance", all(found), all(true_one), 0.1);
            for (gap, within) in [(0.1, 0.08), (1.0, 0.08), (12.0, 0.08)] {
                let part = |part: &MemorySpec| part.share * f64::exp(-gap / part.lasts_hours);
                let got = found.memory.iter().map(part).sum::<f64>();
                near("memory", got, 0.5 * f64::exp(-gap / 2.0), within);
            }
            near("crowd", found.burst_correlation, -0.3, 0.06);
        }
        let batches = fitted.classes[0].batches.unwrap();
        assert!((batches.percent - 40.0).abs() < 4.0, "{batches:?}");
        assert!((batches.gap_seconds - 5.0).abs() < 2.0, "{batches:?}");
        // Covariance of the two classes after three hours: bursts of one length are shared.
        let [one, two] = &fitted.classes[..] else { panic!() };
        let both = |a: &BurstSpec| {
            let other = two
                .bursts
                .iter()
                .find(|b| (a.lasts_hours - b.lasts_hours).abs() < 1e-9);
            let variance = other.map_or(0.0, |b| (a.log_variance * b.log_variance).sqrt());
            variance * f64::exp(-3.0 / a.lasts_hours)
        };
        let found = one.bursts.iter().map(both).sum::<f64>() * fitted.shared_bursts_percent / 100.0;
        assert!((found - 0.7 * 0.5 * f64::exp(-0.5)).abs() < 0.04, "{found}");
    }

    #[test]
    fn rare_sizes_join_their_neighbours() {
        let many = |gpus: u32, count: u64| (0..count).map(move |k| Job::new(k, k as i64 * 3_600, gpus, 60));
        let of = |jobs: Vec<Job>| size_classes(&Sample::new(&Trace::new(jobs, None, Vec::new())).unwrap());
        let jobs: Vec<Job> = many(1, 200)
            .chain(many(2, 20))
            .chain(many(8, 50))
            .chain(many(64, 30))
            .collect();
        // 30 of 64 join the 50 of 8; the 20 of 2 are joined by all of 1.
        assert_eq!(of(jobs), [(1, 2), (5, 64)]);
        let jobs: Vec<Job> = many(1, 10).chain(many(2, 200)).collect();
        assert_eq!(of(jobs), [(1, 2)]);
        assert_eq!(of(many(3, 60).collect()), [(3, 4)]);
    }

    #[test]
    fn jobs_without_run_times_cannot_be_fitted() {
        let jobs = (0..100).map(|k| Job::new(k, k as i64 * 3_600, 1, 0)).collect();
        let sample = Sample::new(&Trace::new(jobs, None, Vec::new())).unwrap();
        let sizes = size_classes(&sample);
        assert!(matches!(
            fit(&sample, &sizes, String::new()),
            Err(FitError::Empty { .. })
        ));
    }
}
