//! Plan and dates: when each strategy is ready, as planned and over the replications, and what a day of delay costs.

use crate::metric::Metric;
use crate::report::chart::parse_utc;
use crate::report::format::{self, MISSING};
use crate::report::memo::document::{Cite, Section, Table, Text};
use crate::report::memo::figures::{of_summary, partly, share};
use crate::report::view::View;
use crate::time::{Calendar, SimTime};

/// Mean length of a month, days.
const DAYS_PER_MONTH: f64 = 365.25 / 12.0;

/// The section of the first pages.
pub(crate) fn dates(view: &View<'_>) -> Section {
    let mut section = Section::new("Plan and dates");
    let converts = |id: &&str| view.summary(id, Metric::ReadyForServiceMonths).is_some();
    let rows: Vec<Vec<Text>> = view
        .strategies()
        .filter(converts)
        .map(|id| line(view, id))
        .collect();
    if rows.is_empty() {
        return section;
    }
    let head = [
        "",
        "Works begin",
        "Ready as planned",
        "P10",
        "P50",
        "P90",
        "Late in",
        "A day later costs, USD",
    ];
    let source = Text::default()
        .link("summary.csv", "summary.csv")
        .text(", ")
        .link("schedule.csv", "schedule.csv")
        .text(" and ")
        .link("schedule_risk.csv", "schedule_risk.csv")
        .text(".");
    section.table(Table {
        rows,
        ..Table::figures("Ready for service, last hall of each strategy", source, &head)
    });
    section
}

fn line(view: &View<'_>, id: &str) -> Vec<Text> {
    let metric = Metric::ReadyForServiceMonths;
    let at = |quantile: fn(&crate::results::tables::SummaryRow) -> f64| {
        of_summary(view, id, metric, |row| ready_month(view, quantile(row)))
    };
    let (begin, planned) = planned(view, id);
    let mut p90 = at(|r| r.p90);
    if !p90.is_missing() {
        p90 = p90.text(partly(view, id, metric));
    }
    let day = day_usd(view, id).map_or_else(Text::missing, |(usd, cite)| {
        Text::default().figure(format::number(usd, 0), cite)
    });
    vec![
        Text::new(id),
        Text::new(begin),
        Text::new(planned),
        at(|r| r.p10),
        at(|r| r.p50),
        p90,
        Text::new(share(view, id, Metric::DelayMonths, |v| v > 0.0)),
        day,
    ]
}

/// The month so many months after the start.
fn ready_month(view: &View<'_>, months: f64) -> String {
    let start = view
        .tables
        .manifest
        .months
        .first()
        .and_then(|m| format::parse_month(m));
    match start {
        Some(start) if months.is_finite() => {
            format::month_name(start.plus(months.clamp(0.0, 12_000.0).floor() as i32))
        }
        _ => MISSING.to_owned(),
    }
}

/// When the first stage is planned to begin and the last to end.
fn planned(view: &View<'_>, id: &str) -> (String, String) {
    let begins = view
        .schedule(id)
        .filter_map(|r| parse_utc(&r.planned_start))
        .min();
    let ends = view.schedule(id).filter_map(|r| parse_utc(&r.planned_end)).max();
    let name = |time: Option<SimTime>| time.map_or_else(|| MISSING.to_owned(), month_of);
    (name(begins), name(ends))
}

fn month_of(time: SimTime) -> String {
    format::month_name(Calendar::utc().civil_hour(time).month)
}

/// `1 Mar 2027`.
pub(crate) fn date_of(time: SimTime) -> String {
    let civil = Calendar::utc().civil_hour(time);
    format!("{} {}", civil.day, format::month_name(civil.month))
}

/// `1 Mar 2027` of an ISO text; an en dash of anything else.
pub(crate) fn date_of_text(text: &str) -> String {
    parse_utc(text).map_or_else(|| MISSING.to_owned(), date_of)
}

/// What a day costs by which the last hall of a strategy is ready later, USD, and where that stands.
pub(crate) fn day_usd(view: &View<'_>, id: &str) -> Option<(f64, Cite)> {
    let rows = view.tables.schedule_risk.iter().enumerate();
    let own = rows.filter(|(_, r)| r.strategy == id && r.criticality > 0.0 && r.usd_per_day.is_finite());
    let (index, row) = own.max_by(|a, b| a.1.criticality.total_cmp(&b.1.criticality))?;
    let key = format!(
        "{}, {}/{}, {}: usd_per_day over criticality",
        row.strategy, row.site, row.hall, row.stage
    );
    Some((
        row.usd_per_day / row.criticality,
        Cite::record("schedule_risk.csv", index, key),
    ))
}

/// The same of a month, in million USD.
pub(crate) fn month_musd(view: &View<'_>, id: &str) -> Option<(f64, Cite)> {
    day_usd(view, id).map(|(usd, cite)| (usd * DAYS_PER_MONTH / 1e6, cite))
}
