//! Submissions by civil stamps, with or without an offset from UTC: from the file's clock to seconds from the
//! earliest submission.

use std::io::Read;

use jiff::civil::DateTime;

use crate::workload::job::{Job, SECONDS_MAX};
use crate::workload::stamp::{CivilStamp, civil_of};
use crate::workload::text::{Table, TraceError, shown};

/// Jobs whose submissions are stamps on one clock: that of the first row.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    jobs: Vec<Job>,
    clock_s: Option<i64>,
    first_s: Option<i64>,
}

impl Stamped {
    /// Adds a job, submitted at the stamp.
    pub(super) fn add(&mut self, stamp: CivilStamp, job: Job) {
        let clock_s = *self.clock_s.get_or_insert(stamp.offset_s.unwrap_or(0));
        let submit_s = stamp.seconds_on(clock_s);
        self.first_s = Some(self.first_s.map_or(submit_s, |first| first.min(submit_s)));
        self.jobs.push(Job { submit_s, ..job });
    }

    /// The jobs in seconds from the earliest submission, and its civil time; `Err` says what is wrong.
    pub(super) fn finish(mut self) -> Result<(Vec<Job>, Option<DateTime>), &'static str> {
        let zero_s = self.first_s.unwrap_or(0);
        for job in &mut self.jobs {
            job.submit_s -= zero_s;
        }
        if self.jobs.iter().any(|job| job.submit_s > SECONDS_MAX) {
            return Err("the submissions lie more than 68 years apart");
        }
        Ok((self.jobs, self.first_s.and_then(civil_of)))
    }
}

/// The stamp in a field of the row.
pub(super) fn stamp_of<R: Read>(table: &Table<R>, column: usize) -> Result<CivilStamp, TraceError> {
    CivilStamp::parse(table.field(column).trim()).ok_or_else(|| {
        let found = shown(table.field(column));
        let message = format!("expected a time such as `2017-10-09 07:01:55`, found {found}");
        table.error(column, message)
    })
}
