//! The proofs of work that graphics cards mine: what a chain asks for and what a card is rated at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Ethereum until the Merge, and its forks.
    Ethash,
    /// Ethereum Classic: Ethash over a smaller table, at the same speed.
    Etchash,
    /// Ravencoin.
    Kawpow,
    /// Ergo.
    Autolykos,
    /// Firo.
    Firopow,
}

impl Algorithm {
    /// All of them, in the order of [`Algorithm::index`].
    pub const ALL: [Self; 5] = [
        Self::Ethash,
        Self::Etchash,
        Self::Kawpow,
        Self::Autolykos,
        Self::Firopow,
    ];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
    /// Its place in tables.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ethash => "ethash",
            Self::Etchash => "etchash",
            Self::Kawpow => "kawpow",
            Self::Autolykos => "autolykos",
            Self::Firopow => "firopow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_tables_follow_the_list() {
        for (place, algorithm) in Algorithm::ALL.into_iter().enumerate() {
            assert_eq!(algorithm.index(), place);
        }
    }
}
