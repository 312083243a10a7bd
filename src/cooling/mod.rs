//! Cooling: the heat a hall can reject in each hour's weather, and the power and water it takes.
//!
//! Owns psychrometrics, cooling plants and the weather hour that they read. Does not own weather files or
//! their extension over years, IT load, or who is shed when the heat cannot be rejected.

pub mod lei_masanet;
pub mod plant;
pub mod psychrometrics;
pub mod weather;

pub use plant::{CoolingSpec, Draw, Plant, PlantHour};

/// The outdoor air of one hour, as a plant sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeatherHour {
    /// Dry-bulb temperature, in degrees Celsius.
    pub dry_bulb_c: f64,
    /// Wet-bulb temperature, in degrees Celsius.
    pub wet_bulb_c: f64,
    /// Relative humidity, from 0 to 1.
    pub relative_humidity: f64,
    /// Station pressure, in pascals.
    pub pressure_pa: f64,
    /// Day of the year, from 1, by UTC: what the sea's season goes by.
    pub day_of_year: u16,
}
