//! Runs that go on until a mean is known narrowly enough.

use std::fs;

use crate::support::{CONVERSION, INSTALL, Place, SMALL, results_of, said};

fn replications(place: &Place, out: &str) -> u64 {
    let text = fs::read_to_string(place.path(out).join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    manifest["replications"].as_u64().unwrap()
}

/// Half the widest interval of a portfolio metric in `summary.csv`.
fn widest(place: &Place, out: &str, metric: &str) -> f64 {
    let mut table = csv::Reader::from_path(place.path(out).join("summary.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (scope, id) = (column("scope"), column("metric"));
    let (low, high) = (column("ci95_low"), column("ci95_high"));
    let rows = table.records().map(Result::unwrap);
    let rows = rows.filter(|r| &r[scope] == "portfolio" && &r[id] == metric);
    rows.map(|r| (r[high].parse::<f64>().unwrap() - r[low].parse::<f64>().unwrap()) / 2.0)
        .fold(0.0, f64::max)
}

#[test]
fn a_run_ends_at_the_first_block_at_which_the_mean_is_known_narrowly_enough() {
    let place = Place::with(&format!("{SMALL}\n{CONVERSION}{INSTALL}"));
    let run = |out: &str, more: &[&str]| {
        place
            .repower(&["run", "x.toml", "--quiet", "--out", out])
            .args(more)
            .assert()
            .code(0)
    };
    // What thirty replications give, times 0.75: some fifty should do, as the width goes with the root.
    run("thirty", &["--replications", "30"]);
    let width = 0.75 * widest(&place, "thirty", "npv_usd");
    assert!(width > 0.0, "nothing in this scenario is uncertain");
    let precision = format!("npv_usd={width}");
    for (out, threads) in [("one", "1"), ("two", "2")] {
        let done = run(out, &["--precision", &precision, "--threads", threads]);
        assert_eq!(said(&done), "");
    }
    let count = replications(&place, "one");
    assert!(count > 30 && count.is_multiple_of(10), "{count}");
    assert!(widest(&place, "one", "npv_usd") <= width);
    // One block earlier it was not; and the run is the one of so many replications, whatever the threads.
    run("before", &["--replications", &(count - 10).to_string()]);
    assert!(widest(&place, "before", "npv_usd") > width);
    run("same", &["--replications", &count.to_string()]);
    let same = results_of(&place.path("same"));
    assert_eq!(same, results_of(&place.path("one")));
    assert_eq!(same, results_of(&place.path("two")));
    // A run that is too short goes on; one that is narrow already is left alone; one that has more keeps them.
    run("before", &["--precision", &precision]);
    assert_eq!(same, results_of(&place.path("before")));
    let done = place
        .repower(&["run", "x.toml", "--out", "before", "--precision", &precision])
        .assert()
        .code(0);
    let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(text.contains("nothing to do"), "{text}");
    run("more", &["--replications", &(count + 30).to_string()]);
    run("more", &["--precision", &precision, "--series", "hourly"]);
    assert_eq!(replications(&place, "more"), count + 30);
}

#[test]
fn a_run_that_cannot_become_so_narrow_ends_at_the_limit_and_says_so() {
    let place = Place::with(&format!("{SMALL}\n{CONVERSION}{INSTALL}"));
    let run = |precision: &str| {
        let what = ["--replications", "45", "--precision", precision];
        place
            .repower(&["run", "x.toml", "--quiet", "--out", "a"])
            .args(what)
            .assert()
    };
    let message = said(&run("npv_usd=0.01").code(0));
    assert!(
        message.contains("`npv_usd` is not known to 0.01 usd"),
        "{message}"
    );
    assert_eq!(replications(&place, "a"), 45);
    let message = said(&run("npv=1").code(2));
    assert!(message.contains("there is no metric `npv`"), "{message}");
}
