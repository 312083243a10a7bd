//! What must hold between the runs of two worlds that differ in one thing.

use repower::metric::Metric;
use repower::results::replication::{PORTFOLIO, Replication, Scalar};
use repower::scenario::Scenario;
use repower::sim::{DetailWanted, Setup, replicate_one};
use serde_json::{Value, json};

use super::put;
use super::runner::{is_off, loaded, records, set_up};

/// What comparing two worlds gave.
#[derive(Debug, PartialEq)]
pub(crate) enum Relation {
    /// One of them was refused.
    Refused(String),
    /// It does not hold.
    Broken(String),
    /// It holds.
    Holds,
}

type Run = (Scenario, Vec<Replication>);

fn run(world: &Value) -> Result<Run, Relation> {
    let scenario = loaded(world).map_err(Relation::Refused)?;
    let setup = set_up(&scenario).map_err(Relation::Refused)?;
    let records = records(&scenario, &setup, None).map_err(Relation::Broken)?;
    Ok((scenario, records))
}

fn compare(a: &Value, b: &Value, holds: impl Fn(&Run, &Run) -> Result<(), String>) -> Relation {
    let both = run(a).and_then(|a| run(b).map(|b| (a, b)));
    match both {
        Err(relation) => relation,
        Ok((a, b)) => holds(&a, &b).map_or_else(Relation::Broken, |()| Relation::Holds),
    }
}

/// Calls `change` on every object of a tree, from the outside in.
pub(crate) fn every(value: &mut Value, change: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            change(map);
            map.values_mut().for_each(|inner| every(inner, change));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| every(inner, change)),
        _ => {}
    }
}

fn sites(world: &mut Value) -> impl Iterator<Item = &mut Value> {
    world["sites"].as_array_mut().unwrap().iter_mut()
}

fn drop_keys(world: &mut Value, keys: &[&str]) {
    every(world, &mut |map| {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    });
}

// ------------------------------------------------------------------ twice the price

/// One price for all energy, which nobody sells on or waits for.
fn plainly_priced(world: &Value, usd_per_mwh: f64) -> Value {
    let mut world = world.clone();
    drop_keys(
        &mut world,
        &[
            "hosted",
            "battery",
            "mining_dispatch",
            "rules",
            "wear",
            "capital",
            "repair_shop",
        ],
    );
    for site in sites(&mut world) {
        let clauses = json!([{"fixed_price": {"usd_per_mwh": usd_per_mwh}}]);
        put(
            site,
            "power_contracts",
            json!([{"id": "all", "clauses": clauses}]),
        );
    }
    world
}

/// Twice the price of power never lowers its cost where nothing can go without, and never raises what a plan is worth.
pub(crate) fn twice_the_price(world: &Value, always: bool) -> Relation {
    let mut world = world.clone();
    if always {
        // Machines that are worth any price run whatever it is; an engine would spare the grid.
        drop_keys(&mut world, &["onsite", "gpu_mining"]);
        every(&mut world, &mut |map| {
            map.retain(|key, _| key != "cards");
            let cards = map
                .get("model")
                .and_then(Value::as_str)
                .is_some_and(|m| m.starts_with("rtx-"));
            if cards {
                map.insert("model".to_owned(), json!("antminer-s21"));
            }
        });
        let bitcoin = json!({"process": {"fixed_hashprice": {"btc_usd": 1e5, "usd_per_ph_day": 1e4}}});
        put(&mut world["market"], "bitcoin", bitcoin);
    }
    let (a, b) = (plainly_priced(&world, 35.0), plainly_priced(&world, 70.0));
    compare(&a, &b, |a, b| {
        for (once, twice) in a.1.iter().zip(&b.1) {
            let of = |r: &Replication, m| r.scalar(PORTFOLIO, m).unwrap_or(0.0);
            let cost = |r: &Replication| account(r, "power_cost");
            if always {
                let (less, more) = (-cost(once), -cost(twice));
                if is_off(more - 2.0 * less, more.abs()) {
                    return Err(format!(
                        "the bill at twice the price: {more} against twice {less}"
                    ));
                }
            }
            let (before, after) = (of(once, Metric::NpvUsd), of(twice, Metric::NpvUsd));
            if after > before + 1e-6 * before.abs().max(1.0) {
                return Err(format!(
                    "twice the price of power raises the NPV of strategy {}: {before} to {after}",
                    once.strategy
                ));
            }
        }
        Ok(())
    })
}

/// Cash of an account over all months.
fn account(record: &Replication, id: &str) -> f64 {
    let found = record.cashflow.accounts.iter().position(|a| *a == id);
    found.map_or(0.0, |row| record.cashflow.usd[row].iter().sum())
}

// ------------------------------------------------------------------ a longer horizon

/// The months of a year are the same where a second one follows, but for the last, in which a horizon closes the books.
pub(crate) fn longer_horizon(world: &Value) -> Relation {
    let mut short = world.clone();
    drop_keys(&mut short, &["capital"]);
    put(&mut short, "years", json!(1));
    // What a flow is fitted to is the demand of the whole horizon; the world's fleet pays for power what it does against
    // the mean of the whole horizon; clauses that look at a year are prorated at its ends (docs/RELIABILITY.md).
    put(&mut short["run"], "fidelity", json!("jobs"));
    if short["market"]["bitcoin"]["process"].get("frontier").is_some() {
        let bitcoin = json!({"process": {"fixed_hashprice": {"btc_usd": 9e4, "usd_per_ph_day": 45.0}}});
        put(&mut short["market"], "bitcoin", bitcoin);
    }
    every(&mut short, &mut |map| {
        if let Some(clauses) = map.get_mut("clauses").and_then(Value::as_array_mut) {
            let yearly = [
                "minimum_bill",
                "coincident_peak",
                "take_or_pay",
                "curtailment_payment",
                "fixed_charge",
            ];
            clauses.retain(|clause| yearly.iter().all(|kind| clause.get(kind).is_none()));
        }
    });
    let mut long = short.clone();
    put(&mut long, "years", json!(2));
    let both = loaded(&short).and_then(|a| loaded(&long).map(|b| (a, b)));
    let (a, b) = match both {
        Ok(both) => both,
        Err(problems) => return Relation::Refused(problems),
    };
    let (set_a, set_b) = (Setup::new(&a), Setup::new(&b));
    for strategy in 0..a.spec.strategies.len() {
        let wanted = Some(DetailWanted::default());
        let first = replicate_one(&a, &set_a, strategy, 0, wanted);
        let second = replicate_one(&b, &set_b, strategy, 0, wanted);
        if let Err(message) = begins_alike(&first, &second, a.months.len() - 1) {
            return Relation::Broken(message);
        }
    }
    Relation::Holds
}

fn begins_alike(short: &Replication, long: &Replication, months: usize) -> Result<(), String> {
    let rows = |r: &Replication| r.detail.as_ref().map(|d| d.monthly.clone()).unwrap_or_default();
    let (short_rows, long_rows) = (rows(short), rows(long));
    for row in &short_rows {
        // A site's own last month: with its clock behind the scenario's, that month is not whole either.
        let of_site = short_rows.iter().filter(|r| r.site == row.site);
        let last = of_site.map(|r| &r.month).max();
        if Some(&row.month) == last {
            continue;
        }
        let other = long_rows
            .iter()
            .find(|r| r.site == row.site && r.month == row.month);
        if other != Some(row) {
            return Err(format!(
                "a month differs where the horizon is longer: {row:?} against {other:?}"
            ));
        }
    }
    for (index, id) in short.cashflow.accounts.iter().enumerate() {
        let (a, b) = (
            &short.cashflow.usd[index][..months],
            &long.cashflow.usd[index][..months],
        );
        if let Some(month) = a
            .iter()
            .zip(b)
            .position(|(a, b)| (a - b).abs() > 1e-6 * a.abs().max(1.0))
        {
            return Err(format!(
                "cash of {id} differs where the horizon is longer, month {month}: {} against {}",
                a[month], b[month]
            ));
        }
    }
    Ok(())
}

// ------------------------------------------------------------------ names and order of sites

/// The order in which a file tells of its sites changes nothing; tenants, whom sites serve in that order, are left out.
pub(crate) fn order_of_sites(world: &Value) -> Relation {
    let mut first = world.clone();
    put(&mut first, "tenants", json!([]));
    // Days begin at the first site's midnight unless the scenario says where.
    put(&mut first, "timezone", json!("UTC"));
    drop_keys(&mut first, &["system_load"]);
    // The heat of the first site is that of the region, which fitted prices and the load of the grid follow.
    every(&mut first, &mut |map| {
        if map
            .get("process")
            .is_some_and(|p| p.get("fitted").or(p.get("spread_over")).is_some())
        {
            map.clear();
            map.insert("fixed_usd_per_mwh".to_owned(), json!(41.5));
        }
        if let Some(clauses) = map.get_mut("clauses").and_then(Value::as_array_mut) {
            clauses.retain(|clause| clause.get("coincident_peak").is_none());
        }
    });
    let mut second = first.clone();
    let Some(list) = second.get_mut("sites").and_then(Value::as_array_mut) else {
        return Relation::Refused("no sites".to_owned());
    };
    list.reverse();
    let sites = list.len();
    compare(&first, &second, |a, b| {
        same_figures(&a.1, &b.1, &|scope| {
            if scope == PORTFOLIO {
                scope
            } else {
                sites + 1 - scope
            }
        })
    })
}

/// The names of sites and halls change nothing in a world without chance, since it is chance that names address.
pub(crate) fn names_of_sites(world: &Value) -> Relation {
    let first = still(world);
    let mut text = first.to_string();
    for (old, new) in [("site-0", "zebra"), ("site-1", "aardvark"), ("site-2", "m-7")] {
        text = text.replace(old, new);
    }
    let second: Value = serde_json::from_str(&text).expect("names stay names");
    compare(&first, &second, |a, b| same_figures(&a.1, &b.1, &|scope| scope))
}

/// A world without chance at its sites.
fn still(world: &Value) -> Value {
    let mut world = world.clone();
    drop_keys(
        &mut world,
        &[
            "mining_dispatch",
            "calls",
            "outages",
            "people",
            "uncertain",
            "wear",
            "refreezes",
            "curtailment_payment",
            "backup",
            "payout",
            "signs",
            "repair_shop",
        ],
    );
    every(&mut world, &mut |map| {
        if map.contains_key("mva_each") {
            map.remove("failures");
        }
        if map.contains_key("systems") {
            map.insert("failures".to_owned(), json!({"enabled": false}));
        }
        if map.contains_key("archetype") {
            map.insert("risk".to_owned(), json!({"enabled": false}));
        }
        if let Some(when) = map.get_mut("when").and_then(Value::as_object_mut) {
            when.remove("tenant_signs");
        }
        if let Some(clauses) = map.get_mut("clauses").and_then(Value::as_array_mut) {
            clauses.retain(|clause| clause.as_object().is_none_or(|c| !c.is_empty()));
        }
    });
    for site in sites(&mut world) {
        put(
            site,
            "weather",
            json!({"file": "data:weather.csv", "years": "replayed"}),
        );
    }
    world
}

fn same_figures(a: &[Replication], b: &[Replication], scope: &dyn Fn(usize) -> usize) -> Result<(), String> {
    for (a, b) in a.iter().zip(b) {
        let told = |one: &Scalar| {
            let other = b.scalar(scope(usize::from(one.scope)), one.metric);
            let same = other.is_some_and(|other| near(one.value, other));
            // A return of flows near nothing has no steady value.
            let differs = !same && one.metric.definition().unit != "1/yr";
            differs.then(|| {
                let (id, scope, value) = (one.metric.id(), one.scope, one.value);
                format!("{id} of scope {scope} differs: {value} against {other:?}")
            })
        };
        let differing: Vec<String> = a.scalars.iter().filter_map(told).take(12).collect();
        if !differing.is_empty() {
            return Err(format!("strategy {}: {}", a.strategy, differing.join("; ")));
        }
    }
    Ok(())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * a.abs().max(b.abs()).max(1e-3)
}

// ------------------------------------------------------------------ tenants

/// What a reserved block pays does not depend on whether its tenant has anything to compute.
pub(crate) fn idle_tenants_pay(world: &Value) -> Relation {
    let with = |percent: f64| {
        let mut world = world.clone();
        for tenant in world["tenants"].as_array_mut().unwrap() {
            put(tenant, "load_profile", json!({"flat": {"percent": percent}}));
        }
        world
    };
    compare(&with(100.0), &with(0.0), |a, b| {
        for (busy, idle) in a.1.iter().zip(&b.1) {
            let (busy, idle) = (
                account(busy, "gpu_reserved_revenue"),
                account(idle, "gpu_reserved_revenue"),
            );
            if !near(busy, idle) {
                return Err(format!("tenants without jobs pay {idle}, with jobs {busy}"));
            }
        }
        Ok(())
    })
}

// ------------------------------------------------------------------ money

/// Twice every amount of money in a scenario, and all money is twice as much: bit by bit, and nothing else changes.
pub(crate) fn money_scales(world: &Value) -> Relation {
    let once = given_in_money(world);
    let whole = match loaded(&once) {
        Ok(scenario) => serde_json::to_value(&scenario.spec).expect("a spec is plain JSON"),
        Err(problems) => return Relation::Refused(problems),
    };
    let mut once = whole;
    every(&mut once, &mut |map| map.retain(|_, value| !value.is_null()));
    let mut twice = once.clone();
    every(&mut twice, &mut |map| {
        for (key, value) in map.iter_mut() {
            let money = key.contains("usd") || key == "level_factor";
            if money {
                double(value);
            }
        }
    });
    compare(&once, &twice, |a, b| {
        for (one, two) in a.1.iter().zip(&b.1) {
            twice_as_much(one, two)?;
        }
        Ok(())
    })
}

fn double(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64().unwrap_or(0.0) * 2.0),
        Value::Array(list) => list.iter_mut().for_each(double),
        _ => {}
    }
}

fn twice_as_much(one: &Replication, two: &Replication) -> Result<(), String> {
    for scalar in &one.scalars {
        let factor = if scalar.metric.definition().unit.starts_with("usd") {
            2.0
        } else {
            1.0
        };
        let other = two.scalar(usize::from(scalar.scope), scalar.metric);
        if !other.is_some_and(|other| near(scalar.value * factor, other))
            && scalar.metric.definition().unit != "1/yr"
        {
            return Err(format!(
                "{} of scope {}: {} became {other:?}",
                scalar.metric.id(),
                scalar.scope,
                scalar.value
            ));
        }
    }
    for (index, id) in one.cashflow.accounts.iter().enumerate() {
        let months = one.cashflow.usd[index].iter().zip(&two.cashflow.usd[index]);
        if let Some((a, b)) = months.into_iter().find(|(a, b)| !near(**a * 2.0, **b)) {
            return Err(format!("cash of {id}: {a} became {b}"));
        }
    }
    Ok(())
}

/// A world whose every amount stands in the scenario: what the catalogues price is given or left out, and files and
/// fits, whose amounts cannot be scaled, make way for fixed prices.
fn given_in_money(world: &Value) -> Value {
    let mut world = world.clone();
    drop_keys(
        &mut world,
        &["currency", "gpu_mining", "capital", "adjustments", "hosted"],
    );
    every(&mut world, &mut |map| {
        map.remove("cards");
        if map
            .get("model")
            .and_then(Value::as_str)
            .is_some_and(|m| m.starts_with("rtx-"))
        {
            map.insert("model".to_owned(), json!("antminer-s21"));
        }
        if map.contains_key("count") && map.contains_key("model") {
            map.insert("value".to_owned(), json!({"payback": {}}));
        }
        if map.contains_key("systems") && map.contains_key("cooling") {
            map.insert("fit_out_usd_per_it_kw".to_owned(), json!(4_000.0));
            map.insert("hardware_usd_per_gpu".to_owned(), json!(30_000.0));
        }
        if map.contains_key("usd_per_kw_month") && map.contains_key("cooling") {
            map.insert("fit_out_usd_per_it_kw".to_owned(), json!(4_000.0));
        }
        if let Some(list) = map.get_mut("conversions").and_then(Value::as_array_mut) {
            list.retain(|c| c["archetype"] != "sell-the-land");
        }
        // The prices of power.
        let series = map.get("series").is_some_and(|s| s["file"] == "data:price.csv");
        if series || map.get("process").is_some_and(|p| p.get("spread_over").is_some()) {
            map.clear();
            map.insert("fixed_usd_per_mwh".to_owned(), json!(41.5));
        }
    });
    if world["market"]["bitcoin"].get("series").is_some() {
        let bitcoin = json!({"process": {"fixed_hashprice": {"btc_usd": 9e4, "usd_per_ph_day": 45.0}}});
        put(&mut world["market"], "bitcoin", bitcoin);
    }
    world
}
