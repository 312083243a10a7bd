//! `repower import`: public formats of jobs, requests, prices, weather and bitcoin to the native CSVs.

mod kind;
pub(super) mod native;

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

pub use kind::{Imported, Kind, Misread, ReadOptions};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::ingest::GapPolicy;
use crate::results::storage::{Disk, write_atomically};
use crate::scenario::source::open_regular;
use crate::time::Calendar;

/// Arguments of `repower import`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  repower import --list\n  repower import philly cluster_job_log.json --out jobs.csv\n  repower import epex prices.csv --zone Europe/Oslo --usd-per-unit 1.08 --out price.csv"
)]
pub struct ImportArgs {
    /// The format of the input; `--list` names them all
    #[arg(value_parser = parse_kind, required_unless_present = "list")]
    pub kind: Option<Kind>,
    /// The file to read
    #[arg(required_unless_present = "list")]
    pub input: Option<PathBuf>,
    /// The native CSV to write; it must not exist yet
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    pub out: Option<PathBuf>,
    /// List the kinds with their columns and units
    #[arg(long, conflicts_with_all = ["kind", "input", "out"])]
    pub list: bool,
    /// Replace the output where it exists
    #[arg(long)]
    pub force: bool,
    /// What to do where a series has no value
    #[arg(long, value_name = "POLICY", value_parser = parse_gaps, default_value = "refuse")]
    pub gaps: GapPolicy,
    /// The zone of stamps without an offset, for prices; the format's own by default
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub zone: Option<Calendar>,
    /// The price to read, of formats with several
    #[arg(long, value_name = "NAME")]
    pub column: Option<String>,
    /// What one unit of the file's currency is worth in USD
    #[arg(long, value_name = "USD", value_parser = parse_rate)]
    pub usd_per_unit: Option<f64>,
    /// Seconds of a step in which requests are counted; 60 by default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(1..=86_400))]
    pub step_s: Option<i64>,
    /// The calendar year on which a typical year of weather is laid
    #[arg(long, default_value_t = 2026, value_parser = clap::value_parser!(i16).range(1900..=2200))]
    pub year: i16,
    /// Elevation of the weather station in metres, where the file does not say
    #[arg(long, value_name = "METRES")]
    pub elevation_m: Option<f64>,
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| {
        let names: Vec<String> = Kind::all().into_iter().map(Kind::name).collect();
        let near = crate::problem::nearest(text, names.iter().map(String::as_str));
        let hint = near.map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        format!("known kinds: {}{hint}", names.join(", "))
    })
}

fn parse_gaps(text: &str) -> Result<GapPolicy, String> {
    match text {
        "refuse" => Ok(GapPolicy::Refuse),
        "hold" => Ok(GapPolicy::Hold),
        "same_hour_previous_day" => Ok(GapPolicy::SameHourPreviousDay),
        _ => Err("expected `refuse`, `hold` or `same_hour_previous_day`".to_owned()),
    }
}

fn parse_zone(text: &str) -> Result<Calendar, String> {
    Calendar::of_zone(text).ok_or_else(|| "expected a zone such as `Europe/Oslo` or `UTC`".to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (1e-6..=1e6).contains(rate));
    rate.ok_or_else(|| "expected a rate between 0.000001 and 1000000".to_owned())
}

/// Reads the input and writes the native file, or lists the kinds.
pub fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let (Some(kind), Some(input), Some(out)) = (args.kind, &args.input, &args.out) else {
        output::stdout(list().as_bytes())?;
        return Ok(Exit::Done);
    };
    refuse_taken(out, args.force)?;
    let shown = input.display().to_string();
    let file = open(input)?;
    let zone = args.zone.clone().or_else(|| Calendar::of_zone(kind.zone()));
    let zone = zone.unwrap_or_else(Calendar::utc);
    let options = ReadOptions {
        file: &shown,
        gaps: args.gaps,
        zone: &zone,
        column: args.column.as_deref(),
        usd_per_unit: args.usd_per_unit,
        step_s: args.step_s,
        year: args.year,
        elevation_m: args.elevation_m,
    };
    let imported = kind.read(file, &options).map_err(refused)?;
    for note in imported.notes() {
        output::stderr(&format!("note: {note}\n"));
    }
    write_atomically(&Disk, out, |to| imported.write(to))?;
    let line = format!(
        "kind={} {} out={}\n",
        kind.name(),
        imported.summary(),
        out.display()
    );
    output::stdout(line.as_bytes())?;
    Ok(Exit::Done)
}

/// Refuses an output that is there, unless it may be replaced.
pub(super) fn refuse_taken(out: &Path, force: bool) -> Result<(), Failure> {
    if !force && out.symlink_metadata().is_ok() {
        let taken = Failure::io(format!("`{}` exists already", out.display()));
        return Err(taken.with_help("choose another name, or give --force to replace it"));
    }
    Ok(())
}

/// Opens an input that must be a file.
pub(super) fn open(input: &Path) -> Result<File, Failure> {
    open_regular(input).map_err(|error| {
        let message = format!("`{}` could not be opened: {error}", input.display());
        if error.kind() == std::io::ErrorKind::NotFound {
            Failure::input(message)
        } else {
            Failure::io(message)
        }
    })
}

fn refused(error: Misread) -> Failure {
    let failure = if error.unreadable {
        Failure::io(error.message)
    } else {
        Failure::input(error.message)
    };
    match error.help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// All kinds, grouped by what they give.
fn list() -> String {
    let (mut text, mut group) = (String::new(), "");
    for kind in Kind::all() {
        if kind.gives() != group {
            group = kind.gives();
            let _ = writeln!(text, "{group}: {}", kind.native_columns());
        }
        let _ = writeln!(text, "  {:<14} {}", kind.name(), kind.columns());
    }
    text
}
