//! A tax on energy, by use: mining may be taxed unlike a data centre.
//!
//! How the meter tells uses apart is said at [`Interval::mining_mw`](super::super::Interval::mining_mw): mining is what the
//! mining halls draw with their cooling and losses and their share of the transformers'; everything else, auxiliaries and
//! works included, is the data centre's. A hall changes sides when its stage does, at that instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Slice, Term, Use, check_price};
use crate::power::contract::dated::{self, Dated, DatedEnergy, DatedPriceSpec};
use crate::problem::{FieldPath, Problems};
use crate::time::SimTime;

/// A tax on energy: one of `usd_per_mwh` and `rates`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnergyTaxSpec {
    /// Rate, in US dollars per megawatt-hour.
    #[serde(default)]
    pub usd_per_mwh: Option<f64>,
    /// Rates from dates on; nothing is taxed before the first. Energy is charged at the rate of the hour in which it is used.
    #[serde(default)]
    pub rates: Option<Vec<DatedPriceSpec>>,
    /// The use that is taxed. Default `all`.
    #[serde(default, rename = "use")]
    pub taxed: Taxed,
}

/// The part of load that a clause is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Taxed {
    /// Every use.
    #[default]
    All,
    /// Mining, with its share of losses and cooling.
    Mining,
    /// Everything but mining.
    DataCentre,
}

impl Taxed {
    /// Whether a use is taxed.
    pub(super) fn covers(self, by: Use) -> bool {
        matches!(
            (self, by),
            (Self::All, _) | (Self::Mining, Use::Mining) | (Self::DataCentre, Use::DataCentre)
        )
    }
    /// The load that is taxed.
    pub(super) fn load_mw(self, slice: &Slice<'_>) -> f64 {
        match self {
            Self::All => slice.load_mw,
            Self::Mining => slice.mining_mw,
            Self::DataCentre => slice.load_mw - slice.mining_mw,
        }
    }
}

impl Kind for EnergyTaxSpec {
    fn name(&self) -> &'static str {
        "energy_tax"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        if self.usd_per_mwh.is_some() == self.rates.is_some() {
            problems.error(at, "one of `usd_per_mwh` and `rates` is needed");
        }
        if let Some(rate) = self.usd_per_mwh {
            check_price(&at.key("usd_per_mwh"), rate, problems);
        }
        if let Some(rates) = &self.rates {
            dated::check_prices(rates, &at.key("rates"), problems);
        }
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let rates = match &self.rates {
            Some(rates) => {
                let list = rates.iter().map(|r| (r.from.as_str(), r.usd_per_mwh));
                Dated::new(list, ground.calendar)
            }
            None => Dated::always(self.usd_per_mwh.unwrap_or(0.0)),
        };
        Box::new(EnergyTax {
            taxed: self.taxed,
            energy: DatedEnergy::new(rates),
        })
    }
}

#[derive(Debug)]
struct EnergyTax {
    taxed: Taxed,
    energy: DatedEnergy,
}

impl Term for EnergyTax {
    fn use_adder_usd_per_mwh(&self, by: Use, time: SimTime) -> f64 {
        if self.taxed.covers(by) {
            self.energy.rates.at(time)
        } else {
            0.0
        }
    }
    fn adder_holds(&self, time: SimTime) -> (SimTime, SimTime) {
        self.energy.rates.stretch(time)
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.energy.meter(slice.from, slice.to, self.taxed.load_mw(slice));
    }
    fn close(&mut self, close: &mut Close<'_>) {
        self.energy.close("", close);
    }
}
