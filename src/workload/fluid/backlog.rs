//! What waits, in order of arrival.

use std::collections::VecDeque;

use super::bin::{Bin, Item};
use super::week::Arrivals;

/// What waits of an hour's arrivals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) at_h: f64,
    /// What the whole hour would bring, and how much of it waits.
    whole: Bin,
    share: f64,
    items: usize,
}

/// What waits, in order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog {
    entries: VecDeque<Entry>,
    /// Run times of all entries, one after the other; those before the first have left.
    items: Vec<Item>,
    first: usize,
}

impl Backlog {
    /// Adds a share of an hour's arrivals.
    pub(super) fn push(&mut self, at_h: f64, arrivals: Arrivals<'_>, share: f64) {
        let whole = arrivals.sums();
        if let Some(last) = self.entries.back_mut()
            && last.at_h.floor() == at_h.floor()
            && last.whole == whole
        {
            last.share += share;
            return;
        }
        self.items.extend_from_slice(arrivals.items);
        self.entries.push_back(Entry {
            at_h,
            whole,
            share,
            items: arrivals.items.len(),
        });
    }
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// When the first came, hours.
    pub(super) fn first_at_h(&self) -> Option<f64> {
        self.entries.front().map(|entry| entry.at_h)
    }
    /// The first: when it came, what waits of it, its run times and the share of them that waits.
    pub(super) fn first(&self) -> Option<(f64, Bin, &[Item], f64)> {
        let entry = self.entries.front()?;
        let items = &self.items[self.first..self.first + entry.items];
        Some((entry.at_h, entry.whole.scaled(entry.share), items, entry.share))
    }
    /// Leaves a share of the first.
    pub(super) fn keep_of_first(&mut self, share: f64) {
        if let Some(first) = self.entries.front_mut() {
            first.share *= share;
        }
    }
    pub(super) fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.first += entry.items;
        }
        if 2 * self.first > self.items.len() {
            self.items.drain(..self.first);
            self.first = 0;
        }
    }
    /// Work that waits, GPU-hours.
    pub(super) fn work_gpu_h(&self) -> f64 {
        self.entries
            .iter()
            .map(|entry| entry.share * entry.whole.work_gpu_h())
            .sum()
    }
}
