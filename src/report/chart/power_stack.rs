//! The meter hour by hour through the hottest week with GPUs at work: who drew what, under which limit.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, MUTED, PALETTE, Style, Swatch, WIDTH, paint,
};
use crate::report::chart::panel::{Panel, Scale, Tick, nice_range, nice_ticks, parse_utc};
use crate::report::chart::{Cell, Chart, Meta};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::{HourlyRow, RunTables};
use crate::time::{Calendar, HOUR_S};

/// The chart.
pub struct PowerStack;

/// One hour, all sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    start_utc: Cell,
    gpu_it_mw: f64,
    cooling_mw: f64,
    losses_mw: f64,
    other_mw: f64,
    mining_mw: f64,
    import_limit_mw: f64,
    dry_bulb_c: f64,
    price_usd_per_mwh: f64,
}

/// Hours in the window.
const WEEK: usize = 168;

/// Layers from the ground up: mining lies on top because it gives way first.
const LAYERS: [(&str, usize, f64); 5] = [
    ("GPU and leased IT", 0, 0.85),
    ("cooling", 5, 0.75),
    ("losses", 1, 0.75),
    ("other", 6, 0.75),
    ("mining", 4, 0.55),
];

impl Row {
    fn layers(&self) -> [f64; 5] {
        let mw = [
            self.gpu_it_mw,
            self.cooling_mw,
            self.losses_mw,
            self.other_mw,
            self.mining_mw,
        ];
        mw.map(|v| if v.is_finite() { v.max(0.0) } else { 0.0 })
    }
}

impl Chart for PowerStack {
    type Row = Row;
    const ID: &'static str = "power_stack";
    const CAPTION: &'static str = "The hottest week with GPUs at work, hour by hour, in the median replication of \
        the strategy with the most GPU and leased IT load. Mining lies on top because it gives way first; a gap \
        below the dashed import limit is unused or curtailed capacity.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let rows = || tables.hourly.iter().filter(|r| r.case == view.case);
        let gpu_mwh = |id: &str| -> f64 {
            let own = rows().filter(|r| r.strategy == id);
            own.map(|r| r.gpu_it_mw).filter(|v| v.is_finite()).sum()
        };
        let mut best: Option<(&str, f64)> = None;
        for id in view.strategies() {
            let mwh = gpu_mwh(id);
            // Strictly more, so that the first in file order wins a tie.
            if best.is_none_or(|(_, most)| mwh > most) {
                best = Some((id, mwh));
            }
        }
        let Some((strategy, _)) = best else {
            return Vec::new();
        };
        let hours = sum_of_sites(rows().filter(|r| r.strategy == strategy));
        let start = hottest_week(&hours);
        let end = (start + WEEK).min(hours.len());
        hours[start..end].to_vec()
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategy = rows.first().map_or("", |r| r.strategy.0.as_str());
        let from = rows.first().map_or("", |r| r.start_utc.0.as_str());
        let notes = [
            format!(
                "Strategy {}, median replication, {} from {} UTC; hourly means over the portfolio.",
                format::shorten(strategy, 40),
                format::count_of(rows.len(), "hour"),
                format::shorten(from, 25)
            ),
            "Right-hand labels give the mean of the week.".to_owned(),
        ];
        let frame = Frame {
            title: "Power at the meter in the hottest week",
            notes: &notes,
            height: 636.0,
        };
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top);
            let x = Scale::linear(0.0, rows.len() as f64);
            let days = day_ticks(rows);
            let panel = |top: f64, bottom: f64, y: (f64, f64)| Panel {
                left: 66.0,
                top,
                right: WIDTH - 178.0,
                bottom,
                x,
                y: Scale::linear(y.0, y.1),
            };
            let totals = rows
                .iter()
                .map(|r| r.layers().iter().sum::<f64>().max(r.import_limit_mw));
            stack(
                canvas,
                &panel(top + 22.0, top + 292.0, nice_range(totals, 6)),
                rows,
                &days,
            );
            let heat = nice_range(rows.iter().map(|r| r.dry_bulb_c), 4);
            let heat_panel = panel(top + 334.0, top + 404.0, heat);
            strip(
                canvas,
                &heat_panel,
                rows,
                &days,
                ("dry bulb, °C", |r| r.dry_bulb_c),
            );
            let price = nice_range(rows.iter().map(|r| r.price_usd_per_mwh), 4);
            let price_panel = panel(top + 442.0, top + 512.0, price);
            strip(
                canvas,
                &price_panel,
                rows,
                &days,
                ("USD/MWh", |r| r.price_usd_per_mwh),
            );
        })
    }
}

/// Adds up the sites of each hour; temperature and price are those of the first site.
fn sum_of_sites<'a>(rows: impl Iterator<Item = &'a HourlyRow>) -> Vec<Row> {
    let mut hours: BTreeMap<&str, Row> = BTreeMap::new();
    for row in rows {
        let hour = hours.entry(row.start_utc.as_str()).or_insert_with(|| Row {
            strategy: Cell(row.strategy.clone()),
            case: Cell(row.case.clone()),
            fidelity: Cell(row.fidelity.clone()),
            start_utc: Cell(row.start_utc.clone()),
            gpu_it_mw: 0.0,
            cooling_mw: 0.0,
            losses_mw: 0.0,
            other_mw: 0.0,
            mining_mw: 0.0,
            import_limit_mw: 0.0,
            dry_bulb_c: row.dry_bulb_c,
            price_usd_per_mwh: row.price_usd_per_mwh,
        });
        hour.gpu_it_mw += row.gpu_it_mw;
        hour.cooling_mw += row.cooling_mw;
        hour.losses_mw += row.losses_mw;
        hour.other_mw += row.other_mw;
        hour.mining_mw += row.mining_mw;
        hour.import_limit_mw += row.import_limit_mw;
    }
    hours.into_values().collect()
}

/// Where the week with the highest mean dry bulb begins, in steps of a day, among weeks with at least half of
/// the largest weekly GPU load: the question is what a hot week does to GPUs.
fn hottest_week(hours: &[Row]) -> usize {
    let starts = || (0..hours.len().saturating_sub(WEEK - 1)).step_by(24);
    let mean = |start: usize, value: fn(&Row) -> f64| -> f64 {
        hours[start..start + WEEK].iter().map(value).sum::<f64>() / WEEK as f64
    };
    let gpu: Vec<f64> = starts().map(|s| mean(s, |r| r.gpu_it_mw)).collect();
    let most = gpu.iter().copied().fold(0.0, f64::max);
    let mut best = (0, f64::NEG_INFINITY);
    for (start, mw) in starts().zip(gpu) {
        let heat = mean(start, |r| r.dry_bulb_c);
        if mw >= 0.5 * most && heat > best.1 {
            best = (start, heat);
        }
    }
    best.0
}

fn day_ticks(rows: &[Row]) -> Vec<Tick> {
    let mut ticks = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(time) = parse_utc(&row.start_utc.0) else {
            continue;
        };
        if time.as_unix_s().rem_euclid(24 * HOUR_S) == 0 {
            let civil = Calendar::utc().civil_hour(time);
            let month = format::month_name(civil.month);
            ticks.push((index as f64, format!("{} {}", civil.day, &month[..3])));
        }
    }
    ticks.truncate(9);
    ticks
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let mut entries: Vec<Entry<'_>> = LAYERS
        .iter()
        .map(|(text, colour, alpha)| Entry {
            text,
            colour: PALETTE[*colour],
            swatch: Swatch::Area(*alpha),
        })
        .collect();
    entries.push(Entry {
        text: "import limit",
        colour: INK,
        swatch: Swatch::Line(Dash::Dashed),
    });
    canvas.legend((66.0, top), &entries);
}

/// Each hour is as wide as an hour: a step, not a slope, because values are means.
fn steps(panel: &Panel, values: &[f64]) -> Vec<(f64, f64)> {
    let corners = values.iter().enumerate().flat_map(|(index, value)| {
        let left = index as f64;
        [(left, *value), (left + 1.0, *value)]
    });
    panel.points(&corners.collect::<Vec<_>>())
}

fn stack(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[Row], days: &[Tick]) {
    let (low, high) = match panel.y {
        Scale::Linear { low, high } | Scale::SymLog { low, high, .. } => (low, high),
    };
    panel.y_axis(canvas, &nice_ticks(low, high, 6), "MW at the meter", 48.0);
    let mut base = vec![0.0; rows.len()];
    let mut middles = Vec::new();
    for (layer, (name, colour, alpha)) in LAYERS.iter().enumerate() {
        let top: Vec<f64> = rows
            .iter()
            .zip(&base)
            .map(|(row, below)| below + row.layers()[layer])
            .collect();
        let mut outline = steps(panel, &base);
        outline.extend(steps(panel, &top).into_iter().rev());
        canvas.polygon(&outline, PALETTE[*colour], *alpha);
        let mean = rows.iter().map(|r| r.layers()[layer]).sum::<f64>() / rows.len().max(1) as f64;
        if let (Some(below), Some(above)) = (base.last(), top.last())
            && mean > 0.0
        {
            let label = format!("{name} {} MW", format::number(mean, 1));
            middles.push((panel.py(f64::midpoint(*below, *above)), label));
        }
        base = top;
    }
    panel.x_axis(canvas, days, "");
    let limits: Vec<f64> = rows.iter().map(|r| r.import_limit_mw).collect();
    canvas.line(&steps(panel, &limits), INK, 1.6, Dash::Dashed);
    let wanted: Vec<f64> = middles.iter().map(|m| m.0).collect();
    let placed = super::panel::spread(&wanted, 15.0, panel.top, panel.bottom);
    for ((at, text), y) in middles.iter().zip(placed) {
        canvas.line(
            &[(panel.right + 1.0, *at), (panel.right + 8.0, y)],
            MUTED,
            0.6,
            Dash::Solid,
        );
        canvas.text((panel.right + 10.0, y), text, Style::new(11.0).align(Align::Left));
    }
}

/// A line below the stack that shows why the stack moved.
fn strip(canvas: &mut Canvas<'_>, panel: &Panel, rows: &[Row], days: &[Tick], what: (&str, fn(&Row) -> f64)) {
    let (low, high) = match panel.y {
        Scale::Linear { low, high } | Scale::SymLog { low, high, .. } => (low, high),
    };
    panel.y_axis(canvas, &nice_ticks(low, high, 3), what.0, 48.0);
    panel.x_axis(canvas, days, "");
    let values: Vec<f64> = rows.iter().map(what.1).collect();
    canvas.line(&steps(panel, &values), INK, 1.3, Dash::Solid);
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let most = finite().fold(f64::NEG_INFINITY, f64::max);
    let text = format!("highest {}", format::number(most, 1));
    let middle = f64::midpoint(panel.top, panel.bottom);
    canvas.text(
        (panel.right + 10.0, middle),
        &text,
        Style::new(11.0).colour(MUTED),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(index: usize, dry_bulb_c: f64, gpu_it_mw: f64) -> HourlyRow {
        HourlyRow {
            start_utc: format!("{index:06}"),
            dry_bulb_c,
            gpu_it_mw,
            import_limit_mw: 50.0,
            ..HourlyRow::default()
        }
    }

    #[test]
    fn the_hottest_week_has_gpus_at_work() {
        let rows: Vec<HourlyRow> = (0..WEEK * 4)
            .map(|i| match i / WEEK {
                0 => hour(i, 45.0, 0.0),
                2 => hour(i, 40.0, 10.0),
                _ => hour(i, 30.0, 10.0),
            })
            .collect();
        assert_eq!(hottest_week(&sum_of_sites(rows.iter())), 2 * WEEK);
        assert_eq!(hottest_week(&sum_of_sites(rows[..10].iter())), 0);
    }

    #[test]
    fn sites_add_up_hour_by_hour() {
        let rows = [hour(0, 30.0, 10.0), hour(0, 20.0, 5.0), hour(1, 31.0, 1.0)];
        let hours = sum_of_sites(rows.iter());
        assert_eq!(hours.len(), 2);
        assert_eq!((hours[0].gpu_it_mw, hours[0].import_limit_mw), (15.0, 100.0));
        assert_eq!(hours[0].dry_bulb_c, 30.0);
    }
}
