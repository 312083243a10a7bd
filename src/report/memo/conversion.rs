//! The conversion as a project: dates of halls, what drives them, which stages are critical, what orders are worth.

use crate::report::chart::parse_utc;
use crate::report::format::{self, MISSING};
use crate::report::memo::Charts;
use crate::report::memo::document::{Cite, Section, Table, Text};
use crate::report::memo::plan::{date_of, date_of_text};
use crate::report::view::{View, quantile, sorted};
use crate::results::tables::{ScheduleRiskRow, ScheduleRow};
use crate::time::SimTime;

/// The stage whose end is the date of a hall.
const READY: &str = "ready-for-service";
/// Most rows of a table; the files have all.
const ROWS_SHOWN_MAX: usize = 40;
/// Stages of a strategy that the table of critical stages names.
const STAGES_SHOWN_MAX: usize = 8;

/// Shown where a strategy converts.
pub(crate) fn conversion(view: &View<'_>, charts: &mut Charts) -> Section {
    let mut section = Section::new("The conversion");
    section.table(if view.tables.schedule_risk.is_empty() {
        halls_as_simulated(view)
    } else {
        halls(view)
    });
    section.figure(charts.take("ready_curve"));
    section.figure(charts.take("date_drivers"));
    section.table(critical_stages(view));
    section.table(orders(view));
    section.figure(charts.take("schedule_gantt"));
    section
}

fn place(site: &str, hall: &str) -> String {
    if hall.is_empty() {
        format!("{site}, shared by its halls")
    } else {
        format!("{site}/{hall}")
    }
}

/// Dates of each hall over schedules.
fn halls(view: &View<'_>) -> Table {
    let rows = view.tables.schedule_risk.iter().enumerate();
    let ready = rows.filter(|(_, r)| r.stage == READY);
    let line = |(index, row): (usize, &ScheduleRiskRow)| -> Vec<Text> {
        let place = format!("{}: {}", row.strategy, place(&row.site, &row.hall));
        let key = format!("{place}, {READY}");
        let dates =
            [&row.planned_end, &row.end_p10, &row.end_p50, &row.end_p90].map(|text| date_of_text(text));
        let late = format::number_signed(row.late_months, 1);
        let figure =
            |text| Text::default().figure(text, Cite::record("schedule_risk.csv", index, key.clone()));
        let cells = dates.into_iter().chain([late]).map(figure);
        std::iter::once(Text::new(place)).chain(cells).collect()
    };
    let source = Text::default()
        .link("schedule_risk.csv", "schedule_risk.csv")
        .text("; at least 200 schedules with the luck of the run, beyond the horizon too.");
    let head = ["", "Planned", "P10", "P50", "P90", "Mean delay, months"];
    Table {
        rows: ready.take(ROWS_SHOWN_MAX).map(line).collect(),
        ..Table::figures("Ready for service, hall by hall", source, &head)
    }
}

/// The stages most often on the path that sets the last date, most critical first.
fn critical_stages(view: &View<'_>) -> Table {
    let mut lines = Vec::new();
    for id in view.strategies() {
        let rows = view.tables.schedule_risk.iter().enumerate();
        let mut own: Vec<_> = rows
            .filter(|(_, r)| r.strategy == id && r.stage != READY && r.criticality > 0.0)
            .collect();
        own.sort_by(|a, b| b.1.criticality.total_cmp(&a.1.criticality));
        lines.extend(own.into_iter().take(STAGES_SHOWN_MAX).map(stage_line));
    }
    lines.truncate(ROWS_SHOWN_MAX);
    let source = Text::default()
        .link("schedule_risk.csv", "schedule_risk.csv")
        .text(
            ", all stages there. Float: months by which it may start later than planned and no hall be late.",
        );
    let head = [
        "",
        "Critical in",
        "Float, months",
        "Mean delay of its end, months",
        "Mean wait for crews, months",
        "A day longer costs, USD",
    ];
    Table {
        rows: lines,
        ..Table::figures("Stages that set the last date", source, &head)
    }
}

fn stage_line((index, row): (usize, &ScheduleRiskRow)) -> Vec<Text> {
    let name = format!(
        "{}: {}, {}",
        row.strategy,
        place(&row.site, &row.hall),
        format::words(&row.stage).replace('-', " ")
    );
    let cells = [
        format::percent(row.criticality, 0),
        format::number(row.float_months, 1),
        format::number_signed(row.late_months, 1),
        format::number(row.crew_wait_months, 1),
        format::number(row.usd_per_day, 0),
    ];
    let figure = |text: String| {
        if text == MISSING {
            Text::missing()
        } else {
            Text::default().figure(text, Cite::record("schedule_risk.csv", index, name.clone()))
        }
    };
    let cells: Vec<Text> = cells.into_iter().map(figure).collect();
    std::iter::once(Text::new(name.as_str())).chain(cells).collect()
}

/// What each order is worth that is placed before the design is frozen.
fn orders(view: &View<'_>) -> Table {
    let rows = view.tables.schedule_orders.iter().enumerate();
    let line = |(index, row): (usize, &crate::results::tables::ScheduleOrderRow)| -> Vec<Text> {
        let name = format!(
            "{}: {}",
            row.strategy,
            format::words(&row.order).replace('-', " ")
        );
        let worth = if row.value_usd.is_finite() {
            format::number(row.value_usd / 1e6, 2)
        } else {
            MISSING.to_owned()
        };
        let cells = [
            if row.at_risk {
                "at risk"
            } else {
                "after the design"
            }
            .to_owned(),
            format::number(row.planned_months.max(0.0), 1),
            format::number(row.mean_months.max(0.0), 1),
            format::number(row.deposit_usd / 1e6, 2),
            worth,
        ];
        let figure = |text: String| {
            if text == MISSING {
                Text::missing()
            } else {
                Text::default().figure(text, Cite::record("schedule_orders.csv", index, name.clone()))
            }
        };
        let cells: Vec<Text> = cells.into_iter().map(figure).collect();
        std::iter::once(Text::new(name.as_str())).chain(cells).collect()
    };
    let source = Text::default()
        .link("schedule_orders.csv", "schedule_orders.csv")
        .text(".");
    let head = [
        "",
        "The plan places it",
        "At risk it gains, months, planned",
        "Mean",
        "Deposit at stake, million USD",
        "Worth of the mean gain, million USD",
    ];
    Table {
        rows: rows.take(ROWS_SHOWN_MAX).map(line).collect(),
        ..Table::figures("Orders that need not wait for the design", source, &head)
    }
}

/// Planned and simulated ends of each converted hall, where no schedules were made beside the replications.
fn halls_as_simulated(view: &View<'_>) -> Table {
    let mut rows = Vec::new();
    for id in view.strategies() {
        let stages: Vec<&ScheduleRow> = view.schedule(id).collect();
        let mut halls: Vec<(&str, &str)> = Vec::new();
        for stage in &stages {
            let hall = (stage.site.as_str(), stage.hall.as_str());
            if !halls.contains(&hall) {
                halls.push(hall);
            }
        }
        for (site, hall) in halls.into_iter().take(ROWS_SHOWN_MAX) {
            let own: Vec<&ScheduleRow> = stages
                .iter()
                .filter(|r| r.site == site && r.hall == hall)
                .copied()
                .collect();
            let first = Text::new(format!("{id}: {}", place(site, hall)));
            rows.push(std::iter::once(first).chain(ends(&own).map(Text::new)).collect());
        }
    }
    let source = Text::default().link("schedule.csv", "schedule.csv").text(".");
    let head = ["", "Planned", "P10", "P50", "P90", "Later than planned in"];
    Table {
        rows,
        ..Table::figures(
            "Last stage of each converted hall: plan and replications",
            source,
            &head,
        )
    }
}

/// Planned end, P10, P50, P90 and the share that is late, of the stages of one hall over replications.
fn ends(stages: &[&ScheduleRow]) -> [String; 5] {
    let mut replications: Vec<u32> = stages.iter().map(|r| r.replication).collect();
    replications.sort_unstable();
    replications.dedup();
    let seconds = |text: &str| parse_utc(text).map(|t| t.as_unix_s() as f64);
    let planned = stages
        .iter()
        .filter_map(|r| seconds(&r.planned_end))
        .fold(f64::NEG_INFINITY, f64::max);
    let mut last = vec![f64::NEG_INFINITY; replications.len()];
    for stage in stages {
        if let Ok(index) = replications.binary_search(&stage.replication) {
            // A stage that does not end within the horizon makes the hall later than any date.
            last[index] = last[index].max(seconds(&stage.end).unwrap_or(f64::INFINITY));
        }
    }
    let late = last.iter().filter(|end| **end > planned).count() as f64 / last.len().max(1) as f64;
    let last = sorted(last);
    let date = |seconds: f64| {
        if seconds == f64::INFINITY {
            "beyond the horizon".to_owned()
        } else if seconds.is_finite() {
            date_of(SimTime::from_unix_s(seconds.round() as i64))
        } else {
            MISSING.to_owned()
        }
    };
    let share = if planned.is_finite() {
        format::probability(late, last.len())
    } else {
        MISSING.to_owned()
    };
    [
        date(planned),
        date(quantile(&last, 0.1)),
        date(quantile(&last, 0.5)),
        date(quantile(&last, 0.9)),
        share,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_hall_is_late_and_has_no_date() {
        let stage = |replication: u32, end: &str| ScheduleRow {
            replication,
            planned_end: "2027-01-01T00:00:00Z".to_owned(),
            end: end.to_owned(),
            ..ScheduleRow::default()
        };
        let rows = [
            stage(0, "2026-12-01T00:00:00Z"),
            stage(1, "2027-03-01T00:00:00Z"),
            stage(2, ""),
        ];
        let all: Vec<&ScheduleRow> = rows.iter().collect();
        let [planned, _, median, late, share] = ends(&all);
        assert_eq!((planned.as_str(), median.as_str()), ("1 Jan 2027", "1 Mar 2027"));
        assert_eq!((late.as_str(), share.as_str()), ("beyond the horizon", "67 %"));
    }
}
