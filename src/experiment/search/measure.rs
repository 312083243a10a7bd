//! What a candidate is judged by: a measure of risk of its metric, and requirements.

use crate::metric::{Direction, Metric};
use crate::stats::quantile::quantile;
use crate::stats::risk::lower_tail_mean;

/// What of a metric's distribution is to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Its mean.
    Mean,
    /// Its bad tenth percentile.
    P10,
    /// The mean of its worst twentieth.
    TailMean,
}

impl Measure {
    /// Of a sample of which more is better; `NaN` where a value is missing.
    pub fn of(self, values: &[f64]) -> f64 {
        if values.is_empty() || values.iter().any(|v| v.is_nan()) {
            return f64::NAN;
        }
        match self {
            Self::Mean => values.iter().sum::<f64>() / values.len() as f64,
            Self::P10 => quantile(values, 0.1).unwrap_or(f64::NAN),
            Self::TailMean => lower_tail_mean(values, 0.05).unwrap_or(f64::NAN),
        }
    }
}

/// What must hold of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Requirement {
    /// Of which metric.
    pub metric: Metric,
    /// Whether it must be at least, or at most, the bound.
    pub at_least: bool,
    /// The bound.
    pub bound: f64,
    /// In at least this share of replications; the mean must hold where there is none.
    pub share: Option<f64>,
}

impl Requirement {
    /// Reads `METRIC>=X`, `METRIC<=X` and either with `@SHARE`, such as `dscr_min>=1.2@0.9`.
    pub fn parse(text: &str) -> Option<Self> {
        let at_least = text.contains(">=");
        let (metric, rest) = text.split_once(if at_least { ">=" } else { "<=" })?;
        let (bound, share) = match rest.split_once('@') {
            Some((bound, share)) => (bound, Some(share.trim().parse::<f64>().ok()?)),
            None => (rest, None),
        };
        let bound: f64 = bound.trim().parse().ok()?;
        let known = bound.is_finite() && share.is_none_or(|s| s > 0.0 && s <= 1.0);
        known.then_some(Self {
            metric: Metric::from_id(metric.trim())?,
            at_least,
            bound,
            share,
        })
    }
    /// Whether it holds of a sample; replications without a value (no debt, no cover) do not speak against it.
    pub fn holds(&self, values: &[f64]) -> bool {
        let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        if known.is_empty() {
            return true;
        }
        let keeps = |value: f64| {
            if self.at_least {
                value >= self.bound
            } else {
                value <= self.bound
            }
        };
        match self.share {
            Some(share) => known.iter().filter(|v| keeps(**v)).count() as f64 >= share * known.len() as f64,
            None => keeps(known.iter().sum::<f64>() / known.len() as f64),
        }
    }
}

/// The sign that makes more of a metric better.
pub fn sign(metric: Metric) -> f64 {
    match metric.definition().direction {
        Direction::Lower => -1.0,
        Direction::Higher | Direction::Neither => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_hold_in_the_mean_or_in_a_share() {
        let mean = Requirement::parse("dscr_min>=1.2").unwrap();
        assert!(mean.holds(&[1.0, 1.5]) && !mean.holds(&[1.0, 1.3]));
        let share = Requirement::parse("dscr_min >= 1.2 @ 0.5").unwrap();
        assert!(share.holds(&[1.0, 1.3]) && !share.holds(&[1.0, 1.1, 1.3]));
        let most = Requirement::parse("peak_equity_usd<=2e8").unwrap();
        assert!(most.holds(&[1e8]) && !most.holds(&[3e8]) && most.holds(&[f64::NAN]));
        for wrong in ["dscr>=1", "dscr_min>1", "dscr_min>=x", "dscr_min>=1@1.2"] {
            assert_eq!(Requirement::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn measures_are_those_of_the_hand() {
        let values: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!(Measure::Mean.of(&values), 20.5);
        assert!((Measure::P10.of(&values) - 4.9).abs() < 1e-12);
        assert_eq!(Measure::TailMean.of(&values), 1.5);
        assert!(Measure::Mean.of(&[1.0, f64::NAN]).is_nan());
    }
}
