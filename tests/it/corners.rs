//! Where parts meet: changes between hours, months cut short, halls that share, inputs that are drawn or refused.

use crate::hand_made::{Run, World, near, number, usual_meter_mw};
use assert_cmd::Command;

#[test]
fn the_connection_steps_at_its_minute_within_an_hour_of_the_clock() {
    let world = World::new();
    // Midnight in Kolkata is half past six in the evening, UTC.
    let run = world.run(
        "stay-mining",
        &[
            "sites.mine.timezone=\"Asia/Kolkata\"",
            "sites.mine.grid.import_limit_mw=[{ from = \"2026-01-01\", mw = 40 }, { from = \"2026-07-10\", mw = 10 }]",
        ],
    );
    let hour = |from: &str, to: &str| {
        run.hours(
            "grid_mw",
            &format!("2026-07-09T{from}:00:00Z"),
            &format!("2026-07-09T{to}:00:00Z"),
        )
    };
    let (before, within, after) = (hour("17", "18"), hour("18", "19"), hour("19", "20"));
    near("before", before, usual_meter_mw(), 1e-9);
    assert!(after <= 10.0 && after > 9.5, "{after}");
    // Half an hour each; what the pool's jobs draw differs a little between the halves.
    assert!(
        (within - f64::midpoint(before, after)).abs() < 0.05,
        "{before} {within} {after}"
    );
}

#[test]
fn batteries_of_a_ups_carry_no_longer_than_they_last() {
    let world = World::new();
    let run = world.run(
        "stay-mining",
        &[
            "sites.mine.halls.gpu.serving.path.ups={ double_conversion = {} }",
            "sites.mine.grid.outages={ per_year = 0, ups_minutes = 1.506, stated = [{ from = \"2026-07-10T15:00\", minutes = 55 }] }",
        ],
    );
    let given_mwh = run.hours("discharge_mw", "2026-07-10T20:00:00Z", "2026-07-10T21:00:00Z");
    let usual = run.hours("gpu_it_mw", "2026-07-10T18:00:00Z", "2026-07-10T19:00:00Z");
    // 90 of 90.36 seconds of a hall that takes a tenth more than its IT.
    let by_hand = usual * 90.0 / 3_600.0;
    assert!(
        (by_hand..1.2 * by_hand).contains(&given_mwh),
        "{given_mwh}, {by_hand}"
    );
}

/// Share of the cost of energy that the tenant is recharged in December.
fn recharged(run: &Run) -> f64 {
    let cash = |account: &str| run.cash(account, "2026-12");
    -cash("power_recharge") / (cash("power_cost") + cash("fuel_cost"))
}

#[test]
fn a_tenant_who_pays_for_power_pays_for_fuel_too() {
    let world = World::new();
    let passes = "strategies.lease.conversions[0].lease.power=\"pass_through\"";
    let without = world.run("lease", &[passes]);
    let engine = "sites.mine.onsite=[{ id = \"gas\", mw = 5, output = \"engine\", usd_per_mwh = 20 }]";
    let with = world.run("lease", &[passes, engine]);
    let fuel = -with.cash("fuel_cost", "2026-12");
    near("fuel", fuel, 5.0 * 744.0 * 20.0, 1e-9);
    // The tenant's share of the energy is the same, whoever makes it.
    near("share", recharged(&with), recharged(&without), 1e-9);
    let mixed = world.run(
        "lease",
        &["strategies.lease.conversions[0].lease.power=\"gross\""],
    );
    assert_eq!(mixed.cash("power_recharge", "2026-12"), 0.0);
}

#[test]
fn a_month_cut_short_bills_its_days_of_rent() {
    let world = World::new();
    let run = world.run(
        "lease",
        &[
            "start=\"2026-01-15\"",
            "strategies.lease.conversions[0].start.date=\"2026-01-15\"",
            "strategies.cloud.conversions[0].start.date=\"2026-01-15\"",
        ],
    );
    // 8,400 kW at 120 USD; the first half of January 2027 is fourteen days.
    near(
        "December",
        run.cash("lease_revenue", "2026-12"),
        1_008_000.0,
        1e-9,
    );
    near(
        "January",
        run.cash("lease_revenue", "2027-01"),
        1_008_000.0 * 14.0 / 31.0,
        1e-9,
    );
}

#[test]
fn a_drawn_duration_reaches_the_schedule() {
    let world = World::new();
    let ready = |set: &[&str]| world.run("lease", set).metric("ready_for_service_months");
    let planned = ready(&[]);
    let stage = "strategies.lease.conversions[0].stages.transformer.duration_months.fixed.value";
    let drawn = format!(
        "uncertain=[{{ path = \"{stage}\", distribution.uniform = {{ low = 8, high = 8.000001 }} }}]"
    );
    near("two months more", ready(&[&drawn]) - planned, 2.0, 1e-5);
}

#[test]
fn what_cannot_be_simulated_is_refused_with_its_place() {
    let world = World::new();
    let refused = |set: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
        command
            .args(["run", "--dry-run", "--set", set])
            .arg(world.path("world.toml"));
        let output = command.assert().code(2).get_output().stderr.clone();
        String::from_utf8(output)
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let serving = refused("strategies.lease.conversions[0].halls=[\"mine/gpu\"]");
    assert!(serving.contains("serves by then and cannot be let"), "{serving}");
    let cooling = "sites.mine.halls.gpu.serving.cooling.direct_to_chip_dry.facility_water_c";
    let cooling = refused(&format!(
        "uncertain=[{{ path = \"{cooling}\", distribution.uniform = {{ low = 30, high = 40 }} }}]"
    ));
    assert!(cooling.contains("cannot be drawn anew"), "{cooling}");
    let dear = refused("tenants.anchor.reserved.gpu_block.usd_per_gpu_h=1e305");
    assert!(dear.contains("believed"), "{dear}");
    let twice = refused(
        "sites.mine.halls.gpu.serving={ model = \"hgx-h100\", systems = 392, cooling.air_cooled = {}, path.feeders.failures = {} }",
    );
    assert!(twice.contains("failures.feeder"), "{twice}");
}

#[test]
fn tenants_revenue_stands_in_the_row_of_the_first_site() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("world.toml")).unwrap();
    let second = "[[sites]]\nid = \"empty\"\ntimezone = \"America/Chicago\"\nweather = { file = \"weather.csv\", years = \"replayed\" }\n\
        grid = { import_limit_mw = [{ from = \"2026-01-01\", mw = 1 }] }\n\
        power_contracts = [{ id = \"market\", clauses = [{ index = { price = \"da\" } }] }]\n\
        halls = [{ id = \"none\", grid_mw = 1, cooling.air_cooled = {} }]\n\n[[tenants]]\nid = \"anchor\"";
    std::fs::write(
        world.path("world.toml"),
        text.replacen("[[tenants]]\nid = \"anchor\"", second, 1),
    )
    .unwrap();
    let run = world.run("stay-mining", &[]);
    let july = |site: &str| {
        let rows = run.rows("monthly.csv");
        let row = rows.iter().find(|r| r["month"] == "2026-07" && r["site"] == site);
        number(row.unwrap(), "revenue_usd")
    };
    assert_eq!(july("empty"), 0.0);
    assert!(july("mine") > 2.5 * 2_880.0 * 744.0);
}

#[test]
fn a_block_is_let_by_its_contract_to_the_hour_of_its_end() {
    let world = World::new();
    let run = world.run(
        "stay-mining",
        &[
            "tenants.anchor.reserved.gpu_block.years=0.5",
            "tenants.anchor.reserved.gpu_block.then_occupancy_percent=0",
        ],
    );
    // Half of 365.25 days after New Year in Chicago: 2 July, 16:00, the clock having gone forward.
    let fee = |hours: f64| 2.5 * 2_880.0 * hours;
    let usd = |month: &str| run.cash("gpu_reserved_revenue", month);
    near("June", usd("2026-06"), fee(720.0), 1e-9);
    near("July", usd("2026-07"), fee(24.0 + 16.0), 1e-9);
    assert_eq!(usd("2026-08"), 0.0);
    // From then on the block's GPUs idle: the hall draws less.
    let hall = |at: &str, to: &str| run.hours("gpu_it_mw", at, to);
    let (before, after) = (
        hall("2026-07-02T19:00:00Z", "2026-07-02T20:00:00Z"),
        hall("2026-07-02T22:00:00Z", "2026-07-02T23:00:00Z"),
    );
    near(
        "idle",
        before - after,
        0.9 * 2_880.0 * (7.75 - 1.8) / 8.0 / 1e3,
        1e-9,
    );
}
