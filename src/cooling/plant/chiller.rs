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

/// Chillers in one hour, per unit of the design heat that they serve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChillerHour {
    /// The greatest heat.
    pub(super) capacity: f64,
    /// Its inverse: asked for in every hour of every hall.
    per_capacity: f64,
    /// Power at that heat, but for the factor of part load, which is one there.
    full_power: f64,
}

impl ChillerHour {
    /// No chiller.
    pub(super) const NONE: Self = Self {
        capacity: 0.0,
        per_capacity: 0.0,
        full_power: 0.0,
    };

    /// Chillers of a reference COP (at 35 °C air, 6.67 °C water) in outdoor air, whose nominal capacity is the design
    /// heat.
    pub(super) fn new(outdoor_c: f64, leaving_water_c: f64, cop: f64) -> Self {
        let x = ((outdoor_c - 35.0) / 2.778 - (leaving_water_c - RATED_WATER_C)).min(X_MAX);
        let capacity = (0.944_836 - 0.057_008_8 * x + 0.001_854_86 * x * x).min(FACTOR_MAX);
        // The energy-input ratio over that at nominal conditions.
        let input = 2.333 - 1.975 * capacity + 0.6121 * capacity * capacity;
        Self {
            capacity,
            per_capacity: capacity.recip(),
            full_power: input / cop * capacity,
        }
    }

    /// The same with another nominal capacity over the design heat.
    pub(super) fn sized(self, nominal: f64) -> Self {
        if nominal <= 0.0 {
            return Self::NONE;
        }
        let capacity = self.capacity * nominal;
        Self {
            capacity,
            per_capacity: capacity.recip(),
            full_power: self.full_power * nominal,
        }
    }

    /// Power for a heat; heat above capacity is drawn as capacity.
    #[inline]
    pub(super) fn power(&self, heat: f64) -> f64 {
        if heat <= 0.0 {
            return 0.0;
        }
        let part_load = heat * self.per_capacity;
        let at = part_load.clamp(PART_LOAD_FLOOR, 1.0);
        let power = self.full_power * (0.033_03 + at * (0.6852 + 0.2818 * at));
        // Below the floor a chiller cycles. Asked for in every hour of every hall, so no division above it.
        if part_load < at {
            power * (part_load / at)
        } else {
            power
        }
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
            let input_ratio = hour.full_power / hour.capacity;
            assert!((input_ratio - eir).abs() < 0.006, "{outdoor_c}: {hour:?}");
        }
    }

    #[test]
    fn capacity_falls_and_input_rises_all_the_way_from_arctic_to_furnace() {
        let mut last = ChillerHour::new(-60.0, 6.67, 3.0);
        for tenth in -600..900 {
            let hour = ChillerHour::new(f64::from(tenth) / 10.0, 6.67, 3.0);
            let input_ratio = |hour: &ChillerHour| hour.full_power / hour.capacity;
            assert!(hour.capacity <= last.capacity + 1e-12);
            assert!(input_ratio(&hour) >= input_ratio(&last) - 1e-12);
            for heat in [0.01, 0.03, 0.05, 0.1, 0.2, 0.5] {
                assert!(hour.power(heat) >= last.power(heat) - 1e-12, "{tenth} {heat}");
            }
            last = hour;
        }
    }

    #[test]
    fn full_load_power_is_input_ratio_times_capacity_whatever_the_size() {
        let hour = ChillerHour::new(35.0, 6.67, 3.0);
        // x = 0: capacity 0.944836; input 2.333 - 1.975 * 0.944836 + 0.6121 * 0.944836^2 = 1.013379, over a COP of 3.
        let by_hand = 0.944_836 * (2.333 - 1.975 * 0.944_836 + 0.6121 * 0.944_836 * 0.944_836) / 3.0;
        let shape = 0.033_03 + 0.6852 + 0.2818;
        assert!((hour.power(9.0) - by_hand * shape).abs() < 1e-12);
        assert_eq!(hour.power(0.0), 0.0);
        let twice = hour.sized(2.0);
        assert!((twice.power(0.8) - 2.0 * hour.power(0.4)).abs() < 1e-12);
        assert_eq!(hour.sized(0.0), ChillerHour::NONE);
        assert_eq!(hour.sized(0.0).power(0.5), 0.0);
    }
}
