//! Microsoft's Philly trace as a table of jobs: submission by the local clock, run time, gang size.
//!
//! The published trace is a JSON file; tables of this form are made of it, e.g. by the Sia simulator (columns
//! `timestamp,duration,num_gpus,gpu_time,cluster`). It is not sorted and has neither status nor user.

use std::io::Read;

use super::rows::{checked, gang, length};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, Trace};
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["timestamp", "duration", "num_gpus"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (stamp, duration) = (table.column("timestamp")?, table.column("duration")?);
    let gpus = table.column("num_gpus")?;
    let mut stamped = Stamped::default();
    while table.next_row()? {
        let job = Job::new(table.row(), 0, gang(&table, gpus)?, length(&table, duration)?);
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "ids are row numbers; every job is on demand; run times are rounded to whole seconds".to_owned(),
        "stamps are by a local clock whose zone is not stated; changes to and from daylight saving are ignored"
            .to_owned(),
        "jobs that were running when the trace begins are missing, so its first days show too little load"
            .to_owned(),
    ];
    table.note_cut(&mut assumptions);
    let (jobs, start) = stamped.finish().map_err(|m| table.error_here(m))?;
    Ok(Trace::new(jobs, start, assumptions))
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
