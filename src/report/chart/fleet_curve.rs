//! The fleet curve: megawatts of miners by the power price at which they break even, against how dear power is how often.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Frame, INK, MUTED, PALETTE, Style, WIDTH, fit, paint, series_colour,
};
use crate::report::chart::panel::{Panel, Scale, Tick, nice_ticks};
use crate::report::chart::{Cell, Chart, Meta};
use crate::report::format;
use crate::report::view::{View, sorted};
use crate::results::tables::RunTables;

/// The chart.
pub struct FleetCurve;

/// A batch, or a point of the power price's duration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `batch` or `price`.
    kind: Cell,
    /// The miner's model, or the site whose index price it is.
    subject: Cell,
    /// Megawatts of better machines before it; of a price, the share of hours at or above it.
    from: f64,
    /// Megawatts up to and with it; of a price, the same share.
    to: f64,
    usd_per_mwh: f64,
}

/// Points of the price curve.
const POINTS: usize = 200;
/// Batches named in the drawing.
const NAMES_MAX: usize = 12;

impl Chart for FleetCurve {
    type Row = Row;
    const ID: &'static str = "fleet_curve";
    const CAPTION: &'static str = "Miners at the start, best first: the height of a step is the power price at which \
        a batch breaks even, its width the megawatts it draws. The line is the index price over the hours of the median \
        replication of the first strategy, dearest first: where it lies above a step, that batch should stand still.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let Some(first) = tables.hourly.iter().find(|r| r.case == view.case) else {
            return Vec::new();
        };
        if tables.mining_batches.is_empty() {
            return Vec::new();
        }
        let mut batches: Vec<(&str, f64, f64)> = tables
            .mining_batches
            .iter()
            .map(|b| (b.model.as_str(), b.power_mw, b.break_even_usd_per_mwh))
            .collect();
        batches.sort_by(|a, b| b.2.total_cmp(&a.2));
        let mut rows: Vec<Row> = Vec::new();
        for (model, mw, usd_per_mwh) in batches {
            // Equal batches of many halls are one step.
            if let Some(last) = rows
                .last_mut()
                .filter(|r| r.subject.0 == model && r.usd_per_mwh == usd_per_mwh)
            {
                last.to += mw;
                continue;
            }
            let from = rows.last().map_or(0.0, |r| r.to);
            rows.push(Row {
                kind: "batch".into(),
                subject: model.into(),
                from,
                to: from + mw,
                usd_per_mwh,
            });
        }
        let same = |r: &&crate::results::tables::HourlyRow| {
            r.case == first.case && r.strategy == first.strategy && r.site == first.site
        };
        let hours = tables.hourly.iter().filter(same);
        let mut prices = sorted(
            hours
                .map(|r| r.price_usd_per_mwh)
                .filter(|v| v.is_finite())
                .collect(),
        );
        prices.reverse();
        let last = prices.len().saturating_sub(1);
        for point in (0..=POINTS).filter(|_| !prices.is_empty()) {
            let share = point as f64 / POINTS as f64;
            rows.push(Row {
                kind: "price".into(),
                subject: Cell(first.site.clone()),
                from: share,
                to: share,
                usd_per_mwh: prices[((share * last as f64).round() as usize).min(last)],
            });
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let batches: Vec<&Row> = rows.iter().filter(|r| r.kind.0 == "batch").collect();
        let prices: Vec<&Row> = rows.iter().filter(|r| r.kind.0 == "price").collect();
        let mw = batches.last().map_or(1.0, |r| r.to);
        let values = || rows.iter().map(|r| r.usd_per_mwh).filter(|v| v.is_finite());
        // A handful of hours cost thousands; they are told and cut.
        let top_step = batches.iter().map(|r| r.usd_per_mwh).fold(0.0, f64::max);
        let (high, dearest) = (2.0 * top_step.max(1.0), values().fold(0.0, f64::max));
        let low = values().fold(0.0, f64::min).max(-0.5 * high);
        let notes = [
            "Steps: miners, best first, over megawatts (below). Line: index price, dearest hours first, over the share \
             of hours (above)."
                .to_owned(),
            format!(
                "Prices beyond {} USD/MWh are cut; the dearest point is {}.",
                format::number(high, 0),
                format::number(dearest, 0)
            ),
        ];
        let frame = Frame {
            title: "Fleet curve and price duration",
            notes: &notes,
            height: 480.0,
        };
        paint(&frame, meta, |canvas, top| {
            let panel = Panel {
                left: 76.0,
                top: top + 42.0,
                right: WIDTH - 200.0,
                bottom: frame.height - 72.0,
                x: Scale::linear(0.0, mw),
                y: Scale::linear(low, high),
            };
            let axis = "miners, best first, MW at the machines";
            panel.x_axis(canvas, &nice_ticks(0.0, mw, 8), axis);
            panel.y_axis(canvas, &nice_ticks(low, high, 8), "USD/MWh", 52.0);
            steps(canvas, &panel, &batches);
            durations(canvas, &panel, &prices);
        })
    }
}

fn steps(canvas: &mut Canvas<'_>, panel: &Panel, batches: &[&Row]) {
    for (index, row) in batches.iter().enumerate() {
        let colour = series_colour(index);
        let (left, right) = (panel.px(row.from), panel.px(row.to));
        let height = panel.py(row.usd_per_mwh);
        canvas.rectangle((left, panel.py(0.0)), (right, height), colour, 0.30);
        canvas.line(&[(left, height), (right, height)], colour, 2.2, Dash::Solid);
        if index >= NAMES_MAX {
            continue;
        }
        let y = panel.top + 8.0 + 30.0 * index as f64;
        canvas.rectangle(
            (panel.right + 14.0, y - 6.0),
            (panel.right + 24.0, y + 6.0),
            colour,
            0.6,
        );
        let name = fit(&row.subject.0, 160.0, 12.0);
        canvas.text((panel.right + 30.0, y - 5.0), &name, Style::new(12.0).bold());
        let text = format!(
            "{} MW at {} USD/MWh",
            format::number(row.to - row.from, 1),
            format::number(row.usd_per_mwh, 1)
        );
        canvas.text(
            (panel.right + 30.0, y + 9.0),
            &text,
            Style::new(11.0).colour(MUTED),
        );
    }
}

fn durations(canvas: &mut Canvas<'_>, panel: &Panel, prices: &[&Row]) {
    let shares = Panel {
        x: Scale::linear(0.0, 1.0),
        ..*panel
    };
    let points: Vec<(f64, f64)> = prices.iter().map(|r| (r.to, r.usd_per_mwh)).collect();
    canvas.line(&shares.points(&points), INK, 2.0, Dash::Solid);
    let ticks: Vec<Tick> = nice_ticks(0.0, 1.0, 5);
    let style = Style::new(11.0).colour(PALETTE[6]).align(Align::Centre);
    for (share, _) in ticks {
        let x = shares.px(share);
        canvas.line(&[(x, panel.top - 4.0), (x, panel.top)], INK, 0.75, Dash::Solid);
        canvas.text((x, panel.top - 12.0), &format::percent(share, 0), style);
    }
    let middle = f64::midpoint(panel.left, panel.right);
    let title = Style::new(12.0).colour(MUTED).align(Align::Centre);
    canvas.text(
        (middle, panel.top - 28.0),
        "share of hours with at least this price",
        title,
    );
}
