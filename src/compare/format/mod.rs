//! How a comparison is shown: one file per format.

mod csv;
mod html;
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
    /// A page of its own, with charts.
    Html,
}

impl Format {
    /// Writes a comparison.
    pub fn write(self, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(comparison, out),
            Self::Json => json::write(comparison, out),
            Self::Csv => csv::write(comparison, out),
            Self::Html => html::write(comparison, out),
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

/// Whole cents as dollars: `-1,234.50`.
fn dollars(cents: i64) -> String {
    let (sign, cents) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    let whole = (cents / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{:02}", cents % 100)
}

#[cfg(test)]
mod tests {
    #[test]
    fn cents_are_grouped_dollars() {
        assert_eq!(super::dollars(-123_456_705), "-1,234,567.05");
        assert_eq!(super::dollars(99), "0.99");
        assert_eq!(super::dollars(100_000), "1,000.00");
    }
}
