//! What the readers of tables share: fields of a job with their limits, and the count of what was left out.

use std::io::Read;

use crate::workload::job::{GPUS_MAX, Job, SECONDS_MAX};
use crate::workload::text::{Table, TraceError, shown};

/// Rows left out, by reason, in the order in which the reasons first came up.
#[derive(Debug, Default)]
pub(super) struct Dropped(Vec<(&'static str, u64)>);

impl Dropped {
    pub(super) fn count(&mut self, reason: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.0.push((reason, 1)),
        }
    }
    /// Says what was left out.
    pub(super) fn report(&self, assumptions: &mut Vec<String>) {
        for (reason, count) in &self.0 {
            assumptions.push(format!("{count} rows left out: {reason}"));
        }
    }
}

/// A checked job of the row, or the row's error.
pub(super) fn checked<R: Read>(table: &Table<R>, job: Job) -> Result<Job, TraceError> {
    match job.problem() {
        Some(problem) => Err(table.error_here(format!("impossible job: {problem}"))),
        None => Ok(job),
    }
}

/// The gang size of the row: a whole number of at least one.
pub(super) fn gang<R: Read>(table: &Table<R>, column: usize) -> Result<u32, TraceError> {
    let gpus = table.integer(column)?;
    let found = || shown(table.field(column));
    match u32::try_from(gpus) {
        Ok(0) | Err(_) => Err(table.error(column, format!("expected at least 1 GPU, found {}", found()))),
        Ok(gpus) if gpus > GPUS_MAX => {
            Err(table.error(column, format!("more GPUs than a job may hold: {}", found())))
        }
        Ok(gpus) => Ok(gpus),
    }
}

/// A length of time of the row that must not be negative.
pub(super) fn length<R: Read>(table: &Table<R>, column: usize) -> Result<i64, TraceError> {
    let seconds = table.seconds(column)?;
    if (0..=SECONDS_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    let found = shown(table.field(column));
    Err(table.error(
        column,
        format!("expected between 0 and {SECONDS_MAX} s, found {found}"),
    ))
}
