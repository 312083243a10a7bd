//! Shortest job first: of the waiting gangs that fit, the one with the least planned time to run starts, ties in
//! order of submission and id; and again, until none fits.
//!
//! Nothing is held back for anyone, so a large gang starts only when enough GPUs happen to be idle, and a long one
//! when no shorter fits: both may wait for ever under a steady stream of small short ones. With unknown run times
//! all are equally short and the first in the queue that fits starts.

use super::Policy;
use crate::workload::scheduler::order::OrderBy;
use crate::workload::scheduler::pool::Pool;
use crate::workload::scheduler::usage::Observer;

/// Shortest job first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sjf;

impl Policy for Sjf {
    const ORDER: OrderBy = OrderBy::Length;
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O) {
        while let Some(place) = pool.first_that_fits() {
            pool.start(place, observer);
        }
    }
}
