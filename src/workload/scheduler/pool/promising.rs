//! The moves of EASY: what the head is promised, and who may start beside that.

use super::Pool;
use crate::workload::scheduler::queue::Fit;
use crate::workload::scheduler::usage::{Observer, TICKS_PER_S};

/// What EASY promised the head of the queue.
///
/// It stays true, and nobody before `from` can fit, until a gang ends or is killed, the capacity or the speed
/// changes, or places are renumbered: a gang that starts beside it either is back before the instant or comes
/// out of `extra`, the clock only shortens the time that is left, and idle GPUs only become fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workload::scheduler) struct Promise {
    /// The work-clock reading at the promised instant.
    pub(in crate::workload::scheduler) at: i64,
    /// GPUs that the head leaves over at that instant.
    pub(in crate::workload::scheduler) extra: u32,
    /// Places before this one were looked at.
    pub(in crate::workload::scheduler) from: usize,
}

/// The reading of a promise that cannot be given: the head needs more GPUs than the pool has at present.
pub(super) const NEVER: i64 = i64::MAX / 4;

impl Pool {
    /// What the head of the queue, which does not fit now, can be promised.
    pub(in crate::workload::scheduler) fn promise(&mut self) -> Promise {
        let head = self.queue.head().expect("a policy asks for a head that waits");
        if self.nodes.is_some() {
            return self.promise_on_nodes(head);
        }
        if let Some(promise) = self.promise {
            return promise;
        }
        let need = u64::from(self.queue.get(head).job.gpus);
        let free = u64::from(self.free());
        let from = head + 1;
        let Some(reading) = self.planned_ends().when_released(need - free) else {
            let extra = self.free();
            return Promise {
                at: NEVER,
                extra,
                from,
            };
        };
        // Ends within the same second release together, so the promise is the reading at that second.
        let at = self.reading_at_second_of(reading);
        let extra = (free + self.planned_ends().released_by(at) - need) as u32;
        Promise { at, extra, from }
    }

    pub(super) fn reading_at_second_of(&self, reading: i64) -> i64 {
        let ahead = (reading - self.work).max(0);
        self.work + (ahead + self.speed - 1) / self.speed * self.speed
    }

    /// The next gang that may start without delaying the promise.
    pub(in crate::workload::scheduler) fn find_beside(&mut self, promise: &mut Promise) -> Option<usize> {
        let free = self.largest_fit();
        let longest = (promise.at - self.work) / TICKS_PER_S;
        let mut fit = Fit {
            free: free as i32,
            extra: promise.extra.min(free) as i32,
            longest_s: longest.clamp(-1, i64::from(i32::MAX - 1)) as i32,
        };
        loop {
            let place = self.queue.find(promise.from, &fit)?;
            if self.nodes.is_none() || self.stands_beside(place, promise) {
                return Some(place);
            }
            fit.extra = promise.extra as i32;
        }
    }

    /// Starts such a gang: its GPUs, and whether it is back before the promised instant.
    pub(in crate::workload::scheduler) fn start_beside<O: Observer>(
        &mut self,
        place: usize,
        promise: &Promise,
        observer: &mut O,
    ) -> (u32, bool) {
        let waiting = self.queue.get(place);
        let gpus = waiting.job.gpus;
        let before = self.work + i64::from(waiting.planned_s()) * TICKS_PER_S <= promise.at;
        self.start(place, observer);
        (gpus, before)
    }

    /// Remembers a promise after a pass: everyone in the queue was looked at, or nothing is idle.
    pub(in crate::workload::scheduler) fn keep_promise(&mut self, mut promise: Promise) {
        promise.from = self.queue.end();
        self.promise = Some(promise);
    }

    pub(super) fn forget_promises(&mut self) {
        self.promise = None;
        self.plan = None;
    }
}
