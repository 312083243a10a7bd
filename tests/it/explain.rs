//! `repower explain`, `man` and the reference made from the schema.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::support::{Place, SMALL};

#[test]
fn a_field_is_told_with_what_stands_in_for_it() {
    let said = contains("number, %/year")
        .or(contains("number, %"))
        .and(contains("default  10.0"))
        .and(contains("range    must"))
        .and(contains("Discount rate"));
    Place::new()
        .repower(&["explain", "finance.discount_percent"])
        .assert()
        .code(0)
        .stdout(said);
    let tables = contains("sites")
        .and(contains("strategies"))
        .and(contains("required"));
    Place::new().repower(&["explain"]).assert().code(0).stdout(tables);
}

#[test]
fn a_wrong_path_exits_with_2_and_names_the_nearest() {
    Place::new()
        .repower(&["explain", "sites[0].grid.import_limt_mw"])
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("did you mean `import_limit_mw`?"));
}

#[test]
fn the_value_of_a_scenario_comes_with_its_label() {
    let place = Place::with(SMALL);
    place
        .repower(&["explain", "run.replications", "--scenario", "x.toml"])
        .assert()
        .code(0)
        .stdout(contains("run.replications = "));
    place
        .repower(&["explain", "sites.here.halls", "--scenario", "x.toml", "--json"])
        .assert()
        .code(0)
        .stdout(contains("(given, x.toml)"));
}

#[test]
fn every_command_has_a_page() {
    let place = Place::new();
    place
        .repower(&["man", "--out", "pages"])
        .assert()
        .code(0)
        .stdout("");
    let pages: Vec<String> = std::fs::read_dir(place.path("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["repower.1", "repower-run.1", "repower-explain.1", "repower-man.1"] {
        assert!(pages.iter().any(|p| p == page), "{page} of {pages:?}");
    }
    place
        .repower(&["man", "run"])
        .assert()
        .code(0)
        .stdout(contains(".TH").and(contains("replications")));
    place
        .repower(&["man", "rum"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `run`?"));
}
