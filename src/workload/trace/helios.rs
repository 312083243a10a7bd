//! `SenseTime`'s Helios trace (2020): `cluster_log.csv` of one cluster.
//!
//! Columns as published: `job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,
//! duration,queue`. Jobs without GPUs are ordinary there and are left out.

use std::io::Read;

use super::rows::{Dropped, checked, gang, length};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, Trace};
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["vc", "gpu_num", "submit_time", "duration"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (id, gpus) = (table.column("job_id")?, table.column("gpu_num")?);
    let (stamp, duration) = (table.column("submit_time")?, table.column("duration")?);
    let (mut stamped, mut dropped) = (Stamped::default(), Dropped::default());
    while table.next_row()? {
        if table.field(gpus).trim() == "0" {
            dropped.count("jobs without GPUs");
            continue;
        }
        let number = table.id(id)?;
        let job = Job::new(number, 0, gang(&table, gpus)?, length(&table, duration)?);
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "every job is on demand; failed and cancelled jobs run as long as they did".to_owned(),
        "stamps are by the local clock of one zone (China, without daylight saving)".to_owned(),
    ];
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
    fn the_published_example_is_read_and_jobs_without_gpus_are_left_out() {
        let text = "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n\
            1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n\
            1425512,uVMrF,vchbv,4,16,1,FAILED,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n\
            1425513,uzqls,vcpDC,0,1,1,CANCELLED,2020-06-09 18:41:28,None,2020-06-17 14:15:21,675233,0\n";
        let trace = read(text.as_bytes(), None, "cluster_log.csv").unwrap();
        assert_eq!(
            trace.jobs(),
            [Job::new(1_425_511, 0, 1, 36_848), Job::new(1_425_512, 26, 4, 249)]
        );
        assert!(
            trace
                .assumptions()
                .contains(&"1 rows left out: jobs without GPUs".to_owned())
        );
    }
}
