//! `OpenDC` tasks, the form of the SURF traces: `id,submission_time,duration,cpu_count[,gpu_count]`, in
//! milliseconds since the Unix epoch.

use std::io::Read;

use super::rows::{Dropped, checked, gang};
use crate::time::{Calendar, SimTime};
use crate::workload::job::{Job, SECONDS_MAX, Trace};
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["id", "submission_time", "duration", "cpu_count"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (id, submit) = (table.column("id")?, table.column("submission_time")?);
    let (duration, cores) = (table.column("duration")?, table.column("cpu_count")?);
    let accelerators = table.optional("gpu_count")?;
    let gpus = accelerators.unwrap_or(cores);
    let (mut jobs, mut dropped) = (Vec::<Job>::new(), Dropped::default());
    let mut zero_s = None;
    while table.next_row()? {
        if accelerators.is_some() && matches!(table.field(gpus).trim(), "" | "0") {
            dropped.count("tasks without GPUs");
            continue;
        }
        let number = table.id(id)?;
        let at_s = table.integer(submit)?.div_euclid(1_000);
        let zero: i64 = *zero_s.get_or_insert(at_s);
        let run_s = (table.integer(duration)? + 500).div_euclid(1_000);
        let far = at_s
            .checked_sub(zero)
            .is_none_or(|apart| apart.abs() > SECONDS_MAX);
        if far {
            return Err(table.error(submit, "the submissions lie more than 68 years apart"));
        }
        jobs.push(checked(
            &table,
            Job::new(number, at_s - zero, gang(&table, gpus)?, run_s),
        )?);
    }
    // Second zero is the earliest submission, not the first row's.
    let earliest = jobs.iter().map(|job| job.submit_s).min().unwrap_or(0);
    for job in &mut jobs {
        job.submit_s -= earliest;
    }
    let mut assumptions =
        vec!["times are milliseconds, rounded to seconds; every task is on demand".to_owned()];
    if accelerators.is_none() {
        assumptions.push("the table has no GPUs: one core is read as one GPU".to_owned());
    }
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let in_calendar = |s: &i64| (0..250_000_000_000).contains(s);
    let start = zero_s.map(|zero| zero + earliest).filter(in_calendar);
    let start = start.map(|s| Calendar::utc().civil(SimTime::from_unix_s(s)));
    Ok(Trace::new(jobs, start, assumptions))
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
}
