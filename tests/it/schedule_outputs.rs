//! What tables say of the dates and the cost of conversions, against whole runs of the small world.

use crate::hand_made::{Row, Run, World, near, number};

/// The row of a conversion, or of `all`.
fn row(run: &Run, conversion: &str) -> Row {
    let rows = run.rows("schedule_conversions.csv");
    let mut own = rows.into_iter().filter(|r| r["conversion"] == conversion);
    own.next().unwrap()
}

#[test]
fn a_day_of_delay_costs_what_a_run_loses_whose_hall_is_later() {
    let world = World::new();
    for (strategy, ready) in [("lease", "ready-for-service"), ("cloud", "ready-for-service")] {
        // Mining stops as early as it can, so that nothing but readiness waits.
        let early =
            format!("strategies.{strategy}.conversions[0].stages.wind-down.just_in_time_buffer_months=12");
        let base = world.run(strategy, &[&early]);
        let months = 30.0 / 30.4375;
        let slip = format!("strategies.{strategy}.conversions[0].stages.{ready}.delay_months={months}");
        let later = world.run(strategy, &[&early, &slip]);
        let lost = base.metric("npv_equity_usd") - later.metric("npv_equity_usd");
        let told = number(&row(&base, "0"), "delay_usd_per_day");
        near(strategy, told * 30.0, lost, 1e-6);
        near(
            "all",
            number(&row(&base, "all"), "delay_usd_per_day"),
            told,
            1e-12,
        );
        // A tenant of 800 GPUs pays 48,000 USD a day, the shell 33,117; less power, people and what follows the works.
        let (least, most) = if strategy == "cloud" {
            (24_000.0, 48_000.0)
        } else {
            (10_000.0, 33_200.0)
        };
        assert!(least < told && told < most, "{strategy}: {told}");
    }
}

#[test]
fn without_risk_a_conversion_costs_and_ends_as_planned_and_as_the_run_says() {
    let world = World::new();
    let run = world.run("lease", &[]);
    for conversion in ["0", "all"] {
        let own = row(&run, conversion);
        for column in [
            "planned_capex_usd",
            "capex_p10_usd",
            "capex_p50_usd",
            "capex_p90_usd",
        ] {
            near(column, number(&own, column), run.metric("capex_usd"), 1e-9);
        }
        for column in ["planned_ready", "ready_p10", "ready_p50", "ready_p90"] {
            // Seven months of 30.4375 days from midnight in Chicago.
            assert_eq!(own[column], "2026-08-02T07:30:00Z", "{column}");
        }
    }
    assert_eq!(row(&run, "0")["halls"], "mine/old");
}

#[test]
fn spread_of_cost_is_the_one_that_the_file_states() {
    let world = World::new();
    let set = [
        "strategies.lease.conversions[0].risk.enabled=true",
        "strategies.lease.conversions[0].risk.cost_log_mean=0.1",
        "strategies.lease.conversions[0].risk.cost_log_sd=0.2",
    ];
    let run = world.run("lease", &set);
    let own = row(&run, "0");
    let ratio = |column: &str| number(&own, column) / number(&own, "planned_capex_usd");
    // Quantiles of exp(0.1 + 0.2 z) from 200 draws: the standard errors of z are 0.12, 0.09 and 0.12.
    for (column, z, error) in [
        ("capex_p10_usd", -1.2816, 0.12),
        ("capex_p50_usd", 0.0, 0.09),
        ("capex_p90_usd", 1.2816, 0.12),
    ] {
        let got = (ratio(column).ln() - 0.1) / 0.2;
        assert!((got - z).abs() < 3.0 * error, "{column}: {got} instead of {z}");
    }
}
