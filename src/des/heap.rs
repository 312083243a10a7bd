//! A priority queue of bare 128-bit keys: a four-ary heap whose four siblings share a cache line.
//!
//! Owns the order of keys and nothing else; what a key stands for is the queue's affair. Four children to a node
//! halve the levels of a binary heap, and packing siblings into one aligned block makes a level cost one miss
//! of the cache at most.

/// Marks an empty lane; greater than every real key, so that it never wins a comparison.
const EMPTY: u128 = u128::MAX;
/// The root stands alone in the last lane of block 0, so that siblings fill whole blocks from block 1 on.
const ROOT: usize = 3;

/// Four siblings.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Block([u128; 4]);

impl Block {
    /// The least key and its lane; written as a tournament so that it compiles without branches.
    fn least(&self) -> (u128, usize) {
        let [a, b, c, d] = self.0;
        let left = if b < a { (b, 1) } else { (a, 0) };
        let right = if d < c { (d, 3) } else { (c, 2) };
        if right.0 < left.0 { right } else { left }
    }
}

/// A heap of keys, least first. The key `u128::MAX` is reserved.
///
/// A pop leaves the root open: most events schedule another, whose key then goes down from there, and the
/// last key of the heap need not be moved up and sorted in first.
#[derive(Debug, Default)]
pub(super) struct KeyHeap {
    blocks: Vec<Block>,
    /// Keys held; one more position is occupied while the root is open.
    len: usize,
    open: bool,
}

impl KeyHeap {
    /// An empty heap.
    pub(super) const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            len: 0,
            open: false,
        }
    }
    /// How many keys it holds.
    pub(super) const fn len(&self) -> usize {
        self.len
    }
    /// The least key.
    pub(super) fn peek(&mut self) -> Option<u128> {
        self.close();
        if self.len == 0 { None } else { Some(self.get(ROOT)) }
    }
    /// Adds a key.
    pub(super) fn push(&mut self, key: u128) {
        debug_assert!(key != EMPTY, "the greatest key is reserved");
        let position = if self.open {
            self.open = false;
            self.sink()
        } else {
            let end = ROOT + self.len;
            if end / 4 == self.blocks.len() {
                self.blocks.push(Block([EMPTY; 4]));
            }
            end
        };
        self.len += 1;
        self.rise(position, key);
    }
    /// Removes the least key.
    pub(super) fn pop(&mut self) -> Option<u128> {
        let top = self.peek()?;
        self.len -= 1;
        self.open = true;
        Some(top)
    }
    /// Keeps only the keys that pass.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u128) -> bool) {
        self.close();
        let keys: Vec<u128> = (ROOT..ROOT + self.len)
            .map(|position| self.get(position))
            .filter(|key| keep(*key))
            .collect();
        self.blocks.clear();
        self.len = 0;
        for key in keys {
            self.push(key);
        }
    }
    /// Fills an open root with the last key.
    fn close(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        let last_position = ROOT + self.len;
        let last = self.get(last_position);
        self.set(last_position, EMPTY);
        if self.len > 0 {
            let hole = self.sink();
            self.rise(hole, last);
        }
    }
    /// Moves the hole at the root down to a leaf, always along the least child; its last position.
    ///
    /// The key that fills it comes from the bottom and nearly always belongs there again, so comparing with it
    /// on the way down would be wasted.
    fn sink(&mut self) -> usize {
        let mut hole = ROOT;
        while let Some(children) = self.blocks.get(hole - 2) {
            let (key, lane) = children.least();
            if key == EMPTY {
                break;
            }
            self.set(hole, key);
            hole = (hole - 2) * 4 + lane;
        }
        hole
    }
    /// Puts `key` at `position` or above it, where the order wants it.
    fn rise(&mut self, mut position: usize, key: u128) {
        while position > ROOT {
            let parent = position / 4 + 2;
            let above = self.get(parent);
            if above <= key {
                break;
            }
            self.set(position, above);
            position = parent;
        }
        self.set(position, key);
    }
    fn get(&self, position: usize) -> u128 {
        self.blocks[position / 4].0[position % 4]
    }
    fn set(&mut self, position: usize, key: u128) {
        self.blocks[position / 4].0[position % 4] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_is_one_cache_line() {
        assert_eq!(std::mem::size_of::<Block>(), 64);
        assert_eq!(std::mem::align_of::<Block>(), 64);
    }

    proptest! {
        #[test]
        fn keys_come_out_sorted_whatever_the_order_of_pushes_and_pops(
            steps in prop::collection::vec(prop::option::weighted(0.6, 0u128..50), 0..400)
        ) {
            let mut heap = KeyHeap::new();
            let mut oracle: Vec<u128> = Vec::new();
            for step in steps {
                if let Some(key) = step {
                    heap.push(key);
                    oracle.push(key);
                    oracle.sort_unstable_by(|a, b| b.cmp(a));
                } else {
                    prop_assert_eq!(heap.pop(), oracle.pop());
                }
                prop_assert_eq!(heap.peek(), oracle.last().copied());
                prop_assert_eq!(heap.len(), oracle.len());
            }
        }

        #[test]
        fn retaining_keeps_the_order_of_what_stays(keys in prop::collection::vec(0u128..1000, 0..200)) {
            let mut heap = KeyHeap::new();
            for key in &keys {
                heap.push(*key);
            }
            heap.retain(|key| key % 3 != 0);
            let mut expected: Vec<u128> = keys.into_iter().filter(|key| key % 3 != 0).collect();
            expected.sort_unstable();
            let drained: Vec<u128> = std::iter::from_fn(|| heap.pop()).collect();
            prop_assert_eq!(drained, expected);
        }
    }
}
