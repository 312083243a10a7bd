//! What the policy believes about the ends of running gangs, where run times are estimates or unknown.

use super::Pool;
use crate::workload::scheduler::Runtimes;
use crate::workload::scheduler::ends::{End, Ends};
use crate::workload::scheduler::queue::Fit;
use crate::workload::scheduler::usage::{Observer, TICKS_PER_S};

impl Pool {
    /// What is known of run times.
    pub(in crate::workload::scheduler) fn runtimes(&self) -> Runtimes {
        self.settings.runtimes
    }
    /// Whether ends are estimated, so that planned ends are kept beside the true ones.
    pub(super) fn estimates(&self) -> bool {
        matches!(self.settings.runtimes, Runtimes::Estimated { .. })
    }
    /// The ends that a policy plans with.
    pub(super) fn planned_ends(&self) -> &Ends {
        if self.estimates() {
            &self.planned
        } else {
            &self.ends
        }
    }
    /// Notes the planned end of a gang that starts.
    pub(super) fn plan_end(&mut self, end: End) {
        if self.estimates() {
            self.planned.insert(end);
        }
    }
    /// Forgets the planned end of a gang that has ended or was killed.
    pub(super) fn unplan_end(&mut self, end: End) {
        if self.estimates() {
            self.planned.remove(end);
            self.plan = None;
        }
    }
    /// Gives gangs that have outrun their planned end a later one: each time the planned run time is doubled.
    #[inline]
    pub(in crate::workload::scheduler) fn extend_overruns(&mut self) {
        if !self.estimates() {
            return;
        }
        while let Some(end) = self.planned.first().filter(|end| end.at <= self.work) {
            let run = self.runs[end.slot as usize].as_mut();
            let run = run.expect("a planned end names a running gang");
            let mut planned = (end.at - run.started_at).max(TICKS_PER_S);
            while run.started_at + planned <= self.work {
                planned *= 2;
            }
            run.planned_at = run.started_at + planned;
            let later = End {
                at: run.planned_at,
                ..end
            };
            self.planned.remove(end);
            self.planned.insert(later);
            self.forget_promises();
        }
    }
    /// Lets gangs overtake a head that does not fit where nobody knows how long anyone runs: all running gangs that
    /// came after the head may together hold no more GPUs than the head leaves over, and on nodes leave it a place, so
    /// that it starts at the latest when all gangs ahead of it have ended.
    pub(in crate::workload::scheduler) fn overtake_blindly<O: Observer>(&mut self, observer: &mut O) {
        let Some(head) = self.queue.head() else { return };
        let head_job = self.queue.get(head).job;
        let younger = self.runs.iter().flatten();
        let held: u32 = younger
            .filter(|run| run.waiting.job.rank() > head_job.rank())
            .map(|run| run.waiting.job.gpus)
            .sum();
        // A head that needs more than there is at present is promised nothing.
        let mut spare = match self.capacity.checked_sub(head_job.gpus) {
            Some(left) => left.saturating_sub(held),
            None => u32::MAX,
        };
        if !self.will_fit_after_elders(&head_job) {
            spare = u32::MAX;
        }
        let held_back = spare != u32::MAX;
        let mut from = head + 1;
        while self.free() > 0 && spare > 0 && self.queue.len() > 1 {
            let most = spare.min(self.largest_fit()) as i32;
            let fit = Fit {
                free: most,
                extra: most,
                longest_s: -1,
            };
            let Some(place) = self.queue.find(from, &fit) else {
                return;
            };
            let gpus = self.queue.get(place).job.gpus;
            from = place + 1;
            if held_back && !self.leaves_room(gpus, head_job.gpus) {
                spare = gpus - 1;
                continue;
            }
            spare -= gpus;
            self.start(place, observer);
        }
    }
}
