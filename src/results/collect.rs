//! From blocks to tables: summaries, paired comparisons, mean cash, fans.
//!
//! Of every replication the collector keeps the scalars; of the first [`FAN_REPLICATIONS`] their monthly net cash, of the
//! first [`SCHEDULE_REPLICATIONS`] their stages. Blocks may arrive in any order and are added in order of index.

use std::collections::BTreeMap;

use crate::finance::statement::Moves;
use crate::metric::{Direction, Metric};
use crate::results::block::{BlockResult, Shape, add_rows};
use crate::results::manifest::Manifest;
use crate::results::metrics::Metrics;
use crate::results::replication::{PORTFOLIO, Replication};
use crate::results::spread::{Summary, quantile};
use crate::results::stage_rows::StageRows;
use crate::results::statements;
use crate::results::tables::{
    CashflowRow, ComparisonRow, FAN_PROBABILITIES, Fan, RunTables, ScheduleRow, SummaryRow,
};

/// The replications over which fans of cumulative cash are drawn, from the first on: their quantiles are known to well
/// below a pixel, and the cash of all months of all replications would be most of what a large run keeps.
pub const FAN_REPLICATIONS: usize = 20_000;
/// The replications whose stages are held for charts and memo, besides the P50 ones; files hold those of all.
pub const SCHEDULE_REPLICATIONS: u32 = 1_000;

/// Reduces blocks to the tables of a run.
#[derive(Debug)]
pub struct Collector {
    shape: Shape,
    cells: Vec<CellSum>,
    metrics: Metrics,
    accounts: Vec<String>,
    next: u32,
    early: BTreeMap<u32, BlockResult>,
    events: u64,
}

/// What is kept of one strategy and case.
#[derive(Debug, Clone, Default)]
struct CellSum {
    /// Replication by replication: net cash by month.
    net_usd: Vec<f64>,
    /// Stages.
    schedule: StageRows,
    /// Sums of monthly cash by account.
    cash_usd: Vec<Vec<f64>>,
    /// Sums of debits less credits by month and account of the chart.
    movement_usd: Vec<Vec<f64>>,
}

impl Collector {
    /// Nothing yet.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            cells: vec![CellSum::default(); shape.cells()],
            metrics: Metrics::new(shape.strategies, shape.cases, shape.scopes, 0),
            accounts: Vec::new(),
            next: 0,
            early: BTreeMap::new(),
            events: 0,
        }
    }

    /// Adds a block; one that comes before its turn waits. The block must be of this shape and new.
    pub fn add_block(&mut self, block: BlockResult) {
        assert!(
            block.index >= self.next && !self.early.contains_key(&block.index),
            "block {} was added twice",
            block.index
        );
        assert_eq!(
            block.cells.len(),
            self.shape.cells(),
            "block {} has another shape",
            block.index
        );
        self.early.insert(block.index, block);
        while let Some(block) = self.early.remove(&self.next) {
            self.fold(block);
            self.next += 1;
        }
    }

    fn fold(&mut self, block: BlockResult) {
        if self.next == 0 {
            self.accounts.clone_from(&block.accounts);
        }
        assert_eq!(
            block.accounts, self.accounts,
            "block {} has other accounts",
            block.index
        );
        let before = self.metrics.replications();
        self.metrics.grow(block.count as usize);
        self.events += block.events;
        let shape = self.shape;
        for (index, (sum, cell)) in self.cells.iter_mut().zip(block.cells).enumerate() {
            let zeros = || vec![0.0; shape.months];
            sum.cash_usd.resize_with(self.accounts.len(), zeros);
            add_rows(&mut sum.cash_usd, &cell.cash_usd);
            sum.movement_usd.resize_with(cell.movement_usd.len(), zeros);
            add_rows(&mut sum.movement_usd, &cell.movement_usd);
            for (replication, member) in (before..).zip(&cell.members) {
                for (scope, metric, value) in &member.scalars {
                    let at = (index / shape.cases, index % shape.cases, usize::from(*scope));
                    let metric = Metric::ALL[usize::from(*metric)];
                    self.metrics.set(at, metric, replication, *value);
                }
                if replication < FAN_REPLICATIONS {
                    sum.net_usd.extend_from_slice(&member.net_usd);
                }
            }
            let kept = |row: &ScheduleRow| row.replication < SCHEDULE_REPLICATIONS;
            for row in cell.schedule.iter().filter(kept) {
                sum.schedule.push(&row);
            }
        }
    }

    /// Replications of each strategy and case that are in, counting only blocks without a gap before them.
    pub fn replications(&self) -> usize {
        self.metrics.replications()
    }

    /// The values of a metric in order of replication, `NaN` where there is none; `at` is (strategy, case, scope).
    pub fn values(&self, at: (usize, usize, usize), metric: Metric) -> &[f64] {
        self.metrics.values(at, metric)
    }

    /// Events delivered in a replication of all strategies, on average.
    pub fn events_per_replication(&self) -> f64 {
        self.events as f64 / self.replications() as f64
    }

    /// The summary of a metric so far; `None` where no replication has a value. `at` is (strategy, case, scope).
    pub fn summary(&self, at: (usize, usize, usize), metric: Metric) -> Option<Summary> {
        let values = self.present(at, metric);
        (!values.is_empty()).then(|| Summary::of(&values))
    }

    /// The replication that is the lower median of equity NPV (project NPV where no equity NPV has a value).
    pub fn p50_replication(&self, strategy: usize, case: usize) -> Option<u32> {
        let at = (strategy, case, PORTFOLIO);
        [Metric::NpvEquityUsd, Metric::NpvUsd]
            .into_iter()
            .find_map(|metric| {
                let mut order: Vec<(f64, u32)> = self
                    .column(at, metric)
                    .zip(0..)
                    .filter(|(value, _)| !value.is_nan())
                    .collect();
                order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let middle = order.len().checked_sub(1)? / 2;
                Some(order[middle].1)
            })
    }

    fn column(&self, at: (usize, usize, usize), metric: Metric) -> impl Iterator<Item = f64> {
        self.metrics.values(at, metric).iter().copied()
    }

    fn present(&self, at: (usize, usize, usize), metric: Metric) -> Vec<f64> {
        self.column(at, metric).filter(|v| !v.is_nan()).collect()
    }

    /// The tables of the run. `details` are replications simulated again with detail, the P50 ones among them;
    /// what they do not hold (assumptions, break-even prices) the caller adds. Panics where a replication does
    /// not repeat: the simulation is then not determined by its seed.
    pub fn finish(self, mut manifest: Manifest, details: Vec<Replication>) -> RunTables {
        assert!(
            self.early.is_empty(),
            "block {} is missing: later blocks were added",
            self.next
        );
        manifest.replications = self.replications() as u32;
        manifest.events = self.events;
        manifest.p50_replications = (0..self.shape.cells())
            .map(|c| {
                self.p50_replication(c / self.shape.cases, c % self.shape.cases)
                    .unwrap_or(0)
            })
            .collect();
        for detail in &details {
            self.assert_repeated(detail);
        }
        let names = Names { manifest: &manifest };
        let mut tables = RunTables {
            summary: self.summary_rows(&names),
            comparison: self.comparison_rows(&names),
            fans: self.fans(),
            schedule: self.schedule(&details),
            ..RunTables::default()
        };
        self.add_cash(&mut tables, &names, &details);
        tables.metrics = self.metrics;
        add_details(&mut tables, details);
        tables.manifest = manifest;
        tables
    }

    /// A replication that was simulated again must come out as it did the first time.
    fn assert_repeated(&self, detail: &Replication) {
        let number = detail.replication as usize;
        assert!(
            number < self.replications()
                && detail.strategy < self.shape.strategies
                && detail.case < self.shape.cases,
            "replication {number} was shown in detail, but is not in the run"
        );
        for s in &detail.scalars {
            let at = (detail.strategy, detail.case, usize::from(s.scope));
            let first = self.column(at, s.metric).nth(number).unwrap_or(f64::NAN);
            assert!(
                first.to_bits() == s.value.to_bits(),
                "strategy {}, case {}, replication {number}, scope {}: `{}` was {first} and is {} when repeated",
                at.0,
                at.1,
                at.2,
                s.metric.id(),
                s.value
            );
        }
    }

    /// Stages cell by cell and replication by replication: those that are held, then those of the P50 replication.
    fn schedule(&self, details: &[Replication]) -> Vec<ScheduleRow> {
        let mut rows = Vec::new();
        for (index, cell) in self.cells.iter().enumerate() {
            rows.extend(cell.schedule.iter());
            let place = (index / self.shape.cases, index % self.shape.cases);
            let later = details
                .iter()
                .filter(|d| (d.strategy, d.case) == place && d.replication >= SCHEDULE_REPLICATIONS);
            rows.extend(later.flat_map(|d| d.schedule.iter().cloned()));
        }
        rows
    }

    fn summary_rows(&self, names: &Names<'_>) -> Vec<SummaryRow> {
        let mut rows = Vec::new();
        for at in places(self.shape) {
            for metric in Metric::ALL {
                let mut values = self.present(at, *metric);
                if !values.is_empty() {
                    let summary = Summary::of(&values);
                    values.sort_by(f64::total_cmp);
                    rows.push(names.summary_row(at, *metric, &summary, &values));
                }
            }
        }
        rows
    }

    fn comparison_rows(&self, names: &Names<'_>) -> Vec<ComparisonRow> {
        let Some(baseline) = names.manifest.baseline_index() else {
            return Vec::new();
        };
        let mut rows = Vec::new();
        for at in places(self.shape).filter(|at| at.0 != baseline) {
            for metric in Metric::ALL {
                let pairs = self
                    .column(at, *metric)
                    .zip(self.column((baseline, at.1, at.2), *metric));
                let differences: Vec<f64> = pairs
                    .map(|(own, base)| own - base)
                    .filter(|d| !d.is_nan())
                    .collect();
                if !differences.is_empty() {
                    rows.push(names.comparison_row(at, *metric, &differences, self.share_best(at, *metric)));
                }
            }
        }
        rows
    }

    /// Share of the replications in which the strategy is the best of all; ties are shared. `NaN` where the
    /// metric has no better direction.
    fn share_best(&self, at: (usize, usize, usize), metric: Metric) -> f64 {
        let direction = metric.definition().direction;
        if direction == Direction::Neither {
            return f64::NAN;
        }
        let mut columns: Vec<_> = (0..self.shape.strategies)
            .map(|strategy| self.column((strategy, at.1, at.2), metric))
            .collect();
        let (mut won, mut counted) = (0.0, 0_usize);
        for _ in 0..self.replications() {
            let values: Vec<f64> = columns.iter_mut().map(|c| c.next().unwrap_or(f64::NAN)).collect();
            let best = values
                .iter()
                .copied()
                .filter(|v| !v.is_nan())
                .reduce(|a, b| better(direction, a, b));
            let Some(best) = best else { continue };
            counted += 1;
            if values[at.0] == best {
                won += 1.0 / values.iter().filter(|v| **v == best).count() as f64;
            }
        }
        won / counted as f64
    }

    fn fans(&self) -> Vec<Fan> {
        let months = self.shape.months;
        let mut fans = Vec::with_capacity(self.cells.len());
        for (index, cell) in self.cells.iter().enumerate() {
            let mut quantiles: [Vec<f64>; 7] = Default::default();
            let mut cumulative = vec![0.0; self.replications().min(FAN_REPLICATIONS)];
            for month in 0..months {
                for (sum, net) in cumulative.iter_mut().zip(cell.net_usd.chunks_exact(months)) {
                    *sum += net[month];
                }
                let mut sorted = cumulative.clone();
                sorted.sort_by(f64::total_cmp);
                for (row, p) in quantiles.iter_mut().zip(FAN_PROBABILITIES) {
                    if !sorted.is_empty() {
                        row.push(quantile(&sorted, p));
                    }
                }
            }
            fans.push(Fan {
                strategy: index / self.shape.cases,
                case: index % self.shape.cases,
                quantiles,
            });
        }
        fans
    }

    fn add_cash(&self, tables: &mut RunTables, names: &Names<'_>, details: &[Replication]) {
        for (index, cell) in self.cells.iter().enumerate() {
            let place = (index / self.shape.cases, index % self.shape.cases);
            let share = |usd: &f64| usd / self.replications() as f64;
            let mean = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
                let row = |row: &Vec<f64>| row.iter().map(share).collect();
                rows.iter().map(row).collect()
            };
            let cash_usd = mean(&cell.cash_usd);
            let moves = Moves {
                movement_usd: &mean(&cell.movement_usd),
                cash_usd: &cash_usd,
            };
            let stated = statements::rows(names.manifest, place, "mean", moves);
            tables.statements.extend(stated);
            let accounts = self.accounts.iter().map(String::as_str);
            names.cash_rows(place, "mean", accounts.zip(cash_usd), &mut tables.cashflow);
            let p50 = names.manifest.p50_replications[index];
            let detail = details
                .iter()
                .find(|d| (d.strategy, d.case, d.replication) == (place.0, place.1, p50));
            if let Some(cash) = detail.map(|d| &d.cashflow) {
                let rows = cash.accounts.iter().copied().zip(cash.usd.iter().cloned());
                names.cash_rows(place, "p50", rows, &mut tables.cashflow);
                let moves = Moves {
                    movement_usd: &cash.movement_usd,
                    cash_usd: &cash.usd,
                };
                let stated = statements::rows(names.manifest, place, "p50", moves);
                tables.statements.extend(stated);
            }
        }
    }
}

fn add_details(tables: &mut RunTables, mut details: Vec<Replication>) {
    details.sort_by_key(|d| (d.strategy, d.case, d.replication));
    for detail in details.into_iter().filter_map(|d| d.detail) {
        tables.settlement.extend(detail.settlement);
        tables.monthly.extend(detail.monthly);
        tables.hourly.extend(detail.hourly);
        tables.capacity.extend(detail.capacity);
        tables.jobs.extend(detail.jobs);
        tables.events.extend(detail.events);
        tables.hall_states.extend(detail.hall_states);
        tables.finance.extend(detail.finance);
    }
}

/// Every (strategy, case, scope), in the order of files.
fn places(shape: Shape) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..shape.strategies * shape.cases * shape.scopes).map(move |i| {
        let cell = i / shape.scopes;
        (cell / shape.cases, cell % shape.cases, i % shape.scopes)
    })
}

fn better(direction: Direction, a: f64, b: f64) -> f64 {
    if direction == Direction::Lower {
        a.min(b)
    } else {
        a.max(b)
    }
}

/// Share of differences that are an improvement, ties counted half; `NaN` without a direction.
fn share_better(direction: Direction, differences: &[f64]) -> f64 {
    let sign = match direction {
        Direction::Higher => 1.0,
        Direction::Lower => -1.0,
        Direction::Neither => return f64::NAN,
    };
    let worth = |d: &f64| {
        if *d == 0.0 {
            0.5
        } else {
            f64::from(u8::from(d * sign > 0.0))
        }
    };
    differences.iter().map(worth).sum::<f64>() / differences.len() as f64
}

/// Makes rows with the names of the manifest.
struct Names<'a> {
    manifest: &'a Manifest,
}

impl Names<'_> {
    fn summary_row(
        &self,
        at: (usize, usize, usize),
        metric: Metric,
        summary: &Summary,
        sorted: &[f64],
    ) -> SummaryRow {
        SummaryRow {
            strategy: self.manifest.strategies[at.0].id.clone(),
            case: self.manifest.cases[at.1].clone(),
            fidelity: self.manifest.fidelity.clone(),
            scope: self.manifest.scopes[at.2].clone(),
            metric: metric.id().to_owned(),
            unit: metric.definition().unit.to_owned(),
            mean: summary.mean,
            sd: summary.sd,
            ci95_low: summary.ci95_low,
            ci95_high: summary.ci95_high,
            p5: quantile(sorted, 0.05),
            p10: quantile(sorted, 0.10),
            p50: quantile(sorted, 0.50),
            p90: quantile(sorted, 0.90),
            p95: quantile(sorted, 0.95),
            min: summary.min,
            max: summary.max,
        }
    }

    fn comparison_row(
        &self,
        at: (usize, usize, usize),
        metric: Metric,
        differences: &[f64],
        p_best: f64,
    ) -> ComparisonRow {
        let summary = Summary::of(differences);
        ComparisonRow {
            strategy: self.manifest.strategies[at.0].id.clone(),
            case: self.manifest.cases[at.1].clone(),
            fidelity: self.manifest.fidelity.clone(),
            baseline: self.manifest.baseline.clone(),
            scope: self.manifest.scopes[at.2].clone(),
            metric: metric.id().to_owned(),
            unit: metric.definition().unit.to_owned(),
            mean_difference: summary.mean,
            ci95_low: summary.ci95_low,
            ci95_high: summary.ci95_high,
            p_better: share_better(metric.definition().direction, differences),
            p_best,
        }
    }

    /// Month by month, account by account; accounts that never move are left out.
    fn cash_rows<'b>(
        &self,
        place: (usize, usize),
        which: &str,
        accounts: impl Iterator<Item = (&'b str, Vec<f64>)>,
        out: &mut Vec<CashflowRow>,
    ) {
        let moving: Vec<(&str, Vec<f64>)> = accounts
            .filter(|(_, row)| row.iter().any(|usd| *usd != 0.0))
            .collect();
        for (index, month) in self.manifest.months.iter().enumerate() {
            out.extend(moving.iter().map(|(account, row)| CashflowRow {
                strategy: self.manifest.strategies[place.0].id.clone(),
                case: self.manifest.cases[place.1].clone(),
                fidelity: self.manifest.fidelity.clone(),
                which: which.to_owned(),
                month: month.clone(),
                account: (*account).to_owned(),
                usd: row[index],
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::block::block_count;
    use crate::results::fixture;

    fn summary<'a>(tables: &'a RunTables, strategy: &str, metric: Metric) -> &'a SummaryRow {
        let is = |row: &&SummaryRow| row.strategy == strategy && row.metric == metric.id();
        tables.summary.iter().find(is).unwrap()
    }

    #[test]
    fn summaries_are_those_of_the_values_that_exist() {
        let tables = fixture::tables(21);
        let npv = summary(&tables, "gpu-cloud", Metric::NpvEquityUsd);
        assert_eq!((npv.mean, npv.min, npv.max), (20e6, 10e6, 30e6));
        assert_eq!((npv.p5, npv.p10, npv.p50, npv.p90), (11e6, 12e6, 20e6, 28e6));
        // Only even replications have an IRR: 0.10, 0.12, ... 0.30.
        let irr = summary(&tables, "gpu-cloud", Metric::Irr);
        assert!((irr.mean - 0.2).abs() < 1e-15);
        assert!((irr.sd - 0.02 * (11.0_f64).sqrt()).abs() < 1e-12);
        assert!(!tables.summary.iter().any(|row| row.metric == Metric::Pue.id()));
    }

    #[test]
    fn differences_are_paired_by_replication() {
        let tables = fixture::tables(21);
        let row = |strategy: &str, metric: Metric| {
            let is = |row: &&ComparisonRow| row.strategy == strategy && row.metric == metric.id();
            tables.comparison.iter().find(is).unwrap()
        };
        let npv = row("lease-shell", Metric::NpvEquityUsd);
        assert_eq!(
            (npv.mean_difference, npv.ci95_low, npv.ci95_high),
            (20e6, 20e6, 20e6)
        );
        assert_eq!((npv.p_better, npv.p_best), (1.0, 1.0));
        assert_eq!(row("gpu-cloud", Metric::NpvEquityUsd).p_best, 0.0);
        let irr = row("gpu-cloud", Metric::Irr);
        assert_eq!((irr.p_better, irr.mean_difference), (0.5, 0.0));
        assert!((irr.p_best - 1.0 / 3.0).abs() < 1e-12);
        assert!(row("gpu-cloud", Metric::CapexUsd).p_better.is_nan());
        assert!(!tables.comparison.iter().any(|r| r.strategy == "stay-mining"));
    }

    #[test]
    fn less_is_better_where_the_metric_says_so() {
        assert_eq!(share_better(Direction::Lower, &[-1.0, 2.0, 0.0, -3.0]), 0.625);
    }

    #[test]
    fn mean_cash_and_fans_follow_the_replications() {
        let tables = fixture::tables(21);
        let mean: f64 = tables
            .cashflow
            .iter()
            .filter(|r| r.strategy == "gpu-cloud" && r.which == "mean" && r.month == "2026-02")
            .map(|r| r.usd)
            .sum();
        // Net of month 2 is 2 * (3 + n - 1), the mean n is 10.
        assert!((mean - 24.0).abs() < 1e-12);
        assert!(!tables.cashflow.iter().any(|r| r.account == "lease_revenue"));
        let p50 = tables
            .cashflow
            .iter()
            .filter(|r| r.which == "p50" && r.month == "2026-01");
        assert_eq!(p50.map(|r| r.usd).sum::<f64>(), 3.0 * 12.0);
        // Cumulative net after 24 months is 300 * (2 + n); its tenth percentile is at n = 2.
        assert_eq!(tables.fans[1].quantiles[1][23], 1_200.0);
        assert_eq!(tables.fans[1].quantiles[3].len(), 24);
    }

    #[test]
    fn the_p50_replication_is_the_lower_median_of_equity_npv() {
        let manifest = fixture::manifest(4);
        let mut collector = Collector::new(Shape::of(&manifest));
        collector.add_block(fixture::block(0, 4));
        assert_eq!(collector.p50_replication(1, 0), Some(1));
        assert_eq!(
            collector.finish(manifest, Vec::new()).manifest.p50_replications,
            [1, 1, 1]
        );
    }

    #[test]
    fn the_order_in_which_blocks_arrive_changes_nothing() {
        let manifest = fixture::manifest(37);
        let run = |order: &[u32]| {
            let mut collector = Collector::new(Shape::of(&manifest));
            for index in order {
                collector.add_block(fixture::block(*index, 37));
            }
            assert_eq!(collector.replications(), 37);
            collector.finish(manifest.clone(), Vec::new())
        };
        assert_eq!(block_count(37), 4);
        let (a, b) = (run(&[0, 1, 2, 3]), run(&[3, 1, 0, 2]));
        assert_eq!(a.cashflow, b.cashflow);
        assert_eq!(a.summary, b.summary);
        assert_eq!(a.schedule, b.schedule);
        assert_eq!(a.fans, b.fans);
        assert_eq!(a.schedule.len(), 74);
        assert!(
            a.schedule
                .is_sorted_by_key(|r| (r.strategy == "lease-shell", r.replication))
        );
    }

    #[test]
    #[should_panic(expected = "when repeated")]
    fn a_replication_that_does_not_repeat_is_our_fault() {
        let manifest = fixture::manifest(4);
        let mut collector = Collector::new(Shape::of(&manifest));
        collector.add_block(fixture::block(0, 4));
        let mut detail = fixture::detailed(1, 1);
        detail.scalars[0].value += 1e-9;
        let _ = collector.finish(manifest, vec![detail]);
    }

    #[test]
    #[should_panic(expected = "block 1 is missing")]
    fn a_gap_between_blocks_is_our_fault() {
        let manifest = fixture::manifest(30);
        let mut collector = Collector::new(Shape::of(&manifest));
        collector.add_block(fixture::block(0, 30));
        collector.add_block(fixture::block(2, 30));
        let _ = collector.finish(manifest, Vec::new());
    }

    #[test]
    fn one_replication_and_none_make_tables_too() {
        let one = fixture::tables(1);
        let npv = summary(&one, "gpu-cloud", Metric::NpvUsd);
        assert!(npv.mean == npv.p50 && npv.sd.is_nan() && npv.ci95_low.is_nan());
        let manifest = fixture::manifest(0);
        let none = Collector::new(Shape::of(&manifest)).finish(manifest, Vec::new());
        assert!(none.summary.is_empty() && none.cashflow.is_empty());
    }
}
