//! Alibaba's PAI trace of 2020: `pai_task_table.csv`, published without a header line.
//!
//! A task is a gang of `inst_num` instances of `plan_gpu` hundredths of a GPU each. The table tells when a task
//! started, not when it was submitted.

use std::io::Read;

use super::rows::{Dropped, checked};
use crate::workload::job::{GPUS_MAX, Job, Trace};
use crate::workload::text::{Lines, Table, TraceError};

pub(super) const COLUMNS: &[&str] = &[
    "job_name",
    "task_name",
    "inst_num",
    "status",
    "start_time",
    "end_time",
    "plan_cpu",
    "plan_mem",
    "plan_gpu",
    "gpu_type",
];

pub(super) fn read<R: Read>(lines: Lines<R>) -> Result<Trace, TraceError> {
    let mut table = Table::without_header(lines, COLUMNS)?;
    let (instances, start) = (table.column("inst_num")?, table.column("start_time")?);
    let (end, plan) = (table.column("end_time")?, table.column("plan_gpu")?);
    let (mut jobs, mut dropped, mut parts) = (Vec::new(), Dropped::default(), 0);
    while table.next_row()? {
        let empty = |column: usize| table.field(column).trim().is_empty();
        if empty(plan) || table.number(plan)? == 0.0 {
            dropped.count("tasks without GPUs");
            continue;
        }
        if empty(start) || empty(end) || empty(instances) {
            dropped.count("tasks without start, end or number of instances");
            continue;
        }
        let asked = table.number(instances)? * table.number(plan)? / 100.0;
        let gpus = asked.ceil();
        if !(1.0..=f64::from(GPUS_MAX)).contains(&gpus) {
            return Err(table.error(plan, "a task needs between 1 and 16777216 GPUs"));
        }
        parts += u64::from(gpus != asked);
        let (from, to) = (table.seconds(start)?, table.seconds(end)?);
        if to < from {
            dropped.count("tasks that end before they start");
            continue;
        }
        jobs.push(checked(
            &table,
            Job::new(table.row(), from, gpus as u32, to - from),
        )?);
    }
    let mut assumptions = vec![
        "ids are row numbers; each task is a gang of its own; every task is on demand".to_owned(),
        "submission is not in the table: tasks are submitted when they started, so waits are those of the replay only"
            .to_owned(),
        format!("{parts} tasks ask for a part of a GPU in all and are given whole ones"),
    ];
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    Ok(Trace::new(jobs, None, assumptions))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::{TraceFormat, read};

    #[test]
    fn tasks_are_read_with_and_without_a_header() {
        let rows = "a,worker,4,Terminated,100.0,160.0,600.0,29.3,50.0,T4\n\
                    b,ps,1,Terminated,90.0,95.0,600.0,29.3,,\n\
                    c,tensorflow,1,Running,120.0,,600.0,29.3,25.0,MISC\n";
        let bare = read(rows.as_bytes(), Some(TraceFormat::Pai), "pai.csv").unwrap();
        assert_eq!(bare.jobs(), [Job::new(1, 100, 2, 60)]);
        let header = super::COLUMNS.join(",");
        let headed = read(format!("{header}\n{rows}").as_bytes(), None, "pai.csv").unwrap();
        assert_eq!(headed, bare);
    }
}
