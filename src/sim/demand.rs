//! Tenants at run time: reserved blocks, on-demand pools, inference services, leases. What they asked for, what they got, what they owe.
//!
//! Physics ends here and money begins: [`super::books`] turns a month's counts into postings.

mod block;
mod jobs;
mod lease;
mod letting;
mod promise;
mod service;

pub use block::{Block, BlockInvoice};
pub use lease::Lease;
pub use letting::Turn;
pub use service::{ServiceInvoice, invoice};

use std::sync::Arc;

use jobs::{layout, quotas, settings, week_demand};

use crate::random::Streams;
use crate::scenario::Scenario;
use crate::scenario::spec::{Fidelity, ScenarioSpec, StrategySpec};
use crate::series::Steps;
use crate::sim::pool::{FlowSetup, Pool, PoolPlan};
use crate::sim::world::Ingredients;
use crate::site::LeaseSpec;
use crate::time::SimTime;
use crate::workload::demand::{WeekSampler, sampled_weeks};
use crate::workload::fluid::Offer;
use crate::workload::fluid::fit::{Subject, fit};
use crate::workload::growth::Growth;
use crate::workload::profile::{LoadProfile, LoadProfileSpec};
use crate::workload::service::Service;
use crate::workload::tenant::{JobsDemandSpec, MilestoneSpec, OnDemandSpec, ReservedSpec, TenantSpec};

/// Hours of a mean month.
pub const MONTH_HOURS: f64 = 8_766.0 / 12.0;

fn week(profile: &LoadProfileSpec) -> Vec<f64> {
    let profile = LoadProfile::new(profile);
    (0..168_u8)
        .map(|h| profile.fraction((h / 24) as i8, (h % 24) as i8).as_fraction())
        .collect()
}

/// What was promised by when, and what lateness costs.
#[derive(Debug, Clone, Copy)]
pub struct Milestone {
    latest: Option<SimTime>,
    penalty_share_per_month: f64,
}

impl Milestone {
    fn new(spec: &MilestoneSpec, from: &Ingredients<'_>) -> Self {
        // A contract's days are the ledger's: its halls may stand at several sites.
        let calendar = &from.scenario.horizon.calendar;
        Self {
            // The last free day is free to its end.
            latest: spec
                .latest
                .as_ref()
                .and_then(|day| promise::end_of(day, calendar)),
            penalty_share_per_month: spec.late_penalty_percent_per_month / 100.0,
        }
    }
    /// The penalty for `[from, to)` in shares of a month's fee, if it was ready at `ready`.
    fn penalty_share(&self, from: SimTime, to: SimTime, ready: Option<SimTime>) -> f64 {
        let Some(latest) = self.latest else { return 0.0 };
        let until = ready.map_or(to, |r| r.min(to));
        let late = (until - from.max(latest)).as_hours().max(0.0);
        late / MONTH_HOURS * self.penalty_share_per_month
    }
}

/// Money of a pool.
#[derive(Debug, Clone, Copy, Default)]
pub struct PoolBook {
    /// Rent that holds now, USD per GPU-hour on demand.
    pub rent_usd: f64,
    /// Price of spot relative to it.
    pub spot_share: f64,
    /// The rent market.
    pub market: usize,
    /// GPUs of its own at most; services may lend it others.
    pub own_gpus: u32,
    /// Earned on demand since the month began, USD.
    pub on_demand_usd: f64,
    /// Earned as spot, USD.
    pub spot_usd: f64,
    /// GPU-hours of work since the beginning.
    pub served_gpu_h: f64,
    /// Earned since the beginning, USD.
    pub earned_usd: f64,
}

impl PoolBook {
    /// Adds GPU-hours of work.
    pub fn deliver(&mut self, on_demand_gpu_h: f64, spot_gpu_h: f64) {
        let on_demand_usd = on_demand_gpu_h * self.rent_usd;
        let spot_usd = spot_gpu_h * self.rent_usd * self.spot_share;
        self.on_demand_usd += on_demand_usd;
        self.spot_usd += spot_usd;
        self.served_gpu_h += on_demand_gpu_h + spot_gpu_h;
        self.earned_usd += on_demand_usd + spot_usd;
    }
}

/// All tenants of a strategy.
#[derive(Debug, Default)]
pub struct Demand {
    /// Reserved blocks.
    pub blocks: Vec<Block>,
    /// On-demand pools.
    pub pools: Vec<Pool>,
    /// Their money.
    pub pool_books: Vec<PoolBook>,
    /// Inference services.
    pub services: Vec<Service>,
    /// GPU-hours of work that each of them lent to a pool.
    pub lent_gpu_h: Vec<f64>,
    /// Leases, one for each leased hall.
    pub leases: Vec<Lease>,
    /// Index of the block, pool or service of each tenant of the scenario.
    pub tenants: Vec<Held>,
}

/// What a tenant of the scenario holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A block.
    Block(usize),
    /// A pool.
    Pool(usize),
    /// A service.
    Service(usize),
}

impl Demand {
    /// The tenants at the start. Leases are added as halls are planned.
    pub fn new(from: &Ingredients<'_>, record: bool) -> Self {
        let Ingredients { scenario, spec, .. } = *from;
        let mut demand = Self::default();
        for (index, tenant) in spec.tenants.iter().enumerate() {
            if let Some(ReservedSpec::GpuBlock(block)) = &tenant.reserved {
                demand.tenants.push(Held::Block(demand.blocks.len()));
                demand.blocks.push(Block::new(tenant, block, from));
            } else if let Some(OnDemandSpec::Jobs(jobs)) = &tenant.on_demand {
                demand.tenants.push(Held::Pool(demand.pools.len()));
                let sampler = scenario.data.demand[index]
                    .clone()
                    .expect("the trace of every pool was read");
                let plan = pool_plan(from, (index, jobs), &sampler);
                demand.pools.push(Pool::new(plan, sampler, record));
                demand.pool_books.push(PoolBook {
                    spot_share: jobs.spot_price_percent / 100.0,
                    own_gpus: jobs.gpus,
                    market: spec
                        .market
                        .gpu_rent
                        .get_index_of(&jobs.price)
                        .expect("the check knows the market"),
                    ..PoolBook::default()
                });
            } else if let Some(service) = &tenant.inference {
                demand.tenants.push(Held::Service(demand.services.len()));
                demand.services.push(service::new(from, (index, service)));
                demand.lent_gpu_h.push(0.0);
            }
        }
        demand
    }

    /// Adds the lease of a hall and gives its index.
    pub fn add_lease(&mut self, spec: &LeaseSpec, tenant: &str, it_mw: f64, from: &Ingredients<'_>) -> usize {
        let signs = block::signature(spec.signs.as_ref(), tenant, from);
        // One tenant holds all halls of a conversion, and defaults on all of them.
        let lettings = letting::Lettings::new(spec, || from.streams.stream(&format!("defaults/{tenant}")));
        self.leases.push(Lease {
            milestone: Milestone::new(spec.starts.milestone(), from),
            signs,
            signed: signs <= from.scenario.horizon.start,
            stands: None,
            profile: week(&spec.load_profile),
            spec: spec.clone(),
            it_kw: it_mw * 1e3,
            ready: None,
            lettings,
            usd_per_unit: spec
                .currency
                .as_ref()
                .and_then(|currency| currency.steps(&from.scenario.horizon.calendar))
                .unwrap_or_else(|| Steps::constant(1.0)),
            defaults: 0,
            asked_mwh: 0.0,
            delivered_mwh: 0.0,
        });
        self.leases.len() - 1
    }
    /// Share of a block's GPUs at work in an hour of the week.
    pub fn block_share(&self, index: usize, hour_of_week: usize) -> f64 {
        self.blocks[index].share(hour_of_week)
    }
    /// Share of a lease's load that is drawn in an hour of the week.
    pub fn lease_share(&self, index: usize, hour_of_week: usize) -> f64 {
        self.leases[index].share(hour_of_week)
    }
    /// How many GPUs a tenant still lacks.
    pub fn wants(&self, tenant: usize, given: &[u32]) -> u32 {
        let most = match self.tenants[tenant] {
            Held::Block(index) => self.blocks[index].spec.gpus,
            Held::Pool(index) => self.pool_books[index].own_gpus,
            Held::Service(index) => self.services[index].spec().gpus(),
        };
        most.saturating_sub(given[tenant])
    }
}

/// Which tenants a strategy's halls serve, in order of claim: those that its conversions name, or all.
pub fn claims(spec: &ScenarioSpec, named: Option<&Vec<crate::id::Name>>) -> Vec<usize> {
    match named {
        Some(names) => names
            .iter()
            .filter_map(|n| spec.tenants.iter().position(|t| t.id == *n))
            .collect(),
        None => (0..spec.tenants.len()).collect(),
    }
}

/// Whether any conversion of a strategy may hold a tenant.
pub fn concerns(spec: &ScenarioSpec, strategy: &StrategySpec, tenant: usize) -> bool {
    let mut installs = strategy.conversions.iter().filter(|c| c.install.is_some());
    installs.any(|c| claims(spec, c.tenants.as_ref()).contains(&tenant))
}

fn pool_plan(
    from: &Ingredients<'_>,
    (index, jobs): (usize, &JobsDemandSpec),
    sampler: &WeekSampler,
) -> PoolPlan {
    let Ingredients {
        scenario,
        spec,
        setup,
        streams,
        fidelity,
        ..
    } = *from;
    let tenant = spec.tenants[index].id.as_str();
    let mut simulated = match fidelity {
        flowing if flowing.flows() => Vec::new(),
        other => vec![other == Fidelity::Jobs; setup.weeks as usize],
    };
    if fidelity == Fidelity::SampledWeeks {
        let purpose = format!("demand/{tenant}");
        for week in sampled_weeks(setup.weeks, spec.run.sampled_weeks_per_year, &streams, &purpose) {
            simulated[week.week as usize] = true;
        }
    }
    PoolPlan {
        tenant: tenant.to_owned(),
        policy: jobs.policy,
        settings: settings(spec, index, jobs, sampler),
        quotas: quotas(jobs, sampler),
        layout: layout(jobs),
        demand: week_demand(jobs),
        growth: Growth::new(
            scenario.horizon.start,
            jobs.growth_percent_per_year,
            &jobs.regimes,
            &scenario.horizon.calendar,
        ),
        monday: setup.monday,
        start: scenario.horizon.start,
        simulated,
        // At `jobs` nothing flows.
        flow: setup.flows[index].clone().filter(|_| fidelity != Fidelity::Jobs),
    }
}

/// The flows of the pools, by tenant: none at `jobs`, unless its error is asked for. Surfaces are fitted here, once
/// for all replications and strategies, on streams that no replication uses.
pub fn flows(scenario: &Scenario) -> Vec<Option<FlowSetup>> {
    let spec = &scenario.spec;
    let flow = |(index, tenant): (usize, &TenantSpec)| {
        let Some(OnDemandSpec::Jobs(jobs)) = &tenant.on_demand else {
            return None;
        };
        let sampler = scenario.data.demand[index].as_ref()?;
        let (quotas, layout) = (quotas(jobs, sampler), layout(jobs));
        let purpose = format!("surface/{}", tenant.id);
        let subject = Subject {
            sampler,
            policy: jobs.policy,
            settings: settings(spec, index, jobs, sampler),
            quotas: &quotas,
            layout: layout.as_ref(),
            demand: week_demand(jobs),
            streams: Streams::shared(spec.run.seed),
            purpose: &purpose,
        };
        let offer = Arc::new(Offer::new(sampler, &subject.settings, subject.demand.checkpoint));
        let surface = Arc::new(fit(&subject, &offer));
        Some(FlowSetup { offer, surface })
    };
    if spec.run.fidelity == Fidelity::Jobs {
        return vec![None; spec.tenants.len()];
    }
    spec.tenants.iter().enumerate().map(flow).collect()
}
