//! A charge on the site's load in the hours in which the whole system peaks, billed a year later (ERCOT 4CP, PJM 5CP).
//!
//! Which hours were peaks is known when the season is over: the charge only counts then. What an operator can do before
//! is to weigh each hour's risk ([`OperatorSpec`]): more load costs `risk x rate / peaks of a season` a megawatt-hour.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, PeakCost, Slice, Term};
use crate::id::Name;
use crate::power::contract::PriceId;
use crate::problem::{FieldPath, Problems};
use crate::time::{HOUR_S, SimTime};

/// The highest rate that is believed, in USD per kilowatt and year.
const RATE_MAX: f64 = 10_000.0;

/// A charge on load at the system's peaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoincidentPeakSpec {
    /// The system whose peaks count: a name under `market.system_load`.
    pub system_load: Name,
    /// Rate in US dollars per kilowatt and year. ERCOT: 50 to 150 (S84); Oncor at transmission voltage 75.1 from October
    /// 2026 (sourced: its tariff).
    pub usd_per_kw_year: f64,
    /// Peaks of a season, over which the mean is taken: 4 in ERCOT, 5 in PJM. Default 4.
    #[serde(default = "four")]
    pub peaks: u32,
    /// The calendar month, 1 to 12, from which a season's mean is billed, for twelve months. Default 1: ERCOT's four months
    /// of one year are billed from January of the next.
    #[serde(default = "january")]
    pub billed_from_month: u8,
    /// Mean load in the peaks of the season before the start, in kilowatts; billed until another season's is. Default 0.
    #[serde(default)]
    pub history_kw: f64,
    /// What the operator does about peaks. Default `forecast`.
    #[serde(default)]
    pub operator: OperatorSpec,
}

fn four() -> u32 {
    4
}
fn january() -> u8 {
    1
}

/// What dispatch knows of peaks before they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatorSpec {
    /// Nothing: peaks are met as they come.
    Ignore,
    /// The risk of each hour by a forecast with errors: some peaks are missed, some hours are stood still for nothing.
    #[default]
    Forecast,
    /// Every peak beforehand: a bound, not a plan.
    Perfect,
}

impl Kind for CoincidentPeakSpec {
    fn name(&self) -> &'static str {
        "coincident_peak"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("usd_per_kw_year"), self.usd_per_kw_year, 0.0, RATE_MAX);
        problems.within(&at.key("peaks"), f64::from(self.peaks), 1.0, 366.0);
        let from = f64::from(self.billed_from_month);
        problems.within(&at.key("billed_from_month"), from, 1.0, 12.0);
        problems.within(&at.key("history_kw"), self.history_kw, 0.0, 1e8);
    }
    fn system_load(&self) -> Option<&Name> {
        Some(&self.system_load)
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let signals = (ground.system_load)(&self.system_load);
        Box::new(CoincidentPeak {
            peak: signals.peak,
            watched: match self.operator {
                OperatorSpec::Ignore => None,
                OperatorSpec::Forecast => Some(signals.risk),
                OperatorSpec::Perfect => Some(signals.peak),
            },
            usd_per_kw_year: self.usd_per_kw_year,
            peaks: f64::from(self.peaks),
            billed_from_month: self.billed_from_month,
            billed: (self.history_kw, "history".to_owned()),
            season: Season::default(),
            hour: None,
        })
    }
}

/// Load in the peaks of the season at hand.
#[derive(Debug, Default)]
struct Season {
    sum_mw: f64,
    hours: Vec<SimTime>,
}

#[derive(Debug)]
struct CoincidentPeak {
    peak: PriceId,
    watched: Option<PriceId>,
    usd_per_kw_year: f64,
    peaks: f64,
    billed_from_month: u8,
    /// Kilowatts that are billed, and what set them.
    billed: (f64, String),
    season: Season,
    /// The peak hour that is being metered, and its energy so far.
    hour: Option<(SimTime, f64)>,
}

impl CoincidentPeak {
    fn finish_hour(&mut self) {
        if let Some((hour, mwh)) = self.hour.take() {
            self.season.sum_mw += mwh;
            self.season.hours.push(hour);
        }
    }
    /// A new billing year begins: the season's mean takes the place of the last one's. A season of which nothing was seen
    /// (before the start) leaves the history.
    fn turn(&mut self) {
        if self.season.hours.is_empty() {
            return;
        }
        let season = std::mem::take(&mut self.season);
        let set_by: Vec<String> = season.hours.iter().map(|h| h.to_utc_text()).collect();
        self.billed = (season.sum_mw * 1e3 / self.peaks, set_by.join(" "));
    }
}

impl Term for CoincidentPeak {
    fn charges_peaks(&self) -> bool {
        self.watched.is_some()
    }
    fn peak_cost(&self, at: &Moment<'_>) -> PeakCost {
        let risk = self.watched.map_or(0.0, |id| at.prices[id.index()]);
        PeakCost {
            // A megawatt more over the hour raises the season's mean by 1000 / peaks kilowatts.
            usd_per_mwh: risk * self.usd_per_kw_year * 1e3 / self.peaks * at.factor,
            ..PeakCost::NONE
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let mut from = slice.from;
        let is_peak = slice.prices[self.peak.index()] > 0.5;
        // Every turn goes on to the end of an hour.
        while from < slice.to {
            let hour = SimTime::from_unix_s(from.as_unix_s().div_euclid(HOUR_S) * HOUR_S);
            let to = SimTime::from_unix_s(hour.as_unix_s() + HOUR_S).min(slice.to);
            if self.hour.is_some_and(|(open, _)| open != hour) {
                self.finish_hour();
            }
            if is_peak {
                let so_far = self.hour.map_or(0.0, |(_, mwh)| mwh);
                self.hour = Some((hour, so_far + slice.load_mw * (to - from).as_hours()));
            }
            from = to;
        }
    }
    fn close(&mut self, close: &mut Close<'_>) {
        self.finish_hour();
        if close.month.month as u8 == self.billed_from_month {
            self.turn();
        }
        let (kw, set_by) = self.billed.clone();
        close.line("", kw, "kw", self.usd_per_kw_year / 12.0, &set_by);
    }
}
