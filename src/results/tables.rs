//! The tables of a run, one row type per file of the run directory; columns in the order of the file.
//!
//! Times are ISO 8601 UTC texts in files; months are billing months `YYYY-MM` in the site's zone. Numbers are
//! in the unit that the column names; money in is positive.

use serde::{Deserialize, Serialize};

pub use crate::results::answers::AnswerRow;
pub use crate::results::fidelity_row::{FidelityRow, LevelRow};
pub use crate::results::finance_row::FinanceRow;
pub use crate::results::hall_tables::{HallStateRow, HotHoursRow, ScheduleRow};
pub use crate::results::manifest::{InputFile, Manifest, Note, StrategyInfo};
pub use crate::results::metrics::Metrics;
pub use crate::results::schedule_tables::{
    ScheduleConversionRow, ScheduleCurveRow, ScheduleDriverRow, ScheduleOrderRow, ScheduleRiskRow,
};
pub use crate::results::site_tables::{HourlyRow, MonthlyRow};

/// A row of `summary.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SummaryRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// `portfolio` or a site id.
    pub scope: String,
    /// Metric id.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Mean over replications.
    pub mean: f64,
    /// Sample standard deviation; `NaN`, in the file an empty cell, for one replication. So is the interval.
    pub sd: f64,
    /// Lower end of the 95 % interval of the mean.
    pub ci95_low: f64,
    /// Upper end of it.
    pub ci95_high: f64,
    /// 5th percentile (type 7).
    pub p5: f64,
    /// 10th percentile.
    pub p10: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// A row of `comparison.csv`: a strategy against the baseline, paired by replication.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ComparisonRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Baseline strategy id.
    pub baseline: String,
    /// `portfolio` or a site id.
    pub scope: String,
    /// Metric id.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Mean of strategy minus baseline.
    pub mean_difference: f64,
    /// Lower end of its 95 % interval.
    pub ci95_low: f64,
    /// Upper end of it.
    pub ci95_high: f64,
    /// Share of replications in which the strategy is better than the baseline, ties counted half; `NaN`, in
    /// the file an empty cell, where a metric has no better direction.
    pub p_better: f64,
    /// Share of replications in which it is the best of all strategies, ties shared; `NaN` likewise.
    pub p_best: f64,
}

/// A row of `cashflow.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CashflowRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// `mean` or `p50`.
    pub which: String,
    /// `YYYY-MM`.
    pub month: String,
    /// Account id.
    pub account: String,
    /// Cash of the month, in positive.
    pub usd: f64,
}

/// A row of `statements.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StatementRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// `mean` or `p50`.
    pub which: String,
    /// `YYYY-MM`.
    pub month: String,
    /// `income`, `cash_flow` or `balance_sheet`.
    pub statement: String,
    /// Line of the statement.
    pub line: String,
    /// Amount.
    pub usd: f64,
}

/// A row of `settlement.csv`: one priced line of a power bill.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SettlementRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Billing month.
    pub month: String,
    /// Contract id.
    pub contract: String,
    /// Clause, by kind and position.
    pub clause: String,
    /// Quantity priced.
    pub quantity: f64,
    /// Unit of the quantity.
    pub unit: String,
    /// Rate in USD per unit of the quantity.
    pub rate: f64,
    /// Amount: a cost is negative, a receipt positive.
    pub usd: f64,
    /// The interval or event that set the quantity, where one did.
    pub set_by: String,
}

/// A row of `capacity.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CapacityRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Pool id.
    pub pool: String,
    /// Seconds from the scenario's start.
    pub t_s: i64,
    /// GPUs that the pool has from then on.
    pub gpus: u32,
}

/// A row of `jobs.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Replication.
    pub replication: u32,
    /// Job.
    pub job_id: u64,
    /// `reserved`, `on_demand` or `spot`.
    pub class: String,
    /// Tenant id.
    pub tenant: String,
    /// Submission.
    pub submit_s: i64,
    /// First start; -1 where none.
    pub start_s: i64,
    /// End; -1 where none.
    pub end_s: i64,
    /// GPUs of the gang.
    pub gpus: u32,
    /// Work at full speed.
    pub duration_s: i64,
    /// Checkpoint interval; 0 where none.
    pub checkpoint_s: i64,
    /// Site id.
    pub site: String,
    /// Hall or pool id.
    pub hall: String,
    /// Restarts.
    pub restarts: u32,
    /// Work lost.
    pub lost_gpu_s: f64,
    /// `finished`, `running`, `queued`, `withdrawn`, ...
    pub end_reason: String,
}

/// A row of `events.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EventRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Replication.
    pub replication: u32,
    /// Seconds from the scenario's start.
    pub t_s: i64,
    /// Site id.
    pub site: String,
    /// Kind of event.
    pub kind: String,
    /// What it concerns.
    pub subject: String,
    /// In words or figures.
    pub detail: String,
}

/// A row of `assumptions.csv`: an input that the run used.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AssumptionRow {
    /// Field path.
    pub path: String,
    /// Its value.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// `given`, `sourced`, `computed` or `assumption`.
    pub label: String,
    /// Where it comes from.
    pub source: String,
}

/// Quantiles over replications of a monthly quantity of one strategy and case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fan {
    /// Strategy index.
    pub strategy: usize,
    /// Case index.
    pub case: usize,
    /// Cumulative net cash, USD, at the end of each month: rows p5, p10, p25, p50, p75, p90, p95.
    pub quantiles: [Vec<f64>; 7],
}

/// The probabilities of the rows of a [`Fan`].
pub const FAN_PROBABILITIES: [f64; 7] = [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95];

/// A row of `fans.csv`: cumulative net cash at the end of a month, USD, by quantile over replications.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FanRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Fidelity.
    pub fidelity: String,
    /// `YYYY-MM`.
    pub month: String,
    /// 5th percentile.
    pub p5: f64,
    /// 10th percentile.
    pub p10: f64,
    /// Lower quartile.
    pub p25: f64,
    /// Median.
    pub p50: f64,
    /// Upper quartile.
    pub p75: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 95th percentile.
    pub p95: f64,
}

/// A row of `mining_break_even.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MiningBreakEvenRow {
    /// Miner model or batch.
    pub model: String,
    /// Power price at which it breaks even at the start.
    pub usd_per_mwh: f64,
}

/// A row of `mining_batches.csv`: a batch of miners that stands at the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MiningBatchRow {
    /// Site id.
    pub site: String,
    /// Hall id.
    pub hall: String,
    /// Model.
    pub model: String,
    /// Machines.
    pub machines: f64,
    /// Power at the wall of those that work.
    pub power_mw: f64,
    /// Their hashrate.
    pub hashrate_ph: f64,
    /// Energy per hash.
    pub j_per_th: f64,
    /// Power price at which it breaks even at the start.
    pub break_even_usd_per_mwh: f64,
    /// Mean cost of a megawatt-hour at the machine over the first year.
    pub power_usd_per_mwh: f64,
    /// Hashprice at which it breaks even at that cost.
    pub hashcost_usd_per_ph_day: f64,
    /// What it fetches at the start.
    pub resale_usd: f64,
    /// Present worth at the start of what it is expected to earn to the horizon, its resale there included.
    pub cash_left_usd: f64,
    /// First month in which it fetches more than it would still earn; empty where there is none.
    pub sell_month: String,
    /// What it fetches then.
    pub resale_then_usd: f64,
}

/// Everything that outputs are made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunTables {
    /// Identity and notes.
    pub manifest: Manifest,
    /// All scalars.
    pub metrics: Metrics,
    /// Summaries.
    pub summary: Vec<SummaryRow>,
    /// Paired comparisons.
    pub comparison: Vec<ComparisonRow>,
    /// Tails, quantiles, dominance, regret.
    pub answers: Vec<AnswerRow>,
    /// Cash by account and month, mean and P50.
    pub cashflow: Vec<CashflowRow>,
    /// Statements.
    pub statements: Vec<StatementRow>,
    /// Bills of the P50 replication.
    pub settlement: Vec<SettlementRow>,
    /// Months of the P50 replication.
    pub monthly: Vec<MonthlyRow>,
    /// Hours of the P50 replication; always in memory during `run`, in a file only when asked for.
    pub hourly: Vec<HourlyRow>,
    /// Capacity of pools, P50.
    pub capacity: Vec<CapacityRow>,
    /// Stages of every replication.
    pub schedule: Vec<ScheduleRow>,
    /// Stages over the replications.
    pub schedule_risk: Vec<ScheduleRiskRow>,
    /// Dates, cost and worth of a day of each conversion.
    pub schedule_conversions: Vec<ScheduleConversionRow>,
    /// What drives the last ready dates.
    pub schedule_drivers: Vec<ScheduleDriverRow>,
    /// What orders at risk are worth.
    pub schedule_orders: Vec<ScheduleOrderRow>,
    /// Megawatts ready by date.
    pub schedule_curve: Vec<ScheduleCurveRow>,
    /// Jobs, P50.
    pub jobs: Vec<JobRow>,
    /// Events, P50.
    pub events: Vec<EventRow>,
    /// Inputs used.
    pub assumptions: Vec<AssumptionRow>,
    /// Error of the fidelity.
    pub fidelity: Vec<FidelityRow>,
    /// Terms of the finance of the P50 replication.
    pub finance: Vec<FinanceRow>,
    /// Levels of a multilevel run.
    pub levels: Vec<LevelRow>,
    /// Cumulative cash fans.
    pub fans: Vec<Fan>,
    /// Hall states of the P50 replication.
    pub hall_states: Vec<HallStateRow>,
    /// Sellable megawatts in hot hours.
    pub hot_hours: Vec<HotHoursRow>,
    /// Break-even power price of each mining batch at the start, (model, USD/MWh), for the price chart.
    pub mining_break_even: Vec<(String, f64)>,
    /// Batches of miners at the start: what they cost, are worth, and when to sell them.
    pub mining_batches: Vec<MiningBatchRow>,
}
