//! A year of local standard hours by month, day and hour, laid on a calendar year: what EPW, TMY3 and SAM files are.
//!
//! Such a file is mostly a *typical* year, put together from months of several years; its years are not read. Each date
//! takes its own month and day; 29 February repeats the 28th where the file has none, and is left out, and said, where
//! the calendar year has none.

use super::{Air, WeatherReadOptions, WeatherRows};
use crate::ingest::{ReadError, Row};
use crate::time::{Calendar, HOUR_S, Span};

/// Hours of a typical year, with a leap day where a file has one.
const SLOTS: usize = 12 * 31 * 24;
/// Fewest hours that are taken for a year: fifty weeks.
const HOURS_MIN: usize = 8_400;

/// Month, day and hour of a row, all from 0; an hour begins where it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) month: usize,
    pub(super) day: usize,
    pub(super) hour: usize,
}

impl Slot {
    fn index(self) -> usize {
        (self.month * 31 + self.day) * 24 + self.hour
    }
}

/// A whole number of a row's field from `low` to `high`.
pub(super) fn whole(row: &Row<'_>, column: usize, low: usize, high: usize) -> Result<usize, ReadError> {
    match row.text(column).parse::<usize>() {
        Ok(value) if (low..=high).contains(&value) => Ok(value),
        _ => Err(row.fail(
            column,
            format!(
                "expected a whole number from {low} to {high}, found `{}`",
                row.text(column)
            ),
        )),
    }
}

/// The rows of a file, by their place in the year.
pub(super) struct TypicalYear {
    slots: Vec<Option<(u64, Option<Air>)>>,
}

impl TypicalYear {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![None; SLOTS],
        }
    }

    /// Takes a row; `column` is where messages about its hour point. `None` is a row whose values are missing.
    pub(super) fn put(
        &mut self,
        row: &Row<'_>,
        column: usize,
        slot: Slot,
        air: Option<Air>,
    ) -> Result<(), ReadError> {
        let place = &mut self.slots[slot.index()];
        if let Some((line, _)) = place {
            return Err(row.fail(
                column,
                format!("this hour stands a second time; first in line {line}"),
            ));
        }
        *place = Some((row.line, air));
        Ok(())
    }

    /// Lays the year on the calendar year that is asked for, in standard time.
    pub(super) fn lay(
        &self,
        calendar: &Calendar,
        options: &WeatherReadOptions<'_>,
        rows: &mut WeatherRows,
    ) -> Result<(), ReadError> {
        let midnight = |year: i16| {
            jiff::civil::Date::new(year, 1, 1)
                .ok()
                .and_then(|date| calendar.start_of(date))
        };
        let (start, end) = midnight(options.year)
            .zip(midnight(options.year.saturating_add(1)))
            .ok_or_else(|| {
                ReadError::of_file(
                    options.file,
                    format!("cannot be laid on the year {}", options.year),
                )
            })?;
        let mut leap_year = false;
        for hour in 0..(end - start).as_seconds() / HOUR_S {
            let at = start + Span::from_hours(hour);
            let civil = calendar.civil_hour(at);
            let slot = |day: i8| Slot {
                month: civil.month.month as usize - 1,
                day: day as usize - 1,
                hour: civil.hour as usize,
            };
            let leap = civil.month.month == 2 && civil.day == 29;
            leap_year |= leap;
            let found = self.slots[slot(civil.day).index()].or_else(|| {
                let before = if leap { Some(slot(28)) } else { None };
                before.and_then(|slot| self.slots[slot.index()])
            });
            if let Some((line, air)) = found {
                rows.push(at, line, air);
            }
        }
        if rows.stamps.len() < HOURS_MIN {
            let message = format!("has {} hours; expected a typical year of 8760", rows.stamps.len());
            return Err(ReadError::of_file(options.file, message));
        }
        self.note(leap_year, options, rows);
        Ok(())
    }

    fn note(&self, leap_year: bool, options: &WeatherReadOptions<'_>, rows: &mut WeatherRows) {
        let leap_day = Slot {
            month: 1,
            day: 28,
            hour: 0,
        };
        let leap_hours = self.slots[leap_day.index()..leap_day.index() + 24]
            .iter()
            .flatten()
            .count();
        if !leap_year && leap_hours > 0 {
            rows.notes.push(format!(
                "`{}`: {leap_hours} hours of 29 February are left out, because {} has none",
                options.file, options.year
            ));
        }
        rows.notes.push(format!(
            "`{}` is a typical year laid on {}: heat and price of the same hour are not tied",
            options.file, options.year
        ));
    }
}
