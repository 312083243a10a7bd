//! Direct-to-chip liquid cooling with dry coolers, and a chilled-air plant for what liquid does not take.
//!
//! Facility water is held at its limit by dry coolers, whose heat is in proportion to the difference between
//! the water that returns and the air; hotter air first costs fan power, then capacity. A trim chiller, where
//! there is one, takes the rest in series. The air's share is cooled freely while it is cold outside, by a
//! chiller otherwise. Heat splits in a fixed proportion, so the scarcer of the two limits the hall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chiller::ChillerHour;
use super::class::{WaterClass, check_water};
use super::dry_loop::DryLoop;
use super::pads::WettedAir;
use super::{Draw, Duty, PlantHour, check_units, fan_power};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Cold plates, coolant distribution units and dry coolers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DirectToChipDrySpec {
    /// Warmest facility water allowed, in degrees Celsius. Default 40 (ASHRAE class W40; with a CDU's approach
    /// of 5 K the racks get 45, what GB200 and GB300 accept).
    pub facility_water_c: f64,
    /// Water at the cold plates above facility water, in kelvin. Default 5 (sourced: 3 to 15 in CDU data sheets).
    pub cdu_approach_k: f64,
    /// Facility water above outdoor air at full load and full fans, in kelvin. Default 8 (assumption: 6 to 12).
    pub dry_cooler_approach_k: f64,
    /// Rise of facility water through the racks, in kelvin. Default 10 (computed: 1.5 l/min per kW gives 9.6).
    pub water_range_k: f64,
    /// Share of heat that goes to liquid, in percent. Default 85 (assumption: 80 to 87 for GB200 and GB300).
    pub liquid_percent: f64,
    /// Power of dry-cooler fans at full flow, in percent of the liquid's design heat. Default 2.5 (assumption:
    /// 20 to 30 kW of fan per MW rejected).
    pub dry_cooler_fan_percent: f64,
    /// Power of facility and CDU pumps, in percent of the liquid's design heat. Default 1.5 (assumption: about
    /// 400 kPa in the two loops at 10 K and 65 % efficiency).
    pub pump_power_percent: f64,
    /// Nominal capacity of a trim chiller on the facility water, in percent of the liquid's design heat, for
    /// hours when air is too hot for the dry coolers. Default 30 (assumption: full load up to about 37 °C).
    pub trim_chiller_percent: f64,
    /// Nominal capacity of the chillers for the air's share, in percent of its design heat. Default 115
    /// (assumption: no unit in reserve).
    pub air_chiller_percent: f64,
    /// Power of the air handlers at full flow, in percent of the air's design heat. Default 5 (computed as for
    /// a chilled-water hall).
    pub air_fan_percent: f64,
    /// Outdoor air below which the air's share is cooled without the chiller, in degrees Celsius; 12 K above
    /// it, the chiller takes all. Default 12 (assumption: 24 °C air over two approaches).
    pub free_air_below_c: f64,
    /// Coefficient of performance of both chillers at nominal conditions. Default 3 (sourced: the reference
    /// value that comes with the `EnergyPlus` curve).
    pub chiller_cop: f64,
    /// ASHRAE class of the facility water, whose limit `facility_water_c` must keep. Default: none stated.
    pub class: Option<WaterClass>,
    /// Dry coolers that share the liquid's design heat, each with its share of the chillers. Default 8 (assumption).
    pub units: u32,
}

impl Default for DirectToChipDrySpec {
    fn default() -> Self {
        Self {
            facility_water_c: 40.0,
            cdu_approach_k: 5.0,
            dry_cooler_approach_k: 8.0,
            water_range_k: 10.0,
            liquid_percent: 85.0,
            dry_cooler_fan_percent: 2.5,
            pump_power_percent: 1.5,
            trim_chiller_percent: 30.0,
            air_chiller_percent: 115.0,
            air_fan_percent: 5.0,
            free_air_below_c: 12.0,
            chiller_cop: 3.0,
            class: None,
            units: 8,
        }
    }
}

/// Warmest water that racks of the day accept at their cold plates, in °C (GB200, GB300).
const COLD_PLATE_MAX_C: f64 = 45.0;
/// Chilled water of the air's plant, in °C: mild, for 24 °C supply air.
const AIR_CHILLED_WATER_C: f64 = 15.0;
/// Leaving water at which the trim chiller is rated: the curve's range ends long before 40 °C.
const TRIM_RATED_WATER_C: f64 = 6.67;
/// Degrees from all free cooling to none.
const FREE_RANGE_K: f64 = 12.0;
/// Lowest flow of the air handlers, as a share.
const FLOW_FLOOR: f64 = 0.2;

impl Check for DirectToChipDrySpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_water(
            &at.key("facility_water_c"),
            self.facility_water_c,
            self.class,
            problems,
        );
        check_units(&at.key("units"), self.units, problems);
        problems.within(&at.key("cdu_approach_k"), self.cdu_approach_k, 0.0, 25.0);
        if self.facility_water_c + self.cdu_approach_k > COLD_PLATE_MAX_C {
            problems.warn(
                &at.key("facility_water_c"),
                format!(
                    "`facility_water_c` and `cdu_approach_k` bring {} °C to the cold plates; racks accept {COLD_PLATE_MAX_C}",
                    self.facility_water_c + self.cdu_approach_k
                ),
            );
        }
        problems.within(
            &at.key("dry_cooler_approach_k"),
            self.dry_cooler_approach_k,
            1.0,
            30.0,
        );
        problems.within(&at.key("water_range_k"), self.water_range_k, 1.0, 30.0);
        problems.within(&at.key("liquid_percent"), self.liquid_percent, 1.0, 100.0);
        problems.within(
            &at.key("dry_cooler_fan_percent"),
            self.dry_cooler_fan_percent,
            0.0,
            20.0,
        );
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 20.0);
        problems.within(
            &at.key("trim_chiller_percent"),
            self.trim_chiller_percent,
            0.0,
            500.0,
        );
        problems.within(
            &at.key("air_chiller_percent"),
            self.air_chiller_percent,
            0.0,
            1_000.0,
        );
        problems.within(&at.key("air_fan_percent"), self.air_fan_percent, 0.0, 50.0);
        problems.within(&at.key("free_air_below_c"), self.free_air_below_c, -40.0, 30.0);
        problems.within(&at.key("chiller_cop"), self.chiller_cop, 1.0, 15.0);
    }
}

impl DirectToChipDrySpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        self.hour_with_pads(weather, running, &WettedAir::dry(weather))
    }

    /// The hour with dry coolers that draw air which pads may have cooled; chillers stand in plain outdoor air.
    pub(super) fn hour_with_pads(
        &self,
        weather: &WeatherHour,
        running: f64,
        cooler_air: &WettedAir,
    ) -> PlantHour {
        let outdoor_c = weather.dry_bulb_c;
        let liquid = self.liquid_percent / 100.0;
        // Heat per full flow: what returns is `range` warmer than the limit; the approach was met at full load.
        let drive_k = (self.facility_water_c + self.water_range_k - cooler_air.air_c).max(0.0);
        let dry_cooler = drive_k / (self.dry_cooler_approach_k + self.water_range_k) * running;
        let trim = ChillerHour::new(outdoor_c, TRIM_RATED_WATER_C, self.chiller_cop)
            .sized(self.trim_chiller_percent / 100.0 * running);
        let loop_ = DryLoop::new(dry_cooler, self.dry_cooler_fan_percent / 100.0 * running)
            .pumped(self.pump_power_percent / 100.0)
            .trimmed(trim)
            .wetted(cooler_air.wetting.times(running));
        let liquid_max = loop_.max();
        let air_chiller = ChillerHour::new(outdoor_c, AIR_CHILLED_WATER_C, self.chiller_cop)
            .sized(self.air_chiller_percent / 100.0 * running);
        let free = ((self.free_air_below_c + FREE_RANGE_K - outdoor_c) / FREE_RANGE_K).clamp(0.0, 1.0);
        // Free cooling takes its share of every load; the chiller must take the rest.
        let air_max = air_chiller.capacity / (1.0 - free).max(1e-9);
        let max = if liquid < 1.0 && free < 1.0 {
            liquid_max.min(air_max)
        } else {
            liquid_max
        };
        PlantHour {
            max_heat_share: max.clamp(0.0, 1.0),
            supply_c: self.facility_water_c,
            duty: Duty::DirectToChip(DirectToChipDuty {
                liquid,
                loop_,
                air_chiller,
                chilled: 1.0 - free,
                air_fan_full: self.air_fan_percent / 100.0,
            }),
        }
    }
}

/// An hour of the plant; heats are shares of each side's design heat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct DirectToChipDuty {
    liquid: f64,
    loop_: DryLoop,
    air_chiller: ChillerHour,
    /// Share of the air's heat that its chillers take.
    chilled: f64,
    air_fan_full: f64,
}

impl DirectToChipDuty {
    #[inline]
    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let liquid = self.loop_.draw(share);
        Draw {
            power_mw: self.liquid * liquid.power_mw + (1.0 - self.liquid) * self.air_power(share),
            water_m3_per_h: self.liquid * liquid.water_m3_per_h,
        }
    }

    #[inline]
    fn air_power(&self, share: f64) -> f64 {
        fan_power(self.air_fan_full, share, FLOW_FLOOR) + self.air_chiller.power(share * self.chilled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    fn dry_only() -> DirectToChipDrySpec {
        DirectToChipDrySpec {
            trim_chiller_percent: 0.0,
            ..DirectToChipDrySpec::default()
        }
    }

    #[test]
    fn dry_coolers_carry_full_load_up_to_the_limit_less_the_approach() {
        // Water 40, approach 8, range 10: full at 32, (50 - T)/18 above, nothing at 50.
        assert_eq!(dry_only().hour(&air(32.0, 0.3), 1.0).max_heat_share, 1.0);
        assert!((dry_only().hour(&air(41.0, 0.3), 1.0).max_heat_share - 0.5).abs() < 1e-12);
        assert_eq!(dry_only().hour(&air(50.0, 0.3), 1.0).max_heat_share, 0.0);
        let warmer = DirectToChipDrySpec {
            facility_water_c: 45.0,
            ..dry_only()
        };
        assert_eq!(warmer.hour(&air(37.0, 0.3), 1.0).max_heat_share, 1.0);
    }

    #[test]
    fn a_trim_chiller_lifts_the_limit_by_its_capacity_at_that_hour() {
        let hour = DirectToChipDrySpec::default().hour(&air(41.0, 0.3), 1.0);
        let x: f64 = 6.0 / 2.778;
        let capacity = 0.944_836 - 0.057_008_8 * x + 0.001_854_86 * x * x;
        assert!((hour.max_heat_share - (0.5 + 0.3 * capacity)).abs() < 1e-12);
    }

    #[test]
    fn site_pue_lies_in_the_published_range_at_mean_and_hot_weather() {
        // Dry coolers without water, with electrical losses of about 6 %: median 1.093, quartiles 1.073-1.118,
        // whiskers 1.023-1.164 over the year; 1.15-1.30 in the hot hour.
        let plant = Plant::new(CoolingSpec::DirectToChipDry(DirectToChipDrySpec::default()));
        let mean = plant_pue(&plant, &air(18.0, 0.5)) + 0.06;
        let hot = plant_pue(&plant, &air(38.0, 0.25)) + 0.06;
        assert!((1.073..=1.118).contains(&mean), "{mean}");
        assert!((1.13..=1.30).contains(&hot), "{hot}");
        assert_eq!(plant.hour(&air(38.0, 0.25)).draw(1.0, 1.0).water_m3_per_h, 0.0);
    }

    #[test]
    fn all_liquid_needs_no_air_plant() {
        let spec = DirectToChipDrySpec {
            liquid_percent: 100.0,
            air_chiller_percent: 0.0,
            ..dry_only()
        };
        assert_eq!(spec.hour(&air(30.0, 0.3), 1.0).max_heat_share, 1.0);
    }

    #[test]
    fn water_too_warm_for_the_racks_is_warned() {
        let mut problems = Problems::new();
        DirectToChipDrySpec {
            facility_water_c: 45.0,
            ..dry_only()
        }
        .check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 1);
        assert!(!problems.has_errors());
    }
}
