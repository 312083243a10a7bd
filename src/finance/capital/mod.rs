//! How a strategy is paid for: a facility sized on a planned case, drawn while building, repaid out of cash; grants; how
//! owners share what is left.
//!
//! The borrower is the whole company: cash available for debt service (CFADS) is all that its sites earn, after running costs,
//! tax and works after completion. Sizing ([`plan`]) happens once for a strategy, on a planned case, as a lender does it at
//! financial close; every replication then lives with that facility and its schedule ([`run`]). Owns no event and no clock:
//! it works on months of a ledger that is complete but for financing and tax.

pub mod equipment;
pub mod owners;
pub mod plan;
pub mod run;
pub mod spec;

#[cfg(test)]
mod tests;

pub use equipment::{EquipmentLoanSpec, LetterOfCreditSpec};
pub use owners::{OwnersSpec, Shares, Subscribed, VendorEquitySpec};
pub use plan::{Case, Plan};
pub use run::{Outcome, Realised};
pub use spec::{CapitalSpec, DebtSpec, GrantSpec, RefinancingSpec, SizingCase, Terms};
