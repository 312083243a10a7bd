//! Energy at a price of the market and an adder, as much as is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, PriceId, Reach, Slice, Term, check_price};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};

/// Any amount of energy at a named price and an adder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexSpec {
    /// Name of a price in `market.power`.
    pub price: Name,
    /// Added to it, in US dollars per megawatt-hour. Default 0 (typical 2 to 5 for a retailer in ERCOT).
    #[serde(default)]
    pub adder_usd_per_mwh: f64,
}

impl Kind for IndexSpec {
    fn name(&self) -> &'static str {
        "index"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("price"), &self.price);
        check_price(&at.key("adder_usd_per_mwh"), self.adder_usd_per_mwh, problems);
    }
    fn reach(&self) -> Reach {
        Reach::Everything
    }
    fn prices(&self) -> Vec<(&'static str, &Name)> {
        vec![("price", &self.price)]
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(Index {
            price: (ground.price)(&self.price),
            adder_usd_per_mwh: self.adder_usd_per_mwh,
            taken_mwh: 0.0,
            market_usd: 0.0,
        })
    }
}

#[derive(Debug)]
struct Index {
    price: PriceId,
    adder_usd_per_mwh: f64,
    taken_mwh: f64,
    market_usd: f64,
}

impl Term for Index {
    fn capacity_mw(&self) -> f64 {
        f64::INFINITY
    }
    fn marginal_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        at.prices[self.price.index()] + self.adder_usd_per_mwh * at.factor
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let taken_mwh = slice.taken_mw * slice.hours;
        self.taken_mwh += taken_mwh;
        self.market_usd += taken_mwh * slice.prices[self.price.index()];
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let taken_mwh = std::mem::take(&mut self.taken_mwh);
        let market_usd = std::mem::take(&mut self.market_usd);
        close.market_energy("", taken_mwh, market_usd);
        if self.adder_usd_per_mwh != 0.0 {
            close.line("adder", taken_mwh, "mwh", self.adder_usd_per_mwh, "");
        }
    }
}
