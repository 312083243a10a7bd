//! Words that many jobs share (tenants, countries), kept once and named by a small number.

use indexmap::IndexSet;

/// Nobody in particular: no tenant, no claim of residency.
pub const NONE: u16 = 0;
/// The most different words of one kind in a trace.
pub const LABELS_MAX: usize = u16::MAX as usize;

/// Words in the order in which they first came. Number 0 is the absence of a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(IndexSet<String>);

impl Labels {
    /// The number of a word, which is kept if it is new; [`NONE`] for an empty one. `None` if there is no room.
    pub fn intern(&mut self, word: &str) -> Option<u16> {
        if word.is_empty() {
            return Some(NONE);
        }
        let known = self.0.get_index_of(word);
        if known.is_none() && self.0.len() == LABELS_MAX {
            return None;
        }
        let index = known.unwrap_or_else(|| self.0.insert_full(word.to_owned()).0);
        Some(index as u16 + 1)
    }
    /// The number of a word that is known already; [`NONE`] for an empty one.
    pub fn find(&self, word: &str) -> Option<u16> {
        if word.is_empty() {
            return Some(NONE);
        }
        self.0.get_index_of(word).map(|index| index as u16 + 1)
    }
    /// The word of a number; empty for [`NONE`] and for numbers that were never given.
    pub fn name(&self, label: u16) -> &str {
        let index = usize::from(label).wrapping_sub(1);
        self.0.get_index(index).map_or("", String::as_str)
    }
    /// How many words there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The words with their numbers, in the order in which they first came.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &str)> {
        self.0
            .iter()
            .enumerate()
            .map(|(index, word)| (index as u16 + 1, word.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_number_and_none_is_zero() {
        let mut labels = Labels::default();
        assert_eq!((labels.intern(""), labels.intern("no")), (Some(NONE), Some(1)));
        assert_eq!((labels.intern("us"), labels.intern("no")), (Some(2), Some(1)));
        assert_eq!(
            (labels.find("us"), labels.find("se"), labels.find("")),
            (Some(2), None, Some(0))
        );
        assert_eq!((labels.name(1), labels.name(0), labels.name(9)), ("no", "", ""));
        assert_eq!(labels.iter().collect::<Vec<_>>(), [(1, "no"), (2, "us")]);
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let mut labels = Labels::default();
        for index in 0..LABELS_MAX {
            assert_eq!(labels.intern(&index.to_string()), Some(index as u16 + 1));
        }
        assert_eq!(labels.len(), LABELS_MAX);
        assert_eq!((labels.intern("one more"), labels.intern("7")), (None, Some(8)));
    }
}
