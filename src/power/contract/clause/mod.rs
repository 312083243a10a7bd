//! The kinds of clause, one file each: spec, checks, runtime, tests.
//!
//! `Kind` is what a spec can say of itself, `Term` what a running clause does. A new kind is a file, a
//! variant of [`ClauseSpec`] and an arm of its one match.

pub mod block;
pub mod curtailment_payment;
pub mod demand_charge;
pub mod energy_tax;
pub mod fixed_charge;
pub mod fixed_price;
pub mod index;
pub mod take_or_pay;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

use super::{PriceId, SettlementLine, Use};
use crate::id::Name;
use crate::power::curtailment::CallsSpec;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Month, SimTime};

pub use block::BlockSpec;
pub use curtailment_payment::CurtailmentPaymentSpec;
pub use demand_charge::DemandChargeSpec;
pub use energy_tax::EnergyTaxSpec;
pub use fixed_charge::FixedChargeSpec;
pub use fixed_price::FixedPriceSpec;
pub use index::IndexSpec;
pub use take_or_pay::TakeOrPaySpec;

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
    /// A charge on the highest mean load of a window in the month.
    DemandCharge(DemandChargeSpec),
    /// A payment for load that may be called off.
    CurtailmentPayment(CurtailmentPaymentSpec),
    /// A tax on energy, by use.
    EnergyTax(EnergyTaxSpec),
    /// An amount a month.
    FixedCharge(FixedChargeSpec),
    /// A least energy a month under the contract, paid for if not taken.
    TakeOrPay(TakeOrPaySpec),
}

impl ClauseSpec {
    /// The kind behind the variant.
    pub(super) fn kind(&self) -> &dyn Kind {
        match self {
            Self::FixedPrice(spec) => spec,
            Self::Block(spec) => spec,
            Self::Index(spec) => spec,
            Self::DemandCharge(spec) => spec,
            Self::CurtailmentPayment(spec) => spec,
            Self::EnergyTax(spec) => spec,
            Self::FixedCharge(spec) => spec,
            Self::TakeOrPay(spec) => spec,
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
    /// The calls it allows on interruptible load.
    fn calls(&self) -> Option<CallsSpec> {
        None
    }
    /// The running clause. `price` knows every name in [`Kind::prices`]; `align_s` is the zone's offset.
    fn build(&self, price: &dyn Fn(&Name) -> PriceId, align_s: i64) -> Box<dyn Term>;
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
    pub(super) called: bool,
    pub(super) prices: &'a [f64],
    /// Load that this clause takes.
    pub(super) taken_mw: f64,
    /// Load that all clauses of its contract take.
    pub(super) contract_mw: f64,
}

/// A running clause.
pub(super) trait Term: fmt::Debug + Send + Sync {
    /// The most load it takes, in megawatts; zero for a clause that only prices.
    fn capacity_mw(&self) -> f64 {
        0.0
    }
    /// Cost of a unit of energy more (or saving of one less) where it takes `taken_mw`, monthly rules included.
    fn marginal_usd_per_mwh(&self, _taken_mw: f64, _side: Side, _prices: &[f64]) -> f64 {
        0.0
    }
    /// The load above `taken_mw` at which its marginal cost may change next.
    fn next_break_mw(&self, _taken_mw: f64) -> f64 {
        self.capacity_mw()
    }
    /// What a unit of energy under the contract saves elsewhere: a shortfall that it avoids.
    fn relief_usd_per_mwh(&self) -> f64 {
        0.0
    }
    /// What a unit of energy costs more (or less, if negative) for its use alone.
    fn use_adder_usd_per_mwh(&self, _by: Use) -> f64 {
        0.0
    }
    /// Takes note of an interval.
    fn meter(&mut self, slice: &Slice<'_>);
    /// Writes the month's lines and begins the next month.
    fn close(&mut self, close: &mut Close<'_>);
}

/// The bill of a month while clauses write their lines to it.
#[derive(Debug)]
pub(super) struct Close<'a> {
    pub(super) month: Month,
    /// Length of the month.
    pub(super) month_hours: f64,
    pub(super) contract: &'a str,
    /// Kind and position of the clause that writes.
    pub(super) clause: String,
    pub(super) lines: Vec<SettlementLine>,
}

impl Close<'_> {
    /// A line of a quantity at a rate, under the clause's own name or a part of it; nothing where nothing is.
    pub(super) fn line(
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
    /// A line of energy through the meter; its rate is the mean that gives the amount.
    pub(super) fn energy(&mut self, part: &str, quantity_mwh: f64, cost_usd: f64) {
        if quantity_mwh == 0.0 {
            return;
        }
        self.line(part, quantity_mwh, "mwh", cost_usd / quantity_mwh, "");
        let line = self
            .lines
            .last_mut()
            .expect("a line of a quantity was just written");
        // The amount is a sum over intervals; it must not pick up the rounding of the mean.
        line.usd = -cost_usd;
        line.carries_energy = true;
    }
}

/// A price may be as high as this, in USD per megawatt-hour, and as low as its negative.
pub(super) const PRICE_MAX: f64 = 100_000.0;

/// Requires a plausible price per megawatt-hour.
pub(super) fn check_price(at: &FieldPath, usd_per_mwh: f64, problems: &mut Problems) {
    problems.within(at, usd_per_mwh, -PRICE_MAX, PRICE_MAX);
}
