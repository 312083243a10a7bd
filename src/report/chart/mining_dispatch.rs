//! What stopping the miners in dear hours earned, and how few hours bring most of it.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{Dash, Frame, INK, MUTED, Style, WIDTH, paint, series_colour};
use crate::report::chart::panel::{Panel, Scale, Tick, nice_range, nice_ticks};
use crate::report::chart::{Cell, Chart, Meta, price_duration_curve};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::{HourlyRow, RunTables};

/// The chart.
pub struct MiningDispatch;

/// A point of the curve: the dearest hours so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    site: Cell,
    /// Hours, dearest first, this one included.
    hours: f64,
    /// Price of this hour.
    usd_per_mwh: f64,
    /// Gain over machines that never stop, of all these hours.
    gain_usd: f64,
    /// The same as a share of the gain of all hours.
    share_of_gain: f64,
    /// Of these hours, those in which less than everything ran because that paid.
    hours_stopped: f64,
}

/// Hours of which the share of the gain is told.
const DEAREST: usize = 10;

impl Chart for MiningDispatch {
    type Row = Row;
    const ID: &'static str = "mining_dispatch";
    const CAPTION: &'static str = "What dispatch earned more than machines that never stop, hours added up from the \
        dearest to the cheapest, in the median replication of the first strategy: saved power less revenue forgone and \
        restarts, before demand charges. The curve is flat where everything runs.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let counts = |r: &&HourlyRow| r.case == view.case && r.mining_gain_usd != 0.0;
        let Some(first) = tables.hourly.iter().find(counts) else {
            return Vec::new();
        };
        let same =
            |r: &&HourlyRow| r.case == first.case && r.strategy == first.strategy && r.site == first.site;
        let mut hours: Vec<(f64, f64)> = tables
            .hourly
            .iter()
            .filter(same)
            .map(|r| (r.price_usd_per_mwh, r.mining_gain_usd))
            .collect();
        hours.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all: f64 = hours.iter().map(|h| h.1).sum();
        let (mut gain_usd, mut hours_stopped) = (0.0, 0.0);
        let mut rows: Vec<Row> = Vec::with_capacity(hours.len());
        for (index, (usd_per_mwh, gain)) in hours.iter().enumerate() {
            gain_usd += gain;
            hours_stopped += f64::from(u8::from(*gain > 0.0));
            rows.push(Row {
                strategy: Cell(first.strategy.clone()),
                site: Cell(first.site.clone()),
                hours: (index + 1) as f64,
                usd_per_mwh: *usd_per_mwh,
                gain_usd,
                share_of_gain: if all == 0.0 { 0.0 } else { gain_usd / all },
                hours_stopped,
            });
        }
        let mut kept = price_duration_curve::sample_indices(rows.len());
        kept.extend((0..rows.len()).take(DEAREST));
        kept.sort_unstable();
        kept.dedup();
        kept.into_iter().map(|index| rows[index].clone()).collect()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return String::new();
        };
        let low = rows.iter().map(|r| r.gain_usd).fold(0.0, f64::min) * 1e-6;
        let (low, high) = nice_range([low, last.gain_usd * 1e-6].into_iter(), 6);
        let dearest = rows.iter().rfind(|r| r.hours <= DEAREST as f64).unwrap_or(first);
        let notes = [
            format!(
                "Site {}, strategy {}. Horizontal axis logarithmic: the dearest hours stand at the left.",
                first.site.0, first.strategy.0
            ),
            format!(
                "All hours: {} million USD, {} hours in which something stood still for its price.",
                format::number(last.gain_usd * 1e-6, 3),
                format::number(last.hours_stopped, 0)
            ),
        ];
        let frame = Frame {
            title: "Gain of mining dispatch over machines that never stop",
            notes: &notes,
            height: 440.0,
        };
        paint(&frame, meta, |canvas, top| {
            let panel = Panel {
                left: 76.0,
                top: top + 10.0,
                right: WIDTH - 40.0,
                bottom: frame.height - 72.0,
                x: Scale::sym_log(0.0, last.hours, 1.0),
                y: Scale::linear(low, high),
            };
            panel.x_axis(canvas, &hour_ticks(last.hours), "hours, dearest first");
            panel.y_axis(
                canvas,
                &nice_ticks(low, high, 6),
                "cumulative gain, million USD",
                56.0,
            );
            panel.rule(canvas, 0.0, 0.8, Dash::Solid);
            let points: Vec<(f64, f64)> = std::iter::once((0.0, 0.0))
                .chain(rows.iter().map(|r| (r.hours, r.gain_usd * 1e-6)))
                .collect();
            canvas.line(&panel.points(&points), series_colour(0), 2.2, Dash::Solid);
            let (x, y) = (panel.px(dearest.hours), panel.py(dearest.gain_usd * 1e-6));
            canvas.line(&[(x, panel.top), (x, panel.bottom)], INK, 1.0, Dash::of_series(1));
            let share = format!(
                "{} dearest hours: {} of the gain",
                format::number(dearest.hours, 0),
                format::percent(dearest.share_of_gain, 1)
            );
            canvas.text((x + 12.0, y + 14.0), &share, Style::new(12.0).bold());
            let price = format!("down to {} USD/MWh", format::number(dearest.usd_per_mwh, 0));
            canvas.text((x + 12.0, y + 29.0), &price, Style::new(11.0).colour(MUTED));
        })
    }
}

/// Powers of ten and the last hour.
fn hour_ticks(hours: f64) -> Vec<Tick> {
    let powers = [1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0];
    let mut ticks: Vec<f64> = powers.into_iter().filter(|t| *t < 0.7 * hours).collect();
    ticks.push(hours);
    ticks.into_iter().map(|t| (t, format::number(t, 0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    #[test]
    fn hours_add_up_from_the_dearest() {
        let mut tables = fixture::tables(1);
        let template = tables.hourly[0].clone();
        let hour = |price_usd_per_mwh: f64, mining_gain_usd: f64| HourlyRow {
            price_usd_per_mwh,
            mining_gain_usd,
            ..template.clone()
        };
        // Twelve dear hours bring 12, 11, ... 1 USD, the rest nothing; one restart costs 3.
        tables.hourly = (0..100)
            .map(|h| hour(f64::from(h), f64::from((h - 87).max(0))))
            .collect();
        tables.hourly[5].mining_gain_usd = -3.0;
        let rows = MiningDispatch::data(&tables);
        let at = |hours: f64| rows.iter().find(|r| r.hours == hours).unwrap();
        assert_eq!(
            (at(1.0).gain_usd, at(10.0).gain_usd, at(12.0).gain_usd),
            (12.0, 75.0, 78.0)
        );
        let last = rows.last().unwrap();
        assert_eq!(
            (last.hours, last.gain_usd, last.hours_stopped, last.share_of_gain),
            (100.0, 75.0, 12.0, 1.0)
        );
        assert_eq!(at(10.0).share_of_gain, 1.0);
        assert!(MiningDispatch::draw(&rows, &Meta::default()).starts_with("<svg"));
        tables.hourly.iter_mut().for_each(|r| r.mining_gain_usd = 0.0);
        assert!(MiningDispatch::data(&tables).is_empty(), "nothing to show");
    }
}
