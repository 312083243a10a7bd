//! Energy at prices by month, kind of day and hour, in tiers of the month's use.
//!
//! Tiers that are shared between periods need a rule that says which energy fills them; two tools that read the same
//! tariff differ by it. Here the contract states it ([`Fill`]). Tiers may be energy, energy a day, or hours of use of
//! the billing demand (kWh per kW), which is only known when the month ends: then the month is priced from its record.
//!
//! To dispatch, a unit of energy costs the price of the period and tier that hold now. Hours of use count the demand
//! so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::demand_charge::{check_window, default_window};
use super::{Close, Ground, Kind, Moment, Reach, Slice, Term, check_price};
use crate::id::Name;
use crate::power::contract::holidays::HolidaysSpec;
use crate::power::contract::ratchet::{Ratchet, RatchetSpec};
use crate::power::contract::schedule::{PERIODS_MAX, PeriodClock, ScheduleSpec};
use crate::power::contract::tiers::{self, Tier};
use crate::power::contract::window::WindowMeter;
use crate::problem::{FieldPath, Problems};
use crate::time::{Month, SimTime};

/// Any amount of energy at prices by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeOfUseSpec {
    /// Periods and their prices.
    pub periods: Vec<EnergyPeriodSpec>,
    /// Which period holds when. Default: the only period, always.
    #[serde(default)]
    pub schedule: Option<ScheduleSpec>,
    /// Days that the schedule takes for holidays. Default: none.
    #[serde(default)]
    pub holidays: HolidaysSpec,
    /// Which energy fills tiers. Required where a period has several.
    #[serde(default)]
    pub fill: Option<Fill>,
    /// What hours of use are counted on. Default: the month's highest 15 minutes.
    #[serde(default)]
    pub billing_demand: BillingDemandSpec,
}

/// A period and its prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnergyPeriodSpec {
    /// Its name in rules and on the bill.
    pub name: Name,
    /// Price, in US dollars per megawatt-hour; or `tiers`.
    #[serde(default)]
    pub usd_per_mwh: Option<f64>,
    /// Prices in tiers; or `usd_per_mwh`.
    #[serde(default)]
    pub tiers: Option<Vec<EnergyTierSpec>>,
}

/// A tier of a month's energy. All limits of a clause are of one kind; the last tier has none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnergyTierSpec {
    /// Energy of the month up to which it holds, in megawatt-hours, counted from zero.
    #[serde(default)]
    pub up_to_mwh: Option<f64>,
    /// The same for each day of the month: 31 times as much in January.
    #[serde(default)]
    pub up_to_mwh_per_day: Option<f64>,
    /// Hours of use of the billing demand: kilowatt-hours for each kilowatt.
    #[serde(default)]
    pub up_to_hours: Option<f64>,
    /// The same for each day of the month.
    #[serde(default)]
    pub up_to_hours_per_day: Option<f64>,
    /// Price, in US dollars per megawatt-hour.
    pub usd_per_mwh: f64,
}

/// Which energy fills tiers that several periods share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// All energy of the month, as it is used: each unit is priced in the tier that the month has reached.
    InTimeOrder,
    /// All energy of the month; each tier is shared between the periods in proportion to their energy.
    ProRataOverPeriods,
    /// Each period fills its own tiers by its own energy.
    WithinEachPeriod,
}

/// The demand on which hours of use are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingDemandSpec {
    /// Length of the window whose mean counts, in minutes: 15, 30 or 60. Default 15.
    #[serde(default = "default_window")]
    pub window_minutes: u32,
    /// It is at least this, in kilowatts. Default 0.
    #[serde(default)]
    pub minimum_kw: f64,
    /// It is at least a share of earlier peaks. Default: none.
    #[serde(default)]
    pub ratchet: Option<RatchetSpec>,
}

impl Default for BillingDemandSpec {
    fn default() -> Self {
        Self {
            window_minutes: default_window(),
            minimum_kw: 0.0,
            ratchet: None,
        }
    }
}

/// What limits of tiers are measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Mwh,
    MwhPerDay,
    Hours,
    HoursPerDay,
}

impl Measure {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Mwh, "up_to_mwh"),
        (Self::MwhPerDay, "up_to_mwh_per_day"),
        (Self::Hours, "up_to_hours"),
        (Self::HoursPerDay, "up_to_hours_per_day"),
    ];

    fn limit(self, tier: &EnergyTierSpec) -> Option<f64> {
        match self {
            Self::Mwh => tier.up_to_mwh,
            Self::MwhPerDay => tier.up_to_mwh_per_day,
            Self::Hours => tier.up_to_hours,
            Self::HoursPerDay => tier.up_to_hours_per_day,
        }
    }

    fn by_demand(self) -> bool {
        matches!(self, Self::Hours | Self::HoursPerDay)
    }

    /// What a limit is multiplied by to be megawatt-hours.
    fn scale(self, demand_mw: f64, days: f64) -> f64 {
        let demand_mw = if self.by_demand() { demand_mw } else { 1.0 };
        match self {
            Self::Mwh | Self::Hours => demand_mw,
            Self::MwhPerDay | Self::HoursPerDay => demand_mw * days,
        }
    }
}

impl TimeOfUseSpec {
    fn names(&self) -> Vec<&Name> {
        self.periods.iter().map(|p| &p.name).collect()
    }

    fn tiers(&self) -> impl Iterator<Item = &EnergyTierSpec> {
        self.periods.iter().flat_map(|p| p.tiers.iter().flatten())
    }

    /// The kinds of limit that tiers use.
    fn measures(&self) -> Vec<(Measure, &'static str)> {
        let used = |m: &(Measure, &str)| self.tiers().any(|t| m.0.limit(t).is_some());
        Measure::ALL.into_iter().filter(used).collect()
    }

    fn check_period(&self, index: usize, at: &FieldPath, problems: &mut Problems) {
        let period = &self.periods[index];
        problems.name(&at.key("name"), &period.name);
        if self.periods[..index].iter().any(|p| p.name == period.name) {
            problems.error(&at.key("name"), format!("the name `{}` is taken", period.name));
        }
        if period.usd_per_mwh.is_some() == period.tiers.is_some() {
            problems.error(at, "one of `usd_per_mwh` and `tiers` says the prices");
        }
        if let Some(price) = period.usd_per_mwh {
            check_tariff_price(&at.key("usd_per_mwh"), price, problems);
        }
        let Some(list) = &period.tiers else { return };
        let at = at.key("tiers");
        if list.is_empty() {
            problems.error(&at, "at least one tier is needed");
        }
        for (index, tier) in list.iter().enumerate() {
            check_tariff_price(&at.index(index).key("usd_per_mwh"), tier.usd_per_mwh, problems);
        }
        if let [(measure, key), ..] = self.measures()[..] {
            let limits: Vec<Option<f64>> = list.iter().map(|t| measure.limit(t)).collect();
            tiers::check(&limits, &at, key, problems);
        }
    }
}

/// Requires a plausible price, and warns where one per kilowatt-hour seems meant.
fn check_tariff_price(at: &FieldPath, usd_per_mwh: f64, problems: &mut Problems) {
    check_price(at, usd_per_mwh, problems);
    if usd_per_mwh.abs() > 0.0 && usd_per_mwh.abs() < 1.0 {
        problems.warn(
            at,
            format!(
                "`{usd_per_mwh}` is read as US dollars per megawatt-hour; is {} meant?",
                usd_per_mwh * 1e3
            ),
        );
    }
}

impl Kind for TimeOfUseSpec {
    fn name(&self) -> &'static str {
        "time_of_use"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        if !(1..=PERIODS_MAX).contains(&self.periods.len()) {
            let message = format!("{} periods: 1 to {PERIODS_MAX} are possible", self.periods.len());
            problems.error(&at.key("periods"), message);
        }
        for index in 0..self.periods.len() {
            self.check_period(index, &at.key("periods").index(index), problems);
        }
        let measures: Vec<&str> = self.measures().iter().map(|m| m.1).collect();
        if measures.len() > 1 {
            let message = format!(
                "limits of tiers are of one kind; here are {}",
                measures.join(", ")
            );
            problems.error(&at.key("periods"), message);
        }
        let several = |p: &EnergyPeriodSpec| p.tiers.as_ref().is_some_and(|t| t.len() > 1);
        if self.fill.is_none() && self.periods.iter().any(several) {
            problems.error_with_help(
                at,
                "tiers need a rule that says which energy fills them",
                "write `fill = \"in_time_order\"`, `\"pro_rata_over_periods\"` or `\"within_each_period\"`",
            );
        }
        match &self.schedule {
            Some(schedule) => schedule.check(&at.key("schedule"), &self.names(), problems),
            None if self.periods.len() > 1 => {
                problems.error(at, "several periods need a `schedule` that says which holds when");
            }
            None => {}
        }
        self.holidays.check(&at.key("holidays"), problems);
        let at = at.key("billing_demand");
        check_window(
            &at.key("window_minutes"),
            self.billing_demand.window_minutes,
            problems,
        );
        problems.within(&at.key("minimum_kw"), self.billing_demand.minimum_kw, 0.0, 1e8);
        if let Some(ratchet) = &self.billing_demand.ratchet {
            ratchet.check(&at.key("ratchet"), &[], problems);
        }
    }
    fn reach(&self) -> Reach {
        Reach::Everything
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let names = self.names();
        let clock = match &self.schedule {
            Some(schedule) => PeriodClock::new(schedule, &self.holidays, &names, ground.calendar),
            None => PeriodClock::constant(ground.calendar),
        };
        let measure = self.measures().first().map_or(Measure::Mwh, |m| m.0);
        let periods: Vec<Period> = self.periods.iter().map(|p| Period::new(p, measure)).collect();
        let several = periods.iter().any(|p| p.tiers.len() > 1);
        let fill = match self.fill {
            Some(fill) if several => fill,
            _ => Fill::WithinEachPeriod,
        };
        let keeps_record = fill == Fill::InTimeOrder && periods.len() > 1;
        Box::new(TimeOfUse {
            periods,
            clock,
            fill,
            measure,
            demand: Demand::new(&self.billing_demand, ground.align_s),
            total_mwh: 0.0,
            record: Vec::with_capacity(if keeps_record { RECORD } else { 0 }),
            keeps_record,
        })
    }
}

/// Changes of period in a month of half hours: what the record holds without growing.
const RECORD: usize = 31 * 48 + 16;

#[derive(Debug)]
struct Period {
    name: String,
    tiers: Vec<Tier>,
    taken_mwh: f64,
}

impl Period {
    fn new(spec: &EnergyPeriodSpec, measure: Measure) -> Self {
        let flat = [EnergyTierSpec {
            usd_per_mwh: spec.usd_per_mwh.unwrap_or(0.0),
            ..EnergyTierSpec::default()
        }];
        let tiers = spec.tiers.as_deref().unwrap_or(&flat);
        let tier = |t: &EnergyTierSpec| Tier {
            up_to: measure.limit(t).unwrap_or(f64::INFINITY),
            rate: t.usd_per_mwh,
        };
        Self {
            name: spec.name.to_string(),
            tiers: tiers.iter().map(tier).collect(),
            taken_mwh: 0.0,
        }
    }
}

/// The billing demand of hours of use.
#[derive(Debug)]
struct Demand {
    meter: WindowMeter,
    minimum_mw: f64,
    ratchet: Option<Ratchet>,
}

impl Demand {
    fn new(spec: &BillingDemandSpec, align_s: i64) -> Self {
        Self {
            meter: WindowMeter::new(i64::from(spec.window_minutes.max(1)) * 60, align_s),
            minimum_mw: spec.minimum_kw * 1e-3,
            ratchet: spec.ratchet.as_ref().map(|r| Ratchet::new(r, &[])),
        }
    }
    fn close_mw(&mut self, month: Month) -> f64 {
        let (peak_mw, _) = self.meter.close();
        let mut billed_mw = peak_mw;
        if let Some(ratchet) = &mut self.ratchet {
            let floor_mw = ratchet.floor(month).map_or(0.0, |f| f.0);
            billed_mw = ratchet.own(month, peak_mw).max(floor_mw);
            ratchet.remember(peak_mw);
        }
        billed_mw.max(self.minimum_mw)
    }
}

#[derive(Debug)]
struct TimeOfUse {
    periods: Vec<Period>,
    clock: PeriodClock,
    fill: Fill,
    measure: Measure,
    demand: Demand,
    /// Energy of the month so far.
    total_mwh: f64,
    /// Periods and their energy in the order of time, for tiers that fill so.
    record: Vec<(u8, f64)>,
    keeps_record: bool,
}

impl TimeOfUse {
    fn take(&mut self, index: usize, mwh: f64) {
        self.periods[index].taken_mwh += mwh;
        self.total_mwh += mwh;
        if !self.keeps_record {
            return;
        }
        match self.record.last_mut() {
            Some((period, held)) if usize::from(*period) == index => *held += mwh,
            _ => self.record.push((index as u8, mwh)),
        }
    }

    /// Energy by period and tier.
    fn amounts(&self, scale: f64) -> Vec<Vec<f64>> {
        let tiers =
            |p: &Period, quantity: f64| -> Vec<f64> { tiers::split(&p.tiers, scale, quantity).collect() };
        match self.fill {
            Fill::ProRataOverPeriods => {
                let total = self.total_mwh.max(f64::MIN_POSITIVE);
                let share = |p: &Period| {
                    let parts = tiers(p, self.total_mwh);
                    parts.into_iter().map(|q| q * (p.taken_mwh / total)).collect()
                };
                self.periods.iter().map(share).collect()
            }
            Fill::InTimeOrder if self.keeps_record => {
                let mut amounts: Vec<Vec<f64>> =
                    self.periods.iter().map(|p| vec![0.0; p.tiers.len()]).collect();
                let mut before = 0.0;
                for (index, mwh) in &self.record {
                    let index = usize::from(*index);
                    let after = before + mwh;
                    let mut low = 0.0_f64;
                    for (tier, amount) in self.periods[index].tiers.iter().zip(&mut amounts[index]) {
                        let high = tier.up_to * scale;
                        *amount += (after.min(high) - before.max(low)).max(0.0);
                        low = high;
                    }
                    before = after;
                }
                amounts
            }
            _ => self.periods.iter().map(|p| tiers(p, p.taken_mwh)).collect(),
        }
    }

    /// Cost of a unit more, where tiers are shared in proportion: what all periods pay changes with it.
    fn pro_rata_marginal(&self, index: usize, scale: f64) -> f64 {
        let total = self.total_mwh;
        let rate = |p: &Period| tiers::next(&p.tiers, scale, total).rate;
        if total <= 0.0 {
            return rate(&self.periods[index]);
        }
        let cost = |p: &Period| -> f64 {
            let parts = tiers::split(&p.tiers, scale, total).zip(&p.tiers);
            parts.map(|(q, t)| q * t.rate).sum()
        };
        let others: f64 = self
            .periods
            .iter()
            .map(|p| p.taken_mwh / total * (rate(p) - cost(p) / total))
            .sum();
        cost(&self.periods[index]) / total + others
    }
}

impl Term for TimeOfUse {
    fn capacity_mw(&self) -> f64 {
        f64::INFINITY
    }
    fn open(&mut self, now: SimTime) {
        self.clock.open(now);
    }
    fn marginal_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        let index = self.clock.period(at.time);
        let period = &self.periods[index];
        let demand_mw = self.demand.meter.peak_mw().max(at.load_mw);
        let days = f64::from(super::days_in_month(self.clock.month_of(at.time)));
        let scale = self.measure.scale(demand_mw, days);
        let rate = match self.fill {
            Fill::ProRataOverPeriods => self.pro_rata_marginal(index, scale),
            Fill::InTimeOrder => tiers::next(&period.tiers, scale, self.total_mwh).rate,
            Fill::WithinEachPeriod => tiers::next(&period.tiers, scale, period.taken_mwh).rate,
        };
        rate * at.factor
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        if self.measure.by_demand() {
            self.demand.meter.add(slice.from, slice.to, slice.load_mw);
        }
        if self.periods.len() == 1 {
            self.take(0, slice.taken_mw * slice.hours);
            return;
        }
        let mut at = slice.from;
        // Every turn goes on to the end of a period.
        while at < slice.to {
            let (index, until) = self.clock.segment(at);
            let until = until.min(slice.to);
            self.take(index, slice.taken_mw * (until - at).as_hours());
            at = until;
        }
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let demand_mw = self.demand.close_mw(close.month);
        let amounts = self.amounts(self.measure.scale(demand_mw, close.days()));
        for (period, amounts) in self.periods.iter().zip(amounts) {
            let several = period.tiers.len() > 1;
            for (tier, mwh) in amounts.into_iter().enumerate() {
                let part = if several {
                    format!("{}.tier-{}", period.name, tier + 1)
                } else {
                    period.name.clone()
                };
                close.energy(&part, mwh, mwh * period.tiers[tier].rate);
            }
        }
        for period in &mut self.periods {
            period.taken_mwh = 0.0;
        }
        self.total_mwh = 0.0;
        self.record.clear();
    }
}
