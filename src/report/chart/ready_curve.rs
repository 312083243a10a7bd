//! Megawatts that are ready by date: as planned, and the band over schedules. The S-curve of a conversion.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Canvas, Dash, Entry, Frame, MUTED, Style, Swatch, WIDTH, fit, paint, series_colour,
};
use crate::report::chart::panel::{
    Panel, Scale, Tick, nice_range, nice_ticks, parse_utc, year_of, year_ticks,
};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, distinct, left_out};
use crate::results::tables::RunTables;

/// The chart.
pub struct ReadyCurve;

/// Megawatts of one strategy that are ready at a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    at: Cell,
    planned_mw: f64,
    p10_mw: f64,
    p50_mw: f64,
    p90_mw: f64,
}

/// Height of a row of panels with its texts.
const PITCH: f64 = 236.0;

impl Chart for ReadyCurve {
    type Row = Row;
    const ID: &'static str = "ready_curve";
    const CAPTION: &'static str = "IT megawatts of halls that are ready for service by date: as planned (broken line), the \
        median over schedules (full line), and the band from the 10th to the 90th percentile of the megawatts at each date. \
        Schedules go on beyond the horizon.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let rows = tables.schedule_curve.iter();
        rows.map(|r| Row {
            strategy: Cell(r.strategy.clone()),
            at: Cell(r.at.clone()),
            planned_mw: r.planned_mw.max(0.0),
            p10_mw: r.p10_mw.max(0.0),
            p50_mw: r.p50_mw.max(0.0),
            p90_mw: r.p90_mw.max(0.0),
        })
        .collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(PANELS_MAX);
        let columns = shown.clamp(1, 3);
        let lines = shown.div_ceil(columns).max(1);
        let notes: Vec<String> = std::iter::once(
            "IT megawatts of halls past ready-for-service; one scale for all panels.".to_owned(),
        )
        .chain(left_out(strategies.len(), shown))
        .collect();
        let frame = Frame {
            title: "Megawatts ready for service by date",
            notes: &notes,
            height: 84.0 + PITCH * lines as f64 + 15.0 * notes.len() as f64,
        };
        let scales = Scales::of(rows);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top);
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let width = (WIDTH - 78.0) / columns as f64;
                let left = 66.0 + width * (index % columns) as f64;
                let panel_top = top + 38.0 + PITCH * (index / columns) as f64;
                let panel = Panel {
                    left,
                    top: panel_top,
                    right: left + width - 36.0,
                    bottom: panel_top + 180.0,
                    x: Scale::linear(scales.years.0, scales.years.1),
                    y: Scale::linear(scales.mw.0, scales.mw.1),
                };
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                scales.axes(canvas, &panel, index % columns == 0);
                curve(canvas, &panel, &own, index);
                let style = Style::new(13.0).bold();
                canvas.text(
                    (left, panel_top - 12.0),
                    &fit(strategy, width - 40.0, 13.0),
                    style,
                );
            }
        })
    }
}

/// What all panels share, so that they can be compared.
struct Scales {
    years: (f64, f64),
    mw: (f64, f64),
}

impl Scales {
    fn of(rows: &[Row]) -> Self {
        let years = || rows.iter().filter_map(|r| parse_utc(&r.at.0)).map(year_of);
        let mw = rows.iter().flat_map(|r| [r.planned_mw, r.p90_mw]);
        Self {
            years: (
                years().fold(f64::INFINITY, f64::min),
                years().fold(f64::NEG_INFINITY, f64::max),
            ),
            mw: nice_range(mw, 5),
        }
    }
    fn axes(&self, canvas: &mut Canvas<'_>, panel: &Panel, is_first: bool) {
        let ticks = if self.years.1 - self.years.0 > 2.5 { 5 } else { 3 };
        panel.x_axis(canvas, &year_ticks(self.years.0, self.years.1, ticks), "");
        let ticks = nice_ticks(self.mw.0, self.mw.1, 5);
        let ticks: Vec<Tick> = if is_first {
            ticks
        } else {
            ticks.into_iter().map(|t| (t.0, String::new())).collect()
        };
        panel.y_axis(canvas, &ticks, if is_first { "IT MW" } else { "" }, 46.0);
    }
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let entries = [
        Entry {
            text: "planned",
            colour: MUTED,
            swatch: Swatch::Line(Dash::Dashed),
        },
        Entry {
            text: "median (P50)",
            colour: MUTED,
            swatch: Swatch::Line(Dash::Solid),
        },
        Entry {
            text: "P10\u{2013}P90",
            colour: MUTED,
            swatch: Swatch::Area(0.3),
        },
    ];
    canvas.legend((66.0, top), &entries);
}

fn curve(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], index: usize) {
    let colour = series_colour(index + 1);
    let series = |value: fn(&Row) -> f64| -> Vec<(f64, f64)> {
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter_map(|r| Some((year_of(parse_utc(&r.at.0)?), value(r))))
            .collect();
        panel.points(&points)
    };
    let mut outline = series(|r| r.p10_mw);
    outline.extend(series(|r| r.p90_mw).into_iter().rev());
    canvas.polygon(&outline, colour, 0.25);
    canvas.line(&series(|r| r.p50_mw), colour, 2.2, Dash::Solid);
    canvas.line(&series(|r| r.planned_mw), MUTED, 1.8, Dash::Dashed);
}
