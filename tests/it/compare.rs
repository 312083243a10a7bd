//! `repower compare` as a user meets it: output and exit codes.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

use crate::run_directory::write_run;

fn compare(folder: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(folder)
        .args(["compare", "a", "b"])
        .args(more)
        .assert()
}

#[test]
fn equal_runs_exit_with_zero_and_different_ones_with_one() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("a"), "one", 0.0);
    write_run(&folder.path().join("b"), "one", 0.0);
    compare(folder.path(), &[])
        .code(0)
        .stdout(predicate::str::contains("the same within tolerance"));
    std::fs::remove_dir_all(folder.path().join("b")).unwrap();
    write_run(&folder.path().join("b"), "two", 2.0);
    compare(folder.path(), &[])
        .code(1)
        .stdout(predicate::str::contains("better, clear (paired: 2 to 2)"));
    compare(folder.path(), &["--abs", "2"]).code(0);
    compare(folder.path(), &["--format", "csv"])
        .code(1)
        .stdout(predicate::str::starts_with(
            "strategy,case,scope,metric,unit,statistic,a,b,",
        ));
}

#[test]
fn what_is_not_a_run_exits_with_two_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("a"), "one", 0.0);
    compare(folder.path(), &[])
        .code(2)
        .stderr(predicate::str::contains("does not exist"));
    write_run(&folder.path().join("b"), "one", 0.0);
    std::fs::write(folder.path().join("b/summary.csv"), "strategy\n").unwrap();
    compare(folder.path(), &[])
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("summary.csv"));
    compare(folder.path(), &["--rel", "-1"]).code(2);
}

/// Seven scenarios of random prices, machines, dates and rates: 21 pairs.
fn random_runs() -> (crate::support::Place, Vec<std::path::PathBuf>) {
    use crate::support::{CONVERSION, INSTALL, Place, SMALL};
    use repower::random::{Streams, open_unit};

    let place = Place::new();
    let mut runs = Vec::new();
    for number in 0..7_u64 {
        let mut stream = Streams::new(2_026, number).stream("pairs");
        let mut between = |low: f64, high: f64| low + (high - low) * open_unit(&mut stream);
        let clauses = format!(
            "clauses = [{{ index = {{ price = \"spot\", adder_usd_per_mwh = {:.2} }} }}, \
             {{ demand_charge = {{ usd_per_kw_month = {:.2}, window_minutes = 15 }} }}]",
            between(0.0, 5.0),
            between(1.0, 6.0)
        );
        let text = format!("{SMALL}{CONVERSION}{INSTALL}")
            .replace("clauses = [{ index = { price = \"spot\" } }]", &clauses)
            .replace("years = 1", "years = 3")
            .replace(
                "fixed_usd_per_mwh = 40",
                &format!("fixed_usd_per_mwh = {:.3}", between(30.0, 55.0)),
            )
            .replace(
                "count = 5000",
                &format!("count = {}", between(2_000.0, 5_500.0) as u32),
            )
            .replace(
                "2026-03-01",
                ["2026-03-01", "2026-07-15", "2027-01-01"][(between(0.0, 3.0)) as usize],
            )
            + &format!("[finance]\ndiscount_percent = {:.2}\n", between(7.0, 14.0));
        let name = format!("{number}.toml");
        place.write(&name, &text);
        let out = format!("run-{number}");
        let args = [
            "run",
            &name,
            "--out",
            &out,
            "--replications",
            "3",
            "--series",
            "none",
            "--quiet",
        ];
        place.repower(&args).assert().success();
        runs.push(place.path(&out));
    }
    (place, runs)
}

#[test]
fn explained_changes_sum_to_the_cent_on_twenty_one_random_pairs() {
    use repower::compare::explain::By;
    use repower::compare::{Tolerance, compare_directories};
    use repower::metric::Metric;
    use repower::results::RunReader;

    let (_place, runs) = random_runs();
    let tables: Vec<_> = runs
        .iter()
        .map(|run| RunReader::open(run).unwrap().tables().unwrap())
        .collect();
    let mut pairs = 0;
    for (i, a) in runs.iter().enumerate() {
        for (j, b) in runs.iter().enumerate().skip(i + 1) {
            let compared = compare_directories(a, b, &Tolerance::uniform(0.0, 0.0), true).unwrap();
            assert_eq!(compared.explained.len(), 2 * 4, "two strategies, four ways");
            for split in &compared.explained {
                let sum: i64 = split.parts.iter().map(|p| p.cents).sum();
                assert_eq!(sum, split.cents, "{i} {j} {split:?}");
                let strategy = tables[i]
                    .manifest
                    .strategies
                    .iter()
                    .position(|s| s.id == split.strategy)
                    .unwrap();
                let worth = |run: usize| {
                    let values = tables[run].metrics.values((strategy, 0, 0), Metric::NpvUsd);
                    match split.by {
                        By::Account | By::Month => values.iter().sum::<f64>() / values.len() as f64,
                        _ => values[tables[run].manifest.p50_replications[strategy] as usize],
                    }
                };
                let change = (worth(j) - worth(i)) * 100.0;
                assert!(
                    (change - split.cents as f64).abs() <= 1.0,
                    "{i} {j} {change} {split:?}"
                );
            }
            pairs += 1;
        }
    }
    assert_eq!(pairs, 21);
}

#[test]
fn a_change_is_explained_in_words_on_a_page_and_by_inputs() {
    use crate::support::{Place, SMALL};

    let place = Place::with(SMALL);
    let run = |out: &str, set: &[&str]| {
        let args = [
            "run",
            "x.toml",
            "--out",
            out,
            "--replications",
            "2",
            "--series",
            "none",
            "--quiet",
        ];
        place.repower(&[&args[..], set].concat()).assert().success();
    };
    let (price, rate) = (
        "market.power.spot.fixed_usd_per_mwh=44",
        "finance.discount_percent=12",
    );
    run("a", &[]);
    run("b", &["--set", price, "--set", rate]);
    let told = |more: &[&str]| {
        let done = place
            .repower(&[&["compare", "a", "b"][..], more].concat())
            .assert()
            .code(1);
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let text = told(&["--explain"]);
    for part in [
        "change of net present value by account",
        "power_cost",
        "by month",
        "no works",
        "here market",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = told(&["--explain", "ledgers", "--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<svg") && page.contains("power_cost"));
    // Two inputs: their Shapley shares add up to the whole.
    let json = told(&["--explain", "inputs", "--replications", "2", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let split = &json["explained"][0];
    let parts = split["parts"].as_array().unwrap();
    let cents = |name: &str| {
        let part = parts
            .iter()
            .find(|p| p["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {split}"));
        part["cents"].as_i64().unwrap()
    };
    let (power, money) = (
        cents("market.power.spot.fixed_usd_per_mwh"),
        cents("finance.discount_percent"),
    );
    assert_eq!(power + money, split["cents"].as_i64().unwrap());
    let npv = |out: &str| {
        let text = std::fs::read_to_string(place.path(&format!("{out}/summary.csv"))).unwrap();
        let row = text.lines().find(|l| l.contains(",portfolio,npv_usd,")).unwrap();
        row.split(',').nth(6).unwrap().parse::<f64>().unwrap()
    };
    assert!(((npv("b") - npv("a")) * 100.0 - (power + money) as f64).abs() <= 1.0);
    // By hand: 4 USD more on about 153,300 MWh and what cools them, after tax at 21 %, half a year off at 11 %.
    let by_hand = -153_300.0 * 4.0 * 0.79 / 1.11_f64.sqrt() * 100.0;
    assert!(
        (1.0..1.1).contains(&(power as f64 / by_hand)),
        "{power} and {by_hand}"
    );
}

#[test]
fn runs_of_other_worlds_are_not_explained_by_inputs() {
    use crate::support::{Place, SMALL, said};

    let place = Place::with(SMALL);
    for (out, seed) in [("a", "run.seed=1"), ("c", "run.seed=9")] {
        let args = [
            "run",
            "x.toml",
            "--out",
            out,
            "--replications",
            "1",
            "--quiet",
            "--set",
            seed,
        ];
        place.repower(&args).assert().success();
    }
    let refused = place
        .repower(&["compare", "a", "c", "--explain", "inputs"])
        .assert()
        .code(2);
    assert!(said(&refused).contains("run.seed"));
}
