//! What the replication shown in detail leaves behind: hours, months, bills, states of halls, jobs, events.

use crate::power::contract::SettlementLine;
use crate::results::replication::Detail;
use crate::results::tables::{
    CapacityRow, EventRow, HallStateRow, HourlyRow, JobRow, MonthlyRow, SettlementRow,
};
use crate::scenario::Scenario;
use crate::sim::capacity;
use crate::sim::demand::Demand;
use crate::sim::pool::{MonthOfJobs, SeenJob};
use crate::sim::settle::{Closed, Context};
use crate::sim::site::{Binding, Site};
use crate::sim::world::reach::Reach;
use crate::time::{Month, SimTime};
use crate::workload::service::Counts;

/// The most rows of jobs and of events that are kept.
const ROWS_MAX: usize = 20_000_000;

/// What detail is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DetailWanted {
    /// Every job and event; hours, months, bills and states come always.
    pub jobs: bool,
}

/// Strategy, case, fidelity and number of the replication recorded.
#[derive(Debug, Clone)]
pub struct Label {
    /// Strategy id.
    pub strategy: String,
    /// Case id.
    pub case: String,
    /// Fidelity.
    pub fidelity: String,
    /// Replication.
    pub replication: u32,
}

/// An hour of a site so far, in unit-hours.
#[derive(Debug, Clone, Copy, Default)]
struct HourSums {
    hours: f64,
    grid: f64,
    mining: f64,
    gpu_it: f64,
    cooling: f64,
    losses: f64,
    other: f64,
    onsite: f64,
    discharge: f64,
    charge: f64,
    backup: f64,
    mining_gain_usd: f64,
    capacity: f64,
    busy: f64,
    hour: usize,
    limit_mw: f64,
    price: f64,
    mining_cost: f64,
    binding: Binding,
}

/// Records one replication.
#[derive(Debug)]
pub struct Recorder {
    wanted: DetailWanted,
    label: Label,
    start: SimTime,
    hours: Vec<HourSums>,
    air: Vec<(f64, f64)>,
    earned_usd: f64,
    detail: Detail,
}

impl Recorder {
    /// Nothing recorded yet.
    pub fn new(wanted: DetailWanted, label: Label, start: SimTime, sites: usize) -> Self {
        let (hours, air) = (vec![HourSums::default(); sites], vec![(0.0, 0.0); sites]);
        Self {
            wanted,
            label,
            start,
            hours,
            air,
            earned_usd: 0.0,
            detail: Detail {
                mining_costs: vec![Vec::new(); sites],
                ..Detail::default()
            },
        }
    }
    /// Whether single jobs are wanted.
    pub fn wants_jobs(&self) -> bool {
        self.wanted.jobs
    }

    /// Adds an interval of a site.
    pub fn interval(&mut self, site: &Site, closed: &Closed, context: &Context<'_>) {
        let sums = &mut self.hours[site.index];
        let t = &closed.totals;
        sums.hours += closed.hours;
        sums.grid += t.grid_mwh;
        sums.mining += t.mining_mwh;
        sums.gpu_it += t.gpu_it_mwh + t.lease_it_mwh;
        sums.cooling += t.cooling_mwh;
        sums.losses += t.losses_mwh;
        sums.other += t.other_mwh;
        sums.onsite += t.onsite_mwh;
        sums.discharge += t.discharge_mwh;
        sums.charge += t.charge_mwh;
        sums.backup += t.backup_mwh;
        sums.mining_gain_usd += t.mining_gain_usd;
        sums.capacity += closed.gpu_capacity * closed.hours;
        sums.busy += closed.gpus_busy * closed.hours;
        sums.mining_cost += site.open.mining_usd_per_mwh * closed.hours;
        sums.hour = context.hour;
        sums.limit_mw = site.open.import_limit_mw;
        sums.price = context.paths.prices(context.hour).first().copied().unwrap_or(0.0);
        if sums.binding == Binding::None {
            sums.binding = site.open.binding;
        }
        let air = context.paths.weather[site.index].at(context.hour);
        self.air[site.index] = (air.dry_bulb_c, air.wet_bulb_c);
    }

    /// Writes the hour that has just ended, for every site; it stands for the hours of a step.
    pub fn hour(&mut self, sites: &[Site], scenario: &Scenario, step: usize) {
        for site in sites {
            let sums = std::mem::take(&mut self.hours[site.index]);
            if sums.hours <= 0.0 {
                continue;
            }
            let mean = |sum: f64| sum / sums.hours;
            let cost = std::iter::repeat_n(mean(sums.mining_cost), step);
            self.detail.mining_costs[site.index].extend(cost);
            let (dry_bulb_c, wet_bulb_c) = self.air[site.index];
            self.detail.hourly.push(HourlyRow {
                strategy: self.label.strategy.clone(),
                case: self.label.case.clone(),
                fidelity: self.label.fidelity.clone(),
                site: site.name.clone(),
                start_utc: scenario.data.axis.time(sums.hour).to_utc_text(),
                price_usd_per_mwh: sums.price,
                dry_bulb_c,
                wet_bulb_c,
                import_limit_mw: sums.limit_mw,
                grid_mw: mean(sums.grid),
                mining_mw: mean(sums.mining),
                gpu_it_mw: mean(sums.gpu_it),
                cooling_mw: mean(sums.cooling),
                losses_mw: mean(sums.losses),
                other_mw: mean(sums.other),
                gpu_capacity: mean(sums.capacity),
                gpus_busy: mean(sums.busy),
                binding_limit: sums.binding.as_str().to_owned(),
                onsite_mw: mean(sums.onsite),
                discharge_mw: mean(sums.discharge),
                charge_mw: mean(sums.charge),
                backup_mw: mean(sums.backup),
                mining_gain_usd: sums.mining_gain_usd,
            });
        }
    }

    /// Writes a billing month of a site and its bill.
    /// `costs` are those of power and of mining, USD.
    pub fn month(&mut self, site: &Site, month: Month, lines: &[SettlementLine], costs: (f64, f64)) {
        let (power_cost_usd, mining_cost_usd) = costs;
        let t = &site.month;
        self.detail.monthly.push(MonthlyRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            site: site.name.clone(),
            month: month.to_string(),
            energy_grid_mwh: t.grid_mwh,
            energy_mining_mwh: t.mining_mwh,
            energy_gpu_it_mwh: t.gpu_it_mwh + t.lease_it_mwh,
            energy_cooling_mwh: t.cooling_mwh,
            energy_losses_mwh: t.losses_mwh,
            energy_other_mwh: t.other_mwh,
            peak_mw: t.peak_mw,
            pue: t.pue().unwrap_or(0.0),
            water_m3: t.water_m3,
            gpu_hours_offered: t.offered_gpu_h,
            gpu_hours_served: t.served_gpu_h,
            gpu_hours_idle: t.idle_gpu_h,
            gpu_hours_failed: t.failed_gpu_h,
            gpu_hours_unpowered: t.unpowered_gpu_h,
            btc_mined: t.btc,
            curtailed_mwh: t.curtailed_mwh,
            stranded_mwh_grid: t.capacity.stranded[capacity::GRID],
            stranded_mwh_cooling: t.capacity.stranded[capacity::COOLING],
            stranded_mwh_electrical: t.capacity.stranded[capacity::ELECTRICAL],
            stranded_mwh_staff: t.capacity.stranded[capacity::STAFF],
            stranded_mwh_unlet: t.capacity.stranded[capacity::UNLET],
            stranded_mwh_transformer: t.capacity.stranded[capacity::TRANSFORMER],
            energy_onsite_mwh: t.onsite_mwh,
            energy_discharge_mwh: t.discharge_mwh,
            energy_charge_mwh: t.charge_mwh,
            energy_backup_mwh: t.backup_mwh,
            fuel_usd: t.fuel_usd,
            stranded_mwh_rack: t.capacity.stranded[capacity::RACK],
            contracted_mwh: t.capacity.contracted,
            energised_mwh: t.capacity.energised,
            commissioned_mwh: t.capacity.commissioned,
            billable_mwh: t.capacity.billable,
            used_mwh: t.capacity.used,
            unused_mwh: t.capacity.unused,
            carbon_kg: t.carbon_kg,
            carbon_contract_kg: t.carbon_contract_kg,
            revenue_usd: t.mining_usd + t.hosting_usd,
            power_cost_usd,
            mining_cost_usd,
            ..MonthlyRow::default()
        });
        let rows = lines.iter().map(|line| SettlementRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            site: site.name.clone(),
            month: line.month.to_string(),
            contract: line.contract.clone(),
            clause: line.clause.clone(),
            quantity: line.quantity,
            unit: line.unit.to_owned(),
            rate: line.rate_usd,
            usd: line.usd,
            set_by: line.set_by.clone(),
        });
        self.detail.settlement.extend(rows);
    }

    /// Adds what tenants paid, and what jobs and services did in a month of the ledger to the row of the first site.
    pub fn ledger_month(
        &mut self,
        (month, site): (&str, &str),
        (jobs, tokens): (MonthOfJobs, &Counts),
        earned_usd: f64,
    ) {
        let earned = earned_usd - std::mem::replace(&mut self.earned_usd, earned_usd);
        let rows = &mut self.detail.monthly;
        let own = rows.iter().rposition(|r| r.month == month && r.site == site);
        // A site in another zone may close its month later than the ledger; another's row takes it then.
        let any = || rows.iter().rposition(|r| r.month == month);
        if let Some(row) = own.or_else(any).map(|at| &mut rows[at]) {
            row.revenue_usd += earned;
            row.jobs_finished = jobs.finished;
            row.inference_mtok = (tokens.tokens_in + tokens.tokens_out) / 1e6;
            if tokens.offered > 0.0 {
                row.inference_within_target = tokens.within_share();
            }
            row.inference_first_token_p95_s = tokens.first_token.quantile_s(0.95).unwrap_or(0.0);
            row.mean_wait_s = if jobs.started > 0.0 {
                jobs.wait_s / jobs.started
            } else {
                0.0
            };
        }
    }

    /// Notes that a hall is in a phase from now on.
    pub fn phase(&mut self, site: &Site, hall: usize, now: SimTime) {
        let hall = &site.halls[hall];
        self.detail.hall_states.push(HallStateRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            site: site.name.clone(),
            hall: hall.name.clone(),
            start_utc: now.to_utc_text(),
            state: hall.phase.as_str().to_owned(),
            grid_mw: hall.grid_mw,
        });
    }

    /// Notes that a pool has another number of GPUs from now on.
    pub fn capacity(&mut self, site: &str, pool: &str, now: SimTime, gpus: u32) {
        self.detail.capacity.push(CapacityRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            site: site.to_owned(),
            pool: pool.to_owned(),
            t_s: (now - self.start).as_seconds(),
            gpus,
        });
    }

    /// Notes an event.
    pub fn event(&mut self, site: &str, now: SimTime, (kind, subject, detail): (&str, &str, String)) {
        if !self.wanted.jobs || self.detail.events.len() >= ROWS_MAX {
            return;
        }
        self.detail.events.push(EventRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            replication: self.label.replication,
            t_s: (now - self.start).as_seconds(),
            site: site.to_owned(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            detail,
        });
    }

    /// Ends the record.
    pub fn finish(
        mut self,
        sites: &[Site],
        demand: &mut Demand,
        scenario: &Scenario,
        reach: &Reach,
    ) -> Detail {
        self.hour(sites, scenario, 1);
        for (index, pool) in demand.pools.iter_mut().enumerate() {
            let tenant = pool.tenant().to_owned();
            for seen in pool.take_jobs().into_iter().take(ROWS_MAX) {
                let row = self.job(&seen, &tenant, reach.site_of_pool(index));
                self.detail.jobs.push(row);
            }
        }
        self.detail
    }

    fn job(&self, seen: &SeenJob, tenant: &str, site: &str) -> JobRow {
        // Pool time plus the offset of the week is wall time; files count from the scenario's start.
        let wall = |pool: i64| pool + seen.offset.as_seconds() - self.start.as_unix_s();
        let job = &seen.job;
        JobRow {
            strategy: self.label.strategy.clone(),
            case: self.label.case.clone(),
            fidelity: self.label.fidelity.clone(),
            replication: self.label.replication,
            job_id: job.id,
            class: job.class.as_str().to_owned(),
            tenant: tenant.to_owned(),
            submit_s: wall(job.submit_s),
            start_s: seen.start.map_or(-1, |t| wall(t.as_unix_s())),
            end_s: seen.end.map_or(-1, |t| wall(t.as_unix_s())),
            gpus: job.gpus,
            duration_s: job.duration_s,
            checkpoint_s: i64::from(job.checkpoint_s),
            site: site.to_owned(),
            hall: tenant.to_owned(),
            restarts: seen.restarts,
            lost_gpu_s: seen.lost_gpu_s,
            end_reason: seen.reason.map_or("finished", |r| r.as_str()).to_owned(),
        }
    }
}
