//! `OpenDC` tasks, the form of the SURF traces: `id,submission_time,duration,cpu_count[,gpu_count]`, in
//! milliseconds since the Unix epoch. Stamps in place of the submission's milliseconds are read too: tables made of
//! the published Parquet files often have them.

use std::io::Read;

use super::rows::{Dropped, checked, gang};
use crate::workload::job::{Job, SECONDS_MAX, Trace};
use crate::workload::stamp::{CivilStamp, civil_of};
use crate::workload::text::{NUMBER_MAX, Table, TraceError, shown};

pub(super) const MARKS: &[&str] = &["id", "submission_time", "duration", "cpu_count"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (id, submit) = (table.column("id")?, table.column("submission_time")?);
    let (duration, cores) = (table.column("duration")?, table.column("cpu_count")?);
    let accelerators = table.optional("gpu_count")?;
    let gpus = accelerators.unwrap_or(cores);
    let (mut jobs, mut dropped) = (Vec::<Job>::new(), Dropped::default());
    while table.next_row()? {
        if accelerators.is_some() && (table.is_missing(gpus) || table.is_zero(gpus)) {
            dropped.count("tasks without GPUs");
            continue;
        }
        let at_s = submitted_s(&table, submit)?;
        let run_s = (milliseconds(&table, duration)? + 500).div_euclid(1_000);
        let job = checked(&table, Job::new(table.id(id)?, 0, gang(&table, gpus)?, run_s))?;
        jobs.push(Job {
            submit_s: at_s,
            ..job
        });
    }
    // Second zero is the earliest submission, not the first row's.
    let earliest = jobs.iter().map(|job| job.submit_s).min();
    for job in &mut jobs {
        job.submit_s -= earliest.unwrap_or(0);
    }
    if jobs.iter().any(|job| job.submit_s > SECONDS_MAX) {
        return Err(table.error_here("the submissions lie more than 68 years apart"));
    }
    let mut assumptions =
        vec!["times are milliseconds in UTC, rounded to seconds; every task is on demand".to_owned()];
    if accelerators.is_none() {
        assumptions.push("the table has no GPUs: one core is read as one GPU".to_owned());
    }
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let in_calendar = |s: &i64| (0..250_000_000_000).contains(s);
    let start = earliest.filter(in_calendar).and_then(civil_of);
    Ok(Trace::new(jobs, start, assumptions))
}

fn submitted_s<R: Read>(table: &Table<R>, column: usize) -> Result<i64, TraceError> {
    match CivilStamp::parse(table.field(column).trim()) {
        Some(stamp) => Ok(stamp.seconds_on(0)),
        None => Ok(milliseconds(table, column)?.div_euclid(1_000)),
    }
}

/// Whole milliseconds, which data frames may write as `1665093600000.0`.
fn milliseconds<R: Read>(table: &Table<R>, column: usize) -> Result<i64, TraceError> {
    let number = table.number(column)?;
    if number.abs() <= NUMBER_MAX as f64 {
        return Ok(number.floor() as i64);
    }
    let found = shown(table.field(column));
    Err(table.error(column, format!("expected milliseconds, found {found}")))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    #[test]
    fn milliseconds_become_seconds_from_the_earliest_submission() {
        let text = "id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n\
                    2133099,1665093600000,27930000,16,33600.0,100000\n2133098,1665093590000,1499,1,2100.0,100\n";
        let trace = read(text.as_bytes(), None, "tasks.csv").unwrap();
        assert_eq!(
            trace.jobs(),
            [Job::new(2_133_098, 0, 1, 1), Job::new(2_133_099, 10, 16, 27_930)]
        );
        assert_eq!(trace.start().unwrap().to_string(), "2022-10-06T21:59:50");
        assert!(
            trace
                .assumptions()
                .iter()
                .any(|a| a.contains("one core is read as one GPU"))
        );
    }

    #[test]
    fn stamps_and_numbers_of_data_frames_are_read_and_tasks_without_gpus_left_out() {
        let text = "gpu_count,id,submission_time,duration,cpu_count\n4.0,7,2022-10-06 22:00:00+00:00,60000.0,16\n\
                    ,8,2022-10-06 22:00:00+00:00,60000.0,16\n2,9,1665093601000.0,1000,1\n";
        let trace = read(text.as_bytes(), None, "tasks.csv").unwrap();
        assert_eq!(trace.jobs(), [Job::new(7, 0, 4, 60), Job::new(9, 1, 2, 1)]);
    }
}
