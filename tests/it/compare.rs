//! `repower compare` as a user meets it: output and exit codes.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

use crate::run_directory::write_run;

fn compare(folder: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_repower"))
        .current_dir(folder)
        .args(["compare", "a", "b"])
        .args(more)
        .assert()
}

#[test]
fn equal_runs_exit_with_zero_and_different_ones_with_one() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("a"), "one", 0.0);
    write_run(&folder.path().join("b"), "one", 0.0);
    compare(folder.path(), &[])
        .code(0)
        .stdout(predicate::str::contains("the same within tolerance"));
    std::fs::remove_dir_all(folder.path().join("b")).unwrap();
    write_run(&folder.path().join("b"), "two", 2.0);
    compare(folder.path(), &[])
        .code(1)
        .stdout(predicate::str::contains("better, clear (paired: 2 to 2)"));
    compare(folder.path(), &["--abs", "2"]).code(0);
    compare(folder.path(), &["--format", "csv"])
        .code(1)
        .stdout(predicate::str::starts_with(
            "strategy,case,scope,metric,unit,statistic,a,b,",
        ));
}

#[test]
fn what_is_not_a_run_exits_with_two_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_run(&folder.path().join("a"), "one", 0.0);
    compare(folder.path(), &[])
        .code(2)
        .stderr(predicate::str::contains("does not exist"));
    write_run(&folder.path().join("b"), "one", 0.0);
    std::fs::write(folder.path().join("b/summary.csv"), "strategy\n").unwrap();
    compare(folder.path(), &[])
        .code(2)
        .stdout("")
        .stderr(predicate::str::contains("summary.csv"));
    compare(folder.path(), &["--rel", "-1"]).code(2);
}
