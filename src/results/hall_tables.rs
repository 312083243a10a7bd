//! Rows about halls: their stages, what stands in them over time, and what they can sell in heat.

use serde::{Deserialize, Serialize};

/// Megawatts of each hall by use over time, P50 replication: what the capacity chart shows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HallStateRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Fidelity.
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Hall id.
    pub hall: String,
    /// Since when, UTC.
    pub start_utc: String,
    /// `mining`, `winding_down`, `building`, `commissioning`, `serving`, `leased`, `idle`.
    pub state: String,
    /// Grid megawatts of the hall.
    pub grid_mw: f64,
}

/// Sellable megawatts of a hall over the hours of its weather, whole or with cooling units out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct HotHoursRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Fidelity.
    pub fidelity: String,
    /// Site id.
    pub site: String,
    /// Hall id; empty for the sum of the site's halls, hour by hour.
    pub hall: String,
    /// `gpu` or `lease`; empty for a sum.
    pub kind: String,
    /// Kind of the cooling plant; empty for a sum.
    pub plant: String,
    /// Cooling units that the design heat needs; 0 for a sum.
    pub units: u32,
    /// `n`: no spare; `n+1`: a spare stands in for the first unit that fails.
    pub redundancy: String,
    /// Units out of service in the hall, or in each hall of a sum.
    pub units_out: u32,
    /// IT load that plant and wires are designed for.
    pub design_mw: f64,
    /// Least of all hours.
    pub worst_mw: f64,
    /// There in 99.9 % of hours.
    pub p99_9_mw: f64,
    /// There in 99 % of hours.
    pub p99_mw: f64,
    /// There in 95 % of hours.
    pub p95_mw: f64,
    /// There in 90 % of hours.
    pub p90_mw: f64,
    /// There in half of the hours.
    pub p50_mw: f64,
    /// Hours a year with less than the design.
    pub hours_short: f64,
    /// Dry bulb of the worst hour; of equals, of the hottest.
    pub worst_dry_bulb_c: f64,
    /// Wet bulb of that hour.
    pub worst_wet_bulb_c: f64,
}

/// A row of `schedule.csv`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ScheduleRow {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Demand fidelity: `jobs`, `sampled_weeks`, ...
    pub fidelity: String,
    /// Replication.
    pub replication: u32,
    /// Site id.
    pub site: String,
    /// Hall id.
    pub hall: String,
    /// Stage id.
    pub stage: String,
    /// UTC.
    pub planned_start: String,
    /// UTC.
    pub planned_end: String,
    /// UTC; empty where it did not start within the horizon.
    pub start: String,
    /// UTC; empty where it did not end within the horizon.
    pub end: String,
    /// On the critical path of this replication.
    pub critical: bool,
    /// What set its start: a predecessor, an order, a date.
    pub cause: String,
}
