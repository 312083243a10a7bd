//! Answers over all cases of a run together, each with its probability. Every replication was run in every case on the
//! same random numbers, so what a replication comes to on average of the cases is one number, and intervals are those of
//! its mean.

use crate::metric::{Direction, Metric};
use crate::results::answers::AnswerRow;
use crate::results::replication::PORTFOLIO;
use crate::results::tables::RunTables;
use crate::stats::{Estimate, p_best};

/// What stands for the case in such rows; no case may be called so.
pub const ALL_CASES: &str = "all-cases";

/// A metric of every strategy in every case, by replication.
struct Mixture<'a> {
    tables: &'a RunTables,
    metric: Metric,
    /// By case, within it by strategy.
    values: Vec<Vec<&'a [f64]>>,
}

/// The rows of a metric; none where the run names no cases or a replication lacks the metric.
pub(super) fn rows(tables: &RunTables, metric: Metric) -> Vec<AnswerRow> {
    let manifest = &tables.manifest;
    if manifest.case_probabilities.is_empty() {
        return Vec::new();
    }
    let of_case = |case: usize| -> Vec<&[f64]> {
        let strategies = 0..manifest.strategies.len();
        strategies
            .map(|s| tables.metrics.values((s, case, PORTFOLIO), metric))
            .collect()
    };
    let mixture = Mixture {
        tables,
        metric,
        values: (0..manifest.case_probabilities.len()).map(of_case).collect(),
    };
    let known = |row: &&[f64]| !row.is_empty() && row.iter().all(|v| v.is_finite());
    if !mixture.values.iter().flatten().all(known) {
        return Vec::new();
    }
    mixture.rows()
}

impl Mixture<'_> {
    fn rows(&self) -> Vec<AnswerRow> {
        let unit = self.metric.definition().unit;
        let mut rows = Vec::new();
        for strategy in 0..self.tables.manifest.strategies.len() {
            let own = |case: usize, r: usize| self.values[case][strategy][r];
            rows.push(self.mean(strategy, ("mean", unit), own));
            let ordered = self.ordered(strategy);
            for (answer, p) in [
                ("p5", 0.05),
                ("p10", 0.1),
                ("p50", 0.5),
                ("p90", 0.9),
                ("p95", 0.95),
            ] {
                rows.push(self.row(strategy, (answer, unit), quantile(&ordered, p)));
            }
            let loss = |case: usize, r: usize| f64::from(u8::from(own(case, r) < 0.0));
            rows.push(self.mean(strategy, ("p_loss", "1"), loss));
            let chance = |case: usize, r: usize| self.chance_of_best(case, r)[strategy];
            rows.push(self.mean(strategy, ("p_best", "1"), chance));
            let regret = |case: usize, r: usize| {
                let all = self.values[case].iter().map(|values| values[r]);
                all.fold(f64::NEG_INFINITY, f64::max) - own(case, r)
            };
            rows.push(self.mean(strategy, ("mean_regret", unit), regret));
        }
        rows
    }

    /// Which strategy is best in one replication of a case; equals share.
    fn chance_of_best(&self, case: usize, replication: usize) -> Vec<f64> {
        let higher = self.metric.definition().direction != Direction::Lower;
        let one: Vec<&[f64]> = self.values[case]
            .iter()
            .map(|values| &values[replication..=replication])
            .collect();
        p_best(&one, higher)
    }

    fn replications(&self) -> usize {
        self.values[0][0].len()
    }

    fn probabilities(&self) -> &[f64] {
        &self.tables.manifest.case_probabilities
    }

    /// The mean of a quantity of (case, replication), and its interval.
    fn mean(&self, strategy: usize, what: (&str, &str), quantity: impl Fn(usize, usize) -> f64) -> AnswerRow {
        let of_replication = |r: usize| -> f64 {
            let cases = self.probabilities().iter().enumerate();
            cases.map(|(case, p)| p * quantity(case, r)).sum()
        };
        let means: Vec<f64> = (0..self.replications()).map(of_replication).collect();
        let estimate = Estimate::of(&means);
        let mut row = self.row(strategy, what, estimate.as_ref().map_or(f64::NAN, |e| e.mean));
        if let Some(interval) = estimate.and_then(|e| e.ci95) {
            (row.ci95_low, row.ci95_high) = (interval.low, interval.high);
        }
        row
    }

    /// Values of all cases in order, each with its weight.
    fn ordered(&self, strategy: usize) -> Vec<(f64, f64)> {
        let n = self.replications() as f64;
        let cases = self.values.iter().zip(self.probabilities());
        let mut all: Vec<(f64, f64)> = cases
            .flat_map(|(values, p)| values[strategy].iter().map(move |v| (*v, p / n)))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    fn row(&self, strategy: usize, (answer, unit): (&str, &str), value: f64) -> AnswerRow {
        let manifest = &self.tables.manifest;
        AnswerRow {
            strategy: manifest.strategies[strategy].id.clone(),
            case: ALL_CASES.to_owned(),
            fidelity: manifest.fidelity.clone(),
            against: String::new(),
            metric: self.metric.definition().id.to_owned(),
            unit: unit.to_owned(),
            answer: answer.to_owned(),
            value,
            ci95_low: f64::NAN,
            ci95_high: f64::NAN,
        }
    }
}

/// The least value at or below which a share `p` of the weight lies.
fn quantile(ordered: &[(f64, f64)], p: f64) -> f64 {
    let mut weight = 0.0;
    // Weights are sums of fractions: a share that is reached but for rounding is reached.
    let reached = ordered.iter().find(|(_, own)| {
        weight += own;
        weight >= p - 1e-12
    });
    reached.or(ordered.last()).map_or(f64::NAN, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::metrics::Metrics;
    use crate::results::tables::{Manifest, StrategyInfo};

    /// Two strategies, two cases of 75 and 25 percent, two replications.
    fn tables(probabilities: &[f64]) -> RunTables {
        let metric = Metric::NpvUsd;
        let mut metrics = Metrics::new(2, 2, 1, 2);
        for (at, values) in [
            ((0, 0, 0), [10.0, 20.0]),
            ((0, 1, 0), [-40.0, -20.0]),
            ((1, 0, 0), [5.0, 30.0]),
            ((1, 1, 0), [0.0, 4.0]),
        ] {
            for (replication, value) in values.into_iter().enumerate() {
                metrics.set(at, metric, replication, value);
            }
        }
        let named = |id: &str| StrategyInfo {
            id: id.to_owned(),
            ..StrategyInfo::default()
        };
        RunTables {
            metrics,
            manifest: Manifest {
                strategies: vec![named("a"), named("b")],
                cases: vec!["x".to_owned(), "y".to_owned()],
                case_probabilities: probabilities.to_vec(),
                ..Manifest::default()
            },
            ..RunTables::default()
        }
    }

    #[test]
    fn cases_count_by_their_probability() {
        let rows = rows(&tables(&[0.75, 0.25]), Metric::NpvUsd);
        let value = |strategy: &str, answer: &str| {
            let found = rows.iter().find(|r| r.strategy == strategy && r.answer == answer);
            found.map(|r| r.value).unwrap()
        };
        // Replications: 0.75 x 10 - 0.25 x 40 = -2.5 and 0.75 x 20 - 0.25 x 20 = 10.
        assert_eq!(value("a", "mean"), 3.75);
        assert_eq!(value("b", "mean"), 0.5 * (0.75 * 5.0 + 0.75 * 30.0 + 0.25 * 4.0));
        assert_eq!(value("a", "p_loss"), 0.25);
        assert_eq!(value("a", "p_best"), 0.375);
        assert_eq!(value("b", "p_best"), 0.625);
        // Of a: 10 in the second replication of x, 40 and 24 in those of y.
        assert_eq!(value("a", "mean_regret"), 0.5 * (0.75 * 10.0 + 0.25 * 64.0));
        // -40 and -20 weigh an eighth each, 10 three eighths.
        assert_eq!(value("a", "p10"), -40.0);
        assert_eq!(value("a", "p50"), 10.0);
        assert_eq!(value("a", "p90"), 20.0);
        let mean = rows.iter().find(|r| r.answer == "mean").unwrap();
        assert!(mean.ci95_low < -2.5 && mean.ci95_high > 10.0);
    }

    #[test]
    fn a_run_that_names_no_cases_has_no_such_rows() {
        assert!(rows(&tables(&[]), Metric::NpvUsd).is_empty());
    }
}
