//! Direct expansion: room units whose refrigerant cools the air itself, with air-cooled condensers outside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::air_cooled_chiller::ChillerPlantDuty;
use super::chiller::{ChillerHour, RATED_WATER_C};
use super::class::{AirClass, check_air};
use super::{Duty, PlantHour, check_units};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Room units with air-cooled condensers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DxSpec {
    /// Supply air, in degrees Celsius; the evaporator follows it kelvin by kelvin. Default 22 (assumption of the trade).
    pub supply_air_c: f64,
    /// ASHRAE class of the machines, whose limits `supply_air_c` must keep. Default `a1`.
    pub class: AirClass,
    /// Nominal capacity (at 35 °C outdoors and 22 °C supply), in percent of design IT load. Default 120 (assumption:
    /// the design hour's heat with the fans' own).
    pub cooling_percent: f64,
    /// Coefficient of performance at nominal conditions, without fans. Default 2.8 (assumption: under the chillers' 3).
    pub cop: f64,
    /// Power of the fans at full flow, in percent of design IT load. Default 8 (assumption: small units, short filters).
    pub fan_power_percent: f64,
    /// Lowest flow of the fans, in percent. Default 100 (assumption: constant speed).
    pub flow_floor_percent: f64,
    /// Units that share the design heat. Default 8 (assumption).
    pub units: u32,
}

/// Supply air at which the units are rated, °C.
const RATED_SUPPLY_C: f64 = 22.0;

impl Default for DxSpec {
    fn default() -> Self {
        Self {
            supply_air_c: RATED_SUPPLY_C,
            class: AirClass::A1,
            cooling_percent: 120.0,
            cop: 2.8,
            fan_power_percent: 8.0,
            flow_floor_percent: 100.0,
            units: 8,
        }
    }
}

impl Check for DxSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_air(&at.key("supply_air_c"), self.supply_air_c, self.class, problems);
        problems.within(&at.key("cooling_percent"), self.cooling_percent, 1.0, 1_000.0);
        problems.within(&at.key("cop"), self.cop, 1.0, 15.0);
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 50.0);
        problems.within(&at.key("flow_floor_percent"), self.flow_floor_percent, 0.0, 100.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

impl DxSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let evaporator_c = RATED_WATER_C + self.supply_air_c - RATED_SUPPLY_C;
        let chiller = ChillerHour::new(weather.dry_bulb_c, evaporator_c, self.cop)
            .sized(self.cooling_percent / 100.0 * running);
        PlantHour {
            max_heat_share: chiller.capacity.clamp(0.0, 1.0),
            supply_c: self.supply_air_c,
            duty: Duty::Chiller(ChillerPlantDuty {
                chiller,
                fan_full: self.fan_power_percent / 100.0 * running,
                flow_floor: self.flow_floor_percent / 100.0,
                pump: 0.0,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn a_missing_unit_of_eight_limits_the_design_hour() {
        let spec = DxSpec::default();
        assert_eq!(spec.hour(&air(35.0, 0.3), 1.0).max_heat_share, 1.0);
        let seven = spec.hour(&air(35.0, 0.3), 0.875).max_heat_share;
        assert!((seven - 0.944_836 * 1.2 * 0.875).abs() < 1e-9, "{seven}");
        assert_eq!(spec.hour(&air(15.0, 0.3), 0.875).max_heat_share, 1.0);
    }

    #[test]
    fn pue_at_design_and_in_the_hot_hour_lies_in_the_published_ranges() {
        // Published: 1.4-1.7 at design, 1.9 in the hot hour; electrical losses of small halls about 12 %.
        let plant = Plant::new(CoolingSpec::Dx(DxSpec::default()));
        let design = plant_pue(&plant, &air(20.0, 0.5)) + 0.12;
        let hot = plant_pue(&plant, &air(42.0, 0.3)) + 0.12;
        assert!((1.40..=1.70).contains(&design), "{design}");
        assert!((1.55..=1.90).contains(&hot), "{hot}");
    }
}
