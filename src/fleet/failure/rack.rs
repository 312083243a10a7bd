//! Racks: the tap-off and distribution unit that feeds the systems of one rack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain::{Crew, Frame, Kind, Plan, Serves};
use super::spec::{RepairHoursSpec, check_count, check_rate, yes};
use crate::problem::{Check, FieldPath, Problems};

/// Systems of eight GPUs to a rack: four servers of 10.2 kW in 41 kW.
const SERVERS_PER_RACK: u32 = 4;

/// How the feed of a rack fails: all its systems lose power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RackSpec {
    /// Whether racks fail. Default true.
    pub enabled: bool,
    /// Systems in one rack. Default 4 servers of eight GPUs (41 kW), or the one system that is a rack.
    pub systems: Option<u32>,
    /// Failures of one rack's feed per year. Default 0.01: its breaker (low voltage, IEEE 493-2007; 0.003 to 0.1
    /// by copies of it, the middle assumed).
    pub per_year: f64,
    /// Hours from the technician's start: default median 4.5, nine in ten within 12 (IEEE 493-2007).
    pub repair_hours: RepairHoursSpec,
}

impl Default for RackSpec {
    fn default() -> Self {
        Self {
            enabled: yes(),
            systems: None,
            per_year: 0.01,
            repair_hours: RepairHoursSpec { p50: 4.5, p90: 12.0 },
        }
    }
}

impl Check for RackSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_count(self.systems, 1, &at.key("systems"), problems);
        check_rate(self.per_year, at, problems);
        self.repair_hours.check(&at.key("repair_hours"), problems);
    }
}

impl RackSpec {
    pub(super) fn plan(&self, frame: &Frame) -> Option<Plan> {
        let own = if frame.model.gpus > 8 { 1 } else { SERVERS_PER_RACK };
        let each = self.systems.unwrap_or(own);
        self.enabled.then(|| Plan {
            kind: Kind::Rack,
            needed: frame.systems.div_ceil(each),
            spare: 0,
            serves: Serves::Systems { each },
            per_year: self.per_year,
            weibull_shape: None,
            repair_hours: self.repair_hours,
            parts: None,
            crew: Crew::Hall,
            young: false,
        })
    }
}
