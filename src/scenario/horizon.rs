//! The horizon of a scenario on the ledger's calendar.

use crate::scenario::spec::ScenarioSpec;
use crate::time::{Calendar, Month, SimTime, parse_date};

/// From when to when a scenario runs.
#[derive(Debug, Clone)]
pub struct Horizon {
    /// The ledger's calendar.
    pub calendar: Calendar,
    /// First instant.
    pub start: SimTime,
    /// The instant after the last.
    pub end: SimTime,
    /// The ledger's months; the first may have begun before the start.
    pub months: Vec<Month>,
}

impl Horizon {
    /// The horizon of a spec; `None` where date or zone are malformed, which the check reports.
    pub fn of(spec: &ScenarioSpec) -> Option<Self> {
        let zone = spec
            .timezone
            .as_deref()
            .or_else(|| spec.sites.first().map(|s| s.timezone.as_str()));
        let calendar = Calendar::of_zone(zone.unwrap_or("UTC"))?;
        let date = parse_date(&spec.start)?;
        let start = calendar.start_of(date)?;
        let end = calendar.plus_years(date, i16::try_from(spec.years).ok()?)?;
        let first = calendar.month(start);
        let mut months = Vec::new();
        let mut month = first;
        while calendar.start_of_month(month) < end {
            months.push(month);
            month = month.plus(1);
        }
        Some(Self {
            calendar,
            start,
            end,
            months,
        })
    }
    /// The index of a month, clamped to the horizon.
    pub fn month_index(&self, month: Month) -> usize {
        let first = self.months[0];
        first.months_until(month).clamp(0, self.months.len() as i32 - 1) as usize
    }
}
