//! Mining over time: rules that tie an hour to the next, and what the operator knows of the prices ahead.
//!
//! Owns the rules of a batch (ramp, minimum times, restarts), foresight, the exact commitment under perfect knowledge
//! and the causal operators beside it. Does not own the merit order of one instant ([`super::merit`]), prices, heat or
//! limits: callers hand in what an hour earns, and hold batches of the merit order to what was decided here.

mod foresee;
mod ladder;
#[cfg(test)]
mod oracle;
mod plan;
mod ramp;
mod rules;
mod study;
mod unit;

pub use foresee::Forecaster;
pub use ladder::{Ladder, Run};
pub use plan::{Plan, Planner, Times, worth_its_peak};
pub use ramp::{Ramped, ramped};
pub use rules::{BatchRules, BatchRulesSpec, Foresight, HOURS_MAX, MiningDispatchSpec};
pub use study::{Case, Study};
pub use unit::{Done, Operation, Unit, operate};
