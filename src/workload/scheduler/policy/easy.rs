//! EASY backfill: the head of the queue is promised the earliest instant at which enough GPUs are free, and
//! others overtake it only where they do not delay that promise.
//!
//! All gangs that end at the promised instant release together; GPUs that the head leaves over then (`extra`)
//! may be taken for any length of time. With estimated run times the
//! instant is the planned one: it comes earlier or later as gangs end before or after their estimates. With unknown
//! ones no instant can be promised; others overtake within the GPUs that the head leaves over. Source: Lifka, "The ANL/IBM SP Scheduling System" (1995).

use super::Policy;
use crate::workload::scheduler::Runtimes;
use crate::workload::scheduler::pool::Pool;
use crate::workload::scheduler::usage::Observer;

/// EASY backfill.
#[derive(Debug, Clone, Copy, Default)]
pub struct Easy;

impl Policy for Easy {
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O) {
        pool.start_heads(observer);
        if pool.free() == 0 || pool.in_queue() < 2 {
            return;
        }
        if pool.runtimes() == Runtimes::Unknown {
            pool.overtake_blindly(observer);
            return;
        }
        // While nothing ends, the promise stands and whoever did not fit does not fit later either, so a pass
        // looks only at those who came since (see `Promise`).
        let mut promise = pool.promise();
        while let Some(place) = pool.find_beside(&mut promise) {
            let (gpus, fits_before) = pool.start_beside(place, &promise, observer);
            if !fits_before {
                promise.extra -= gpus;
            }
            promise.from = place + 1;
            if pool.free() == 0 {
                break;
            }
        }
        pool.keep_promise(promise);
    }
}
