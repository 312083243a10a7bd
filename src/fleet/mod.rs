//! What stands in the halls: miners, GPU systems, and how systems fail.
//!
//! Owns the hardware catalogues, the power and output of fleets, the mining dispatch by merit and over time, and
//! failures with their repairs as events. Does not own halls, cooling or power (they say how much may run), prices (handed in
//! with every call) or money beyond what a machine itself is worth.

pub mod accelerator;
pub mod card_catalogue;
pub mod dispatch;
pub mod failure;
pub mod merit;
pub mod miner;
pub mod miner_catalogue;

pub use accelerator::{Accelerators, AcceleratorsSpec};
pub use dispatch::{BatchRules, BatchRulesSpec, Foresight, MiningDispatchSpec};
pub use failure::{FailureSpec, Failures};
pub use merit::{HallConditions, MeritOrder, SiteConditions};
pub use miner::{
    CardMarket, CardsSpec, ChainToday, Dispatch, DispatchConditions, HostedUse, HostingInvoice, MinerBatch,
    MinerBatchSpec, MiningFleet, RepairShop, RepairShopSpec,
};

/// How far a figure of a catalogue can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Read in a named source.
    Sourced,
    /// Computed from sourced figures.
    Computed,
    /// An assumption, to be replaced by whoever knows better.
    Assumption,
}

impl Label {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sourced => "sourced",
            Self::Computed => "computed",
            Self::Assumption => "assumption",
        }
    }
}

/// A range with its most likely value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The low end.
    pub low: f64,
    /// The most likely value.
    pub mode: f64,
    /// The high end.
    pub high: f64,
}

impl Range {
    /// A range from its three points.
    pub const fn new(low: f64, mode: f64, high: f64) -> Self {
        Self { low, mode, high }
    }
}
