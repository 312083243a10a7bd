//! A least energy a month under the contract, paid for if not taken, and perhaps made up for later.
//!
//! With `make_up` a shortfall that was paid for is kept as a right: energy that a later month takes above its own minimum
//! uses the oldest rights first and is credited at a share of what the shortfall cost. Rights end after their months.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use std::collections::VecDeque;

use super::{Close, Ground, Kind, Moment, Slice, Term, check_price};
use crate::problem::{FieldPath, Problems};
use crate::time::Month;

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
    /// Rights to take later what was paid for and not taken. Default: none.
    #[serde(default)]
    pub make_up: Option<MakeUpSpec>,
}

/// Rights out of shortfalls that were paid for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeUpSpec {
    /// How many months after its shortfall a right holds, 1 to 120.
    pub months: u32,
    /// The part of what the shortfall cost that is credited when its energy is taken, in percent. Default 100.
    #[serde(default = "whole")]
    pub credit_percent: f64,
    /// The most energy that a month may make up, in megawatt-hours. Default: no bound.
    #[serde(default)]
    pub mwh_per_month_max: Option<f64>,
}

fn whole() -> f64 {
    100.0
}

/// The longest that a right holds, in months.
const MAKE_UP_MONTHS_MAX: f64 = 120.0;

impl Kind for TakeOrPaySpec {
    fn name(&self) -> &'static str {
        "take_or_pay"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("mw"), self.mw, 0.0, 100_000.0);
        problems.percent(&at.key("percent"), self.percent, 100.0);
        check_price(&at.key("usd_per_mwh"), self.usd_per_mwh, problems);
        let Some(make_up) = &self.make_up else { return };
        let at = at.key("make_up");
        problems.within(
            &at.key("months"),
            f64::from(make_up.months),
            1.0,
            MAKE_UP_MONTHS_MAX,
        );
        problems.percent(&at.key("credit_percent"), make_up.credit_percent, 100.0);
        if let Some(mwh) = make_up.mwh_per_month_max {
            problems.within(&at.key("mwh_per_month_max"), mwh, 0.0, 1e9);
        }
    }
    fn build(&self, _ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(TakeOrPay {
            minimum: Minimum::new(self.mw * self.percent / 100.0),
            usd_per_mwh: self.usd_per_mwh,
            make_up: self.make_up,
            rights: VecDeque::new(),
            left_mwh: self.make_up.map_or(0.0, most_a_month),
        })
    }
}

/// The most that a month may make up.
fn most_a_month(make_up: MakeUpSpec) -> f64 {
    make_up.mwh_per_month_max.unwrap_or(f64::INFINITY)
}

/// A shortfall that was paid for.
#[derive(Debug)]
struct Right {
    month: Month,
    mwh: f64,
    /// What a unit of it cost, in US dollars.
    usd_per_mwh: f64,
}

#[derive(Debug)]
struct TakeOrPay {
    minimum: Minimum,
    usd_per_mwh: f64,
    make_up: Option<MakeUpSpec>,
    /// Oldest first; as many as a right holds months.
    rights: VecDeque<Right>,
    /// What of the rights this month can use, in megawatt-hours.
    left_mwh: f64,
}

impl TakeOrPay {
    /// What the next unit above the minimum is credited, in US dollars.
    fn credit_usd_per_mwh(&self) -> f64 {
        let Some(make_up) = &self.make_up else { return 0.0 };
        let used_mwh = self.minimum.above_mwh();
        if used_mwh >= self.left_mwh {
            return 0.0;
        }
        let mut passed_mwh = 0.0;
        let next = self.rights.iter().find(|right| {
            passed_mwh += right.mwh;
            used_mwh < passed_mwh
        });
        next.map_or(0.0, |right| right.usd_per_mwh * make_up.credit_percent / 100.0)
    }
    /// Uses rights for energy above the minimum: a credit for each shortfall that is made up.
    fn use_rights(&mut self, close: &mut Close<'_>) {
        let Some(make_up) = self.make_up else { return };
        self.rights
            .retain(|right| right.month.months_until(close.month) <= make_up.months as i32);
        let mut above_mwh = self.minimum.above_mwh().min(most_a_month(make_up));
        for right in &mut self.rights {
            let taken_mwh = above_mwh.min(right.mwh);
            above_mwh -= taken_mwh;
            right.mwh -= taken_mwh;
            let credit = right.usd_per_mwh * make_up.credit_percent / 100.0;
            let set_by = format!("shortfall of {}", right.month);
            close.plain_line("make-up", -taken_mwh, "mwh", credit, &set_by);
        }
        self.rights.retain(|right| right.mwh > ROUNDING_MWH);
    }
    /// Keeps a shortfall as a right, and says what the next month can use.
    fn keep_right(&mut self, short_mwh: f64, close: &Close<'_>) {
        let Some(make_up) = self.make_up else { return };
        if short_mwh > 0.0 {
            self.rights.push_back(Right {
                month: close.month,
                mwh: short_mwh,
                usd_per_mwh: self.usd_per_mwh * close.factor,
            });
        }
        let next = close.month.plus(1);
        let alive = |right: &&Right| right.month.months_until(next) <= make_up.months as i32;
        let left_mwh: f64 = self.rights.iter().filter(alive).map(|r| r.mwh).sum();
        self.left_mwh = left_mwh.min(most_a_month(make_up));
    }
}

/// A right that is smaller is used up, in megawatt-hours.
const ROUNDING_MWH: f64 = 1e-9;

impl Term for TakeOrPay {
    fn relief_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        if self.minimum.is_behind() {
            self.usd_per_mwh * at.factor
        } else {
            self.credit_usd_per_mwh()
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.minimum.meter(slice.contract_mw, slice.hours);
    }
    fn close(&mut self, close: &mut Close<'_>) {
        self.use_rights(close);
        let short_mwh = self.minimum.close();
        close.line("", short_mwh, "mwh", self.usd_per_mwh, "shortfall of the month");
        self.keep_right(short_mwh, close);
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
    /// Energy taken above the pace so far, in megawatt-hours.
    pub(super) fn above_mwh(&self) -> f64 {
        (self.taken_mwh - self.floor_mw * self.hours).max(0.0)
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
