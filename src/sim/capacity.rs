//! Capacities of a site over an interval, at the feeds of its halls: contracted, energised, commissioned, billable,
//! used, and what of the energised was stranded, by the limit that binds. They add up exactly:
//! `energised = used + stranded + unused`.

use crate::conversion::HallPhase;
use crate::sim::hall::{GpuHall, Hall, NewUse, Plumbing};
use crate::sim::invariant;
use crate::sim::site::Site;
use crate::time::SimTime;

/// Causes of stranded energy, in [`CapacityMwh::stranded`].
pub const CAUSES: usize = 7;
/// Usable by the halls together, beyond what connection and orders let in.
pub const GRID: usize = 0;
/// The plant cannot take the heat.
pub const COOLING: usize = 1;
/// UPS, distribution or feeders of the hall carry less.
pub const ELECTRICAL: usize = 2;
/// Built and tested, and waiting for its crew alone.
pub const STAFF: usize = 3;
/// Installed and let to nobody, or not ready.
pub const UNLET: usize = 4;
/// The machines installed, or the load let, take less than the feed gives: no slots are left.
pub const RACK: usize = 5;

/// Usable by the halls together and let in by the connection, beyond what the transformers carry.
pub const TRANSFORMER: usize = 6;

/// Capacities times hours, MWh at the feeds of halls.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CapacityMwh {
    /// Full load of what reserved tenants and leases hold, ready or not.
    pub contracted: f64,
    /// Feeds of the halls that are not sold.
    pub energised: f64,
    /// Feeds of halls that mine, serve or are let.
    pub commissioned: f64,
    /// Full load of what reserved tenants and leases hold in halls that are ready.
    pub billable: f64,
    /// Drawn.
    pub used: f64,
    /// Energised and not usable, by cause.
    pub stranded: [f64; CAUSES],
    /// Usable and not asked for: price, idle machines, failures.
    pub unused: f64,
}

impl CapacityMwh {
    /// Adds another stretch of time.
    pub fn add(&mut self, o: &Self) {
        self.contracted += o.contracted;
        self.energised += o.energised;
        self.commissioned += o.commissioned;
        self.billable += o.billable;
        self.used += o.used;
        self.unused += o.unused;
        for (mine, theirs) in self.stranded.iter_mut().zip(o.stranded) {
            *mine += theirs;
        }
    }
}

/// Ladder of a hall's feed, MW: each step at most the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Ladder {
    installed: f64,
    asked: f64,
    wired: f64,
    cooled: f64,
}

/// Capacities of an interval in which the halls drew `used_mw`.
pub fn of_interval(site: &Site, base: u32, used_mw: f64, hours: f64) -> CapacityMwh {
    let mut c = CapacityMwh {
        used: used_mw * hours,
        ..CapacityMwh::default()
    };
    let mut usable_mw = 0.0;
    for (index, hall) in site.halls.iter().enumerate() {
        if hall.phase == HallPhase::Sold {
            continue;
        }
        c.energised += hall.grid_mw * hours;
        let held_mw = held_mw(site, hall, base);
        c.contracted += held_mw * hours;
        let Some(l) = ladder(site, (index, hall), base).filter(|_| !hall.crewless) else {
            let crew = hall.waits_for_crew || hall.crewless;
            c.stranded[if crew { STAFF } else { UNLET }] += hall.grid_mw * hours;
            continue;
        };
        c.commissioned += hall.grid_mw * hours;
        if hall.serves() {
            c.billable += held_mw * hours;
        }
        c.stranded[RACK] += (hall.grid_mw - l.installed) * hours;
        c.stranded[UNLET] += (l.installed - l.asked) * hours;
        c.stranded[ELECTRICAL] += (l.asked - l.wired) * hours;
        c.stranded[COOLING] += (l.wired - l.cooled) * hours;
        usable_mw += l.cooled;
    }
    let short_mw = |reaches_mw: f64| (usable_mw - reaches_mw.max(0.0)).max(0.0);
    let open = &site.open;
    let aside_mw = open.other_mw + open.offer.ups_charge_mw;
    let (lost_mw, by_grid_mw) = if open.offer.bridging {
        // Batteries of UPS carry their halls alone.
        (short_mw(used_mw), short_mw(used_mw))
    } else {
        (
            short_mw(open.available_mw - aside_mw),
            short_mw(open.unrated_mw - aside_mw),
        )
    };
    c.stranded[GRID] = by_grid_mw.min(lost_mw) * hours;
    c.stranded[TRANSFORMER] = (lost_mw - by_grid_mw).max(0.0) * hours;
    c.unused = (usable_mw - used_mw - lost_mw) * hours;
    c
}

/// Asserts that capacities add up and that no part is negative.
pub fn check(c: &CapacityMwh, site: &Site, at: SimTime) {
    let parts = c.used + c.unused + c.stranded.iter().sum::<f64>();
    let gross = c.energised.max(1.0);
    invariant::equal(
        "capacity of the halls",
        &site.name,
        at,
        (c.energised, parts),
        gross,
    );
    // Loads cut to a limit are found by bisection: a millionth of a megawatt is rounding.
    for part in c.stranded.iter().chain([&c.unused]) {
        invariant::at_most("capacity drawn", &site.name, at, 0.0, part + 1e-6 * gross);
    }
}

/// What a hall that is commissioned could take, step by step; `None` for another.
fn ladder(site: &Site, (index, hall): (usize, &Hall), base: u32) -> Option<Ladder> {
    let (plumbing, installed_it, asked_it) = match (&hall.new_use, hall.phase) {
        (Some(NewUse::Gpu(gpu)), HallPhase::Serving) => {
            let full = gpu.systems.full_power().as_mw();
            let held = f64::from(gpu.gpus().saturating_sub(gpu.unlet + gpu.unsigned));
            (
                &gpu.plumbing,
                full,
                gpu.systems.power(gpu.systems.systems(), held).as_mw(),
            )
        }
        (Some(NewUse::Lease(lease)), HallPhase::Leased) => {
            let asked = if lease.signed { lease.it_mw } else { 0.0 };
            (&lease.plumbing, lease.it_mw, asked)
        }
        (_, HallPhase::Mining) => {
            let fleet = site.fleets[index].power().as_mw();
            (&hall.mine, fleet, fleet)
        }
        _ => return None,
    };
    let hour = site.tables[plumbing.plant].at(base);
    // Miners that may all run were asked about when the interval was opened.
    let known = &site.allowed[index];
    let whole = if matches!(hall.phase, HallPhase::Mining) && known.it_mw == installed_it {
        *known
    } else {
        plumbing.flow(hour, installed_it)
    };
    let installed = whole.feed_mw().min(hall.grid_mw);
    // In most hours nothing binds, and one flow answers every question.
    let within = |limit_mw: f64, so_far: f64| {
        if installed_it <= limit_mw {
            so_far
        } else {
            plumbing.flow(hour, limit_mw).feed_mw().min(so_far)
        }
    };
    let asked = within(asked_it, installed);
    let wired = within(plumbing.path.capacity_mw(), asked);
    let cooled = within(plumbing.it_limit_mw(hour), wired);
    Some(Ladder {
        installed,
        asked,
        wired,
        cooled,
    })
}

/// Feed of what reserved tenants and leases hold at full load, MW.
fn held_mw(site: &Site, hall: &Hall, base: u32) -> f64 {
    let feed = |plumbing: &Plumbing, it_mw: f64| {
        let hour = site.tables[plumbing.plant].at(base);
        plumbing.flow(hour, it_mw).feed_mw().min(hall.grid_mw)
    };
    match &hall.new_use {
        Some(NewUse::Gpu(gpu)) => feed(&gpu.plumbing, reserved_it_mw(gpu)),
        Some(NewUse::Lease(lease)) if lease.signed => feed(&lease.plumbing, lease.it_mw),
        _ => 0.0,
    }
}

/// Share of a hall's full IT load that its reserved blocks hold.
fn reserved_it_mw(gpu: &GpuHall) -> f64 {
    let held = gpu.blocks.iter().map(|b| b.gpus).sum::<u32>() - gpu.unsigned;
    gpu.systems.full_power().as_mw() * f64::from(held) / f64::from(gpu.gpus().max(1))
}
