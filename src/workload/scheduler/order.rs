//! The waiting gangs in another order than the queue's, for policies that take the shortest or the most urgent
//! first.
//!
//! Entries are kept by size of gang, so that the first one that fits is found without looking at those that do not.
//! An entry names a gang by its rank, which stays when places in the queue are numbered anew.

use std::collections::BTreeMap;

use super::queue::Waiting;

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// Submission, then id: the queue's own order, which needs no list of its own.
    #[default]
    Rank,
    /// The least planned time still to run, then rank.
    Length,
    /// Rank alone, by a list of its own: what is left of [`OrderBy::Length`] where run times are unknown.
    Blind,
    /// Class (reserved, on demand, spot), then rank.
    Class,
}

impl OrderBy {
    /// What is compared before the rank.
    pub(super) fn key(self, waiting: &Waiting) -> i32 {
        match self {
            Self::Rank | Self::Blind => 0,
            Self::Length => waiting.planned_s(),
            Self::Class => waiting.job.class.index() as i32,
        }
    }
}

/// A waiting gang by what is compared first, submission and id.
pub(super) type Entry = (i32, i64, u64);

/// The list.
#[derive(Debug, Default)]
pub(super) struct Order {
    by: OrderBy,
    /// By size of gang; how many there are of each entry, because a careless trace gives an id twice.
    sizes: BTreeMap<u32, BTreeMap<Entry, u32>>,
}

impl Order {
    pub(super) fn new(by: OrderBy) -> Self {
        Self {
            by,
            sizes: BTreeMap::new(),
        }
    }
    /// Where a gang stands.
    pub(super) fn entry(&self, waiting: &Waiting) -> Entry {
        let (submit_s, id) = waiting.job.rank();
        (self.by.key(waiting), submit_s, id)
    }
    pub(super) fn insert(&mut self, waiting: &Waiting) {
        if self.by != OrderBy::Rank {
            let entry = self.entry(waiting);
            let size = self.sizes.entry(waiting.job.gpus).or_default();
            *size.entry(entry).or_insert(0) += 1;
        }
    }
    pub(super) fn remove(&mut self, waiting: &Waiting) {
        if self.by != OrderBy::Rank {
            let entry = self.entry(waiting);
            let size = self.sizes.get_mut(&waiting.job.gpus);
            // A size stays in the list when it is empty, because it will come again.
            let size = size.expect("whoever waits is in the list");
            let count = size.get_mut(&entry).expect("whoever waits is in the list");
            *count -= 1;
            if *count == 0 {
                size.remove(&entry);
            }
        }
    }
    /// The first of the gangs that need at most so many GPUs, with its size.
    pub(super) fn first_within(&self, gpus: u32) -> Option<(Entry, u32)> {
        let fitting = self.sizes.range(..=gpus);
        fitting
            .filter_map(|(size, entries)| Some((*entries.first_key_value()?.0, *size)))
            .min()
    }
    /// The first of all, with its size.
    pub(super) fn first(&self) -> Option<(Entry, u32)> {
        self.first_within(u32::MAX)
    }
}
