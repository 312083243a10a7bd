//! Which period of a tariff holds when: by month, kind of day and hour of the civil clock.
//!
//! Owns the schedule of a clause and its running clock. A day of 23 or 25 hours has the hours that its clock shows:
//! the hour that is left out is in no period, the one that comes twice counts twice. Rates are the clause's.

mod clock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use clock::PeriodClock;

use crate::id::Name;
use crate::problem::{FieldPath, Problems};

/// The most periods of a clause.
pub const PERIODS_MAX: usize = 48;
/// The most rules of a schedule.
pub const RULES_MAX: usize = 500;

/// Which period holds when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ScheduleSpec {
    /// Numbers of periods, from 1 in the order of `periods`, by month (12 rows) and hour (24 columns).
    Table(TableSpec),
    /// The number of the period of each of the twelve months, from 1 in the order of `periods`.
    ByMonth(Vec<u16>),
    /// Rules that name a period, its months, days and hours. Together they hold each hour of the year exactly once.
    Rules(Vec<RuleSpec>),
}

/// Tables of 12 months and 24 hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Monday to Friday: 12 rows (January first) of 24 numbers of periods, the first number being 1.
    pub weekday: Vec<Vec<u16>>,
    /// Saturday and Sunday. Default: as `weekday`.
    #[serde(default)]
    pub weekend: Option<Vec<Vec<u16>>>,
    /// Holidays. Default: as the weekend.
    #[serde(default)]
    pub holiday: Option<Vec<Vec<u16>>>,
}

/// A part of the year in which one period holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// The period.
    pub period: Name,
    /// Months, 1 to 12. Default: all.
    #[serde(default = "all_months")]
    pub months: Vec<u8>,
    /// Kinds of day: `weekday`, `weekend`, `holiday`. Default: all.
    #[serde(default = "all_days")]
    pub days: Vec<DayKind>,
    /// First hour of the day, 0 to 23. Default 0.
    #[serde(default)]
    pub from_hour: u8,
    /// Hour by which it ends, 1 to 24. Default 24.
    #[serde(default = "day_end")]
    pub to_hour: u8,
}

fn all_months() -> Vec<u8> {
    (1..=12).collect()
}
fn all_days() -> Vec<DayKind> {
    KINDS.to_vec()
}
fn day_end() -> u8 {
    24
}

/// A kind of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Monday to Friday, unless a holiday.
    Weekday,
    /// Saturday and Sunday, unless a holiday.
    Weekend,
    /// A day of `holidays`, whatever weekday it is.
    Holiday,
}

const KINDS: [DayKind; 3] = [DayKind::Weekday, DayKind::Weekend, DayKind::Holiday];

type Table = [[u8; 24]; 12];

impl ScheduleSpec {
    /// Adds every problem of a schedule over these periods.
    pub(super) fn check(&self, at: &FieldPath, periods: &[&Name], problems: &mut Problems) {
        match self {
            Self::Table(table) => {
                let at = at.key("table");
                let tables = [
                    ("weekday", Some(&table.weekday)),
                    ("weekend", table.weekend.as_ref()),
                    ("holiday", table.holiday.as_ref()),
                ];
                for (key, rows) in tables {
                    if let Some(rows) = rows {
                        check_table(rows, &at.key(key), periods.len(), problems);
                    }
                }
            }
            Self::ByMonth(row) => {
                let at = at.key("by_month");
                if row.len() != 12 {
                    problems.error(&at, format!("{} months where 12 are expected", row.len()));
                }
                check_numbers(row, &at, periods.len(), problems);
            }
            Self::Rules(rules) => check_rules(rules, &at.key("rules"), periods, problems),
        }
    }

    /// The tables by kind of day, periods from 0; the spec has been checked.
    fn tables(&self, periods: &[&Name]) -> [Table; 3] {
        let of = |rows: &[Vec<u16>]| -> Table {
            std::array::from_fn(|m| std::array::from_fn(|h| (rows[m][h] - 1) as u8))
        };
        match self {
            Self::Table(table) => {
                let weekday = of(&table.weekday);
                let weekend = table.weekend.as_deref().map_or(weekday, of);
                [weekday, weekend, table.holiday.as_deref().map_or(weekend, of)]
            }
            Self::ByMonth(row) => [std::array::from_fn(|m| [(row[m] - 1) as u8; 24]); 3],
            Self::Rules(rules) => {
                let mut tables = [[[0_u8; 24]; 12]; 3];
                for rule in rules {
                    let period = periods.iter().position(|p| **p == rule.period);
                    let period = period.expect("rules were checked to name periods") as u8;
                    for (kind, month, hour) in rule.hours() {
                        tables[kind][month][hour] = period;
                    }
                }
                tables
            }
        }
    }
}

impl RuleSpec {
    /// Kind of day, month and hour, each from 0, of all hours that the rule holds.
    fn hours(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let months = self.months.iter().map(|m| usize::from(*m) - 1);
        let hours = usize::from(self.from_hour)..usize::from(self.to_hour);
        self.days.iter().flat_map(move |day| {
            let kind = *day as usize;
            let hours = hours.clone();
            months
                .clone()
                .flat_map(move |m| hours.clone().map(move |h| (kind, m, h)))
        })
    }
}

fn check_table(rows: &[Vec<u16>], at: &FieldPath, periods: usize, problems: &mut Problems) {
    if rows.len() != 12 {
        let message = format!("{} rows where 12 are expected, one for each month", rows.len());
        problems.error(at, message);
    }
    for (index, row) in rows.iter().enumerate() {
        let at = at.index(index);
        if row.len() != 24 {
            let message = format!(
                "{} numbers where 24 are expected, one for each hour of the day",
                row.len()
            );
            problems.error(&at, message);
        }
        check_numbers(row, &at, periods, problems);
    }
}

fn check_numbers(row: &[u16], at: &FieldPath, periods: usize, problems: &mut Problems) {
    let wrong = row.iter().position(|p| !(1..=periods).contains(&usize::from(*p)));
    if let Some(index) = wrong {
        let message = format!(
            "there is no period {}: they are numbered 1 to {periods}",
            row[index]
        );
        problems.error(&at.index(index), message);
    }
}

fn check_rules(rules: &[RuleSpec], at: &FieldPath, periods: &[&Name], problems: &mut Problems) {
    if rules.len() > RULES_MAX {
        problems.error(at, format!("{} rules: at most {RULES_MAX}", rules.len()));
        return;
    }
    let mut holder = [[[None::<usize>; 24]; 12]; 3];
    let mut sound = true;
    for (index, rule) in rules.iter().enumerate() {
        let here = at.index(index);
        if !check_rule(rule, &here, periods, problems) {
            sound = false;
            continue;
        }
        let mut other = None;
        for (kind, month, hour) in rule.hours() {
            let slot = &mut holder[kind][month][hour];
            other = other.or(slot.map(|first| (first, kind, month, hour)));
            *slot = Some(index);
        }
        if let Some((first, kind, month, hour)) = other {
            let text = place(kind, month, hour);
            problems.error(&here, format!("overlaps with rule {first}, first on {text}"));
        }
    }
    let mut open = (0..3).flat_map(|k| (0..12).flat_map(move |m| (0..24).map(move |h| (k, m, h))));
    let missing = open.find(|(k, m, h)| holder[*k][*m][*h].is_none());
    if let (true, Some((kind, month, hour))) = (sound, missing) {
        let text = place(kind, month, hour);
        problems.error(at, format!("some hours have no period, the first on {text}"));
    }
}

/// Whether a rule is sound by itself.
fn check_rule(rule: &RuleSpec, at: &FieldPath, periods: &[&Name], problems: &mut Problems) -> bool {
    let mut sound = true;
    if !periods.iter().any(|p| **p == rule.period) {
        let known = periods.iter().map(|p| p.as_str());
        problems.unknown(&at.key("period"), "period", rule.period.as_str(), known);
        sound = false;
    }
    for (index, month) in rule.months.iter().enumerate() {
        if !(1..=12).contains(month) {
            problems.error(
                &at.key("months").index(index),
                format!("`{month}` is not a month, 1 to 12"),
            );
            sound = false;
        }
    }
    if rule.from_hour >= rule.to_hour || rule.to_hour > 24 {
        let help = "hours run within a day, from 0 to 24; write two rules for a night";
        let message = format!("hours {} to {} are none", rule.from_hour, rule.to_hour);
        problems.error_with_help(&at.key("to_hour"), message, help);
        sound = false;
    }
    sound
}

fn place(kind: usize, month: usize, hour: usize) -> String {
    let kind = ["weekdays", "weekends", "holidays"][kind];
    format!("{kind} of month {} at hour {hour}", month + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power::contract::holidays::HolidaysSpec;
    use crate::time::{Calendar, Month, Span};

    fn names(count: usize) -> Vec<Name> {
        (1..=count)
            .map(|i| Name::from(format!("p{i}").as_str()))
            .collect()
    }

    fn clock(zone: &str, spec: &ScheduleSpec, holidays: &HolidaysSpec) -> PeriodClock {
        let names = names(2);
        let periods: Vec<&Name> = names.iter().collect();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &periods, &mut problems);
        assert!(problems.as_slice().is_empty(), "{problems:?}");
        PeriodClock::new(spec, holidays, &periods, &Calendar::of_zone(zone).unwrap())
    }

    /// Period 1 on weekdays of June to September from 13 to 19, period 2 else.
    fn summer() -> ScheduleSpec {
        let row = |m: usize| -> Vec<u16> {
            let peak = |h: usize| (5..=8).contains(&m) && (13..19).contains(&h);
            (0..24).map(|h| if peak(h) { 1 } else { 2 }).collect()
        };
        ScheduleSpec::Table(TableSpec {
            weekday: (0..12).map(row).collect(),
            weekend: Some(vec![vec![2; 24]; 12]),
            holiday: None,
        })
    }

    /// Hours of period 1, of March, of November and of the year, by walking the clock.
    fn count(clock: &mut PeriodClock, year: i16) -> [f64; 4] {
        let january = Month { year, month: 1 };
        let calendar = clock.calendar.clone();
        let (mut at, end) = (
            calendar.start_of_month(january),
            calendar.start_of_month(january.plus(12)),
        );
        let mut hours = [0.0; 4];
        while at < end {
            let (period, until) = clock.segment(at);
            let held = (until - at).as_hours();
            hours[0] += if period == 0 { held } else { 0.0 };
            match calendar.month(at).month {
                3 => hours[1] += held,
                11 => hours[2] += held,
                _ => {}
            }
            hours[3] += held;
            at = until;
        }
        hours
    }

    #[test]
    fn hours_of_a_year_follow_the_real_calendar() {
        // Closed form: weekdays of June to September times six hours.
        let mut clock = clock("America/Chicago", &summer(), &HolidaysSpec::default());
        assert_eq!(count(&mut clock, 2026), [528.0, 743.0, 721.0, 8_760.0]);
        assert_eq!(count(&mut clock, 2028), [522.0, 743.0, 721.0, 8_784.0]);
    }

    #[test]
    fn holidays_take_the_rates_of_the_weekend() {
        let holidays = HolidaysSpec {
            calendars: vec![super::super::holidays::HolidayCalendar::UsFederal],
            dates: vec!["2026-08-03".to_owned()],
        };
        // Juneteenth, 3 July (for the 4th), Labor Day and the listed Monday: four weekdays of six hours.
        let mut clock = clock("America/Chicago", &summer(), &holidays);
        assert_eq!(count(&mut clock, 2026)[0], 528.0 - 24.0);
    }

    #[test]
    fn the_rest_of_a_month_is_counted_day_by_day_as_at_once() {
        let mut walked = clock("America/Chicago", &summer(), &HolidaysSpec::default());
        let fresh = clock("America/Chicago", &summer(), &HolidaysSpec::default());
        let start = walked.calendar.start_of_month(Month { year: 2026, month: 6 });
        for step in 0..720 {
            let at = start + Span::from_seconds(step * 3_600 + 600);
            walked.open(at);
            for period in 0..2 {
                assert_eq!(
                    walked.hours_left(at, period),
                    fresh.hours_left(at, period),
                    "{at}"
                );
            }
        }
        // 22 weekdays of June 2026 at six hours.
        assert_eq!(fresh.hours_left(start, 0), 132.0);
    }

    #[test]
    fn the_hour_that_comes_twice_counts_twice_and_the_one_left_out_is_in_no_period() {
        let night = ScheduleSpec::Rules(vec![
            RuleSpec {
                period: Name::from("p1"),
                from_hour: 1,
                to_hour: 3,
                months: all_months(),
                days: all_days(),
            },
            RuleSpec {
                period: Name::from("p2"),
                from_hour: 0,
                to_hour: 1,
                months: all_months(),
                days: all_days(),
            },
            RuleSpec {
                period: Name::from("p2"),
                from_hour: 3,
                to_hour: 24,
                months: all_months(),
                days: all_days(),
            },
        ]);
        let clock = clock("Europe/London", &night, &HolidaysSpec::default());
        let day = |text: &str| {
            let date = crate::time::parse_date(text).unwrap();
            clock.day_of(clock.calendar.start_of(date).unwrap())
        };
        let held = |text: &str| -> Vec<i64> { day(text).seconds(2).map(|s| s / 3_600).collect() };
        assert_eq!(held("2026-03-29"), [1, 22]);
        assert_eq!(held("2026-10-25"), [3, 22]);
        assert_eq!(held("2026-10-26"), [2, 22]);
    }

    #[test]
    fn every_problem_of_a_schedule_is_told() {
        let names = names(2);
        let periods: Vec<&Name> = names.iter().collect();
        let told = |spec: &ScheduleSpec| -> Vec<String> {
            let mut problems = Problems::new();
            spec.check(&FieldPath::root(), &periods, &mut problems);
            let told = problems.as_slice().iter();
            told.map(|p| format!("{}: {}", p.path, p.message)).collect()
        };
        let mut rows = vec![vec![1; 24]; 11];
        rows[3] = vec![3; 23];
        let table = ScheduleSpec::Table(TableSpec {
            weekday: rows,
            weekend: None,
            holiday: None,
        });
        assert_eq!(
            told(&table),
            [
                "table.weekday: 11 rows where 12 are expected, one for each month",
                "table.weekday[3]: 23 numbers where 24 are expected, one for each hour of the day",
                "table.weekday[3][0]: there is no period 3: they are numbered 1 to 2",
            ]
        );
        let rule = |period: &str, days: Vec<DayKind>, from_hour, to_hour| RuleSpec {
            period: Name::from(period),
            months: all_months(),
            days,
            from_hour,
            to_hour,
        };
        let gap = ScheduleSpec::Rules(vec![
            rule("p1", vec![DayKind::Weekday], 0, 14),
            rule("p2", vec![DayKind::Weekday], 12, 24),
            rule("p2", vec![DayKind::Weekend], 0, 24),
        ]);
        assert_eq!(
            told(&gap),
            [
                "rules[1]: overlaps with rule 0, first on weekdays of month 1 at hour 12",
                "rules: some hours have no period, the first on holidays of month 1 at hour 0",
            ]
        );
        let night = ScheduleSpec::Rules(vec![rule("p3", all_days(), 22, 6)]);
        assert_eq!(told(&night).len(), 2, "{:?}", told(&night));
    }
}
