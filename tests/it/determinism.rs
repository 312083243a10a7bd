//! Equal runs are equal to the byte, whatever the number of threads and whether they were interrupted; seeds differ;
//! what a strategy meets does not depend on the others, nor on inputs that it does not use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use repower::results::replication::Replication;
use repower::scenario::load::{DEFAULT_SCENARIO, LoadOptions, load_text};
use repower::sim::{Setup, replicate_all};
use tempfile::TempDir;

/// The default scenario over one year.
fn run_command(dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command
        .args([
            "run", "--quiet", "--set", "years=1", "--series", "hourly", "--out",
        ])
        .arg(dir)
        .args(more)
        .stdout(Stdio::null());
    command
}

fn run(dir: &Path, more: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
    let status = run_command(dir, more).status().unwrap();
    assert!(status.success(), "{status}");
    files(dir)
}

/// Every file of a run directory with its bytes; what the clock and the machine say in the manifest is blanked.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            if path.file_name().is_some_and(|n| n == "manifest.json") {
                let mut json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                for field in ["started_utc", "wall_seconds", "threads", "simulated"] {
                    assert!(json[field].take() != serde_json::Value::Null, "{field}");
                }
                bytes = json.to_string().into_bytes();
            }
            found.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
        }
    }
    found
}

#[track_caller]
fn assert_same(a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in a {
        assert!(b[name] == *bytes, "{} differs", name.display());
    }
}

#[test]
fn threads_a_second_run_and_an_interruption_change_no_byte_and_a_seed_does() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let one = run(&at("one"), &["--replications", "12", "--threads", "1"]);
    assert!(one.contains_key(Path::new("metrics.csv")) && one.contains_key(Path::new("jobs.csv")));
    let two = run(&at("two"), &["--replications", "12", "--threads", "2"]);
    assert_same(&one, &two);

    // Killed as soon as the first block is kept, and gone on with.
    let dir = at("killed");
    let mut child = run_command(&dir, &["--replications", "12", "--threads", "1"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let blocks = at("killed.partial");
    let began = Instant::now();
    while !has_block(&blocks) && child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_mins(2), "no block was kept");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.exists(), "the run was over before it was killed");
    assert_same(&one, &run(&dir, &["--replications", "12", "--threads", "2"]));

    let other = run(&at("other"), &["--replications", "12", "--seed", "2"]);
    let metrics = Path::new("metrics.csv");
    assert_ne!(one[metrics], other[metrics]);
}

fn has_block(partial: &Path) -> bool {
    let mut folders = vec![partial.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "block") {
                return true;
            }
        }
    }
    false
}

fn replications(text: &str, strategies: &[&str]) -> Vec<Replication> {
    let options = LoadOptions {
        set: vec!["years=1".to_owned()],
        strategies: strategies.iter().map(ToString::to_string).collect(),
        data: None,
    };
    let scenario = load_text("changed.toml", text, &options).unwrap();
    let setup = Setup::new(&scenario);
    (0..2)
        .flat_map(|replication| replicate_all(&scenario, &setup, replication, None))
        .collect()
}

/// Figures of a strategy in every replication, bit by bit.
fn figures(records: &[Replication], strategy: usize) -> Vec<(u16, &'static str, u64)> {
    let own = records.iter().filter(|r| r.strategy == strategy);
    own.flat_map(|r| &r.scalars)
        .map(|s| (s.scope, s.metric.id(), s.value.to_bits()))
        .collect()
}

#[test]
fn another_strategy_or_an_uncertain_input_leaves_the_others_alone() {
    let all = replications(DEFAULT_SCENARIO, &[]);
    let some = replications(DEFAULT_SCENARIO, &["lease-shell"]);
    assert_eq!(figures(&all, 0), figures(&some, 0));
    assert_eq!(figures(&all, 2), figures(&some, 1));
    assert_ne!(figures(&all, 0), figures(&all, 1));

    // The rent of the lease is drawn: who leases sees it, nobody else.
    let uncertain = format!(
        "{DEFAULT_SCENARIO}\n[[uncertain]]\n\
         path = \"strategies.lease-shell.conversions[0].lease.usd_per_kw_month\"\n\
         distribution.triangular = {{ low = 100, mode = 128, high = 150 }}\n"
    );
    let drawn = replications(&uncertain, &[]);
    for strategy in [0, 1] {
        assert_eq!(figures(&all, strategy), figures(&drawn, strategy));
    }
}
