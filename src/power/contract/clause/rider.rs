//! An amount for each megawatt-hour, billed kilowatt or dollar of other clauses: fuel, levies, network energy by time of
//! day, taxes in percent, discounts.
//!
//! To dispatch, an amount per megawatt-hour counts in full, and a percentage raises the margin of what it names. An
//! amount per billed kilowatt does not: state it as a `demand_charge` where peaks should feel it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energy_tax::Taxed;
use super::{Close, Ground, Kind, Moment, Slice, Stage, Term, check_price, means};
use crate::id::Name;
use crate::power::contract::dated::{Dated, DatedEnergy, check_dates};
use crate::power::contract::holidays::HolidaysSpec;
use crate::power::contract::schedule::{PERIODS_MAX, PeriodClock, ScheduleSpec};
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// An addition to a bill: one of `usd_per_mwh`, `usd_per_mwh_by_month`, `periods`, `usd_per_kw`, `percent` and `rates`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderSpec {
    /// Its name on the bill.
    pub name: Name,
    /// Amount, in US dollars per megawatt-hour under the contract.
    #[serde(default)]
    pub usd_per_mwh: Option<f64>,
    /// The same for each calendar month, January first.
    #[serde(default)]
    pub usd_per_mwh_by_month: Option<Vec<f64>>,
    /// The same by period of the year, with `schedule`: red, amber and green of a network.
    #[serde(default)]
    pub periods: Option<Vec<RiderPeriodSpec>>,
    /// Which of `periods` holds when.
    #[serde(default)]
    pub schedule: Option<ScheduleSpec>,
    /// Days that the schedule takes for holidays. Default: none.
    #[serde(default)]
    pub holidays: HolidaysSpec,
    /// Amount, in US dollars for each kilowatt that the named lines bill in a month.
    #[serde(default)]
    pub usd_per_kw: Option<f64>,
    /// Percent of the amount of the named lines; a discount is negative.
    #[serde(default)]
    pub percent: Option<f64>,
    /// Amounts of one kind from dates on; nothing before the first. Energy counts at the rate of the hour of its use;
    /// kilowatts and percentages are of a month's lines and change on the first of a month only.
    #[serde(default)]
    pub rates: Option<Vec<RiderRateSpec>>,
    /// The lines that `usd_per_kw` and `percent` are about: a kind (`demand_charge`), a clause (`demand_charge[1]`) or a
    /// part of one (`demand_charge[1].on-peak`). Default: all of the contract but riders and minimum bills.
    #[serde(default)]
    pub of: Vec<String>,
    /// The use whose energy is charged, by its share of the meter. Default `all`.
    #[serde(default, rename = "use")]
    pub charged: Taxed,
}

/// An amount per megawatt-hour in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderPeriodSpec {
    /// Its name in rules and on the bill.
    pub name: Name,
    /// Amount, in US dollars per megawatt-hour.
    pub usd_per_mwh: f64,
}

/// An amount from a date on: one of `usd_per_mwh`, `usd_per_kw` and `percent`, the same one in every entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderRateSpec {
    /// The first day, from midnight in the site's time.
    pub from: String,
    /// Amount, in US dollars per megawatt-hour.
    #[serde(default)]
    pub usd_per_mwh: Option<f64>,
    /// Amount, in US dollars per billed kilowatt.
    #[serde(default)]
    pub usd_per_kw: Option<f64>,
    /// Percent of the named lines.
    #[serde(default)]
    pub percent: Option<f64>,
}

/// What an amount is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Mwh,
    Kw,
    Percent,
}

impl RiderRateSpec {
    fn amount(&self) -> Option<(Unit, f64)> {
        match (self.usd_per_mwh, self.usd_per_kw, self.percent) {
            (Some(v), None, None) => Some((Unit::Mwh, v)),
            (None, Some(v), None) => Some((Unit::Kw, v)),
            (None, None, Some(v)) => Some((Unit::Percent, v)),
            _ => None,
        }
    }
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self.amount() {
            Some((Unit::Mwh, rate)) => check_price(&at.key("usd_per_mwh"), rate, problems),
            Some((Unit::Kw, rate)) => problems.within(&at.key("usd_per_kw"), rate, -10_000.0, 10_000.0),
            Some((Unit::Percent, rate)) => problems.within(&at.key("percent"), rate, -100.0, 1_000.0),
            None => problems.error(at, "one of `usd_per_mwh`, `usd_per_kw` and `percent` is needed"),
        }
        let of_lines = self.amount().is_some_and(|(unit, _)| unit != Unit::Mwh);
        if of_lines && parse_date(&self.from).is_some_and(|d| d.day() != 1) {
            let message = "an amount that is of a month's lines can only change on the first of a month";
            problems.error(&at.key("from"), message);
        }
    }
}

impl RiderSpec {
    /// A rider without an amount yet.
    pub fn named(name: Name) -> Self {
        Self {
            name,
            usd_per_mwh: None,
            usd_per_mwh_by_month: None,
            periods: None,
            schedule: None,
            holidays: HolidaysSpec::default(),
            usd_per_kw: None,
            percent: None,
            rates: None,
            of: Vec::new(),
            charged: Taxed::All,
        }
    }
    /// The flat amount as a single rate.
    fn flat(&self) -> RiderRateSpec {
        RiderRateSpec {
            from: String::new(),
            usd_per_mwh: self.usd_per_mwh,
            usd_per_kw: self.usd_per_kw,
            percent: self.percent,
        }
    }
    fn unit(&self) -> Option<Unit> {
        let rate = self
            .rates
            .as_ref()
            .map_or(Some(self.flat()), |r| r.first().cloned());
        rate.and_then(|r| r.amount()).map(|(unit, _)| unit)
    }
    fn dated(&self, calendar: &Calendar) -> Dated {
        let Some(rates) = &self.rates else {
            return Dated::always(self.flat().amount().map_or(0.0, |(_, amount)| amount));
        };
        let amount = |r: &RiderRateSpec| r.amount().map_or(0.0, |(_, amount)| amount);
        Dated::new(rates.iter().map(|r| (r.from.as_str(), amount(r))), calendar)
    }
    fn check_amounts(&self, at: &FieldPath, problems: &mut Problems) {
        let given = [
            self.usd_per_mwh.is_some(),
            self.usd_per_mwh_by_month.is_some(),
            self.periods.is_some(),
            self.usd_per_kw.is_some(),
            self.percent.is_some(),
            self.rates.is_some(),
        ];
        if given.into_iter().filter(|g| *g).count() != 1 {
            problems.error(
                at,
                "exactly one of `usd_per_mwh`, `usd_per_mwh_by_month`, `periods`, `usd_per_kw`, `percent` and `rates` is needed",
            );
        } else if self.flat().amount().is_some() {
            self.flat().check(at, problems);
        }
        if let Some(row) = &self.usd_per_mwh_by_month {
            let at = at.key("usd_per_mwh_by_month");
            if row.len() != 12 {
                problems.error(&at, format!("{} months where 12 are expected", row.len()));
            }
            for (index, rate) in row.iter().enumerate() {
                check_price(&at.index(index), *rate, problems);
            }
        }
        if let Some(rates) = &self.rates {
            let at = at.key("rates");
            check_dates(rates.iter().map(|r| r.from.as_str()), &at, problems);
            for (index, rate) in rates.iter().enumerate() {
                rate.check(&at.index(index), problems);
                let differs = rate.amount().is_some_and(|(unit, _)| Some(unit) != self.unit());
                if differs && self.unit().is_some() {
                    problems.error(
                        &at.index(index),
                        "every rate must be of the same kind as the first",
                    );
                }
            }
        }
    }
    fn check_periods(&self, at: &FieldPath, problems: &mut Problems) {
        let periods = self.periods.as_deref().unwrap_or(&[]);
        if self.periods.is_some() && !(1..=PERIODS_MAX).contains(&periods.len()) {
            let message = format!("{} periods: 1 to {PERIODS_MAX} are possible", periods.len());
            problems.error(&at.key("periods"), message);
        }
        for (index, period) in periods.iter().enumerate() {
            let at = at.key("periods").index(index);
            problems.name(&at.key("name"), &period.name);
            check_price(&at.key("usd_per_mwh"), period.usd_per_mwh, problems);
            if periods[..index].iter().any(|p| p.name == period.name) {
                problems.error(&at.key("name"), format!("the name `{}` is taken", period.name));
            }
        }
        let names: Vec<&Name> = periods.iter().map(|p| &p.name).collect();
        match &self.schedule {
            Some(schedule) if self.periods.is_some() => {
                schedule.check(&at.key("schedule"), &names, problems);
            }
            Some(_) => problems.error(&at.key("schedule"), "a schedule needs `periods`"),
            None if self.periods.is_some() => {
                problems.error(at, "`periods` need a `schedule` that says which holds when");
            }
            None => {}
        }
        self.holidays.check(&at.key("holidays"), problems);
    }
}

impl Kind for RiderSpec {
    fn name(&self) -> &'static str {
        "rider"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("name"), &self.name);
        self.check_amounts(at, problems);
        self.check_periods(at, problems);
        let of_lines = matches!(self.unit(), Some(Unit::Kw | Unit::Percent));
        if !self.of.is_empty() && !of_lines {
            problems.error(&at.key("of"), "only `percent` and `usd_per_kw` are about lines");
        }
        if self.charged != Taxed::All && of_lines {
            let message = "only amounts per megawatt-hour can tell uses apart";
            problems.error(&at.key("use"), message);
        }
    }
    fn surcharge(&self, calendar: &Calendar) -> Option<(Dated, &[String])> {
        (self.unit() == Some(Unit::Percent)).then(|| (self.dated(calendar), self.of.as_slice()))
    }
    fn named_lines(&self) -> (&'static str, &[String]) {
        ("of", &self.of)
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let calendar = ground.calendar;
        let amount = match (&self.usd_per_mwh_by_month, &self.periods, self.unit()) {
            (Some(row), ..) => Amount::ByMonth {
                usd_per_mwh: std::array::from_fn(|m| row[m]),
                mwh: 0.0,
                calendar: calendar.clone(),
            },
            (_, Some(periods), _) => {
                let names: Vec<&Name> = periods.iter().map(|p| &p.name).collect();
                let clock = match &self.schedule {
                    Some(schedule) => PeriodClock::new(schedule, &self.holidays, &names, calendar),
                    None => PeriodClock::constant(calendar),
                };
                let period = |p: &RiderPeriodSpec| (format!("{}.{}", self.name, p.name), p.usd_per_mwh, 0.0);
                Amount::ByPeriod {
                    clock: Box::new(clock),
                    periods: periods.iter().map(period).collect(),
                }
            }
            (.., Some(Unit::Kw)) => Amount::PerKw(self.dated(calendar)),
            (.., Some(Unit::Percent)) => Amount::Percent(self.dated(calendar)),
            (.., Some(Unit::Mwh) | None) => Amount::PerMwh(DatedEnergy::new(self.dated(calendar))),
        };
        Box::new(Rider {
            name: self.name.to_string(),
            amount,
            of: self.of.clone(),
            charged: self.charged,
            calendar: calendar.clone(),
        })
    }
}

#[derive(Debug)]
enum Amount {
    PerMwh(DatedEnergy),
    ByMonth {
        usd_per_mwh: [f64; 12],
        mwh: f64,
        calendar: Calendar,
    },
    /// Part of the line, rate and energy of each period.
    ByPeriod {
        clock: Box<PeriodClock>,
        periods: Vec<(String, f64, f64)>,
    },
    PerKw(Dated),
    Percent(Dated),
}

#[derive(Debug)]
struct Rider {
    name: String,
    amount: Amount,
    of: Vec<String>,
    charged: Taxed,
    calendar: Calendar,
}

/// Sums what riders may be about: lines of the contract that are no riders.
fn sum_of(close: &Close<'_>, of: &[String], what: impl Fn(&super::SettlementLine) -> f64) -> f64 {
    let metered = |l: &&super::SettlementLine| !l.clause.starts_with("rider[") && means(of, &l.clause);
    close.lines.iter().filter(metered).map(what).sum()
}

impl Term for Rider {
    fn open(&mut self, now: SimTime) {
        if let Amount::ByPeriod { clock, .. } = &mut self.amount {
            clock.open(now);
        }
    }
    fn relief_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        if !self.charged.covers(at.by) {
            return 0.0;
        }
        let rate = match &self.amount {
            Amount::PerMwh(energy) => energy.rates.at(at.time),
            Amount::ByMonth {
                usd_per_mwh,
                calendar,
                ..
            } => usd_per_mwh[calendar.month(at.time).month as usize - 1],
            Amount::ByPeriod { clock, periods } => periods[clock.period(at.time)].1,
            Amount::PerKw(_) | Amount::Percent(_) => 0.0,
        };
        -rate * at.factor
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let charged_mw = match self.charged {
            Taxed::All => slice.contract_mw,
            _ if slice.load_mw <= 0.0 => 0.0,
            by_use => slice.contract_mw * by_use.load_mw(slice) / slice.load_mw,
        };
        match &mut self.amount {
            Amount::PerMwh(energy) => energy.meter(slice.from, slice.to, charged_mw),
            Amount::ByMonth { mwh, .. } => *mwh += charged_mw * slice.hours,
            Amount::ByPeriod { clock, periods } => {
                let mut at = slice.from;
                // Every turn goes on to the end of a period.
                while at < slice.to {
                    let (index, until) = clock.segment(at);
                    let until = until.min(slice.to);
                    periods[index].2 += charged_mw * (until - at).as_hours();
                    at = until;
                }
            }
            Amount::PerKw(_) | Amount::Percent(_) => {}
        }
    }
    fn stage(&self) -> Stage {
        Stage::Riders
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let start = self.calendar.start_of_month(close.month);
        match &mut self.amount {
            Amount::PerMwh(energy) => energy.close(&self.name, close),
            Amount::ByMonth { usd_per_mwh, mwh, .. } => {
                let (mwh, rate) = (std::mem::take(mwh), usd_per_mwh[close.month.month as usize - 1]);
                if rate != 0.0 {
                    close.line(&self.name, mwh, "mwh", rate, "");
                }
            }
            Amount::ByPeriod { periods, .. } => {
                for (part, rate, mwh) in periods {
                    let mwh = std::mem::take(mwh);
                    if *rate != 0.0 {
                        close.line(part, mwh, "mwh", *rate, "");
                    }
                }
            }
            Amount::PerKw(rates) => {
                let kw = |l: &super::SettlementLine| if l.unit == "kw" { l.quantity } else { 0.0 };
                let kw = sum_of(close, &self.of, kw);
                let rate = rates.at(start);
                if rate != 0.0 {
                    close.line(&self.name, kw, "kw", rate, rates.set_by(start));
                }
            }
            Amount::Percent(rates) => {
                let cost = sum_of(close, &self.of, |l| -l.usd);
                let share = rates.at(start) / 100.0;
                if share != 0.0 {
                    close.plain_line(&self.name, cost, "usd", share, rates.set_by(start));
                }
            }
        }
    }
}
