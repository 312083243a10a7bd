//! Holidays of a schedule: named calendars by their rules, and listed dates.
//!
//! Rules are of civil dates only; which rates a holiday has is the schedule's matter.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{FieldPath, Problems};
use crate::time::parse_date;

/// The most listed dates of a schedule.
pub const DATES_MAX: usize = 5_000;
/// Years for which named calendars are worked out: those of horizons and of billed loads.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2245;

/// Days that count as holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HolidaysSpec {
    /// Named calendars. Default: none.
    #[serde(default)]
    pub calendars: Vec<HolidayCalendar>,
    /// Further dates, such as `2026-12-24`. Default: none.
    #[serde(default)]
    pub dates: Vec<String>,
}

/// A named calendar of holidays, known by its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolidayCalendar {
    /// The six of North American power contracts (NERC): a Sunday's is kept on Monday, a Saturday's is not moved.
    Nerc,
    /// The eleven of the United States (5 U.S.C. 6103): a Saturday's is kept on Friday, a Sunday's on Monday.
    UsFederal,
    /// Bank holidays of England and Wales, with substitute days; single proclaimed days are listed by `dates`.
    EnglandAndWales,
    /// Public holidays of Norway.
    Norway,
}

/// When a holiday is kept that falls on a weekend.
#[derive(Debug, Clone, Copy)]
enum Kept {
    AsItFalls,
    SundayOnMonday,
    NearestWorkday,
    NextWorkday,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    Fixed(i8, i8, Kept),
    /// The n-th of a weekday in a month; -1 is the last.
    Nth(i8, Weekday, i8),
    /// Days after Easter Sunday.
    Easter(i32),
}

use Kept::{AsItFalls, NearestWorkday, NextWorkday, SundayOnMonday};
use Rule::{Easter, Fixed, Nth};

const NERC: &[Rule] = &[
    Fixed(1, 1, SundayOnMonday),
    Nth(5, Weekday::Monday, -1),
    Fixed(7, 4, SundayOnMonday),
    Nth(9, Weekday::Monday, 1),
    Nth(11, Weekday::Thursday, 4),
    Fixed(12, 25, SundayOnMonday),
];
const US_FEDERAL: &[Rule] = &[
    Fixed(1, 1, NearestWorkday),
    Nth(1, Weekday::Monday, 3),
    Nth(2, Weekday::Monday, 3),
    Nth(5, Weekday::Monday, -1),
    Fixed(6, 19, NearestWorkday),
    Fixed(7, 4, NearestWorkday),
    Nth(9, Weekday::Monday, 1),
    Nth(10, Weekday::Monday, 2),
    Fixed(11, 11, NearestWorkday),
    Nth(11, Weekday::Thursday, 4),
    Fixed(12, 25, NearestWorkday),
];
const ENGLAND_AND_WALES: &[Rule] = &[
    Fixed(1, 1, NextWorkday),
    Easter(-2),
    Easter(1),
    Nth(5, Weekday::Monday, 1),
    Nth(5, Weekday::Monday, -1),
    Nth(8, Weekday::Monday, -1),
    Fixed(12, 25, NextWorkday),
    Fixed(12, 26, NextWorkday),
];
const NORWAY: &[Rule] = &[
    Fixed(1, 1, AsItFalls),
    Easter(-3),
    Easter(-2),
    Easter(0),
    Easter(1),
    Fixed(5, 1, AsItFalls),
    Fixed(5, 17, AsItFalls),
    Easter(39),
    Easter(49),
    Easter(50),
    Fixed(12, 25, AsItFalls),
    Fixed(12, 26, AsItFalls),
];

impl HolidayCalendar {
    fn rules(self) -> &'static [Rule] {
        match self {
            Self::Nerc => NERC,
            Self::UsFederal => US_FEDERAL,
            Self::EnglandAndWales => ENGLAND_AND_WALES,
            Self::Norway => NORWAY,
        }
    }
}

impl HolidaysSpec {
    /// Adds every problem of the dates.
    pub(super) fn check(&self, at: &FieldPath, problems: &mut Problems) {
        for (index, text) in self.dates.iter().enumerate() {
            if parse_date(text).is_none() {
                problems.error(
                    &at.key("dates").index(index),
                    format!("`{text}` is not a date such as `2026-12-24`"),
                );
            }
        }
        if self.dates.len() > DATES_MAX {
            let message = format!("{} dates: at most {DATES_MAX}", self.dates.len());
            problems.error(&at.key("dates"), message);
        }
    }

    /// All days of the spec, sorted, each once.
    pub(super) fn days(&self) -> Vec<Date> {
        let mut days: Vec<Date> = self.dates.iter().filter_map(|d| parse_date(d)).collect();
        for calendar in &self.calendars {
            for year in YEARS {
                for rule in calendar.rules() {
                    let kept = rule.day(year).map(|day| substitute(*rule, day, &days));
                    days.extend(kept);
                }
            }
        }
        days.sort_unstable();
        days.dedup();
        days
    }
}

impl Rule {
    fn day(self, year: i16) -> Option<Date> {
        match self {
            Self::Fixed(month, day, _) => Date::new(year, month, day).ok(),
            Self::Nth(month, weekday, n) => Date::new(year, month, 1)
                .ok()?
                .nth_weekday_of_month(n, weekday)
                .ok(),
            Self::Easter(days) => easter(year)?.checked_add(days.days()).ok(),
        }
    }
}

/// The day on which a holiday is kept; `taken` are those before it, for substitutes that would fall together.
fn substitute(rule: Rule, day: Date, taken: &[Date]) -> Date {
    let Rule::Fixed(_, _, kept) = rule else { return day };
    let moved = |days: i32| day.checked_add(days.days()).unwrap_or(day);
    let weekend = |d: Date| matches!(d.weekday(), Weekday::Saturday | Weekday::Sunday);
    match (kept, day.weekday()) {
        (SundayOnMonday | NearestWorkday, Weekday::Sunday) => moved(1),
        (NearestWorkday, Weekday::Saturday) => moved(-1),
        (NextWorkday, Weekday::Saturday | Weekday::Sunday) => {
            let free = (1..7).map(moved).find(|d| !weekend(*d) && !taken.contains(d));
            // Boxing Day on Monday stands where Christmas on Sunday would go: Christmas is kept on Tuesday.
            match free {
                Some(d) if (d.month(), d.day()) == (12, 26) => moved(2),
                Some(d) => d,
                None => day,
            }
        }
        _ => day,
    }
}

/// Easter Sunday of a Gregorian year (Meeus, Jones and Butcher's computus).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let rest = h + l - 7 * m + 114;
    let (month, day) = (rest / 31, rest % 31 + 1);
    Date::new(year, month as i8, day as i8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(calendar: HolidayCalendar, year: i16) -> Vec<String> {
        let spec = HolidaysSpec {
            calendars: vec![calendar],
            dates: Vec::new(),
        };
        let days = spec.days().into_iter().filter(|d| d.year() == year);
        days.map(|d| d.strftime("%m-%d").to_string()).collect()
    }

    #[rstest]
    // 4 July 2026 is a Saturday: NERC keeps it there, the federal government on Friday.
    #[case(HolidayCalendar::Nerc, 2026, &["01-01", "05-25", "07-04", "09-07", "11-26", "12-25"])]
    #[case(HolidayCalendar::Nerc, 2027, &["01-01", "05-31", "07-05", "09-06", "11-25", "12-25"])]
    #[case(HolidayCalendar::UsFederal, 2026, &["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "09-07", "10-12", "11-11", "11-26", "12-25"])]
    // gov.uk lists 2022 (without the proclaimed days: the spring holiday was moved to June) and 2027.
    #[case(HolidayCalendar::EnglandAndWales, 2027, &["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"])]
    #[case(HolidayCalendar::EnglandAndWales, 2022, &["01-03", "04-15", "04-18", "05-02", "05-30", "08-29", "12-26", "12-27"])]
    #[case(HolidayCalendar::Norway, 2026, &["01-01", "04-02", "04-03", "04-05", "04-06", "05-01", "05-14", "05-17", "05-24", "05-25", "12-25", "12-26"])]
    fn calendars_are_those_of_almanacs(
        #[case] calendar: HolidayCalendar,
        #[case] year: i16,
        #[case] days: &[&str],
    ) {
        assert_eq!(of(calendar, year), days);
    }

    #[test]
    fn a_new_year_on_saturday_is_kept_in_the_old_year() {
        // 1 January 2028 is a Saturday.
        assert!(of(HolidayCalendar::UsFederal, 2027).contains(&"12-31".to_owned()));
        assert!(!of(HolidayCalendar::UsFederal, 2028).contains(&"01-01".to_owned()));
    }
}
