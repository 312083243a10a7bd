//! Redundancy as blocks that fail: so many stand, so many are needed, each fails and is repaired on its own.
//!
//! Blocks that are up fail independently and exponentially; all of them together are one clock that is drawn again
//! whenever their number changes (exponential times have no memory). Each failed block has its own repair, as long as an
//! exponential time of the stated mean, so the share of time with `j` of `n` up is binomial in
//! `repair / (repair + time between failures)`. What a lost block takes away is for the owner to say.

use rand_distr::{Distribution, Exp1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::des::{Class, Outbox, Token};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{SimTime, Span};

/// Seconds of a mean year.
const YEAR_S: f64 = 365.25 * 86_400.0;
/// The most blocks of one level.
const BLOCKS_MAX: u32 = 1_000;

/// How much plant stands behind the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Redundancy {
    /// No reserve.
    #[serde(rename = "n")]
    N,
    /// One unit of each kind in reserve.
    #[default]
    #[serde(rename = "n+1")]
    NPlusOne,
    /// Everything twice.
    #[serde(rename = "2n")]
    TwoN,
}

impl Redundancy {
    /// Facility capex relative to the archetype's figure, which is meant for `n+1`.
    ///
    /// IREN's move from an N-type hall at 6-7 M USD/MW to Tier-3 equivalence about doubled its cost (S23
    /// S25): N is taken at 0.7 and 2N at 1.4 of N+1, so that 2N over N is 2. The split around N+1
    /// is an assumption.
    pub const fn capex_factor(self) -> f64 {
        match self {
            Self::N => 0.7,
            Self::NPlusOne => 1.0,
            Self::TwoN => 1.4,
        }
    }
    /// Blocks that stand where so many are needed.
    pub const fn installed(self, needed: u32) -> u32 {
        match self {
            Self::N => needed,
            Self::NPlusOne => needed + 1,
            Self::TwoN => 2 * needed,
        }
    }
}

/// What a level of the power path consists of; sets the defaults of its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Modules of a UPS: four needed (assumption); 0.058 failures a year (150,000 h between failures), repaired in 4 h.
    Ups,
    /// Feeders of a hall, each a breaker, 300 m of cable and low-voltage switchgear: one needed; 0.015 failures a year,
    /// 42.8 h (computed out of IEEE 493-2007: 0.0027 at 83.1 h, 0.0083 at 15.7 h, 0.004 at 72 h).
    Feeder,
    /// Liquid-filled transformers above 500 kVA: 0.0062 failures a year, repaired in 342 h (IEEE 493-2007).
    Transformer,
}

impl Level {
    /// The word in files and streams.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ups => "ups",
            Self::Feeder => "feeder",
            Self::Transformer => "transformer",
        }
    }
    const fn needed(self) -> u32 {
        match self {
            Self::Ups => 4,
            Self::Feeder | Self::Transformer => 1,
        }
    }
    const fn per_year(self) -> f64 {
        match self {
            Self::Ups => 0.058,
            Self::Feeder => 0.015,
            Self::Transformer => 0.0062,
        }
    }
    const fn repair_hours(self) -> f64 {
        match self {
            Self::Ups => 4.0,
            Self::Feeder => 42.8,
            Self::Transformer => 342.0,
        }
    }
}

/// How blocks fail and are repaired. An empty table takes the published rates.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlockFailureSpec {
    /// Failures of one block in a year of service. Default: UPS module 0.058 (MTBF 150,000 h, a public skill's default, not
    /// field data); feeder 0.015 (computed out of IEEE 493-2007); transformer 0.0062 (IEEE 493-2007, liquid, above
    /// 500 kVA; another copy of it says 0.025).
    pub per_year: Option<f64>,
    /// Mean hours until a failed block is back, exponentially distributed. Default: UPS module 4, feeder 42.8, transformer
    /// 342 (IEEE 493-2007; a large unit that must be replaced takes its lead time).
    pub repair_hours: Option<f64>,
}

impl Check for BlockFailureSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(rate) = self.per_year {
            // A block that fails more than once a day is a slip of units.
            problems.within(&at.key("per_year"), rate, 0.0, 365.0);
        }
        if let Some(hours) = self.repair_hours {
            problems.within(&at.key("repair_hours"), hours, 0.01, 100_000.0);
        }
    }
}

/// Blocks of a level of a hall's path.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BlocksSpec {
    /// Blocks that together carry the design load. Default: 4 modules of a UPS (assumption), 1 feeder.
    pub needed: Option<u32>,
    /// Blocks that stand. Default: by the hall's `redundancy`: as many as needed, one more, or twice as many.
    pub installed: Option<u32>,
    /// How they fail. Default: they do not; an empty table takes the published rates.
    pub failures: Option<BlockFailureSpec>,
}

impl Check for BlocksSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        for (key, count) in [("needed", self.needed), ("installed", self.installed)] {
            if let Some(count) = count {
                problems.within(&at.key(key), f64::from(count), 1.0, f64::from(BLOCKS_MAX));
            }
        }
        if let (Some(needed), Some(installed)) = (self.needed, self.installed)
            && needed > installed
        {
            let message = format!("{installed} blocks stand where {needed} are needed");
            problems.error(&at.key("installed"), message);
        }
        if let Some(failures) = &self.failures {
            failures.check(&at.key("failures"), problems);
        }
    }
}

impl BlocksSpec {
    /// Needed and installed blocks of a level under a redundancy.
    pub fn counts(&self, level: Level, redundancy: Redundancy) -> (u32, u32) {
        let needed = self
            .needed
            .unwrap_or_else(|| self.installed.map_or(level.needed(), |i| i.min(level.needed())));
        (
            needed,
            self.installed.unwrap_or_else(|| redundancy.installed(needed)),
        )
    }
}

/// What happens to the blocks of one level; `id` is the number given to [`Blocks::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Which blocks.
    pub id: u32,
    /// One comes back, instead of failing.
    pub restores: bool,
}

/// Equal blocks, up and down.
#[derive(Debug)]
pub struct Blocks {
    id: u32,
    installed: u32,
    live: u32,
    rate_per_s: f64,
    repair_s: f64,
    next_failure: Option<Token>,
    count: u64,
    rng: Stream,
}

/// Before failures of GPU systems, which have class 40.
const CLASS: Class = Class(38);

impl Blocks {
    /// All blocks up. `rng` is the stream of these blocks.
    pub fn new(spec: &BlockFailureSpec, level: Level, installed: u32, id: u32, rng: Stream) -> Self {
        Self {
            id,
            installed,
            live: installed,
            rate_per_s: spec.per_year.unwrap_or(level.per_year()) / YEAR_S,
            repair_s: spec.repair_hours.unwrap_or(level.repair_hours()) * 3_600.0,
            next_failure: None,
            count: 0,
            rng,
        }
    }
    /// Begins when the blocks enter service.
    pub fn start<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        self.draw_next_failure(now, outbox);
    }
    /// Blocks that are up.
    pub const fn live(&self) -> u32 {
        self.live
    }
    /// Blocks that stand.
    pub const fn installed(&self) -> u32 {
        self.installed
    }
    /// Failures so far.
    pub const fn failures(&self) -> u64 {
        self.count
    }

    /// Handles an event of these blocks.
    pub fn step<W>(&mut self, now: SimTime, event: Event, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        if event.restores {
            assert!(self.live < self.installed, "a block came back that was not down");
            self.live += 1;
        } else {
            assert!(self.live > 0, "a block failed where none is up");
            self.next_failure = None;
            self.live -= 1;
            self.count += 1;
            let after_s = self.exponential(self.repair_s);
            let back = Event {
                id: self.id,
                restores: true,
            };
            outbox.schedule(later(now, after_s), CLASS, back);
        }
        self.draw_next_failure(now, outbox);
    }

    fn exponential(&mut self, mean_s: f64) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.rng);
        unit * mean_s
    }

    fn draw_next_failure<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        if let Some(token) = self.next_failure.take() {
            outbox.cancel(token);
        }
        let rate = self.rate_per_s * f64::from(self.live);
        if rate > 0.0 {
            let after_s = self.exponential(1.0 / rate);
            let fail = Event {
                id: self.id,
                restores: false,
            };
            self.next_failure = Some(outbox.schedule(later(now, after_s), CLASS, fail));
        }
    }
}

/// At least a second later, so that no chain of events stands still, and never beyond what time can hold.
fn later(now: SimTime, seconds: f64) -> SimTime {
    now + Span::from_seconds(seconds.clamp(1.0, 1e12).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::des::EventQueue;
    use crate::random::Streams;

    /// Share of time with each number of blocks up, over many years.
    fn shares(spec: BlockFailureSpec, installed: u32, years: f64) -> Vec<f64> {
        let start = SimTime::from_unix_s(0);
        let mut queue = EventQueue::<Event>::new(start);
        let rng = Streams::new(7, 0).stream("blocks");
        let mut blocks = Blocks::new(&spec, Level::Ups, installed, 3, rng);
        blocks.start(start, &mut Outbox::new(&mut queue));
        let end = start + Span::from_seconds((years * YEAR_S) as i64);
        let (mut shares, mut last) = (vec![0.0; installed as usize + 1], start);
        while let Some((now, event)) = queue.pop().filter(|(t, _)| *t < end) {
            assert_eq!(event.id, 3);
            shares[blocks.live() as usize] += (now - last).as_hours();
            last = now;
            blocks.step(now, event, &mut Outbox::new(&mut queue));
        }
        let all: f64 = shares.iter().sum();
        shares.iter().map(|s| s / all).collect()
    }

    #[test]
    fn the_share_of_time_with_j_blocks_up_is_binomial() {
        // Ten failures a year, 100 h each: down for 100 / (100 + 876.6) of the time.
        let spec = BlockFailureSpec {
            per_year: Some(10.0),
            repair_hours: Some(100.0),
        };
        let down = 100.0 / (100.0 + 876.6);
        let measured = shares(spec, 3, 4_000.0);
        for (up, share) in measured.iter().enumerate() {
            let ways = [1.0, 3.0, 3.0, 1.0][up];
            let expected = ways * (1.0_f64 - down).powi(up as i32) * down.powi(3 - up as i32);
            // 120,000 repairs: three standard errors are below 3 %, and of the rarest state below 12 %.
            let tolerance = if up == 0 { 0.12 } else { 0.03 };
            assert!(
                (share / expected - 1.0).abs() < tolerance,
                "{up}: {share} {expected}"
            );
        }
    }

    #[test]
    fn counts_follow_redundancy_and_what_is_stated() {
        let spec = BlocksSpec::default();
        assert_eq!(spec.counts(Level::Ups, Redundancy::N), (4, 4));
        assert_eq!(spec.counts(Level::Ups, Redundancy::NPlusOne), (4, 5));
        assert_eq!(spec.counts(Level::Ups, Redundancy::TwoN), (4, 8));
        assert_eq!(spec.counts(Level::Feeder, Redundancy::TwoN), (1, 2));
        let stated = BlocksSpec {
            installed: Some(3),
            ..spec
        };
        assert_eq!(stated.counts(Level::Ups, Redundancy::TwoN), (3, 3));
    }

    #[test]
    fn no_blocks_and_more_needed_than_installed_are_refused() {
        let spec: BlocksSpec = toml::from_str("needed = 3\ninstalled = 2").unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("ups_blocks"), &mut problems);
        assert_eq!(problems.as_slice()[0].path.to_string(), "ups_blocks.installed");
        let none: BlocksSpec = toml::from_str("installed = 0\nfailures = { per_year = -1 }").unwrap();
        let mut problems = Problems::new();
        none.check(&FieldPath::root(), &mut problems);
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["installed", "failures.per_year"]);
    }
}
