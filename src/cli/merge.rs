//! `repower merge`: the whole run from all its shards.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cli::exit::{Exit, Failure};
use crate::cli::run::{closing, opened};
use crate::cli::stop::Stop;
use crate::cli::work::{Ended, MannerArgs, MoreArgs, SeriesArg, Work, financed, stopped};
use crate::cli::{Colour, output};
use crate::experiment;
use crate::results::block::Shape;
use crate::results::shard::{Shard, ShardHead, complete};
use crate::scenario::Scenario;
use crate::scenario::diagnostic::render;
use crate::scenario::load::{LoadOptions, load};

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  repower merge shards/* --out outputs/all\n\nThe median replication of each strategy is simulated again for its months and hours, so the scenario and its data\nmust be there: as they were named to `repower shard`, or by `--scenario` and `--data`. That they are the same is checked."
)]
pub struct MergeArgs {
    /// All shards of one run, in any order.
    #[arg(required = true, value_name = "FILE")]
    pub shards: Vec<PathBuf>,
    /// Where the run goes. Default: `outputs/SCENARIO/RUN-ID`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The scenario file, where it is no longer where the shards found it.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The folder of data files, likewise.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Which series become files.
    #[arg(long, value_enum, default_value_t = SeriesArg::Monthly)]
    pub series: SeriesArg,
    /// Further files.
    #[command(flatten)]
    pub more: MoreArgs,
    /// How it is carried out.
    #[command(flatten)]
    pub manner: MannerArgs,
}

/// Makes a run directory from shards.
pub fn run(args: &MergeArgs, colour: Colour) -> Result<Exit, Failure> {
    let started = Instant::now();
    let shards: Result<Vec<Shard>, _> = args.shards.iter().map(|path| Shard::open(path)).collect();
    let shards = complete(shards?).map_err(|misfit| Failure::input(misfit.to_string()))?;
    let head = shards[0].head.clone();
    same_version(&head, &shards[0].path)?;
    let scenario = open(args, &head)?;
    output::stderr(&render(&scenario.warnings, colour.on_stderr()));
    let manifest = experiment::manifest(&scenario, head.replications, env!("REPOWER_GIT_HASH"));
    if manifest.run_id != head.run_id {
        let message = format!(
            "the shards are of run `{}`, but scenario and data make run `{}`: they have changed since",
            head.run_id, manifest.run_id
        );
        return Err(
            Failure::input(message).with_help("name those of the shards by `--scenario` and `--data`")
        );
    }
    for shard in &shards {
        shard.verify(Shape::of(&manifest))?;
    }
    let setup = args.manner.install(|| financed(&scenario))??;
    let stop = Stop::install()?;
    let files = [args.series.files(), args.more.files(&scenario)].concat();
    let (out, writer) = opened(args.out.as_deref(), &manifest, files)?;
    let Some(mut writer) = writer else {
        let text = format!("{} is complete already; nothing to do\n", out.display());
        args.manner.tell(&text);
        return Ok(Exit::Done);
    };
    for shard in shards {
        writer.give(shard.blocks);
    }
    let work = Work {
        scenario: &scenario,
        manifest,
        series: args.series,
        more: args.more,
        precision: None,
        quiet: args.manner.quiet,
        stop: &stop,
    };
    match args.manner.install(|| work.carry_out(setup, writer))? {
        Ok(done) => {
            args.manner.tell(&closing(&done, started.elapsed().as_secs_f64()));
            Ok(Exit::Done)
        }
        Err(Ended::Stopped) => Ok(stopped(&stop, &out)),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

fn same_version(head: &ShardHead, path: &Path) -> Result<(), Failure> {
    let own = (env!("CARGO_PKG_VERSION"), env!("REPOWER_GIT_HASH"));
    if (head.tool_version.as_str(), head.git_hash.as_str()) == own {
        return Ok(());
    }
    let (version, hash) = (&head.tool_version, &head.git_hash);
    Err(Failure::input(format!(
        "`{}` was made by version {version} ({hash}), and this is {} ({}): merge with the version that made it",
        path.display(),
        own.0,
        own.1
    )))
}

fn open(args: &MergeArgs, head: &ShardHead) -> Result<Scenario, Failure> {
    let options = LoadOptions {
        data: args.data.clone().or_else(|| head.data.clone()),
        set: head.set.clone(),
        strategies: head.strategies.clone(),
    };
    let path = args.scenario.as_deref().or(head.scenario.as_deref());
    Ok(load(path, &options)?)
}
