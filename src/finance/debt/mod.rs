//! Debt of a project: how much, how it is drawn while building, how cash repays it.
//!
//! Owns day counts, sizing by cover ratio and gearing, the construction account, the waterfall of operation. Does not
//! own what the cash is, nor the books. Periods are the caller's (months, half-years): each comes with its length in
//! years as interest counts it. Amounts are US dollars (`*_usd`), rates and shares fractions.

pub mod construction;
pub mod day_count;
pub mod sculpting;
pub mod waterfall;

#[cfg(test)]
mod tests;

pub use construction::{Bound, Built, Needs, Terms, size_and_build};
pub use day_count::DayCount;
pub use sculpting::{Cash, Repayment, Sculpted, SizingError};
pub use waterfall::{Loan, Period, Rules};
