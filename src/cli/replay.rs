//! `repower replay`: one job trace on one cluster, printed as `key=value` on one line or exactly as JSON.

mod nodes;
mod options;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use thiserror::Error;

use crate::workload::job::{GPUS_MAX, Trace};
use crate::workload::replay::{CapacityChange, Cluster, Outcome, replay_on};
use crate::workload::scheduler::{
    Conservative, Easy, Fcfs, Finished, Layout, LayoutError, Observer, Policy, Priority, Sjf,
};
use crate::workload::trace::{self, TraceError, TraceFormat};
use crate::workload::waits::Waits;

pub use nodes::{NodeArgs, PlacementArg};
pub use options::{PolicyArg, PreemptionArg, QueueArgs};

/// Arguments of `repower replay`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  repower replay jobs.csv --gpus 2048 --policy easy")]
pub struct ReplayArgs {
    /// The job trace, in a format of `--format`
    pub trace: PathBuf,
    /// GPUs of the cluster; with `--capacity`, until the first change
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus: u32,
    /// Policy, run times, quotas, kills and place
    #[command(flatten)]
    pub queue: QueueArgs,
    /// Nodes
    #[command(flatten)]
    pub nodes: NodeArgs,
    /// A table `t_s,gpus` of changes of the number of GPUs over the trace's time
    #[arg(long, value_name = "FILE")]
    pub capacity: Option<PathBuf>,
    /// The trace's format; guessed from its header if absent
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<TraceFormat>,
    /// Write `job_id,start_s` of every job here, in the order of the queue (the last start of killed jobs)
    #[arg(long, value_name = "FILE")]
    pub starts: Option<PathBuf>,
    /// Print exact values as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn parse_format(text: &str) -> Result<TraceFormat, String> {
    TraceFormat::parse(text).ok_or_else(|| {
        let known: Vec<&str> = TraceFormat::ALL.iter().map(|format| format.as_str()).collect();
        format!("known formats: {}", known.join(", "))
    })
}

/// Why a replay was refused or failed.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The trace or the capacity table is malformed.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A named input is absent.
    #[error("`{path}` could not be opened: {source}")]
    Open {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A job cannot ever run.
    #[error("{trace}: job {id} needs {needs} GPUs, but the cluster never has more than {gpus}")]
    TooLarge {
        /// The trace.
        trace: String,
        /// The first such job.
        id: u64,
        /// What it needs.
        needs: u32,
        /// What there is.
        gpus: u32,
    },
    /// There is nothing to replay.
    #[error("{trace} holds no jobs; is `--format` right?")]
    NoJobs {
        /// The trace.
        trace: String,
    },
    /// The nodes make no cluster.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A job can never stand on nodes of one kind.
    #[error("{trace}: job {id} needs {needs} GPUs, but the largest group of equal nodes has {gpus}")]
    TooLargeForNodes {
        /// The trace.
        trace: String,
        /// The first such job.
        id: u64,
        /// What it needs.
        needs: u32,
        /// What the largest group has.
        gpus: u32,
    },
    /// A quota names somebody of whom the trace knows nothing.
    #[error("a quota names tenant `{tenant}`, but the trace has no such tenant; it has: {known}")]
    Tenant {
        /// The tenant.
        tenant: String,
        /// Tenants of the trace.
        known: String,
    },
    /// The starts could not be written.
    #[error("`{path}` could not be written: {source}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl ReplayError {
    /// The documented exit code: 2 for wrong input, 3 for failed reading and writing.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Trace(TraceError::Io { .. }) | Self::Write { .. } => 3,
            Self::Open { source, .. } if source.kind() != std::io::ErrorKind::NotFound => 3,
            _ => 2,
        }
    }
}

/// What `replay` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Jobs of the trace.
    pub jobs: u64,
    /// The last end, in seconds on the trace's clock.
    pub makespan_s: i64,
    /// Mean wait of the jobs that ran to their end, in seconds.
    pub mean_wait_s: f64,
    /// Median wait, in seconds.
    pub p50_wait_s: f64,
    /// 95th percentile of the wait, in seconds.
    pub p95_wait_s: f64,
    /// 99th percentile of the wait, in seconds.
    pub p99_wait_s: f64,
    /// GPU-seconds used over capacity integrated from 0 to the makespan.
    pub utilisation: f64,
    /// Submissions and ends handled.
    pub events: u64,
    /// Time of the replay without reading and writing, in seconds.
    pub wall_s: f64,
    /// Jobs that ran to their end.
    pub finished: u64,
    /// Kills by lost capacity.
    pub killed: u64,
    /// Work lost by kills, in GPU-seconds.
    pub lost_gpu_s: f64,
    /// Jobs that could not end, because the cluster became too small for them.
    pub stranded: u64,
    /// Times that a reserved job had others killed in order to start.
    pub preempting: u64,
    /// Jobs larger than their tenant's quota.
    pub over_quota: u64,
    /// Jobs that must stay elsewhere.
    pub abroad: u64,
    /// Jobs killed for good at their estimate.
    pub time_limit: u64,
    /// Jobs with a deadline.
    pub deadlines: u64,
    /// Of these, those that ended after it or never.
    pub deadlines_missed: u64,
    /// Mean share of dynamic power of the GPUs held.
    pub power_share: f64,
    /// GPU-seconds free while the first in the queue needed no more, but could not stand on their nodes.
    pub fragmented_gpu_s: f64,
    /// The same as a share of the capacity.
    pub fragmentation: f64,
}

impl Summary {
    fn new(outcome: &Outcome, jobs: usize, waits: &mut Waits, capacity_gpu_s: i128, wall_s: f64) -> Self {
        let [p50_wait_s, p95_wait_s, p99_wait_s] = waits.quantiles_s([0.5, 0.95, 0.99]);
        let used = outcome.usage.busy_total_gpu_s();
        let share = |gpu_s: i128| {
            if capacity_gpu_s > 0 {
                gpu_s as f64 / capacity_gpu_s as f64
            } else {
                0.0
            }
        };
        Self {
            jobs: jobs as u64,
            makespan_s: outcome.makespan_s,
            mean_wait_s: waits.mean_s(),
            p50_wait_s,
            p95_wait_s,
            p99_wait_s,
            utilisation: share(used),
            events: outcome.events,
            wall_s,
            finished: outcome.usage.finished,
            killed: outcome.usage.killed,
            lost_gpu_s: outcome.usage.lost_gpu_s(),
            stranded: outcome.stranded,
            preempting: outcome.usage.preempting,
            over_quota: outcome.usage.over_quota,
            abroad: outcome.usage.abroad,
            time_limit: outcome.usage.time_limit,
            deadlines: outcome.usage.deadlines,
            deadlines_missed: outcome.usage.deadlines_missed,
            power_share: outcome.usage.power_share(),
            fragmented_gpu_s: outcome.usage.fragmented_gpu_s as f64,
            fragmentation: share(outcome.usage.fragmented_gpu_s),
        }
    }

    /// The line of `key=value`; kills, stranded jobs and the like are added where there are any.
    pub fn line(&self) -> String {
        let mut line = format!(
            "jobs={} makespan_s={} mean_wait_s={:.3} p50_wait_s={:.3} p95_wait_s={:.3} p99_wait_s={:.3} \
             utilisation={:.3} events={} wall_s={:.3}",
            self.jobs,
            self.makespan_s,
            self.mean_wait_s,
            self.p50_wait_s,
            self.p95_wait_s,
            self.p99_wait_s,
            self.utilisation,
            self.events,
            self.wall_s
        );
        if self.killed > 0 || self.stranded > 0 {
            let _ = write!(line, " killed={} lost_gpu_s={:.3}", self.killed, self.lost_gpu_s);
            let _ = write!(line, " stranded={}", self.stranded);
        }
        let counts = [
            ("preempting", self.preempting),
            ("over_quota", self.over_quota),
            ("abroad", self.abroad),
            ("time_limit", self.time_limit),
            ("deadlines", self.deadlines),
        ];
        for (key, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let _ = write!(line, " {key}={count}");
        }
        if self.deadlines > 0 {
            let _ = write!(line, " deadlines_missed={}", self.deadlines_missed);
        }
        if self.fragmented_gpu_s > 0.0 {
            let _ = write!(line, " fragmented_gpu_s={:.3}", self.fragmented_gpu_s);
            let _ = write!(line, " fragmentation={:.3}", self.fragmentation);
        }
        if self.power_share < 1.0 {
            let _ = write!(line, " power_share={:.3}", self.power_share);
        }
        line
    }
}

/// Replays a trace and prints the summary to `out`, what the reader assumed to `notes`.
pub fn run(args: &ReplayArgs, out: &mut impl Write, notes: &mut impl Write) -> Result<(), ReplayError> {
    let mut trace = open(&args.trace, |file, name| trace::read(file, args.format, name))?;
    let changes = match &args.capacity {
        Some(path) => open(path, trace::read_capacity)?,
        None => Vec::new(),
    };
    let gpus_max = changes
        .iter()
        .map(|change| change.gpus)
        .chain([args.gpus])
        .max()
        .unwrap_or(args.gpus);
    let layout = args.nodes.layout(gpus_max)?;
    refuse_too_large(&trace, args, gpus_max, layout.as_ref())?;
    let quotas = args.queue.quotas(trace.tenants())?;
    args.queue.estimate(&mut trace);
    let cluster = Cluster {
        settings: args.queue.settings(&trace, args.gpus, gpus_max),
        quotas,
        layout,
    };
    let on_nodes = cluster.layout.is_some();
    let mut seen = Seen {
        waits: Waits::with_capacity(trace.jobs().len()),
        starts: args.starts.as_ref().map(|_| Vec::new()),
    };
    let begin = Instant::now();
    let outcome = simulate(args.queue.policy, &trace, cluster, &changes, &mut seen);
    let wall_s = begin.elapsed().as_secs_f64();
    let capacity_gpu_s = if on_nodes {
        // Only whole nodes serve, so the pool itself knows best what there was.
        outcome.usage.capacity_gpu_s
    } else {
        capacity_integral(args.gpus, &changes, outcome.makespan_s)
    };
    let summary = Summary::new(
        &outcome,
        trace.jobs().len(),
        &mut seen.waits,
        capacity_gpu_s,
        wall_s,
    );
    if let (Some(path), Some(starts)) = (&args.starts, seen.starts) {
        let shown = path.display().to_string();
        write_starts(path, starts).map_err(|source| ReplayError::Write { path: shown, source })?;
    }
    for assumption in trace.assumptions() {
        let _ = writeln!(notes, "note: {assumption}");
    }
    let text = if args.json {
        exact(&summary)
    } else {
        summary.line()
    };
    writeln!(out, "{text}").map_err(|source| ReplayError::Write {
        path: "stdout".to_owned(),
        source,
    })
}

fn simulate(
    policy: PolicyArg,
    trace: &Trace,
    queue: Cluster,
    changes: &[CapacityChange],
    seen: &mut Seen,
) -> Outcome {
    fn by<P: Policy>(trace: &Trace, queue: Cluster, changes: &[CapacityChange], seen: &mut Seen) -> Outcome {
        replay_on::<P, _>(trace.jobs(), queue, changes, seen)
    }
    match policy {
        PolicyArg::Fcfs => by::<Fcfs>(trace, queue, changes, seen),
        PolicyArg::Easy => by::<Easy>(trace, queue, changes, seen),
        PolicyArg::Conservative => by::<Conservative>(trace, queue, changes, seen),
        PolicyArg::Sjf => by::<Sjf>(trace, queue, changes, seen),
        PolicyArg::Priority => by::<Priority>(trace, queue, changes, seen),
    }
}

fn exact(summary: &Summary) -> String {
    serde_json::to_string(summary).expect("a summary holds finite numbers only")
}

fn open<T>(path: &Path, read: impl FnOnce(File, &str) -> Result<T, TraceError>) -> Result<T, ReplayError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|source| ReplayError::Open {
        path: shown.clone(),
        source,
    })?;
    Ok(read(file, &shown)?)
}

fn refuse_too_large(
    trace: &Trace,
    args: &ReplayArgs,
    gpus: u32,
    layout: Option<&Layout>,
) -> Result<(), ReplayError> {
    let largest_gang = layout.map_or(gpus, Layout::largest_gang);
    if largest_gang < gpus
        && let Some(job) = trace.jobs().iter().find(|job| job.gpus > largest_gang)
    {
        return Err(ReplayError::TooLargeForNodes {
            trace: args.trace.display().to_string(),
            id: job.id,
            needs: job.gpus,
            gpus: largest_gang,
        });
    }
    if trace.jobs().is_empty() {
        return Err(ReplayError::NoJobs {
            trace: args.trace.display().to_string(),
        });
    }
    match trace.jobs().iter().find(|job| job.gpus > gpus) {
        Some(job) => Err(ReplayError::TooLarge {
            trace: args.trace.display().to_string(),
            id: job.id,
            needs: job.gpus,
            gpus,
        }),
        None => Ok(()),
    }
}

/// Capacity integrated from 0 to the makespan, in GPU-seconds.
fn capacity_integral(gpus: u32, changes: &[CapacityChange], makespan_s: i64) -> i128 {
    let (mut total, mut since, mut now) = (0i128, 0, gpus);
    for change in changes {
        let until = change.at_s.clamp(since, makespan_s.max(since));
        total += i128::from(now) * i128::from(until - since);
        (since, now) = (until, change.gpus);
    }
    total + i128::from(now) * i128::from((makespan_s - since).max(0))
}

/// Waits, and starts if they are asked for.
struct Seen {
    waits: Waits,
    starts: Option<Vec<(i64, u64, i64)>>,
}

impl Observer for Seen {
    fn finished(&mut self, finished: &Finished) {
        self.waits.push(finished.waited);
        if let Some(starts) = &mut self.starts {
            starts.push((finished.job.submit_s, finished.job.id, finished.start.as_unix_s()));
        }
    }
}

fn write_starts(path: &Path, mut starts: Vec<(i64, u64, i64)>) -> std::io::Result<()> {
    starts.sort_unstable();
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "job_id,start_s")?;
    for (_, id, start) in starts {
        writeln!(file, "{id},{start}")?;
    }
    file.flush()
}
