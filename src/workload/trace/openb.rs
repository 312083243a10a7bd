//! Alibaba's GPU cluster of 2023 (`openb_pod_list_*.csv`): pods, many of which ask for a part of one GPU.
//!
//! Columns as published (alibaba/clusterdata, `cluster-trace-gpu-v2023`): `name,cpu_milli,memory_mib,num_gpu,gpu_milli,
//! gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time`, in seconds from an instant that is not published.
//! `gpu_milli` below 1000 is a part of one GPU. Pods that never ran have no `scheduled_time`.

use std::io::Read;

use super::rows::{Dropped, checked, gang};
use crate::workload::job::{Job, JobClass, SECONDS_MAX, Trace};
use crate::workload::text::{Table, TraceError};

pub(super) const MARKS: &[&str] = &["num_gpu", "creation_time", "deletion_time", "scheduled_time"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (gpus, milli) = (table.column("num_gpu")?, table.optional("gpu_milli")?);
    let (submit, end) = (table.column("creation_time")?, table.column("deletion_time")?);
    let (start, qos) = (table.column("scheduled_time")?, table.optional("qos")?);
    let (mut jobs, mut dropped, mut parts) = (Vec::new(), Dropped::default(), 0_u64);
    while table.next_row()? {
        if table.is_zero(gpus) {
            dropped.count("pods without GPUs");
            continue;
        }
        if table.is_missing(start) || table.is_missing(end) {
            dropped.count("pods that never ran or whose end is missing");
            continue;
        }
        let part = |column: usize| Ok(!table.is_missing(column) && table.number(column)? < 1_000.0);
        parts += u64::from(milli.map_or(Ok(false), part)?);
        let run_s = table.seconds(end)? - table.seconds(start)?;
        if !(0..=SECONDS_MAX).contains(&run_s) {
            return Err(table.error(end, "the pod ends before it starts, or after 68 years"));
        }
        let best_effort = qos.is_some_and(|column| table.field(column).trim() == "BE");
        let class = if best_effort {
            JobClass::Spot
        } else {
            JobClass::OnDemand
        };
        let job = Job {
            class,
            ..Job::new(table.row(), table.seconds(submit)?, gang(&table, gpus)?, run_s)
        };
        jobs.push(checked(&table, job)?);
    }
    let mut assumptions = vec![
        "ids are row numbers; run time is deletion less scheduling; best-effort pods are spot, others on demand"
            .to_owned(),
        format!("{parts} pods ask for a part of one GPU and are given a whole one"),
        "the instant of second zero is not published, so hours of the day are unknown".to_owned(),
    ];
    if milli.is_none() {
        assumptions.push("the table has no `gpu_milli`: every GPU is asked for whole".to_owned());
    }
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    Ok(Trace::new(jobs, None, assumptions).with_rounded_up(parts))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::{Job, JobClass};
    use crate::workload::trace::read;

    const HEADER: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";

    #[test]
    fn parts_of_gpus_are_rounded_up_and_pods_that_never_ran_left_out() {
        let text = format!(
            "{HEADER}a,6000,12288,1,460,,BE,Running,427061,12902960,427066\n\
             b,6000,12288,8,1000,,LS,Pending,427061,12902960,\nc,1,1,0,0,,LS,Running,1,2,1\n"
        );
        let trace = read(text.as_bytes(), None, "pods.csv").unwrap();
        let spot = Job {
            class: JobClass::Spot,
            ..Job::new(1, 427_061, 1, 12_475_894)
        };
        assert_eq!(trace.jobs(), [spot]);
        for told in [
            "1 pods ask for a part of one GPU and are given a whole one",
            "1 rows left out: pods without GPUs",
        ] {
            assert!(trace.assumptions().iter().any(|a| a == told), "{told}");
        }
    }

    #[test]
    fn a_pod_that_ends_before_it_starts_is_refused() {
        let text = format!("{HEADER}a,1,1,1,1000,,LS,Running,5,7,9\n");
        let failure = read(text.as_bytes(), None, "pods.csv").unwrap_err().to_string();
        assert!(
            failure.contains("pods.csv:2: column `deletion_time`: the pod ends before it starts"),
            "{failure}"
        );
    }
}
