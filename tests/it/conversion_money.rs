//! What moves the cost of a conversion, in runs of the small world: prices between order and delivery, orders that are
//! cancelled, cost that goes with time. Sizes worked out by hand.

use crate::hand_made::{DAY_H, Run, World, near, number};

const STAGE: &str = "strategies.lease.conversions[0].stages.transformer";
const RISK: &str = "strategies.lease.conversions[0].risk";

/// The whole facility: 57.5 percent of it was not done before.
fn facility(base: &Run) -> f64 {
    -base.cash_of_year("capex_facility") / 0.575
}

/// Risk that moves nothing by itself: every duration is fixed and no test fails.
fn calm(more: &[&str]) -> Vec<String> {
    let terms = [
        "enabled=true",
        "overrun_log_mean=0",
        "overrun_log_sd=0",
        "commissioning_fail_percent=0",
        "cost_log_mean=0",
        "cost_log_sd=0",
    ];
    terms
        .iter()
        .chain(more)
        .map(|term| format!("{RISK}.{term}"))
        .collect()
}

fn run(world: &World, set: &[String], seed: u32) -> Run {
    let seed = format!("run.seed={seed}");
    let set: Vec<&str> = set.iter().map(String::as_str).chain([seed.as_str()]).collect();
    world.run("lease", &set)
}

#[test]
fn what_is_due_on_delivery_grows_from_the_order_to_the_delivery() {
    let world = World::new();
    let base = world.run("lease", &[]);
    let dear = world.run(
        "lease",
        &[&format!("{STAGE}.order.escalation_percent_per_year=10")],
    );
    // 5 percent of the facility, a fifth of it as deposit; the rest six months, half a year, later.
    let more = base.cash_of_year("capex_facility") - dear.cash_of_year("capex_facility");
    near(
        "escalation",
        more,
        facility(&base) * 0.05 * 0.8 * (1.1_f64.sqrt() - 1.0),
        1e-6,
    );
    let july = base.cash("capex_facility", "2026-07") - dear.cash("capex_facility", "2026-07");
    near("in the month of the delivery", july, more, 1e-9);
    near("NPV", dear.metric("npv_usd"), dear.npv_by_hand(), 1e-9);
}

#[test]
fn a_cancelled_order_owes_by_the_lead_time_that_is_over() {
    let world = World::new();
    let base = world.run("lease", &[]);
    let mut set = calm(&["cancellation_percent_per_year=99"]);
    set.push(format!(
        "{STAGE}.order.cancellation=[{{ elapsed_percent = 0, owed_percent = 20 }}, {{ elapsed_percent = 100, owed_percent = 100 }}]"
    ));
    let mut seen = 0;
    for seed in 0..12 {
        let run = run(&world, &set, seed);
        let events = run.rows("events.csv");
        let cancelled = events.iter().find(|e| e["kind"] == "conversion_cancelled");
        // Before the wind-down begins, four and a half months after the start, nothing but the order has cost anything.
        let Some(hours) = cancelled
            .map(|e| number(e, "t_s") / 3_600.0)
            .filter(|h| *h < 120.0 * DAY_H)
        else {
            continue;
        };
        let over = hours / (182.625 * DAY_H);
        let owed = facility(&base) * 0.05 * (0.2 + 0.8 * over);
        near("owed", -run.cash_of_year("capex_facility"), owed, 1e-6);
        seen += 1;
    }
    // At 99 percent a year three in four end within four months.
    assert!(seen >= 4, "{seen} of 12");
}

#[test]
fn cost_goes_with_time_where_the_file_says_so() {
    let world = World::new();
    let base = world.run("lease", &[]);
    let with = |correlation: f64, seed: u32| {
        let mut set = calm(&["overrun_log_sd=0.2", "cost_log_sd=0.2"]);
        set.push(format!("{RISK}.cost_duration_correlation={correlation}"));
        let run = run(&world, &set, seed);
        let late = run.metric("ready_for_service_months") / 7.0;
        (
            late,
            -run.cash_of_year("capex_facility") / (0.575 * facility(&base)),
        )
    };
    let mut apart = 0.0_f64;
    for seed in 1..5 {
        // All takes 7 months times a factor, all costs its plan times a factor: the same one at a correlation of one.
        let (late, dear) = with(1.0, seed);
        assert!(
            late * 7.0 < 12.0,
            "the year is long enough for all payments: {late}"
        );
        near("cost and time", dear, late, 1e-6);
        let (same, other) = with(0.0, seed);
        near("time is as it was", same, late, 1e-9);
        apart = apart.max((other / same - 1.0).abs());
    }
    assert!(apart > 0.05, "without correlation they part: {apart}");
}
