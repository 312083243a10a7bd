//! `repower backtest`: the months that public miners report, mined again on the network's daily difficulty.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::bill::Gaps;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::ingest::GapPolicy;
use crate::market::bitcoin_format::{BitcoinFormat, BitcoinSeries};
use crate::market::production::{Basis, Errors, FeeSource, ReplayedMonth, Terms, read_report, replay};
use crate::report::chart::production_backtest::{Mark, draw};
use crate::results::csv_table::harmless;
use crate::scenario::diagnostic::printable;

/// Arguments of `repower backtest`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  repower backtest production.csv --network network_daily.csv --out backtest\n\nThe report has the columns `company,month,eh_s_avg,eh_s_end,btc_mined`. Where days of the network file carry no fees,\nfees over subsidy come from --fees-percent, else from a list of months of 2021 to 2025 (those from 2021-12 on are\nassumptions), else they are 1 %."
)]
pub struct BacktestArgs {
    /// Reported production by company and month
    pub report: PathBuf,
    /// Daily difficulty, price and, where known, fees
    #[arg(long, value_name = "FILE")]
    pub network: PathBuf,
    /// Layout of the network file
    #[arg(long, value_enum, default_value = "daily")]
    pub format: NetworkFormat,
    /// What to do where the network file has gaps; difficulty stands for two weeks, so it is held unless told otherwise
    #[arg(long, value_enum, default_value = "hold")]
    pub gaps: Gaps,
    /// Fees over subsidy on days for which the file has none, percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub fees_percent: Option<f64>,
    /// What the pool keeps, percent: reported coins are net of it
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "0")]
    pub pool_fee_percent: f64,
    /// A company that mines in its own pool, so that luck moves its coins; not in the totals (repeatable)
    #[arg(long, value_name = "COMPANY", default_value = "MARA")]
    pub own_pool: Vec<String>,
    /// Write `production_backtest.csv`, `production_backtest_errors.csv` and `production_backtest.svg` to this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Layout of a network file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum NetworkFormat {
    /// Any table with a date, a price and a difficulty.
    Daily,
    /// `date,btc_usd,difficulty,fees_btc`.
    Native,
    /// Public daily charts joined on the date.
    MiningDaily,
    /// Coin Metrics daily metrics.
    CoinMetrics,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 100".to_owned()),
    }
}

/// A row of the table of errors.
struct Line {
    who: String,
    basis: Basis,
    errors: Errors,
}

/// Replays and prints.
pub fn run(args: &BacktestArgs) -> Result<Exit, Failure> {
    let (name, file) = open(&args.report)?;
    let reports = read_report(&name, file).map_err(|e| Failure::input(e.to_string()))?;
    let network = read_network(args)?;
    let terms = Terms {
        fee_share: args.fees_percent.map(|p| p / 100.0),
        pool_fee_share: args.pool_fee_percent / 100.0,
    };
    let (months, left_out) = replay(&reports, &network, terms);
    if months.is_empty() {
        let first = left_out
            .first()
            .map_or_else(|| "it has no rows".to_owned(), |l| printable(l));
        return Err(Failure::input(format!(
            "no month of `{name}` can be replayed: {first}"
        )));
    }
    let lines = lines(&months, &args.own_pool);
    let assumed = assumed(&months, terms);
    if let Some(folder) = &args.out {
        write(folder, &months, &lines, &assumed)?;
    }
    if network.repairs.steps > 0 {
        output::stderr(&format!(
            "note: {} days of the network file were repaired\n",
            network.repairs.steps
        ));
    }
    for note in network.repairs.notes.iter().chain(&left_out) {
        output::stderr(&format!("note: {}\n", printable(note)));
    }
    output::stdout(table(&lines, &assumed, &args.own_pool).as_bytes())?;
    Ok(Exit::Done)
}

fn open(path: &Path) -> Result<(String, File), Failure> {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let file =
        File::open(path).map_err(|e| Failure::input(format!("cannot read `{}`: {e}", path.display())))?;
    Ok((name, file))
}

fn read_network(args: &BacktestArgs) -> Result<BitcoinSeries, Failure> {
    let format = match args.format {
        NetworkFormat::Daily => BitcoinFormat::Daily,
        NetworkFormat::Native => BitcoinFormat::Native,
        NetworkFormat::MiningDaily => BitcoinFormat::MiningDaily,
        NetworkFormat::CoinMetrics => BitcoinFormat::CoinMetrics,
    };
    let gaps = match args.gaps {
        Gaps::Refuse => GapPolicy::Refuse,
        Gaps::Hold => GapPolicy::Hold,
        Gaps::SameHourPreviousDay => GapPolicy::SameHourPreviousDay,
    };
    let (name, file) = open(&args.network)?;
    format
        .read(&name, file, gaps)
        .map_err(|e| Failure::input(e.to_string()))
}

/// Errors by company and basis, then of all companies without those of their own pools, then of these.
fn lines(months: &[ReplayedMonth], own_pool: &[String]) -> Vec<Line> {
    let mut names: Vec<&str> = months.iter().map(|m| m.company.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let own = |name: &str| own_pool.iter().any(|o| o.eq_ignore_ascii_case(name));
    let mut lines = Vec::new();
    let mut add = |who: &str, basis: Basis, wanted: &dyn Fn(&ReplayedMonth) -> bool| {
        let some = months.iter().filter(|m| m.basis == basis && wanted(m));
        lines.extend(Errors::of(some).map(|errors| Line {
            who: who.to_owned(),
            basis,
            errors,
        }));
    };
    for basis in Basis::ALL {
        for name in &names {
            add(name, basis, &|m| m.company == *name);
        }
        add("all", basis, &|m| !own(&m.company));
    }
    lines
}

/// What of fees is assumed, in a sentence.
fn assumed(months: &[ReplayedMonth], terms: Terms) -> String {
    let count = |source| months.iter().filter(|m| m.fees == source).count();
    let pool = terms.pool_fee_share * 100.0;
    let parts: Vec<String> = [
        (FeeSource::File, "from the network file"),
        (FeeSource::Stated, "as stated"),
        (FeeSource::Computed, "computed from public charts"),
        (FeeSource::Assumption, "assumed"),
    ]
    .into_iter()
    .filter(|(source, _)| count(*source) > 0)
    .map(|(source, words)| format!("{words} in {}", count(source)))
    .collect();
    format!(
        "Fees of {} months: {}; pool fee {pool} %.",
        months.len(),
        parts.join(", ")
    )
}

fn table(lines: &[Line], assumed: &str, own_pool: &[String]) -> String {
    let mut text = format!(
        "{:<20} {:<13} {:>6} {:>8} {:>8} {:>8} {:>8} {:>10} {:>10}\n",
        "company", "hash rate", "months", "bias %", "median %", "p80 %", "p90 %", "within 1 %", "within 2 %"
    );
    for line in lines {
        let e = &line.errors;
        let who: String = printable(&line.who).chars().take(20).collect();
        let _ = writeln!(
            text,
            "{who:<20} {:<13} {:>6} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>10.0} {:>10.0}",
            line.basis.as_str(),
            e.months,
            100.0 * e.bias,
            100.0 * e.median,
            100.0 * e.p80,
            100.0 * e.p90,
            100.0 * e.within_1,
            100.0 * e.within_2
        );
    }
    let _ = writeln!(text, "{assumed}");
    let without: Vec<String> = own_pool.iter().map(|o| printable(o)).collect();
    let _ = writeln!(
        text,
        "`all` is without {}: a pool of one's own pays what its blocks bring. Machines that stand still (heat, price, calls,",
        without.join(", ")
    );
    text.push_str("repairs) are in `end` and `between_ends` and not in `operating`: their bias is the fleet's uptime.\n");
    text
}

fn write(folder: &Path, months: &[ReplayedMonth], lines: &[Line], assumed: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::io(format!("cannot write to `{}`: {e}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let marks: Vec<Mark> = months
        .iter()
        .map(|m| Mark {
            company: m.company.clone(),
            year: f64::from(m.month.year) + (f64::from(m.month.month) - 0.5) / 12.0,
            error: m.error(),
            is_operating: m.basis == Basis::Operating,
        })
        .collect();
    let files = [
        ("production_backtest.csv", months_csv(months)),
        ("production_backtest_errors.csv", errors_csv(lines)),
        ("production_backtest.svg", draw(&marks, assumed)),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

fn months_csv(months: &[ReplayedMonth]) -> String {
    let mut text = "company,month,hash_rate,eh_s,btc_reported,btc_replayed,btc_fees,fee_source,error_percent,rounding_percent\n".to_owned();
    for m in months {
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{}",
            cell(&m.company),
            m.month,
            m.basis.as_str(),
            m.eh_s,
            m.reported_btc,
            m.replayed_btc,
            m.fees_btc,
            m.fees.as_str(),
            100.0 * m.error(),
            100.0 * m.rounding
        );
    }
    text
}

fn errors_csv(lines: &[Line]) -> String {
    let mut text = "company,hash_rate,months,bias_percent,median_percent,p80_percent,p90_percent,within_1_percent,within_2_percent\n".to_owned();
    for line in lines {
        let e = &line.errors;
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{}",
            cell(&line.who),
            line.basis.as_str(),
            e.months,
            100.0 * e.bias,
            100.0 * e.median,
            100.0 * e.p80,
            100.0 * e.p90,
            100.0 * e.within_1,
            100.0 * e.within_2
        );
    }
    text
}

/// A name that no spreadsheet takes for a formula, quoted where it must be.
fn cell(text: &str) -> String {
    let safe = harmless(text);
    if safe.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe.into_owned()
    }
}
