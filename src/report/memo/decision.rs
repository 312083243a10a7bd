//! The first two pages: question, recommendation, capital, comparison, cash.

use crate::metric::Metric;
use crate::report::chart::Drawn;
use crate::report::format::{self, MISSING};
use crate::report::memo::document::{Block, Section, Table, Text};
use crate::report::memo::record::literals;
use crate::report::memo::verdict;
use crate::report::view::View;
use crate::results::tables::AssumptionRow;

/// Strategies side by side in one table; more go into further tables.
pub(crate) const COLUMNS_MAX: usize = 5;

/// A row of a table with a column for each strategy.
pub(crate) type Measure<'a> = (String, Box<dyn Fn(&str) -> String + 'a>);

/// Tables with a row for each measure and a column for each strategy; measures without any value are left out.
pub(crate) fn by_strategy(
    view: &View<'_>,
    caption: &str,
    source: &Text,
    measures: &[Measure<'_>],
) -> Vec<Table> {
    let strategies: Vec<&str> = view.strategies().collect();
    let tables = strategies.chunks(COLUMNS_MAX).map(|chunk| {
        let rows = measures.iter().filter_map(|(name, figure)| {
            let cells: Vec<String> = chunk.iter().map(|id| figure(id)).collect();
            let is_empty = cells.iter().all(|cell| cell == MISSING);
            (!is_empty).then(|| {
                let name = Text::new(name.as_str());
                std::iter::once(name)
                    .chain(cells.into_iter().map(Text::new))
                    .collect()
            })
        });
        Table {
            caption: caption.to_owned(),
            source: source.clone(),
            head: std::iter::once(String::new())
                .chain(chunk.iter().map(|id| (*id).to_owned()))
                .collect(),
            rows: rows.collect(),
            is_prose: false,
        }
    });
    tables.collect()
}

/// A link to the summary table.
pub(crate) fn summary_source() -> Text {
    Text::default()
        .link("summary.csv", "summary.csv")
        .text(", scope portfolio.")
}

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
    // Words are choices of the model; what a reader must doubt are numbers that nobody published.
    let is_guess = |a: &&AssumptionRow| a.label == "assumption" && a.value.parse::<f64>().is_ok();
    let count = view.tables.assumptions.iter().filter(is_guess).count();
    if count > 0 {
        let text = format!(
            "{} behind these figures without a published source; they are listed at the end and in ",
            if count == 1 {
                "One number stands".to_owned()
            } else {
                format!("{} numbers stand", format::number(count as f64, 0))
            }
        );
        section.paragraph(
            Text::new(text)
                .link("assumptions.csv", "assumptions.csv")
                .text("."),
        );
    }
    let warnings = manifest.notes.iter().filter(|n| n.kind == "warning");
    section.list(
        warnings
            .map(|n| literals(Text::default().strong("Warning.").text(" "), &n.text))
            .collect(),
    );
    section
}

/// What is asked of the committee.
pub(crate) fn capital(view: &View<'_>) -> Section {
    let mut section = Section::new("What is being asked");
    let musd = |metric: Metric| move |id: &str| spread(view, id, metric, format::musd);
    let measures: Vec<Measure<'_>> = vec![
        (
            "Capital expenditure, P50 (P10 to P90)".to_owned(),
            Box::new(musd(Metric::CapexUsd)),
        ),
        (
            "Peak equity, P50 (P10 to P90)".to_owned(),
            Box::new(musd(Metric::PeakEquityUsd)),
        ),
        (
            "Multiple on equity, P50 (P10 to P90)".to_owned(),
            Box::new(|id| spread(view, id, Metric::Moic, |v| format!("{}x", format::number(v, 2)))),
        ),
    ];
    for table in by_strategy(
        view,
        "Capital by strategy, million USD",
        &summary_source(),
        &measures,
    ) {
        section.table(table);
    }
    if section.blocks.is_empty() {
        section.paragraph("The run holds no capital figures.");
    }
    section
}

/// `P50 (P10 to P90)`, with the number of replications that have a value where some have none.
pub(crate) fn spread(
    view: &View<'_>,
    id: &str,
    metric: Metric,
    show: impl Fn(f64) -> String + Copy,
) -> String {
    let Some(row) = view.summary(id, metric) else {
        return MISSING.to_owned();
    };
    let quantiles = if row.p10 == row.p90 {
        show(row.p50)
    } else {
        format!("{} ({})", show(row.p50), format::range(row.p10, row.p90, show))
    };
    format!("{quantiles}{}", partly(view, id, metric))
}

/// ` [73 of 100]` where not every replication has a value.
pub(crate) fn partly(view: &View<'_>, id: &str, metric: Metric) -> String {
    let total = view.values(id, metric).len();
    let known = view.finite(id, metric).len();
    if known < total {
        format!(" [{known} of {total}]")
    } else {
        String::new()
    }
}

/// Mean with its 95 % interval.
fn mean(view: &View<'_>, id: &str, metric: Metric, show: impl Fn(f64) -> String + Copy) -> String {
    view.summary(id, metric).map_or_else(
        || MISSING.to_owned(),
        |row| {
            let is_certain = row.ci95_low == row.ci95_high || !row.ci95_low.is_finite();
            let interval = format::range(row.ci95_low, row.ci95_high, show);
            if is_certain {
                show(row.mean)
            } else {
                format!("{} ({interval})", show(row.mean))
            }
        },
    )
}

fn ready(view: &View<'_>, id: &str, quantile: impl Fn(&crate::results::tables::SummaryRow) -> f64) -> String {
    let metric = Metric::ReadyForServiceMonths;
    let Some(months) = view.summary(id, metric).map(quantile).filter(|m| m.is_finite()) else {
        return MISSING.to_owned();
    };
    let start = view
        .tables
        .manifest
        .months
        .first()
        .and_then(|m| format::parse_month(m));
    let name = start.map_or_else(String::new, |s| {
        format!(
            ", {}",
            format::month_name(s.plus(months.clamp(0.0, 12_000.0).floor() as i32))
        )
    });
    format!(
        "{} months{name}{}",
        format::number(months, 1),
        partly(view, id, metric)
    )
}

/// The strategies side by side, then each against the baseline.
pub(crate) fn comparison(view: &View<'_>, chart: Option<Drawn>) -> Section {
    let mut section = Section::new("The strategies compared");
    let measures = measures(view);
    let caption = "Strategies side by side, million USD unless stated";
    for table in by_strategy(view, caption, &summary_source(), &measures) {
        section.table(table);
    }
    if !section.blocks.is_empty() {
        let dash = "An en dash means that there is no such value: a strategy without a conversion has no ready \
            date, flows without a change of sign have no rate of return. Figures in square brackets count the \
            replications that have a value.";
        section.paragraph(dash);
    }
    section.table(differences(view));
    section.figure(chart);
    section
}

fn measures<'a>(view: &'a View<'a>) -> Vec<Measure<'a>> {
    let percent = |v: f64| format::percent(v, 1);
    let years = |v: f64| format::number(v, 1);
    vec![
        (
            "NPV, mean (95 % interval)".to_owned(),
            Box::new(|id| mean(view, id, Metric::NpvUsd, format::musd)),
        ),
        (
            "NPV, P50 (P10 to P90)".to_owned(),
            Box::new(|id| spread(view, id, Metric::NpvUsd, format::musd)),
        ),
        (
            "NPV without residual, mean (95 % interval)".to_owned(),
            Box::new(|id| mean(view, id, Metric::NpvWithoutResidualUsd, format::musd)),
        ),
        (
            "Equity NPV, P50 (P10 to P90)".to_owned(),
            Box::new(|id| spread(view, id, Metric::NpvEquityUsd, format::musd)),
        ),
        (
            "Project IRR, P50 (P10 to P90)".to_owned(),
            Box::new(move |id| spread(view, id, Metric::Irr, percent)),
        ),
        (
            "Equity IRR, P50 (P10 to P90)".to_owned(),
            Box::new(move |id| spread(view, id, Metric::IrrEquity, percent)),
        ),
        (
            "Payback, years, P50 (P10 to P90)".to_owned(),
            Box::new(move |id| spread(view, id, Metric::PaybackYears, years)),
        ),
        (
            "Smallest DSCR, P50 (P10 to P90)".to_owned(),
            Box::new(move |id| spread(view, id, Metric::DscrMin, |v| format::number(v, 2))),
        ),
        (
            "Ready for service, P50".to_owned(),
            Box::new(|id| ready(view, id, |r| r.p50)),
        ),
        (
            "Ready for service, P90".to_owned(),
            Box::new(|id| ready(view, id, |r| r.p90)),
        ),
        (
            "Delay to plan, months, P50 (P10 to P90)".to_owned(),
            Box::new(move |id| spread(view, id, Metric::DelayMonths, years)),
        ),
        (
            "Best strategy by NPV, share of replications".to_owned(),
            Box::new(|id| {
                let count = view.values(id, Metric::NpvUsd).len();
                verdict::p_best(view, id)
                    .map_or_else(|| MISSING.to_owned(), |p| format::probability(p, count))
            }),
        ),
    ]
}

fn differences(view: &View<'_>) -> Table {
    let replications = view.tables.manifest.replications as usize;
    let metrics = [
        (Metric::NpvUsd, "NPV"),
        (Metric::NpvWithoutResidualUsd, "NPV without residual"),
        (Metric::NpvEquityUsd, "equity NPV"),
    ];
    let mut rows = Vec::new();
    for id in view.strategies().filter(|id| *id != view.baseline()) {
        for (metric, name) in metrics {
            let Some(row) = view.comparison(id, metric) else {
                continue;
            };
            let cells = [
                format::musd_signed(row.mean_difference),
                format::range(row.ci95_low, row.ci95_high, format::musd_signed),
                format::probability(row.p_better, replications),
                format::probability(row.p_best, replications),
            ];
            let first = Text::new(format!("{id}: {name}"));
            rows.push(std::iter::once(first).chain(cells.map(Text::new)).collect());
        }
    }
    Table {
        caption: format!(
            "Difference to {}, paired by replication, million USD",
            view.baseline()
        ),
        source: Text::default().link("comparison.csv", "comparison.csv").text("."),
        head: ["", "Mean", "95 % interval", "Better in", "Best of all in"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        is_prose: false,
    }
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
    let net = |id: &str, year: &str| -> String {
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
            MISSING.to_owned()
        } else {
            format::musd(usd.iter().sum())
        }
    };
    let measures: Vec<Measure<'_>> = years
        .iter()
        .take(60)
        .map(|year| {
            let year = *year;
            let figure: Box<dyn Fn(&str) -> String> = Box::new(move |id: &str| net(id, year));
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
