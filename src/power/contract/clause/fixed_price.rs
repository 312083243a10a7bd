//! Energy at a fixed price, as much as is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, Reach, Slice, Term, check_price};
use crate::problem::{FieldPath, Problems};

/// Any amount of energy at a fixed price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedPriceSpec {
    /// Price, in US dollars per megawatt-hour.
    pub usd_per_mwh: f64,
}

impl Kind for FixedPriceSpec {
    fn name(&self) -> &'static str {
        "fixed_price"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        check_price(&at.key("usd_per_mwh"), self.usd_per_mwh, problems);
    }
    fn reach(&self) -> Reach {
        Reach::Everything
    }
    fn build(&self, _ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(FixedPrice {
            usd_per_mwh: self.usd_per_mwh,
            taken_mwh: 0.0,
        })
    }
}

#[derive(Debug)]
struct FixedPrice {
    usd_per_mwh: f64,
    taken_mwh: f64,
}

impl Term for FixedPrice {
    fn capacity_mw(&self) -> f64 {
        f64::INFINITY
    }
    fn marginal_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        self.usd_per_mwh * at.factor
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.taken_mwh += slice.taken_mw * slice.hours;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let taken_mwh = std::mem::take(&mut self.taken_mwh);
        close.energy("", taken_mwh, taken_mwh * self.usd_per_mwh);
    }
}
