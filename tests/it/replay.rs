//! `repower replay` as its users meet it: the line, the files it writes, what it refuses and with which code.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

/// Four jobs on four GPUs: the second must wait for all of them, the fourth may overtake it under EASY.
const JOBS: &str = "job_id,submit_s,gpus,duration_s\n0,0,3,10\n1,1,4,5\n2,2,1,10\n3,3,1,7\n";

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn replay(trace: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command.arg("replay").arg(trace).args(["--gpus", "4"]);
    command
}

#[test]
fn the_line_holds_the_figures_by_hand() {
    let folder = TempDir::new().unwrap();
    let jobs = file(&folder, "jobs.csv", JOBS);
    let easy = "jobs=4 makespan_s=25 mean_wait_s=5.500 p50_wait_s=4.500 p95_wait_s=12.400 p99_wait_s=12.880 \
                utilisation=0.670 events=8 wall_s=";
    replay(&jobs)
        .args(["--policy", "easy"])
        .assert()
        .success()
        .stdout(contains(easy));
    let fcfs = "jobs=4 makespan_s=25 mean_wait_s=8.500 ";
    replay(&jobs)
        .args(["--policy", "fcfs"])
        .assert()
        .success()
        .stdout(contains(fcfs));
}

#[test]
fn starts_and_exact_values_are_written_on_demand() {
    let folder = TempDir::new().unwrap();
    let jobs = file(&folder, "jobs.csv", JOBS);
    let starts = folder.path().join("starts.csv");
    let output = replay(&jobs)
        .arg("--json")
        .arg("--starts")
        .arg(&starts)
        .assert()
        .success();
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(
        (json["makespan_s"].as_i64(), json["p50_wait_s"].as_f64()),
        (Some(25), Some(4.5))
    );
    assert_eq!(
        fs::read_to_string(starts).unwrap(),
        "job_id,start_s\n0,0\n1,10\n2,15\n3,3\n"
    );
}

#[test]
fn lost_capacity_kills_and_requeues() {
    let folder = TempDir::new().unwrap();
    let jobs = file(
        &folder,
        "jobs.csv",
        "job_id,submit_s,gpus,duration_s\n0,0,2,10\n1,0,2,10\n",
    );
    let capacity = file(&folder, "capacity.csv", "t_s,gpus\n5,2\n8,4\n");
    let line = "makespan_s=18 mean_wait_s=1.500";
    let killed = "killed=1 lost_gpu_s=10.000 stranded=0";
    replay(&jobs)
        .arg("--capacity")
        .arg(capacity)
        .assert()
        .success()
        .stdout(contains(line).and(contains(killed)));
}

#[test]
fn wrong_input_exits_with_2_and_names_the_place() {
    let folder = TempDir::new().unwrap();
    let large = file(
        &folder,
        "large.csv",
        "job_id,submit_s,gpus,duration_s\n7,0,5,10\n",
    );
    let refused = contains("job 7 needs 5 GPUs, but the cluster never has more than 4");
    replay(&large).assert().code(2).stdout("").stderr(refused);
    let broken = file(
        &folder,
        "broken.csv",
        "job_id,submit_s,gpus,duration_s\n1,0,1,1\n2,0,1\n",
    );
    replay(&broken)
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("broken.csv:3: 3 fields where the header has 4"));
    replay(&folder.path().join("absent.csv"))
        .assert()
        .code(2)
        .stderr(contains("absent.csv"));
    replay(&large).args(["--policy", "fastest"]).assert().code(2);
    replay(&large)
        .args(["--format", "parchment"])
        .assert()
        .code(2)
        .stderr(contains("known formats: native, philly, helios"));
}

#[test]
fn a_quota_an_estimate_and_a_place_change_what_starts() {
    let folder = TempDir::new().unwrap();
    let text = "job_id,submit_s,gpus,duration_s,tenant,deadline_s,residency,estimate_s,class,power_fraction\n\
                0,0,2,10,acme,20,no,5,spot,0.5\n1,0,2,10,acme,15,,40,on_demand,1\n2,1,2,10,umbra,,no,,reserved,1\n";
    let jobs = file(&folder, "jobs.csv", text);
    let line = |args: &[&str]| {
        let output = replay(&jobs).args(args).assert().success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    // Jobs 0 and 1 at once, job 2 from 10 to 20: it waits 9 s.
    let usual = line(&[]);
    assert!(
        usual.starts_with("jobs=3 makespan_s=20 mean_wait_s=3.000 "),
        "{usual}"
    );
    assert!(
        usual.contains(" deadlines=2 deadlines_missed=0 power_share=0.833"),
        "{usual}"
    );
    // Acme holds 2 of 4: job 1 waits for job 0 until 10 and misses its deadline; job 2 starts at 1.
    let quota = line(&["--quota", "acme=2"]);
    assert!(
        quota.starts_with("jobs=3 makespan_s=20 mean_wait_s=3.333 "),
        "{quota}"
    );
    assert!(quota.contains(" deadlines=2 deadlines_missed=1 "), "{quota}");
    let small = line(&["--quota", "acme=1"]);
    assert!(
        small.contains(" over_quota=2 deadlines=2 deadlines_missed=2"),
        "{small}"
    );
    // In Sweden nobody of Norway is served.
    let sweden = line(&["--residency", "se"]);
    assert!(sweden.contains(" abroad=2 "), "{sweden}");
    // Job 0 says 5 s and is killed then; job 2 takes its place.
    let limit = line(&["--estimates", "trace", "--kill-at-limit"]);
    assert!(limit.starts_with("jobs=3 makespan_s=15 "), "{limit}");
    assert!(
        limit.contains(" time_limit=1 deadlines=2 deadlines_missed=1"),
        "{limit}"
    );
    // The reserved job kills the spot job, which starts again at 10 and ends at 20, in time.
    let priority = line(&["--policy", "priority"]);
    assert!(
        priority.contains("killed=1 lost_gpu_s=2.000 stranded=0 preempting=1 "),
        "{priority}"
    );
    let patient = line(&["--policy", "priority", "--preemption", "none"]);
    assert!(!patient.contains("killed"), "{patient}");
    // Under sjf with estimates the second is taken for the longest.
    assert!(line(&["--policy", "sjf", "--estimates", "trace"]).starts_with("jobs=3 makespan_s=20 "));
    let wrong = replay(&jobs).args(["--quota", "nobody=3"]).assert().code(2);
    wrong.stderr(contains("the trace has no such tenant; it has: acme, umbra"));
    replay(&jobs).args(["--estimates", "factor=0"]).assert().code(2);
}
