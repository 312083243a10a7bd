//! What tables say of the dates and the cost of conversions, against whole runs of the small world.

use crate::hand_made::{Row, Run, World, near, number};

/// The row of a conversion, or of `all`.
fn row(run: &Run, conversion: &str) -> Row {
    let rows = run.rows("schedule_conversions.csv");
    let mut own = rows.into_iter().filter(|r| r["conversion"] == conversion);
    own.next().unwrap()
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
