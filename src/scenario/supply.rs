//! What must hold of a site's connection and its other sources, and of the names that they and its carbon refer to.

use std::collections::BTreeSet;

use crate::id::Name;
use crate::power::battery::BatteryRuleSpec;
use crate::power::grid::Grid;
use crate::problem::{Check, FieldPath, Problems};
use crate::scenario::horizon::Horizon;
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::time::{Calendar, parse_date};

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
/// What a site has at the start, against what serves then and what its halls may draw.
pub(super) fn check_import_at_start(
    site: &SiteSpec,
    horizon: &Horizon,
    at: &FieldPath,
    problems: &mut Problems,
) {
    let Some(calendar) = Calendar::of_zone(&site.timezone) else {
        return;
    };
    let dates_ok = site
        .grid
        .import_limit_mw
        .windows(2)
        .all(|w| w[0].from < w[1].from);
    if !dates_ok
        || site
            .grid
            .import_limit_mw
            .iter()
            .any(|s| parse_date(&s.from).is_none())
    {
        return;
    }
    let first = Grid::new(&site.grid, &calendar)
        .import_limit(horizon.start)
        .as_mw();
    if first <= 0.0
        && let Some(step) = site.grid.import_limit_mw.first()
    {
        let at = at.key("grid").key("import_limit_mw").index(0).key("from");
        problems.warn(&at, format!("the site has no connection before `{}`", step.from));
    }
    let limits = site.grid.import_limit_mw.iter().map(|s| s.mw);
    let most = limits.fold(first, f64::max);
    let firm: f64 = site
        .halls
        .iter()
        .filter_map(|h| {
            h.serving
                .as_ref()
                .map(|s| h.grid_mw * f64::from(h.repeat) * s.critical_it_percent / 100.0)
        })
        .sum();
    if firm > first {
        let message = format!(
            "halls that serve from the start carry {firm:.1} MW of critical load, the import limit is {first:.1} MW"
        );
        problems.error_with_help(
            &at.key("grid").key("import_limit_mw"),
            message,
            "raise the limit or serve fewer halls",
        );
    }
    let halls: f64 = site.halls.iter().map(|h| h.grid_mw * f64::from(h.repeat)).sum();
    if halls > most {
        let message = format!(
            "the halls may draw {halls:.1} MW together, the connection never gives more than {most:.1} MW"
        );
        problems.warn(&at.key("halls"), message);
    }
}
