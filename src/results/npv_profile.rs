//! Present value over the discount rate, of the mean cash of each strategy: where it crosses nought lie its rates of return.
//!
//! Present value is linear in cash, so that the value of the mean cash is the mean of the values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finance::account::{Account, CashFlow};
use crate::finance::npv;
use crate::results::tables::RunTables;
use crate::units::Ratio;

/// The highest discount rate of the profile, percent a year.
const PERCENT_MAX: u32 = 50;

/// A row of `npv_profile.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NpvProfileRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity.
    pub fidelity: String,
    /// Discount rate, percent a year.
    pub discount_percent: f64,
    /// Mean present value of the project, residual included.
    pub npv_usd: f64,
    /// The same of owners' cash.
    pub npv_equity_usd: f64,
}

/// Mean cash by month: of the project, of all but owners, of owners.
#[derive(Debug, Clone, Default)]
struct Flows {
    project: Vec<f64>,
    before_owners: Vec<f64>,
    owners: Vec<f64>,
}

/// The profiles of all strategies and cases, in the order of the manifest.
pub(crate) fn rows(tables: &RunTables) -> Vec<NpvProfileRow> {
    let manifest = &tables.manifest;
    let months: BTreeMap<&str, usize> = manifest
        .months
        .iter()
        .enumerate()
        .map(|(m, t)| (t.as_str(), m))
        .collect();
    let mut flows: BTreeMap<(&str, &str), Flows> = BTreeMap::new();
    for row in tables.cashflow.iter().filter(|row| row.which == "mean") {
        let flow = Account::from_id(&row.account).and_then(Account::cash_flow);
        let (Some(flow), Some(month)) = (flow, months.get(row.month.as_str())) else {
            continue;
        };
        let own = flows.entry((&row.strategy, &row.case)).or_insert_with(|| {
            let none = vec![0.0; months.len()];
            Flows {
                project: none.clone(),
                before_owners: none.clone(),
                owners: none,
            }
        });
        if flow.is_project() {
            own.project[*month] += row.usd;
        }
        if flow == CashFlow::Equity {
            own.owners[*month] -= row.usd;
        } else {
            own.before_owners[*month] += row.usd;
        }
    }
    let mut rows = Vec::new();
    for strategy in &manifest.strategies {
        for case in &manifest.cases {
            if let Some(flows) = flows.get(&(strategy.id.as_str(), case.as_str())) {
                let row = |percent| flows.row(percent, (&strategy.id, case, &manifest.fidelity));
                rows.extend((0..=PERCENT_MAX).map(row));
            }
        }
    }
    rows
}

impl Flows {
    fn row(&self, percent: u32, (strategy, case, fidelity): (&str, &str, &str)) -> NpvProfileRow {
        let percent = f64::from(percent);
        let rate = Ratio::from_percent(percent);
        // Where there is debt, what the company holds back is not the owners' yet.
        let held = self.owners.iter().any(|usd| *usd != 0.0);
        let owners = if held { &self.owners } else { &self.before_owners };
        NpvProfileRow {
            strategy: strategy.to_owned(),
            case: case.to_owned(),
            fidelity: fidelity.to_owned(),
            discount_percent: percent,
            npv_usd: npv(&self.project, rate).as_usd(),
            npv_equity_usd: npv(owners, rate).as_usd(),
        }
    }
}
