//! Wetted pads before dry coolers: an element of the adiabatic plants.
//!
//! Pads bring air part of the way from dry bulb to wet bulb, never below the temperature from which they are wetted,
//! so that a hotter hour is never a better one. What they evaporate follows from the heat balance of the air:
//! `cp * cooled` a kilogram of air, over `h_fg`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::water::{check_cycles, evaporated_m3_per_mwh, make_up};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Wetted pads before dry coolers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PadsSpec {
    /// Air above which pads are wetted, just enough to hold it, in degrees Celsius. Default 24 (assumption: water is
    /// spent where it saves fan power).
    pub wet_from_c: f64,
    /// How far pads bring air from dry bulb to wet bulb, in percent. Default 85 (assumption; rigid media are sold with
    /// 80 to 90).
    pub effectiveness_percent: f64,
    /// Power of their pumps at full flow, in percent of the coolers' design heat. Default 0.1 (assumption).
    pub pump_power_percent: f64,
    /// Rise of the air through the coolers at full flow and design heat, in kelvin: what sets the flow that is
    /// wetted. Default 12 (assumption: about two thirds of the way from entering air to returning water).
    pub air_rise_k: f64,
    /// Cycles of concentration: evaporation over `cycles - 1` is bled. Default 4 (assumption; sourced range 3 to 15).
    pub cycles_of_concentration: f64,
}

impl Default for PadsSpec {
    fn default() -> Self {
        Self {
            wet_from_c: 24.0,
            effectiveness_percent: 85.0,
            pump_power_percent: 0.1,
            air_rise_k: 12.0,
            cycles_of_concentration: 4.0,
        }
    }
}

impl Check for PadsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("wet_from_c"), self.wet_from_c, 2.0, 60.0);
        problems.within(
            &at.key("effectiveness_percent"),
            self.effectiveness_percent,
            0.0,
            100.0,
        );
        problems.within(&at.key("pump_power_percent"), self.pump_power_percent, 0.0, 10.0);
        problems.within(&at.key("air_rise_k"), self.air_rise_k, 2.0, 40.0);
        check_cycles(
            &at.key("cycles_of_concentration"),
            self.cycles_of_concentration,
            problems,
        );
    }
}

/// What wetting takes at full flow, per unit of the coolers' design heat.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Wetting {
    pub(super) power: f64,
    pub(super) water_m3_per_h: f64,
}

impl Wetting {
    /// The same with only a share of the coolers running.
    pub(super) fn times(self, running: f64) -> Self {
        Self {
            power: self.power * running,
            water_m3_per_h: self.water_m3_per_h * running,
        }
    }
}

/// The air that coolers draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WettedAir {
    pub(super) air_c: f64,
    pub(super) wetting: Wetting,
}

impl WettedAir {
    /// Outdoor air as it is.
    pub(super) fn dry(weather: &WeatherHour) -> Self {
        Self {
            air_c: weather.dry_bulb_c,
            wetting: Wetting::default(),
        }
    }
}

/// Where pads bring air of an hour: towards its wet bulb, never below `wet_from_c`.
pub(super) fn padded_c(weather: &WeatherHour, effectiveness: f64, wet_from_c: f64) -> f64 {
    let dry_c = weather.dry_bulb_c;
    let depression_k = (dry_c - weather.wet_bulb_c).max(0.0) * effectiveness;
    if dry_c > wet_from_c {
        (dry_c - depression_k).max(wet_from_c)
    } else {
        dry_c
    }
}

impl PadsSpec {
    /// The air after the pads, and what wetting takes.
    pub(super) fn wet(&self, weather: &WeatherHour) -> WettedAir {
        let air_c = padded_c(weather, self.effectiveness_percent / 100.0, self.wet_from_c);
        let cooled_k = weather.dry_bulb_c - air_c;
        let evaporated = evaporated_m3_per_mwh(air_c) * cooled_k / self.air_rise_k;
        // Pumps come in with the first pads and are at full power five kelvin on.
        let pumps = ((weather.dry_bulb_c - self.wet_from_c) / 5.0).clamp(0.0, 1.0);
        WettedAir {
            air_c,
            wetting: Wetting {
                power: self.pump_power_percent / 100.0 * pumps,
                water_m3_per_h: make_up(evaporated, 0.0, self.cycles_of_concentration),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::air;
    use super::*;

    #[test]
    fn pads_are_dry_in_mild_weather_and_hold_their_set_point_in_dry_heat() {
        let pads = PadsSpec::default();
        let mild = pads.wet(&air(20.0, 0.5));
        assert_eq!((mild.air_c, mild.wetting), (20.0, Wetting::default()));
        // 36 C at 20 %: wet bulb 19.4 C; 36 - 0.85 * 16.6 = 21.9, held at 24: 12 K over a rise of 12 K evaporates a
        // whole megawatt-hour's water at full flow, and four cycles add a third.
        let hot = pads.wet(&air(36.0, 0.2));
        assert_eq!(hot.air_c, 24.0);
        let by_hand = 3_600.0 / (2_500.5 - 2.3097 * 24.0 - 0.0013 * 576.0) * 4.0 / 3.0;
        assert!((hot.wetting.water_m3_per_h - by_hand).abs() < 1e-9, "{hot:?}");
        // 36 C at 80 %: wet bulb 32.7 C, so 85 % of 3.3 K.
        let damp = air(36.0, 0.8);
        let expected = 36.0 - 0.85 * (36.0 - damp.wet_bulb_c);
        assert!((pads.wet(&damp).air_c - expected).abs() < 1e-12);
    }
}
