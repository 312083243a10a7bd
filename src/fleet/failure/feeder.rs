//! Feeders: blocks of UPS and low-voltage switchgear, each of which feeds its part of the hall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain::{Crew, Frame, Kind, Plan, Serves};
use super::spec::{RepairHoursSpec, check_count, check_rate, yes};
use crate::problem::{Check, FieldPath, Problems};

/// How the feeders of a hall fail: a block that no spare replaces takes its part of the systems off power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeederSpec {
    /// Whether feeders fail. Default true.
    pub enabled: bool,
    /// Blocks that the hall needs; each feeds an equal part of it. Default 2: halves.
    pub blocks: u32,
    /// Blocks beyond these, any of which replaces any. Default: by the `redundancy` of the hall: none, one, or as many
    /// again.
    pub spare: Option<u32>,
    /// Failures of one block per year. Default 0.072: UPS module 0.058 (150,000 h between failures, default of a public
    /// availability model, not field data), low-voltage switchgear 0.004 and breaker 0.01 (IEEE 493-2007; breaker assumed
    /// within its range), computed.
    pub per_year: f64,
    /// Hours from the technician's start. Default median 4, nine in ten within 18: mean 8, that of the three parts at
    /// 4, 72 and 4.5 hours by their rates, computed.
    pub repair_hours: RepairHoursSpec,
}

impl Default for FeederSpec {
    fn default() -> Self {
        Self {
            enabled: yes(),
            blocks: 2,
            spare: None,
            per_year: 0.072,
            repair_hours: RepairHoursSpec { p50: 4.0, p90: 18.0 },
        }
    }
}

impl Check for FeederSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("blocks"), f64::from(self.blocks), 1.0, 1_000.0);
        check_count(self.spare, 0, &at.key("spare"), problems);
        check_rate(self.per_year, at, problems);
        self.repair_hours.check(&at.key("repair_hours"), problems);
    }
}

impl FeederSpec {
    pub(super) fn plan(&self, frame: &Frame) -> Option<Plan> {
        (self.enabled && frame.systems > 0).then(|| Plan {
            kind: Kind::Feeder,
            needed: self.blocks,
            spare: self.spare.unwrap_or_else(|| frame.reserve.spare(self.blocks)),
            serves: Serves::Systems {
                each: frame.systems.div_ceil(self.blocks),
            },
            per_year: self.per_year,
            weibull_shape: None,
            repair_hours: self.repair_hours,
            parts: None,
            crew: Crew::Plant,
            young: false,
        })
    }
}
