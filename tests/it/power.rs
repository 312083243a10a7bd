//! The site's power in runs of the small world, against calculations by hand: capacities and what is stranded, carbon.

use crate::hand_made::{MONTH_H, NEW, OLD, Run, World, near, number, usual_meter_mw};

/// Hours of July.
const JULY_H: f64 = 744.0;

/// The sum of a column of `monthly.csv` over the year.
fn year(run: &Run, column: &str) -> f64 {
    run.rows("monthly.csv").iter().map(|r| number(r, column)).sum()
}

#[test]
fn capacities_add_up_and_name_the_limit_that_binds() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    let july = |column: &str| usual.monthly(column, "2026-07");
    // Three feeds: 12 + 12 + 8 MW; everything runs, so that only missing machines strand power.
    near("energised", july("energised_mwh"), 32.0 * JULY_H, 1e-12);
    near("commissioned", july("commissioned_mwh"), 32.0 * JULY_H, 1e-12);
    let mines = NEW.feed_mw(28.0) + OLD.feed_mw(28.0);
    let used = usual_meter_mw() - crate::hand_made::AUX_MW;
    near("used", july("used_mwh"), used * JULY_H, 1e-9);
    let full = crate::hand_made::SERVING;
    let gpu_full = full.feed_mw(full.it_mw(0.0, 3_136.0), 28.0);
    near(
        "rack",
        july("stranded_mwh_rack"),
        (32.0 - mines - gpu_full) * JULY_H,
        1e-9,
    );
    near(
        "unused",
        july("unused_mwh"),
        (gpu_full + mines - used) * JULY_H,
        1e-7,
    );
    assert_eq!(july("stranded_mwh_staff"), 0.0);
    for column in ["grid", "cooling", "electrical", "unlet"] {
        assert_eq!(july(&format!("stranded_mwh_{column}")), 0.0, "{column}");
    }
}

#[test]
fn a_hall_that_waits_for_its_crew_alone_is_stranded_by_staff() {
    let world = World::new();
    let stage = "strategies.cloud.conversions[0].stages.hire-and-train";
    let late = world.run(
        "cloud",
        &[
            &format!("{stage}.done=false"),
            &format!("{stage}.duration_months={{ fixed = {{ value = 4 }} }}"),
            &format!("{stage}.just_in_time_buffer_months=0"),
        ],
    );
    // Everything else is ready after 2.25 months; the crew of the 12 MW hall after 4.
    near("ready", late.metric("ready_for_service_months"), 4.0, 1e-6);
    let waits_h = (4.0 - 2.25) * MONTH_H;
    near("staff", year(&late, "stranded_mwh_staff"), 12.0 * waits_h, 1e-6);
    let in_time = world.run("cloud", &[]);
    assert_eq!(year(&in_time, "stranded_mwh_staff"), 0.0);
}

#[test]
fn carbon_follows_the_meter_by_location_and_the_contracts_by_their_word() {
    let world = World::new();
    let contracts = "sites.mine.power_contracts=[\
        { id = \"hydro\", carbon_g_per_kwh = 0, clauses = [{ block = { mw = 10, usd_per_mwh = 32 } }] }, \
        { id = \"market\", clauses = [{ index = { price = \"da\" } }] }]";
    let grid = "market.carbon={ ercot = { fixed_g_per_kwh = 400 } }";
    let run = world.run("stay-mining", &[grid, "sites.mine.carbon=\"ercot\"", contracts]);
    let meter = run.monthly("energy_grid_mwh", "2026-07");
    near(
        "location",
        run.monthly("carbon_kg", "2026-07"),
        400.0 * meter,
        1e-12,
    );
    let rest = meter - 10.0 * JULY_H;
    near(
        "contract",
        run.monthly("carbon_contract_kg", "2026-07"),
        400.0 * rest,
        1e-12,
    );
    let it = year(&run, "energy_mining_mwh") + year(&run, "energy_gpu_it_mwh");
    near(
        "CUE",
        run.metric("cue_kg_per_kwh"),
        0.4 * year(&run, "energy_grid_mwh") / it,
        1e-12,
    );
    let none = world.run("stay-mining", &[]);
    assert_eq!(none.monthly("carbon_kg", "2026-07"), 0.0);
}
