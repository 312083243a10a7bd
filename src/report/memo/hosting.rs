//! Customers' machines: what the farm earns by hosting them, and how long they run.

use crate::metric::Metric;
use crate::report::format;
use crate::report::memo::document::{Section, Table, Text};
use crate::report::memo::figures::{by_strategy, metric, million, summary_source};
use crate::report::view::View;

/// Contracts of hosting customers are settled under this.
const CONTRACT: &str = "hosting/";
/// Most rows of the table of customers; the file has all.
const ROWS_SHOWN_MAX: usize = 24;

/// Shown where a strategy hosts.
pub(crate) fn hosting(view: &View<'_>) -> Section {
    let mut section = Section::new("Customers' machines");
    let hosts = |id: &str| view.summary(id, Metric::HostedMwh).is_some_and(|r| r.max > 0.0);
    if !view.strategies().any(hosts) {
        return section;
    }
    let measures = [
        million(
            view,
            "Fees and shares of profit, million USD",
            Metric::HostingRevenueUsd,
        ),
        metric(
            view,
            "Energy at customers' machines, GWh",
            Metric::HostedMwh,
            1e-3,
            1,
        ),
        metric(view, "Uptime, %", Metric::HostingUptime, 100.0, 2),
    ];
    let caption = "Hosting over the horizon, P50 (P10 to P90) over replications";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    section.table(customers(view));
    section
}

/// What each customer paid by line of its invoices, in the replication shown in detail.
fn customers(view: &View<'_>) -> Table {
    let mut lines: Vec<(String, f64, f64)> = Vec::new();
    let own = view.tables.settlement.iter();
    for row in own.filter(|r| r.case == view.case && r.contract.starts_with(CONTRACT)) {
        let customer = row.contract.trim_start_matches(CONTRACT);
        let name = format!("{}: {customer}, {}", row.strategy, format::words(&row.clause));
        match lines.iter_mut().find(|line| line.0 == name) {
            Some(line) => {
                line.1 += row.quantity;
                line.2 += row.usd;
            }
            None => lines.push((name, row.quantity, row.usd)),
        }
    }
    let row = |(name, _, usd): &(String, f64, f64)| {
        vec![Text::new(name.as_str()), Text::new(format::number(usd / 1e6, 2))]
    };
    let source = Text::default()
        .link("settlement.csv", "settlement.csv")
        .text(", median replication, whole horizon; a payment by the farm is negative.");
    Table {
        rows: lines.iter().take(ROWS_SHOWN_MAX).map(row).collect(),
        ..Table::figures(
            "Invoices of customers by line, million USD",
            source,
            &["", "Paid to the farm"],
        )
    }
}
