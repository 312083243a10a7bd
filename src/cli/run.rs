//! `repower run`: the main job, from a scenario file to a run directory.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure};
use crate::cli::stop::Stop;
use crate::cli::work::{Done, Ended, MannerArgs, MoreArgs, ScenarioArgs, SeriesArg, Work, financed, stopped};
use crate::cli::{Colour, output};
use crate::experiment;
use crate::experiment::precision::{LOOKS_FROM, Precision};
use crate::random::Design;
use crate::results::directory::{MANIFEST, Opened, RunReader, RunRequest, RunWriter, read_manifest};
use crate::results::tables::Manifest;
use crate::scenario::Scenario;
use crate::scenario::diagnostic::render;
use crate::sim::{Setup, replicate_all};

/// The most replications of a run that goes on until it is precise.
const PRECISION_REPLICATIONS: u32 = 100_000;

/// Arguments of `run`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  repower run\n  repower run scenarios/               every scenario of a folder, each to its own run\n  repower run my.toml --dry-run        what would run, and about how long it may take\n  repower run my.toml --data ~/data --replications 200\n  repower run my.toml --set run.seed=7 --strategy gpu-cloud --out outputs/seven"
)]
pub struct RunArgs {
    /// What is simulated.
    #[command(flatten)]
    pub what: ScenarioArgs,
    /// Where the run goes. Default: `outputs/SCENARIO/RUN-ID`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Which series become files.
    #[arg(long, value_enum, default_value_t = SeriesArg::Monthly)]
    pub series: SeriesArg,
    /// Further files.
    #[command(flatten)]
    pub more: MoreArgs,
    /// Go on until half the 95 % interval of a metric's mean is that narrow in every strategy, `--replications` at most
    /// (100,000 where left out).
    #[arg(long, value_name = "METRIC=X")]
    pub precision: Option<Precision>,
    /// Say what would run, and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// How it is carried out.
    #[command(flatten)]
    pub manner: MannerArgs,
}

/// Runs a scenario and writes the run directory.
pub fn run(args: &RunArgs, colour: Colour) -> Result<Exit, Failure> {
    let started = Instant::now();
    let scenario = args.what.open()?;
    output::stderr(&render(&scenario.warnings, colour.on_stderr()));
    let usual = match args.precision {
        Some(_) => PRECISION_REPLICATIONS,
        None => scenario.spec.run.replications,
    };
    let replications = args.what.replications.unwrap_or(usual);
    let mut manifest = experiment::manifest(&scenario, replications, env!("REPOWER_GIT_HASH"));
    if args.what.multilevel() {
        experiment::multilevel::identify(&mut manifest);
    }
    if args.dry_run {
        let out = place(args.out.as_deref(), &manifest);
        return args.manner.install(|| dry_run(&scenario, &manifest, &out))?;
    }
    extendable(&scenario, &manifest, args)?;
    if let Some(text) = precise_already(args, &manifest, &files(args, &scenario))? {
        args.manner.tell(&text);
        return Ok(Exit::Done);
    }
    let setup = args.manner.install(|| financed(&scenario))??;
    // From here on a signal means: stop in good order, with 75 or 130.
    let stop = Stop::install()?;
    let (out, writer) = opened(args.out.as_deref(), &manifest, files(args, &scenario))?;
    let Some(writer) = writer else {
        let text = format!("{} is complete already; nothing to do\n", out.display());
        args.manner.tell(&text);
        return Ok(Exit::Done);
    };
    let work = Work {
        scenario: &scenario,
        manifest,
        series: args.series,
        more: args.more,
        precision: args.precision,
        quiet: args.manner.quiet,
        stop: &stop,
    };
    match args.manner.install(|| work.carry_out(setup, writer))? {
        Ok(done) => {
            args.manner.tell(&closing(&done, started.elapsed().as_secs_f64()));
            if let Some(precision) = args.precision {
                let tables = &done.tables;
                let (reached, text) = precision.verdict(&tables.summary, tables.manifest.replications);
                if reached {
                    args.manner.tell(&format!("{text}\n"));
                } else {
                    output::stderr(&format!("warning: {text}\n"));
                }
            }
            Ok(Exit::Done)
        }
        Err(Ended::Stopped) => Ok(stopped(&stop, &out)),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

/// A design fixes the number of replications before they run: a Latin hypercube is another one with more of them, and neither
/// it nor a Sobol sequence can be stopped where its interval happens to be narrow.
fn extendable(scenario: &Scenario, manifest: &Manifest, args: &RunArgs) -> Result<(), Failure> {
    let design = scenario.spec.run.design;
    if design != Design::Plain && args.precision.is_some() {
        let message = format!(
            "`--precision` needs plain draws, and `run.design` is `{}`",
            design.as_str()
        );
        return Err(Failure::input(message));
    }
    let out = place(args.out.as_deref(), manifest);
    let standing = match read_manifest(&out) {
        Ok(standing) if design == Design::LatinHypercube => standing,
        _ => return Ok(()),
    };
    if standing.replications == manifest.replications || standing.scenario != manifest.scenario {
        return Ok(());
    }
    let message = format!(
        "`{}` holds {} replications of a Latin hypercube, which cannot be extended: every draw depends on their number",
        out.display(),
        standing.replications
    );
    Err(Failure::input(message).with_help("give another `--out`, or take `run.design = \"sobol\"`"))
}

/// The files that the run must have.
fn files(args: &RunArgs, scenario: &Scenario) -> Vec<String> {
    [args.series.files(), args.more.files(scenario)].concat()
}

/// What to say where the run stands there with everything asked for and is as narrow as asked for.
fn precise_already(args: &RunArgs, manifest: &Manifest, files: &[String]) -> Result<Option<String>, Failure> {
    let out = place(args.out.as_deref(), manifest);
    let Some(precision) = args.precision.filter(|_| out.join(MANIFEST).exists()) else {
        return Ok(None);
    };
    let reader = RunReader::open(&out)?;
    let found = reader.manifest();
    let has = |file: &String| found.outputs.contains_key(file);
    if found.run_id != manifest.run_id || !files.iter().all(has) {
        return Ok(None);
    }
    let (reached, text) = precision.verdict(&reader.figures()?.summary, found.replications);
    let said = || format!("{text}\n{} is complete already; nothing to do\n", out.display());
    Ok((reached && found.replications as usize >= LOOKS_FROM).then(said))
}

/// The place of a run, opened for writing; nothing to write where it is done.
pub(super) fn opened(
    out: Option<&Path>,
    manifest: &Manifest,
    files: Vec<String>,
) -> Result<(PathBuf, Option<RunWriter>), Failure> {
    let out = place(out, manifest);
    let request = RunRequest {
        dir: out.clone(),
        run_id: manifest.run_id.clone(),
        replications: manifest.replications,
        files,
    };
    Ok(match RunWriter::open(request)? {
        Opened::Done => (out, None),
        Opened::Write(writer) => (out, Some(*writer)),
    })
}

fn place(out: Option<&Path>, manifest: &Manifest) -> PathBuf {
    let usual = || {
        Path::new("outputs")
            .join(&manifest.scenario)
            .join(&manifest.run_id)
    };
    out.map_or_else(usual, Path::to_path_buf)
}

fn dry_run(scenario: &Scenario, manifest: &Manifest, out: &Path) -> Result<Exit, Failure> {
    let setup = financed(scenario)?;
    let strategies: Vec<&str> = manifest.strategies.iter().map(|s| s.id.as_str()).collect();
    let text = format!(
        "scenario      {}\nrun id        {}\nhorizon       {} months from {}\nstrategies    {}\nreplications  {}\nfidelity      {}\nwould write   {}\n{}",
        manifest.scenario,
        manifest.run_id,
        manifest.months.len(),
        scenario.spec.start,
        strategies.join(", "),
        manifest.replications,
        manifest.fidelity,
        out.display(),
        duration(scenario, setup, manifest.replications),
    );
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}

/// About how long the run may take, from one replication that is simulated and thrown away. Two more per strategy stand for
/// those that are simulated again with detail; the measure of the fidelity's error comes on top.
fn duration(scenario: &Scenario, setup: Option<Setup>, replications: u32) -> String {
    let clock = Instant::now();
    let setup = setup.unwrap_or_else(|| Setup::new(scenario));
    let prepared = clock.elapsed().as_secs_f64();
    let clock = Instant::now();
    let strategies = replicate_all(scenario, &setup, 0, None).len();
    let one = clock.elapsed().as_secs_f64();
    let threads = rayon::current_num_threads();
    let waves = f64::from(replications.div_ceil(threads as u32)) + 2.0;
    format!(
        "measured      {prepared:.2} s to prepare, {one:.2} s a replication of {strategies} strategies on one of {threads} threads\nmay take      about {:.0} s, without the check of the fidelity\n",
        (prepared + one * waves).ceil()
    )
}

/// What is told at the end of a run.
pub(super) fn closing(Done { dir, tables }: &Done, seconds: f64) -> String {
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
