//! A fan wall with wet pads: outdoor air, cooled towards its wet bulb when it is hotter than wanted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::water::latent_heat_kj_per_kg;
use super::{AirCooledSpec, PlantHour};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// A fan wall with wet pads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaporativeWallSpec {
    /// The fans and the machines' limits, as of a wall without pads.
    pub air: AirCooledSpec,
    /// Air above which pads are wetted, just enough to hold it, in degrees Celsius. Default 27 (assumption:
    /// 5 K under where machines throttle; water is saved in mild weather).
    pub pads_from_c: f64,
    /// How far wet pads bring air from dry bulb to wet bulb, in percent. Default 85 (assumption; rigid media of
    /// 200 to 300 mm are sold with 80 to 90).
    pub pad_effectiveness_percent: f64,
    /// Power of pumps at full wetting and full heat, in percent of design IT load. Default 0.3 (assumption).
    pub pump_power_percent: f64,
    /// Water bled against salts, in percent of what evaporates. Default 30 (assumption: about four cycles of
    /// concentration).
    pub bleed_percent: f64,
}

impl Default for EvaporativeWallSpec {
    fn default() -> Self {
        Self {
            air: AirCooledSpec::default(),
            pads_from_c: 27.0,
            pad_effectiveness_percent: 85.0,
            pump_power_percent: 0.3,
            bleed_percent: 30.0,
        }
    }
}

impl Check for EvaporativeWallSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.air.check(&at.key("air"), problems);
        problems.within(&at.key("pads_from_c"), self.pads_from_c, 5.0, 60.0);
        problems.within(
            &at.key("pad_effectiveness_percent"),
            self.pad_effectiveness_percent,
            0.0,
            100.0,
        );
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 10.0);
        problems.within(&at.key("bleed_percent"), self.bleed_percent, 0.0, 300.0);
    }
}

/// Degrees above the set point over which the pumps come to full power.
const PUMP_RANGE_K: f64 = 5.0;

impl EvaporativeWallSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let dry_c = weather.dry_bulb_c;
        let depression_k = (dry_c - weather.wet_bulb_c).max(0.0) * self.pad_effectiveness_percent / 100.0;
        // Wetted in steps: never colder than the set point, so that a warmer hour is never a better one.
        let padded_c = if dry_c > self.pads_from_c {
            (dry_c - depression_k).max(self.pads_from_c)
        } else {
            dry_c
        };
        let inlet_c = padded_c + self.air.recirculation_k;
        let pump_share = ((dry_c - self.pads_from_c) / PUMP_RANGE_K).clamp(0.0, 1.0);
        let pump = self.pump_power_percent / 100.0 * pump_share;
        let water = self.water_m3_per_mwh(dry_c - padded_c, inlet_c);
        self.air.hour_at_inlet(inlet_c, running, (pump, water))
    }

    /// Water per heat: the air that takes a unit of heat over its rise also gave up `cooled_k` to evaporation.
    fn water_m3_per_mwh(&self, cooled_k: f64, inlet_c: f64) -> f64 {
        let latent_kj_per_kg = latent_heat_kj_per_kg(inlet_c);
        let rise_k = (self.air.hot_aisle_c - inlet_c).max(1.0);
        let evaporated_kg_per_mwh = 3.6e6 * cooled_k / rise_k / latent_kj_per_kg;
        evaporated_kg_per_mwh * (1.0 + self.bleed_percent / 100.0) / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn pads_bring_dry_air_85_percent_of_the_way_to_its_wet_bulb() {
        let hour = EvaporativeWallSpec::default().hour(&air(42.0, 0.2), 1.0);
        // 42 C at 20 %: wet bulb 23.53 C by PsychroLib's equations; 42 - 0.85 * 18.47 = 26.3, held at 27.
        assert!((hour.supply_c - 29.0).abs() < 1e-9, "{hour:?}");
        let humid = EvaporativeWallSpec::default().hour(&air(40.0, 0.8), 1.0);
        let expected = 40.0 - 0.85 * (40.0 - 36.550) + 2.0;
        assert!((humid.supply_c - expected).abs() < 0.01, "{humid:?}");
    }

    #[test]
    fn pads_hold_full_power_where_a_dry_wall_derates() {
        let hot = air(40.0, 0.2);
        assert_eq!(EvaporativeWallSpec::default().hour(&hot, 1.0).max_heat_share, 1.0);
        assert!(AirCooledSpec::default().hour(&hot, 1.0).max_heat_share < 0.91);
    }

    #[test]
    fn water_is_what_the_heat_balance_of_the_air_says_and_none_in_mild_weather() {
        let spec = EvaporativeWallSpec {
            bleed_percent: 0.0,
            ..EvaporativeWallSpec::default()
        };
        // 37 C air held at 27, 29 at the machine: 10 K given up against a rise of 21 K.
        let hour = spec.hour(&air(37.0, 0.2), 1.0);
        let latent = 2_500.5 - 2.3097 * 29.0 - 0.0013 * 29.0 * 29.0;
        let by_hand = 3_600.0 * (10.0 / 21.0) / latent; // litres per kWh of heat
        assert!((hour.draw(1.0, 1.0).water_m3_per_h - by_hand).abs() < 1e-9);
        assert!(by_hand > 0.5 && by_hand < 0.8, "{by_hand} l/kWh at a peak hour");
        assert_eq!(spec.hour(&air(25.0, 0.2), 1.0).draw(1.0, 1.0).water_m3_per_h, 0.0);
    }

    #[test]
    fn pue_stays_within_the_trades_1_02_to_1_10() {
        let plant = Plant::new(CoolingSpec::EvaporativeWall(EvaporativeWallSpec::default()));
        for (dry_c, low, high) in [
            (0.0, 1.0, 1.02),
            (20.0, 1.01, 1.03),
            (35.0, 1.03, 1.06),
            (42.0, 1.03, 1.10),
        ] {
            let pue = plant_pue(&plant, &air(dry_c, 0.3));
            assert!((low..=high).contains(&pue), "{dry_c} C: {pue}");
        }
    }
}
