//! A hall of graphics cards through the Merge, against a calculation by hand: what it earns, when it stands, what the
//! cards fetch.

use std::fs;

use repower::metric::Metric;
use repower::results::replication::Replication;
use repower::scenario::Scenario;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{DetailWanted, Setup, replicate_one};
use tempfile::TempDir;

/// All the world's cards on Ethash, TH/s, and what they draw, MW.
const WORLD_TH_S: f64 = 920.0;
const WORLD_MW: f64 = WORLD_TH_S * 240.0 / 98.0;
/// Coins a day times price.
const ETHEREUM: f64 = 13_000.0 * 1_600.0;
const CLASSIC: f64 = 16_750.0 * 36.0;
/// Cards of the hall, MH/s of one, W of one at the wall: 240 and an eighth of 100, through supplies of 92 %.
const CARDS: f64 = 5_000.0;
const MH: f64 = 98.0;
const WALL_W: f64 = (240.0 + 12.5) / 0.92;

const FARM: &str = r#"
format = 1
name = "cards"
question = "What is left after the Merge?"
start = "2022-09-01"
years = 1
baseline = "mine"

[market.power.fixed]
fixed_usd_per_mwh = 30

[market.bitcoin.process.fixed_hashprice]
btc_usd = 20_000
usd_per_ph_day = 80

[market.gpu_mining]
network = { follows_days = 0 }
[market.gpu_mining.coins.ethereum]
algorithm = "ethash"
ends = "2022-09-15"
process = { points = [{ on = "2022-09-01", usd = 1600 }], coins_per_day = 13_000 }
[market.gpu_mining.coins.ethereum-classic]
algorithm = "etchash"
process = { points = [{ on = "2022-09-01", usd = 36 }], coins_per_day = 16_750 }

[[sites]]
id = "farm"
country = "us"
timezone = "UTC"
weather = { process = { preset = "dallas" }, offsets = [{ from = "2022-09-01", to = "2023-09-02", add_c = -20 }] }
[sites.grid]
import_limit_mw = [{ from = "2022-01-01", mw = 20 }]
curtailment = { orders = [] }
[[sites.power_contracts]]
id = "market"
clauses = [{ index = { price = "fixed", adder_usd_per_mwh = 0 } }]

[[sites.halls]]
id = "cards"
grid_mw = 10
cooling.evaporative_wall = {}
[[sites.halls.miners]]
model = "rtx-3080"
count = 5_000
uptime_percent = 100
cards = { mines = ["ethereum", "ethereum-classic"] }

[[strategies]]
id = "mine"

[run]
replications = 1
fidelity_check = false
"#;

fn farm(set: &[&str]) -> (Scenario, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("farm.toml");
    fs::write(&path, FARM).unwrap();
    let options = LoadOptions {
        set: set.iter().map(ToString::to_string).collect(),
        ..LoadOptions::default()
    };
    let scenario = load(Some(&path), &options);
    (scenario.unwrap_or_else(|f| panic!("{:?}", f.problems)), folder)
}

fn run(set: &[&str]) -> Replication {
    let (scenario, _folder) = farm(set);
    let setup = Setup::new(&scenario);
    replicate_one(&scenario, &setup, 0, 0, Some(DetailWanted { jobs: true }))
}

fn of(record: &Replication, metric: Metric) -> f64 {
    let scalar = record.scalar(0, metric);
    scalar.unwrap_or_else(|| panic!("no {}", metric.id()))
}

fn near(what: &str, got: f64, expected: f64, share: f64) {
    assert!(
        (got - expected).abs() <= share * expected.abs(),
        "{what}: {got}, by hand {expected}"
    );
}

/// What a megahash earns a day where so much worth is shared, USD: the cards at work draw what it feeds, at most all.
fn usd_per_mh_day(worth: f64) -> f64 {
    let usd_per_mwh = (worth / (24.0 * WORLD_MW)).max(70.0);
    usd_per_mwh * 24e-6 * 240.0 / 98.0
}

#[test]
fn a_year_through_the_merge_earns_what_hash_share_times_coins_says() {
    let record = run(&[]);
    // 14 days at the share of all cards, then 351 days of Ethereum Classic, where 511 MW of cards go on at 70 USD/MWh.
    let (before, after) = (usd_per_mh_day(ETHEREUM + CLASSIC), usd_per_mh_day(CLASSIC));
    near("a card's day before, published 2.30", MH * before, 2.30, 0.05);
    let earned = CARDS * MH * (14.0 * before + 351.0 * after);
    near("coins in USD", of(&record, Metric::CoinsMinedUsd), earned, 1e-9);
    // The fall on the day: 83 %.
    near(
        "share left",
        after / before,
        70.0 * 24.0 * WORLD_MW / (ETHEREUM + CLASSIC),
        1e-9,
    );
    let mwh = CARDS * WALL_W * 1e-6 * 24.0 * 365.0;
    near(
        "revenue of a megawatt-hour",
        of(&record, Metric::MiningRevenueUsdPerMwh),
        earned / mwh,
        1e-9,
    );
    assert_eq!(of(&record, Metric::BtcMined), 0.0);
}

#[test]
fn cards_stand_where_power_costs_more_than_the_chains_that_are_left_pay() {
    // Left at the wall: 70 x 240 / 274.5 = 61.2 USD/MWh, less what fans take. At 62 only the days before the Merge are
    // mined, at 55 all.
    let before = usd_per_mh_day(ETHEREUM + CLASSIC);
    let dear = run(&["market.power.fixed.fixed_usd_per_mwh=62"]);
    let days = CARDS * MH * 14.0 * before;
    near("until the Merge", of(&dear, Metric::CoinsMinedUsd), days, 1e-9);
    near(
        "megawatt-hours not mined",
        of(&dear, Metric::CurtailedMwh),
        CARDS * WALL_W * 1e-6 * 24.0 * 351.0,
        1e-9,
    );
    let cheap = run(&["market.power.fixed.fixed_usd_per_mwh=55"]);
    assert!(of(&cheap, Metric::CoinsMinedUsd) > 3.0 * days);
}

#[test]
fn the_end_of_the_chain_and_the_coins_of_each_are_events() {
    let record = run(&[]);
    let events = &record.detail.as_ref().unwrap().events;
    let found = |kind: &str, subject: &str| -> Vec<(i64, String)> {
        let of = events.iter().filter(|e| e.kind == kind && e.subject == subject);
        of.map(|e| (e.t_s, e.detail.clone())).collect()
    };
    assert_eq!(found("chain_ended", "ethereum")[0].0, 14 * 86_400);
    let switch = (14 * 86_400, "rtx-3080 to ethereum-classic".to_owned());
    assert!(found("cards_switch", "cards").contains(&switch));
    let coins = |chain: &str| -> f64 { found("coins_mined", chain)[0].1.parse().unwrap() };
    let mined = CARDS * MH * 14.0 * usd_per_mh_day(ETHEREUM + CLASSIC) / 1_600.0;
    near("ether", coins("ethereum"), mined, 1e-9);
    let mined = CARDS * MH * 351.0 * usd_per_mh_day(CLASSIC) / 36.0;
    near("classic", coins("ethereum-classic"), mined, 1e-9);
}

#[test]
fn cards_beside_asics_leave_bitcoin_as_it_was() {
    let asics =
        "sites.farm.halls[0].miners=[{ model = \"antminer-s19-xp\", count = 1_000, uptime_percent = 100 }]";
    let alone = run(&[asics]);
    // 140 PH/s at 80 USD a day and 20,000 USD a coin.
    near(
        "coins",
        of(&alone, Metric::BtcMined),
        140.0 * 80.0 * 365.0 / 20_000.0,
        1e-9,
    );
    assert!(alone.scalar(0, Metric::CoinsMinedUsd).is_none());
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("farm.toml");
    let text = FARM
        .replace("\"ethereum-classic\"] }", "\"ethereum-clasic\"] }")
        .replace("model = \"rtx-3080\"", "model = \"rtx-a4000\"");
    let firo = "[market.gpu_mining.coins.firo]\nalgorithm = \"firopow\"\n\
                process = { points = [{ on = \"2022-09-01\", usd = 2 }], coins_per_day = 3600 }\n\n[[sites]]";
    let text = text
        .replacen("[[sites]]", firo, 1)
        .replace("mines = [\"ethereum\"", "mines = [\"firo\"");
    fs::write(&path, text).unwrap();
    let failure = load(Some(&path), &LoadOptions::default()).unwrap_err();
    let said: Vec<String> = failure.problems.iter().map(|p| format!("{p:?}")).collect();
    let has = |text: &str| said.iter().any(|s| s.contains(text));
    assert!(has("no rate of `rtx-a4000` on firopow is known"), "{said:?}");
    assert!(
        has("unknown chain `ethereum-clasic`") && has("did you mean `ethereum-classic`?"),
        "{said:?}"
    );
}
