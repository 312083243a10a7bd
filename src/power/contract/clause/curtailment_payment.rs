//! A payment for load that may be called off: interruptible load, reserves and other ancillary products.
//!
//! Load earns the payment for every hour it stands ready: what mines (or the whole site), up to what is offered, and
//! under a call what stood when the call came. A call has that load shed, the miners first; energy that is shed may
//! earn more, and what is short of the offer may cost a penalty. The clause also brings the calls themselves, by chance
//! or at stated times (see [`CurtailmentPaymentSpec`]); who is shed is decided where all orders are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, PeakCost, PriceId, Side, Slice, Term, Use, check_price};
use crate::id::Name;
use crate::power::contract::holidays::HolidaysSpec;
use crate::power::contract::schedule::{PeriodClock, ScheduleSpec, TableSpec};
use crate::power::curtailment::{self, CallsSpec, Order, Scope, StatedCallSpec};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{Calendar, SimTime};
use crate::units::Power;

/// Shed load that falls short of an offer by less is rounding, in megawatts: a watt.
const ROUNDING_MW: f64 = 1e-6;
/// The most calls at stated times; merging compares each with each.
const STATED_CALLS_MAX: usize = 1_000;

/// A payment for interruptible load, and the calls on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurtailmentPaymentSpec {
    /// Payment for availability, in US dollars per megawatt that stands ready and hour; with `price` it is added to that.
    #[serde(default)]
    pub usd_per_mw_h: f64,
    /// Name of a price in `market.power` at which availability is paid, in US dollars per megawatt and hour, such as that of a
    /// reserve (ERCOT 2024: 3.4 to 8.3 on average, half of it in a hundred hours; computed). Default: none.
    #[serde(default)]
    pub price: Option<Name>,
    /// Load that is offered, in megawatts: it is the most that is paid for and that a call has shed, and what a call is owed
    /// in full. Default: all interruptible load, as much as there is.
    #[serde(default)]
    pub offered_mw: Option<f64>,
    /// The load that is offered: `mining`, or `site`, where a call may reach jobs after the miners. Default `mining`; `site`
    /// needs `offered_mw`.
    #[serde(default)]
    pub load: OfferedLoad,
    /// The hours that are paid for: `always`, or those of the window in which calls may come. Default `always`.
    #[serde(default)]
    pub paid: PaidHours,
    /// Payment for energy that a call has shed, in US dollars per megawatt-hour. Default 0.
    #[serde(default)]
    pub usd_per_mwh_shed: f64,
    /// Penalty for energy that a call should have shed and did not, in US dollars per megawatt-hour; needs `offered_mw`.
    /// Default 0.
    #[serde(default)]
    pub penalty_usd_per_mwh: f64,
    /// Hours under call in a mean year, by chance. Default 0.
    #[serde(default)]
    pub hours_per_year: f64,
    /// Calls at stated times, besides those by chance. Default: none.
    #[serde(default)]
    pub calls: Vec<StatedCallSpec>,
    /// The most hours of calls in a calendar year; a call that would pass them does not come. Default: no bound.
    #[serde(default)]
    pub hours_per_year_max: Option<f64>,
    /// The most calls in a calendar year. Default: no bound.
    #[serde(default)]
    pub calls_per_year_max: Option<u32>,
    /// Notice before a call, in minutes. Default 30 (assumption).
    #[serde(default = "curtailment::default_notice")]
    pub notice_minutes: u32,
    /// Length of a call by chance, in hours. Default 4 (assumption).
    #[serde(default = "curtailment::default_hours_each")]
    pub hours_each: u32,
    /// Months in which calls come, 1 to 12. Default June to September.
    #[serde(default = "curtailment::default_months")]
    pub months: Vec<u8>,
    /// First hour of the day in which a call may begin, site time. Default 14.
    #[serde(default = "curtailment::default_from_hour")]
    pub from_hour: u32,
    /// Hour of the day by which calls end, site time. Default 21.
    #[serde(default = "curtailment::default_to_hour")]
    pub to_hour: u32,
}

/// The load that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferedLoad {
    /// What mines.
    #[default]
    Mining,
    /// The whole site: miners are shed first, then jobs by worth.
    Site,
}

/// The hours that are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaidHours {
    /// All.
    #[default]
    Always,
    /// Those between `from_hour` and `to_hour` of `months`.
    Window,
}

impl CurtailmentPaymentSpec {
    fn as_calls(&self) -> CallsSpec {
        CallsSpec {
            hours_per_year: self.hours_per_year,
            limit_mw: 0.0,
            hours_each: self.hours_each,
            notice_minutes: self.notice_minutes,
            months: self.months.clone(),
            from_hour: self.from_hour,
            to_hour: self.to_hour,
            starts: None,
            connection_mw_min: 0.0,
            hours_per_year_max: self.hours_per_year_max,
            calls_per_year_max: self.calls_per_year_max,
        }
    }
    /// What a call asks for.
    fn shaped(&self, order: Order) -> Order {
        match self.offered_mw {
            Some(mw) if mw > 0.0 => Order {
                limit: Power::from_mw(f64::INFINITY),
                shed: Power::from_mw(mw),
                ..order
            },
            _ => order,
        }
    }
    /// A clock whose first period is the window in which calls may come.
    fn window(&self, calendar: &Calendar) -> PeriodClock {
        let row = |month: u8| -> Vec<u16> {
            let within =
                |hour: u32| self.months.contains(&month) && (self.from_hour..self.to_hour).contains(&hour);
            (0..24).map(|hour| if within(hour) { 1 } else { 2 }).collect()
        };
        let schedule = ScheduleSpec::Table(TableSpec {
            weekday: (1..=12).map(row).collect(),
            weekend: None,
            holiday: None,
        });
        let (inside, outside) = (Name::from("inside"), Name::from("outside"));
        PeriodClock::new(
            &schedule,
            &HolidaysSpec::default(),
            &[&inside, &outside],
            calendar,
        )
    }
    fn check_offer(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(mw) = self.offered_mw {
            problems.positive(&at.key("offered_mw"), mw);
            problems.within(&at.key("offered_mw"), mw, 0.0, 100_000.0);
        } else if self.load == OfferedLoad::Site {
            problems.error(&at.key("load"), "the load of the site is offered by `offered_mw`");
        } else if self.penalty_usd_per_mwh != 0.0 {
            let message = "without `offered_mw` all that mines is offered, and nothing can be short of it";
            problems.error(&at.key("penalty_usd_per_mwh"), message);
        }
    }
    fn check_calls(&self, at: &FieldPath, problems: &mut Problems) {
        if self.calls.len() > STATED_CALLS_MAX {
            problems.error(at, format!("more than {STATED_CALLS_MAX} calls"));
            return;
        }
        for (index, call) in self.calls.iter().enumerate() {
            call.check(&at.index(index), problems);
        }
        // Stated calls beyond the rights are a contradiction; those by chance are simply not made.
        let utc = Calendar::utc();
        let stated = |c: &StatedCallSpec| c.order(Scope::Interruptible, &utc, 0);
        let orders: Vec<Order> = self.calls.iter().filter_map(stated).collect();
        let (all, allowed) = (orders.len(), self.as_calls().within_rights(orders, &utc).len());
        if allowed < all {
            let message = format!("{} of {all} calls pass the most of their year", all - allowed);
            problems.error(at, message);
        }
    }
}

impl Kind for CurtailmentPaymentSpec {
    fn name(&self) -> &'static str {
        "curtailment_payment"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("usd_per_mw_h"), self.usd_per_mw_h, 0.0, 10_000.0);
        if let Some(price) = &self.price {
            problems.name(&at.key("price"), price);
        }
        check_price(&at.key("usd_per_mwh_shed"), self.usd_per_mwh_shed, problems);
        check_price(&at.key("penalty_usd_per_mwh"), self.penalty_usd_per_mwh, problems);
        self.as_calls().check(at, problems);
        self.check_offer(at, problems);
        self.check_calls(&at.key("calls"), problems);
    }
    fn prices(&self) -> Vec<(&'static str, &Name)> {
        self.price.iter().map(|name| ("price", name)).collect()
    }
    fn may_call(&self) -> bool {
        true
    }
    fn draw_calls(
        &self,
        calendar: &Calendar,
        (from, to): (SimTime, SimTime),
        rng: Option<&mut Stream>,
    ) -> Vec<Order> {
        let scope = match self.load {
            OfferedLoad::Mining => Scope::Interruptible,
            OfferedLoad::Site => Scope::Import,
        };
        let calls = self.as_calls();
        let stated = self.calls.iter();
        let stated = stated.filter_map(|c| c.order(scope, calendar, self.notice_minutes));
        let mut orders: Vec<Order> = stated.filter(|o| o.from < to && o.to > from).collect();
        if let Some(rng) = rng {
            orders.extend(calls.draw(scope, calendar, (from, to), rng));
        }
        let orders = calls.within_rights(orders, calendar).into_iter();
        orders.map(|order| self.shaped(order)).collect()
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let window = (self.paid == PaidHours::Window).then(|| Box::new(self.window(ground.calendar)));
        Box::new(CurtailmentPayment {
            usd_per_mw_h: self.usd_per_mw_h,
            price: self.price.as_ref().map(|name| (ground.price)(name)),
            usd_per_mwh_shed: self.usd_per_mwh_shed,
            penalty_usd_per_mwh: self.penalty_usd_per_mwh,
            offered_mw: self.offered_mw.unwrap_or(f64::INFINITY),
            load: self.load,
            window,
            standing_mw: 0.0,
            in_call: false,
            month: Counted::default(),
        })
    }
}

/// What a month has come to.
#[derive(Debug, Default)]
struct Counted {
    ready_mw_h: f64,
    /// What standing ready earned at the market's price.
    market_usd: f64,
    shed_mwh: f64,
    short_mwh: f64,
    calls: u32,
    called_hours: f64,
}

#[derive(Debug)]
struct CurtailmentPayment {
    usd_per_mw_h: f64,
    price: Option<PriceId>,
    usd_per_mwh_shed: f64,
    penalty_usd_per_mwh: f64,
    /// Infinite where all is offered.
    offered_mw: f64,
    load: OfferedLoad,
    /// The window that is paid for; without it, always.
    window: Option<Box<PeriodClock>>,
    /// What ran when no call was on.
    standing_mw: f64,
    /// Whether the last interval was under a call of this clause.
    in_call: bool,
    month: Counted,
}

impl CurtailmentPayment {
    /// Hours of an interval that are paid for.
    fn paid_hours(&mut self, slice: &Slice<'_>) -> f64 {
        let Some(clock) = &mut self.window else {
            return slice.hours;
        };
        let (mut at, mut paid) = (slice.from, 0.0);
        // Every turn goes on to the end of a period.
        while at < slice.to {
            let (period, until) = clock.segment(at);
            let until = until.min(slice.to);
            if period == 0 {
                paid += (until - at).as_hours();
            }
            at = until;
        }
        paid
    }
    fn count_call(&mut self, now_mw: f64, slice: &Slice<'_>) {
        let owed_mw = if self.offered_mw.is_finite() {
            self.offered_mw
        } else {
            self.standing_mw
        };
        let shed_mw = (self.standing_mw - now_mw).clamp(0.0, owed_mw);
        self.month.shed_mwh += shed_mw * slice.hours;
        if owed_mw - shed_mw > ROUNDING_MW {
            self.month.short_mwh += (owed_mw - shed_mw) * slice.hours;
        }
        self.month.called_hours += slice.hours;
        if !self.in_call {
            self.month.calls += 1;
        }
    }
}

impl Term for CurtailmentPayment {
    fn charges_peaks(&self) -> bool {
        true
    }
    fn open(&mut self, now: SimTime) {
        if let Some(clock) = &mut self.window {
            clock.open(now);
        }
    }
    /// Load that stands ready earns, so more of it costs less; above the offer it earns nothing.
    fn peak_cost(&self, at: &Moment<'_>) -> PeakCost {
        let (offered, below_mw) = match (self.load, at.by) {
            (OfferedLoad::Mining, Use::Mining) => (at.load_mw - at.other_mw, at.other_mw),
            (OfferedLoad::Mining, Use::DataCentre) => return PeakCost::NONE,
            (OfferedLoad::Site, _) => (at.load_mw, 0.0),
        };
        let paid = self
            .window
            .as_ref()
            .is_none_or(|clock| clock.period(at.time) == 0);
        let ready = match at.side {
            Side::More => offered < self.offered_mw,
            Side::Less => offered <= self.offered_mw,
        };
        if !paid || !ready {
            return PeakCost::NONE;
        }
        let market = self.price.map_or(0.0, |id| at.prices[id.index()]);
        PeakCost {
            usd_per_mwh: -self.usd_per_mw_h * at.factor - market,
            until_mw: below_mw + self.offered_mw,
            ..PeakCost::NONE
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        let now_mw = match self.load {
            OfferedLoad::Mining => slice.mining_mw,
            OfferedLoad::Site => slice.load_mw,
        };
        if !slice.any_called {
            self.standing_mw = now_mw;
        }
        let ready_mw = self.standing_mw.min(self.offered_mw);
        let ready_mw_h = ready_mw * self.paid_hours(slice);
        self.month.ready_mw_h += ready_mw_h;
        if let Some(id) = self.price {
            self.month.market_usd += ready_mw_h * slice.prices[id.index()];
        }
        if slice.called {
            self.count_call(now_mw, slice);
        }
        self.in_call = slice.called;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let month = std::mem::take(&mut self.month);
        if self.usd_per_mw_h != 0.0 {
            close.line("", -month.ready_mw_h, "mw-h", self.usd_per_mw_h, "");
        }
        if self.price.is_some() && month.ready_mw_h > 0.0 {
            let mean = month.market_usd / month.ready_mw_h;
            close.plain_line("market", -month.ready_mw_h, "mw-h", mean, "");
        }
        let set_by = format!("{} calls, {} h", month.calls, month.called_hours);
        if self.usd_per_mwh_shed != 0.0 {
            close.line("shed", -month.shed_mwh, "mwh", self.usd_per_mwh_shed, &set_by);
        }
        if self.penalty_usd_per_mwh != 0.0 {
            close.line(
                "penalty",
                month.short_mwh,
                "mwh",
                self.penalty_usd_per_mwh,
                &set_by,
            );
        }
    }
}
