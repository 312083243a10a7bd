//! Random worlds: a few hundred in the tests, as many as an hour allows by
//! `REPOWER_WORLDS_MINUTES=60 cargo test --release --test it random_worlds::as_many -- --ignored --nocapture`.
//!
//! `REPOWER_WORLDS_SEED=N` begins at another seed. What breaks is told with its seed, the commit and the smallest world
//! that still breaks in the same way.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use repower::sim::invariant::Fault;
use serde_json::Value;

use crate::worlds::relate::{self, Relation};
use crate::worlds::runner::{Planted, Pools, Verdict, judge, told as told_of};
use crate::worlds::shrink::shrink;
use crate::worlds::{text, world};

/// Attempts to drop a part of a world that broke.
const ATTEMPTS: usize = 400;

fn commit() -> String {
    let told = std::process::Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .output();
    told.map_or_else(
        |_| "unknown".to_owned(),
        |o| String::from_utf8_lossy(&o.stdout).trim().to_owned(),
    )
}

/// What is told of a world that broke.
fn report(seed: u64, message: &str, smallest: &Value) -> String {
    format!(
        "seed {seed}, commit {}: {message}\n--- the smallest world that breaks so\n{}",
        commit(),
        text(smallest)
    )
}

fn told(pools: &Pools, seed: u64, verdict: &Verdict) -> Option<String> {
    let kind = verdict.kind()?;
    let smallest = shrink(world(seed), ATTEMPTS, |less| {
        judge(pools, less, None).kind().as_ref() == Some(&kind)
    });
    Some(report(seed, &format!("{verdict:?}"), &smallest))
}

/// Judges worlds until told to stop; at most three that broke are told, each of another kind.
fn sweep(seeds: impl Iterator<Item = u64>, mut go_on: impl FnMut() -> bool) -> (Tally, Vec<String>) {
    let pools = Pools::new();
    let mut tally = Tally::default();
    let mut broken: BTreeMap<String, String> = BTreeMap::new();
    for seed in seeds {
        if !go_on() {
            break;
        }
        tally.worlds += 1;
        let began = Instant::now();
        let verdict = judge(&pools, &world(seed), None);
        match &verdict {
            Verdict::Refused(problems) => {
                tally.refused += 1;
                println!("seed {seed} refused: {problems}");
            }
            Verdict::Held(events) => tally.events += events,
            Verdict::Broke(message) => {
                tally.broke += 1;
                println!("seed {seed} broke: {message}");
                let kind = verdict.kind().unwrap_or_default();
                if broken.len() < 3 && !broken.contains_key(&kind) {
                    broken.extend(told(&pools, seed, &verdict).map(|text| (kind, text)));
                }
            }
        }
        tally.slowest = tally.slowest.max((began.elapsed(), seed));
    }
    (tally, broken.into_values().collect())
}

/// Counts of a sweep.
#[derive(Debug, Default)]
struct Tally {
    worlds: u64,
    refused: u64,
    broke: u64,
    events: u64,
    slowest: (Duration, u64),
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_worlds_hold_every_invariant_at_both_thread_counts() {
    let first = number("REPOWER_WORLDS_SEED").unwrap_or(0);
    let count = number("REPOWER_WORLDS").unwrap_or(if cfg!(feature = "slow-tests") { 160 } else { 40 });
    let (tally, broken) = sweep(first..first + count, || true);
    println!("{tally:?}");
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    assert!(
        tally.refused * 10 <= tally.worlds,
        "the generator makes worlds that the checks refuse: {tally:?}"
    );
}

#[test]
#[ignore = "by command, for as long as REPOWER_WORLDS_MINUTES says"]
fn as_many_worlds_as_the_minutes_allow() {
    let minutes = number("REPOWER_WORLDS_MINUTES").unwrap_or(60);
    let first = number("REPOWER_WORLDS_SEED").unwrap_or(1_000_000);
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let (tally, broken) = sweep(first.., || Instant::now() < end);
    println!("commit {}, seeds from {first}: {tally:?}", commit());
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Holds a relation against many worlds.
fn related(name: &str, count: u64, relation: impl Fn(&Value) -> Relation) {
    let relation = |world: &Value| {
        let held = catch_unwind(AssertUnwindSafe(|| relation(world)));
        held.unwrap_or_else(|payload| Relation::Broken(told_of(&*payload)))
    };
    let (mut held, mut broken) = (0, Vec::new());
    let first = number("REPOWER_WORLDS_SEED").unwrap_or(10_000);
    let count = number("REPOWER_WORLDS").unwrap_or(count);
    for seed in first..first + count {
        match relation(&world(seed)) {
            Relation::Holds => held += 1,
            Relation::Refused(problems) => println!("seed {seed} refused: {problems}"),
            Relation::Broken(message) => {
                println!("seed {seed} broken: {message}");
                broken.push((seed, message));
            }
        }
    }
    println!("{name}: held {held} of {count}");
    if let Some((seed, message)) = broken.first() {
        let smallest = shrink(world(*seed), ATTEMPTS / 4, |less| {
            same_break(&relation(less), message)
        });
        panic!(
            "{name}: {} broken, such as {}",
            broken.len(),
            report(*seed, message, &smallest)
        );
    }
    assert!(
        held * 4 >= count * 3,
        "{name}: only {held} of {count} worlds could be compared"
    );
}

/// Broken in the same words, whatever the figures.
fn same_break(relation: &Relation, message: &str) -> bool {
    let words = |m: &str| {
        m.split(|c: char| c.is_ascii_digit())
            .next()
            .unwrap_or("")
            .to_owned()
    };
    matches!(relation, Relation::Broken(other) if words(other) == words(message))
}

#[test]
fn twice_the_price_of_power_is_twice_the_bill_where_nothing_can_go_without() {
    related("twice the bill", 16, |world| relate::twice_the_price(world, true));
}

#[test]
fn twice_the_price_of_power_never_raises_what_a_plan_is_worth() {
    related("twice the price", 16, |world| {
        relate::twice_the_price(world, false)
    });
}

#[test]
fn a_longer_horizon_keeps_its_beginning() {
    related("a longer horizon", 16, relate::longer_horizon);
}

#[test]
fn the_order_of_sites_changes_nothing() {
    related("order of sites", 16, relate::order_of_sites);
}

#[test]
fn the_names_of_sites_change_nothing() {
    related("names of sites", 16, relate::names_of_sites);
}

#[test]
fn a_tenant_without_jobs_pays_for_its_block() {
    related("idle tenants", 16, relate::idle_tenants_pay);
}

#[test]
fn scaling_money_scales_every_money_figure() {
    related("money", 16, relate::money_scales);
}

/// A fault in each of five places: which check catches it, and after how many worlds.
#[test]
fn a_fault_in_each_of_five_places_is_caught_within_few_worlds() {
    let pools = Pools::new();
    for (fault, check) in [
        (Planted::Sim(Fault::EnergyTerm), "energy at the meter"),
        (Planted::Sim(Fault::Posting), "postings at ledger"),
        (Planted::Sim(Fault::Job), "jobs at"),
        (
            Planted::Sim(Fault::StageDate),
            "the end of what a stage waits for",
        ),
        (Planted::Block, "one thread and two give other bytes"),
    ] {
        let caught = (0..40).find_map(|seed| match judge(&pools, &world(seed), Some(fault)) {
            Verdict::Broke(message) => Some((seed, message)),
            _ => None,
        });
        let (seed, message) = caught.unwrap_or_else(|| panic!("{fault:?} was not caught"));
        println!("{fault:?}: world {}: {message}", seed + 1);
        assert!(message.starts_with(check), "{fault:?}: {message}");
    }
}
