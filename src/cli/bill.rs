//! `repower bill`: a metered load under a contract or a published tariff, month by month and line by line.

use std::fmt::Write as _;
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indexmap::IndexMap;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::{Colour, output};
use crate::id::Name;
use crate::ingest::{GapPolicy, ReadError};
use crate::market::system_peaks::SystemPeaksSpec;
use crate::power::bill::{BillError, MeteredLoad, Signals, bill, year_span};
use crate::power::contract::clause::time_of_use::Fill;
use crate::power::contract::{ContractSpec, PowerContractsSpec, SettlementLine};
use crate::power::tariff::{TariffFileSpec, read_urdb};
use crate::scenario::contract_file;
use crate::scenario::diagnostic::{printable, render};
use crate::time::{Calendar, Month};

mod signals;

/// Arguments of `repower bill`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  repower bill --tariff rate.json --load meter.csv --timezone America/Los_Angeles --year 2025\n\nAmounts are costs: what is paid is positive. A table on a terminal, CSV elsewhere."
)]
pub struct BillArgs {
    /// The tariff: a TOML with `power_contracts`, or JSON of the `OpenEI` utility rate database
    #[arg(long, value_name = "FILE")]
    pub tariff: PathBuf,
    /// The load: `start_utc,kw[,mining_kw]` of any regular step
    #[arg(long, value_name = "FILE")]
    pub load: PathBuf,
    /// Only this calendar year, which the load must cover
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i16).range(1990..=2245))]
    pub year: Option<i16>,
    /// IANA zone of the bill's months, days and hours; else the tariff file's, else UTC
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,
    /// A price that the contract names, as `NAME=FILE` or, for all names, `FILE` (`start_utc,usd_per_mwh`)
    #[arg(long, value_name = "[NAME=]FILE")]
    pub price: Vec<String>,
    /// The load of a system whose peaks the contract charges, as `NAME=FILE` or `FILE` (`start_utc,mw`, an hour or finer)
    #[arg(long, value_name = "[NAME=]FILE")]
    pub system_load: Vec<String>,
    /// What to do where a load has gaps
    #[arg(long, value_enum, default_value = "refuse")]
    pub gaps: Gaps,
    /// The label of the rate, where a JSON file holds several
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// Which energy fills tiers of a JSON rate
    #[arg(long, value_enum)]
    pub tier_fill: Option<TierFill>,
    /// A field of a JSON rate to price as if it were not there
    #[arg(long, value_name = "FIELD")]
    pub leave_out: Vec<String>,
    /// Folder to which `data:` names of a contract point
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print exact values as JSON
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// How to print
    #[arg(long, value_enum)]
    pub format: Option<Format>,
}

/// What to do where a load has gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Gaps {
    /// Refuse the file and name the first.
    Refuse,
    /// Hold the last value.
    Hold,
    /// Take the value 24 hours earlier.
    SameHourPreviousDay,
}

impl Gaps {
    const fn policy(self) -> GapPolicy {
        match self {
            Self::Refuse => GapPolicy::Refuse,
            Self::Hold => GapPolicy::Hold,
            Self::SameHourPreviousDay => GapPolicy::SameHourPreviousDay,
        }
    }
}

/// Which energy fills tiers that periods share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum TierFill {
    /// As it is used.
    InTimeOrder,
    /// Shared in proportion to the periods' energy.
    ProRataOverPeriods,
    /// Each period fills its own.
    WithinEachPeriod,
}

/// How a bill is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for reading.
    Table,
    /// Comma-separated lines.
    Csv,
    /// Exact values.
    Json,
}

/// A bill as printed.
#[derive(Debug, Serialize)]
struct Bill {
    tariff: String,
    timezone: String,
    from: String,
    to: String,
    total_mwh: f64,
    total_usd: f64,
    months: Vec<BilledMonth>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BilledMonth {
    month: String,
    mwh: f64,
    usd: f64,
    lines: Vec<BilledLine>,
}

/// A line with its cost positive.
#[derive(Debug, Serialize)]
struct BilledLine {
    contract: String,
    clause: String,
    quantity: f64,
    unit: &'static str,
    rate_usd: f64,
    usd: f64,
    set_by: String,
}

/// The contracts of a tariff file, with its zone, title and notes.
struct Tariff {
    contracts: PowerContractsSpec,
    /// Systems whose peaks are charged, where the file says which are peaks.
    system_load: IndexMap<Name, SystemPeaksSpec>,
    timezone: Option<String>,
    title: String,
    notes: Vec<String>,
}

/// Bills a load.
pub fn run(args: &BillArgs, colour: Colour) -> Result<Exit, Failure> {
    let tariff = read_tariff(args, colour)?;
    let zone = args.timezone.clone().or_else(|| tariff.timezone.clone());
    let mut notes = tariff.notes;
    if zone.is_none() {
        notes.push("no zone is named: months, days and hours are those of UTC".to_owned());
    }
    let zone = zone.unwrap_or_else(|| "UTC".to_owned());
    let calendar = Calendar::of_zone(&zone).ok_or_else(|| {
        Failure::input(format!("unknown time zone `{zone}`"))
            .with_help("write an IANA zone such as `America/Chicago` or `Europe/Oslo`")
    })?;
    let load = read_load(args)?;
    if load.repairs.steps > 0 {
        notes.push(format!(
            "{} steps of the load were filled by the stated policy",
            load.repairs.steps
        ));
    }
    let span = args.year.map(|year| year_span(&calendar, year));
    let signals = Signals {
        prices: signals::prices(args, &tariff.contracts, &calendar)?,
        system_peaks: signals::system_peaks(
            args,
            (&tariff.contracts, &tariff.system_load),
            &calendar,
            span.unwrap_or((load.kw.start(), load.kw.end())),
            &mut notes,
        )?,
    };
    let lines = bill(&tariff.contracts, &calendar, &load, &signals, span).map_err(|error| match error {
        BillError::Uncovered { .. } => {
            Failure::input(error.to_string()).with_help("leave `--year` out to bill what the load covers")
        }
        _ => Failure::input(error.to_string()),
    })?;
    let (from, to) = span.unwrap_or((load.kw.start(), load.kw.end()));
    let mut bill = Bill::new(lines);
    bill.tariff = tariff.title;
    bill.timezone = zone;
    (bill.from, bill.to) = (from.to_utc_text(), to.to_utc_text());
    bill.notes = notes;
    print(&bill, args)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| {
        let message = format!("`{}` could not be opened: {error}", path.display());
        if error.kind() == std::io::ErrorKind::NotFound {
            Failure::input(message)
        } else {
            Failure::io(message)
        }
    })
}

fn read_load(args: &BillArgs) -> Result<MeteredLoad, Failure> {
    let gaps = args.gaps.policy();
    let file = args.load.display().to_string();
    MeteredLoad::read(&file, open(&args.load)?, gaps).map_err(refused)
}

/// A file that could not be read, with its next step.
fn refused(error: ReadError) -> Failure {
    let failure = Failure::input(error.to_string());
    match error.help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn read_tariff(args: &BillArgs, colour: Colour) -> Result<Tariff, Failure> {
    let is_toml = args
        .tariff
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    if is_toml {
        if args.label.is_some() || args.tier_fill.is_some() || !args.leave_out.is_empty() {
            return Err(Failure::input(
                "`--label`, `--tier-fill` and `--leave-out` are about JSON rates; a contract says them in `terms.urdb`",
            ));
        }
        let file = contract_file::load(&args.tariff, args.data.clone())?;
        output::stderr(&render(&file.warnings, colour.on_stderr()));
        return Ok(Tariff {
            contracts: file.spec.power_contracts,
            system_load: file.spec.system_load,
            timezone: file.spec.timezone,
            title: args.tariff.display().to_string(),
            notes: file.notes,
        });
    }
    let fill = args.tier_fill.map(|fill| match fill {
        TierFill::InTimeOrder => Fill::InTimeOrder,
        TierFill::ProRataOverPeriods => Fill::ProRataOverPeriods,
        TierFill::WithinEachPeriod => Fill::WithinEachPeriod,
    });
    let spec = TariffFileSpec {
        file: args.tariff.display().to_string(),
        label: args.label.clone(),
        tier_fill: fill,
        leave_out: args.leave_out.clone(),
    };
    let read = read_urdb(open(&args.tariff)?, &spec)
        .map_err(|error| Failure::input(format!("`{}`: {error}", spec.file)))?;
    let contract = ContractSpec::of(Name::from("tariff"), read.clauses);
    Ok(Tariff {
        contracts: PowerContractsSpec(vec![contract]),
        system_load: IndexMap::new(),
        timezone: None,
        title: read.title,
        notes: read.notes,
    })
}

impl Bill {
    fn new(lines: Vec<SettlementLine>) -> Self {
        let mut months: Vec<BilledMonth> = Vec::new();
        let mut last: Option<Month> = None;
        for line in lines {
            if last != Some(line.month) {
                last = Some(line.month);
                months.push(BilledMonth {
                    month: line.month.to_string(),
                    mwh: 0.0,
                    usd: 0.0,
                    lines: Vec::new(),
                });
            }
            let month = months.last_mut().expect("a month was just begun");
            if line.carries_energy {
                month.mwh += line.quantity;
            }
            month.usd -= line.usd;
            month.lines.push(BilledLine {
                contract: line.contract,
                clause: line.clause,
                quantity: line.quantity,
                unit: line.unit,
                rate_usd: line.rate_usd,
                usd: -line.usd,
                set_by: line.set_by,
            });
        }
        Self {
            tariff: String::new(),
            timezone: String::new(),
            from: String::new(),
            to: String::new(),
            total_mwh: months.iter().map(|m| m.mwh).sum(),
            total_usd: months.iter().map(|m| m.usd).sum(),
            months,
            notes: Vec::new(),
        }
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &BilledLine)> {
        self.months
            .iter()
            .flat_map(|m| m.lines.iter().map(|l| (m.month.as_str(), l)))
    }
}

fn print(bill: &Bill, args: &BillArgs) -> Result<Exit, Failure> {
    let otherwise = if std::io::stdout().is_terminal() {
        Format::Table
    } else {
        Format::Csv
    };
    let format = if args.json {
        Format::Json
    } else {
        args.format.unwrap_or(otherwise)
    };
    let text = match format {
        Format::Json => {
            let mut text = serde_json::to_string_pretty(bill).expect("a bill is plain JSON");
            text.push('\n');
            text
        }
        Format::Csv => csv(bill)?,
        Format::Table => table(bill),
    };
    if format != Format::Json {
        for note in &bill.notes {
            output::stderr(&format!("note: {}\n", printable(note)));
        }
        if format == Format::Csv {
            output::stderr(&format!("{}\n", total(bill)));
        }
    }
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}

fn total(bill: &Bill) -> String {
    format!(
        "total: {:.3} MWh, {:.2} USD, {} to {} in {}",
        bill.total_mwh, bill.total_usd, bill.from, bill.to, bill.timezone
    )
}

fn csv(bill: &Bill) -> Result<String, Failure> {
    let broken = |error: csv::Error| Failure::io(format!("cannot write to stdout: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "month", "contract", "clause", "quantity", "unit", "rate", "usd", "set_by",
    ];
    writer.write_record(header).map_err(broken)?;
    for (month, line) in bill.lines() {
        let numbers = [line.quantity, line.rate_usd, line.usd].map(|n| n.to_string());
        let [quantity, rate, usd] = &numbers;
        let cells = [
            month,
            &line.contract,
            &line.clause,
            quantity,
            line.unit,
            rate,
            usd,
            &line.set_by,
        ];
        writer.write_record(cells).map_err(broken)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| Failure::io(format!("cannot write to stdout: {}", e.error())))?;
    Ok(String::from_utf8(bytes).expect("cells are text"))
}

fn table(bill: &Bill) -> String {
    let width = bill
        .lines()
        .map(|(_, l)| l.contract.len() + l.clause.len() + 1)
        .max();
    let width = width.unwrap_or(6).max(6);
    let mut text = format!(
        "{}\n{:<8} {:<width$} {:>16} {:<6} {:>14} {:>16}  {}\n",
        printable(&bill.tariff),
        "month",
        "clause",
        "quantity",
        "unit",
        "rate",
        "usd",
        "set by"
    );
    for month in &bill.months {
        for line in &month.lines {
            let clause = format!("{}/{}", line.contract, line.clause);
            let _ = writeln!(
                text,
                "{:<8} {clause:<width$} {:>16.3} {:<6} {:>14.6} {:>16.2}  {}",
                month.month, line.quantity, line.unit, line.rate_usd, line.usd, line.set_by
            );
        }
        let _ = writeln!(
            text,
            "{:<8} {:<width$} {:>16.3} {:<6} {:>14} {:>16.2}",
            month.month, "total", month.mwh, "mwh", "", month.usd
        );
    }
    let _ = writeln!(text, "{}", total(bill));
    text
}
