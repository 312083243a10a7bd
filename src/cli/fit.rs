//! `repower fit`: a generator of jobs from a trace, with the table that tells how well it fits.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use super::import::{native, open, refuse_taken};
use super::replay::parse_format;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::problem::{FieldPath, Problems};
use crate::random::Streams;
use crate::results::storage::{Disk, write_atomically, write_file_atomically};
use crate::time::{Calendar, HOUR_S, SimTime, parse_date};
use crate::workload::generator::fit::size_classes;
use crate::workload::generator::sample::HOURS_MAX;
use crate::workload::generator::{Draw, Goodness, JOBS_MAX, ModelSpec, Sample, compare, draw, fit};
use crate::workload::growth::{Growth, RegimeSpec, check_regimes};
use crate::workload::job::{GPUS_MAX, Trace};
use crate::workload::trace::{self, TraceError, TraceFormat};

/// Arguments of `repower fit`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  repower fit jobs.csv --out jobs.toml\n  repower fit jobs.csv --out jobs.toml --jobs ten-years.csv --days 3653 --growth-percent-per-year 15 --regime 2028-01-01:1.5:6\n\nThe table sets the trace beside what is drawn from the fit to all of it, and its even weeks (or days) beside what is drawn\nfrom a fit to the odd ones; `off` marks figures of which every draw is further from the even ones than the odd ones are."
)]
pub struct FitArgs {
    /// The job trace, in a format of `--format`
    pub trace: PathBuf,
    /// The generator's file to write; it must not exist yet
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace outputs where they exist
    #[arg(long)]
    pub force: bool,
    /// The trace's format; guessed from its header if absent
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<TraceFormat>,
    /// GPUs of the cluster on which trace and draws are replayed; by default the trace offers a load of 0.7 on it
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus: Option<u32>,
    /// Traces that are drawn for the table, from each of the two fits
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub draws: u32,
    /// The seed of what is drawn
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write native jobs drawn from the generator here
    #[arg(long, value_name = "FILE")]
    pub jobs: Option<PathBuf>,
    /// Days of these jobs; as many as were fitted by default
    #[arg(long, requires = "jobs", value_parser = clap::value_parser!(u32).range(1..=(HOURS_MAX / 24) as i64))]
    pub days: Option<u32>,
    /// The date of their second 0; hours of the day and weekdays follow it
    #[arg(long, requires = "jobs", value_name = "DATE", default_value = "2026-01-05", value_parser = parse_start)]
    pub start: Date,
    /// Growth of the number of jobs, percent a year from that date
    #[arg(long, requires = "jobs", value_name = "PERCENT", default_value_t = 0.0, value_parser = parse_growth, allow_negative_numbers = true)]
    pub growth_percent_per_year: f64,
    /// A change of the number of jobs for good, such as `2028-01-01:1.5` or, over six months, `2028-01-01:1.5:6`
    #[arg(long = "regime", requires = "jobs", value_name = "DATE:FACTOR[:MONTHS]", value_parser = parse_regime)]
    pub regimes: Vec<RegimeSpec>,
    /// Print the table as JSON, every number in full
    #[arg(long)]
    pub json: bool,
}

fn parse_start(text: &str) -> Result<Date, String> {
    parse_date(text).ok_or_else(|| "expected a date such as `2026-01-05`".to_owned())
}

fn parse_growth(text: &str) -> Result<f64, String> {
    let found = text
        .parse()
        .ok()
        .filter(|growth| (-90.0..=300.0).contains(growth));
    found.ok_or_else(|| "expected a number between -90 and 300".to_owned())
}

fn parse_regime(text: &str) -> Result<RegimeSpec, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |text: &str| text.parse::<f64>().ok();
    let spec = match parts[..] {
        [from, factor] => number(factor).map(|factor| (from, factor, 0.0)),
        [from, factor, months] => number(factor)
            .zip(number(months))
            .map(|(factor, months)| (from, factor, months)),
        _ => None,
    };
    let Some((from, factor, ramp_months)) = spec else {
        return Err("expected a date and a factor such as `2028-01-01:1.5`".to_owned());
    };
    let regime = RegimeSpec {
        from: from.to_owned(),
        factor,
        ramp_months,
    };
    let mut problems = Problems::new();
    check_regimes(std::slice::from_ref(&regime), &FieldPath::root(), &mut problems);
    match problems.as_slice().first() {
        None => Ok(regime),
        Some(problem) => Err(problem.message.clone()),
    }
}

/// Fits, compares, prints and writes. Nothing is written where anything before was refused.
pub fn run(args: &FitArgs) -> Result<Exit, Failure> {
    refuse_taken(&args.out, args.force)?;
    if let Some(jobs) = &args.jobs {
        refuse_taken(jobs, args.force)?;
    }
    let shown = args.trace.display().to_string();
    let trace = trace::read(open(&args.trace)?, args.format, &shown).map_err(|error| refused(&error))?;
    let input = |message: String| Failure::input(format!("{shown}: {message}"));
    let sample = Sample::new(&trace).map_err(|error| input(error.to_string()))?;
    if let Some(gpus) = args.gpus.filter(|gpus| *gpus < trace.gpus_max()) {
        let largest = trace.gpus_max();
        return Err(input(format!(
            "the largest job needs {largest} GPUs; --gpus gives {gpus}"
        )));
    }
    let sizes = size_classes(&sample);
    let model = fit(&sample, &sizes, fitted_to(args, &sample)).map_err(|error| input(error.to_string()))?;
    let how = (args.draws, args.gpus, args.seed);
    let table = compare(&sample, &sizes, &model, how).map_err(|error| input(error.to_string()))?;
    let generated = match &args.jobs {
        Some(_) => Some(generated(args, &model, &sample)?),
        None => None,
    };
    for assumption in trace.assumptions() {
        output::stderr(&format!("note: {assumption}\n"));
    }
    let left_out = trace.jobs().len() - sample.jobs().len();
    output::stderr(&format!(
        "note: fitted to {} whole {}; {left_out} jobs outside them are left out\n",
        sample.blocks(),
        sample.block_word()
    ));
    write_file_atomically(&Disk, &args.out, model.to_toml().as_bytes())?;
    if let (Some(path), Some(trace)) = (&args.jobs, &generated) {
        write_atomically(&Disk, path, |to| native::jobs(trace, to))?;
    }
    let text = if args.json {
        json(&table)
    } else {
        text(args, &model, &table)
    };
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}

fn refused(error: &TraceError) -> Failure {
    if matches!(error, TraceError::Io { .. }) {
        Failure::io(error.to_string())
    } else {
        Failure::input(error.to_string())
    }
}

/// The name of the file, without its folders, and how much of it was used.
fn fitted_to(args: &FitArgs, sample: &Sample) -> String {
    let name = args
        .trace
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!(
        "{} jobs in {} whole {} of {name}",
        sample.jobs().len(),
        sample.blocks(),
        sample.block_word()
    )
}

/// Jobs drawn for `--jobs`.
fn generated(args: &FitArgs, model: &ModelSpec, sample: &Sample) -> Result<Trace, Failure> {
    let hours = args.days.map_or(sample.kept_hours(), |days| days as usize * 24);
    let calendar = Calendar::utc();
    let out_of_range = || Failure::input(format!("the date `{}` is out of range", args.start));
    let start = calendar.start_of(args.start).ok_or_else(out_of_range)?;
    let growth = Growth::new(start, args.growth_percent_per_year, &args.regimes, &calendar);
    let at = |hour: usize| SimTime::from_unix_s(start.as_unix_s() + hour as i64 * HOUR_S);
    let growth: Vec<f64> = (0..hours).map(|hour| growth.factor(at(hour))).collect();
    let how = Draw {
        first_hour: args.start.weekday().to_monday_zero_offset() as usize * 24,
        growth: &growth,
        ..Draw::hours(hours)
    };
    let expected = how.expected_jobs(model);
    if expected.is_nan() || expected > JOBS_MAX {
        let message = format!("about {expected:.0} jobs would be drawn; at most {JOBS_MAX} are written");
        return Err(Failure::input(message).with_help("give fewer --days or less growth"));
    }
    let jobs = draw(model, &how, &mut Streams::shared(args.seed).stream("fit/jobs"));
    Ok(Trace::new(jobs, None, Vec::new()))
}

fn json(table: &Goodness) -> String {
    let text = serde_json::to_string_pretty(table).expect("a table holds finite numbers only");
    text + "\n"
}

fn text(args: &FitArgs, model: &ModelSpec, table: &Goodness) -> String {
    let (within, judged) = table.judged();
    let mut text = format!(
        "{}={} draws={} gpus={} jobs_per_week={:.3} load_gpus={:.3} figures_within={within} figures_judged={judged} out={}\n",
        table.block_word,
        table.blocks,
        table.draws,
        table.gpus,
        model.jobs_per_week(),
        model.mean_gpus(),
        args.out.display()
    );
    let _ = writeln!(
        text,
        "{:<12} {:<37} {:>9} {:>9} {:>9} {:>9} | {:>9} {:>9} {:>9} {:>9} {:>9}",
        "of",
        "figure",
        "trace",
        "generated",
        "lowest",
        "highest",
        "odd",
        "even",
        "from odd",
        "lowest",
        "highest"
    );
    for row in &table.rows {
        let verdict = match row.within {
            Some(true) => "  within",
            Some(false) => "  off",
            None => "",
        };
        let half = [
            row.odd,
            row.even,
            row.held_out,
            row.held_out_low,
            row.held_out_high,
        ];
        let cells = |cells: &[Option<f64>]| {
            cells.iter().fold(String::new(), |mut text, cell| {
                let _ = write!(text, " {:>9}", short(*cell));
                text
            })
        };
        let (left, right) = (
            cells(&[row.trace, row.generated, row.generated_low, row.generated_high]),
            cells(&half),
        );
        let _ = writeln!(text, "{:<12} {:<37}{left} |{right}{verdict}", row.of, row.figure);
    }
    text
}

/// Four significant digits.
fn short(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 100.0 => format!("{value:.1}"),
        size if size >= 10.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regimes_and_dates_are_read_as_users_write_them() {
        let regime = parse_regime("2028-01-01:1.5:6").unwrap();
        assert_eq!(
            (regime.from.as_str(), regime.factor, regime.ramp_months),
            ("2028-01-01", 1.5, 6.0)
        );
        assert_eq!(parse_regime("2028-01-01:1.5").unwrap().ramp_months, 0.0);
        for bad in [
            "2028-01-01",
            "soon:2",
            "2028-01-01:-1",
            "2028-01-01:x",
            "2028-01-01:1:2:3",
        ] {
            assert!(parse_regime(bad).is_err(), "{bad}");
        }
        assert!(parse_start("yesterday").is_err() && parse_growth("400").is_err());
    }

    #[test]
    fn numbers_are_shown_with_four_digits() {
        let shown: Vec<String> = [Some(0.12345), Some(12.345), Some(-123.45), Some(12345.6), None]
            .map(short)
            .to_vec();
        assert_eq!(shown, ["0.123", "12.35", "-123.5", "12346", "-"]);
    }
}
