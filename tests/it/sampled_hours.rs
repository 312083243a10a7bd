//! One hour of each day in place of all: what a sample keeps, and where there is none.

use std::fs;

use crate::support::{Place, changed};

fn run(place: &Place, out: &str, fidelity: &str) {
    place
        .repower(&["run", "x.toml", "--quiet", "--replications", "2"])
        .args(["--fidelity", fidelity, "--out", out])
        .assert()
        .code(0);
}

fn events(place: &Place, run: &str) -> u64 {
    let text = fs::read_to_string(place.path(&format!("{run}/manifest.json"))).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    manifest["events"].as_u64().unwrap()
}

/// Values of a metric of the portfolio, by replication.
fn values(place: &Place, run: &str, metric: &str) -> Vec<f64> {
    let text = fs::read_to_string(place.path(&format!("{run}/metrics.csv"))).unwrap();
    let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let own = rows.filter(|cells| cells[4] == "portfolio" && cells[5] == metric);
    own.map(|cells| cells[7].parse().unwrap()).collect()
}

#[test]
fn a_price_that_repeats_by_day_costs_its_mean() {
    // Without summer time, in which days of a file that are redrawn by the local clock shift by an hour.
    let text = changed(
        "fixed_usd_per_mwh = 40",
        "series = { file = \"price.csv\", gaps = \"hold\" }",
    );
    let place = Place::with(&text.replace("America/Chicago", "UTC"));
    // 30 at the first hour of a UTC day to 53 at the last: 41.5 on average.
    let mut price = String::from("start_utc,usd_per_mwh\n");
    let start = jiff::civil::date(2025, 12, 31).at(0, 0, 0, 0);
    for hour in 0..(367 * 24_i64) {
        let at = start + jiff::SignedDuration::from_hours(hour);
        let at = at.strftime("%Y-%m-%dT%H:%M:%S");
        let row = format!("{at}Z,{}\n", 30 + hour % 24);
        price.push_str(&row);
    }
    place.write("price.csv", &price);
    run(&place, "all", "fluid");
    run(&place, "some", "sampled_hours");
    // Two replications, and in each 8,760 hours or 365 days.
    assert_eq!(events(&place, "all") - events(&place, "some"), 2 * (8_760 - 365));
    for (all, some) in values(&place, "all", "energy_cost_usd_per_mwh")
        .iter()
        .zip(values(&place, "some", "energy_cost_usd_per_mwh"))
    {
        // The mine always runs, at the same load within a percent or two. 15 rounds of 24 days are even; the five days left
        // over are looked at 0, 7, 14, 21 and 4 hours after midnight: (360 x 41.5 + 5 x 39.2) / 365 = 41.468.
        assert!((all - 41.5).abs() < 0.02, "{all}");
        assert!((some - 41.468).abs() < 0.02, "{some}");
    }
    let (all, some) = (
        values(&place, "all", "energy_mwh"),
        values(&place, "some", "energy_mwh"),
    );
    assert!((all[0] / some[0] - 1.0).abs() < 2e-3, "{all:?} {some:?}");
    assert!(
        fs::read_to_string(place.path("some/memo.md"))
            .unwrap()
            .contains("One hour of each day")
    );
}

#[test]
fn where_a_battery_ties_the_hours_every_one_is_looked_at() {
    let place = Place::with(&changed(
        "[[sites.halls]]",
        "battery = { power_mw = 2, energy_mwh = 4 }\n[[sites.halls]]",
    ));
    run(&place, "all", "fluid");
    run(&place, "some", "sampled_hours");
    assert_eq!(events(&place, "all"), events(&place, "some"));
    let text = |run: &str| fs::read_to_string(place.path(&format!("{run}/metrics.csv"))).unwrap();
    assert_eq!(text("all").replace(",fluid,", ",sampled_hours,"), text("some"));
}
