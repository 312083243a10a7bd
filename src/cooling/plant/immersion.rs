//! Single-phase immersion: all heat goes into oil, through a heat exchanger into facility water, and out by dry or
//! adiabatic coolers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::class::check_water;
use super::dry_loop::DryLoop;
use super::pads::{PadsSpec, WettedAir};
use super::{Duty, PlantHour, check_units};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Tanks of oil and dry or adiabatic coolers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImmersionSpec {
    /// Warmest facility water allowed, in degrees Celsius. Default 40 (assumption of the trade: 40 to 45).
    pub facility_water_c: f64,
    /// Oil at the tank's inlet above facility water, in kelvin. Default 5 (assumption: a good plate exchanger).
    pub oil_approach_k: f64,
    /// Warmest oil that the machines accept, in degrees Celsius. Default 50 (assumption).
    pub oil_max_c: f64,
    /// Facility water above the air that coolers draw, at full load and full fans, in kelvin. Default 8 (assumption:
    /// 6 to 12).
    pub dry_cooler_approach_k: f64,
    /// Rise of facility water, in kelvin. Default 8 (assumption).
    pub water_range_k: f64,
    /// Power of cooler fans at full flow, in percent of design heat. Default 2.5 (assumption: 20 to 30 kW per MW).
    pub fan_power_percent: f64,
    /// Power of oil and water pumps, in percent of heat. Default 2 (assumption: oil is thick).
    pub pump_power_percent: f64,
    /// Pads before the coolers. Default: none, dry.
    pub pads: Option<PadsSpec>,
    /// Coolers that share the design heat. Default 8 (assumption).
    pub units: u32,
}

impl Default for ImmersionSpec {
    fn default() -> Self {
        Self {
            facility_water_c: 40.0,
            oil_approach_k: 5.0,
            oil_max_c: 50.0,
            dry_cooler_approach_k: 8.0,
            water_range_k: 8.0,
            fan_power_percent: 2.5,
            pump_power_percent: 2.0,
            pads: None,
            units: 8,
        }
    }
}

impl Check for ImmersionSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_water(&at.key("facility_water_c"), self.facility_water_c, None, problems);
        problems.within(&at.key("oil_approach_k"), self.oil_approach_k, 0.0, 25.0);
        problems.within(&at.key("oil_max_c"), self.oil_max_c, 20.0, 80.0);
        if self.facility_water_c + self.oil_approach_k > self.oil_max_c {
            problems.error_with_help(
                &at.key("oil_max_c"),
                format!(
                    "`facility_water_c` and `oil_approach_k` bring {} °C to the tanks, above `oil_max_c`",
                    self.facility_water_c + self.oil_approach_k
                ),
                "colder facility water",
            );
        }
        problems.within(
            &at.key("dry_cooler_approach_k"),
            self.dry_cooler_approach_k,
            1.0,
            30.0,
        );
        problems.within(&at.key("water_range_k"), self.water_range_k, 1.0, 30.0);
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 20.0);
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 20.0);
        if let Some(pads) = &self.pads {
            pads.check(&at.key("pads"), problems);
        }
        check_units(&at.key("units"), self.units, problems);
    }
}

impl ImmersionSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let air = self
            .pads
            .as_ref()
            .map_or_else(|| WettedAir::dry(weather), |pads| pads.wet(weather));
        let drive_k = (self.facility_water_c + self.water_range_k - air.air_c).max(0.0);
        let dry_cooler = drive_k / (self.dry_cooler_approach_k + self.water_range_k) * running;
        let duty = DryLoop::new(dry_cooler, self.fan_power_percent / 100.0 * running)
            .pumped(self.pump_power_percent / 100.0)
            .wetted(air.wetting.times(running));
        PlantHour {
            max_heat_share: duty.max(),
            supply_c: self.facility_water_c + self.oil_approach_k,
            duty: Duty::DryLoop(duty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn dry_tanks_derate_in_the_air_and_wet_ones_hardly() {
        // Water 40, range 8, approach 8: full at 32, (48 - T)/16 above, nothing at 48.
        let dry = ImmersionSpec::default();
        assert_eq!(dry.hour(&air(32.0, 0.3), 1.0).max_heat_share, 1.0);
        assert!((dry.hour(&air(40.0, 0.3), 1.0).max_heat_share - 0.5).abs() < 1e-12);
        assert!((dry.hour(&air(40.0, 0.3), 0.75).max_heat_share - 0.375).abs() < 1e-12);
        assert_eq!(dry.hour(&air(48.0, 0.3), 1.0).max_heat_share, 0.0);
        let wet = ImmersionSpec {
            pads: Some(PadsSpec::default()),
            ..dry
        };
        assert_eq!(wet.hour(&air(40.0, 0.2), 1.0).max_heat_share, 1.0);
        assert!(wet.hour(&air(40.0, 0.2), 1.0).draw(1.0, 1.0).water_m3_per_h > 0.5);
    }

    #[test]
    fn site_pue_lies_in_the_published_range() {
        // Published: 1.03-1.08 in use, 1.05-1.2 by vendors, with electrical losses of about 6 % in the latter.
        let plant = Plant::new(CoolingSpec::Immersion(ImmersionSpec::default()));
        let mean = plant_pue(&plant, &air(15.0, 0.5)) + 0.06;
        let hot = plant_pue(&plant, &air(38.0, 0.3)) + 0.06;
        assert!((1.05..=1.10).contains(&mean), "{mean}");
        assert!((1.08..=1.12).contains(&hot), "{hot}");
    }

    #[test]
    fn oil_warmer_than_the_machines_accept_is_refused() {
        let spec = ImmersionSpec {
            facility_water_c: 48.0,
            dry_cooler_approach_k: -3.0,
            ..ImmersionSpec::default()
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        let paths: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["oil_max_c", "dry_cooler_approach_k"]);
    }
}
