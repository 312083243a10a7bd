//! `repower shard`: one share of an experiment, for one of many machines.

use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::progress::Progress;
use crate::cli::stop::Stop;
use crate::cli::work::{Ended, MannerArgs, QuietPanics, ScenarioArgs, financed, stopped};
use crate::cli::{Colour, output};
use crate::experiment::{self, Plan};
use crate::results::Error;
use crate::results::block::Shape;
use crate::results::directory::{Opened, RunRequest, RunWriter};
use crate::results::shard::{SHARDS_MAX, Shard, ShardHead, write_shard};
use crate::results::tables::Manifest;
use crate::scenario::Scenario;
use crate::scenario::diagnostic::render;
use crate::sim::Setup;

/// Arguments of `shard`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower shard my.toml --replications 10000 --index 0 --of 16 --out shards/0\n  repower merge shards/* --out outputs/all"
)]
pub struct ShardArgs {
    /// What is simulated; the same for all shards.
    #[command(flatten)]
    pub what: ScenarioArgs,
    /// Which share, from 0.
    #[arg(long, value_name = "I")]
    pub index: u32,
    /// Of how many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SHARDS_MAX)))]
    pub of: u32,
    /// The file to write; what an interrupted attempt has done stands beside it, in `FILE.partial`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// How it is carried out.
    #[command(flatten)]
    pub manner: MannerArgs,
}

/// Simulates a share and writes its file.
pub fn run(args: &ShardArgs, colour: Colour) -> Result<Exit, Failure> {
    if args.index >= args.of {
        let message = format!(
            "`--index {}` is not below `--of {}`: shards count from 0",
            args.index, args.of
        );
        return Err(Failure::input(message));
    }
    if args.what.multilevel() {
        let message = "`--fidelity multilevel` cannot be cut into shards: its finest level depends on all of the others";
        return Err(Failure::input(message));
    }
    let scenario = args.what.open()?;
    output::stderr(&render(&scenario.warnings, colour.on_stderr()));
    let replications = args.what.replications.unwrap_or(scenario.spec.run.replications);
    let manifest = experiment::manifest(&scenario, replications, env!("REPOWER_GIT_HASH"));
    let head = head(args, &manifest);
    if args.out.exists() {
        return done_before(args, &head);
    }
    let setup = args.manner.install(|| financed(&scenario))??;
    let stop = Stop::install()?;
    let request = RunRequest {
        dir: args.out.clone(),
        run_id: head.run_id.clone(),
        replications,
        files: Vec::new(),
    };
    let writer = match RunWriter::open(request) {
        Ok(Opened::Write(writer)) => *writer,
        Ok(Opened::Done) => return Ok(Exit::Done),
        // An attempt that was given up may still be dying: whoever starts shards tries again.
        Err(error @ Error::Taken { .. }) => {
            output::stderr(&format!("{error}; try again later\n"));
            return Ok(Exit::Stopped);
        }
        Err(error) => return Err(error.into()),
    };
    let share = Share {
        args,
        scenario: &scenario,
        head: &head,
        shape: Shape::of(&manifest),
        stop: &stop,
    };
    match args.manner.install(|| share.carry_out(setup, writer))? {
        Ok(simulated) => {
            let (index, of, path) = (head.index, head.of, args.out.display());
            args.manner.tell(&format!(
                "shard {index} of {of}: {simulated} replications simulated, {path}\n"
            ));
            Ok(Exit::Done)
        }
        Err(Ended::Stopped) => Ok(stopped(&stop, &args.out)),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn head(args: &ShardArgs, manifest: &Manifest) -> ShardHead {
    let options = args.what.options();
    ShardHead {
        tool_version: manifest.tool_version.clone(),
        git_hash: manifest.git_hash.clone(),
        run_id: manifest.run_id.clone(),
        replications: manifest.replications,
        index: args.index,
        of: args.of,
        scenario: args.what.scenario.clone(),
        data: options.data,
        set: options.set,
        strategies: options.strategies,
    }
}

/// The file is there: right if it is this shard, whole; another's place otherwise.
fn done_before(args: &ShardArgs, head: &ShardHead) -> Result<Exit, Failure> {
    let found = Shard::open(&args.out)?.head;
    let same = |h: &ShardHead| {
        (
            h.run_id.clone(),
            h.git_hash.clone(),
            h.replications,
            h.index,
            h.of,
        )
    };
    if same(&found) != same(head) {
        let message = format!(
            "`{}` is shard {} of {} of run `{}`; choose another `--out` or remove it",
            args.out.display(),
            found.index,
            found.of,
            found.run_id
        );
        return Err(Failure::io(message));
    }
    args.manner.tell(&format!(
        "{} is complete already; nothing to do\n",
        args.out.display()
    ));
    Ok(Exit::Done)
}

struct Share<'a> {
    args: &'a ShardArgs,
    scenario: &'a Scenario,
    head: &'a ShardHead,
    shape: Shape,
    stop: &'a Stop,
}

impl Share<'_> {
    fn carry_out(&self, setup: Option<Setup>, writer: RunWriter) -> Result<u32, Ended> {
        let _quiet_panics = QuietPanics::install();
        let setup = setup.unwrap_or_else(|| Setup::new(self.scenario));
        let plan = Plan {
            blocks: self.head.blocks(),
            collect: false,
            ..Plan::whole(self.shape, self.head.replications)
        };
        let due = plan.due();
        let progress = Progress::new(self.args.manner.quiet, due, self.stop.clone());
        let store = writer.blocks(self.shape);
        let outcome = experiment::simulate(self.scenario, &setup, &plan, &store, &progress)?;
        progress.finish();
        write_shard(&self.args.out, self.head, &writer, self.shape)?;
        writer.abandon()?;
        Ok(outcome.simulated)
    }
}
