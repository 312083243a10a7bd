//! What the start of a conversion names: markets, tenants and halls must be there, and somebody must be able to sign.

use crate::conversion::start::WhenSpec;
use crate::problem::{FieldPath, Problems};
use crate::scenario::spec::{ConversionSpec, ScenarioSpec};
use crate::time::parse_date;
use crate::workload::tenant::ReservedSpec;

/// Checks the conditions of a start.
pub(super) fn check(
    spec: &ScenarioSpec,
    conversion: &ConversionSpec,
    when: &WhenSpec,
    at: &FieldPath,
    problems: &mut Problems,
) {
    let (dear, cheap) = (when.rent_above.as_ref(), when.rent_below.as_ref());
    for (key, market) in [
        ("rent_above", dear.map(|rent| &rent.market)),
        ("rent_below", cheap.map(|rent| &rent.market)),
    ] {
        let markets = &spec.market.gpu_rent;
        if let Some(market) = market.filter(|name| !markets.contains_key(*name)) {
            let known = markets.keys().map(crate::id::Name::as_str);
            problems.unknown(&at.key(key).key("market"), "rent market", market.as_str(), known);
        }
    }
    if let Some(tenant) = &when.term_over {
        let blocks = || spec.tenants.iter().filter(|t| t.reserved.is_some());
        if !blocks().any(|t| t.id == *tenant) {
            let known = blocks().map(|t| t.id.as_str());
            problems.unknown(
                &at.key("term_over"),
                "tenant with a block",
                tenant.as_str(),
                known,
            );
        }
    }
    if let Some(tenant) = &when.tenant_signs {
        check_tenant(spec, tenant.as_str(), &at.key("tenant_signs"), problems);
    }
    let signs = conversion
        .lease
        .as_ref()
        .is_some_and(|lease| lease.signs.is_some());
    if when.lease_signed && !signs {
        let help = "give `lease` a `signs = { date = \"2026-09-01\" }` or `signs = { drawn = ... }`";
        problems.error_with_help(&at.key("lease_signed"), "no lease that somebody signs", help);
    }
    check_halls(spec, conversion, when, at, problems);
    let dates = [&when.not_before, &when.or_date].map(|d| d.as_ref().and_then(|d| parse_date(d)));
    if let [Some(earliest), Some(latest)] = dates
        && latest < earliest
    {
        problems.error(
            &at.key("or_date"),
            format!("lies before `not_before`, {earliest}"),
        );
    }
}

fn check_tenant(spec: &ScenarioSpec, name: &str, at: &FieldPath, problems: &mut Problems) {
    let Some(tenant) = spec.tenants.iter().find(|t| t.id.as_str() == name) else {
        let known = spec.tenants.iter().map(|t| t.id.as_str());
        problems.unknown(at, "tenant", name, known);
        return;
    };
    let signs = match &tenant.reserved {
        Some(ReservedSpec::GpuBlock(block)) => block.signs.is_some(),
        None => false,
    };
    if !signs {
        let help = "give its `reserved.gpu_block` a `signs = { date = \"2026-09-01\" }` or `signs = { drawn = ... }`";
        problems.error_with_help(at, format!("nothing says when `{name}` signs"), help);
    }
}

/// Halls that others convert, and not this conversion itself.
fn check_halls(
    spec: &ScenarioSpec,
    conversion: &ConversionSpec,
    when: &WhenSpec,
    at: &FieldPath,
    problems: &mut Problems,
) {
    let names = if when.after_ready.is_empty() {
        Vec::new()
    } else {
        spec.hall_names()
    };
    for (index, hall) in when.after_ready.iter().enumerate() {
        let at = at.key("after_ready").index(index);
        if !names.contains(hall) {
            problems.unknown(&at, "hall", hall, names.iter().map(String::as_str));
        } else if conversion.halls.contains(hall) {
            problems.error(&at, format!("`{hall}` is converted by this very conversion"));
        }
    }
}
