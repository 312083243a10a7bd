//! A hall's chilled water: air handlers, an economiser's heat exchanger and water-cooled chillers on any sink.
//!
//! An element of plants, after Lei and Masanet (2020). Facility water leaves at `T_sa + dT_air (1 - 1/HTE)` and
//! returns a range warmer. A sink that gives water of `x` after the exchanger takes all of the heat while `x` is
//! below the supply, `(T_return - x) / range` of it in between, and none from the return on. Chillers take the rest:
//! `COP = 16.798751 + 0.008840 t^2 - 8.528931 l^2 + 9.885294 l - 0.760621 t + 0.084615 l t`, `l` the load of the
//! chillers and `t` the condenser's water; the sink meets their power too.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::class::{AirClass, WATER_MIN_C, check_air};
use super::{Draw, Duty, PlantHour, fan_power};
use crate::problem::{Check, FieldPath, Problems};

/// Air handlers, economiser and water-cooled chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChilledWaterSpec {
    /// Supply air, in degrees Celsius. Default 27 (sourced: highest recommended by ASHRAE).
    pub supply_air_c: f64,
    /// ASHRAE class of the machines, whose limits `supply_air_c` must keep. Default `a1`.
    pub class: AirClass,
    /// Rise of air through the machines, in kelvin. Default 16 (sourced: middle of 13.9 to 19.4, large halls).
    pub air_rise_k: f64,
    /// Effectiveness of the air handlers' coils, in percent: water leaves `air_rise (1/e - 1)` colder than supply
    /// air. Default 80 (computed: middle of the published vectors, 0.80 and 0.82).
    pub coil_effectiveness_percent: f64,
    /// Rise of facility water, in kelvin. Default 7.5 (computed: the published vectors, 6.9 to 9.5).
    pub water_range_k: f64,
    /// Facility water above the sink's water through the economiser's exchanger, in kelvin. Default 2.3 (sourced:
    /// 1.7 to 2.8).
    pub exchanger_approach_k: f64,
    /// Power of the air handlers at full flow, in percent of design IT load. Default 3 (computed: 417 Pa at 71 %
    /// efficiency over 16 K).
    pub fan_power_percent: f64,
    /// Lowest flow of the air handlers, in percent. Default 40 (assumption).
    pub flow_floor_percent: f64,
    /// Power of facility-water pumps, in percent of heat. Default 0.8 (computed: 172 kPa at 74 % efficiency over 7.5 K).
    pub pump_power_percent: f64,
    /// Capacity of the chillers, in percent of design IT load. Default 110 (assumption: all of the heat and the fans').
    pub chiller_percent: f64,
    /// Correction of the chillers' coefficient of performance, in percent. Default 0 (sourced range: -20 to 20 about).
    pub chiller_cop_correction_percent: f64,
}

impl Default for ChilledWaterSpec {
    fn default() -> Self {
        Self {
            supply_air_c: 27.0,
            class: AirClass::A1,
            air_rise_k: 16.0,
            coil_effectiveness_percent: 80.0,
            water_range_k: 7.5,
            exchanger_approach_k: 2.3,
            fan_power_percent: 3.0,
            flow_floor_percent: 40.0,
            pump_power_percent: 0.8,
            chiller_percent: 110.0,
            chiller_cop_correction_percent: 0.0,
        }
    }
}

impl Check for ChilledWaterSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_air(&at.key("supply_air_c"), self.supply_air_c, self.class, problems);
        problems.within(&at.key("air_rise_k"), self.air_rise_k, 2.0, 40.0);
        let coil = at.key("coil_effectiveness_percent");
        problems.within(&coil, self.coil_effectiveness_percent, 30.0, 100.0);
        if self.facility_water_c() < WATER_MIN_C {
            problems.error_with_help(
                &coil,
                format!(
                    "coils of this effectiveness need facility water of {:.1} °C, below {WATER_MIN_C}",
                    self.facility_water_c()
                ),
                "better coils, warmer supply air or a smaller `air_rise_k`",
            );
        }
        problems.within(&at.key("water_range_k"), self.water_range_k, 1.0, 30.0);
        problems.within(
            &at.key("exchanger_approach_k"),
            self.exchanger_approach_k,
            0.5,
            15.0,
        );
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 50.0);
        problems.within(&at.key("flow_floor_percent"), self.flow_floor_percent, 0.0, 100.0);
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 20.0);
        problems.within(&at.key("chiller_percent"), self.chiller_percent, 0.0, 1_000.0);
        problems.within(
            &at.key("chiller_cop_correction_percent"),
            self.chiller_cop_correction_percent,
            -50.0,
            50.0,
        );
    }
}

/// What takes the heat in an hour, per unit of design IT load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sink {
    /// Water that it gives, °C.
    pub(super) water_c: f64,
    /// The greatest heat that it takes, chillers' power included.
    pub(super) max_heat: f64,
    /// Power of its pumps per heat.
    pub(super) pump: f64,
    /// Power of its fans at full flow.
    pub(super) fan_full: f64,
    /// Share of full flow that a unit of heat needs.
    pub(super) flow_per_heat: f64,
    /// Water used up, m3/MWh of heat.
    pub(super) water_m3_per_mwh: f64,
}

/// The chiller's curve is fitted up to here, and turns not much further on, °C.
const CONDENSER_MAX_C: f64 = 38.0;
/// Colder condensers are no better: the fit ends, °C.
const CONDENSER_MIN_C: f64 = 10.0;
/// Lowest flow of a sink's fans.
const SINK_FLOW_FLOOR: f64 = 0.2;

impl ChilledWaterSpec {
    /// Water that the coils need to hold the supply air, °C.
    pub(super) fn facility_water_c(&self) -> f64 {
        self.supply_air_c + self.air_rise_k - self.air_rise_k / (self.coil_effectiveness_percent / 100.0)
    }

    /// Sink water that takes all of the heat, °C.
    pub(super) fn all_free_below_c(&self) -> f64 {
        self.facility_water_c() - self.exchanger_approach_k
    }

    pub(super) fn hour(&self, sink: Sink, running: f64) -> PlantHour {
        let free = ((self.all_free_below_c() + self.water_range_k - sink.water_c) / self.water_range_k)
            .clamp(0.0, 1.0);
        let t = sink.water_c.clamp(CONDENSER_MIN_C, CONDENSER_MAX_C);
        let correction = 1.0 + self.chiller_cop_correction_percent / 100.0;
        let duty = ChilledWaterDuty {
            fan_full: self.fan_power_percent / 100.0,
            flow_floor: self.flow_floor_percent / 100.0,
            pump: self.pump_power_percent / 100.0,
            chilled: 1.0 - free,
            nominal: self.chiller_percent / 100.0 * running,
            cop_at_rest: (16.798_751 + 0.008_840 * t * t - 0.760_621 * t) * correction,
            cop_by_load: (9.885_294 + 0.084_615 * t) * correction,
            cop_by_square: 8.528_931 * correction,
            sink,
        };
        let by_chillers = if duty.chilled > 0.0 {
            duty.nominal / duty.chilled
        } else {
            1.0
        };
        let by_sink = sink.max_heat / (1.0 + duty.chilled / duty.cop(1.0));
        PlantHour {
            max_heat_share: by_chillers.min(by_sink).clamp(0.0, 1.0),
            supply_c: self.supply_air_c,
            duty: Duty::ChilledWater(duty),
        }
    }
}

/// An hour of the plant, per unit of design IT load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChilledWaterDuty {
    fan_full: f64,
    flow_floor: f64,
    pump: f64,
    /// Share of heat that the chillers take.
    chilled: f64,
    nominal: f64,
    cop_at_rest: f64,
    cop_by_load: f64,
    cop_by_square: f64,
    sink: Sink,
}

impl ChilledWaterDuty {
    fn cop(&self, load: f64) -> f64 {
        self.cop_at_rest + self.cop_by_load * load - self.cop_by_square * load * load
    }

    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let chilled = share * self.chilled;
        let chillers = if chilled > 0.0 {
            chilled / self.cop((chilled / self.nominal).min(1.0))
        } else {
            0.0
        };
        let heat = share + chillers;
        let fans = fan_power(self.fan_full, share, self.flow_floor);
        let flow = heat * self.sink.flow_per_heat;
        let sink = self.sink.pump * heat + fan_power(self.sink.fan_full, flow, SINK_FLOW_FLOOR);
        Draw {
            power_mw: fans + self.pump * share + chillers + sink,
            water_m3_per_h: self.sink.water_m3_per_mwh * heat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(water_c: f64) -> Sink {
        Sink {
            water_c,
            max_heat: 10.0,
            pump: 0.0,
            fan_full: 0.0,
            flow_per_heat: 1.0,
            water_m3_per_mwh: 0.0,
        }
    }

    fn bare() -> ChilledWaterSpec {
        ChilledWaterSpec {
            fan_power_percent: 0.0,
            pump_power_percent: 0.0,
            chiller_percent: 100.0,
            ..ChilledWaterSpec::default()
        }
    }

    #[test]
    fn the_economiser_hands_over_to_the_chillers_along_the_waters_range() {
        // 27 + 16 - 16 / 0.8 = 23 °C of facility water, 20.7 before the exchanger, nothing from 28.2 on.
        assert!((bare().facility_water_c() - 23.0).abs() < 1e-12);
        assert_eq!(bare().hour(sink(20.7), 1.0).draw(1.0, 1.0).power_mw, 0.0);
        let half = bare().hour(sink(20.7 + 3.75), 1.0).draw(1.0, 1.0).power_mw;
        let t: f64 = 24.45;
        let cop = 16.798_751 + 0.008_840 * t * t - 8.528_931 * 0.25 + 9.885_294 * 0.5 - 0.760_621 * t
            + 0.084_615 * 0.5 * t;
        assert!((half - 0.5 / cop).abs() < 1e-12, "{half} {cop}");
        let all = bare().hour(sink(30.0), 1.0).draw(1.0, 1.0).power_mw;
        let cop =
            16.798_751 + 0.008_840 * 900.0 - 8.528_931 + 9.885_294 - 0.760_621 * 30.0 + 0.084_615 * 30.0;
        assert!((all - 1.0 / cop).abs() < 1e-12, "{all} {cop}");
    }

    #[test]
    fn missing_chillers_limit_heat_only_when_chillers_are_needed() {
        assert_eq!(bare().hour(sink(18.0), 0.5).max_heat_share, 1.0);
        assert!((bare().hour(sink(20.7 + 3.75), 0.25).max_heat_share - 0.5).abs() < 1e-12);
        assert!((bare().hour(sink(35.0), 0.75).max_heat_share - 0.75).abs() < 1e-12);
    }

    #[test]
    fn power_rises_with_heat_and_with_the_sink_all_over_the_curve() {
        let mut last = [0.0; 20];
        for tenth in 0..500 {
            let hour = bare().hour(sink(f64::from(tenth) / 10.0), 1.0);
            let mut before = 0.0;
            for (index, last) in last.iter_mut().enumerate() {
                let power = hour.draw((index + 1) as f64 / 20.0, 1.0).power_mw;
                assert!(
                    power >= before - 1e-12 && power >= *last - 1e-12,
                    "{tenth} {index}"
                );
                (before, *last) = (power, power);
            }
        }
    }
}
