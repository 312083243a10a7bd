//! The schema of scenario files: generated, kept beside the code, and the same.

use crate::support::{Place, repower};

#[test]
fn the_schema_in_the_repository_is_the_one_the_code_makes() {
    let made = repower(env!("CARGO_MANIFEST_DIR").as_ref())
        .arg("schema")
        .assert()
        .success();
    let made = String::from_utf8(made.get_output().stdout.clone()).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/scenario.schema.json");
    if std::env::var_os("REPOWER_BLESS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).unwrap();
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept.replace("\r\n", "\n") == made,
        "schemas/scenario.schema.json has drifted: `cargo run -- schema > schemas/scenario.schema.json`"
    );
}

#[test]
fn every_field_is_described_and_no_table_takes_unknown_keys() {
    let made = repower(env!("CARGO_MANIFEST_DIR").as_ref())
        .arg("schema")
        .assert()
        .success();
    let schema: serde_json::Value = serde_json::from_slice(&made.get_output().stdout).unwrap();
    let tables = schema["$defs"].as_object().unwrap().iter();
    let mut bare = Vec::new();
    for (name, table) in tables.chain([(&"scenario".to_owned(), &schema)]) {
        let Some(fields) = table["properties"].as_object() else {
            continue;
        };
        if table["additionalProperties"] != false {
            bare.push(format!("{name} takes unknown keys"));
        }
        let silent = fields
            .iter()
            .filter(|(_, field)| field["description"].as_str().is_none_or(str::is_empty));
        bare.extend(silent.map(|(field, _)| format!("{name}.{field} is not described")));
    }
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

#[test]
fn scenarios_and_templates_name_the_schema_and_are_valid() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("scenarios/default.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("#:schema ../schemas/scenario.schema.json"));
    Place::with(&text)
        .repower(&["validate", "x.toml"])
        .assert()
        .success();
}

/// `REPOWER_BLESS=1` renews the page.
#[test]
fn the_reference_in_the_repository_is_the_one_the_code_makes() {
    let made = repower::scenario::guide::markdown();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/REFERENCE.md");
    if std::env::var_os("REPOWER_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept.replace("\r\n", "\n") == made,
        "docs/REFERENCE.md has drifted: `cargo run -- schema --reference > docs/REFERENCE.md`"
    );
}
