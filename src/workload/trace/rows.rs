//! What the readers of tables share: fields of a job with their limits, and the count of what was left out.

use std::io::Read;

use super::stamps::stamp_of;
use crate::workload::job::{GPUS_MAX, Job, SECONDS_MAX};
use crate::workload::labels::{LABELS_MAX, Labels, NONE};
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

/// Whose jobs they are, by words of the file.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    labels: Labels,
    beyond: u64,
}

impl Tenants {
    /// The number of a word.
    pub(super) fn word(&mut self, word: &str) -> u16 {
        let number = self.labels.intern(word.trim());
        self.beyond += u64::from(number.is_none());
        number.unwrap_or(NONE)
    }
    /// The number of the word in a field of the row, where there is such a column.
    pub(super) fn of<R: Read>(&mut self, table: &Table<R>, column: Option<usize>) -> u16 {
        match column.filter(|column| !table.is_missing(*column)) {
            Some(column) => self.word(table.field(column)),
            None => NONE,
        }
    }
    /// The words; says out of which column they are.
    pub(super) fn finish(self, column: &str, assumptions: &mut Vec<String>) -> Labels {
        if !self.labels.is_empty() {
            assumptions.push(format!("tenants are those of `{column}`: {}", self.labels.len()));
        }
        if self.beyond > 0 {
            assumptions.push(format!(
                "{} jobs of tenants beyond {LABELS_MAX} have none",
                self.beyond
            ));
        }
        self.labels
    }
}

/// Jobs that did not come to a good end.
#[derive(Debug, Default)]
pub(super) struct Ended(u64);

impl Ended {
    /// Counts the job of the row by its state.
    pub(super) fn count<R: Read>(&mut self, table: &Table<R>, state: Option<usize>) {
        let well = |column: usize| {
            matches!(
                table.field(column).trim(),
                "COMPLETED" | "Terminated" | "Succeeded"
            )
        };
        self.0 += u64::from(state.is_some_and(|column| !well(column)));
    }
    /// Says how many there were.
    pub(super) fn report(&self, assumptions: &mut Vec<String>) {
        if self.0 > 0 {
            assumptions.push(format!(
                "{} jobs did not complete (failed, cancelled, timed out); they run as long as they did",
                self.0
            ));
        }
    }
}

/// The seconds from one stamp of the row to another; `None` where one is missing.
pub(super) fn span<R: Read>(
    table: &Table<R>,
    start: Option<usize>,
    end: Option<usize>,
) -> Result<Option<i64>, TraceError> {
    let present = |column: Option<usize>| column.filter(|column| !table.is_missing(*column));
    let Some((start, end)) = present(start).zip(present(end)) else {
        return Ok(None);
    };
    let run_s = stamp_of(table, end)?.seconds_on(0) - stamp_of(table, start)?.seconds_on(0);
    if run_s < 0 {
        return Err(table.error(end, "the job ends before it starts"));
    }
    Ok(Some(run_s))
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
    let whole = table
        .number(column)
        .ok()
        .filter(|gpus| gpus.fract() == 0.0 && gpus.abs() < 1e15);
    // Data frames write whole numbers as `8.0`.
    let gpus = whole.map_or_else(|| table.integer(column), |gpus| Ok(gpus as i64))?;
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
