//! `SenseTime`'s Helios trace (2020): `cluster_log.csv` of one cluster (Earth, Saturn, Uranus or Venus).
//!
//! Columns as published (S-Lab-System-Group/HeliosData, README): `job_id,user,vc,gpu_num,cpu_num,node_num,state,
//! submit_time,start_time,end_time,duration,queue`; `duration` is end less start. Jobs without GPUs are ordinary there
//! and are left out, as are jobs that never started.

use std::io::Read;

use super::rows::{Dropped, Ended, Tenants, checked, gang, length, span};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, Trace};
use crate::workload::labels::Labels;
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["vc", "gpu_num", "submit_time"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (id, gpus, stamp) = (
        table.optional("job_id")?,
        table.column("gpu_num")?,
        table.column("submit_time")?,
    );
    let (start, end) = (table.optional("start_time")?, table.optional("end_time")?);
    let duration = match (start, end) {
        (Some(_), Some(_)) => table.optional("duration")?,
        _ => Some(table.column("duration")?),
    };
    let (state, vc) = (table.optional("state")?, table.optional("vc")?);
    let (mut stamped, mut dropped) = (Stamped::default(), Dropped::default());
    let (mut tenants, mut ended) = (Tenants::default(), Ended::default());
    while table.next_row()? {
        if table.is_zero(gpus) {
            dropped.count("jobs without GPUs");
            continue;
        }
        if start.is_some_and(|column| table.is_missing(column)) {
            dropped.count("jobs that never started");
            continue;
        }
        let run_s = match duration.filter(|column| !table.is_missing(*column)) {
            Some(column) => Some(length(&table, column)?),
            None => span(&table, start, end)?,
        };
        let Some(run_s) = run_s else {
            dropped.count("jobs whose end is missing");
            continue;
        };
        ended.count(&table, state);
        let number = id.map_or(Ok(table.row()), |column| table.id(column))?;
        let job = Job {
            tenant: tenants.of(&table, vc),
            ..Job::new(number, 0, gang(&table, gpus)?, run_s)
        };
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "every job is on demand".to_owned(),
        "stamps are by the local clock of one zone (China, without daylight saving)".to_owned(),
    ];
    if id.is_none() {
        assumptions.push("ids are row numbers".to_owned());
    }
    ended.report(&mut assumptions);
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let labels = tenants.finish("vc", &mut assumptions);
    let (jobs, start) = stamped.finish().map_err(|message| table.error_here(message))?;
    Ok(Trace::new(jobs, start, assumptions).with_labels(labels, Labels::default()))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    const ROWS: &str = "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n\
        1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n\
        1425512,uVMrF,vchbv,4,16,1,FAILED,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n\
        1425513,uzqls,vcpDC,0,1,1,CANCELLED,2020-06-09 18:41:28,2020-06-09 18:41:28,2020-06-17 14:15:21,675233,0\n\
        1425514,uzqls,vcpDC,8,1,1,CANCELLED,2020-06-09 18:41:28,None,2020-06-17 14:15:21,0,675233\n";

    #[test]
    fn the_published_example_is_read_and_jobs_that_used_no_gpu_are_left_out() {
        let trace = read(ROWS.as_bytes(), None, "cluster_log.csv").unwrap();
        let named = |job: Job, tenant| Job { tenant, ..job };
        let jobs = [
            named(Job::new(1_425_511, 0, 1, 36_848), 1),
            named(Job::new(1_425_512, 26, 4, 249), 2),
        ];
        assert_eq!(trace.jobs(), jobs);
        for told in [
            "1 rows left out: jobs without GPUs",
            "1 rows left out: jobs that never started",
            "1 jobs did not complete (failed, cancelled, timed out); they run as long as they did",
        ] {
            assert!(
                trace.assumptions().iter().any(|a| a == told),
                "{told} in {:?}",
                trace.assumptions()
            );
        }
    }

    #[test]
    fn columns_may_change_places_be_quoted_or_be_absent() {
        let text = "\"submit_time\",gpu_num,vc,start_time,end_time\r\n\
                    \"2020-06-09 18:41:27\",\"4\",vchbv,2020-06-09 18:42:00,2020-06-09 18:46:09\r\n";
        let trace = read(text.as_bytes(), None, "cluster_log.csv").unwrap();
        assert_eq!(
            trace.jobs(),
            [Job {
                tenant: 1,
                ..Job::new(1, 0, 4, 249)
            }]
        );
        let back = text.replace("18:46:09", "18:41:59");
        let failure = read(back.as_bytes(), None, "cluster_log.csv")
            .unwrap_err()
            .to_string();
        assert!(
            failure.starts_with("cluster_log.csv:2: column `end_time`: the job ends before it starts"),
            "{failure}"
        );
    }
}
