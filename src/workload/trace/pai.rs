//! Alibaba's PAI trace of 2020: `pai_task_table.csv`, published without a header line.
//!
//! Columns as published (alibaba/clusterdata, `cluster-trace-gpu-v2020`): `job_name,task_name,inst_num,status,
//! start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type`. A task is a gang of `inst_num` instances of `plan_gpu`
//! hundredths of a GPU each; empty and zero times are missing. The table tells when a task started, not when it was
//! submitted (that is in `pai_job_table`, which has no GPUs). Times were moved by a constant such that, read as Unix
//! time in China, hours of the day and days of the week are true and dates are not.

use std::io::Read;

use super::rows::{Dropped, Ended, checked};
use crate::workload::job::{GPUS_MAX, Job, SECONDS_MAX, Trace};
use crate::workload::stamp::civil_of;
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
/// The columns by which a header in any order is known.
pub(super) const MARKS: &[&str] = &["inst_num", "start_time", "end_time", "plan_gpu"];
const STATES: [&str; 4] = ["Terminated", "Failed", "Running", "Waiting"];
const CHINA_S: i64 = 8 * 3_600;

/// Whether a first line can be that of the table without its header.
pub(super) fn shows(first: &str) -> bool {
    let fields: Vec<&str> = first.split(',').collect();
    fields.len() == COLUMNS.len() && STATES.contains(&fields[3])
}

pub(super) fn read<R: Read>(mut lines: Lines<R>) -> Result<Trace, TraceError> {
    let first = lines.peek()?.unwrap_or_default();
    let (headed, fields) = (first.contains("plan_gpu"), first.split(',').count());
    if !headed && (fields == 6 || first.starts_with("job_name")) {
        let message = "this looks like `pai_job_table`, which has no GPUs; `pai_task_table` was expected";
        return Err(lines.error(None, message));
    }
    let table = if headed {
        Table::open(lines)?
    } else {
        Table::without_header(lines, COLUMNS)?
    };
    tasks(table)
}

struct Columns {
    instances: usize,
    start: usize,
    end: usize,
    plan: usize,
}

/// What a row holds.
enum Task {
    Job(Job),
    Left(&'static str),
}

fn tasks<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let columns = Columns {
        instances: table.column("inst_num")?,
        start: table.column("start_time")?,
        end: table.column("end_time")?,
        plan: table.column("plan_gpu")?,
    };
    let state = table.optional("status")?;
    let (mut jobs, mut dropped, mut ended, mut parts) =
        (Vec::<Job>::new(), Dropped::default(), Ended::default(), 0_u64);
    while table.next_row()? {
        match task(&table, &columns, &mut parts)? {
            Task::Left(reason) => dropped.count(reason),
            Task::Job(job) => {
                ended.count(&table, state);
                jobs.push(job);
            }
        }
    }
    let zero_s = jobs.iter().map(|job| job.submit_s).min().unwrap_or(0);
    for job in &mut jobs {
        job.submit_s -= zero_s;
    }
    if let Some(job) = jobs.iter().find(|job| job.submit_s > SECONDS_MAX) {
        return Err(table.error_here(format!("tasks lie more than 68 years apart: {} s", job.submit_s)));
    }
    let mut assumptions = vec![
        "ids are row numbers; each task is a gang of its own; every task is on demand".to_owned(),
        "submission is not in the table: tasks are submitted when they started, so waits are those of the replay only"
            .to_owned(),
        format!("{parts} tasks ask for a part of a GPU in all and are given whole ones"),
        "dates were moved by the publishers; hours of the day and days of the week are true (China)".to_owned(),
    ];
    ended.report(&mut assumptions);
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let start = (!jobs.is_empty()).then(|| civil_of(zero_s + CHINA_S)).flatten();
    Ok(Trace::new(jobs, start, assumptions).with_rounded_up(parts))
}

fn task<R: Read>(table: &Table<R>, columns: &Columns, parts: &mut u64) -> Result<Task, TraceError> {
    let none = |column: usize| table.is_missing(column) || table.is_zero(column);
    if none(columns.plan) {
        return Ok(Task::Left("tasks without GPUs"));
    }
    if none(columns.start) || none(columns.end) || none(columns.instances) {
        return Ok(Task::Left("tasks without start, end or number of instances"));
    }
    let asked = table.number(columns.instances)? * table.number(columns.plan)? / 100.0;
    let gpus = asked.ceil();
    if !(1.0..=f64::from(GPUS_MAX)).contains(&gpus) {
        return Err(table.error(columns.plan, "a task needs between 1 and 16777216 GPUs"));
    }
    let (from, to) = (table.seconds(columns.start)?, table.seconds(columns.end)?);
    if to < from {
        return Ok(Task::Left("tasks that end before they start"));
    }
    *parts += u64::from(gpus != asked);
    let job = checked(table, Job::new(table.row(), 0, gpus as u32, to - from))?;
    Ok(Task::Job(Job {
        submit_s: from,
        ..job
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::trace::{TraceFormat, read};

    const ROWS: &str = "a,worker,4,Terminated,100.0,160.0,600.0,29.3,50.0,T4\n\
                        b,ps,1,Terminated,90.0,95.0,600.0,29.3,,\n\
                        c,tensorflow,1,Running,120.0,,600.0,29.3,25.0,MISC\n\
                        d,worker,3,Failed,1739162.0,1739200.0,600.0,29.296875,50.0,MISC\n\
                        e,worker,1,Waiting,0.0,0.0,600.0,29.3,100.0,V100\n";

    #[test]
    fn tasks_are_read_without_a_header_and_with_one_in_any_order() {
        let bare = read(ROWS.as_bytes(), None, "pai.csv").unwrap();
        assert_eq!(
            bare.jobs(),
            [Job::new(1, 0, 2, 60), Job::new(4, 1_739_062, 2, 38)]
        );
        // Second 100 after the epoch is Thursday 08:01:40 in China.
        assert_eq!(bare.start().unwrap().to_string(), "1970-01-01T08:01:40");
        for told in [
            "1 tasks ask for a part of a GPU in all and are given whole ones",
            "1 rows left out: tasks without GPUs",
            "2 rows left out: tasks without start, end or number of instances",
            "1 jobs did not complete (failed, cancelled, timed out); they run as long as they did",
        ] {
            assert!(
                bare.assumptions().iter().any(|a| a == told),
                "{told} in {:?}",
                bare.assumptions()
            );
        }
        let headed = format!("{}\n{ROWS}", COLUMNS.join(","));
        assert_eq!(read(headed.as_bytes(), None, "pai.csv").unwrap(), bare);
        let swapped = "plan_gpu,end_time,start_time,inst_num\n50.0,160.0,100.0,4\n";
        assert_eq!(
            read(swapped.as_bytes(), None, "pai.csv").unwrap().jobs(),
            [Job::new(1, 0, 2, 60)]
        );
    }

    #[test]
    fn the_table_of_jobs_is_told_from_that_of_tasks() {
        for text in [
            "4b3f04b6,8cb3bec2,58540f19,Terminated,4550879.0,4551416.0\n",
            "job_name,inst_id,user,status,start_time,end_time\n",
        ] {
            let failure = read(text.as_bytes(), Some(TraceFormat::Pai), "pai_job_table.csv").unwrap_err();
            assert!(failure.to_string().contains("which has no GPUs"), "{failure}");
        }
    }
}
