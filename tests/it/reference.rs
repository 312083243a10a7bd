//! Small reference results of the scenarios that ship, under `outputs/reference`: a change that moves a figure moves it
//! there, in the same commit, and says so in `CHANGELOG.md` under "Results changed".
//!
//! `REPOWER_BLESS=1 cargo test --test it reference` writes them anew. With the feature `slow-tests`, as in CI, all are compared, otherwise
//! every fourth.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use rayon::prelude::*;
use tempfile::TempDir;

/// What `compare` reads of a run.
const KEPT: [&str; 3] = ["manifest.json", "metrics.csv", "summary.csv"];
/// Few, so that all scenarios are run in less than a minute: what is held is that nothing moves unseen.
const REPLICATIONS: &str = "2";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the scenarios that need no data folder.
fn names() -> Vec<String> {
    let entries = fs::read_dir(root().join("scenarios")).unwrap();
    let files = entries.map(|e| e.unwrap().path());
    let scenarios = files.filter(|p| p.extension().is_some_and(|e| e == "toml"));
    let mut names: Vec<String> = scenarios
        .map(|p| p.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn repower(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_repower"));
    command.current_dir(root()).args(args);
    command
}

fn run(name: &str, folder: &Path) -> PathBuf {
    let (scenario, out) = (format!("scenarios/{name}.toml"), folder.join(name));
    let place = out.to_str().unwrap();
    repower(&["run", &scenario, "--replications", REPLICATIONS, "--threads", "1"])
        .args(["--quiet", "--out", place])
        .assert()
        .code(0);
    out
}

#[test]
fn shipped_scenarios_give_the_figures_of_their_reference() {
    let folder = TempDir::new().unwrap();
    let bless = std::env::var_os("REPOWER_BLESS").is_some();
    let every = if bless || cfg!(feature = "slow-tests") {
        1
    } else {
        4
    };
    let compared: Vec<String> = names().into_iter().step_by(every).collect();
    let moved: Vec<String> = compared
        .par_iter()
        .filter_map(|name| {
            let (found, kept) = (
                run(name, folder.path()),
                root().join("outputs/reference").join(name),
            );
            if bless {
                fs::create_dir_all(&kept).unwrap();
                for file in KEPT {
                    fs::copy(found.join(file), kept.join(file)).unwrap();
                }
                return None;
            }
            let [kept, found] = [&kept, &found].map(|p| p.to_str().unwrap());
            let compared = repower(&["compare", kept, found]).output().unwrap();
            let said = [compared.stdout, compared.stderr].concat();
            (!compared.status.success()).then(|| format!("{name}: {}", String::from_utf8_lossy(&said)))
        })
        .collect();
    assert!(
        moved.is_empty(),
        "figures moved. Where that is right, write them anew (`REPOWER_BLESS=1 cargo test --test it reference`) and say so in \
         CHANGELOG.md under \"Results changed\".\n{}",
        moved.join("\n")
    );
}

#[test]
fn every_reference_is_of_a_scenario_that_ships() {
    let kept = fs::read_dir(root().join("outputs/reference")).unwrap();
    let mut kept: Vec<String> = kept
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, names());
}
