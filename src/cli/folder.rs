//! `repower run FOLDER`: every scenario of a folder, each to its own run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure};
use crate::cli::run::{self, RunArgs};
use crate::cli::{Colour, output};

/// The most scenarios of a folder.
const SCENARIOS_MAX: usize = 1_000;

/// Runs one scenario, or every one of a folder; the exit is the worst of theirs.
pub fn run(args: &RunArgs, colour: Colour) -> Result<Exit, Failure> {
    let Some(folder) = args.what.scenario.as_deref().filter(|path| path.is_dir()) else {
        return run::run(args, colour);
    };
    let files = scenarios(folder)?;
    let mut rows = Vec::new();
    for file in &files {
        args.manner.tell(&format!("== {}\n", file.display()));
        let started = Instant::now();
        let exit = match run::run(&one(args, file), colour) {
            Ok(exit) => exit,
            Err(failure) => failure.report(colour),
        };
        rows.push((file, exit, started.elapsed().as_secs_f64()));
        if matches!(exit, Exit::Stopped | Exit::Interrupted) {
            break;
        }
    }
    let worst = rows
        .iter()
        .map(|(_, exit, _)| *exit)
        .max_by_key(|exit| exit.code());
    if !args.manner.quiet {
        output::stdout(summary(&rows, files.len()).as_bytes())?;
    }
    Ok(worst.unwrap_or(Exit::Done))
}

/// The scenario files that stand in the folder itself, by name.
fn scenarios(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let shown = folder.display();
    let cannot = |e: std::io::Error| Failure::io(format!("cannot list `{shown}`: {e}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_file() && path.extension().is_some_and(|e| e == "toml") {
            files.push(path);
        }
        if files.len() > SCENARIOS_MAX {
            return Err(Failure::input(format!(
                "`{shown}` holds more than {SCENARIOS_MAX} scenarios"
            )));
        }
    }
    if files.is_empty() {
        let failure = Failure::input(format!("`{shown}` holds no scenario"));
        return Err(failure.with_help("scenarios are files that end in `.toml`; `repower init` writes one"));
    }
    files.sort();
    Ok(files)
}

/// The arguments for one file; `--out` is then the folder of the runs.
fn one(args: &RunArgs, file: &Path) -> RunArgs {
    let mut one = args.clone();
    one.what.scenario = Some(file.to_path_buf());
    one.out = args
        .out
        .as_ref()
        .zip(file.file_stem())
        .map(|(out, stem)| out.join(stem));
    one
}

fn summary(rows: &[(&PathBuf, Exit, f64)], all: usize) -> String {
    let mut text = "== summary\n".to_owned();
    let width = rows
        .iter()
        .map(|(file, ..)| file.display().to_string().len())
        .max()
        .unwrap_or(0);
    for (file, exit, seconds) in rows {
        let said = match exit {
            Exit::Done => "done".to_owned(),
            exit => format!("exit {}", exit.code()),
        };
        let _ = writeln!(
            text,
            "{:<width$}  {said:<8} {seconds:>8.1} s",
            file.display().to_string()
        );
    }
    if rows.len() < all {
        let _ = writeln!(text, "{} of {all} were begun", rows.len());
    }
    text
}
