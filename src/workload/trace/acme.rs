//! Shanghai AI Laboratory's Acme trace (2023): `trace_seren.csv` and `trace_kalos.csv`.
//!
//! Columns as published, among others: `job_id,node_num,gpu_num,state,submit_time,duration,queue,gpu_time`;
//! stamps carry their offset from UTC, ids of Kalos are words. In Kalos `duration` begins at submission
//! (`stop - submit`), in Seren at the start; where `queue` shows that, it is taken off.

use std::io::Read;

use super::rows::{Dropped, checked, gang, length};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, Trace};
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["node_num", "gpu_num", "submit_time", "duration", "gpu_time"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (stamp, duration) = (table.column("submit_time")?, table.column("duration")?);
    let (gpus, queue) = (table.column("gpu_num")?, table.optional("queue")?);
    // Only Kalos has this column, and only there the published example's duration includes the wait.
    let queue = queue.filter(|_| table.has("fail_time"));
    let (mut stamped, mut dropped) = (Stamped::default(), Dropped::default());
    while table.next_row()? {
        if matches!(table.field(gpus).trim(), "0" | "0.0") {
            dropped.count("jobs without GPUs");
            continue;
        }
        if table.field(duration).trim().is_empty() || table.field(stamp).trim().is_empty() {
            dropped.count("jobs without a run time or a submission");
            continue;
        }
        let waited_s = match queue.filter(|column| !table.field(*column).trim().is_empty()) {
            Some(column) => length(&table, column)?,
            None => 0,
        };
        let run_s = (length(&table, duration)? - waited_s).max(0);
        let job = Job::new(table.row(), 0, gang(&table, gpus)?, run_s);
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "ids are row numbers; every job is on demand; failed and cancelled jobs run as long as they did"
            .to_owned(),
        "the trace's zone is that of its first row".to_owned(),
    ];
    if queue.is_some() {
        assumptions.push("`duration` of this cluster includes the wait, which is taken off".to_owned());
    }
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let (jobs, start) = stamped.finish().map_err(|m| table.error_here(m))?;
    Ok(Trace::new(jobs, start, assumptions))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    #[test]
    fn the_published_examples_of_both_clusters_are_read() {
        let seren = "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time\n\
            5778432,u5907,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0\n\
            5778469,u5907,1,8,128,Other,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,21544.0\n";
        let trace = read(seren.as_bytes(), None, "trace_seren.csv").unwrap();
        assert_eq!(trace.jobs(), [Job::new(1, 0, 8, 117), Job::new(2, 336, 8, 2_693)]);
        assert_eq!(trace.start().unwrap().to_string(), "2023-03-01T00:18:22");
        let kalos = "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,shared_mem_per_pod,type,state,submit_time,\
            start_time,end_time,fail_time,stop_time,duration,queue,gpu_time\n\
            dlctk696s0jbvitv,uf794,8,64,960,1000,100.0,Other,FAILED,2023-05-17 11:00:58+00:00,2023-05-17 11:01:08+00:00,\
            2023-05-17 11:01:16+00:00,2023-05-17 11:01:16+00:00,,18,10.0,1152.0\n";
        // It ran from 11:01:08 to 11:01:16.
        let trace = read(kalos.as_bytes(), None, "trace_kalos.csv").unwrap();
        assert_eq!(trace.jobs(), [Job::new(1, 0, 64, 8)]);
    }
}
