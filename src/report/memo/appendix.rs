//! Risks with their figures, and the other cases of a run.

use crate::metric::Metric;
use crate::report::format::{self, MISSING};
use crate::report::memo::decision::{Measure, by_strategy, summary_source};
use crate::report::memo::document::{Section, Table, Text};
use crate::report::view::{PORTFOLIO, View, sorted};

/// Share of values beyond a limit, as a probability.
fn share(view: &View<'_>, id: &str, metric: Metric, is_bad: impl Fn(f64) -> bool) -> String {
    let values = view.finite(id, metric);
    let bad = values.iter().filter(|v| is_bad(**v)).count() as f64;
    format::probability(bad / values.len().max(1) as f64, values.len())
}

/// Mean of the worst tenth of the NPVs, at least one.
fn worst_decile(view: &View<'_>, id: &str) -> String {
    let values = sorted(view.finite(id, Metric::NpvUsd));
    let count = (values.len() as f64 * 0.1).ceil() as usize;
    if count == 0 {
        return MISSING.to_owned();
    }
    format::musd(values[..count].iter().sum::<f64>() / count as f64)
}

/// Share of replications without any value of a metric that has one in others.
fn share_without(view: &View<'_>, id: &str, metric: Metric) -> String {
    let (known, total) = (view.finite(id, metric).len(), view.values(id, metric).len());
    // Where nothing is invested there is nothing to pay back and nothing to be ready.
    let invests = view.summary(id, Metric::CapexUsd).is_some_and(|r| r.max > 0.0);
    if total == 0 || (known == 0 && !invests) {
        return MISSING.to_owned();
    }
    format::probability((total - known) as f64 / total as f64, total)
}

/// What can go wrong, in figures.
pub(crate) fn risks(view: &View<'_>) -> Section {
    let mut section = Section::new("Risks in figures");
    let row = |id: &str, metric: Metric, pick: fn(&crate::results::tables::SummaryRow) -> f64| {
        view.summary(id, metric).map(pick)
    };
    let measures: Vec<Measure<'_>> = vec![
        (
            "Net present value below zero".to_owned(),
            Box::new(|id| share(view, id, Metric::NpvUsd, |v| v < 0.0)),
        ),
        (
            "Equity net present value below zero".to_owned(),
            Box::new(|id| share(view, id, Metric::NpvEquityUsd, |v| v < 0.0)),
        ),
        (
            "Mean NPV of the worst tenth, million USD".to_owned(),
            Box::new(|id| worst_decile(view, id)),
        ),
        (
            "Worst NPV of any replication, million USD".to_owned(),
            Box::new(move |id| {
                row(id, Metric::NpvUsd, |r| r.min).map_or_else(|| MISSING.to_owned(), format::musd)
            }),
        ),
        (
            "No payback within the horizon".to_owned(),
            Box::new(|id| share_without(view, id, Metric::PaybackYears)),
        ),
        (
            "Not ready within the horizon".to_owned(),
            Box::new(|id| share_without(view, id, Metric::ReadyForServiceMonths)),
        ),
        (
            "Ready later than planned".to_owned(),
            Box::new(|id| share(view, id, Metric::DelayMonths, |v| v > 0.0)),
        ),
        (
            "Ready more than three months late".to_owned(),
            Box::new(|id| share(view, id, Metric::DelayMonths, |v| v > 3.0)),
        ),
        (
            "Smallest DSCR below one".to_owned(),
            Box::new(|id| share(view, id, Metric::DscrMin, |v| v < 1.0)),
        ),
        (
            "Service credits paid, mean (P90), million USD".to_owned(),
            Box::new(|id| {
                view.summary(id, Metric::ServiceCreditsUsd).map_or_else(
                    || MISSING.to_owned(),
                    |r| {
                        format!(
                            "{} ({})",
                            format::number(r.mean / 1e6, 2),
                            format::number(r.p90 / 1e6, 2)
                        )
                    },
                )
            }),
        ),
    ];
    let source = Text::default()
        .link("metrics.csv", "metrics.csv")
        .text(" and ")
        .link("summary.csv", "summary.csv")
        .text(", scope portfolio.");
    for table in by_strategy(view, "Share of replications, unless stated", &source, &measures) {
        section.table(table);
    }
    section
}

/// NPV of every strategy in every case, where a run has more than one.
pub(crate) fn cases(view: &View<'_>) -> Section {
    let mut section = Section::new("Other cases");
    let names = &view.tables.manifest.cases;
    if names.len() < 2 {
        return section;
    }
    section.paragraph(format!(
        "All other parts of this memo show the case {}.",
        view.case
    ));
    let npv = |case: &str, id: &str| {
        let row = view.tables.summary.iter().find(|r| {
            r.strategy == id && r.case == case && r.scope == PORTFOLIO && r.metric == Metric::NpvUsd.id()
        });
        row.map_or_else(
            || MISSING.to_owned(),
            |r| {
                format!(
                    "{} ({})",
                    format::musd(r.mean),
                    format::range(r.p10, r.p90, format::musd)
                )
            },
        )
    };
    let measures: Vec<Measure<'_>> = names
        .iter()
        .take(60)
        .map(|case| {
            let figure: Box<dyn Fn(&str) -> String> = Box::new(move |id: &str| npv(case, id));
            (case.clone(), figure)
        })
        .collect();
    let caption = "NPV by case, mean (P10 to P90), million USD";
    let tables: Vec<Table> = by_strategy(view, caption, &summary_source(), &measures);
    for table in tables {
        section.table(table);
    }
    section
}
