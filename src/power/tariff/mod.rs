//! Published tariffs in the formats of their databases, turned into clauses of a contract.
//!
//! One format a file. What a format says and the clauses cannot price is refused by the name of its field, never
//! approximated; what is left to convention is stated in a note.

pub mod urdb;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::power::contract::clause::ClauseSpec;
use crate::power::contract::clause::time_of_use::Fill;

/// The longest tariff file, in bytes.
pub const TARIFF_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most tariffs of a file.
pub const TARIFFS_MAX: usize = 100_000;

/// A tariff file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TariffFileSpec {
    /// The file, relative to the scenario, or `data:` and a path relative to `--data`.
    pub file: String,
    /// Label of the tariff, where the file holds several. Default: its only one.
    #[serde(default)]
    pub label: Option<String>,
    /// Which energy fills tiers. Default `in_time_order`; required where periods of one month have unequal limits.
    #[serde(default)]
    pub tier_fill: Option<Fill>,
    /// Fields to price as if they were not there, by the name under which they are refused. Default: none.
    #[serde(default)]
    pub leave_out: Vec<String>,
}

/// Reads a rate of the utility rate database from a file that is open, bounded.
pub fn read_urdb(input: impl std::io::Read, spec: &TariffFileSpec) -> Result<Imported, TariffError> {
    let mut text = String::new();
    let read = std::io::Read::read_to_string(&mut input.take(TARIFF_BYTES_MAX + 1), &mut text);
    if let Err(error) = read {
        return Err(TariffError::Malformed(format!("cannot be read as text: {error}")));
    }
    if text.len() as u64 > TARIFF_BYTES_MAX {
        return Err(TariffError::Malformed(format!(
            "is longer than {TARIFF_BYTES_MAX} bytes"
        )));
    }
    urdb::read(&text, spec)
}

/// What a tariff became.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Utility and name, as the file says them.
    pub title: String,
    /// The clauses.
    pub clauses: Vec<ClauseSpec>,
    /// What was left to convention, and what is not priced because it is only text.
    pub notes: Vec<String>,
}

/// A field that cannot be priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The field, as the file writes it.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

/// Why a tariff was not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TariffError {
    /// It is not what its format says.
    #[error("{0}")]
    Malformed(String),
    /// It says what cannot be priced.
    #[error("the tariff cannot be priced: {}", list(.0))]
    Refused(Vec<Refusal>),
}

fn list(refusals: &[Refusal]) -> String {
    let one = |r: &Refusal| format!("`{}` {}", r.field, r.why);
    refusals.iter().map(one).collect::<Vec<_>>().join("; ")
}
