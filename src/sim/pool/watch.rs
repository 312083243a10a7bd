//! What is seen of single jobs: waits, and the rows of `jobs.csv`.

use std::collections::BTreeMap;

use crate::time::{SimTime, Span};
use crate::workload::job::Job;
use crate::workload::scheduler::{Finished, Observer, Withdrawal};

/// Jobs seen one by one.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) waits_s: Vec<u32>,
    pub(super) record: Option<Vec<SeenJob>>,
    /// Work that kills took from jobs that have not left yet, GPU-seconds; kept only where jobs are recorded.
    pub(super) lost_gpu_s: BTreeMap<u64, f64>,
    pub(super) events: u64,
    /// Wall time less pool time in the present week.
    pub(super) offset: Span,
}

/// A job as `jobs.csv` shows it, on the pool's own clock.
#[derive(Debug, Clone, Copy)]
pub struct SeenJob {
    /// The job.
    pub job: Job,
    /// Last start, if any.
    pub start: Option<SimTime>,
    /// End, if any.
    pub end: Option<SimTime>,
    /// Restarts.
    pub restarts: u32,
    /// Work lost, GPU-seconds.
    pub lost_gpu_s: f64,
    /// Why it left, where it did not finish.
    pub reason: Option<Withdrawal>,
    /// Wall time less pool time in the week in which it left.
    pub offset: Span,
}

impl Observer for Watch {
    fn started(&mut self, _now: SimTime, _job: &Job, waited: Span, restarts: u32) {
        self.events += 1;
        if restarts == 0 {
            self.waits_s
                .push(waited.as_seconds().clamp(0, i64::from(u32::MAX)) as u32);
        }
    }
    fn finished(&mut self, finished: &Finished) {
        self.events += 1;
        if let Some(record) = &mut self.record {
            let lost_gpu_s = self.lost_gpu_s.remove(&finished.job.id).unwrap_or(0.0);
            record.push(SeenJob {
                job: finished.job,
                start: Some(finished.start),
                end: Some(finished.end),
                restarts: finished.restarts,
                lost_gpu_s,
                reason: None,
                offset: self.offset,
            });
        }
    }
    fn killed(&mut self, _now: SimTime, job: &Job, lost_gpu_s: f64) {
        if self.record.is_some() {
            *self.lost_gpu_s.entry(job.id).or_insert(0.0) += lost_gpu_s;
        }
    }
    fn withdrawn(&mut self, now: SimTime, job: &Job, reason: Withdrawal) {
        if let Some(record) = &mut self.record {
            let lost_gpu_s = self.lost_gpu_s.remove(&job.id).unwrap_or(0.0);
            record.push(SeenJob {
                job: *job,
                start: None,
                end: Some(now),
                restarts: 0,
                lost_gpu_s,
                reason: Some(reason),
                offset: self.offset,
            });
        }
    }
}
