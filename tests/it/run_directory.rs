//! A run directory between processes: locks, kills, what is left and what is gone on with.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use repower::metric::Metric;
use repower::results::block::block_range;
use repower::results::directory::{FORMAT, TableFiles};
use repower::results::manifest::{Manifest, StrategyInfo};
use repower::results::replication::{Cashflow, Replication, Scalar};
use repower::results::{BlockResult, Collector, Error, Opened, RunReader, RunRequest, RunWriter, Shape};

/// Where the child of a test is to hold a run open.
const HOLD: &str = "REPOWER_TEST_HOLD";

fn manifest(run_id: &str, replications: u32) -> Manifest {
    let info = |id: &str| StrategyInfo {
        id: id.to_owned(),
        summary: String::new(),
    };
    Manifest {
        format: FORMAT,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: run_id.to_owned(),
        scenario: "two-plans".to_owned(),
        seed: 1,
        replications,
        strategies: vec![info("stay-mining"), info("lease-shell")],
        baseline: "stay-mining".to_owned(),
        cases: vec!["base".to_owned()],
        fidelity: "fluid".to_owned(),
        scopes: vec!["portfolio".to_owned()],
        months: vec!["2026-01".to_owned()],
        currency: "usd".to_owned(),
        ..Manifest::default()
    }
}

fn block(index: u32, replications: u32, shift: f64) -> BlockResult {
    let record = |strategy: usize, replication: u32| {
        let npv = 100.0 * strategy as f64 + f64::from(replication) + shift;
        Replication {
            strategy,
            replication,
            scalars: vec![Scalar {
                scope: 0,
                metric: Metric::NpvEquityUsd,
                value: npv,
            }],
            cashflow: Cashflow {
                accounts: vec!["lease_revenue"],
                usd: vec![vec![npv]],
                ..Cashflow::default()
            },
            ..Replication::default()
        }
    };
    let range = || block_range(index, replications);
    let records = (0..2).flat_map(|s| range().map(move |r| record(s, r))).collect();
    BlockResult::reduce(
        Shape::of(&manifest("any", replications)),
        index,
        replications,
        records,
    )
}

/// Writes a whole run whose every figure is moved by `shift`.
pub(crate) fn write_run(dir: &Path, run_id: &str, shift: f64) {
    let manifest = manifest(run_id, 20);
    let mut collector = Collector::new(Shape::of(&manifest));
    for index in 0..2 {
        collector.add_block(block(index, 20, shift));
    }
    let tables = collector.finish(manifest, Vec::new());
    let Opened::Write(mut writer) = RunWriter::open(request(dir, run_id)).expect("the place can be written")
    else {
        panic!("the place is empty")
    };
    let files = TableFiles {
        monthly: true,
        hourly: false,
    };
    writer.put_tables(&tables, files).expect("the disk has room");
    writer.commit(tables.manifest).expect("the disk has room");
}

fn request(dir: &Path, run_id: &str) -> RunRequest {
    RunRequest {
        dir: dir.to_owned(),
        run_id: run_id.to_owned(),
        replications: 20,
        files: Vec::new(),
    }
}

/// Runs this very test in a child, which saves one block and then holds the run open until it is killed.
fn holding_child(dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().expect("a test knows its binary"))
        .args(["a_killed_writer_leaves_its_blocks_and_no_run", "--nocapture"])
        .env(HOLD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a test can start itself");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    assert!(
        lines.map_while(Result::ok).any(|line| line.contains("holding")),
        "the child did not begin"
    );
    child
}

fn hold(dir: &Path) -> ! {
    let Opened::Write(writer) = RunWriter::open(request(dir, "held")).expect("the place can be written")
    else {
        panic!("the place is empty")
    };
    writer.save_block(&block(0, 20, 0.0)).expect("the disk has room");
    println!("holding");
    std::thread::sleep(std::time::Duration::from_mins(1));
    panic!("nobody killed the child");
}

#[test]
fn a_killed_writer_leaves_its_blocks_and_no_run() {
    if let Some(dir) = std::env::var_os(HOLD) {
        hold(&PathBuf::from(dir));
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    let mut child = holding_child(&dir);
    let second = RunWriter::open(request(&dir, "held")).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        matches!(second, Error::Taken { .. }) && second.exit_code() == 3,
        "{second}"
    );
    assert!(!dir.exists());
    let message = RunReader::open(&dir).unwrap_err().to_string();
    assert!(message.contains("interrupted"), "{message}");

    let Opened::Write(writer) = RunWriter::open(request(&dir, "held")).unwrap() else {
        panic!("the run is not done")
    };
    let shape = Shape::of(&manifest("held", 20));
    assert_eq!(writer.completed_blocks(shape).unwrap(), [block(0, 20, 0.0)]);
}

#[test]
fn a_whole_run_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run");
    write_run(&dir, "whole", 0.5);
    let reader = RunReader::open(&dir).unwrap();
    reader.verify(|_| true).unwrap();
    let tables = reader.tables().unwrap();
    let mean = tables
        .summary
        .iter()
        .find(|r| r.strategy == "lease-shell")
        .unwrap()
        .mean;
    assert_eq!(mean, 100.0 + 9.5 + 0.5);
    assert!(matches!(
        RunWriter::open(request(&dir, "whole")).unwrap(),
        Opened::Done
    ));
}
