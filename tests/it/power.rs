//! The site's power in runs of the small world, against calculations by hand: capacities and what is
//! stranded, carbon, outages, transformers and modules that fail, a battery.

use crate::hand_made::{
    AUX_MW, BLOCK, MONTH_H, NEW, OLD, POOL, POOL_BUSY, POWER_USD, Row, Run, SERVING, World, near, number,
    usual_meter_mw,
};

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
    let used = usual_meter_mw() - AUX_MW;
    near("used", july("used_mwh"), used * JULY_H, 1e-9);
    let gpu_full = SERVING.feed_mw(SERVING.it_mw(0.0, 3_136.0), 28.0);
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
            // The old mine could go on until the crew comes; here it does not.
            "strategies.cloud.conversions[0].stages.wind-down.just_in_time_buffer_months=10",
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

/// The hour that begins at 15 o'clock in Texas on 10 July.
const OUTAGE_HOUR: (&str, &str) = ("2026-07-10T20:00:00Z", "2026-07-10T21:00:00Z");
const OUTAGE: &str =
    "sites.mine.grid.outages={ per_year = 0, stated = [{ from = \"2026-07-10T15:00\", minutes = 60 }] }";
const UPS: &str = "sites.mine.halls.gpu.serving.path.ups={ double_conversion = {} }";

fn outage_hour(run: &Run, column: &str) -> f64 {
    run.hours(column, OUTAGE_HOUR.0, OUTAGE_HOUR.1)
}

/// Sources less uses of a row of `hourly.csv`, MW, and their gross.
fn balance(row: &Row) -> (f64, f64) {
    let sum = |columns: &[&str]| columns.iter().map(|c| number(row, c)).sum::<f64>();
    let sources = sum(&["grid_mw", "onsite_mw", "discharge_mw", "backup_mw"]);
    let uses = sum(&[
        "mining_mw",
        "gpu_it_mw",
        "cooling_mw",
        "losses_mw",
        "other_mw",
        "charge_mw",
    ]);
    (sources - uses, sources + uses)
}

#[test]
fn generators_that_start_carry_the_gpus_and_burn_fuel() {
    let world = World::new();
    let backup = "sites.mine.backup={ units = 2, start_probability = 1, mttf_hours = 1e9 }";
    let run = world.run("stay-mining", &[OUTAGE, UPS, backup]);
    let usual = world.run("stay-mining", &[UPS]);
    assert_eq!(outage_hour(&run, "grid_mw"), 0.0);
    assert_eq!(outage_hour(&run, "mining_mw"), 0.0);
    // Twelve seconds out of the batteries of the UPS, the rest out of generators.
    let whole = outage_hour(&run, "discharge_mw") + outage_hour(&run, "backup_mw");
    near(
        "seconds",
        outage_hour(&run, "discharge_mw") / whole,
        12.0 / 3_600.0,
        0.15,
    );
    near(
        "GPUs",
        outage_hour(&run, "gpu_it_mw"),
        outage_hour(&usual, "gpu_it_mw"),
        1e-9,
    );
    assert_eq!(run.monthly("gpu_hours_unpowered", "2026-07"), 0.0);
    let backup_mwh = run.monthly("energy_backup_mwh", "2026-07");
    near("generators", backup_mwh, outage_hour(&run, "backup_mw"), 1e-12);
    near(
        "fuel",
        run.cash("fuel_cost", "2026-07"),
        -265.0 * backup_mwh,
        1e-12,
    );
    // What the UPS gave is charged again, to the last kilowatt-hour by the end of the month.
    let (out, back) = (
        run.monthly("energy_discharge_mwh", "2026-07"),
        run.monthly("energy_charge_mwh", "2026-07"),
    );
    near("charged again", back, out, 1e-9);
    let mining = OLD.hashrate_ph() + NEW.hashrate_ph();
    near(
        "mining",
        run.cash("mining_revenue", "2026-07") - usual.cash("mining_revenue", "2026-07"),
        -mining * 50.0 / 24.0,
        1e-9,
    );
}

#[test]
fn generators_that_do_not_start_leave_the_gpus_dark_after_the_batteries() {
    let world = World::new();
    let backup = "sites.mine.backup={ units = 2, start_probability = 0 }";
    let run = world.run("stay-mining", &[OUTAGE, UPS, backup]);
    // Five minutes of batteries, fifty-five of darkness; jobs of the pool start again from nothing.
    near(
        "unpowered",
        run.monthly("gpu_hours_unpowered", "2026-07"),
        3_136.0 * 55.0 / 60.0,
        1e-9,
    );
    assert_eq!(run.monthly("energy_backup_mwh", "2026-07"), 0.0);
    let availability = (744.0 - 55.0 / 60.0) / 744.0 * 100.0;
    assert!(availability > 99.0, "no credit is due");
    assert_eq!(run.cash("service_credits", "2026-07"), 0.0);
    // Without a UPS not even five minutes; eight hours more, and a credit is due: 5 % of the fee for each point below 99.
    let long = OUTAGE.replace("minutes = 60", "minutes = 540");
    let bare = world.run("stay-mining", &[&long, backup]);
    near(
        "unpowered",
        bare.monthly("gpu_hours_unpowered", "2026-07"),
        3_136.0 * 9.0,
        1e-9,
    );
    let missing = 99.0 - (744.0 - 9.0) / 744.0 * 100.0;
    let credit = missing * 0.05 * (BLOCK * 2.5 * 744.0);
    near("credit", bare.cash("service_credits", "2026-07"), -credit, 1e-9);
    assert!(year(&bare, "stranded_mwh_grid") > 0.0);
}

#[test]
fn a_transformer_down_in_n_sheds_miners_first_and_in_n_plus_one_nobody() {
    let world = World::new();
    let transformers = |mva: f64| {
        format!(
            "sites.mine.grid.transformers={{ count = 2, mva_each = {mva}, no_load_loss_kw = 0, full_load_loss_kw = 0, \
             power_factor = 1, failures = {{ per_year = 12, repair_hours = 100000 }} }}"
        )
    };
    // 24.8 MW in all: 13 + 13 carry them, and 25 alone do.
    let [n, reserve] = [13.0, 25.0].map(|mva| world.run("stay-mining", &[&transformers(mva)]));
    let failed: Vec<f64> = n
        .rows("events.csv")
        .iter()
        .filter(|e| e["kind"] == "block_failed")
        .map(|e| number(e, "t_s"))
        .collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    let stamp = |t_s: f64| {
        let start: jiff::Timestamp = "2026-01-01T06:00:00Z".parse().unwrap();
        start
            .checked_add(jiff::SignedDuration::from_secs(t_s as i64))
            .unwrap()
            .to_string()
    };
    let (from, to) = (
        stamp((failed[0] / 3_600.0).ceil() * 3_600.0),
        stamp((failed[1] / 3_600.0).floor() * 3_600.0),
    );
    let hours = n.hours("grid_mw", &from, &to) / 13.0;
    assert!(hours > 5.0, "{hours}");
    // GPUs keep their room for a full pool, so the least efficient miners stand still and the others take what is left.
    let usual = world.run("stay-mining", &[]);
    near(
        "GPUs",
        n.hours("gpu_it_mw", &from, &to),
        usual.hours("gpu_it_mw", &from, &to),
        1e-9,
    );
    let firm = SERVING.feed_mw(SERVING.it_mw(0.0, 0.9 * BLOCK + POOL), 28.0);
    let room = 13.0 - AUX_MW - firm;
    let rows = n.rows("hourly.csv");
    let within = rows
        .iter()
        .filter(|r| r["start_utc"].as_str() >= from.as_str() && r["start_utc"].as_str() < to.as_str());
    let mut seen = 0;
    for row in within {
        let mining = number(row, "mining_mw");
        assert!(
            mining < NEW.nameplate_mw() && mining / 0.985 <= room + 1e-6,
            "{mining} {room}"
        );
        assert!(mining > 0.9 * room, "{mining} {room}");
        assert_eq!(row["binding_limit"], "transformer");
        seen += 1;
    }
    assert!(seen > 4);
    assert!(year(&n, "stranded_mwh_transformer") > 0.0 && year(&n, "stranded_mwh_grid") == 0.0);
    // After the second nothing runs.
    let dark = stamp((failed[1] / 3_600.0).ceil() * 3_600.0);
    assert_eq!(n.hours("grid_mw", &dark, "2027"), 0.0);
    assert_eq!(n.hours("gpus_busy", &dark, "2027"), 0.0);
    near(
        "N+1",
        reserve.hours("grid_mw", &from, &to),
        usual.hours("grid_mw", &from, &to),
        1e-9,
    );
}

#[test]
fn a_site_short_of_firm_load_takes_spot_before_on_demand_before_reserved() {
    let world = World::new();
    // 3.75 MW: no miner runs, and the pool must yield; 2.5 MW: the block as well.
    let limit = |mw: f64| {
        format!(
            "sites.mine.grid.curtailment.orders=[{{ from = \"2026-01-02T00:00\", hours = 8000, limit_mw = {mw} }}]"
        )
    };
    let [pool, block] = [3.75, 2.5].map(|mw| world.run("stay-mining", &[&limit(mw)]));
    assert_eq!(pool.monthly("energy_mining_mwh", "2026-07"), 0.0);
    let capacity = |run: &Run| number(&run.rows("hourly.csv")[100], "gpu_capacity");
    let dark = (3_136.0 - capacity(&pool)) / 8.0;
    let feed = |dark: f64| {
        let it = SERVING.it_mw(dark, 0.9 * BLOCK + POOL - 8.0 * dark);
        SERVING.feed_mw(it, 28.0) + AUX_MW
    };
    // As many systems as are needed, or one more.
    assert!(
        (1.0..32.0).contains(&dark) && feed(dark) <= 3.75 + 1e-9 && feed(dark - 2.0) > 3.75,
        "{dark}"
    );
    assert!(capacity(&block) < BLOCK);
    assert_eq!(year(&pool, "stranded_mwh_transformer"), 0.0);
}

#[test]
fn a_battery_holds_the_peak_at_its_target_and_saves_the_demand_charge() {
    let world = World::new();
    let hot_day = "sites.mine.weather.offsets=[{ from = \"2026-07-06\", to = \"2026-07-07\", add_c = 3 }]";
    let usual = usual_meter_mw();
    let it = SERVING.it_mw(0.0, 0.9 * BLOCK + POOL_BUSY);
    let hot = NEW.feed_mw(31.0) + OLD.feed_mw(31.0) + SERVING.feed_mw(it, 31.0) + AUX_MW;
    let target = usual + 0.25 * (hot - usual);
    let battery = format!(
        "sites.mine.battery={{ power_mw = 4, energy_mwh = 20, rule.peak_shaving.target_mw = {target} }}"
    );
    let without = world.run("stay-mining", &[hot_day]);
    let with = world.run("stay-mining", &[hot_day, &battery]);
    near("peak", without.monthly("peak_mw", "2026-07"), hot, 1e-9);
    near("peak", with.monthly("peak_mw", "2026-07"), target, 1e-9);
    let given = (hot - target) * 24.0;
    assert!(given / 0.85_f64.sqrt() < 20.0, "the battery is large enough");
    near(
        "given",
        with.monthly("energy_discharge_mwh", "2026-07"),
        given,
        1e-6,
    );
    // It is full before the day and full again after it: what it loses is bought at 32 USD.
    near(
        "charged",
        with.monthly("energy_charge_mwh", "2026-07"),
        given / 0.85,
        1e-6,
    );
    let lost = given * (1.0 / 0.85 - 1.0) * POWER_USD;
    let saved = (hot - target) * 1_500.0 - lost;
    let bill = |run: &Run| run.monthly("power_cost_usd", "2026-07");
    near("saved", bill(&without) - bill(&with), saved, 1e-6);
}

/// Loss of a double-conversion UPS over its rating, at a share of it, between two points of its curve.
fn ups_loss(share: f64, (a, eta_a): (f64, f64), (b, eta_b): (f64, f64)) -> f64 {
    let loss = |share: f64, eta: f64| share * (1.0 / eta - 1.0);
    assert!((a..=b).contains(&share), "{share}");
    loss(a, eta_a) + (loss(b, eta_b) - loss(a, eta_a)) * (share - a) / (b - a)
}

#[test]
fn a_hall_with_everything_twice_runs_its_ups_at_half_the_load() {
    let world = World::new();
    let redundancy = |r: &str| format!("sites.mine.halls.gpu.serving.redundancy=\"{r}\"");
    let [n, two_n] = ["n", "2n"].map(|r| world.run("stay-mining", &[UPS, &redundancy(r)]));
    let it = SERVING.it_mw(0.0, 0.9 * BLOCK + POOL_BUSY);
    let (design, out) = (SERVING.design_mw(), it / 0.98);
    let single = design * ups_loss(out / design, (0.6, 0.96), (0.75, 0.962));
    let double = 2.0 * design * ups_loss(out / (2.0 * design), (0.3, 0.935), (0.4, 0.945));
    let july = |run: &Run| run.monthly("energy_losses_mwh", "2026-07");
    near(
        "losses",
        july(&two_n) - july(&n),
        (double - single) * JULY_H,
        1e-7,
    );
    assert!(double > 1.3 * single);
}

#[test]
fn every_hour_balances_with_every_source_and_failures_on() {
    let world = World::new();
    let run = world.run(
        "stay-mining",
        &[
            UPS,
            "sites.mine.grid.outages={ per_year = 60 }",
            "sites.mine.backup={ units = 3, fuel_hours = 1, hours_per_year_max = 20, start_probability = 0.7 }",
            "sites.mine.battery={ power_mw = 3, energy_mwh = 9, reserve_percent = 20, rule.peak_shaving.target_mw = 24 }",
            "sites.mine.onsite=[{ id = \"sun\", mw = 1.5 }, { id = \"gas\", mw = 2, output = \"engine\", usd_per_mwh = 31, islands = true }]",
            "sites.mine.halls.gpu.serving.path.ups_blocks={ failures = { per_year = 40, repair_hours = 60 } }",
            "sites.mine.halls.gpu.serving.path.feeders={ failures = { per_year = 6 } }",
            "sites.mine.grid.transformers={ count = 2, mva_each = 14, no_load_loss_kw = 20, full_load_loss_kw = 90, failures = { per_year = 4, repair_hours = 100 } }",
        ],
    );
    let hours = run.rows("hourly.csv");
    assert_eq!(hours.len(), 8_760);
    for row in &hours {
        let (off, gross) = balance(row);
        assert!(off.abs() <= 1e-9 * gross.max(1.0), "{off} {row:?}");
    }
    for source in ["grid_mw", "onsite_mw", "discharge_mw", "backup_mw", "charge_mw"] {
        assert!(hours.iter().any(|r| number(r, source) > 0.0), "{source}");
    }
    for limit in ["outage", "transformer"] {
        assert!(hours.iter().any(|r| r["binding_limit"] == limit), "{limit}");
    }
    let capacities = [
        "used_mwh",
        "unused_mwh",
        "stranded_mwh_grid",
        "stranded_mwh_cooling",
        "stranded_mwh_electrical",
        "stranded_mwh_staff",
        "stranded_mwh_unlet",
        "stranded_mwh_rack",
        "stranded_mwh_transformer",
    ];
    for row in run.rows("monthly.csv") {
        let parts: f64 = capacities.iter().map(|c| number(&row, c)).sum();
        near("capacities", parts, number(&row, "energised_mwh"), 1e-9);
        let month = &row["month"];
        let lines = run.rows("settlement.csv");
        let bill: f64 = lines
            .iter()
            .filter(|l| l["month"] == *month)
            .map(|l| number(l, "usd"))
            .sum();
        near("bill", number(&row, "power_cost_usd"), -bill, 1e-9);
        let fuel = run.cash("fuel_cost", month);
        near("fuel", fuel, -number(&row, "fuel_usd"), 1e-9);
    }
}

#[test]
fn impossible_power_plant_is_refused_with_its_place() {
    let world = World::new();
    let bad = [
        (
            "sites.mine.halls.gpu.serving.path.distribution_loss_percent=-1",
            "distribution_loss_percent",
        ),
        (
            "sites.mine.halls.gpu.serving.path.ups={ curve = { points = [{ load_percent = 50, efficiency_percent = 101 }] } }",
            "efficiency_percent",
        ),
        (
            "sites.mine.halls.gpu.serving.path.ups_blocks={ installed = 0 }",
            "ups_blocks.installed",
        ),
        (
            "sites.mine.halls.gpu.serving.path.ups_blocks={ needed = 3, installed = 2 }",
            "ups_blocks.installed",
        ),
        (
            "sites.mine.backup={ units = 2, start_probability = 1.2 }",
            "start_probability",
        ),
        (
            "sites.mine.grid.transformers={ count = 0, mva_each = 80, no_load_loss_kw = -5, full_load_loss_kw = 3 }",
            "transformers.count",
        ),
        (
            "sites.mine.battery={ power_mw = 1, energy_mwh = 1, round_trip_percent = 120 }",
            "round_trip_percent",
        ),
        ("sites.mine.carbon=\"nowhere\"", "carbon"),
    ];
    for (set, place) in bad {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        command.args(["run", "world.toml", "--quiet", "--set", set]);
        let output = command.current_dir(world.path("")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{set}: {text}");
        let said: String = text.split_whitespace().collect();
        assert!(said.contains(place), "{set}: {text}");
    }
}
