//! Miners against the contracts of the default scenario, and over time in the world made by hand.

use std::fmt::Write as _;
use std::fs;

use repower::metric::Metric;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{Setup, replicate_one};

use crate::hand_made::{NEW, OLD, Run, World, near};
use crate::support::{Place, changed};

/// A 60 MW block with 85 % take-or-pay stands before an index: at day-ahead prices near 25 USD/MWh, machines worth
/// 54 to 94 run beyond the 51 MW that are paid for anyway, and beyond the block.
#[test]
fn miners_that_earn_more_than_power_costs_run_beyond_the_steps_of_a_contract() {
    let options = LoadOptions {
        set: vec!["years=1".to_owned()],
        strategies: vec!["stay-mining".to_owned()],
        ..LoadOptions::default()
    };
    let scenario = load(None, &options).unwrap();
    let setup = Setup::new(&scenario);
    let record = replicate_one(&scenario, &setup, 0, 0, None);
    let of = |metric| {
        record
            .scalars
            .iter()
            .find(|s| s.scope == 0 && s.metric == metric)
            .unwrap()
            .value
    };
    let peak = of(Metric::PeakMw);
    assert!(peak > 90.0 && peak <= 100.0, "{peak} MW at most");
    let mwh = of(Metric::EnergyMwh);
    assert!(mwh > 0.75 * 97.0 * 8_760.0, "{mwh} MWh in a year");
}

// ------------------------------------------------------------------ over time, in the world made by hand

/// Hours of the year of the hand-made world, from its local midnight on (Chicago, UTC-6).
const START: &str = "2026-01-01T06:00:00Z";

/// A file of prices from a day before the start to a day after the end; `price` is asked by hours from the start.
fn write_prices(world: &World, price: impl Fn(i64) -> f64) {
    let start: jiff::Timestamp = START.parse().unwrap();
    let mut text = "start_utc,usd_per_mwh\n".to_owned();
    for hour in -24..8_784 {
        let at = start.checked_add(jiff::SignedDuration::from_hours(hour)).unwrap();
        let _ = writeln!(text, "{at},{}", price(hour));
    }
    fs::write(world.path("prices.csv"), text).unwrap();
}

const FILE: &str = "market.power.da={ series = { file = \"prices.csv\" }, extend = \"replayed\" }";

/// The old hall's miners with rules.
fn old_with(rules: &str) -> String {
    format!(
        "sites.mine.halls.old.miners=[{{ model = \"antminer-s19j-pro\", count = 3000, uptime_percent = 100, rules = {{ {rules} }} }}]"
    )
}

fn seeing(foresight: &str) -> String {
    format!("sites.mine.mining_dispatch={{ foresight = \"{foresight}\" }}")
}

/// 10 July 2026, 07:00 in Chicago: hours from the start, and the hours of that day in UTC.
const SPIKE: i64 = 190 * 24 + 6;
fn july_hour(hour: i64) -> String {
    let start: jiff::Timestamp = START.parse().unwrap();
    start
        .checked_add(jiff::SignedDuration::from_hours(SPIKE + hour))
        .unwrap()
        .to_string()
}

/// What the old hall draws at its machines in hours from the spike on.
fn old_mw(run: &Run, hours: std::ops::Range<i64>) -> Vec<f64> {
    let at = |h: i64| run.hours("mining_mw", &july_hour(h), &july_hour(h + 1)) - NEW.nameplate_mw();
    hours.map(at).collect()
}

/// Asserts powers hour by hour.
#[track_caller]
fn powers(got: &[f64], by_hand: &[f64]) {
    let same = got.len() == by_hand.len() && got.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(same, "{got:?}, by hand {by_hand:?}");
}

/// A hundred dollars for some hours instead of thirty. The new machines earn 119 and run on; the old earn 68.
fn spike(hours: i64) -> impl Fn(i64) -> f64 {
    move |h| {
        if (SPIKE..SPIKE + hours).contains(&h) {
            100.0
        } else {
            30.0
        }
    }
}

/// What the pool leaves of what is mined.
const KEPT: f64 = 0.99;

/// What an hour of the old hall loses, or earns, at an index price (2 on top), USD.
fn old_net_usd(price: f64) -> f64 {
    let worth = KEPT * 50.0 * OLD.hashrate_ph() / 24.0;
    worth - OLD.feed_mw(28.0) * (price + 2.0)
}

#[test]
fn a_restart_that_costs_more_than_a_short_spike_is_saved() {
    let world = World::new();
    // An hour at 102 loses about 360 USD; a restart costs 900.
    let loss = -old_net_usd(100.0);
    assert!(loss > 300.0 && loss < 450.0, "{loss}");
    let rules = old_with("restart_usd_per_machine = 0.3");
    let full = OLD.nameplate_mw();
    let maintenance = |run: &Run| run.cash("maintenance_cost", "2026-07");

    write_prices(&world, spike(1));
    let usual = world.run("stay-mining", &[FILE]);
    powers(&old_mw(&usual, 0..2), &[0.0, full]);
    for foresight in ["myopic", "perfect"] {
        let run = world.run("stay-mining", &[FILE, &rules, &seeing(foresight)]);
        powers(&old_mw(&run, 0..2), &[full, full]);
        assert_eq!(run.metric("mining_restarts"), 0.0);
        near("maintenance", maintenance(&run), maintenance(&usual), 1e-12);
        near("gain", run.metric("mining_gain_usd") + 1.0, 1.0, 1e-6);
    }

    write_prices(&world, spike(6));
    let run = world.run("stay-mining", &[FILE, &rules, &seeing("perfect")]);
    powers(&old_mw(&run, 0..7), &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, full]);
    assert_eq!(run.metric("mining_restarts"), 1.0);
    near(
        "maintenance",
        maintenance(&run),
        maintenance(&usual) - 900.0,
        1e-9,
    );
    near("gain", run.metric("mining_gain_usd"), 6.0 * loss - 900.0, 1e-6);
    assert!(run.metric("mining_regret_usd").abs() < 1e-3);
    // Who knows this hour only bears two of them, and stops in the third, when 900 would have been lost.
    let blind = world.run("stay-mining", &[FILE, &rules]);
    powers(&old_mw(&blind, 0..7), &[full, full, 0.0, 0.0, 0.0, 0.0, full]);
    near("regret", blind.metric("mining_regret_usd"), 2.0 * loss, 1e-6);
}

#[test]
fn a_restart_takes_time_in_which_power_is_drawn_and_nothing_hashed() {
    let world = World::new();
    write_prices(&world, spike(6));
    let free = world.run("stay-mining", &[FILE, &seeing("perfect")]);
    let slow = world.run(
        "stay-mining",
        &[FILE, &seeing("perfect"), &old_with("restart_minutes = 30")],
    );
    for column in ["grid_mw", "mining_mw"] {
        let day = |run: &Run| run.hours(column, &july_hour(0), &july_hour(24));
        near(column, day(&slow), day(&free), 1e-12);
    }
    let half_an_hour = 0.5 * OLD.hashrate_ph() * 50.0 / 24.0;
    near(
        "revenue",
        free.cash("mining_revenue", "2026-07") - slow.cash("mining_revenue", "2026-07"),
        half_an_hour,
        1e-6,
    );
    near(
        "margin",
        free.metric("mining_margin_usd") - slow.metric("mining_margin_usd"),
        KEPT * half_an_hour,
        1e-5,
    );
}

#[test]
fn a_minimum_down_time_keeps_off_and_who_foresees_it_rides_through() {
    let world = World::new();
    write_prices(&world, spike(1));
    let rules = old_with("min_down_hours = 5");
    let full = OLD.nameplate_mw();
    let run = world.run("stay-mining", &[FILE, &rules]);
    powers(&old_mw(&run, -1..6), &[full, 0.0, 0.0, 0.0, 0.0, 0.0, full]);
    // Four hours of about 300 USD are lost for one of 360 saved; who knows that stays on.
    let lost = 4.0 * old_net_usd(30.0);
    assert!(lost > -old_net_usd(100.0), "{lost}");
    near(
        "regret",
        run.metric("mining_regret_usd"),
        lost + old_net_usd(100.0),
        1e-6,
    );
    let sees = world.run("stay-mining", &[FILE, &rules, &seeing("perfect")]);
    powers(&old_mw(&sees, -1..6), &[full; 7]);
    // Once started it stays on for its minimum time: a second spike two hours later is borne.
    write_prices(
        &world,
        |h| if h == SPIKE || h == SPIKE + 2 { 100.0 } else { 30.0 },
    );
    let up = world.run("stay-mining", &[FILE, &old_with("min_up_hours = 3")]);
    powers(&old_mw(&up, -1..4), &[full, 0.0, full, full, full]);
}

#[test]
fn ramps_reach_the_hours() {
    let world = World::new();
    write_prices(&world, spike(6));
    // 0.05 MW a minute are 3 MW an hour, of 9.15.
    let run = world.run("stay-mining", &[FILE, &old_with("ramp_mw_per_min = 0.05")]);
    let expected = [9.15, 6.15, 3.15, 0.15, 0.0, 0.0, 0.0, 3.0, 6.0, 9.0, 9.15];
    powers(&old_mw(&run, -1..10), &expected);
}

#[test]
fn an_order_takes_power_at_once_and_the_ramp_brings_it_back() {
    let world = World::new();
    write_prices(&world, |_| 30.0);
    let order =
        "sites.mine.grid.curtailment.orders=[{ from = \"2026-07-10T07:00\", hours = 2, limit_mw = 12 }]";
    let run = world.run("stay-mining", &[FILE, &old_with("ramp_mw_per_min = 0.05"), order]);
    let old = old_mw(&run, 1..6);
    assert!(
        old[0] < 0.0,
        "the limit leaves the new hall less than its full power: {old:?}"
    );
    powers(&old[1..], &[3.0, 6.0, 9.0, 9.15]);
}

#[test]
fn who_knows_more_earns_more_on_the_same_path() {
    let world = World::new();
    // Evenings of one to five dear hours, the length a number of the day, and restarts that cost 900.
    write_prices(&world, |h| {
        let (day, hour) = (h.div_euclid(24), h.rem_euclid(24));
        let dear = (day * 7).rem_euclid(11).min(5);
        if (17..17 + dear).contains(&hour) {
            100.0
        } else {
            30.0
        }
    });
    let rules = old_with("restart_usd_per_machine = 0.3, min_down_hours = 2");
    let run = |foresight: &str| world.run("stay-mining", &[FILE, &rules, &seeing(foresight)]);
    let (perfect, forecast, myopic) = (run("perfect"), run("forecast"), run("myopic"));
    let margin = |run: &Run| run.metric("mining_margin_usd");
    assert!(margin(&perfect) >= margin(&forecast) && margin(&forecast) > margin(&myopic));
    assert!(perfect.metric("mining_regret_usd").abs() < 1e-3);
    for other in [&forecast, &myopic] {
        near(
            "what perfect knowledge earns",
            margin(other) + other.metric("mining_regret_usd"),
            margin(&perfect),
            1e-9,
        );
    }
}

#[test]
fn a_demand_charge_that_the_month_does_not_earn_keeps_the_month_off() {
    let world = World::new();
    write_prices(&world, |_| 30.0);
    // July earns the old hall its net times 744 hours; the charge is on its power at the feed.
    let gain = old_net_usd(30.0) * 744.0;
    let even_usd_per_kw = gain / OLD.feed_mw(28.0) / 1e3;
    for (share, runs) in [(0.99, 1.0), (1.01, 0.0)] {
        let charge = format!(
            "sites.mine.power_contracts.market.clauses[1].demand_charge.usd_per_kw_month={}",
            even_usd_per_kw * share
        );
        let run = world.run("stay-mining", &[FILE, &seeing("perfect"), &charge]);
        let july = run.hours("mining_mw", "2026-07-01T05:00:00Z", "2026-08-01T05:00:00Z");
        let by_hand = 744.0 * (NEW.nameplate_mw() + runs * OLD.nameplate_mw());
        near("mining in July", july, by_hand, 1e-9);
    }
}

#[test]
fn without_rules_to_look_ahead_changes_nothing() {
    let world = World::new();
    write_prices(&world, |h| {
        60.0 + 55.0 * f64::from(i32::try_from((h * 31).rem_euclid(97)).unwrap() - 48) / 48.0
    });
    let flat =
        "sites.mine.power_contracts.market.clauses=[{ index = { price = \"da\", adder_usd_per_mwh = 2 } }]";
    let usual = world.run("stay-mining", &[FILE, flat]);
    for foresight in ["myopic", "forecast", "perfect"] {
        let run = world.run("stay-mining", &[FILE, flat, &seeing(foresight)]);
        let hours = |run: &Run| -> Vec<String> {
            run.rows("hourly.csv")
                .iter()
                .map(|r| r["mining_mw"].clone())
                .collect()
        };
        assert_eq!(hours(&run), hours(&usual), "{foresight}");
        assert!(run.metric("mining_regret_usd").abs() < 1e-3);
        near("NPV", run.metric("npv_usd"), usual.metric("npv_usd"), 1e-12);
    }
}

/// The reference prices of an hour, USD/MWh, on and on.
fn reference_price(h: i64) -> f64 {
    let wave = |at: f64, period: f64| (std::f64::consts::TAU * at / period).sin();
    let at = h as f64;
    let spike = if h.rem_euclid(61) == 17 { 900.0 } else { 0.0 };
    let dip = if h.rem_euclid(47) == 3 { 60.0 } else { 0.0 };
    45.0 + 25.0 * wave(at - 9.0, 24.0) + 8.0 * wave(at, 168.0) + spike - dip
}

/// A load of 10 MW at the meter that earns 58 USD a megawatt-hour there: 9.85 MW behind 1.5 % of losses, no fans. The
/// prices are those of the reference week, on and on through the year; the bounds are an integer programme's (`HiGHS`,
/// gap 0) over the 8,760 hours.
#[test]
fn a_year_of_the_reference_prices_reaches_the_bound_of_the_integer_programme() {
    let world = World::new();
    write_prices(&world, reference_price);
    // 1,000 machines of 9,850 W and 500 TH/s; hashprice such that a megawatt-hour at the machines earns 58 / 0.985.
    let hashprice = format!(
        "market.bitcoin.process.fixed_hashprice.usd_per_ph_day={}",
        58.0 / 0.985 * 0.024 * 9_850.0 / 500.0
    );
    let set = |rules: &str, foresight: &str| -> Run {
        let halls = format!(
            "sites.mine.halls=[{{ id = \"only\", grid_mw = 12, cooling.air_cooled = {{ fan_power_percent = 0 }}, miners = [{{ \
             model = \"antminer-s21\", count = 1000, uptime_percent = 100, power_w = 9850, hashrate_th_s = 500, rules = {{ {rules} }} }}] }}]"
        );
        let clauses = "sites.mine.power_contracts.market.clauses=[{ index = { price = \"da\" } }]";
        let none = [
            "tenants=[]",
            "strategies=[{ id = \"stay-mining\" }]",
            "sites.mine.costs={ auxiliary_mw = 0, mining_pool_fee_percent = 0 }",
        ];
        world.run(
            "stay-mining",
            &[
                &halls,
                &seeing(foresight),
                &hashprice,
                clauses,
                FILE,
                none[0],
                none[1],
                none[2],
            ],
        )
    };
    let tied = "min_up_hours = 4, min_down_hours = 4";
    for (each, rules, bound, restarts) in [
        (0.0, "min_up_hours = 0", 1_466_552.660_615_929_4, None),
        (0.5, "min_up_hours = 0", 1_278_560.385_250_989_3, Some(289.0)),
        (0.5, tied, 1_247_643.520_090_780_7, Some(270.0)),
        (3.0, tied, 834_066.971_626_419_1, Some(143.0)),
    ] {
        let rules = format!("restart_usd_per_machine = {each}, {rules}");
        let run = set(&rules, "perfect");
        let margin = run.metric("mining_margin_usd");
        assert!((margin - bound).abs() < 1e-5, "{rules}: {margin}, bound {bound}");
        if let Some(restarts) = restarts {
            assert_eq!(run.metric("mining_restarts"), restarts);
        }
        let paid = run.cash_of_year("mining_revenue") + run.cash_of_year("power_cost");
        let kept = paid - run.metric("mining_restarts") * each * 1_000.0;
        near("the ledger", kept, margin, 1e-9);
        for less in ["forecast", "myopic"] {
            let run = set(&rules, less);
            assert!(run.metric("mining_margin_usd") <= bound + 1e-5);
            assert!(run.metric("mining_regret_usd") >= -1e-5, "{less}");
        }
    }
}

#[test]
fn wrong_rules_are_told_with_their_place_and_what_was_meant() {
    let miners = |rules: &str| {
        let with = format!("count = 5000, rules = {{ {rules} }} }}]");
        changed("count = 5000 }]", &with)
    };
    let operated = |text: &str| {
        changed(
            "timezone =",
            &format!("mining_dispatch = {{ {text} }}\ntimezone ="),
        )
    };
    let cases: [(String, &[&str]); 8] = [
        (
            miners("ramp_mw_per_min = -1"),
            &["x.toml:", "must be greater than zero"],
        ),
        (miners("min_up_hours = 9000"), &["x.toml:", "`9000`", "672"]),
        (miners("min_down_hours = -4"), &["x.toml:"]),
        (miners("restart_minutes = 61"), &["x.toml:", "`61`", "60"]),
        (
            miners("min_upp_hours = 4"),
            &["x.toml:", "did you mean `min_up_hours`?"],
        ),
        (
            operated("foresight = \"perfct\""),
            &["x.toml:", "did you mean `perfect`?"],
        ),
        (operated("look_ahead_hours = 1"), &["x.toml:", "`1`", "672"]),
        (operated("forecast_error_percent = nan"), &["x.toml:"]),
    ];
    for (text, parts) in cases {
        let said = Place::with(&text).refused(&[]);
        for part in parts {
            assert!(said.contains(part), "no {part:?} in\n{said}");
        }
    }
    let text = miners("min_down_hours = 100").replace(
        "timezone =",
        "mining_dispatch = { foresight = \"forecast\" }\ntimezone =",
    );
    let said = Place::with(&text).refused(&[]);
    assert!(
        said.contains("reach beyond the 72") && said.contains("look_ahead_hours"),
        "{said}"
    );
}

/// The reference week as a file, through the command: bounds by `HiGHS`, regrets by a separate script.
#[test]
fn the_command_gives_profit_and_regret_of_a_file_of_prices() {
    let place = Place::new();
    let start: jiff::Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
    let mut text = "start_utc,usd_per_mwh\n".to_owned();
    for h in 0..168_i32 {
        let at = start
            .checked_add(jiff::SignedDuration::from_hours(i64::from(h)))
            .unwrap();
        let _ = writeln!(text, "{at},{}", reference_price(i64::from(h)));
    }
    place.write("prices.csv", text.as_bytes());
    let usual = ["dispatch", "prices.csv", "--worth", "58", "--mw", "10"];
    let lines = |more: &[&str]| -> Vec<Vec<String>> {
        let done = place.repower(&[&usual[..], more].concat()).assert().code(0);
        let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
        text.lines()
            .skip(1)
            .map(|l| l.split(',').map(str::to_owned).collect())
            .collect()
    };
    let number = |line: &[String], at: usize| -> f64 { line[at].parse().unwrap() };
    for (more, best, myopic_regret) in [
        (&[][..], 28_589.289_205, Some(0.0)),
        (&["--restart-usd", "500"][..], 24_961.139_175, Some(1_803.964_978)),
        (
            &[
                "--restart-usd",
                "3000",
                "--min-up-hours",
                "4",
                "--min-down-hours",
                "4",
            ][..],
            15_911.480_962,
            Some(1_906.286_159),
        ),
        (&["--demand-charge-usd-per-mw", "2000"][..], 8_589.289_205, None),
        (&["--demand-charge-usd-per-mw", "2860"][..], 0.0, None),
        (
            &["--ramp-mw-per-hour", "2.5", "--minimum-take-mwh", "1500"][..],
            24_309.178_766,
            None,
        ),
    ] {
        let lines = lines(more);
        assert_eq!(lines[0][0], "perfect");
        assert!((number(&lines[0], 1) - best).abs() < 1e-5, "{more:?}: {lines:?}");
        assert!(lines.iter().all(|line| number(line, 2) >= -1e-6), "{lines:?}");
        if let Some(regret) = myopic_regret {
            assert!(
                (number(&lines[2], 2) - regret).abs() < 1e-5,
                "{more:?}: {lines:?}"
            );
        }
    }
}

#[test]
fn the_command_refuses_what_makes_no_sense() {
    let place = Place::new();
    place.write(
        "prices.csv",
        b"start_utc,usd_per_mwh\n2026-01-05T00:00:00Z,30\n2026-01-05T01:00:00Z,90\n",
    );
    let usual = ["dispatch", "prices.csv", "--worth", "58", "--mw", "10"];
    for (more, said) in [
        (&["--restart-usd=-1"][..], "--restart-usd"),
        (
            &["--ramp-mw-per-hour", "1", "--restart-usd", "5"][..],
            "no restart cost",
        ),
        (&["--minimum-take-mwh", "21"][..], "no path of power"),
        (&["--timezone", "Mars"][..], "unknown time zone"),
        (&["--min-up-hours", "9999"][..], "672"),
    ] {
        let done = place
            .repower(&[&usual[..], more].concat())
            .assert()
            .code(2)
            .stdout("");
        let text = crate::support::said(&done);
        assert!(text.contains(said), "{text}");
    }
}
