//! How many megawatts can be sold in each hour of the year: every hall with its plant, its wires and its weather.
//!
//! Worked out once for a scenario over all hours of the base weather, whole and with a cooling unit out of service.
//! Not part of any replication: it says what stands, not what happened.

use rayon::prelude::*;

use crate::cooling::{CoolingSpec, Plant, WeatherHour};
use crate::power::path::{ElectricalPath, ElectricalPathSpec};
use crate::power::redundancy::Redundancy;
use crate::results::tables::{HotHoursRow, Note};
use crate::scenario::spec::StrategySpec;
use crate::scenario::{Scenario, cases};
use crate::sim::hall::Plumbing;
use crate::sim::setup::{Setup, accelerators, critical_it};
use crate::stats::quantile::quantile_sorted;

/// Hours of a year, to which shares of the base weather are brought.
const YEAR_HOURS: f64 = 8_760.0;
/// Within this of design a hall counts as whole, MW.
const ROUNDING_MW: f64 = 1e-9;

/// What a hall sells from.
#[derive(Clone, Copy, PartialEq)]
struct Offer<'a> {
    kind: &'static str,
    cooling: &'a CoolingSpec,
    path: &'a ElectricalPathSpec,
    redundancy: Redundancy,
    design_mw: f64,
    grid_mw: f64,
}

/// Redundancy and units out: a spare stands in for the first unit that fails.
const CONDITIONS: [(&str, u32, u32); 4] = [("n", 0, 0), ("n", 0, 1), ("n+1", 1, 0), ("n+1", 1, 1)];

/// Sellable megawatts of every hall that serves or will, strategy by strategy, and of their sum at each site.
pub fn hot_hours(scenario: &Scenario, setup: &Setup) -> Vec<HotHoursRow> {
    let mut curves: Vec<(usize, Offer<'_>, [Vec<f64>; 4])> = Vec::new();
    let mut rows = Vec::new();
    for (s, strategy) in scenario.spec.strategies.iter().enumerate() {
        for (site, own) in scenario.spec.sites.iter().enumerate() {
            let weather = scenario.data.weather[site].default_hours();
            let mut total: Option<[Vec<f64>; 4]> = None;
            let mut design_mw = 0.0;
            for (hall, (name, entry)) in setup.sites[site].halls.iter().enumerate() {
                let Some(offer) = offer(scenario, setup, (s, strategy), (site, hall), *entry) else {
                    continue;
                };
                let known = curves.iter().position(|(at, o, _)| *at == site && *o == offer);
                let index = known.unwrap_or_else(|| {
                    curves.push((site, offer, CONDITIONS.map(|c| sellable(&offer, weather, c))));
                    curves.len() - 1
                });
                let curve = &curves[index].2;
                design_mw += offer.design_mw;
                add(&mut total, curve);
                for (condition, values) in CONDITIONS.iter().zip(curve) {
                    let mut row = row(values, weather, *condition, offer.design_mw);
                    row.hall.clone_from(name);
                    offer.kind.clone_into(&mut row.kind);
                    offer.cooling.kind().clone_into(&mut row.plant);
                    row.units = offer.cooling.units();
                    rows.push(labelled(row, scenario, strategy, &own.id));
                }
            }
            for (condition, values) in CONDITIONS.iter().zip(total.iter().flatten()) {
                let row = row(values, weather, *condition, design_mw);
                rows.push(labelled(row, scenario, strategy, &own.id));
            }
        }
    }
    rows
}

/// Most notes about plants; the table has all.
const NOTES_SHOWN_MAX: usize = 8;

/// A note for each hall whose plant, whole, falls short of its design in most hours: a set point below what its weather
/// gives, or units too small.
pub fn notes(rows: &[HotHoursRow]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let short = |r: &&HotHoursRow| {
        r.redundancy == "n" && r.units_out == 0 && !r.hall.is_empty() && r.hours_short > 0.5 * YEAR_HOURS
    };
    for row in rows.iter().filter(short) {
        let text = format!(
            "The plant of `{}/{}` (`{}`) carries its design of {:.1} MW in fewer than half of the hours of its weather: \
             {:.1} MW in the median hour. Its set points may be colder than the weather allows.",
            row.site, row.hall, row.plant, row.design_mw, row.p50_mw
        );
        if notes.len() < NOTES_SHOWN_MAX && notes.iter().all(|n| n.text != text) {
            let kind = "warning".to_owned();
            notes.push(Note { kind, text });
        }
    }
    notes
}

fn labelled(
    mut row: HotHoursRow,
    scenario: &Scenario,
    strategy: &StrategySpec,
    site: &crate::id::Name,
) -> HotHoursRow {
    row.strategy = strategy.id.to_string();
    row.case = cases::names(&scenario.spec).swap_remove(0);
    scenario.spec.run.fidelity.as_str().clone_into(&mut row.fidelity);
    row.site = site.to_string();
    row
}

/// What a hall sells from under a strategy: what its conversion puts there, or what serves from the start.
fn offer<'a>(
    scenario: &'a Scenario,
    setup: &Setup,
    (s, strategy): (usize, &'a StrategySpec),
    (site, hall): (usize, usize),
    entry: usize,
) -> Option<Offer<'a>> {
    let spec = &scenario.spec.sites[site].halls[entry];
    let of_install = |install: &'a crate::site::InstallSpec| Offer {
        kind: "gpu",
        cooling: &install.cooling,
        path: &install.path,
        redundancy: install.redundancy,
        design_mw: accelerators(install, spec.grid_mw).provisioned().as_mw(),
        grid_mw: spec.grid_mw,
    };
    let converted = setup.conversions[s]
        .iter()
        .position(|own| own.halls.contains(&(site, hall)));
    match converted.map(|position| &strategy.conversions[position]) {
        Some(conversion) => match (&conversion.install, &conversion.lease) {
            (Some(install), _) => Some(of_install(install)),
            (None, Some(lease)) => Some(Offer {
                kind: "lease",
                cooling: &lease.cooling,
                path: &lease.path,
                redundancy: lease.redundancy,
                design_mw: critical_it(spec.grid_mw, lease.critical_it_percent).as_mw(),
                grid_mw: spec.grid_mw,
            }),
            (None, None) => None,
        },
        None => spec.serving.as_ref().map(of_install),
    }
}

/// IT load that heat, wires and the hall's feed allow in each hour, MW.
fn sellable(offer: &Offer<'_>, weather: &[WeatherHour], (_, spare, out): (&str, u32, u32)) -> Vec<f64> {
    let plant = Plant::new(offer.cooling.clone()).with_units_out(out, spare);
    let plumbing = Plumbing {
        plant: 0,
        design_mw: offer.design_mw,
        path: ElectricalPath::new(offer.path, offer.design_mw, offer.redundancy),
        units_mw: f64::INFINITY,
    };
    let at = |air: &WeatherHour| {
        let hour = plant.hour(air);
        let limit = plumbing.it_limit_mw(&hour);
        plumbing.within(&hour, limit, offer.grid_mw).it_mw
    };
    weather.par_iter().map(at).collect()
}

fn add(total: &mut Option<[Vec<f64>; 4]>, curve: &[Vec<f64>; 4]) {
    let Some(total) = total else {
        *total = Some(curve.clone());
        return;
    };
    for (sum, values) in total.iter_mut().zip(curve) {
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += value;
        }
    }
}

fn row(
    values: &[f64],
    weather: &[WeatherHour],
    (redundancy, _, units_out): (&str, u32, u32),
    design_mw: f64,
) -> HotHoursRow {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| quantile_sorted(&sorted, share).unwrap_or(0.0);
    // Of equal hours the hottest: where nothing ever derates, the table still names the hour to look at.
    let worst = (0..values.len()).min_by(|a, b| {
        let by_power = values[*a].total_cmp(&values[*b]);
        by_power.then(weather[*b].dry_bulb_c.total_cmp(&weather[*a].dry_bulb_c))
    });
    let short = sorted.partition_point(|v| *v < design_mw - ROUNDING_MW) as f64;
    HotHoursRow {
        redundancy: redundancy.to_owned(),
        units_out,
        design_mw,
        worst_mw: at(0.0),
        p99_9_mw: at(0.001),
        p99_mw: at(0.01),
        p95_mw: at(0.05),
        p90_mw: at(0.1),
        p50_mw: at(0.5),
        hours_short: short * YEAR_HOURS / values.len().max(1) as f64,
        worst_dry_bulb_c: worst.map_or(0.0, |i| weather[i].dry_bulb_c),
        worst_wet_bulb_c: worst.map_or(0.0, |i| weather[i].wet_bulb_c),
        ..HotHoursRow::default()
    }
}
