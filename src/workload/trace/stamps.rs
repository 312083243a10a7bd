//! Submissions by civil stamps, with or without an offset from UTC: from the file's clock to seconds from the
//! earliest submission.

use std::io::Read;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::text::{Table, TraceError, shown};
use crate::workload::job::{Job, SECONDS_MAX};

/// Jobs whose submissions are stamps on one clock.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    jobs: Vec<Job>,
    first: Option<DateTime>,
    /// The offset of the first row, which is taken as the trace's zone.
    offset_s: Option<i64>,
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Stamped {
    /// Adds a job, submitted at the stamp in `column`.
    pub(super) fn add<R: Read>(
        &mut self,
        table: &Table<R>,
        column: usize,
        job: Job,
    ) -> Result<(), TraceError> {
        let Some((civil, offset_s)) = parse(table.field(column).trim()) else {
            let found = shown(table.field(column));
            let message = format!("expected a time such as `2017-10-09 07:01:55`, found {found}");
            return Err(table.error(column, message));
        };
        let zone_s = *self.offset_s.get_or_insert(offset_s);
        let civil = civil.checked_add(SignedDuration::from_secs(zone_s - offset_s));
        let civil = civil.map_err(|_| table.error(column, "the time lies outside the calendar"))?;
        self.first = Some(self.first.map_or(civil, |first| first.min(civil)));
        let submit_s = civil.duration_since(EPOCH).as_secs();
        self.jobs.push(Job { submit_s, ..job });
        Ok(())
    }

    /// The jobs in seconds from the earliest submission, and its civil time.
    pub(super) fn finish<R: Read>(
        mut self,
        table: &Table<R>,
    ) -> Result<(Vec<Job>, Option<DateTime>), TraceError> {
        let zero = self
            .first
            .map_or(0, |first| first.duration_since(EPOCH).as_secs());
        for job in &mut self.jobs {
            job.submit_s -= zero;
        }
        if self.jobs.iter().any(|job| job.submit_s > SECONDS_MAX) {
            return Err(table.error_here("the submissions lie more than 68 years apart"));
        }
        Ok((self.jobs, self.first))
    }
}

/// A civil time and its offset from UTC in seconds; stamps without an offset have 0.
fn parse(text: &str) -> Option<(DateTime, i64)> {
    let (civil, zone) = (text.get(..19)?, text.get(19..)?);
    let civil: DateTime = civil.parse().ok()?;
    if zone.is_empty() {
        return Some((civil, 0));
    }
    let instant: Timestamp = text.parse().ok()?;
    let offset_s = civil.duration_since(EPOCH).as_secs() - instant.as_second();
    Some((civil, offset_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_and_nonsense_is_not() {
        let civil: DateTime = "2023-03-01T00:18:22".parse().unwrap();
        assert_eq!(parse("2023-03-01 00:18:22+08:00"), Some((civil, 8 * 3_600)));
        assert_eq!(parse("2023-03-01 00:18:22"), Some((civil, 0)));
        for bad in [
            "",
            "2023-03-01",
            "2023-02-30 00:00:00",
            "2023-03-01 00:18:22+99:00",
            "2023-03-01 00:18:22 x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
