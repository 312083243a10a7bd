//! What a conversion tells the world: phases, money due, people, readiness.

use super::phase::HallPhase;
use crate::units::Money;

/// What money is spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// Buildings, power, cooling, works, studies.
    Facility,
    /// GPU systems.
    Hardware,
}

/// Why money falls due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payment {
    /// An order was placed.
    Deposit,
    /// An order was delivered.
    Balance,
    /// Work progressed.
    Progress,
    /// An order was cancelled.
    Cancellation,
    /// A frozen design was opened again.
    Change,
}

/// What a stage did; halls are numbered as in the plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Miners go off for good.
    MiningStops {
        /// Where.
        hall: usize,
    },
    /// Miners are out and can be sold or moved.
    MinersRemoved {
        /// Where.
        hall: usize,
    },
    /// A hall that served stops: its systems go off for good.
    ServiceStops {
        /// Where.
        hall: usize,
    },
    /// The systems that served are out and can be sold.
    SystemsRemoved {
        /// From where.
        hall: usize,
    },
    /// A hall is in another phase.
    PhaseChanged {
        /// Which.
        hall: usize,
        /// Before.
        from: HallPhase,
        /// Now.
        to: HallPhase,
    },
    /// Money falls due, positive.
    CapexDue {
        /// For which hall; `None` for all of the project.
        hall: Option<usize>,
        /// For which stage of the plan.
        stage: usize,
        /// For what.
        component: Component,
        /// Why.
        payment: Payment,
        /// How much.
        usd: Money,
    },
    /// Power is at the hall.
    Energised {
        /// Which.
        hall: usize,
    },
    /// A test failed and will be repeated.
    CommissioningFailed {
        /// Where.
        hall: usize,
    },
    /// GPU systems are on site.
    HardwareDelivered {
        /// For which hall.
        hall: usize,
    },
    /// Hiring and training of a hall's crew begins.
    HiringStarts {
        /// For which hall.
        hall: usize,
    },
    /// A hall's crew is complete.
    CrewReady {
        /// For which hall.
        hall: usize,
    },
    /// A hall is sold.
    Sold {
        /// Which.
        hall: usize,
        /// For how much, positive.
        usd: Money,
    },
    /// The project of a hall that is not ready is given up.
    Cancelled {
        /// Which.
        hall: usize,
    },
    /// A hall is ready for service.
    ReadyForService {
        /// Which.
        hall: usize,
    },
}
