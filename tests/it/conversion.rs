//! Conversions as projects through whole runs of the small world: crews, calendars, designs opened again, and what a
//! scenario may not say, each date worked out by hand.

use crate::hand_made::{World, near, number};
use crate::support::Place;

/// Seconds since the epoch of a time in UTC such as `2026-08-31T15:30:00Z`.
fn seconds(text: &str) -> i64 {
    repower::time::Calendar::utc()
        .instant(text.trim_end_matches('Z').parse().unwrap())
        .unwrap()
        .as_unix_s()
}

fn about(got: &str, wanted: &str) {
    let gap = (seconds(got) - seconds(wanted)).abs();
    assert!(gap <= 10, "{got} instead of {wanted}");
}

#[test]
fn a_summer_shutdown_moves_the_rent_by_what_it_takes() {
    let world = World::new();
    let run = world.run(
        "lease",
        &[
            "calendars=[{ id = \"works\", working_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], \
             shutdowns = [{ from = \"07-01\", to = \"07-31\" }] }]",
            "strategies.lease.conversions[0].calendar=\"works\"",
        ],
    );
    let rows = run.rows("schedule.csv");
    let end = |stage: &str| {
        let row = rows.iter().find(|r| r["stage"] == stage).unwrap();
        // Nothing is drawn: the plan knows the calendar and comes true.
        about(&row["end"], &row["planned_end"]);
        row["end"].clone()
    };
    // The lead time knows no calendar: 182.625 days from local midnight, 6 o'clock UTC.
    about(&end("transformer"), "2026-07-02T21:00:00Z");
    // Half a month of tie-in and half of tests begin with 1 August, 5 o'clock UTC: 15.21875 days each.
    about(&end("energisation"), "2026-08-16T10:15:00Z");
    about(&end("ready-for-service"), "2026-08-31T15:30:00Z");
}

#[test]
fn a_crane_for_two_halls_makes_the_second_wait() {
    let world = World::new();
    let with = |cranes: u32| {
        let run = world.run(
            "lease",
            &[
                &format!("resources=[{{ id = \"crane\", units = {cranes} }}]"),
                "strategies.lease.conversions[0].halls=[\"mine/old\", \"mine/new\"]",
                "strategies.lease.conversions[0].stages.civil.duration_months.fixed.value=4",
                "strategies.lease.conversions[0].stages.civil.needs=[{ resource = \"crane\" }]",
                "strategies.lease.conversions[0].stages.wind-down.just_in_time_buffer_months=1",
            ],
        );
        run.rows("schedule.csv")
    };
    let find = |rows: &[crate::hand_made::Row], hall: &str, stage: &str| -> crate::hand_made::Row {
        let mut own = rows.iter().filter(|r| r["hall"] == hall && r["stage"] == stage);
        own.next().unwrap().clone()
    };
    let (one, two) = (with(1), with(2));
    // Seven months, set by the transformer, are 213.0625 days.
    for hall in ["old", "new"] {
        about(
            &find(&two, hall, "ready-for-service")["end"],
            "2026-08-02T07:30:00Z",
        );
    }
    about(
        &find(&one, "old", "ready-for-service")["end"],
        "2026-08-02T07:30:00Z",
    );
    // Wind-down 0.5, works 4 and 4, energisation and fit-out 0.5, tests 0.5: 9.5 months are 289.15625 days.
    let late = find(&one, "new", "ready-for-service");
    about(&late["end"], "2026-10-17T09:45:00Z");
    about(&late["planned_end"], "2026-10-17T09:45:00Z");
    let civil = find(&one, "new", "civil");
    assert_eq!(civil["cause"], "waited for crane from mine/old");
    assert_eq!(civil["critical"], "true");
}

#[test]
fn a_design_that_is_opened_again_holds_works_and_costs_its_share() {
    let world = World::new();
    let base = world.run("lease", &[]);
    let run = world.run(
        "lease",
        &["strategies.lease.conversions[0].refreezes=[{ cause = \"tenant-specification\", when.date = \"2026-03-01\", \
           repeat_percent = 100, cost_percent = 2 }]"],
    );
    let rows = run.rows("schedule.csv");
    let row = |stage: &str| rows.iter().find(|r| r["stage"] == stage).unwrap();
    // Design takes 3 months, 91.3125 days from 1 March; the wind-down, planned for May, waits for its freeze.
    about(&row("wind-down")["start"], "2026-05-31T07:30:00Z");
    assert_eq!(row("wind-down")["cause"], "design opened again");
    // Then 0.5 + 1 + 0.5 + 0.5 months, 76.09375 days.
    about(&row("ready-for-service")["end"], "2026-08-15T09:45:00Z");
    // Shares of cost that were not paid before: 5 + 1 + 20.5 + 7 + 20 + 2 + 2 percent; 2 of 100 fall due with the change.
    // Midnight UTC is the evening before in Chicago, whose months the ledger keeps.
    let share = run.cash("capex_facility", "2026-02") / base.cash_of_year("capex_facility");
    near("cost of the change", share, 2.0 / 57.5, 1e-9);
}

#[test]
fn a_cancelled_project_stops_costs_and_leaves_the_mine_running() {
    let world = World::new();
    let set = [
        "strategies.lease.conversions[0].risk.enabled=true",
        "strategies.lease.conversions[0].risk.cancellation_percent_per_year=99",
    ];
    let found = (0..20).find_map(|seed| {
        let seed = format!("run.seed={seed}");
        let run = world.run("lease", &[set[0], set[1], &seed]);
        let events = run.rows("events.csv");
        let cancelled = events.iter().find(|e| e["kind"] == "conversion_cancelled");
        cancelled
            .map(|e| number(e, "t_s"))
            .filter(|t| *t < 90.0 * 86_400.0)
            .map(|_| run)
    });
    // At 99 percent a year nearly 7 in 10 end in the first quarter.
    let run = found.expect("one of twenty projects is cancelled in its first quarter");
    assert!(
        run.rows("schedule.csv")
            .iter()
            .all(|r| r["stage"] != "ready-for-service" || r["end"].is_empty())
    );
    assert_eq!(run.cash_of_year("lease_revenue"), 0.0);
    // Only the deposit on transformers was paid: a fifth of 5 percent of the facility's cost.
    let stays = world.run("stay-mining", &[]);
    let mined = |r: &crate::hand_made::Run| r.cash("mining_revenue", "2026-12");
    near("mining goes on", mined(&run), mined(&stays), 1e-9);
}

#[test]
fn what_construction_cannot_mean_is_refused_with_its_place() {
    let place = Place::new();
    let world = World::new();
    std::fs::copy(world.path("world.toml"), place.path("x.toml")).unwrap();
    std::fs::copy(world.path("weather.csv"), place.path("weather.csv")).unwrap();
    std::fs::copy(world.path("jobs.csv"), place.path("jobs.csv")).unwrap();
    let conversion = "strategies.lease.conversions[0]";
    for (set, wanted) in [
        (
            vec![
                "resources=[{ id = \"crane\", units = 1 }]".to_owned(),
                format!("{conversion}.stages.civil.needs=[{{ resource = \"crane\", units = 2 }}]"),
            ],
            vec!["needs 2 of `crane`, of which there are 1"],
        ),
        (
            vec![
                "resources=[{ id = \"crane\", units = 1 }]".to_owned(),
                format!("{conversion}.stages.civil.needs=[{{ resource = \"carne\" }}]"),
            ],
            vec!["unknown resource `carne`", "did you mean `crane`?"],
        ),
        (
            vec![
                "calendars=[{ id = \"works\" }]".to_owned(),
                format!("{conversion}.calendar=\"work\""),
            ],
            vec!["unknown calendar `work`", "did you mean `works`?"],
        ),
        (
            vec![format!("{conversion}.stages.civil.after=[\"commissioning\"]")],
            vec!["stages wait for each other: `civil` -> `commissioning`"],
        ),
        (
            vec![format!("{conversion}.stages.civil.after=[\"wind-donw\"]")],
            vec!["unknown stage `wind-donw`", "did you mean `wind-down`?"],
        ),
        (
            vec![format!(
                "{conversion}.stages.transformer.duration_months.fixed.value=13"
            )],
            vec!["order `transformer` is planned to be delivered after the horizon"],
        ),
        (
            vec![format!("{conversion}.risk.cancellation_percent_per_year=101")],
            vec!["cancellation_percent_per_year", "101"],
        ),
        (
            vec![format!(
                "{conversion}.stages.commissioning.tests=[{{ name = \"L4\", fail_percent = 140 }}]"
            )],
            vec!["fail_percent", "140"],
        ),
    ] {
        let mut command = place.repower(&["validate", "x.toml"]);
        for assignment in &set {
            command.args(["--set", assignment]);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        // Messages are broken into lines behind a bar.
        let words: Vec<&str> = text.split_whitespace().filter(|w| *w != "│").collect();
        let text = words.join(" ");
        assert_eq!(output.status.code(), Some(2), "{set:?}: {text}");
        for wanted in wanted {
            assert!(text.contains(wanted), "{set:?}: {wanted}: {text}");
        }
    }
}
