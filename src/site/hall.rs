//! Halls as scenarios write them: mining halls, halls that serve from the start, and what a conversion installs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cooling::CoolingSpec;
use crate::fleet::accelerator::{self, AcceleratorsSpec};
use crate::fleet::failure::FailureSpec;
use crate::fleet::miner::MinerBatchSpec;
use crate::id::Name;
use crate::power::path::ElectricalPathSpec;
pub use crate::power::redundancy::Redundancy;
use crate::power::throttle::GpuThrottleSpec;
use crate::problem::{Check, FieldPath, Problems};

/// The most halls of a site, `repeat` expanded.
pub const HALLS_MAX: usize = 200;

/// The most power of a hall, in MW.
pub const GRID_MW_MAX: f64 = 10_000.0;

/// A hall of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HallSpec {
    /// Name, unique within the site. With `repeat` above one, `-1`, `-2`, ... are appended.
    pub id: Name,
    /// How many equal halls this entry stands for. Default 1.
    #[serde(default = "one")]
    pub repeat: u32,
    /// Power that the hall may draw from the site's grid connection, in MW.
    pub grid_mw: f64,
    /// The cooling plant of the hall as it stands.
    pub cooling: CoolingSpec,
    /// Mining machines in the hall.
    #[serde(default)]
    pub miners: Vec<MinerBatchSpec>,
    /// Accelerators that serve from the first day, in a hall that was converted before the scenario begins.
    #[serde(default)]
    pub serving: Option<InstallSpec>,
}

fn one() -> u32 {
    1
}

impl HallSpec {
    /// The names of the halls that this entry stands for.
    pub fn names(&self) -> Vec<String> {
        if self.repeat == 1 {
            return vec![self.id.to_string()];
        }
        (1..=self.repeat).map(|n| format!("{}-{n}", self.id)).collect()
    }
}

impl Check for HallSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        problems.within(&at.key("repeat"), f64::from(self.repeat), 1.0, HALLS_MAX as f64);
        problems.positive(&at.key("grid_mw"), self.grid_mw);
        problems.within(&at.key("grid_mw"), self.grid_mw, f64::NEG_INFINITY, GRID_MW_MAX);
        self.cooling.check(&at.key("cooling"), problems);
        for (index, batch) in self.miners.iter().enumerate() {
            batch.check(&at.key("miners").index(index), problems);
        }
        if let Some(serving) = &self.serving {
            serving.check(&at.key("serving"), problems);
            if !self.miners.is_empty() {
                problems.error(
                    &at.key("serving"),
                    "a hall that serves from the start holds no miners",
                );
            }
        }
    }
}

/// What a conversion puts into a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallSpec {
    /// GPU system, an id of the catalogue such as `gb300-nvl72`.
    pub model: Name,
    /// Number of systems in each hall. Default: as many as its critical IT load carries at nameplate.
    #[serde(default)]
    pub systems: Option<u32>,
    /// The cooling plant that is built.
    pub cooling: CoolingSpec,
    /// Redundancy of the electrical and cooling plant: `n`, `n+1` or `2n`. Default `n+1`.
    #[serde(default)]
    pub redundancy: Redundancy,
    /// Critical IT load as a share of the hall's grid power, in percent. Default 70: the middle of published
    /// conversions, 65 to 80 (S2 S10 S18 S14 S7 S91).
    #[serde(default = "critical_it_percent")]
    pub critical_it_percent: f64,
    /// Facility fit-out in USD per kW of critical IT load. Default: the archetype's figure.
    #[serde(default)]
    pub fit_out_usd_per_it_kw: Option<f64>,
    /// Hardware, network and storage in USD per GPU. Default: the catalogue's figure for the model.
    #[serde(default)]
    pub hardware_usd_per_gpu: Option<f64>,
    /// From the hall's feed to the racks. Default: double-conversion UPS and 1.5 % distribution loss.
    #[serde(default)]
    pub path: ElectricalPathSpec,
    /// Speed of GPUs under a power cap.
    #[serde(default)]
    pub throttle: GpuThrottleSpec,
    /// Failures and repairs of the systems. Default: the catalogue's rate for the model.
    #[serde(default)]
    pub failures: FailureSpec,
}

fn critical_it_percent() -> f64 {
    70.0
}

impl InstallSpec {
    /// The systems as the fleet knows them.
    pub fn accelerators(&self) -> AcceleratorsSpec {
        AcceleratorsSpec {
            model: self.model.clone(),
            systems: self.systems,
            capex_usd_per_gpu: self.hardware_usd_per_gpu,
        }
    }

    /// Cold plates want facility water: a plant without it leaves their heat where it is.
    fn check_liquid(&self, at: &FieldPath, problems: &mut Problems) {
        let Some(model) = accelerator::find(self.model.as_str()) else {
            return;
        };
        let (wants, takes) = (model.liquid_share, self.cooling.liquid_share());
        if wants > 0.0 && takes <= 0.0 {
            problems.warn(
                &at.key("cooling"),
                format!(
                    "`{}` gives {:.0} % of its heat to cold plates, and `{}` brings no water to them; \
                     a liquid-to-air unit in between is not modelled",
                    model.id,
                    wants * 100.0,
                    self.cooling.kind(),
                ),
            );
        }
    }

    /// `failures.feeder` is UPS and switchgear of a part of the hall in one; blocks of the path are the same equipment
    /// seen apart. Both at once would fail it twice.
    fn check_blocks_fail_once(&self, at: &FieldPath, problems: &mut Problems) {
        let blocks = [
            ("ups_blocks", self.path.ups_blocks.failures.is_some()),
            ("feeders", self.path.feeders.failures.is_some()),
        ];
        for (level, fails) in blocks {
            if fails && self.failures.enabled && self.failures.feeder.enabled {
                problems.error(
                    &at.key("path").key(level).key("failures"),
                    "the hall's UPS and switchgear fail already as `failures.feeder`; leave one of the two out \
                     (`failures.feeder.enabled = false`)",
                );
            }
        }
    }
}

impl Check for InstallSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.accelerators().check(at, problems);
        self.path.check(&at.key("path"), problems);
        self.throttle.check(&at.key("throttle"), problems);
        self.cooling.check(&at.key("cooling"), problems);
        problems.within(
            &at.key("critical_it_percent"),
            self.critical_it_percent,
            1.0,
            100.0,
        );
        if let Some(usd) = self.fit_out_usd_per_it_kw {
            problems.not_negative(&at.key("fit_out_usd_per_it_kw"), usd);
        }
        if let Some(usd) = self.hardware_usd_per_gpu {
            problems.not_negative(&at.key("hardware_usd_per_gpu"), usd);
        }
        self.failures.check(&at.key("failures"), problems);
        self.check_blocks_fail_once(at, problems);
        self.check_liquid(at, problems);
    }
}
