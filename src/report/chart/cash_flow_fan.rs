//! Cumulative net cash of each strategy as a fan of quantiles over replications.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, MUTED, Style, Swatch, WIDTH, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, Tick, nice_range, nice_ticks, year_of_month, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, distinct, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// The chart.
pub struct CashFlowFan;

/// Quantiles of one strategy at the end of one month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    month: Cell,
    p5_usd: f64,
    p10_usd: f64,
    p25_usd: f64,
    p50_usd: f64,
    p75_usd: f64,
    p90_usd: f64,
    p95_usd: f64,
}

impl Chart for CashFlowFan {
    type Row = Row;
    const ID: &'static str = "cash_flow_fan";
    const CAPTION: &'static str = "Cumulative net cash before discounting, by strategy: how deep the money goes \
        in and when it comes back. All accounts count, financing \
        and the residual in the last month too. Bands hold 50, 80 and 90 % of the replications at each month; the line is the \
        median of each month, not one replication.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let manifest = &tables.manifest;
        let mut rows = Vec::new();
        for fan in tables.fans.iter().filter(|fan| fan.case == 0) {
            let Some(strategy) = manifest.strategies.get(fan.strategy) else {
                continue;
            };
            for (index, month) in manifest.months.iter().enumerate() {
                let at = |q: usize| fan.quantiles[q].get(index).copied();
                let [
                    Some(p5_usd),
                    Some(p10_usd),
                    Some(p25_usd),
                    Some(p50_usd),
                    Some(p75_usd),
                    Some(p90_usd),
                    Some(p95_usd),
                ] = std::array::from_fn(at)
                else {
                    break;
                };
                rows.push(Row {
                    strategy: Cell(strategy.id.clone()),
                    case: view.case.into(),
                    fidelity: view.fidelity().into(),
                    month: Cell(month.clone()),
                    p5_usd,
                    p10_usd,
                    p25_usd,
                    p50_usd,
                    p75_usd,
                    p90_usd,
                    p95_usd,
                });
            }
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(PANELS_MAX);
        let columns = shown.clamp(1, 3);
        let lines = shown.div_ceil(columns).max(1);
        let notes: Vec<String> = std::iter::once(
            "Million US dollars, nominal, summed from the start; one scale for all panels.".to_owned(),
        )
        .chain(left_out(strategies.len(), shown))
        .collect();
        let frame = Frame {
            title: "Cumulative net cash by strategy",
            notes: &notes,
            height: 84.0 + PITCH * lines as f64 + 15.0 * notes.len() as f64,
        };
        let scale = Scales::of(rows);
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
                    bottom: panel_top + 200.0,
                    x: Scale::linear(scale.years.0, scale.years.1),
                    y: Scale::linear(scale.musd.0, scale.musd.1),
                };
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                fan(canvas, &panel, &own, index, (&scale, index % columns == 0));
            }
        })
    }
}

/// Height of a row of panels with its texts.
const PITCH: f64 = 262.0;

/// What all panels share, so that they can be compared.
struct Scales {
    years: (f64, f64),
    musd: (f64, f64),
}

impl Scales {
    fn of(rows: &[Row]) -> Self {
        let years: Vec<f64> = rows.iter().filter_map(|r| year_of_month(&r.month.0)).collect();
        let first = years.iter().copied().fold(f64::INFINITY, f64::min);
        let last = years.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self {
            years: (first, last + 1.0 / 12.0),
            musd: nice_range(rows.iter().flat_map(|r| [r.p5_usd / 1e6, r.p95_usd / 1e6]), 7),
        }
    }
    fn y_ticks(&self) -> Vec<Tick> {
        nice_ticks(self.musd.0, self.musd.1, 7)
    }
}

/// Reads one quantile of a row.
type Quantile = fn(&Row) -> f64;

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let area = |text, alpha| Entry {
        text,
        colour: INK,
        swatch: Swatch::Area(alpha),
    };
    let entries = [
        area("90 % (P5\u{2013}P95)", 0.12),
        area("80 % (P10\u{2013}P90)", 0.26),
        area("50 % (P25\u{2013}P75)", 0.45),
        Entry {
            text: "median (P50)",
            colour: INK,
            swatch: Swatch::Line(Dash::Solid),
        },
    ];
    canvas.legend((66.0, top), &entries);
}

fn fan(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[&Row], index: usize, axes: (&Scales, bool)) {
    let (scale, is_first) = axes;
    let colour = series_colour(index);
    // Names of months are wider than years, so that fewer fit.
    let ticks = if scale.years.1 - scale.years.0 > 2.5 { 5 } else { 3 };
    panel.x_axis(canvas, &year_ticks(scale.years.0, scale.years.1, ticks), "");
    let ticks = scale.y_ticks();
    let labelled: Vec<Tick> = if is_first {
        ticks
    } else {
        ticks.into_iter().map(|t| (t.0, String::new())).collect()
    };
    panel.y_axis(canvas, &labelled, if is_first { "million USD" } else { "" }, 52.0);
    let month_end = |r: &Row| year_of_month(&r.month.0).map_or(f64::NAN, |y| y + 1.0 / 12.0);
    let series = |value: fn(&Row) -> f64| -> Vec<(f64, f64)> {
        let points: Vec<_> = rows.iter().map(|r| (month_end(r), value(r) / 1e6)).collect();
        panel.points(&points)
    };
    let bands: [(Quantile, Quantile, f64); 3] = [
        (|r| r.p5_usd, |r| r.p95_usd, 0.14),
        (|r| r.p10_usd, |r| r.p90_usd, 0.18),
        (|r| r.p25_usd, |r| r.p75_usd, 0.28),
    ];
    for (low, high, alpha) in bands {
        let mut outline = series(low);
        outline.extend(series(high).into_iter().rev());
        canvas.polygon(&outline, colour, alpha);
    }
    panel.rule(canvas, 0.0, 1.0, Dash::Solid);
    canvas.line(&series(|r| r.p50_usd), colour, 2.2, Dash::Solid);
    let title = format::shorten(&rows.first().map_or(String::new(), |r| r.strategy.0.clone()), 32);
    canvas.text((panel.left, panel.top - 12.0), &title, Style::new(13.0).bold());
    if let Some(last) = rows.last() {
        let end = format!(
            "at the end: {} ({} to {})",
            format::musd(last.p50_usd),
            format::musd(last.p10_usd),
            format::musd(last.p90_usd)
        );
        let style = Style::new(11.0).colour(MUTED).align(Align::Left);
        canvas.text((panel.left, panel.bottom + 32.0), &end, style);
    }
}
