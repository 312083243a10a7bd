//! An amount a month, whatever is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Kind, PriceId, Slice, Term};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};

/// An amount a month; a month in which the contract holds only in part pays that part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedChargeSpec {
    /// Amount, in US dollars a month.
    pub usd_per_month: f64,
}

impl Kind for FixedChargeSpec {
    fn name(&self) -> &'static str {
        "fixed_charge"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("usd_per_month"), self.usd_per_month, -1e9, 1e9);
    }
    fn build(&self, _price: &dyn Fn(&Name) -> PriceId, _align_s: i64) -> Box<dyn Term> {
        Box::new(FixedCharge {
            usd_per_month: self.usd_per_month,
            hours: 0.0,
        })
    }
}

#[derive(Debug)]
struct FixedCharge {
    usd_per_month: f64,
    hours: f64,
}

impl Term for FixedCharge {
    fn meter(&mut self, slice: &Slice<'_>) {
        self.hours += slice.hours;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let share = std::mem::take(&mut self.hours) / close.month_hours;
        // Hours are sums of exact fractions; a whole month is a whole month.
        let share = if (share - 1.0).abs() < 1e-9 { 1.0 } else { share };
        close.line("", share, "month", self.usd_per_month, "");
    }
}
