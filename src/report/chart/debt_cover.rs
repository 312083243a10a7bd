//! Debt service cover by period of the loan, against what lenders ask for.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, PALETTE, Style, Swatch, WIDTH, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks, year_of_month, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, distinct};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct DebtCover;

/// Cover of one strategy in the period that ends with a month, and the limits of its loan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    month: Cell,
    cover: f64,
    covenant: f64,
    lock_up: f64,
}

/// Strategies drawn at most.
const LINES_MAX: usize = 4;

impl Chart for DebtCover {
    type Row = Row;
    const ID: &'static str = "debt_cover";
    const CAPTION: &'static str = "Debt service cover ratio of each period with scheduled service: cash after tax over interest and \
        scheduled principal, in the median replication. Below the covenant the loan is in default; below the lock-up owners \
        get nothing.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let of = |id: &str, item: &str| {
            let mut rows = tables.finance.iter();
            let found = rows.find(|r| r.strategy == id && r.case == view.case && r.item == item);
            found.map_or(0.0, |r| r.value)
        };
        let covers = tables
            .finance
            .iter()
            .filter(|r| r.case == view.case && r.item == "cover");
        covers
            .map(|r| Row {
                strategy: Cell(r.strategy.clone()),
                case: Cell(r.case.clone()),
                fidelity: Cell(r.fidelity.clone()),
                month: Cell(r.month.clone()),
                cover: r.value,
                covenant: of(&r.strategy, "covenant"),
                lock_up: of(&r.strategy, "lock_up"),
            })
            .collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(LINES_MAX);
        let notes = ["Median replication; each mark is a payment date.".to_owned()];
        let frame = Frame {
            title: "Debt service cover by period",
            notes: &notes,
            height: 330.0,
        };
        let values = rows.iter().flat_map(|r| [r.cover, r.covenant, r.lock_up]);
        let (low, high) = nice_range(values, 6);
        let years = || rows.iter().filter_map(|r| year_of_month(&r.month.0));
        let first = years().fold(f64::INFINITY, f64::min).floor();
        let last = (years().fold(f64::NEG_INFINITY, f64::max) + 1.0 / 12.0).ceil();
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top, &strategies[..shown]);
            let panel = Panel {
                left: 66.0,
                top: top + 20.0,
                right: WIDTH - 150.0,
                bottom: frame.height - 50.0,
                x: Scale::linear(first, last),
                y: Scale::linear(low, high),
            };
            panel.x_axis(canvas, &year_ticks(first, last, 11), "");
            panel.y_axis(canvas, &nice_ticks(low, high, 6), "DSCR", 46.0);
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                limits(canvas, &panel, &own, index);
                line(canvas, &panel, &own, index);
            }
        })
    }
}

fn legend(canvas: &mut Canvas<'_>, top: f64, strategies: &[&str]) {
    let names: Vec<String> = strategies.iter().map(|id| format::shorten(id, 30)).collect();
    let entries: Vec<Entry<'_>> = names
        .iter()
        .enumerate()
        .map(|(index, text)| Entry {
            text,
            colour: series_colour(index),
            swatch: Swatch::Line(Dash::Solid),
        })
        .collect();
    canvas.legend((66.0, top), &entries);
}

/// The limits of a loan, named at the right edge.
fn limits(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], index: usize) {
    let Some(row) = rows.first() else {
        return;
    };
    let limits = [
        (row.covenant, "covenant", Dash::Solid),
        (row.lock_up, "lock-up", Dash::Dashed),
    ];
    for (value, name, dash) in limits {
        if value > 0.0 {
            let y = panel.py(value);
            let colour = if index == 0 {
                PALETTE[1]
            } else {
                series_colour(index)
            };
            canvas.line(&[(panel.left, y), (panel.right, y)], colour, 1.4, dash);
            let text = format!("{name} {}", format::number(value, 2));
            let style = Style::new(11.0).colour(INK).align(Align::Left);
            canvas.text((panel.right + 6.0, y), &text, style);
        }
    }
}

fn line(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], index: usize) {
    let points: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|r| Some((year_of_month(&r.month.0)? + 1.0 / 12.0, r.cover)))
        .collect();
    let points = panel.points(&points);
    canvas.line(&points, series_colour(index), 2.0, Dash::Solid);
    for (x, y) in points {
        canvas.rectangle((x - 3.0, y - 3.0), (x + 3.0, y + 3.0), series_colour(index), 1.0);
    }
}
