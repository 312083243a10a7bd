//! Shanghai AI Laboratory's Acme trace (2023): `trace_seren.csv` and `trace_kalos.csv`.
//!
//! Columns as published (InternLM/AcmeTrace, README), among others: `job_id,user,node_num,gpu_num,state,submit_time,
//! start_time,end_time,duration,queue,gpu_time`; stamps carry their offset from UTC, ids of Kalos are words. The run
//! time is end less start; in Kalos the column `duration` begins at submission, so it is not relied on. Where the
//! stamps of start and end are absent, `duration` is read, less `queue` in Kalos (known by `fail_time`).

use std::io::Read;

use super::rows::{Dropped, Ended, Tenants, checked, gang, length, span};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, Trace};
use crate::workload::labels::Labels;
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["node_num", "gpu_num", "submit_time", "gpu_time"];

struct Columns {
    start: Option<usize>,
    end: Option<usize>,
    duration: Option<usize>,
    queue: Option<usize>,
}

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (stamp, gpus) = (table.column("submit_time")?, table.column("gpu_num")?);
    let columns = Columns {
        start: table.optional("start_time")?,
        end: table.optional("end_time")?,
        duration: table.optional("duration")?,
        // Only Kalos has `fail_time`, and only there the duration includes the wait.
        queue: table.optional("queue")?.filter(|_| table.has("fail_time")),
    };
    if columns.start.is_none() || columns.end.is_none() {
        table.column("duration")?;
    }
    let (state, user) = (table.optional("state")?, table.optional("user")?);
    let (mut stamped, mut dropped) = (Stamped::default(), Dropped::default());
    let (mut tenants, mut ended) = (Tenants::default(), Ended::default());
    while table.next_row()? {
        if table.is_missing(gpus) || table.is_zero(gpus) {
            dropped.count("jobs without GPUs");
            continue;
        }
        let Some(run_s) = run_s(&table, &columns)?.filter(|_| !table.is_missing(stamp)) else {
            dropped.count("jobs that never started, or without a submission or an end");
            continue;
        };
        ended.count(&table, state);
        let job = Job {
            tenant: tenants.of(&table, user),
            ..Job::new(table.row(), 0, gang(&table, gpus)?, run_s)
        };
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "ids are row numbers; every job is on demand; the run time is end less start".to_owned(),
        "the trace's zone is that of its first row".to_owned(),
    ];
    ended.report(&mut assumptions);
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let labels = tenants.finish("user", &mut assumptions);
    let (jobs, start) = stamped.finish().map_err(|message| table.error_here(message))?;
    Ok(Trace::new(jobs, start, assumptions).with_labels(labels, Labels::default()))
}

/// How long the job of the row ran, in seconds; `None` if that is not said or it never started.
fn run_s<R: Read>(table: &Table<R>, columns: &Columns) -> Result<Option<i64>, TraceError> {
    if columns.start.is_some() && columns.end.is_some() {
        return span(table, columns.start, columns.end);
    }
    let present = |column: Option<usize>| column.filter(|column| !table.is_missing(*column));
    let Some(duration) = present(columns.duration) else {
        return Ok(None);
    };
    let waited_s = present(columns.queue).map_or(Ok(0), |column| length(table, column))?;
    Ok(Some((length(table, duration)? - waited_s).max(0)))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    const KALOS: &str = "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,shared_mem_per_pod,type,state,submit_time,\
        start_time,end_time,fail_time,stop_time,duration,queue,gpu_time\n";

    #[test]
    fn the_published_examples_of_both_clusters_are_read() {
        let seren = "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time\n\
            5778432,u5907,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0\n\
            5778469,u5907,1,8,128,Other,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,21544.0\n";
        let trace = read(seren.as_bytes(), None, "trace_seren.csv").unwrap();
        let of_user = |job: Job| Job { tenant: 1, ..job };
        assert_eq!(
            trace.jobs(),
            [
                of_user(Job::new(1, 0, 8, 117)),
                of_user(Job::new(2, 336, 8, 2_693))
            ]
        );
        assert_eq!(trace.start().unwrap().to_string(), "2023-03-01T00:18:22");
        let kalos = format!(
            "{KALOS}dlctk696s0jbvitv,uf794,8,64,960,1000,100.0,Other,FAILED,2023-05-17 11:00:58+00:00,2023-05-17 11:01:08+00:00,\
             2023-05-17 11:01:16+00:00,2023-05-17 11:01:16+00:00,,18,10.0,1152.0\n\
             dlc1t2ypl09b8qtp,uf794,8,64,960,1000,100.0,Other,CANCELLED,2023-05-17 11:28:42+00:00,2023-05-17 11:28:54+00:00,\
             2023-05-17 11:30:04+00:00,,2023-05-17 11:30:04+00:00,82,12.0,5248.0\n\
             dlc0,uf794,8,64,960,1000,100.0,Other,CANCELLED,2023-05-17 11:28:42+00:00,,2023-05-17 11:30:04+00:00,,,82,,5248.0\n"
        );
        // They ran from 11:01:08 to 11:01:16 and from 11:28:54 to 11:30:04; the third never started.
        let trace = read(kalos.as_bytes(), None, "trace_kalos.csv").unwrap();
        assert_eq!(
            trace.jobs(),
            [
                of_user(Job::new(1, 0, 64, 8)),
                of_user(Job::new(2, 1_664, 64, 70))
            ]
        );
        assert!(
            trace
                .assumptions()
                .iter()
                .any(|a| a.starts_with("1 rows left out: jobs that never started"))
        );
    }

    #[test]
    fn without_stamps_of_start_and_end_the_duration_is_read() {
        let text =
            "gpu_time,duration,submit_time,gpu_num,node_num\n936.0,117,2023-03-01 00:18:22+08:00,8.0,1\n";
        let trace = read(text.as_bytes(), None, "trace_seren.csv").unwrap();
        assert_eq!(trace.jobs(), [Job::new(1, 0, 8, 117)]);
    }
}
