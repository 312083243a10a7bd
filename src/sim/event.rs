//! The world's events: its own and those of the concerns, wrapped.

use crate::conversion::project;
use crate::des::Class;
use crate::fleet::failure;
use crate::power::redundancy;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A billing month of a site ends.
    MonthEnd {
        /// Index of the site.
        site: usize,
    },
    /// A month of the ledger ends.
    LedgerMonthEnd,
    /// A week of the job pools ends.
    WeekEnd,
    /// Prices and weather change.
    Hour,
    /// An order to import less, a call on interruptible load or an outage begins, changes or ends.
    OrderEdge {
        /// Index of the site.
        site: usize,
    },
    /// The term of a reserved block ends.
    TermEnd {
        /// Index of the block.
        block: usize,
    },
    /// The tenant of a reserved block signs.
    BlockSigned {
        /// Index of the block.
        block: usize,
    },
    /// The tenant of a lease signs.
    LeaseSigned {
        /// Index of the lease.
        lease: usize,
    },
    /// Conversions that wait for a condition look at the world.
    LookAtStarts,
    /// A conversion starts on its date.
    Start {
        /// Index of the project.
        project: usize,
    },
    /// A stage of a conversion begins or ends.
    Project(project::Event),
    /// A GPU system fails or is repaired.
    Failure(failure::Event),
    /// A block of the power path fails or is repaired.
    Blocks(redundancy::Event),
    /// A day of a site's miners: they come, go, age, fail and are repaired.
    MinersDay {
        /// Index of the site.
        site: usize,
    },
    /// A week of a site's crew: who comes, who goes, who is looked for.
    CrewLook {
        /// Index of the site.
        site: usize,
    },
    /// Miners arrive from another hall.
    MinersArrive {
        /// Index of the site.
        site: usize,
    },
}

impl From<project::Event> for Event {
    fn from(event: project::Event) -> Self {
        Self::Project(event)
    }
}

impl From<failure::Event> for Event {
    fn from(event: failure::Event) -> Self {
        Self::Failure(event)
    }
}

impl From<redundancy::Event> for Event {
    fn from(event: redundancy::Event) -> Self {
        Self::Blocks(event)
    }
}

/// Months are closed before anything of the next one happens.
pub const MONTH: Class = Class(0);
/// The ledger closes after the sites.
pub const LEDGER: Class = Class(1);
/// Weeks of demand.
pub const WEEK: Class = Class(4);
/// Prices and weather.
pub const HOUR: Class = Class(8);
/// Orders and calls.
pub const ORDER: Class = Class(10);
/// Days of miners, weeks of crews.
pub const MINERS: Class = Class(12);
/// Signatures and ends of reserved blocks' terms.
pub const TERM: Class = Class(13);
/// Starts of projects; their stages have class 20, failures 40.
pub const START: Class = Class(15);
