//! What a user types wrongly is answered with the nearest right thing, and nothing is written.

use std::fs;

use predicates::str::contains;
use rstest::rstest;

use crate::support::{Place, SMALL};

#[rstest]
#[case(&["rnu", "x.toml"], "did you mean `run`?")]
#[case(&["validate", "y.toml"], "did you mean `x.toml`?")]
#[case(&["run", "x.tml"], "did you mean `x.toml`?")]
#[case(&["run", "x.toml", "--fidelity", "fluidd"], "a similar value exists: 'fluid'")]
#[case(&["run", "x.toml", "--strategy", "stay-minning"], "did you mean `stay-mining`?")]
#[case(&["run", "x.toml", "--set", "finance.discount_pct=9"], "did you mean `discount_percent`?")]
#[case(&["run", "x.toml", "--set", "sites[0].halls[0].miners[0].model=\"antminer-s211\""], "did you mean `antminer-s21`?")]
#[case(&["run", "x.toml", "--set", "start=\"2026-13-01\""], "is not a date such as `2026-01-01`")]
#[case(&["run", "x.toml", "--set", "years=\"ten\""], "a whole number not below zero is expected")]
#[case(&["run", "x.toml", "--precision", "npv=1e6"], "did you mean `npv_usd`?")]
#[case(&["sensitivity", "x.toml", "--metric", "npv"], "npv_usd")]
#[case(&["explain", "sites.halls.grid_mx"], "did you mean `grid_mw`?")]
#[case(&["explain", "finance.discount"], "did you mean `discount_percent`?")]
#[case(&["init", "txas"], "did you mean `texas`?")]
#[case(&["init", "plan.toml"], "`repower init texas` writes texas.toml")]
#[case(&["catalogue", "minner"], "did you mean `miner`?")]
#[case(&["catalogue", "antminer-s211"], "did you mean `repower catalogue miner antminer-s21`?")]
#[case(&["catalogue", "miner", "antminer"], "did you mean `antminer-s")]
#[case(&["compare", "x.toml", "x.toml"], "it is a file; name the folder that `repower run` wrote")]
#[case(&["report", "nowhere"], "`nowhere/manifest.json` does not exist")]
fn the_nearest_right_thing_is_offered(#[case] args: &[&str], #[case] answer: &str) {
    let place = Place::with(SMALL);
    place
        .repower(args)
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains(answer));
    let names = fs::read_dir(place.path(".")).unwrap();
    assert_eq!(names.count(), 1, "only the scenario stands there");
}

#[test]
fn a_folder_of_runs_names_those_that_it_holds() {
    let place = Place::with(SMALL);
    let out = "runs/a";
    place
        .repower(&["run", "x.toml", "--quiet", "--replications", "1", "--out", out])
        .assert()
        .code(0);
    place
        .repower(&["report", "runs"])
        .assert()
        .code(2)
        .stderr(contains("`runs` is no run: it holds `runs/a`"));
}
