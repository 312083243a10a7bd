//! Failures of GPU systems and their repair, as events.
//!
//! Up systems fail independently and exponentially; all of them together are one clock that is drawn again whenever
//! their number changes (exponential times have no memory, so this changes nothing but the cost). A failed system
//! waits for a technician and, where a part must leave the site, for a spare; then it is repaired in a lognormal time.
//! Whoever owns the jobs learns which system went down or came back.

use rand::RngExt;
use rand_distr::{Distribution, LogNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use super::accelerator::SystemModel;
use crate::des::{Class, Outbox, Token};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{DAY_S, HOUR_S, SimTime, Span};

/// Standard normal quantile of 90 %.
const Z90: f64 = 1.281_551_565_544_6;

/// A time to repair by its median and ninetieth percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairHoursSpec {
    /// Half of all repairs take no longer, hours.
    pub p50: f64,
    /// Nine in ten take no longer, hours.
    pub p90: f64,
}

impl RepairHoursSpec {
    /// The mean of the lognormal through both, hours.
    pub fn mean_hours(&self) -> f64 {
        self.p50 * (0.5 * self.sigma().powi(2)).exp()
    }
    fn sigma(&self) -> f64 {
        (self.p90 / self.p50).ln() / Z90
    }
    fn distribution(&self) -> LogNormal<f64> {
        LogNormal::new(self.p50.ln(), self.sigma()).expect("checked: p50 > 0 and p90 >= p50")
    }
}

impl Check for RepairHoursSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("p50"), self.p50, 1e-3, 10_000.0);
        if self.p90.is_nan() || self.p90 < self.p50 || self.p90 > 100_000.0 {
            let message = format!("`{}` must lie between `p50` ({}) and 100000", self.p90, self.p50);
            problems.error(&at.key("p90"), message);
        }
    }
}

fn default_repair_hours() -> RepairHoursSpec {
    RepairHoursSpec { p50: 2.0, p90: 4.0 }
}
fn default_return_percent() -> f64 {
    10.0
}
fn default_return_days() -> RepairDaysSpec {
    RepairDaysSpec {
        low: 14.0,
        high: 42.0,
    }
}
fn default_spares_percent() -> f64 {
    2.0
}
fn default_technicians() -> u32 {
    2
}

/// Days that a part is away for repair, uniform between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairDaysSpec {
    /// The fewest days.
    pub low: f64,
    /// The most days.
    pub high: f64,
}

impl Check for RepairDaysSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("low"), self.low, 0.0, 3_650.0);
        problems.within(&at.key("high"), self.high, self.low.max(0.0), 3_650.0);
    }
}

/// How the GPU systems of a hall fail and are repaired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureSpec {
    /// Failures of one system per 1,000 days. Default: 4.74e-4 per GPU and day (419 unexpected interruptions in 54 days
    /// on 16,384 H100, Llama 3) times the GPUs of a system: 3.79 for a server of eight, 34.1 for a rack of 72 (computed).
    #[serde(default)]
    pub per_1000_system_days: Option<f64>,
    /// Hours from the technician's start until the system works again: default median 2, nine in ten within 4 (a hot
    /// swap takes 1 to 4 hours; assumption).
    #[serde(default = "default_repair_hours")]
    pub repair_hours: RepairHoursSpec,
    /// Share of failures after which a part leaves the site and a spare must replace it, percent; the others are cured in
    /// place. Default 10: with parts away for four weeks, one to three percent of spares suffice (computed).
    #[serde(default = "default_return_percent")]
    pub return_percent: f64,
    /// Days until a part that left is back among the spares: default 14 to 42 (assumption: two to six weeks).
    #[serde(default = "default_return_days")]
    pub return_days: RepairDaysSpec,
    /// Spare parts (servers, or compute trays of a rack) over those installed, percent, rounded up. Default 2
    /// (assumption: one to three percent of nodes).
    #[serde(default = "default_spares_percent")]
    pub spares_percent: f64,
    /// Technicians on shift for this hall: so many repairs go on at once. Default 2 (assumption).
    #[serde(default = "default_technicians")]
    pub technicians: u32,
}

impl Default for FailureSpec {
    fn default() -> Self {
        Self {
            per_1000_system_days: None,
            repair_hours: default_repair_hours(),
            return_percent: default_return_percent(),
            return_days: default_return_days(),
            spares_percent: default_spares_percent(),
            technicians: default_technicians(),
        }
    }
}

impl Check for FailureSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(rate) = self.per_1000_system_days {
            // At 5,000 a system fails five times a day: beyond that no schedule makes sense and events explode.
            problems.within(&at.key("per_1000_system_days"), rate, 0.0, 5_000.0);
        }
        self.repair_hours.check(&at.key("repair_hours"), problems);
        problems.percent(&at.key("return_percent"), self.return_percent, 100.0);
        self.return_days.check(&at.key("return_days"), problems);
        problems.percent(&at.key("spares_percent"), self.spares_percent, 100.0);
        if self.technicians == 0 || self.technicians > 10_000 {
            let message = format!("`{}` technicians: must lie between 1 and 10000", self.technicians);
            problems.error(&at.key("technicians"), message);
        }
    }
}

/// What happens to the systems of one hall; `hall` is the number given to [`Failures::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which hall's systems.
    pub hall: u32,
    /// What.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// One of the systems that are up fails.
    Fail,
    /// A system works again.
    Restore {
        /// Which.
        system: u32,
    },
    /// A part that was away is back among the spares.
    PartBack,
}

/// What an event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A system went down; what runs on it is lost.
    Down {
        /// Which.
        system: u32,
    },
    /// A system came back.
    Up {
        /// Which.
        system: u32,
    },
    /// Nothing that jobs notice.
    None,
}

/// Repairs that wait.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    system: u32,
    needs_spare: bool,
}

/// The systems of one hall, up and down.
#[derive(Debug)]
pub struct Failures {
    hall: u32,
    /// Failures per second of one system.
    rate_per_s: f64,
    repair: LogNormal<f64>,
    return_share: f64,
    return_days: RepairDaysSpec,
    /// Systems that are up, in no order; `place[system]` is the index in it.
    up: Vec<u32>,
    place: Vec<u32>,
    waiting: VecDeque<Waiting>,
    spares: u32,
    technicians_free: u32,
    next_failure: Option<Token>,
    count: u64,
    rng: Stream,
}

/// The place of a system that is down.
const DOWN: u32 = u32::MAX;
/// Failures come after other events of the same second.
const CLASS: Class = Class(40);

impl Failures {
    /// All `systems` of a hall up. `rng` is the stream of this hall's failures.
    pub fn new(spec: &FailureSpec, model: &SystemModel, systems: u32, hall: u32, rng: Stream) -> Self {
        let per_1000_days = spec
            .per_1000_system_days
            .unwrap_or_else(|| model.failures_per_1000_days());
        let units = f64::from(systems) * f64::from(model.swap_units);
        Self {
            hall,
            rate_per_s: per_1000_days / (1_000.0 * DAY_S as f64),
            repair: spec.repair_hours.distribution(),
            return_share: spec.return_percent / 100.0,
            return_days: spec.return_days,
            up: (0..systems).collect(),
            place: (0..systems).collect(),
            waiting: VecDeque::with_capacity(systems as usize),
            spares: (units * spec.spares_percent / 100.0).ceil() as u32,
            technicians_free: spec.technicians,
            next_failure: None,
            count: 0,
            rng,
        }
    }
    /// Begins at ready-for-service.
    pub fn start<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        self.draw_next_failure(now, outbox);
    }
    /// Systems that are down.
    pub fn down(&self) -> u32 {
        (self.place.len() - self.up.len()) as u32
    }
    /// Systems that are up.
    pub fn up(&self) -> u32 {
        self.up.len() as u32
    }
    /// Whether a system is up.
    pub fn is_up(&self, system: u32) -> bool {
        self.place[system as usize] != DOWN
    }
    /// Failures so far.
    pub fn failures(&self) -> u64 {
        self.count
    }
    /// Parts on the shelf.
    pub fn spares(&self) -> u32 {
        self.spares
    }

    /// Handles an event of this hall.
    pub fn step<W>(&mut self, now: SimTime, event: Event, outbox: &mut Outbox<'_, W>) -> Change
    where
        Event: Into<W>,
    {
        match event.kind {
            EventKind::Fail => {
                let system = self.fail(now, outbox);
                Change::Down { system }
            }
            EventKind::Restore { system } => {
                self.place[system as usize] = self.up.len() as u32;
                self.up.push(system);
                self.technicians_free += 1;
                self.begin_repairs(now, outbox);
                self.draw_next_failure(now, outbox);
                Change::Up { system }
            }
            EventKind::PartBack => {
                self.spares += 1;
                self.begin_repairs(now, outbox);
                Change::None
            }
        }
    }

    fn fail<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>) -> u32
    where
        Event: Into<W>,
    {
        self.next_failure = None;
        self.count += 1;
        let index = self.rng.random_range(0..self.up.len());
        let system = self.up.swap_remove(index);
        if let Some(&moved) = self.up.get(index) {
            self.place[moved as usize] = index as u32;
        }
        self.place[system as usize] = DOWN;
        let needs_spare = self.rng.random::<f64>() < self.return_share;
        if needs_spare {
            let RepairDaysSpec { low, high } = self.return_days;
            let days = low + (high - low) * self.rng.random::<f64>();
            self.schedule(outbox, now + Span::from_days_f64(days), EventKind::PartBack);
        }
        self.waiting.push_back(Waiting { system, needs_spare });
        self.begin_repairs(now, outbox);
        self.draw_next_failure(now, outbox);
        system
    }

    /// Puts free technicians to work, first come first served; who waits for a spare lets others pass.
    fn begin_repairs<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        while self.technicians_free > 0 {
            let spares = self.spares;
            let Some(next) = self.waiting.iter().position(|w| !w.needs_spare || spares > 0) else {
                return;
            };
            let job = self.waiting.remove(next).expect("the position was just found");
            self.spares -= u32::from(job.needs_spare);
            self.technicians_free -= 1;
            let hours = self.repair.sample(&mut self.rng);
            let seconds = (hours * HOUR_S as f64).round().clamp(1.0, 1e9) as i64;
            let restore = EventKind::Restore { system: job.system };
            self.schedule(outbox, now + Span::from_seconds(seconds), restore);
        }
    }

    fn draw_next_failure<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        if let Some(token) = self.next_failure.take() {
            outbox.cancel(token);
        }
        let rate = self.rate_per_s * self.up.len() as f64;
        if rate <= 0.0 {
            return;
        }
        // 1 - u lies in (0, 1], so the logarithm is finite; times are rounded up to whole seconds.
        let wait = -(1.0 - self.rng.random::<f64>()).ln() / rate;
        let seconds = wait.ceil().min(1e12) as i64;
        self.next_failure = Some(self.schedule(outbox, now + Span::from_seconds(seconds), EventKind::Fail));
    }

    fn schedule<W>(&self, outbox: &mut Outbox<'_, W>, time: SimTime, kind: EventKind) -> Token
    where
        Event: Into<W>,
    {
        outbox.schedule(
            time,
            CLASS,
            Event {
                hall: self.hall,
                kind,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::EventQueue;
    use crate::fleet::accelerator;
    use crate::random::Streams;

    fn spec(rate: f64, technicians: u32) -> FailureSpec {
        FailureSpec {
            per_1000_system_days: Some(rate),
            repair_hours: RepairHoursSpec { p50: 20.0, p90: 40.0 },
            return_percent: 0.0,
            technicians,
            ..FailureSpec::default()
        }
    }

    /// System-hours up over all, over so many days.
    fn availability(spec: &FailureSpec, systems: u32, days: i64, replication: u64) -> (f64, u64) {
        let model = accelerator::find("hgx-h100").unwrap();
        let rng = Streams::new(7, replication).stream("failures/test");
        let mut failures = Failures::new(spec, model, systems, 3, rng);
        let (mut now, end) = (SimTime::from_unix_s(0), SimTime::from_unix_s(days * DAY_S));
        let mut queue: EventQueue<Event> = EventQueue::new(now);
        failures.start(now, &mut Outbox::new(&mut queue));
        let mut up_s = 0.0;
        while let Some((time, event)) = queue.pop() {
            let upto = time.min(end);
            up_s += f64::from(failures.up()) * (upto - now).as_seconds() as f64;
            now = upto;
            if time > end {
                break;
            }
            assert_eq!(event.hall, 3);
            let before = failures.down();
            match failures.step(now, event, &mut Outbox::new(&mut queue)) {
                Change::Down { system } => assert!(!failures.is_up(system) && failures.down() == before + 1),
                Change::Up { system } => assert!(failures.is_up(system) && failures.down() == before - 1),
                Change::None => assert_eq!(failures.down(), before),
            }
        }
        (
            up_s / (f64::from(systems) * days as f64 * DAY_S as f64),
            failures.failures(),
        )
    }

    #[test]
    fn availability_is_mttf_over_mttf_plus_mttr() {
        // 100 failures per 1,000 days: mean time to failure 10 days. Repair: lognormal, mean by closed form.
        let spec = spec(100.0, 1_000);
        let mttr = spec.repair_hours.mean_hours() / 24.0;
        let expected = 10.0 / (10.0 + mttr);
        let runs: Vec<f64> = (0..40).map(|r| availability(&spec, 20, 2_000, r).0).collect();
        let n = runs.len() as f64;
        let mean = runs.iter().sum::<f64>() / n;
        let sd = (runs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        // 99 % interval: Student t with 39 degrees of freedom is 2.708.
        let half = 2.708 * sd / n.sqrt();
        assert!(
            (mean - expected).abs() < half,
            "{mean} against {expected} +- {half}"
        );
        assert!(half < 0.002, "the test must be sharp: {half}");
    }

    #[test]
    fn one_technician_is_a_machine_repair_queue() {
        // Two systems, one technician: with exponential repair the chain is closed form; the lognormal differs a
        // little, so the check is a bracket: worse than two technicians, better than half.
        let mean = |technicians| {
            let s = spec(1_000.0, technicians);
            (0..10).map(|r| availability(&s, 2, 3_000, r).0).sum::<f64>() / 10.0
        };
        let (one, two) = (mean(1), mean(2));
        assert!(one < two - 0.05 && one > 0.3, "{one} {two}");
    }

    #[test]
    fn without_spares_a_system_waits_for_the_part() {
        let mut s = spec(100.0, 1_000);
        s.return_percent = 100.0;
        s.return_days = RepairDaysSpec {
            low: 20.0,
            high: 20.0,
        };
        s.spares_percent = 0.0;
        // One system: it is down for the repair after exactly 20 days of waiting.
        let (share, _) = availability(&s, 1, 400_000, 0);
        let mttr = 20.0 + s.repair_hours.mean_hours() / 24.0;
        assert!((share - 10.0 / (10.0 + mttr)).abs() < 0.01, "{share}");
        s.spares_percent = 100.0;
        assert!(availability(&s, 20, 5_000, 0).0 > share + 0.3);
    }

    #[test]
    fn the_number_of_failures_is_that_of_the_rate() {
        let (share, failures) = availability(&FailureSpec::default(), 1_000, 1_000, 1);
        let expected = 3.79 * 1_000.0 * share;
        assert!(
            (failures as f64 - expected).abs() < 3.0 * expected.sqrt(),
            "{failures} against {expected}"
        );
        assert!(share > 0.998, "two hours in eleven months: {share}");
    }

    #[test]
    fn no_rate_no_systems_no_events() {
        assert_eq!(availability(&spec(0.0, 1), 5, 10, 0).1, 0);
        let mut queue: EventQueue<Event> = EventQueue::new(SimTime::from_unix_s(0));
        let model = accelerator::find("gb300-nvl72").unwrap();
        let rng = Streams::new(1, 0).stream("x");
        let mut none = Failures::new(&FailureSpec::default(), model, 0, 0, rng);
        none.start(SimTime::from_unix_s(0), &mut Outbox::new(&mut queue));
        assert!(queue.is_empty());
    }

    #[test]
    fn a_spec_is_checked_whole() {
        let bad = FailureSpec {
            per_1000_system_days: Some(-1.0),
            repair_hours: RepairHoursSpec { p50: 4.0, p90: 2.0 },
            return_percent: 101.0,
            return_days: RepairDaysSpec { low: 5.0, high: 1.0 },
            spares_percent: f64::NAN,
            technicians: 0,
        };
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 6);
        let mut none = Problems::new();
        FailureSpec::default().check(&FieldPath::root(), &mut none);
        assert!(none.as_slice().is_empty());
    }
}
