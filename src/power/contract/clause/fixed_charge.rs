//! An amount a month, a day or a year, whatever is used.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Slice, Term};
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, SimTime};

/// An amount a month, a day or a year: one of the three. A month in which the contract holds only in part pays for
/// the days on which it holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedChargeSpec {
    /// Amount, in US dollars a month.
    #[serde(default)]
    pub usd_per_month: Option<f64>,
    /// Amount, in US dollars a calendar day: 31 of them in January.
    #[serde(default)]
    pub usd_per_day: Option<f64>,
    /// Amount, in US dollars a calendar year, spread over its 365 or 366 days.
    #[serde(default)]
    pub usd_per_year: Option<f64>,
}

/// The highest amount that is believed, in USD.
const AMOUNT_MAX: f64 = 1e9;

impl Kind for FixedChargeSpec {
    fn name(&self) -> &'static str {
        "fixed_charge"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        let amounts = [
            ("usd_per_month", self.usd_per_month),
            ("usd_per_day", self.usd_per_day),
            ("usd_per_year", self.usd_per_year),
        ];
        let given = amounts
            .iter()
            .filter_map(|(key, amount)| amount.map(|a| (*key, a)));
        if given.clone().count() != 1 {
            problems.error(
                at,
                "exactly one of `usd_per_month`, `usd_per_day` and `usd_per_year` is needed",
            );
        }
        for (key, amount) in given {
            problems.within(&at.key(key), amount, -AMOUNT_MAX, AMOUNT_MAX);
        }
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let rate = match (self.usd_per_month, self.usd_per_day, self.usd_per_year) {
            (Some(usd), _, _) => Rate::Month(usd),
            (_, Some(usd), _) => Rate::Day(usd),
            (_, _, usd) => Rate::Year(usd.unwrap_or(0.0)),
        };
        Box::new(FixedCharge {
            rate,
            held: Held::default(),
            calendar: ground.calendar.clone(),
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Rate {
    Month(f64),
    Day(f64),
    Year(f64),
}

/// The part of a month in which a contract holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held(Option<(SimTime, SimTime)>);

impl Held {
    pub(super) fn meter(&mut self, slice: &Slice<'_>) {
        let from = self.0.map_or(slice.from, |(from, _)| from);
        self.0 = Some((from, slice.to));
    }
    /// Calendar days held, parts of days by the clock's 24 hours; a fresh month follows.
    pub(super) fn close_days(&mut self, calendar: &Calendar) -> f64 {
        let Some((from, to)) = self.0.take() else {
            return 0.0;
        };
        let (from, to) = (calendar.civil(from), calendar.civil(to));
        let days = from.date().until(to.date()).map_or(0, |span| span.get_days());
        let clock = |t: jiff::civil::DateTime| {
            let seconds = i32::from(t.hour()) * 3_600 + i32::from(t.minute()) * 60 + i32::from(t.second());
            f64::from(seconds) / 86_400.0
        };
        f64::from(days) + clock(to) - clock(from)
    }
}

#[derive(Debug)]
struct FixedCharge {
    rate: Rate,
    held: Held,
    calendar: Calendar,
}

impl Term for FixedCharge {
    fn meter(&mut self, slice: &Slice<'_>) {
        self.held.meter(slice);
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let days = self.held.close_days(&self.calendar);
        match self.rate {
            Rate::Month(usd) => close.line("", days / close.days(), "month", usd, ""),
            Rate::Day(usd) => close.line("", days, "day", usd, ""),
            Rate::Year(usd) => {
                let leap =
                    jiff::civil::Date::new(close.month.year, 1, 1).is_ok_and(jiff::civil::Date::in_leap_year);
                let year = if leap { 366.0 } else { 365.0 };
                close.line("", days / year, "year", usd, "");
            }
        }
    }
}
