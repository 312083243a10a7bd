//! The moves of a policy that plans a start for every waiting gang.

use super::Pool;
use crate::workload::scheduler::plan::Plan;
use crate::workload::scheduler::usage::{Observer, TICKS_PER_S};

impl Pool {
    /// Reading of the work clock.
    pub(in crate::workload::scheduler) fn work(&self) -> i64 {
        self.work
    }
    /// Whether the gang at a place fits now.
    pub(in crate::workload::scheduler) fn fits(&self, place: usize) -> bool {
        self.queue.get(place).job.gpus <= self.largest_fit()
    }
    /// The plan as it stands, or a new one without promises.
    pub(in crate::workload::scheduler) fn plan(&mut self) -> Plan {
        // The ends of estimates move, and on nodes a promise, which counts GPUs, may slip: the plan is made anew.
        let stands = !self.estimates() && self.nodes.is_none();
        if let Some(mut plan) = self.plan.take().filter(|_| stands) {
            plan.forget_before(self.work);
            return plan;
        }
        let releases = self
            .planned_ends()
            .iter()
            .map(|end| (self.reading_at_second_of(end.at), end.gpus));
        Plan::new(self.work, self.free(), releases)
    }
    /// Promises a start to everyone who has none.
    pub(in crate::workload::scheduler) fn promise_all(&self, plan: &mut Plan) {
        for (place, waiting) in self.queue.iter_from(plan.from) {
            let ticks = i64::from(waiting.planned_s()) * TICKS_PER_S;
            let length = (ticks + self.speed - 1) / self.speed * self.speed;
            plan.promise(place, waiting.job.gpus, length);
        }
        plan.from = self.queue.end();
    }
    /// Starts a gang whose promised instant has come.
    pub(in crate::workload::scheduler) fn start_promised<O: Observer>(
        &mut self,
        place: usize,
        observer: &mut O,
    ) {
        self.start(place, observer);
    }
    /// Keeps a plan until the next pass.
    pub(in crate::workload::scheduler) fn keep_plan(&mut self, plan: Plan) {
        // Places begin anew when the queue runs empty.
        self.plan = (self.queue.len() > 0).then_some(plan);
    }
    /// Nobody waits, so there is nothing to plan.
    pub(in crate::workload::scheduler) fn drop_plan(&mut self) {
        self.plan = None;
    }
}
