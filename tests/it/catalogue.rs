//! `repower catalogue`.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::support::Place;

#[test]
fn an_entry_shows_label_source_and_what_takes_its_place() {
    let said = contains("132 kW")
        .or(contains("nameplate power"))
        .and(contains("assumption"))
        .and(contains("source   "))
        .and(contains("`hardware_usd_per_gpu`"));
    Place::new()
        .repower(&["catalogue", "system", "gb300-nvl72"])
        .assert()
        .code(0)
        .stdout(said);
    Place::new()
        .repower(&["catalogue", "archetype", "rebuild-on-pad"])
        .assert()
        .code(0)
        .stdout(contains("9500 (7100 to 13200)").and(contains("Moses Lake 7.1")));
}

#[test]
fn a_word_finds_deals_and_a_wrong_word_its_neighbour() {
    let place = Place::new();
    place
        .repower(&["catalogue", "--search", "coreweave"])
        .assert()
        .code(0)
        .stdout(contains("core-scientific-coreweave-200").and(contains("galaxy-helios-coreweave")));
    place
        .repower(&["catalogue", "--search", "no such word"])
        .assert()
        .code(1);
    place
        .repower(&["catalogue", "minr"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `miner`?"));
    place
        .repower(&["catalogue", "system", "gb300-nvl7"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `gb300-nvl72`?"));
}

#[test]
fn json_has_every_figure_with_its_label() {
    let done = Place::new()
        .repower(&["catalogue", "deal", "--json"])
        .assert()
        .code(0);
    let deals: serde_json::Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    let deals = deals.as_array().unwrap();
    assert!(deals.len() >= 16);
    let riot = deals.iter().find(|d| d["id"] == "riot-amd").unwrap();
    let rent = riot["figures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["unit"] == "USD/kW-month")
        .unwrap();
    assert_eq!(
        (rent["value"].as_str(), rent["label"].as_str()),
        (Some("103.7"), Some("computed"))
    );
}
