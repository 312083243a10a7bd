//! For how many hours power costs more than a price, and which miners still earn their power at it.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Canvas, Dash, Frame, INK, MUTED, Style, WIDTH, fit, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, Tick, nice_ticks, spread};
use crate::report::chart::{Cell, Chart, Meta};
use crate::report::format;
use crate::report::view::{View, sorted};
use crate::results::tables::RunTables;

/// The chart.
pub struct PriceDurationCurve;

/// A point of the curve, or the break-even of a mining batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `price` or `break_even`.
    kind: Cell,
    /// The site whose index price it is, or the machine.
    subject: Cell,
    /// Share of hours at or above this price.
    share_of_hours: f64,
    usd_per_mwh: f64,
}

/// Points of the curve; the tails get as many as the middle.
const POINTS: usize = 400;
/// Break-even lines at most.
const LINES_MAX: usize = 10;
/// Prices up to this magnitude are drawn linearly.
const KNEE_USD_PER_MWH: f64 = 50.0;

impl Chart for PriceDurationCurve {
    type Row = Row;
    const ID: &'static str = "price_duration_curve";
    const CAPTION: &'static str = "Hours of the horizon sorted by index price, dearest first, in the median \
        replication of the first strategy, with the power price at which each kind of miner earns nothing at the \
        start. Where the curve lies above a line, that machine should stop. Contract adders and resale are not in \
        the curve.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let Some(first) = tables.hourly.iter().find(|r| r.case == view.case) else {
            return Vec::new();
        };
        let same = tables
            .hourly
            .iter()
            .filter(|r| r.case == first.case && r.strategy == first.strategy && r.site == first.site);
        let mut prices = sorted(
            same.map(|r| r.price_usd_per_mwh)
                .filter(|v| v.is_finite())
                .collect(),
        );
        prices.reverse();
        if prices.is_empty() {
            return Vec::new();
        }
        let mut rows: Vec<Row> = sample_indices(prices.len())
            .into_iter()
            .map(|index| Row {
                kind: "price".into(),
                subject: Cell(first.site.clone()),
                share_of_hours: (index as f64 + 0.5) / prices.len() as f64,
                usd_per_mwh: prices[index],
            })
            .collect();
        for (model, usd_per_mwh) in tables.mining_break_even.iter().filter(|b| b.1.is_finite()) {
            let above = prices.partition_point(|p| p > usd_per_mwh);
            rows.push(Row {
                kind: "break_even".into(),
                subject: Cell(model.clone()),
                share_of_hours: above as f64 / prices.len() as f64,
                usd_per_mwh: *usd_per_mwh,
            });
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let curve: Vec<&Row> = rows.iter().filter(|r| r.kind.0 == "price").collect();
        let lines: Vec<&Row> = rows
            .iter()
            .filter(|r| r.kind.0 == "break_even")
            .take(LINES_MAX)
            .collect();
        let values = || rows.iter().map(|r| r.usd_per_mwh).filter(|v| v.is_finite());
        let low = values().fold(0.0, f64::min);
        let high = values().fold(1.0, f64::max);
        let notes = [
            "Solid: index price. Broken: the power price at which a machine earns nothing at the start."
                .to_owned(),
            format!(
                "Vertical axis: linear to about {KNEE_USD_PER_MWH:.0} USD/MWh, logarithmic beyond; nothing is cut \
             (range {} to {} USD/MWh).",
                format::number(low, 0),
                format::number(high, 0)
            ),
        ];
        let frame = Frame {
            title: "Price duration curve and mining break-even",
            notes: &notes,
            height: 465.0,
        };
        paint(&frame, meta, |canvas, top| {
            let panel = Panel {
                left: 76.0,
                top: top + 10.0,
                right: WIDTH - 250.0,
                bottom: frame.height - 72.0,
                x: Scale::linear(0.0, 1.0),
                y: Scale::sym_log(low * 1.1, high * 1.1, KNEE_USD_PER_MWH),
            };
            let percents: Vec<Tick> = nice_ticks(0.0, 1.0, 10)
                .iter()
                .map(|t| (t.0, format::number(t.0 * 100.0, 0)))
                .collect();
            panel.x_axis(canvas, &percents, "share of hours with at least this price, %");
            panel.y_axis(
                canvas,
                &price_ticks(low * 1.1, high * 1.1),
                "index price, USD/MWh",
                56.0,
            );
            panel.rule(canvas, 0.0, 0.8, Dash::Solid);
            let points: Vec<(f64, f64)> = curve.iter().map(|r| (r.share_of_hours, r.usd_per_mwh)).collect();
            canvas.line(&panel.points(&points), INK, 2.2, Dash::Solid);
            break_evens(canvas, &panel, &lines);
        })
    }
}

/// Indices of a sorted list that keep its ends: both tails geometrically, the middle evenly.
pub(super) fn sample_indices(length: usize) -> Vec<usize> {
    let last = length - 1;
    let mut indices: Vec<usize> = (0..=POINTS)
        .flat_map(|i| {
            let share = i as f64 / POINTS as f64;
            // A quarter of a sine squared packs points towards both ends.
            let packed = (share * std::f64::consts::FRAC_PI_2).sin().powi(2);
            let tail = last as f64 * 10_f64.powf(-5.0 * (1.0 - share));
            [packed * last as f64, tail, last as f64 - tail]
        })
        .map(|at| (at.round() as usize).min(last))
        .collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

fn price_ticks(low: f64, high: f64) -> Vec<Tick> {
    [
        -5_000.0, -1_000.0, -250.0, -100.0, -50.0, -25.0, 0.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0,
        2_500.0, 5_000.0,
    ]
    .into_iter()
    .filter(|v| *v >= low && *v <= high)
    .map(|v| (v, format::number(v, 0)))
    .collect()
}

fn break_evens(canvas: &mut Canvas<'_>, panel: &Panel, lines: &[&Row]) {
    let wanted: Vec<f64> = lines.iter().map(|r| panel.py(r.usd_per_mwh)).collect();
    let placed = spread(&wanted, 30.0, panel.top + 8.0, panel.bottom - 8.0);
    for (index, (row, y)) in lines.iter().zip(placed).enumerate() {
        let (colour, at) = (series_colour(index), wanted[index]);
        let dash = Dash::of_series(index + 1);
        canvas.line(&[(panel.left, at), (panel.right, at)], colour, 1.6, dash);
        canvas.line(
            &[(panel.right, at), (panel.right + 12.0, y)],
            colour,
            1.0,
            Dash::Solid,
        );
        let name = fit(&row.subject.0, 222.0, 12.0);
        canvas.text((panel.right + 16.0, y - 6.0), &name, Style::new(12.0).bold());
        let text = format!(
            "{} USD/MWh, dearer {} of hours",
            format::number(row.usd_per_mwh, 1),
            format::percent(row.share_of_hours, 1)
        );
        canvas.text(
            (panel.right + 16.0, y + 8.0),
            &text,
            Style::new(11.0).colour(MUTED),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_keeps_both_ends_and_stays_small() {
        for length in [1, 2, 168, 87_600] {
            let indices = sample_indices(length);
            assert_eq!((indices[0], *indices.last().unwrap()), (0, length - 1));
            assert!(indices.len() <= 3 * POINTS + 3);
        }
    }
}
