//! The moves of policies that take gangs out of turn, and kill others for them.

use super::Pool;
use crate::workload::job::JobClass;
use crate::workload::scheduler::order::Entry;
use crate::workload::scheduler::queue::Waiting;
use crate::workload::scheduler::usage::Observer;

impl Pool {
    /// The first gang, in the policy's order, that fits now.
    pub(in crate::workload::scheduler) fn first_that_fits(&self) -> Option<usize> {
        self.order
            .first_within(self.largest_fit())
            .map(|entry| self.place_of(entry))
    }
    /// The first gang in the policy's order.
    pub(in crate::workload::scheduler) fn most_urgent(&self) -> Option<usize> {
        self.order.first().map(|entry| self.place_of(entry))
    }
    fn place_of(&self, (entry, gpus): (Entry, u32)) -> usize {
        let same = |waiting: &Waiting| waiting.job.gpus == gpus && self.order.entry(waiting) == entry;
        self.queue
            .place_of((entry.1, entry.2), same)
            .expect("the order names gangs that wait")
    }
    /// Whether the gang at a place fits now, after the kills that it may ask for. Without that nobody is killed.
    pub(in crate::workload::scheduler) fn make_room<O: Observer>(
        &mut self,
        place: usize,
        observer: &mut O,
    ) -> bool {
        let job = self.queue.get(place).job;
        if job.gpus <= self.largest_fit() {
            return true;
        }
        if job.class != JobClass::Reserved {
            return false;
        }
        let victims = self.settings.preemption.victims();
        if self.nodes.is_some() {
            return self.make_room_on_nodes(job.gpus, victims, observer);
        }
        let may_free: u32 = victims.iter().map(|class| self.busy[class.index()]).sum();
        if job.gpus > self.free() + may_free {
            return false;
        }
        // Victims are the least of all classes, so the usual order of kills takes none but them.
        self.usage.preempting += 1;
        let keep = self.capacity - job.gpus;
        self.shed(keep, observer);
        true
    }
}
