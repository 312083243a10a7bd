//! Bitcoin as a miner meets it: price, difficulty, subsidy and fees, day by day, and the hashprice they make.
//!
//! Owns one daily path a replication, from a file or a process whose retargets and halvings follow the block clock
//! (the protocol's arithmetic: `bitcoin_protocol`,
//! its blocks: `bitcoin_chain`, the fitted network: `bitcoin_network`, the world's
//! machines: `bitcoin_frontier`). Does not own machines or what they cost to run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bitcoin_format::{BitcoinFormat, BitcoinSeries};
use super::bitcoin_frontier::Frontier;
pub use super::bitcoin_frontier::{FollowsSpec, FrontierSpec, WorldMachinesSpec};
use super::bitcoin_network::Network;
pub use super::bitcoin_network::{BitcoinPreset, PRESETS, PriceAndDifficultySpec};
pub use super::bitcoin_protocol::{
    BLOCKS_PER_DAY, BLOCKS_PER_HALVING, btc_per_ph_day, difficulty_of_hashrate, hashrate_of_difficulty,
    height_at, subsidy_btc,
};
use super::payout::PayoutSpec;
use crate::id::Name;
use crate::ingest::GapPolicy;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Streams;
use crate::time::{DAY_S, SimTime, Span};

/// Days by which a series may be held at its ends: zones differ from UTC, and a file may end at the last full day.
const HELD_DAYS_MAX: i64 = 7;
/// Days a year.
pub(super) const YEAR_DAYS: f64 = 365.25;

/// Bitcoin in a scenario. Exactly one of `series` and `process`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BitcoinSpec {
    /// A file of daily price and difficulty that covers the horizon.
    #[serde(default)]
    pub series: Option<BitcoinSeriesSpec>,
    /// A random or fixed process.
    #[serde(default)]
    pub process: Option<BitcoinProcessSpec>,
    /// Fees over subsidy where a file has none, percent; 1 by default (0.55 to 1.9 in 2025-26: Hashrate Index,
    /// sourced; the single figure is an assumption).
    #[serde(default = "fees_percent")]
    pub fees_percent: f64,
    /// How the pool pays. Default: full pay per share, whose fee is `costs.mining_pool_fee_percent`.
    #[serde(default)]
    pub payout: Option<PayoutSpec>,
}

fn fees_percent() -> f64 {
    1.0
}

/// A file of daily bitcoin data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BitcoinSeriesSpec {
    /// Path of the file; `data:` stands for the data folder.
    pub file: String,
    /// Its layout; `native` by default.
    #[serde(default)]
    pub format: BitcoinFormat,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
}

/// How bitcoin moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BitcoinProcessSpec {
    /// A random price, and a network whose hashrate answers it.
    PriceAndDifficulty(PriceAndDifficultySpec),
    /// A random price, and a network of machines that mine while they break even.
    Frontier(FrontierSpec),
    /// Price and hashprice stand still but for a stated decline.
    FixedHashprice(FixedHashpriceSpec),
}

/// Price and hashprice stand still but for a stated decline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedHashpriceSpec {
    /// Price, USD.
    pub btc_usd: f64,
    /// Hashprice at the start, fees included, USD a petahash a second and day.
    pub usd_per_ph_day: f64,
    /// Decline of the hashprice, percent a year; 0 by default.
    #[serde(default)]
    pub decline_percent_per_year: f64,
}

impl Check for BitcoinSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.series.is_some() == self.process.is_some() {
            problems.error(at, "expected exactly one of `series` and `process`");
        }
        problems.percent(&at.key("fees_percent"), self.fees_percent, 1_000.0);
        if let Some(payout) = &self.payout {
            payout.check(&at.key("payout"), problems);
        }
        if self.series.as_ref().is_some_and(|s| s.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
        match &self.process {
            Some(BitcoinProcessSpec::PriceAndDifficulty(spec)) => {
                spec.check(&at.key("process").key("price_and_difficulty"), problems);
            }
            Some(BitcoinProcessSpec::FixedHashprice(spec)) => {
                let at = at.key("process").key("fixed_hashprice");
                problems.within(&at.key("btc_usd"), spec.btc_usd, 0.01, 1e9);
                problems.within(&at.key("usd_per_ph_day"), spec.usd_per_ph_day, 0.0, 1e6);
                problems.within(
                    &at.key("decline_percent_per_year"),
                    spec.decline_percent_per_year,
                    -100.0,
                    99.0,
                );
            }
            Some(BitcoinProcessSpec::Frontier(spec)) => {
                spec.check(&at.key("process").key("frontier"), problems);
            }
            None => {}
        }
    }
}

/// One day of the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BitcoinDay {
    /// Price, USD.
    pub btc_usd: f64,
    /// Bitcoin mined by one petahash a second in the day, fees included.
    pub btc_per_ph_day: f64,
    /// What that is worth, USD.
    pub hashprice_usd_per_ph_day: f64,
    /// Difficulty; zero where only a hashprice was stated.
    pub difficulty: f64,
    /// Subsidy of a block, bitcoin.
    pub subsidy_btc: f64,
    /// Transaction fees over subsidy.
    pub fee_share: f64,
    /// The share of the coins that the pool pays, before its fee: as expected, and as it comes.
    pub paid: (f64, f64),
}

impl BitcoinDay {
    pub(super) fn new(btc_usd: f64, difficulty: f64, subsidy_btc: f64, fee_share: f64) -> Self {
        let mined = btc_per_ph_day(difficulty, subsidy_btc, fee_share);
        Self {
            btc_usd,
            btc_per_ph_day: mined,
            hashprice_usd_per_ph_day: mined * btc_usd,
            difficulty,
            subsidy_btc,
            fee_share,
            paid: (1.0, 1.0),
        }
    }
    /// What hashes are expected to be paid, USD per PH/s and day, before the pool's fee.
    pub fn pay_usd_per_ph_day(&self) -> f64 {
        self.hashprice_usd_per_ph_day * self.paid.0
    }
    /// What they are paid, bitcoin.
    pub fn paid_btc_per_ph_day(&self) -> f64 {
        self.btc_per_ph_day * self.paid.1
    }
}

/// The network over a horizon, one entry a UTC day.
#[derive(Debug, Clone, PartialEq)]
pub struct BitcoinPath {
    start: SimTime,
    days: Vec<BitcoinDay>,
    halvings: Vec<SimTime>,
}

impl BitcoinPath {
    /// Midnight UTC at which the first day begins.
    pub fn start(&self) -> SimTime {
        self.start
    }
    /// The days in order.
    pub fn days(&self) -> &[BitcoinDay] {
        &self.days
    }
    /// The days from which a smaller subsidy holds, by midnight UTC.
    pub fn halvings(&self) -> &[SimTime] {
        &self.halvings
    }
    /// The day that holds at `time`, clamped to the path.
    pub fn at(&self, time: SimTime) -> BitcoinDay {
        let day = (time - self.start).as_seconds().div_euclid(DAY_S);
        self.days[day.clamp(0, self.days.len() as i64 - 1) as usize]
    }
    fn new(start: SimTime, days: Vec<BitcoinDay>) -> Self {
        assert!(!days.is_empty(), "a path has at least a day");
        let halved = |(i, w): (usize, &[BitcoinDay])| {
            (w[1].subsidy_btc < w[0].subsidy_btc).then(|| start + Span::from_seconds(DAY_S * (i as i64 + 1)))
        };
        let halvings = days.windows(2).enumerate().filter_map(halved).collect();
        Self {
            start,
            days,
            halvings,
        }
    }
}

/// Checked bitcoin, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Bitcoin {
    start: SimTime,
    days: usize,
    source: Source,
    payout: Option<PayoutSpec>,
}

#[derive(Debug, Clone)]
enum Source {
    Path(BitcoinPath),
    Process {
        spec: PriceAndDifficultySpec,
        preset: BitcoinPreset,
        fee_share: f64,
    },
    Frontier {
        spec: FrontierSpec,
        fee_share: f64,
    },
}

impl Bitcoin {
    /// Builds a checked spec for the horizon `[start, end)`; `series` is what its file held. Says what does not fit.
    pub fn new(
        spec: &BitcoinSpec,
        series: Option<&BitcoinSeries>,
        start: SimTime,
        end: SimTime,
    ) -> Result<Self, String> {
        let first = start.as_unix_s().div_euclid(DAY_S) * DAY_S;
        let days = ((end.as_unix_s() - first + DAY_S - 1) / DAY_S).max(1) as usize;
        let start = SimTime::from_unix_s(first);
        let fee_share = spec.fees_percent / 100.0;
        let source = match (series, &spec.process) {
            (Some(series), _) => Source::Path(replayed(series, start, days, fee_share)?),
            (None, Some(BitcoinProcessSpec::FixedHashprice(fixed))) => {
                Source::Path(fixed_path(fixed, start, days, fee_share))
            }
            (None, Some(BitcoinProcessSpec::PriceAndDifficulty(process))) => {
                let preset = PRESETS.into_iter().find(|p| p.name == process.preset);
                let preset = preset.ok_or_else(|| format!("unknown bitcoin process `{}`", process.preset))?;
                Source::Process {
                    spec: process.clone(),
                    preset,
                    fee_share,
                }
            }
            (None, Some(BitcoinProcessSpec::Frontier(spec))) => Source::Frontier {
                spec: spec.clone(),
                fee_share,
            },
            (None, None) => return Err("bitcoin has no source".to_owned()),
        };
        let payout = spec.payout.clone();
        Ok(Self {
            start,
            days,
            source,
            payout,
        })
    }

    /// The power price of the scenario that part of the world's miners pays, where the network follows one.
    pub fn follows(&self) -> Option<&Name> {
        match &self.source {
            Source::Frontier { spec, .. } => spec.power_follows.as_ref().map(|f| &f.price),
            _ => None,
        }
    }

    /// One path from the stream `bitcoin`, where the world's power stays as dear as it is.
    pub fn draw(&self, streams: &Streams) -> BitcoinPath {
        self.draw_with(streams, None)
    }

    /// Likewise with what the price that the network follows is each day over its mean; the last day is held.
    pub fn draw_with(&self, streams: &Streams, relative: Option<&[f64]>) -> BitcoinPath {
        let mut path = self.draw_network(streams, relative);
        if let Some(payout) = &self.payout {
            let mut stream = streams.stream("payout");
            for day in &mut path.days {
                day.paid = payout.day(day.fee_share, &mut stream);
            }
        }
        path
    }

    fn draw_network(&self, streams: &Streams, relative: Option<&[f64]>) -> BitcoinPath {
        match &self.source {
            Source::Frontier { spec, fee_share } => {
                let mut world = Frontier::new(spec, *fee_share, self.start);
                let mut stream = streams.stream("bitcoin");
                let share = spec
                    .power_follows
                    .as_ref()
                    .map_or(1.0, |f| f.share_percent / 100.0);
                let dearer = |day: usize| {
                    let relative = relative.and_then(|r| r.get(day).or(r.last()));
                    // Prices may fall below nought; the world's median does not.
                    (1.0 + share * (relative.copied().unwrap_or(1.0) - 1.0)).clamp(0.1, 10.0)
                };
                let days = (0..self.days)
                    .map(|day| world.day(dearer(day), &mut stream))
                    .collect();
                BitcoinPath::new(self.start, days)
            }
            Source::Path(path) => path.clone(),
            Source::Process {
                spec,
                preset,
                fee_share,
            } => {
                let mut network = Network::new(spec, preset, *fee_share, self.start);
                let mut stream = streams.stream("bitcoin");
                BitcoinPath::new(
                    self.start,
                    (0..self.days).map(|_| network.day(&mut stream)).collect(),
                )
            }
        }
    }
}

/// A file's days over the horizon; its ends are held for a week at most.
fn replayed(
    series: &BitcoinSeries,
    start: SimTime,
    days: usize,
    fee_share: f64,
) -> Result<BitcoinPath, String> {
    let last = series.days.len() as i64 - 1;
    let offset = (start - series.start).as_seconds() / DAY_S;
    let (before, after) = (-offset, offset + days as i64 - 1 - last);
    if before > HELD_DAYS_MAX || after > HELD_DAYS_MAX {
        let end = series.start + Span::from_seconds(DAY_S * (last + 1));
        return Err(format!(
            "bitcoin data cover {} to {end}; the horizon begins {start} and has {days} days",
            series.start
        ));
    }
    let day = |i: usize| {
        let day = series.days[(offset + i as i64).clamp(0, last) as usize];
        let subsidy = subsidy_btc(height_at(start + Span::from_seconds(DAY_S * i as i64)));
        let fees = day
            .fees_btc
            .map_or(fee_share, |fees| fees / (BLOCKS_PER_DAY * subsidy));
        BitcoinDay::new(day.btc_usd, day.difficulty, subsidy, fees)
    };
    Ok(BitcoinPath::new(start, (0..days).map(day).collect()))
}

fn fixed_path(spec: &FixedHashpriceSpec, start: SimTime, days: usize, fee_share: f64) -> BitcoinPath {
    let decline = (1.0 - spec.decline_percent_per_year / 100.0).ln() / YEAR_DAYS;
    let day = |i: usize| {
        let hashprice = spec.usd_per_ph_day * (decline * i as f64).exp();
        BitcoinDay {
            btc_usd: spec.btc_usd,
            btc_per_ph_day: hashprice / spec.btc_usd,
            hashprice_usd_per_ph_day: hashprice,
            difficulty: 0.0,
            subsidy_btc: subsidy_btc(height_at(start + Span::from_seconds(DAY_S * i as i64))),
            fee_share,
            paid: (1.0, 1.0),
        }
    };
    BitcoinPath::new(start, (0..days).map(day).collect())
}

#[cfg(test)]
#[path = "bitcoin_tests.rs"]
mod tests;
