//! A least energy a month under the contract, paid for if not taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, Slice, Term, check_price};
use crate::problem::{FieldPath, Problems};

/// A least energy a month: `percent` of `mw` over the hours of the month in which the contract holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeOrPaySpec {
    /// Contracted load, in megawatts.
    pub mw: f64,
    /// The part that must be taken, in percent. Typical 60 to 85.
    pub percent: f64,
    /// Price of each megawatt-hour short, in US dollars.
    pub usd_per_mwh: f64,
}

impl Kind for TakeOrPaySpec {
    fn name(&self) -> &'static str {
        "take_or_pay"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("mw"), self.mw, 0.0, 100_000.0);
        problems.percent(&at.key("percent"), self.percent, 100.0);
        check_price(&at.key("usd_per_mwh"), self.usd_per_mwh, problems);
    }
    fn build(&self, _ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(TakeOrPay {
            minimum: Minimum::new(self.mw * self.percent / 100.0),
            usd_per_mwh: self.usd_per_mwh,
        })
    }
}

#[derive(Debug)]
struct TakeOrPay {
    minimum: Minimum,
    usd_per_mwh: f64,
}

impl Term for TakeOrPay {
    fn relief_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        if self.minimum.is_behind() {
            self.usd_per_mwh * at.factor
        } else {
            0.0
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.minimum.meter(slice.contract_mw, slice.hours);
    }
    fn close(&mut self, close: &mut Close<'_>) {
        close.line(
            "",
            self.minimum.close(),
            "mwh",
            self.usd_per_mwh,
            "shortfall of the month",
        );
    }
}

/// A monthly minimum and how the month stands against it.
///
/// Whether a further unit of energy is free depends on whether the minimum will be met, which nobody knows.
/// The rule: it counts as free while what was taken is behind a straight pace to the minimum, and at its price
/// otherwise. Load that follows the rule ends the month at its minimum or above, or short by what it could not
/// take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Minimum {
    floor_mw: f64,
    taken_mwh: f64,
    hours: f64,
}

impl Minimum {
    pub(super) const fn new(floor_mw: f64) -> Self {
        Self {
            floor_mw,
            taken_mwh: 0.0,
            hours: 0.0,
        }
    }
    pub(super) fn meter(&mut self, taken_mw: f64, hours: f64) {
        self.taken_mwh += taken_mw * hours;
        self.hours += hours;
    }
    /// Behind a straight pace, by more than rounding.
    pub(super) fn is_behind(&self) -> bool {
        let pace_mwh = self.floor_mw * self.hours;
        self.taken_mwh < pace_mwh * (1.0 - 1e-12)
    }
    /// Energy short over the month, and a fresh month; a shortfall of rounding is none.
    pub(super) fn close(&mut self) -> f64 {
        let short_mwh = if self.is_behind() {
            self.floor_mw * self.hours - self.taken_mwh
        } else {
            0.0
        };
        (self.taken_mwh, self.hours) = (0.0, 0.0);
        short_mwh
    }
}
