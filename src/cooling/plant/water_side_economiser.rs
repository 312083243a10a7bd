//! Cooling towers with a water-side economiser and water-cooled chillers: the plant of large halls with water.
//!
//! A tower brings water to the wet bulb and an approach, which grows where towers are missing. Its heat evaporates
//! water; its fans slow down when it is colder than the economiser needs; its greatest heat is where the condensers'
//! water would pass its limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chilled_water::{ChilledWaterSpec, Sink};
use super::water::{check_cycles, evaporated_m3_per_mwh, make_up};
use super::{PlantHour, RUNNING_MIN, check_units};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Towers, economiser and chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WaterSideEconomiserSpec {
    /// Air handlers, exchanger and chillers.
    pub chilled_water: ChilledWaterSpec,
    /// Tower water above wet bulb at design heat, in kelvin. Default 4.5 (sourced: 2.8 to 6.7).
    pub tower_approach_k: f64,
    /// Fall of tower water, in kelvin. Default 4.2 (computed: the published vectors).
    pub tower_range_k: f64,
    /// Warmest water that the chillers' condensers accept, in degrees Celsius. Default 35 (assumption: water-cooled
    /// chillers trip on high pressure not far above).
    pub condenser_max_c: f64,
    /// Power of tower fans at full flow, in percent of design heat. Default 0.9 (computed: 148 Pa at 75 % efficiency,
    /// 1.12 kg of water to a kg of air, over 4.2 K).
    pub tower_fan_percent: f64,
    /// Power of tower pumps, in percent of heat. Default 1.7 (computed: 211 kPa at 71 % efficiency over 4.2 K).
    pub tower_pump_percent: f64,
    /// Share of the towers' heat that leaves by evaporation, in percent. Default 100 (assumption on the safe side: in
    /// winter up to a third leaves as sensible heat).
    pub evaporative_percent: f64,
    /// Cycles of concentration. Default 4 (assumption; sourced range 3 to 15).
    pub cycles_of_concentration: f64,
    /// Droplets that drift away, in percent of the towers' flow. Default 0.005 (sourced: 0.005 to 0.5).
    pub drift_percent: f64,
    /// Towers that share the design heat, each with its chiller. Default 4 (assumption).
    pub units: u32,
}

impl Default for WaterSideEconomiserSpec {
    fn default() -> Self {
        Self {
            chilled_water: ChilledWaterSpec::default(),
            tower_approach_k: 4.5,
            tower_range_k: 4.2,
            condenser_max_c: 35.0,
            tower_fan_percent: 0.9,
            tower_pump_percent: 1.7,
            evaporative_percent: 100.0,
            cycles_of_concentration: 4.0,
            drift_percent: 0.005,
            units: 4,
        }
    }
}

impl Check for WaterSideEconomiserSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.chilled_water.check(&at.key("chilled_water"), problems);
        problems.within(&at.key("tower_approach_k"), self.tower_approach_k, 1.0, 20.0);
        problems.within(&at.key("tower_range_k"), self.tower_range_k, 1.0, 20.0);
        problems.within(&at.key("condenser_max_c"), self.condenser_max_c, 15.0, 50.0);
        problems.within(&at.key("tower_fan_percent"), self.tower_fan_percent, 0.0, 20.0);
        problems.within(&at.key("tower_pump_percent"), self.tower_pump_percent, 0.0, 20.0);
        problems.within(
            &at.key("evaporative_percent"),
            self.evaporative_percent,
            0.0,
            100.0,
        );
        check_cycles(
            &at.key("cycles_of_concentration"),
            self.cycles_of_concentration,
            problems,
        );
        problems.within(&at.key("drift_percent"), self.drift_percent, 0.0, 2.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

/// Coldest water that a tower's basin is let to, °C.
const BASIN_MIN_C: f64 = 6.0;
/// Heat that a cubic metre of water carries per kelvin, in MWh: 4.2 MJ/(t K).
const WATER_MWH_PER_M3_K: f64 = 4.2 / 3_600.0;

impl WaterSideEconomiserSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        // In frost fans are slowed to keep the basin from freezing.
        let wet_bulb_c = weather.wet_bulb_c.max(BASIN_MIN_C - self.tower_approach_k);
        let approach_k = self.tower_approach_k / running.max(RUNNING_MIN);
        // Where the water could be colder than the economiser needs, fans give so much less flow.
        let room_k = self.chilled_water.all_free_below_c() - wet_bulb_c;
        let sink = Sink {
            water_c: wet_bulb_c + approach_k,
            max_heat: ((self.condenser_max_c - wet_bulb_c) / approach_k).max(0.0),
            pump: self.tower_pump_percent / 100.0,
            fan_full: self.tower_fan_percent / 100.0 * running,
            flow_per_heat: 1.0 / (room_k / approach_k).max(1.0) / running.max(RUNNING_MIN),
            water_m3_per_mwh: self.water_m3_per_mwh(wet_bulb_c + approach_k),
        };
        self.chilled_water.hour(sink, running)
    }

    /// Make-up water for a megawatt-hour of heat into the towers.
    fn water_m3_per_mwh(&self, tower_water_c: f64) -> f64 {
        let evaporated =
            evaporated_m3_per_mwh(tower_water_c.clamp(0.0, 60.0)) * self.evaporative_percent / 100.0;
        let circulated = 1.0 / (WATER_MWH_PER_M3_K * self.tower_range_k);
        let drift = circulated * self.drift_percent / 100.0;
        make_up(evaporated, drift, self.cycles_of_concentration)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn towers_evaporate_what_the_heat_balance_says_and_bleed_a_third() {
        // 15 °C at 60 %: all free; tower water at wet bulb + 4.5.
        let weather = air(15.0, 0.6);
        let water_c = weather.wet_bulb_c + 4.5;
        let hour = WaterSideEconomiserSpec::default().hour(&weather, 1.0);
        let by_hand = 3_600.0 / (2_500.5 - 2.3097 * water_c - 0.0013 * water_c * water_c) * 4.0 / 3.0;
        let water = hour.draw(10.0, 10.0).water_m3_per_h;
        assert!((water - 10.0 * by_hand).abs() < 1e-9, "{water}");
        // Published for water-side economisers of large halls: 1.885 to 2.556 l/kWh.
        assert!((1.885..2.556).contains(&by_hand), "{by_hand}");
    }

    #[test]
    fn the_condensers_limit_heat_when_towers_are_missing_in_damp_heat() {
        // Wet bulb 30 °C: (35 - 30) / 4.5 of heat with all towers; with half of them the approach is 9 K.
        let weather = WeatherHour {
            wet_bulb_c: 30.0,
            ..air(33.0, 0.8)
        };
        let spec = WaterSideEconomiserSpec {
            chilled_water: ChilledWaterSpec {
                chiller_percent: 300.0,
                ..ChilledWaterSpec::default()
            },
            ..WaterSideEconomiserSpec::default()
        };
        let share = spec.hour(&weather, 0.5).max_heat_share;
        let t = 38.0; // 30 + 9, held at the end of the curve
        let cop: f64 = 16.798_751 + 0.008_840 * t * t - 8.528_931 + 9.885_294 - 0.760_621 * t + 0.084_615 * t;
        assert!((share - 5.0 / 9.0 / (1.0 + 1.0 / cop)).abs() < 1e-9, "{share}");
    }

    #[test]
    fn pue_at_design_and_in_the_hot_hour_lies_in_the_published_ranges() {
        // Published: 1.09-1.15 at design, 1.25-1.37 in the hot hour, both with electrical losses of about 6 %.
        let plant = Plant::new(CoolingSpec::WaterSideEconomiser(
            WaterSideEconomiserSpec::default(),
        ));
        let design = plant_pue(&plant, &air(15.0, 0.6)) + 0.06;
        let hot = plant_pue(&plant, &air(35.0, 0.6)) + 0.06;
        assert!((1.09..=1.15).contains(&design), "{design}");
        assert!((1.25..=1.37).contains(&hot), "{hot}");
    }

    #[test]
    fn a_negative_approach_and_cold_coils_are_refused() {
        let spec = WaterSideEconomiserSpec {
            tower_approach_k: -2.0,
            cycles_of_concentration: 1.0,
            chilled_water: ChilledWaterSpec {
                coil_effectiveness_percent: 35.0,
                ..ChilledWaterSpec::default()
            },
            ..WaterSideEconomiserSpec::default()
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        let paths: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "chilled_water.coil_effectiveness_percent",
                "tower_approach_k",
                "cycles_of_concentration"
            ]
        );
    }
}
