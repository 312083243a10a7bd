//! Who gets which megawatt now, and what an interval has used: the one place where halls, grid, heat, prices and
//! demand meet.
//!
//! An interval is *opened* at a settle point: heat limits each hall, the connection and its orders limit the site;
//! load is shed by worth (miners first, then pools, last blocks and leases) and miners are dispatched against the
//! marginal cost of power. GPU halls keep room for all their GPUs at work, so that a job that starts within the
//! interval needs no new settlement. At the next settle point the interval is *closed*: what ran is integrated
//! exactly, metered and counted.

use crate::conversion::HallPhase;
use crate::fleet::{Dispatch, HallConditions, SiteConditions};
use crate::power::contract::{Interval, Use as PowerUse};
use crate::sim::demand::Demand;
use crate::sim::hall::{Flow, GpuHall, Hall, LeaseHall, NewUse};
use crate::sim::invariant::{self, Fault};
use crate::sim::paths::Paths;
use crate::sim::site::{
    Binding, Opened, STRANDED_COOLING, STRANDED_ELECTRICAL, STRANDED_GRID, STRANDED_UNLET, Site, Totals,
};
use crate::time::SimTime;
use crate::units::{EnergyPrice, Power, Ratio};

/// What both halves of a settlement need to know.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The world outside.
    pub paths: &'a Paths,
    /// Hour of the axis.
    pub hour: usize,
    /// Local hour of the week.
    pub hour_of_week: usize,
    /// A fault planted by a test.
    pub fault: Option<Fault>,
}

/// What an interval came to, for detail and for tenants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closed {
    /// Hours.
    pub hours: f64,
    /// Totals of the interval.
    pub totals: Totals,
    /// Power at the meter, MW.
    pub meter_mw: f64,
    /// GPUs that could work.
    pub gpu_capacity: f64,
    /// GPUs at work.
    pub gpus_busy: f64,
}

/// Within this of a break of the marginal cost, the cost beyond it holds. A break behind the transformers comes back
/// to the meter with a rounding error; without this the step that ends there would be offered again and again, and
/// miners that are worth their power would stand still.
const PAST_BREAK_MW: f64 = 1e-9;

/// Opens the next interval of a site.
pub fn open(site: &mut Site, demand: &Demand, now: SimTime, context: &Context<'_>) {
    let connection_mw = site.grid.import_limit(now).as_mw();
    let order_mw = site.order_limit_mw(now);
    let import_limit_mw = connection_mw.min(order_mw);
    let construction: f64 = site
        .halls
        .iter()
        .map(|h| construction_mw(h, site.costs.construction_power_percent))
        .sum();
    let available = site.grid.transformers.downstream_mw(import_limit_mw);
    let other_mw = (site.costs.auxiliary_mw + construction).min(available);
    let mut binding = if order_mw < connection_mw {
        Binding::Curtailment
    } else {
        Binding::None
    };
    let base = context.paths.weather[site.index].indices()[context.hour];
    let hot = allow_halls(site, base, demand, context.hour_of_week);
    let firm_mw = shed(site, base, available - other_mw, demand, context.hour_of_week);
    if hot {
        binding = Binding::Cooling;
    }
    site.open = Opened {
        from: now,
        hour: context.hour,
        import_limit_mw,
        connection_mw,
        call_limit_mw: site.call_limit_mw(now),
        other_mw,
        binding,
    };
    mine(site, (base, firm_mw, available), context);
}

/// Power that a hall under construction draws.
fn construction_mw(hall: &Hall, percent: f64) -> f64 {
    match hall.phase {
        HallPhase::Building | HallPhase::Energised | HallPhase::Commissioning | HallPhase::Ramp => {
            hall.grid_mw * percent / 100.0
        }
        _ => 0.0,
    }
}

/// IT load that a hall asks for with every pool GPU at work.
fn asked_mw(gpu: &GpuHall, demand: &Demand, hour_of_week: usize) -> f64 {
    let blocks: f64 = gpu
        .blocks
        .iter()
        .map(|b| f64::from(b.up) * demand.block_share(b.index, hour_of_week))
        .sum();
    gpu.it_mw(blocks + f64::from(gpu.pool_up()))
}

/// Sets speed and powered share of every serving hall by heat, wires and its own feed; whether heat bound anywhere.
fn allow_halls(site: &mut Site, base: u32, demand: &Demand, hour_of_week: usize) -> bool {
    let mut hot = false;
    for hall in site.halls.iter_mut().filter(|h| h.serves()) {
        let grid_mw = hall.grid_mw;
        match &mut hall.new_use {
            Some(NewUse::Gpu(gpu)) => {
                gpu.shed = 0;
                gpu.distribute();
                let hour = site.tables[gpu.plumbing.plant].at(base);
                let asked = asked_mw(gpu, demand, hour_of_week);
                let limit = gpu.plumbing.it_limit_mw(hour);
                let allowed = gpu.plumbing.within(hour, asked.min(limit), grid_mw).it_mw;
                gpu.power_share = if asked > 0.0 { allowed / asked } else { 1.0 };
                gpu.speed = gpu.throttle.speed(gpu.power_share);
                hot |= limit < asked;
            }
            Some(NewUse::Lease(lease)) => {
                let hour = site.tables[lease.plumbing.plant].at(base);
                let asked = lease.it_mw * demand.lease_share(lease.lease, hour_of_week);
                let limit = lease.plumbing.it_limit_mw(hour);
                let allowed = lease.plumbing.within(hour, asked.min(limit), grid_mw).it_mw;
                lease.powered = if asked > 0.0 { allowed / asked } else { 1.0 };
                hot |= limit < asked;
            }
            None => {}
        }
    }
    hot
}

/// The most that a serving hall takes at its feed in this interval.
fn firm_feed_mw(site: &Site, hall: &Hall, base: u32, demand: &Demand, hour_of_week: usize) -> f64 {
    match &hall.new_use {
        Some(NewUse::Gpu(gpu)) => {
            let hour = site.tables[gpu.plumbing.plant].at(base);
            gpu.plumbing
                .flow(hour, asked_mw(gpu, demand, hour_of_week) * gpu.power_share)
                .feed_mw()
        }
        Some(NewUse::Lease(lease)) => {
            let hour = site.tables[lease.plumbing.plant].at(base);
            let asked = lease.it_mw * demand.lease_share(lease.lease, hour_of_week);
            lease.plumbing.flow(hour, asked * lease.powered).feed_mw()
        }
        None => 0.0,
    }
}

/// Firm load that may stand above its room, MW: what bisection and rounding leave.
const ROUNDING_MW: f64 = 1e-9;

/// Takes GPUs off power until the firm load fits: pools of all halls first, then blocks and leases alike. Gives the
/// firm load behind the transformers.
fn shed(site: &mut Site, base: u32, room_mw: f64, demand: &Demand, hour_of_week: usize) -> f64 {
    let firm = |site: &Site| -> f64 {
        let serving = site.halls.iter().filter(|h| h.serves());
        serving
            .map(|h| firm_feed_mw(site, h, base, demand, hour_of_week))
            .sum()
    };
    let mut load = firm(site);
    for pools_only in [true, false] {
        for index in 0..site.halls.len() {
            // Whole systems go dark. Network and storage draw on, so a share of the GPUs frees less than its share of
            // the power and one round may not do; each takes at least one system more, which bounds the rounds.
            while load > room_mw + ROUNDING_MW {
                let excess = load - room_mw;
                let at = (base, demand, hour_of_week);
                if !shed_hall(site, index, excess, pools_only, at) {
                    break;
                }
                load = firm(site);
            }
        }
    }
    if load > room_mw + ROUNDING_MW {
        // Network, storage and idle plant are all that is left: everything goes dark.
        for hall in site.halls.iter_mut().filter(|h| h.serves()) {
            match &mut hall.new_use {
                Some(NewUse::Gpu(gpu)) => {
                    gpu.shed = gpu.gpus() - gpu.failed().min(gpu.gpus());
                    gpu.distribute();
                    gpu.power_share = 0.0;
                }
                Some(NewUse::Lease(lease)) => lease.powered = 0.0,
                None => {}
            }
        }
        load = firm(site);
    }
    load
}

/// Takes so much off one hall, or all that may be taken; whether anything was.
fn shed_hall(
    site: &mut Site,
    index: usize,
    excess_mw: f64,
    pools_only: bool,
    at: (u32, &Demand, usize),
) -> bool {
    let (base, demand, hour_of_week) = at;
    if !site.halls[index].serves() {
        return false;
    }
    let before = firm_feed_mw(site, &site.halls[index], base, demand, hour_of_week);
    let tables = &site.tables;
    match &mut site.halls[index].new_use {
        Some(NewUse::Gpu(gpu)) => {
            let most = gpu.sheddable(pools_only);
            if gpu.shed >= most {
                return false;
            }
            let alive = gpu.gpus().saturating_sub(gpu.failed() + gpu.shed).max(1);
            let share = (excess_mw / before.max(1e-9)).min(1.0);
            let wanted = (f64::from(alive) * share).ceil() as u32;
            let systems = wanted.div_ceil(gpu.systems.model().gpus).max(1);
            gpu.shed = most.min(gpu.shed + systems * gpu.systems.model().gpus);
            gpu.distribute();
            true
        }
        Some(NewUse::Lease(lease)) if !pools_only => {
            let asked = lease.it_mw * demand.lease_share(lease.lease, hour_of_week);
            let hour = tables[lease.plumbing.plant].at(base);
            let fits = lease
                .plumbing
                .within(&hour, asked * lease.powered, before - excess_mw)
                .it_mw;
            let was = lease.powered;
            lease.powered = if asked > 0.0 { fits / asked } else { was };
            lease.powered < was
        }
        _ => false,
    }
}

/// Dispatches the miners into what is left.
fn mine(site: &mut Site, (base, firm_mw, available_mw): (u32, f64, f64), context: &Context<'_>) {
    let fixed_mw = firm_mw + site.open.other_mw;
    let room_mw = (available_mw - fixed_mw).max(0.0).min(site.open.call_limit_mw);
    for (index, hall) in site.halls.iter().enumerate() {
        (site.conditions[index], site.allowed[index]) = conditions(site, hall, index, base);
    }
    let hashprice = context.paths.bitcoin.at(site.open.from).hashprice_usd_per_ph_day;
    let prices = context.paths.prices(context.hour);
    let transformers = &site.grid.transformers;
    let (supply, from) = (&site.supply, site.open.from);
    let marginal = |mining_mw: f64| {
        let load = fixed_mw + mining_mw;
        let meter = transformers.upstream_mw(load);
        let cost = supply.marginal(from, meter + PAST_BREAK_MW, PowerUse::Mining, prices);
        // A megawatt-hour behind the transformers takes a little more at the meter.
        let slope = transformers.upstream_mw(load + 1e-3) - meter;
        let until = transformers.downstream_mw(cost.until_mw.min(1e9)) - fixed_mw;
        (
            cost.usd_per_mwh * slope / 1e-3,
            if cost.until_mw < 1e9 {
                until.max(mining_mw)
            } else {
                f64::INFINITY
            },
        )
    };
    let mut wanted = room_mw;
    // Fans do not slow in proportion, so a fleet cut short may take more per megawatt than its overhead at full load
    // says: then it is given a little less.
    for _ in 0..8 {
        let conditions = SiteConditions {
            available_at_meter: Power::from_mw(wanted),
            marginal: EnergyPrice::ZERO,
            hashprice_usd_per_ph_day: hashprice,
        };
        site.merit
            .dispatch_along(&site.conditions, &conditions, marginal, &mut site.dispatch);
        let mut feed = 0.0;
        for index in 0..site.halls.len() {
            site.mining[index] = mining_flow(site, index, base);
            feed += site.mining[index].feed_mw();
        }
        if feed <= room_mw * (1.0 + 1e-12) + 1e-12 {
            break;
        }
        wanted = (wanted - (feed - room_mw) * 1.05).max(0.0);
    }
    bind(site);
}

/// What a hall allows its miners, and what they take if they use all of it.
fn conditions(site: &Site, hall: &Hall, index: usize, base: u32) -> (HallConditions, Flow) {
    let fleet_mw = site.fleets[index].power().as_mw();
    if !matches!(hall.phase, HallPhase::Mining) || fleet_mw <= 0.0 {
        let none = HallConditions {
            available: Power::ZERO,
            overhead: Ratio::from_fraction(1.0),
            heat: Ratio::ZERO,
        };
        return (none, Flow::default());
    }
    let hour = site.tables[hall.mine.plant].at(base);
    let limit = hall.mine.it_limit_mw(hour);
    let allowed = hall.mine.within(hour, limit.min(fleet_mw), hall.grid_mw);
    let overhead = if allowed.it_mw > 0.0 {
        allowed.feed_mw() / allowed.it_mw
    } else {
        1.0
    };
    let conditions = HallConditions {
        available: Power::from_mw(allowed.it_mw),
        overhead: Ratio::from_fraction(overhead),
        heat: Ratio::from_fraction((limit / fleet_mw).min(1.0)),
    };
    (conditions, allowed)
}

fn mining_flow(site: &Site, index: usize, base: u32) -> Flow {
    let it_mw = site.dispatch[index].it.as_mw();
    if it_mw <= 0.0 {
        return Flow::default();
    }
    if it_mw == site.allowed[index].it_mw {
        return site.allowed[index];
    }
    let hall = &site.halls[index];
    hall.mine.flow(site.tables[hall.mine.plant].at(base), it_mw)
}

/// Says what bound, where orders and heat did not.
fn bind(site: &mut Site) {
    if site.open.binding != Binding::None {
        return;
    }
    let sum = |what: fn(&Dispatch) -> Power| -> f64 { site.dispatch.iter().map(|d| what(d).as_mw()).sum() };
    let (price, cap, heat) = (
        sum(|d| d.curtailed_by_price),
        sum(|d| d.curtailed_by_cap),
        sum(|d| d.curtailed_by_heat),
    );
    site.open.binding = if cap > 1e-6 && site.open.call_limit_mw.is_finite() {
        Binding::Curtailment
    } else if cap > 1e-6 {
        Binding::Grid
    } else if heat > 1e-6 {
        Binding::Cooling
    } else if price > 1e-6 {
        Binding::Price
    } else {
        Binding::None
    };
}

/// Sums of an interval's powers, MW.
#[derive(Debug, Clone, Copy, Default)]
struct Powers {
    mining_it: f64,
    mining_feed: f64,
    gpu_it: f64,
    lease_it: f64,
    hall_feed: f64,
    lease_feed: f64,
    cooling: f64,
    hall_cooling: f64,
    path_losses: f64,
    hall_path_losses: f64,
    water: f64,
}

/// Closes the present interval of a site: integrates, meters, counts.
pub fn close(site: &mut Site, demand: &mut Demand, to: SimTime, context: &Context<'_>) -> Closed {
    let opened = site.open;
    let hours = (to - opened.from).as_hours();
    if hours <= 0.0 {
        return Closed::default();
    }
    let base = context.paths.weather[site.index].indices()[opened.hour];
    let mut closed = Closed {
        hours,
        ..Closed::default()
    };
    let mut powers = Powers::default();
    read_pools(site, demand, (to - opened.from).as_seconds() as f64);
    close_mining(site, hours, &mut powers, &mut closed, context);
    close_halls(
        site,
        demand,
        (base, hours),
        &mut powers,
        &mut closed,
        context.hour_of_week,
    );
    meter(site, to, &powers, &mut closed, context);
    strand(site, base, hours, &mut closed.totals);
    check_gpu_hours(site, to, &closed.totals, context.fault);
    site.month.add(&closed.totals);
    site.open.from = to;
    closed
}

fn read_pools(site: &mut Site, demand: &Demand, seconds: f64) {
    for (index, pool) in demand.pools.iter().enumerate() {
        let reading = pool.integral();
        let now = [reading.on_demand, reading.spot];
        let last = std::mem::replace(&mut site.pool_readings[index], now);
        site.pool_shares[index] = [(now[0] - last[0]) / seconds, (now[1] - last[1]) / seconds];
    }
}

fn close_mining(site: &Site, hours: f64, powers: &mut Powers, closed: &mut Closed, context: &Context<'_>) {
    let day = context.paths.bitcoin.at(site.open.from);
    let mut hashrate_ph = 0.0;
    for index in 0..site.halls.len() {
        let dispatch = site.dispatch[index];
        let flow = site.mining[index];
        hashrate_ph += dispatch.hashrate_ph;
        powers.mining_it += flow.it_mw;
        powers.mining_feed += flow.feed_mw();
        powers.cooling += flow.cooling_mw;
        powers.path_losses += flow.losses_mw;
        powers.water += flow.water_m3_per_h;
        if matches!(site.halls[index].phase, HallPhase::Mining) {
            let stood = dispatch.curtailed_by_price + dispatch.curtailed_by_cap;
            closed.totals.curtailed_mwh += stood.as_mw() * hours;
        }
    }
    closed.totals.btc = hashrate_ph * day.btc_per_ph_day * hours / 24.0;
    closed.totals.mining_usd = closed.totals.btc * day.btc_usd;
    closed.totals.mining_mwh = powers.mining_it * hours;
}

fn close_halls(
    site: &mut Site,
    demand: &mut Demand,
    (base, hours): (u32, f64),
    powers: &mut Powers,
    closed: &mut Closed,
    hour_of_week: usize,
) {
    let shares = &site.pool_shares;
    for hall in site.halls.iter_mut().filter(|h| h.serves()) {
        let flow = match &mut hall.new_use {
            Some(NewUse::Gpu(gpu)) => {
                let it_mw = close_gpu(gpu, shares, demand, hours, hour_of_week, closed);
                let flow = gpu.plumbing.flow(site.tables[gpu.plumbing.plant].at(base), it_mw);
                powers.gpu_it += flow.it_mw;
                flow
            }
            Some(NewUse::Lease(lease)) => {
                let it_mw = close_lease(lease, demand, hours, hour_of_week);
                let flow = lease
                    .plumbing
                    .flow(site.tables[lease.plumbing.plant].at(base), it_mw);
                powers.lease_it += flow.it_mw;
                powers.lease_feed += flow.feed_mw();
                flow
            }
            None => continue,
        };
        powers.hall_feed += flow.feed_mw();
        powers.cooling += flow.cooling_mw;
        powers.hall_cooling += flow.cooling_mw;
        powers.path_losses += flow.losses_mw;
        powers.hall_path_losses += flow.losses_mw;
        powers.water += flow.water_m3_per_h;
    }
}

/// Counts the GPU-hours of a hall and gives its IT load.
fn close_gpu(
    gpu: &GpuHall,
    shares: &[[f64; 2]],
    demand: &mut Demand,
    hours: f64,
    hour_of_week: usize,
    closed: &mut Closed,
) -> f64 {
    let mut active = 0.0;
    for held in &gpu.blocks {
        let share = demand.block_share(held.index, hour_of_week);
        let busy = f64::from(held.up) * share;
        active += busy;
        let delivered = f64::from(held.up) * gpu.speed * hours;
        demand.blocks[held.index].deliver(f64::from(held.gpus) * hours, delivered, busy * gpu.speed * hours);
    }
    for held in &gpu.pools {
        let [on_demand, spot] = shares[held.index];
        let up = f64::from(held.up);
        active += up * (on_demand + spot);
        demand.pool_books[held.index]
            .deliver(up * on_demand * gpu.speed * hours, up * spot * gpu.speed * hours);
    }
    let (all, failed) = (f64::from(gpu.gpus()), f64::from(gpu.failed()));
    let shed = f64::from(gpu.shed).min(all - failed);
    let t = &mut closed.totals;
    t.offered_gpu_h += all * hours;
    t.failed_gpu_h += failed * hours;
    t.served_gpu_h += active * gpu.speed * hours;
    t.unpowered_gpu_h += (shed + active * (1.0 - gpu.speed)) * hours;
    t.idle_gpu_h += (all - failed - shed - active) * hours;
    closed.gpu_capacity += all - failed - shed;
    closed.gpus_busy += active;
    gpu.it_mw(active) * gpu.power_share
}

fn close_lease(lease: &LeaseHall, demand: &mut Demand, hours: f64, hour_of_week: usize) -> f64 {
    let asked = lease.it_mw * demand.lease_share(lease.lease, hour_of_week);
    demand.leases[lease.lease].deliver(asked * hours, asked * lease.powered * hours);
    asked * lease.powered
}

/// Meters the interval and asserts that the meter equals its uses and stays within the limit.
fn meter(site: &mut Site, to: SimTime, powers: &Powers, closed: &mut Closed, context: &Context<'_>) {
    let (opened, hours) = (site.open, closed.hours);
    let downstream = powers.mining_feed + powers.hall_feed + opened.other_mw;
    let meter_mw = site.grid.transformers.upstream_mw(downstream);
    let transformer_losses = meter_mw - downstream;
    let part = |feed: f64| {
        if downstream > 0.0 {
            feed / downstream * meter_mw
        } else {
            0.0
        }
    };
    let mining_mw = part(powers.mining_feed);
    site.supply.meter(&Interval {
        from: opened.from,
        to,
        load_mw: meter_mw,
        mining_mw: mining_mw.min(meter_mw),
        called: opened.call_limit_mw.is_finite(),
        prices: context.paths.prices(opened.hour),
    });
    let t = &mut closed.totals;
    t.grid_mwh = meter_mw * hours;
    t.gpu_it_mwh = powers.gpu_it * hours;
    t.lease_it_mwh = powers.lease_it * hours;
    t.cooling_mwh = powers.cooling * hours;
    t.hall_cooling_mwh = powers.hall_cooling * hours;
    t.losses_mwh = (powers.path_losses + transformer_losses) * hours;
    let share = if downstream > 0.0 {
        powers.hall_feed / downstream
    } else {
        0.0
    };
    t.hall_losses_mwh = (powers.hall_path_losses + transformer_losses * share) * hours;
    t.other_mwh = opened.other_mw * hours;
    t.lease_meter_mwh = part(powers.lease_feed) * hours;
    t.peak_mw = meter_mw;
    t.water_m3 = powers.water * hours;
    closed.meter_mw = meter_mw;
    if context.fault == Some(Fault::EnergyTerm) {
        t.cooling_mwh *= 0.999;
    }
    let uses = t.mining_mwh + t.gpu_it_mwh + t.lease_it_mwh + t.cooling_mwh + t.losses_mwh + t.other_mwh;
    invariant::equal(
        "energy at the meter",
        &site.name,
        to,
        (t.grid_mwh, uses),
        t.grid_mwh,
    );
    // The greatest load for a limit is found by bisection and square roots: a millionth of a megawatt is rounding.
    invariant::at_most(
        "power at the meter",
        &site.name,
        to,
        meter_mw,
        opened.import_limit_mw + 1e-6 + idle_mw(site),
    );
}

/// What a connection draws although its limit is below it: iron losses of its transformers.
fn idle_mw(site: &Site) -> f64 {
    let idle = site.grid.transformers.upstream_mw(0.0);
    if idle.is_finite() && site.open.import_limit_mw < idle {
        idle
    } else {
        0.0
    }
}

/// What is energised and could not be used, by the limit that binds.
fn strand(site: &Site, base: u32, hours: f64, totals: &mut Totals) {
    let mut usable_sum = 0.0;
    for (index, hall) in site.halls.iter().enumerate() {
        let (plumbing, let_mw) = match (&hall.new_use, hall.phase) {
            (Some(NewUse::Gpu(gpu)), HallPhase::Serving) => {
                let held = f64::from(gpu.gpus() - gpu.unlet.min(gpu.gpus())) / f64::from(gpu.gpus().max(1));
                (&gpu.plumbing, gpu.systems.full_power().as_mw() * held)
            }
            (Some(NewUse::Lease(lease)), HallPhase::Leased) => (&lease.plumbing, lease.it_mw),
            (_, HallPhase::Mining) => (&hall.mine, site.fleets[index].power().as_mw()),
            (_, HallPhase::Sold) => continue,
            _ => {
                totals.stranded_mwh[STRANDED_UNLET] += hall.grid_mw * hours;
                continue;
            }
        };
        let hour = site.tables[plumbing.plant].at(base);
        // Miners that may all run were asked about when the interval was opened.
        let allowed = &site.allowed[index];
        let whole = if matches!(hall.phase, HallPhase::Mining) && allowed.it_mw == let_mw {
            *allowed
        } else {
            plumbing.flow(hour, let_mw)
        };
        let full = whole.feed_mw().min(hall.grid_mw);
        // In most hours neither wires nor heat bind, and one flow answers all three questions.
        let within = |limit_mw: f64, so_far: f64| {
            if let_mw <= limit_mw {
                so_far
            } else {
                plumbing.flow(hour, limit_mw).feed_mw().min(so_far)
            }
        };
        let wired = within(plumbing.path.capacity_mw(), full);
        let cooled = within(plumbing.it_limit_mw(hour), wired);
        let lost = &mut totals.stranded_mwh;
        lost[STRANDED_UNLET] += (hall.grid_mw - full) * hours;
        lost[STRANDED_ELECTRICAL] += (full - wired) * hours;
        lost[STRANDED_COOLING] += (wired - cooled) * hours;
        usable_sum += cooled;
    }
    let given = site.grid.transformers.downstream_mw(site.open.import_limit_mw) - site.open.other_mw;
    totals.stranded_mwh[STRANDED_GRID] += (usable_sum - given.max(0.0)).max(0.0) * hours;
}

fn check_gpu_hours(site: &Site, at: SimTime, t: &Totals, fault: Option<Fault>) {
    let served = if fault == Some(Fault::GpuHours) {
        t.served_gpu_h * 1.001
    } else {
        t.served_gpu_h
    };
    let parts = served + t.idle_gpu_h + t.failed_gpu_h + t.unpowered_gpu_h;
    invariant::equal(
        "GPU-hours offered",
        &site.name,
        at,
        (t.offered_gpu_h, parts),
        t.offered_gpu_h,
    );
}
