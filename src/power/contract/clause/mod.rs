//! The kinds of clause, one file each: spec, checks, runtime, tests.
//!
//! `Kind` is what a spec can say of itself, `Term` what a running clause does. A new kind is a file, a
//! variant of [`ClauseSpec`] and an arm of its one match.

pub mod block;
pub mod coincident_peak;
pub mod curtailment_payment;
pub mod demand_charge;
pub mod energy_tax;
pub mod fixed_charge;
pub mod fixed_price;
pub mod index;
pub mod minimum_bill;
pub mod rider;
pub mod take_or_pay;
pub mod time_of_use;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

use super::dated::Dated;
use super::{PriceId, SettlementLine, SystemLoadSignals, Use};
use crate::id::Name;
use crate::power::curtailment::Order;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::time::{Calendar, Month, SimTime};

pub use block::BlockSpec;
pub use coincident_peak::CoincidentPeakSpec;
pub use curtailment_payment::CurtailmentPaymentSpec;
pub use demand_charge::DemandChargeSpec;
pub use energy_tax::EnergyTaxSpec;
pub use fixed_charge::FixedChargeSpec;
pub use fixed_price::FixedPriceSpec;
pub use index::IndexSpec;
pub use minimum_bill::MinimumBillSpec;
pub use rider::RiderSpec;
pub use take_or_pay::TakeOrPaySpec;
pub use time_of_use::TimeOfUseSpec;

/// One priced term of a contract: `{ kind = { ... } }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClauseSpec {
    /// Any amount of energy at a fixed price.
    FixedPrice(FixedPriceSpec),
    /// A flat block at a fixed price, with take-or-pay and, perhaps, resale of what is unused.
    Block(BlockSpec),
    /// Any amount of energy at a named price and an adder.
    Index(IndexSpec),
    /// Any amount of energy at prices by month, day and hour, in tiers of the month's use.
    TimeOfUse(TimeOfUseSpec),
    /// A charge on the highest mean load of a window in the month.
    DemandCharge(DemandChargeSpec),
    /// A charge on load in the hours in which the whole system peaks, billed a year later.
    CoincidentPeak(CoincidentPeakSpec),
    /// A payment for load that may be called off.
    CurtailmentPayment(CurtailmentPaymentSpec),
    /// A tax on energy, by use.
    EnergyTax(EnergyTaxSpec),
    /// An amount a month, a day or a year.
    FixedCharge(FixedChargeSpec),
    /// A least energy a month under the contract, paid for if not taken.
    TakeOrPay(TakeOrPaySpec),
    /// An amount for each megawatt-hour, billed kilowatt or dollar of other clauses.
    Rider(RiderSpec),
    /// A least bill, by month or year.
    MinimumBill(MinimumBillSpec),
}

impl ClauseSpec {
    /// The kind behind the variant.
    pub(super) fn kind(&self) -> &dyn Kind {
        match self {
            Self::FixedPrice(spec) => spec,
            Self::Block(spec) => spec,
            Self::Index(spec) => spec,
            Self::DemandCharge(spec) => spec,
            Self::CoincidentPeak(spec) => spec,
            Self::CurtailmentPayment(spec) => spec,
            Self::EnergyTax(spec) => spec,
            Self::FixedCharge(spec) => spec,
            Self::TakeOrPay(spec) => spec,
            Self::TimeOfUse(spec) => spec,
            Self::Rider(spec) => spec,
            Self::MinimumBill(spec) => spec,
        }
    }
}

impl Check for ClauseSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let kind = self.kind();
        kind.check_terms(&at.key(kind.name()), problems);
    }
}

/// How much energy a clause can take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// None: it only prices.
    Nothing,
    /// Up to a load, in megawatts.
    UpTo(f64),
    /// Whatever is left.
    Everything,
}

/// What a spec of a clause says of itself.
pub(super) trait Kind {
    /// As files name it.
    fn name(&self) -> &'static str;
    /// Adds every problem of the terms, which stand at `at`.
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems);
    /// How much energy it can take.
    fn reach(&self) -> Reach {
        Reach::Nothing
    }
    /// The prices it names, with their keys.
    fn prices(&self) -> Vec<(&'static str, &Name)> {
        Vec::new()
    }
    /// The system load it names, by its key `system_load`.
    fn system_load(&self) -> Option<&Name> {
        None
    }
    /// Whether it may call load off.
    fn may_call(&self) -> bool {
        false
    }
    /// The calls of one replication that begin within a span.
    fn draw_calls(
        &self,
        _calendar: &Calendar,
        _span: (SimTime, SimTime),
        _rng: Option<&mut Stream>,
    ) -> Vec<Order> {
        Vec::new()
    }
    /// Percent that it adds to the lines it names (all, where it names none), where it is such a rider.
    fn surcharge(&self, _calendar: &Calendar) -> Option<(Dated, &[String])> {
        None
    }
    /// The lines of the contract that it is about, as it names them.
    fn named_lines(&self) -> (&'static str, &[String]) {
        ("of", &[])
    }
    /// The running clause.
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term>;
}

/// What a clause is built on.
pub(super) struct Ground<'a> {
    /// Knows every name in [`Kind::prices`].
    pub(super) price: &'a dyn Fn(&Name) -> PriceId,
    /// Knows every name in [`Kind::system_load`].
    pub(super) system_load: &'a dyn Fn(&Name) -> SystemLoadSignals,
    /// The site's civil time.
    pub(super) calendar: &'a Calendar,
    /// The zone's offset from UTC within the hour, in seconds.
    pub(super) align_s: i64,
}

/// When a clause writes its lines of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// From what was metered.
    Metered,
    /// From lines of the first stage.
    Riders,
    /// From all lines before.
    Minimum,
}

impl Stage {
    pub(super) const ALL: [Self; 3] = [Self::Metered, Self::Riders, Self::Minimum];
}

/// Whether a list of lines, as riders and minimum bills write it, means a line: by kind (`demand_charge`), by clause
/// (`demand_charge[1]`) or by part (`demand_charge[1].on-peak`). An empty list means every line.
pub(super) fn means(list: &[String], clause: &str) -> bool {
    let named = |name: &String| {
        let rest = clause.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    };
    list.is_empty() || list.iter().any(named)
}

/// An instant at which a clause is asked for its margin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) time: SimTime,
    /// Load at the meter, in megawatts.
    pub(super) load_mw: f64,
    /// Load at the meter that does not mine, in megawatts.
    pub(super) other_mw: f64,
    /// Load that the clause takes.
    pub(super) taken_mw: f64,
    pub(super) side: Side,
    pub(super) by: Use,
    pub(super) prices: &'a [f64],
    /// What a stated rate is worth now: escalation and currency.
    pub(super) factor: f64,
}

/// What more load costs by raising a peak, and up to which load at the meter that holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeakCost {
    pub(super) usd_per_mwh: f64,
    pub(super) until_mw: f64,
    /// Of a charge on the month's peak, what a megawatt more costs whole; zero where what costs is each hour by itself.
    pub(super) usd_per_mw: f64,
}

impl PeakCost {
    pub(super) const NONE: Self = Self {
        usd_per_mwh: 0.0,
        until_mw: f64::INFINITY,
        usd_per_mw: 0.0,
    };
}

/// Which way load would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// By the next unit more.
    More,
    /// By the last unit less.
    Less,
}

/// What a clause sees of an interval within which its contract holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slice<'a> {
    pub(super) from: SimTime,
    pub(super) to: SimTime,
    pub(super) hours: f64,
    pub(super) load_mw: f64,
    pub(super) mining_mw: f64,
    /// Whether this clause has called.
    pub(super) called: bool,
    /// Whether any clause of the site has.
    pub(super) any_called: bool,
    pub(super) prices: &'a [f64],
    /// What a stated rate is worth: escalation and currency.
    pub(super) factor: f64,
    /// Load that this clause takes.
    pub(super) taken_mw: f64,
    /// Load that all clauses of its contract take.
    pub(super) contract_mw: f64,
}

/// All time.
pub(super) const ALWAYS: (SimTime, SimTime) = (SimTime::from_unix_s(i64::MIN / 4), SimTime::FAR_FUTURE);

/// A running clause.
pub(super) trait Term: fmt::Debug + Send + Sync {
    /// The most load it takes, in megawatts; zero for a clause that only prices.
    fn capacity_mw(&self) -> f64 {
        0.0
    }
    /// Cost of a unit of energy more (or saving of one less) where it takes `taken_mw`, monthly rules included.
    fn marginal_usd_per_mwh(&self, _at: &Moment<'_>) -> f64 {
        0.0
    }
    /// The load above `taken_mw` at which its marginal cost may change next.
    fn next_break_mw(&self, _taken_mw: f64) -> f64 {
        self.capacity_mw()
    }
    /// What a unit of energy under the contract saves elsewhere: a shortfall that it avoids.
    fn relief_usd_per_mwh(&self, _at: &Moment<'_>) -> f64 {
        0.0
    }
    /// Whether it charges peaks, so that [`Term::peak_cost`] is worth asking.
    fn charges_peaks(&self) -> bool {
        false
    }
    /// What more load costs now by raising a peak.
    fn peak_cost(&self, _at: &Moment<'_>) -> PeakCost {
        PeakCost::NONE
    }
    /// Makes ready for questions about an instant; cheap where it follows the last.
    fn open(&mut self, _now: SimTime) {}
    /// What a unit of energy costs more (or less, if negative) for its use alone, at stated rates.
    fn use_adder_usd_per_mwh(&self, _by: Use, _time: SimTime) -> f64 {
        0.0
    }
    /// The stretch around an instant over which [`Term::use_adder_usd_per_mwh`] holds.
    fn adder_holds(&self, _time: SimTime) -> (SimTime, SimTime) {
        ALWAYS
    }
    /// Takes note of an interval.
    fn meter(&mut self, slice: &Slice<'_>);
    /// When it writes its lines.
    fn stage(&self) -> Stage {
        Stage::Metered
    }
    /// Writes the month's lines and begins the next month.
    fn close(&mut self, close: &mut Close<'_>);
}

/// The bill of a month while clauses write their lines to it.
#[derive(Debug)]
pub(super) struct Close<'a> {
    pub(super) month: Month,
    /// What a stated rate is worth in this month: escalation and currency.
    pub(super) factor: f64,
    pub(super) contract: &'a str,
    /// Kind and position of the clause that writes.
    pub(super) clause: String,
    /// Lines of this contract so far.
    pub(super) lines: Vec<SettlementLine>,
}

impl Close<'_> {
    /// Days of the month.
    pub(super) fn days(&self) -> f64 {
        f64::from(days_in_month(self.month))
    }
    /// A line of a quantity at a stated rate, under the clause's own name or a part of it; nothing where nothing is.
    pub(super) fn line(
        &mut self,
        part: &str,
        quantity: f64,
        unit: &'static str,
        rate_usd: f64,
        set_by: &str,
    ) {
        self.plain_line(part, quantity, unit, rate_usd * self.factor, set_by);
    }
    /// A line at a rate that is US dollars already.
    pub(super) fn plain_line(
        &mut self,
        part: &str,
        quantity: f64,
        unit: &'static str,
        rate_usd: f64,
        set_by: &str,
    ) {
        let dot = if part.is_empty() { "" } else { "." };
        if quantity == 0.0 {
            return;
        }
        self.lines.push(SettlementLine {
            month: self.month,
            contract: self.contract.to_owned(),
            clause: format!("{}{dot}{part}", self.clause),
            quantity,
            unit,
            rate_usd,
            usd: -quantity * rate_usd,
            set_by: set_by.to_owned(),
            carries_energy: false,
        });
    }
    /// A line of energy through the meter at stated rates; its rate is the mean that gives the amount.
    pub(super) fn energy(&mut self, part: &str, quantity_mwh: f64, cost: f64) {
        self.market_energy(part, quantity_mwh, cost * self.factor);
    }
    /// A line of energy through the meter at prices of the market.
    pub(super) fn market_energy(&mut self, part: &str, quantity_mwh: f64, cost_usd: f64) {
        if quantity_mwh == 0.0 {
            return;
        }
        self.plain_line(part, quantity_mwh, "mwh", cost_usd / quantity_mwh, "");
        let line = self
            .lines
            .last_mut()
            .expect("a line of a quantity was just written");
        // The amount is a sum over intervals; it must not pick up the rounding of the mean.
        line.usd = -cost_usd;
        line.carries_energy = true;
    }
}

/// Days of a month.
pub(super) fn days_in_month(month: Month) -> i8 {
    jiff::civil::Date::new(month.year, month.month, 1)
        .expect("months are built in range")
        .days_in_month()
}

/// A price may be as high as this, in USD per megawatt-hour, and as low as its negative.
pub(super) const PRICE_MAX: f64 = 100_000.0;

/// Requires a plausible price per megawatt-hour.
pub(super) fn check_price(at: &FieldPath, usd_per_mwh: f64, problems: &mut Problems) {
    problems.within(at, usd_per_mwh, -PRICE_MAX, PRICE_MAX);
}
