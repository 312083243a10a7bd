//! Conservative backfill: every waiting gang is promised a start when it comes, and nobody overtakes where that
//! would delay any promise made before.
//!
//! Run times are known exactly, so gangs start when they were promised to and the plan stands from one pass to
//! the next; it is made anew, in queue order, when capacity or speed change, gangs are killed or withdrawn.
//! With estimated run times the plan is made anew at every instant at which something happens, out of the planned
//! ends; with unknown ones nobody can be promised anything and nobody overtakes, as under `fcfs`.
//! Source: Mu'alem and Feitelson, "Utilization, Predictability, Workloads, and User Runtime Estimates" (2001).

use super::Policy;
use crate::workload::scheduler::Runtimes;
use crate::workload::scheduler::pool::Pool;
use crate::workload::scheduler::usage::Observer;

/// Conservative backfill.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conservative;

impl Policy for Conservative {
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O) {
        if pool.in_queue() == 0 {
            pool.drop_plan();
            return;
        }
        if pool.runtimes() == Runtimes::Unknown {
            pool.start_heads(observer);
            return;
        }
        let mut plan = pool.plan();
        pool.promise_all(&mut plan);
        while let Some(place) = plan.due(pool.work()) {
            // A gang of no length holds its GPUs until its end is taken, at this same instant.
            if !pool.fits(place) {
                break;
            }
            plan.strike_due();
            pool.start_promised(place, observer);
        }
        pool.keep_plan(plan);
    }
}
