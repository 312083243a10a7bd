//! A tax on energy, by use: mining may be taxed unlike a data centre.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Slice, Term, Use, check_price};
use crate::problem::{FieldPath, Problems};

/// A tax on energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnergyTaxSpec {
    /// Rate, in US dollars per megawatt-hour.
    pub usd_per_mwh: f64,
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
    fn covers(self, by: Use) -> bool {
        matches!(
            (self, by),
            (Self::All, _) | (Self::Mining, Use::Mining) | (Self::DataCentre, Use::DataCentre)
        )
    }
}

impl Kind for EnergyTaxSpec {
    fn name(&self) -> &'static str {
        "energy_tax"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        check_price(&at.key("usd_per_mwh"), self.usd_per_mwh, problems);
    }
    fn build(&self, _ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(EnergyTax {
            usd_per_mwh: self.usd_per_mwh,
            taxed: self.taxed,
            taxed_mwh: 0.0,
        })
    }
}

#[derive(Debug)]
struct EnergyTax {
    usd_per_mwh: f64,
    taxed: Taxed,
    taxed_mwh: f64,
}

impl Term for EnergyTax {
    fn use_adder_usd_per_mwh(&self, by: Use) -> f64 {
        if self.taxed.covers(by) {
            self.usd_per_mwh
        } else {
            0.0
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let taxed_mw = match self.taxed {
            Taxed::All => slice.load_mw,
            Taxed::Mining => slice.mining_mw,
            Taxed::DataCentre => slice.load_mw - slice.mining_mw,
        };
        self.taxed_mwh += taxed_mw * slice.hours;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let taxed_mwh = std::mem::take(&mut self.taxed_mwh);
        close.line("", taxed_mwh, "mwh", self.usd_per_mwh, "");
    }
}
