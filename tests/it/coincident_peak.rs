//! Coincident peaks in a run: what a forecast lets miners avoid, and what its errors cost, by hand.

use std::fmt::Write as _;

use crate::hand_made::{AUX_MW, DAY_H, NEW, OLD, Run, World, near, usual_gpu_feed_mw, usual_meter_mw};

/// Hours of the system's load of 2026 that stand above 50 GW; 80 GW are expected as the peak of each month.
const HIGH: [(&str, f64); 5] = [
    ("2026-06-10T21:00:00Z", 85_000.0),
    // Below what is expected: nobody is warned of this peak.
    ("2026-07-15T21:00:00Z", 70_000.0),
    // Above what is expected, and no peak in the end: a false alarm.
    ("2026-08-05T21:00:00Z", 82_000.0),
    ("2026-08-20T21:00:00Z", 86_000.0),
    ("2026-09-09T21:00:00Z", 81_000.0),
];

fn system_csv() -> String {
    let mut text = "start_utc,mw\n".to_owned();
    let first: jiff::Timestamp = "2025-12-31T00:00:00Z".parse().unwrap();
    for hour in 0..(367 * 24) {
        let at = (first + jiff::SignedDuration::from_hours(hour)).to_string();
        let mw = HIGH
            .iter()
            .find(|high| high.0 == at)
            .map_or(50_000.0, |high| high.1);
        let _ = writeln!(text, "{at},{mw}");
    }
    text
}

/// Two years at 60 USD a kilowatt and year, with 20 MW in the peaks of 2025.
fn run(world: &World, operator: &str) -> Run {
    // The forecast misses by 0.05 % of the load, 40 MW: nothing beside the gaps of 1,000 MW and more.
    let system = "market.system_load={ ercot = { series = { file = \"system.csv\" }, extend = \"replayed\", \
        forecast_error_percent = 0.05, expected_peaks_mw = [0, 0, 0, 0, 0, 80_000, 80_000, 80_000, 80_000, 0, 0, 0] } }";
    let contract = format!(
        "sites.mine.power_contracts=[{{ id = \"retail\", clauses = [{{ index = {{ price = \"da\", adder_usd_per_mwh = 2 }} }}, \
         {{ coincident_peak = {{ system_load = \"ercot\", usd_per_kw_year = 60, history_kw = 20_000, operator = \"{operator}\" }} }}] }}]"
    );
    world.run("stay-mining", &["years=2", system, &contract])
}

fn world() -> World {
    let world = World::new();
    std::fs::write(world.path("system.csv"), system_csv()).unwrap();
    world
}

/// The load without miners.
fn calm_mw() -> f64 {
    usual_gpu_feed_mw() + AUX_MW
}

/// The charge of a month, in US dollars.
fn charge(run: &Run, month: &str) -> f64 {
    let rows = run.rows("settlement.csv").into_iter();
    let of = rows.filter(|l| l["month"] == month && l["clause"].starts_with("coincident_peak"));
    of.map(|l| -crate::hand_made::number(&l, "usd")).sum()
}

fn at(run: &Run, hour: &str) -> f64 {
    let next = hour.replace("T21:", "T22:");
    run.hours("grid_mw", hour, &next)
}

#[test]
fn miners_avoid_the_peaks_that_are_forecast_and_pay_for_the_one_that_is_not() {
    let world = world();
    let (blind, forecast, perfect) = (
        run(&world, "ignore"),
        run(&world, "forecast"),
        run(&world, "perfect"),
    );
    // A whole peak is worth 60 x 1000 / 4 = 15,000 USD a megawatt: no miner earns that in an hour.
    for (run, standing) in [
        (&blind, [false; 5]),
        (&forecast, [true, false, true, true, true]),
        (&perfect, [true, true, false, true, true]),
    ] {
        for ((hour, _), stands) in HIGH.into_iter().zip(standing) {
            let expected = if stands { calm_mw() } else { usual_meter_mw() };
            near(hour, at(run, hour), expected, 1e-9);
        }
    }
    // 2026 is billed on the history, 2027 on the summer of 2026.
    let year = |mw: f64| mw * 1e3 * 60.0 / 12.0;
    let one_missed = (3.0 * calm_mw() + usual_meter_mw()) / 4.0;
    for (run, mw) in [
        (&blind, usual_meter_mw()),
        (&forecast, one_missed),
        (&perfect, calm_mw()),
    ] {
        near("history", charge(run, "2026-12"), year(20.0), 1e-12);
        near("the first month", charge(run, "2027-01"), year(mw), 1e-9);
        near("the last month", charge(run, "2027-12"), year(mw), 1e-9);
    }
    // The peak that was missed costs 15,000 USD for each megawatt that mined.
    let missed = 12.0 * (charge(&forecast, "2027-01") - charge(&perfect, "2027-01"));
    near(
        "missed peak",
        missed,
        15_000.0 * (NEW.feed_mw(28.0) + OLD.feed_mw(28.0)),
        1e-9,
    );
}

#[test]
fn standing_still_costs_the_coins_of_the_hour_less_its_power() {
    let world = world();
    let (blind, forecast) = (run(&world, "ignore"), run(&world, "forecast"));
    let revenue = (NEW.hashrate_ph() + OLD.hashrate_ph()) * 50.0 / DAY_H;
    let power = 32.0 * (usual_meter_mw() - calm_mw());
    // August holds a peak and a false alarm, June a peak.
    for (month, hours) in [
        ("2026-06", 1.0),
        ("2026-07", 0.0),
        ("2026-08", 2.0),
        ("2026-09", 1.0),
    ] {
        let lost = blind.cash("mining_revenue", month) - forecast.cash("mining_revenue", month);
        assert!((lost - hours * revenue).abs() < 1e-6, "{month}: {lost}");
        let saved = forecast.cash("power_cost", month) - blind.cash("power_cost", month);
        assert!((saved - hours * power).abs() < 1e-6, "{month}: {saved}");
    }
}
