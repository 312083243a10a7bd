//! Halls that change their use again, kinds of conversion of one's own and starts that look at cash, in runs of the small
//! world: dates, megawatts and money worked out by hand.

use crate::hand_made::{DAY_H, MONTH_H, OLD, Run, World, near, number};
use crate::support::said;

const YEAR_H: f64 = 8_760.0;
/// The tenant that is there: 2,880 GPUs at 2.5 USD.
const ANCHOR_H: f64 = 2_880.0 * 2.5;

/// `stay-mining` with conversions of its own.
fn with(conversions: &str) -> String {
    format!("strategies.stay-mining.conversions=[{conversions}]")
}

/// Stages of fixed months.
fn stages(fixed: &[(&str, f64)]) -> String {
    let one =
        |(id, months): &(&str, f64)| format!("{{ id = \"{id}\", duration_months.fixed.value = {months} }}");
    let all: Vec<String> = fixed.iter().map(one).collect();
    format!("stages = [{}], risk = {{ enabled = false }}", all.join(", "))
}

/// Hours from the start at which a hall came into a phase.
fn entered(run: &Run, hall: &str, phase: &str) -> Option<f64> {
    let events = run.rows("events.csv");
    let mut found = events
        .iter()
        .filter(|e| e["kind"] == "phase" && e["subject"] == hall && e["detail"] == phase);
    found.next().map(|e| number(e, "t_s") / 3_600.0)
}

fn sound(run: &Run) {
    near("NPV", run.metric("npv_usd"), run.npv_by_hand(), 1e-9);
}

const INSTALL: &str = "install = { model = \"hgx-h100\", systems = 392, hardware_usd_per_gpu = 30_000, \
    fit_out_usd_per_it_kw = 1_000, path = { ups = \"none\", distribution_loss_percent = 2 }, \
    failures = { enabled = false }, \
    cooling.direct_to_chip_dry = { facility_water_c = 38, liquid_percent = 100, trim_chiller_percent = 0 } }";

/// A refresh of the hall that serves: a month until the systems are there, two months without service.
fn refresh(start: &str) -> String {
    let months = [
        ("design", 0.0),
        ("gpu-delivery", 1.0),
        ("clear-out", 0.5),
        ("re-fit", 0.5),
        ("rack-install", 0.5),
        ("re-test", 0.25),
        ("burn-in", 0.25),
    ];
    format!(
        "{{ halls = [\"mine/gpu\"], archetype = \"gpu-refresh\", start.{start}, {INSTALL}, {} }}",
        stages(&months)
    )
}

#[test]
fn a_refresh_takes_the_hall_out_pays_for_new_systems_and_gives_its_gpus_back() {
    let world = World::new();
    let run = world.run("stay-mining", &[&with(&refresh("date = \"2026-02-01\""))]);
    sound(&run);
    // 31 days, then 30.4375 until the systems are there: 61.4375 days.
    let (stops, back) = (31.0 * DAY_H + MONTH_H, 31.0 * DAY_H + 3.0 * MONTH_H);
    near("cleared", entered(&run, "gpu", "clearing").unwrap(), stops, 1e-6);
    near("serving", entered(&run, "gpu", "serving").unwrap(), back, 1e-6);
    near(
        "fees",
        run.cash_of_year("gpu_reserved_revenue"),
        ANCHOR_H * (YEAR_H - (back - stops)),
        1e-6,
    );
    // A month in between: no GPU works, and its tenant, whose hall it is by agreement, is owed nothing.
    assert_eq!(run.monthly("energy_gpu_it_mwh", "2026-04"), 0.0);
    assert_eq!(run.cash_of_year("service_credits"), 0.0);
    near(
        "hardware",
        run.cash_of_year("capex_hardware"),
        -392.0 * 8.0 * 30_000.0,
        1e-9,
    );
    // 70 % of 8 MW.
    near(
        "facility",
        run.cash_of_year("capex_facility"),
        -5_600.0 * 1_000.0,
        1e-9,
    );
    // What stood there from the start has no price in the books.
    assert_eq!(run.cash_of_year("asset_sales"), 0.0);
    let usual = world.run("stay-mining", &[]);
    for month in ["2026-01", "2026-12"] {
        let energy = |r: &Run| r.monthly("energy_gpu_it_mwh", month);
        near(month, energy(&run), energy(&usual), 1e-9);
    }
}

#[test]
fn a_second_refresh_sells_the_first_systems_at_what_years_have_left_of_them() {
    let world = World::new();
    let again = refresh("when = { hall_years_above = 0.25 }")
        .replace("archetype", "resale_loss_percent_per_year = 36, archetype");
    let run = world.run(
        "stay-mining",
        &[&with(&format!("{}, {again}", refresh("date = \"2026-01-01\"")))],
    );
    sound(&run);
    // The first serves after three months; a quarter of a year is 91.3125 days, so the look of the next midnight starts the
    // second: local midnight of day 183, less the hour of summer time. A month later it stops.
    let first = 3.0 * MONTH_H;
    near("first", entered(&run, "gpu", "serving").unwrap(), first, 1e-6);
    let start = 183.0 * DAY_H - 1.0;
    let events = run.rows("events.csv");
    let sold = events.iter().rfind(|e| e["kind"] == "systems_sold").unwrap();
    let stops = start + MONTH_H;
    // They go out half a month after they stopped.
    near("sold", number(sold, "t_s") / 3_600.0, stops + 0.5 * MONTH_H, 1e-6);
    let years = (stops + 0.5 * MONTH_H - first) / 8_766.0;
    let price = 392.0 * 8.0 * 30_000.0;
    near(
        "resale",
        run.cash_of_year("asset_sales"),
        price * 0.64_f64.powf(years),
        1e-9,
    );
    near("hardware", run.cash_of_year("capex_hardware"), -2.0 * price, 1e-9);
}

#[test]
fn a_hall_goes_back_to_mining_when_rents_fall_and_mines_with_what_it_buys() {
    let world = World::new();
    let back = |below: f64| {
        format!(
            "{{ halls = [\"mine/gpu\"], archetype = \"return-to-mining\", {}, \
             start.when = {{ rent_below = {{ market = \"h100\", usd_per_gpu_h = {below} }} }}, \
             mine = {{ usd_per_grid_kw = 100, miners = [{{ model = \"antminer-s21\", count = 2_000, uptime_percent = 100, \
             value = {{ payback = {{ days = 400, power_usd_per_mwh = 40 }} }} }}] }} }}",
            stages(&[("planning", 0.0), ("clear-out", 0.5), ("mine-fit-out", 0.5)])
        )
    };
    let run = world.run("stay-mining", &[&with(&back(2.01))]);
    sound(&run);
    // The rent is 2: it stops on the first day, and mines a month later.
    near("mining", entered(&run, "gpu", "mining").unwrap(), MONTH_H, 1e-6);
    assert_eq!(run.cash_of_year("gpu_reserved_revenue"), 0.0);

    // Without a demand charge everything mines from then on, each petahash for 50 USD a day at 90,000 USD a coin.
    let energy_alone =
        "sites.mine.power_contracts.market.clauses=[{ index = { price = \"da\", adder_usd_per_mwh = 2 } }]";
    let free = world.run("stay-mining", &[&with(&back(2.01)), energy_alone]);
    let coins = |ph_hours: f64| ph_hours * 50.0 / 24.0 / 90_000.0;
    let all = 900.0 * YEAR_H + 400.0 * (YEAR_H - MONTH_H);
    near("coins", free.metric("btc_mined"), coins(all), 1e-9);
    // With it, the last 13.5 hours of January do not raise the month's peak: new machines take the place of old ones, of
    // which so many stand (30.5 J/TH) as 7 MW of new ones (17.5 J/TH) displace.
    let room = run.hours("mining_mw", "2026-01-31T20", "2026-01-31T21") - (10.5 + 9.15);
    assert!(
        (0.0..0.3).contains(&room),
        "room below the peak so far: {room} MW"
    );
    let stood_ph = (7.0 - room) / 9.15 * 300.0;
    let lost = coins(13.5 * stood_ph);
    near(
        "coins not mined",
        coins(all) - run.metric("btc_mined"),
        lost,
        1e-4,
    );
}

#[test]
fn a_hall_that_is_closed_down_stands_idle_from_the_day_on_which_the_trigger_holds() {
    let world = World::new();
    let close = format!(
        "{{ halls = [\"mine/old\"], archetype = \"close-down\", start.when = {{ hashprice_below_usd_per_ph_day = 51 }}, {} }}",
        stages(&[("clear-out", 0.5), ("make-safe", 0.5)])
    );
    let (usual, run) = (
        world.run("stay-mining", &[]),
        world.run("stay-mining", &[&with(&close)]),
    );
    sound(&run);
    let less = usual.cash_of_year("mining_revenue") - run.cash_of_year("mining_revenue");
    near("coins", less, OLD.hashrate_ph() * 50.0 * 365.0, 1e-6);
    near("idle", entered(&run, "old", "idle").unwrap(), MONTH_H, 1e-6);
    // 10 USD a kW of connection.
    near(
        "closing",
        run.cash_of_year("capex_facility"),
        -10.0 * 12_000.0,
        1e-9,
    );
    assert!(run.cash_of_year("asic_salvage") > usual.cash_of_year("asic_salvage"));
    near(
        "stranded",
        run.monthly("stranded_mwh_unlet", "2026-12") - usual.monthly("stranded_mwh_unlet", "2026-12"),
        12.0 * 744.0,
        1e-9,
    );
}

#[test]
fn a_mine_that_is_bought_mines_from_the_closing_on() {
    let world = World::new();
    let buy = "{ halls = [\"mine/old\"], archetype = \"buy-a-mine\", start.date = \"2026-01-01\", risk = { enabled = false }, \
               mine = { miners_included = true, miners = [{ model = \"antminer-s19j-pro\", count = 3_000, uptime_percent = 100 }] } }";
    let empty = "sites.mine.halls.old.miners=[]";
    let (without, run) = (
        world.run("stay-mining", &[empty]),
        world.run("stay-mining", &[empty, &with(buy)]),
    );
    sound(&run);
    // One and a half months of due diligence and two until the closing.
    let closing = 3.5 * MONTH_H;
    near("closing", entered(&run, "old", "mining").unwrap(), closing, 1e-6);
    let more = run.cash_of_year("mining_revenue") - without.cash_of_year("mining_revenue");
    near(
        "coins",
        more,
        OLD.hashrate_ph() * 50.0 * (YEAR_H - closing) / 24.0,
        1e-6,
    );
    // 450 USD a kW: one percent for the study, nine with the contract, the rest on the day of the closing, 17 April.
    let price = 450.0 * 12_000.0;
    near("price", run.cash_of_year("capex_facility"), -price, 1e-9);
    near("paid", run.cash("capex_facility", "2026-04"), -0.9 * price, 1e-9);
    assert_eq!(run.cash_of_year("capex_hardware"), 0.0);
}

const OWN: &str = "archetypes=[{ id = \"shell-in-four\", becomes = \"lease\", capex_usd_per_kw = 5_000, source = \"a contractor\", stages = [\
    { id = \"plan\", scope = \"shared\", duration_months.fixed.value = 1, capex_share_percent = 10 }, \
    { id = \"build\", after = [\"plan\"], role = \"build\", mining = \"stops\", duration_months.fixed.value = 3, capex_share_percent = 90 }, \
    { id = \"ready\", after = [\"build\"], role = \"ready\", duration_months.fixed.value = 0 } ] }]";

#[test]
fn a_kind_of_ones_own_is_built_paid_and_let_by_its_own_stages() {
    let world = World::new();
    let run = world.run(
        "lease",
        &[
            OWN,
            "strategies.lease.conversions[0].stages=[]",
            "strategies.lease.conversions[0].archetype=\"shell-in-four\"",
        ],
    );
    sound(&run);
    near(
        "leased",
        entered(&run, "old", "leased").unwrap(),
        4.0 * MONTH_H,
        1e-6,
    );
    near(
        "mining stops",
        entered(&run, "old", "winding_down").unwrap(),
        MONTH_H,
        1e-6,
    );
    // 5,000 USD for each of 8,400 kW: half of each stage when it begins and half when it ends: 31 January and 2 May.
    let cost = 5_000.0 * 0.7 * 12_000.0;
    near(
        "January",
        run.cash("capex_facility", "2026-01"),
        -cost * (0.1 + 0.45),
        1e-9,
    );
    near("May", run.cash("capex_facility", "2026-05"), -cost * 0.45, 1e-9);
    // Rent at 120 USD: eight months less what has passed of May. May has 744 hours and begins after 2,879 (an hour of summer time).
    let may = (4.0 * MONTH_H - 2_879.0) / 744.0;
    near(
        "rent",
        run.cash_of_year("lease_revenue"),
        120.0 * 8_400.0 * (8.0 - may),
        1e-6,
    );
}

#[test]
fn a_start_that_looks_at_cash_sees_whole_months_that_are_over() {
    let world = World::new();
    let usual = world.run("stay-mining", &[]);
    // Running cash of January to March: what came in over what went out.
    let (mut earned, mut spent) = (0.0, 0.0);
    for row in usual.rows("cashflow.csv").iter().filter(|r| r["which"] == "p50") {
        let usd = number(row, "usd");
        if ["2026-01", "2026-02", "2026-03"].contains(&row["month"].as_str()) {
            if usd > 0.0 { earned += usd } else { spent -= usd }
        }
    }
    let close = |cover: f64| {
        let text = format!(
            "{{ halls = [\"mine/old\"], archetype = \"close-down\", start.when = {{ cash_cover_above = {cover}, cover_months = 3 }}, {} }}",
            stages(&[("clear-out", 0.5), ("make-safe", 0.5)])
        );
        world.run("stay-mining", &[&with(&text)])
    };
    let ratio = earned / spent;
    // Two days after the end of March its bills are booked: 3 April, summer time.
    let run = close(ratio * 0.999);
    near(
        "start",
        entered(&run, "old", "winding_down").unwrap(),
        92.0 * DAY_H - 1.0,
        1e-9,
    );
    // Months hardly differ, but a cover a fifth higher is never reached.
    assert_eq!(entered(&close(ratio * 1.2), "old", "winding_down"), None);
}

#[test]
fn what_a_hall_cannot_become_again_is_refused_with_its_place() {
    let world = World::new();
    let refused = |set: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_repower"));
        command
            .current_dir(world.path("."))
            .args(["validate", "world.toml"]);
        for assignment in set {
            command.args(["--set", assignment]);
        }
        said(&command.assert().code(2))
    };
    let two = format!(
        "{}, {}",
        refresh("date = \"2026-01-01\""),
        refresh("date = \"2026-06-01\"")
    );
    assert!(refused(&[&with(&two)]).contains("is converted twice in this strategy"));
    let cover = refresh("when = { dscr_above = 1.3 }");
    assert!(refused(&[&with(&cover)]).contains("`stay-mining` borrows nothing"));
    let rent = refresh("when = { rent_below = { market = \"h1000\", usd_per_gpu_h = 1 } }");
    assert!(refused(&[&with(&rent)]).contains("did you mean `h100`?"));
    let term = refresh("when = { term_over = \"anchorr\" }");
    assert!(refused(&[&with(&term)]).contains("did you mean `anchor`?"));
    let mine = "{ halls = [\"mine/gpu\"], archetype = \"return-to-mining\", start.date = \"2026-06-01\" }";
    assert!(refused(&[&with(mine)]).contains("needs `mine`"));
    let worn = "{ halls = [\"mine/gpu\"], archetype = \"return-to-mining\", start.date = \"2026-06-01\", \
                mine = { miners = [{ model = \"antminer-s21\", count = 1, life_years = 3 }] } }";
    assert!(refused(&[&with(worn)]).contains("`life_years` is not said of miners that a conversion brings"));
    // Kinds of one's own: an unknown predecessor, a cycle by name, a stage without a duration, a crane that nobody has.
    for (from, to, wanted) in [
        ("after = [\"plan\"]", "after = [\"paln\"]", "did you mean `plan`?"),
        (
            "id = \"plan\", scope",
            "id = \"plan\", after = [\"build\"], scope",
            "stages wait for each other: `plan` -> `build` -> `plan`",
        ),
        ("duration_months.fixed.value = 3, ", "", "duration_months"),
        (
            "capex_share_percent = 90",
            "capex_share_percent = 91",
            "shares of cost add up to 101 percent, not 100",
        ),
        (
            "mining = \"stops\"",
            "needs = [{ resource = \"crane\" }]",
            "unknown resource `crane`",
        ),
        (
            "id = \"shell-in-four\"",
            "id = \"greenfield\"",
            "`greenfield` is a built-in kind",
        ),
    ] {
        let text = OWN.replace(from, to);
        assert_ne!(text, OWN);
        let told = refused(&[&text]);
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let unknown = "strategies.lease.conversions[0].archetype=\"shell-in-fuor\"";
    assert!(refused(&[OWN, unknown]).contains("did you mean `shell-in-four`?"));
}
