//! Repairs: who waits for a technician or a part, and for how long they did.

use std::collections::VecDeque;

use crate::time::SimTime;

/// A unit that waits for its repair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) domain: u8,
    pub(super) unit: u32,
    pub(super) needs_part: bool,
    pub(super) since: SimTime,
}

/// What repairs waited for, since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RepairWaits {
    /// Repairs begun that needed no part.
    pub without_part: u64,
    /// Hours that these waited for a technician.
    pub technician_h: f64,
    /// Repairs begun that needed a part.
    pub with_part: u64,
    /// Hours that these waited for the part and for a technician.
    pub part_h: f64,
}

impl RepairWaits {
    /// Adds another hall's.
    pub fn add(&mut self, other: &Self) {
        self.without_part += other.without_part;
        self.technician_h += other.technician_h;
        self.with_part += other.with_part;
        self.part_h += other.part_h;
    }
}

/// Technicians and what waits for them.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) free: u32,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) waits: RepairWaits,
}

impl Bench {
    pub(super) fn new(technicians: u32) -> Self {
        Self {
            free: technicians,
            waiting: VecDeque::new(),
            waits: RepairWaits::default(),
        }
    }
    /// The next repair, first come first served; who waits for a part lets others pass. A technician goes with it.
    pub(super) fn begin(&mut self, now: SimTime, has_part: impl Fn(u8) -> bool) -> Option<Waiting> {
        if self.free == 0 {
            return None;
        }
        let ready = |waiting: &Waiting| !waiting.needs_part || has_part(waiting.domain);
        let index = self.waiting.iter().position(ready)?;
        let next = self.waiting.remove(index)?;
        self.free -= 1;
        let hours = (now - next.since).as_hours();
        if next.needs_part {
            self.waits.with_part += 1;
            self.waits.part_h += hours;
        } else {
            self.waits.without_part += 1;
            self.waits.technician_h += hours;
        }
        Some(next)
    }
}
