//! The fitted network: a random price, and a hashrate that answers it by regression.
//!
//! Owns the spec, its fitted presets and the day-by-day state. What blocks and retargets mean is `bitcoin_chain`'s.

use rand::RngExt;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bitcoin::{BitcoinDay, YEAR_DAYS};
use super::bitcoin_chain::Chain;
use super::bitcoin_protocol::{btc_per_ph_day, difficulty_of_hashrate, hashrate_of_difficulty};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::SimTime;

/// A random price, and a network whose hashrate answers it. Figures left out come from the preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceAndDifficultySpec {
    /// The fitted years: `2020-2023` (the default) or `2016-2023`.
    #[serde(default = "default_preset")]
    pub preset: String,
    /// Price at the start, USD.
    pub start_btc_usd: f64,
    /// Difficulty at the start.
    pub start_difficulty: f64,
    /// Volatility of the price, log a square root of a year; the preset's by default.
    #[serde(default)]
    pub volatility: Option<f64>,
    /// Growth of the expected price, percent a year; 0 by default (an assumption: no view on the price). The median
    /// then falls by half the variance a year.
    #[serde(default)]
    pub drift_percent_per_year: f64,
    /// Decline of hashprice that better machines bring, percent a year; the preset's by default.
    #[serde(default)]
    pub efficiency_percent_per_year: Option<f64>,
}

fn default_preset() -> String {
    "2020-2023".to_owned()
}

/// A fitted network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BitcoinPreset {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Log volatility of the price, a square root of a year: weekly returns.
    pub volatility: f64,
    /// Log hashrate by log price, within about two months.
    pub elasticity: f64,
    /// How fast hashrate closes the distance of log hashprice to its trend, a year.
    pub reversion_per_year: f64,
    /// Log decline of hashprice a year.
    pub efficiency_log_per_year: f64,
    /// Standard deviation of the month's unexplained log change of hashrate.
    pub hashrate_sd_per_month: f64,
    /// Where the figures come from; label: computed.
    pub source: &'static str,
}

/// The fitted networks.
pub const PRESETS: [BitcoinPreset; 2] = [
    BitcoinPreset {
        name: "2020-2023",
        volatility: 0.681_078,
        elasticity: 0.266_6,
        reversion_per_year: 0.604,
        efficiency_log_per_year: 0.228_997,
        hashrate_sd_per_month: 0.065_76,
        source: "computed: weekly log returns, and monthly regression of hashrate on price, 2020-01 to 2023-12; \
                 the speed of reversion is that of 2016-2023 (0.050 a month), the shorter span's being nought within its error",
    },
    BitcoinPreset {
        name: "2016-2023",
        volatility: 0.718_001,
        elasticity: 0.232_0,
        reversion_per_year: 0.604,
        efficiency_log_per_year: 0.364_408,
        hashrate_sd_per_month: 0.082_28,
        source: "computed: weekly log returns, and monthly regression of hashrate on price, 2016-01 to 2023-12",
    },
];

impl Check for PriceAndDifficultySpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if !PRESETS.iter().any(|p| p.name == self.preset) {
            problems.unknown(
                &at.key("preset"),
                "bitcoin process",
                &self.preset,
                PRESETS.iter().map(|p| p.name),
            );
        }
        problems.within(&at.key("start_btc_usd"), self.start_btc_usd, 0.01, 1e9);
        problems.within(&at.key("start_difficulty"), self.start_difficulty, 1.0, 1e20);
        problems.within(
            &at.key("drift_percent_per_year"),
            self.drift_percent_per_year,
            -90.0,
            400.0,
        );
        if let Some(volatility) = self.volatility {
            problems.within(&at.key("volatility"), volatility, 0.0, 3.0);
        }
        if let Some(percent) = self.efficiency_percent_per_year {
            problems.within(&at.key("efficiency_percent_per_year"), percent, -100.0, 90.0);
        }
    }
}

/// The network from day to day.
///
/// `d ln H = (trend + reversion (ln hashprice - ln target)) dt + elasticity d(smoothed ln P) + noise`, where the
/// target hashprice is the first day's, declining with the machines' efficiency. Difficulty follows hashrate only
/// through the protocol: blocks come at `H / (D 2^32)` and every 2016 of them retarget.
pub(super) struct Network {
    log_price: f64,
    smoothed: f64,
    log_hashrate: f64,
    pub(super) chain: Chain,
    log_target: f64,
    fee_share: f64,
    day: Daily,
}

/// Coefficients of one day.
struct Daily {
    price_drift: f64,
    price_sd: f64,
    efficiency: f64,
    reversion: f64,
    elasticity: f64,
    hashrate_sd: f64,
}

impl Network {
    /// Share of a day by which the smoothed price follows the price: two months, as the regression's lags.
    const SMOOTHING: f64 = 1.0 / 45.0;

    pub(super) fn new(
        spec: &PriceAndDifficultySpec,
        preset: &BitcoinPreset,
        fee_share: f64,
        start: SimTime,
    ) -> Self {
        let volatility = spec.volatility.unwrap_or(preset.volatility);
        let decline = spec
            .efficiency_percent_per_year
            .map_or(preset.efficiency_log_per_year, |p| -(1.0 - p / 100.0).ln());
        let subsidy = Chain::new(start, spec.start_difficulty).subsidy_btc();
        let log_hashrate = hashrate_of_difficulty(spec.start_difficulty).ln();
        let mined = btc_per_ph_day(spec.start_difficulty, subsidy, fee_share);
        let log_price = spec.start_btc_usd.ln();
        Self {
            log_price,
            smoothed: log_price,
            log_hashrate,
            chain: Chain::new(start, spec.start_difficulty),
            log_target: mined.ln() + log_price,
            fee_share,
            day: Daily {
                price_drift: ((1.0 + spec.drift_percent_per_year / 100.0).ln()
                    - 0.5 * volatility * volatility)
                    / YEAR_DAYS,
                price_sd: volatility / YEAR_DAYS.sqrt(),
                efficiency: decline / YEAR_DAYS,
                reversion: preset.reversion_per_year / YEAR_DAYS,
                elasticity: preset.elasticity,
                hashrate_sd: preset.hashrate_sd_per_month / (YEAR_DAYS / 12.0).sqrt(),
            },
        }
    }

    /// The day that begins now; then moves to the next.
    pub(super) fn day(&mut self, stream: &mut Stream) -> BitcoinDay {
        let today = BitcoinDay::new(
            self.log_price.exp(),
            self.chain.difficulty(),
            self.chain.subsidy_btc(),
            self.fee_share,
        );
        self.chain.mine_a_day(self.log_hashrate.exp());
        let normal: [f64; 2] = [stream.sample(StandardNormal), stream.sample(StandardNormal)];
        // Bounded so that no draw can leave the range in which the formulas hold.
        self.log_price =
            (self.log_price + self.day.price_drift + self.day.price_sd * normal[0]).clamp(-5.0, 25.0);
        let step = Self::SMOOTHING * (self.log_price - self.smoothed);
        self.smoothed += step;
        let network_difficulty = difficulty_of_hashrate(self.log_hashrate.exp());
        let mined = btc_per_ph_day(network_difficulty, self.chain.subsidy_btc(), self.fee_share);
        self.log_target -= self.day.efficiency;
        let away = mined.ln() + self.log_price - self.log_target;
        self.log_hashrate += self.day.efficiency + self.day.reversion * away + self.day.elasticity * step;
        self.log_hashrate = (self.log_hashrate + self.day.hashrate_sd * normal[1]).clamp(10.0, 90.0);
        today
    }
}
