//! The Standard Workload Format, version 2.2: one line a job, fields apart by blanks, `-1` for what is unknown,
//! comments behind `;`.
//!
//! Fields, from 1: job number, submission, wait, run time, processors allocated, (6, 7), processors requested,
//! requested time, requested memory, status, user. Statuses 2, 3 and 4 are the partial executions of a job that also has a line
//! for the whole (status 0 or 1), so they are left out. The requested time is the estimate of the run time. Further fields,
//! standard or not, are not read. Header comments `UnixStartTime`, `TimeZoneString` and `TimeZone` tell the calendar.
//! Source: Feitelson, Parallel Workloads Archive, "The Standard Workload Format".

use std::io::Read;

use jiff::civil::DateTime;

use super::rows::{Dropped, Tenants};
use crate::time::{Calendar, SimTime};
use crate::workload::job::{Job, SECONDS_MAX, Trace};
use crate::workload::labels::{Labels, NONE};
use crate::workload::text::{Lines, NUMBER_MAX, ROWS_MAX, TraceError, shown};

/// Fields that a job line must have: up to the processors requested.
const FIELDS_MIN: usize = 8;
/// Fields that are read where they are there: up to the user.
const FIELDS: usize = 12;
/// Submissions beyond this are taken as seconds since 1970 (and not since the trace's start).
const UNIX_FROM_S: i64 = 400_000_000;

/// Whether a first line can be of this format.
pub(super) fn shows(line: &str) -> bool {
    let numbers = || line.split_whitespace().take(FIELDS_MIN);
    line.trim_start().starts_with(';')
        || (numbers().count() == FIELDS_MIN && numbers().all(|field| field.parse::<f64>().is_ok()))
}

/// What the comments say of the calendar.
#[derive(Default)]
struct Header {
    begin_s: Option<i64>,
    zone: Option<(Calendar, String)>,
}

impl Header {
    fn take(&mut self, comment: &str) {
        let Some((key, value)) = comment.trim().split_once(':') else {
            return;
        };
        let value = value.trim();
        match key.trim() {
            "UnixStartTime" => self.begin_s = self.begin_s.or_else(|| value.parse().ok()),
            "TimeZoneString" => {
                self.zone = Calendar::of_zone(value)
                    .map(|zone| (zone, value.to_owned()))
                    .or(self.zone.take());
            }
            // Seconds from UTC, replaced by the string in later versions.
            "TimeZone" if self.zone.is_none() => {
                let offset = value.parse().ok().filter(|s: &i32| s.abs() <= 54_000);
                let zone = offset.and_then(Calendar::fixed_offset);
                self.zone = zone.map(|zone| (zone, format!("an offset of {value} s from UTC")));
            }
            _ => {}
        }
    }
}

/// What a job line says.
enum Line {
    Job(Job),
    Left(&'static str),
    Impossible,
}

pub(super) fn read<R: Read>(mut lines: Lines<R>) -> Result<Trace, TraceError> {
    let (mut jobs, mut dropped, mut header) = (Vec::new(), Dropped::default(), Header::default());
    let (mut numbers, mut tenants) = ([0i64; FIELDS], Tenants::default());
    while let Some(line) = lines.next()? {
        let text = line.trim();
        if let Some(comment) = text.strip_prefix(';') {
            header.take(comment);
            continue;
        }
        if text.is_empty() {
            continue;
        }
        if let Err(message) = parse(text, &mut numbers) {
            return Err(lines.error(None, message));
        }
        match job_of(&numbers, &mut tenants) {
            Line::Job(job) => jobs.push(job),
            Line::Left(reason) => dropped.count(reason),
            Line::Impossible => {
                let message = "impossible job: id, submission, run time or size out of range";
                return Err(lines.error(None, message));
            }
        }
        if jobs.len() > ROWS_MAX {
            return Err(lines.error(None, format!("a trace has at most {ROWS_MAX} rows")));
        }
    }
    let mut assumptions = vec![
        "one processor is read as one GPU: those requested, else those allocated; every job is on demand and runs as \
         long as it did, whatever its status"
            .to_owned(),
    ];
    dropped.report(&mut assumptions);
    let start = place(&mut jobs, header, &mut assumptions);
    lines.note_cut(&mut assumptions);
    let labels = tenants.finish("user", &mut assumptions);
    Ok(Trace::new(jobs, start, assumptions).with_labels(labels, Labels::default()))
}

fn job_of(numbers: &[i64; FIELDS], tenants: &mut Tenants) -> Line {
    let [
        id,
        submit_s,
        _,
        run_s,
        allocated,
        _,
        _,
        requested,
        estimate_s,
        _,
        status,
        user,
    ] = *numbers;
    if matches!(status, 2..=4) {
        return Line::Left("partial executions of jobs that have a line of their own");
    }
    let gpus = if requested > 0 { requested } else { allocated };
    if run_s < 0 || gpus <= 0 {
        return Line::Left("jobs without a known run time or number of processors");
    }
    let Some((id, gpus)) = u64::try_from(id).ok().zip(u32::try_from(gpus).ok()) else {
        return Line::Impossible;
    };
    let job = Job {
        estimate_s: i32::try_from(estimate_s.clamp(0, SECONDS_MAX)).unwrap_or(0),
        tenant: if user > 0 {
            tenants.word(&format!("user-{user}"))
        } else {
            NONE
        },
        ..Job::new(id, submit_s, gpus, run_s)
    };
    match job.problem() {
        None => Line::Job(job),
        Some(_) => Line::Impossible,
    }
}

/// Moves submissions since 1970 to the earliest of them; gives the civil instant of second zero.
fn place(jobs: &mut [Job], header: Header, assumptions: &mut Vec<String>) -> Option<DateTime> {
    let mut begin_s = header.begin_s;
    let first = jobs.iter().map(|job| job.submit_s).min().unwrap_or(0);
    if first >= UNIX_FROM_S {
        assumptions.push("submissions are seconds since 1970; the first one is second zero".to_owned());
        begin_s = Some(first);
        for job in jobs {
            job.submit_s -= first;
        }
    }
    let (zone, name) = header.zone.unwrap_or((Calendar::utc(), "UTC".to_owned()));
    let in_calendar = |s: &i64| (0..250_000_000_000).contains(s);
    let start = begin_s
        .filter(in_calendar)
        .map(|s| zone.civil(SimTime::from_unix_s(s)));
    if start.is_some() {
        assumptions.push(format!("hours of the day are those of {name}"));
    }
    start
}

/// The numbers of a job line that are read, `-1` for those that are not there; fractions are rounded, halves up.
fn parse(text: &str, numbers: &mut [i64; FIELDS]) -> Result<(), String> {
    let mut fields = text.split_whitespace();
    for (index, number) in numbers.iter_mut().enumerate() {
        let Some(field) = fields.next() else {
            if index >= FIELDS_MIN {
                *number = -1;
                continue;
            }
            return Err(format!(
                "{index} fields where a job has at least {FIELDS_MIN}, apart by blanks"
            ));
        };
        let rounded = || {
            field
                .parse::<f64>()
                .ok()
                .filter(|f| f.is_finite())
                .map(|f| (f + 0.5).floor() as i64)
        };
        *number = field
            .parse()
            .ok()
            .or_else(rounded)
            .filter(|number| (-NUMBER_MAX..=NUMBER_MAX).contains(number))
            .ok_or_else(|| format!("field {}: expected a number, found {}", index + 1, shown(field)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    #[test]
    fn requested_processors_are_preferred_and_unknown_jobs_left_out() {
        let text = "; Version: 2.2\n; UnixStartTime: 1356998400\n; TimeZoneString: Europe/Prague\n\n\
                    1 0 5 100 64 1 1024 128 86400 -1 1 62 1 1 -1 1 -1 -1\n\
                    2 10 0 50 8 -1 -1 -1 -1 -1 1 1 1 1 1 1 -1 -1\n\
                    3 20 0 -1 8 -1 -1 -1 -1 -1 0 1 1 1 1 1 -1 -1\n\
                    4 20 0 50 8 -1 -1 -1 -1 -1 2 1 1 1 1 1 -1 -1\n";
        let trace = read(text.as_bytes(), None, "log.swf").unwrap();
        let of = |job: Job, tenant, estimate_s| Job {
            estimate_s,
            tenant,
            ..job
        };
        let jobs = [
            of(Job::new(1, 0, 128, 100), 1, 86_400),
            of(Job::new(2, 10, 8, 50), 2, 0),
        ];
        assert_eq!(trace.jobs(), jobs);
        assert_eq!(trace.tenants().name(1), "user-62");
        // 2013-01-01T00:00:00Z is an hour later on the clocks of Prague.
        assert_eq!(trace.start().unwrap().to_string(), "2013-01-01T01:00:00");
        assert!(
            trace
                .assumptions()
                .iter()
                .any(|a| a.starts_with("1 rows left out"))
        );
    }

    #[test]
    fn submissions_since_1970_are_moved_and_short_lines_refused() {
        let text = "0 1356996147 0 56011 64 1 1024 64 86400 6 1 62 1 1 -1 1 1 1 {1241} q_1d extra\n";
        let trace = read(text.as_bytes(), None, "log.swf").unwrap();
        let job = Job {
            tenant: 1,
            estimate_s: 86_400,
            ..Job::new(0, 0, 64, 56_011)
        };
        assert_eq!(trace.jobs(), [job]);
        let failure = read(format!("{text}1 2 3\n").as_bytes(), None, "log.swf")
            .unwrap_err()
            .to_string();
        assert!(
            failure.contains("log.swf:2: 3 fields where a job has at least 8"),
            "{failure}"
        );
    }
}
