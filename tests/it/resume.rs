//! Runs that are killed and gone on with, and runs that get more replications: nothing is done twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime};

use crate::support::{CONVERSION, INSTALL, Place, SMALL, results_of};

fn scenario() -> String {
    format!("{SMALL}\n{CONVERSION}{INSTALL}")
}

fn run(place: &Place, out: &str, more: &[&str]) -> serde_json::Value {
    place
        .repower(&["run", "x.toml", "--quiet", "--out", out])
        .args(more)
        .assert()
        .code(0);
    let text = fs::read_to_string(place.path(out).join("manifest.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn assert_same(place: &Place, a: &str, b: &str) {
    let (a, b) = (results_of(&place.path(a)), results_of(&place.path(b)));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, bytes), (_, other)) in a.iter().zip(&b) {
        assert!(bytes == other, "{name} differs");
    }
}

/// The completed blocks with the time at which each was written.
fn blocks(partial: &Path) -> BTreeMap<String, SystemTime> {
    let entries = fs::read_dir(partial.join("blocks"))
        .into_iter()
        .flatten()
        .flatten();
    let block = entries.filter(|e| e.path().extension().is_some_and(|x| x == "block"));
    block
        .filter_map(|e| {
            Some((
                e.file_name().into_string().ok()?,
                e.metadata().ok()?.modified().ok()?,
            ))
        })
        .collect()
}

fn start(place: &Place, replications: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(place.path("."))
        .args(["run", "x.toml", "--quiet", "--threads", "2", "--out", "killed"])
        .args(["--replications", replications])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills a run `kills` times, at moments that `pause` gives in shares of the time that a whole run takes; then lets it end.
fn killed_and_gone_on_with(kills: usize, replications: u32, pause: impl Fn(usize) -> f64) {
    let place = Place::with(&scenario());
    let count = replications.to_string();
    let began = Instant::now();
    run(&place, "whole", &["--replications", &count, "--threads", "2"]);
    let whole = began.elapsed();
    let partial = place.path("killed.partial");
    let (mut before, mut landed) = (blocks(&partial), 0);
    for kill in 0..kills {
        let mut child = start(&place, &count);
        std::thread::sleep(whole.mul_f64(pause(kill)));
        // SIGKILL: nothing of the program runs after it.
        child.kill().unwrap();
        let ended = child.wait().unwrap().success();
        if ended || place.path("killed/manifest.json").exists() {
            // Faster than the moment of the kill, or whole and in place before it: from the start again.
            let manifest = run(&place, "killed", &["--replications", &count]);
            assert_eq!(manifest["replications"].to_string(), count);
            assert_same(&place, "whole", "killed");
            fs::remove_dir_all(place.path("killed")).unwrap();
            before = BTreeMap::new();
            continue;
        }
        landed += 1;
        let after = blocks(&partial);
        // What was complete before is there, and was not written again.
        for (name, time) in &before {
            assert_eq!(after.get(name), Some(time), "{name} after kill {kill}");
        }
        before = after;
    }
    assert!(landed * 2 > kills, "only {landed} of {kills} kills met a run");
    let kept = before.len() as u64;
    let manifest = run(&place, "killed", &["--replications", &count]);
    assert_same(&place, "whole", "killed");
    let last = u64::from(replications.div_ceil(10)) - 1;
    let short = before.contains_key(&format!("{last:04}.block")) && !replications.is_multiple_of(10);
    let there = kept * 10
        - if short {
            10 - u64::from(replications % 10)
        } else {
            0
        };
    assert_eq!(
        manifest["simulated"],
        u64::from(replications) - there,
        "{kept} blocks were there"
    );
}

#[test]
fn a_run_killed_three_times_goes_on_and_does_nothing_twice() {
    killed_and_gone_on_with(3, 65, |kill| 0.35 + 0.15 * kill as f64);
}

/// Moments spread over the run without a pattern: multiples of the golden section.
#[test]
#[ignore = "minutes, and its moments depend on the machine: run by name with --ignored"]
fn a_run_killed_fifty_times_goes_on_and_does_nothing_twice() {
    killed_and_gone_on_with(50, 125, |kill| {
        0.05 + 0.55 * (0.618_034 * (kill + 1) as f64).fract()
    });
}

#[test]
fn a_run_gets_more_replications_without_redoing_any() {
    let place = Place::with(&scenario());
    let manifest = run(&place, "grown", &["--replications", "7", "--series", "hourly"]);
    assert_eq!(manifest["simulated"], 7);
    for (count, simulated) in [("13", 6), ("20", 7), ("34", 14)] {
        // The hours that the run has are there afterwards too, of the median replication that it has then.
        let manifest = run(&place, "grown", &["--replications", count]);
        assert_eq!(manifest["simulated"], simulated, "{count}");
        assert_eq!(manifest["replications"].to_string(), count);
        let whole = format!("whole-{count}");
        run(&place, &whole, &["--replications", count, "--series", "hourly"]);
        assert_same(&place, "grown", &whole);
    }
    // The same again has nothing to do; fewer would throw some away.
    let before = fs::metadata(place.path("grown/manifest.json"))
        .unwrap()
        .modified()
        .unwrap();
    run(&place, "grown", &["--replications", "34"]);
    assert_eq!(
        fs::metadata(place.path("grown/manifest.json"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
    let fewer = [
        "run",
        "x.toml",
        "--quiet",
        "--out",
        "grown",
        "--replications",
        "33",
    ];
    place.repower(&fewer).assert().code(2);
}

#[test]
fn further_files_cost_no_replication() {
    let place = Place::with(&scenario());
    run(&place, "a", &["--replications", "12"]);
    let manifest = run(&place, "a", &["--replications", "12", "--series", "hourly"]);
    assert_eq!(manifest["simulated"], 0);
    run(&place, "b", &["--replications", "12", "--series", "hourly"]);
    assert_same(&place, "a", "b");
}

#[test]
fn blocks_that_someone_edited_are_simulated_again() {
    let place = Place::with(&scenario());
    run(&place, "a", &["--replications", "12"]);
    let path = place.path("a/blocks.bin");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let manifest = run(&place, "a", &["--replications", "15"]);
    assert_eq!(manifest["simulated"], 15);
    run(&place, "b", &["--replications", "15"]);
    assert_same(&place, "a", "b");
}

#[test]
fn a_run_that_someone_edited_is_not_reported_nor_compared() {
    let place = Place::with(&scenario());
    run(&place, "a", &["--replications", "2"]);
    run(&place, "b", &["--replications", "2"]);
    let path = place.path("a/summary.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("npv_usd", "npv_usd ", 1)).unwrap();
    for command in [
        &["report", "a"][..],
        &["compare", "a", "b"],
        &["compare", "b", "a"],
    ] {
        let done = place.repower(command).assert().code(2);
        let said = crate::support::said(&done);
        assert!(
            said.contains("was changed after the run: summary.csv"),
            "{command:?}: {said}"
        );
    }
    // The pages are made from tables and may be made again; what was edited by hand is then gone.
    fs::write(place.path("b/memo.md"), "mine").unwrap();
    place.repower(&["report", "b"]).assert().code(0);
    assert_ne!(fs::read_to_string(place.path("b/memo.md")).unwrap(), "mine");
}
