//! Customers' machines in a run: what the farm earns by them, when they stand still, and what it takes to see them go.

use crate::hand_made::{NEW, Run, World, near, number};
use crate::mining::{TWO_HALLS, two_halls};
use crate::support::Place;

/// 5,000 S21.
const MW: f64 = 17.5;
const JANUARY_H: f64 = 744.0;
/// Their coins of January at 45 USD a PH and day, USD.
const COINS_USD: f64 = 1_000.0 * 31.0 * 45.0;

fn hosted(terms: &str) -> (Place, Run) {
    two_halls("", &format!(", hosted = {{ customer = \"alpha\", {terms} }}"), "")
}

fn line(run: &Run, clause: &str) -> f64 {
    let rows = run.rows("settlement.csv");
    let of = |r: &&crate::hand_made::Row| {
        r["contract"] == "hosting/alpha" && r["clause"] == clause && r["month"] == "2026-01"
    };
    rows.iter().filter(of).map(|r| number(r, "usd")).sum()
}

#[test]
fn a_fee_is_earned_for_every_megawatt_hour_and_coins_are_the_customers() {
    let (_a, own) = two_halls("", "", "");
    let (_b, run) = hosted("fee_usd_per_mwh = 75");
    let fee = MW * JANUARY_H * 75.0;
    near("fee", run.cash("hosting_revenue", "2026-01"), fee, 1e-9);
    near("line", line(&run, "fee"), fee, 1e-9);
    near(
        "year",
        run.metric("hosting_revenue_usd"),
        75.0 * run.metric("hosted_mwh"),
        1e-12,
    );
    // The same machines draw the same power; a sixth of the coins is left, and of what the pool keeps.
    near(
        "energy",
        run.monthly("energy_grid_mwh", "2026-01"),
        own.monthly("energy_grid_mwh", "2026-01"),
        1e-12,
    );
    for (what, of) in [("mining_revenue", 1.0), ("pool_fees", -0.01)] {
        near(what, run.cash(what, "2026-01"), of * COINS_USD / 5.0, 1e-9);
    }
    // Heat keeps them from what is asked in summer.
    let uptime = run.metric("hosting_uptime");
    assert!(uptime > 0.97 && uptime < 1.0, "{uptime}");
    near(
        "revenue a megawatt-hour of own machines",
        run.metric("mining_revenue_usd_per_mwh"),
        45.0 / (0.024 * 17.5),
        1e-9,
    );
}

#[test]
fn profit_is_shared_after_the_fee_or_after_power_at_cost() {
    let (_a, both) = hosted("fee_usd_per_mwh = 75, profit_share_percent = 20");
    let fee = MW * JANUARY_H * 75.0;
    let share = 0.2 * (0.99 * COINS_USD - fee);
    near("share", line(&both, "profit_share"), share, 1e-9);
    near("both", both.cash("hosting_revenue", "2026-01"), fee + share, 1e-9);

    let (_b, split) = hosted("profit_share_percent = 40");
    let cost = line(&split, "fee");
    let per_mwh = cost / (MW * JANUARY_H);
    assert!(
        per_mwh > 40.0 && per_mwh < 44.0,
        "power at 40, losses and fans: {per_mwh}"
    );
    near(
        "split",
        line(&split, "profit_share"),
        0.4 * (0.99 * COINS_USD - cost),
        1e-9,
    );
}

#[test]
fn machines_stand_where_the_customer_or_the_farm_would_lose() {
    // A megawatt-hour earns the customer 106.07 USD after the pool's fee: at 107 he stands still and pays his minimum.
    let (_a, idle) = hosted("fee_usd_per_mwh = 107, minimum_percent = 50");
    assert_eq!(idle.metric("hosted_mwh"), 0.0);
    near(
        "minimum",
        idle.cash("hosting_revenue", "2026-01"),
        0.5 * MW * JANUARY_H * 107.0,
        1e-9,
    );
    let (_b, runs) = hosted("fee_usd_per_mwh = 107, customer_runs = \"always\"");
    near("always", line(&runs, "fee"), MW * JANUARY_H * 107.0, 1e-9);

    // Power at 85 USD and a fee of 75: the farm stands them still for a credit of 5, and not for one of 20.
    let dear = |terms: &str| {
        let text = TWO_HALLS
            .replace("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = 85")
            .replace("#SITE", "")
            .replace(
                "#BATCH",
                &format!(", hosted = {{ customer = \"alpha\", fee_usd_per_mwh = 75, {terms} }}"),
            )
            .replace("#MORE", "");
        let place = Place::with(&text);
        place.run(&["--quiet"]).assert().code(0);
        let run = Run::of(place.path("out"), "stay-mining");
        (place, run)
    };
    let (_c, stood) = dear("curtailment_credit_usd_per_mwh = 5");
    assert_eq!(stood.metric("hosted_mwh"), 0.0);
    near(
        "credit",
        stood.cash("service_credits", "2026-01"),
        -MW * JANUARY_H * 5.0,
        1e-9,
    );
    let (_d, kept) = dear("curtailment_credit_usd_per_mwh = 20");
    near("kept", line(&kept, "fee"), MW * JANUARY_H * 75.0, 1e-9);
    let (_e, short) = dear("uptime_promise_percent = 95, uptime_credit_usd_per_mwh = 8");
    near(
        "promise",
        line(&short, "uptime_credit"),
        -0.95 * MW * JANUARY_H * 8.0,
        1e-9,
    );
}

/// The hall sold in a project that starts on 15 January.
fn sold(terms: &str) -> (Place, Run) {
    let text = TWO_HALLS
        .replace("#SITE", "")
        .replace(
            "#BATCH",
            &format!(", hosted = {{ customer = \"alpha\", fee_usd_per_mwh = 75, {terms} }}"),
        )
        .replace("#MORE", "");
    let text = format!(
        "{text}\n[[strategies]]\nid = \"sell\"\n[[strategies.conversions]]\nhalls = [\"here/h\"]\n\
         archetype = \"sell-the-land\"\nstart.date = \"2026-01-15\"\n"
    );
    let place = Place::with(&text);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "sell");
    (place, run)
}

fn winds_down(run: &Run) -> String {
    let rows = run.rows("hall_states.csv");
    let winding = rows
        .iter()
        .find(|r| r["hall"] == "h" && r["state"] == "winding_down");
    winding.unwrap()["start_utc"].clone()
}

#[test]
fn notice_delays_the_winding_down_and_termination_pays_for_not_waiting() {
    let (_a, waits) = sold("notice_months = 8, deposit_months = 2");
    // Eight months of 730.5 hours from local midnight of 15 January.
    assert_eq!(winds_down(&waits), "2026-09-15T18:00:00Z");
    assert_eq!(waits.cash_of_year("hosting_termination"), 0.0);
    // The machines go back: nothing is sold, and the deposit is returned.
    assert_eq!(waits.cash_of_year("asic_salvage"), 0.0);
    let deposit = 2.0 * 75.0 * MW * 730.5;
    near(
        "deposit",
        waits.cash_of_year("customer_prepayments"),
        -deposit,
        1e-9,
    );
    near(
        "fees while notice runs",
        waits.cash("hosting_revenue", "2026-03"),
        MW * 743.0 * 75.0,
        2e-2,
    );

    let (_b, pays) = sold("notice_months = 8, ends = \"termination\", termination_usd_per_mw = 120000");
    assert!(*winds_down(&pays) < *"2026-07-16", "{}", winds_down(&pays));
    near(
        "termination",
        pays.cash("hosting_termination", "2026-01"),
        -120_000.0 * MW,
        1e-9,
    );
    assert_eq!(pays.cash("hosting_revenue", "2026-12"), 0.0);

    // Waiting eight months at 10,000 USD costs less than 150,000 a megawatt, at 20,000 more.
    let cheaper = |usd: u32| format!("notice_months = 8, ends.cheaper.delay_usd_per_mw_month = {usd}");
    let (_c, waits) = sold(&cheaper(10_000));
    assert_eq!(winds_down(&waits), "2026-09-15T18:00:00Z");
    let (_d, pays) = sold(&cheaper(20_000));
    near(
        "cheaper",
        pays.cash("hosting_termination", "2026-01"),
        -150_000.0 * MW,
        1e-9,
    );
}

#[test]
fn own_machines_of_such_a_project_are_sold() {
    let text = TWO_HALLS
        .replace("#SITE", "")
        .replace("#BATCH", "")
        .replace("#MORE", "");
    let text = format!(
        "{text}\n[[strategies]]\nid = \"sell\"\n[[strategies.conversions]]\nhalls = [\"here/h\"]\n\
         archetype = \"sell-the-land\"\nstart.date = \"2026-01-15\"\n"
    );
    let place = Place::with(&text);
    place.run(&["--quiet"]).assert().code(0);
    let run = Run::of(place.path("out"), "sell");
    near(
        "sold",
        run.cash_of_year("asic_salvage"),
        1_000_000.0 * 0.6 * 3.67 * 1.5,
        1e-9,
    );
}

#[test]
fn contracts_that_cannot_be_are_refused_with_their_place() {
    for (terms, what) in [
        ("", "earns the farm nothing"),
        ("fee_usd_per_mwh = -1", "fee_usd_per_mwh"),
        (
            "profit_share_percent = 30, minimum_percent = 50",
            "wants a `fee_usd_per_mwh`",
        ),
        ("fee_usd_per_mwh = 75, notice_months = -1", "notice_months"),
        (
            "fee_usd_per_mwh = 75 }, rules = { min_up_hours = 4",
            "not planned over time",
        ),
        (
            "fee_usd_per_mwh = 75 }, moves = { on = \"2026-03-01\", to = \"here/g\"",
            "do not move",
        ),
    ] {
        let terms = format!(
            ", hosted = {{ customer = \"alpha\"{}{terms} }}",
            if terms.is_empty() { "" } else { ", " }
        );
        let text = TWO_HALLS
            .replace("#SITE", "")
            .replace("#BATCH", &terms)
            .replace("#MORE", "");
        let told = Place::with(&text).refused(&[]);
        assert!(told.contains(what), "{what}: {told}");
    }
}

#[test]
fn warm_air_costs_joules_a_hash() {
    let world = World::new();
    let heat = "sites.mine.halls.new.miners=[{ model = \"antminer-s21\", count = 3_000, uptime_percent = 100, \
                heat = { j_per_th_percent_per_k = 0.5 } }]";
    let offsets = "sites.mine.weather.offsets=[{ from = \"2026-07-06\", to = \"2026-07-13\", add_c = 10 }]";
    let coins = |set: &[&str]| world.run("stay-mining", set).monthly("btc_mined", "2026-07");
    let (usual, warm) = (coins(&[]), coins(&[heat]));
    let (hot, both) = (coins(&[offsets]), coins(&[heat, offsets]));
    // The inlet is 30 degrees, 40 in the hot week, in which the plant leaves 92 %: J/TH rises by 2.5 and 7.5 %.
    let per_day = NEW.hashrate_ph() * 50.0 / 90_000.0;
    near("warm", usual - warm, 31.0 * per_day * (1.0 - 1.0 / 1.025), 1e-9);
    let week = 7.0 * per_day;
    let lost = warm - both;
    near(
        "ten kelvin",
        lost - (usual - hot),
        week * (1.0 / 1.025 - 0.92 / 1.075 - 0.08),
        1e-6,
    );
}

#[test]
fn pools_pay_by_their_scheme() {
    let pays = |payout: &str| {
        let text = TWO_HALLS
            .replace(
                "[market.bitcoin.process",
                &format!("[market.bitcoin]\nfees_percent = 5\n{payout}\n[market.bitcoin.process"),
            )
            .replace("#SITE", "")
            .replace("#BATCH", "")
            .replace("#MORE", "");
        let place = Place::with(&text);
        place.run(&["--quiet"]).assert().code(0);
        let run = Run::of(place.path("out"), "stay-mining");
        (
            run.monthly("btc_mined", "2026-01"),
            run.cash("pool_fees", "2026-01"),
        )
    };
    let (full, fee) = pays("");
    let (same, higher) = pays("payout.fpps.fee_percent = 2.5");
    assert_eq!(full, same);
    near("fee", higher, 2.5 * fee, 1e-9);
    near("pps", pays("payout.pps = {}").0, full / 1.05, 1e-9);
    near(
        "pplns",
        pays("payout.pplns.luck_percent = 90").0,
        full * 0.9,
        1e-9,
    );
    // Luck of a pool with a tenth of the hashrate: 446 blocks in the month, within four standard deviations.
    let drawn = pays("payout.pplns.pool_share_percent = 10").0 / full;
    assert!(
        drawn != 1.0 && (drawn - 1.0).abs() < 4.0 / 446.0_f64.sqrt(),
        "{drawn}"
    );
}
