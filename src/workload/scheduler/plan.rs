//! The free GPUs of a pool over the work clock, now and as promised: what conservative backfill plans with.

/// Free GPUs from each reading on, the last for ever; and the promises made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// (reading, free GPUs from then on), in order of reading.
    steps: Vec<(i64, u32)>,
    /// (promised reading, place in the queue), latest first.
    promises: Vec<(i64, usize)>,
    /// Places before this one have their promise, or cannot have one at the present capacity.
    pub(super) from: usize,
}

impl Plan {
    /// The plan without promises: `free` GPUs at `now`, and more at each of `releases` (reading, GPUs), in order.
    pub(super) fn new(now: i64, free: u32, releases: impl Iterator<Item = (i64, u32)>) -> Self {
        let mut steps = vec![(now, free)];
        for (at, gpus) in releases {
            let (last, free) = steps[steps.len() - 1];
            if last == at {
                steps.pop();
            }
            steps.push((at, free + gpus));
        }
        Self {
            steps,
            promises: Vec::new(),
            from: 0,
        }
    }

    /// Forgets what lies before `now`.
    pub(super) fn forget_before(&mut self, now: i64) {
        let past = self.steps.partition_point(|(at, _)| *at <= now).saturating_sub(1);
        self.steps.drain(..past);
        if let Some(first) = self.steps.first_mut() {
            first.0 = first.0.max(now);
        }
    }

    /// Promises a gang the earliest reading from which `gpus` are free for `length` on end. None where the pool
    /// is too small. `length` is zero for a gang that ends at once.
    pub(super) fn promise(&mut self, place: usize, gpus: u32, length: i64) -> Option<i64> {
        let mut begin: Option<usize> = None;
        for (index, (at, free)) in self.steps.iter().enumerate() {
            if *free < gpus {
                begin = None;
                continue;
            }
            let first = *begin.get_or_insert(index);
            let until = self.steps.get(index + 1).map_or(i64::MAX, |next| next.0);
            if until.saturating_sub(self.steps[first].0) >= length && until > *at {
                break;
            }
        }
        let at = self.steps[begin?].0;
        self.reserve(at, at + length, gpus);
        let order = self.promises.partition_point(|other| *other > (at, place));
        self.promises.insert(order, (at, place));
        Some(at)
    }

    /// The place that is promised the earliest reading, if that has come.
    pub(super) fn due(&self, now: i64) -> Option<usize> {
        self.promises
            .last()
            .filter(|(at, _)| *at <= now)
            .map(|(_, place)| *place)
    }
    /// Strikes out the promise that [`Plan::due`] shows.
    pub(super) fn strike_due(&mut self) {
        self.promises.pop();
    }

    fn reserve(&mut self, from: i64, to: i64, gpus: u32) {
        if from == to {
            return;
        }
        let (first, last) = (self.cut(from), self.cut(to));
        for (_, free) in &mut self.steps[first..last] {
            assert!(*free >= gpus, "a promise of {gpus} GPUs where {free} are free");
            *free -= gpus;
        }
    }

    /// The index of the step that begins at a reading; makes one where none does.
    fn cut(&mut self, at: i64) -> usize {
        let after = self.steps.partition_point(|(begin, _)| *begin < at);
        if self.steps.get(after).is_none_or(|(begin, _)| *begin != at) {
            let free = self.steps[after - 1].1;
            self.steps.insert(after, (at, free));
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_fill_the_first_hole_that_is_long_enough() {
        // 2 free until 10, 4 until 20, then 8.
        let mut plan = Plan::new(0, 2, [(10, 2), (20, 4)].into_iter());
        assert_eq!(plan.promise(0, 4, 30), Some(10));
        assert_eq!(plan.promise(1, 2, 11), Some(20));
        assert_eq!(plan.promise(2, 2, 10), Some(0));
        assert_eq!(plan.promise(3, 9, 1), None);
        assert_eq!(plan.due(0), Some(2));
        plan.strike_due();
        assert_eq!((plan.due(9), plan.due(10)), (None, Some(0)));
    }
}
