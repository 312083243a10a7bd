//! `repower audit`: what is wrong or doubtful in a job trace before it is replayed.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::replay::{ReplayError, parse_format};
use crate::workload::audit::{Audit, Gravity};
use crate::workload::job::GPUS_MAX;
use crate::workload::trace::{self, TraceFormat};

/// Arguments of `repower audit`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  repower audit jobs.csv --gpus 2048")]
pub struct AuditArgs {
    /// The job trace, in a format of `--format`
    pub trace: PathBuf,
    /// GPUs of the cluster
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus: u32,
    /// GPUs of a node
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(GPUS_MAX)))]
    pub gpus_per_node: Option<u32>,
    /// The trace's format; guessed from its header if absent
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<TraceFormat>,
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
    let audit = Audit::new(&trace, args.gpus, args.gpus_per_node);
    let highest = audit.offered_load_by_day.iter().copied().fold(0.0, f64::max);
    let mut text = format!(
        "jobs={} days={:.3} gpus_max={} offered_load={:.3} offered_load_day_max={highest:.3}\n",
        audit.jobs,
        audit.days,
        trace.gpus_max(),
        audit.offered_load
    );
    for finding in &audit.findings {
        let word = match finding.gravity {
            Gravity::Note => "note",
            Gravity::Doubt => "doubt",
            Gravity::Error => "error",
        };
        let _ = writeln!(text, "{word}: {}", finding.message);
    }
    let written = out.write_all(text.as_bytes());
    written.map_err(|source| ReplayError::Write {
        path: "stdout".to_owned(),
        source,
    })?;
    Ok(!audit.has_errors())
}
