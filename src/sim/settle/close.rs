//! Closing an interval: what ran is integrated, metered and counted, and must balance.

use super::{Closed, Context};
use crate::conversion::HallPhase;
use crate::fleet::HostedUse;
use crate::power::contract::Interval;
use crate::sim::capacity;
use crate::sim::demand::Demand;
use crate::sim::hall::{GpuHall, LeaseHall, NewUse};
use crate::sim::invariant::{self, Fault};
use crate::sim::site::{Site, Totals};
use crate::sim::sources::Given;
use crate::site::LeasePower;
use crate::time::SimTime;

/// Sums of an interval's powers, MW.
#[derive(Debug, Clone, Copy, Default)]
struct Powers {
    mining_it: f64,
    mining_feed: f64,
    gpu_it: f64,
    lease_it: f64,
    hall_feed: f64,
    passed_feed: f64,
    cooling: f64,
    hall_cooling: f64,
    path_losses: f64,
    hall_path_losses: f64,
    water: f64,
}

impl Powers {
    /// Losses of halls that serve: in their paths, and their part of the transformers' by power.
    fn hall_losses(&self, downstream_mw: f64, transformer_losses_mw: f64) -> f64 {
        let share = if downstream_mw > 0.0 {
            self.hall_feed / downstream_mw
        } else {
            0.0
        };
        self.hall_path_losses + transformer_losses_mw * share
    }
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
    read_demand(site, demand, (to - opened.from).as_seconds() as f64);
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
    let used_mw = powers.mining_feed + powers.hall_feed;
    closed.totals.capacity = capacity::of_interval(site, base, used_mw, hours);
    capacity::check(&closed.totals.capacity, site, to);
    check_gpu_hours(site, to, &closed.totals, context.fault);
    site.month.add(&closed.totals);
    for (hall, batch, runs) in site.merit.running() {
        site.fleets[hall].note_batch(batch, runs);
    }
    site.open.from = to;
    closed
}

/// What pools and services used over the interval, in shares of what they had.
fn read_demand(site: &mut Site, demand: &Demand, seconds: f64) {
    for (index, pool) in demand.pools.iter().enumerate() {
        let reading = pool.integral();
        let now = [reading.on_demand, reading.spot, reading.drawing];
        let last = std::mem::replace(&mut site.pool_readings[index], now);
        site.pool_shares[index] = std::array::from_fn(|of| (now[of] - last[of]) / seconds);
    }
    for (index, service) in demand.services.iter().enumerate() {
        let reading = service.integral();
        let now = [reading.ready, reading.drawing];
        let last = std::mem::replace(&mut site.service_readings[index], now);
        site.service_shares[index] = std::array::from_fn(|of| (now[of] - last[of]) / seconds);
    }
}

fn close_mining(
    site: &mut Site,
    hours: f64,
    powers: &mut Powers,
    closed: &mut Closed,
    context: &Context<'_>,
) {
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
    hashrate_ph -= close_hosted(
        site,
        hours,
        (day.paid_btc_per_ph_day(), day.btc_usd),
        &mut closed.totals,
    );
    closed.totals.btc = hashrate_ph * day.paid_btc_per_ph_day() * hours / 24.0;
    if let Some(commitment) = &mut site.commitment {
        let step = commitment.close(hours, hashrate_ph);
        closed.totals.btc -= step.lost_ph_h * day.paid_btc_per_ph_day() / 24.0;
        let t = &mut closed.totals;
        (t.restarts, t.restart_usd, t.mining_gain_usd) = (step.restarts, step.restart_usd, step.gain_usd);
    }
    closed.totals.coin_usd = close_cards(site, hours);
    closed.totals.mining_usd = closed.totals.btc * day.btc_usd + closed.totals.coin_usd;
    closed.totals.mining_mwh = powers.mining_it * hours;
}

/// Counts the coins that cards mined, by chain; gives what they are worth, USD.
fn close_cards(site: &mut Site, hours: f64) -> f64 {
    if site.coins.is_empty() {
        return 0.0;
    }
    let mut usd = 0.0;
    for place in 0..site.merit.len() {
        let (_, batch) = site.merit.batch(&site.fleets, place);
        if let Some(mined) = batch.mined() {
            let mwh = site.merit.drawn(place).0.as_mw() * hours;
            site.coins[mined.chain] += mwh * mined.coins_per_mwh;
            usd += mwh * mined.usd_per_mwh;
        }
    }
    usd
}

/// Counts what customers' machines did; their coins are not the farm's. Gives their hashrate, PH/s.
fn close_hosted(site: &mut Site, hours: f64, (btc, usd): (f64, f64), totals: &mut Totals) -> f64 {
    let mut hashrate_ph = 0.0;
    for now in site.merit.hosted() {
        let fleet = &mut site.fleets[now.hall];
        let contracted_mwh = fleet.batches()[now.batch].standing().as_mw() * hours;
        let mines = matches!(site.halls[now.hall].phase, HallPhase::Mining);
        let energy_mwh = now.drawn.as_mw() * hours;
        let used = HostedUse {
            energy_mwh,
            asked_mwh: if mines { now.asked.as_mw() * hours } else { 0.0 },
            dear_mwh: if mines { now.dear.as_mw() * hours } else { 0.0 },
            contracted_mwh: if mines { contracted_mwh } else { 0.0 },
            cost_usd: energy_mwh * site.open.mining_usd_per_mwh,
            coins_usd: now.hashrate_ph * btc * usd * hours / 24.0,
        };
        hashrate_ph += now.hashrate_ph;
        totals.hosted_mwh += used.energy_mwh;
        totals.hosted_asked_mwh += used.asked_mwh;
        fleet
            .hosting_mut(now.batch)
            .expect("the order knows whose it is")
            .count(&used);
    }
    hashrate_ph
}

fn close_halls(
    site: &mut Site,
    demand: &mut Demand,
    (base, hours): (u32, f64),
    powers: &mut Powers,
    closed: &mut Closed,
    hour_of_week: usize,
) {
    let shares = (site.pool_shares.as_slice(), site.service_shares.as_slice());
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
                if demand.leases[lease.lease].spec.power == LeasePower::PassThrough {
                    powers.passed_feed += flow.feed_mw();
                }
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
    (pool_shares, service_shares): (&[[f64; 3]], &[[f64; 2]]),
    demand: &mut Demand,
    hours: f64,
    hour_of_week: usize,
    closed: &mut Closed,
) -> f64 {
    let (mut active, mut drawing) = (0.0, 0.0);
    for held in &gpu.blocks {
        let share = demand.block_share(held.index, hour_of_week);
        let busy = f64::from(held.up) * share;
        active += busy;
        drawing += busy;
        let delivered = f64::from(held.up) * gpu.speed * hours;
        let block = &mut demand.blocks[held.index];
        block.deliver(f64::from(held.gpus) * hours, delivered);
        block.worked(delivered * share, hours * gpu.speed, held.gpus);
    }
    for held in &gpu.pools {
        let [on_demand, spot, at_full_power] = pool_shares[held.index];
        let up = f64::from(held.up);
        active += up * (on_demand + spot);
        drawing += up * at_full_power;
        demand.pool_books[held.index]
            .deliver(up * on_demand * gpu.speed * hours, up * spot * gpu.speed * hours);
    }
    for held in &gpu.services {
        let (serving, lent) = (f64::from(held.serving()), f64::from(held.lent()));
        let [ready, at_power] = service_shares[held.index];
        active += serving * ready;
        drawing += serving * at_power;
        let Some(pool) = held.lent_to else { continue };
        let [on_demand, spot, at_full_power] = pool_shares[pool];
        active += lent * (on_demand + spot);
        drawing += lent * at_full_power;
        let hours = gpu.speed * hours;
        demand.pool_books[pool].deliver(lent * on_demand * hours, lent * spot * hours);
        demand.lent_gpu_h[held.index] += lent * (on_demand + spot) * hours;
    }
    let (all, failed) = (f64::from(gpu.gpus()), f64::from(gpu.failed()));
    let shed = f64::from(gpu.shed).min(all - failed);
    let t = &mut closed.totals;
    t.offered_gpu_h += all * hours;
    t.failed_gpu_h += failed * hours;
    let each = f64::from(gpu.systems.model().gpus);
    for (sum, down) in t.failed_by_gpu_h.iter_mut().zip(&gpu.seen.by) {
        *sum += f64::from(*down) * each * hours;
    }
    t.served_gpu_h += active * gpu.speed * hours;
    t.unpowered_gpu_h += (shed + active * (1.0 - gpu.speed)) * hours;
    t.idle_gpu_h += (all - failed - shed - active) * hours;
    closed.gpu_capacity += all - failed - shed;
    closed.gpus_busy += active;
    gpu.it_mw(drawing) * gpu.power_share
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
    let prices = context.paths.prices(opened.hour);
    let limits = (opened.import_limit_mw, prices);
    let transformers = &site.grid.transformers;
    let given = site
        .sources
        .give(&opened.offer, (downstream, hours), limits, transformers);
    // Transformers have no iron losses while the grid is gone.
    let meter_mw = if opened.offer.outage {
        given.grid_mw
    } else {
        transformers.upstream_mw(given.grid_mw)
    };
    site.meter_mw = meter_mw;
    if opened.called == 0 {
        site.standing_mw = (meter_mw, powers.mining_feed);
    }
    let transformer_losses = meter_mw - given.grid_mw;
    let everything = downstream + given.charge_mw;
    let part = |feed: f64| {
        if everything > 0.0 {
            feed / everything * meter_mw
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
        called: opened.called,
        prices,
    });
    site.firm_idle_mw = (opened.firm_mw - powers.hall_feed).max(0.0);
    let t = &mut closed.totals;
    t.grid_mwh = meter_mw * hours;
    t.mining_meter_mwh = mining_mw * hours;
    t.gpu_it_mwh = powers.gpu_it * hours;
    t.lease_it_mwh = powers.lease_it * hours;
    t.cooling_mwh = powers.cooling * hours;
    t.hall_cooling_mwh = powers.hall_cooling * hours;
    t.losses_mwh = (powers.path_losses + transformer_losses) * hours;
    t.hall_losses_mwh = powers.hall_losses(downstream, transformer_losses) * hours;
    t.other_mwh = opened.other_mw * hours;
    t.peak_mw = meter_mw;
    t.water_m3 = powers.water * hours;
    let grid = context.paths.carbon[site.index].as_ref();
    let grid = grid.map(|carbon| carbon.g_per_kwh(opened.hour));
    count_sources(site, t, &given, (meter_mw, hours), grid);
    if everything > 0.0 {
        t.passed_mwh = powers.passed_feed / everything * t.sources_mwh();
    }
    closed.meter_mw = meter_mw;
    if context.fault == Some(Fault::EnergyTerm) {
        t.cooling_mwh *= 0.999;
    }
    check_meter(site, to, t, meter_mw);
}

/// The meter equals its uses and stays within the limit.
fn check_meter(site: &Site, to: SimTime, t: &Totals, meter_mw: f64) {
    let uses = t.mining_mwh + t.gpu_it_mwh + t.lease_it_mwh + t.cooling_mwh + t.losses_mwh + t.other_mwh;
    let sides = (t.sources_mwh(), uses + t.charge_mwh);
    invariant::equal("energy at the meter", &site.name, to, sides, sides.0);
    // The greatest load for a limit is found by bisection and square roots: a millionth of a megawatt is rounding.
    invariant::at_most(
        "power at the meter",
        &site.name,
        to,
        meter_mw,
        site.open.import_limit_mw + 1e-6 + idle_mw(site),
    );
}

/// Counts what came from elsewhere than the grid, and the carbon of both.
fn count_sources(
    site: &Site,
    t: &mut Totals,
    given: &Given,
    (meter_mw, hours): (f64, f64),
    grid_g_per_kwh: Option<f64>,
) {
    t.onsite_mwh = given.onsite_mw * hours;
    t.discharge_mwh = given.discharge_mw * hours;
    t.charge_mwh = given.charge_mw * hours;
    t.backup_mwh = given.backup_mw * hours;
    t.fuel_usd = given.usd_per_h * hours;
    if let Some(grid) = grid_g_per_kwh {
        let fuel = given.carbon_kg_per_h * hours;
        t.carbon_kg = t.grid_mwh * grid + fuel;
        t.carbon_contract_kg = site.supply.carbon_kg_per_h(site.open.from, meter_mw, grid) * hours + fuel;
    }
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
