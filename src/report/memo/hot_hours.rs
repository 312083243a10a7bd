//! What heat leaves to sell: a line for each strategy's halls of the same plant, whole and with a unit out.

use crate::report::format;
use crate::report::memo::document::{Table, Text};
use crate::report::view::View;
use crate::results::tables::HotHoursRow;

/// Most rows of the table; the file has all.
const ROWS_SHOWN_MAX: usize = 24;

/// Sellable megawatts by site and hall: median hour, 99 % of hours, worst hour; N and N+1 with a unit out.
pub(crate) fn table(view: &View<'_>) -> Table {
    let all = &view.tables.hot_hours;
    let of = |r: &HotHoursRow, redundancy: &str| {
        let same = |o: &&HotHoursRow| {
            (&o.strategy, &o.case, &o.site, &o.hall) == (&r.strategy, &r.case, &r.site, &r.hall)
                && o.redundancy == redundancy
                && o.units_out == 1
        };
        all.iter().find(same)
    };
    let firsts = all
        .iter()
        .filter(|r| r.case == view.case && r.redundancy == "n" && r.units_out == 0);
    let mut rows: Vec<Vec<Text>> = Vec::new();
    let mut left_out = 0;
    for first in firsts {
        if rows.len() == ROWS_SHOWN_MAX {
            left_out += 1;
            continue;
        }
        rows.push(line(first, of(first, "n"), of(first, "n+1")));
    }
    let source = Text::default()
        .link("hot_hours.csv", "hot_hours.csv")
        .text(if left_out > 0 {
            format!("; {left_out} more rows there.")
        } else {
            ".".to_owned()
        });
    Table {
        caption: "IT megawatts that can be sold in hot hours, over the hours of the base weather".to_owned(),
        source,
        head: [
            "",
            "Plant",
            "Design",
            "P50",
            "P99",
            "Worst hour",
            "Worst, one out, N+1",
            "Worst, one out, N",
            "Hours short",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        is_prose: false,
    }
}

fn line(first: &HotHoursRow, n: Option<&HotHoursRow>, n_plus_one: Option<&HotHoursRow>) -> Vec<Text> {
    let place = if first.hall.is_empty() {
        format!("{}: {}, all halls", first.strategy, first.site)
    } else {
        format!("{}: {}/{}", first.strategy, first.site, first.hall)
    };
    let mw = |v: f64| Text::new(format::number(v, 1));
    let worst = |row: Option<&HotHoursRow>| mw(row.map_or(f64::NAN, |r| r.worst_mw));
    vec![
        Text::new(place),
        Text::new(first.plant.replace('_', " ")),
        mw(first.design_mw),
        mw(first.p50_mw),
        mw(first.p99_mw),
        mw(first.worst_mw),
        worst(n_plus_one),
        worst(n),
        Text::new(format::number(first.hours_short, 0)),
    ]
}
