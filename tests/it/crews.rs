//! Crews of data halls, hired one by one: when they stand, what they cost, and what happens without, in a run of the small
//! world, by hand.

use crate::hand_made::{DAY_H, Run, World, near, number};
use crate::support::said;

/// The tenant that is there: 2,880 GPUs at 2.5 USD. The other one holds 800 and has prepaid a fifth.
const ANCHOR_H: f64 = 2_880.0 * 2.5;
const LATE_H: f64 = 0.8 * 800.0 * 2.5;
const YEAR_H: f64 = 8_760.0;

/// Every role is found in some months and trained in two, and so many leave in a year.
fn people(hire_months: f64, attrition: f64, minimum: f64) -> String {
    let role = format!(
        "{{ hire_months.fixed = {{ value = {hire_months} }}, train_months.fixed = {{ value = 2 }}, \
         attrition_percent_per_year = {attrition}, from_mining_percent = 0 }}"
    );
    format!(
        "sites.mine.staff.people={{ technicians = {role}, operators = {role}, engineers = {role}, \
         minimum_percent = {minimum} }}"
    )
}

fn first(run: &Run, kind: &str) -> Option<f64> {
    let events = run.rows("events.csv");
    let mut found = events.iter().filter(|e| e["kind"] == kind);
    found.next().map(|e| number(e, "t_s") / 3_600.0)
}

#[test]
fn a_hall_waits_until_its_crew_is_hired_and_trained_whatever_was_drawn() {
    let world = World::new();
    let hires = [
        "strategies.cloud.conversions[0].stages.hire-and-train.done=false",
        "strategies.cloud.conversions[0].stages.hire-and-train.duration_months={ fixed = { value = 1 } }",
    ];
    let drawn = world.run("cloud", &hires);
    near("ready", drawn.metric("ready_for_service_months"), 2.25, 1e-6);
    let hired = world.run("cloud", &[&hires[..], &[&people(3.0, 0.0, 70.0)]].concat());
    // The first look after the stage began is on day 7; three and two months later, on day 159.2, the crew is trained, and
    // the look of day 161 finds it so.
    let ready_h = 161.0 * DAY_H;
    near("ready", first(&hired, "crew_ready").unwrap(), ready_h, 1e-12);
    near(
        "revenue",
        hired.cash_of_year("gpu_reserved_revenue"),
        ANCHOR_H * YEAR_H + LATE_H * (YEAR_H - ready_h),
        1e-9,
    );
    // The hall waits for its crew alone from the day on which the rest is done.
    let rest_h = 2.25 * 730.5;
    let stranded: f64 = (1..=12)
        .map(|month| hired.monthly("stranded_mwh_staff", &format!("2026-{month:02}")))
        .sum();
    near("stranded", stranded, 12.0 * (ready_h - rest_h), 1e-6);
    assert_eq!(drawn.monthly("stranded_mwh_staff", "2026-04"), 0.0);
    near("NPV", hired.metric("npv_usd"), hired.npv_by_hand(), 1e-9);
}

#[test]
fn a_crew_costs_its_people_and_their_recruitment() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let crewed = world.run("stay-mining", &[&people(3.0, 0.0, 70.0)]);
    // 8 MW at one person a megawatt and 102,000 USD, against 4 technicians, 10 operators for two posts around the clock and
    // 2 engineers, all year: 365 days of 365.25.
    let by_heads = 8.0 * 102_000.0 * 1.3;
    let by_people = (4.0 * 75_000.0 + 10.0 * 114_500.0 + 2.0 * 170_000.0) * 1.3 * 365.0 / 365.25;
    near(
        "staff",
        crewed.cash_of_year("staff_cost") - usual.cash_of_year("staff_cost"),
        by_heads - by_people,
        1e-6,
    );
    near("NPV", crewed.metric("npv_usd"), crewed.npv_by_hand(), 1e-9);
}

#[test]
fn a_hall_below_its_minimum_crew_stands_dark_until_somebody_comes() {
    let world = World::new();
    let short = world.run("stay-mining", &[&people(60.0, 100.0, 100.0)]);
    // Somebody leaves in the first weeks, and nobody comes within the year.
    let from_h = first(&short, "crew_short").expect("sixteen people, of whom most leave within a year");
    assert_eq!(first(&short, "crew_back"), None);
    near(
        "fees and credits",
        short.cash_of_year("gpu_reserved_revenue"),
        ANCHOR_H * YEAR_H,
        1e-9,
    );
    let stranded: f64 = (1..=12)
        .map(|month| short.monthly("stranded_mwh_staff", &format!("2026-{month:02}")))
        .sum();
    near("stranded", stranded, 8.0 * (YEAR_H - from_h), 1e-9);
    assert_eq!(short.monthly("energy_gpu_it_mwh", "2026-12"), 0.0);
    assert_eq!(short.monthly("gpu_hours_served", "2026-12"), 0.0);
    // A whole month without a GPU: availability of nothing, credited up to the cap of 30 % of the fee.
    near(
        "credits",
        short.cash("service_credits", "2026-12"),
        -0.3 * ANCHOR_H * 744.0,
        1e-9,
    );
    // With quick hiring the hall comes back.
    let quick = world.run("stay-mining", &[&people(0.5, 30.0, 100.0)]);
    assert!(first(&quick, "crew_back").unwrap() > first(&quick, "crew_short").unwrap());
}

#[test]
fn people_that_make_no_sense_are_refused_at_their_place() {
    let world = World::new();
    let refused = |rest: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        let people = format!("sites.mine.staff.people={{ {rest} }}");
        command
            .current_dir(world.path("."))
            .args(["validate", "world.toml", "--set", &people]);
        said(&command.assert().code(2))
    };
    assert!(refused("minimum_percent = 130").contains("must lie between 0 and 100"));
    assert!(refused("operators.posts = 2000").contains("must lie between 0 and 1000"));
    assert!(refused("technicians.hire_months.fixed.value = -1").contains("leave the range of 0 to 60"));
    assert!(refused("technicans = {}").contains("did you mean `technicians`"));
    assert!(refused("operators.from_mining_percent = 60").contains("add up to 110"));
}
