//! Answers of a run beyond means: tails, quantiles with intervals, which strategy is best, dominance, regret, and what pairing saves.

use serde::{Deserialize, Serialize};

use crate::metric::{Direction, Metric};
use crate::results::replication::PORTFOLIO;
use crate::results::tables::RunTables;
use crate::results::weighted;
use crate::stats::quantile::{quantile_sorted, sorted};
use crate::stats::risk::{Order, dominance_violation, lower_tail_mean, quantile_interval, share_interval};
use crate::stats::{Estimate, Interval, p_best};

/// Metrics that are answered for.
const METRICS: [Metric; 2] = [Metric::NpvUsd, Metric::NpvEquityUsd];
/// Share of the bad tail.
const TAIL: f64 = 0.05;

/// A row of `answers.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AnswerRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity.
    pub fidelity: String,
    /// Strategy that it is held against; empty where it stands alone or against all.
    pub against: String,
    /// Metric id, of the portfolio.
    pub metric: String,
    /// Unit of the value.
    pub unit: String,
    /// What is answered: `p5`, `p_best`, `mean_regret`, ...
    pub answer: String,
    /// The answer.
    pub value: f64,
    /// Lower end of its 95 % interval; `NaN`, in the file an empty cell, where there is none.
    pub ci95_low: f64,
    /// Upper end of it.
    pub ci95_high: f64,
}

/// All answers of a run, from its scalars.
pub fn rows(tables: &RunTables) -> Vec<AnswerRow> {
    let manifest = &tables.manifest;
    let mut rows = Vec::new();
    for (case, id) in manifest.cases.iter().enumerate() {
        for metric in METRICS {
            let values: Vec<&[f64]> = (0..manifest.strategies.len())
                .map(|s| tables.metrics.values((s, case, PORTFOLIO), metric))
                .collect();
            let whole = |row: &&[f64]| !row.is_empty() && row.iter().all(|v| v.is_finite());
            if !values.iter().all(whole) {
                continue;
            }
            let sheet = Sheet {
                tables,
                case: id,
                metric,
                values,
            };
            sheet.alone(&mut rows);
            sheet.among_all(&mut rows);
            sheet.in_pairs(&mut rows);
        }
    }
    rows.extend(
        METRICS
            .into_iter()
            .flat_map(|metric| weighted::rows(tables, metric)),
    );
    rows
}

/// One metric of every strategy in one case.
struct Sheet<'a> {
    tables: &'a RunTables,
    case: &'a str,
    metric: Metric,
    values: Vec<&'a [f64]>,
}

impl Sheet<'_> {
    fn row(
        &self,
        (strategy, against): (usize, Option<usize>),
        answer: &str,
        unit: &str,
        value: f64,
    ) -> AnswerRow {
        let manifest = &self.tables.manifest;
        let id = |s: usize| manifest.strategies[s].id.clone();
        AnswerRow {
            strategy: id(strategy),
            case: self.case.to_owned(),
            fidelity: manifest.fidelity.clone(),
            against: against.map(id).unwrap_or_default(),
            metric: self.metric.definition().id.to_owned(),
            unit: unit.to_owned(),
            answer: answer.to_owned(),
            value,
            ci95_low: f64::NAN,
            ci95_high: f64::NAN,
        }
    }

    fn with(mut row: AnswerRow, interval: Option<Interval>) -> AnswerRow {
        if let Some(interval) = interval {
            (row.ci95_low, row.ci95_high) = (interval.low, interval.high);
        }
        row
    }

    /// Quantiles, the bad tail, the chance of a loss.
    fn alone(&self, rows: &mut Vec<AnswerRow>) {
        let unit = self.metric.definition().unit;
        for (strategy, values) in self.values.iter().enumerate() {
            let place = (strategy, None);
            let ordered = sorted(values);
            for (answer, p) in [
                ("p5", 0.05),
                ("p10", 0.1),
                ("p50", 0.5),
                ("p90", 0.9),
                ("p95", 0.95),
            ] {
                let value = quantile_sorted(&ordered, p).unwrap_or(f64::NAN);
                let row = self.row(place, answer, unit, value);
                rows.push(Self::with(row, quantile_interval(&ordered, p)));
            }
            let risk = 0.0 - quantile_sorted(&ordered, TAIL).unwrap_or(f64::NAN);
            rows.push(self.row(place, "value_at_risk_95", unit, risk));
            let tail = 0.0 - lower_tail_mean(values, TAIL).unwrap_or(f64::NAN);
            rows.push(self.row(place, "conditional_value_at_risk_95", unit, tail));
            let losses = values.iter().filter(|v| **v < 0.0).count() as f64;
            let row = self.row(place, "p_loss", "1", losses / values.len() as f64);
            rows.push(Self::with(row, share_interval(losses, values.len())));
        }
    }

    /// Which is best, and what choosing a strategy costs beside the best of each replication.
    fn among_all(&self, rows: &mut Vec<AnswerRow>) {
        let n = self.values[0].len();
        let higher = self.metric.definition().direction != Direction::Lower;
        let unit = self.metric.definition().unit;
        let best: Vec<f64> = (0..n)
            .map(|r| self.values.iter().map(|v| v[r]).fold(f64::NEG_INFINITY, f64::max))
            .collect();
        for (strategy, share) in p_best(&self.values, higher).into_iter().enumerate() {
            let place = (strategy, None);
            let row = self.row(place, "p_best", "1", share);
            rows.push(Self::with(row, share_interval(share * n as f64, n)));
            let regret: Vec<f64> = best
                .iter()
                .zip(self.values[strategy])
                .map(|(b, v)| b - v)
                .collect();
            let mean = Estimate::of(&regret);
            let row = self.row(place, "mean_regret", unit, mean.map_or(f64::NAN, |e| e.mean));
            rows.push(Self::with(row, mean.and_then(|e| e.ci95)));
            let ordered = sorted(&regret);
            let row = self.row(
                place,
                "p95_regret",
                unit,
                quantile_sorted(&ordered, 0.95).unwrap_or(f64::NAN),
            );
            rows.push(Self::with(row, quantile_interval(&ordered, 0.95)));
        }
    }

    /// Dominance of every strategy over every other, and by how much common random numbers shrink the variance of their
    /// difference.
    fn in_pairs(&self, rows: &mut Vec<AnswerRow>) {
        for (strategy, own) in self.values.iter().enumerate() {
            for (other, theirs) in self.values.iter().enumerate().filter(|(o, _)| *o != strategy) {
                let place = (strategy, Some(other));
                for (order, answer) in [
                    (Order::First, "first_order_violation"),
                    (Order::Second, "second_order_violation"),
                ] {
                    if let Some(violation) = dominance_violation(own, theirs, order) {
                        rows.push(self.row(place, answer, "1", violation));
                    }
                }
                let variance = |values: &[f64]| {
                    Estimate::of(values)
                        .and_then(|e| e.sd)
                        .map_or(f64::NAN, |sd| sd * sd)
                };
                let differences: Vec<f64> = own.iter().zip(*theirs).map(|(a, b)| a - b).collect();
                let factor = (variance(own) + variance(theirs)) / variance(&differences);
                if factor.is_finite() {
                    rows.push(self.row(place, "pairing_gain", "1", factor));
                }
            }
        }
    }
}

/// Replaces the intervals of means by those from the means of interleaved groups: replication `r` belongs to group `r` modulo
/// their number. For designs whose replications are not independent, but whose groups are.
pub fn intervals_of_groups(tables: &mut RunTables, groups: usize) {
    let manifest = tables.manifest.clone();
    let place = |strategy: &str, case: &str, scope: &str| {
        let strategy = manifest.strategies.iter().position(|s| s.id == strategy)?;
        let case = manifest.cases.iter().position(|c| c == case)?;
        Some((strategy, case, manifest.scopes.iter().position(|s| s == scope)?))
    };
    for row in &mut tables.summary {
        let at = place(&row.strategy, &row.case, &row.scope);
        let Some((at, metric)) = at.zip(Metric::from_id(&row.metric)) else {
            continue;
        };
        let interval = of_groups(tables.metrics.values(at, metric), groups);
        (row.ci95_low, row.ci95_high) = interval.map_or((f64::NAN, f64::NAN), |i| (i.low, i.high));
    }
    for row in &mut tables.comparison {
        let own = place(&row.strategy, &row.case, &row.scope);
        let base = place(&row.baseline, &row.case, &row.scope);
        let Some(((own, base), metric)) = own.zip(base).zip(Metric::from_id(&row.metric)) else {
            continue;
        };
        let pairs = tables
            .metrics
            .values(own, metric)
            .iter()
            .zip(tables.metrics.values(base, metric));
        let differences: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
        let interval = of_groups(&differences, groups);
        (row.ci95_low, row.ci95_high) = interval.map_or((f64::NAN, f64::NAN), |i| (i.low, i.high));
    }
}

/// The interval of the mean from the means of groups; `None` where a group has no value or a mean is none.
fn of_groups(values: &[f64], groups: usize) -> Option<Interval> {
    let means: Option<Vec<f64>> = (0..groups)
        .map(|group| {
            let own = values
                .iter()
                .skip(group)
                .step_by(groups)
                .copied()
                .filter(|v| !v.is_nan());
            Estimate::of(&own.collect::<Vec<f64>>()).map(|e| e.mean)
        })
        .collect();
    Estimate::of(&means?)?.ci95
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    fn found<'a>(rows: &'a [AnswerRow], strategy: &str, answer: &str) -> &'a AnswerRow {
        rows.iter()
            .find(|r| r.strategy == strategy && r.answer == answer && r.metric == "npv_usd")
            .unwrap()
    }

    #[test]
    fn answers_of_two_rows_are_those_of_the_hand() {
        let mut tables = fixture::tables(4);
        let ids: Vec<String> = tables.manifest.strategies.iter().map(|s| s.id.clone()).collect();
        for (s, _) in ids.iter().enumerate() {
            for (r, value) in [-4.0, 1.0, 2.0, 9.0].into_iter().enumerate() {
                // The first is 1 better in the first replication, all others 1 worse in it and equal elsewhere.
                let value = if r == 0 && s > 0 { value - 1.0 } else { value };
                tables.metrics.set((s, 0, PORTFOLIO), Metric::NpvUsd, r, value);
            }
        }
        let rows = rows(&tables);
        let first = &ids[0];
        assert_eq!(found(&rows, first, "p_loss").value, 0.25);
        assert_eq!(found(&rows, first, "p50").value, 1.5);
        // Type 7 at 5 % of four: -4 + 0.15 x 5.
        assert!((found(&rows, first, "value_at_risk_95").value - 3.25).abs() < 1e-12);
        assert_eq!(found(&rows, first, "conditional_value_at_risk_95").value, 4.0);
        assert_eq!(found(&rows, first, "mean_regret").value, 0.0);
        assert_eq!(found(&rows, &ids[1], "mean_regret").value, 0.25);
        assert_eq!(found(&rows, first, "first_order_violation").value, 0.0);
        assert_eq!(found(&rows, &ids[1], "second_order_violation").value, 1.0);
        let shares: f64 = ids.iter().map(|s| found(&rows, s, "p_best").value).sum();
        assert!((shares - 1.0).abs() < 1e-12);
        // Rows that go together: their difference varies far less than they do.
        assert!(found(&rows, first, "pairing_gain").value > 100.0);
    }

    #[test]
    fn intervals_of_groups_come_from_their_means() {
        // Two groups with means 2 and 4: 3 +- 12.706 x 1.
        let interval = of_groups(&[1.0, 3.0, 3.0, 5.0], 2).unwrap();
        assert!((interval.low - (3.0 - 12.706_204_7)).abs() < 1e-4, "{interval:?}");
        assert_eq!(of_groups(&[1.0], 2), None);
    }
}
