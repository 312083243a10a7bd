//! Kills at every moment of a run, files that change while they are read, places that only let read, readers of the
//! output that go away.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::support::{Place, SMALL, changed, results_of};

/// Two blocks, all tables and charts: every stage of writing.
const ARGS: [&str; 9] = [
    "run",
    "x.toml",
    "--replications",
    "20",
    "--threads",
    "1",
    "--series",
    "hourly",
    "--out",
];

fn started(place: &Place, out: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(place.path(""))
        .args(ARGS)
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_run_killed_at_any_moment_is_whole_or_absent_and_ends_in_the_same_bytes() {
    let place = Place::with(SMALL);
    let began = Instant::now();
    assert!(started(&place, "fresh").wait().unwrap().success());
    let whole = began.elapsed();
    let (mut killed, mut stages) = (0, std::collections::BTreeSet::new());
    for step in 0..24 {
        let mut child = started(&place, "out");
        // Denser towards the end, where tables, charts and the memo are written.
        let share = 1.0 - (1.0 - f64::from(step) / 24.0).powi(2);
        std::thread::sleep(whole.mul_f64(share));
        let _ = child.kill();
        let done = child.wait().unwrap();
        if place.path("out").exists() {
            // Renamed when whole: everything is there, whatever was killed afterwards.
            assert!(place.path("out/manifest.json").exists());
            // What a kill between the rename and the last steps leaves beside goes when the command is given again.
            assert!(started(&place, "out").wait().unwrap().success());
            assert!(
                results_of(&place.path("out")) == results_of(&place.path("fresh")),
                "step {step}"
            );
            std::fs::remove_dir_all(place.path("out")).unwrap();
        } else {
            assert!(!done.success(), "step {step} ended well and left nothing");
            killed += 1;
            stages.insert(std::fs::read_dir(place.path("out.partial")).map_or(0, Iterator::count));
        }
    }
    println!("{killed} of 24 killed, with {stages:?} entries in the folder; a whole run took {whole:?}");
    assert!(killed >= 6, "only {killed} were killed before they were done");
    assert!(started(&place, "out").wait().unwrap().success());
    assert!(!place.path("out.partial").exists());
    assert!(results_of(&place.path("out")) == results_of(&place.path("fresh")));
}

/// A year of hourly prices, all alike.
fn prices(usd: &str) -> String {
    use std::fmt::Write as _;
    let mut text = "start_utc,usd_per_mwh\n".to_owned();
    let first: jiff::Timestamp = "2025-12-31T00:00:00Z".parse().unwrap();
    for hour in 0..(367 * 24) {
        let _ = writeln!(text, "{},{usd}", first + jiff::SignedDuration::from_hours(hour));
    }
    text
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused_or_read_and_named_by_what_was_read() {
    let series = "extend = \"replayed\"\nseries = { file = \"p.csv\" }";
    let place = Place::with(&changed("fixed_usd_per_mwh = 40", series));
    let (low, high) = (prices("10"), prices("90"));
    place.write("p.csv", &low);
    let stop = AtomicBool::new(false);
    let codes = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Rewritten in place, so that a reader may see an empty, a short or a mixed file.
            while !stop.load(Ordering::Relaxed) {
                place.write("p.csv", &high);
                place.write("p.csv", &low);
            }
        });
        let codes: Vec<Option<i32>> = (0..12)
            .map(|n| {
                place.repower(&[
                    "run",
                    "x.toml",
                    "--quiet",
                    "--replications",
                    "1",
                    "--out",
                    &format!("o{n}"),
                ])
            })
            .map(|mut run| run.output().unwrap().status.code())
            .collect();
        stop.store(true, Ordering::Relaxed);
        codes
    });
    assert!(codes.iter().all(|c| matches!(c, Some(0 | 2 | 3))), "{codes:?}");
    // What was read is what the manifest names: a run whose file held the low prices has the figures of the low prices.
    let metrics = |out: &str| std::fs::read(place.path(out).join("metrics.csv")).unwrap();
    let mut known = std::collections::BTreeMap::new();
    for (n, _) in codes.iter().enumerate().filter(|(_, code)| **code == Some(0)) {
        let out = format!("o{n}");
        let manifest: serde_json::Value =
            serde_json::from_slice(&std::fs::read(place.path(&out).join("manifest.json")).unwrap()).unwrap();
        let hash = manifest["inputs"][0]["sha256"].as_str().unwrap().to_owned();
        let figures = metrics(&out);
        let first = known.entry(hash).or_insert_with(|| figures.clone());
        assert!(*first == figures, "one hash, two results");
    }
    place.write("p.csv", &low);
    place
        .repower(&["run", "x.toml", "--quiet", "--replications", "1", "--out", "low"])
        .assert()
        .code(0);
    place.write("p.csv", &high);
    // The same place, other prices: another run, which does not take it.
    place
        .repower(&["run", "x.toml", "--quiet", "--replications", "1", "--out", "low"])
        .assert()
        .code(3);
}

#[test]
fn a_run_whose_reader_goes_away_is_written_all_the_same() {
    let place = Place::with(SMALL);
    let mut child = Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(place.path(""))
        .args(["run", "x.toml", "--replications", "2", "--out", "out"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let code = child.wait().unwrap().code();
    assert!(code == Some(0), "{code:?}");
    assert!(place.path("out/memo.html").exists());
}

#[test]
fn a_folder_that_only_lets_read_exits_with_3_and_loses_nothing() {
    // A disk of its own, seen by this shell only, which then lets read and no more: root, too, cannot write there.
    let text = "mkdir \"$1/disk\" && mount -t tmpfs -o size=16m none \"$1/disk\" || exit 99\n\
        cd \"$1\" && cp x.toml disk/ && mkdir disk/kept && mount -o remount,ro disk || exit 99\n\
        cd disk && \"$0\" run x.toml --replications 1 --out out; echo code $?\n\
        \"$0\" run x.toml --replications 1; echo code $?\n\
        ls; cd ..; umount disk";
    let place = Place::with(SMALL);
    let done = Command::new("unshare")
        .args(["-m", "sh", "-c", text, env!("CARGO_BIN_EXE_repower")])
        .arg(place.path(""))
        .output();
    let Some(done) = done
        .ok()
        .filter(|done| ![Some(1), Some(99)].contains(&done.status.code()))
    else {
        println!("left out: no file system can be mounted here");
        return;
    };
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "code 3\ncode 3\nkept\nx.toml\n",
        "{told}"
    );
    assert!(told.contains("Read-only file system"), "{told}");
}

#[test]
fn unknown_locales_terminals_and_an_empty_environment_change_nothing() {
    let place = Place::with(SMALL);
    let run = |out: &str, settings: &[(&str, &str)]| {
        let done = Command::new(env!("CARGO_BIN_EXE_repower"))
            .current_dir(place.path(""))
            .env_clear()
            .envs(settings.iter().copied())
            .args(["run", "x.toml", "--replications", "1", "--quiet", "--out", out])
            .output()
            .unwrap();
        assert_eq!(
            done.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        results_of(&place.path(out))
    };
    let usual = run("a", &[]);
    let odd = [
        ("LC_ALL", "tlh_QO.KOI-9"),
        ("LANG", "de_DE"),
        ("LC_NUMERIC", "de_DE.UTF-8"),
        ("TZ", "Mars/Olympus"),
        ("TERM", "vt52-of-nowhere"),
        ("HOME", "/nonexistent"),
        ("TMPDIR", "/nonexistent"),
        ("COLUMNS", "-3"),
        ("RUST_LOG", "=,=,x"),
        ("RAYON_NUM_THREADS", "many"),
    ];
    assert!(run("b", &odd) == usual);
}
