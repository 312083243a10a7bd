//! Mean, spread and confidence intervals of a sample of replications.

use statrs::function::beta::beta_reg;

use crate::stats::quantile::{quantile_sorted, sorted};
use crate::stats::root::bracketed_root;

/// An interval with a lower and an upper end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether it holds a value.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
    /// Half its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The mean of a sample and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Size of the sample.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation with `n - 1` in the denominator; `None` for a single value.
    pub sd: Option<f64>,
    /// 95 % confidence interval of the mean by Student's t; `None` for a single value.
    pub ci95: Option<Interval>,
}

impl Estimate {
    /// Of a sample; `None` where it is empty.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        let sd = standard_deviation(values, mean);
        let ci95 = sd.map(|sd| {
            let half = student_t95(values.len() - 1) * sd / (values.len() as f64).sqrt();
            Interval {
                low: mean - half,
                high: mean + half,
            }
        });
        Some(Self {
            n: values.len(),
            mean,
            sd,
            ci95,
        })
    }
}

/// Everything that a table says about one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean and its interval.
    pub estimate: Estimate,
    /// 5th percentile; all percentiles are of type 7.
    pub p5: f64,
    /// 10th percentile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
}

impl Summary {
    /// Of a sample; `None` where it is empty.
    pub fn of(values: &[f64]) -> Option<Self> {
        let estimate = Estimate::of(values)?;
        let sorted = sorted(values);
        let at = |p| quantile_sorted(&sorted, p);
        Some(Self {
            estimate,
            p5: at(0.05)?,
            p10: at(0.10)?,
            p50: at(0.50)?,
            p90: at(0.90)?,
            p95: at(0.95)?,
            min: at(0.0)?,
            max: at(1.0)?,
        })
    }
}

/// The arithmetic mean, summed in the order given; `None` where there are no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let n = values.len() as f64;
    let first = values.iter().sum::<f64>() / n;
    // The second pass takes back what rounding lost, so that a constant sample has exactly its value as mean.
    Some(first + values.iter().map(|v| v - first).sum::<f64>() / n)
}

/// The standard deviation about a known mean, by the corrected two-pass formula.
fn standard_deviation(values: &[f64], mean: f64) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let (squares, rest) = values.iter().fold((0.0, 0.0), |(squares, rest), value| {
        let deviation = value - mean;
        (squares + deviation * deviation, rest + deviation)
    });
    Some(((squares - rest * rest / n).max(0.0) / (n - 1.0)).sqrt())
}

/// The 97.5 % point of Student's t with `freedom` degrees of freedom, at least one.
///
/// Solved in a bracket rather than by the library's inverse, whose loop has no bound.
pub fn student_t95(freedom: usize) -> f64 {
    let freedom = freedom.max(1) as f64;
    let upper_tail = |t: f64| 0.5 * beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    bracketed_root(1.9, 13.0, |t| upper_tail(t) - 0.025)
        .expect("the point lies between 1.96 (normal) and 12.71 (one degree of freedom)")
}

/// The point that Student's t stays within, on both sides, with probability `1 - alpha`, for `alpha` from 1e-6.
pub fn student_t(freedom: usize, alpha: f64) -> f64 {
    let freedom = freedom.max(1) as f64;
    let both_tails = |t: f64| beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    bracketed_root(1e-6, 1e7, |t| both_tails(t) - alpha.clamp(1e-6, 0.999))
        .expect("one degree of freedom has its point of 1e-6 at 640,000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_points_of_any_probability_match_the_printed_table() {
        for (freedom, alpha, t) in [
            (1, 0.05, 12.706),
            (10, 0.01, 3.169),
            (30, 0.002, 3.385),
            (5, 0.1, 2.015),
        ] {
            assert!((student_t(freedom, alpha) - t).abs() < 5e-4, "{freedom} {alpha}");
        }
    }

    #[test]
    fn student_points_match_the_printed_table() {
        // NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
        for (freedom, t) in [
            (1, 12.706),
            (2, 4.303),
            (4, 2.776),
            (9, 2.262),
            (29, 2.045),
            (99, 1.984),
        ] {
            assert!(
                (student_t95(freedom) - t).abs() < 5e-4,
                "{freedom}: {}",
                student_t95(freedom)
            );
        }
        assert!((student_t95(100_000_000) - 1.959_963_98).abs() < 1e-6);
    }

    #[test]
    fn a_summary_agrees_with_a_calculation_by_hand() {
        let summary = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        let sd = (32.0_f64 / 7.0).sqrt();
        assert_eq!(summary.estimate.mean, 5.0);
        assert!((summary.estimate.sd.unwrap() - sd).abs() < 1e-15);
        let interval = summary.estimate.ci95.unwrap();
        // t(7) = 2.364624.
        assert!((interval.high - (5.0 + 2.364_624 * sd / 8.0_f64.sqrt())).abs() < 1e-6);
        assert!((interval.low + interval.high - 10.0).abs() < 1e-12);
        assert_eq!((summary.min, summary.p50, summary.max), (2.0, 4.5, 9.0));
    }

    #[test]
    fn a_large_offset_does_not_swallow_the_spread() {
        let values: Vec<f64> = (0..1_000).map(|i| 1e12 + f64::from(i % 2)).collect();
        let estimate = Estimate::of(&values).unwrap();
        assert_eq!(estimate.mean, 1e12 + 0.5);
        assert!((estimate.sd.unwrap() - 0.5 * (1_000.0_f64 / 999.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn one_value_has_a_mean_and_no_interval_and_none_has_nothing() {
        let estimate = Estimate::of(&[3.0]).unwrap();
        assert_eq!((estimate.mean, estimate.sd, estimate.ci95), (3.0, None, None));
        assert_eq!(Estimate::of(&[]), None);
        assert_eq!(Summary::of(&[]), None);
        let constant = Estimate::of(&[0.1; 7]).unwrap();
        assert_eq!((constant.mean, constant.sd), (0.1, Some(0.0)));
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        use crate::random::{DistributionSpec, Streams};
        let normal = DistributionSpec::Normal { mean: 3.0, sd: 2.0 }.build();
        let mut stream = Streams::new(7, 0).stream("test/coverage");
        let covered = (0..4_000)
            .filter(|_| {
                let sample: Vec<f64> = (0..6).map(|_| normal.sample(&mut stream)).collect();
                Estimate::of(&sample).unwrap().ci95.unwrap().contains(3.0)
            })
            .count();
        // Binomial: 3,800 expected, standard deviation 13.8.
        assert!((3_750..=3_850).contains(&covered), "{covered}");
    }
}
