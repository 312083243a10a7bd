//! Coins that graphics cards mine: price, issue and network of each chain day by day, from a file or a process.
//!
//! Owns one daily path a replication of every chain, the day a chain ends for miners (Ethereum's Merge), and where the
//! world's cards go then (`network`). Does not own cards or what they cost to run. Bitcoin has its own module.

mod format;
mod network;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::Algorithm;
use crate::id::Name;
use crate::ingest::GapPolicy;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Streams, standard_normal};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

pub use format::{COLUMNS, CoinRow, CoinSeries};
use network::{CardNetwork, Claim};
pub use network::{CardNetworkSpec, joules_per_mh};

/// The most chains of a scenario.
pub const COINS_MAX: usize = 32;
/// The most points of a price or steps of an issue.
const POINTS_MAX: usize = 1_000;
/// Days by which a series may be held at its ends.
const HELD_DAYS_MAX: i64 = 7;
/// Days a year.
const YEAR_DAYS: f64 = 365.25;

/// What graphics cards can mine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuMiningSpec {
    /// Chains by name; batches of cards refer to them. At most 32.
    pub coins: IndexMap<Name, CoinSpec>,
    /// The world's cards, which follow what pays among the chains that have a `process`.
    #[serde(default)]
    pub network: CardNetworkSpec,
}

/// A chain. Exactly one of `series` and `process`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoinSpec {
    /// Its proof of work: `ethash`, `etchash`, `kawpow`, `autolykos` or `firopow`.
    pub algorithm: Algorithm,
    /// Day, UTC, from which nobody mines it, `YYYY-MM-DD`; Ethereum's is `2022-09-15`, the Merge. Default: never.
    #[serde(default)]
    pub ends: Option<String>,
    /// A file of daily price, network and issue that covers the horizon, or reaches to `ends`.
    #[serde(default)]
    pub series: Option<CoinSeriesSpec>,
    /// Price and issue as stated; the network follows what pays.
    #[serde(default)]
    pub process: Option<CoinProcessSpec>,
}

/// A file of daily data of a coin: `date,usd,network_hashrate_th_s,coins_per_day`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoinSeriesSpec {
    /// Path of the file; `data:` stands for the data folder.
    pub file: String,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
}

/// A price through stated points with noise, and a stated issue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoinProcessSpec {
    /// Expected price on given days, in order; its log is linear between them and level outside.
    pub points: Vec<PricePointSpec>,
    /// Volatility of the log of the price around these points, percent, a square root of a year; the expected price
    /// stays that of the points. Default 0: as stated.
    #[serde(default)]
    pub volatility_percent: f64,
    /// Coins that all miners earn in a day at the start, fees included.
    pub coins_per_day: f64,
    /// Days on which that changes (halvings, reductions), in order. Default: none.
    #[serde(default)]
    pub steps: Vec<IssueStepSpec>,
}

/// A price on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PricePointSpec {
    /// Day, UTC, `YYYY-MM-DD`.
    pub on: String,
    /// Price, USD.
    pub usd: f64,
}

/// An issue from a day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueStepSpec {
    /// First day, UTC, `YYYY-MM-DD`.
    pub on: String,
    /// Coins that all miners earn in a day, fees included.
    pub coins_per_day: f64,
}

impl Check for GpuMiningSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.network.check(&at.key("network"), problems);
        let at = at.key("coins");
        if self.coins.is_empty() || self.coins.len() > COINS_MAX {
            let message = format!("{} chains: expected 1 to {COINS_MAX}", self.coins.len());
            problems.error(&at, message);
        }
        for (name, coin) in &self.coins {
            problems.name(&at.key(name.as_str()), name);
            coin.check(&at.key(name.as_str()), problems);
        }
    }
}

impl Check for CoinSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.series.is_some() == self.process.is_some() {
            problems.error(at, "expected exactly one of `series` and `process`");
        }
        if let Some(ends) = &self.ends {
            check_date(&at.key("ends"), ends, problems);
        }
        if self.series.as_ref().is_some_and(|s| s.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
        if let Some(process) = &self.process {
            process.check(&at.key("process"), problems);
        }
    }
}

impl Check for CoinProcessSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("volatility_percent"), self.volatility_percent, 0.0, 500.0);
        problems.within(&at.key("coins_per_day"), self.coins_per_day, 0.0, 1e12);
        if self.points.is_empty() {
            problems.error(&at.key("points"), "a price needs at least one point");
        }
        for (index, point) in self.points.iter().enumerate() {
            let at = at.key("points").index(index).key("usd");
            problems.within(&at, point.usd, 1e-9, 1e9);
        }
        for (index, step) in self.steps.iter().enumerate() {
            let at = at.key("steps").index(index).key("coins_per_day");
            problems.within(&at, step.coins_per_day, 0.0, 1e12);
        }
        check_days(
            &at.key("points"),
            self.points.iter().map(|p| p.on.as_str()),
            problems,
        );
        check_days(
            &at.key("steps"),
            self.steps.iter().map(|s| s.on.as_str()),
            problems,
        );
    }
}

fn check_date(at: &FieldPath, text: &str, problems: &mut Problems) {
    if parse_date(text).is_none() {
        problems.error(
            at,
            format!("expected a date such as `2022-09-15`, found `{text}`"),
        );
    }
}

/// Days are dates, in order, and not too many.
fn check_days<'a>(at: &FieldPath, days: impl Iterator<Item = &'a str>, problems: &mut Problems) {
    let mut last = None;
    for (index, text) in days.enumerate() {
        if index >= POINTS_MAX {
            problems.error(at, format!("more than {POINTS_MAX} days"));
            return;
        }
        let at = at.index(index).key("on");
        check_date(&at, text, problems);
        let day = utc_midnight(text);
        if day.is_some() && day <= last {
            problems.error(
                &at,
                format!("`{text}` is not after the day before it in the list"),
            );
        }
        last = day.or(last);
    }
}

fn utc_midnight(text: &str) -> Option<SimTime> {
    parse_date(text).and_then(|date| Calendar::utc().start_of(date))
}

/// A chain on a day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CoinDay {
    /// Price, USD.
    pub usd: f64,
    /// Hashrate of the network, TH/s; nought where nobody mines it.
    pub network_th_s: f64,
    /// Coins that a megahash a second earns in the day, fees included.
    pub coins_per_mh_day: f64,
}

impl CoinDay {
    fn new(usd: f64, network_th_s: f64, coins_per_day: f64) -> Self {
        let mined = network_th_s > 0.0;
        Self {
            usd,
            network_th_s,
            coins_per_mh_day: if mined {
                coins_per_day / (network_th_s * 1e6)
            } else {
                0.0
            },
        }
    }
    /// What a megahash a second earns in the day, USD.
    pub fn usd_per_mh_day(&self) -> f64 {
        self.usd * self.coins_per_mh_day
    }
}

/// All chains over a horizon, one entry a UTC day.
#[derive(Debug, Clone, PartialEq)]
pub struct CoinPaths {
    start: SimTime,
    days: usize,
    algorithms: Vec<Algorithm>,
    /// Days of a chain stand together: `chain * days + day`.
    entries: Vec<CoinDay>,
    idle_share: Vec<f64>,
    ends: Vec<Option<SimTime>>,
}

impl CoinPaths {
    /// How many chains there are.
    pub fn len(&self) -> usize {
        self.algorithms.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.algorithms.is_empty()
    }
    /// A chain's proof of work.
    pub fn algorithm(&self, coin: usize) -> Algorithm {
        self.algorithms[coin]
    }
    /// The day that holds at `time`, counted from the first, clamped.
    pub fn day_of(&self, time: SimTime) -> usize {
        let day = (time - self.start).as_seconds().div_euclid(DAY_S);
        day.clamp(0, self.days as i64 - 1) as usize
    }
    /// A chain on a day.
    pub fn on(&self, coin: usize, day: usize) -> &CoinDay {
        &self.entries[coin * self.days + day]
    }
    /// Share of the world's mining cards that stand on a day.
    pub fn idle_share(&self, day: usize) -> f64 {
        self.idle_share[day]
    }
    /// When a chain ends for miners.
    pub fn ends(&self, coin: usize) -> Option<SimTime> {
        self.ends[coin]
    }
}

/// Checked chains, ready to be drawn.
#[derive(Debug, Clone)]
pub struct GpuMining {
    start: SimTime,
    days: usize,
    network: CardNetworkSpec,
    chains: Vec<Chain>,
}

#[derive(Debug, Clone)]
struct Chain {
    name: Name,
    algorithm: Algorithm,
    ends: Option<SimTime>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Days from the path's first.
    Known(Vec<CoinRow>),
    Process {
        points: Vec<(SimTime, f64)>,
        volatility: f64,
        coins_per_day: f64,
        steps: Vec<(SimTime, f64)>,
    },
}

impl GpuMining {
    /// Builds a checked spec for the horizon `[start, end)`; `series` is what each chain's file held. Says what does not
    /// fit.
    pub fn new(
        spec: &GpuMiningSpec,
        series: &[Option<CoinSeries>],
        start: SimTime,
        end: SimTime,
    ) -> Result<Self, String> {
        let first = start.as_unix_s().div_euclid(DAY_S) * DAY_S;
        let days = ((end.as_unix_s() - first + DAY_S - 1) / DAY_S).max(1) as usize;
        let start = SimTime::from_unix_s(first);
        let mut chains = Vec::new();
        for ((name, coin), series) in spec.coins.iter().zip(series) {
            let ends = coin.ends.as_deref().and_then(utc_midnight);
            let source = match (series, &coin.process) {
                (Some(series), _) => Source::Known(replayed(name, series, ends, (start, days))?),
                (None, Some(process)) => of_process(process),
                (None, None) => return Err(format!("`{name}` has no source")),
            };
            chains.push(Chain {
                name: name.clone(),
                algorithm: coin.algorithm,
                ends,
                source,
            });
        }
        Ok(Self {
            start,
            days,
            network: spec.network.clone(),
            chains,
        })
    }

    /// One path of every chain, each from the stream `coins/` and its name.
    pub fn draw(&self, streams: &Streams) -> CoinPaths {
        let prices: Vec<Vec<f64>> = self.chains.iter().map(|c| self.prices(c, streams)).collect();
        let mut network = CardNetwork::new(&self.network);
        let mut entries = vec![CoinDay::default(); self.chains.len() * self.days];
        let mut idle_share = Vec::with_capacity(self.days);
        let mut claims = Vec::with_capacity(self.chains.len());
        for day in 0..self.days {
            let now = self.start + Span::from_seconds(DAY_S * day as i64);
            claims.clear();
            claims.extend(
                self.chains
                    .iter()
                    .zip(&prices)
                    .map(|(c, p)| c.claim(now, day, p[day])),
            );
            let at_mw = network.day(&claims);
            for (index, chain) in self.chains.iter().enumerate() {
                let th_s = at_mw[index] / joules_per_mh(chain.algorithm);
                entries[index * self.days + day] =
                    CoinDay::new(prices[index][day], th_s, chain.issue(now, day));
            }
            idle_share.push(network.idle_share());
        }
        CoinPaths {
            start: self.start,
            days: self.days,
            algorithms: self.chains.iter().map(|c| c.algorithm).collect(),
            entries,
            idle_share,
            ends: self.chains.iter().map(|c| c.ends).collect(),
        }
    }

    fn prices(&self, chain: &Chain, streams: &Streams) -> Vec<f64> {
        match &chain.source {
            Source::Known(rows) => rows.iter().map(|row| row.usd).collect(),
            Source::Process {
                points, volatility, ..
            } => {
                let mut stream = streams.stream(&format!("coins/{}", chain.name));
                let a_day = volatility / YEAR_DAYS.sqrt();
                let mut log = 0.0;
                let mut day = |day: usize| {
                    let now = self.start + Span::from_seconds(DAY_S * day as i64);
                    if *volatility > 0.0 && day > 0 {
                        log += a_day * standard_normal(&mut stream) - 0.5 * a_day * a_day;
                    }
                    price_at(points, now) * f64::exp(log)
                };
                (0..self.days).map(&mut day).collect()
            }
        }
    }
}

impl Chain {
    fn ended(&self, now: SimTime) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
    /// Coins of a day.
    fn issue(&self, now: SimTime, day: usize) -> f64 {
        if self.ended(now) {
            return 0.0;
        }
        match &self.source {
            Source::Known(rows) => rows[day].coins_per_day,
            Source::Process {
                coins_per_day, steps, ..
            } => {
                let begun = steps.iter().take_while(|(on, _)| *on <= now).last();
                begun.map_or(*coins_per_day, |(_, coins)| *coins)
            }
        }
    }
    fn claim(&self, now: SimTime, day: usize, usd: f64) -> Claim {
        match &self.source {
            Source::Known(rows) if !self.ended(now) => {
                Claim::Known(rows[day].network_th_s * joules_per_mh(self.algorithm))
            }
            Source::Known(_) => Claim::Known(0.0),
            Source::Process { .. } => Claim::Worth(usd * self.issue(now, day)),
        }
    }
}

fn of_process(spec: &CoinProcessSpec) -> Source {
    let points = spec.points.iter();
    let steps = spec.steps.iter();
    Source::Process {
        points: points
            .filter_map(|p| Some((utc_midnight(&p.on)?, p.usd)))
            .collect(),
        volatility: spec.volatility_percent / 100.0,
        coins_per_day: spec.coins_per_day,
        steps: steps
            .filter_map(|s| Some((utc_midnight(&s.on)?, s.coins_per_day)))
            .collect(),
    }
}

/// The price on a day: its log is linear between points, level outside.
fn price_at(points: &[(SimTime, f64)], now: SimTime) -> f64 {
    let after = points.partition_point(|(on, _)| *on <= now);
    match (after.checked_sub(1).map(|i| points[i]), points.get(after)) {
        (Some((from, low)), Some((to, high))) => {
            let share = (now - from).as_days() / (*to - from).as_days();
            (low.ln() + share * (high.ln() - low.ln())).exp()
        }
        (Some((_, usd)), None) => usd,
        (None, Some((_, usd))) => *usd,
        (None, None) => 0.0,
    }
}

/// A file's days over the horizon or to the chain's end; its own ends are held for a week at most.
fn replayed(
    name: &Name,
    series: &CoinSeries,
    ends: Option<SimTime>,
    (start, days): (SimTime, usize),
) -> Result<Vec<CoinRow>, String> {
    let last = series.days.len() as i64 - 1;
    let offset = (start - series.start).as_seconds() / DAY_S;
    let mined = ends.map_or(days as i64, |ends| {
        ((ends - start).as_seconds() / DAY_S).clamp(0, days as i64)
    });
    let (before, after) = (-offset, offset + mined - 1 - last);
    if mined > 0 && (before > HELD_DAYS_MAX || after > HELD_DAYS_MAX) {
        let end = series.start + Span::from_seconds(DAY_S * (last + 1));
        return Err(format!(
            "data of `{name}` cover {} to {end}; the horizon begins {start} and {mined} of its days are mined",
            series.start
        ));
    }
    let day = |i: i64| series.days[(offset + i).clamp(0, last) as usize];
    Ok((0..days as i64).map(day).collect())
}

#[cfg(test)]
mod tests;
