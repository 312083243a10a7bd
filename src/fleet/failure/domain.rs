//! The units of one kind in a hall: which are up, when the next one fails, which seats no unit fills.
//!
//! A kind has as many *seats* as the hall needs units, and spares beyond them. Spares run along and fail like the others;
//! one that is up fills the seat of a unit that is down, the longest down first.

use rand::RngExt;
use rand_distr::{Distribution, LogNormal, Weibull};
use statrs::function::gamma::gamma;

use super::burn_in::{BurnInSpec, Infancy};
use super::spec::{RepairDaysSpec, RepairHoursSpec};
use crate::des::Token;
use crate::fleet::accelerator::SystemModel;
use crate::random::Stream;
use crate::time::{DAY_S, HOUR_S, SimTime, Span};

/// What can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A GPU system: a server, or a rack behind one `NVLink`.
    System,
    /// The feed of a rack.
    Rack,
    /// A leaf switch.
    Switch,
    /// A block of UPS and switchgear.
    Feeder,
    /// A cooling unit.
    CoolingUnit,
}

impl Kind {
    /// All, in the order of [`Kind::index`]; the last one takes no system down.
    pub const ALL: [Self; 5] = [
        Self::System,
        Self::Rack,
        Self::Switch,
        Self::Feeder,
        Self::CoolingUnit,
    ];
    /// A dense index.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Rack => "rack",
            Self::Switch => "switch",
            Self::Feeder => "feeder",
            Self::CoolingUnit => "cooling_unit",
        }
    }
}

/// How much plant stands in reserve where a kind does not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// None.
    None,
    /// One unit of each kind.
    One,
    /// As much again.
    Double,
}

impl Reserve {
    /// Spare units beside so many that are needed.
    pub const fn spare(self, needed: u32) -> u32 {
        match self {
            Self::None => 0,
            Self::One => 1,
            Self::Double => needed,
        }
    }
}

/// The hall that the units stand in.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// Its systems.
    pub model: &'static SystemModel,
    /// How many of them.
    pub systems: u32,
    /// The IT load that its plant is designed for, MW.
    pub design_mw: f64,
    /// Plant in reserve.
    pub reserve: Reserve,
}

/// Who repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crew {
    /// Systems, racks and switches.
    Hall,
    /// Cooling units and feeders.
    Plant,
}

/// Failures that need a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// Their share.
    pub(super) share: f64,
    /// Parts on the shelf.
    pub(super) spares: u32,
    /// Until a new one is there.
    pub(super) days: RepairDaysSpec,
}

/// What is lost with a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Serves {
    /// The systems of seat `s` are `[s each, (s + 1) each)`.
    Systems {
        /// Systems to a seat.
        each: u32,
    },
    /// Its share of the cooling.
    Cooling,
}

/// A kind in a hall, as its spec plans it.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) needed: u32,
    pub(super) spare: u32,
    pub(super) serves: Serves,
    pub(super) per_year: f64,
    pub(super) weibull_shape: Option<f64>,
    pub(super) repair_hours: RepairHoursSpec,
    pub(super) parts: Option<Parts>,
    pub(super) crew: Crew,
    /// Whether infant mortality applies.
    pub(super) young: bool,
}

/// Seconds of a year.
const YEAR_S: f64 = 365.25 * DAY_S as f64;
/// The place of a unit that is down.
const DOWN: u32 = u32::MAX;

/// The units of a kind.
#[derive(Debug)]
pub(super) struct Domain {
    pub(super) kind: Kind,
    pub(super) serves: Serves,
    pub(super) crew: Crew,
    pub(super) parts: Option<Parts>,
    pub(super) spares: u32,
    pub(super) rng: Stream,
    /// The event at which the next unit fails, while all are one clock.
    pub(super) next: Option<Token>,
    needed: u32,
    spare: u32,
    rate_per_s: f64,
    /// Times to failure, where they are not exponential.
    weibull: Option<Weibull<f64>>,
    repair: LogNormal<f64>,
    young: bool,
    infancy: Option<Infancy>,
    /// The hazard multiple at which the next failure was drawn.
    bound: f64,
    /// Units that are up, in no order; `place[unit]` is the index in it.
    up: Vec<u32>,
    place: Vec<u32>,
    /// Seats whose unit is down, the longest down first, and whether nothing fills them; empty without spares.
    lost: Vec<(u32, bool)>,
    count: u64,
}

impl Domain {
    /// All units up. Spare units of plant run along.
    pub(super) fn new(plan: &Plan, rng: Stream) -> Self {
        let units = plan.needed + plan.spare;
        let rate_per_s = plan.per_year / YEAR_S;
        let weibull = plan.weibull_shape.filter(|_| rate_per_s > 0.0).map(|shape| {
            let scale = 1.0 / rate_per_s / gamma(1.0 + 1.0 / shape);
            Weibull::new(scale, shape).expect("checked: shape and rate are positive")
        });
        Self {
            kind: plan.kind,
            serves: plan.serves,
            crew: plan.crew,
            parts: plan.parts,
            spares: plan.parts.map_or(0, |p| p.spares),
            rng,
            next: None,
            needed: plan.needed,
            spare: plan.spare,
            rate_per_s,
            weibull,
            repair: plan.repair_hours.distribution(),
            young: plan.young,
            infancy: None,
            bound: 1.0,
            up: (0..units).collect(),
            place: (0..units).collect(),
            lost: Vec::new(),
            count: 0,
        }
    }
    pub(super) fn units(&self) -> u32 {
        self.place.len() as u32
    }
    /// Failures so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }
    /// Whether each unit has a clock of its own.
    pub(super) fn wears(&self) -> bool {
        self.weibull.is_some()
    }
    pub(super) fn is_up(&self, unit: u32) -> bool {
        self.place[unit as usize] != DOWN
    }
    /// Share of the seats that are filled.
    pub(super) fn filled(&self) -> f64 {
        (self.up.len() as f64 / f64::from(self.needed.max(1))).min(1.0)
    }
    /// Failures of this kind a day over the systems that they take down, at the constant rate.
    pub(super) fn per_system_day(&self) -> f64 {
        match self.serves {
            Serves::Systems { each } if self.spare == 0 && each > 0 => {
                self.rate_per_s * DAY_S as f64 / f64::from(each)
            }
            _ => 0.0,
        }
    }
    /// Units begin to serve new.
    pub(super) fn begin(&mut self, burn_in: &BurnInSpec, ready: SimTime) {
        if self.young && !self.wears() {
            self.infancy = Infancy::new(burn_in, ready);
        }
    }

    /// When the next of all units fails, at the present hazard; `None` where none will.
    pub(super) fn next_failure(&mut self, now: SimTime) -> Option<SimTime> {
        self.bound = self.infancy.map_or(1.0, |infancy| infancy.multiple(now));
        if self.bound <= 1.0 {
            self.infancy = None;
        }
        let rate = self.rate_per_s * self.bound * self.up.len() as f64;
        if rate <= 0.0 {
            return None;
        }
        // 1 - u lies in (0, 1], so the logarithm is finite; times are rounded up to whole seconds.
        let wait = -(1.0 - self.rng.random::<f64>()).ln() / rate;
        Some(now + Span::from_seconds(wait.ceil().min(1e12) as i64))
    }
    /// When a unit that is up from now on fails, where each has a clock of its own.
    pub(super) fn failure_of_one(&mut self, now: SimTime) -> Option<SimTime> {
        let wait = self.weibull?.sample(&mut self.rng);
        Some(now + Span::from_seconds(wait.ceil().clamp(1.0, 1e12) as i64))
    }
    /// Which of all units fails now. The hazard has fallen since the time was drawn: with what it fell by, none does.
    pub(super) fn choose(&mut self, now: SimTime) -> Option<u32> {
        if let Some(infancy) = self.infancy
            && self.rng.random::<f64>() * self.bound >= infancy.multiple(now)
        {
            return None;
        }
        let index = self.rng.random_range(0..self.up.len());
        Some(self.up[index])
    }

    /// A unit goes down.
    pub(super) fn take_down(&mut self, unit: u32) {
        self.count += 1;
        let index = self.place[unit as usize] as usize;
        self.up.swap_remove(index);
        if let Some(&moved) = self.up.get(index) {
            self.place[moved as usize] = index as u32;
        }
        self.place[unit as usize] = DOWN;
        if self.spare > 0 && unit < self.needed {
            self.lost.push((unit, false));
        }
    }
    /// A unit comes back.
    pub(super) fn bring_up(&mut self, unit: u32) {
        self.place[unit as usize] = self.up.len() as u32;
        self.up.push(unit);
    }
    /// Says of every seat whether it was lost or filled by the change of a unit: `(seat, lost)`.
    pub(super) fn reseat(&mut self, unit: u32, mut tell: impl FnMut(u32, bool)) {
        let down = !self.is_up(unit);
        if self.spare == 0 {
            tell(unit, down);
            return;
        }
        if !down && let Some(index) = self.lost.iter().position(|(seat, _)| *seat == unit) {
            let (_, dark) = self.lost.remove(index);
            if dark {
                tell(unit, false);
            }
        }
        let up_seats = self.needed as usize - self.lost.len();
        let fill = self.up.len() - up_seats;
        for (index, (seat, dark)) in self.lost.iter_mut().enumerate() {
            let now_dark = index >= fill;
            if std::mem::replace(dark, now_dark) != now_dark {
                tell(*seat, now_dark);
            }
        }
    }

    /// A repair from the technician's start.
    pub(super) fn repair_time(&mut self) -> Span {
        let hours = self.repair.sample(&mut self.rng);
        Span::from_seconds((hours * HOUR_S as f64).round().clamp(1.0, 1e9) as i64)
    }
    /// Whether a failure needs a part; if so when the next one is back on the shelf.
    pub(super) fn part_back(&mut self, now: SimTime) -> Option<SimTime> {
        let parts = self.parts?;
        let needed = self.rng.random::<f64>() < parts.share;
        needed.then(|| {
            let RepairDaysSpec { low, high } = parts.days;
            let days = low + (high - low) * self.rng.random::<f64>();
            now + Span::from_days_f64(days)
        })
    }
}
