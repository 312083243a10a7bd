//! What one replication leaves behind: scalars always, detail only where it was asked for.

use crate::finance::account::{Account, CashFlow};
use crate::metric::Metric;
use crate::results::tables::{
    CapacityRow, EventRow, FinanceRow, HallStateRow, HourlyRow, JobRow, MonthlyRow, ScheduleRow,
    SettlementRow,
};

/// The index of the portfolio among scopes; site `i` of the scenario is scope `i + 1`.
pub const PORTFOLIO: usize = 0;

/// One metric of one scope; metrics that have no meaning there (an IRR without a root) are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalar {
    /// Index into the run's scopes; [`PORTFOLIO`] is 0.
    pub scope: u16,
    /// Which metric.
    pub metric: Metric,
    /// Its value, finite.
    pub value: f64,
}

/// Monthly cash by account: `usd[account][month]`, money in positive.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cashflow {
    /// Account ids, in chart-of-accounts order; the same for every replication of a run.
    pub accounts: Vec<&'static str>,
    /// One row of months per account.
    pub usd: Vec<Vec<f64>>,
    /// Debits less credits by month of every account of the chart, cash or not: what statements are made of.
    pub movement_usd: Vec<Vec<f64>>,
}

impl Cashflow {
    /// Net cash of each month over all accounts but the owners' own: what they get, or must find.
    pub fn net_by_month(&self) -> Vec<f64> {
        let months = self.usd.first().map_or(0, Vec::len);
        let owners = |id: &str| Account::from_id(id).and_then(Account::cash_flow) == Some(CashFlow::Equity);
        let rows: Vec<&Vec<f64>> = self
            .accounts
            .iter()
            .zip(&self.usd)
            .filter(|(id, _)| !owners(id))
            .map(|(_, row)| row)
            .collect();
        (0..months).map(|m| rows.iter().map(|row| row[m]).sum()).collect()
    }
}

/// Rows that are kept only for the replication shown in detail.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detail {
    /// Settlement lines of every power contract and month.
    pub settlement: Vec<SettlementRow>,
    /// Physical and money totals by site and month.
    pub monthly: Vec<MonthlyRow>,
    /// Hour by hour.
    pub hourly: Vec<HourlyRow>,
    /// Capacity of the job pools where it changed.
    pub capacity: Vec<CapacityRow>,
    /// Jobs, where simulated.
    pub jobs: Vec<JobRow>,
    /// Notable events.
    pub events: Vec<EventRow>,
    /// Uses of each hall over time.
    pub hall_states: Vec<HallStateRow>,
    /// Terms that its finance was worked out with.
    pub finance: Vec<FinanceRow>,
    /// Cost of the next megawatt-hour at a miner, by site and hour, USD: what machines are judged by, in no file.
    pub mining_costs: Vec<Vec<f64>>,
}

/// The outcome of one strategy in one case and replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Replication {
    /// Index of the strategy.
    pub strategy: usize,
    /// Index of the case.
    pub case: usize,
    /// Replication number, from 0.
    pub replication: u32,
    /// Scalars.
    pub scalars: Vec<Scalar>,
    /// Monthly cash by account.
    pub cashflow: Cashflow,
    /// Stages as planned and as they went.
    pub schedule: Vec<ScheduleRow>,
    /// Events delivered.
    pub events: u64,
    /// Detail, where asked for.
    pub detail: Option<Box<Detail>>,
}

impl Replication {
    /// A metric of a scope, where it has a value.
    pub fn scalar(&self, scope: usize, metric: Metric) -> Option<f64> {
        self.scalars
            .iter()
            .find(|s| usize::from(s.scope) == scope && s.metric == metric)
            .map(|s| s.value)
    }
}
