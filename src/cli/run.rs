//! `repower run`: the main job, from a scenario file to a run directory.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure, Shown};
use crate::cli::progress::Progress;
use crate::cli::stop::Stop;
use crate::cli::{Colour, output};
use crate::experiment::{self, ExperimentError};
use crate::report;
use crate::results;
use crate::results::block::Shape;
use crate::results::directory::{Opened, RunRequest, RunWriter, TableFiles};
use crate::results::tables::{Manifest, RunTables};
use crate::scenario::Scenario;
use crate::scenario::diagnostic::render;
use crate::scenario::load::{LoadOptions, load};
use crate::scenario::spec::Fidelity;
use crate::sim::{DetailWanted, Setup};

/// The most replications of one run.
pub const REPLICATIONS_MAX: u32 = 10_000_000;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower run\n  repower run my.toml --data ~/data --replications 200\n  repower run my.toml --set run.seed=7 --strategy gpu-cloud --out outputs/seven"
)]
pub struct RunArgs {
    /// The scenario file; the embedded default where left out.
    pub scenario: Option<PathBuf>,
    /// Where the run goes. Default: `outputs/SCENARIO/RUN-ID`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replications of each strategy. Default: the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICATIONS_MAX)))]
    pub replications: Option<u32>,
    /// Root seed. Default: the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How demand is simulated. Default: the scenario's.
    #[arg(long, value_enum)]
    pub fidelity: Option<FidelityArg>,
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
    /// Which series become files.
    #[arg(long, value_enum, default_value_t = SeriesArg::Monthly)]
    pub series: SeriesArg,
    /// Say what would run, and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// No progress and no closing summary.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Fidelities as flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum FidelityArg {
    /// Every job of every week.
    Jobs,
    /// Every job of a few weeks a year, a flow in between.
    SampledWeeks,
    /// A flow of work with a backlog.
    Fluid,
}

/// Series as flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum SeriesArg {
    /// None.
    None,
    /// Months of the median replication.
    Monthly,
    /// Its hours, jobs and events too.
    Hourly,
}

/// Runs a scenario and writes the run directory.
pub fn run(args: &RunArgs, colour: Colour) -> Result<Exit, Failure> {
    let started = Instant::now();
    let scenario = open(args)?;
    output::stderr(&render(&scenario.warnings, colour.on_stderr()));
    let replications = args.replications.unwrap_or(scenario.spec.run.replications);
    let manifest = experiment::manifest(&scenario, replications, env!("REPOWER_GIT_HASH"));
    let default_out = || {
        Path::new("outputs")
            .join(&manifest.scenario)
            .join(&manifest.run_id)
    };
    let out = args.out.clone().unwrap_or_else(default_out);
    if args.dry_run {
        return dry_run(&scenario, &manifest, &out);
    }
    let setup = financed(&scenario)?;
    let request = RunRequest {
        dir: out.clone(),
        run_id: manifest.run_id.clone(),
        replications,
        files: wanted_files(args.series),
    };
    // From here on a signal means: stop in good order, with 75 or 130.
    let stop = Stop::install()?;
    let writer = match RunWriter::open(request)? {
        Opened::Done => {
            tell(
                args,
                &format!("{} is complete already; nothing to do\n", out.display()),
            );
            return Ok(Exit::Done);
        }
        Opened::Write(writer) => *writer,
    };
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| Failure::io(format!("cannot start worker threads: {e}")))?;
    let done = pool.install(|| carry_out(args, (&scenario, setup), manifest, writer, &stop));
    let (dir, tables) = match done {
        Ok(done) => done,
        Err(Ended::Stopped) => return Ok(stopped(&stop, &out)),
        Err(Ended::Failed(failure)) => return Err(failure),
    };
    tell(args, &closing(&dir, &tables, started.elapsed().as_secs_f64()));
    Ok(Exit::Done)
}

/// How the work ended before it was done.
enum Ended {
    Stopped,
    Failed(Failure),
}

impl From<ExperimentError> for Ended {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::Stopped => Self::Stopped,
            ExperimentError::Save(error) => Self::Failed(error.into()),
            ExperimentError::Invariant { .. } => {
                let help = "this is a defect of the tool: please report it with the scenario and this line";
                let shown = Shown::Text(error.to_string(), Some(help.to_owned()));
                Self::Failed(Failure {
                    exit: Exit::Invariant,
                    shown,
                })
            }
        }
    }
}

impl From<results::Error> for Ended {
    fn from(error: results::Error) -> Self {
        Self::Failed(error.into())
    }
}

fn open(args: &RunArgs) -> Result<Scenario, Failure> {
    let mut set = args.set.clone();
    set.extend(args.seed.map(|seed| format!("run.seed={seed}")));
    set.extend(
        args.fidelity
            .map(|f| format!("run.fidelity=\"{}\"", fidelity(f).as_str())),
    );
    let options = LoadOptions {
        data: args.data.clone(),
        set,
        strategies: args.strategies.clone(),
    };
    Ok(load(args.scenario.as_deref(), &options)?)
}

fn fidelity(flag: FidelityArg) -> Fidelity {
    match flag {
        FidelityArg::Jobs => Fidelity::Jobs,
        FidelityArg::SampledWeeks => Fidelity::SampledWeeks,
        FidelityArg::Fluid => Fidelity::Fluid,
    }
}

fn wanted_files(series: SeriesArg) -> Vec<String> {
    let mut files = Vec::new();
    if series >= SeriesArg::Monthly {
        files.push("monthly.csv");
    }
    if series >= SeriesArg::Hourly {
        files.extend(["hourly.csv", "capacity.csv", "jobs.csv", "events.csv"]);
    }
    files.into_iter().map(str::to_owned).collect()
}

/// Where a strategy borrows, its facility is sized before anything is written, because one without meaning is refused.
fn financed(scenario: &Scenario) -> Result<Option<Setup>, Failure> {
    if !scenario.spec.borrows() {
        return Ok(None);
    }
    let setup = Setup::new(scenario);
    if let Some((strategy, error)) = setup.refused_debts().next() {
        let strategy = &scenario.spec.strategies[strategy].id;
        return Err(Failure::input(format!(
            "cannot size the debt of `{strategy}`: {error}"
        )));
    }
    Ok(Some(setup))
}

/// Simulates, reduces and writes. Where anything fails, what is complete stays for the next try.
fn carry_out(
    args: &RunArgs,
    (scenario, setup): (&Scenario, Option<Setup>),
    manifest: Manifest,
    mut writer: RunWriter,
    stop: &Stop,
) -> Result<(PathBuf, RunTables), Ended> {
    let clock = Instant::now();
    let started_utc = jiff::Timestamp::now().to_string();
    let _quiet_panics = QuietPanics::install();
    let setup = setup.unwrap_or_else(|| Setup::new(scenario));
    let (shape, replications) = (Shape::of(&manifest), manifest.replications);
    let blocks = writer.completed_blocks(shape)?;
    let before: u32 = blocks.iter().map(|b| b.count).sum();
    let fidelity = experiment::fidelity::measure(scenario, &setup)?;
    let progress = Progress::new(args.quiet, replications, before, stop.clone());
    let save = |block: &results::block::BlockResult| writer.save_block(block);
    let collector = experiment::simulate(scenario, &setup, (shape, replications), blocks, &save, &progress)?;
    progress.finish();
    let hourly = args.series >= SeriesArg::Hourly;
    let detail = DetailWanted { jobs: hourly };
    let mut tables = experiment::finish(scenario, &setup, collector, manifest, detail)?;
    tables.fidelity = fidelity;
    writer.put_tables(
        &tables,
        TableFiles {
            monthly: args.series >= SeriesArg::Monthly,
            hourly,
        },
    )?;
    for (name, text) in scenario.input_files() {
        writer.put(&format!("inputs/{name}"), text.as_bytes())?;
    }
    report::write(&tables, &mut |name, bytes| {
        writer.put(name, bytes).map_err(std::io::Error::from)
    })
    .map_err(|e| Ended::Failed(Failure::io(e.to_string())))?;
    let manifest = &mut tables.manifest;
    manifest.started_utc = started_utc;
    manifest.wall_seconds = clock.elapsed().as_secs_f64();
    manifest.threads = rayon::current_num_threads();
    let dir = writer.commit(manifest.clone())?;
    Ok((dir, tables))
}

/// While replications run, a panic is caught and told once, as an invariant that broke; the default hook would
/// print it a second time.
struct QuietPanics;

impl QuietPanics {
    fn install() -> Self {
        if std::env::var_os("RUST_BACKTRACE").is_none() {
            std::panic::set_hook(Box::new(|_| {}));
        }
        Self
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::panic::take_hook();
        }
    }
}

fn stopped(stop: &Stop, out: &Path) -> Exit {
    let kept = match results::directory::interrupted_blocks(out) {
        0 => "before the first block of replications was complete: nothing is kept".to_owned(),
        blocks => format!(
            "{blocks} completed {} kept in `{}.partial`: the same command goes on from there",
            if blocks == 1 { "block is" } else { "blocks are" },
            out.display()
        ),
    };
    output::stderr(&format!("stopped; {kept}\n"));
    stop.exit()
}

fn dry_run(scenario: &Scenario, manifest: &Manifest, out: &Path) -> Result<Exit, Failure> {
    let strategies: Vec<&str> = manifest.strategies.iter().map(|s| s.id.as_str()).collect();
    let text = format!(
        "scenario      {}\nrun id        {}\nhorizon       {} months from {}\nstrategies    {}\nreplications  {}\nfidelity      {}\nwould write   {}\n",
        manifest.scenario,
        manifest.run_id,
        manifest.months.len(),
        scenario.spec.start,
        strategies.join(", "),
        manifest.replications,
        manifest.fidelity,
        out.display(),
    );
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}

fn tell(args: &RunArgs, text: &str) {
    if !args.quiet {
        // The summary is for people; a closed pipe loses nothing, the run is on disk.
        let _ = output::stdout(text.as_bytes());
    }
}

fn closing(dir: &Path, tables: &RunTables, seconds: f64) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for row in tables
        .summary
        .iter()
        .filter(|r| r.scope == "portfolio" && r.metric == "npv_usd")
    {
        let _ = writeln!(
            text,
            "{:<16} NPV {:>9.1} MUSD   (P10 {:.1}, P90 {:.1})",
            row.strategy,
            row.mean / 1e6,
            row.p10 / 1e6,
            row.p90 / 1e6
        );
    }
    let replications = tables.manifest.replications;
    let _ = writeln!(
        text,
        "\n{replications} replications in {seconds:.1} s: {}",
        dir.join("memo.html").display()
    );
    text
}
