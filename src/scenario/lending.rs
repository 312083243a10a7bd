//! Whether the pool that a service lends its idle GPUs to can take them.

use crate::id::Name;
use crate::problem::{FieldPath, Problems};
use crate::scenario::spec::ScenarioSpec;
use crate::workload::tenant::{OnDemandSpec, TenantSpec};

/// Refuses a service that lends to nobody's pool, or to one whose GPUs stand in nodes: those are a fixed set.
pub fn check(spec: &ScenarioSpec, tenant: &TenantSpec, at: &FieldPath, problems: &mut Problems) {
    let Some(name) = tenant.inference.as_ref().and_then(|s| s.lend_to.as_ref()) else {
        return;
    };
    let at = at.key("inference").key("lend_to");
    let pool = |t: &&TenantSpec| t.on_demand.is_some();
    match spec.tenants.iter().filter(pool).find(|t| t.id == *name) {
        Some(TenantSpec {
            on_demand: Some(OnDemandSpec::Jobs(jobs)),
            ..
        }) if jobs.nodes.is_some() => problems.error_with_help(
            &at,
            format!("the GPUs of `{name}` stand in nodes, to which lent ones cannot be added"),
            "leave out `nodes` of that pool",
        ),
        Some(_) => {}
        None => {
            let known = spec.tenants.iter().filter(pool).map(|t| Name::as_str(&t.id));
            problems.unknown(&at, "tenant with `on_demand` jobs", name.as_str(), known);
        }
    }
}
