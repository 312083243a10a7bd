//! The running clock of a schedule.

use jiff::civil::{Date, Weekday};

use super::{PERIODS_MAX, ScheduleSpec, Table};
use crate::id::Name;
use crate::power::contract::holidays::HolidaysSpec;
use crate::time::{Calendar, DAY_S, HOUR_S, Month, SimTime, Span};

/// A schedule with its clock: knows the period of an instant, and keeps the day at hand so that asking is cheap.
#[derive(Debug)]
pub(crate) struct PeriodClock {
    pub(super) calendar: Calendar,
    tables: [Table; 3],
    /// Seconds of each period in a day of 24 hours, by kind of day and month.
    usual_s: [Vec<Vec<i64>>; 3],
    holidays: Vec<Date>,
    day: Day,
    month: Month,
    /// Seconds of each period from the end of the day at hand to the end of its month.
    left_s: Vec<i64>,
}

/// A civil day in half hours since its begin, which no clock change in the database cuts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) start: SimTime,
    pub(super) end: SimTime,
    date: Date,
    slots: [u8; SLOTS],
    /// The slot at which the period of each slot ends.
    ends: [u8; SLOTS],
}

/// Half hours of the longest civil day, with room.
const SLOTS: usize = 56;
const SLOT_S: i64 = 1_800;

impl PeriodClock {
    /// The clock of a checked schedule over `periods`.
    pub(crate) fn new(
        spec: &ScheduleSpec,
        holidays: &HolidaysSpec,
        periods: &[&Name],
        calendar: &Calendar,
    ) -> Self {
        Self::of_tables(&spec.tables(periods), holidays, periods.len(), calendar)
    }

    /// One period that always holds.
    pub(crate) fn constant(calendar: &Calendar) -> Self {
        Self::of_tables(&[[[0; 24]; 12]; 3], &HolidaysSpec::default(), 1, calendar)
    }

    fn of_tables(tables: &[Table; 3], holidays: &HolidaysSpec, periods: usize, calendar: &Calendar) -> Self {
        let never = SimTime::from_unix_s(i64::MIN / 4);
        let seconds = |row: &[u8; 24]| -> Vec<i64> {
            let of = |p: usize| row.iter().filter(|h| usize::from(**h) == p).count() as i64 * HOUR_S;
            (0..periods).map(of).collect()
        };
        Self {
            calendar: calendar.clone(),
            usual_s: tables.each_ref().map(|table| table.iter().map(seconds).collect()),
            tables: *tables,
            holidays: holidays.days(),
            day: Day {
                start: never,
                end: never,
                date: Date::MIN,
                slots: [0; SLOTS],
                ends: [SLOTS as u8; SLOTS],
            },
            month: Month { year: 0, month: 0 },
            left_s: vec![0; periods],
        }
    }

    fn kind(&self, date: Date) -> usize {
        if self.holidays.binary_search(&date).is_ok() {
            2
        } else {
            usize::from(matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday))
        }
    }

    pub(super) fn day_of(&self, time: SimTime) -> Day {
        let date = self.calendar.civil(time).date();
        let start = self.calendar.start_of(date).expect("a day begins in every zone");
        self.day_at(date, start)
    }

    /// The day of a date that begins at `start`.
    fn day_at(&self, date: Date, start: SimTime) -> Day {
        let next = date.tomorrow().ok().and_then(|d| self.calendar.start_of(d));
        let end = next.expect("simulated days lie within the calendar");
        let row = &self.tables[self.kind(date)][date.month() as usize - 1];
        let mut slots = [0; SLOTS];
        let usual = (end - start).as_seconds() == 48 * SLOT_S;
        for (index, slot) in slots.iter_mut().enumerate() {
            let hour = if usual {
                (index / 2).min(23)
            } else {
                let at = start + Span::from_seconds(SLOT_S * index as i64);
                self.calendar.civil(at).hour() as usize
            };
            *slot = row[hour];
        }
        let mut ends = [SLOTS as u8; SLOTS];
        for index in (0..SLOTS - 1).rev() {
            ends[index] = if slots[index] == slots[index + 1] {
                ends[index + 1]
            } else {
                index as u8 + 1
            };
        }
        Day {
            start,
            end,
            date,
            slots,
            ends,
        }
    }

    /// The day after a day.
    fn day_after(&self, day: &Day) -> Day {
        let date = day
            .date
            .tomorrow()
            .expect("simulated days lie within the calendar");
        self.day_at(date, day.end)
    }

    /// Takes the day of an instant at hand.
    pub(crate) fn open(&mut self, time: SimTime) {
        if self.day.start <= time && time < self.day.end {
            return;
        }
        // Days mostly follow each other; then zone and date need not be looked up anew.
        let next = (time >= self.day.end && self.day.end > self.day.start)
            .then(|| self.day_after(&self.day))
            .filter(|next| time < next.end);
        let follows = next.is_some();
        let day = next.unwrap_or_else(|| self.day_of(time));
        let month = Month {
            year: day.date.year(),
            month: day.date.month(),
        };
        if follows && month == self.month {
            let day_s = day.seconds(self.left_s.len());
            for (left, held) in self.left_s.iter_mut().zip(day_s) {
                *left -= held;
            }
        } else {
            let mut left = std::mem::take(&mut self.left_s);
            self.count_rest(&day, &mut left);
            self.left_s = left;
            self.month = month;
        }
        self.day = day;
    }

    /// Seconds of each period from a day's end to the end of its month.
    fn count_rest(&self, day: &Day, left_s: &mut [i64]) {
        left_s.fill(0);
        let Ok(tomorrow) = day.date.tomorrow() else { return };
        if tomorrow.month() != day.date.month() {
            return;
        }
        let last = day.date.last_of_month();
        let month_end = last.tomorrow().ok().and_then(|d| self.calendar.start_of(d));
        let rest_s = month_end.map(|end| (end - day.end).as_seconds());
        let days = i64::from(last.day() - day.date.day());
        if rest_s == Some(days * DAY_S) {
            // No clock changes: dates alone tell.
            let mut date = tomorrow;
            for _ in 0..days {
                for (left, held) in left_s
                    .iter_mut()
                    .zip(&self.usual_s[self.kind(date)][date.month() as usize - 1])
                {
                    *left += held;
                }
                date = date.tomorrow().unwrap_or(date);
            }
            return;
        }
        let mut at = *day;
        // At most 31 turns: each goes on by a day.
        loop {
            let next = self.day_after(&at);
            if next.date.month() != day.date.month() {
                return;
            }
            for (left, held) in left_s.iter_mut().zip(next.seconds(PERIODS_MAX)) {
                *left += held;
            }
            at = next;
        }
    }

    /// The period at an instant, and until when it holds at least.
    pub(crate) fn segment(&mut self, time: SimTime) -> (usize, SimTime) {
        self.open(time);
        self.day.segment(time)
    }

    /// The month of the day at hand.
    pub(crate) fn month(&self) -> Month {
        self.month
    }

    /// The month of an instant.
    pub(crate) fn month_of(&self, time: SimTime) -> Month {
        if self.day.start <= time && time < self.day.end {
            self.month
        } else {
            self.calendar.month(time)
        }
    }

    /// The period at an instant.
    pub(crate) fn period(&self, time: SimTime) -> usize {
        if self.day.start <= time && time < self.day.end {
            self.day.period(time)
        } else {
            self.day_of(time).period(time)
        }
    }

    /// Hours of a period from an instant to the end of its month.
    pub(crate) fn hours_left(&self, time: SimTime, period: usize) -> f64 {
        let here = self.day.start <= time && time < self.day.end;
        let seconds = if here {
            self.left_s[period] + self.day.seconds_from(time, period)
        } else {
            let day = self.day_of(time);
            let mut left = vec![0; self.left_s.len()];
            self.count_rest(&day, &mut left);
            left[period] + day.seconds_from(time, period)
        };
        Span::from_seconds(seconds).as_hours()
    }
}

impl Day {
    fn segment(&self, time: SimTime) -> (usize, SimTime) {
        let slot = ((time - self.start).as_seconds() / SLOT_S) as usize;
        let until = self.start + Span::from_seconds(SLOT_S * i64::from(self.ends[slot]));
        (usize::from(self.slots[slot]), until.min(self.end))
    }

    fn period(&self, time: SimTime) -> usize {
        usize::from(self.slots[((time - self.start).as_seconds() / SLOT_S) as usize])
    }

    /// Seconds of a period from an instant of the day to its end.
    fn seconds_from(&self, time: SimTime, period: usize) -> i64 {
        let (mut at, mut total) = (time, 0);
        while at < self.end {
            let (holds, until) = self.segment(at);
            if holds == period {
                total += (until - at).as_seconds();
            }
            at = until;
        }
        total
    }

    /// Seconds of each period in the day.
    pub(super) fn seconds(&self, periods: usize) -> impl Iterator<Item = i64> {
        let mut held = [0_i64; PERIODS_MAX];
        let mut at = self.start;
        while at < self.end {
            let (period, until) = self.segment(at);
            held[period] += (until - at).as_seconds();
            at = until;
        }
        held.into_iter().take(periods)
    }
}
