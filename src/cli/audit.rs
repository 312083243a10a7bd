//! `repower audit`: what is wrong or doubtful in a job trace before it is replayed.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::replay::{ReplayError, parse_format};
use crate::workload::audit::Audit;
use crate::workload::job::GPUS_MAX;
use crate::workload::trace::{self, TraceFormat};

/// Arguments of `repower audit`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  repower audit jobs.csv --gpus 2048 --gpus-per-node 8\n\nExits with 1 where errors are found, with 0 where there are only doubts."
)]
pub struct AuditArgs {
    /// The job trace, in a format of `--format`
    pub trace: PathBuf,
    /// GPUs of the cluster
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus: u32,
    /// GPUs of a node; several types apart by commas
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus_per_node: Vec<u32>,
    /// The trace's format; guessed from its header if absent
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<TraceFormat>,
    /// Print everything as JSON, the load of every day included
    #[arg(long)]
    pub json: bool,
}

/// Audits a trace and prints a line of figures and one for each finding to `out`. Says whether the trace can be
/// replayed: the command exits with 1 where it cannot.
pub fn run(args: &AuditArgs, out: &mut impl Write) -> Result<bool, ReplayError> {
    let shown = args.trace.display().to_string();
    let file = File::open(&args.trace).map_err(|source| ReplayError::Open {
        path: shown.clone(),
        source,
    })?;
    let trace = trace::read(file, args.format, &shown)?;
    let audit = Audit::new(&trace, args.gpus, &args.gpus_per_node);
    let text = if args.json { json(&audit) } else { text(&audit) };
    let written = out.write_all(text.as_bytes());
    written.map_err(|source| ReplayError::Write {
        path: "stdout".to_owned(),
        source,
    })?;
    Ok(!audit.has_errors())
}

fn json(audit: &Audit) -> String {
    let text = serde_json::to_string_pretty(audit).expect("an audit holds finite numbers only");
    text + "\n"
}

fn text(audit: &Audit) -> String {
    let highest = audit
        .offered_load_by_day
        .iter()
        .map(|day| day.load)
        .fold(0.0, f64::max);
    let mut text = format!(
        "jobs={} days={:.3} gpus_max={} peak_gpus={} offered_load={:.3} offered_load_day_max={highest:.3}\n",
        audit.jobs, audit.days, audit.gpus_max, audit.peak_gpus, audit.offered_load
    );
    for finding in &audit.findings {
        let _ = writeln!(text, "{}: {}", finding.gravity.as_str(), finding.message);
    }
    text
}
