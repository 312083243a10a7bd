//! What a pool of jobs is set to, out of what its tenant says.

use super::service::lent_at_most;
use crate::id::Name;
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::sim::pool::QUEUE_MAX;
use crate::time::Span;
use crate::units::Ratio;
use crate::workload::demand::{WeekDemand, WeekSampler};
use crate::workload::labels::NONE;
use crate::workload::scheduler::{Layout, NO_QUOTA, Overheads, Settings};
use crate::workload::tenant::{JobsDemandSpec, TenantSpec};

/// Where the pool of a tenant stands, by the trace's words: where the tenant's work must stay, or else where all sites
/// are. A pool that may stand anywhere serves no job that must stay somewhere.
fn home(spec: &ScenarioSpec, tenant: &TenantSpec, sampler: &WeekSampler) -> u16 {
    let mut sites = spec.sites.iter().map(SiteSpec::jurisdiction);
    let first = sites.next().flatten();
    let shared = first.filter(|first| sites.all(|site| site == Some(*first)));
    let home = tenant.residency.as_ref().map(Name::as_str).or(shared);
    home.and_then(|word| sampler.residencies().find(word))
        .unwrap_or(NONE)
}

/// The quotas of a pool by number of the trace's tenants.
pub(super) fn quotas(jobs: &JobsDemandSpec, sampler: &WeekSampler) -> Vec<u32> {
    let mut quotas = vec![NO_QUOTA; sampler.tenants().len() + 1];
    for (tenant, gpus) in &jobs.quotas {
        if let Some(number) = sampler.tenants().find(tenant) {
            quotas[usize::from(number)] = *gpus;
        }
    }
    quotas
}

/// The nodes in which a pool's GPUs stand, if they are more than counted.
pub(super) fn layout(jobs: &JobsDemandSpec) -> Option<Layout> {
    let nodes = jobs.nodes.as_ref()?;
    Some(nodes.layout(jobs.gpus).expect("checked with the scenario"))
}

/// What the scheduler of a pool is set to, before it has GPUs.
pub(super) fn settings(
    spec: &ScenarioSpec,
    tenant: usize,
    jobs: &JobsDemandSpec,
    sampler: &WeekSampler,
) -> Settings {
    let home = home(spec, &spec.tenants[tenant], sampler);
    Settings {
        // Services may lend theirs besides its own.
        gpus_max: jobs.gpus.saturating_add(lent_at_most(spec, tenant)),
        patience: Some(Span::from_seconds((jobs.patience_hours * 3_600.0) as i64)),
        queue_max: Some(QUEUE_MAX),
        runtimes: jobs.estimates.runtimes(jobs.kills_at_limit),
        preemption: jobs.preemption.unwrap_or_default(),
        residency: Some(home),
        overheads: Overheads {
            checkpoint: Span::from_seconds(jobs.checkpoint_cost_seconds.round() as i64),
            restart: Span::from_seconds((jobs.restart_minutes * 60.0).round() as i64),
        },
        ..Settings::constant(0)
    }
}

pub(super) fn week_demand(jobs: &JobsDemandSpec) -> WeekDemand {
    WeekDemand {
        copies: f64::from(jobs.copies),
        spot_share: Ratio::from_percent(jobs.spot_share_percent),
        checkpoint: Span::from_seconds((jobs.checkpoint_hours * 3_600.0) as i64),
        estimates: jobs.estimates,
    }
}
