//! PUE of GPU and leased halls, month by month: what summer costs in cooling.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{Canvas, Dash, Entry, Frame, Swatch, WIDTH, paint, series_colour};
use crate::report::chart::panel::{Panel, Scale, nice_ticks, year_of_month, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct PueByMonth;

/// PUE of one strategy's site in one month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    site: Cell,
    month: Cell,
    pue: f64,
}

impl Chart for PueByMonth {
    type Row = Row;
    const ID: &'static str = "pue_by_month";
    const CAPTION: &'static str = "Power usage effectiveness of GPU and leased halls by month, in the median \
        replication: energy at the meter that serves them over their IT energy. Months without IT load are left \
        out.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let ran = tables.monthly.iter().filter(|r| {
            r.case == view.case && r.pue.is_finite() && r.pue >= 1.0 && r.energy_gpu_it_mwh > 0.0
        });
        ran.map(|r| Row {
            strategy: Cell(r.strategy.clone()),
            case: Cell(r.case.clone()),
            fidelity: Cell(r.fidelity.clone()),
            site: Cell(r.site.clone()),
            month: Cell(r.month.clone()),
            pue: r.pue,
        })
        .collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let keys = keys(rows);
        let shown = keys.len().min(PANELS_MAX);
        let notes: Vec<String> = std::iter::once(
            "Median replication; the axis begins at 1, where nothing but IT draws power.".to_owned(),
        )
        .chain(left_out(keys.len(), shown))
        .collect();
        let years: Vec<f64> = rows.iter().filter_map(|r| year_of_month(&r.month.0)).collect();
        let first = years.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let last = years.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 1.0 / 12.0;
        let known = rows.iter().map(|r| r.pue).filter(|v| v.is_finite());
        let high = 1.0 + (known.fold(1.1, f64::max).min(10.0) - 1.0) * 1.08;
        let frame = Frame {
            title: "PUE by month",
            notes: &notes,
            height: 340.0,
        };
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top, &keys[..shown]);
            let panel = Panel {
                left: 66.0,
                top: top + 20.0,
                right: WIDTH - 24.0,
                bottom: frame.height - 50.0,
                x: Scale::linear(first, last),
                y: Scale::linear(1.0, high),
            };
            panel.x_axis(canvas, &year_ticks(first, last, 11), "");
            panel.y_axis(canvas, &nice_ticks(1.0, high, 5), "PUE", 46.0);
            for (index, key) in keys[..shown].iter().enumerate() {
                line(canvas, &panel, rows.iter().filter(|r| key_of(r) == *key), index);
            }
        })
    }
}

/// A line is a strategy's site.
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
            swatch: Swatch::Line(Dash::of_series(index)),
        })
        .collect();
    canvas.legend((66.0, top), &entries);
}

fn line<'a>(canvas: &mut Canvas<'_>, panel: &Panel, rows: impl Iterator<Item = &'a Row>, index: usize) {
    let points: Vec<(f64, f64)> = rows
        .filter_map(|r| Some((year_of_month(&r.month.0)? + 1.0 / 24.0, r.pue)))
        .collect();
    canvas.line(
        &panel.points(&points),
        series_colour(index + 1),
        1.8,
        Dash::of_series(index),
    );
}
