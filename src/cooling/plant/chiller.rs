//! An air-cooled chiller by the `EnergyPlus` (DOE-2) curves, as an element of plants.
//!
//! Capacity and energy-input ratio follow one temperature, x = (outdoor - 35)/2.778 - (leaving water - 6.67).
//! A public model codes the second term as (6.67 - 35), which makes capacity *rise* with heat; it is not
//! followed. The curves are used between x where the capacity factor is `FACTOR_MAX` and its minimum.

/// Credit for cold air or warm water ends here: beyond it the power curve turns up again.
const FACTOR_MAX: f64 = 1.35;
/// Vertex of the capacity parabola: hotter than 77 °C outdoors at 6.67 °C water.
const X_MAX: f64 = 0.057_008_8 / (2.0 * 0.001_854_86);
/// Leaving water at which capacity and input are rated, °C.
pub(super) const RATED_WATER_C: f64 = 6.67;
/// Below this part load a chiller cycles, and its power is in proportion.
const PART_LOAD_FLOOR: f64 = 0.05;

/// A chiller in one hour, per unit of nominal capacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChillerHour {
    /// Capacity over nominal.
    pub(super) capacity: f64,
    /// Its inverse.
    per_capacity: f64,
    /// Power at full capacity over that capacity: the energy-input ratio over the reference COP.
    input_ratio: f64,
}

impl ChillerHour {
    /// No chiller.
    pub(super) const NONE: Self = Self {
        capacity: 0.0,
        per_capacity: 0.0,
        input_ratio: 0.0,
    };

    /// A chiller of a reference COP (at 35 °C air, 6.67 °C water) in outdoor air.
    pub(super) fn new(outdoor_c: f64, leaving_water_c: f64, cop: f64) -> Self {
        let x = ((outdoor_c - 35.0) / 2.778 - (leaving_water_c - RATED_WATER_C)).min(X_MAX);
        let capacity = (0.944_836 - 0.057_008_8 * x + 0.001_854_86 * x * x).min(FACTOR_MAX);
        let input = 2.333 - 1.975 * capacity + 0.6121 * capacity * capacity;
        Self {
            capacity,
            per_capacity: capacity.recip(),
            input_ratio: input / cop,
        }
    }

    /// Power for a heat, both per unit of nominal capacity; heat above capacity is drawn as capacity.
    #[inline]
    pub(super) fn power(&self, heat: f64) -> f64 {
        let part_load = (heat * self.per_capacity).min(1.0);
        let at = part_load.max(PART_LOAD_FLOOR);
        let shape = 0.033_03 + 0.6852 * at + 0.2818 * at * at;
        let power = self.input_ratio * self.capacity * shape;
        // Below the floor a chiller cycles. Asked for in every hour of every hall, so no division above it.
        if part_load < at {
            power * (part_load / at)
        } else {
            power
        }
    }
}

/// Power of chillers of a nominal capacity for a heat, both per unit of design heat.
pub(super) fn chiller_power(chiller: &ChillerHour, nominal: f64, heat: f64) -> f64 {
    if nominal <= 0.0 || heat <= 0.0 {
        0.0
    } else {
        chiller.power(heat / nominal) * nominal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_and_input_follow_the_corrected_curve() {
        // Computed by hand from the published coefficients: capacity / EIR at 20, 35 and 45 C, 6.67 C water.
        for (outdoor_c, capacity, eir) in [(20.0, 1.31, 0.80), (35.0, 0.94, 1.01), (45.0, 0.76, 1.18)] {
            let hour = ChillerHour::new(outdoor_c, 6.67, 1.0);
            assert!((hour.capacity - capacity).abs() < 0.006, "{outdoor_c}: {hour:?}");
            assert!((hour.input_ratio - eir).abs() < 0.006, "{outdoor_c}: {hour:?}");
        }
    }

    #[test]
    fn capacity_falls_and_input_rises_all_the_way_from_arctic_to_furnace() {
        let mut last = ChillerHour::new(-60.0, 6.67, 3.0);
        for tenth in -600..900 {
            let hour = ChillerHour::new(f64::from(tenth) / 10.0, 6.67, 3.0);
            assert!(hour.capacity <= last.capacity + 1e-12 && hour.input_ratio >= last.input_ratio - 1e-12);
            for heat in [0.01, 0.03, 0.05, 0.1, 0.2, 0.5] {
                assert!(hour.power(heat) >= last.power(heat) - 1e-12, "{tenth} {heat}");
            }
            last = hour;
        }
    }

    #[test]
    fn full_load_power_is_input_ratio_times_capacity() {
        let hour = ChillerHour::new(35.0, 6.67, 3.0);
        let shape = 0.033_03 + 0.6852 + 0.2818;
        assert!((hour.power(9.0) - hour.input_ratio * hour.capacity * shape).abs() < 1e-12);
        assert_eq!(hour.power(0.0), 0.0);
    }
}
