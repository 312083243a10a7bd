//! A fan wall: outdoor air straight through the machines, without water.
//!
//! Fans hold the hot aisle at a set temperature, so the flow that a heat needs rises as the gap between inlet
//! and hot aisle closes; power follows the cube of flow. Above the design inlet the fans are at their end and
//! the machines throttle, then stop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draw, Duty, PlantHour, RUNNING_MIN, check_units, fan_power};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// A fan wall without water.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AirCooledSpec {
    /// Power of the hall's fans at full flow, in percent of design IT load. Default 5 (computed: the mode of
    /// the mining fan walls' PUE 1.02-1.10, an assumption of the trade, is 1.05).
    pub fan_power_percent: f64,
    /// Lowest flow, in percent of full flow. Default 30 (assumption: enough to keep pressure in the hall).
    pub flow_floor_percent: f64,
    /// Temperature at which the fans hold the hot aisle, in degrees Celsius. Default 50 (assumption: 18 K
    /// above the design inlet).
    pub hot_aisle_c: f64,
    /// Inlet above which the machines throttle, in degrees Celsius; the fans reach full flow here. Default 32
    /// (assumption of the trade; ASHRAE A1 allows air up to 32).
    pub inlet_derate_from_c: f64,
    /// Heat lost per kelvin above that, in percent of design. Default 1 (assumption of the trade; a test of an
    /// S21 found 10 % between 40 and 47 °C).
    pub derate_percent_per_k: f64,
    /// Inlet at which the machines stop, in degrees Celsius. Default 45 (sourced: data sheets of air-cooled
    /// miners, 2023).
    pub inlet_stop_c: f64,
    /// What recirculation in the hall adds to outdoor air, in kelvin. Default 2 (assumption: outdoor + 2..5).
    pub recirculation_k: f64,
    /// Fans that share the full flow. Default 20 (assumption).
    pub units: u32,
}

impl Default for AirCooledSpec {
    fn default() -> Self {
        Self {
            fan_power_percent: 5.0,
            flow_floor_percent: 30.0,
            hot_aisle_c: 50.0,
            inlet_derate_from_c: 32.0,
            derate_percent_per_k: 1.0,
            inlet_stop_c: 45.0,
            recirculation_k: 2.0,
            units: 20,
        }
    }
}

impl Check for AirCooledSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 50.0);
        problems.within(&at.key("flow_floor_percent"), self.flow_floor_percent, 0.0, 100.0);
        problems.within(
            &at.key("inlet_derate_from_c"),
            self.inlet_derate_from_c,
            10.0,
            60.0,
        );
        problems.within(
            &at.key("derate_percent_per_k"),
            self.derate_percent_per_k,
            0.0,
            100.0,
        );
        problems.within(&at.key("recirculation_k"), self.recirculation_k, 0.0, 20.0);
        problems.within(&at.key("hot_aisle_c"), self.hot_aisle_c, 20.0, 90.0);
        check_units(&at.key("units"), self.units, problems);
        if self.hot_aisle_c < self.inlet_derate_from_c + 5.0 {
            problems.error(
                &at.key("hot_aisle_c"),
                "`hot_aisle_c` must be at least 5 K above `inlet_derate_from_c`",
            );
        }
        problems.within(&at.key("inlet_stop_c"), self.inlet_stop_c, 10.0, 70.0);
        if self.inlet_stop_c < self.inlet_derate_from_c {
            problems.error(
                &at.key("inlet_stop_c"),
                "`inlet_stop_c` must not be below `inlet_derate_from_c`",
            );
        }
    }
}

impl AirCooledSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        self.hour_at_inlet(weather.dry_bulb_c + self.recirculation_k, running, (0.0, 0.0))
    }

    /// The hour for an inlet temperature; `pads` is what wetting adds: power per design IT load and m3/MWh of heat.
    /// Where fans are missing, those left take the heat as long as they find the flow for it.
    pub(super) fn hour_at_inlet(
        &self,
        inlet_c: f64,
        running: f64,
        (pad_power, water_m3_per_mwh): (f64, f64),
    ) -> PlantHour {
        let throttled = (inlet_c - self.inlet_derate_from_c).max(0.0) * self.derate_percent_per_k / 100.0;
        let flow_per_heat = self.flow_per_heat(inlet_c);
        let max_heat_share = if inlet_c >= self.inlet_stop_c {
            0.0
        } else {
            (1.0 - throttled).max(0.0) * (running / flow_per_heat.min(1.0)).min(1.0)
        };
        PlantHour {
            max_heat_share,
            supply_c: inlet_c,
            duty: Duty::Air(AirDuty {
                flow_per_heat: flow_per_heat / running.max(RUNNING_MIN),
                flow_floor: self.flow_floor_percent / 100.0,
                fan_full: self.fan_power_percent / 100.0 * running,
                pad_power,
                water_m3_per_mwh,
            }),
        }
    }

    /// Share of full flow that full heat needs: volume rises as the air's rise shrinks and as it thins.
    fn flow_per_heat(&self, inlet_c: f64) -> f64 {
        let design_k = self.hot_aisle_c - self.inlet_derate_from_c;
        let rise_k = (self.hot_aisle_c - inlet_c).max(0.1);
        let thinning = (inlet_c + 273.15) / (self.inlet_derate_from_c + 273.15);
        design_k / rise_k * thinning
    }
}

/// An hour of a fan wall, per unit of design IT load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AirDuty {
    flow_per_heat: f64,
    flow_floor: f64,
    fan_full: f64,
    pad_power: f64,
    water_m3_per_mwh: f64,
}

impl AirDuty {
    pub(super) fn draw(&self, share: f64) -> Draw {
        // An empty hall stands still: no heat, no fans.
        if share <= 0.0 {
            return Draw::default();
        }
        let fans = fan_power(self.fan_full, share * self.flow_per_heat, self.flow_floor);
        Draw {
            power_mw: fans + self.pad_power * share,
            water_m3_per_h: self.water_m3_per_mwh * share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    #[test]
    fn machines_throttle_by_one_percent_a_kelvin_above_32_and_stop_at_45() {
        let spec = AirCooledSpec {
            recirculation_k: 0.0,
            ..AirCooledSpec::default()
        };
        assert_eq!(spec.hour(&air(32.0, 0.3), 1.0).max_heat_share, 1.0);
        assert!((spec.hour(&air(40.0, 0.3), 1.0).max_heat_share - 0.92).abs() < 1e-12);
        assert!((spec.hour(&air(44.9, 0.3), 1.0).max_heat_share - 0.871).abs() < 1e-12);
        assert_eq!(spec.hour(&air(45.0, 0.3), 1.0).max_heat_share, 0.0);
    }

    #[test]
    fn fans_follow_the_cube_of_flow_down_to_their_floor() {
        let spec = AirCooledSpec {
            recirculation_k: 0.0,
            ..AirCooledSpec::default()
        };
        let hour = spec.hour(&air(32.0, 0.3), 1.0);
        assert!((hour.draw(1.0, 1.0).power_mw - 0.05).abs() < 1e-15);
        assert!((hour.draw(0.5, 1.0).power_mw - 0.05 / 8.0).abs() < 1e-15);
        assert!((hour.draw(0.1, 1.0).power_mw - 0.05 * 0.027).abs() < 1e-15);
        assert_eq!(hour.draw(0.0, 1.0).power_mw, 0.0);
    }

    #[test]
    fn cold_air_makes_up_for_missing_fans_and_hot_air_does_not() {
        let spec = AirCooledSpec {
            recirculation_k: 0.0,
            ..AirCooledSpec::default()
        };
        // At 5 C the rise is 45 K instead of 18: 18/45 * 278.15/305.15 = 0.365 of the flow carries all of the heat.
        assert_eq!(spec.hour(&air(5.0, 0.3), 0.5).max_heat_share, 1.0);
        let needed: f64 = 18.0 / 45.0 * 278.15 / 305.15;
        let third = spec.hour(&air(5.0, 0.3), 0.3).max_heat_share;
        assert!((third - 0.3 / needed).abs() < 1e-12, "{third}");
        assert!((spec.hour(&air(40.0, 0.3), 0.95).max_heat_share - 0.92 * 0.95).abs() < 1e-12);
        // Nineteen fans move twenty fans' air: each at 20/19 of the speed, (20/19)^3 of the power.
        let power = spec.hour(&air(5.0, 0.3), 0.95).draw(1.0, 1.0).power_mw;
        assert!((power - 0.05 * 0.95 * (needed / 0.95).powi(3)).abs() < 1e-12);
    }

    #[test]
    fn the_fan_wall_of_a_mine_stays_within_the_trades_pue_of_1_02_to_1_10() {
        let plant = Plant::new(CoolingSpec::AirCooled(AirCooledSpec::default()));
        for (dry_c, low, high) in [
            (0.0, 1.0, 1.02),
            (20.0, 1.01, 1.03),
            (35.0, 1.04, 1.06),
            (42.0, 1.04, 1.10),
        ] {
            let pue = plant_pue(&plant, &air(dry_c, 0.3));
            assert!((low..=high).contains(&pue), "{dry_c} C: {pue}");
        }
    }
}
