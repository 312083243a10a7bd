//! What is fuzzed: one function a reader, from bytes to nothing. None may panic, hang or ask for memory without bound;
//! what a reader takes must be writable in the native form. The fuzz targets and the tests share this file.
#![allow(dead_code, reason = "each target uses one")]

use repower::cli::import::{Kind, ReadOptions};
use repower::ingest::GapPolicy;
use repower::results::block::{BlockResult, Shape};
use repower::scenario::load::{LoadOptions, load_text};
use repower::time::Calendar;

/// The smallest scenario, which `set` changes.
const SMALL: &str = include_str!("../tests/it/fixtures/small.toml");

/// A scenario file.
pub(crate) fn scenario(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = load_text("fuzz.toml", text, &LoadOptions::default());
    }
}

/// A value of `--set`, on the smallest scenario.
pub(crate) fn set(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let set = text.lines().take(4).map(str::to_owned).collect();
        let options = LoadOptions {
            set,
            ..LoadOptions::default()
        };
        let _ = load_text("fuzz.toml", SMALL, &options);
    }
}

/// A data file: the first byte says of which kind and how gaps are treated.
pub(crate) fn data(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let kinds = Kind::all();
    let kind = kinds[usize::from(*first) % kinds.len()];
    data_of(kind, usize::from(*first) / kinds.len(), rest);
}

/// A data file of a kind.
pub(crate) fn data_of(kind: Kind, gaps: usize, bytes: &[u8]) {
    let zone = Calendar::of_zone(kind.zone()).expect("kinds name zones that are there");
    let policies = [GapPolicy::Refuse, GapPolicy::Hold, GapPolicy::SameHourPreviousDay];
    let options = ReadOptions {
        file: "input",
        gaps: policies[gaps % policies.len()],
        zone: &zone,
        column: None,
        usd_per_unit: Some(1.1),
        step_s: None,
        year: 2026,
        elevation_m: None,
    };
    if let Ok(imported) = kind.read(bytes, &options) {
        imported
            .write(&mut std::io::sink())
            .expect("what was read is written");
    }
}

/// A rate of the utility rate database.
pub(crate) fn tariff(bytes: &[u8]) {
    let spec = serde_json::from_str(r#"{ "file": "tariff.json" }"#).expect("only the file is required");
    let _ = repower::power::tariff::read_urdb(bytes, &spec);
}

/// A block file of an interrupted run.
pub(crate) fn block(bytes: &[u8]) {
    let shape = Shape {
        strategies: 2,
        cases: 1,
        scopes: 2,
        months: 12,
    };
    let _ = BlockResult::from_bytes(bytes, "fuzz", shape);
}

/// The smaller tables: metered load, changes of capacity, a generator of jobs.
pub(crate) fn tables(bytes: &[u8]) {
    let _ = repower::power::bill::MeteredLoad::read("input", bytes, GapPolicy::Hold);
    let _ = repower::workload::trace::read_capacity(bytes, "input");
    let _ = repower::workload::generator::ModelSpec::read(bytes, "input");
    let _ = repower::market::production::read_report("input", bytes);
}
