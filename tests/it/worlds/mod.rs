//! Random worlds: valid scenarios from a seed, up to odd corners, and what must hold of each.

mod contract;
mod demand;
mod dice;
mod files;
mod market;
mod plan;
pub(crate) mod relate;
pub(crate) mod runner;
pub(crate) mod shrink;
mod site;
mod stages;

use serde_json::{Value, json};

pub(crate) use dice::{Dice, put};
pub(crate) use files::folder;

use dice::Span;

/// First days: of a clock change, of a leap day, of a year, the last of one.
const STARTS: [(i16, i8, i8); 6] = [
    (2027, 1, 1),
    (2027, 3, 14),
    (2027, 10, 31),
    (2027, 12, 31),
    (2028, 2, 29),
    (2027, 6, 15),
];

/// The world of a seed, as the tree that a scenario file holds.
pub(crate) fn world(seed: u64) -> Value {
    let mut dice = Dice::of(seed);
    let dice = &mut dice;
    let (year, month, day) = dice.pick(&STARTS);
    let span = Span {
        start: jiff::civil::date(year, month, day),
        years: if dice.chance(15) { 2 } else { 1 },
    };
    let (market, names) = market::market(dice, span);
    let (sites, halls) = site::sites(dice, span, &names);
    let tenants = demand::tenants(dice, span, &names);
    let strategies = plan::strategies(dice, span, &names, &halls);
    let mut world = json!({
        "format": 1, "name": "random-world", "start": span.start.to_string(), "years": span.years,
        "market": market, "sites": sites, "tenants": tenants, "strategies": strategies,
        "run": {"replications": dice.pick(&[1, 1, 2, 3]), "seed": dice.int(0, u32::MAX), "fidelity": dice.pick(&["jobs", "jobs", "sampled_weeks", "fluid"]), "fidelity_check": false, "sampled_weeks_per_year": dice.int(1, 3)},
    });
    dice.maybe(50, &mut world, "finance", plan::finance);
    dice.maybe(
        25,
        &mut world,
        "uncertain",
        |dice| json!([{"path": "market.bitcoin.fees_percent", "distribution": dice.distribution(0.0, 20.0)}]),
    );
    dice.maybe(15, &mut world, "timezone", |dice| {
        json!(dice.pick(&["Europe/Oslo", "UTC"]))
    });
    world
}

/// The text of a world.
pub(crate) fn text(world: &Value) -> String {
    toml::to_string(world).expect("a world is plain TOML")
}
