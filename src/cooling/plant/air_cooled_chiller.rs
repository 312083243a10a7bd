//! Air handlers, chilled water and air-cooled chillers: the water-free plant of an air-cooled data hall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chiller::ChillerHour;
use super::{Draw, Duty, PlantHour, check_units, fan_power};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Air handlers, chilled water and air-cooled chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AirCooledChillerSpec {
    /// Nominal capacity of the chillers (at 35 °C air and 6.67 °C water), in percent of design IT load. Default
    /// 115 (assumption: the design hour's heat with the fans' own, no unit in reserve).
    pub chiller_percent: f64,
    /// Coefficient of performance at nominal conditions, heat over power. Default 3 (sourced: the reference
    /// value that comes with the `EnergyPlus` curve).
    pub cop: f64,
    /// Leaving chilled water, in degrees Celsius. Default 6.67 (sourced: the curve's reference point).
    pub chilled_water_c: f64,
    /// Power of the air handlers at full load, in percent of design IT load. Default 5 (computed: 700 Pa over
    /// 70 % efficient fans at a 15 K rise, Lei and Masanet's middle ranges, gives 5.4).
    pub fan_power_percent: f64,
    /// Lowest flow of the air handlers, in percent. Default 40 (assumption).
    pub flow_floor_percent: f64,
    /// Power of chilled-water pumps, in percent of the heat moved. Default 1.5 (assumption: about 300 kPa at a
    /// 5 K rise and 70 % efficiency gives 2).
    pub pump_power_percent: f64,
    /// Chillers that share the design heat. Default 4 (assumption).
    pub units: u32,
}

impl Default for AirCooledChillerSpec {
    fn default() -> Self {
        Self {
            chiller_percent: 115.0,
            cop: 3.0,
            chilled_water_c: 6.67,
            fan_power_percent: 5.0,
            flow_floor_percent: 40.0,
            pump_power_percent: 1.5,
            units: 4,
        }
    }
}

impl Check for AirCooledChillerSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("chiller_percent"), self.chiller_percent, 1.0, 1_000.0);
        problems.within(&at.key("cop"), self.cop, 1.0, 15.0);
        problems.within(&at.key("chilled_water_c"), self.chilled_water_c, 2.0, 30.0);
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 50.0);
        problems.within(&at.key("flow_floor_percent"), self.flow_floor_percent, 0.0, 100.0);
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 20.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

impl AirCooledChillerSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let chiller = ChillerHour::new(weather.dry_bulb_c, self.chilled_water_c, self.cop)
            .sized(self.chiller_percent / 100.0 * running);
        PlantHour {
            max_heat_share: chiller.capacity.clamp(0.0, 1.0),
            supply_c: self.chilled_water_c,
            duty: Duty::Chiller(ChillerPlantDuty {
                chiller,
                fan_full: self.fan_power_percent / 100.0,
                flow_floor: self.flow_floor_percent / 100.0,
                pump: self.pump_power_percent / 100.0,
            }),
        }
    }
}

/// An hour of a chilled-water plant, per unit of design IT load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChillerPlantDuty {
    pub(super) chiller: ChillerHour,
    pub(super) fan_full: f64,
    pub(super) flow_floor: f64,
    pub(super) pump: f64,
}

impl ChillerPlantDuty {
    #[inline]
    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let chillers = self.chiller.power(share);
        let fans = fan_power(self.fan_full, share, self.flow_floor);
        Draw {
            power_mw: chillers + fans + self.pump * share,
            water_m3_per_h: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn capacity_limits_heat_in_hot_hours() {
        let spec = AirCooledChillerSpec {
            chiller_percent: 100.0,
            ..AirCooledChillerSpec::default()
        };
        assert_eq!(spec.hour(&air(20.0, 0.4), 1.0).max_heat_share, 1.0);
        assert!((spec.hour(&air(35.0, 0.4), 1.0).max_heat_share - 0.944_836).abs() < 1e-9);
        assert!((spec.hour(&air(45.0, 0.4), 1.0).max_heat_share - 0.76).abs() < 0.006);
    }

    #[test]
    fn pue_at_design_and_in_the_hot_hour_lies_in_the_published_ranges() {
        // Published: 1.25-1.40 at design, 1.5-1.6 in the hot hour, both with electrical losses of about 6 %.
        let plant = Plant::new(CoolingSpec::AirCooledChiller(AirCooledChillerSpec::default()));
        let design = plant_pue(&plant, &air(20.0, 0.5)) + 0.06;
        let hot = plant_pue(&plant, &air(42.0, 0.3)) + 0.06;
        assert!((1.25..=1.42).contains(&design), "{design}");
        assert!((1.45..=1.62).contains(&hot), "{hot}");
    }
}
