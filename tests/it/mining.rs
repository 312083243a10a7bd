//! Mining from file to figures: reported months mined again, fleets over time, what they earn and what they are worth.

use std::fmt::Write as _;

use predicates::prelude::*;
use predicates::str::contains;

use crate::support::Place;

/// September 2023 at its mean difficulty: price and difficulty by day, no fees.
fn network() -> String {
    let mut text = "date,blocks,difficulty_avg,subsidy_btc,fees_btc,price_usd\n".to_owned();
    for day in 1..=30 {
        writeln!(text, "2023-09-{day:02},144,5.551e13,900,,26300").unwrap();
    }
    text
}

#[test]
fn reported_months_are_mined_again_within_a_percent() {
    let place = Place::new();
    place.write("network.csv", network());
    // HIVE's news release of September 2023; a made-up company; one that lacks its hash rate.
    let report = "company,month,eh_s_avg,eh_s_end,btc_mined\nHIVE,2023-09,3.83,3.98,269.5\n\
        =Own,2023-09,1.0,,100\nBlind,2023-09,,,12\n";
    place.write("report.csv", report);
    let args = [
        "backtest",
        "report.csv",
        "--network",
        "network.csv",
        "--own-pool",
        "=Own",
        "--out",
        "made",
    ];
    place
        .repower(&args)
        .assert()
        .code(0)
        .stdout(contains("HIVE").and(contains("assumed in 2")))
        .stderr(contains("Blind 2023-09: no hash rate reported"));
    let rows = std::fs::read_to_string(place.path("made/production_backtest.csv")).unwrap();
    let hive: Vec<&str> = rows.lines().nth(1).unwrap().split(',').collect();
    // 30 days of 3.83 EH/s at 55.51 T: 260.25 coins of subsidy, and 2.7 % of fees.
    let subsidies = 30.0 * 3.83e18 * 86_400.0 / (55.51e12 * 4_294_967_296.0) * 6.25;
    let replayed: f64 = hive[5].parse().unwrap();
    assert!((replayed / (1.027 * subsidies) - 1.0).abs() < 1e-12, "{replayed}");
    let error: f64 = hive[8].parse().unwrap();
    assert!(error.abs() < 1.0, "{error}");
    assert!(rows.contains("\n'=Own,"), "{rows}");
    let errors = std::fs::read_to_string(place.path("made/production_backtest_errors.csv")).unwrap();
    assert!(
        errors.lines().any(|l| l.starts_with("all,operating,1,")),
        "{errors}"
    );
    assert!(place.path("made/production_backtest.svg").exists());
}

#[test]
fn a_backtest_without_a_month_that_fits_is_refused() {
    let place = Place::new();
    place.write("network.csv", network());
    place.write(
        "report.csv",
        "company,month,eh_s_avg,eh_s_end,btc_mined\nA,2024-09,3,,200\n",
    );
    place
        .repower(&["backtest", "report.csv", "--network", "network.csv"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("does not cover the month"));
}
