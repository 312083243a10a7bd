//! What the run knows of a strategy's P50 replication: its statements by month and the terms of its finance.

use std::collections::BTreeMap;

use crate::finance::account::Account;
use crate::finance::statement::{Moves, Statement};
use crate::metric::Metric;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// A strategy as the run left it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Case {
    /// Id.
    pub(super) id: String,
    /// The replication shown, where it is known.
    pub(super) replication: Option<u32>,
    lines: BTreeMap<(String, String), Vec<f64>>,
    terms: BTreeMap<String, (String, f64)>,
    by_month: BTreeMap<(String, String), Vec<f64>>,
    metrics: BTreeMap<&'static str, f64>,
}

/// Every line of the three statements in order, whether or not its account ever moved.
pub(super) fn layout() -> Vec<(Statement, &'static str)> {
    let one = |count: usize| vec![vec![1.0]; count];
    let (movement_usd, cash_usd) = (one(Account::COUNT), one(Account::of_cash_flow().count()));
    let moves = Moves {
        movement_usd: &movement_usd,
        cash_usd: &cash_usd,
    };
    let lines = moves.lines().into_iter();
    lines.map(|line| (line.statement, line.id)).collect()
}

/// A figure that a spreadsheet can hold.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

/// The strategies of a run that left statements, in order.
pub(super) fn read(tables: &RunTables) -> Vec<Case> {
    let view = View::new(tables);
    let months = &tables.manifest.months;
    let place: BTreeMap<&str, usize> = months.iter().enumerate().map(|(i, m)| (m.as_str(), i)).collect();
    let mut cases: Vec<Case> = view
        .strategies()
        .map(|id| Case {
            id: id.to_owned(),
            ..Case::default()
        })
        .collect();
    let index: BTreeMap<&str, usize> = view.strategies().enumerate().map(|(i, id)| (id, i)).collect();
    for row in tables
        .statements
        .iter()
        .filter(|r| r.which == "p50" && r.case == view.case)
    {
        if let (Some(s), Some(m)) = (index.get(row.strategy.as_str()), place.get(row.month.as_str())) {
            let key = (row.statement.clone(), row.line.clone());
            let line = cases[*s]
                .lines
                .entry(key)
                .or_insert_with(|| vec![0.0; months.len()]);
            line[*m] = finite(row.usd);
        }
    }
    for row in tables.finance.iter().filter(|r| r.case == view.case) {
        let Some(s) = index.get(row.strategy.as_str()) else {
            continue;
        };
        let case = &mut cases[*s];
        if let Some(m) = place.get(row.month.as_str()) {
            let key = (row.item.clone(), row.kind.clone());
            let line = case
                .by_month
                .entry(key)
                .or_insert_with(|| vec![0.0; months.len()]);
            line[*m] += finite(row.value);
        } else {
            case.terms
                .insert(row.item.clone(), (row.kind.clone(), finite(row.value)));
        }
    }
    let cells = tables.manifest.cases.len().max(1);
    for (s, case) in cases.iter_mut().enumerate() {
        case.replication = tables.manifest.p50_replications.get(s * cells).copied();
        for metric in Metric::ALL {
            let values = view.values(&case.id, *metric);
            let value = case.replication.and_then(|r| values.get(r as usize));
            if let Some(value) = value.filter(|value| value.is_finite()) {
                case.metrics.insert(metric.id(), *value);
            }
        }
    }
    cases.retain(|case| !case.lines.is_empty() && case.terms.contains_key("discount"));
    cases
}

impl Case {
    /// A line of a statement, where its account moved.
    pub(super) fn line(&self, statement: Statement, id: &str) -> Option<&[f64]> {
        let key = (statement.as_str().to_owned(), id.to_owned());
        self.lines.get(&key).map(Vec::as_slice)
    }
    /// A term; nought where it is not stated.
    pub(super) fn term(&self, item: &str) -> f64 {
        self.terms.get(item).map_or(0.0, |(_, value)| *value)
    }
    /// Which of its kind a term is.
    pub(super) fn kind(&self, item: &str) -> &str {
        self.terms.get(item).map_or("", |(kind, _)| kind)
    }
    /// Whether a term is stated.
    pub(super) fn states(&self, item: &str) -> bool {
        self.terms.contains_key(item)
    }
    /// Whether it borrows.
    pub(super) fn borrows(&self) -> bool {
        self.states("facility")
    }
    /// Whether its loan is refinanced after the schedule.
    pub(super) fn refinances(&self) -> bool {
        self.states("refinancing_periods")
    }
    /// Whether its loan is drawn while it is repaid.
    pub(super) fn draws_late(&self) -> bool {
        self.states("draws_end")
    }
    /// Whether lenders pay for machines.
    pub(super) fn leases_machines(&self) -> bool {
        self.states("equipment_percent")
    }
    /// Whether a bank is paid for a letter of credit.
    pub(super) fn has_letter(&self) -> bool {
        self.by_month
            .contains_key(&("letter_fee".to_owned(), String::new()))
    }
    /// A term by month; noughts where it is not stated.
    pub(super) fn by_month(&self, item: &str, kind: &str, months: usize) -> Vec<f64> {
        let key = (item.to_owned(), kind.to_owned());
        self.by_month
            .get(&key)
            .cloned()
            .unwrap_or_else(|| vec![0.0; months])
    }
    /// A metric of the replication.
    pub(super) fn metric(&self, metric: Metric) -> Option<f64> {
        self.metrics.get(metric.id()).copied()
    }
}
