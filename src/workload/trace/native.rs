//! The native jobs table, in whole seconds from the trace's start.

use std::io::Read;

use super::rows::{checked, gang, length};
use crate::workload::text::{Table, TraceError, shown};

use crate::workload::job::{Job, JobClass, Trace};

pub(super) const MARKS: &[&str] = &["job_id", "submit_s", "gpus", "duration_s"];

/// Columns that the format names and the queue does not use yet.
const UNUSED: [&str; 4] = ["tenant", "power_fraction", "deadline_s", "residency"];

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let id = table.column("job_id")?;
    let (submit, gpus, duration) = (
        table.column("submit_s")?,
        table.column("gpus")?,
        table.column("duration_s")?,
    );
    let (class, checkpoint) = (table.optional("class")?, table.optional("checkpoint_s")?);
    let mut jobs = Vec::new();
    while table.next_row()? {
        let job = Job {
            checkpoint_s: checkpoint.map_or(Ok(0), |c| blank_or_length(&table, c))?,
            class: class.map_or(Ok(JobClass::OnDemand), |c| class_of(&table, c))?,
            ..Job::new(
                table.id(id)?,
                table.seconds(submit)?,
                gang(&table, gpus)?,
                length(&table, duration)?,
            )
        };
        jobs.push(checked(&table, job)?);
    }
    let mut assumptions = Vec::new();
    for name in UNUSED.into_iter().filter(|name| table.has(name)) {
        assumptions.push(format!("column `{name}` is not used by the queue"));
    }
    table.note_cut(&mut assumptions);
    Ok(Trace::new(jobs, None, assumptions))
}

fn blank_or_length<R: Read>(table: &Table<R>, column: usize) -> Result<i32, TraceError> {
    if table.field(column).trim().is_empty() {
        return Ok(0);
    }
    // A checked length fits.
    Ok(length(table, column)? as i32)
}

fn class_of<R: Read>(table: &Table<R>, column: usize) -> Result<JobClass, TraceError> {
    let text = table.field(column).trim();
    if text.is_empty() {
        return Ok(JobClass::OnDemand);
    }
    let message = || {
        format!(
            "expected `reserved`, `on_demand` or `spot`, found {}",
            shown(text)
        )
    };
    JobClass::parse(text).ok_or_else(|| table.error(column, message()))
}

#[cfg(test)]
mod tests {
    use crate::workload::job::{Job, JobClass};
    use crate::workload::trace::read;

    #[test]
    fn classes_and_checkpoints_are_read_and_the_rest_is_named() {
        let text =
            "job_id,submit_s,gpus,duration_s,class,checkpoint_s,residency\n1,0,8,60,spot,10,us\n2,0,1,5,,,\n";
        let trace = read(text.as_bytes(), None, "jobs.csv").unwrap();
        let spot = Job {
            class: JobClass::Spot,
            checkpoint_s: 10,
            ..Job::new(1, 0, 8, 60)
        };
        assert_eq!(trace.jobs(), [spot, Job::new(2, 0, 1, 5)]);
        assert_eq!(
            trace.assumptions(),
            ["column `residency` is not used by the queue"]
        );
    }
}
