//! Power contracts: a site's contracts, clause by clause, from metered load to a month's bill.
//!
//! A contract is a list of clauses. *Supply* clauses (`fixed_price`, `block`, `index`, `time_of_use`) take energy, in file
//! order over all contracts of the site, each up to its size; the others price what happened. The last contract
//! is open-ended and takes what is left, so no energy goes unpriced. Prices are named in the spec and numbered
//! ([`PriceId`]) once running. One file a kind under [`clause`].
//!
//! Signs: a line's `usd` is money, in is positive; its `quantity` is bought when positive and sold when
//! negative, so that `usd = -quantity * rate` on every line.

pub mod clause;
mod currency_file;
pub mod dated;
pub mod holidays;
pub mod indexation;
pub mod ratchet;
pub mod schedule;
mod spec;
mod supply;
mod tiers;
mod window;

use crate::id::Name;
use crate::time::{Month, SimTime};

pub use clause::ClauseSpec;
pub use indexation::{CurrencySpec, ExchangeRateSpec};
pub use spec::{ContractSpec, PowerContractsSpec, TermsSpec};
pub use supply::{Marginal, Supply, SupplyError};

/// A named price, by its number in the site's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PriceId(pub u16);

impl PriceId {
    /// As a vector index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a system's peaks and risks stand among the prices of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemLoadSignals {
    /// What a peak weighs in the mean of its season (one over their number), 0 elsewhere; known afterwards.
    pub peak: PriceId,
    /// The chance of a peak as forecast, times that weight.
    pub risk: PriceId,
}

/// A name that a clause refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// A price.
    Price(&'a Name),
    /// A system load: its number is that of [`SystemLoadSignals::peak`], and its risk stands beside it.
    SystemLoad(&'a Name),
}

/// Who uses energy, where a clause tells uses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Mining: interruptible.
    Mining,
    /// Everything else.
    DataCentre,
}

/// A stretch of time over which nothing changed.
#[derive(Debug, Clone, Copy)]
pub struct Interval<'a> {
    /// Begin.
    pub from: SimTime,
    /// End.
    pub to: SimTime,
    /// Load at the meter, in megawatts.
    pub load_mw: f64,
    /// The part of it that mines, in megawatts: what mining halls draw, their cooling and path included, with their share of
    /// the transformers' losses. Auxiliaries and works serve no machine and count with the rest.
    pub mining_mw: f64,
    /// The clauses whose calls hold, as bits in the order of the site's clauses that may call.
    pub called: u64,
    /// Prices that hold, by [`PriceId`], in USD per megawatt-hour.
    pub prices: &'a [f64],
}

/// One priced line of a month's bill.
#[derive(Debug, Clone, PartialEq)]
pub struct SettlementLine {
    /// The month.
    pub month: Month,
    /// Contract id.
    pub contract: String,
    /// Kind and position of the clause, and the part of it where it has several: `block[0].resale`.
    pub clause: String,
    /// What is priced; sold quantities are negative.
    pub quantity: f64,
    /// Unit of the quantity.
    pub unit: &'static str,
    /// USD per unit; a mean where the price varied.
    pub rate_usd: f64,
    /// Money: a cost is negative, a receipt positive; `-quantity * rate_usd`.
    pub usd: f64,
    /// The interval, month or rule that set the quantity; empty where the meter alone did.
    pub set_by: String,
    /// Whether the quantity is energy through the meter: such lines sum to the metered energy.
    pub carries_energy: bool,
}

/// What a line is to the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// The site's use of power.
    Use,
    /// Energy bought and sold on.
    Resale,
    /// Pay for standing ready, and for standing still when called.
    Response,
}

impl SettlementLine {
    /// What it is to the books: by the kind of its clause, not by names that a file gives to riders and periods.
    pub fn kind(&self) -> LineKind {
        match (self.clause.split('[').next(), self.bought()) {
            (Some("curtailment_payment"), _) => LineKind::Response,
            (Some("block"), Some(_)) => LineKind::Resale,
            _ => LineKind::Use,
        }
    }
    /// The clause under which what this line sells was bought; `None` where it sells nothing.
    pub fn bought(&self) -> Option<&str> {
        self.clause.strip_suffix(".resale")
    }
}
