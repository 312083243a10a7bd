//! Sea or fjord water through heat exchangers, with chillers for what a warm sea leaves.
//!
//! The sea at the intake follows the season alone, `mean + swing cos(2 pi (day - warmest) / 365.25)`: below the first
//! metres the weather of a day does not reach. Nothing is evaporated; the sea takes a limited rise.

use std::f64::consts::TAU;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chilled_water::{ChilledWaterSpec, Sink};
use super::{PlantHour, check_units};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Sea-water pumps, exchangers and chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeaWaterSpec {
    /// Air handlers, exchanger and chillers.
    pub chilled_water: ChilledWaterSpec,
    /// Mean temperature at the intake, in degrees Celsius. Default 8.5 (assumption: a Norwegian fjord at 30 m).
    pub sea_mean_c: f64,
    /// Half the difference of the warmest and the coldest day, in kelvin. Default 4 (assumption).
    pub sea_swing_k: f64,
    /// The warmest day, counted from 1 January. Default 255, mid-September (assumption: depth delays the summer).
    pub warmest_day: f64,
    /// Rise of sea water, in kelvin. Default 7.5 (sourced: the published vector).
    pub sea_range_k: f64,
    /// Warmest water that may go back, in degrees Celsius. Default 30 (assumption: a usual condition of permits).
    pub discharge_max_c: f64,
    /// Power of sea-water pumps, in percent of heat. Default 2.8 (computed: 699 kPa at 80 % efficiency over 7.5 K, the
    /// published vector).
    pub sea_pump_percent: f64,
    /// Pumps and exchangers that share the design heat, each with its chiller. Default 4 (assumption).
    pub units: u32,
}

impl Default for SeaWaterSpec {
    fn default() -> Self {
        Self {
            chilled_water: ChilledWaterSpec {
                // What a cold sea leaves for chillers.
                chiller_percent: 30.0,
                ..ChilledWaterSpec::default()
            },
            sea_mean_c: 8.5,
            sea_swing_k: 4.0,
            warmest_day: 255.0,
            sea_range_k: 7.5,
            discharge_max_c: 30.0,
            sea_pump_percent: 2.8,
            units: 4,
        }
    }
}

/// Sea water freezes here, °C.
const SEA_MIN_C: f64 = -1.8;

impl Check for SeaWaterSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.chilled_water.check(&at.key("chilled_water"), problems);
        problems.within(&at.key("sea_mean_c"), self.sea_mean_c, SEA_MIN_C, 33.0);
        problems.within(&at.key("sea_swing_k"), self.sea_swing_k, 0.0, 20.0);
        problems.within(&at.key("warmest_day"), self.warmest_day, 1.0, 366.0);
        problems.within(&at.key("sea_range_k"), self.sea_range_k, 1.0, 20.0);
        problems.within(&at.key("discharge_max_c"), self.discharge_max_c, 5.0, 45.0);
        if self.discharge_max_c <= self.sea_mean_c + self.sea_swing_k {
            problems.error(
                &at.key("discharge_max_c"),
                format!(
                    "{} °C is not above the warmest sea, {} °C: no heat could be given to it",
                    self.discharge_max_c,
                    self.sea_mean_c + self.sea_swing_k
                ),
            );
        }
        problems.within(&at.key("sea_pump_percent"), self.sea_pump_percent, 0.0, 20.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

impl SeaWaterSpec {
    /// The sea at the intake on a day of the year, °C.
    fn sea_c(&self, day_of_year: u16) -> f64 {
        let angle = TAU * (f64::from(day_of_year) - self.warmest_day) / 365.25;
        (self.sea_mean_c + self.sea_swing_k * angle.cos()).max(SEA_MIN_C)
    }

    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let water_c = self.sea_c(weather.day_of_year);
        let sink = Sink {
            water_c,
            // Full flow carries the design heat over the range, or what the permit leaves of it.
            max_heat: running * ((self.discharge_max_c - water_c) / self.sea_range_k).clamp(0.0, SPARE_FLOW),
            pump: self.sea_pump_percent / 100.0,
            fan_full: 0.0,
            flow_per_heat: 0.0,
            water_m3_per_mwh: 0.0,
        };
        self.chilled_water.hour(sink, running)
    }
}

/// Heat over design that full flow carries: the chillers' power comes on top of the hall's heat.
const SPARE_FLOW: f64 = 1.25;

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    fn on_day(day_of_year: u16) -> WeatherHour {
        WeatherHour {
            day_of_year,
            ..air(30.0, 0.5)
        }
    }

    #[test]
    fn the_sea_follows_the_season_and_not_the_weather_of_the_day() {
        let spec = SeaWaterSpec::default();
        assert!((spec.sea_c(255) - 12.5).abs() < 1e-12);
        assert!((spec.sea_c(72) - 4.5).abs() < 0.001);
        let plant = Plant::new(CoolingSpec::SeaWater(spec));
        let hot = WeatherHour {
            dry_bulb_c: 40.0,
            ..on_day(200)
        };
        assert_eq!(plant.hour(&hot), plant.hour(&on_day(200)));
    }

    #[test]
    fn a_warm_sea_leaves_the_rest_to_chillers_and_their_capacity_limits_the_hall() {
        // Facility water 23, exchanger 2.3: all free up to 20.7, none from 28.2. At 24.45 half is chilled.
        let spec = SeaWaterSpec {
            sea_mean_c: 24.45,
            sea_swing_k: 0.0,
            discharge_max_c: 40.0,
            ..SeaWaterSpec::default()
        };
        assert!((spec.hour(&on_day(1), 1.0).max_heat_share - 0.6).abs() < 1e-9);
        let draw = spec.hour(&on_day(1), 1.0).draw(0.6, 1.0);
        assert_eq!(draw.water_m3_per_h, 0.0);
        // A permit that leaves 4 K of 7.5 leaves 0.533 of the heat, chillers' power included.
        let permit = SeaWaterSpec {
            sea_mean_c: 20.0,
            discharge_max_c: 24.0,
            ..spec
        };
        assert!((permit.hour(&on_day(1), 1.0).max_heat_share - 4.0 / 7.5).abs() < 1e-12);
    }

    #[test]
    fn site_pue_is_near_the_published_1_11() {
        // 1.114 at a sea of 20 °C with electrical losses of 3.9 %.
        let spec = SeaWaterSpec {
            sea_mean_c: 20.0,
            sea_swing_k: 0.0,
            ..SeaWaterSpec::default()
        };
        let plant = Plant::new(CoolingSpec::SeaWater(spec));
        let pue = plant_pue(&plant, &on_day(1)) + 0.039;
        assert!((1.09..=1.13).contains(&pue), "{pue}");
    }

    #[test]
    fn a_discharge_colder_than_the_sea_is_refused() {
        let spec = SeaWaterSpec {
            discharge_max_c: 12.0,
            ..SeaWaterSpec::default()
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 1);
        assert!(
            problems.as_slice()[0]
                .message
                .contains("not above the warmest sea")
        );
    }
}
