//! The commands: arguments in, exit codes out. Everything that talks to a terminal lives here.

pub mod audit;
pub mod backtest;
pub mod bill;
pub mod catalogue;
pub mod compare;
pub mod dispatch;
mod examined;
pub mod exit;
pub mod explain;
pub mod fit;
pub mod folder;
pub mod import;
pub mod init;
pub mod man;
pub mod merge;
mod mixtures;
pub mod optimise;
pub mod output;
pub mod progress;
pub mod replay;
pub mod report;
pub mod run;
pub mod schema;
pub mod sensitivity;
pub mod shard;
pub mod stop;
pub mod validate;
pub mod verify;
pub mod work;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::exit::{Exit, Failure};
use crate::problem::nearest;

/// The version with the commit that made it.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("REPOWER_GIT_HASH"), ")");

/// Capacity planning for mining farms that become AI data centres.
///
/// Simulates sites hour by hour, from jobs and power prices to bills, project stages and cash, and compares ways
/// to convert them.
#[derive(Debug, Parser)]
#[command(name = "repower", version = VERSION, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Example:\n  repower run                     the embedded default scenario\n  repower init texas && repower run texas.toml\n\nExit codes: 0 done, 1 the answer is no, 2 wrong input, 3 reading or writing failed, 4 an invariant broke,\n75 stopped by SIGTERM (run again to go on), 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colour on stderr.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    color: Colour,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// Where stderr is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Colour {
    /// Whether to colour what goes to stderr.
    pub fn on_stderr(self) -> bool {
        use std::io::IsTerminal;
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate every strategy of a scenario; write CSVs, charts and a memo.
    Run(run::RunArgs),
    /// Simulate one share of a run, for one of many machines.
    Shard(shard::ShardArgs),
    /// Make the whole run from all its shards: to the byte what `run` writes.
    Merge(merge::MergeArgs),
    /// Report every problem of a scenario at once, with file, line and column.
    Validate(validate::ValidateArgs),
    /// Compare two run directories, metric by metric.
    Compare(compare::CompareArgs),
    /// Find the inputs that an answer hangs on.
    Sensitivity(Box<sensitivity::SensitivityArgs>),
    /// Search for the best order, timing, thresholds or promised capacity of a strategy.
    Optimise(Box<optimise::OptimiseArgs>),
    /// Make charts and memo of a run again, without simulating.
    Report(report::ReportArgs),
    /// Replay one job trace on one cluster.
    Replay(replay::ReplayArgs),
    /// Report what is wrong or doubtful in a job trace before it is replayed.
    Audit(audit::AuditArgs),
    /// Fit a generator of jobs to a trace, and say how well it fits.
    Fit(Box<fit::FitArgs>),
    /// Turn a file of a public format into a native CSV.
    Import(Box<import::ImportArgs>),
    /// Price a metered load under a contract or a published tariff.
    Bill(bill::BillArgs),
    /// Run one flexible load against a file of prices, by every kind of foresight, with the regret of each.
    Dispatch(dispatch::DispatchArgs),
    /// Mine the months that public miners report again, on the network's daily difficulty.
    Backtest(backtest::BacktestArgs),
    /// Write a commented scenario to start from.
    Init(init::InitArgs),
    /// List hardware, plants, archetypes, clauses, prices, climates and deals with their sources.
    Catalogue(catalogue::CatalogueArgs),
    /// Say what a field of a scenario means: unit, default, range, label and source.
    Explain(explain::ExplainArgs),
    /// Compare published figures and closed forms with what the program makes of their inputs.
    Verify(verify::VerifyArgs),
    /// Print the JSON Schema of scenario files.
    Schema(schema::SchemaArgs),
    /// Print shell completions.
    Completions(CompletionsArgs),
    /// Print manual pages.
    Man(man::ManArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  repower completions bash > ~/.local/share/bash-completion/completions/repower"
)]
struct CompletionsArgs {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Runs the program: parses the arguments, carries the command out, maps failures to exit codes.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Input
            } else {
                Exit::Done
            };
            if let Some(failure) = unknown_command(&error) {
                return failure.report(Colour::Auto).into();
            }
            // Nothing can be done where even the usage cannot be printed.
            let _ = error.print();
            return code.into();
        }
    };
    start_logging();
    let colour = cli.color;
    match dispatch(cli.command, colour) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(colour).into(),
    }
}

/// A mistyped command and the one that may be meant, where the parser of arguments offers none.
fn unknown_command(error: &clap::Error) -> Option<Failure> {
    use clap::error::{ContextKind, ContextValue};
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    if error.get(ContextKind::SuggestedSubcommand).is_some() {
        return None;
    }
    let command = Cli::command();
    let near = nearest(given, command.get_subcommands().map(clap::Command::get_name))?;
    Some(
        Failure::input(format!("there is no command `{given}`")).with_help(format!("did you mean `{near}`?")),
    )
}

fn dispatch(command: Command, colour: Colour) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => folder::run(&args, colour),
        Command::Shard(args) => shard::run(&args, colour),
        Command::Merge(args) => merge::run(&args, colour),
        Command::Validate(args) => validate::run(&args, colour),
        Command::Compare(args) => compared(&args),
        Command::Optimise(args) => optimise::run(&args, colour),
        Command::Sensitivity(args) => sensitivity::run(&args, colour),
        Command::Report(args) => match report::run(&args) {
            Ok(_) => Ok(Exit::Done),
            Err(error) => Err(Failure::of_code(error.exit_code(), error.to_string())),
        },
        Command::Replay(args) => {
            let (mut out, mut notes) = (std::io::stdout().lock(), std::io::stderr().lock());
            match replay::run(&args, &mut out, &mut notes) {
                Ok(()) => Ok(Exit::Done),
                Err(error) => Err(Failure::of_code(error.exit_code(), error.to_string())),
            }
        }
        Command::Audit(args) => match audit::run(&args, &mut std::io::stdout().lock()) {
            Ok(true) => Ok(Exit::Done),
            Ok(false) => Ok(Exit::No),
            Err(error) => Err(Failure::of_code(error.exit_code(), error.to_string())),
        },
        Command::Fit(args) => fit::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Bill(args) => bill::run(&args, colour),
        Command::Dispatch(args) => dispatch::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Catalogue(args) => catalogue::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions(&args),
        Command::Man(args) => man::run(&args, Cli::command()),
    }
}

fn compared(args: &compare::CompareArgs) -> Result<Exit, Failure> {
    match compare::run(args, &mut std::io::stdout().lock()) {
        Ok(0) => Ok(Exit::Done),
        Ok(_) => Ok(Exit::No),
        Err(error) => Err(Failure::of_code(error.exit_code(), error.to_string())),
    }
}

fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "repower", &mut text);
    output::stdout(&text)?;
    Ok(Exit::Done)
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    // A second initialisation (in tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
