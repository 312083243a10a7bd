//! Whether a tenant lasts: the chance of his default, and what is paid then.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;

/// Whether a tenant lasts. Default falls at the end of the month in which it is drawn: he pays no more and draws no
/// power, and what he had prepaid is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantCreditSpec {
    /// Chance that he defaults within a year, percent; the same in every year of his term, and for tenants after him. Of rated
    /// companies in 2023: speculative grade 3.7, investment grade 0.1 (S&P Global Ratings, 2023 Annual Global Corporate Default
    /// And Rating Transition Study, table 1; the second figure is rounded, assumption).
    pub default_percent_per_year: f64,
    /// Months of the rent or fee then reached that are due on termination, no more than what is left of the term. Default 12
    /// (assumption).
    #[serde(default = "termination_months")]
    pub termination_months: f64,
    /// Share of the termination payment that a guarantor or a letter of credit pays, percent; the tenant himself pays nothing.
    /// Default 0 (assumption: no backstop).
    #[serde(default)]
    pub backstop_percent: f64,
}

fn termination_months() -> f64 {
    12.0
}

impl TenantCreditSpec {
    /// Years that a tenant lasts: exponential, so that the stated share defaults within each.
    pub fn draw_years(&self, stream: &mut Stream) -> f64 {
        let hazard = -(-self.default_percent_per_year / 100.0).ln_1p();
        -(-stream.random::<f64>()).ln_1p() / hazard
    }
    /// Months of rent that a guarantor pays where so many are left of the term.
    pub fn paid_months(&self, left: f64) -> f64 {
        self.termination_months.min(left.max(0.0)) * self.backstop_percent / 100.0
    }
}

impl Check for TenantCreditSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        // No doubt of small figures: a tenth of a percent is a good tenant's.
        problems.within(
            &at.key("default_percent_per_year"),
            self.default_percent_per_year,
            0.001,
            99.0,
        );
        problems.within(
            &at.key("termination_months"),
            self.termination_months,
            0.0,
            1_200.0,
        );
        problems.share_percent(&at.key("backstop_percent"), self.backstop_percent, 100.0);
    }
}
