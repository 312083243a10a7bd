//! Whether tenants whose work must not leave a jurisdiction can be served at all.

use crate::problem::{FieldPath, Problems};
use crate::scenario::spec::{ConversionSpec, ScenarioSpec, SiteSpec};

/// Refuses tenants for whom no site stands where their work must stay.
pub fn check_tenants(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    for (index, tenant) in spec.tenants.iter().enumerate() {
        let Some(residency) = &tenant.residency else {
            continue;
        };
        if !spec.sites.iter().any(|site| site.may_serve(tenant)) {
            let known = spec.sites.iter().filter_map(SiteSpec::jurisdiction);
            let at = at.index(index).key("residency");
            problems.unknown(&at, "residency of a site", residency.as_str(), known);
        }
    }
}

/// Refuses conversions that name a tenant whom none of their halls may serve.
pub fn check_conversion(
    spec: &ScenarioSpec,
    conversion: &ConversionSpec,
    at: &FieldPath,
    problems: &mut Problems,
) {
    let sites: Vec<&SiteSpec> = conversion
        .halls
        .iter()
        .filter_map(|hall| {
            let (site, _) = hall.split_once('/')?;
            spec.sites.iter().find(|s| s.id.as_str() == site)
        })
        .collect();
    for (index, name) in conversion.tenants.iter().flatten().enumerate() {
        let tenant = spec.tenants.iter().find(|t| t.id == *name);
        let Some(tenant) = tenant.filter(|_| !sites.is_empty()) else {
            continue;
        };
        if !sites.iter().any(|site| site.may_serve(tenant)) {
            let residency = tenant.residency.as_ref().map_or("", |name| name.as_str());
            problems.error_with_help(
                &at.key("tenants").index(index),
                format!(
                    "the work of tenant `{name}` must stay in `{residency}`, where none of these halls stands"
                ),
                "name halls of a site with that `residency` or of that `country`",
            );
        }
    }
}
