//! What must hold of a site's sources besides its grid, and of the names that they and its carbon refer to.

use std::collections::BTreeSet;

use crate::id::Name;
use crate::power::battery::BatteryRuleSpec;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::spec::{ScenarioSpec, SiteSpec};

/// The most generators of a site.
pub const ONSITE_MAX: usize = 100;

/// Checks generation on site, battery and backup.
pub fn check_sources(site: &SiteSpec, at: &FieldPath, problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (index, onsite) in site.onsite.iter().enumerate() {
        let at = at.key("onsite").index(index);
        onsite.check(&at, problems);
        if !names.insert(&onsite.id) {
            problems.error(&at.key("id"), format!("`{}` exists twice", onsite.id));
        }
    }
    if names.len() > ONSITE_MAX {
        let message = format!("{} generators: at most {ONSITE_MAX}", names.len());
        problems.error(&at.key("onsite"), message);
    }
    if let Some(battery) = &site.battery {
        battery.check(&at.key("battery"), problems);
    }
    if let Some(backup) = &site.backup {
        backup.check(&at.key("backup"), problems);
        if site.grid.outages.is_none() {
            let message = "the generators never run: `grid.outages` states no outages";
            problems.warn(&at.key("backup"), message);
        }
    }
}

/// Requires that the prices and the carbon intensity that a site names exist.
pub fn check_names(spec: &ScenarioSpec, site: &SiteSpec, at: &FieldPath, problems: &mut Problems) {
    if let Some(BatteryRuleSpec::Arbitrage(rule)) = site.battery.as_ref().map(|b| &b.rule)
        && !spec.market.power.contains_key(&rule.price)
    {
        let at = at.key("battery").key("rule").key("arbitrage").key("price");
        let known = spec.market.power.keys().map(Name::as_str);
        problems.unknown(&at, "price", rule.price.as_str(), known);
    }
    if let Some(name) = &site.carbon {
        if !spec.market.carbon.contains_key(name) {
            let known = spec.market.carbon.keys().map(Name::as_str);
            problems.unknown(&at.key("carbon"), "carbon intensity", name.as_str(), known);
        }
        return;
    }
    for (index, contract) in site.power_contracts.0.iter().enumerate() {
        if contract.carbon_g_per_kwh.is_some() {
            problems.error_with_help(
                &at.key("power_contracts").index(index).key("carbon_g_per_kwh"),
                "the carbon of what this contract does not cover is unknown",
                "name the grid's intensity: `carbon = \"...\"` of the site, out of `market.carbon`",
            );
        }
    }
}
