//! Cells of figures: what a table of strategies shows, each with the row of the run's files where it stands.

use crate::metric::Metric;
use crate::report::format::{self, MISSING};
use crate::report::memo::document::{Cite, Table, Text};
use crate::report::view::{PORTFOLIO, View};
use crate::results::tables::{ComparisonRow, SummaryRow};

/// Strategies side by side in one table; more go into further tables.
pub(crate) const COLUMNS_MAX: usize = 5;

/// A row of a table with a column for each strategy.
pub(crate) type Measure<'a> = (String, Box<dyn Fn(&str) -> Text + 'a>);

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
            let cells: Vec<Text> = chunk.iter().map(|id| figure(id)).collect();
            let is_empty = cells.iter().all(Text::is_missing);
            (!is_empty).then(|| std::iter::once(Text::new(name.as_str())).chain(cells).collect())
        });
        let head: Vec<&str> = std::iter::once("").chain(chunk.iter().copied()).collect();
        Table {
            rows: rows.collect(),
            ..Table::figures(caption, source.clone(), &head)
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

/// The row of a summary.
fn summary_cite((index, row): (usize, &SummaryRow)) -> Cite {
    let key = format!("{}, {}, {}, {}", row.strategy, row.case, row.scope, row.metric);
    Cite::record("summary.csv", index, key)
}

/// The row of a comparison.
pub(crate) fn comparison_cite((index, row): (usize, &ComparisonRow)) -> Cite {
    let key = format!(
        "{} less {}, {}, {}, {}",
        row.strategy, row.baseline, row.case, row.scope, row.metric
    );
    Cite::record("comparison.csv", index, key)
}

/// What `say` makes of the summary of a metric, tied to its row; an en dash where there is none.
pub(crate) fn of_summary(
    view: &View<'_>,
    id: &str,
    metric: Metric,
    say: impl FnOnce(&SummaryRow) -> String,
) -> Text {
    match view.summary_at(id, metric) {
        Some(found) => cited(say(found.1), summary_cite(found)),
        None => Text::missing(),
    }
}

/// The summary of a metric in another case, likewise.
pub(crate) fn of_case(
    view: &View<'_>,
    (id, case): (&str, &str),
    metric: Metric,
    say: impl FnOnce(&SummaryRow) -> String,
) -> Text {
    let mut rows = view.tables.summary.iter().enumerate();
    let found = rows
        .find(|(_, r)| r.strategy == id && r.case == case && r.scope == PORTFOLIO && r.metric == metric.id());
    found.map_or_else(Text::missing, |found| cited(say(found.1), summary_cite(found)))
}

/// A text tied to a row, unless it says that there is no value.
fn cited(text: String, cite: Cite) -> Text {
    if text == MISSING {
        Text::missing()
    } else {
        Text::default().figure(text, cite)
    }
}

/// `P50 (P10 to P90)`, with the number of replications that have a value where some have none.
pub(crate) fn spread(view: &View<'_>, id: &str, metric: Metric, show: impl Fn(f64) -> String + Copy) -> Text {
    of_summary(view, id, metric, |row| {
        let quantiles = if row.p10 == row.p90 {
            show(row.p50)
        } else {
            format!("{} ({})", show(row.p50), format::range(row.p10, row.p90, show))
        };
        format!("{quantiles}{}", partly(view, id, metric))
    })
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
pub(crate) fn mean(view: &View<'_>, id: &str, metric: Metric, show: impl Fn(f64) -> String + Copy) -> Text {
    of_summary(view, id, metric, |row| {
        let is_certain = row.ci95_low == row.ci95_high || !row.ci95_low.is_finite();
        if is_certain {
            show(row.mean)
        } else {
            let interval = format::range(row.ci95_low, row.ci95_high, show);
            format!("{} ({interval})", show(row.mean))
        }
    })
}

/// A measure that is a metric's P50 (P10 to P90), scaled, with so many decimals.
pub(crate) fn metric<'a>(
    view: &'a View<'a>,
    name: &str,
    metric: Metric,
    scale: f64,
    decimals: usize,
) -> Measure<'a> {
    let show = move |v: f64| format::number(v * scale, decimals);
    (
        name.to_owned(),
        Box::new(move |id: &str| spread(view, id, metric, show)),
    )
}

/// The same of money, in millions.
pub(crate) fn million<'a>(view: &'a View<'a>, name: &str, of: Metric) -> Measure<'a> {
    metric(view, name, of, 1e-6, 1)
}

/// A measure worked out from the values of replications, which no single row holds.
pub(crate) fn worked_out<'a>(name: &str, of: impl Fn(&str) -> String + 'a) -> Measure<'a> {
    (name.to_owned(), Box::new(move |id: &str| Text::new(of(id))))
}

/// Share of the values of a metric that are bad, as a probability.
pub(crate) fn share(view: &View<'_>, id: &str, metric: Metric, is_bad: impl Fn(f64) -> bool) -> String {
    let values = view.finite(id, metric);
    let bad = values.iter().filter(|v| is_bad(**v)).count() as f64;
    format::probability(bad / values.len().max(1) as f64, values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;
    use crate::report::memo::document::Span;

    #[test]
    fn a_figure_names_the_row_of_the_file_where_it_stands() {
        let tables = fixture::full();
        let view = View::new(&tables);
        let cell = spread(&view, "gpu-cloud", Metric::CapexUsd, format::musd);
        let [Span::Figure(text, cite)] = cell.0.as_slice() else {
            panic!("{cell:?}");
        };
        let row = &tables.summary[cite.row - 2];
        assert_eq!(
            (row.strategy.as_str(), row.metric.as_str(), row.scope.as_str()),
            ("gpu-cloud", "capex_usd", "portfolio")
        );
        assert!(text.starts_with(&format::musd(row.p50)), "{text}");
        assert!(spread(&view, "nobody", Metric::CapexUsd, format::musd).is_missing());
    }
}
