//! What the project claims to reproduce: published figures and closed forms, each computed anew by the library.
//!
//! Owns the list and how a claim is judged. Does not own any physics: every figure comes out of the module that a run
//! uses. One file for each concern; a new claim is one entry in the list of its file.

mod conversion;
mod cooling;
mod deals;
mod finance;
mod gpu_mining;
mod mining;
mod published_conversions;
mod queueing;
mod reliability;

use serde::Serialize;

/// How far the computed figure may lie from the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// A share of the expected figure.
    Relative(f64),
    /// In the unit of the figure.
    Absolute(f64),
    /// The figure is a lower bound.
    AtLeast,
}

impl Tolerance {
    /// Whether `got` is near enough; a figure that is no number never is.
    pub fn holds(self, expected: f64, got: f64) -> bool {
        match self {
            Self::Relative(share) => (got - expected).abs() <= share * expected.abs(),
            Self::Absolute(most) => (got - expected).abs() <= most,
            Self::AtLeast => got >= expected,
        }
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Relative(share) if *share < 1e-4 => write!(f, "{share:e} relative"),
            Self::Relative(share) => write!(f, "{} %", share * 100.0),
            Self::Absolute(most) => write!(f, "{most}"),
            Self::AtLeast => f.write_str("at least"),
        }
    }
}

/// One published figure or closed form beside what the library makes of its inputs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// Short name; those of the form `V1` are the rows of the published validation table.
    pub id: &'static str,
    /// What is computed, from which inputs.
    pub what: &'static str,
    /// Unit of both figures.
    pub unit: &'static str,
    /// The published figure or the value of the closed form.
    pub expected: f64,
    /// What the library computes.
    pub got: f64,
    /// How far apart they may lie.
    pub tolerance: Tolerance,
    /// Where the expected figure comes from.
    pub source: &'static str,
}

impl Claim {
    /// Whether the claim holds.
    pub fn holds(&self) -> bool {
        self.tolerance.holds(self.expected, self.got)
    }
}

/// Every claim, computed now, in the order of the documents.
pub fn all() -> Vec<Claim> {
    let mut claims = mining::claims();
    claims.extend(gpu_mining::claims());
    claims.extend(cooling::claims());
    claims.extend(queueing::claims());
    claims.extend(reliability::claims());
    claims.extend(conversion::claims());
    claims.extend(published_conversions::claims());
    claims.extend(finance::claims());
    claims.extend(deals::claims());
    claims
}

/// The claims as a table of Markdown, figures to six digits.
pub fn markdown(claims: &[Claim]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "| id | what | unit | expected | got | tolerance | source | ok |\n|---|---|---|---|---|---|---|---|\n",
    );
    for claim in claims {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            claim.id,
            claim.what,
            claim.unit,
            six_digits(claim.expected),
            six_digits(claim.got),
            claim.tolerance,
            claim.source,
            if claim.holds() { "yes" } else { "NO" }
        );
    }
    text
}

/// A figure with six significant digits: what differs beyond them differs between processors, too.
pub fn six_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let places = 5 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(places);
    let rounded = (value * scale).round() / scale;
    let places = usize::try_from(places).unwrap_or(0);
    let shown = format!("{rounded:.places$}");
    if shown.contains('.') {
        shown.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_holds_and_has_its_own_name() {
        let claims = all();
        for claim in &claims {
            assert!(claim.holds(), "{claim:?}");
        }
        let mut ids: Vec<&str> = claims.iter().map(|c| c.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), claims.len());
    }

    #[test]
    fn a_figure_that_is_no_number_never_holds() {
        for tolerance in [
            Tolerance::Relative(1.0),
            Tolerance::Absolute(1e9),
            Tolerance::AtLeast,
        ] {
            assert!(!tolerance.holds(1.0, f64::NAN));
        }
        assert!(
            Tolerance::Relative(0.02).holds(100.0, 98.0) && !Tolerance::Relative(0.02).holds(100.0, 97.9)
        );
        assert!(Tolerance::AtLeast.holds(0.9, 0.9) && !Tolerance::AtLeast.holds(0.9, 0.89));
    }

    #[test]
    fn figures_are_shown_to_six_digits() {
        assert_eq!(six_digits(0.000_426_351_9), "0.000426352");
        assert_eq!(six_digits(1_234_567.8), "1234570");
        assert_eq!(six_digits(39.5), "39.5");
        assert_eq!(six_digits(-0.0), "-0");
    }
}
