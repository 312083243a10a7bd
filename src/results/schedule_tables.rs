//! Tables about the dates of conversions, from schedules alone.

use serde::{Deserialize, Serialize};

/// A row of `schedule_risk.csv`: a stage over the replications.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleRiskRow {
    /// Strategy id.
    pub strategy: String,
    /// Position of the conversion in the strategy, from 0.
    pub conversion: u32,
    /// Site id.
    pub site: String,
    /// Hall id; empty for a stage done once for all.
    pub hall: String,
    /// Stage id.
    pub stage: String,
    /// Share of replications in which it lies on the path to the conversion's last ready date.
    pub criticality: f64,
    /// How much later it may start and every hall be ready as planned, months.
    pub float_months: f64,
    /// Mean wait for crews, months.
    pub crew_wait_months: f64,
    /// UTC.
    pub planned_end: String,
    /// 10th percentile of its end, UTC.
    pub end_p10: String,
    /// Median.
    pub end_p50: String,
    /// 90th percentile.
    pub end_p90: String,
    /// Mean end less planned, months.
    pub late_months: f64,
    /// What a day that the stage takes longer costs, USD: its criticality times what a day of later readiness costs. Empty
    /// where that is not known.
    pub usd_per_day: f64,
}

/// A row of `schedule_conversions.csv`: when a conversion is ready, what it costs and what a day costs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleConversionRow {
    /// Strategy id.
    pub strategy: String,
    /// Position of the conversion in the strategy, from 0; `all` for all of them together.
    pub conversion: String,
    /// Its halls, with spaces between; empty for all.
    pub halls: String,
    /// When its last hall is planned to be ready, UTC.
    pub planned_ready: String,
    /// 10th percentile of that date, UTC.
    pub ready_p10: String,
    /// Median.
    pub ready_p50: String,
    /// 90th percentile.
    pub ready_p90: String,
    /// What it is planned to cost, facility and hardware, USD.
    pub planned_capex_usd: f64,
    /// 10th percentile of what it costs, USD.
    pub capex_p10_usd: f64,
    /// Median.
    pub capex_p50_usd: f64,
    /// 90th percentile.
    pub capex_p90_usd: f64,
    /// What the owners lose for each day by which its halls are ready later, USD of today.
    pub delay_usd_per_day: f64,
}

/// A row of `schedule_drivers.csv`: a part of the luck and what the strategy's last ready date would be without it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleDriverRow {
    /// Strategy id.
    pub strategy: String,
    /// A stage, `common factor`, `failed tests`, `crews`, `weather`, `design opened again`, `everything`.
    pub driver: String,
    /// Months by which it makes the last ready date later, mean.
    pub mean_months: f64,
    /// The same of the 90th percentile.
    pub p90_months: f64,
    /// Share of the variance of that date that goes with it.
    pub variance_share: f64,
}

/// A row of `schedule_orders.csv`: what placing an order at the start is worth.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleOrderRow {
    /// Strategy id.
    pub strategy: String,
    /// Position of the conversion in the strategy, from 0.
    pub conversion: u32,
    /// Stage id of the order.
    pub order: String,
    /// Whether the plan places it at risk.
    pub at_risk: bool,
    /// Months by which the last hall is planned earlier with it at risk than without.
    pub planned_months: f64,
    /// The same in the mean of replications.
    pub mean_months: f64,
    /// What is at stake until the design is frozen, USD.
    pub deposit_usd: f64,
    /// The mean months at what a day of later readiness costs, USD. Empty where that is not known.
    pub value_usd: f64,
}

/// A row of `schedule_curve.csv`: megawatts that are ready at a date.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleCurveRow {
    /// Strategy id.
    pub strategy: String,
    /// UTC.
    pub at: String,
    /// As planned, MW of IT.
    pub planned_mw: f64,
    /// 10th percentile over replications.
    pub p10_mw: f64,
    /// Median.
    pub p50_mw: f64,
    /// 90th percentile.
    pub p90_mw: f64,
}
