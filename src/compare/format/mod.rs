//! How a comparison is shown: one file per format.

mod csv;
mod json;
mod text;

use std::io::{self, Write};

use crate::compare::Comparison;
use crate::compare::difference::{Change, Noise};

/// A form of output. A further one is a file here, a variant and an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Text,
    /// Everything, for programs.
    Json,
    /// One line for each figure that is not equal.
    Csv,
}

impl Format {
    /// Writes a comparison.
    pub fn write(self, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(comparison, out),
            Self::Json => json::write(comparison, out),
            Self::Csv => csv::write(comparison, out),
        }
    }
}

fn change_words(change: Change) -> &'static str {
    match change {
        Change::Better => "better",
        Change::Worse => "worse",
        Change::Higher => "higher",
        Change::Lower => "lower",
        Change::OnlyInA => "only in A",
        Change::OnlyInB => "only in B",
        Change::OtherUnit => "other unit",
    }
}

fn noise_words(noise: Noise) -> &'static str {
    match noise {
        Noise::Clear => "clear",
        Noise::MayBeNoise => "may be noise",
        Noise::NotJudged => "not judged",
    }
}
