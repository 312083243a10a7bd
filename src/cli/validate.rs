//! `repower validate`.

use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::{Colour, output};
use crate::problem::Severity;
use crate::scenario::diagnostic::render;
use crate::scenario::load::{LoadOptions, load};

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  repower validate my.toml --data ~/data")]
pub struct ValidateArgs {
    /// The scenario file.
    pub scenario: PathBuf,
    /// Folder to which `data:` paths of the scenario point.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Change a field before checking; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// Checks a scenario, its data files included, and shows every problem.
pub fn run(args: &ValidateArgs, colour: Colour) -> Result<Exit, Failure> {
    let options = LoadOptions {
        data: args.data.clone(),
        set: args.set.clone(),
        ..LoadOptions::default()
    };
    let scenario = load(Some(&args.scenario), &options)?;
    let warnings = scenario
        .warnings
        .iter()
        .filter(|w| w.severity == Severity::Warning)
        .count();
    output::stderr(&render(&scenario.warnings, colour.on_stderr()));
    let warned = if warnings == 0 {
        String::new()
    } else {
        format!(", {warnings} warning(s)")
    };
    output::stdout(format!("{}: valid{warned}\n", args.scenario.display()).as_bytes())?;
    Ok(Exit::Done)
}
