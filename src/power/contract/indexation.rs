//! What a contract's stated rates are worth in a month: escalation from year to year, and currency.
//!
//! Escalators mean different things in different tools, so each kind states its own. Prices of the market
//! (`index`, resale) are in US dollars of the day and are neither escalated nor converted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{FieldPath, Problems};
use crate::series::Steps;
use crate::time::{Calendar, Month, SimTime, parse_date};

/// The most rates of a currency.
pub const EXCHANGE_RATES_MAX: usize = 5_000;
/// The most entries of a list of escalations.
pub const ESCALATIONS_MAX: usize = 100;

/// How the rates of a contract rise. Years count from the month of `from`; the first twelve months are at the stated
/// rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum EscalatorSpec {
    /// `(1 + percent/100)^n` in the n-th year after the first; inflation is not added.
    CompoundPercent(CompoundSpec),
    /// `(1 + (percent + inflation_percent)/100)^n`: the two are added and compounded, as SAM reads a single number.
    PlusInflation(PlusInflationSpec),
    /// `1 + percents[n]/100`: cumulative over the first year, neither compounded nor inflated, as SAM reads a list. The
    /// last entry holds on.
    CumulativeList(CumulativeSpec),
}

/// A compounded rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompoundSpec {
    /// Rise a year, in percent.
    pub percent: f64,
    /// A day of the month in which the first year begins. Default: the contract's `starts`.
    #[serde(default)]
    pub from: Option<String>,
}

/// A rise above inflation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlusInflationSpec {
    /// Real rise a year, in percent.
    pub percent: f64,
    /// Inflation a year, in percent.
    pub inflation_percent: f64,
    /// A day of the month in which the first year begins. Default: the contract's `starts`.
    #[serde(default)]
    pub from: Option<String>,
}

/// Rises over the first year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CumulativeSpec {
    /// Rise of each year over the stated rates, in percent; the first entry is the first year's.
    pub percents: Vec<f64>,
    /// A day of the month in which the first year begins. Default: the contract's `starts`.
    #[serde(default)]
    pub from: Option<String>,
}

impl EscalatorSpec {
    fn key(&self) -> &'static str {
        match self {
            Self::CompoundPercent(_) => "compound_percent",
            Self::PlusInflation(_) => "plus_inflation",
            Self::CumulativeList(_) => "cumulative_list",
        }
    }
    fn from(&self) -> Option<&String> {
        match self {
            Self::CompoundPercent(s) => s.from.as_ref(),
            Self::PlusInflation(s) => s.from.as_ref(),
            Self::CumulativeList(s) => s.from.as_ref(),
        }
    }
    /// Adds every problem; `starts` is the contract's.
    pub(super) fn check(&self, at: &FieldPath, starts: Option<&String>, problems: &mut Problems) {
        let at = at.key(self.key());
        match (self.from(), starts) {
            (Some(text), _) if parse_date(text).is_none() => problems.error(
                &at.key("from"),
                format!("`{text}` is not a date such as `2026-01-01`"),
            ),
            (None, None) => problems.error(
                &at,
                "when the first year begins is not said: give `from`, or `starts` to the contract",
            ),
            _ => {}
        }
        let range = |key: &str, value: f64, problems: &mut Problems| {
            problems.within(&at.key(key), value, -50.0, 100.0);
        };
        match self {
            Self::CompoundPercent(s) => range("percent", s.percent, problems),
            Self::PlusInflation(s) => {
                range("percent", s.percent, problems);
                range("inflation_percent", s.inflation_percent, problems);
            }
            Self::CumulativeList(s) => {
                let at = at.key("percents");
                if !(1..=ESCALATIONS_MAX).contains(&s.percents.len()) {
                    let message = format!(
                        "{} entries: 1 to {ESCALATIONS_MAX} are possible",
                        s.percents.len()
                    );
                    problems.error(&at, message);
                }
                for (index, percent) in s.percents.iter().enumerate() {
                    problems.within(&at.index(index), *percent, -99.0, 10_000.0);
                }
            }
        }
    }
    /// The factor of the n-th year after the first.
    fn factor(&self, year: i32) -> f64 {
        let year = year.max(0);
        match self {
            Self::CompoundPercent(s) => (1.0 + s.percent / 100.0).powi(year),
            Self::PlusInflation(s) => (1.0 + s.inflation_percent / 100.0 + s.percent / 100.0).powi(year),
            Self::CumulativeList(s) => {
                let index = (year as usize).min(s.percents.len() - 1);
                1.0 + s.percents[index] / 100.0
            }
        }
    }
}

/// The currency of a contract: then every `usd` of its clauses reads as a unit of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurrencySpec {
    /// ISO 4217 code in lower case, such as `nok` or `gbp`.
    pub code: String,
    /// US dollars for a unit; or `rates`, or `file`.
    #[serde(default)]
    pub usd_per_unit: Option<f64>,
    /// US dollars for a unit from dates on; a month is billed at the rate of its first day. Before the first date its
    /// rate holds.
    #[serde(default)]
    pub rates: Option<Vec<ExchangeRateSpec>>,
    /// A file of rates, `date,usd_per_unit` by rising date; `data:` stands for the data folder. Each holds until the next;
    /// before the first and after the last of the file these hold, which is noted.
    #[serde(default)]
    pub file: Option<String>,
    /// The most days over which a rate of the file is held; a longer silence is refused. Default 10: weekends and holidays
    /// of a daily series; 31 for one of months.
    #[serde(default = "ten_days")]
    pub hold_days: u32,
}

fn ten_days() -> u32 {
    10
}

/// A rate from a date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRateSpec {
    /// The first day.
    pub from: String,
    /// US dollars for a unit.
    pub usd_per_unit: f64,
}

/// Codes that are known; of others a slip of the pen could not be told.
const CODES: &[&str] = &[
    "usd", "eur", "gbp", "nok", "sek", "dkk", "isk", "chf", "pln", "czk", "huf", "ron", "bgn", "cad", "mxn",
    "brl", "clp", "ars", "cop", "pen", "pyg", "aud", "nzd", "jpy", "krw", "cny", "twd", "hkd", "sgd", "myr",
    "thb", "idr", "php", "vnd", "inr", "pkr", "aed", "sar", "qar", "omr", "kwd", "bhd", "ils", "try", "kzt",
    "uzs", "gel", "uah", "rub", "zar", "kes", "ngn", "etb", "egp", "mad", "bob", "uyu",
];

impl CurrencySpec {
    /// Adds every problem.
    pub fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if !CODES.contains(&self.code.as_str()) {
            problems.unknown(&at.key("code"), "currency", &self.code, CODES.iter().copied());
        }
        let given = [
            self.usd_per_unit.is_some(),
            self.rates.is_some(),
            self.file.is_some(),
        ];
        if given.iter().filter(|g| **g).count() != 1 {
            problems.error(at, "one of `usd_per_unit`, `rates` and `file` is needed");
        }
        if self.file.as_ref().is_some_and(String::is_empty) {
            problems.error(&at.key("file"), "a file must be named");
        }
        problems.within(&at.key("hold_days"), f64::from(self.hold_days), 1.0, 366.0);
        if let Some(rate) = self.usd_per_unit {
            problems.positive(&at.key("usd_per_unit"), rate);
        }
        let Some(rates) = &self.rates else { return };
        let at = at.key("rates");
        if !(1..=EXCHANGE_RATES_MAX).contains(&rates.len()) {
            let message = format!("{} rates: 1 to {EXCHANGE_RATES_MAX} are possible", rates.len());
            problems.error(&at, message);
        }
        let mut last = None;
        for (index, rate) in rates.iter().enumerate() {
            let at = at.index(index);
            problems.positive(&at.key("usd_per_unit"), rate.usd_per_unit);
            let date = parse_date(&rate.from);
            if date.is_none() {
                let message = format!("`{}` is not a date such as `2026-01-01`", rate.from);
                problems.error(&at.key("from"), message);
            } else if date <= last {
                problems.error(&at.key("from"), "dates must rise");
            }
            last = date.or(last);
        }
    }

    /// Takes what a file said in its place.
    pub fn resolve(&mut self, rates: Vec<ExchangeRateSpec>) {
        (self.file, self.rates) = (None, Some(rates));
    }

    /// US dollars for a unit over time; `None` where a date is malformed, or a file was not read.
    pub fn steps(&self, calendar: &Calendar) -> Option<Steps> {
        let Some(rates) = &self.rates else {
            return self.usd_per_unit.map(Steps::constant);
        };
        let point = |r: &ExchangeRateSpec| Some((calendar.start_of(parse_date(&r.from)?)?, r.usd_per_unit));
        let points: Option<Vec<(SimTime, f64)>> = rates.iter().map(point).collect();
        Some(Steps::new(rates.first()?.usd_per_unit, points?))
    }
}

/// What stated rates are worth, month by month.
#[derive(Debug)]
pub(super) struct Indexation {
    escalator: Option<(EscalatorSpec, Month)>,
    currency: Option<Steps>,
}

impl Indexation {
    /// Of specs that have been checked; `None` where a date is malformed.
    pub(super) fn new(
        (escalator, currency): (Option<&EscalatorSpec>, Option<&CurrencySpec>),
        starts: Option<&String>,
        calendar: &Calendar,
    ) -> Option<Self> {
        let escalator = match escalator {
            Some(spec) => {
                let date = parse_date(spec.from().or(starts)?)?;
                let month = Month {
                    year: date.year(),
                    month: date.month(),
                };
                Some((spec.clone(), month))
            }
            None => None,
        };
        let currency = match currency {
            Some(spec) => Some(spec.steps(calendar)?),
            None => None,
        };
        Some(Self { escalator, currency })
    }

    /// The factor of a month that begins at `start`.
    pub(super) fn factor(&self, month: Month, start: SimTime) -> f64 {
        let escalated = self.escalator.as_ref().map_or(1.0, |(spec, from)| {
            spec.factor(from.months_until(month).div_euclid(12))
        });
        escalated * self.currency.as_ref().map_or(1.0, |rates| rates.at(start))
    }
}
