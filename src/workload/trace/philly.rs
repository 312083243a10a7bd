//! Microsoft's Philly trace (2017), in both of its forms.
//!
//! As published (`msr-fiddle/philly-traces`, `cluster_job_log`) it is JSON: an array of jobs with `status`, `vc`,
//! `jobid`, `attempts` (each with `start_time`, `end_time` and `detail`, the servers with their GPUs),
//! `submitted_time` and `user`. Tables are made of it, e.g. by the Sia simulator (`timestamp,duration,num_gpus[,
//! gpu_time,cluster]`), without status and user. Neither is sorted.

use std::io::Read;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::json::for_each_record;
use super::rows::{Dropped, Tenants, checked, gang, length};
use super::stamps::{Stamped, stamp_of};
use crate::workload::job::{Job, SECONDS_MAX, Trace};
use crate::workload::labels::Labels;
use crate::workload::stamp::CivilStamp;
use crate::workload::text::{Lines, ROWS_MAX, Table, TraceError, shown};

pub(super) const MARKS: &[&str] = &["timestamp", "duration", "num_gpus"];

/// What both forms assume.
const CLOCK: &str =
    "stamps are by a local clock whose zone is not stated; changes to and from daylight saving are ignored";
const BEGIN: &str =
    "jobs that were running when the trace begins are missing, so its first days show too little load";

pub(super) fn read<R: Read>(mut lines: Lines<R>) -> Result<Trace, TraceError> {
    if matches!(lines.first_byte()?, Some(b'[' | b'{')) {
        read_json(lines)
    } else {
        read_table(Table::open(lines)?)
    }
}

fn read_table<R: Read>(mut table: Table<R>) -> Result<Trace, TraceError> {
    let (stamp, duration) = (table.column("timestamp")?, table.column("duration")?);
    let (gpus, cluster) = (table.column("num_gpus")?, table.optional("cluster")?);
    let (mut stamped, mut dropped, mut tenants) =
        (Stamped::default(), Dropped::default(), Tenants::default());
    while table.next_row()? {
        if table.is_zero(gpus) {
            dropped.count("jobs without GPUs");
            continue;
        }
        let job = Job {
            tenant: tenants.of(&table, cluster),
            ..Job::new(table.row(), 0, gang(&table, gpus)?, length(&table, duration)?)
        };
        stamped.add(stamp_of(&table, stamp)?, checked(&table, job)?);
    }
    let mut assumptions = vec![
        "ids are row numbers; every job is on demand; run times are rounded to whole seconds".to_owned(),
        CLOCK.to_owned(),
        BEGIN.to_owned(),
    ];
    dropped.report(&mut assumptions);
    table.note_cut(&mut assumptions);
    let labels = tenants.finish("cluster", &mut assumptions);
    let (jobs, start) = stamped.finish().map_err(|message| table.error_here(message))?;
    Ok(Trace::new(jobs, start, assumptions).with_labels(labels, Labels::default()))
}

#[derive(Deserialize)]
struct Record {
    status: Option<String>,
    vc: Option<String>,
    jobid: Option<String>,
    attempts: Option<Vec<Attempt>>,
    submitted_time: Option<String>,
}

#[derive(Deserialize)]
struct Attempt {
    start_time: Option<String>,
    end_time: Option<String>,
    detail: Option<Vec<Server>>,
}

#[derive(Deserialize)]
struct Server {
    gpus: Option<Vec<IgnoredAny>>,
}

/// Jobs of the published form, as they come.
#[derive(Default)]
struct Log {
    stamped: Stamped,
    dropped: Dropped,
    tenants: Tenants,
    rows: usize,
    failed: u64,
    killed: u64,
    unlogged: u64,
}

fn read_json<R: Read>(lines: Lines<R>) -> Result<Trace, TraceError> {
    let mut log = Log::default();
    let (file, line) = for_each_record(lines, |record: Record| log.add(&record))?;
    log.finish().map_err(|message| TraceError::Malformed {
        file,
        line,
        column: None,
        message,
    })
}

impl Log {
    fn add(&mut self, record: &Record) -> Result<(), String> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(format!("a trace has at most {ROWS_MAX} jobs"));
        }
        let at =
            |message: String| format!("job {}: {message}", shown(record.jobid.as_deref().unwrap_or("?")));
        let attempts = record.attempts.as_deref().unwrap_or_default();
        let Some(submitted) = known(record.submitted_time.as_ref()) else {
            self.dropped.count("jobs without a time of submission");
            return Ok(());
        };
        let submitted = stamp(submitted).map_err(at)?;
        let Some(last) = attempts.last() else {
            self.dropped.count("jobs that were never started");
            return Ok(());
        };
        if known(last.end_time.as_ref()).is_none() {
            self.dropped
                .count("jobs that were still running when the trace was taken, or whose end was not logged");
            return Ok(());
        }
        let gpus = attempts.iter().map(size).find(|gpus| *gpus > 0).unwrap_or(0);
        let Some(gpus) = u32::try_from(gpus).ok().filter(|gpus| *gpus > 0) else {
            self.dropped.count("jobs without GPUs");
            return Ok(());
        };
        let run_s = self.run_s(attempts).map_err(at)?;
        match record.status.as_deref() {
            Some("Failed") => self.failed += 1,
            Some("Killed") => self.killed += 1,
            _ => {}
        }
        let job = Job {
            tenant: self.tenants.word(record.vc.as_deref().unwrap_or("")),
            ..Job::new(self.rows as u64, 0, gpus, run_s)
        };
        if let Some(problem) = job.problem() {
            return Err(at(format!("impossible job: {problem}")));
        }
        self.stamped.add(submitted, job);
        Ok(())
    }

    /// The run times of all attempts in sequence.
    fn run_s(&mut self, attempts: &[Attempt]) -> Result<i64, String> {
        let mut run_s = 0;
        for attempt in attempts {
            let both = known(attempt.start_time.as_ref()).zip(known(attempt.end_time.as_ref()));
            let Some((start, end)) = both else {
                self.unlogged += 1;
                continue;
            };
            let length_s = stamp(end)?.seconds_on(0) - stamp(start)?.seconds_on(0);
            if !(0..=SECONDS_MAX).contains(&length_s) {
                return Err(format!(
                    "an attempt ends before it starts, or after 68 years: {} to {}",
                    shown(start),
                    shown(end)
                ));
            }
            run_s += length_s;
        }
        Ok(run_s)
    }

    fn finish(self) -> Result<Trace, String> {
        let mut assumptions = vec![
            "ids are places in the file; every job is on demand; a gang is the GPUs of the first attempt that lists any"
                .to_owned(),
            "the run time is that of all attempts together, without the time between them".to_owned(),
            format!("{} failed and {} killed jobs run as long as they did", self.failed, self.killed),
            CLOCK.to_owned(),
            BEGIN.to_owned(),
        ];
        if self.unlogged > 0 {
            assumptions.push(format!(
                "{} attempts without a logged start or end count for nothing",
                self.unlogged
            ));
        }
        self.dropped.report(&mut assumptions);
        let labels = self.tenants.finish("vc", &mut assumptions);
        let (jobs, start) = self.stamped.finish()?;
        Ok(Trace::new(jobs, start, assumptions).with_labels(labels, Labels::default()))
    }
}

fn size(attempt: &Attempt) -> usize {
    let servers = attempt.detail.as_deref().unwrap_or_default();
    servers
        .iter()
        .map(|server| server.gpus.as_ref().map_or(0, Vec::len))
        .sum()
}

/// A text that says something: Python wrote some absent times as `None`.
fn known(text: Option<&String>) -> Option<&str> {
    let text = text?.trim();
    (!matches!(text, "" | "None" | "null")).then_some(text)
}

fn stamp(text: &str) -> Result<CivilStamp, String> {
    CivilStamp::parse(text).ok_or_else(|| {
        format!(
            "expected a time such as `2017-10-07 01:11:39`, found {}",
            shown(text)
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::workload::job::Job;
    use crate::workload::trace::read;

    #[test]
    fn rows_out_of_order_are_sorted_from_the_earliest() {
        let text = "timestamp,duration,num_gpus,gpu_time,cluster\n\
                    2017-10-09 07:01:55,66.0,1,66.0,11cb48\n\
                    2017-10-09 06:13:03,2951.5,8,2951.0,6214e9\n";
        let trace = read(text.as_bytes(), None, "p.csv").unwrap();
        let named = |job: Job, tenant| Job { tenant, ..job };
        assert_eq!(
            trace.jobs(),
            [
                named(Job::new(2, 0, 8, 2_952), 2),
                named(Job::new(1, 2_932, 1, 66), 1)
            ]
        );
        assert_eq!(trace.tenants().name(2), "6214e9");
        assert_eq!(trace.start().unwrap().to_string(), "2017-10-09T06:13:03");
        assert!(trace.assumptions().last().unwrap().contains("run back"));
    }

    /// The entry that the publishers show, on one line.
    fn published(submitted: &str, last_end: &str) -> String {
        let gpus = "[\"gpu0\",\"gpu1\",\"gpu2\",\"gpu3\",\"gpu4\",\"gpu5\",\"gpu6\",\"gpu7\"]";
        format!(
            "{{\"status\": \"Pass\", \"vc\": \"ee9e8c\", \"jobid\": \"application_1506638472019_14199\", \"attempts\": [\
             {{\"start_time\": \"2017-10-07 01:12:09\", \"end_time\": \"2017-10-07 01:13:23\", \"detail\": [{{\"ip\": \"m47\", \"gpus\": {gpus}}}]}},\
             {{\"start_time\": \"2017-10-07 01:13:30\", \"end_time\": {last_end}, \"detail\": [{{\"ip\": \"m412\", \"gpus\": {gpus}}}]}}],\
             \"submitted_time\": \"{submitted}\", \"user\": \"ce2f4c\"}}"
        )
    }

    #[test]
    fn the_published_entry_is_read_and_what_did_not_end_is_left_out() {
        let whole = published("2017-10-07 01:11:39", "\"2017-10-09 06:53:12\"");
        let running = published("2017-10-08 01:11:39", "null");
        let idle = "{\"status\": \"Killed\", \"vc\": \"a\", \"jobid\": \"x\", \"attempts\": [], \"submitted_time\": \"2017-10-07 01:11:39\"}";
        let text = format!("\u{feff}[\n  {whole},\n  {running},\n  {idle}\n]\n");
        let trace = read(text.as_bytes(), None, "cluster_job_log").unwrap();
        // 74 s, then 2 d 5 h 39 min 42 s.
        let job = Job {
            tenant: 1,
            ..Job::new(1, 0, 8, 74 + 2 * 86_400 + 5 * 3_600 + 39 * 60 + 42)
        };
        assert_eq!(trace.jobs(), [job]);
        assert_eq!(trace.start().unwrap().to_string(), "2017-10-07T01:11:39");
        for told in [
            "1 rows left out: jobs that were still running",
            "1 rows left out: jobs that were never started",
        ] {
            assert!(trace.assumptions().iter().any(|a| a.starts_with(told)), "{told}");
        }
        let lines = read(format!("{whole}\n{whole}\n").as_bytes(), None, "log.jsonl").unwrap();
        assert_eq!(lines.jobs().len(), 2);
    }

    #[test]
    fn broken_json_and_impossible_times_are_refused_with_their_line() {
        let whole = published("2017-10-07 01:11:39", "\"2017-10-09 06:53:12\"");
        let fails = |text: String| read(text.as_bytes(), None, "log").unwrap_err().to_string();
        let cut = fails(format!("[\n{whole},\n{}", &whole[..200]));
        assert!(cut.starts_with("log:3: "), "{cut}");
        let early = published("2017-10-07 01:11:39", "\"2017-10-06 06:53:12\"");
        let early = fails(format!("[\n{early}\n]"));
        assert!(
            early.starts_with("log:2: ") && early.contains("ends before it starts"),
            "{early}"
        );
        let unreadable = fails(format!("[\n{}\n]", published("yesterday", "null")));
        assert!(unreadable.contains("expected a time such as"), "{unreadable}");
        let endless = fails(format!("[{{\"status\": \"{}\"}}]", "x".repeat(20 << 20)));
        assert!(endless.contains("a record is longer than"), "{}", &endless[..80]);
        assert!(fails("[{\"jobid\": 5}]".to_owned()).contains("invalid type"));
        assert!(fails("[] x".to_owned()).contains("trailing"));
    }
}
