//! How fast GPUs work when they get less power than they ask for.
//!
//! Clocks fall less than power does, so a capped GPU keeps more than its share of speed. Below a floor a GPU
//! cannot be capped further: part of a pool is then stopped, the rest runs at the floor, and speed falls in
//! proportion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};

/// Speed of a pool of GPUs over the power it is allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GpuThrottleSpec {
    /// Exponent of speed over power above the floor: speed = power^exponent, both as shares. Default 0.45
    /// (assumption: power rises with the square to cube of clock, and training waits on memory and network).
    pub exponent: f64,
    /// Lowest power that a GPU can be capped to, in percent of its working power. Default 50 (assumption).
    pub floor_percent: f64,
}

impl Default for GpuThrottleSpec {
    fn default() -> Self {
        Self {
            exponent: 0.45,
            floor_percent: 50.0,
        }
    }
}

impl Check for GpuThrottleSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("exponent"), self.exponent, 0.0, 1.0);
        problems.within(&at.key("floor_percent"), self.floor_percent, 1.0, 100.0);
    }
}

/// The checked curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GpuThrottle {
    exponent: f64,
    floor: f64,
    floor_speed: f64,
}

impl GpuThrottle {
    /// The curve of a spec that has been checked.
    pub fn new(spec: &GpuThrottleSpec) -> Self {
        let floor = spec.floor_percent / 100.0;
        Self {
            exponent: spec.exponent,
            floor,
            floor_speed: floor.powf(spec.exponent),
        }
    }
    /// Speed as a share of full, for a share of the power asked for.
    pub fn speed(&self, power_share: f64) -> f64 {
        let share = power_share.clamp(0.0, 1.0);
        if share >= self.floor {
            share.powf(self.exponent)
        } else {
            self.floor_speed * share / self.floor
        }
    }
    /// The least power, as a share of what is asked for, that gives a speed.
    pub fn power_share(&self, speed: f64) -> f64 {
        let speed = speed.clamp(0.0, 1.0);
        if speed < self.floor_speed {
            speed / self.floor_speed * self.floor
        } else if self.exponent > 0.0 {
            speed.powf(1.0 / self.exponent)
        } else {
            self.floor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_the_power_curve_above_the_floor_and_in_proportion_below() {
        let throttle = GpuThrottle::new(&GpuThrottleSpec::default());
        assert_eq!(throttle.speed(1.0), 1.0);
        assert_eq!(throttle.speed(7.0), 1.0);
        assert!((throttle.speed(0.8) - 0.8_f64.powf(0.45)).abs() < 1e-15);
        assert!((throttle.speed(0.25) - 0.5 * throttle.speed(0.5)).abs() < 1e-15);
        assert_eq!(throttle.speed(0.0), 0.0);
    }

    #[test]
    fn power_for_a_speed_reads_back() {
        let throttle = GpuThrottle::new(&GpuThrottleSpec::default());
        for percent in 0..=100 {
            let share = f64::from(percent) / 100.0;
            assert!((throttle.power_share(throttle.speed(share)) - share).abs() < 1e-12);
        }
    }
}
