//! What cooling evaporates, and what is bled and carried off with it.
//!
//! Evaporation takes `Q / h_fg(T)`, `h_fg = 2500.5 - 2.3097 T - 0.0013 T^2` kJ/kg (Lei and Masanet 2022). Salts stay
//! behind: with `n` cycles of concentration, evaporation over `n - 1` must leave as water, as drift or bled.

use crate::problem::{FieldPath, Problems};

/// Kilojoules of a megawatt-hour.
const KJ_PER_MWH: f64 = 3.6e6;

/// Heat that evaporates a kilogram of water of a temperature, in kJ.
pub(super) fn latent_heat_kj_per_kg(water_c: f64) -> f64 {
    2_500.5 - 2.309_7 * water_c - 0.0013 * water_c * water_c
}

/// Water evaporated by a megawatt-hour of heat, in cubic metres.
pub(super) fn evaporated_m3_per_mwh(water_c: f64) -> f64 {
    KJ_PER_MWH / latent_heat_kj_per_kg(water_c) / 1e3
}

/// Water taken in for what evaporates and drifts away: what must leave to keep `cycles` of concentration, drift
/// included.
pub(super) fn make_up(evaporated: f64, drift: f64, cycles: f64) -> f64 {
    evaporated + (evaporated / (cycles - 1.0)).max(drift)
}

/// Checks cycles of concentration: S76 gives 3 to 15; at 1 nothing could evaporate.
pub(super) fn check_cycles(at: &FieldPath, cycles: f64, problems: &mut Problems) {
    problems.within(at, cycles, 1.2, 30.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilowatt_hour_evaporates_a_litre_and_a_half_and_four_cycles_add_a_third() {
        // 2500.5 - 2.3097 * 25 - 0.0013 * 625 = 2441.9 kJ/kg; 3600 / 2441.9 = 1.4742 l/kWh.
        assert!((evaporated_m3_per_mwh(25.0) - 1.474_2).abs() < 1e-4);
        assert!((make_up(1.5, 0.0, 4.0) - 2.0).abs() < 1e-12);
        // Drift is part of what must leave, until it is more than that.
        assert!((make_up(1.5, 0.3, 4.0) - 2.0).abs() < 1e-12);
        assert!((make_up(1.5, 0.8, 4.0) - 2.3).abs() < 1e-12);
    }
}
