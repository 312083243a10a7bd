//! How many nodes of one group have how many free GPUs, and the largest gang that this lets in.

const BITS: usize = u64::BITS as usize;

/// Nodes in service by the GPUs that are free on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    size: usize,
    nodes_with: Vec<u32>,
    /// A bit for each number of free GPUs that some node has.
    present: Vec<u64>,
    free: u64,
}

impl Counts {
    /// No nodes yet; each will have `size` GPUs.
    pub(super) fn new(size: u32) -> Self {
        let size = size as usize;
        Self {
            size,
            nodes_with: vec![0; size + 1],
            present: vec![0; size / BITS + 1],
            free: 0,
        }
    }
    /// Takes over the counts of a group of the same size without allocating.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.nodes_with.copy_from_slice(&other.nodes_with);
        self.present.copy_from_slice(&other.present);
        self.free = other.free;
    }
    /// GPUs of a node.
    pub(super) fn size(&self) -> u32 {
        self.size as u32
    }
    /// Free GPUs of all nodes.
    pub(super) fn free(&self) -> u64 {
        self.free
    }
    /// Nodes on which nothing runs.
    pub(super) fn empty(&self) -> u32 {
        self.nodes_with[self.size]
    }
    /// A node with so many free GPUs comes.
    pub(super) fn add(&mut self, free: u32) {
        let at = free as usize;
        self.nodes_with[at] += 1;
        self.present[at / BITS] |= 1 << (at % BITS);
        self.free += u64::from(free);
    }
    /// A node with so many free GPUs goes.
    pub(super) fn remove(&mut self, free: u32) {
        let at = free as usize;
        self.nodes_with[at] -= 1;
        if self.nodes_with[at] == 0 {
            self.present[at / BITS] &= !(1 << (at % BITS));
        }
        self.free -= u64::from(free);
    }
    /// The largest gang that fits now: all empty nodes, and what is free on the emptiest of the others.
    pub(super) fn largest(&self) -> u32 {
        self.empty() * self.size() + self.below(self.size).unwrap_or(0)
    }
    /// The least number of free GPUs, of at least `free`, that some node has.
    pub(super) fn at_least(&self, free: u32) -> Option<u32> {
        let mut at = free as usize;
        while let Some(word) = self.present.get(at / BITS) {
            let rest = word >> (at % BITS);
            if rest != 0 {
                return Some(at as u32 + rest.trailing_zeros());
            }
            at = (at / BITS + 1) * BITS;
        }
        None
    }
    /// The greatest number of free GPUs, below `free`, that some node has.
    pub(super) fn below(&self, free: usize) -> Option<u32> {
        let mut index = free / BITS;
        let mut word = self.present[index] & ((1 << (free % BITS)) - 1);
        while word == 0 {
            index = index.checked_sub(1)?;
            word = self.present[index];
        }
        Some((index * BITS) as u32 + word.ilog2())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_counts_agree_with_a_list_of_nodes(size in 1u32..200, raw in prop::collection::vec((0u32..200, 0u8..3), 1..60), ask in 0u32..200) {
            let (mut counts, mut plain) = (Counts::new(size), Vec::new());
            for (free, kind) in raw {
                if kind == 0 && !plain.is_empty() {
                    counts.remove(plain.swap_remove(free as usize % plain.len()));
                } else {
                    plain.push(free % (size + 1));
                    counts.add(free % (size + 1));
                }
                let empty = plain.iter().filter(|f| **f == size).count() as u32;
                let partial = plain.iter().filter(|f| **f < size).max().copied().unwrap_or(0);
                prop_assert_eq!(counts.largest(), empty * size + partial);
                prop_assert_eq!(counts.free(), plain.iter().map(|f| u64::from(*f)).sum::<u64>());
                prop_assert_eq!(counts.at_least(ask), plain.iter().filter(|f| **f >= ask).min().copied());
            }
        }
    }
}
