//! A run in shares: to the byte the run in one piece, whatever their number and order; shares that make no run are refused.

use std::fs;

use crate::support::{CONVERSION, INSTALL, Place, SMALL, results_of, said};

/// What is simulated: 25 replications are three blocks, the last of them short.
const WHAT: [&str; 5] = [
    "x.toml",
    "--replications",
    "25",
    "--set",
    "market.bitcoin.process.fixed_hashprice.usd_per_ph_day=47",
];

/// The small scenario with weather, demand and delays that differ from one replication to the next.
fn scenario() -> String {
    format!("{SMALL}\n{CONVERSION}{INSTALL}")
}

fn shard(place: &Place, index: u32, of: u32, more: &[&str]) -> String {
    let file = format!("shards/{index}-of-{of}");
    let (index, of) = (index.to_string(), of.to_string());
    let share = ["--index", &index, "--of", &of, "--out", &file, "--quiet"];
    place
        .repower(&["shard"])
        .args(WHAT)
        .args(share)
        .args(more)
        .assert()
        .code(0);
    file
}

fn merge(place: &Place, files: &[String], out: &str) -> assert_cmd::assert::Assert {
    place
        .repower(&["merge", "--quiet", "--out", out])
        .args(files)
        .assert()
}

/// Merging is refused with 2 and leaves nothing; gives what it said.
fn refused(place: &Place, files: &[String]) -> String {
    let done = merge(place, files, "merged").code(2);
    assert!(!place.path("merged").exists() && !place.path("merged.partial").exists());
    said(&done)
}

#[test]
fn shards_of_any_number_in_any_order_make_the_run() {
    let place = Place::with(&scenario());
    fs::create_dir(place.path("shards")).unwrap();
    place
        .repower(&["run"])
        .args(WHAT)
        .args(["--out", "whole", "--quiet"])
        .assert()
        .code(0);
    let whole = results_of(&place.path("whole"));
    assert!(whole.iter().any(|(name, _)| name == "blocks.bin"));
    for of in [1, 2, 3, 7] {
        let mut files: Vec<String> = (0..of)
            .map(|i| shard(&place, i, of, &["--threads", "2"]))
            .collect();
        files.reverse();
        let out = format!("merged-{of}");
        merge(&place, &files, &out).code(0).stdout("").stderr("");
        let merged = results_of(&place.path(&out));
        for ((name, bytes), (other, found)) in whole.iter().zip(&merged) {
            assert_eq!(name, other);
            assert!(bytes == found, "{name} differs with {of} shards");
        }
        assert_eq!(whole.len(), merged.len());
        // Nothing was simulated but the median replications, again.
        let manifest = fs::read_to_string(place.path(&out).join("manifest.json")).unwrap();
        assert!(manifest.contains("\"simulated\": 0,"), "{manifest}");
    }
    // The same once more has nothing to do; a share that is there neither.
    let files: Vec<String> = (0..2).map(|i| shard(&place, i, 2, &[])).collect();
    merge(&place, &files, "merged-2").code(0);
    // A merged run is extended like any other.
    let more = [
        "run",
        "x.toml",
        "--replications",
        "28",
        "--set",
        WHAT[4],
        "--out",
        "merged-2",
        "--quiet",
    ];
    place.repower(&more).assert().code(0);
    let manifest = fs::read_to_string(place.path("merged-2/manifest.json")).unwrap();
    assert!(manifest.contains("\"simulated\": 3,"), "{manifest}");
}

#[test]
fn shards_that_make_no_run_are_refused_by_name() {
    let place = Place::with(&scenario());
    fs::create_dir(place.path("shards")).unwrap();
    let files: Vec<String> = (0..3).map(|i| shard(&place, i, 3, &[])).collect();
    let one = &files[1..2];
    assert!(refused(&place, one).contains("missing of 3 shards: 0, 2"));
    let twice = [files.clone(), one.to_vec()].concat();
    let message = refused(&place, &twice);
    assert!(
        message.contains("shard 1 of 3 is given twice: `shards/1-of-3`"),
        "{message}"
    );

    // Of another seed: another run.
    let other = [
        "--seed",
        "9",
        "--out",
        "shards/other",
        "--index",
        "2",
        "--of",
        "3",
        "--quiet",
    ];
    place.repower(&["shard"]).args(WHAT).args(other).assert().code(0);
    let mixed = [files[0].clone(), files[1].clone(), "shards/other".to_owned()];
    let message = refused(&place, &mixed);
    assert!(
        message.contains("`shards/0-of-3` and `shards/other` differ in their run"),
        "{message}"
    );
    // Nor does it go where another shard stands.
    let taken = [
        "--seed",
        "9",
        "--out",
        "shards/0-of-3",
        "--index",
        "2",
        "--of",
        "3",
    ];
    place.repower(&["shard"]).args(WHAT).args(taken).assert().code(3);

    // Cut short, changed, no shard at all, not there.
    let bytes = fs::read(place.path(&files[2])).unwrap();
    let with = |bytes: &[u8]| {
        place.write("shards/bad", bytes);
        refused(
            &place,
            &[files[0].clone(), files[1].clone(), "shards/bad".to_owned()],
        )
    };
    assert!(with(&bytes[..bytes.len() - 1]).contains("shards/bad: block number"));
    let mut changed = bytes.clone();
    let last = changed.len() - 40;
    changed[last] ^= 4;
    assert!(with(&changed).contains("its length or checksum does not match"));
    assert!(with(b"strategy,case\n").contains("this is no shard file"));
    let absent = refused(&place, &["shards/absent".to_owned()]);
    assert!(absent.contains("`shards/absent` does not exist"), "{absent}");

    // The scenario is not what it was when the shards were made.
    place.write("x.toml", scenario().replace("count = 5000", "count = 5001"));
    let message = refused(&place, &files);
    assert!(message.contains("they have changed since"), "{message}");
    // Under another name it is the same.
    place.write("y.toml", scenario());
    let renamed = ["merge", "--quiet", "--out", "merged", "--scenario", "y.toml"];
    place.repower(&renamed).args(&files).assert().code(0);
}

#[test]
fn a_version_that_did_not_make_the_shards_does_not_merge_them() {
    let place = Place::with(&scenario());
    fs::create_dir(place.path("shards")).unwrap();
    let file = shard(&place, 0, 1, &[]);
    let bytes = fs::read(place.path(&file)).unwrap();
    // The head with another version, its length and checksum made to fit.
    let line_end = bytes.iter().position(|b| *b == b'\n').unwrap();
    let head_end = line_end + 1 + bytes[line_end + 1..].iter().position(|b| *b == b'\n').unwrap();
    let head = std::str::from_utf8(&bytes[line_end + 1..head_end]).unwrap();
    let version = format!("\"tool_version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(head.contains(&version), "{head}");
    let head = head.replace(&version, "\"tool_version\":\"0.0.1\"");
    let line = String::from_utf8(bytes[..line_end].to_vec()).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let hash = repower::results::block::sha256_hex(head.as_bytes());
    let line = format!(
        "{} {} {} {} {hash}\n{head}",
        words[0],
        words[1],
        words[2],
        head.len()
    );
    place.write("shards/old", [line.as_bytes(), &bytes[head_end..]].concat());
    let message = refused(&place, &["shards/old".to_owned()]);
    assert!(message.contains("was made by version 0.0.1"), "{message}");
}

#[test]
fn a_share_out_of_range_is_wrong_input() {
    let place = Place::with(SMALL);
    let share = ["--index", "3", "--of", "3", "--out", "s"];
    let done = place.repower(&["shard", "x.toml"]).args(share).assert().code(2);
    assert!(said(&done).contains("shards count from 0"));
    assert!(!place.path("s").exists());
}
