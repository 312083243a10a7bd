//! What a machine fetches or costs as hashprice moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RESALE_REFERENCE_HASHPRICE;
use crate::fleet::miner_catalogue::MinerModel;
use crate::problem::{Check, FieldPath, Problems};

/// Share of the catalogue's resale price below which no machine falls, and multiple above which none rises.
const PROPORTION: (f64, f64) = (0.1, 3.0);
/// Share of a machine's catalogue resale price that its scrap fetches: the floor of [`PROPORTION`].
pub(super) const SCRAP_SHARE: f64 = PROPORTION.0;

/// How machines are priced.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MinerValueSpec {
    /// The model's resale price of 2026 in proportion to hashprice, between a tenth and three times (assumption).
    #[default]
    ByHashprice,
    /// So many days of what a TH/s earns after its power: efficient machines hold their worth, thirsty ones lose it.
    Payback(PaybackSpec),
}

/// Price of a TH/s = days * (hashprice - power), at least scrap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PaybackSpec {
    /// Days of margin that buyers pay. Default 488: geometric mean over 13 public prices of 2021 to 2026 (contracts of
    /// Riot and IREN, indices, used machines) at power of 40 USD/MWh; computed, standard deviation of its log 0.68.
    pub days: f64,
    /// Power price that buyers reckon with, USD/MWh. Default 40: at it 13 of the 14 prices have a margin above zero.
    pub power_usd_per_mwh: f64,
    /// Least that a TH/s fetches, USD. Default 0.6: half of what an S19j Pro without margin fetched in 2026
    /// (assumption).
    pub scrap_usd_per_th: f64,
}

impl Default for PaybackSpec {
    fn default() -> Self {
        Self {
            days: 488.0,
            power_usd_per_mwh: 40.0,
            scrap_usd_per_th: 0.6,
        }
    }
}

impl Check for MinerValueSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Self::Payback(spec) = self {
            let at = at.key("payback");
            problems.within(&at.key("days"), spec.days, 0.0, 10_000.0);
            problems.within(
                &at.key("power_usd_per_mwh"),
                spec.power_usd_per_mwh,
                0.0,
                10_000.0,
            );
            problems.within(&at.key("scrap_usd_per_th"), spec.scrap_usd_per_th, 0.0, 1_000.0);
        }
    }
}

impl MinerValueSpec {
    /// What a used TH/s of a model fetches when it draws `j_per_th`, USD.
    pub(super) fn resale_usd_per_th(&self, model: &MinerModel, j_per_th: f64, hashprice: f64) -> f64 {
        match self {
            Self::ByHashprice => model.resale_usd_per_th().0.mode * proportion(hashprice),
            Self::Payback(spec) => spec.usd_per_th(j_per_th, hashprice),
        }
    }
    /// What a TH/s costs that is bought, USD.
    pub(super) fn purchase_usd_per_th(&self, model: &MinerModel, j_per_th: f64, hashprice: f64) -> f64 {
        match self {
            Self::ByHashprice => model.purchase_usd_per_th() * proportion(hashprice),
            Self::Payback(spec) => spec.usd_per_th(j_per_th, hashprice),
        }
    }
    /// What a TH/s fetches as scrap, USD.
    pub(super) fn scrap_usd_per_th(&self, model: &MinerModel) -> f64 {
        match self {
            Self::ByHashprice => SCRAP_SHARE * model.resale_usd_per_th().0.mode,
            Self::Payback(spec) => spec.scrap_usd_per_th,
        }
    }
}

impl PaybackSpec {
    fn usd_per_th(&self, j_per_th: f64, hashprice: f64) -> f64 {
        // A PH/s draws 0.024 MWh a day for each J/TH.
        let margin = (hashprice - 0.024 * j_per_th * self.power_usd_per_mwh) / 1_000.0;
        (self.days * margin).max(self.scrap_usd_per_th)
    }
}

fn proportion(hashprice: f64) -> f64 {
    (hashprice / RESALE_REFERENCE_HASHPRICE).clamp(PROPORTION.0, PROPORTION.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payback_follows_efficiency_and_hashprice() {
        let value = PaybackSpec::default();
        // At 43.33 USD an S21 XP (13.5 J/TH) has a margin of 30.37 USD a PH and day: 14.8 USD a TH/s.
        assert!((value.usd_per_th(13.5, 43.33) - 0.488 * (43.33 - 12.96)).abs() < 1e-9);
        // An S19 XP loses far more of its worth than an S21 XP when hashprice falls from 43 to 30.
        let kept = |j: f64| value.usd_per_th(j, 30.0) / value.usd_per_th(j, 43.0);
        assert!(
            kept(21.5) < 0.43 && kept(13.5) > 0.56,
            "{} {}",
            kept(21.5),
            kept(13.5)
        );
        // Below its power a machine is scrap.
        assert_eq!(value.usd_per_th(34.0, 30.0), 0.6);
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "a price in dollars, not a circle")]
    fn published_prices_lie_within_two_deviations_of_the_fit() {
        // USD a TH/s, J/TH, hashprice of the day (computed of the chain to 2023, published later).
        let published = [
            (119.25, 34.0, 380.2),
            (60.0, 23.5, 84.0),
            (15.71, 30.0, 60.9),
            (21.4, 22.0, 68.8),
            (20.0, 23.5, 71.0),
            (14.0, 17.5, 63.1),
            (18.9, 15.0, 42.0),
            (25.7, 13.5, 43.33),
            (3.14, 21.5, 30.0),
            (12.79, 13.5, 30.0),
            (17.0, 13.5, 30.0),
            (15.45, 11.0, 30.0),
        ];
        let value = PaybackSpec::default();
        let mut sum = 0.0;
        for (price, j_per_th, hashprice) in published {
            let log = (price / value.usd_per_th(j_per_th, hashprice)).ln();
            assert!(log.abs() < 2.0 * 0.68, "{price}: {log}");
            sum += log / published.len() as f64;
        }
        assert!(sum.abs() < 0.2, "{sum}");
    }
}
