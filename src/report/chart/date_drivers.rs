//! What drives the last ready date: by how much each part of the luck makes it later. A tornado.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, PALETTE, Style, Swatch, WIDTH, fit, paint,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks};
use crate::report::chart::{Cell, Chart, Meta, distinct, left_out};
use crate::report::format;
use crate::results::tables::RunTables;

/// The chart.
pub struct DateDrivers;

/// A part of the luck of one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    driver: Cell,
    mean_months: f64,
    p90_months: f64,
    variance_share: f64,
}

/// Strategies drawn side by side at most.
const COLUMNS_MAX: usize = 3;
/// Parts of the luck that are drawn of each strategy.
const PARTS_MAX: usize = 10;
const ROW_HEIGHT: f64 = 24.0;
/// Width of the names of parts beside a panel.
const NAMES: f64 = 118.0;

impl Chart for DateDrivers {
    type Row = Row;
    const ID: &'static str = "date_drivers";
    const CAPTION: &'static str = "By how many months each part of the luck makes the last ready date later: the difference \
        to the same schedules without that part, in the mean and at the 90th percentile. Parts do not add up. A part \
        left of the line makes the date earlier.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let rows = tables.schedule_drivers.iter();
        rows.map(|r| Row {
            strategy: Cell(r.strategy.clone()),
            driver: Cell(r.driver.clone()),
            mean_months: r.mean_months,
            p90_months: r.p90_months,
            variance_share: r.variance_share,
        })
        .collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(COLUMNS_MAX);
        let parts: Vec<Vec<&Row>> = strategies[..shown].iter().map(|id| largest(rows, id)).collect();
        let lines = parts.iter().map(Vec::len).max().unwrap_or(1);
        let notes: Vec<String> = std::iter::once(format!(
            "Months by which the last ready date is later with a part of the luck than without; the {PARTS_MAX} largest, \
             all of it on top."
        ))
        .chain(left_out(strategies.len(), shown))
        .collect();
        let frame = Frame {
            title: "What drives the ready date",
            notes: &notes,
            height: 142.0 + ROW_HEIGHT * lines as f64 + 15.0 * notes.len() as f64,
        };
        let months = parts.iter().flatten().flat_map(|r| [r.mean_months, r.p90_months]);
        let range = nice_range(months, 5);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top);
            let width = (WIDTH - 28.0) / shown.max(1) as f64;
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let left = 14.0 + width * index as f64;
                let panel = Panel {
                    left: left + NAMES + 8.0,
                    top: top + 40.0,
                    right: left + width - 22.0,
                    bottom: top + 40.0 + ROW_HEIGHT * lines as f64,
                    x: Scale::linear(range.0, range.1),
                    y: Scale::linear(0.0, 1.0),
                };
                let style = Style::new(13.0).bold();
                canvas.text((left, top + 26.0), &fit(strategy, width - 20.0, 13.0), style);
                bars(canvas, &panel, &parts[index], range);
            }
        })
    }
}

/// The parts of a strategy by what they make of the 90th percentile, all of it first.
fn largest<'a>(rows: &'a [Row], strategy: &str) -> Vec<&'a Row> {
    let of = |r: &&Row| r.strategy.0 == strategy && r.mean_months.is_finite() && r.p90_months.is_finite();
    let mut own: Vec<&Row> = rows.iter().filter(of).collect();
    let size = |r: &Row| r.p90_months.abs().max(r.mean_months.abs());
    let is_all = |r: &Row| r.driver.0 == "everything";
    own.sort_by(|a, b| is_all(b).cmp(&is_all(a)).then(size(b).total_cmp(&size(a))));
    own.truncate(PARTS_MAX + 1);
    own
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let entries = [
        Entry {
            text: "mean",
            colour: PALETTE[0],
            swatch: Swatch::Area(0.9),
        },
        Entry {
            text: "90th percentile",
            colour: PALETTE[5],
            swatch: Swatch::Area(0.6),
        },
    ];
    canvas.legend((14.0, top), &entries);
}

fn bars(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], range: (f64, f64)) {
    panel.x_axis(canvas, &nice_ticks(range.0, range.1, 4), "months");
    let zero = panel.px(0.0);
    for (index, row) in rows.iter().enumerate() {
        let y = panel.top + ROW_HEIGHT * (index as f64 + 0.5);
        let name = format::words(&row.driver.0).replace('-', " ");
        let style = Style::new(12.0).align(Align::Right);
        canvas.text((panel.left - 8.0, y), &fit(&name, NAMES, 12.0), style);
        let (mean, late) = (panel.px(row.mean_months), panel.px(row.p90_months));
        canvas.rectangle((zero, y - 8.0), (late, y + 8.0), PALETTE[5], 0.6);
        canvas.rectangle((zero, y - 4.0), (mean, y + 4.0), PALETTE[0], 0.9);
    }
    canvas.line(&[(zero, panel.top), (zero, panel.bottom)], INK, 1.0, Dash::Solid);
}
