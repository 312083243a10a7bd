//! From a scenario to the tables of a run: identity, replications in fixed blocks, detail of the median.
//!
//! Replications are independent tasks; blocks of them are reduced in order, so that neither the number of threads
//! nor an interruption changes a byte.

pub mod assemble;
pub mod attribution;
pub mod every;
pub mod fidelity;
pub mod identity;
pub mod multilevel;
pub mod precision;
pub mod search;
pub mod sensitivity;
pub mod simulate;

pub use assemble::finish;
pub use identity::manifest;
pub use precision::Precision;
pub use simulate::{ExperimentError, Outcome, Plan, Watch, guarded, simulate};
