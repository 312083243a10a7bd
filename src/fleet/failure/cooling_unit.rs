//! Cooling units within the hall: coolant distribution units, or air handlers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain::{Crew, Frame, Kind, Plan, Serves};
use super::spec::{RepairHoursSpec, check_count, check_rate, check_shape, yes};
use crate::problem::{Check, FieldPath, Problems};

/// How cooling units fail. They feed one loop: with one more than needed, the loss of one derates nothing, the loss of
/// two takes a unit's share of the design heat, and the GPUs slow down to what is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoolingUnitSpec {
    /// Whether cooling units fail. Default true.
    pub enabled: bool,
    /// Heat of the design that one unit carries, MW: so many units as the design needs stand in the hall. Default 1
    /// (assumption).
    pub unit_mw: f64,
    /// Units beyond those needed. Default: by the `redundancy` of the hall: none, one, or as many again.
    pub spare: Option<u32>,
    /// Failures of one unit per year. Default 0.11 (air handler; default of a public availability model, not
    /// field data).
    pub per_year: f64,
    /// Shape of a Weibull time to failure, its mean kept. Default: exponential.
    pub weibull_shape: Option<f64>,
    /// Hours from the technician's start: default median 8, nine in ten within 24 (the same
    /// model).
    pub repair_hours: RepairHoursSpec,
}

impl Default for CoolingUnitSpec {
    fn default() -> Self {
        Self {
            enabled: yes(),
            unit_mw: 1.0,
            spare: None,
            per_year: 0.11,
            weibull_shape: None,
            repair_hours: RepairHoursSpec { p50: 8.0, p90: 24.0 },
        }
    }
}

impl Check for CoolingUnitSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("unit_mw"), self.unit_mw, 0.01, 1_000.0);
        check_count(self.spare, 0, &at.key("spare"), problems);
        check_rate(self.per_year, at, problems);
        check_shape(self.weibull_shape, at, problems);
        self.repair_hours.check(&at.key("repair_hours"), problems);
    }
}

impl CoolingUnitSpec {
    pub(super) fn plan(&self, frame: &Frame) -> Option<Plan> {
        // A hall of exactly so many units must not need one more by rounding.
        let needed = (frame.design_mw / self.unit_mw - 1e-9).ceil().clamp(1.0, 1e5) as u32;
        self.enabled.then(|| Plan {
            kind: Kind::CoolingUnit,
            needed,
            spare: self.spare.unwrap_or_else(|| frame.reserve.spare(needed)),
            serves: Serves::Cooling,
            per_year: self.per_year,
            weibull_shape: self.weibull_shape,
            repair_hours: self.repair_hours,
            parts: None,
            crew: Crew::Plant,
            young: false,
        })
    }
}
