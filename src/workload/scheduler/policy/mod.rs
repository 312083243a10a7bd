//! Who starts next: one file per policy.
//!
//! A policy is a type, so that the scheduler is compiled once for each and asks nothing at run time.

mod conservative;
mod easy;
mod fcfs;
mod priority;
mod sjf;

pub use conservative::Conservative;
pub use easy::Easy;
pub use fcfs::Fcfs;
pub use priority::{Preemption, Priority};
pub use sjf::Sjf;

use super::order::OrderBy;
use super::pool::Pool;
use super::usage::Observer;

/// Decides at one instant, after all of its ends and arrivals, which waiting gangs start.
pub trait Policy: std::fmt::Debug + Default + Send {
    /// The order in which it looks for the next gang, where that is not the queue's.
    const ORDER: OrderBy = OrderBy::Rank;
    /// Starts what may start now.
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O);
}
