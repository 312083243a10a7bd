//! Sellable megawatts against hours of the year: what heat leaves, whole and with a cooling unit out.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{Canvas, Dash, Entry, Frame, Swatch, WIDTH, paint, series_colour};
use crate::report::chart::panel::{Panel, Scale, nice_ticks};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::{HotHoursRow, RunTables};

/// The chart.
pub struct HotHours;

/// Megawatts of a strategy's site that are there in all but so many hours of a year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    site: Cell,
    redundancy: Cell,
    units_out: u32,
    hours_a_year: f64,
    sellable_mw: f64,
}

/// Hours of a year.
const YEAR_HOURS: f64 = 8_760.0;
/// Where the axis of hours turns from linear to logarithmic.
const KNEE_HOURS: f64 = 4.0;

/// Share of hours with less, and the column that holds it.
type Column = (f64, fn(&HotHoursRow) -> f64);

const COLUMNS: [Column; 6] = [
    (0.0, |r| r.worst_mw),
    (0.001, |r| r.p99_9_mw),
    (0.01, |r| r.p99_mw),
    (0.05, |r| r.p95_mw),
    (0.1, |r| r.p90_mw),
    (0.5, |r| r.p50_mw),
];

impl Chart for HotHours {
    type Row = Row;
    const ID: &'static str = "hot_hours";
    const CAPTION: &'static str = "IT megawatts that plants, wires and feeds of GPU and leased halls allow, against the \
        hours of a year in which they allow less. Full lines: all cooling units run, or a spare stands in for the one \
        that failed (N+1). Broken lines: one unit of each hall is out and there is no spare (N).";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let sites = tables
            .hot_hours
            .iter()
            .filter(|r| r.case == view.case && r.hall.is_empty() && r.redundancy == "n");
        let points = |r: &HotHoursRow| {
            let row = r.clone();
            COLUMNS.map(|(share, value)| Row {
                strategy: Cell(row.strategy.clone()),
                case: Cell(row.case.clone()),
                fidelity: Cell(row.fidelity.clone()),
                site: Cell(row.site.clone()),
                redundancy: Cell(row.redundancy.clone()),
                units_out: row.units_out,
                hours_a_year: share * YEAR_HOURS,
                sellable_mw: value(&row),
            })
        };
        sites.flat_map(points).collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let keys = keys(rows);
        let shown = keys.len().min(PANELS_MAX);
        let notes: Vec<String> = std::iter::once(
            "Full line: no cooling unit out, or N+1 with one out. Broken line: N with one unit of each hall out."
                .to_owned(),
        )
        .chain(left_out(keys.len(), shown))
        .collect();
        let known = rows.iter().map(|r| r.sellable_mw).filter(|v| v.is_finite());
        let high = known.fold(1.0, f64::max) * 1.06;
        let frame = Frame {
            title: "Sellable megawatts in the hot hours of a year",
            notes: &notes,
            height: 360.0,
        };
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top, &keys[..shown]);
            let panel = Panel {
                left: 66.0,
                top: top + 20.0,
                right: WIDTH - 24.0,
                bottom: frame.height - 62.0,
                x: Scale::sym_log(0.0, YEAR_HOURS / 2.0, KNEE_HOURS),
                y: Scale::linear(0.0, high),
            };
            let ticks = [0.0, 8.76, 87.6, 438.0, 876.0, 4_380.0].map(|h| (h, format::number(h, 0)));
            panel.x_axis(
                canvas,
                &ticks,
                "hours of a year with less (0: the worst hour, 88: P99, 4,380: P50)",
            );
            panel.y_axis(canvas, &nice_ticks(0.0, high, 5), "IT MW", 46.0);
            for (index, key) in keys[..shown].iter().enumerate() {
                for out in [0, 1] {
                    let own = rows.iter().filter(|r| key_of(r) == *key && r.units_out == out);
                    let points: Vec<(f64, f64)> = own.map(|r| (r.hours_a_year, r.sellable_mw)).collect();
                    let dash = if out == 0 { Dash::Solid } else { Dash::of_series(1) };
                    canvas.line(&panel.points(&points), series_colour(index + 1), 1.8, dash);
                }
            }
        })
    }
}

/// A colour is a strategy's site.
fn key_of(row: &Row) -> (&str, &str) {
    (&row.strategy.0, &row.site.0)
}

fn keys(rows: &[Row]) -> Vec<(&str, &str)> {
    let mut keys: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        if !keys.contains(&key_of(row)) {
            keys.push(key_of(row));
        }
    }
    keys
}

fn legend(canvas: &mut Canvas<'_>, top: f64, keys: &[(&str, &str)]) {
    let is_one_site = keys.iter().all(|key| key.1 == keys[0].1);
    let name = |(strategy, site): &(&str, &str)| {
        let name = if is_one_site {
            (*strategy).to_owned()
        } else {
            format!("{strategy} {site}")
        };
        format::shorten(&name, 30)
    };
    let names: Vec<String> = keys.iter().map(name).collect();
    let entries: Vec<Entry<'_>> = names
        .iter()
        .enumerate()
        .map(|(index, text)| Entry {
            text,
            colour: series_colour(index + 1),
            swatch: Swatch::Line(Dash::Solid),
        })
        .collect();
    canvas.legend((66.0, top), &entries);
}
