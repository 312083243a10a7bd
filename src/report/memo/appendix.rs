//! Risks with their figures, and the other cases of a run.

use crate::metric::Metric;
use crate::report::format::{self, MISSING};
use crate::report::memo::document::{Section, Table, Text};
use crate::report::memo::figures::{
    Measure, by_strategy, of_case, of_summary, share, summary_source, worked_out,
};
use crate::report::view::{View, sorted};

/// Mean of the worst tenth of the NPVs, at least one.
pub(crate) fn worst_decile(view: &View<'_>, id: &str) -> String {
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
    let below = |name: &str, of: Metric, limit: f64| -> Measure<'_> {
        worked_out(name, move |id| share(view, id, of, move |v| v < limit))
    };
    let above = |name: &str, of: Metric, limit: f64| -> Measure<'_> {
        worked_out(name, move |id| share(view, id, of, move |v| v > limit))
    };
    let without =
        |name: &str, of: Metric| -> Measure<'_> { worked_out(name, move |id| share_without(view, id, of)) };
    let measures: Vec<Measure<'_>> = vec![
        below("Net present value below zero", Metric::NpvUsd, 0.0),
        below("Equity net present value below zero", Metric::NpvEquityUsd, 0.0),
        worked_out("Mean NPV of the worst tenth, million USD", |id| {
            worst_decile(view, id)
        }),
        (
            "Worst NPV of any replication, million USD".to_owned(),
            Box::new(|id| of_summary(view, id, Metric::NpvUsd, |r| format::musd(r.min))),
        ),
        without("No payback within the horizon", Metric::PaybackYears),
        without("Not ready within the horizon", Metric::ReadyForServiceMonths),
        above("Ready later than planned", Metric::DelayMonths, 0.0),
        above("Ready more than three months late", Metric::DelayMonths, 3.0),
        below("Smallest DSCR below one", Metric::DscrMin, 1.0),
        above("Covenant broken or debt unpaid", Metric::CovenantBroken, 0.5),
        (
            "Service credits paid, mean (P90), million USD".to_owned(),
            Box::new(|id| {
                of_summary(view, id, Metric::ServiceCreditsUsd, |r| {
                    let (mean, late) = (r.mean / 1e6, r.p90 / 1e6);
                    format!("{} ({})", format::number(mean, 2), format::number(late, 2))
                })
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
        of_case(view, (id, case), Metric::NpvUsd, |r| {
            let range = format::range(r.p10, r.p90, format::musd);
            format!("{} ({range})", format::musd(r.mean))
        })
    };
    let measures: Vec<Measure<'_>> = names
        .iter()
        .take(60)
        .map(|case| {
            let figure: Box<dyn Fn(&str) -> Text> = Box::new(move |id: &str| npv(case, id));
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
