//! Microsoft's Philly trace as a table of jobs: submission by the local clock, run time, gang size.
//!
//! The published trace is a JSON file; tables of this form are made of it, e.g. by the Sia simulator (columns
//! `timestamp,duration,num_gpus,gpu_time,cluster`). It is not sorted and has neither status nor user.

use std::io::Read;

use jiff::civil::DateTime;

use super::text::{Table, TraceError, shown};
use super::{checked, common_assumptions, gang, length};
use crate::workload::job::{Job, Trace};

pub(super) const MARKS: &[&str] = &["timestamp", "duration", "num_gpus"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (stamp, duration) = (table.column("timestamp")?, table.column("duration")?);
    let gpus = table.column("num_gpus")?;
    let (mut jobs, mut first) = (Vec::new(), None::<DateTime>);
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    while table.next_row()? {
        let civil = civil(&table, stamp)?;
        first = Some(first.map_or(civil, |first| first.min(civil)));
        let submit_s = seconds_between(epoch, civil);
        let job = Job::new(table.row(), 0, gang(&table, gpus)?, length(&table, duration)?);
        jobs.push(Job {
            submit_s,
            ..checked(&table, job)?
        });
    }
    let mut assumptions = vec![
        "ids are row numbers; every job is on demand; run times are rounded to whole seconds".to_owned(),
        "stamps are by a local clock whose zone is not stated; changes to and from daylight saving are ignored"
            .to_owned(),
        "jobs that were running when the trace begins are missing, so its first days show too little load".to_owned(),
    ];
    common_assumptions(&table, &mut assumptions);
    let zero = first.map_or(0, |first| seconds_between(epoch, first));
    for job in &mut jobs {
        job.submit_s -= zero;
    }
    if let Some(late) = jobs.iter().find(|job| job.problem().is_some()) {
        return Err(table.error_here(format!("row {} lies more than 68 years after the first", late.id)));
    }
    Ok(Trace::new(jobs, first, assumptions))
}

fn seconds_between(from: DateTime, to: DateTime) -> i64 {
    to.duration_since(from).as_secs()
}

fn civil<R: Read>(table: &Table<R>, column: usize) -> Result<DateTime, TraceError> {
    let text = table.field(column).trim();
    let parsed = (text.len() == 19).then(|| text.parse().ok()).flatten();
    parsed.ok_or_else(|| {
        table.error(
            column,
            format!(
                "expected a time such as `2017-10-09 07:01:55`, found {}",
                shown(text)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    #[test]
    fn rows_out_of_order_are_sorted_from_the_earliest() {
        let text = "timestamp,duration,num_gpus,gpu_time,cluster\n\
                    2017-10-09 07:01:55,66.0,1,66.0,11cb48\n\
                    2017-10-09 06:13:03,2951.5,8,2951.0,6214e9\n";
        let trace = read(text.as_bytes(), None, "p.csv").unwrap();
        assert_eq!(
            trace.jobs(),
            [Job::new(2, 0, 8, 2_952), Job::new(1, 2_932, 1, 66)]
        );
        assert_eq!(trace.start().unwrap().to_string(), "2017-10-09T06:13:03");
        assert!(trace.assumptions().last().unwrap().contains("run back"));
    }
}
