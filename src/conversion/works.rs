//! What all conversions of a strategy share: pools of crews and machines, and the working calendars of their sites.

use super::calendar::{WorkCalendar, WorkCalendarSpec, WorkTime};
use super::resource::ResourceSpec;
use crate::id::Name;
use crate::random::Streams;
use crate::time::{Calendar, SimTime, Span};

/// Years beyond the horizon for which working days are listed; later their mean pace goes on.
const YEARS_BEYOND: f64 = 10.0;

/// Pools and calendars.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Works {
    resources: Vec<Name>,
    units: Vec<u32>,
    /// Name, site, calendar.
    calendars: Vec<(Name, String, WorkCalendar)>,
}

impl Works {
    /// The checked pools, and every calendar that `wanted` names, (calendar, site), once.
    pub fn new<'a>(
        resources: &[ResourceSpec],
        calendars: &[WorkCalendarSpec],
        wanted: impl Iterator<Item = (&'a Name, &'a str, &'a Calendar)>,
        (start, end): (SimTime, SimTime),
    ) -> Self {
        let mut works = Self {
            resources: resources.iter().map(|r| r.id.clone()).collect(),
            units: resources.iter().map(|r| r.units).collect(),
            calendars: Vec::new(),
        };
        let span = (end - start) + Span::from_days_f64(YEARS_BEYOND * 365.25);
        for (name, site, civil) in wanted {
            let known = works.calendar(name, site).is_some();
            if let Some(spec) = calendars.iter().find(|c| c.id == *name).filter(|_| !known) {
                let calendar = WorkCalendar::new(spec, site, civil, (start, span));
                works.calendars.push((name.clone(), site.to_owned(), calendar));
            }
        }
        works
    }
    /// The index of a pool.
    pub fn resource(&self, name: &Name) -> Option<u16> {
        let index = self.resources.iter().position(|r| r == name)?;
        Some(index as u16)
    }
    /// The name of a pool.
    pub fn resource_name(&self, index: u16) -> &Name {
        &self.resources[usize::from(index)]
    }
    /// The index of a calendar at a site.
    pub fn calendar(&self, name: &Name, site: &str) -> Option<u32> {
        let index = self
            .calendars
            .iter()
            .position(|(n, s, _)| n == name && s == site)?;
        Some(index as u32)
    }
    /// Units of each pool.
    pub fn units(&self) -> &[u32] {
        &self.units
    }
    /// The days that plans count with.
    pub fn planned(&self) -> Vec<WorkTime> {
        self.calendars
            .iter()
            .map(|(_, _, c)| c.planned().clone())
            .collect()
    }
    /// The days of a replication, the same for all strategies.
    pub fn draw(&self, streams: &Streams) -> Vec<WorkTime> {
        let mut times = Vec::new();
        self.draw_into(streams, &mut times);
        times
    }
    /// The same, in room that is used again.
    pub fn draw_into(&self, streams: &Streams, times: &mut Vec<WorkTime>) {
        if times.len() != self.calendars.len() {
            *times = self.planned();
        }
        for ((_, _, calendar), time) in self.calendars.iter().zip(times) {
            calendar.draw_into(streams, time);
        }
    }
}
