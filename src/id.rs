//! Typed identifiers: names that users write, and dense indices that the simulation uses.
//!
//! A [`Name`] is checked once at the edge (it becomes paths and sheet names); everything behind the edge uses
//! index newtypes, so that the event loop never hashes a string.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest name allowed.
pub const NAME_LENGTH_MAX: usize = 64;

/// A name of a thing in a scenario: `[a-z0-9][a-z0-9-]{0,63}`.
///
/// Deserialising does not check the form, so that a scenario with several bad names reports all of them with
/// their places; [`Name::problem`] says what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Name(#[schemars(regex(pattern = r"^[a-z0-9][a-z0-9-]{0,63}$"))] String);

impl Name {
    /// Wraps a text without checking it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What is wrong with the form, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        let bytes = self.0.as_bytes();
        if bytes.is_empty() {
            return Some("a name must not be empty");
        }
        if bytes.len() > NAME_LENGTH_MAX {
            return Some("a name has at most 64 characters");
        }
        let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if !plain(&bytes[0]) || !bytes.iter().all(|b| plain(b) || *b == b'-') {
            return Some("a name is made of a-z, 0-9 and `-`, and does not begin with `-`");
        }
        None
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Declares dense index newtypes.
macro_rules! index {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// As a vector index.
            pub const fn index(self) -> usize { self.0 as usize }
            /// From a vector index.
            pub const fn from_index(index: usize) -> Self { Self(index as u32) }
        }
    )+ };
}

index!(
    /// A site, in file order.
    SiteId,
    /// A hall within its site, in file order after `repeat` is expanded.
    HallId,
    /// A stage within its project.
    StageId,
    /// A conversion project within its strategy.
    ProjectId,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths_so_their_form_is_narrow() {
        for good in ["a", "h-1", "7up", &"x".repeat(64)] {
            assert_eq!(Name::from(good).problem(), None, "{good}");
        }
        for bad in ["", "-a", "A", "a b", "../x", "a/b", "ä", &"x".repeat(65)] {
            assert!(Name::from(bad).problem().is_some(), "{bad}");
        }
    }
}
