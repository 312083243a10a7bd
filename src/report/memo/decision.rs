//! The first two pages: question, recommendation, what is asked, returns, comparison, cash.

use crate::metric::Metric;
use crate::report::chart::Drawn;
use crate::report::format;
use crate::report::memo::document::{Block, Section, Table, Text};
use crate::report::memo::figures::{
    Measure, by_strategy, comparison_cite, mean, million, of_summary, share, spread, summary_source,
    worked_out,
};
use crate::report::memo::record::literals;
use crate::report::memo::verdict;
use crate::report::view::View;

/// The highest rate of return that is shown, a year.
const IRR_SHOWN_MAX: f64 = 10.0;
/// Warnings that stand with the decision.
const WARNINGS_SHOWN_MAX: usize = 4;

/// `January 2026 to December 2035 (120 months)`.
pub(crate) fn horizon(view: &View<'_>) -> String {
    let months = &view.tables.manifest.months;
    let name =
        |text: &String| format::parse_month(text).map_or_else(|| format::clean(text), format::month_name);
    match (months.first(), months.last()) {
        (Some(first), Some(last)) => {
            format!(
                "{} to {} ({})",
                name(first),
                name(last),
                format::count_of(months.len(), "month")
            )
        }
        _ => "no billing month".to_owned(),
    }
}

/// Question, strategies and the answer.
pub(crate) fn recommendation(view: &View<'_>) -> Section {
    let manifest = &view.tables.manifest;
    let mut section = Section::new("Question and recommendation");
    if !manifest.question.is_empty() {
        section.paragraph(
            Text::default()
                .strong("Question.")
                .text(format!(" {}", manifest.question)),
        );
    }
    let lines = verdict::answer(view).into_iter().filter(|line| !line.is_empty());
    section.blocks.push(Block::Answer(lines.collect()));
    let items = manifest.strategies.iter().map(|s| {
        let role = if s.id == manifest.baseline {
            " (baseline)"
        } else {
            ""
        };
        literals(
            Text::default().strong(&s.id).text(format!("{role}: ")),
            &s.summary,
        )
    });
    section.list(items.collect());
    section.list(warnings(view));
    section
}

/// Warnings of the run, the first of them in full; notes hold all.
fn warnings(view: &View<'_>) -> Vec<Text> {
    let all = view.tables.manifest.notes.iter().filter(|n| n.kind == "warning");
    let mut lines: Vec<Text> = all
        .map(|n| literals(Text::default().strong("Warning.").text(" "), &n.text))
        .collect();
    let more = lines.len().saturating_sub(WARNINGS_SHOWN_MAX);
    if more > 0 {
        lines.truncate(WARNINGS_SHOWN_MAX);
        let rest = format::count_of(more, "further warning");
        lines.push(
            Text::new(format!("{rest} in "))
                .link("the notes", "#notes-on-fidelity-data-and-model")
                .text("."),
        );
    }
    lines
}

/// What is asked of the committee: of the strategy that leads, in words; of all, in figures.
pub(crate) fn capital(view: &View<'_>) -> Section {
    let mut section = Section::new("What is being asked");
    section.paragraph(verdict::request(view));
    let measures = [
        million(view, "Capital expenditure", Metric::CapexUsd),
        million(view, "Peak equity", Metric::PeakEquityUsd),
        million(view, "Debt drawn", Metric::DebtUsd),
    ];
    let caption = "Capital, P50 (P10 to P90), million USD";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    if section.blocks.is_empty() {
        section.paragraph("The run holds no capital figures.");
    }
    section
}

/// What each strategy brings in and how sure that is.
pub(crate) fn returns(view: &View<'_>) -> Section {
    let mut section = Section::new("Returns");
    let caption = "Returns, P50 (P10 to P90) over replications, million USD unless stated";
    let tables = by_strategy(view, caption, &summary_source(), &measures(view));
    for table in tables {
        section.table(table);
    }
    if !section.blocks.is_empty() {
        section.paragraph(
            "An en dash: there is no such value. [n of m]: only n of m replications have one; the quantiles are theirs.",
        );
    }
    section
}

/// Whether financing makes the owners' flows others than the project's, in any strategy.
pub(crate) fn is_financed(view: &View<'_>) -> bool {
    view.strategies().any(|id| {
        let of = |metric| view.values(id, metric).iter();
        of(Metric::NpvUsd)
            .zip(of(Metric::NpvEquityUsd))
            .any(|(project, owners)| (project - owners).abs() > 1.0)
    })
}

fn measures<'a>(view: &'a View<'a>) -> Vec<Measure<'a>> {
    let percent = |v: f64| format::percent(v, 1);
    let plain = |name: &str, of: Metric, show: fn(f64) -> String| -> Measure<'a> {
        (
            name.to_owned(),
            Box::new(move |id: &str| spread(view, id, of, show)),
        )
    };
    let mut rows: Vec<Measure<'a>> = vec![
        (
            "NPV, mean (95 % interval)".to_owned(),
            Box::new(|id| mean(view, id, Metric::NpvUsd, format::musd)),
        ),
        million(view, "NPV", Metric::NpvUsd),
        million(view, "NPV without residual", Metric::NpvWithoutResidualUsd),
        plain("Project IRR", Metric::Irr, percent),
        plain("Modified IRR, where there are several", Metric::Mirr, percent),
    ];
    if is_financed(view) {
        rows.push(million(view, "Equity NPV", Metric::NpvEquityUsd));
        rows.push(plain("Equity IRR", Metric::IrrEquity, percent));
    }
    rows.push(plain("Multiple on equity", Metric::Moic, |v| {
        format!("{}x", format::number(v, 2))
    }));
    rows.push(plain("Payback, years", Metric::PaybackYears, |v| {
        format::number(v, 1)
    }));
    rows.push(plain("Smallest DSCR", Metric::DscrMin, |v| format::number(v, 2)));
    rows.push((
        "Covenant broken or debt unpaid".to_owned(),
        Box::new(|id| {
            let count = view.values(id, Metric::CovenantBroken).len();
            of_summary(view, id, Metric::CovenantBroken, |r| {
                format::probability(r.mean, count)
            })
        }),
    ));
    rows.push(worked_out("NPV below zero in", |id| {
        share(view, id, Metric::NpvUsd, |v| v < 0.0)
    }));
    rows
}

/// The strategies against the baseline, paired, in the metrics named.
pub(crate) fn differences(view: &View<'_>, metrics: &[(Metric, &str)]) -> Table {
    let replications = view.tables.manifest.replications as usize;
    let mut rows = Vec::new();
    for id in view.strategies().filter(|id| *id != view.baseline()) {
        for (metric, name) in metrics {
            let Some(found) = view.comparison_at(id, *metric) else {
                continue;
            };
            let (_, row) = found;
            let cells = [
                format::musd_signed(row.mean_difference),
                format::range(row.ci95_low, row.ci95_high, format::musd_signed),
                format::probability(row.p_better, replications),
                format::probability(row.p_best, replications),
            ];
            let cite = comparison_cite(found);
            let first = Text::new(format!("{id}: {name}"));
            let cells = cells.map(|cell| Text::default().figure(cell, cite.clone()));
            rows.push(std::iter::once(first).chain(cells).collect());
        }
    }
    let caption = format!(
        "Difference to {}, paired by replication, million USD",
        view.baseline()
    );
    let source = Text::default().link("comparison.csv", "comparison.csv").text(".");
    let head = ["", "Mean", "95 % interval", "Better in", "Best of all in"];
    Table {
        rows,
        ..Table::figures(caption, source, &head)
    }
}

/// How the strategies stand against the baseline.
pub(crate) fn comparison(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("The strategies compared");
    section.table(differences(view, &[(Metric::NpvUsd, "NPV")]));
    if !section.blocks.is_empty() {
        let text = "Both strategies of a pair met the same prices, weather and delays, so that a difference is firmer than \
            either figure. Other measures stand in ";
        section.paragraph(
            Text::new(text)
                .link("the appendix", "#the-strategies-compared-in-full")
                .text("."),
        );
    }
    section.figure(chart);
    section
}

/// The same in all measures of worth.
pub(crate) fn comparison_in_full(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("The strategies compared in full");
    let metrics = [
        (Metric::NpvUsd, "NPV"),
        (Metric::NpvWithoutResidualUsd, "NPV without residual"),
        (Metric::NpvEquityUsd, "equity NPV"),
        (Metric::CapexUsd, "capital expenditure"),
        (Metric::PeakEquityUsd, "peak equity"),
    ];
    section.table(differences(view, &metrics));
    section.list(
        view.strategies()
            .filter_map(|id| several_roots(view, id))
            .collect(),
    );
    section.figure(chart);
    section
}

/// That a strategy's flows have several rates of return, and which they are.
fn several_roots(view: &View<'_>, id: &str) -> Option<Text> {
    view.summary(id, Metric::IrrRoots)?;
    let (known, total) = (
        view.finite(id, Metric::IrrRoots).len(),
        view.values(id, Metric::IrrRoots).len(),
    );
    let percent = |metric| {
        of_summary(view, id, metric, |r| {
            // What brings money back within a month or two has a root that no number says anything of.
            if r.p50 > IRR_SHOWN_MAX {
                format!("more than {}", format::percent(IRR_SHOWN_MAX, 0))
            } else {
                format::percent(r.p50, 1)
            }
        })
    };
    let text = format!(
        ": in {} of {total} replications the flows change sign more than once and have several rates of return, of which the \
         lowest is shown elsewhere (P50 of those: the highest ",
        format::number(known as f64, 0)
    );
    let text = Text::default()
        .strong(id)
        .text(text)
        .then(percent(Metric::IrrHighest));
    Some(
        text.text("). The modified rate is ")
            .then(percent(Metric::Mirr))
            .text("."),
    )
}

/// The fan of cumulative cash.
pub(crate) fn cash(chart: Option<Drawn>) -> Section {
    let mut section = Section::new("Cash over time");
    section.figure(chart);
    section
}

/// Net cash by year, over all accounts but residuals, for which no money moves, and the owners' own.
pub(crate) fn cash_by_year(view: &View<'_>) -> Section {
    let mut section = Section::new("Cash by year");
    let months = view.tables.manifest.months.iter();
    let mut years: Vec<&str> = months.map(|m| m.split('-').next().unwrap_or(m)).collect();
    years.dedup();
    let in_year =
        |month: &str, year: &str| month.strip_prefix(year).is_some_and(|rest| rest.starts_with('-'));
    let net = |id: &str, year: &str| -> Text {
        let rows = view.tables.cashflow.iter().filter(|r| {
            r.strategy == id
                && r.case == view.case
                && r.which == "mean"
                && in_year(&r.month, year)
                && !r.account.ends_with("_residual")
                && !r.account.starts_with("equity_")
        });
        let usd: Vec<f64> = rows.map(|r| r.usd).collect();
        if usd.is_empty() {
            Text::missing()
        } else {
            Text::new(format::musd(usd.iter().sum()))
        }
    };
    let measures: Vec<Measure<'_>> = years
        .iter()
        .take(60)
        .map(|year| {
            let year = *year;
            let figure: Box<dyn Fn(&str) -> Text> = Box::new(move |id: &str| net(id, year));
            (year.to_owned(), figure)
        })
        .collect();
    let source = Text::default()
        .link("cashflow.csv", "cashflow.csv")
        .text(", mean over replications; residuals at the horizon are left out, for no money moves.");
    for table in by_strategy(view, "Net cash by calendar year, million USD", &source, &measures) {
        section.table(table);
    }
    section
}
