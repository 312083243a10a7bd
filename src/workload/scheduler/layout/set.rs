//! A set of node numbers that gives its members in order: bits in words, and words of which words are not empty.

const BITS: usize = u64::BITS as usize;

/// Node numbers below a bound.
#[derive(Debug, Clone)]
pub(super) struct NodeSet {
    /// Level 0 holds a bit for each number, each further level one for each word of the level below.
    levels: Vec<Vec<u64>>,
    len: usize,
}

impl NodeSet {
    /// No numbers; room for those below `bound`.
    pub(super) fn new(bound: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = bound.div_ceil(BITS).max(1);
        loop {
            levels.push(vec![0; words]);
            if words == 1 {
                return Self { levels, len: 0 };
            }
            words = words.div_ceil(BITS);
        }
    }
    pub(super) fn len(&self) -> usize {
        self.len
    }
    /// Adds a number that is not a member.
    pub(super) fn insert(&mut self, number: usize) {
        self.len += 1;
        let mut at = number;
        for level in &mut self.levels {
            let word = &mut level[at / BITS];
            let was_empty = *word == 0;
            *word |= 1 << (at % BITS);
            if !was_empty {
                return;
            }
            at /= BITS;
        }
    }
    /// Takes away a member.
    pub(super) fn remove(&mut self, number: usize) {
        self.len -= 1;
        let mut at = number;
        for level in &mut self.levels {
            let word = &mut level[at / BITS];
            *word &= !(1 << (at % BITS));
            if *word != 0 {
                return;
            }
            at /= BITS;
        }
    }
    /// The least member.
    pub(super) fn first(&self) -> Option<usize> {
        self.from(0)
    }
    /// The greatest member.
    pub(super) fn last(&self) -> Option<usize> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = level[at];
            at = at * BITS + (BITS - 1).checked_sub(word.leading_zeros() as usize)?;
        }
        Some(at)
    }
    /// The least member that is not below `number`.
    pub(super) fn from(&self, number: usize) -> Option<usize> {
        let mut at = number;
        for (height, level) in self.levels.iter().enumerate() {
            let word = level.get(at / BITS)? >> (at % BITS);
            if word != 0 {
                at += word.trailing_zeros() as usize;
                return Some(self.descend(height, at));
            }
            at = at / BITS + 1;
        }
        None
    }
    fn descend(&self, height: usize, mut at: usize) -> usize {
        for level in self.levels[..height].iter().rev() {
            at = at * BITS + level[at].trailing_zeros() as usize;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_set_agrees_with_a_tree(bound in 1usize..9_000, moves in prop::collection::vec(0usize..9_000, 1..400)) {
            let (mut set, mut tree) = (NodeSet::new(bound), BTreeSet::new());
            for number in moves {
                let number = number % bound;
                if tree.insert(number) {
                    set.insert(number);
                } else {
                    tree.remove(&number);
                    set.remove(number);
                }
                prop_assert_eq!(set.len(), tree.len());
                prop_assert_eq!(set.first(), tree.first().copied());
                prop_assert_eq!(set.last(), tree.last().copied());
                for from in [number, number + 1, bound / 2] {
                    prop_assert_eq!(set.from(from), tree.range(from..).next().copied());
                }
            }
        }
    }
}
