//! The hours of a horizon with the parts of civil time that series need, computed once for all replications.

use crate::time::{Calendar, HOUR_S, SimTime, Span};

/// Whole UTC hours from a start, each with its local month, hour and kind of day.
#[derive(Debug, Clone)]
pub struct HourAxis {
    start: SimTime,
    calendar: Calendar,
    months: Vec<u8>,
    hours: Vec<u8>,
    weekend: Vec<bool>,
}

impl HourAxis {
    /// The hours that cover `[start, end)`; the first begins at the whole UTC hour at or before `start`.
    pub fn new(calendar: &Calendar, start: SimTime, end: SimTime) -> Self {
        let first = start.as_unix_s().div_euclid(HOUR_S);
        let count = ((end.as_unix_s() + HOUR_S - 1).div_euclid(HOUR_S) - first).max(0) as usize;
        let start = SimTime::from_unix_s(first * HOUR_S);
        let mut axis = Self {
            start,
            calendar: calendar.clone(),
            months: Vec::with_capacity(count),
            hours: Vec::with_capacity(count),
            weekend: Vec::with_capacity(count),
        };
        for index in 0..count {
            let civil = calendar.civil_hour(axis.time(index));
            axis.months.push(civil.month.month as u8 - 1);
            axis.hours.push(civil.hour as u8);
            axis.weekend.push(civil.weekday >= 5);
        }
        axis
    }
    /// When the first hour begins.
    pub fn start(&self) -> SimTime {
        self.start
    }
    /// How many hours.
    pub fn len(&self) -> usize {
        self.hours.len()
    }
    /// No hours at all.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty()
    }
    /// The beginning of an hour.
    pub fn time(&self, index: usize) -> SimTime {
        self.start + Span::from_hours(index as i64)
    }
    /// The hour that holds at `time`, clamped to the axis.
    pub fn index_at(&self, time: SimTime) -> usize {
        let hours = (time - self.start).as_seconds().div_euclid(HOUR_S);
        hours.clamp(0, (self.len() as i64 - 1).max(0)) as usize
    }
    /// The civil calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
    /// Local month of each hour, January is 0.
    pub fn months(&self) -> &[u8] {
        &self.months
    }
    /// Local hour of day of each hour.
    pub fn hours(&self) -> &[u8] {
        &self.hours
    }
    /// Whether each hour falls on Saturday or Sunday.
    pub fn weekend(&self) -> &[bool] {
        &self.weekend
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn a_year_has_its_own_count_of_hours_and_the_clock_changes_show() {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        let day = |d: &str| texas.start_of(parse_date(d).unwrap()).unwrap();
        let axis = HourAxis::new(&texas, day("2024-01-01"), day("2025-01-01"));
        assert_eq!(axis.len(), 8_784);
        let march = axis.index_at(day("2024-03-10"));
        assert_eq!(axis.hours()[march..march + 4], [0, 1, 3, 4]);
        assert_eq!((axis.months()[march], axis.weekend()[march]), (2, true));
    }

    #[test]
    fn a_start_between_hours_is_covered_from_the_hour_before() {
        let india = Calendar::of_zone("Asia/Kolkata").unwrap();
        let start = india.start_of(parse_date("2026-01-01").unwrap()).unwrap();
        let axis = HourAxis::new(&india, start, start + Span::from_hours(2));
        assert_eq!(axis.len(), 3);
        assert!(axis.start() < start);
        assert_eq!(
            HourAxis::new(&india, start, start + Span::from_hours(-3)).index_at(start),
            0
        );
    }
}
