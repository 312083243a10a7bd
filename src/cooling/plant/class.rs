//! ASHRAE's classes of equipment, air and water, with the temperatures that they allow.
//!
//! Sourced: ASHRAE TC 9.9, fifth edition (2021); H1 is an assumption (not found in a readable source).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{FieldPath, Problems};

/// A class of air-cooled equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AirClass {
    /// Recommended 18 to 27 °C, allowed 15 to 32 (the default).
    #[default]
    A1,
    /// Recommended 18 to 27 °C, allowed 10 to 35.
    A2,
    /// Recommended 18 to 27 °C, allowed 5 to 40.
    A3,
    /// Recommended 18 to 27 °C, allowed 5 to 45.
    A4,
    /// High density: recommended 18 to 22 °C, allowed 5 to 25 (assumption).
    H1,
}

impl AirClass {
    /// Lowest and highest supply air recommended, °C.
    pub const fn recommended_c(self) -> (f64, f64) {
        match self {
            Self::H1 => (18.0, 22.0),
            _ => (18.0, 27.0),
        }
    }
    /// Lowest and highest supply air allowed, °C.
    pub const fn allowed_c(self) -> (f64, f64) {
        match self {
            Self::A1 => (15.0, 32.0),
            Self::A2 => (10.0, 35.0),
            Self::A3 => (5.0, 40.0),
            Self::A4 => (5.0, 45.0),
            Self::H1 => (5.0, 25.0),
        }
    }
}

/// A class of liquid-cooled equipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaterClass {
    /// Facility water of 2 to 17 °C.
    W17,
    /// Facility water of 2 to 27 °C.
    W27,
    /// Facility water of 2 to 32 °C.
    W32,
    /// Facility water of 2 to 40 °C.
    W40,
    /// Facility water of 2 to 45 °C.
    W45,
    /// Facility water above 45 °C.
    #[serde(rename = "w+")]
    WPlus,
}

/// Coldest facility water of every class, °C.
pub const WATER_MIN_C: f64 = 2.0;
/// Warmest facility water that is accepted at all, °C.
const WATER_MAX_C: f64 = 60.0;

impl WaterClass {
    /// Warmest facility water, °C; `W+` has no limit of its own.
    pub const fn max_c(self) -> f64 {
        match self {
            Self::W17 => 17.0,
            Self::W27 => 27.0,
            Self::W32 => 32.0,
            Self::W40 => 40.0,
            Self::W45 => 45.0,
            Self::WPlus => WATER_MAX_C,
        }
    }
}

/// Refuses supply air that a class does not allow, and warns of what it does not recommend.
pub(super) fn check_air(at: &FieldPath, supply_c: f64, class: AirClass, problems: &mut Problems) {
    let (low, high) = class.allowed_c();
    problems.within(at, supply_c, low, high);
    let (low, high) = class.recommended_c();
    if supply_c.is_finite() && (supply_c < low || supply_c > high) {
        problems.warn(
            at,
            format!("{supply_c} °C is outside the {low} to {high} °C that class {class:?} recommends"),
        );
    }
}

/// Refuses facility water that cannot be or that its class does not allow.
pub(super) fn check_water(at: &FieldPath, water_c: f64, class: Option<WaterClass>, problems: &mut Problems) {
    problems.within(at, water_c, WATER_MIN_C, WATER_MAX_C);
    if let Some(class) = class
        && water_c > class.max_c()
    {
        problems.error_with_help(
            at,
            format!(
                "{water_c} °C is above the {} °C of class {class:?}",
                class.max_c()
            ),
            "colder water, or a warmer class",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_points_outside_their_class_are_refused_and_unusual_ones_warned() {
        let of = |check: &dyn Fn(&FieldPath, &mut Problems)| {
            let mut problems = Problems::new();
            check(&FieldPath::root().key("x"), &mut problems);
            (problems.as_slice().len(), problems.has_errors())
        };
        assert_eq!(of(&|at, p| check_air(at, 24.0, AirClass::A1, p)), (0, false));
        assert_eq!(of(&|at, p| check_air(at, 30.0, AirClass::A1, p)), (1, false));
        assert!(of(&|at, p| check_air(at, 33.0, AirClass::A1, p)).1);
        assert!(of(&|at, p| check_air(at, f64::NAN, AirClass::A1, p)).1);
        assert_eq!(
            of(&|at, p| check_water(at, 32.0, Some(WaterClass::W32), p)),
            (0, false)
        );
        assert!(of(&|at, p| check_water(at, 33.0, Some(WaterClass::W32), p)).1);
        assert!(of(&|at, p| check_water(at, 104.0, None, p)).1);
    }
}
