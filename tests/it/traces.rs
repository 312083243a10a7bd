//! `repower audit` as its users meet it: figures, findings, exit codes; and traces that go round through `import`.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use tempfile::TempDir;

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn repower(command: &str) -> Command {
    let mut repower = Command::new(env!("CARGO_BIN_EXE_repower"));
    repower.arg(command);
    repower
}

#[test]
fn errors_of_a_trace_exit_with_1_and_doubts_with_0() {
    let folder = TempDir::new().unwrap();
    let jobs = "job_id,submit_s,gpus,duration_s\n1,60,12,3600\n2,0,8,0\n";
    let doubtful = file(&folder, "doubtful.csv", jobs);
    let told =
        contains("doubt: 1 of 2 jobs span nodes of 8 GPUs without filling them (100.0 % of the GPU-hours)")
            .and(contains(
                "doubt: the file is not sorted: submissions run back 1 times",
            ))
            .and(contains(
                "doubt: 1 of 2 jobs run for no time at all; the first is job 2",
            ));
    // 12 GPU-hours within a minute on 16 GPUs.
    let figures = contains("jobs=2 days=0.001 gpus_max=12 peak_gpus=12 offered_load=45.000 ");
    let mut command = repower("audit");
    command
        .arg(&doubtful)
        .args(["--gpus", "16", "--gpus-per-node", "8"]);
    command.assert().code(0).stdout(told.and(figures));
    let mut command = repower("audit");
    command.arg(&doubtful).args(["--gpus", "8"]);
    let error = contains("error: 1 of 2 jobs need more than the cluster's 8 GPUs; the first is job 1");
    command.assert().code(1).stdout(error).stderr("");
    let broken = file(
        &folder,
        "broken.csv",
        "job_id,submit_s,gpus,duration_s\n1,0,1,-5\n",
    );
    let mut command = repower("audit");
    command.arg(&broken).args(["--gpus", "8"]);
    command
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("broken.csv:2: column `duration_s`"));
}

#[test]
fn json_has_every_figure_and_finding() {
    let folder = TempDir::new().unwrap();
    let text = "timestamp,duration,num_gpus\n2017-10-09 23:00:00,7200,8\n2017-10-10 01:00:00,86400,8\n2017-10-10 01:00:00,3600,1\n";
    let trace = file(&folder, "philly.csv", text);
    let mut command = repower("audit");
    command.arg(&trace).args(["--gpus", "8", "--json"]);
    let output = command.assert().code(0);
    let json: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(
        (
            json["jobs"].as_u64(),
            json["gpus_max"].as_u64(),
            json["peak_gpus"].as_i64()
        ),
        (Some(3), Some(8), Some(9))
    );
    let days = json["offered_load_by_day"].as_array().unwrap();
    assert_eq!(
        (days[0]["day"].as_str(), days[1]["day"].as_str()),
        (Some("2017-10-09"), Some("2017-10-10"))
    );
    // 16 GPU-hours of 192, then 193.
    assert!((days[0]["load"].as_f64().unwrap() - 16.0 / 192.0).abs() < 1e-12);
    assert!((days[1]["load"].as_f64().unwrap() - 193.0 / 192.0).abs() < 1e-12);
    let findings = json["findings"].as_array().unwrap();
    let codes: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    for code in [
        "overload",
        "worst_days",
        "emptying_end",
        "oversubscription",
        "assumption",
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
}

#[test]
fn an_imported_trace_replays_as_the_original_does() {
    let folder = TempDir::new().unwrap();
    let rows: Vec<String> = (0..200)
        .map(|k| {
            format!(
                "2017-10-{:02} {:02}:{:02}:00,{}.0,{}\n",
                9 + k % 7,
                k * 5 % 24,
                k * 7 % 60,
                60 + k * 377 % 9_000,
                1 + k % 8
            )
        })
        .collect();
    let original = file(
        &folder,
        "philly.csv",
        &format!("timestamp,duration,num_gpus\n{}", rows.concat()),
    );
    let imported = folder.path().join("jobs.csv");
    let mut import = repower("import");
    import
        .arg("philly")
        .arg(&original)
        .arg("--out")
        .arg(&imported)
        .assert()
        .success();
    let starts = |trace: &PathBuf, name: &str| {
        let out = folder.path().join(name);
        let mut replay = repower("replay");
        replay
            .arg(trace)
            .args(["--gpus", "16", "--starts"])
            .arg(&out)
            .assert()
            .success();
        fs::read_to_string(out).unwrap()
    };
    let (first, second) = (starts(&original, "a.csv"), starts(&imported, "b.csv"));
    assert_eq!(first, second);
    assert_eq!(first.lines().count(), 201);
}
