//! How gangs come into the queue and leave it: what is turned away, the gate of quotas, the policy's own order, and
//! those whose patience ends.

use super::Pool;
use crate::time::SimTime;
use crate::workload::job::Job;
use crate::workload::labels;
use crate::workload::scheduler::Runtimes;
use crate::workload::scheduler::gate::{Gate, NO_QUOTA};
use crate::workload::scheduler::order::{Order, OrderBy};
use crate::workload::scheduler::queue::Waiting;
use crate::workload::scheduler::usage::{Observer, Withdrawal};

impl Pool {
    /// The order in which the policy looks for the next gang. Before anything was submitted.
    pub(in crate::workload::scheduler) fn set_order(&mut self, by: OrderBy) {
        self.order = Order::new(by);
    }
    /// The quotas of tenants, by number. Before anything was submitted.
    pub(in crate::workload::scheduler) fn set_quotas(&mut self, quotas: Vec<u32>) {
        assert!(
            self.usage.submitted + self.before.submitted == 0,
            "quotas change after jobs have come"
        );
        let any = quotas.iter().any(|quota| *quota != NO_QUOTA);
        self.gate = any.then(|| Box::new(Gate::new(quotas)));
    }

    pub(in crate::workload::scheduler) fn submit<O: Observer>(&mut self, job: &Job, observer: &mut O) {
        if let Some(problem) = job.problem() {
            panic!("job {} reached the queue unchecked: {problem}", job.id);
        }
        self.usage.submitted += 1;
        if let Some(reason) = self.refusal(job) {
            self.withdraw(job, reason, observer);
            return;
        }
        let mut waiting = self.newcomer(job);
        if self.settings.runtimes == Runtimes::Known {
            waiting.job.estimate_s = 0;
        }
        let guarded = self
            .gate
            .as_ref()
            .is_some_and(|g| g.quota(job.tenant) != NO_QUOTA);
        match &mut self.gate {
            Some(gate) if guarded => gate.arrive(waiting, self.order.entry(&waiting)),
            _ => self.enter(waiting),
        }
    }

    /// Why a job is turned away, if it is.
    fn refusal(&self, job: &Job) -> Option<Withdrawal> {
        let settings = &self.settings;
        let abroad = |home: u16| job.residency != labels::NONE && job.residency != home;
        if job.gpus > settings.gpus_max {
            Some(Withdrawal::TooLarge)
        } else if settings.residency.is_some_and(abroad) {
            Some(Withdrawal::Residency)
        } else if self
            .gate
            .as_ref()
            .is_some_and(|gate| job.gpus > gate.quota(job.tenant))
        {
            Some(Withdrawal::OverQuota)
        } else if settings.queue_max.is_some_and(|most| self.queued() >= most) {
            Some(Withdrawal::QueueFull)
        } else {
            None
        }
    }

    /// Puts a gang into the queue at its rank.
    fn enter(&mut self, waiting: Waiting) {
        self.order.insert(&waiting);
        if self.queue.push(waiting) {
            self.forget_promises();
            self.find_impatient();
        } else if self.impatient.is_none() {
            self.find_impatient();
        }
    }

    /// Puts gangs back into the queue, or in from the gate, each at its rank.
    pub(super) fn merge(&mut self, gangs: Vec<Waiting>) {
        for waiting in &gangs {
            self.order.insert(waiting);
        }
        self.queue.merge(gangs);
        self.forget_promises();
        self.find_impatient();
    }

    /// Lets those pass the gate for whom there is room now.
    #[inline]
    pub(in crate::workload::scheduler) fn open_gate(&mut self) {
        let Some(gate) = &mut self.gate else { return };
        let mut passed = std::mem::take(&mut self.passed);
        gate.open(&mut passed);
        if let [one] = passed[..] {
            self.enter(one);
        } else if !passed.is_empty() {
            self.merge(passed.clone());
        }
        passed.clear();
        self.passed = passed;
    }

    /// Takes a gang out of the queue.
    pub(super) fn take_waiting(&mut self, place: usize) -> Waiting {
        let waiting = self.queue.take(place);
        self.order.remove(&waiting);
        waiting
    }

    pub(super) fn withdraw<O: Observer>(&mut self, job: &Job, reason: Withdrawal, observer: &mut O) {
        self.usage.count(reason);
        self.count_deadline(job, None);
        observer.withdrawn(self.now, job, reason);
    }

    /// A job that had passed the gate has ended or left.
    pub(super) fn release_quota(&mut self, job: &Job) {
        if let Some(gate) = &mut self.gate {
            gate.release(job.tenant, job.gpus);
        }
    }

    /// Books whether a job that has ended, or left without end, met its deadline.
    pub(super) fn count_deadline(&mut self, job: &Job, end: Option<SimTime>) {
        if job.deadline_after_s > 0 {
            let latest_s = job.submit_s + i64::from(job.deadline_after_s);
            self.usage.deadlines += 1;
            self.usage.deadlines_missed += u64::from(end.is_none_or(|end| end.as_unix_s() > latest_s));
        }
    }

    /// The instant at which the next gang gives up, if nothing else happens.
    pub(super) fn next_patience_s(&self) -> Option<i64> {
        let queued = self.impatient.map(|(_, deadline)| deadline);
        let outside = self.outside_deadline_s();
        match (queued, outside) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    fn outside_deadline_s(&self) -> Option<i64> {
        let patience = self.settings.patience?;
        let since_s = self.gate.as_ref()?.oldest_since_s()?;
        Some(since_s + patience.as_seconds())
    }

    /// Withdraws those whose patience ended; says whether there were any.
    #[inline]
    pub(in crate::workload::scheduler) fn withdraw_impatient<O: Observer>(
        &mut self,
        observer: &mut O,
    ) -> bool {
        self.settings.patience.is_some() && self.withdraw_overdue(observer)
    }

    fn withdraw_overdue<O: Observer>(&mut self, observer: &mut O) -> bool {
        let now_s = self.now.as_unix_s();
        let mut any = false;
        while let Some((place, _)) = self.impatient.filter(|(_, deadline)| *deadline <= now_s) {
            let waiting = self.take_waiting(place);
            self.forget_promises();
            self.withdraw(&waiting.job, Withdrawal::Patience, observer);
            self.release_quota(&waiting.job);
            self.find_impatient();
            any = true;
        }
        while self
            .outside_deadline_s()
            .is_some_and(|deadline| deadline <= now_s)
        {
            let gate = self.gate.as_mut();
            let waiting = gate.and_then(|gate| gate.remove_oldest());
            let waiting = waiting.expect("the oldest outside the gate is there");
            self.withdraw(&waiting.job, Withdrawal::Patience, observer);
            any = true;
        }
        any
    }

    /// Finds whose patience ends first. The killed have a claim and never give up; of the others the one that waits
    /// longest.
    pub(super) fn find_impatient(&mut self) {
        let Some(patience) = self.settings.patience else {
            return;
        };
        let first = self.queue.iter().find(|(_, waiting)| waiting.restarts == 0);
        self.impatient = first.map(|(place, waiting)| (place, waiting.since_s + patience.as_seconds()));
    }
}
