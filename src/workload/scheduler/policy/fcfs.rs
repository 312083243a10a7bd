//! First come, first served: nobody overtakes, however many GPUs stand idle.

use super::Policy;
use crate::workload::scheduler::pool::Pool;
use crate::workload::scheduler::usage::Observer;

/// Strict first come, first served.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fcfs;

impl Policy for Fcfs {
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O) {
        pool.start_heads(observer);
    }
}
