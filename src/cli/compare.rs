//! `repower compare A B`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::mixtures;
use crate::compare::{Error, Tolerance, compare_directories, format, tolerance};

/// Arguments of `compare`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    about = "Compares two runs, metric by metric and strategy by strategy",
    long_about = "Compares two runs, metric by metric and strategy by strategy: what changed, by how much, for \
        better or worse, and whether it may be noise. Exit code 0: the same within tolerance; 1: a difference \
        beyond it; 2: the runs cannot be read or compared.",
    after_help = "Examples:\n  repower compare outputs/before outputs/after --rel 0.01\n  repower compare outputs/before outputs/after --explain --format html > change.html"
)]
pub struct CompareArgs {
    /// Run directory that is measured against.
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// Run directory that is looked at.
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// TOML file of tolerances: `rel`, `abs`, and `[[override]]` tables with `metric`, `strategy`, `scope` globs.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rel", "abs"])]
    pub tolerance: Option<PathBuf>,
    /// Relative tolerance, as a share of the larger magnitude.
    #[arg(long, value_name = "X", default_value_t = tolerance::REL_DEFAULT, value_parser = not_negative)]
    pub rel: f64,
    /// Absolute tolerance, in the unit of each metric; either tolerance is enough.
    #[arg(long, value_name = "Y", default_value_t = 0.0, value_parser = not_negative)]
    pub abs: f64,
    /// Form of the output.
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    pub format: FormatArg,
    /// Say where the change of net present value comes from. `ledgers` where no value is given.
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, default_missing_value = "ledgers")]
    pub explain: Option<ExplainArg>,
    /// With `--explain inputs`: replications of each mixture.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub replications: u32,
    /// With `--explain inputs`: folder to which `data:` paths of the scenarios point.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// Forms of output, as named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Aligned columns: what is beyond tolerance.
    Text,
    /// Everything, for programs.
    Json,
    /// One line for each figure that is not equal.
    Csv,
    /// A page of its own, with paired charts.
    Html,
}

/// Ways to explain a change of net present value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainArg {
    /// By account, month, stage and clause, out of the two ledgers.
    Ledgers,
    /// By input that is not the same, by simulating the mixtures.
    Inputs,
}

impl From<FormatArg> for format::Format {
    fn from(arg: FormatArg) -> Self {
        match arg {
            FormatArg::Text => Self::Text,
            FormatArg::Json => Self::Json,
            FormatArg::Csv => Self::Csv,
            FormatArg::Html => Self::Html,
        }
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("a tolerance is a number of 0 or more".to_owned()),
    }
}

/// Compares and prints; gives the exit code 0 or 1, the error knows its own.
pub fn run(args: &CompareArgs, out: &mut dyn Write) -> Result<u8, Error> {
    let tolerance = match &args.tolerance {
        Some(path) => Tolerance::read(path)?,
        None => Tolerance::uniform(args.rel, args.abs),
    };
    let ledgers = args.explain == Some(ExplainArg::Ledgers);
    let mut comparison = compare_directories(&args.a, &args.b, &tolerance, ledgers)?;
    if args.explain == Some(ExplainArg::Inputs) {
        comparison.explained = mixtures::explain(&args.a, &args.b, args.replications, args.data.as_deref())?;
    }
    match format::Format::from(args.format)
        .write(&comparison, out)
        .and_then(|()| out.flush())
    {
        Ok(()) => {}
        // Whoever reads has seen enough (`| head`); the answer stands all the same.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => return Err(error.into()),
    }
    Ok(u8::from(!comparison.is_same()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::directory::TableFiles;
    use crate::results::tables::RunTables;
    use crate::results::{Opened, RunRequest, RunWriter, fixture};
    use clap::Parser;
    use std::path::Path;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: CompareArgs,
    }

    fn write(dir: &Path, tables: &RunTables) {
        let request = RunRequest {
            dir: dir.to_owned(),
            run_id: tables.manifest.run_id.clone(),
            replications: tables.manifest.replications,
            files: Vec::new(),
        };
        let Opened::Write(mut writer) = RunWriter::open(request).unwrap() else {
            panic!("the place is empty")
        };
        let files = TableFiles {
            monthly: false,
            hourly: false,
        };
        writer.put_tables(tables, files).unwrap();
        writer.commit(tables.manifest.clone()).unwrap();
    }

    fn compare(folder: &Path, more: &[&str]) -> (Result<u8, Error>, String) {
        let (a, b) = (folder.join("a"), folder.join("b"));
        let fixed = ["compare".as_ref(), a.as_os_str(), b.as_os_str()];
        let args = fixed.into_iter().chain(more.iter().map(AsRef::as_ref));
        let cli = Cli::try_parse_from(args).unwrap();
        let mut out = Vec::new();
        let code = run(&cli.args, &mut out);
        (code, String::from_utf8(out).unwrap())
    }

    fn two_runs() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a"), &fixture::tables(12));
        let mut b = fixture::tables(12);
        b.manifest.strategies[2].summary = "\u{1b}[31m=1+1".to_owned();
        for row in b
            .summary
            .iter_mut()
            .filter(|r| r.strategy == "gpu-cloud" && r.metric == "npv_equity_usd")
        {
            row.mean -= 1e6;
            row.p90 -= 2e6;
        }
        for n in 0..12 {
            let value = b.metrics.values((1, 0, 0), crate::metric::Metric::NpvEquityUsd)[n];
            b.metrics
                .set((1, 0, 0), crate::metric::Metric::NpvEquityUsd, n, value - 1e6);
        }
        write(&folder.path().join("b"), &b);
        folder
    }

    #[test]
    fn exit_codes_say_same_different_and_wrong() {
        let folder = two_runs();
        assert_eq!(compare(folder.path(), &[]).0.unwrap(), 1);
        assert_eq!(compare(folder.path(), &["--rel", "0.2"]).0.unwrap(), 0);
        assert_eq!(compare(folder.path(), &["--abs", "2e6"]).0.unwrap(), 0);
        assert_eq!(compare(folder.path(), &["--abs", "1e6"]).0.unwrap(), 1);
        let file = folder.path().join("t.toml");
        std::fs::write(&file, "[[override]]\nmetric = \"npv_*\"\nabs = 2e6\n").unwrap();
        let tolerance = ["--tolerance", file.to_str().unwrap()];
        assert_eq!(compare(folder.path(), &tolerance).0.unwrap(), 0);
        std::fs::write(&file, "abs = \"much\"").unwrap();
        assert_eq!(compare(folder.path(), &tolerance).0.unwrap_err().exit_code(), 2);
        let summary = folder.path().join("b/summary.csv");
        let text = std::fs::read_to_string(&summary).unwrap();
        std::fs::write(&summary, text.replacen('5', "6", 1)).unwrap();
        let error = compare(folder.path(), &[]).0.unwrap_err();
        assert!(
            error.exit_code() == 2 && error.to_string().contains("summary.csv"),
            "{error}"
        );
        std::fs::remove_dir_all(folder.path().join("b")).unwrap();
        assert_eq!(compare(folder.path(), &[]).0.unwrap_err().exit_code(), 2);
    }

    #[test]
    fn the_text_tells_what_changed_and_for_better_or_worse() {
        let folder = two_runs();
        let (_, text) = compare(folder.path(), &[]);
        let text = text.replace(&folder.path().display().to_string(), "");
        let expected = "\
A  /a  scenario west-texas, run 1f00d, seed 42, 12 replications, version 0.1.0
B  /b  scenario west-texas, run 1f00d, seed 42, 12 replications, version 0.1.0

90 figures compared, 2 differ, 2 beyond tolerance

";
        assert!(text.starts_with(expected), "{text}");
        let row = "npv_equity_usd  usd   mean    15,500,000  14,500,000  -1,000,000  -6.45 %  \
            worse, clear (paired: -1,000,000 to -1,000,000)\n";
        assert!(text.contains(row), "{text}");
        assert!(
            text.ends_with(
                "1 quantile of the metrics above is beyond tolerance too; `--format csv` lists it\n"
            )
        );
    }

    #[test]
    fn json_and_csv_carry_every_difference() {
        let folder = two_runs();
        let (_, json) = compare(folder.path(), &["--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["same"], false);
        assert_eq!(json["beyond_tolerance"], 2);
        assert_eq!(json["differences"][0]["interval"]["paired"], true);
        let (_, csv) = compare(folder.path(), &["--format", "csv"]);
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[1].contains(",mean,") && lines[1].ends_with("worse,clear,false"),
            "{}",
            lines[1]
        );
        assert!(
            lines[2].contains(",p90,") && lines[2].ends_with("worse,not judged,false"),
            "{}",
            lines[2]
        );
    }

    #[test]
    fn tolerances_below_zero_are_refused_by_the_arguments() {
        for bad in [["--rel", "-1"], ["--abs", "nan"], ["--format", "pdf"]] {
            let args = ["compare", "a", "b"].into_iter().chain(bad);
            assert!(Cli::try_parse_from(args).is_err(), "{bad:?}");
        }
        let both = ["compare", "a", "b", "--tolerance", "t.toml", "--rel", "1"];
        assert!(Cli::try_parse_from(both).is_err());
    }
}
