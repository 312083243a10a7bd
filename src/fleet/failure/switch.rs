//! Network switches at the leaves, with their cables: one takes its systems off the network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::domain::{Crew, Frame, Kind, Parts, Plan, Serves};
use super::spec::{RepairDaysSpec, RepairHoursSpec, check_count, check_rate, yes};
use crate::fleet::accelerator::NETWORK_FAILURES_PER_GPU_DAY;
use crate::problem::{Check, FieldPath, Problems};

/// GPUs behind one leaf switch where systems are servers: a rack of two servers of eight.
const GPUS_PER_SWITCH: u32 = 16;
/// Days of a year.
const YEAR_DAYS: f64 = 365.25;

/// How a leaf switch fails: its systems work no more until it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SwitchSpec {
    /// Whether switches fail. Default true.
    pub enabled: bool,
    /// Systems behind one switch. Default two servers of eight GPUs (the racks of the cluster that trained Llama 3: 16
    /// GPUs behind one top-of-rack switch, S58), or one rack of 72.
    pub systems: Option<u32>,
    /// Failures of one switch and its cables per year. Default: 35 interruptions by switches and cables in 54 days on
    /// 16,384 GPUs (S58) times the GPUs behind it: 0.23 for 16 (computed; each is taken to cost all systems behind the
    /// switch, which is too much for a cable).
    pub per_year: Option<f64>,
    /// Hours from the technician's start: default median 2, nine in ten within 4 (assumption: a swap, as of a server).
    pub repair_hours: RepairHoursSpec,
    /// Share of failures that need a spare switch, percent. Default 10 (assumption, as for systems: most are cables and
    /// optics).
    pub part_percent: f64,
    /// Spare switches over those installed, percent, rounded up. Default 2 (assumption, as for systems).
    pub spares_percent: f64,
    /// Days until a new spare is there: default 14 to 42 (assumption, as for systems).
    pub lead_days: RepairDaysSpec,
}

impl Default for SwitchSpec {
    fn default() -> Self {
        Self {
            enabled: yes(),
            systems: None,
            per_year: None,
            repair_hours: RepairHoursSpec { p50: 2.0, p90: 4.0 },
            part_percent: 10.0,
            spares_percent: 2.0,
            lead_days: RepairDaysSpec {
                low: 14.0,
                high: 42.0,
            },
        }
    }
}

impl Check for SwitchSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_count(self.systems, 1, &at.key("systems"), problems);
        if let Some(per_year) = self.per_year {
            check_rate(per_year, at, problems);
        }
        self.repair_hours.check(&at.key("repair_hours"), problems);
        problems.percent(&at.key("part_percent"), self.part_percent, 100.0);
        problems.percent(&at.key("spares_percent"), self.spares_percent, 100.0);
        self.lead_days.check(&at.key("lead_days"), problems);
    }
}

impl SwitchSpec {
    pub(super) fn plan(&self, frame: &Frame) -> Option<Plan> {
        let gpus = frame.model.gpus;
        let each = self.systems.unwrap_or((GPUS_PER_SWITCH / gpus).max(1));
        let behind = f64::from(each * gpus);
        let needed = frame.systems.div_ceil(each);
        self.enabled.then(|| Plan {
            kind: Kind::Switch,
            needed,
            spare: 0,
            serves: Serves::Systems { each },
            per_year: self
                .per_year
                .unwrap_or(NETWORK_FAILURES_PER_GPU_DAY * behind * YEAR_DAYS),
            weibull_shape: None,
            repair_hours: self.repair_hours,
            parts: Some(Parts {
                share: self.part_percent / 100.0,
                spares: (f64::from(needed) * self.spares_percent / 100.0).ceil() as u32,
                days: self.lead_days,
            }),
            crew: Crew::Hall,
            young: true,
        })
    }
}
