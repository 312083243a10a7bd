//! The world's mining cards: which chain they point at, and how many stand because none pays for their power.
//!
//! Cards go where a megawatt-hour earns most, so all chains come to earn the same a megawatt-hour: `e = W / (24 P)`,
//! `W` the worth of all coins of a day (price times coins) and `P` the power of the cards at work. All cards work while
//! `e` is at least what power costs the dearest of them; below it cards stand until those left earn just that. A chain's
//! power is its worth over `24 e`, its hashrate that over the joules a hash takes. Nothing of the worth is lost or made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::Algorithm;
use crate::problem::{Check, FieldPath, Problems};

/// Least share of all cards that is left to chains whose network is not read from a file.
const LEFT_MIN: f64 = 0.01;

/// The world's mining cards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CardNetworkSpec {
    /// What all the world's mining cards would give on Ethash, TH/s. Default 920: 867 on Ethereum before the Merge
    /// (raventrain.com, sourced) and about 50 on Ethereum Classic (nasdaq.com of 6 September 2022: 48.6, sourced). No
    /// cards are added or scrapped (assumption).
    pub world_ethash_th_s: f64,
    /// Power price below which a card's earnings must not fall for it to go on, USD/MWh. Default 70: an RTX 3090 went on
    /// earning 0.65 USD a day at 400 W on the day of the Merge (Tom's Hardware, sourced; 68 USD/MWh, computed).
    pub standing_usd_per_mwh: f64,
    /// Days in which cards follow what pays, a time constant; 0 is at once. Default 1 (assumption: Ethereum Classic went
    /// from 80 to 306 TH/s within a day, 2Miners by cryptoadventure.com).
    pub follows_days: f64,
}

impl Default for CardNetworkSpec {
    fn default() -> Self {
        Self {
            world_ethash_th_s: 920.0,
            standing_usd_per_mwh: 70.0,
            follows_days: 1.0,
        }
    }
}

impl Check for CardNetworkSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("world_ethash_th_s"), self.world_ethash_th_s, 1e-6, 1e9);
        let floor = self.standing_usd_per_mwh;
        problems.within(&at.key("standing_usd_per_mwh"), floor, 0.01, 100_000.0);
        problems.within(&at.key("follows_days"), self.follows_days, 0.0, 1_000.0);
    }
}

/// Joules that a megahash takes the world's cards: those of an RTX 3080 as tuned for mining (`WhatToMine`, snapshot of
/// March 2026: 98 MH/s at 240 W, 39.5 at 250, 220 at 220, 41 at 250; computed).
pub const fn joules_per_mh(algorithm: Algorithm) -> f64 {
    match algorithm {
        Algorithm::Ethash | Algorithm::Etchash => 240.0 / 98.0,
        Algorithm::Kawpow => 250.0 / 39.5,
        // 220 W at 220 MH/s.
        Algorithm::Autolykos => 1.0,
        Algorithm::Firopow => 250.0 / 41.0,
    }
}

/// What a chain is worth on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Claim {
    /// Worth of its coins, USD; cards follow it.
    Worth(f64),
    /// Its network is known: cards at it, MW.
    Known(f64),
}

/// Where the world's cards are.
#[derive(Debug, Clone)]
pub(super) struct CardNetwork {
    all_mw: f64,
    standing_usd_per_mwh: f64,
    followed_a_day: f64,
    at_mw: Option<Vec<f64>>,
}

impl CardNetwork {
    pub(super) fn new(spec: &CardNetworkSpec) -> Self {
        let followed_a_day = if spec.follows_days > 0.0 {
            -(-1.0 / spec.follows_days).exp_m1()
        } else {
            1.0
        };
        Self {
            // A terahash a second at a joule a megahash is a megawatt.
            all_mw: spec.world_ethash_th_s * joules_per_mh(Algorithm::Ethash),
            standing_usd_per_mwh: spec.standing_usd_per_mwh,
            followed_a_day,
            at_mw: None,
        }
    }
    /// A day passes: cards move towards what pays. Gives the megawatts at each chain.
    pub(super) fn day(&mut self, claims: &[Claim]) -> &[f64] {
        let (mut worth, mut known) = (0.0, 0.0);
        for claim in claims {
            match claim {
                Claim::Worth(usd) => worth += usd,
                Claim::Known(mw) => known += mw,
            }
        }
        let left_mw = (self.all_mw - known).max(LEFT_MIN * self.all_mw);
        let earned = (worth / (24.0 * left_mw)).max(self.standing_usd_per_mwh);
        let wanted = |claim: &Claim| match claim {
            Claim::Worth(usd) => usd / (24.0 * earned),
            Claim::Known(mw) => *mw,
        };
        match &mut self.at_mw {
            None => self.at_mw = Some(claims.iter().map(wanted).collect()),
            Some(at) => {
                for (mw, claim) in at.iter_mut().zip(claims) {
                    let follows = matches!(claim, Claim::Worth(usd) if *usd > 0.0);
                    let share = if follows { self.followed_a_day } else { 1.0 };
                    *mw += share * (wanted(claim) - *mw);
                }
            }
        }
        self.at_mw.as_deref().unwrap_or_default()
    }
    /// Share of all cards that stand.
    pub(super) fn idle_share(&self) -> f64 {
        let busy: f64 = self.at_mw.iter().flatten().sum();
        (1.0 - busy / self.all_mw).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashrate(mw: f64) -> f64 {
        mw / joules_per_mh(Algorithm::Etchash)
    }

    #[test]
    fn worth_is_conserved_and_every_chain_earns_the_same() {
        let mut network = CardNetwork::new(&CardNetworkSpec::default());
        let worths = [20.8e6, 0.6e6, 0.126e6];
        let claims: Vec<Claim> = worths.iter().map(|w| Claim::Worth(*w)).collect();
        let mw = network.day(&claims).to_vec();
        let all = 920.0 * 240.0 / 98.0;
        assert!((mw.iter().sum::<f64>() - all).abs() < 1e-9 * all);
        let e = worths.iter().sum::<f64>() / (24.0 * all);
        for (mw, worth) in mw.iter().zip(worths) {
            assert!((24.0 * mw * e - worth).abs() < 1e-6);
        }
        assert!(network.idle_share().abs() < 1e-12);
    }

    #[test]
    fn networks_before_the_merge_are_the_published_ones() {
        // 14 September 2022: ETH 13,000 a day (ethereum.org) at 1,600 USD; ETC 2.56 every 13.2 s or so, 36 USD; RVN 2,500
        // a minute at 0.035; ERG 45 every two minutes at 4. Published: Ethereum 867 TH/s.
        let worths = [13_000.0 * 1_600.0, 16_750.0 * 36.0, 3.6e6 * 0.035, 32_400.0 * 4.0];
        let claims = worths.map(Claim::Worth);
        let mut network = CardNetwork::new(&CardNetworkSpec::default());
        let mw = network.day(&claims).to_vec();
        assert!(
            (hashrate(mw[0]) / 867.0 - 1.0).abs() < 0.03,
            "{}",
            hashrate(mw[0])
        );
        // End of July 2022: ETH 1,200, ETC 20 to 25 (mean 22): published 20.88 TH/s on Ethereum Classic
        // (voiceofcrypto.online); within a fifth.
        let mut july = CardNetwork::new(&CardNetworkSpec::default());
        let july = july.day(&[Claim::Worth(13_000.0 * 1_200.0), Claim::Worth(16_750.0 * 22.0)]);
        assert!(
            (hashrate(july[1]) / 20.88 - 1.0).abs() < 0.2,
            "{}",
            hashrate(july[1])
        );
    }

    #[test]
    fn after_the_merge_most_cards_stand_and_the_rest_earn_their_power() {
        let mut network = CardNetwork::new(&CardNetworkSpec {
            follows_days: 0.0,
            ..CardNetworkSpec::default()
        });
        let rest = [16_750.0 * 36.0, 3.6e6 * 0.035, 32_400.0 * 4.0];
        let before: Vec<Claim> = std::iter::once(Claim::Worth(20.8e6))
            .chain(rest.map(Claim::Worth))
            .collect();
        let was = network.day(&before).to_vec();
        let mut after = before.clone();
        after[0] = Claim::Worth(0.0);
        let is = network.day(&after).to_vec();
        assert_eq!(is[0], 0.0);
        // By hand: 858,600 USD a day at 70 USD/MWh feed 511 MW of 2,253: 77 % stand. Published: the three chains offer
        // 28 % of what Ethereum had (royalsblue.com after Forbes), so 72 % stand.
        let worth: f64 = rest.iter().sum();
        let feeds = worth / (24.0 * 70.0);
        assert!((is.iter().sum::<f64>() - feeds).abs() < 1e-6);
        assert!((network.idle_share() - (1.0 - feeds / (920.0 * 240.0 / 98.0))).abs() < 1e-9);
        assert!(
            (network.idle_share() - 0.72).abs() < 0.06,
            "{}",
            network.idle_share()
        );
        // Ethereum Classic gains what the fall of earnings says: 400 to 70 USD/MWh, nearly sixfold from 25 TH/s. Published
        // from 20.88 in July to 300 TH/s at its peak, settling below 150: between.
        let gain = is[1] / was[1];
        assert!((5.0..7.0).contains(&gain), "{gain}");
        assert!((120.0..300.0).contains(&hashrate(is[1])), "{}", hashrate(is[1]));
    }

    #[test]
    fn cards_follow_with_a_lag_and_leave_a_dead_chain_at_once() {
        let mut network = CardNetwork::new(&CardNetworkSpec::default());
        let was = network.day(&[Claim::Worth(20e6), Claim::Worth(1e6)]).to_vec();
        let is = network.day(&[Claim::Worth(0.0), Claim::Worth(1e6)]).to_vec();
        let wanted = 1e6 / (24.0 * 70.0);
        let by_hand = was[1] + (1.0 - (-1.0_f64).exp()) * (wanted - was[1]);
        assert!((is[1] - by_hand).abs() < 1e-9 && is[0] == 0.0);
    }
}
