//! Named cases from the file to the figures: one run, every course of the world, and all together.

use std::fs;

use crate::support::{Place, SMALL, changed};

/// The price at 30 in a quarter of all worlds and at 50 in the others; 40 stands in the file.
const CASES: &str = "\n[[cases]]\nid = \"cheap\"\nprobability_percent = 25\n\
    set = { \"market.power.spot.fixed_usd_per_mwh\" = 30 }\n\
    [[cases]]\nid = \"dear\"\nprobability_percent = 75\n\
    set = { \"market.power.spot.fixed_usd_per_mwh\" = 50 }\n";

fn run(place: &Place, file: &str, out: &str, more: &[&str]) {
    let args = ["run", file, "--out", out, "--quiet", "--replications", "4"];
    place.repower(&[&args[..], more].concat()).assert().code(0);
}

/// Rows of a table that begin so, cell by cell.
fn rows(place: &Place, file: &str, starts: &[&str]) -> Vec<Vec<String>> {
    let text = fs::read_to_string(place.path(file)).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let all = text.lines().map(cells);
    all.filter(|row| {
        row.iter()
            .zip(starts)
            .all(|(cell, start)| cell == start || start.is_empty())
    })
    .collect()
}

/// Net present value of every replication in a case.
fn npvs(place: &Place, run: &str, case: &str) -> Vec<f64> {
    let key = ["stay-mining", case, "", "", "portfolio", "npv_usd"];
    let found = rows(place, &format!("{run}/metrics.csv"), &key);
    found.iter().map(|row| row[7].parse().unwrap()).collect()
}

#[test]
fn every_case_is_the_run_of_its_own_file_and_all_together_are_weighed() {
    let place = Place::with(&format!("{SMALL}{CASES}"));
    run(&place, "x.toml", "both", &[]);
    run(&place, "x.toml", "one", &["--threads", "1"]);
    assert_eq!(
        crate::support::results_of(&place.path("both")),
        crate::support::results_of(&place.path("one"))
    );
    for (case, price) in [("cheap", "30"), ("dear", "50")] {
        let file = format!("{case}.toml");
        let own = changed("fixed_usd_per_mwh = 40", &format!("fixed_usd_per_mwh = {price}"));
        place.write(&file, own);
        run(&place, &file, case, &[]);
        // The same random numbers: to the last bit.
        let alone = npvs(&place, case, "base");
        assert_eq!(alone.len(), 4);
        assert_eq!(npvs(&place, "both", case), alone);
    }
    // The mine always runs, so that its worth is a straight line in the price: weighed, it is that at 45.
    let middle = changed("fixed_usd_per_mwh = 40", "fixed_usd_per_mwh = 45");
    place.write("middle.toml", middle);
    run(&place, "middle.toml", "middle", &[]);
    let middle = npvs(&place, "middle", "base");
    let mean = middle.iter().sum::<f64>() / 4.0;
    let key = ["stay-mining", "all-cases", "", "", "npv_usd", "", "mean"];
    let weighed: f64 = rows(&place, "both/answers.csv", &key)[0][7].parse().unwrap();
    assert!((weighed / mean - 1.0).abs() < 1e-9, "{weighed} {mean}");
    // Five chances in a hundred lie in the cheap quarter's best; the tenth percentile is of the dear world.
    let quantile = |answer: &str| -> f64 {
        let key = ["stay-mining", "all-cases", "", "", "npv_usd", "", answer];
        rows(&place, "both/answers.csv", &key)[0][7].parse().unwrap()
    };
    assert!(npvs(&place, "both", "dear").contains(&quantile("p10")));
    assert!(npvs(&place, "both", "cheap").contains(&quantile("p90")));
    let memo = fs::read_to_string(place.path("both/memo.md")).unwrap();
    assert!(memo.contains("dear"), "{memo}");
}

#[test]
fn cases_that_are_none_are_refused() {
    let refused = |from: &str, to: &str| {
        let cases = CASES.replacen(from, to, 1);
        Place::with(&format!("{SMALL}{cases}")).refused(&[])
    };
    let told = refused("= 75", "= 70");
    assert!(told.contains("make 95 percent together"), "{told}");
    let told = refused("\"dear\"", "\"cheap\"");
    assert!(told.contains("exists twice"), "{told}");
    let told = refused("fixed_usd_per_mwh\" = 50", "fixd_usd_per_mwh\" = 50");
    assert!(told.contains("did you mean `fixed_usd_per_mwh`?"), "{told}");
    let place = Place::with(&format!("{SMALL}{CASES}"));
    let vary = "market.power.spot.fixed_usd_per_mwh=30..50";
    let done = place
        .repower(&["sensitivity", "x.toml", "--vary", vary, "--out", "s"])
        .assert()
        .code(2);
    assert!(crate::support::said(&done).contains("names `cases`"));
}
