//! Opening an interval: what heat, wires, connection and orders allow, who is shed, what mines.

use super::Context;
use crate::conversion::HallPhase;
use crate::cooling::PlantHour;
use crate::fleet::{Dispatch, HallConditions, SiteConditions};
use crate::power::contract::{Supply, Use as PowerUse};
use crate::power::path::Transformers;
use crate::sim::demand::Demand;
use crate::sim::hall::{Flow, GpuHall, Hall, Hosted, NewUse, Plumbing};
use crate::sim::site::{Binding, Opened, Site};
use crate::sim::sources::Offer;
use crate::time::SimTime;
use crate::units::{EnergyPrice, Power, Ratio, Temperature};

/// Within this of a break of the marginal cost, the cost beyond it holds. A break behind the transformers comes back
/// to the meter with a rounding error; without this the step that ends there would be offered again and again, and
/// miners that are worth their power would stand still.
const PAST_BREAK_MW: f64 = 1e-9;

/// Turns in which the miners' room is found: half of them to find it, half to stay below it.
const TURNS: usize = 40;

/// Room that may be left unused, MW; so much is kept back, since what is found may lie on either side.
const SLACK_MW: f64 = 1e-10;

/// Opens the next interval of a site.
pub fn open(site: &mut Site, demand: &Demand, now: SimTime, context: &Context<'_>) {
    let connection_mw = site.grid.import_limit(now).as_mw();
    let order_mw = site.order_limit_mw(now);
    let mut offer = offer(site, now, context);
    let import_limit_mw = if offer.outage {
        0.0
    } else {
        connection_mw.min(order_mw)
    };
    let construction: f64 = site
        .halls
        .iter()
        .map(|h| construction_mw(h, site.costs.construction_power_percent))
        .sum();
    let transformers = &site.grid.transformers;
    let available = transformers.downstream_mw(import_limit_mw) + offer.behind_meter_mw();
    let by_steps_mw = site.grid.connection(now).as_mw().min(order_mw);
    let unrated_mw = if offer.outage {
        available
    } else {
        transformers.unrated_downstream_mw(by_steps_mw) + offer.behind_meter_mw()
    };
    // Works stand still while the grid is gone.
    let construction = if offer.outage { 0.0 } else { construction };
    let other_mw = if offer.bridging {
        0.0
    } else {
        (site.costs.auxiliary_mw + construction).min(available)
    };
    offer.ups_charge_mw = offer.ups_charge_mw.min(available - other_mw);
    let mut binding = if offer.outage {
        Binding::Outage
    } else if order_mw < connection_mw {
        Binding::Curtailment
    } else {
        Binding::None
    };
    let base = context.paths.weather[site.index].indices()[context.hour];
    let bound = allow_halls(site, base, demand, context.hour_of_week);
    let room_mw = if offer.bridging {
        keep_ups_halls(site);
        f64::INFINITY
    } else {
        available - other_mw - offer.ups_charge_mw
    };
    let firm_mw = shed(site, base, room_mw, demand, context.hour_of_week);
    if bound != Binding::None && !offer.outage {
        binding = bound;
    }
    site.open = Opened {
        mining_usd_per_mwh: 0.0,
        from: now,
        hour: context.hour,
        import_limit_mw,
        connection_mw,
        call_limit_mw: site.call_limit_mw(now),
        called: site.called(now),
        available_mw: available,
        unrated_mw,
        offer,
        other_mw,
        binding,
        firm_mw,
    };
    mine(site, (base, firm_mw, available), context);
}

/// What the interval can count on besides the grid.
fn offer(site: &mut Site, now: SimTime, context: &Context<'_>) -> Offer {
    if site.sources.is_grid_alone() {
        return Offer::default();
    }
    let prices = context.paths.prices(context.hour);
    let next = site
        .supply
        .marginal(now, site.meter_mw, PowerUse::DataCentre, prices);
    site.sources
        .offer(now, context.hour, &site.calendar, next.usd_per_mwh)
}

/// Batteries of UPS carry their halls until generators do; the others are dark.
fn keep_ups_halls(site: &mut Site) {
    for hall in site.halls.iter_mut().filter(|h| h.serves()) {
        let has_ups = match &hall.new_use {
            Some(NewUse::Gpu(gpu)) => gpu.plumbing.path.has_ups(),
            Some(NewUse::Lease(lease)) => lease.plumbing.path.has_ups(),
            None => false,
        };
        if !has_ups {
            darken(hall);
        }
    }
}

/// Takes all power off a hall.
fn darken(hall: &mut Hall) {
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

/// Power that a hall under construction draws.
fn construction_mw(hall: &Hall, percent: f64) -> f64 {
    match hall.phase {
        HallPhase::Building | HallPhase::Energised | HallPhase::Commissioning | HallPhase::Ramp => {
            hall.grid_mw * percent / 100.0
        }
        _ => 0.0,
    }
}

/// IT load that a hall asks for with every GPU of pools and every replica at work.
fn asked_mw(gpu: &GpuHall, demand: &Demand, hour_of_week: usize) -> f64 {
    let blocks: f64 = gpu
        .blocks
        .iter()
        .map(|b| f64::from(b.up) * demand.block_share(b.index, hour_of_week))
        .sum();
    let services: f64 = gpu.services.iter().map(Hosted::most_drawing).sum();
    gpu.it_mw(blocks + services + f64::from(gpu.pool_up()))
}

/// What bound a hall whose plant and wires allow less than it asks for.
fn limit_of(plumbing: &Plumbing, hour: &PlantHour, asked_mw: f64, so_far: Binding) -> Binding {
    if plumbing.it_limit_mw(hour) >= asked_mw {
        so_far
    } else if plumbing.path.capacity_mw() < hour.max_heat_share * plumbing.design_mw {
        Binding::Electrical
    } else {
        Binding::Cooling
    }
}

/// Sets speed and powered share of every serving hall by heat, wires and its own feed; which of heat and wires bound.
fn allow_halls(site: &mut Site, base: u32, demand: &Demand, hour_of_week: usize) -> Binding {
    let mut bound = Binding::None;
    for hall in site.halls.iter_mut().filter(|h| h.serves()) {
        let grid_mw = hall.grid_mw;
        match &mut hall.new_use {
            Some(NewUse::Gpu(gpu)) => {
                gpu.shed = 0;
                gpu.see_failures();
                gpu.distribute();
                let hour = site.tables[gpu.plumbing.plant].at(base);
                let asked = asked_mw(gpu, demand, hour_of_week);
                let limit = gpu.plumbing.it_limit_mw(hour);
                let allowed = gpu.plumbing.within(hour, asked.min(limit), grid_mw).it_mw;
                gpu.power_share = if asked > 0.0 { allowed / asked } else { 1.0 };
                gpu.speed = gpu.throttle.speed(gpu.power_share);
                bound = limit_of(&gpu.plumbing, hour, asked, bound);
            }
            Some(NewUse::Lease(lease)) => {
                let hour = site.tables[lease.plumbing.plant].at(base);
                let asked = lease.it_mw * demand.lease_share(lease.lease, hour_of_week);
                let limit = lease.plumbing.it_limit_mw(hour);
                let allowed = lease.plumbing.within(hour, asked.min(limit), grid_mw).it_mw;
                lease.powered = if asked > 0.0 { allowed / asked } else { 1.0 };
                bound = limit_of(&lease.plumbing, hour, asked, bound);
            }
            None => {}
        }
        // Without a feeder or a UPS module, or without a crew, nothing runs, however slowly.
        if hall.crewless || cut_off(hall) {
            darken(hall);
        }
    }
    bound
}

/// Whether the path of a hall carries nothing.
fn cut_off(hall: &Hall) -> bool {
    match &hall.new_use {
        Some(NewUse::Gpu(gpu)) => gpu.plumbing.path.capacity_mw() <= 0.0,
        Some(NewUse::Lease(lease)) => lease.plumbing.path.capacity_mw() <= 0.0,
        None => false,
    }
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

/// Takes GPUs off power until the firm load fits: pools of all halls first, then services, blocks and leases. Gives the
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
            darken(hall);
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
                .within(hour, asked * lease.powered, before - excess_mw)
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
    let offer = site.open.offer;
    let fixed_mw = firm_mw + site.open.other_mw + offer.ups_charge_mw;
    let room_mw = mining_room_mw(&site.open, available_mw, fixed_mw);
    for (index, hall) in site.halls.iter().enumerate() {
        (site.conditions[index], site.allowed[index]) = conditions(site, hall, index, base);
    }
    let hashprice = context.paths.bitcoin.at(site.open.from).pay_usd_per_ph_day();
    let prices = context.paths.prices(context.hour);
    let transformers = &site.grid.transformers;
    // Room is kept for all that may run; the meter, and so the margin, sees what does.
    let expected_mw = fixed_mw - site.firm_idle_mw.min(firm_mw);
    // Generation on site serves before the meter does.
    let net_mw = expected_mw - offer.onsite_mw;
    site.supply
        .open(site.open.from, transformers.upstream_mw(net_mw.max(0.0)));
    let margin = Margin {
        supply: &site.supply,
        transformers,
        prices,
        from: site.open.from,
        net_mw,
        onsite_usd_per_mwh: offer.onsite_usd_per_mwh,
    };
    if let Some(commitment) = &mut site.commitment {
        let (cost_now, _) = margin.at(site.mining.iter().map(Flow::feed_mw).sum());
        commitment.open(&mut site.merit, context.hour, site.open.from, cost_now);
    }
    // The order of merit counts each hall with its overhead at full load. A hall cut short takes less (fans by the cube
    // of their speed), or more (what idles): that difference belongs to the room, and is found in a few turns, since a
    // turn leaves a fifth of it or so.
    let (mut slack_mw, mut wanted, mut first_usd) = (0.0, (room_mw - SLACK_MW).max(0.0), 0.0);
    for turn in 0..TURNS {
        let conditions = SiteConditions {
            available_at_meter: Power::from_mw(wanted + slack_mw),
            marginal: EnergyPrice::ZERO,
            hashprice_usd_per_ph_day: hashprice,
        };
        let along = |counted_mw: f64| {
            let (cost, until) = margin.at((counted_mw - slack_mw).max(0.0));
            (cost, (until + slack_mw).max(counted_mw))
        };
        let cost = site
            .merit
            .dispatch_along(&site.conditions, &conditions, along, &mut site.dispatch);
        if turn == 0 {
            first_usd = cost;
        }
        let (mut counted, mut feed) = (0.0, 0.0);
        for index in 0..site.halls.len() {
            site.mining[index] = mining_flow(site, index, base);
            counted += site.dispatch[index].it.as_mw() * site.conditions[index].overhead.as_fraction();
            feed += site.mining[index].feed_mw();
        }
        let fits = feed <= room_mw;
        let left_mw = counted - feed - slack_mw;
        if fits && (left_mw.abs() <= SLACK_MW || turn >= TURNS / 2) {
            break;
        }
        if turn < TURNS / 2 {
            slack_mw += left_mw;
        } else {
            // It does not settle (a break of the cost at which a hall changes its overhead): less, until it fits.
            wanted = (wanted - (feed - room_mw) * 1.05).max(0.0);
        }
    }
    dispatched(site, first_usd);
}

/// What a megawatt-hour of mining costs behind the transformers.
struct Margin<'a> {
    supply: &'a Supply,
    transformers: &'a Transformers,
    prices: &'a [f64],
    from: SimTime,
    /// Load besides mining, less generation on site, MW.
    net_mw: f64,
    onsite_usd_per_mwh: f64,
}

impl Margin<'_> {
    /// Cost of the next megawatt-hour, USD, where so many megawatts mine, and up to how many it holds.
    fn at(&self, mining_mw: f64) -> (f64, f64) {
        let load = self.net_mw + mining_mw;
        if load < 0.0 {
            return (self.onsite_usd_per_mwh, 0.0 - self.net_mw);
        }
        let meter = self.transformers.upstream_mw(load);
        let at = meter + PAST_BREAK_MW;
        let cost = self.supply.marginal(self.from, at, PowerUse::Mining, self.prices);
        // A megawatt-hour behind the transformers takes a little more at the meter.
        let slope = self.transformers.upstream_mw(load + 1e-3) - meter;
        let until = if cost.until_mw < 1e9 {
            (self.transformers.downstream_mw(cost.until_mw) - self.net_mw).max(mining_mw)
        } else {
            f64::INFINITY
        };
        (cost.usd_per_mwh * slope / 1e-3, until)
    }
}

/// The most that the miners' feeds may take, MW.
fn mining_room_mw(open: &Opened, available_mw: f64, fixed_mw: f64) -> f64 {
    if open.offer.outage {
        0.0
    } else {
        (available_mw - fixed_mw).max(0.0).min(open.call_limit_mw)
    }
}

/// Notes what was dispatched, what bound, and what the first megawatt-hour costs at a machine of the first hall that may
/// mine.
fn dispatched(site: &mut Site, usd_per_mwh: f64) {
    if let Some(commitment) = &mut site.commitment {
        commitment.note(&site.merit);
    }
    let overhead = site.conditions.iter().find(|c| c.available > Power::ZERO);
    let overhead = overhead.map_or(1.0, |c| c.overhead.as_fraction().max(1.0));
    site.open.mining_usd_per_mwh = usd_per_mwh * overhead;
    bind(site);
}

/// What a hall allows its miners, and what they take if they use all of it.
pub(in crate::sim) fn conditions(
    site: &Site,
    hall: &Hall,
    index: usize,
    base: u32,
) -> (HallConditions, Flow) {
    let fleet_mw = site.fleets[index].power().as_mw();
    if !matches!(hall.phase, HallPhase::Mining) || fleet_mw <= 0.0 {
        return (HallConditions::none(), Flow::default());
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
        inlet: Temperature::from_c(hour.supply_c),
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
    } else if cap > 1e-6 && site.open.available_mw < site.open.unrated_mw {
        Binding::Transformer
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
