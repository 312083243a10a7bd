//! The figures of two runs side by side.

use indexmap::IndexMap;
use serde::Serialize;

use crate::compare::basis::{missing, notes, refuse};
use crate::compare::explain::Split;
use crate::compare::{Error, Tolerance};
use crate::metric::{Direction, Metric};
use crate::results::manifest::Manifest;
use crate::results::spread::{Summary, t_975};
use crate::results::tables::{RunTables, SummaryRow};

/// What is compared of each metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Mean over replications.
    Mean,
    /// 5th percentile.
    P5,
    /// 10th percentile.
    P10,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
}

impl Statistic {
    /// All, in the order of output.
    pub const ALL: [Self; 6] = [Self::Mean, Self::P5, Self::P10, Self::P50, Self::P90, Self::P95];

    /// As files write it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P5 => "p5",
            Self::P10 => "p10",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
        }
    }

    fn of(self, row: &SummaryRow) -> f64 {
        match self {
            Self::Mean => row.mean,
            Self::P5 => row.p5,
            Self::P10 => row.p10,
            Self::P50 => row.p50,
            Self::P90 => row.p90,
            Self::P95 => row.p95,
        }
    }
}

/// What a change means to somebody who wants the metric to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// B is better than A.
    Better,
    /// B is worse than A.
    Worse,
    /// B is higher, which is neither good nor bad.
    Higher,
    /// B is lower, which is neither good nor bad.
    Lower,
    /// Only A has a value.
    OnlyInA,
    /// Only B has a value.
    OnlyInB,
    /// The two are measured in different units.
    OtherUnit,
}

/// Whether a change may be chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// The 95 % interval of the difference does not hold zero.
    Clear,
    /// It does.
    MayBeNoise,
    /// No interval: a quantile, or fewer than two replications.
    NotJudged,
}

/// A 95 % interval of the difference of two means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// From differences replication by replication (equal seeds), not from two independent samples.
    pub paired: bool,
}

/// One figure that is not equal in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// `portfolio` or a site id.
    pub scope: String,
    /// Metric id.
    pub metric: String,
    /// Its unit, in A where both have one.
    pub unit: String,
    /// Mean or quantile.
    pub statistic: Statistic,
    /// In A.
    pub a: Option<f64>,
    /// In B.
    pub b: Option<f64>,
    /// B minus A.
    pub difference: Option<f64>,
    /// B minus A over the magnitude of A; none where A is zero.
    pub relative: Option<f64>,
    /// Of the difference of means.
    pub interval: Option<Interval>,
    /// Better or worse.
    pub change: Change,
    /// Chance or not.
    pub noise: Noise,
    /// Within tolerance.
    pub within: bool,
}

/// A strategy or case that only one run has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// `strategy` or `case`.
    pub what: &'static str,
    /// Its id.
    pub id: String,
    /// `a` or `b`.
    pub only_in: &'static str,
}

/// A run as the comparison names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RunName {
    /// As given on the command line.
    pub dir: String,
    /// Run id.
    pub run_id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Replications.
    pub replications: u32,
    /// Version of the tool.
    pub tool_version: String,
}

/// Two runs compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first run.
    pub a: RunName,
    /// The second run.
    pub b: RunName,
    /// What the runs were made from that is not the same, and what the reader should know.
    pub notes: Vec<String>,
    /// Strategies and cases of one run only.
    pub missing: Vec<Missing>,
    /// Figures that were compared.
    pub figures: usize,
    /// Figures that are not equal, in the order of A's file.
    pub differences: Vec<Difference>,
    /// Where changes of net present value come from, where that was asked for.
    pub explained: Vec<Split>,
}

impl Comparison {
    /// Figures beyond tolerance.
    pub fn beyond(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|d| !d.within)
    }
    /// Whether the runs say the same, within tolerance.
    pub fn is_same(&self) -> bool {
        self.missing.is_empty() && self.differences.iter().all(|d| d.within)
    }
}

/// Strategy, case, scope, metric.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Compares two runs; refuses those whose figures do not mean the same.
pub fn compare(a: &RunTables, b: &RunTables, tolerance: &Tolerance) -> Result<Comparison, Error> {
    refuse(&a.manifest, &b.manifest)?;
    let missing = missing(&a.manifest, &b.manifest);
    let (rows_a, rows_b) = (by_key(&a.summary), by_key(&b.summary));
    let shared = |key: &Key<'_>| {
        let gone =
            |m: &Missing| (m.what == "strategy" && m.id == key.0) || (m.what == "case" && m.id == key.1);
        !missing.iter().any(gone)
    };
    let only_b = rows_b.keys().filter(|key| !rows_a.contains_key(*key));
    let keys: Vec<Key<'_>> = rows_a
        .keys()
        .chain(only_b)
        .filter(|key| shared(key))
        .copied()
        .collect();
    let runs = Runs { a, b, tolerance };
    let mut comparison = Comparison {
        a: run_name(&a.manifest),
        b: run_name(&b.manifest),
        notes: notes(&a.manifest, &b.manifest),
        missing: missing.clone(),
        figures: 0,
        differences: Vec::new(),
        explained: Vec::new(),
    };
    for key in &keys {
        match (rows_a.get(key), rows_b.get(key)) {
            (Some(row_a), Some(row_b)) => runs.compare_rows(row_a, row_b, &mut comparison),
            (Some(row), None) => comparison.differences.push(one_sided(row, Change::OnlyInA)),
            (None, Some(row)) => comparison.differences.push(one_sided(row, Change::OnlyInB)),
            (None, None) => {}
        }
    }
    let figures = keys.iter().map(|key| (key.0, key.2, key.3));
    for idle in tolerance.idle_overrides(&figures) {
        comparison
            .notes
            .push(format!("a tolerance concerns no figure: {idle}"));
    }
    Ok(comparison)
}

fn by_key(rows: &[SummaryRow]) -> IndexMap<Key<'_>, &SummaryRow> {
    rows.iter()
        .map(|row| {
            let key = (
                row.strategy.as_str(),
                row.case.as_str(),
                row.scope.as_str(),
                row.metric.as_str(),
            );
            (key, row)
        })
        .collect()
}

fn run_name(manifest: &Manifest) -> RunName {
    RunName {
        dir: String::new(),
        run_id: manifest.run_id.clone(),
        scenario: manifest.scenario.clone(),
        seed: manifest.seed,
        replications: manifest.replications,
        tool_version: manifest.tool_version.clone(),
    }
}

fn one_sided(row: &SummaryRow, change: Change) -> Difference {
    let in_a = change == Change::OnlyInA;
    Difference {
        a: in_a.then_some(row.mean),
        b: (!in_a).then_some(row.mean),
        change,
        ..blank(row)
    }
}

fn blank(row: &SummaryRow) -> Difference {
    Difference {
        strategy: row.strategy.clone(),
        case: row.case.clone(),
        scope: row.scope.clone(),
        metric: row.metric.clone(),
        unit: row.unit.clone(),
        statistic: Statistic::Mean,
        a: None,
        b: None,
        difference: None,
        relative: None,
        interval: None,
        change: Change::OtherUnit,
        noise: Noise::NotJudged,
        within: false,
    }
}

/// Both runs, for the intervals that need every replication.
struct Runs<'a> {
    a: &'a RunTables,
    b: &'a RunTables,
    tolerance: &'a Tolerance,
}

impl Runs<'_> {
    fn compare_rows(&self, a: &SummaryRow, b: &SummaryRow, out: &mut Comparison) {
        if a.unit != b.unit {
            out.differences.push(Difference {
                a: Some(a.mean),
                b: Some(b.mean),
                unit: format!("{} | {}", a.unit, b.unit),
                ..blank(a)
            });
            return;
        }
        let limit = self.tolerance.limit(&a.strategy, &a.scope, &a.metric);
        for statistic in Statistic::ALL {
            let (in_a, in_b) = (statistic.of(a), statistic.of(b));
            out.figures += 1;
            if in_a == in_b || (in_a.is_nan() && in_b.is_nan()) {
                continue;
            }
            let interval = if statistic == Statistic::Mean {
                self.interval(a, b)
            } else {
                None
            };
            let difference = in_b - in_a;
            out.differences.push(Difference {
                statistic,
                a: finite(in_a),
                b: finite(in_b),
                difference: finite(difference),
                relative: finite(difference / in_a.abs()),
                interval,
                change: change(&a.metric, in_a, in_b),
                noise: interval.map_or(Noise::NotJudged, Interval::noise),
                within: limit.holds(in_a, in_b),
                ..blank(a)
            });
        }
    }

    /// The interval of the difference of means; `None` where a run has fewer than two values.
    fn interval(&self, a: &SummaryRow, b: &SummaryRow) -> Option<Interval> {
        let (own, other) = (values(self.a, a), values(self.b, b));
        let seeds_equal = self.a.manifest.seed == self.b.manifest.seed;
        if let (true, Some(own), Some(other)) = (seeds_equal, own, other)
            && own.len() == other.len()
            && own.iter().zip(other).all(|(x, y)| x.is_nan() == y.is_nan())
        {
            let pairs = own.iter().zip(other).map(|(x, y)| y - x);
            return paired_interval(&pairs.filter(|d| !d.is_nan()).collect::<Vec<f64>>());
        }
        let count = |values: Option<&[f64]>, run: &RunTables| match values {
            Some(values) => values.iter().filter(|v| !v.is_nan()).count(),
            None => run.manifest.replications as usize,
        };
        welch_interval((a, count(own, self.a)), (b, count(other, self.b)))
    }
}

impl Interval {
    fn noise(self) -> Noise {
        if self.low <= 0.0 && self.high >= 0.0 {
            Noise::MayBeNoise
        } else {
            Noise::Clear
        }
    }
}

/// The replications of a figure; `None` where this version does not know the metric.
fn values<'a>(run: &'a RunTables, row: &SummaryRow) -> Option<&'a [f64]> {
    let manifest = &run.manifest;
    let strategy = manifest.strategies.iter().position(|s| s.id == row.strategy)?;
    let case = manifest.cases.iter().position(|c| *c == row.case)?;
    let scope = manifest.scopes.iter().position(|s| *s == row.scope)?;
    Some(
        run.metrics
            .values((strategy, case, scope), Metric::from_id(&row.metric)?),
    )
}

fn paired_interval(differences: &[f64]) -> Option<Interval> {
    if differences.len() < 2 {
        return None;
    }
    let summary = Summary::of(differences);
    Some(Interval {
        low: summary.ci95_low,
        high: summary.ci95_high,
        paired: true,
    })
}

/// Two independent samples of unequal variance (Welch 1947; degrees of freedom of Welch and Satterthwaite).
fn welch_interval(a: (&SummaryRow, usize), b: (&SummaryRow, usize)) -> Option<Interval> {
    let (n_a, n_b) = (a.1 as f64, b.1 as f64);
    if a.1 < 2 || b.1 < 2 {
        return None;
    }
    let (v_a, v_b) = (a.0.sd.powi(2) / n_a, b.0.sd.powi(2) / n_b);
    let difference = b.0.mean - a.0.mean;
    let variance = v_a + v_b;
    let half = if variance > 0.0 {
        let freedom = variance.powi(2) / (v_a.powi(2) / (n_a - 1.0) + v_b.powi(2) / (n_b - 1.0));
        t_975(freedom) * variance.sqrt()
    } else {
        0.0
    };
    Some(Interval {
        low: difference - half,
        high: difference + half,
        paired: false,
    })
}

fn change(metric: &str, a: f64, b: f64) -> Change {
    if a.is_nan() {
        return Change::OnlyInB;
    }
    if b.is_nan() {
        return Change::OnlyInA;
    }
    let direction = Metric::from_id(metric).map_or(Direction::Neither, |m| m.definition().direction);
    match (direction, b > a) {
        (Direction::Higher, true) | (Direction::Lower, false) => Change::Better,
        (Direction::Higher, false) | (Direction::Lower, true) => Change::Worse,
        (Direction::Neither, true) => Change::Higher,
        (Direction::Neither, false) => Change::Lower,
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    fn exact() -> Tolerance {
        Tolerance::uniform(0.0, 0.0)
    }

    fn find<'a>(c: &'a Comparison, strategy: &str, metric: Metric, statistic: Statistic) -> &'a Difference {
        let is =
            |d: &&Difference| d.strategy == strategy && d.metric == metric.id() && d.statistic == statistic;
        c.differences.iter().find(is).unwrap()
    }

    /// The fixture with something added to one metric of `gpu-cloud`, replication by replication.
    fn changed(replications: u32, metric: Metric, add: impl Fn(f64) -> f64) -> RunTables {
        let mut tables = fixture::tables(replications);
        let at = (1, 0, 0);
        let values: Vec<f64> = tables.metrics.values(at, metric).to_vec();
        let moved: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(n, v)| v + add(n as f64))
            .collect();
        for (n, value) in moved.iter().enumerate() {
            tables.metrics.set(at, metric, n, *value);
        }
        let summary = Summary::of(&moved);
        let is = |row: &&mut SummaryRow| row.strategy == "gpu-cloud" && row.metric == metric.id();
        let row = tables.summary.iter_mut().find(is).unwrap();
        (row.mean, row.sd, row.p50) = (summary.mean, summary.sd, summary.mean);
        tables
    }

    #[test]
    fn a_run_is_the_same_as_itself() {
        let run = fixture::tables(12);
        let comparison = compare(&run, &run, &exact()).unwrap();
        assert!(comparison.is_same() && comparison.differences.is_empty() && comparison.notes.is_empty());
        assert_eq!(comparison.figures, run.summary.len() * 6);
    }

    #[test]
    fn equal_seeds_are_paired_and_see_a_small_shift_through_a_wide_spread() {
        let a = fixture::tables(12);
        let b = changed(12, Metric::NpvEquityUsd, |n| -1_000.0 - n);
        let comparison = compare(&a, &b, &exact()).unwrap();
        let mean = find(&comparison, "gpu-cloud", Metric::NpvEquityUsd, Statistic::Mean);
        assert_eq!((mean.change, mean.noise), (Change::Worse, Noise::Clear));
        let interval = mean.interval.unwrap();
        // Differences -1000 ... -1011: mean -1005.5, sd sqrt(13), t(0.975, 11) = 2.200985.
        let half = 2.200_985 * (13.0_f64 / 12.0).sqrt();
        assert!(
            interval.paired && (interval.low + 1_005.5 + half).abs() < 1e-3,
            "{interval:?}"
        );
        let mut other_seed = b;
        other_seed.manifest.seed = 7;
        let comparison = compare(&a, &other_seed, &exact()).unwrap();
        let mean = find(&comparison, "gpu-cloud", Metric::NpvEquityUsd, Statistic::Mean);
        assert_eq!(mean.noise, Noise::MayBeNoise);
        // Equal spreads of n = 12: Welch has 22 degrees of freedom, t(0.975, 22) = 2.073873.
        let interval = mean.interval.unwrap();
        let half = 2.073_873 * (13.0_f64 / 12.0 * 2.0).sqrt() * 1e6;
        assert!(
            ((interval.high - interval.low) / 2.0 / half - 1.0).abs() < 1e-3,
            "{interval:?}"
        );
        assert!(comparison.notes.iter().any(|n| n == "seed: `42` in A, `7` in B"));
    }

    #[test]
    fn direction_is_in_words_that_follow_the_metric() {
        assert_eq!(change("pue", 1.2, 1.3), Change::Worse);
        assert_eq!(change("npv_usd", 1.2, 1.3), Change::Better);
        assert_eq!(change("capex_usd", 1.2, 1.3), Change::Higher);
        assert_eq!(change("from-the-future", 1.3, 1.2), Change::Lower);
    }

    #[test]
    fn what_only_one_run_has_is_a_difference() {
        let a = fixture::tables(3);
        let mut b = fixture::tables(3);
        b.manifest.strategies[2].id = "sell".to_owned();
        b.summary
            .retain(|row| row.strategy != "lease-shell" && row.metric != "capex_usd");
        let comparison = compare(&a, &b, &Tolerance::uniform(1.0, 1e12)).unwrap();
        let missing: Vec<(&str, &str)> = comparison
            .missing
            .iter()
            .map(|m| (m.id.as_str(), m.only_in))
            .collect();
        assert_eq!(missing, [("lease-shell", "a"), ("sell", "b")]);
        let gone: Vec<&str> = comparison.beyond().map(|d| d.metric.as_str()).collect();
        assert_eq!(gone, ["capex_usd", "capex_usd"]);
        assert!(comparison.beyond().all(|d| d.change == Change::OnlyInA));
        assert!(!comparison.is_same());
    }

    #[test]
    fn tolerance_divides_what_is_shown_from_what_fails() {
        let a = fixture::tables(12);
        let b = changed(12, Metric::NpvEquityUsd, |_| 1.0);
        assert!(compare(&a, &b, &Tolerance::uniform(1e-6, 0.0)).unwrap().is_same());
        let strict = compare(&a, &b, &Tolerance::uniform(1e-9, 0.0)).unwrap();
        assert!(!strict.is_same());
        assert_eq!(strict.differences.len(), 2);
    }

    #[test]
    fn one_replication_is_not_judged() {
        let comparison = compare(
            &fixture::tables(1),
            &changed(1, Metric::NpvUsd, |_| 5.0),
            &exact(),
        )
        .unwrap();
        assert!(
            comparison
                .differences
                .iter()
                .all(|d| d.noise == Noise::NotJudged && d.interval.is_none())
        );
    }

    #[test]
    fn runs_that_mean_different_things_are_refused_with_every_reason() {
        let a = fixture::tables(1);
        let mut b = fixture::tables(1);
        b.manifest.fidelity = "fluid".to_owned();
        b.manifest.currency = "eur".to_owned();
        let error = compare(&a, &b, &exact()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(
            error.to_string(),
            "the runs cannot be compared: demand fidelity is `sampled_weeks` in A and `fluid` in B; \
             currency is `usd` in A and `eur` in B"
        );
    }

    #[test]
    fn changed_inputs_are_named() {
        let a = fixture::tables(1);
        let mut b = fixture::tables(1);
        b.manifest.inputs[0].sha256 = "01".to_owned();
        b.manifest.overrides = vec!["years=5".to_owned()];
        let comparison = compare(&a, &b, &exact()).unwrap();
        assert_eq!(
            comparison.notes,
            [
                "overrides: `` in A, `years=5` in B",
                "input `scenario.toml` was changed"
            ]
        );
    }
}
