//! Means on two levels of fidelity: what they are made of, and that interruptions change nothing.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Place, results_of, said};

/// The default scenario over a year and a half: the cloud's pools serve for some months of it.
const WHAT: [&str; 8] = [
    "run",
    "--quiet",
    "--set",
    "years=2",
    "--set",
    "run.fidelity_check=false",
    "--replications",
    "60",
];

fn table(place: &Place, file: &str) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(place.path(file)).unwrap();
    let header = table.headers().unwrap().clone();
    let row = |row: csv::StringRecord| {
        header
            .iter()
            .zip(row.iter())
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    };
    table.records().map(|r| row(r.unwrap())).collect()
}

/// A portfolio metric of a strategy by replication.
fn values(place: &Place, run: &str, strategy: &str, metric: &str) -> Vec<f64> {
    let rows = table(place, &format!("{run}/metrics.csv"));
    let own = rows
        .iter()
        .filter(|r| r["strategy"] == strategy && r["metric"] == metric && r["scope"] == "portfolio");
    own.map(|r| r["value"].parse().unwrap()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one run worked out again from first to last"
)]
fn the_mean_is_that_of_the_flow_and_of_the_correction_on_the_same_replications() {
    let place = Place::new();
    for (out, fidelity) in [
        ("flow", "sampled_hours"),
        ("weeks", "sampled_weeks"),
        ("both", "multilevel"),
    ] {
        place
            .repower(&WHAT)
            .args(["--fidelity", fidelity, "--out", out])
            .assert()
            .code(0);
    }
    let levels = table(&place, "both/levels.csv");
    let summary = table(&place, "both/summary.csv");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for strategy in ["stay-mining", "gpu-cloud", "lease-shell"] {
        for metric in ["npv_usd", "gpu_hours_served"] {
            let (flow, weeks) = (
                values(&place, "flow", strategy, metric),
                values(&place, "weeks", strategy, metric),
            );
            let row = |rows: &[BTreeMap<String, String>], level: Option<&str>| {
                let is = |r: &&BTreeMap<String, String>| {
                    r["strategy"] == strategy
                        && r["metric"] == metric
                        && r["scope"] == "portfolio"
                        && level.is_none_or(|level| r["level"] == level)
                };
                rows.iter().find(is).cloned()
            };
            let Some(fine) = row(&levels, Some("1")) else {
                assert!(metric == "gpu_hours_served", "{strategy}");
                continue;
            };
            let count = number(&fine, "replications") as usize;
            assert!((30..=60).contains(&count), "{count}");
            let corrections: Vec<f64> = flow.iter().zip(&weeks).take(count).map(|(f, w)| w - f).collect();
            let scale = mean(&flow).abs().max(1.0);
            assert!((number(&fine, "mean") - mean(&corrections)).abs() <= 1e-12 * scale);
            let total = number(&row(&summary, None).unwrap(), "mean");
            assert!(
                (total - mean(&flow) - mean(&corrections)).abs() <= 1e-12 * scale,
                "{strategy} {metric}"
            );
            // A sample of hours is near to all of them: most of what replications differ by is on both levels.
            let coarse = row(&levels, Some("0")).unwrap();
            let (fine, coarse) = (number(&fine, "variance"), number(&coarse, "variance"));
            // Who serves nothing does so on both.
            let nothing = (fine, coarse) == (0.0, 0.0) && metric == "gpu_hours_served";
            assert!(
                nothing || (fine > 0.0 && fine < 0.05 * coarse),
                "{strategy} {metric}: {fine} {coarse}"
            );
            let quantile = |rows: &str| number(&row(&table(&place, rows), None).unwrap(), "p90");
            assert_eq!(quantile("both/summary.csv"), quantile("flow/summary.csv"));
        }
    }
    let memo = fs::read_to_string(place.path("both/memo.md")).unwrap();
    assert!(memo.contains("Multilevel Monte Carlo: means and their intervals are unbiased"));
    // Another run than the flow alone; equal at any number of threads.
    let id = |run: &str| fs::read_to_string(place.path(run).join("manifest.json")).unwrap();
    assert_ne!(
        id("both").lines().find(|l| l.contains("run_id")).unwrap(),
        id("flow").lines().find(|l| l.contains("run_id")).unwrap()
    );
    place
        .repower(&WHAT)
        .args(["--fidelity", "multilevel", "--out", "one", "--threads", "1"])
        .assert()
        .code(0);
    assert_eq!(results_of(&place.path("both")), results_of(&place.path("one")));
    let share = [
        "shard",
        "--fidelity",
        "multilevel",
        "--index",
        "0",
        "--of",
        "2",
        "--out",
        "s",
    ];
    assert!(said(&place.repower(&share).assert().code(2)).contains("cannot be cut into shards"));
}

#[test]
fn rows_of_every_replication_are_those_of_the_runs_sums() {
    let place = Place::new();
    place
        .repower(&[
            "run",
            "--quiet",
            "--set",
            "years=1",
            "--replications",
            "3",
            "--all",
            "--out",
            "a",
        ])
        .assert()
        .code(0);
    let mean = table(&place, "a/cashflow.csv");
    let all = table(&place, "a/all/cashflow.csv");
    let key =
        |r: &BTreeMap<String, String>| (r["strategy"].clone(), r["month"].clone(), r["account"].clone());
    let mut sums: BTreeMap<_, f64> = BTreeMap::new();
    for row in &all {
        *sums.entry(key(row)).or_default() += number(row, "usd") / 3.0;
    }
    let mut compared = 0;
    for row in mean.iter().filter(|r| r["which"] == "mean") {
        let (own, sum) = (number(row, "usd"), sums[&key(row)]);
        assert!((own - sum).abs() <= 1e-9 * own.abs().max(1.0), "{row:?} {sum}");
        compared += 1;
    }
    assert!(compared > 400, "{compared}");
    for file in ["a/all/settlement.csv", "a/all/monthly.csv"] {
        let rows = table(&place, file);
        let numbers: std::collections::BTreeSet<String> =
            rows.iter().map(|r| r["replication"].clone()).collect();
        assert_eq!(numbers.len(), 3, "{file}");
    }
    // A run without them gets them, and nothing else changes.
    place
        .repower(&[
            "run",
            "--quiet",
            "--set",
            "years=1",
            "--replications",
            "3",
            "--out",
            "b",
        ])
        .assert()
        .code(0);
    place
        .repower(&[
            "run",
            "--quiet",
            "--set",
            "years=1",
            "--replications",
            "3",
            "--all",
            "--out",
            "b",
        ])
        .assert()
        .code(0);
    assert_eq!(results_of(&place.path("a")), results_of(&place.path("b")));
}

#[test]
fn a_bundle_repeats_the_run_without_the_data_folder() {
    let place = Place::new();
    let year = ["years = 1", "cooling.evaporative_wall = {}"];
    assert!(year.iter().all(|text| crate::support::SMALL.contains(text)));
    let scenario = crate::support::changed(
        "fixed_usd_per_mwh = 40",
        "series = { file = \"data:market/price.csv\", gaps = \"hold\" }",
    );
    place.write("x.toml", scenario);
    let mut price = String::from("start_utc,usd_per_mwh\n");
    let start = jiff::civil::date(2025, 12, 31).at(0, 0, 0, 0);
    for hour in 0..(367 * 24_i64) {
        let at = start + jiff::SignedDuration::from_hours(hour);
        let row = format!("{}Z,{}\n", at.strftime("%Y-%m-%dT%H:%M:%S"), 30 + hour % 24);
        price.push_str(&row);
    }
    place.write("data/market/price.csv", &price);
    let run = |scenario: &str, data: &str, out: &str, more: &[&str]| {
        place
            .repower(&["run", scenario, "--quiet", "--replications", "2"])
            .args(["--data", data, "--out", out])
            .args(more)
            .assert()
            .code(0);
    };
    run("x.toml", "data", "plain", &[]);
    run("x.toml", "data", "a", &["--bundle"]);
    let copy = fs::read_to_string(place.path("a/inputs/data/market/price.csv")).unwrap();
    assert_eq!(copy, price);
    run("a/inputs/x.toml", "a/inputs/data", "b", &["--bundle"]);
    assert_eq!(results_of(&place.path("a")), results_of(&place.path("b")));
    // Asked for later, it is added.
    run("x.toml", "data", "plain", &["--bundle"]);
    assert_eq!(results_of(&place.path("a")), results_of(&place.path("plain")));
}
