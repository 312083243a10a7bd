//! What a scenario says about failures: the whole of it, and what its parts share.

use rand_distr::LogNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::burn_in::BurnInSpec;
use super::cooling_unit::CoolingUnitSpec;
use super::feeder::FeederSpec;
use super::rack::RackSpec;
use super::switch::SwitchSpec;
use crate::problem::{Check, FieldPath, Problems};

/// Standard normal quantile of 90 %.
const Z90: f64 = 1.281_551_565_544_6;

/// A time to repair by its median and ninetieth percentile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairHoursSpec {
    /// Half of all repairs take no longer, hours.
    pub p50: f64,
    /// Nine in ten take no longer, hours.
    pub p90: f64,
}

impl RepairHoursSpec {
    /// The mean of the lognormal through both, hours.
    pub fn mean_hours(&self) -> f64 {
        self.p50 * (0.5 * self.sigma().powi(2)).exp()
    }
    fn sigma(&self) -> f64 {
        (self.p90 / self.p50).ln() / Z90
    }
    pub(super) fn distribution(&self) -> LogNormal<f64> {
        LogNormal::new(self.p50.ln(), self.sigma()).expect("checked: p50 > 0 and p90 >= p50")
    }
}

impl Check for RepairHoursSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("p50"), self.p50, 1e-3, 10_000.0);
        if self.p90.is_nan() || self.p90 < self.p50 || self.p90 > 100_000.0 {
            let message = format!("`{}` must lie between `p50` ({}) and 100000", self.p90, self.p50);
            problems.error(&at.key("p90"), message);
        }
    }
}

/// Days that a part is away for repair or on order, uniform between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairDaysSpec {
    /// The fewest days.
    pub low: f64,
    /// The most days.
    pub high: f64,
}

impl Check for RepairDaysSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("low"), self.low, 0.0, 3_650.0);
        problems.within(&at.key("high"), self.high, self.low.max(0.0), 3_650.0);
    }
}

pub(super) fn yes() -> bool {
    true
}
fn default_repair_hours() -> RepairHoursSpec {
    RepairHoursSpec { p50: 2.0, p90: 4.0 }
}
fn default_return_percent() -> f64 {
    10.0
}
fn default_return_days() -> RepairDaysSpec {
    RepairDaysSpec {
        low: 14.0,
        high: 42.0,
    }
}
fn default_spares_percent() -> f64 {
    2.0
}
fn default_technicians() -> u32 {
    2
}

/// How the GPU systems of a hall, and what they depend on, fail and are repaired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureSpec {
    /// Whether anything fails at all. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Failures of one system (a server, or a rack of 72) per 1,000 days. Default: 419 unexpected interruptions in 54
    /// days on 16,384 H100 (S58), 4.74e-4 per GPU and day, times the GPUs of a system; where `switch` is enabled, less
    /// the 35 of them that network switches and cables caused: 3.47 for a server of eight, 31.2 for a rack of 72
    /// (computed).
    #[serde(default)]
    pub per_1000_system_days: Option<f64>,
    /// Shape of a Weibull time to failure of a system, its mean kept: above 1 systems wear, below 1 they improve.
    /// Default: exponential, with the infant mortality of `burn_in`; a Weibull has its own and `burn_in` is not applied.
    #[serde(default)]
    pub weibull_shape: Option<f64>,
    /// Hours from the technician's start until the system works again: default median 2, nine in ten within 4 (a hot
    /// swap takes 1 to 4 hours; assumption).
    #[serde(default = "default_repair_hours")]
    pub repair_hours: RepairHoursSpec,
    /// Share of failures after which a part leaves the site and a spare must replace it, percent; the others are cured in
    /// place. Default 10: with parts away for four weeks, one to three percent of spares suffice (computed).
    #[serde(default = "default_return_percent")]
    pub return_percent: f64,
    /// Days until a part that left is back among the spares: default 14 to 42 (assumption: two to six weeks).
    #[serde(default = "default_return_days")]
    pub return_days: RepairDaysSpec,
    /// Spare parts (servers, or compute trays of a rack) over those installed, percent, rounded up. Default 2
    /// (assumption: one to three percent of nodes).
    #[serde(default = "default_spares_percent")]
    pub spares_percent: f64,
    /// Technicians on shift for systems, racks and switches of this hall: so many repairs go on at once. Default 2
    /// (assumption).
    #[serde(default = "default_technicians")]
    pub technicians: u32,
    /// Technicians on shift for cooling units and feeders of this hall. Default 2 (assumption).
    #[serde(default = "default_technicians")]
    pub plant_technicians: u32,
    /// Infant mortality of systems and switches that are new.
    #[serde(default)]
    pub burn_in: BurnInSpec,
    /// Racks: what feeds the systems of one.
    #[serde(default)]
    pub rack: RackSpec,
    /// Network switches at the leaves.
    #[serde(default)]
    pub switch: SwitchSpec,
    /// Cooling units within the hall.
    #[serde(default)]
    pub cooling_unit: CoolingUnitSpec,
    /// Feeders: blocks of UPS and switchgear of the hall.
    #[serde(default)]
    pub feeder: FeederSpec,
}

impl Default for FailureSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            per_1000_system_days: None,
            weibull_shape: None,
            repair_hours: default_repair_hours(),
            return_percent: default_return_percent(),
            return_days: default_return_days(),
            spares_percent: default_spares_percent(),
            technicians: default_technicians(),
            plant_technicians: default_technicians(),
            burn_in: BurnInSpec::default(),
            rack: RackSpec::default(),
            switch: SwitchSpec::default(),
            cooling_unit: CoolingUnitSpec::default(),
            feeder: FeederSpec::default(),
        }
    }
}

impl Check for FailureSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(rate) = self.per_1000_system_days {
            // At 5,000 a system fails five times a day: beyond that no schedule makes sense and events explode.
            problems.within(&at.key("per_1000_system_days"), rate, 0.0, 5_000.0);
        }
        check_shape(self.weibull_shape, at, problems);
        self.repair_hours.check(&at.key("repair_hours"), problems);
        problems.percent(&at.key("return_percent"), self.return_percent, 100.0);
        self.return_days.check(&at.key("return_days"), problems);
        problems.percent(&at.key("spares_percent"), self.spares_percent, 100.0);
        check_crew(self.technicians, &at.key("technicians"), problems);
        check_crew(self.plant_technicians, &at.key("plant_technicians"), problems);
        self.burn_in.check(&at.key("burn_in"), problems);
        self.rack.check(&at.key("rack"), problems);
        self.switch.check(&at.key("switch"), problems);
        self.cooling_unit.check(&at.key("cooling_unit"), problems);
        self.feeder.check(&at.key("feeder"), problems);
    }
}

fn check_crew(technicians: u32, at: &FieldPath, problems: &mut Problems) {
    if technicians == 0 || technicians > 10_000 {
        let message = format!("`{technicians}` technicians: must lie between 1 and 10000");
        problems.error(at, message);
    }
}

/// Checks the Weibull shape beside other keys at `at`.
pub(super) fn check_shape(shape: Option<f64>, at: &FieldPath, problems: &mut Problems) {
    if let Some(shape) = shape {
        // Below 0.2 the mean hangs on times that no horizon holds; above 10 all units fail together.
        problems.within(&at.key("weibull_shape"), shape, 0.2, 10.0);
    }
}

/// Checks a number of units or systems, given or left to the default.
pub(super) fn check_count(count: Option<u32>, low: u32, at: &FieldPath, problems: &mut Problems) {
    if let Some(count) = count {
        problems.within(at, f64::from(count), f64::from(low), 100_000.0);
    }
}

/// Checks failures of a unit per year: more than a thousand is no unit any more.
pub(super) fn check_rate(per_year: f64, at: &FieldPath, problems: &mut Problems) {
    problems.within(&at.key("per_year"), per_year, 0.0, 1_000.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(spec: &FailureSpec) -> Vec<String> {
        let mut problems = Problems::new();
        spec.check(&FieldPath::root(), &mut problems);
        problems.as_slice().iter().map(|p| p.path.to_string()).collect()
    }

    #[test]
    fn defaults_are_sound() {
        assert_eq!(told(&FailureSpec::default()), Vec::<String>::new());
    }

    #[test]
    fn a_spec_is_checked_whole() {
        let bad = FailureSpec {
            per_1000_system_days: Some(-1.0),
            weibull_shape: Some(0.0),
            repair_hours: RepairHoursSpec { p50: 4.0, p90: 2.0 },
            return_percent: 101.0,
            return_days: RepairDaysSpec { low: 5.0, high: 1.0 },
            spares_percent: f64::NAN,
            technicians: 0,
            plant_technicians: 20_000,
            burn_in: BurnInSpec {
                hazard_multiple: 0.5,
                decay_days: 0.0,
                commissioning_hours: -1.0,
                ..BurnInSpec::default()
            },
            rack: RackSpec {
                systems: Some(0),
                per_year: f64::INFINITY,
                ..RackSpec::default()
            },
            switch: SwitchSpec {
                systems: Some(0),
                per_year: Some(-0.1),
                part_percent: 150.0,
                ..SwitchSpec::default()
            },
            cooling_unit: CoolingUnitSpec {
                unit_mw: 0.0,
                weibull_shape: Some(f64::NAN),
                ..CoolingUnitSpec::default()
            },
            feeder: FeederSpec {
                blocks: 0,
                per_year: 1e9,
                ..FeederSpec::default()
            },
            enabled: true,
        };
        assert_eq!(told(&bad).len(), 20, "{:?}", told(&bad));
    }
}
