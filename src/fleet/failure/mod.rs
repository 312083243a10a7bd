//! Failures of GPU systems and of what they depend on, and their repair, as events.
//!
//! Owns which systems of a hall are down and why: their own failures, and those of their rack, leaf switch or feeder;
//! and how many cooling units run. Does not own what a lost system costs: whoever owns jobs, tenants and power learns
//! how many went down or came back.
//!
//! Units that are up fail independently; all of a kind together are one clock that is drawn again whenever their number
//! changes (exponential times have no memory, so this changes nothing but the cost). While systems are new the clock runs
//! at the hazard of its last draw and some of its failures are refused ([`burn_in`]). Kinds with a Weibull life keep one
//! clock for each unit. A system that is dark for another reason does not fail. A failed unit waits for a technician and,
//! where it needs one, for a part; then it is repaired in a lognormal time.

pub mod burn_in;
pub mod cooling_unit;
mod domain;
pub mod feeder;
pub mod rack;
mod repair;
pub mod spec;
pub mod switch;
mod system;
#[cfg(test)]
mod tests;

use rand::RngExt;

pub use domain::{Frame, Kind, Reserve};
pub use repair::RepairWaits;
pub use spec::FailureSpec;

use crate::des::{Class, Outbox, Token};
use crate::random::Streams;
use crate::time::SimTime;
use burn_in::BurnInSpec;
use domain::{Crew, Domain, Serves};
use repair::{Bench, Waiting};

/// What happens to the units of one hall; `hall` is the number given to [`Failures::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which hall's units.
    pub hall: u32,
    /// What.
    pub kind: EventKind,
}

/// The kinds of [`Event`]; `domain` is the place of a [`Kind`] among those of the hall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// One of the units that are up fails.
    Fail {
        /// Of which kind.
        domain: u8,
        /// Which; `None` where all are one clock.
        unit: Option<u32>,
    },
    /// A unit works again.
    Restore {
        /// Of which kind.
        domain: u8,
        /// Which.
        unit: u32,
    },
    /// A part is back on the shelf.
    PartBack {
        /// Of which kind.
        domain: u8,
    },
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A unit failed.
    Down {
        /// Of which kind.
        kind: Kind,
        /// Which.
        unit: u32,
        /// Systems that went dark with it; what runs on them is lost.
        systems: u32,
        /// Uniform in `[0, 1)`: chooses whose systems those are.
        draw: f64,
    },
    /// A unit works again.
    Up {
        /// Of which kind.
        kind: Kind,
        /// Which.
        unit: u32,
        /// Systems that came back with it.
        systems: u32,
    },
    /// Nothing that anybody notices.
    None,
}

/// Why a system is dark.
#[derive(Debug, Clone, Copy, Default)]
struct Dark {
    /// How many reasons hold.
    reasons: u8,
    /// The kind of the first.
    first: u8,
}

/// The units of one hall, up and down.
#[derive(Debug)]
pub struct Failures {
    hall: u32,
    burn_in: BurnInSpec,
    domains: Vec<Domain>,
    benches: [Bench; 2],
    systems: Vec<Dark>,
    down: u32,
    /// Dark systems by the kind that darkened them first.
    down_by: [u32; Kind::ALL.len()],
}

/// Failures come after other events of the same second.
const CLASS: Class = Class(40);

impl Failures {
    /// All units of a hall up. Each kind has its own stream under `purpose`, so that one more kind leaves the others
    /// alone.
    pub fn new(spec: &FailureSpec, frame: &Frame, hall: u32, streams: &Streams, purpose: &str) -> Self {
        let plans = [
            Some(system::plan(spec, frame)),
            spec.rack.plan(frame),
            spec.switch.plan(frame),
            spec.feeder.plan(frame),
            spec.cooling_unit.plan(frame),
        ];
        let plans = plans.iter().flatten().filter(|_| spec.enabled);
        let domains = plans.map(|plan| {
            let stream = match plan.kind {
                Kind::System => streams.stream(purpose),
                kind => streams.stream(&format!("{purpose}/{}", kind.as_str())),
            };
            Domain::new(plan, stream)
        });
        Self {
            hall,
            burn_in: spec.burn_in.clone(),
            domains: domains.collect(),
            benches: [Bench::new(spec.technicians), Bench::new(spec.plant_technicians)],
            systems: vec![Dark::default(); frame.systems as usize],
            down: 0,
            down_by: [0; Kind::ALL.len()],
        }
    }
    /// Begins at ready-for-service; `new` where the systems have not served before.
    pub fn start<W>(&mut self, now: SimTime, new: bool, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        for index in 0..self.domains.len() {
            let domain = &mut self.domains[index];
            if new {
                domain.begin(&self.burn_in, now);
            }
            if domain.wears() {
                for unit in 0..domain.units() {
                    self.draw_one(index, unit, now, outbox);
                }
            } else {
                self.draw_next(index, now, outbox);
            }
        }
    }
    /// Systems that are down, for whatever reason.
    pub fn down(&self) -> u32 {
        self.down
    }
    /// Systems that are down by the kind, in the order of [`Kind::index`], that took them down first.
    pub fn down_by(&self) -> &[u32; Kind::ALL.len()] {
        &self.down_by
    }
    /// Systems that are up.
    pub fn up(&self) -> u32 {
        self.systems.len() as u32 - self.down
    }
    /// Whether a system is up.
    pub fn is_up(&self, system: u32) -> bool {
        self.systems[system as usize].reasons == 0
    }
    /// Share of the cooling that works, of what the hall needs.
    pub fn cooling_share(&self) -> f64 {
        let units = self.domains.iter().find(|d| d.kind == Kind::CoolingUnit);
        units.map_or(1.0, Domain::filled)
    }
    /// Failures a day over the systems of the hall, at constant rates and without what spare units fill in: how often a
    /// gang is struck, over its systems.
    pub fn per_system_day(&self) -> f64 {
        self.domains.iter().map(Domain::per_system_day).sum()
    }
    /// Failures of a kind so far.
    pub fn failures(&self, kind: Kind) -> u64 {
        let domains = self.domains.iter().filter(|d| d.kind == kind);
        domains.map(Domain::count).sum()
    }
    /// Parts of a kind on the shelf.
    pub fn spares(&self, kind: Kind) -> u32 {
        let domains = self.domains.iter().filter(|d| d.kind == kind);
        domains.map(|d| d.spares).sum()
    }
    /// What repairs waited for.
    pub fn waits(&self) -> RepairWaits {
        let mut waits = self.benches[0].waits;
        waits.add(&self.benches[1].waits);
        waits
    }

    /// Whether an event is of a single system, and not of what several depend on.
    pub fn is_of_system(&self, event: Event) -> bool {
        let (EventKind::Fail { domain, .. }
        | EventKind::Restore { domain, .. }
        | EventKind::PartBack { domain }) = event.kind;
        self.domains[usize::from(domain)].kind == Kind::System
    }

    /// Handles an event of this hall.
    pub fn step<W>(&mut self, now: SimTime, event: Event, outbox: &mut Outbox<'_, W>) -> Change
    where
        Event: Into<W>,
    {
        match event.kind {
            EventKind::Fail { domain, unit } => self.fail(usize::from(domain), unit, now, outbox),
            EventKind::Restore { domain, unit } => self.restore(usize::from(domain), unit, now, outbox),
            EventKind::PartBack { domain } => {
                let domain = &mut self.domains[usize::from(domain)];
                domain.spares += 1;
                let crew = domain.crew;
                self.begin_repairs(crew, now, outbox);
                Change::None
            }
        }
    }

    fn fail<W>(&mut self, index: usize, unit: Option<u32>, now: SimTime, outbox: &mut Outbox<'_, W>) -> Change
    where
        Event: Into<W>,
    {
        let domain = &mut self.domains[index];
        if unit.is_none() {
            domain.next = None;
        }
        let chosen = unit.or_else(|| domain.choose(now));
        // What has no power does not fail.
        let lit = |unit: &u32| domain.kind != Kind::System || self.systems[*unit as usize].reasons == 0;
        let Some(unit) = chosen.filter(lit) else {
            self.draw_again(index, unit, now, outbox);
            return Change::None;
        };
        let domain = &mut self.domains[index];
        domain.take_down(unit);
        let (kind, crew) = (domain.kind, domain.crew);
        let draw = domain.rng.random::<f64>();
        let back = domain.part_back(now);
        if let Some(back) = back {
            let domain = index as u8;
            self.schedule(outbox, back, EventKind::PartBack { domain });
        }
        let systems = self.reseat(index, unit);
        self.benches[crew as usize].waiting.push_back(Waiting {
            domain: index as u8,
            unit,
            needs_part: back.is_some(),
            since: now,
        });
        self.begin_repairs(crew, now, outbox);
        if !self.domains[index].wears() {
            self.draw_next(index, now, outbox);
        }
        Change::Down {
            kind,
            unit,
            systems,
            draw,
        }
    }

    fn restore<W>(&mut self, index: usize, unit: u32, now: SimTime, outbox: &mut Outbox<'_, W>) -> Change
    where
        Event: Into<W>,
    {
        let domain = &mut self.domains[index];
        domain.bring_up(unit);
        let (kind, crew) = (domain.kind, domain.crew);
        let systems = self.reseat(index, unit);
        self.benches[crew as usize].free += 1;
        self.begin_repairs(crew, now, outbox);
        self.draw_again(index, Some(unit), now, outbox);
        Change::Up { kind, unit, systems }
    }

    /// Darkens and lights the systems of the seats that a change of a unit lost and filled; how many changed.
    fn reseat(&mut self, index: usize, unit: u32) -> u32 {
        let Self {
            domains,
            systems,
            down,
            down_by,
            ..
        } = self;
        let domain = &mut domains[index];
        let kind = domain.kind.index();
        let Serves::Systems { each } = domain.serves else {
            return 0;
        };
        let mut changed = 0;
        domain.reseat(unit, |seat, lost| {
            let end = systems.len();
            let of_seat =
                (seat as usize * each as usize).min(end)..((seat as usize + 1) * each as usize).min(end);
            for dark in &mut systems[of_seat] {
                if lost {
                    dark.reasons += 1;
                    if dark.reasons == 1 {
                        dark.first = kind as u8;
                        *down += 1;
                        down_by[kind] += 1;
                        changed += 1;
                    }
                } else {
                    dark.reasons -= 1;
                    if dark.reasons == 0 {
                        *down -= 1;
                        down_by[usize::from(dark.first)] -= 1;
                        changed += 1;
                    }
                }
            }
        });
        changed
    }

    /// Puts free technicians to work.
    fn begin_repairs<W>(&mut self, crew: Crew, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        loop {
            let domains = &self.domains;
            let has_part = |domain: u8| domains[usize::from(domain)].spares > 0;
            let Some(job) = self.benches[crew as usize].begin(now, has_part) else {
                return;
            };
            let Waiting { domain, unit, .. } = job;
            let own = &mut self.domains[usize::from(domain)];
            own.spares -= u32::from(job.needs_part);
            let done = now + own.repair_time();
            self.schedule(outbox, done, EventKind::Restore { domain, unit });
        }
    }

    /// After a failure that was refused, or a repair.
    fn draw_again<W>(&mut self, index: usize, unit: Option<u32>, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        match unit {
            Some(unit) if self.domains[index].wears() => self.draw_one(index, unit, now, outbox),
            _ => self.draw_next(index, now, outbox),
        }
    }

    fn draw_one<W>(&mut self, index: usize, unit: u32, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        if let Some(at) = self.domains[index].failure_of_one(now) {
            let fail = EventKind::Fail {
                domain: index as u8,
                unit: Some(unit),
            };
            self.schedule(outbox, at, fail);
        }
    }

    fn draw_next<W>(&mut self, index: usize, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        if let Some(token) = self.domains[index].next.take() {
            outbox.cancel(token);
        }
        if let Some(at) = self.domains[index].next_failure(now) {
            let fail = EventKind::Fail {
                domain: index as u8,
                unit: None,
            };
            self.domains[index].next = Some(self.schedule(outbox, at, fail));
        }
    }

    fn schedule<W>(&self, outbox: &mut Outbox<'_, W>, time: SimTime, kind: EventKind) -> Token
    where
        Event: Into<W>,
    {
        let hall = self.hall;
        outbox.schedule(time, CLASS, Event { hall, kind })
    }
}
