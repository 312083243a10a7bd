//! Rear-door heat exchangers: water coils in the doors of racks take the heat of the air that leaves them.
//!
//! A door's capacity is in proportion to the difference between the hot air and the water that enters it. Facility
//! water comes from dry coolers, with chillers in series for what they leave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chiller::ChillerHour;
use super::class::{WaterClass, check_water};
use super::dry_loop::DryLoop;
use super::pads::WettedAir;
use super::{Duty, PlantHour, check_units};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Water-cooled doors, dry coolers and chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RearDoorSpec {
    /// Facility water at the doors, in degrees Celsius. Default 24 (assumption: above the dew point of the hall, within
    /// class W27).
    pub facility_water_c: f64,
    /// ASHRAE class of the facility water, whose limit `facility_water_c` must keep. Default: none stated.
    pub class: Option<WaterClass>,
    /// Air that leaves the racks, in degrees Celsius. Default 42 (assumption: 27 °C supply and a rise of 15 K).
    pub hot_air_c: f64,
    /// Water at which the doors are rated, in degrees Celsius. Default 18 (assumption).
    pub rated_water_c: f64,
    /// Capacity of the doors at the rated water, in percent of design IT load. Default 140 (assumption: full load with
    /// water of 24 °C and a little to spare).
    pub door_percent: f64,
    /// Power of the doors' fans, in percent of heat; 0 for passive doors. Default 1.5 (assumption).
    pub door_fan_percent: f64,
    /// Facility water above outdoor air at full load and full fans, in kelvin. Default 8 (assumption: 6 to 12).
    pub dry_cooler_approach_k: f64,
    /// Rise of facility water, in kelvin. Default 6 (assumption).
    pub water_range_k: f64,
    /// Power of dry-cooler fans at full flow, in percent of design heat. Default 2.5 (assumption: 20 to 30 kW per MW).
    pub dry_cooler_fan_percent: f64,
    /// Power of pumps, in percent of heat. Default 2 (computed: 300 kPa at 6 K and 65 % efficiency gives 1.8).
    pub pump_power_percent: f64,
    /// Nominal capacity of the chillers (at 35 °C air and 6.67 °C water), in percent of design IT load. Default 85
    /// (computed: water of 24 °C lifts a chiller's capacity to 1.35 of nominal, which then takes all of the heat).
    pub chiller_percent: f64,
    /// Coefficient of performance at nominal conditions. Default 3 (sourced: the reference value of the curve).
    pub chiller_cop: f64,
    /// Coolers that share the design heat, each with its share of the chillers. Default 6 (assumption).
    pub units: u32,
}

impl Default for RearDoorSpec {
    fn default() -> Self {
        Self {
            facility_water_c: 24.0,
            class: None,
            hot_air_c: 42.0,
            rated_water_c: 18.0,
            door_percent: 140.0,
            door_fan_percent: 1.5,
            dry_cooler_approach_k: 8.0,
            water_range_k: 6.0,
            dry_cooler_fan_percent: 2.5,
            pump_power_percent: 2.0,
            chiller_percent: 85.0,
            chiller_cop: 3.0,
            units: 6,
        }
    }
}

impl Check for RearDoorSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_water(
            &at.key("facility_water_c"),
            self.facility_water_c,
            self.class,
            problems,
        );
        problems.within(&at.key("hot_air_c"), self.hot_air_c, 20.0, 70.0);
        problems.within(&at.key("rated_water_c"), self.rated_water_c, 2.0, 60.0);
        for (key, water_c) in [
            ("facility_water_c", self.facility_water_c),
            ("rated_water_c", self.rated_water_c),
        ] {
            if water_c >= self.hot_air_c {
                problems.error(
                    &at.key(key),
                    format!(
                        "water of {water_c} °C cannot cool air of {} °C, `hot_air_c`",
                        self.hot_air_c
                    ),
                );
            }
        }
        problems.within(&at.key("door_percent"), self.door_percent, 1.0, 1_000.0);
        problems.within(&at.key("door_fan_percent"), self.door_fan_percent, 0.0, 20.0);
        problems.within(
            &at.key("dry_cooler_approach_k"),
            self.dry_cooler_approach_k,
            1.0,
            30.0,
        );
        problems.within(&at.key("water_range_k"), self.water_range_k, 1.0, 30.0);
        let fan = self.dry_cooler_fan_percent;
        problems.within(&at.key("dry_cooler_fan_percent"), fan, 0.0, 20.0);
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 20.0);
        problems.within(&at.key("chiller_percent"), self.chiller_percent, 0.0, 1_000.0);
        problems.within(&at.key("chiller_cop"), self.chiller_cop, 1.0, 15.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

impl RearDoorSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let air = WettedAir::dry(weather);
        let drive_k = (self.facility_water_c + self.water_range_k - air.air_c).max(0.0);
        let dry_cooler = drive_k / (self.dry_cooler_approach_k + self.water_range_k) * running;
        let chillers = ChillerHour::new(weather.dry_bulb_c, self.facility_water_c, self.chiller_cop)
            .sized(self.chiller_percent / 100.0 * running);
        let duty = DryLoop::new(dry_cooler, self.dry_cooler_fan_percent / 100.0 * running)
            .pumped((self.pump_power_percent + self.door_fan_percent) / 100.0)
            .trimmed(chillers);
        PlantHour {
            max_heat_share: duty.max().min(self.doors()),
            supply_c: self.facility_water_c,
            duty: Duty::DryLoop(duty),
        }
    }

    /// What the doors take with the water as it is.
    fn doors(&self) -> f64 {
        self.door_percent / 100.0 * (self.hot_air_c - self.facility_water_c)
            / (self.hot_air_c - self.rated_water_c)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn warm_water_costs_door_capacity_in_proportion_to_the_difference_from_the_air() {
        let spec = RearDoorSpec {
            door_percent: 100.0,
            ..RearDoorSpec::default()
        };
        // Rated at 42 - 18 = 24 K; water of 24 C leaves 18 K.
        let share = spec.hour(&air(0.0, 0.5), 1.0).max_heat_share;
        assert!((share - 18.0 / 24.0).abs() < 1e-12);
    }

    #[test]
    fn chillers_carry_the_hot_hour_and_a_missing_unit_its_share() {
        // 40 C: dry coolers give nothing (24 + 6 - 40 < 0); chillers 0.85 * 1.35 = 1.1475, five of six 0.956.
        let spec = RearDoorSpec::default();
        assert_eq!(spec.hour(&air(40.0, 0.2), 1.0).max_heat_share, 1.0);
        let five = spec.hour(&air(40.0, 0.2), 5.0 / 6.0).max_heat_share;
        assert!((five - 0.85 * 1.35 * 5.0 / 6.0).abs() < 1e-12, "{five}");
        // 27 C: dry coolers give 3 / 14 of the heat besides.
        let without = RearDoorSpec {
            chiller_percent: 0.0,
            ..spec
        };
        assert!((without.hour(&air(27.0, 0.2), 1.0).max_heat_share - 3.0 / 14.0).abs() < 1e-12);
    }

    #[test]
    fn site_pue_lies_in_the_published_range_at_mean_and_hot_weather() {
        // Published: 1.15-1.25 at design, 1.30 in the hot hour (an assumption of the trade), losses of about 6 %.
        let plant = Plant::new(CoolingSpec::RearDoor(RearDoorSpec::default()));
        let mean = plant_pue(&plant, &air(20.0, 0.5)) + 0.06;
        let hot = plant_pue(&plant, &air(36.0, 0.3)) + 0.06;
        assert!((1.15..=1.25).contains(&mean), "{mean}");
        assert!((1.28..=1.40).contains(&hot), "{hot}");
    }

    #[test]
    fn water_as_hot_as_the_air_is_refused() {
        let spec = RearDoorSpec {
            facility_water_c: 45.0,
            ..RearDoorSpec::default()
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        assert!(problems.as_slice()[0].message.contains("cannot cool air of 42"));
    }
}
