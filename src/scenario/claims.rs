//! Whether the halls of a strategy hold the GPUs that its tenants want.

use crate::fleet::Accelerators;
use crate::problem::{FieldPath, Problems};
use crate::scenario::spec::{ScenarioSpec, StrategySpec};
use crate::site::InstallSpec;
use crate::units::Power;
use crate::workload::tenant::{OnDemandSpec, ReservedSpec, TenantSpec};

/// GPUs that an installation puts into a hall; none where the check refuses it.
fn gpus(install: &InstallSpec, grid_mw: f64) -> u64 {
    let it = Power::from_mw(grid_mw * install.critical_it_percent / 100.0);
    Accelerators::new(&install.accelerators(), it).map_or(0, |a| u64::from(a.gpus()))
}

/// GPUs that a tenant wants.
fn wanted(tenant: &TenantSpec) -> u64 {
    match (&tenant.reserved, &tenant.on_demand, &tenant.inference) {
        (Some(ReservedSpec::GpuBlock(block)), _, _) => u64::from(block.gpus),
        (_, Some(OnDemandSpec::Jobs(jobs)), _) => u64::from(jobs.gpus),
        (_, _, Some(service)) => u64::from(service.gpus()),
        _ => 0,
    }
}

/// Warns where tenants want more GPUs than a strategy installs: those that claim last get what is left.
pub fn check(spec: &ScenarioSpec, strategy: &StrategySpec, at: &FieldPath, problems: &mut Problems) {
    let grid_mw = |name: &str| -> f64 {
        let (site, hall) = name.split_once('/').unwrap_or((name, ""));
        let halls = spec
            .sites
            .iter()
            .filter(|s| s.id.as_str() == site)
            .flat_map(|s| &s.halls);
        let mut named = halls.filter(|h| h.repeat <= 1_000 && h.names().iter().any(|n| n == hall));
        named.next().map_or(0.0, |h| h.grid_mw)
    };
    let serving = spec.sites.iter().flat_map(|s| &s.halls).filter_map(|h| {
        let install = h.serving.as_ref()?;
        Some(gpus(install, h.grid_mw) * u64::from(h.repeat))
    });
    let converted = strategy.conversions.iter().filter_map(|c| {
        let install = c.install.as_ref()?;
        Some(
            c.halls
                .iter()
                .map(|name| gpus(install, grid_mw(name)))
                .sum::<u64>(),
        )
    });
    let installed: u64 = serving.chain(converted).sum();
    let wanted: u64 = spec.tenants.iter().map(wanted).sum();
    // A strategy that installs nothing, or says whom it serves, has answered the question.
    let mut installs = strategy.conversions.iter().filter(|c| c.install.is_some());
    let open = installs.next().is_some() && strategy.conversions.iter().all(|c| c.tenants.is_none());
    if open && wanted > installed {
        problems.warn(
            at,
            format!("tenants want {wanted} GPUs, the halls of `{}` hold {installed}: tenants are served in file order, the last get what is left", strategy.id),
        );
    }
}
