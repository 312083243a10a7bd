//! When a run may end: once the mean of a metric is known narrowly enough.
//!
//! What is asked for is half the width of the 95 % interval of the mean (Student's t), of the portfolio, in every
//! strategy and case in which the metric has values. It is looked at after every block from [`LOOKS_FROM`] replications
//! on, in order of blocks, so that where a run ends depends neither on threads nor on interruptions. Stopping when the
//! interval first is narrow makes it hold the truth slightly less often than 95 % (Chow and Robbins, 1965, show that
//! the difference vanishes as the width does); the least number of replications keeps that small.

use std::str::FromStr;

use crate::metric::Metric;
use crate::results::block::Shape;
use crate::results::collect::Collector;
use crate::results::replication::PORTFOLIO;
use crate::results::tables::SummaryRow;

/// The fewest replications after which a run may end early.
pub const LOOKS_FROM: usize = 30;

/// How narrow the interval of which metric is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// The metric.
    pub metric: Metric,
    /// Half the width of its interval at most, in its unit.
    pub half_width: f64,
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, width) = text
            .split_once('=')
            .ok_or("expected METRIC=X, such as `npv_usd=2e6`")?;
        let metric = Metric::from_id(id).ok_or_else(|| {
            let near = Metric::ALL.iter().map(|m| m.id());
            let near =
                near.max_by(|a, b| strsim::jaro_winkler(a, id).total_cmp(&strsim::jaro_winkler(b, id)));
            format!(
                "there is no metric `{id}`; did you mean `{}`?",
                near.unwrap_or_default()
            )
        })?;
        let unit = metric.definition().unit;
        let half_width = width.parse::<f64>().ok().filter(|x| x.is_finite() && *x > 0.0);
        let half_width = half_width.ok_or_else(|| format!("`{width}` is no width above 0 in {unit}"))?;
        Ok(Self { metric, half_width })
    }
}

impl Precision {
    /// Whether what is collected is enough: so too where the metric has no value anywhere, because more of the same
    /// would give none.
    pub fn enough(self, collector: &Collector, shape: Shape, at_least: usize) -> bool {
        if collector.replications() < at_least.max(LOOKS_FROM) {
            return false;
        }
        let cells = (0..shape.strategies).flat_map(|s| (0..shape.cases).map(move |c| (s, c, PORTFOLIO)));
        let mut summaries = cells.filter_map(|at| collector.summary(at, self.metric));
        summaries.all(|s| self.is_narrow(s.ci95_low, s.ci95_high))
    }

    fn is_narrow(self, low: f64, high: f64) -> bool {
        (high - low) / 2.0 <= self.half_width
    }

    /// Half the width of the widest interval of a run; `None` where the metric has no value in it.
    pub fn widest(self, summary: &[SummaryRow]) -> Option<f64> {
        let rows = summary
            .iter()
            .filter(|r| r.scope == "portfolio" && r.metric == self.metric.id());
        let widths = rows.map(|r| (r.ci95_high - r.ci95_low) / 2.0);
        // One value has no interval: it is as wide as can be.
        widths
            .map(|w| if w.is_nan() { f64::INFINITY } else { w })
            .reduce(f64::max)
    }

    /// What a run came to, in a sentence, and whether that is what was asked for.
    pub fn verdict(self, summary: &[SummaryRow], replications: u32) -> (bool, String) {
        let (id, unit) = (self.metric.id(), self.metric.definition().unit);
        let Some(widest) = self.widest(summary) else {
            return (
                false,
                format!("`{id}` has no value in any strategy, after {replications} replications"),
            );
        };
        let reached = widest <= self.half_width;
        let so = if reached { "is" } else { "is not" };
        let text = format!(
            "the mean of `{id}` {so} known to {} {unit}: half the widest 95 % interval is {widest:.6} after {replications} replications",
            self.half_width
        );
        (reached, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_is_a_metric_and_a_width_above_zero() {
        let precision: Precision = "npv_usd=2e6".parse().unwrap();
        assert_eq!((precision.metric, precision.half_width), (Metric::NpvUsd, 2e6));
        let refused = |text: &str| text.parse::<Precision>().unwrap_err();
        assert!(refused("npv_usd").contains("METRIC=X"));
        assert!(refused("npv_ust=1").contains("did you mean `npv_usd`"));
        for text in [
            "npv_usd=0",
            "npv_usd=-1",
            "npv_usd=inf",
            "npv_usd=nan",
            "npv_usd=wide",
        ] {
            assert!(refused(text).contains("no width above 0 in usd"), "{text}");
        }
    }

    #[test]
    fn the_widest_interval_counts_and_none_is_no_precision() {
        let precision = Precision {
            metric: Metric::NpvUsd,
            half_width: 3.0,
        };
        let row = |low: f64, high: f64| SummaryRow {
            scope: "portfolio".to_owned(),
            metric: "npv_usd".to_owned(),
            ci95_low: low,
            ci95_high: high,
            ..SummaryRow::default()
        };
        assert_eq!(precision.widest(&[row(0.0, 2.0), row(10.0, 16.0)]), Some(3.0));
        assert!(precision.verdict(&[row(10.0, 16.0)], 40).0);
        let (reached, text) = precision.verdict(&[row(10.0, 16.2)], 40);
        assert!(!reached && text.contains("is not known to 3 usd"), "{text}");
        assert!(!precision.verdict(&[row(f64::NAN, f64::NAN)], 1).0);
        assert_eq!(precision.widest(&[]), None);
    }
}
