//! Day-count conventions: which part of a year lies between two dates, as loan agreements count it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How interest counts days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// Days over 360: loans at SOFR and most bank loans in dollars (ISDA 2006, 4.16 e).
    #[default]
    #[serde(rename = "actual_360")]
    Actual360,
    /// Days over 365, leap years too: loans in sterling (ISDA 2006, 4.16 d).
    #[serde(rename = "actual_365_fixed")]
    Actual365Fixed,
    /// Months of 30 days, years of 360, bond basis (ISDA 2006, 4.16 f).
    #[serde(rename = "thirty_360")]
    Thirty360,
    /// Days in leap years over 366, the others over 365 (ISDA 2006, 4.16 b).
    #[serde(rename = "actual_actual")]
    ActualActual,
}

impl DayCount {
    /// The part of a year from one date to another; negative where the second lies before the first.
    pub fn years(self, from: Date, to: Date) -> f64 {
        match self {
            Self::Actual360 => days(from, to) / 360.0,
            Self::Actual365Fixed => days(from, to) / 365.0,
            Self::Thirty360 => thirty_360(from, to),
            Self::ActualActual if to < from => -actual_actual(to, from),
            Self::ActualActual => actual_actual(from, to),
        }
    }
}

fn days(from: Date, to: Date) -> f64 {
    let span = from.duration_until(to);
    span.as_secs() as f64 / 86_400.0
}

fn thirty_360(from: Date, to: Date) -> f64 {
    let part = |what: fn(Date) -> f64| what(to) - what(from);
    let (first, mut last) = (f64::from(from.day()).min(30.0), f64::from(to.day()));
    if first >= 30.0 {
        last = last.min(30.0);
    }
    let whole = 360.0 * part(|d| f64::from(d.year())) + 30.0 * part(|d| f64::from(d.month()));
    (whole + last - first) / 360.0
}

fn actual_actual(from: Date, to: Date) -> f64 {
    let length = |date: Date| f64::from(date.days_in_year());
    if from.year() == to.year() {
        return days(from, to) / length(from);
    }
    let next_year = Date::new(from.year() + 1, 1, 1).unwrap_or(to);
    let this_year = Date::new(to.year(), 1, 1).unwrap_or(from);
    let between = f64::from(to.year() - from.year() - 1);
    days(from, next_year) / length(from) + between + days(this_year, to) / length(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use rstest::rstest;

    // QuantLib 1.44.
    #[rstest]
    #[case(DayCount::Actual360, (2026, 1, 31), (2026, 2, 28), 0.077_777_777_777_777_78)]
    #[case(DayCount::Actual365Fixed, (2024, 2, 29), (2025, 2, 28), 1.0)]
    #[case(DayCount::ActualActual, (2024, 2, 29), (2025, 2, 28), 0.997_701_923_796_691_4)]
    #[case(DayCount::Thirty360, (2026, 11, 30), (2027, 5, 30), 0.5)]
    #[case(DayCount::Thirty360, (2026, 8, 31), (2027, 2, 28), 178.0 / 360.0)]
    #[case(DayCount::Thirty360, (2026, 1, 15), (2026, 3, 31), 76.0 / 360.0)]
    fn parts_of_a_year_are_those_of_the_reference(
        #[case] count: DayCount,
        #[case] from: (i16, i8, i8),
        #[case] to: (i16, i8, i8),
        #[case] years: f64,
    ) {
        let (from, to) = (date(from.0, from.1, from.2), date(to.0, to.1, to.2));
        assert!(
            (count.years(from, to) - years).abs() < 1e-15,
            "{}",
            count.years(from, to)
        );
        if count != DayCount::Thirty360 {
            assert!((count.years(to, from) + years).abs() < 1e-15);
        }
    }
}
