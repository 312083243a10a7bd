//! An amount a month, a day or a year, whatever is used; or an amount a day by the band into which the year's use falls;
//! or once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use std::collections::VecDeque;

use super::{Close, Ground, Kind, Slice, Term};
use crate::power::contract::tiers;
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// An amount a month, a day, a year, by band or once: one of them. A month in which the contract holds only in part pays
/// for the days on which it holds.
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
    /// Amounts a calendar day by the energy of a year, as of the residual charges of British networks. The year is the
    /// last twelve months at the meter, the one that is billed included; before twelve are on record it is
    /// `history_mwh_per_year`, or without it what there is, scaled to a year.
    #[serde(default)]
    pub bands: Option<Vec<BandSpec>>,
    /// Energy of the year before the start, in megawatt-hours, for `bands`. Default: none.
    #[serde(default)]
    pub history_mwh_per_year: Option<f64>,
    /// An amount that is paid once, such as the fee of a study.
    #[serde(default)]
    pub once: Option<OnceSpec>,
}

/// An amount that is paid once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnceSpec {
    /// The amount, in US dollars.
    pub usd: f64,
    /// The day on which it is due; on the bill of its month, if the contract holds then.
    pub on: String,
}

/// An amount a day up to an energy a year.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BandSpec {
    /// Energy of a year up to which it holds, in megawatt-hours. The last band has none.
    #[serde(default)]
    pub up_to_mwh_per_year: Option<f64>,
    /// Amount, in US dollars a calendar day.
    pub usd_per_day: f64,
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
        let others = usize::from(self.bands.is_some()) + usize::from(self.once.is_some());
        if given.clone().count() + others != 1 {
            problems.error(
                at,
                "exactly one of `usd_per_month`, `usd_per_day`, `usd_per_year`, `bands` and `once` is needed",
            );
        }
        for (key, amount) in given {
            problems.within(&at.key(key), amount, -AMOUNT_MAX, AMOUNT_MAX);
        }
        self.check_bands(at, problems);
        if let Some(once) = &self.once {
            let at = at.key("once");
            problems.within(&at.key("usd"), once.usd, -AMOUNT_MAX, AMOUNT_MAX);
            if parse_date(&once.on).is_none() {
                let message = format!("`{}` is not a date such as `2026-01-01`", once.on);
                problems.error(&at.key("on"), message);
            }
        }
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let due = |once: &OnceSpec| ground.calendar.start_of(parse_date(&once.on)?);
        let rate = match (self.usd_per_month, self.usd_per_day, &self.bands, &self.once) {
            (Some(usd), ..) => Rate::Month(usd),
            (_, Some(usd), ..) => Rate::Day(usd),
            (_, _, Some(bands), _) => Rate::Bands(YearBands {
                bands: bands.clone(),
                history_mwh: self.history_mwh_per_year,
                month: (0.0, 0.0),
                recorded: VecDeque::with_capacity(YEAR_MONTHS),
            }),
            (.., Some(once)) => Rate::Once(once.usd, due(once).unwrap_or(SimTime::FAR_FUTURE)),
            _ => Rate::Year(self.usd_per_year.unwrap_or(0.0)),
        };
        Box::new(FixedCharge {
            rate,
            held: Held::default(),
            calendar: ground.calendar.clone(),
        })
    }
}

impl FixedChargeSpec {
    fn check_bands(&self, at: &FieldPath, problems: &mut Problems) {
        let Some(bands) = &self.bands else {
            if self.history_mwh_per_year.is_some() {
                problems.error(
                    &at.key("history_mwh_per_year"),
                    "only `bands` look at a year's energy",
                );
            }
            return;
        };
        if let Some(mwh) = self.history_mwh_per_year {
            problems.within(&at.key("history_mwh_per_year"), mwh, 0.0, AMOUNT_MAX);
        }
        let at = at.key("bands");
        if bands.is_empty() {
            problems.error(&at, "at least one band is needed");
        }
        for (index, band) in bands.iter().enumerate() {
            let here = at.index(index).key("usd_per_day");
            problems.within(&here, band.usd_per_day, -AMOUNT_MAX, AMOUNT_MAX);
        }
        let limits: Vec<Option<f64>> = bands.iter().map(|b| b.up_to_mwh_per_year).collect();
        tiers::check(&limits, &at, "up_to_mwh_per_year", problems);
    }
}

#[derive(Debug)]
enum Rate {
    Month(f64),
    Day(f64),
    Year(f64),
    Bands(YearBands),
    /// An amount and the begin of its day.
    Once(f64, SimTime),
}

/// Months of a year.
const YEAR_MONTHS: usize = 12;
/// Hours of a mean year.
const YEAR_HOURS: f64 = 8_766.0;

/// Bands by the energy of the last twelve months.
#[derive(Debug)]
struct YearBands {
    bands: Vec<BandSpec>,
    history_mwh: Option<f64>,
    /// Energy and hours of the month at hand.
    month: (f64, f64),
    /// The same of the last twelve months, the latest last.
    recorded: VecDeque<(f64, f64)>,
}

impl YearBands {
    /// Ends a month: number from 1 and amount of the band, and the year's energy that put it there.
    fn close(&mut self) -> (usize, f64, f64) {
        if self.recorded.len() == YEAR_MONTHS {
            self.recorded.pop_front();
        }
        self.recorded.push_back(std::mem::take(&mut self.month));
        let sum = |part: fn(&(f64, f64)) -> f64| self.recorded.iter().map(part).sum::<f64>();
        let (mwh, hours) = (sum(|m| m.0), sum(|m| m.1));
        let year_mwh = match self.history_mwh {
            _ if self.recorded.len() == YEAR_MONTHS => mwh,
            Some(history) => history,
            None if hours > 0.0 => mwh / hours * YEAR_HOURS,
            None => 0.0,
        };
        let within = |band: &BandSpec| band.up_to_mwh_per_year.is_none_or(|limit| year_mwh <= limit);
        let index = self.bands.iter().position(within).unwrap_or(self.bands.len() - 1);
        (index + 1, self.bands[index].usd_per_day, year_mwh)
    }
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
        if let Rate::Bands(bands) = &mut self.rate {
            bands.month.0 += slice.load_mw * slice.hours;
            bands.month.1 += slice.hours;
        }
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let span = self.held.0;
        let days = self.held.close_days(&self.calendar);
        match &mut self.rate {
            Rate::Month(usd) => close.line("", days / close.days(), "month", *usd, ""),
            Rate::Day(usd) => close.line("", days, "day", *usd, ""),
            Rate::Once(usd, on) => {
                if span.is_some_and(|(from, to)| from <= *on && *on < to) {
                    close.line("once", 1.0, "once", *usd, "");
                }
            }
            Rate::Bands(bands) => {
                // A month in which the contract does not hold says nothing about the year.
                if days > 0.0 {
                    let (number, usd, mwh) = bands.close();
                    let set_by = format!("{mwh:.0} MWh a year");
                    close.line(&format!("band-{number}"), days, "day", usd, &set_by);
                }
            }
            Rate::Year(usd) => {
                let leap =
                    jiff::civil::Date::new(close.month.year, 1, 1).is_ok_and(jiff::civil::Date::in_leap_year);
                let year = if leap { 366.0 } else { 365.0 };
                close.line("", days / year, "year", *usd, "");
            }
        }
    }
}
