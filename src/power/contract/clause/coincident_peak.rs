//! A charge on the site's load in the hours in which the whole system peaks, billed a year later (ERCOT 4CP, PJM 5CP).
//!
//! Which hours were peaks is known when the season is over: the charge only counts then. What an operator can do before
//! is to weigh each hour's risk ([`OperatorSpec`]). A system load's signal carries weight: a peak counts `1 / peaks of its
//! season`, an hour's risk the chance of a peak over the same number, so that more load costs `risk x rate` a kilowatt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fixed_charge::Held;
use super::{Close, Ground, Kind, Moment, PeakCost, Slice, Term};
use crate::id::Name;
use crate::power::contract::PriceId;
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, HOUR_S, SimTime};

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
    /// The calendar month, 1 to 12, from which a season's mean is billed, for twelve months. Default 1: ERCOT's four months
    /// of one year are billed from January of the next.
    #[serde(default = "january")]
    pub billed_from_month: u8,
    /// Mean load in the peaks of the season before the start, in kilowatts; billed until another season's is, and taken
    /// for those peaks of the first season that lie before the start. Default 0.
    #[serde(default)]
    pub history_kw: f64,
    /// What the operator does about peaks. Default `forecast`.
    #[serde(default)]
    pub operator: OperatorSpec,
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
            billed_from_month: self.billed_from_month,
            history_kw: self.history_kw,
            billed: (self.history_kw, "history".to_owned()),
            season: Season::default(),
            open: None,
            held: Held::default(),
            calendar: ground.calendar.clone(),
        })
    }
}

/// Load in the peaks of the season at hand.
#[derive(Debug, Default)]
struct Season {
    /// Sum of weight and load, in megawatts.
    sum_mw: f64,
    /// Sum of weights: 1 once every peak was seen.
    weight: f64,
    peaks: Vec<SimTime>,
}

/// A peak that is being metered.
#[derive(Debug, Clone, Copy)]
struct Peak {
    /// The hour in which it lies.
    hour: SimTime,
    /// Its first instant that was metered.
    from: SimTime,
    weight: f64,
    mwh: f64,
    hours: f64,
}

#[derive(Debug)]
struct CoincidentPeak {
    peak: PriceId,
    watched: Option<PriceId>,
    usd_per_kw_year: f64,
    billed_from_month: u8,
    history_kw: f64,
    /// Kilowatts that are billed, and what set them.
    billed: (f64, String),
    season: Season,
    open: Option<Peak>,
    /// The part of this month in which the contract held.
    held: Held,
    calendar: Calendar,
}

impl CoincidentPeak {
    fn finish_peak(&mut self) {
        let Some(peak) = self.open.take() else { return };
        self.season.sum_mw += peak.weight * peak.mwh / peak.hours;
        self.season.weight += peak.weight;
        self.season.peaks.push(peak.from);
    }
    /// A new billing year begins: the season's mean takes the place of the last one's. Peaks of it that were not seen,
    /// because they lie before the start, stand at the history; a season of which nothing was seen leaves what was billed.
    fn turn(&mut self) {
        if self.season.peaks.is_empty() {
            return;
        }
        let season = std::mem::take(&mut self.season);
        let unseen = (1.0 - season.weight).max(0.0);
        let unseen = if unseen < 1e-9 { 0.0 } else { unseen };
        let set_by: Vec<String> = season.peaks.iter().map(|t| t.to_utc_text()).collect();
        let mut set_by = set_by.join(" ");
        if unseen > 0.0 {
            set_by.push_str(" and history");
        }
        self.billed = (season.sum_mw * 1e3 + unseen * self.history_kw, set_by);
    }
}

impl Term for CoincidentPeak {
    fn charges_peaks(&self) -> bool {
        self.watched.is_some()
    }
    fn peak_cost(&self, at: &Moment<'_>) -> PeakCost {
        let weight = self.watched.map_or(0.0, |id| at.prices[id.index()]);
        PeakCost {
            // A megawatt more over a peak raises the season's mean by 1000 kilowatts times its weight.
            usd_per_mwh: weight * self.usd_per_kw_year * 1e3 * at.factor,
            ..PeakCost::NONE
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.held.meter(slice);
        let mut from = slice.from;
        let weight = slice.prices[self.peak.index()];
        // Every turn goes on to the end of an hour.
        while from < slice.to {
            let hour = SimTime::from_unix_s(from.as_unix_s().div_euclid(HOUR_S) * HOUR_S);
            let to = SimTime::from_unix_s(hour.as_unix_s() + HOUR_S).min(slice.to);
            if weight == 0.0 || self.open.is_some_and(|open| open.hour != hour) {
                self.finish_peak();
            }
            if weight > 0.0 {
                let hours = (to - from).as_hours();
                let peak = self.open.get_or_insert(Peak {
                    hour,
                    from,
                    weight,
                    mwh: 0.0,
                    hours: 0.0,
                });
                peak.mwh += slice.load_mw * hours;
                peak.hours += hours;
            }
            from = to;
        }
    }
    fn close(&mut self, close: &mut Close<'_>) {
        self.finish_peak();
        let (kw, set_by) = self.billed.clone();
        // A month in which the contract does not hold owes nothing, one cut short its days.
        let share = self.held.close_days(&self.calendar) / close.days();
        if share > 0.0 {
            close.line("", kw, "kw", self.usd_per_kw_year / 12.0 * share, &set_by);
        }
        if close.month.plus(1).month as u8 == self.billed_from_month {
            self.turn();
        }
    }
}
