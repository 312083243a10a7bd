//! Stages of the conversions: planned against the median replication, with the late end that replications show.

use serde::{Deserialize, Serialize};

use crate::report::chart::canvas::{
    Align, Canvas, Dash, Entry, Frame, INK, MUTED, PALETTE, Style, Swatch, WIDTH, fit, paint,
};
use crate::report::chart::panel::{Panel, Scale, parse_utc, year_of, year_ticks};
use crate::report::chart::{Cell, Chart, Meta};
use crate::report::format;
use crate::report::view::{View, quantile, sorted};
use crate::results::tables::{RunTables, ScheduleRow};
use crate::time::SimTime;

/// The chart.
pub struct ScheduleGantt;

/// One stage of one hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    strategy: Cell,
    case: Cell,
    fidelity: Cell,
    replication: u32,
    site: Cell,
    hall: Cell,
    stage: Cell,
    planned_start: Cell,
    planned_end: Cell,
    start: Cell,
    end: Cell,
    /// 90th percentile of the end over replications; empty where it lies beyond the horizon.
    end_p90: Cell,
    critical: bool,
}

/// Rows drawn at most; a page holds no more.
const ROWS_DRAWN_MAX: usize = 96;
const ROW_HEIGHT: f64 = 15.0;

impl Chart for ScheduleGantt {
    type Row = Row;
    const ID: &'static str = "schedule_gantt";
    const CAPTION: &'static str = "Stages of each converted hall: outline as planned, filled as it went in the \
        median replication, whisker to the 90th percentile of the end. Critical stages are dark and marked with a \
        star: a day lost there is a day lost at the end.";

    fn data(tables: &RunTables) -> Vec<Row> {
        let view = View::new(tables);
        let mut rows = Vec::new();
        for strategy in view.strategies() {
            let all: Vec<&ScheduleRow> = view.schedule(strategy).collect();
            let first = all.first().map(|r| r.replication);
            let median = view.p50_replication(strategy);
            let present = |wanted: u32| all.iter().any(|r| r.replication == wanted);
            let Some(shown) = median.filter(|m| present(*m)).or(first) else {
                continue;
            };
            let mut own: Vec<&&ScheduleRow> = all.iter().filter(|r| r.replication == shown).collect();
            // Stages come in the order of the plan, halls mixed; a reader follows one hall at a time.
            let place = |row: &ScheduleRow| (row.site.clone(), row.hall.clone());
            let mut places: Vec<(String, String)> = Vec::new();
            for row in &own {
                if !places.contains(&place(row)) {
                    places.push(place(row));
                }
            }
            own.sort_by_key(|row| places.iter().position(|p| *p == place(row)));
            rows.extend(own.into_iter().map(|row| Row {
                strategy: Cell(row.strategy.clone()),
                case: Cell(row.case.clone()),
                fidelity: Cell(row.fidelity.clone()),
                replication: row.replication,
                site: Cell(row.site.clone()),
                hall: Cell(row.hall.clone()),
                stage: Cell(row.stage.clone()),
                planned_start: Cell(row.planned_start.clone()),
                planned_end: Cell(row.planned_end.clone()),
                start: Cell(row.start.clone()),
                end: Cell(row.end.clone()),
                end_p90: Cell(end_p90(&all, row)),
                critical: row.critical,
            }));
        }
        rows
    }

    fn draw(rows: &[Row], meta: &Meta) -> String {
        let shown = &rows[..rows.len().min(ROWS_DRAWN_MAX)];
        let mut notes =
            vec!["Times in UTC. Stages that did not start or end within the horizon say so.".to_owned()];
        if shown.len() < rows.len() {
            notes.push(format!(
                "Shown: the first {} of {} stages; the table has all.",
                shown.len(),
                rows.len()
            ));
        }
        let groups = group_starts(shown);
        let frame = Frame {
            title: "Conversion schedule: planned and as it went",
            notes: &notes,
            height: 118.0
                + ROW_HEIGHT * shown.len() as f64
                + 22.0 * groups as f64
                + 15.0 * notes.len() as f64,
        };
        let (first, last) = span(shown);
        let seen = shown
            .iter()
            .flat_map(|r| [&r.start, &r.end])
            .filter_map(|t| parse_utc(&t.0));
        let last_seen = seen.map(year_of).fold(first, f64::max);
        paint(&frame, meta, |canvas, top| {
            legend(canvas, top);
            let panel = Panel {
                left: 262.0,
                top: top + 16.0,
                right: WIDTH - 24.0,
                bottom: frame.height - 48.0,
                x: Scale::linear(first, last),
                y: Scale::linear(0.0, 1.0),
            };
            panel.x_axis(canvas, &year_ticks(first, last, 9), "");
            let mut y = panel.top + 4.0;
            let mut group = None;
            for row in shown {
                let key = (&row.strategy, &row.site, &row.hall);
                if group != Some(key) {
                    group = Some(key);
                    let name = if row.hall.0.is_empty() {
                        format!("{}: {}, shared by its halls", row.strategy.0, row.site.0)
                    } else {
                        format!("{}: {}/{}", row.strategy.0, row.site.0, row.hall.0)
                    };
                    canvas.text(
                        (14.0, y + 11.0),
                        &fit(&name, 400.0, 12.0),
                        Style::new(12.0).bold(),
                    );
                    y += 22.0;
                }
                stage(canvas, &panel, (row, last_seen), y + ROW_HEIGHT / 2.0);
                y += ROW_HEIGHT;
            }
        })
    }
}

/// The 90th percentile over replications of the end of a stage; a stage that never ends counts as the latest.
fn end_p90(all: &[&ScheduleRow], row: &ScheduleRow) -> String {
    let same = all
        .iter()
        .filter(|r| r.site == row.site && r.hall == row.hall && r.stage == row.stage);
    let ends = same.map(|r| parse_utc(&r.end).map_or(f64::INFINITY, |t| t.as_unix_s() as f64));
    let late = quantile(&sorted(ends.collect()), 0.9);
    if late.is_finite() {
        SimTime::from_unix_s(late.round() as i64).to_utc_text()
    } else {
        String::new()
    }
}

fn group_starts(rows: &[Row]) -> usize {
    let key = |r: &Row| (r.strategy.clone(), r.site.clone(), r.hall.clone());
    usize::from(!rows.is_empty()) + rows.windows(2).filter(|w| key(&w[0]) != key(&w[1])).count()
}

fn span(rows: &[Row]) -> (f64, f64) {
    let texts = rows
        .iter()
        .flat_map(|r| [&r.planned_start, &r.planned_end, &r.start, &r.end, &r.end_p90]);
    let years: Vec<f64> = texts.filter_map(|t| parse_utc(&t.0)).map(year_of).collect();
    let first = years.iter().copied().fold(f64::INFINITY, f64::min);
    let last = years.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if last > first {
        (first, last + 0.02 * (last - first))
    } else {
        (2026.0, 2027.0)
    }
}

fn legend(canvas: &mut Canvas<'_>, top: f64) {
    let area = |text, colour: usize| Entry {
        text,
        colour: PALETTE[colour],
        swatch: Swatch::Area(0.85),
    };
    let entries = [
        Entry {
            text: "planned",
            colour: MUTED,
            swatch: Swatch::Box,
        },
        area("median replication", 5),
        area("\u{2605} on its critical path", 0),
        Entry {
            text: "P90 of the end",
            colour: PALETTE[1],
            swatch: Swatch::Line(Dash::Solid),
        },
    ];
    canvas.legend((262.0, top), &entries);
}

/// Draws a stage; a stage that began and did not end runs to the last thing seen.
fn stage(canvas: &mut Canvas<'_>, panel: &Panel, (row, last_seen): (&Row, f64), y: f64) {
    let at = |text: &Cell| parse_utc(&text.0).map(|t| panel.px(year_of(t)));
    let star = if row.critical { "\u{2605} " } else { "" };
    let name = format!("{star}{}", format::words(&row.stage.0));
    let style = Style::new(11.0).align(Align::Right);
    canvas.text((panel.left - 8.0, y), &fit(&name, 240.0, 11.0), style);
    if let Some(start) = at(&row.start) {
        let end = at(&row.end).unwrap_or(panel.px(last_seen)).max(start + 1.0);
        let colour = if row.critical { PALETTE[0] } else { PALETTE[5] };
        canvas.rectangle((start, y - 3.5), (end, y + 3.5), colour, 0.85);
        if row.end.0.is_empty() {
            canvas.text((end + 6.0, y), "not ended", Style::new(10.0).colour(INK));
        }
    }
    if let (Some(start), Some(end)) = (at(&row.planned_start), at(&row.planned_end)) {
        canvas.outline((start, y - 5.5), (end.max(start + 1.0), y + 5.5), MUTED, 0.9);
    }
    if let (Some(end), Some(late)) = (at(&row.end), at(&row.end_p90)) {
        canvas.line(&[(end, y), (late, y)], PALETTE[1], 1.2, Dash::Solid);
        canvas.line(&[(late, y - 4.5), (late, y + 4.5)], PALETTE[1], 1.6, Dash::Solid);
    } else if row.start.0.is_empty() {
        canvas.text((panel.left + 6.0, y), "not started", Style::new(10.0).colour(INK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_may_not_end_has_no_late_end() {
        let row = |replication: u32, end: &str| ScheduleRow {
            replication,
            end: end.to_owned(),
            ..ScheduleRow::default()
        };
        let rows: Vec<ScheduleRow> = (0..10)
            .map(|r| row(r, &format!("2027-01-{:02}T00:00:00Z", r + 1)))
            .collect();
        let all: Vec<&ScheduleRow> = rows.iter().collect();
        assert_eq!(end_p90(&all, &rows[0]), "2027-01-09T02:24:00Z");
        let unfinished: Vec<ScheduleRow> = (0..10).map(|r| row(r, "")).collect();
        assert_eq!(
            end_p90(&unfinished.iter().collect::<Vec<_>>(), &unfinished[0]),
            ""
        );
    }
}
