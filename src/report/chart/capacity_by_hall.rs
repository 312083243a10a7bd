//! Which hall does what, over time: halls stacked by their megawatts, coloured and named by state.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, PALETTE, PAPER, Style, Swatch, WIDTH, fit, paint, text_width,
};
use crate::report::chart::panel::{Panel, Scale, nice_ticks, parse_utc, year_of, year_of_month, year_ticks};
use crate::report::chart::{Cell, Chart, Meta, PANELS_MAX, distinct, left_out};
use crate::report::format;
use crate::report::view::View;
use crate::results::tables::{HallStateRow, RunTables};
use crate::time::{Calendar, SimTime};

/// The chart.
pub struct CapacityByHall;

/// A hall in one state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    site: Cell,
    hall: Cell,
    state: Cell,
    start_utc: Cell,
    end_utc: Cell,
    grid_mw: f64,
}

/// Halls that a panel shows at most.
const HALLS_MAX: usize = 200;

/// Entries of the legend in a line.
const LEGEND_COLUMNS: usize = 5;

/// States in the order of a conversion, with colour and opacity; unknown ones are grey.
const STATES: [(&str, usize, f64); 12] = [
    ("mining", 4, 0.55),
    ("winding_down", 3, 0.45),
    ("clearing", 3, 0.45),
    ("stripped", 3, 0.20),
    ("building", 6, 0.50),
    ("energised", 1, 0.35),
    ("commissioning", 5, 0.65),
    ("ramp", 0, 0.40),
    ("serving", 0, 0.80),
    ("leased", 2, 0.75),
    ("sold", 4, 0.15),
    ("idle", 6, 0.15),
];

fn look(state: &str) -> (usize, f64) {
    let known = STATES.iter().find(|s| s.0 == state);
    known.map_or((6, 0.3), |s| (s.1, s.2))
}

impl Chart for CapacityByHall {
    type Row = Row;
    const ID: &'static str = "capacity_by_hall";
    const CAPTION: &'static str = "What each hall does over time, in the median replication. The height of a \
        band is the hall's grid megawatts; a megawatt moves from mining to AI when its stage ends.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let horizon = horizon_end(tables);
        let mut rows = Vec::new();
        let states: Vec<&HallStateRow> = tables
            .hall_states
            .iter()
            .filter(|r| r.case == view.case)
            .collect();
        for (index, row) in states.iter().enumerate() {
            let same_hall = |next: &&&HallStateRow| {
                next.strategy == row.strategy && next.site == row.site && next.hall == row.hall
            };
            let next = states[index + 1..].iter().find(same_hall);
            let end = next.map_or_else(|| horizon.clone(), |next| next.start_utc.clone());
            rows.push(Row {
                strategy: Cell(row.strategy.clone()),
                case: Cell(row.case.clone()),
                fidelity: Cell(row.fidelity.clone()),
                site: Cell(row.site.clone()),
                hall: Cell(row.hall.clone()),
                state: Cell(row.state.clone()),
                start_utc: Cell(row.start_utc.clone()),
                end_utc: Cell(end),
                grid_mw: row.grid_mw,
            });
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let strategies = distinct(rows, |r| &r.strategy.0);
        let shown = strategies.len().min(PANELS_MAX);
        let notes: Vec<String> = std::iter::once(
            "Median replication (lower median of equity NPV); height of a band = grid megawatts of the hall."
                .to_owned(),
        )
        .chain(left_out(strategies.len(), shown))
        .collect();
        let lanes_height = (13.0 * most_halls(rows, &strategies[..shown]) as f64).clamp(124.0, 330.0);
        let frame = Frame {
            title: "Capacity by hall and use",
            notes: &notes,
            height: 102.0 + (lanes_height + 52.0) * shown as f64 + 15.0 * notes.len() as f64,
        };
        let years = span(rows);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top, rows);
            for (index, strategy) in strategies[..shown].iter().enumerate() {
                let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == **strategy).collect();
                let panel_top = top + 58.0 + (lanes_height + 52.0) * index as f64;
                let bounds = (panel_top, panel_top + lanes_height);
                lanes(canvas, strategy, &own, years, bounds);
            }
        })
    }
}

/// The first instant after the last billing month, UTC, as text; empty where the run has no months.
fn horizon_end(tables: &RunTables) -> String {
    let last = tables.manifest.months.last().and_then(|m| format::parse_month(m));
    last.map_or_else(String::new, |m| {
        Calendar::utc().start_of_month(m.plus(1)).to_utc_text()
    })
}

fn span(rows: &[Row]) -> (f64, f64) {
    let years = |text: &Cell| parse_utc(&text.0).map(year_of);
    let first = rows
        .iter()
        .filter_map(|r| years(&r.start_utc))
        .fold(f64::INFINITY, f64::min);
    let last = rows
        .iter()
        .filter_map(|r| years(&r.end_utc))
        .fold(f64::NEG_INFINITY, f64::max);
    let start_month = rows.first().and_then(|r| year_of_month(r.start_utc.0.get(..7)?));
    if last > first {
        (first, last)
    } else {
        (start_month.unwrap_or(0.0), start_month.unwrap_or(0.0) + 1.0)
    }
}

/// Halls of the strategy that has most.
fn most_halls(rows: &[Row], strategies: &[&str]) -> usize {
    let halls = |strategy: &str| {
        let own: Vec<&Row> = rows.iter().filter(|r| r.strategy.0 == strategy).collect();
        let mut names: Vec<(&str, &str)> = own
            .iter()
            .map(|r| (r.site.0.as_str(), r.hall.0.as_str()))
            .collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    strategies.iter().map(|s| halls(s)).max().unwrap_or(0)
}

fn legend(canvas: &mut Canvas<'_>, top: f64, rows: &[Row]) {
    let present = distinct(rows, |r| &r.state.0);
    let names: Vec<(String, usize, f64)> = STATES
        .iter()
        .filter(|s| present.contains(&s.0))
        .map(|s| (format!("{} ({})", format::words(s.0), initial(s.0)), s.1, s.2))
        .collect();
    let entries: Vec<Entry<'_>> = names
        .iter()
        .map(|(text, colour, alpha)| Entry {
            text,
            colour: PALETTE[*colour],
            swatch: Swatch::Area(*alpha),
        })
        .collect();
    for (row, part) in entries.chunks(LEGEND_COLUMNS).enumerate() {
        canvas.legend((70.0, top + 18.0 * row as f64), part);
    }
}

fn lanes(canvas: &mut Canvas<'_>, strategy: &str, rows: &[&Row], years: (f64, f64), bounds: (f64, f64)) {
    let mut halls: Vec<(&str, &str, f64)> = Vec::new();
    for row in rows {
        let mw = if row.grid_mw.is_finite() {
            row.grid_mw.max(0.0)
        } else {
            0.0
        };
        match halls.iter_mut().find(|h| h.0 == row.site.0 && h.1 == row.hall.0) {
            Some(hall) => hall.2 = hall.2.max(mw),
            None => halls.push((&row.site.0, &row.hall.0, mw)),
        }
    }
    halls.truncate(HALLS_MAX);
    let total: f64 = halls.iter().map(|h| h.2).sum();
    let panel = Panel {
        left: 70.0,
        top: bounds.0,
        right: WIDTH - 90.0,
        bottom: bounds.1,
        x: Scale::linear(years.0, years.1),
        y: Scale::linear(0.0, total.max(1e-9)),
    };
    panel.y_axis(canvas, &nice_ticks(0.0, total, 5), "MW", 44.0);
    panel.x_axis(canvas, &year_ticks(years.0, years.1, 11), "");
    let mut base = 0.0;
    for (site, hall, mw) in &halls {
        let band = (panel.py(base + mw), panel.py(base));
        for row in rows.iter().filter(|r| r.site.0 == *site && r.hall.0 == *hall) {
            segment(canvas, &panel, row, band);
        }
        let gap = ((band.1 - band.0) / 8.0).clamp(0.3, 1.2);
        canvas.line(
            &[(panel.left, band.0), (panel.right, band.0)],
            PAPER,
            gap,
            Dash::Solid,
        );
        let middle = f64::midpoint(band.0, band.1);
        if band.1 - band.0 >= 9.0 {
            let name = fit(hall, 82.0, 11.0);
            canvas.text((panel.right + 6.0, middle), &name, Style::new(11.0));
        }
        base += mw;
    }
    let style = Style::new(13.0).bold();
    canvas.text(
        (panel.left, panel.top - 11.0),
        &format::shorten(strategy, 60),
        style,
    );
}

/// One hall in one state, named where there is room, so that colour is not needed.
fn segment(canvas: &mut Canvas<'_>, panel: &Panel, row: &Row, band: (f64, f64)) {
    let at = |text: &Cell| parse_utc(&text.0).map(|t: SimTime| panel.px(year_of(t)));
    let (Some(left), Some(right)) = (at(&row.start_utc), at(&row.end_utc)) else {
        return;
    };
    if right <= left {
        return;
    }
    let (colour, alpha) = look(&row.state.0);
    canvas.rectangle((left, band.0), (right, band.1), PALETTE[colour], alpha);
    let name = format::words(&row.state.0);
    let room = right - left;
    let text = if text_width(&name, 11.0) + 4.0 < room {
        name
    } else {
        initial(&row.state.0)
    };
    if band.1 - band.0 >= 12.0 && room >= 9.0 {
        let ink = if matches!(row.state.0.as_str(), "serving" | "leased") {
            PAPER
        } else {
            INK
        };
        let middle = (f64::midpoint(left, right), f64::midpoint(band.0, band.1));
        canvas.text(middle, &text, Style::new(11.0).colour(ink).align(Align::Centre));
    }
}

/// The first letter of a state, which names a segment too narrow for the word.
fn initial(state: &str) -> String {
    format::words(state).chars().take(1).collect()
}
