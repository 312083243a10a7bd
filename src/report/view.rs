//! Look-ups on the tables of a run that charts and memo share.
//!
//! Owns which case and scope are shown and what counts as a value. Computes nothing that a run should have.

use crate::metric::Metric;
use crate::results::tables::{ComparisonRow, RunTables, ScheduleRow, SummaryRow};

/// The scope that charts and the memo speak about.
pub(crate) const PORTFOLIO: &str = "portfolio";

/// The tables, seen through the first case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// All tables.
    pub(crate) tables: &'a RunTables,
    /// The case shown: the first of the run.
    pub(crate) case: &'a str,
}

impl<'a> View<'a> {
    /// The view of the first case.
    pub(crate) fn new(tables: &'a RunTables) -> Self {
        let from_rows = || tables.summary.first().map(|r| r.case.as_str());
        let named = tables.manifest.cases.first().map(String::as_str);
        Self {
            tables,
            case: named.or_else(from_rows).unwrap_or("base"),
        }
    }
    /// Demand fidelity of the run.
    pub(crate) fn fidelity(&self) -> &'a str {
        &self.tables.manifest.fidelity
    }
    /// Ids of the strategies in file order.
    pub(crate) fn strategies(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.tables.manifest.strategies.iter().map(|s| s.id.as_str())
    }
    /// The baseline's id.
    pub(crate) fn baseline(&self) -> &'a str {
        &self.tables.manifest.baseline
    }
    /// The summary of a metric of the portfolio, where it has a value.
    pub(crate) fn summary(&self, strategy: &str, metric: Metric) -> Option<&'a SummaryRow> {
        self.summary_at(strategy, metric).map(|(_, row)| row)
    }
    /// The same, with the number of its record.
    pub(crate) fn summary_at(&self, strategy: &str, metric: Metric) -> Option<(usize, &'a SummaryRow)> {
        self.tables.summary.iter().enumerate().find(|(_, r)| {
            r.strategy == strategy
                && r.case == self.case
                && r.scope == PORTFOLIO
                && r.metric == metric.id()
                && r.mean.is_finite()
        })
    }
    /// The paired comparison of a metric of the portfolio with the baseline.
    pub(crate) fn comparison(&self, strategy: &str, metric: Metric) -> Option<&'a ComparisonRow> {
        self.comparison_at(strategy, metric).map(|(_, row)| row)
    }
    /// The same, with the number of its record.
    pub(crate) fn comparison_at(&self, strategy: &str, metric: Metric) -> Option<(usize, &'a ComparisonRow)> {
        self.tables.comparison.iter().enumerate().find(|(_, r)| {
            r.strategy == strategy
                && r.case == self.case
                && r.scope == PORTFOLIO
                && r.metric == metric.id()
                && r.mean_difference.is_finite()
        })
    }
    /// Values of a portfolio metric in order of replication, `NaN` where there is none; empty without metrics.
    pub(crate) fn values(&self, strategy: &str, metric: Metric) -> &'a [f64] {
        if self.tables.metrics.replications() == 0 {
            return &[];
        }
        let index = self.strategies().position(|id| id == strategy);
        index.map_or(&[], |index| self.tables.metrics.values((index, 0, 0), metric))
    }
    /// The values of a portfolio metric that exist, in order of replication.
    pub(crate) fn finite(&self, strategy: &str, metric: Metric) -> Vec<f64> {
        let values = self.values(strategy, metric).iter().copied();
        values.filter(|v| v.is_finite()).collect()
    }
    /// The stages of a strategy in the case shown, every replication.
    pub(crate) fn schedule(&self, strategy: &'a str) -> impl Iterator<Item = &'a ScheduleRow> + use<'a> {
        let case = self.case;
        let rows = self.tables.schedule.iter();
        rows.filter(move |r| r.strategy == strategy && r.case == case)
    }
    /// The replication shown in detail: the lower median of equity NPV (of NPV where there is no equity case).
    pub(crate) fn p50_replication(&self, strategy: &str) -> Option<u32> {
        [Metric::NpvEquityUsd, Metric::NpvUsd]
            .into_iter()
            .find_map(|metric| lower_median(self.values(strategy, metric)))
            .map(|index| index as u32)
    }
}

/// Index of the lower median among the values that exist; the first of equals.
fn lower_median(values: &[f64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|i| values[*i].is_finite()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let middle = order.len().checked_sub(1)? / 2;
    order.get(middle).copied()
}

/// Quantile by linear interpolation (type 7) of sorted values; `NaN` of none.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = probability.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    if below == above {
        below
    } else {
        below + (above - below) * at.fract()
    }
}

/// The values in ascending order.
pub(crate) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_and_the_median_replication_is_the_lower() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(
            quantile(&[1.0, f64::INFINITY, f64::INFINITY], 0.75),
            f64::INFINITY
        );
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(lower_median(&[4.0, f64::NAN, 1.0, 3.0, 2.0]), Some(4));
        assert_eq!(lower_median(&[f64::NAN]), None);
    }

    #[test]
    fn an_empty_run_has_no_values() {
        let tables = RunTables::default();
        let view = View::new(&tables);
        assert!(view.values("a", Metric::NpvUsd).is_empty());
        assert_eq!(view.p50_replication("a"), None);
    }
}
