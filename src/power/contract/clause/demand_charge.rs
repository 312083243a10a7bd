//! A charge on the highest mean load of a window in the month, in periods, tiers and seasons, with a ratchet.
//!
//! The mean over a window is exact (`WindowMeter`). Each period of the schedule is billed on its own highest
//! window; a month in which a period has no hour bills it nothing, whatever a ratchet remembers.
//!
//! To dispatch, load below what is billed anyway costs nothing. Load above it costs the charge spread over the hours
//! that the period has left in the month, and what a ratchet makes of it ([`Outlook`](super::super::ratchet::Outlook)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fixed_charge::Held;
use super::{Close, Ground, Kind, Moment, PeakCost, Side, Slice, Term, Use};
use crate::id::Name;
use crate::power::contract::holidays::HolidaysSpec;
use crate::power::contract::ratchet::{Ratchet, RatchetSpec, check_months, month_flags};
use crate::power::contract::schedule::{PERIODS_MAX, PeriodClock, ScheduleSpec};
use crate::power::contract::tiers::{self, Tier};
use crate::power::contract::window::WindowMeter;
use crate::problem::{FieldPath, Problems};
use crate::time::{Calendar, Month, SimTime};

/// Load above the peak that counts as rounding, in megawatts: a watt.
const ROUNDING_MW: f64 = 1e-6;
/// The highest rate that is believed, in USD per kilowatt and month.
const RATE_MAX: f64 = 10_000.0;

/// A charge on the month's peak. One of `usd_per_kw_month`, `tiers` and `periods` says the rates.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandChargeSpec {
    /// Rate, in US dollars per kilowatt and month. Typical 5 to 15 in the United States.
    #[serde(default)]
    pub usd_per_kw_month: Option<f64>,
    /// Rates in tiers of the billed demand. Default: none.
    #[serde(default)]
    pub tiers: Option<Vec<DemandTierSpec>>,
    /// Rates by period, with `schedule`. Default: none.
    #[serde(default)]
    pub periods: Option<Vec<DemandPeriodSpec>>,
    /// Which of `periods` holds when. Default: the only period, always.
    #[serde(default)]
    pub schedule: Option<ScheduleSpec>,
    /// Days that the schedule takes for holidays. Default: none.
    #[serde(default)]
    pub holidays: HolidaysSpec,
    /// Calendar months that are charged, 1 to 12. Default: all.
    #[serde(default)]
    pub months: Option<Vec<u8>>,
    /// Length of the window whose mean counts, in minutes: 15, 30 or 60. Default 15.
    #[serde(default = "default_window")]
    pub window_minutes: u32,
    /// Billed demand is at least this, in kilowatts. Default 0.
    #[serde(default)]
    pub minimum_kw: f64,
    /// At least a share of earlier peaks. Default: none.
    #[serde(default)]
    pub ratchet: Option<RatchetSpec>,
    /// The load that counts. Default `meter`.
    #[serde(default)]
    pub applies_to: AppliesTo,
}

/// Rates of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandPeriodSpec {
    /// Its name in rules and on the bill.
    pub name: Name,
    /// Rate, in US dollars per kilowatt and month; or `tiers`.
    #[serde(default)]
    pub usd_per_kw_month: Option<f64>,
    /// Rates in tiers of the billed demand; or `usd_per_kw_month`.
    #[serde(default)]
    pub tiers: Option<Vec<DemandTierSpec>>,
}

/// A tier of billed demand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandTierSpec {
    /// Billed demand up to which it holds, in kilowatts, counted from zero. The last tier has none.
    #[serde(default)]
    pub up_to_kw: Option<f64>,
    /// Rate, in US dollars per kilowatt and month.
    pub usd_per_kw_month: f64,
}

/// The window that counts unless a contract says otherwise, in minutes.
pub(super) fn default_window() -> u32 {
    15
}

/// Requires a window of 15, 30 or 60 minutes.
pub(super) fn check_window(at: &FieldPath, minutes: u32, problems: &mut Problems) {
    if ![15, 30, 60].contains(&minutes) {
        problems.error(at, format!("`{minutes}` is not a window: 15, 30 or 60"));
    }
}

/// The load that a demand charge is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// The whole meter.
    #[default]
    Meter,
    /// Mining.
    Mining,
    /// Everything but mining.
    DataCentre,
}

impl DemandChargeSpec {
    fn names(&self) -> Vec<&Name> {
        self.periods.iter().flatten().map(|p| &p.name).collect()
    }
    fn check_rates(&self, at: &FieldPath, problems: &mut Problems) {
        let given = [
            self.usd_per_kw_month.is_some(),
            self.tiers.is_some(),
            self.periods.is_some(),
        ];
        if given.iter().filter(|g| **g).count() != 1 {
            problems.error(
                at,
                "exactly one of `usd_per_kw_month`, `tiers` and `periods` says the rates",
            );
        }
        check_rate(at, self.usd_per_kw_month, self.tiers.as_deref(), problems);
        let periods = self.periods.as_deref().unwrap_or(&[]);
        if self.periods.is_some() && !(1..=PERIODS_MAX).contains(&periods.len()) {
            let message = format!("{} periods: 1 to {PERIODS_MAX} are possible", periods.len());
            problems.error(&at.key("periods"), message);
        }
        for (index, period) in periods.iter().enumerate() {
            let at = at.key("periods").index(index);
            problems.name(&at.key("name"), &period.name);
            if periods[..index].iter().any(|p| p.name == period.name) {
                problems.error(&at.key("name"), format!("the name `{}` is taken", period.name));
            }
            if period.usd_per_kw_month.is_some() == period.tiers.is_some() {
                problems.error(&at, "one of `usd_per_kw_month` and `tiers` says the rates");
            }
            check_rate(&at, period.usd_per_kw_month, period.tiers.as_deref(), problems);
        }
    }
}

fn check_rate(at: &FieldPath, flat: Option<f64>, tiers: Option<&[DemandTierSpec]>, problems: &mut Problems) {
    if let Some(rate) = flat {
        problems.within(&at.key("usd_per_kw_month"), rate, -RATE_MAX, RATE_MAX);
    }
    let Some(tiers) = tiers else { return };
    let at = at.key("tiers");
    if tiers.is_empty() {
        problems.error(&at, "at least one tier is needed");
    }
    for (index, tier) in tiers.iter().enumerate() {
        problems.within(
            &at.index(index).key("usd_per_kw_month"),
            tier.usd_per_kw_month,
            -RATE_MAX,
            RATE_MAX,
        );
    }
    let limits: Vec<Option<f64>> = tiers.iter().map(|t| t.up_to_kw).collect();
    tiers::check(&limits, &at, "up_to_kw", problems);
}

impl Kind for DemandChargeSpec {
    fn name(&self) -> &'static str {
        "demand_charge"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        self.check_rates(at, problems);
        let names = self.names();
        match &self.schedule {
            Some(schedule) => schedule.check(&at.key("schedule"), &names, problems),
            None if names.len() > 1 => {
                problems.error(at, "several periods need a `schedule` that says which holds when");
            }
            None => {}
        }
        self.holidays.check(&at.key("holidays"), problems);
        check_months(&at.key("months"), self.months.as_deref().unwrap_or(&[]), problems);
        check_window(&at.key("window_minutes"), self.window_minutes, problems);
        problems.within(&at.key("minimum_kw"), self.minimum_kw, 0.0, 1e8);
        if let Some(ratchet) = &self.ratchet {
            ratchet.check(&at.key("ratchet"), &names, problems);
        }
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let names = self.names();
        let clock = match (&self.schedule, names.len()) {
            (Some(schedule), 1..) => PeriodClock::new(schedule, &self.holidays, &names, ground.calendar),
            _ => PeriodClock::constant(ground.calendar),
        };
        let period = |name: &str, flat: Option<f64>, tiers: Option<&[DemandTierSpec]>| Period {
            name: name.to_owned(),
            tiers: rates(flat, tiers),
            meter: WindowMeter::new(i64::from(self.window_minutes.max(1)) * 60, ground.align_s),
            held: false,
        };
        let periods = match &self.periods {
            Some(list) => {
                let of =
                    |p: &DemandPeriodSpec| period(p.name.as_str(), p.usd_per_kw_month, p.tiers.as_deref());
                list.iter().map(of).collect()
            }
            None => vec![period("", self.usd_per_kw_month, self.tiers.as_deref())],
        };
        // A clause without named periods has one.
        let only = Name::from("all");
        let names = if names.is_empty() { vec![&only] } else { names };
        Box::new(DemandCharge {
            periods,
            clock,
            months: month_flags(self.months.as_deref()),
            minimum_mw: self.minimum_kw * 1e-3,
            window_hours: f64::from(self.window_minutes.max(1)) / 60.0,
            ratchet: self.ratchet.as_ref().map(|spec| Ratchet::new(spec, &names)),
            applies_to: self.applies_to,
            floor: None,
            held: Held::default(),
            calendar: ground.calendar.clone(),
        })
    }
}

fn rates(flat: Option<f64>, tiers: Option<&[DemandTierSpec]>) -> Vec<Tier> {
    let one = [DemandTierSpec {
        up_to_kw: None,
        usd_per_kw_month: flat.unwrap_or(0.0),
    }];
    let tier = |t: &DemandTierSpec| Tier {
        up_to: t.up_to_kw.unwrap_or(f64::INFINITY),
        rate: t.usd_per_kw_month,
    };
    tiers.unwrap_or(&one).iter().map(tier).collect()
}

#[derive(Debug)]
struct Period {
    name: String,
    /// Limits in kilowatts, rates in USD per kilowatt.
    tiers: Vec<Tier>,
    meter: WindowMeter,
    /// Whether it had any hour in this month.
    held: bool,
}

#[derive(Debug)]
struct DemandCharge {
    periods: Vec<Period>,
    clock: PeriodClock,
    months: [bool; 12],
    minimum_mw: f64,
    window_hours: f64,
    ratchet: Option<Ratchet>,
    applies_to: AppliesTo,
    /// The ratchet's floor in a month, worked out once for it, in megawatts.
    floor: Option<(Month, f64)>,
    /// The part of this month in which the contract held.
    held: Held,
    calendar: Calendar,
}

impl DemandCharge {
    fn floor_mw(&self, month: Month) -> f64 {
        match (self.floor, &self.ratchet) {
            (Some((of, mw)), _) if of == month => mw,
            (_, Some(ratchet)) => ratchet.floor(month).map_or(0.0, |f| f.0),
            _ => 0.0,
        }
    }

    /// The load at the meter that the charge does not count, where more load of a use raises what it counts.
    fn uncounted_mw(&self, at: &Moment<'_>) -> Option<f64> {
        match (self.applies_to, at.by) {
            (AppliesTo::Meter, _) => Some(0.0),
            (AppliesTo::Mining, Use::Mining) => Some(at.other_mw),
            (AppliesTo::DataCentre, Use::DataCentre) => Some(at.load_mw - at.other_mw),
            _ => None,
        }
    }

    /// What is billed of a period, and what set it.
    fn billed(&self, index: usize, month: Month, peak: (f64, Option<SimTime>)) -> (f64, String) {
        let minutes = self.periods[index].meter.minutes();
        let window = |t: SimTime| format!("{}/PT{minutes}M", t.to_utc_text());
        let mut billed = (peak.0, peak.1.map_or_else(String::new, window));
        if let Some(ratchet) = &self.ratchet {
            billed.0 = ratchet.own(month, peak.0);
            let floor = ratchet.floor(month).filter(|_| ratchet.billed_periods[index]);
            if let Some((floor_mw, of)) = floor.filter(|f| f.0 > billed.0) {
                billed = (floor_mw, format!("ratchet of {of}"));
            }
        }
        if self.minimum_mw > billed.0 {
            billed = (self.minimum_mw, "minimum demand".to_owned());
        }
        billed
    }
}

impl Term for DemandCharge {
    fn charges_peaks(&self) -> bool {
        true
    }
    fn open(&mut self, now: SimTime) {
        self.clock.open(now);
        let month = self.clock.month();
        if self.ratchet.is_some() && self.floor.is_none_or(|(of, _)| of != month) {
            self.floor = None;
            self.floor = Some((month, self.floor_mw(month)));
        }
    }
    fn peak_cost(&self, at: &Moment<'_>) -> PeakCost {
        let Some(uncounted_mw) = self.uncounted_mw(at) else {
            return PeakCost::NONE;
        };
        let month = self.clock.month_of(at.time);
        let index = self.clock.period(at.time);
        let period = &self.periods[index];
        let (mut own_share, mut floor_mw) = (1.0, self.minimum_mw);
        let mut later = None;
        if let Some(ratchet) = &self.ratchet {
            own_share = ratchet.own(month, 1.0);
            later = ratchet.consequence(month, index);
            if ratchet.billed_periods[index] {
                floor_mw = floor_mw.max(self.floor_mw(month));
            }
        }
        let charged = self.months[month.month as usize - 1];
        let counted_mw = at.load_mw - uncounted_mw;
        let free_mw = if own_share > 0.0 && charged {
            period.meter.peak_mw().max(floor_mw / own_share) + ROUNDING_MW
        } else {
            f64::INFINITY
        };
        let above = |limit_mw: f64| match at.side {
            Side::More => counted_mw >= limit_mw,
            Side::Less => counted_mw > limit_mw + ROUNDING_MW,
        };
        // In most hours the load is below: then nothing else needs to be known.
        if later.is_none() && !above(free_mw) {
            return PeakCost {
                until_mw: free_mw + uncounted_mw,
                ..PeakCost::NONE
            };
        }
        let tier = tiers::next(&period.tiers, 1.0, counted_mw.max(free_mw.min(1e9)) * 1e3);
        let (mut months, mut until_mw) = (0.0, f64::INFINITY);
        if above(free_mw) {
            months += own_share;
            until_mw = tier.up_to * 1e-3;
        } else {
            until_mw = until_mw.min(free_mw);
        }
        if let Some((limit_mw, share)) = later {
            let limit_mw = limit_mw.max(period.meter.peak_mw());
            if above(limit_mw) {
                months += share;
            } else {
                until_mw = until_mw.min(limit_mw);
            }
        }
        let hours = if months > 0.0 {
            self.clock.hours_left(at.time, index).max(self.window_hours)
        } else {
            1.0
        };
        let usd_per_mw = months * tier.rate * 1e3 * at.factor;
        PeakCost {
            usd_per_mwh: usd_per_mw / hours,
            until_mw: until_mw + uncounted_mw,
            usd_per_mw,
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.held.meter(slice);
        let counted_mw = match self.applies_to {
            AppliesTo::Meter => slice.load_mw,
            AppliesTo::Mining => slice.mining_mw,
            AppliesTo::DataCentre => slice.load_mw - slice.mining_mw,
        };
        if let [only] = &mut self.periods[..] {
            only.held = true;
            only.meter.add(slice.from, slice.to, counted_mw);
            return;
        }
        let mut at = slice.from;
        // Every turn goes on to the end of a period.
        while at < slice.to {
            let (index, until) = self.clock.segment(at);
            let until = until.min(slice.to);
            let period = &mut self.periods[index];
            period.held = true;
            period.meter.add(at, until, counted_mw);
            at = until;
        }
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let days = self.held.close_days(&self.calendar);
        if days <= 0.0 {
            return;
        }
        // A month cut short, by the contract or by the horizon, owes its days.
        let share = days / close.days();
        let mut remembered = 0.0_f64;
        for index in 0..self.periods.len() {
            let peak = self.periods[index].meter.close();
            if self.ratchet.as_ref().is_some_and(|r| r.peak_periods[index]) {
                remembered = remembered.max(peak.0);
            }
            let held = std::mem::take(&mut self.periods[index].held);
            if !held || !self.months[close.month.month as usize - 1] {
                continue;
            }
            let (billed_mw, set_by) = self.billed(index, close.month, peak);
            let period = &self.periods[index];
            let several = period.tiers.len() > 1;
            let parts = tiers::split(&period.tiers, 1.0, billed_mw * 1e3);
            for (tier, part_kw) in parts.enumerate() {
                if period.tiers[tier].rate == 0.0 {
                    continue;
                }
                let dot = if period.name.is_empty() { "" } else { "." };
                let part = if several {
                    format!("{}{dot}tier-{}", period.name, tier + 1)
                } else {
                    period.name.clone()
                };
                close.line(&part, part_kw, "kw", period.tiers[tier].rate * share, &set_by);
            }
        }
        if let Some(ratchet) = &mut self.ratchet {
            ratchet.remember(remembered);
            self.floor = None;
        }
    }
}
