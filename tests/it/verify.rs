//! `repower verify`, and the page of the documents that is made from it.

use std::path::Path;

use repower::verify;

use crate::support::Place;

/// The page as it should stand: regenerate with `REPOWER_BLESS=1 cargo test --test it verify`.
fn page() -> String {
    format!(
        "# Validation\n\nWhat the program makes of the inputs of published figures and closed forms. `repower verify` computes the \
         table anew\nand exits with 1 where a row misses; a test keeps this page equal to it.\n\n{}",
        verify::markdown(&verify::all())
    )
}

#[test]
fn the_validation_page_shows_what_the_command_computes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/VALIDATION.md");
    let page = page();
    if std::env::var_os("REPOWER_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
}

#[test]
fn every_row_holds_and_the_json_says_the_same() {
    let place = Place::with("");
    let output = place.repower(&["verify", "--json"]).assert().success();
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(rows.len(), verify::all().len());
    assert!(rows.iter().all(|row| row["ok"] == true));
    let table = place.repower(&["verify"]).assert().success();
    let text = String::from_utf8(table.get_output().stdout.clone()).unwrap();
    assert!(
        text.ends_with(&format!("{0} of {0} hold\n", rows.len())),
        "{text}"
    );
}
