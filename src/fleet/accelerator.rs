//! GPU systems: the catalogue (servers and racks) and the power of a hall full of them.
//!
//! A *system* is what is bought, powered and lost as one: a server of eight GPUs, or a rack of 72 behind one
//! `NVLink`.
//! Power follows the share of GPUs at work; network and storage beside the systems draw a constant share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Label, Range};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::units::{Energy, Money, Power, Ratio};

/// The most systems in one hall.
pub const SYSTEMS_MAX: u32 = 100_000;
/// Network, storage and management beside the systems over their nameplate: NVIDIA's `SuperPOD` reference plans
/// 1.2 MW for eight GB200 racks of 132 kW, so 150/132 - 1 (computed; taken for every system).
pub const ANCILLARY_SHARE: f64 = 150.0 / 132.0 - 1.0;
/// Failures per GPU and day: 419 unexpected interruptions in 54 days on 16,384 H100 (Llama 3), computed.
pub const FAILURES_PER_GPU_DAY: f64 = 419.0 / (54.0 * 16_384.0);
/// Of these, by network switches and cables: 35.
pub const NETWORK_FAILURES_PER_GPU_DAY: f64 = 35.0 / (54.0 * 16_384.0);
/// Value of a GPU system after 36 months over its price: 25 to 35 % by resale indices, the middle taken.
pub const RESIDUAL_AT_36_MONTHS: f64 = 0.30;
/// Below this share a system is worth its parts (assumption).
pub const RESIDUAL_MIN: f64 = 0.05;

/// How the heat of a system leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemCooling {
    /// By air alone.
    Air,
    /// By water through cold plates, the rest by air.
    DirectToChip,
}

/// A model of GPU system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SystemModel {
    /// The id in scenarios.
    pub id: &'static str,
    /// The maker's name.
    pub name: &'static str,
    /// GPUs per system.
    pub gpus: u32,
    /// Parts that are swapped when one fails: one for a server, compute trays for a rack.
    pub swap_units: u32,
    /// Memory per GPU, GB.
    pub memory_gb: f64,
    /// The most it draws, kW.
    pub nameplate_kw: f64,
    /// Without work, kW.
    pub idle_kw: f64,
    /// In training, kW.
    pub training_kw: Range,
    /// Price per GPU with network and storage, USD.
    pub capex_usd_per_gpu: Range,
    /// How its heat leaves it.
    pub cooling: SystemCooling,
    /// Share of the heat that goes to liquid.
    pub liquid_share: f64,
    /// Years of accounting life.
    pub life_years: f64,
    /// How far the power figures can be trusted.
    pub power_label: Label,
    /// How far the price can be trusted.
    pub capex_label: Label,
    /// Where the figures come from.
    pub source: &'static str,
}

impl SystemModel {
    /// Power with a share of its GPUs at work, without what stands beside it.
    pub fn power(&self, busy: Ratio) -> Power {
        Power::from_kw(self.idle_kw + busy.as_fraction() * (self.training_kw.mode - self.idle_kw))
    }
    /// Share of capacity by which the hall must be sized: nameplate and what stands beside it.
    pub fn provisioned(&self) -> Power {
        Power::from_kw(self.nameplate_kw * (1.0 + ANCILLARY_SHARE))
    }
    /// Failures of a system per 1,000 days: the rate of a GPU times the GPUs it loses together.
    pub fn failures_per_1000_days(&self) -> f64 {
        1_000.0 * FAILURES_PER_GPU_DAY * f64::from(self.gpus)
    }
    /// Share of its price that a system still fetches, falling exponentially through
    /// [`RESIDUAL_AT_36_MONTHS`] to [`RESIDUAL_MIN`].
    pub fn residual(&self, age_years: f64) -> Ratio {
        let share = RESIDUAL_AT_36_MONTHS.powf(age_years.max(0.0) / 3.0);
        Ratio::from_fraction(share.max(RESIDUAL_MIN))
    }
}

/// The model of an id.
pub fn find(id: &str) -> Option<&'static SystemModel> {
    MODELS.iter().find(|model| model.id == id)
}

/// What all servers of eight share.
const SERVER: SystemModel = SystemModel {
    id: "",
    name: "",
    gpus: 8,
    swap_units: 1,
    memory_gb: 80.0,
    nameplate_kw: 10.2,
    idle_kw: 1.8,
    training_kw: Range::new(6.5, 7.75, 8.4),
    capex_usd_per_gpu: Range::new(40_000.0, 43_900.0, 44_000.0),
    cooling: SystemCooling::Air,
    liquid_share: 0.0,
    life_years: 5.0,
    power_label: Label::Sourced,
    capex_label: Label::Sourced,
    source: "",
};

/// What racks of 72 share: 115 of 132 kW leave by liquid (GB200), 18 compute trays.
const RACK: SystemModel = SystemModel {
    gpus: 72,
    swap_units: 18,
    cooling: SystemCooling::DirectToChip,
    liquid_share: 115.0 / 132.0,
    power_label: Label::Assumption,
    capex_label: Label::Computed,
    ..SERVER
};

/// Every model, oldest first. Life is five years (providers book four to six).
pub const MODELS: &[SystemModel] = &[
    SystemModel {
        id: "rtx-3090-8x",
        name: "GeForce RTX 3090 8x, used mining cards",
        memory_gb: 24.0,
        nameplate_kw: 3.4,
        idle_kw: 0.5,
        training_kw: Range::new(2.6, 2.9, 3.3),
        capex_usd_per_gpu: Range::new(1_000.0, 1_600.0, 2_200.0),
        power_label: Label::Computed,
        capex_label: Label::Assumption,
        source: "8 cards of 350 W (maker), 20 idle, 290 to 350 at work, and 600 W of host; price: what a used card fetches \
                 and 700 a card for chassis with full PCIe slots, memory and network, for frames have slots of one lane \
                 (assumption); the maker's driver is not licensed for data centres",
        ..SERVER
    },
    SystemModel {
        id: "rtx-a4000-8x",
        name: "RTX A4000 8x, used mining cards",
        memory_gb: 16.0,
        nameplate_kw: 1.7,
        idle_kw: 0.4,
        training_kw: Range::new(1.3, 1.45, 1.6),
        capex_usd_per_gpu: Range::new(800.0, 1_200.0, 1_700.0),
        power_label: Label::Computed,
        capex_label: Label::Assumption,
        source: "8 cards of 140 W (maker) and 500 W of host; price: what a used card fetches and 700 a card for chassis \
                 with full PCIe slots, memory and network, for frames have slots of one lane (assumption)",
        ..SERVER
    },
    SystemModel {
        id: "hgx-a100",
        name: "HGX A100 8x",
        nameplate_kw: 6.5,
        idle_kw: 1.5,
        training_kw: Range::new(4.3, 4.85, 5.45),
        capex_usd_per_gpu: Range::new(10_000.0, 15_000.0, 20_000.0),
        capex_label: Label::Assumption,
        source: "NVIDIA data sheet 6.5 kW; idle and load of the Acme trace's servers 2023; price assumption",
        ..SERVER
    },
    SystemModel {
        id: "hgx-h100",
        name: "HGX H100 8x",
        source: "NVIDIA data sheet 10.2 kW; arXiv 2506.14551: 7.75 mean, 8.4 kW at most in training; \
                 price Northern Data 2023: 8,200 for 360 MUSD",
        ..SERVER
    },
    SystemModel {
        id: "hgx-h200",
        name: "HGX H200 8x",
        memory_gb: 141.0,
        idle_kw: 1.85,
        training_kw: Range::new(6.5, 7.8, 8.5),
        capex_usd_per_gpu: Range::new(37_000.0, 40_600.0, 44_000.0),
        power_label: Label::Assumption,
        source: "nameplate NVIDIA; load as H100; price IREN 2024: 1,080 for 43.9 MUSD with InfiniBand, ends assumed",
        ..SERVER
    },
    SystemModel {
        id: "hgx-b200",
        name: "HGX B200 8x",
        memory_gb: 180.0,
        nameplate_kw: 14.3,
        idle_kw: 2.4,
        training_kw: Range::new(9.5, 10.9, 11.8),
        capex_usd_per_gpu: Range::new(49_000.0, 54_200.0, 60_000.0),
        power_label: Label::Computed,
        source: "nameplate NVIDIA; load 0.66 to 0.82 of it as H100; price IREN 2025: 2,400 B200 and B300 for 130 MUSD",
        ..SERVER
    },
    SystemModel {
        id: "hgx-b300",
        name: "HGX B300 8x",
        memory_gb: 288.0,
        nameplate_kw: 14.5,
        idle_kw: 2.5,
        training_kw: Range::new(9.6, 11.0, 12.0),
        capex_usd_per_gpu: Range::new(49_000.0, 54_200.0, 60_000.0),
        power_label: Label::Computed,
        source: "nameplate DGX B300 guide; load computed as B200; price IREN 2025: 2,400 B200 and B300 for 130 MUSD",
        ..SERVER
    },
    SystemModel {
        id: "mi300x",
        name: "MI300X 8x",
        memory_gb: 192.0,
        nameplate_kw: 11.0,
        idle_kw: 2.0,
        training_kw: Range::new(7.5, 8.5, 9.5),
        capex_usd_per_gpu: Range::new(25_000.0, 30_000.0, 40_000.0),
        power_label: Label::Assumption,
        capex_label: Label::Assumption,
        source: "server nameplate as printed by vendors; load and price assumption",
        ..SERVER
    },
    SystemModel {
        id: "mi355x",
        name: "MI355X 8x",
        memory_gb: 288.0,
        nameplate_kw: 14.4,
        idle_kw: 2.2,
        training_kw: Range::new(10.0, 11.5, 13.0),
        capex_usd_per_gpu: Range::new(35_000.0, 40_000.0, 45_000.0),
        cooling: SystemCooling::DirectToChip,
        liquid_share: 0.8,
        power_label: Label::Assumption,
        capex_label: Label::Assumption,
        source: "1,400 W per GPU (RAPS, Lux); the rest assumption",
        ..SERVER
    },
    SystemModel {
        id: "gb200-nvl72",
        name: "GB200 NVL72",
        memory_gb: 186.0,
        nameplate_kw: 132.0,
        idle_kw: 25.0,
        training_kw: Range::new(95.0, 112.0, 131.0),
        capex_usd_per_gpu: Range::new(43_000.0, 50_700.0, 58_500.0),
        source: "132 kW thermal design power; rack 3.1 MUSD bare to 4 with network; with network and storage at 15 % \
                 of a cluster's price, computed; load assumption",
        ..RACK
    },
    SystemModel {
        id: "gb300-nvl72",
        name: "GB300 NVL72",
        memory_gb: 288.0,
        nameplate_kw: 135.0,
        idle_kw: 27.0,
        training_kw: Range::new(100.0, 115.0, 140.0),
        capex_usd_per_gpu: Range::new(49_000.0, 65_400.0, 76_300.0),
        source: "135 kW thermal design power; rack 3 to 4 MUSD over 85 % of a cluster's price, computed; high: IREN \
                 2025, 76,000 for 5.8 bn USD all in; load assumption",
        ..RACK
    },
];

/// GPU systems of one model in a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceleratorsSpec {
    /// Model of the catalogue, such as `gb300-nvl72` or `hgx-h100`.
    pub model: Name,
    /// Number of systems (servers or racks). Default: as many as the hall's IT power carries at nameplate, with
    /// network and storage beside them.
    #[serde(default)]
    pub systems: Option<u32>,
    /// Price per GPU with network and storage, USD. Default: the catalogue's most likely value.
    #[serde(default)]
    pub capex_usd_per_gpu: Option<f64>,
}

impl Check for AcceleratorsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if find(self.model.as_str()).is_none() {
            let known = MODELS.iter().map(|m| m.id);
            problems.unknown(&at.key("model"), "GPU system", self.model.as_str(), known);
        }
        if let Some(systems) = self.systems
            && (systems == 0 || systems > SYSTEMS_MAX)
        {
            let message = format!("`{systems}` systems: must lie between 1 and {SYSTEMS_MAX}");
            problems.error(&at.key("systems"), message);
        }
        if let Some(usd) = self.capex_usd_per_gpu {
            problems.within(&at.key("capex_usd_per_gpu"), usd, 0.0, 10_000_000.0);
        }
    }
}

/// The GPU systems of one hall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accelerators {
    model: &'static SystemModel,
    systems: u32,
    capex_usd_per_gpu: f64,
}

impl Accelerators {
    /// The systems of a checked spec in a hall of `it_limit`; `None` for a model that the catalogue lacks.
    pub fn new(spec: &AcceleratorsSpec, it_limit: Power) -> Option<Self> {
        let model = find(spec.model.as_str())?;
        let fit = (it_limit / model.provisioned())
            .floor()
            .clamp(0.0, f64::from(SYSTEMS_MAX));
        Some(Self {
            model,
            systems: spec.systems.unwrap_or(fit as u32),
            capex_usd_per_gpu: spec.capex_usd_per_gpu.unwrap_or(model.capex_usd_per_gpu.mode),
        })
    }
    /// The catalogue's model.
    pub fn model(&self) -> &'static SystemModel {
        self.model
    }
    /// Systems installed.
    pub fn systems(&self) -> u32 {
        self.systems
    }
    /// GPUs installed.
    pub fn gpus(&self) -> u32 {
        self.systems * self.model.gpus
    }
    /// IT power for which the hall must be sized.
    pub fn provisioned(&self) -> Power {
        self.model.provisioned() * f64::from(self.systems)
    }
    /// IT power with `up` systems powered and the GPUs at work equal to `busy_gpus` GPUs in training (a GPU of a
    /// light job counts as the share of training power that it draws). Network and storage of all draw on.
    pub fn power(&self, up: u32, busy_gpus: f64) -> Power {
        let model = self.model;
        let per_gpu_kw = (model.training_kw.mode - model.idle_kw) / f64::from(model.gpus);
        let beside_kw = ANCILLARY_SHARE * model.nameplate_kw * f64::from(self.systems);
        Power::from_kw(beside_kw + model.idle_kw * f64::from(up) + per_gpu_kw * busy_gpus)
    }
    /// IT power with nothing at work and all powered.
    pub fn idle_power(&self) -> Power {
        self.power(self.systems, 0.0)
    }
    /// IT power with every GPU in training.
    pub fn full_power(&self) -> Power {
        self.power(self.systems, f64::from(self.gpus()))
    }
    /// How many GPUs may train when `up` systems are powered under an IT limit: the inverse of
    /// [`Accelerators::power`], not below zero nor above those that are up.
    pub fn busy_gpus_within(&self, up: u32, limit: Power) -> f64 {
        let per_gpu_mw = (self.power(up, 1.0) - self.power(up, 0.0)).as_mw();
        let room = ((limit - self.power(up, 0.0)).as_mw() / per_gpu_mw).max(0.0);
        room.min(f64::from(up) * f64::from(self.model.gpus))
    }
    /// Price of all with network and storage, positive.
    pub fn capex(&self) -> Money {
        Money::from_usd(self.capex_usd_per_gpu * f64::from(self.gpus()))
    }
    /// What all fetch at an age.
    pub fn residual(&self, age_years: f64) -> Money {
        self.capex() * self.model.residual(age_years).as_fraction()
    }
    /// IT energy behind one GPU-hour in training, with its share of network and storage.
    pub fn energy_per_gpu_hour(&self) -> Energy {
        if self.gpus() == 0 {
            return Energy::ZERO;
        }
        Energy::from_mwh(self.full_power().as_mw() / f64::from(self.gpus()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall(model: &str, systems: Option<u32>, mw: f64) -> Accelerators {
        let spec = AcceleratorsSpec {
            model: Name::from(model),
            systems,
            capex_usd_per_gpu: None,
        };
        Accelerators::new(&spec, Power::from_mw(mw)).unwrap()
    }

    #[test]
    fn ids_are_names_and_powers_are_ordered() {
        for (i, m) in MODELS.iter().enumerate() {
            assert_eq!(Name::from(m.id).problem(), None);
            assert!(MODELS[i + 1..].iter().all(|o| o.id != m.id));
            assert!(
                m.idle_kw < m.training_kw.low && m.training_kw.mode <= m.nameplate_kw,
                "{}",
                m.id
            );
            let c = m.capex_usd_per_gpu;
            assert!(
                c.low <= c.mode && c.mode <= c.high && !m.source.is_empty(),
                "{}",
                m.id
            );
        }
    }

    #[test]
    fn failure_rates_are_the_published_ones() {
        let rate = |id| find(id).unwrap().failures_per_1000_days();
        assert!(
            (rate("hgx-h100") - 3.79).abs() < 0.01,
            "3.79 per 1,000 node-days of 8 GPUs"
        );
        assert!((rate("gb300-nvl72") - 9.0 * rate("hgx-h100")).abs() < 1e-9);
        // Mean time to an interruption of 16,384 H100: 3.09 h.
        assert!((24.0 / (FAILURES_PER_GPU_DAY * 16_384.0) - 3.09).abs() < 0.01);
    }

    #[test]
    fn a_gpu_takes_as_much_of_the_hall_as_in_published_deals() {
        // Loughton plans 50 MW for 23,040 GB300: 2.17 kW each.
        let hall = hall("gb300-nvl72", None, 50.0);
        assert_eq!(hall.systems(), 325);
        let kw = hall.provisioned().as_kw() / f64::from(hall.gpus());
        assert!((kw / 2.17 - 1.0).abs() < 0.03, "{kw}");
    }

    #[test]
    fn power_runs_from_idle_to_training_and_back() {
        let hall = hall("hgx-h100", Some(100), 0.0);
        let beside = 100.0 * 10.2 * (150.0 / 132.0 - 1.0);
        assert!((hall.idle_power().as_kw() - (180.0 + beside)).abs() < 1e-9);
        assert!((hall.full_power().as_kw() - (775.0 + beside)).abs() < 1e-9);
        assert!((hall.power(90, 0.0).as_kw() - (162.0 + beside)).abs() < 1e-9);
        for busy in [0.0, 17.0, 400.0, 800.0] {
            assert!((hall.busy_gpus_within(100, hall.power(100, busy)) - busy).abs() < 1e-9);
        }
        assert_eq!(hall.busy_gpus_within(100, Power::ZERO), 0.0);
        assert_eq!(hall.busy_gpus_within(50, Power::from_mw(9.0)), 400.0);
    }

    #[test]
    fn prices_and_residuals_are_those_of_the_trade() {
        let hall = hall("gb300-nvl72", Some(100), 0.0);
        assert!((hall.capex().as_usd() - 7_200.0 * 65_400.0).abs() < 1e-3);
        assert_eq!(hall.residual(0.0), hall.capex());
        assert!((hall.residual(3.0) / hall.capex() - 0.30).abs() < 1e-12);
        assert!((hall.residual(20.0) / hall.capex() - RESIDUAL_MIN).abs() < 1e-12);
    }

    #[test]
    fn a_gigabyte_of_typos_is_answered_with_the_model_meant() {
        let spec = AcceleratorsSpec {
            model: Name::from("gb300-nvl27"),
            systems: Some(0),
            capex_usd_per_gpu: Some(-1.0),
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("install"), &mut problems);
        assert_eq!(problems.as_slice().len(), 3);
        assert_eq!(
            problems.as_slice()[0].help.as_deref(),
            Some("did you mean `gb300-nvl72`?")
        );
    }
}
