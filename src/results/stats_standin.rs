//! A stand-in for the kernel's `stats` until it is merged: the same shapes, to be swapped by a change of path.

use statrs::distribution::{ContinuousCDF, StudentsT};

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
        assert!(!values.is_empty(), "a summary needs at least one value");
        let n = values.len() as f64;
        let first = values.iter().sum::<f64>() / n;
        // A second pass takes back what rounding lost, so that a constant sample has exactly its value as mean.
        let mean = first + values.iter().map(|v| v - first).sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let (sd, half) = if values.len() > 1 {
            let sd = (squares / (n - 1.0)).sqrt();
            (sd, t_975(n - 1.0) * sd / n.sqrt())
        } else {
            (f64::NAN, f64::NAN)
        };
        Self {
            n: values.len(),
            mean,
            sd,
            ci95_low: mean - half,
            ci95_high: mean + half,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

/// The 97.5 % point of Student's t with the given degrees of freedom (at least a hundredth).
pub fn t_975(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(0.01)).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}

/// The quantile of sorted values by linear interpolation (type 7).
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    assert!(!sorted.is_empty(), "a quantile needs at least one value");
    let at = (sorted.len() - 1) as f64 * p.clamp(0.0, 1.0);
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
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
