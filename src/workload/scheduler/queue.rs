//! The waiting gangs in queue order, indexed so that backfill finds the next one that fits without scanning.
//!
//! Places are numbered in queue order and leave holes when a gang starts. Blocks of places carry, for each
//! power-of-two class of gang size, the shortest run time that waits in them; groups of blocks carry the same,
//! level upon level. A search skips every group in which no class can hold a fitting gang, so it visits a few
//! nodes where a scan would visit every gang; what it finds is exactly what the scan would find.

use crate::workload::job::Job;

const BLOCK: usize = 32;
/// Up to so many places are scanned without the summaries.
const UNINDEXED: usize = 4 * BLOCK;
const FAN_BITS: usize = 4;
const FAN: usize = 1 << FAN_BITS;
const CLASSES: usize = 16;
/// How many keys are compared at once.
const LANES: usize = 8;
const NOTHING: i32 = i32::MAX;

/// A job that waits, with what happened to it so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) job: Job,
    /// Work that a checkpoint holds, in seconds.
    pub(super) saved_s: i32,
    /// How long it will hold its GPUs once it starts: the work left, restart and checkpoints, in seconds.
    pub(super) hold_s: i32,
    /// How often it was killed.
    pub(super) restarts: u32,
    /// Since when it waits this time, in seconds.
    pub(super) since_s: i64,
    /// How long it waited before that, in seconds.
    pub(super) waited_s: i64,
}

impl Waiting {
    /// How long it holds its GPUs from its start to its end at full speed, in seconds.
    pub(super) fn remaining_s(&self) -> i32 {
        self.hold_s
    }
    /// What the policy believes that to be: the owner's estimate less what is saved, at least a second; the truth
    /// where there is no estimate.
    pub(super) fn planned_s(&self) -> i32 {
        if self.job.estimate_s == 0 {
            self.remaining_s()
        } else {
            (self.job.estimate_s - self.saved_s).max(1)
        }
    }
}

/// The size that a hole shows: more GPUs than any pool has.
const HOLE: i32 = i32::MAX;

/// What a search compares, in two arrays, so that a few vector comparisons look at a whole block.
#[derive(Debug, Default)]
struct Keys {
    gpus: Vec<i32>,
    remaining_s: Vec<i32>,
}

impl Keys {
    fn len(&self) -> usize {
        self.gpus.len()
    }
    fn is_hole(&self, place: usize) -> bool {
        self.gpus[place] == HOLE
    }
    fn push(&mut self, gpus: i32, remaining_s: i32) {
        self.gpus.push(gpus);
        self.remaining_s.push(remaining_s);
    }
    fn truncate(&mut self, places: usize) {
        self.gpus.truncate(places);
        self.remaining_s.truncate(places);
    }

    /// The first place of a range whose gang `fit` admits.
    fn scan(&self, from: usize, to: usize, fit: &Fit) -> Option<usize> {
        let to = to.min(self.len());
        let mut at = from;
        while at + LANES <= to {
            let gpus: &[i32; LANES] = self.gpus[at..].first_chunk()?;
            let times: &[i32; LANES] = self.remaining_s[at..].first_chunk()?;
            let mut any = false;
            for (gpus, time) in gpus.iter().zip(times) {
                any |= fit.admits(*gpus, *time);
            }
            if any {
                break;
            }
            at += LANES;
        }
        (at..to).find(|place| fit.admits(self.gpus[*place], self.remaining_s[*place]))
    }

    /// The shortest run time of a class in a range.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "short circuits would keep it off the vector unit"
    )]
    fn shortest(&self, from: usize, to: usize, class: usize) -> i32 {
        let (least, most) = sizes_of(class);
        let mut shortest = NOTHING;
        for (gpus, time) in self.gpus[from..to].iter().zip(&self.remaining_s[from..to]) {
            let counts = (*gpus >= least) & (*gpus <= most);
            shortest = shortest.min(if counts { *time } else { NOTHING });
        }
        shortest
    }
}

/// What may start now beside the promise to the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    /// Idle GPUs: no gang may need more.
    pub(super) free: i32,
    /// Idle GPUs that the head will not need either: a gang within them may run for ever.
    pub(super) extra: i32,
    /// Any other gang must be done in this time, in seconds.
    pub(super) longest_s: i32,
}

impl Fit {
    /// Holes are never admitted.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "short circuits would keep it off the vector unit"
    )]
    fn admits(&self, gpus: i32, remaining_s: i32) -> bool {
        (gpus <= self.free) & ((remaining_s <= self.longest_s) | (gpus <= self.extra))
    }
    /// For each class of size, the longest run time of which some gang of the class might be admitted.
    fn limits(&self) -> Summary {
        let mut limits = [-1; CLASSES];
        for (class, limit) in limits.iter_mut().enumerate() {
            let smallest = 1i32 << class;
            if smallest <= self.free && smallest <= self.extra {
                *limit = NOTHING - 1;
            } else if smallest <= self.free {
                *limit = self.longest_s.min(NOTHING - 1);
            }
        }
        limits
    }
}

/// The shortest run time that waits, by class of size.
type Summary = [i32; CLASSES];
const EMPTY: Summary = [NOTHING; CLASSES];

fn class_of(gpus: i32) -> usize {
    (gpus.ilog2() as usize).min(CLASSES - 1)
}

/// The smallest and the largest gang of a class.
fn sizes_of(class: usize) -> (i32, i32) {
    let most = if class == CLASSES - 1 {
        HOLE - 1
    } else {
        (2 << class) - 1
    };
    (1 << class, most)
}

fn may_hold(summary: &Summary, limits: &Summary) -> bool {
    // Without an early exit, so that it becomes a few vector comparisons.
    let mut any = false;
    for (shortest, limit) in summary.iter().zip(limits) {
        any |= shortest <= limit;
    }
    any
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    keys: Keys,
    jobs: Vec<Waiting>,
    /// No gang waits before this place.
    head: usize,
    live: usize,
    /// Level 0 summarises blocks of places, each further level groups of the one below.
    levels: Vec<Vec<Summary>>,
    /// Places before this one are in the summaries.
    indexed: usize,
}

impl Queue {
    /// How many gangs wait.
    pub(super) fn len(&self) -> usize {
        self.live
    }
    /// The place after the last.
    pub(super) fn end(&self) -> usize {
        self.keys.len()
    }
    /// The place of the head.
    pub(super) fn head(&self) -> Option<usize> {
        (self.live > 0).then_some(self.head)
    }
    /// The gang at a place that is not a hole.
    pub(super) fn get(&self, place: usize) -> &Waiting {
        &self.jobs[place]
    }
    /// The gangs in order, with their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Waiting)> {
        self.iter_from(self.head)
    }
    /// The same from a place on.
    pub(super) fn iter_from(&self, from: usize) -> impl Iterator<Item = (usize, &Waiting)> {
        let places = from.max(self.head)..self.keys.len();
        places
            .filter(|p| !self.keys.is_hole(*p))
            .map(|p| (p, &self.jobs[p]))
    }

    /// Adds a gang at its place in the order. Says whether earlier places were renumbered.
    pub(super) fn push(&mut self, waiting: Waiting) -> bool {
        let last = self.jobs.last().filter(|_| self.live > 0);
        if last.is_some_and(|last| last.job.rank() > waiting.job.rank()) {
            self.merge(vec![waiting]);
            return true;
        }
        let renumber = self.keys.len() >= 2 * self.live + BLOCK;
        if renumber {
            self.renumber();
        }
        self.append(waiting);
        renumber
    }

    fn append(&mut self, waiting: Waiting) {
        self.keys.push(waiting.job.gpus as i32, waiting.planned_s());
        self.jobs.push(waiting);
        self.live += 1;
    }

    /// Puts gangs back among the others by submission and id; renumbers all places.
    pub(super) fn merge(&mut self, mut returning: Vec<Waiting>) {
        returning.extend(self.iter().map(|(_, waiting)| *waiting));
        returning.sort_by_key(|waiting| waiting.job.rank());
        self.clear();
        for waiting in returning {
            self.append(waiting);
        }
    }

    /// The place of a waiting gang of a rank; `same` tells it from others to which a careless trace gave the same.
    pub(super) fn place_of(&self, rank: (i64, u64), same: impl Fn(&Waiting) -> bool) -> Option<usize> {
        // Holes keep their job, so the places are in order of rank throughout.
        let first = self.jobs.partition_point(|waiting| waiting.job.rank() < rank);
        let equals = self.jobs[first..].iter().take_while(|w| w.job.rank() == rank);
        let mut places = first..first + equals.count();
        places.find(|place| !self.keys.is_hole(*place) && same(&self.jobs[*place]))
    }

    /// Takes the gang at a place, which must not be a hole.
    pub(super) fn take(&mut self, place: usize) -> Waiting {
        let gpus = std::mem::replace(&mut self.keys.gpus[place], HOLE);
        assert!(gpus != HOLE, "place {place} of the queue is already empty");
        self.live -= 1;
        let waiting = self.jobs[place];
        if self.live == 0 {
            self.clear();
            return waiting;
        }
        if place < self.indexed {
            self.reindex(place, class_of(gpus));
        }
        while self.keys.is_hole(self.head) {
            self.head += 1;
        }
        waiting
    }

    /// The first place from `from` on whose gang `fit` admits.
    pub(super) fn find(&mut self, from: usize, fit: &Fit) -> Option<usize> {
        let end = self.keys.len();
        if end - from.min(end) <= UNINDEXED {
            return self.keys.scan(from, end, fit);
        }
        self.index();
        let limits = fit.limits();
        // A group is judged as a whole, before its members, even where a part of it lies before `from`.
        let (mut level, mut block) = (self.levels.len() - 1, from / BLOCK);
        loop {
            let node = block >> (FAN_BITS * level);
            if may_hold(self.levels[level].get(node)?, &limits) {
                if level > 0 {
                    level -= 1;
                    continue;
                }
                let first = from.max(block * BLOCK);
                let found = self.keys.scan(first, block * BLOCK + BLOCK, fit);
                if found.is_some() {
                    return found;
                }
            }
            let next = node + 1;
            block = next << (FAN_BITS * level);
            let up = next.trailing_zeros() as usize / FAN_BITS;
            level = (level + up).min(self.levels.len() - 1);
        }
    }

    /// Brings the summaries up to the last place.
    fn index(&mut self) {
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        for place in self.indexed..self.keys.len() {
            let (gpus, time) = (self.keys.gpus[place], self.keys.remaining_s[place]);
            let mut node = place / BLOCK;
            let mut level = 0;
            loop {
                if level == self.levels.len() {
                    self.levels.push(Vec::new());
                    // A new top level begins with what the one below already holds.
                    let all = self.levels[level - 1].iter().fold(EMPTY, lower);
                    self.levels[level].push(all);
                }
                if node == self.levels[level].len() {
                    self.levels[level].push(EMPTY);
                }
                if gpus != HOLE {
                    let shortest = &mut self.levels[level][node][class_of(gpus)];
                    *shortest = time.min(*shortest);
                }
                if self.levels[level].len() <= 1 {
                    break;
                }
                (level, node) = (level + 1, node / FAN);
            }
        }
        self.indexed = self.keys.len();
    }

    /// Renews the summaries above a place whose key was removed, as far up as they change.
    fn reindex(&mut self, place: usize, class: usize) {
        let mut node = place / BLOCK;
        if self.levels[0][node][class] < self.keys.remaining_s[place] {
            return;
        }
        let block_end = (node * BLOCK + BLOCK).min(self.indexed);
        let mut shortest = self.keys.shortest(node * BLOCK, block_end, class);
        for level in 0..self.levels.len() {
            if level > 0 {
                let below = &self.levels[level - 1];
                let group = &below[node * FAN..(node * FAN + FAN).min(below.len())];
                shortest = group
                    .iter()
                    .map(|summary| summary[class])
                    .min()
                    .unwrap_or(NOTHING);
            }
            let old = std::mem::replace(&mut self.levels[level][node][class], shortest);
            if old == shortest {
                return;
            }
            node /= FAN;
        }
    }

    fn renumber(&mut self) {
        let mut to = 0;
        for place in self.head..self.keys.len() {
            if !self.keys.is_hole(place) {
                self.keys.gpus[to] = self.keys.gpus[place];
                self.keys.remaining_s[to] = self.keys.remaining_s[place];
                self.jobs[to] = self.jobs[place];
                to += 1;
            }
        }
        self.keys.truncate(to);
        self.jobs.truncate(to);
        self.head = 0;
        self.indexed = 0;
        self.levels.clear();
    }

    fn clear(&mut self) {
        self.keys.truncate(0);
        self.jobs.clear();
        self.levels.clear();
        (self.head, self.live, self.indexed) = (0, 0, 0);
    }
}

fn lower(mut a: Summary, b: &Summary) -> Summary {
    for (x, y) in a.iter_mut().zip(b) {
        *x = (*x).min(*y);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waiting(id: u64, submit_s: i64, gpus: u32, duration_s: i64) -> Waiting {
        Waiting {
            job: Job::new(id, submit_s, gpus, duration_s),
            saved_s: 0,
            hold_s: duration_s as i32,
            restarts: 0,
            since_s: submit_s,
            waited_s: 0,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_search_finds_what_a_scan_finds(
            jobs in prop::collection::vec((1u32..200, 0i64..5_000), 1..4_000),
            asks in prop::collection::vec((0i32..220, 0i32..220, -1i32..1_000, 0usize..100), 1..300),
        ) {
            let mut queue = Queue::default();
            let mut plain: Vec<Waiting> = Vec::new();
            let mut next = 0;
            for (turn, (free, extra, longest_s, skip)) in asks.into_iter().enumerate() {
                for _ in 0..(jobs.len() / 40).max(1) {
                    if let Some((gpus, duration)) = jobs.get(next) {
                        // Now and then one comes back out of order.
                        let submit = if turn % 17 == 3 { next as i64 / 2 } else { next as i64 };
                        let one = waiting(next as u64, submit, *gpus, *duration);
                        queue.push(one);
                        plain.push(one);
                        plain.sort_by_key(|w| w.job.rank());
                        next += 1;
                    }
                }
                let fit = Fit { free, extra: extra.min(free), longest_s };
                let from_rank = plain.get(skip * plain.len() / 100).map(|w| w.job.rank());
                let from = queue.iter().find(|(_, w)| Some(w.job.rank()) == from_rank).map_or(queue.end(), |(p, _)| p);
                let found = queue.find(from, &fit).map(|place| queue.take(place));
                let expected = plain.iter().position(|w| {
                    from_rank.is_some_and(|r| w.job.rank() >= r)
                        && fit.admits(w.job.gpus as i32, w.remaining_s())
                });
                prop_assert_eq!(found, expected.map(|i| plain.remove(i)));
                prop_assert_eq!(queue.len(), plain.len());
                prop_assert_eq!(queue.head().map(|p| *queue.get(p)), plain.first().copied());
            }
        }
    }
}
