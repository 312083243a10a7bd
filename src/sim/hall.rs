//! One hall at run time: what stands in it, what it could use this hour, what it used.
//!
//! Pure physics of a hall under given conditions; who gets which megawatt is decided in [`super::settle`].

use crate::conversion::HallPhase;
use crate::cooling::{Plant, PlantHour, WeatherHour};
use crate::fleet::accelerator::Accelerators;
use crate::fleet::failure::{Failures, Kind};
use crate::power::path::ElectricalPath;
use crate::power::throttle::GpuThrottle;
use crate::time::SimTime;

/// Bisections when power at a hall's feed is inverted; 50 halvings reach the last bits of a double.
const HALVINGS: usize = 50;

/// A plant in every hour of the base weather.
#[derive(Debug, Clone)]
pub struct PlantTable {
    hours: Vec<PlantHour>,
}

impl PlantTable {
    /// Does the weather-only work once for all replications.
    pub fn new(plant: &Plant, base: &[WeatherHour]) -> Self {
        Self {
            hours: base.iter().map(|hour| plant.hour(hour)).collect(),
        }
    }
    /// The plant in a base hour.
    pub fn at(&self, base: u32) -> &PlantHour {
        &self.hours[base as usize]
    }
}

/// Plant and wires of a hall for a use.
#[derive(Debug, Clone)]
pub struct Plumbing {
    /// Index of the plant table within the site.
    pub plant: usize,
    /// IT load that plant and wires are designed for, MW.
    pub design_mw: f64,
    /// From the hall's feed to the racks.
    pub path: ElectricalPath,
    /// The most heat that the cooling units within the hall carry, MW; infinite while as many run as it needs.
    pub units_mw: f64,
}

/// Power at a hall's feed and what it consists of, MW; water in m3/h.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    /// At the racks.
    pub it_mw: f64,
    /// Cooling plant.
    pub cooling_mw: f64,
    /// Losses between feed and racks.
    pub losses_mw: f64,
    /// Water.
    pub water_m3_per_h: f64,
}

impl Flow {
    /// Power at the feed.
    pub fn feed_mw(&self) -> f64 {
        self.it_mw + self.cooling_mw + self.losses_mw
    }
}

impl Plumbing {
    /// What an IT load takes at the feed.
    pub fn flow(&self, hour: &PlantHour, it_mw: f64) -> Flow {
        let draw = hour.draw(it_mw, self.design_mw);
        let losses_mw = if it_mw > 0.0 {
            self.path.losses_mw(it_mw)
        } else {
            0.0
        };
        Flow {
            it_mw,
            cooling_mw: draw.power_mw,
            losses_mw,
            water_m3_per_h: draw.water_m3_per_h,
        }
    }
    /// The greatest IT load that heat and wires allow, MW.
    pub fn it_limit_mw(&self, hour: &PlantHour) -> f64 {
        let heat_mw = (hour.max_heat_share * self.design_mw).min(self.units_mw);
        heat_mw.min(self.path.capacity_mw())
    }
    /// The greatest IT load not above `it_mw` whose feed stays within `feed_mw`, and what it takes.
    pub fn within(&self, hour: &PlantHour, it_mw: f64, feed_mw: f64) -> Flow {
        let whole = self.flow(hour, it_mw);
        if whole.feed_mw() <= feed_mw {
            return whole;
        }
        let (mut low, mut high) = (0.0, it_mw);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.flow(hour, middle).feed_mw() <= feed_mw {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.flow(hour, low)
    }
}

/// GPUs of one hall that a tenant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allotment {
    /// Index of the tenant's block or pool.
    pub index: usize,
    /// GPUs that it was given.
    pub gpus: u32,
    /// GPUs that have not failed and have power.
    pub up: u32,
}

/// GPUs of one hall that an inference service holds: whole replicas of them answer, others stand by or are lent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hosted {
    /// Index of the service.
    pub index: usize,
    /// GPUs that it was given.
    pub gpus: u32,
    /// GPUs that have not failed and have power.
    pub up: u32,
    /// GPUs of the replicas that should stand here in this hour.
    pub planned: u32,
    /// GPUs of one replica.
    pub each: u32,
    /// Power of a replica at work over that of training.
    pub power: f64,
    /// The pool that uses what no replica needs.
    pub lent_to: Option<usize>,
}

impl Hosted {
    /// Replicas that stand here.
    pub fn replicas(&self) -> u32 {
        self.planned.min(self.up) / self.each
    }
    /// GPUs of these.
    pub fn serving(&self) -> u32 {
        self.replicas() * self.each
    }
    /// GPUs lent to the pool.
    pub fn lent(&self) -> u32 {
        match self.lent_to {
            Some(_) => self.up.saturating_sub(self.planned),
            None => 0,
        }
    }
    /// GPUs at full power that it may come to draw in this hour.
    pub fn most_drawing(&self) -> f64 {
        f64::from(self.serving()) * self.power + f64::from(self.lent())
    }
}

/// Systems that are down as an interval knows them: at once, or, where not every hour is looked at, at the next look.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// All.
    pub down: u32,
    /// By what darkened them.
    pub by: [u32; Kind::ALL.len()],
}

/// Accelerators that serve tenants.
#[derive(Debug)]
pub struct GpuHall {
    /// The systems.
    pub systems: Accelerators,
    /// Plant and wires.
    pub plumbing: Plumbing,
    /// Speed under a power cap.
    pub throttle: GpuThrottle,
    /// Failures and repairs.
    pub failures: Failures,
    /// What of them has been seen.
    pub seen: Seen,
    /// Reserved blocks, in order of claim.
    pub blocks: Vec<Allotment>,
    /// On-demand pools.
    pub pools: Vec<Allotment>,
    /// Inference services.
    pub services: Vec<Hosted>,
    /// GPUs that nobody holds: the first to replace failed ones.
    pub unlet: u32,
    /// GPUs of blocks whose tenants have not signed yet.
    pub unsigned: u32,
    /// GPUs without power by order or shortage, chosen by the site.
    pub shed: u32,
    /// Speed that heat and wires allow, share of full.
    pub speed: f64,
    /// Power over what is asked for that goes with this speed.
    pub power_share: f64,
}

impl GpuHall {
    /// GPUs installed.
    pub fn gpus(&self) -> u32 {
        self.systems.gpus()
    }
    /// GPUs that are seen to be down.
    pub fn failed(&self) -> u32 {
        self.seen.down * self.systems.model().gpus
    }
    /// Takes note of what is down.
    pub fn see_failures(&mut self) {
        self.seen = Seen {
            down: self.failures.down(),
            by: *self.failures.down_by(),
        };
    }
    /// Takes failures and shedding out of what tenants hold: first GPUs nobody holds, then pools, then services, then
    /// blocks from the last claim to the first.
    pub fn distribute(&mut self) {
        let mut missing = (self.failed() + self.shed).min(self.gpus());
        missing = missing.saturating_sub(self.unlet);
        let mut take = |gpus: u32, up: &mut u32| {
            let taken = missing.min(gpus);
            *up = gpus - taken;
            missing -= taken;
        };
        for held in self.pools.iter_mut().rev() {
            take(held.gpus, &mut held.up);
        }
        for held in self.services.iter_mut().rev() {
            take(held.gpus, &mut held.up);
        }
        for held in self.blocks.iter_mut().rev() {
            take(held.gpus, &mut held.up);
        }
    }
    /// Takes what cooling units have failed out of what the hall can carry.
    pub fn limit_cooling(&mut self) {
        let share = self.failures.cooling_share();
        self.plumbing.units_mw = if share < 1.0 {
            share * self.plumbing.design_mw
        } else {
            f64::INFINITY
        };
    }
    /// The most GPUs that may go dark: those that nobody holds, those of pools and those of services that no replica
    /// needs, or all that work.
    pub fn sheddable(&self, pools_only: bool) -> u32 {
        let working = self.gpus().saturating_sub(self.failed());
        let blocks: u32 = self.blocks.iter().map(|b| b.gpus).sum();
        let replicas: u32 = self.services.iter().map(|s| s.planned).sum();
        if pools_only {
            working.saturating_sub(blocks + replicas)
        } else {
            working
        }
    }
    /// GPUs of pools that have power.
    pub fn pool_up(&self) -> u32 {
        self.pools.iter().map(|p| p.up).sum()
    }
    /// GPUs of a pool that have power here, lent ones too.
    pub fn up_of_pool(&self, index: usize) -> u32 {
        let own = self.pools.iter().filter(|p| p.index == index).map(|p| p.up);
        let lent = self.services.iter().filter(|s| s.lent_to == Some(index));
        own.chain(lent.map(Hosted::lent)).sum()
    }
    /// GPUs of services that have power.
    pub fn service_up(&self) -> u32 {
        self.services.iter().map(|s| s.up).sum()
    }
    /// GPUs of blocks that have power.
    pub fn block_up(&self) -> u32 {
        self.blocks.iter().map(|b| b.up).sum()
    }
    /// IT load with so many active GPUs, MW: failed and shed systems are dark.
    pub fn it_mw(&self, active_gpus: f64) -> f64 {
        let dark = (self.failed() + self.shed).min(self.gpus());
        let up = (self.gpus() - dark) / self.systems.model().gpus.max(1);
        self.systems.power(up, active_gpus).as_mw()
    }
}

/// A hall that is let as powered shell: the tenant brings the machines.
#[derive(Debug, Clone)]
pub struct LeaseHall {
    /// Critical IT load that is let, MW.
    pub it_mw: f64,
    /// Plant and wires.
    pub plumbing: Plumbing,
    /// Index of the lease.
    pub lease: usize,
    /// Whether its tenant has signed.
    pub signed: bool,
    /// Share of the load that has power.
    pub powered: f64,
}

/// What a hall is used for besides mining.
#[derive(Debug)]
pub enum NewUse {
    /// Accelerators of our own.
    Gpu(Box<GpuHall>),
    /// A tenant's.
    Lease(LeaseHall),
}

/// A hall.
#[derive(Debug)]
pub struct Hall {
    /// Name within the site.
    pub name: String,
    /// Power that it may draw from the site's connection, MW.
    pub grid_mw: f64,
    /// What it is doing.
    pub phase: HallPhase,
    /// Plant and wires of the mine.
    pub mine: Plumbing,
    /// Its use after conversion, installed or on the way.
    pub new_use: Option<NewUse>,
    /// Whether the crew of its new use is being hired.
    pub hiring: bool,
    /// Everything but its crew is ready.
    pub waits_for_crew: bool,
    /// It is ready, and its crew is below its minimum: it does not serve.
    pub crewless: bool,
    /// Facility capex so far, USD.
    pub facility_capex_usd: f64,
    /// Hardware capex so far, USD.
    pub hardware_capex_usd: f64,
    /// Of these what has entered service: facility, hardware.
    pub in_service_usd: (f64, f64),
    /// When it became ready for its present use.
    pub ready: Option<SimTime>,
    /// When it first became ready: buildings and plant are as old as that.
    pub built: Option<SimTime>,
    /// When its miners left.
    pub miners_until: Option<SimTime>,
}

impl Hall {
    /// A hall before anything is converted: it mines, or is empty.
    pub fn as_it_stands(name: &str, grid_mw: f64, mine: Plumbing, empty: bool) -> Self {
        Self {
            name: name.to_owned(),
            grid_mw,
            phase: if empty { HallPhase::Idle } else { HallPhase::Mining },
            mine,
            new_use: None,
            hiring: false,
            waits_for_crew: false,
            crewless: false,
            facility_capex_usd: 0.0,
            hardware_capex_usd: 0.0,
            in_service_usd: (0.0, 0.0),
            ready: None,
            built: None,
            miners_until: None,
        }
    }
    /// Whether it serves tenants now.
    pub fn serves(&self) -> bool {
        matches!(self.phase, HallPhase::Serving | HallPhase::Leased)
    }
}
