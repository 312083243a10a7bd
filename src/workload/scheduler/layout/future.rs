//! What will be free on each node at the instant that is promised to the head of the queue.

use super::counts::Counts;
use super::nodes::Part;

/// The nodes in service as they will be, and whether the head will fit.
#[derive(Debug, Default)]
pub(super) struct Future {
    free: Vec<u32>,
    groups: Vec<Counts>,
}

impl Future {
    /// No gang stands on any node that is not the present.
    pub(super) fn begin(&mut self, free: impl Iterator<Item = u32>, groups: &[Counts]) {
        self.free.clear();
        self.free.extend(free);
        if self.groups.len() != groups.len() {
            self.groups = groups.to_vec();
        }
        for (mine, now) in self.groups.iter_mut().zip(groups) {
            mine.copy_from(now);
        }
    }
    /// A gang will have ended.
    pub(super) fn release(&mut self, parts: &[Part]) {
        for part in parts {
            self.shift(*part, self.free[part.node as usize] + part.gpus);
        }
    }
    /// A gang will still be there. Says whether all of its GPUs will be free, and takes them only then.
    pub(super) fn take(&mut self, parts: &[Part]) -> bool {
        if parts.iter().any(|p| self.free[p.node as usize] < p.gpus) {
            return false;
        }
        for part in parts {
            self.shift(*part, self.free[part.node as usize] - part.gpus);
        }
        true
    }
    fn shift(&mut self, part: Part, free: u32) {
        let counts = &mut self.groups[usize::from(part.group)];
        counts.remove(self.free[part.node as usize]);
        counts.add(free);
        self.free[part.node as usize] = free;
    }
    /// The largest gang that will fit.
    pub(super) fn largest(&self) -> u32 {
        self.groups.iter().map(Counts::largest).max().unwrap_or(0)
    }
    /// Free GPUs in all.
    pub(super) fn free(&self) -> u64 {
        self.groups.iter().map(Counts::free).sum()
    }
}
