//! Runs that are stopped, killed, crowded or out of room: nothing half-written is taken for a result, and the same
//! command goes on to the same bytes.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use predicates::prelude::*;
use predicates::str::contains;

use crate::support::{Place, SMALL, results_of, said};

/// Enough work to be caught in the middle of, and soon done.
const REPLICATIONS: &str = "240";

fn long_run(place: &Place, out: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    let args = [
        "run",
        "x.toml",
        "--replications",
        REPLICATIONS,
        "--threads",
        "1",
        "--set",
        "years=5",
        "--out",
        out,
    ];
    command
        .current_dir(place.path(""))
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Blocks that an interrupted run has kept.
fn blocks_kept(place: &Place) -> usize {
    let is_block = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|x| x == "block");
    std::fs::read_dir(place.path("out.partial/blocks")).map_or(0, |entries| {
        entries.filter_map(Result::ok).filter(is_block).count()
    })
}

/// Starts the run and waits until it has kept a further block.
fn caught_in_the_middle(place: &Place) -> Child {
    let before = blocks_kept(place);
    let mut child = long_run(place, "out").spawn().unwrap();
    let patience = Instant::now() + Duration::from_mins(2);
    while blocks_kept(place) <= before {
        assert!(Instant::now() < patience, "no block was kept");
        assert!(
            child.try_wait().unwrap().is_none(),
            "the run ended before it kept a block"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status()
        .unwrap();
    assert!(done.success());
}

fn no_run_at(place: &Place) {
    assert!(!place.path("out").exists());
    place
        .repower(&["report", "out"])
        .assert()
        .code(2)
        .stderr(contains("interrupted"));
    place.repower(&["compare", "out", "out"]).assert().code(2);
}

fn goes_on(place: &Place, out: &str) {
    let done = long_run(place, out).output().unwrap();
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(!place.path(&format!("{out}.partial")).exists());
}

#[test]
fn a_run_stopped_by_every_signal_goes_on_to_the_bytes_of_one_that_was_not() {
    let place = Place::with(SMALL);
    for (name, code) in [("INT", Some(130)), ("TERM", Some(75)), ("KILL", None)] {
        let child = caught_in_the_middle(&place);
        signal(&child, name);
        let done = child.wait_with_output().unwrap();
        assert_eq!(
            done.status.code(),
            code,
            "{name}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        if code.is_some() {
            assert!(String::from_utf8_lossy(&done.stderr).contains("the same command goes on from there"));
        }
        no_run_at(&place);
    }
    goes_on(&place, "out");
    goes_on(&place, "fresh");
    assert!(results_of(&place.path("out")) == results_of(&place.path("fresh")));
}

#[test]
fn a_second_writer_exits_with_3_and_the_first_is_not_disturbed() {
    let place = Place::with(SMALL);
    let mut first = caught_in_the_middle(&place);
    let second = long_run(&place, "out").output().unwrap();
    if first.try_wait().unwrap().is_some() {
        println!("left out: the first was done before the second began");
        return;
    }
    assert_eq!(second.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process is writing this run"));
    assert!(first.wait().unwrap().success());
    assert!(place.path("out/manifest.json").exists());
}

#[test]
fn the_same_run_again_is_done_at_once_more_extends_it_and_fewer_is_refused() {
    let place = Place::with(SMALL);
    let run = |replications: &str, out: &str| {
        place.repower(&["run", "x.toml", "--replications", replications, "--out", out])
    };
    run("11", "out").assert().code(0);
    let manifest = std::fs::read(place.path("out/manifest.json")).unwrap();
    run("11", "out")
        .assert()
        .code(0)
        .stdout(contains("complete already; nothing to do"));
    assert!(std::fs::read(place.path("out/manifest.json")).unwrap() == manifest);
    run("10", "out")
        .assert()
        .code(2)
        .stderr(contains("already has 11 replications"));
    assert!(std::fs::read(place.path("out/manifest.json")).unwrap() == manifest);
    run("23", "out")
        .assert()
        .code(0)
        .stdout(contains("23 replications"));
    run("23", "fresh").assert().code(0);
    assert!(results_of(&place.path("out")) == results_of(&place.path("fresh")));
    assert!(!place.path("out.previous").exists() && !place.path("out.partial").exists());
}

#[test]
fn a_place_that_another_run_has_exits_with_3_and_stays() {
    let place = Place::with(SMALL);
    place.run(&[]).assert().code(0);
    let before = crate::support::files_of(&place.path("out"));
    place
        .run(&["--seed", "2"])
        .assert()
        .code(3)
        .stderr(contains("choose another `--out`"));
    assert!(crate::support::files_of(&place.path("out")) == before);
    assert!(!place.path("out.partial").exists());
}

#[test]
fn a_place_with_something_else_in_it_exits_with_3_and_stays() {
    let place = Place::with(SMALL);
    place.write("out/holiday.jpg", "beach");
    place.run(&[]).assert().code(3);
    assert_eq!(std::fs::read(place.path("out/holiday.jpg")).unwrap(), b"beach");
    place.write("file", "mine");
    place
        .repower(&["run", "x.toml", "--replications", "1", "--out", "file"])
        .assert()
        .code(3);
    place
        .repower(&["run", "x.toml", "--replications", "1", "--out", "file/below"])
        .assert()
        .code(3);
    assert_eq!(std::fs::read(place.path("file")).unwrap(), b"mine");
    place.write("other.partial/thesis.txt", "years of work");
    place
        .repower(&["run", "x.toml", "--replications", "1", "--out", "other"])
        .assert()
        .code(3);
    assert_eq!(
        std::fs::read(place.path("other.partial/thesis.txt")).unwrap(),
        b"years of work"
    );
}

#[test]
fn odd_names_of_the_output_neither_panic_nor_write_beside() {
    let place = Place::with(SMALL);
    for out in ["", ".", "..", "/"] {
        let done = place
            .repower(&["run", "x.toml", "--replications", "1", "--out", out])
            .assert();
        let code = done.get_output().status.code();
        assert!(matches!(code, Some(2 | 3)), "`{out}`: {code:?} {}", said(&done));
    }
    let names: Vec<_> = std::fs::read_dir(place.path(""))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["x.toml"]);
    place
        .repower(&[
            "run",
            "x.toml",
            "--replications",
            "1",
            "--quiet",
            "--out",
            "a b/ü/",
        ])
        .assert()
        .code(0);
    assert!(place.path("a b/ü/manifest.json").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_exits_with_3() {
    let place = Place::with(SMALL);
    let out = [
        "run",
        "x.toml",
        "--replications",
        "1",
        "--out",
        "/proc/repower/out",
    ];
    place
        .repower(&out)
        .assert()
        .code(3)
        .stderr(contains("failed to create"));
}

/// Runs a script of the shell with the binary as `$0` and the folder as `$1`.
fn script(text: &str, folder: &Path) -> std::process::Output {
    Command::new("sh")
        .args(["-c", text, env!("CARGO_BIN_EXE_repower")])
        .arg(folder)
        .output()
        .unwrap()
}

#[test]
fn files_that_cannot_grow_exit_with_3_and_the_same_command_goes_on() {
    let place = Place::with(SMALL);
    let run = "cd \"$1\" && trap '' XFSZ && ulimit -f 8 && \"$0\" run x.toml --replications 12 --out out";
    let done = script(run, &place.path(""));
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(3), "{told}");
    assert!(told.contains("failed to write"), "{told}");
    no_run_at(&place);
    let again = ["run", "x.toml", "--replications", "12"];
    place.repower(&again).args(["--out", "out"]).assert().code(0);
    place.repower(&again).args(["--out", "fresh"]).assert().code(0);
    assert!(results_of(&place.path("out")) == results_of(&place.path("fresh")));
}

#[test]
fn a_full_disk_exits_with_3_and_with_room_the_same_command_goes_on() {
    // A disk of its own, seen by this shell only and gone with it.
    let text = "mkdir \"$1/disk\" && mount -t tmpfs -o size=96k none \"$1/disk\" || exit 99\n\
        cd \"$1\" && \"$0\" run x.toml --replications 12 --out disk/out; echo code $?\n\
        test ! -e disk/out && echo nothing\n\
        mount -o remount,size=64m disk && \"$0\" run x.toml --replications 12 --out disk/out > /dev/null; echo code $?\n\
        cp -r disk/out copy; umount disk";
    let place = Place::with(SMALL);
    let alone = Command::new("unshare")
        .args(["-m", "sh", "-c", text, env!("CARGO_BIN_EXE_repower")])
        .arg(place.path(""))
        .output();
    let Some(done) = alone
        .ok()
        .filter(|done| ![Some(1), Some(99)].contains(&done.status.code()))
    else {
        println!("left out: no file system can be mounted here");
        return;
    };
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        "code 3\nnothing\ncode 0\n",
        "{told}"
    );
    assert!(told.contains("No space left"), "{told}");
    place
        .repower(&["run", "x.toml", "--replications", "12", "--out", "fresh"])
        .assert()
        .code(0);
    assert!(results_of(&place.path("copy")) == results_of(&place.path("fresh")));
}

#[test]
fn a_run_whose_file_was_changed_is_not_reported_from() {
    let place = Place::with(SMALL);
    place.run(&[]).assert().code(0);
    place.write("out/summary.csv", "strategy\n");
    place
        .repower(&["report", "out"])
        .assert()
        .code(2)
        .stderr(contains("summary.csv").and(contains("changed")));
    std::fs::remove_file(place.path("out/metrics.csv")).unwrap();
    place.repower(&["compare", "out", "out"]).assert().code(2);
    std::fs::write(place.path("out/manifest.json"), "{").unwrap();
    place
        .repower(&["report", "out"])
        .assert()
        .code(2)
        .stderr(contains("manifest.json"));
}

#[test]
fn threads_and_repetition_leave_the_bytes_and_seeds_do_not() {
    let place = Place::with(&SMALL.replace(
        "fixed_usd_per_mwh = 40",
        "process.fitted = { preset = \"ercot-hub-2022-2024\" }",
    ));
    let run = |out: &str, more: &[&str]| {
        place
            .repower(&["run", "x.toml", "--replications", "12", "--quiet", "--out", out])
            .args(more)
            .assert()
            .code(0);
        results_of(&place.path(out))
    };
    let one = run("one", &["--threads", "1"]);
    assert!(one == run("two", &["--threads", "2"]));
    assert!(one == run("again", &["--threads", "1"]));
    assert!(one != run("seed", &["--seed", "2"]));
}
