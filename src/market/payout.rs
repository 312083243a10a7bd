//! What a mining pool pays of the coins that hashes earn on average: its scheme, its fee and its luck.
//!
//! Owns the share of a day's expected coins that is paid, expected and as it comes. The fee is an expense apart.

use rand::Rng;
use rand_distr::{Distribution, Poisson};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bitcoin_protocol::BLOCKS_PER_DAY;
use crate::problem::{Check, FieldPath, Problems};

/// How a pool pays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayoutSpec {
    /// Full pay per share: the expected subsidy and the day's transaction fees, whatever the pool finds.
    Fpps(SharePaySpec),
    /// Pay per share: the expected subsidy; the pool keeps the transaction fees.
    Pps(SharePaySpec),
    /// The expected subsidy, and transaction fees of the blocks that the pool finds.
    PpsPlus(LuckySpec),
    /// Pay per last N shares: what the pool finds, subsidy and transaction fees.
    Pplns(LuckySpec),
}

/// A scheme without luck.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SharePaySpec {
    /// What the pool keeps of what it would pay, percent. Default: the site's `costs.mining_pool_fee_percent`.
    pub fee_percent: Option<f64>,
}

/// A scheme in which part of the pay depends on blocks found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LuckySpec {
    /// What the pool keeps of what it would pay, percent. Default: the site's `costs.mining_pool_fee_percent`.
    pub fee_percent: Option<f64>,
    /// The pool's share of the world's hashrate, percent, where luck is drawn: blocks of a day are Poisson with
    /// 144 times this share as mean. Default: nothing is drawn.
    pub pool_share_percent: Option<f64>,
    /// Blocks found over those expected on average, percent. Default 100 (an honest pool in the long run).
    pub luck_percent: f64,
    /// Whether transaction fees of its blocks are passed on. Default: yes.
    pub shares_fees: bool,
}

impl Default for LuckySpec {
    fn default() -> Self {
        Self {
            fee_percent: None,
            pool_share_percent: None,
            luck_percent: 100.0,
            shares_fees: true,
        }
    }
}

impl PayoutSpec {
    /// What the pool keeps, percent, where the scheme states it.
    pub fn fee_percent(&self) -> Option<f64> {
        match self {
            Self::Fpps(spec) | Self::Pps(spec) => spec.fee_percent,
            Self::PpsPlus(spec) | Self::Pplns(spec) => spec.fee_percent,
        }
    }
    fn lucky(&self) -> Option<&LuckySpec> {
        match self {
            Self::Fpps(_) | Self::Pps(_) => None,
            Self::PpsPlus(spec) | Self::Pplns(spec) => Some(spec),
        }
    }
    /// The share of a day's expected coins that is paid where fees are `fee_share` of the subsidy and the pool has luck.
    fn paid(&self, fee_share: f64, luck: f64) -> f64 {
        let fees = |spec: &LuckySpec| if spec.shares_fees { fee_share * luck } else { 0.0 };
        let subsidies = match self {
            Self::Fpps(_) => return 1.0,
            Self::Pps(_) => 1.0,
            Self::PpsPlus(spec) => 1.0 + fees(spec),
            Self::Pplns(spec) => luck + fees(spec),
        };
        subsidies / (1.0 + fee_share)
    }
    /// The same as expected and as it comes on a day.
    pub(super) fn day<R: Rng>(&self, fee_share: f64, stream: &mut R) -> (f64, f64) {
        let Some(lucky) = self.lucky() else {
            let paid = self.paid(fee_share, 1.0);
            return (paid, paid);
        };
        let mean = lucky.luck_percent / 100.0;
        let expected = self.paid(fee_share, mean);
        let blocks = lucky
            .pool_share_percent
            .map(|share| share / 100.0 * BLOCKS_PER_DAY);
        match blocks.and_then(|mean| Some((mean, Poisson::new(mean).ok()?))) {
            Some((blocks, found)) => (
                expected,
                self.paid(fee_share, mean * found.sample(stream) / blocks),
            ),
            None => (expected, expected),
        }
    }
}

impl Check for PayoutSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let at = at.key(match self {
            Self::Fpps(_) => "fpps",
            Self::Pps(_) => "pps",
            Self::PpsPlus(_) => "pps_plus",
            Self::Pplns(_) => "pplns",
        });
        if let Some(fee) = self.fee_percent() {
            problems.percent(&at.key("fee_percent"), fee, 99.0);
        }
        let Some(lucky) = self.lucky() else { return };
        problems.within(&at.key("luck_percent"), lucky.luck_percent, 1.0, 1_000.0);
        if let Some(share) = lucky.pool_share_percent {
            problems.within(&at.key("pool_share_percent"), share, 0.01, 100.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    fn day(text: &str, fee_share: f64) -> (f64, f64) {
        #[derive(Deserialize)]
        struct File {
            payout: PayoutSpec,
        }
        let file: File = toml::from_str(text).unwrap();
        file.payout
            .day(fee_share, &mut Streams::new(1, 0).stream("payout"))
    }

    #[test]
    fn schemes_pay_subsidy_and_fees_or_what_is_found() {
        // Fees of a quarter of the subsidy.
        assert_eq!(day("payout.fpps = {}", 0.25), (1.0, 1.0));
        assert_eq!(day("payout.pps = {}", 0.25).0, 0.8);
        let lucky = |text: &str| day(text, 0.25).0;
        assert!((lucky("payout.pps_plus.luck_percent = 80") - 1.2 / 1.25).abs() < 1e-12);
        assert!((lucky("payout.pplns.luck_percent = 80") - 0.8).abs() < 1e-12);
        assert!((lucky("payout.pplns = { shares_fees = false }") - 0.8).abs() < 1e-12);
    }

    #[test]
    fn luck_is_poisson_in_the_blocks_of_a_day() {
        // A pool with 10 %: 14.4 blocks a day; mean 1 and a standard deviation of 1/sqrt(14.4) a day.
        let spec = PayoutSpec::Pplns(LuckySpec {
            pool_share_percent: Some(10.0),
            ..LuckySpec::default()
        });
        let mut stream = Streams::new(7, 0).stream("payout");
        let days = 40_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..days {
            let (expected, paid) = spec.day(0.05, &mut stream);
            assert!((expected - 1.0).abs() < 1e-12);
            sum += paid;
            squares += paid * paid;
        }
        let mean = sum / f64::from(days);
        let variance = squares / f64::from(days) - mean * mean;
        // Four standard errors of the mean, and of the variance.
        assert!(
            (mean - 1.0).abs() < 4.0 * (1.0_f64 / 14.4 / f64::from(days)).sqrt(),
            "{mean}"
        );
        assert!((variance * 14.4 - 1.0).abs() < 0.04, "{variance}");
    }
}
