//! The metrics and rows of a replication that has run.

mod finance;

use crate::conversion::HallPhase;
use crate::fleet::failure::{Kind, RepairWaits};
use crate::metric::Metric;
use crate::results::replication::{Cashflow, PORTFOLIO, Replication, Scalar};
use crate::results::tables::ScheduleRow;
use crate::sim::commitment::Earned;
use crate::sim::hall::NewUse;
use crate::sim::invariant::{self, Fault};
use crate::sim::site::{Site, Totals};
use crate::sim::world::World;
use crate::time::{SimTime, Span};
use crate::workload::fluid::wait_quantile_s;
use crate::workload::service::Counts;

struct Scalars(Vec<Scalar>);

impl Scalars {
    fn put(&mut self, scope: usize, metric: Metric, value: f64) {
        if value.is_finite() {
            self.0.push(Scalar {
                scope: scope as u16,
                metric,
                value,
            });
        }
    }
    fn ratio(&mut self, scope: usize, metric: Metric, over: f64, under: f64) {
        if under > 0.0 {
            self.put(scope, metric, over / under);
        }
    }
}

/// Everything that a replication leaves behind, detail aside.
pub fn measure(world: &mut World<'_>, replication: u32) -> Replication {
    let mut scalars = Scalars(Vec::new());
    let mut all = Totals::default();
    let mut peak = 0.0_f64;
    for site in &world.sites {
        all.add(&site.all);
        peak = peak.max(site.all.peak_mw);
        physics(&mut scalars, site.index + 1, &site.all, bill(site));
        dispatched(&mut scalars, site.index + 1, std::slice::from_ref(site));
    }
    let bills = world
        .sites
        .iter()
        .map(bill)
        .fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
    physics(&mut scalars, PORTFOLIO, &all, bills);
    dispatched(&mut scalars, PORTFOLIO, &world.sites);
    cost_of_coins(&mut scalars, world);
    finance::measure(&mut scalars, world);
    reliability(&mut scalars, world);
    jobs(&mut scalars, world);
    inference(&mut scalars, world);
    readiness(&mut scalars, world);
    let ledger = &world.books.ledger;
    let by_account = ledger.cash_by_account();
    let cashflow = Cashflow {
        accounts: by_account.iter().map(|(account, _)| account.id()).collect(),
        usd: by_account.iter().map(|(_, usd)| usd.to_vec()).collect(),
        movement_usd: ledger.movements(),
    };
    Replication {
        strategy: world.from.strategy,
        case: world.from.case,
        replication,
        scalars: scalars.0,
        cashflow,
        schedule: schedule(world, replication),
        events: world.events(),
        detail: None,
    }
}

/// Net power cost and demand response of a site.
fn bill(site: &Site) -> (f64, f64) {
    (site.power_cost_usd, site.demand_response_usd)
}

fn physics(scalars: &mut Scalars, scope: usize, t: &Totals, (power_usd, response_usd): (f64, f64)) {
    let it_mwh = t.mining_mwh + t.gpu_it_mwh + t.lease_it_mwh;
    scalars.put(scope, Metric::EnergyMwh, t.grid_mwh);
    scalars.ratio(scope, Metric::EnergyCostUsdPerMwh, power_usd, t.grid_mwh);
    if let Some(pue) = t.pue() {
        scalars.put(scope, Metric::Pue, pue);
    }
    // Litres over kilowatt-hours: both a thousandth of what is counted.
    scalars.ratio(scope, Metric::WueLPerKwh, t.water_m3, it_mwh);
    scalars.put(scope, Metric::PeakMw, t.peak_mw);
    scalars.put(scope, Metric::GpuHoursOffered, t.offered_gpu_h);
    scalars.put(scope, Metric::GpuHoursServed, t.served_gpu_h);
    scalars.ratio(scope, Metric::GpuUtilisation, t.served_gpu_h, t.offered_gpu_h);
    if t.offered_gpu_h > 0.0 {
        failed(scalars, scope, t);
    }
    scalars.put(scope, Metric::BtcMined, t.btc);
    if t.coin_usd > 0.0 {
        scalars.put(scope, Metric::CoinsMinedUsd, t.coin_usd);
    }
    if t.miners_failed > 0.0 {
        scalars.put(scope, Metric::MinerFailures, t.miners_failed);
    }
    let own_mwh = t.mining_mwh * t.own_mining_share();
    scalars.ratio(scope, Metric::MiningRevenueUsdPerMwh, t.mining_usd, own_mwh);
    if t.hosted_asked_mwh > 0.0 || t.hosting_usd > 0.0 {
        scalars.put(scope, Metric::HostingRevenueUsd, t.hosting_usd);
        scalars.put(scope, Metric::HostedMwh, t.hosted_mwh);
        scalars.ratio(scope, Metric::HostingUptime, t.hosted_mwh, t.hosted_asked_mwh);
    }
    scalars.put(scope, Metric::CurtailedMwh, t.curtailed_mwh);
    scalars.put(scope, Metric::StrandedMwh, t.capacity.stranded.iter().sum());
    if t.carbon_kg > 0.0 || t.carbon_contract_kg > 0.0 {
        scalars.ratio(scope, Metric::CueKgPerKwh, t.carbon_kg, it_mwh * 1e3);
        scalars.ratio(
            scope,
            Metric::CueContractKgPerKwh,
            t.carbon_contract_kg,
            it_mwh * 1e3,
        );
    }
    scalars.put(scope, Metric::DemandResponseUsd, response_usd);
}

/// What dispatch over time earned, where it is stated.
fn dispatched(scalars: &mut Scalars, scope: usize, sites: &[Site]) {
    let mut all = Earned::default();
    let mut any = false;
    for commitment in sites.iter().filter_map(|s| s.commitment.as_ref()) {
        all.add(&commitment.earned());
        any = true;
    }
    if any {
        scalars.put(scope, Metric::MiningMarginUsd, all.margin_usd);
        scalars.put(scope, Metric::MiningGainUsd, all.margin_usd - all.always_usd);
        scalars.put(scope, Metric::MiningRegretUsd, all.best_usd - all.margin_usd);
        scalars.put(scope, Metric::MiningRestarts, all.restarts);
    }
}

fn failed(scalars: &mut Scalars, scope: usize, t: &Totals) {
    scalars.put(scope, Metric::GpuHoursFailed, t.failed_gpu_h);
    for (metric, kind) in [
        (Metric::GpuHoursFailedSystem, Kind::System),
        (Metric::GpuHoursFailedRack, Kind::Rack),
        (Metric::GpuHoursFailedSwitch, Kind::Switch),
        (Metric::GpuHoursFailedFeeder, Kind::Feeder),
    ] {
        scalars.put(scope, metric, t.failed_by_gpu_h[kind.index()]);
    }
}

/// What repairs waited for, and what work was left of what failures struck.
fn reliability(scalars: &mut Scalars, world: &World<'_>) {
    let mut waits = RepairWaits::default();
    for hall in world.sites.iter().flat_map(|s| &s.halls) {
        if let Some(NewUse::Gpu(gpu)) = &hall.new_use {
            waits.add(&gpu.failures.waits());
        }
    }
    for gpu in &world.retired {
        waits.add(&gpu.failures.waits());
    }
    let (technician, part) = (waits.without_part as f64, waits.with_part as f64);
    scalars.ratio(PORTFOLIO, Metric::TechnicianWaitH, waits.technician_h, technician);
    scalars.ratio(PORTFOLIO, Metric::PartWaitH, waits.part_h, part);
    let (mut busy, mut useful) = (0.0, 0.0);
    for block in world.demand.blocks.iter().filter(|b| b.work.trains()) {
        busy += block.work.busy_gpu_h();
        useful += block.work.useful_gpu_h();
    }
    scalars.ratio(PORTFOLIO, Metric::EffectiveTrainingRatio, useful, busy);
    for block in world.demand.blocks.iter().filter(|b| !b.work.trains()) {
        busy += block.work.busy_gpu_h();
        useful += block.work.useful_gpu_h();
    }
    // What share of a pool's work counts is known of its simulated weeks, and taken for all that it served.
    for (pool, book) in world.demand.pools.iter().zip(&world.demand.pool_books) {
        let t = pool.totals();
        if t.work_gpu_s > 0.0 {
            busy += book.served_gpu_h;
            useful += book.served_gpu_h * (1.0 - (t.lost_gpu_s + t.overhead_gpu_s) / t.work_gpu_s);
        }
    }
    scalars.ratio(PORTFOLIO, Metric::Goodput, useful, busy);
}

/// What a coin cost, by site and of the portfolio; the worth of machines is known of the portfolio alone, since they move.
fn cost_of_coins(scalars: &mut Scalars, world: &World<'_>) {
    let (mut power, mut cash, mut btc) = (0.0, 0.0, 0.0);
    for site in &world.sites {
        let (scope, own) = (site.index + 1, site.mining_cost_usd);
        scalars.ratio(scope, Metric::MiningPowerUsdPerBtc, own.0, site.all.btc);
        scalars.ratio(scope, Metric::MiningCashUsdPerBtc, own.1, site.all.btc);
        power += own.0;
        cash += own.1;
        btc += site.all.btc;
    }
    scalars.ratio(PORTFOLIO, Metric::MiningPowerUsdPerBtc, power, btc);
    scalars.ratio(PORTFOLIO, Metric::MiningCashUsdPerBtc, cash, btc);
    let all_in = cash + world.books.miners_usd;
    scalars.ratio(PORTFOLIO, Metric::MiningAllInUsdPerBtc, all_in, btc);
}

fn jobs(scalars: &mut Scalars, world: &mut World<'_>) {
    if world.demand.pools.is_empty() {
        return;
    }
    let (mut finished, mut started, mut wait) = (0.0, 0.0, 0.0);
    let (mut fragmented, mut on_nodes) = (0.0, 0.0);
    let mut waits: Vec<u32> = Vec::new();
    let mut flow: Vec<f64> = Vec::new();
    for pool in &mut world.demand.pools {
        let t = pool.totals();
        finished += t.finished;
        started += t.started;
        wait += t.wait_s;
        if t.on_nodes {
            fragmented += t.fragmented_gpu_s;
            on_nodes += t.capacity_gpu_s;
        }
        add_waits(&mut flow, pool.flow_waits());
        waits.extend_from_slice(pool.waits_sorted());
    }
    if started <= 0.0 {
        return;
    }
    scalars.put(PORTFOLIO, Metric::JobsFinished, finished);
    scalars.put(PORTFOLIO, Metric::MeanWaitS, wait / started);
    if on_nodes > 0.0 {
        scalars.ratio(PORTFOLIO, Metric::Fragmentation, fragmented, on_nodes);
    }
    if world.demand.pools.len() > 1 {
        waits.sort_unstable();
    }
    if let Some(p95) = type_7(&waits, 0.95).or_else(|| wait_quantile_s(&flow, 0.95)) {
        scalars.put(PORTFOLIO, Metric::P95WaitS, p95);
    }
}

/// What inference services answered, how fast, and what they lent.
fn inference(scalars: &mut Scalars, world: &World<'_>) {
    let services = &world.demand.services;
    if services.is_empty() {
        return;
    }
    let mut all = Counts::default();
    for service in services {
        all.add(&service.total());
    }
    let mut put = |metric, value| scalars.put(PORTFOLIO, metric, value);
    put(Metric::InferenceMtok, (all.tokens_in + all.tokens_out) / 1e6);
    put(
        Metric::InferenceLentGpuHours,
        world.demand.lent_gpu_h.iter().sum::<f64>(),
    );
    for (metric, share) in [
        (Metric::InferenceFirstTokenP50S, 0.50),
        (Metric::InferenceFirstTokenP95S, 0.95),
        (Metric::InferenceFirstTokenP99S, 0.99),
    ] {
        if let Some(seconds) = all.first_token.quantile_s(share) {
            put(metric, seconds);
        }
    }
    for (metric, over, under) in [
        (Metric::InferenceWithinTarget, all.within, all.offered),
        (Metric::InferenceRefused, all.refused, all.offered),
        (
            Metric::InferenceSPerToken,
            all.writing_h * 3_600.0,
            all.tokens_out,
        ),
        (Metric::InferenceReplicas, all.replica_h, all.hours),
    ] {
        scalars.ratio(PORTFOLIO, metric, over, under);
    }
}

/// Adds a pool's started jobs by wait to those of the others.
fn add_waits(all: &mut Vec<f64>, own: Option<&[f64]>) {
    let own = own.unwrap_or_default();
    all.resize(all.len().max(own.len()), 0.0);
    for (all, own) in all.iter_mut().zip(own) {
        *all += own;
    }
}

/// Quantile by linear interpolation (type 7) of sorted whole seconds.
fn type_7(sorted: &[u32], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = p * last as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(f64::from(low) + (f64::from(high) - f64::from(low)) * place.fract())
}

/// Months from the start until the last converted hall is ready, and how much later than planned that is.
fn readiness(scalars: &mut Scalars, world: &World<'_>) {
    let start = world.from.scenario.horizon.start;
    let months = |span: Span| span.as_days() / crate::conversion::DAYS_PER_MONTH;
    let (mut ready, mut delay) = (None::<f64>, None::<f64>);
    for running in world.projects.iter().filter(|running| !running.again) {
        for hall in 0..running.halls.len() {
            let (Some(at), Some(planned)) =
                (running.project.ready(hall), running.project.planned_ready(hall))
            else {
                return;
            };
            let late = months(at - planned);
            let at = months(at - start);
            if ready.is_none_or(|r| at > r) {
                (ready, delay) = (Some(at), Some(late));
            }
        }
    }
    if let (Some(ready), Some(delay)) = (ready, delay) {
        scalars.put(PORTFOLIO, Metric::ReadyForServiceMonths, ready);
        scalars.put(PORTFOLIO, Metric::DelayMonths, delay);
    }
}

fn schedule(world: &World<'_>, replication: u32) -> Vec<ScheduleRow> {
    let spec = world.from.spec;
    let text = |t: Option<SimTime>| t.map_or_else(String::new, SimTime::to_utc_text);
    let mut rows = Vec::new();
    for running in &world.projects {
        for outcome in running.project.outcomes() {
            let (s, hall) = match outcome.hall {
                Some(h) => (
                    running.halls[h].0,
                    world.sites[running.halls[h].0].halls[running.halls[h].1]
                        .name
                        .clone(),
                ),
                None => (running.halls[0].0, String::new()),
            };
            rows.push(ScheduleRow {
                strategy: spec.strategies[world.from.strategy].id.to_string(),
                case: crate::scenario::cases::names(&world.from.scenario.spec).swap_remove(world.from.case),
                fidelity: world.from.fidelity.as_str().to_owned(),
                replication,
                site: world.sites[s].name.clone(),
                hall,
                stage: outcome.stage.to_string(),
                planned_start: outcome.planned_start.to_utc_text(),
                planned_end: outcome.planned_end.to_utc_text(),
                start: text(outcome.start),
                end: text(outcome.end),
                critical: outcome.critical,
                cause: outcome.cause,
            });
        }
    }
    rows
}

/// What must hold of a replication as a whole.
pub fn check(world: &World<'_>) {
    let end = world.from.scenario.horizon.end;
    for pool in &world.demand.pools {
        let (submitted, accounted) = pool.jobs_balance();
        let mut accounted = accounted as f64;
        if world.from.fault == Some(Fault::Job) {
            accounted -= 1.0;
        }
        invariant::equal("jobs", pool.tenant(), end, (submitted as f64, accounted), 0.0);
    }
    check_stages(world);
    for site in &world.sites {
        for (hall, fleet) in site.halls.iter().zip(&site.fleets) {
            let mines = matches!(hall.phase, HallPhase::Mining | HallPhase::WindingDown);
            let stands = if fleet.is_empty() { 0.0 } else { 1.0 };
            if !mines {
                invariant::equal(
                    "miners in a hall that has left mining",
                    &hall.name,
                    end,
                    (stands, 0.0),
                    1.0,
                );
            }
        }
    }
}

/// No stage has started before all that it waits for had ended.
fn check_stages(world: &World<'_>) {
    for running in &world.projects {
        let mut outcomes = running.project.outcomes();
        if world.from.fault == Some(Fault::StageDate)
            && let Some(end) = outcomes.iter_mut().find_map(|o| o.end.as_mut())
        {
            *end += Span::from_hours(24);
        }
        let nodes = &running.project.plan().network().nodes;
        for (node, outcome) in nodes.iter().zip(&outcomes) {
            let Some(start) = outcome.start else { continue };
            for before in &node.after {
                let ended = outcomes[*before]
                    .end
                    .map_or(f64::INFINITY, |t| t.as_unix_s() as f64);
                invariant::at_most(
                    "the end of what a stage waits for, and the stage's start",
                    outcome.stage.as_str(),
                    start,
                    ended,
                    start.as_unix_s() as f64,
                );
            }
        }
    }
}
