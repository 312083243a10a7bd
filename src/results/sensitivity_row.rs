//! The row of `sensitivity.csv`.

use serde::{Deserialize, Serialize};

/// A row of `sensitivity.csv`: what one input does to one figure, by one measure of one method.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SensitivityRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity.
    pub fidelity: String,
    /// Strategy that is taken off, replication by replication; empty where the figure is the strategy's own.
    pub against: String,
    /// Metric id.
    pub metric: String,
    /// Path of the input, or the world: all other randomness.
    pub input: String,
    /// `sobol`, `morris`, `tornado` or `break_even`.
    pub method: String,
    /// `first_order`, `total_order`; `mu_star`, `mu`, `sigma`; `base`, `p10`, `p90`; `value`, `quantile`.
    pub measure: String,
    /// Unit of the value.
    pub unit: String,
    /// The estimate.
    pub value: f64,
    /// Lower end of its 95 % interval; `NaN`, in the file an empty cell, where the method gives none.
    pub ci95_low: f64,
    /// Upper end of it.
    pub ci95_high: f64,
}
