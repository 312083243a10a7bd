//! The row of `fidelity.csv`.

use serde::{Deserialize, Serialize};

/// A row of `fidelity.csv`: a quantity of on-demand pools over a year of the scenario, at `jobs` and at the fidelity
/// of the run, on the same random numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FidelityRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity of the run.
    pub fidelity: String,
    /// When the first pool opened, UTC.
    pub from: String,
    /// End of the year compared, UTC.
    pub to: String,
    /// What is compared.
    pub quantity: String,
    /// Its unit.
    pub unit: String,
    /// Its value where every job is an event.
    pub jobs: f64,
    /// Its value at the fidelity of the run.
    pub value: f64,
    /// The latter over the former less one, percent; `NaN`, in the file an empty cell, where `jobs` gives zero.
    pub error_percent: f64,
}
