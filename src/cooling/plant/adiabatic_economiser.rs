//! Outdoor air through wetted pads into the hall, with chillers behind it: the air-side economiser.
//!
//! Outdoor air is mixed with return air to hold the supply while it is cold, wetted when it is hot, and shut out when
//! its enthalpy is above that of supply air at 80 % humidity: then air circulates and chillers take all of the heat.
//! Between, outdoor air as warm as `x` takes `(T_return - x) / rise` of the heat and the chillers the rest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chiller::ChillerHour;
use super::class::{AirClass, check_air};
use super::pads::padded_c;
use super::water::{check_cycles, evaporated_m3_per_mwh, make_up};
use super::{Draw, Duty, PlantHour, check_units, fan_power};
use crate::cooling::WeatherHour;
use crate::cooling::psychrometrics::{enthalpy_j_per_kg, humidity_ratio};
use crate::problem::{Check, FieldPath, Problems};
use crate::units::{Pressure, Ratio, Temperature};

/// Outdoor air, pads and chillers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdiabaticEconomiserSpec {
    /// Supply air, in degrees Celsius. Default 27 (sourced: highest recommended by ASHRAE).
    pub supply_air_c: f64,
    /// ASHRAE class of the machines, whose limits `supply_air_c` must keep. Default `a1`.
    pub class: AirClass,
    /// Rise of air through the machines, in kelvin. Default 15 (computed: the published vector, 14.8).
    pub air_rise_k: f64,
    /// What fans and mixing add to outdoor air, in kelvin. Default 2 (assumption).
    pub mixing_k: f64,
    /// How far pads bring air from dry bulb to wet bulb, in percent. Default 85 (assumption; sold with 80 to 90).
    pub pad_effectiveness_percent: f64,
    /// Power of the fans at full flow, in percent of design IT load. Default 4.8 (computed: 685 Pa at 83 % efficiency
    /// over 14.8 K, the published vector).
    pub fan_power_percent: f64,
    /// Lowest flow of the fans, in percent. Default 40 (assumption).
    pub flow_floor_percent: f64,
    /// Power of the pads' pumps when they are wet, in percent of heat. Default 0.3 (assumption).
    pub pad_pump_percent: f64,
    /// Cycles of concentration. Default 4 (assumption; sourced range 3 to 15).
    pub cycles_of_concentration: f64,
    /// Nominal capacity of the chillers (at 35 °C air and 6.67 °C water), in percent of design IT load. Default 90
    /// (computed: chilled water of 15 °C lifts it to 1.3 of nominal, which takes all of the heat and the fans' own).
    pub chiller_percent: f64,
    /// Chilled water, in degrees Celsius. Default 15 (assumption: for supply air of 27 °C).
    pub chilled_water_c: f64,
    /// Coefficient of performance at nominal conditions. Default 3 (sourced: the reference value of the curve).
    pub chiller_cop: f64,
    /// Air handlers that share the full flow, each with its chiller. Default 8 (assumption).
    pub units: u32,
}

impl Default for AdiabaticEconomiserSpec {
    fn default() -> Self {
        Self {
            supply_air_c: 27.0,
            class: AirClass::A1,
            air_rise_k: 15.0,
            mixing_k: 2.0,
            pad_effectiveness_percent: 85.0,
            fan_power_percent: 4.8,
            flow_floor_percent: 40.0,
            pad_pump_percent: 0.3,
            cycles_of_concentration: 4.0,
            chiller_percent: 90.0,
            chilled_water_c: 15.0,
            chiller_cop: 3.0,
            units: 8,
        }
    }
}

impl Check for AdiabaticEconomiserSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_air(&at.key("supply_air_c"), self.supply_air_c, self.class, problems);
        problems.within(&at.key("air_rise_k"), self.air_rise_k, 2.0, 40.0);
        problems.within(&at.key("mixing_k"), self.mixing_k, 0.0, 15.0);
        problems.within(
            &at.key("pad_effectiveness_percent"),
            self.pad_effectiveness_percent,
            0.0,
            100.0,
        );
        problems.within(&at.key("fan_power_percent"), self.fan_power_percent, 0.0, 50.0);
        problems.within(&at.key("flow_floor_percent"), self.flow_floor_percent, 0.0, 100.0);
        problems.within(&at.key("pad_pump_percent"), self.pad_pump_percent, 0.0, 10.0);
        check_cycles(
            &at.key("cycles_of_concentration"),
            self.cycles_of_concentration,
            problems,
        );
        problems.within(&at.key("chiller_percent"), self.chiller_percent, 0.0, 1_000.0);
        problems.within(&at.key("chilled_water_c"), self.chilled_water_c, 2.0, 30.0);
        if self.chilled_water_c >= self.supply_air_c {
            problems.error(
                &at.key("chilled_water_c"),
                format!(
                    "water of {} °C cannot hold supply air of {} °C",
                    self.chilled_water_c, self.supply_air_c
                ),
            );
        }
        problems.within(&at.key("chiller_cop"), self.chiller_cop, 1.0, 15.0);
        check_units(&at.key("units"), self.units, problems);
    }
}

/// Supply air may be so humid (ASHRAE's envelope as the published model takes it).
const HUMID: f64 = 0.8;

fn enthalpy(dry_bulb_c: f64, relative_humidity: f64, pressure_pa: f64) -> f64 {
    let t = Temperature::from_c(dry_bulb_c);
    let ratio = humidity_ratio(
        t,
        Ratio::from_fraction(relative_humidity),
        Pressure::from_pa(pressure_pa),
    );
    enthalpy_j_per_kg(t, ratio)
}

impl AdiabaticEconomiserSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        let pressure_pa = weather.pressure_pa;
        let too_humid = enthalpy(weather.dry_bulb_c, weather.relative_humidity, pressure_pa)
            > enthalpy(self.supply_air_c, HUMID, pressure_pa);
        let wet_from_c = self.supply_air_c - self.mixing_k;
        let padded = padded_c(weather, self.pad_effectiveness_percent / 100.0, wet_from_c);
        let free = if too_humid {
            0.0
        } else {
            let over_k = padded + self.mixing_k - self.supply_air_c;
            (1.0 - over_k / self.air_rise_k).clamp(0.0, 1.0)
        };
        let wet = free > 0.0 && weather.dry_bulb_c > wet_from_c;
        let evaporated = if wet {
            evaporated_m3_per_mwh(padded) * (weather.dry_bulb_c - padded) / self.air_rise_k
        } else {
            0.0
        };
        let chiller = ChillerHour::new(weather.dry_bulb_c, self.chilled_water_c, self.chiller_cop)
            .sized(self.chiller_percent / 100.0 * running);
        let by_chillers = if free < 1.0 {
            chiller.capacity / (1.0 - free)
        } else {
            1.0
        };
        PlantHour {
            max_heat_share: by_chillers.min(running).clamp(0.0, 1.0),
            supply_c: self.supply_air_c,
            duty: Duty::Economiser(EconomiserDuty {
                fan_full: self.fan_power_percent / 100.0,
                flow_floor: self.flow_floor_percent / 100.0,
                // Whether wet or shut, the pads' pumps stand ready from the wetting point on: a hotter hour is not cheaper.
                pumps: if weather.dry_bulb_c > wet_from_c {
                    self.pad_pump_percent / 100.0
                } else {
                    0.0
                },
                water_m3_per_mwh: make_up(evaporated, 0.0, self.cycles_of_concentration),
                chiller,
                chilled: 1.0 - free,
            }),
        }
    }
}

/// An hour of the plant, per unit of design IT load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct EconomiserDuty {
    fan_full: f64,
    flow_floor: f64,
    pumps: f64,
    water_m3_per_mwh: f64,
    chiller: ChillerHour,
    /// Share of heat that the chillers take.
    chilled: f64,
}

impl EconomiserDuty {
    #[inline]
    pub(super) fn draw(&self, share: f64) -> Draw {
        if share <= 0.0 {
            return Draw::default();
        }
        let fans = fan_power(self.fan_full, share, self.flow_floor);
        let chillers = self.chiller.power(share * self.chilled);
        Draw {
            power_mw: fans + self.pumps * share + chillers,
            water_m3_per_h: self.water_m3_per_mwh * share,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    fn no_chillers() -> AdiabaticEconomiserSpec {
        AdiabaticEconomiserSpec {
            chiller_percent: 0.0,
            ..AdiabaticEconomiserSpec::default()
        }
    }

    #[test]
    fn dry_heat_is_wetted_away_and_damp_heat_shuts_the_louvres() {
        // 38 °C at 15 %: wet bulb 18.9, pads reach 25 and more; free.
        assert_eq!(no_chillers().hour(&air(38.0, 0.15), 1.0).max_heat_share, 1.0);
        // 32 °C at 70 %: 86 kJ/kg, above the 72 kJ/kg of 27 °C at 80 %: nothing without chillers.
        assert_eq!(no_chillers().hour(&air(32.0, 0.7), 1.0).max_heat_share, 0.0);
        let damp = AdiabaticEconomiserSpec::default().hour(&air(32.0, 0.7), 1.0);
        assert_eq!(
            (damp.max_heat_share, damp.draw(1.0, 1.0).water_m3_per_h),
            (1.0, 0.0)
        );
    }

    #[test]
    fn chillers_trim_what_the_pads_leave_in_proportion_to_the_rise() {
        // 29 °C at 60 %: 68.6 kJ/kg, still below the limit; wet bulb about 23.1; pads give 29 - 0.85 * 5.9 = 24.0,
        // within the 25 that are wanted: with pads of 30 % it is 27.2 + 2, 2.2 K over of a rise of 15.
        let weather = air(29.0, 0.6);
        let spec = AdiabaticEconomiserSpec {
            pad_effectiveness_percent: 30.0,
            ..AdiabaticEconomiserSpec::default()
        };
        let padded = 29.0 - 0.3 * (29.0 - weather.wet_bulb_c);
        let chilled = (padded + 2.0 - 27.0) / 15.0;
        assert!(chilled > 0.1 && chilled < 0.2, "{chilled}");
        let hour = spec.hour(&weather, 1.0);
        let chiller = ChillerHour::new(29.0, 15.0, 3.0);
        let by_hand = 0.048 + 0.003 + chiller.power(chilled / 0.9) * 0.9;
        assert!((hour.draw(1.0, 1.0).power_mw - by_hand).abs() < 1e-12);
        let latent = 2_500.5 - 2.3097 * padded - 0.0013 * padded * padded;
        let water = 3_600.0 / latent * (29.0 - padded) / 15.0 * 4.0 / 3.0;
        assert!((hour.draw(1.0, 1.0).water_m3_per_h - water).abs() < 1e-12);
    }

    #[test]
    fn pue_lies_in_the_published_range_at_mean_and_hot_weather() {
        // Published: 1.07-1.10 at design, 1.10-1.20 in the hot hour, 1.092-1.297 over fleets, losses of about 4 %.
        let plant = Plant::new(CoolingSpec::AdiabaticEconomiser(
            AdiabaticEconomiserSpec::default(),
        ));
        let design = plant_pue(&plant, &air(15.0, 0.6)) + 0.04;
        let dry_heat = plant_pue(&plant, &air(38.0, 0.15)) + 0.04;
        assert!((1.07..=1.10).contains(&design), "{design}");
        assert!((1.07..=1.20).contains(&dry_heat), "{dry_heat}");
    }

    #[test]
    fn a_missing_air_handler_of_eight_takes_its_flow_with_it() {
        let share = AdiabaticEconomiserSpec::default()
            .hour(&air(15.0, 0.5), 0.875)
            .max_heat_share;
        assert!((share - 0.875).abs() < 1e-12);
    }
}
