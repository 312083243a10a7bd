//! Direct-to-chip liquid cooling with wetted dry coolers: the plant of [`super::direct_to_chip_dry`] whose coolers
//! draw air that pads have brought towards its wet bulb.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pads::PadsSpec;
use super::{DirectToChipDrySpec, PlantHour};
use crate::cooling::WeatherHour;
use crate::problem::{Check, FieldPath, Problems};

/// Cold plates, coolant distribution units and adiabatic coolers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DirectToChipAdiabaticSpec {
    /// The liquid and the air side, as without pads.
    pub dry: DirectToChipDrySpec,
    /// The pads.
    pub pads: PadsSpec,
}

impl Check for DirectToChipAdiabaticSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.dry.check(&at.key("dry"), problems);
        self.pads.check(&at.key("pads"), problems);
    }
}

impl DirectToChipAdiabaticSpec {
    pub(super) fn hour(&self, weather: &WeatherHour, running: f64) -> PlantHour {
        self.dry.hour_with_pads(weather, running, &self.pads.wet(weather))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, plant_pue};
    use super::super::{CoolingSpec, Plant};
    use super::*;

    fn no_chillers() -> DirectToChipAdiabaticSpec {
        DirectToChipAdiabaticSpec {
            dry: DirectToChipDrySpec {
                liquid_percent: 100.0,
                trim_chiller_percent: 0.0,
                ..DirectToChipDrySpec::default()
            },
            ..DirectToChipAdiabaticSpec::default()
        }
    }

    #[test]
    fn pads_hold_full_load_where_dry_coolers_derate() {
        // 41 C at 20 %: pads hold 24.6 C or less, so 40 C water is no trouble; dry coolers alone carry (50 - 41) / 18.
        let hot = air(41.0, 0.2);
        assert_eq!(no_chillers().hour(&hot, 1.0).max_heat_share, 1.0);
        assert!((no_chillers().dry.hour(&hot, 1.0).max_heat_share - 0.5).abs() < 1e-12);
        // Damp heat: 36 C at 90 % leaves 36 - 0.85 * (36 - wet bulb), and the derate is in that temperature.
        let damp = air(36.0, 0.9);
        let entering = 36.0 - 0.85 * (36.0 - damp.wet_bulb_c);
        let share = no_chillers().hour(&damp, 1.0).max_heat_share;
        assert!((share - ((50.0 - entering) / 18.0).min(1.0)).abs() < 1e-12);
        // A unit of eight out of service takes an eighth.
        let seven = no_chillers().hour(&damp, 0.875).max_heat_share;
        assert!((seven - (50.0 - entering) / 18.0 * 0.875).abs() < 1e-12);
    }

    #[test]
    fn water_follows_the_flow_that_is_wetted() {
        // 36 C at 20 % is held at 24 C: drive 50 - 24 = 26 K over 18, flow 18/26 of full at full heat.
        let hour = no_chillers().hour(&air(36.0, 0.2), 1.0);
        let full = 3_600.0 / (2_500.5 - 2.3097 * 24.0 - 0.0013 * 576.0) * 4.0 / 3.0;
        let water = hour.draw(10.0, 10.0).water_m3_per_h;
        assert!((water - 10.0 * full * 18.0 / 26.0).abs() < 1e-9, "{water}");
        assert_eq!(
            no_chillers()
                .hour(&air(20.0, 0.5), 1.0)
                .draw(1.0, 1.0)
                .water_m3_per_h,
            0.0
        );
    }

    #[test]
    fn site_pue_lies_in_the_published_range_at_mean_and_hot_weather() {
        // Published: 1.05-1.10 at design, 1.12-1.18 in the hot hour, with electrical losses of about 6 %.
        let plant = Plant::new(CoolingSpec::DirectToChipAdiabatic(
            DirectToChipAdiabaticSpec::default(),
        ));
        let design = plant_pue(&plant, &air(15.0, 0.6)) + 0.06;
        let hot = plant_pue(&plant, &air(38.0, 0.25)) + 0.06;
        assert!((1.05..=1.12).contains(&design), "{design}");
        assert!((1.12..=1.18).contains(&hot), "{hot}");
    }
}
