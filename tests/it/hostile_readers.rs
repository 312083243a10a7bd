//! Every reader on seeded mutations of good files: no panic, no hang. `REPOWER_FUZZ=N` says how many of each;
//! `fuzz/` does the same with coverage as its guide.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use repower::cli::import::Kind;
use repower::results::block::{BlockResult, Shape};
use repower::scenario::load::DEFAULT_SCENARIO;

use crate::support::SMALL;

#[path = "../../fuzz/readers.rs"]
mod readers;

/// The longest that a reader may take over a few kilobytes; generous, since tests share a machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What upsets readers: extremes of numbers, of dates, of text, of structure.
const WORDS: &[&str] = &[
    "",
    "0",
    "-0",
    "-1",
    "1e308",
    "1e-308",
    "1e999",
    "-1e308",
    "nan",
    "inf",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "4294967296",
    "2147483647",
    "-9223372036854775808",
    "0.1",
    "\"",
    "\"\"",
    "'",
    ",",
    ",,,,",
    ";",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "é",
    "\u{10ffff}",
    "=1+1",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-009999-01-01T00:00:00Z",
    "0000-00-00",
    "2028-02-29",
    "2027-02-29",
    "2026-03-08 02:30:00",
    "24:00",
    "25:61:61",
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "{}",
    "[[]]",
    "#",
    "../",
    "data:",
    "a.b.c",
    "[0]",
    "[99999999999]",
    "=",
    " = ",
    "format",
    "extends",
];

/// One to a few changes of a text: bytes, words, lines, lengths.
fn mutated(rng: &mut ChaCha8Rng, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let to = (at + rng.random_range(0..=24)).min(bytes.len());
        match rng.random_range(0..9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => drop(bytes.splice(at..to, [])),
            2 | 3 => {
                let word = WORDS[rng.random_range(0..WORDS.len())];
                drop(bytes.splice(at..at, word.bytes()));
            }
            4 => bytes = field_exchanged(rng, &bytes),
            5 => bytes = lines_shuffled(rng, &bytes),
            6 => bytes.truncate(at),
            7 if !other.is_empty() => {
                let cut = rng.random_range(0..other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[cut..]);
            }
            _ => {
                let again = bytes[at..to].repeat(rng.random_range(1..40));
                drop(bytes.splice(at..at, again));
            }
        }
    }
    bytes.truncate(1 << 17);
    bytes
}

/// A field between delimiters becomes one of the words.
fn field_exchanged(rng: &mut ChaCha8Rng, bytes: &[u8]) -> Vec<u8> {
    let is_mark = |b: &u8| b",;=\n \"[]{}:".contains(b);
    let at = rng.random_range(0..=bytes.len());
    let from = bytes[..at].iter().rposition(is_mark).map_or(0, |p| p + 1);
    let to = bytes[at..]
        .iter()
        .position(is_mark)
        .map_or(bytes.len(), |p| at + p);
    let word = WORDS[rng.random_range(0..WORDS.len())];
    [&bytes[..from], word.as_bytes(), &bytes[to..]].concat()
}

/// A line goes elsewhere, or comes twice.
fn lines_shuffled(rng: &mut ChaCha8Rng, bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let line = lines[rng.random_range(0..lines.len())];
    if rng.random_range(0..2) == 0 {
        lines.retain(|l| *l != line);
    }
    let to = rng.random_range(0..=lines.len());
    lines.insert(to, line);
    lines.concat()
}

fn tries(usual: u64) -> u64 {
    std::env::var("REPOWER_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}

/// Reads mutations; the first that panics or hangs is shown whole.
fn hold(name: &str, tries: u64, seeds: &[Vec<u8>], read: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let began = Instant::now();
    for number in 0..tries {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let seed = &seeds[number as usize % seeds.len()];
        let other = &seeds[rng.random_range(0..seeds.len())];
        let bytes = mutated(&mut rng, seed, other);
        let start = Instant::now();
        let done = catch_unwind(|| read(&bytes));
        let shown = || {
            format!(
                "{name}, input {number} of {} bytes:\n{}",
                bytes.len(),
                String::from_utf8_lossy(&bytes[..bytes.len().min(4_000)])
            )
        };
        assert!(done.is_ok(), "a panic of {}", shown());
        assert!(
            start.elapsed() < PATIENCE,
            "{:?} for {}",
            start.elapsed(),
            shown()
        );
    }
    println!("{name}: {tries} inputs in {:?}", began.elapsed());
}

#[test]
fn data_files_of_every_kind() {
    let samples = crate::import::sampled();
    let all: Vec<Vec<u8>> = samples
        .iter()
        .map(|(_, text)| text.clone().into_bytes())
        .collect();
    for kind in Kind::all() {
        let own = samples
            .iter()
            .find(|(k, _)| *k == kind)
            .map(|(_, text)| text.clone().into_bytes());
        // Kinds without a small sample begin at everybody else's.
        let seeds = own.map_or_else(|| all.clone(), |own| vec![own.clone(), own, all[0].clone()]);
        hold(&kind.name(), tries(150), &seeds, |bytes| {
            for gaps in 0..3 {
                readers::data_of(kind, gaps, bytes);
            }
        });
    }
}

#[test]
fn scenarios() {
    let seeds = vec![
        SMALL.as_bytes().to_vec(),
        DEFAULT_SCENARIO.as_bytes().to_vec(),
        SMALL.as_bytes().to_vec(),
    ];
    hold("scenario", tries(150), &seeds, readers::scenario);
}

#[test]
fn scenarios_of_random_worlds() {
    let seeds: Vec<Vec<u8>> = (0..20)
        .map(|seed| crate::worlds::text(&crate::worlds::world(seed)).into_bytes())
        .collect();
    hold("worlds", tries(60), &seeds, readers::scenario);
}

#[test]
fn assignments() {
    let seeds = [
        "years=2",
        "sites.here.grid.import_limit_mw[0].mw=3",
        "sites.here.halls.h.miners=[{ model = \"antminer-s21\", count = 5 }]",
        "market.power.spot.fixed_usd_per_mwh=-1e3\nrun.seed=7",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|s| s.as_bytes().to_vec()).collect();
    hold("--set", tries(200), &seeds, readers::set);
}

#[test]
fn tariffs() {
    let rate = r#"{ "items": [{ "label": "a", "name": "x", "utility": "u", "energyratestructure": [[{ "rate": 0.1, "max": 100 }, { "rate": 0.2 }]], "energyweekdayschedule": [[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]], "fixedchargefirstmeter": 12.5, "fixedchargeunits": "$/month", "demandratestructure": [[{ "rate": 9.5 }]], "flatdemandunit": "kW" }] }"#;
    hold("tariff", tries(400), &[rate.as_bytes().to_vec()], readers::tariff);
}

#[test]
fn blocks_and_smaller_tables() {
    let shape = Shape {
        strategies: 2,
        cases: 1,
        scopes: 2,
        months: 12,
    };
    let block = BlockResult::reduce(shape, 0, 0, Vec::new()).to_bytes("fuzz");
    assert!(BlockResult::from_bytes(&block, "fuzz", shape).is_ok());
    hold("block", tries(400), &[block], readers::block);
    let tables: [&[u8]; 4] = [
        b"start_utc,kw\n2026-01-01T00:00:00Z,10\n2026-01-01T00:15:00Z,11\n",
        b"t_s,gpus\n0,64\n3600,32\n",
        b"format = 1\n[[classes]]\nsizes = [[1, 0.5], [8, 0.5]]\njobs_per_week = 100\nrun_times = [[60, 0.5], [7200, 1]]\n",
        b"company,month,btc,eh_s\nx,2024-01,100,10\n",
    ];
    hold("tables", tries(400), &tables.map(<[u8]>::to_vec), readers::tables);
}

/// What once broke a reader, each its smallest input.
#[test]
fn what_once_broke_a_reader_is_refused() {
    let bitcoin = Kind::parse("bitcoin").unwrap();
    // A mark of three bytes behind the date: found as a panic by input 2,455 of the mutations.
    let marked = "date,btc_usd,difficulty,fees_btc\n2023-01-01\u{feff}-01,16500,3.5e13,20.5\n";
    readers::data_of(bitcoin, 0, marked.as_bytes());
}
