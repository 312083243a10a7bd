//! Integer time and the real calendar.
//!
//! [`SimTime`] counts whole seconds since 1970-01-01T00:00:00Z (no leap seconds), [`Span`] their differences.
//! [`Calendar`] turns them into civil time of a zone: months, hours of day, weekdays, with daylight saving and
//! leap days. The zone database is bundled; the system's is never read.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Seconds in an hour.
pub const HOUR_S: i64 = 3_600;
/// Seconds in a day of 24 hours.
pub const DAY_S: i64 = 86_400;
/// Seconds in a week.
pub const WEEK_S: i64 = 7 * DAY_S;

/// An instant: whole seconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(i64);

/// A signed length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(i64);

impl SimTime {
    /// An instant later than every event.
    pub const FAR_FUTURE: Self = Self(i64::MAX / 4);
    /// From seconds since the Unix epoch.
    pub const fn from_unix_s(seconds: i64) -> Self {
        Self(seconds)
    }
    /// Seconds since the Unix epoch.
    pub const fn as_unix_s(self) -> i64 {
        self.0
    }
    /// ISO 8601 in UTC, e.g. `2026-01-01T06:00:00Z`.
    pub fn to_utc_text(self) -> String {
        Timestamp::from_second(self.0).map_or_else(|_| format!("{}s", self.0), |t| t.to_string())
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// From seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }
    /// From whole hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self(hours * HOUR_S)
    }
    /// From days of 24 hours, rounded to the second.
    pub fn from_days_f64(days: f64) -> Self {
        Self((days * DAY_S as f64).round() as i64)
    }
    /// In seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }
    /// In hours.
    pub fn as_hours(self) -> f64 {
        self.0 as f64 / HOUR_S as f64
    }
    /// In days of 24 hours.
    pub fn as_days(self) -> f64 {
        self.0 as f64 / DAY_S as f64
    }
    /// No time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add<Span> for SimTime {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0).min(Self::FAR_FUTURE.0))
    }
}
impl AddAssign<Span> for SimTime {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Sub for SimTime {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0 - other.0)
    }
}
impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc_text())
    }
}

/// A calendar month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    /// Gregorian year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// Whole months from `self` to `other`; negative where `other` is earlier.
    pub fn months_until(self, other: Self) -> i32 {
        (i32::from(other.year) - i32::from(self.year)) * 12 + i32::from(other.month) - i32::from(self.month)
    }
    /// The month `count` months later.
    #[must_use]
    pub fn plus(self, count: i32) -> Self {
        let total = i32::from(self.year) * 12 + i32::from(self.month) - 1 + count;
        Self {
            year: total.div_euclid(12) as i16,
            month: (total.rem_euclid(12) + 1) as i8,
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// Civil time in one zone.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

/// The parts of an instant in a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilHour {
    /// The month.
    pub month: Month,
    /// Day of the month, from 1.
    pub day: i8,
    /// Hour of the day, 0 to 23.
    pub hour: i8,
    /// Monday is 0, Sunday 6.
    pub weekday: i8,
}

impl Calendar {
    /// The calendar of an IANA zone such as `America/Chicago`; `None` for an unknown name.
    pub fn of_zone(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(|zone| Self { zone })
    }
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }
    /// A fixed offset east of Greenwich, in seconds; offsets beyond a day are clamped by the caller's checks.
    pub fn fixed_offset(seconds: i32) -> Option<Self> {
        jiff::tz::Offset::from_seconds(seconds).ok().map(|o| Self {
            zone: TimeZone::fixed(o),
        })
    }
    /// The instant of a civil date and time; in a gap the later, in a fold the earlier one is taken.
    pub fn instant(&self, civil: DateTime) -> Option<SimTime> {
        let zoned = self.zone.to_ambiguous_zoned(civil).compatible().ok()?;
        Some(SimTime(zoned.timestamp().as_second()))
    }
    /// Whether a civil time exists never (`0`), once (`1`) or twice (`2`) on this calendar's clock.
    pub fn occurrences(&self, civil: DateTime) -> u8 {
        use jiff::tz::AmbiguousOffset;
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { .. } => 1,
            AmbiguousOffset::Gap { .. } => 0,
            AmbiguousOffset::Fold { .. } => 2,
        }
    }
    /// Both instants of a civil time that occurs twice; the same one twice otherwise.
    pub fn instants(&self, civil: DateTime) -> Option<(SimTime, SimTime)> {
        let ambiguous = self.zone.to_ambiguous_zoned(civil);
        let earlier = ambiguous.clone().earlier().ok()?.timestamp().as_second();
        let later = ambiguous.later().ok()?.timestamp().as_second();
        Some((SimTime(earlier), SimTime(later)))
    }
    /// Midnight at the beginning of a date.
    pub fn start_of(&self, date: Date) -> Option<SimTime> {
        self.instant(date.to_datetime(jiff::civil::Time::midnight()))
    }
    /// The first instant of a month.
    pub fn start_of_month(&self, month: Month) -> SimTime {
        let date = Date::new(month.year, month.month, 1).expect("months are built in range");
        self.start_of(date)
            .expect("the first of a month exists in every zone")
    }
    /// Civil date and time of an instant.
    pub fn civil(&self, time: SimTime) -> DateTime {
        let stamp = Timestamp::from_second(time.0).expect("simulated instants lie within the calendar");
        self.zone.to_datetime(stamp)
    }
    /// Month, day, hour and weekday of an instant.
    pub fn civil_hour(&self, time: SimTime) -> CivilHour {
        let civil = self.civil(time);
        CivilHour {
            month: Month {
                year: civil.year(),
                month: civil.month(),
            },
            day: civil.day(),
            hour: civil.hour(),
            weekday: civil.weekday().to_monday_zero_offset(),
        }
    }
    /// The month of an instant.
    pub fn month(&self, time: SimTime) -> Month {
        self.civil_hour(time).month
    }
    /// The same civil date `years` later (29 February becomes 28), at midnight.
    pub fn plus_years(&self, date: Date, years: i16) -> Option<SimTime> {
        self.start_of(date.checked_add(years.years()).ok()?)
    }
    /// Whether an instant falls on Saturday or Sunday.
    pub fn is_weekend(&self, time: SimTime) -> bool {
        matches!(self.civil(time).weekday(), Weekday::Saturday | Weekday::Sunday)
    }
}

/// Parses `2026-01-01`; the form in which scenarios write dates.
pub fn parse_date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_the_zone_with_daylight_saving_and_leap_days() {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        let start = texas.start_of(parse_date("2028-02-01").unwrap()).unwrap();
        let end = texas.start_of(parse_date("2028-03-01").unwrap()).unwrap();
        assert_eq!((end - start).as_hours(), 29.0 * 24.0);
        let march = texas.start_of_month(Month { year: 2028, month: 3 });
        let april = texas.start_of_month(Month { year: 2028, month: 4 });
        assert_eq!((april - march).as_hours(), 31.0 * 24.0 - 1.0);
        assert_eq!(
            texas.month(march + Span::from_seconds(-1)),
            Month { year: 2028, month: 2 }
        );
    }

    #[test]
    fn a_civil_time_may_exist_never_or_twice() {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        assert_eq!(texas.occurrences("2023-03-12T02:30:00".parse().unwrap()), 0);
        let twice: DateTime = "2023-11-05T01:00:00".parse().unwrap();
        assert_eq!(texas.occurrences(twice), 2);
        let (a, b) = texas.instants(twice).unwrap();
        assert_eq!(b - a, Span::from_hours(1));
    }

    #[test]
    fn month_arithmetic_crosses_years() {
        let m = Month {
            year: 2026,
            month: 11,
        };
        assert_eq!(m.plus(3), Month { year: 2027, month: 2 });
        assert_eq!(
            m.plus(-11),
            Month {
                year: 2025,
                month: 12
            }
        );
        assert_eq!(m.months_until(m.plus(-25)), -25);
    }
}
