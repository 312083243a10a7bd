//! The world's machines as a network: who breaks even at the day's hashprice mines, who does not leaves, and what is
//! built depends on what the best machine earns.
//!
//! Owns the fleet of the world by J/TH and what it does from day to day. What blocks and retargets mean is
//! `bitcoin_chain`'s; a scenario's own machines are too few to move it.

use rand::RngExt;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bitcoin::{BitcoinDay, YEAR_DAYS};
use super::bitcoin_chain::Chain;
use super::bitcoin_protocol::{btc_per_ph_day, hashrate_of_difficulty};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::SimTime;

/// The most classes of machines that a scenario may name.
const CLASSES_MAX: usize = 64;
/// Days in which what is built counts as one class.
const VINTAGE_DAYS: usize = 183;
/// The most by which the world's fleet grows in a year, as a log: makers cannot build faster (assumption; 2021 to 2023
/// brought at most a doubling a year).
const GROWTH_MAX: f64 = 0.7;
/// Megawatt-hours a day that one PH/s draws at 1 J/TH.
const MWH_PER_DAY_PER_PH_AT_ONE_J_PER_TH: f64 = 0.024;

/// A random price, and a network of machines that mine while they break even.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FrontierSpec {
    /// Price at the start, USD.
    pub start_btc_usd: f64,
    /// Difficulty at the start.
    pub start_difficulty: f64,
    /// Volatility of the price, log a square root of a year. Default 0.68: weekly returns of 2020 to 2023 (computed).
    #[serde(default = "volatility")]
    pub volatility: f64,
    /// Growth of the expected price, percent a year; 0 by default (an assumption: no view on the price).
    #[serde(default)]
    pub drift_percent_per_year: f64,
    /// The world's machines at the start. Default: shares by J/TH with a mean of 19.5 (assumption: fleets of listed miners
    /// took 17 to 22 J/TH in 2025).
    #[serde(default = "machines")]
    pub machines: Vec<WorldMachinesSpec>,
    /// Median of the power prices that the world's miners pay, USD/MWh. Default 55: with the default spread and machines
    /// 17 % of capacity lies below break-even at 40 USD a PH and day, as in late 2025 (`CoinShares`: 15 to 20, S43;
    /// computed).
    #[serde(default = "power_usd_per_mwh")]
    pub power_usd_per_mwh: f64,
    /// Spread of these prices: the scale of the logistic distribution of their log. Default 0.25 (assumption: half of all
    /// pay 42 to 72 USD/MWh).
    #[serde(default = "power_spread")]
    pub power_spread: f64,
    /// Days in which two thirds of the machines whose worth has crossed their power price leave or come back. Default 14
    /// (assumption: a retarget).
    #[serde(default = "response_days")]
    pub response_days: f64,
    /// J/TH of the best machine that is sold at the start. Default 12 (catalogue: S21 XP Hyd of 2024 to the S23 of 2026).
    #[serde(default = "best_j_per_th")]
    pub best_j_per_th: f64,
    /// Fall of that figure, percent a year. Default 18: S21 (17.5, September 2023) to S23 (11, January 2026), computed.
    #[serde(default = "best_percent_per_year")]
    pub best_percent_per_year: f64,
    /// Growth of the fleet, percent a year for each time that the best machine's worth covers its power beyond once, at
    /// most 100. Default 35: at a calm price hashprice then falls by 20 % a year, the trend of 2020 to 2023 (computed).
    #[serde(default = "growth_percent")]
    pub growth_percent_per_year: f64,
    /// Machines that stand still and are scrapped in a year, percent. Default 50 (assumption).
    #[serde(default = "scrapped_percent")]
    pub scrapped_percent_per_year: f64,
    /// A power price of the scenario that part of the world's miners pays. Default: none.
    #[serde(default)]
    pub power_follows: Option<FollowsSpec>,
}

/// Part of the world's miners pays a price of the scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowsSpec {
    /// Name of the price under `market.power`.
    pub price: Name,
    /// Share of the world's power prices that moves in proportion to its mean of 30 days, percent. Default 30 (assumption:
    /// the share of the United States in hashrate was 30 to 40 %).
    #[serde(default = "follows_percent")]
    pub share_percent: f64,
}

/// Machines of the world by efficiency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldMachinesSpec {
    /// Energy per hash, J/TH.
    pub j_per_th: f64,
    /// Share of installed hashrate, percent; shares are scaled to a hundred.
    pub share_percent: f64,
}

fn volatility() -> f64 {
    0.68
}
fn power_usd_per_mwh() -> f64 {
    55.0
}
fn power_spread() -> f64 {
    0.25
}
fn response_days() -> f64 {
    14.0
}
fn best_j_per_th() -> f64 {
    12.0
}
fn best_percent_per_year() -> f64 {
    18.0
}
fn growth_percent() -> f64 {
    35.0
}
fn scrapped_percent() -> f64 {
    50.0
}
fn follows_percent() -> f64 {
    30.0
}

fn machines() -> Vec<WorldMachinesSpec> {
    let shares = [
        (12.0, 10.0),
        (15.0, 20.0),
        (17.5, 20.0),
        (19.0, 12.0),
        (21.5, 18.0),
        (25.0, 8.0),
        (30.0, 12.0),
    ];
    shares
        .map(|(j_per_th, share_percent)| WorldMachinesSpec {
            j_per_th,
            share_percent,
        })
        .to_vec()
}

impl Check for FrontierSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let ranges = [
            ("start_btc_usd", self.start_btc_usd, 0.01, 1e9),
            ("start_difficulty", self.start_difficulty, 1.0, 1e20),
            ("volatility", self.volatility, 0.0, 3.0),
            (
                "drift_percent_per_year",
                self.drift_percent_per_year,
                -90.0,
                400.0,
            ),
            ("power_usd_per_mwh", self.power_usd_per_mwh, 0.1, 10_000.0),
            ("power_spread", self.power_spread, 0.01, 3.0),
            ("response_days", self.response_days, 1.0, 1_000.0),
            ("best_j_per_th", self.best_j_per_th, 0.1, 10_000.0),
            ("best_percent_per_year", self.best_percent_per_year, 0.0, 90.0),
            (
                "growth_percent_per_year",
                self.growth_percent_per_year,
                0.0,
                1_000.0,
            ),
            (
                "scrapped_percent_per_year",
                self.scrapped_percent_per_year,
                0.0,
                99.0,
            ),
        ];
        for (key, value, low, high) in ranges {
            problems.within(&at.key(key), value, low, high);
        }
        if let Some(follows) = &self.power_follows {
            let at = at.key("power_follows").key("share_percent");
            problems.within(&at, follows.share_percent, 0.0, 100.0);
        }
        let at = at.key("machines");
        if self.machines.is_empty() || self.machines.len() > CLASSES_MAX {
            let message = format!("{} classes: expected 1 to {CLASSES_MAX}", self.machines.len());
            problems.error(&at, message);
        }
        for (index, class) in self.machines.iter().enumerate() {
            let at = at.index(index);
            problems.within(&at.key("j_per_th"), class.j_per_th, 0.1, 100_000.0);
            problems.within(&at.key("share_percent"), class.share_percent, 1e-6, 1e6);
        }
    }
}

/// Machines of one efficiency.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Class {
    j_per_th: f64,
    /// Installed, hashes a second.
    installed: f64,
    /// Share that mines.
    online: f64,
}

/// The world's miners from day to day.
pub(super) struct Frontier {
    classes: Vec<Class>,
    chain: Chain,
    log_price: f64,
    fee_share: f64,
    /// Median power price of the world, USD/MWh.
    power: f64,
    /// One over the spread.
    steepness: f64,
    best_j_per_th: f64,
    days: usize,
    day: Daily,
}

/// Coefficients of one day.
#[derive(Debug, Clone, Copy)]
struct Daily {
    price_drift: f64,
    price_sd: f64,
    response: f64,
    improvement: f64,
    growth: f64,
    scrapped: f64,
}

impl Frontier {
    /// The world of a date: as much is installed as gives the start's difficulty with those online who break even.
    pub(super) fn new(spec: &FrontierSpec, fee_share: f64, start: SimTime) -> Self {
        let variance = spec.volatility * spec.volatility;
        let mut frontier = Self {
            classes: Vec::with_capacity(spec.machines.len() + 90),
            chain: Chain::new(start, spec.start_difficulty),
            log_price: spec.start_btc_usd.ln(),
            fee_share,
            power: spec.power_usd_per_mwh,
            steepness: spec.power_spread.recip(),
            best_j_per_th: spec.best_j_per_th,
            days: 0,
            day: Daily {
                price_drift: ((1.0 + spec.drift_percent_per_year / 100.0).ln() - 0.5 * variance) / YEAR_DAYS,
                price_sd: spec.volatility / YEAR_DAYS.sqrt(),
                response: -(-spec.response_days.recip()).exp_m1(),
                improvement: (1.0 - spec.best_percent_per_year / 100.0).ln() / YEAR_DAYS,
                growth: spec.growth_percent_per_year / 100.0 / YEAR_DAYS,
                scrapped: -(1.0 - spec.scrapped_percent_per_year / 100.0).ln() / YEAR_DAYS,
            },
        };
        let hashprice = frontier.hashprice();
        for class in &spec.machines {
            let online = frontier.breaking_even(class.j_per_th, hashprice, 1.0);
            frontier.classes.push(Class {
                j_per_th: class.j_per_th,
                installed: class.share_percent,
                online,
            });
        }
        let scale = hashrate_of_difficulty(spec.start_difficulty) / frontier.hashrate();
        for class in &mut frontier.classes {
            class.installed *= scale;
        }
        frontier
    }

    /// USD a PH/s and day at the chain's difficulty.
    fn hashprice(&self) -> f64 {
        let mined = btc_per_ph_day(self.chain.difficulty(), self.chain.subsidy_btc(), self.fee_share);
        mined * self.log_price.exp()
    }
    /// Hashes a second at work.
    fn hashrate(&self) -> f64 {
        self.classes.iter().map(|c| c.installed * c.online).sum()
    }
    /// Share of a class that breaks even where power costs `dearer` times what it did.
    fn breaking_even(&self, j_per_th: f64, hashprice: f64, dearer: f64) -> f64 {
        let worth = hashprice / (MWH_PER_DAY_PER_PH_AT_ONE_J_PER_TH * j_per_th);
        (1.0 + (self.power * dearer / worth.max(1e-9)).powf(self.steepness)).recip()
    }

    /// The day that begins now, with the power that part of the world pays `dearer` times as dear as on average; then
    /// moves to the next.
    pub(super) fn day(&mut self, dearer: f64, stream: &mut Stream) -> BitcoinDay {
        let (difficulty, subsidy) = (self.chain.difficulty(), self.chain.subsidy_btc());
        let today = BitcoinDay::new(self.log_price.exp(), difficulty, subsidy, self.fee_share);
        // Never so few that a block takes for ever.
        self.chain.mine_a_day(self.hashrate().max(1.0));
        let normal: f64 = stream.sample(StandardNormal);
        // Bounded so that no draw can leave the range in which the formulas hold.
        self.log_price =
            (self.log_price + self.day.price_drift + self.day.price_sd * normal).clamp(-5.0, 25.0);
        self.respond(dearer);
        self.build(dearer);
        self.days += 1;
        today
    }

    /// Machines come and go; of those that stand still, some are scrapped.
    fn respond(&mut self, dearer: f64) {
        let hashprice = self.hashprice();
        for index in 0..self.classes.len() {
            let target = self.breaking_even(self.classes[index].j_per_th, hashprice, dearer);
            let class = &mut self.classes[index];
            class.online += self.day.response * (target - class.online);
            let gone = class.installed * (1.0 - class.online) * self.day.scrapped;
            // Those that are scrapped stood still: what is online stays.
            let online = class.installed * class.online;
            class.installed -= gone;
            class.online = (online / class.installed.max(1.0)).min(1.0);
        }
    }

    /// New machines of the best kind, the more the better it pays.
    fn build(&mut self, dearer: f64) {
        self.best_j_per_th *= self.day.improvement.exp();
        let worth = self.hashprice() / (MWH_PER_DAY_PER_PH_AT_ONE_J_PER_TH * self.best_j_per_th);
        let cover = worth / (self.power * dearer) - 1.0;
        let growth = (self.day.growth * cover).clamp(0.0, GROWTH_MAX / YEAR_DAYS);
        let new = self.hashrate() * growth.exp_m1();
        let online = self.breaking_even(self.best_j_per_th, self.hashprice(), dearer);
        match self
            .classes
            .last_mut()
            .filter(|_| !self.days.is_multiple_of(VINTAGE_DAYS))
        {
            Some(class) => {
                let installed = class.installed + new;
                let mean = |old: f64, own: f64| (old * class.installed + own * new) / installed.max(1.0);
                let (j_per_th, share) = (
                    mean(class.j_per_th, self.best_j_per_th),
                    mean(class.online, online),
                );
                *class = Class {
                    j_per_th,
                    installed,
                    online: share,
                };
            }
            None => self.classes.push(Class {
                j_per_th: self.best_j_per_th,
                installed: new,
                online,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::bitcoin::{Bitcoin, BitcoinPath, BitcoinProcessSpec, BitcoinSpec};
    use crate::market::bitcoin_protocol::utc_day;
    use crate::random::Streams;

    fn spec(extra: &str) -> FrontierSpec {
        let text = format!("start_btc_usd = 91132\nstart_difficulty = 148.26e12\nvolatility = 0\n{extra}");
        toml::from_str(&text).unwrap()
    }

    fn path(spec: FrontierSpec, years: i16, dearer: Option<&[f64]>) -> BitcoinPath {
        let spec = BitcoinSpec {
            payout: None,
            series: None,
            process: Some(BitcoinProcessSpec::Frontier(spec)),
            fees_percent: 0.55,
        };
        let (start, end) = (utc_day(2026, 1, 12), utc_day(2026 + years, 1, 12));
        Bitcoin::new(&spec, None, start, end)
            .unwrap()
            .draw_with(&Streams::new(1, 0), dearer)
    }

    /// Frontier at a hashprice, by the price that makes it.
    fn world(hashprice: f64, extra: &str) -> Frontier {
        let mut spec = spec(extra);
        spec.start_btc_usd *= hashprice / 38.85;
        Frontier::new(&spec, 0.005_5, utc_day(2026, 1, 12))
    }

    #[test]
    fn a_sixth_of_the_worlds_capacity_is_below_break_even_at_forty_dollars() {
        // CoinShares: 15 to 20 % at the end of 2025.
        let world = world(40.0, "");
        let installed: f64 = world.classes.iter().map(|c| c.installed).sum();
        let below = 1.0 - world.hashrate() / installed;
        assert!((0.15..0.20).contains(&below), "{below}");
        assert!((world.hashrate() / hashrate_of_difficulty(148.26e12) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_class_is_half_online_where_its_worth_is_the_median_power_price() {
        let world = world(40.0, "");
        // 40 / (0.024 * J) = 55: 30.3 J/TH.
        let share = world.breaking_even(40.0 / (0.024 * 55.0), 40.0, 1.0);
        assert!((share - 0.5).abs() < 1e-12);
        // Power a quarter dearer: 1 / (1 + 1.25^4).
        let dear = world.breaking_even(40.0 / (0.024 * 55.0), 40.0, 1.25);
        assert!((dear - 1.0 / (1.0 + 1.25_f64.powi(4))).abs() < 1e-12);
    }

    #[test]
    fn a_fall_of_the_price_turns_marginal_machines_off_over_some_retargets() {
        // Nothing is built or scrapped; the price falls by a quarter over six weeks.
        let calm = "growth_percent_per_year = 0\nscrapped_percent_per_year = 0";
        let mut world = world(40.0, calm);
        let mut stream = Streams::new(1, 0).stream("bitcoin");
        let before = world.chain.difficulty();
        let mut seen = vec![before];
        for day in 0..200 {
            world.log_price += if day < 42 { 0.75_f64.ln() / 42.0 } else { 0.0 };
            world.day(1.0, &mut stream);
            let now = world.chain.difficulty();
            if now != seen[seen.len() - 1] {
                seen.push(now);
            }
        }
        // Three adjustments downwards in a row, as in late 2025, and rest where the equation of balance is met.
        assert!(
            seen[1..4].windows(2).all(|w| w[1] < w[0]) && seen[1] < before,
            "{seen:?}"
        );
        let hashprice = world.hashprice();
        let balance: f64 = world
            .classes
            .iter()
            .map(|c| c.installed * world.breaking_even(c.j_per_th, hashprice, 1.0))
            .sum();
        let off = hashrate_of_difficulty(world.chain.difficulty()) / balance - 1.0;
        assert!(off.abs() < 0.01, "{off}");
        assert!(
            (0.80..0.95).contains(&(world.chain.difficulty() / before)),
            "{seen:?}"
        );
        // Who is thriftiest loses least.
        let online = |j: f64| world.classes.iter().find(|c| c.j_per_th == j).unwrap().online;
        assert!(
            online(12.0) > 0.92 && online(30.0) < 0.35,
            "{} {}",
            online(12.0),
            online(30.0)
        );
    }

    #[test]
    fn a_calm_price_lets_hashprice_fall_with_the_best_machine() {
        // Over two years before a halving: the measured trend of 2020 to 2023 is 0.229 a year, 20 %.
        let path = path(spec(""), 2, None);
        let at = |day: usize| path.days()[day].hashprice_usd_per_ph_day;
        let a_year = (at(720) / at(0)).powf(365.25 / 720.0) - 1.0;
        assert!((-0.23..-0.17).contains(&a_year), "{a_year}");
    }

    #[test]
    fn a_halving_costs_hashprice_less_than_half_for_a_while() {
        let path = path(spec(""), 4, None);
        let halving = path.halvings()[0];
        let at = |days: i64| {
            path.at(halving + crate::time::Span::from_seconds(86_400 * days))
                .hashprice_usd_per_ph_day
        };
        assert!((at(0) / at(-1) - 0.5).abs() < 0.03, "{}", at(0) / at(-1));
        // Those who no longer break even leave, and blocks become easier for the others.
        assert!(at(90) / at(-1) > 0.55, "{}", at(90) / at(-1));
    }

    #[test]
    fn dear_power_somewhere_raises_hashprice_everywhere() {
        let dear = vec![1.3; 366];
        let usual = path(spec(""), 1, None);
        let moved = path(spec(""), 1, Some(&dear));
        let ratio = moved.days()[200].hashprice_usd_per_ph_day / usual.days()[200].hashprice_usd_per_ph_day;
        assert!(ratio > 1.03 && ratio < 1.3, "{ratio}");
        // Price alone moves nothing at once: difficulty waits for its retarget.
        assert_eq!(moved.days()[1], usual.days()[1]);
    }

    #[test]
    fn forty_wild_years_stay_within_the_numbers() {
        let path = path(spec("").with_volatility(1.5), 40, None);
        assert!(
            path.days()
                .iter()
                .all(|d| d.hashprice_usd_per_ph_day.is_finite() && d.difficulty >= 1.0)
        );
    }

    impl FrontierSpec {
        fn with_volatility(mut self, volatility: f64) -> Self {
            self.volatility = volatility;
            self
        }
    }
}
