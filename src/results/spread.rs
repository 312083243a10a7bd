//! What tables say of a sample: the kernel's statistics with `NaN` where a single value has no spread.

use crate::stats;

/// Mean, spread and the 95 % interval of the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation; `NaN` for one value.
    pub sd: f64,
    /// Lower end of the interval.
    pub ci95_low: f64,
    /// Upper end of it.
    pub ci95_high: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Summary {
    /// Of at least one finite value; one value has no spread and no interval, which are `NaN`.
    pub fn of(values: &[f64]) -> Self {
        let summary = stats::summary::Summary::of(values).expect("the caller has at least one value");
        let estimate = summary.estimate;
        Self {
            n: estimate.n,
            mean: estimate.mean,
            sd: estimate.sd.unwrap_or(f64::NAN),
            ci95_low: estimate.ci95.map_or(f64::NAN, |ci| ci.low),
            ci95_high: estimate.ci95.map_or(f64::NAN, |ci| ci.high),
            min: summary.min,
            max: summary.max,
        }
    }
}

/// The 97.5 % point of Student's t; broken degrees of freedom (Welch's) are rounded down, which widens
/// (whole ones that rounding has put just below stay whole).
pub fn t_975(freedom: f64) -> f64 {
    stats::summary::student_t95((freedom + 1e-6) as usize)
}

/// The quantile of sorted values by linear interpolation (type 7).
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    stats::quantile::quantile_sorted(sorted, p).expect("the caller has at least one value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_and_quantiles_match_hand_values() {
        let s = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(s.mean, 5.0);
        assert!((s.sd - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
        // t(0.975, 7) = 2.364624 in printed tables.
        assert!((s.ci95_high - 5.0 - 2.364_624 * s.sd / 8.0_f64.sqrt()).abs() < 1e-6);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.1), 1.3);
        assert_eq!(quantile(&[7.0], 0.9), 7.0);
        assert!(Summary::of(&[7.0]).sd.is_nan());
        assert_eq!(Summary::of(&[0.1; 10]).sd, 0.0);
    }
}
