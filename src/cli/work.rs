//! What `run`, `shard` and `merge` share: opening the scenario, simulating under a signal, writing the run directory.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure, Shown};
use crate::cli::output;
use crate::cli::progress::Progress;
use crate::cli::stop::Stop;
use crate::experiment::{self, ExperimentError, Outcome, Plan, Precision, multilevel};
use crate::random::Design;
use crate::report;
use crate::results;
use crate::results::block::Shape;
use crate::results::collect::Collector;
use crate::results::directory::{EVERY_FILES, EveryWriter, RunWriter, TableFiles};
use crate::results::tables::{Manifest, RunTables};
use crate::scenario::Scenario;
use crate::scenario::load::{LoadOptions, load};
use crate::scenario::spec::Fidelity;
use crate::sim::{DetailWanted, Setup};

/// The most replications of one run.
pub const REPLICATIONS_MAX: u32 = 10_000_000;

/// Arguments that say what is simulated: those of which the results depend.
#[derive(Debug, Clone, clap::Args)]
pub struct ScenarioArgs {
    /// The scenario file; the embedded default where left out. `run` takes a folder too: each scenario in it becomes a run.
    pub scenario: Option<PathBuf>,
    /// Replications of each strategy. Default: the scenario's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICATIONS_MAX)))]
    pub replications: Option<u32>,
    /// Root seed. Default: the scenario's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How demand is simulated. Default: the scenario's.
    #[arg(long, value_enum)]
    pub fidelity: Option<FidelityArg>,
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

impl ScenarioArgs {
    /// What was asked for, as the loader takes it.
    pub fn options(&self) -> LoadOptions {
        let mut set = self.set.clone();
        set.extend(self.seed.map(|seed| format!("run.seed={seed}")));
        let fidelity = self.fidelity.map(Fidelity::from);
        set.extend(fidelity.map(|f| format!("run.fidelity=\"{}\"", f.as_str())));
        LoadOptions {
            data: self.data.clone(),
            set,
            strategies: self.strategies.clone(),
        }
    }

    /// Whether the run is one on several levels of fidelity.
    pub fn multilevel(&self) -> bool {
        self.fidelity == Some(FidelityArg::Multilevel)
    }

    /// Loads and checks the scenario.
    pub fn open(&self) -> Result<Scenario, Failure> {
        let mut scenario = load(self.scenario.as_deref(), &self.options())?;
        self.lay_out(&mut scenario)?;
        Ok(scenario)
    }

    /// A design other than plain draws is laid out for the replications that run.
    fn lay_out(&self, scenario: &mut Scenario) -> Result<(), Failure> {
        let run = &mut scenario.spec.run;
        if run.design == Design::Plain {
            return Ok(());
        }
        if self.multilevel() {
            let message = format!(
                "`--fidelity multilevel` needs plain draws, and `run.design` is `{}`",
                run.design.as_str()
            );
            return Err(Failure::input(message).with_help("leave out `run.design`, or take one fidelity"));
        }
        run.replications = self.replications.unwrap_or(run.replications);
        match run.design.misfit(run.replications) {
            Some((message, help)) => Err(Failure::input(message).with_help(help)),
            None => Ok(()),
        }
    }
}

/// Arguments that say how it is carried out: no result depends on them.
#[derive(Debug, Clone, clap::Args)]
pub struct MannerArgs {
    /// Worker threads. Default: one for each core; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// No progress and no closing summary.
    #[arg(long, short)]
    pub quiet: bool,
}

impl MannerArgs {
    /// Carries work out on as many threads as are asked for.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|e| Failure::io(format!("cannot start worker threads: {e}")))?;
        Ok(pool.install(work))
    }

    /// Says something to people; a closed pipe loses nothing, the result is on disk.
    pub fn tell(&self, text: &str) {
        if !self.quiet {
            let _ = output::stdout(text.as_bytes());
        }
    }
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
    /// A flow of work, and one hour of each day looked at.
    SampledHours,
    /// Many replications `sampled_hours` and a few `sampled_weeks` too, which correct the means.
    Multilevel,
}

impl From<FidelityArg> for Fidelity {
    fn from(flag: FidelityArg) -> Self {
        match flag {
            FidelityArg::Jobs => Self::Jobs,
            FidelityArg::SampledWeeks => Self::SampledWeeks,
            FidelityArg::Fluid => Self::Fluid,
            FidelityArg::SampledHours => Self::SampledHours,
            FidelityArg::Multilevel => multilevel::COARSE,
        }
    }
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

impl SeriesArg {
    /// The files that a run must have for it.
    pub fn files(self) -> Vec<String> {
        let mut files = Vec::new();
        if self >= Self::Monthly {
            files.push("monthly.csv");
        }
        if self >= Self::Hourly {
            files.extend(["hourly.csv", "capacity.csv", "jobs.csv", "events.csv"]);
        }
        files.into_iter().map(str::to_owned).collect()
    }

    /// The same, or what the run that is extended has already.
    fn or_had(self, writer: &RunWriter) -> Self {
        let had = |series: Self| series.files().iter().all(|file| writer.had(file));
        let had = [Self::Hourly, Self::Monthly]
            .into_iter()
            .find(|series| had(*series));
        had.map_or(self, |had| self.max(had))
    }
}

/// What is asked for beyond the usual files.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct MoreArgs {
    /// Rows of every replication, not of the median one alone: `all/*.csv`. Every replication is simulated once more.
    #[arg(long)]
    pub all: bool,
    /// Copy data files into the run, under `inputs/`, so that it can be repeated anywhere.
    #[arg(long)]
    pub bundle: bool,
}

impl MoreArgs {
    /// The files that a run must have for it.
    pub fn files(self, scenario: &Scenario) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        if self.all {
            files.extend(EVERY_FILES.map(str::to_owned));
        }
        if self.bundle {
            files.extend(scenario.data.files.iter().map(|file| bundled(&file.name)));
        }
        files
    }

    /// The same, or what the run that is extended has already.
    fn or_had(self, scenario: &Scenario, writer: &RunWriter) -> Self {
        let mut data = scenario.data.files.iter();
        Self {
            all: self.all || writer.had(EVERY_FILES[0]),
            bundle: self.bundle || data.any(|file| writer.had(&bundled(&file.name))),
        }
    }
}

/// Where a data file stands in a bundle: `--data RUN/inputs/data` and the scenario in `RUN/inputs` find it.
fn bundled(name: &str) -> String {
    match name.strip_prefix("data:") {
        Some(rest) => format!("inputs/data/{rest}"),
        None => format!("inputs/{name}"),
    }
}

/// How the work ended before it was done.
#[derive(Debug)]
pub enum Ended {
    /// A signal.
    Stopped,
    /// Anything else.
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

/// Where a strategy borrows, its facility is sized before anything is written, because one without meaning is refused.
pub fn financed(scenario: &Scenario) -> Result<Option<Setup>, Failure> {
    if !scenario.spec.borrows() {
        return Ok(None);
    }
    let setup = Setup::new(scenario);
    if let Some((strategy, error)) = setup.refused_debts().next() {
        let stated = &scenario.spec.strategies[strategy];
        let own = stated
            .capital
            .as_ref()
            .map(|_| format!("strategies[{strategy}]."));
        let (at, strategy) = (own.unwrap_or_default(), &stated.id);
        return Err(Failure::input(format!(
            "{at}capital.debt: cannot size the debt of `{strategy}`: {error}"
        )));
    }
    Ok(Some(setup))
}

/// A run that is to be simulated and written.
#[derive(Debug)]
pub struct Work<'a> {
    /// What is simulated.
    pub scenario: &'a Scenario,
    /// What the run is; its replications are the most that are simulated.
    pub manifest: Manifest,
    /// The series asked for.
    pub series: SeriesArg,
    /// Further files asked for.
    pub more: MoreArgs,
    /// When it may end before the last replication.
    pub precision: Option<Precision>,
    /// No progress.
    pub quiet: bool,
    /// Signals.
    pub stop: &'a Stop,
}

/// A run that is done.
#[derive(Debug)]
pub struct Done {
    /// Where it is.
    pub dir: PathBuf,
    /// What it holds.
    pub tables: RunTables,
}

impl Work<'_> {
    /// Simulates, reduces and writes. Where anything fails, what is complete stays for the next try.
    pub fn carry_out(self, setup: Option<Setup>, mut writer: RunWriter) -> Result<Done, Ended> {
        let clock = Instant::now();
        let started_utc = jiff::Timestamp::now().to_string();
        let _quiet_panics = QuietPanics::install();
        let setup = setup.unwrap_or_else(|| Setup::new(self.scenario));
        let multilevel = self.manifest.fidelity == multilevel::MULTILEVEL;
        let finest = if multilevel {
            multilevel::FINEST
        } else {
            self.scenario.spec.run.fidelity
        };
        let fidelity = experiment::fidelity::measure(self.scenario, &setup, finest)?;
        let shape = Shape::of(&self.manifest);
        let at_least = writer.replications_had() as usize;
        let enough = |collector: &Collector| {
            let precision = self.precision;
            precision.is_some_and(|precision| precision.enough(collector, shape, at_least))
        };
        let plan = Plan {
            enough: &enough,
            ..Plan::whole(shape, self.manifest.replications)
        };
        let outcome = self.simulate(&setup, &plan, &writer)?;
        let coarse_events = outcome.collector.events_per_replication();
        let fine = if multilevel {
            Some(self.refine(&setup, &outcome.collector, &writer)?)
        } else {
            None
        };
        let series = self.series.or_had(&writer);
        let detail = DetailWanted {
            jobs: series >= SeriesArg::Hourly,
        };
        let mut tables = experiment::finish(
            self.scenario,
            &setup,
            outcome.collector,
            self.manifest.clone(),
            detail,
        )?;
        tables.fidelity = fidelity;
        if let Some(fine) = fine {
            multilevel::apply(&mut tables, coarse_events, &fine);
        }
        let files = TableFiles {
            monthly: series >= SeriesArg::Monthly,
            hourly: series >= SeriesArg::Hourly,
        };
        write(self.scenario, &tables, files, &mut writer)?;
        self.write_more(&setup, &tables.manifest, &mut writer)?;
        let manifest = &mut tables.manifest;
        manifest.started_utc = started_utc;
        manifest.wall_seconds = clock.elapsed().as_secs_f64();
        manifest.threads = rayon::current_num_threads();
        manifest.simulated = outcome.simulated;
        let dir = writer.commit(manifest.clone())?;
        Ok(Done { dir, tables })
    }

    fn write_more(&self, setup: &Setup, manifest: &Manifest, writer: &mut RunWriter) -> Result<(), Ended> {
        let more = self.more.or_had(self.scenario, writer);
        if more.bundle {
            for file in &self.scenario.data.files {
                writer.copy(&bundled(&file.name), &file.path, &file.sha256)?;
            }
        }
        if more.all {
            let count = manifest.replications * manifest.strategies.len() as u32;
            let progress = Progress::new(self.quiet, count, self.stop.clone());
            let mut rows = EveryWriter::create(writer)?;
            experiment::every::every(
                (self.scenario, setup),
                manifest.replications,
                &progress,
                |record| rows.put(manifest, record).map_err(ExperimentError::from),
            )?;
            rows.finish(writer)?;
            progress.finish();
        }
        Ok(())
    }

    fn refine(&self, setup: &Setup, coarse: &Collector, writer: &RunWriter) -> Result<Collector, Ended> {
        let shape = Shape::of(&self.manifest);
        let progress = Progress::new(self.quiet, coarse.replications() as u32, self.stop.clone());
        let place = (self.scenario, setup);
        let fine = multilevel::refine(place, shape, coarse, &writer.finer_blocks(shape), &progress)?;
        progress.finish();
        Ok(fine)
    }

    fn simulate(&self, setup: &Setup, plan: &Plan<'_>, writer: &RunWriter) -> Result<Outcome, Ended> {
        let progress = Progress::new(self.quiet, plan.replications, self.stop.clone());
        let store = writer.blocks(plan.shape);
        let outcome = experiment::simulate(self.scenario, setup, plan, &store, &progress)?;
        progress.finish();
        Ok(outcome)
    }
}

fn write(
    scenario: &Scenario,
    tables: &RunTables,
    files: TableFiles,
    writer: &mut RunWriter,
) -> Result<(), Ended> {
    writer.put_tables(tables, files)?;
    writer.put_blocks(Shape::of(&tables.manifest), tables.manifest.replications)?;
    for (name, text) in scenario.input_files() {
        writer.put(&format!("inputs/{name}"), text.as_bytes())?;
    }
    report::write(tables, &mut |name, bytes| {
        writer.put(name, bytes).map_err(std::io::Error::from)
    })
    .map_err(|e| Ended::Failed(Failure::io(e.to_string())))
}

/// While replications run, a panic is caught and told once, as an invariant that broke; the default hook would
/// print it a second time.
#[derive(Debug)]
pub struct QuietPanics;

impl QuietPanics {
    /// Until it is dropped.
    pub fn install() -> Self {
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

/// Says what a signal has left, and how to go on.
pub fn stopped(stop: &Stop, out: &Path) -> Exit {
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
