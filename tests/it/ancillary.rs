//! Load that is offered and called off, in a run: what is shed, in which order, what it earns and what it costs, by hand;
//! orders to large loads from a date on.

use crate::hand_made::{BLOCK, DAY_H, NEW, OLD, Run, World, near, number, usual_meter_mw};

/// The contract with an offer; calls come at stated times.
fn offer(terms: &str) -> String {
    format!(
        "sites.mine.power_contracts=[{{ id = \"market\", clauses = [{{ index = {{ price = \"da\", adder_usd_per_mwh = 2 }} }}, \
         {{ curtailment_payment = {{ usd_per_mw_h = 5, {terms} }} }}] }}]"
    )
}

/// A call on 10 July from 15:00 to 19:00, 20:00 to 24:00 UTC.
const CALL: &str = "calls = [{ from = \"2026-07-10T15:00\", hours = 4 }]";
const FROM: &str = "2026-07-10T20:00:00Z";
const TO: &str = "2026-07-11T00:00:00Z";
const CALL_H: f64 = 4.0;

/// US dollars of a line in July.
fn line(run: &Run, clause: &str) -> f64 {
    let rows = run.rows("settlement.csv").into_iter();
    let of = rows.filter(|l| l["month"] == "2026-07" && l["clause"] == clause);
    of.map(|l| number(&l, "usd")).sum()
}

fn revenue_h(ph: f64) -> f64 {
    ph * 50.0 / DAY_H
}

#[test]
fn an_offer_of_mining_has_the_least_efficient_miners_shed_and_no_more() {
    let world = World::new();
    let none = world.run("stay-mining", &[&offer("offered_mw = 1")]);
    let old_mw = OLD.feed_mw(28.0);
    let terms = format!("offered_mw = {old_mw}, usd_per_mwh_shed = 100, penalty_usd_per_mwh = 400, {CALL}");
    let run = world.run("stay-mining", &[&offer(&terms)]);
    let called = run.hours("grid_mw", FROM, TO);
    near("at the meter", called, CALL_H * (usual_meter_mw() - old_mw), 1e-9);
    near(
        "before",
        run.hours("grid_mw", "2026-07-10T19:00:00Z", FROM),
        usual_meter_mw(),
        1e-9,
    );
    // Ready all month, the call included.
    near(
        "availability",
        line(&run, "curtailment_payment[1]"),
        5.0 * old_mw * 31.0 * DAY_H,
        1e-9,
    );
    near(
        "shed",
        line(&run, "curtailment_payment[1].shed"),
        100.0 * old_mw * CALL_H,
        1e-6,
    );
    assert_eq!(line(&run, "curtailment_payment[1].penalty"), 0.0);
    let lost = none.cash("mining_revenue", "2026-07") - run.cash("mining_revenue", "2026-07");
    near("coins lost", lost, CALL_H * revenue_h(OLD.hashrate_ph()), 1e-6);
    let earned = run.cash("demand_response", "2026-07");
    near(
        "earned",
        earned,
        old_mw * (5.0 * 31.0 * DAY_H + 100.0 * CALL_H),
        1e-6,
    );
}

#[test]
fn an_offer_larger_than_the_mine_is_short_and_pays_for_it() {
    let world = World::new();
    let run = world.run(
        "stay-mining",
        &[&offer(&format!(
            "offered_mw = 30, penalty_usd_per_mwh = 400, {CALL}"
        ))],
    );
    let mines_mw = NEW.feed_mw(28.0) + OLD.feed_mw(28.0);
    near(
        "availability",
        line(&run, "curtailment_payment[1]"),
        5.0 * mines_mw * 31.0 * DAY_H,
        1e-9,
    );
    let penalty = line(&run, "curtailment_payment[1].penalty");
    near("penalty", penalty, -400.0 * (30.0 - mines_mw) * CALL_H, 1e-6);
    let called = run.hours("mining_mw", FROM, TO);
    assert_eq!(called, 0.0);
}

#[test]
fn an_offer_of_the_site_reaches_jobs_after_the_miners() {
    let world = World::new();
    let mines_mw = NEW.feed_mw(28.0) + OLD.feed_mw(28.0);
    // 70 kW more than mines: the site settles by the hour, so what stood is the usual mean.
    let offered_mw = mines_mw + 0.07;
    let terms = format!("load = \"site\", offered_mw = {offered_mw}, penalty_usd_per_mwh = 400, {CALL}");
    let run = world.run("stay-mining", &[&offer(&terms)]);
    let limit_mw = usual_meter_mw() - offered_mw;
    // Room is kept for every GPU that has power, so systems of the pool go dark until all others fit: 192 GPUs more at work
    // than usual and the 70 kW are 219 kW at the feed, 27 systems of the pool's 32. The 40 GPUs that are left hold no gang of
    // 64, and no job of the pool starts.
    let called = run.hours("grid_mw", FROM, TO);
    assert!(
        called <= CALL_H * limit_mw + 1e-9,
        "{called} of {}",
        CALL_H * limit_mw
    );
    assert!(
        called > CALL_H * (limit_mw - 0.1),
        "{called} of {}",
        CALL_H * limit_mw
    );
    let busy = |from: &str, to: &str| run.hours("gpus_busy", from, to);
    near(
        "before",
        busy("2026-07-10T19:00:00Z", FROM),
        0.9 * BLOCK + 64.0,
        1e-9,
    );
    near("under the call", busy(FROM, TO), CALL_H * 0.9 * BLOCK, 1e-9);
    // Hours of work are made up: four hours of two half-hour jobs of 64 GPUs wait.
    let after = busy(TO, "2026-07-11T04:00:00Z");
    near("after", after, CALL_H * (0.9 * BLOCK + 2.0 * 64.0), 1e-6);
    assert_eq!(line(&run, "curtailment_payment[1].penalty"), 0.0);
    near(
        "availability",
        line(&run, "curtailment_payment[1]"),
        5.0 * offered_mw * 31.0 * DAY_H,
        1e-9,
    );
    let none = world.run("stay-mining", &[&offer("load = \"site\", offered_mw = 1")]);
    let lost = none.cash("mining_revenue", "2026-07") - run.cash("mining_revenue", "2026-07");
    near(
        "coins lost",
        lost,
        CALL_H * revenue_h(NEW.hashrate_ph() + OLD.hashrate_ph()),
        0.02,
    );
}

#[test]
fn orders_to_large_loads_begin_with_their_law_and_spare_the_small() {
    let world = World::new();
    // A call on every day of July and August, 14:00 to 18:00, to 10 MW at most.
    let calls = |more: &str| {
        format!(
            "sites.mine.grid.curtailment.calls={{ hours_per_year = 243.5, limit_mw = 10, months = [7, 8], from_hour = 14, \
             to_hour = 18, {more} }}"
        )
    };
    let fee = "sites.mine.power_contracts=[{ id = \"market\", clauses = [{ index = { price = \"da\", adder_usd_per_mwh = 2 } }, \
        { fixed_charge = { once = { usd = 100_000, on = \"2026-03-15\" } } }] }]";
    let law = "starts = \"2026-08-01\", connection_mw_min = 40, hours_per_year_max = 80";
    let large = world.run("stay-mining", &[&calls(law), fee]);
    let small = world.run("stay-mining", &[&calls("connection_mw_min = 75"), fee]);
    let at = |run: &Run, day: &str| {
        run.hours(
            "grid_mw",
            &format!("{day}T19:00:00Z"),
            &format!("{day}T23:00:00Z"),
        )
    };
    for (day, ordered) in [
        ("2026-07-31", false),
        ("2026-08-01", true),
        ("2026-08-20", true),
        ("2026-08-21", false),
    ] {
        let usual = CALL_H * usual_meter_mw();
        if ordered {
            // The pool's room is kept, half a megawatt at most.
            let got = at(&large, day);
            assert!(
                (CALL_H * 9.5..=CALL_H * 10.0 + 1e-9).contains(&got),
                "{day}: {got}"
            );
        } else {
            near(day, at(&large, day), usual, 1e-9);
        }
        near(day, at(&small, day), usual, 1e-9);
    }
    // The fee of the study, once, in March.
    let paid = |run: &Run, month: &str| -run.cash("power_cost", month);
    near(
        "March",
        paid(&large, "2026-03"),
        32.0 * 743.0 * usual_meter_mw() + 100_000.0,
        1e-9,
    );
    near(
        "April",
        paid(&large, "2026-04"),
        32.0 * 720.0 * usual_meter_mw(),
        1e-9,
    );
}
