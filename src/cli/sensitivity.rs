//! `repower sensitivity`: which inputs an answer hangs on.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure};
use crate::cli::work::FidelityArg;
use crate::cli::{Colour, examined, output};
use crate::experiment;
use crate::experiment::sensitivity::scenario::{Effort, Findings, ScenarioModel, examine};
use crate::experiment::sensitivity::{Model, saltelli};
use crate::report::chart::{self, Meta};
use crate::results::sensitivity_row::SensitivityRow;
use crate::scenario::Scenario;
use crate::sim::Setup;

/// Trajectories of a screening.
const TRAJECTORIES: u32 = 20;
/// Worlds over which figures of tornado and break-even values are means.
const WORLDS: u32 = 8;

/// Arguments of `sensitivity`.
#[derive(Debug, clap::Args)]
#[command(
    about = "Find the inputs that an answer hangs on: Sobol, Morris, tornado, break-even values",
    long_about = "Finds the inputs that an answer hangs on, among those that the scenario calls `uncertain` and those named by \
        `--vary`. All other randomness (weather, prices, failures, delays) is one more input, so that chance stands beside \
        them. Writes sensitivity.csv, charts and report.md, and warns where the picture of one input at a time hides an effect.",
    after_help = "Examples:\n  repower sensitivity my.toml\n  repower sensitivity my.toml --method tornado --method break-even\n  repower sensitivity --vary market.bitcoin.fees_percent=0.2..2 --vary finance.discount_percent=8..14 --samples 128"
)]
pub struct SensitivityArgs {
    /// The scenario file; the embedded default where left out.
    pub scenario: Option<PathBuf>,
    /// Method; may be given several times. Default: sobol, morris and tornado.
    #[arg(long = "method", value_enum)]
    pub methods: Vec<Method>,
    /// Metric that is examined, of every strategy and of its difference from the baseline.
    #[arg(long, value_name = "METRIC", default_value = "npv_usd")]
    pub metric: String,
    /// One more uncertain input, uniform between two bounds; may be given several times.
    #[arg(long = "vary", value_name = "PATH=LOW..HIGH")]
    pub vary: Vec<String>,
    /// Rows of the Sobol design, a power of two; it takes (inputs + 3) evaluations a row.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(2..=1_048_576))]
    pub samples: u32,
    /// Where files go. Default: `outputs/SCENARIO/sensitivity`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How demand is simulated, and how many hours are looked at.
    #[arg(long, value_enum, default_value_t = FidelityArg::SampledHours)]
    pub fidelity: FidelityArg,
    /// Root seed. Default: the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Worker threads. Default: one for each core; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Change a field of the scenario; may be given several times.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Folder to which `data:` paths of the scenario point.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Only this strategy, besides the baseline; may be given several times.
    #[arg(long = "strategy", value_name = "NAME")]
    pub strategies: Vec<String>,
}

/// Methods as flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    /// Shares of the variance, alone and with others.
    Sobol,
    /// Screening by elementary effects.
    Morris,
    /// One input at a time.
    Tornado,
    /// Values at which the metric, or the difference from the baseline, crosses zero.
    BreakEven,
    /// All of them.
    All,
}

/// Examines and writes.
pub fn run(args: &SensitivityArgs, _: Colour) -> Result<Exit, Failure> {
    let metric = examined::metric(&args.metric)?;
    let effort = effort(args)?;
    let scenario = examined::load(&examined::Source {
        scenario: args.scenario.as_deref(),
        data: args.data.as_deref(),
        set: &args.set,
        strategies: &args.strategies,
        seed: args.seed,
        fidelity: args.fidelity,
        vary: &args.vary,
    })?;
    if scenario.spec.uncertain.is_empty() {
        let help = "add `[[uncertain]]` tables to the scenario, or `--vary PATH=LOW..HIGH`";
        return Err(Failure::input("no input is uncertain").with_help(help));
    }
    let inputs = scenario.spec.uncertain.len();
    if effort.sobol.is_some() && inputs > saltelli::INPUTS_MAX {
        let most = saltelli::INPUTS_MAX;
        return Err(Failure::input(format!(
            "{inputs} uncertain inputs: Sobol indices take at most {most}"
        ))
        .with_help("screen them first: `--method morris`"));
    }
    let out = args.out.clone().unwrap_or_else(|| {
        let folder = Path::new("outputs").join(scenario.spec.name.as_str());
        folder.join("sensitivity")
    });
    examined::free(&out)?;
    let started = Instant::now();
    let findings = examined::on_threads(args.threads, || {
        let setup = Setup::new(&scenario);
        let model = ScenarioModel::new(&scenario, &setup, metric).expect("inputs are uncertain, as checked");
        announce(&model, &effort)?;
        examine(&model, effort).map_err(|e| examined::failed(&e))
    })??;
    let text = text(&scenario, &findings);
    write(&out, &scenario, &findings, &text)?;
    output::stdout(text.as_bytes())?;
    let seconds = started.elapsed().as_secs_f64();
    output::stderr(&format!(
        "\n{seconds:.1} s: {}\n",
        out.join("sensitivity.csv").display()
    ));
    Ok(Exit::Done)
}

fn effort(args: &SensitivityArgs) -> Result<Effort, Failure> {
    let usual = [Method::Sobol, Method::Morris, Method::Tornado];
    let named = if args.methods.is_empty() {
        &usual[..]
    } else {
        &args.methods
    };
    let wants = |method: Method| named.contains(&method) || named.contains(&Method::All);
    if wants(Method::Sobol) && !args.samples.is_power_of_two() {
        let next = args.samples.next_power_of_two();
        let message = format!("`--samples {}` is not a power of two", args.samples);
        return Err(Failure::input(message).with_help(format!("take {next}")));
    }
    Ok(Effort {
        sobol: wants(Method::Sobol).then_some(args.samples),
        morris: wants(Method::Morris).then_some(TRAJECTORIES),
        tornado: wants(Method::Tornado).then_some(WORLDS),
        break_even: wants(Method::BreakEven).then_some(WORLDS),
    })
}

/// Says how much is to be done, from the time of the first evaluation.
fn announce(model: &ScenarioModel<'_>, effort: &Effort) -> Result<(), Failure> {
    let clock = Instant::now();
    model
        .at(&vec![0.5; model.inputs()], 0)
        .map_err(|e| examined::failed(&e))?;
    let evaluations = effort.evaluations(model.inputs());
    let seconds = clock.elapsed().as_secs_f64() * evaluations as f64 / rayon::current_num_threads() as f64;
    output::stderr(&format!("{evaluations} evaluations, about {seconds:.0} s\n"));
    Ok(())
}

/// Rows by figure, in the order of the table.
fn figures(rows: &[SensitivityRow]) -> Vec<Vec<&SensitivityRow>> {
    let mut groups: Vec<Vec<&SensitivityRow>> = Vec::new();
    for row in rows {
        let same =
            |g: &&mut Vec<&SensitivityRow>| g[0].strategy == row.strategy && g[0].against == row.against;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

fn text(scenario: &Scenario, findings: &Findings) -> String {
    let mut text = String::new();
    for group in figures(&findings.rows) {
        let first = group[0];
        let over = if first.against.is_empty() {
            String::new()
        } else {
            format!(" over {}", first.against)
        };
        let _ = writeln!(text, "## {} of {}{over}\n", first.metric, first.strategy);
        let _ = writeln!(
            text,
            "| input | method | measure | value | 95 % interval |\n|---|---|---|---:|---|"
        );
        for row in group {
            let interval = if row.ci95_low.is_finite() {
                format!("{:.4} to {:.4}", row.ci95_low, row.ci95_high)
            } else {
                String::new()
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.4} | {interval} |",
                row.input, row.method, row.measure, row.value
            );
        }
        text.push('\n');
    }
    if !findings.warnings.is_empty() {
        text.push_str("## Warnings\n\n");
    }
    for (figure, warning) in &findings.warnings {
        let _ = writeln!(text, "- {figure}: {warning}.");
    }
    if scenario.spec.correlation.tied(&scenario.spec.uncertain).is_some() {
        text.push_str(
            "- Inputs are correlated. Of each, what it adds to those before it in the scenario is examined: an input that follows \
             another one wholly shows nothing of its own.\n",
        );
    }
    text
}

fn write(out: &Path, scenario: &Scenario, findings: &Findings, text: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::io(format!("cannot write to `{}`: {e}", out.display()));
    let charts = out.join("charts");
    fs::create_dir_all(&charts).map_err(failed)?;
    let manifest = experiment::manifest(scenario, 0, env!("REPOWER_GIT_HASH"));
    let meta = Meta {
        scenario: manifest.scenario,
        ..Meta::default()
    };
    for group in figures(&findings.rows) {
        let first = group[0];
        let over = if first.against.is_empty() {
            ""
        } else {
            "-over-baseline"
        };
        for method in ["sobol", "morris", "tornado"] {
            if let Some(svg) = chart::sensitivity::draw(&group, method, &meta) {
                let name = format!("{method}-{}{over}.svg", first.strategy);
                fs::write(charts.join(name), svg).map_err(failed)?;
            }
        }
    }
    fs::write(out.join("report.md"), text).map_err(failed)?;
    // Last, so that the table stands for a whole folder.
    fs::write(out.join("sensitivity.csv"), chart::to_csv(&findings.rows)).map_err(failed)
}
