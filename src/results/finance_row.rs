//! The row of `finance.csv`.

use serde::{Deserialize, Serialize};

/// A row of `finance.csv`: a term that the finance of the P50 replication was worked out with. What the statements show and
/// these rows are all that the workbook's formulas begin with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FinanceRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// What is stated.
    pub item: String,
    /// Which of its kind: an account's group, a method of depreciation; empty where there is one only.
    pub kind: String,
    /// `YYYY-MM` where it belongs to a month.
    pub month: String,
    /// Its unit.
    pub unit: String,
    /// Its value.
    pub value: f64,
}
