//! The NPV of every replication as one histogram a strategy, on one axis.

use serde::{Deserialize, Serialize};

use crate::metric::Metric;
use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, GRID, INK, MUTED, Style, Swatch, WIDTH, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, nice_range, nice_ticks, spread};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, distinct, left_out};
use crate::report::format;
use crate::report::view::{View, quantile, sorted};
use crate::results::tables::RunTables;

/// The chart.
pub struct NpvDistribution;

/// The NPV of one replication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    replication: u32,
    npv_usd: f64,
}

impl Chart for NpvDistribution {
    type Row = Row;
    const ID: &'static str = "npv_distribution";
    const CAPTION: &'static str = "Net present value of every replication, by strategy, before financing and \
        with the residual. What lies left of the zero line loses money at the discount rate.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let of = |strategy: &'_ str| -> Vec<Row> {
            let values = view.values(strategy, Metric::NpvUsd).iter().enumerate();
            values
                .filter(|(_, value)| value.is_finite())
                .map(|(replication, npv_usd)| Row {
                    strategy: strategy.into(),
                    case: view.case.into(),
                    fidelity: view.fidelity().into(),
                    replication: replication as u32,
                    npv_usd: *npv_usd,
                })
                .collect()
        };
        view.strategies().flat_map(of).collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(PANELS_MAX);
        let notes: Vec<String> = std::iter::once(
            "Bars count replications, each strategy on its own height; marks are P10, P50 and P90."
                .to_owned(),
        )
        .chain(left_out(strategies.len(), shown))
        .collect();
        let strip = if shown == 1 { 170.0 } else { 96.0 };
        let frame = Frame {
            title: "Net present value by strategy",
            notes: &notes,
            height: 124.0 + strip * shown as f64 + 15.0 * notes.len() as f64,
        };
        let musd = || rows.iter().map(|r| r.npv_usd / 1e6);
        let range = nice_range(musd(), 8);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top);
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own = rows.iter().filter(|r| r.strategy.0 == **strategy);
                let values = sorted(own.map(|r| r.npv_usd / 1e6).filter(|v| v.is_finite()).collect());
                let panel = Panel {
                    left: 150.0,
                    top: top + 40.0 + strip * index as f64,
                    right: WIDTH - 30.0,
                    bottom: top + 14.0 + strip * (index + 1) as f64,
                    x: Scale::linear(range.0, range.1),
                    y: Scale::linear(0.0, 1.0),
                };
                let ticks = nice_ticks(range.0, range.1, 8);
                for (value, _) in &ticks {
                    let x = panel.px(*value);
                    canvas.line(&[(x, panel.top), (x, panel.bottom)], GRID, 0.75, Dash::Solid);
                }
                if index + 1 == shown {
                    panel.x_axis(canvas, &ticks, "net present value, million USD");
                }
                histogram(canvas, panel, strategy, &values, index);
            }
        })
    }
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let entries = [
        Entry {
            text: "share of replications",
            colour: MUTED,
            swatch: Swatch::Area(0.45),
        },
        Entry {
            text: "P10, P50, P90",
            colour: INK,
            swatch: Swatch::Line(Dash::Solid),
        },
        Entry {
            text: "zero",
            colour: INK,
            swatch: Swatch::Line(Dash::Dashed),
        },
    ];
    canvas.legend((150.0, top), &entries);
}

/// Counts of sorted values in equal bins between the ends of an axis.
fn counts(values: &[f64], low: f64, high: f64, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    for value in values {
        let share = (value - low) / (high - low);
        counts[((share * bins as f64) as usize).min(bins - 1)] += 1;
    }
    counts
}

fn histogram(canvas: &mut Canvas<'_>, mut panel: Panel, strategy: &str, values: &[f64], index: usize) {
    let (Some(low), Some(high)) = (values.first(), values.last()) else {
        return;
    };
    // Bins follow the axis, so that widths of different strategies compare.
    let (axis_low, axis_high) = match panel.x {
        Scale::Linear { low, high } | Scale::SymLog { low, high, .. } => (low, high),
    };
    let bins = 72;
    let counts = counts(values, axis_low, axis_high, bins);
    let peak = counts.iter().copied().max().unwrap_or(1).max(1);
    panel.y = Scale::linear(0.0, peak as f64);
    let width = (axis_high - axis_low) / bins as f64;
    for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = panel.px(axis_low + bin as f64 * width) + 0.5;
        let right = panel.px(axis_low + (bin + 1) as f64 * width) - 0.5;
        let top = panel.py(*count as f64);
        canvas.rectangle((left, top), (right, panel.bottom), series_colour(index), 0.55);
    }
    canvas.line(
        &[(panel.left, panel.bottom), (panel.right, panel.bottom)],
        INK,
        0.8,
        Dash::Solid,
    );
    let zero = panel.px(0.0);
    canvas.line(&[(zero, panel.top), (zero, panel.bottom)], INK, 1.0, Dash::Dashed);
    marks(canvas, &panel, values);
    let middle = f64::midpoint(panel.top, panel.bottom);
    let style = Style::new(13.0).bold();
    canvas.text((14.0, middle - 18.0), &format::shorten(strategy, 19), style);
    let muted = Style::new(11.0).colour(MUTED);
    let negative = values.iter().filter(|v| **v < 0.0).count() as f64 / values.len() as f64;
    let below = format!("below zero: {}", format::probability(negative, values.len()));
    canvas.text((14.0, middle), &below, muted);
    let ends = format!("{} to {}", format::number(*low, 0), format::number(*high, 0));
    canvas.text((14.0, middle + 15.0), &ends, muted);
}

fn marks(canvas: &mut Canvas<'_>, panel: &Panel, values: &[f64]) {
    let probabilities = [0.10, 0.50, 0.90];
    let at = probabilities.map(|p| quantile(values, p));
    let texts: Vec<String> = ["P10", "P50", "P90"]
        .iter()
        .zip(at)
        .map(|(name, value)| format!("{name} {}", format::number(value, 0)))
        .collect();
    let pixels: Vec<f64> = at.iter().map(|v| panel.px(*v)).collect();
    let labels = spread(&pixels, 62.0, panel.left + 30.0, panel.right - 30.0);
    for (index, text) in texts.iter().enumerate() {
        let x = pixels[index];
        let width = if index == 1 { 2.2 } else { 1.4 };
        canvas.line(&[(x, panel.top), (x, panel.bottom)], INK, width, Dash::Solid);
        canvas.line(
            &[(x, panel.top), (labels[index], panel.top - 5.0)],
            MUTED,
            0.6,
            Dash::Solid,
        );
        let style = Style::new(11.0).align(Align::Centre);
        canvas.text((labels[index], panel.top - 11.0), text, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_replication_is_in_one_bin() {
        let counts = counts(&[-1.0, 0.0, 0.5, 1.0], -1.0, 1.0, 4);
        assert_eq!(counts, [1, 0, 1, 2]);
    }
}
