//! The native jobs table, in whole seconds from the trace's start.
//!
//! `job_id,submit_s,gpus,duration_s[,class,tenant,power_fraction,checkpoint_s,deadline_s,residency]`, in any order.
//! `deadline_s` counts from the trace's start like `submit_s`. A column `estimate_s`, what the owner said the run time
//! would be, is read too. Rows of four plain whole numbers, which are most of the large files, take a short path.

use std::io::Read;

use super::rows::{checked, gang, length};
use crate::workload::job::{FULL_POWER, GPUS_MAX, Job, JobClass, SECONDS_MAX, Trace};
use crate::workload::labels::{LABELS_MAX, Labels};
use crate::workload::text::{Next, Table, TraceError, shown};

pub(super) const MARKS: &[&str] = &["job_id", "submit_s", "gpus", "duration_s"];
/// Jobs for which room is made at once; beyond, it grows.
const ROOM: usize = 1 << 16;

struct Columns {
    id: usize,
    submit: usize,
    gpus: usize,
    duration: usize,
    class: Option<usize>,
    tenant: Option<usize>,
    power: Option<usize>,
    checkpoint: Option<usize>,
    deadline: Option<usize>,
    estimate: Option<usize>,
    residency: Option<usize>,
}

impl Columns {
    fn of<R: Read>(table: &Table<R>) -> Result<Self, TraceError> {
        Ok(Self {
            id: table.column("job_id")?,
            submit: table.column("submit_s")?,
            gpus: table.column("gpus")?,
            duration: table.column("duration_s")?,
            class: table.optional("class")?,
            tenant: table.optional("tenant")?,
            power: table.optional("power_fraction")?,
            checkpoint: table.optional("checkpoint_s")?,
            deadline: table.optional("deadline_s")?,
            estimate: table.optional("estimate_s")?,
            residency: table.optional("residency")?,
        })
    }
}

pub(super) fn read<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let columns = Columns::of(&table)?;
    let (mut tenants, mut residencies) = (Labels::default(), Labels::default());
    let mut jobs = Vec::with_capacity(ROOM);
    let mut numbers = [0_i64; 4];
    loop {
        match table.next_row_or_numbers(&mut numbers)? {
            Next::End => break,
            Next::Numbers => {
                let at = |column: usize| numbers[column];
                let (id, gpus) = (at(columns.id), at(columns.gpus));
                if let Some(job) = plain(id, at(columns.submit), gpus, at(columns.duration)) {
                    jobs.push(job);
                    continue;
                }
                // The slow path says what is wrong with it.
                table.split_row()?;
            }
            Next::Row => {}
        }
        let job = Job {
            tenant: label(&table, columns.tenant, &mut tenants)?,
            residency: label(&table, columns.residency, &mut residencies)?,
            ..row(&table, &columns)?
        };
        jobs.push(checked(&table, job)?);
    }
    let mut assumptions = Vec::new();
    table.note_cut(&mut assumptions);
    Ok(Trace::new(jobs, None, assumptions).with_labels(tenants, residencies))
}

/// A job of four numbers, if they are possible.
fn plain(id: i64, submit_s: i64, gpus: i64, duration_s: i64) -> Option<Job> {
    let possible = id >= 0
        && submit_s.abs() <= SECONDS_MAX
        && (1..=i64::from(GPUS_MAX)).contains(&gpus)
        && (0..=SECONDS_MAX).contains(&duration_s);
    possible.then(|| Job::new(id as u64, submit_s, gpus as u32, duration_s))
}

fn row<R: Read>(table: &Table<R>, columns: &Columns) -> Result<Job, TraceError> {
    let submit_s = table.seconds(columns.submit)?;
    Ok(Job {
        class: columns
            .class
            .map_or(Ok(JobClass::OnDemand), |c| class_of(table, c))?,
        checkpoint_s: columns.checkpoint.map_or(Ok(0), |c| blank_or_length(table, c))?,
        estimate_s: columns.estimate.map_or(Ok(0), |c| blank_or_length(table, c))?,
        deadline_after_s: columns.deadline.map_or(Ok(0), |c| deadline(table, c, submit_s))?,
        power_per_mille: columns.power.map_or(Ok(FULL_POWER), |c| power(table, c))?,
        ..Job::new(
            table.id(columns.id)?,
            submit_s,
            gang(table, columns.gpus)?,
            length(table, columns.duration)?,
        )
    })
}

fn blank<R: Read>(table: &Table<R>, column: usize) -> bool {
    table.field(column).trim().is_empty()
}

fn blank_or_length<R: Read>(table: &Table<R>, column: usize) -> Result<i32, TraceError> {
    if blank(table, column) {
        return Ok(0);
    }
    // A checked length fits.
    Ok(length(table, column)? as i32)
}

/// Seconds from submission to the deadline.
fn deadline<R: Read>(table: &Table<R>, column: usize, submit_s: i64) -> Result<i32, TraceError> {
    if blank(table, column) {
        return Ok(0);
    }
    let after_s = table.seconds(column)? - submit_s;
    if (1..=SECONDS_MAX).contains(&after_s) {
        return Ok(after_s as i32);
    }
    let found = shown(table.field(column));
    let message = format!("expected a time after the submission at {submit_s} s, found {found}");
    Err(table.error(column, message))
}

/// The share of power, in thousandths.
fn power<R: Read>(table: &Table<R>, column: usize) -> Result<u16, TraceError> {
    if blank(table, column) {
        return Ok(FULL_POWER);
    }
    let share = table.number(column)?;
    if share > 0.0 && share <= 1.0 {
        return Ok((share * f64::from(FULL_POWER)).round() as u16);
    }
    let found = shown(table.field(column));
    Err(table.error(
        column,
        format!("expected a share above 0 and at most 1, found {found}"),
    ))
}

fn label<R: Read>(table: &Table<R>, column: Option<usize>, labels: &mut Labels) -> Result<u16, TraceError> {
    let Some(column) = column else { return Ok(0) };
    let number = labels.intern(table.field(column).trim());
    number.ok_or_else(|| table.error(column, format!("more than {LABELS_MAX} different words")))
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
    fn all_columns_are_read_in_any_order() {
        let text = "gpus,submit_s,job_id,duration_s,residency,class,checkpoint_s,tenant,power_fraction,deadline_s,estimate_s\n\
                    8,5,1,60,no,spot,10,acme,0.75,605,90\n1,5,2,5,,,,,,,\n1,5,3,5,no,,,\"x, y\",1,,\n";
        let trace = read(text.as_bytes(), None, "jobs.csv").unwrap();
        let full = Job {
            class: JobClass::Spot,
            checkpoint_s: 10,
            estimate_s: 90,
            deadline_after_s: 600,
            power_per_mille: 750,
            tenant: 1,
            residency: 1,
            ..Job::new(1, 5, 8, 60)
        };
        let third = Job {
            tenant: 2,
            residency: 1,
            ..Job::new(3, 5, 1, 5)
        };
        assert_eq!(trace.jobs(), [full, Job::new(2, 5, 1, 5), third]);
        assert_eq!(
            (trace.tenants().name(2), trace.residencies().name(1)),
            ("x, y", "no")
        );
        assert!(trace.assumptions().is_empty(), "{:?}", trace.assumptions());
    }

    #[test]
    fn what_a_column_cannot_hold_is_refused_with_its_place() {
        for (fields, message) in [
            ("1,0,1,5,1.5,,", "column `power_fraction`: expected a share"),
            ("1,0,1,5,0,,", "column `power_fraction`: expected a share"),
            (
                "1,9,1,5,,9,",
                "column `deadline_s`: expected a time after the submission",
            ),
            ("1,0,1,5,,,-1", "column `checkpoint_s`"),
        ] {
            let text =
                format!("job_id,submit_s,gpus,duration_s,power_fraction,deadline_s,checkpoint_s\n{fields}\n");
            let failure = read(text.as_bytes(), None, "j.csv").unwrap_err().to_string();
            assert!(
                failure.starts_with("j.csv:2: ") && failure.contains(message),
                "{failure}"
            );
        }
    }

    #[test]
    fn the_short_path_and_the_long_one_agree() {
        // Blanks, signs, quotes, fractions, ends of lines and numbers at the limits.
        let rows = [
            "7,-12,1,0",
            "7,12,16777216,2147483646",
            " 7 , 12 ,1,5",
            "\"7\",12,1,5",
            "7,12,1,5.4",
            "7,+12,1,5",
            "18446744073709551615,0,1,1",
            "007,0,1,1",
            "7,0,16777217,1",
            "7,0,1,2147483647",
            "7,0,1,-1",
            "-7,0,1,1",
            "7,,1,1",
            "7,-,1,1",
            "7,0,1",
            "7,0,1,1,1",
            "99999999999999999999,0,1,1",
            "7,0,1,99999999999999999999",
        ];
        for row in rows {
            let plain = format!("job_id,submit_s,gpus,duration_s\n{row}\n");
            let long = format!("job_id,submit_s,gpus,duration_s,tenant\n{row},\n");
            let (plain, long) = (
                read(plain.as_bytes(), None, "j"),
                read(long.as_bytes(), None, "j"),
            );
            match (plain, long) {
                (Ok(plain), Ok(long)) => assert_eq!(plain.jobs(), long.jobs(), "{row}"),
                (Err(_), Err(_)) => {}
                (plain, long) => panic!("{row}: {plain:?} but {long:?}"),
            }
        }
    }
}
