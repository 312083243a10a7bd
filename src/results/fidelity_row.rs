//! The rows of `fidelity.csv` and `levels.csv`.

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

/// A row of `levels.csv`: what one level of a multilevel run says of a metric.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LevelRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity of the level.
    pub fidelity: String,
    /// `portfolio` or a site.
    pub scope: String,
    /// Metric id.
    pub metric: String,
    /// Unit of the metric.
    pub unit: String,
    /// 0: the metric itself at the cheapest fidelity; 1: what the next finer adds to it on the same random numbers.
    pub level: u32,
    /// Replications with a value.
    pub replications: u32,
    /// Their mean; the means of all levels add up to that of `summary.csv`.
    pub mean: f64,
    /// Their variance.
    pub variance: f64,
    /// Covariance of the level's addition with the level below; `NaN`, in the file an empty cell, of level 0.
    pub covariance: f64,
    /// What a replication of all strategies costs at this fidelity, in events.
    pub events_per_replication: f64,
}
