//! What is wrong or doubtful in a trace before it is replayed, and what load it offers to a cluster.

mod load;
mod shape;

use std::cmp::Reverse;

use serde::Serialize;

use crate::time::DAY_S;
use crate::workload::job::{Job, Trace};
pub use load::DayLoad;

/// Run times beyond this are doubtful: no published trace of the readers has a longer job.
const LONG_DAYS: i64 = 90;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Worth knowing.
    Note,
    /// The replay runs, but its result may mislead.
    Doubt,
    /// The trace cannot be replayed on this cluster, or its jobs cannot be told apart.
    Error,
}

impl Gravity {
    /// The word that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Doubt => "doubt",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave.
    pub gravity: Gravity,
    /// What kind of thing: a word that scripts can rely on.
    pub code: &'static str,
    /// What: a lower-case sentence fragment with the numbers.
    pub message: String,
}

/// What was found, and the load offered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// Jobs of the trace.
    pub jobs: usize,
    /// GPUs of the cluster.
    pub gpus: u32,
    /// The largest gang.
    pub gpus_max: u32,
    /// Days from the first submission to the last.
    pub days: f64,
    /// GPU-seconds submitted per second between the first and the last submission, over the cluster's GPUs.
    pub offered_load: f64,
    /// The most GPUs that would run at once if no job ever waited.
    pub peak_gpus: i64,
    /// The share of the time from first submission to last end in which that is more than the cluster has.
    pub over_capacity_share: f64,
    /// Work by the day on which it was submitted, from the day of the first submission.
    pub offered_load_by_day: Vec<DayLoad>,
    /// Findings, the gravest first.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Audits a trace for a cluster of `gpus`, in nodes of the sizes `gpus_per_node` where these are given.
    pub fn new(trace: &Trace, gpus: u32, gpus_per_node: &[u32]) -> Self {
        let jobs = trace.jobs();
        let span_s = jobs.last().map_or(0, |last| last.submit_s - jobs[0].submit_s);
        let peak = load::peak(jobs, gpus);
        let mut audit = Self {
            jobs: jobs.len(),
            gpus,
            gpus_max: trace.gpus_max(),
            days: span_s as f64 / DAY_S as f64,
            offered_load: trace.gpu_s() as f64 / (span_s.max(1) as f64 * f64::from(gpus)),
            peak_gpus: peak.gpus,
            over_capacity_share: peak.over_share,
            offered_load_by_day: load::by_day(trace, gpus),
            findings: Vec::new(),
        };
        audit.check_ids(jobs);
        audit.check_sizes(trace, gpus, gpus_per_node);
        audit.check_order(trace);
        audit.check_times(jobs);
        shape::check(trace, &mut audit);
        load::check(trace, &mut audit);
        for assumption in trace.assumptions() {
            audit.add(Gravity::Note, "assumption", assumption.clone());
        }
        audit.findings.sort_by_key(|finding| Reverse(finding.gravity));
        audit
    }

    /// Whether anything forbids a replay.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.gravity == Gravity::Error)
    }

    fn add(&mut self, gravity: Gravity, code: &'static str, message: String) {
        self.findings.push(Finding {
            gravity,
            code,
            message,
        });
    }

    /// Adds a finding about the jobs that `wrong` picks, if it picks any.
    fn count(
        &mut self,
        (gravity, code): (Gravity, &'static str),
        jobs: &[Job],
        what: &str,
        wrong: impl Fn(&Job) -> bool,
    ) {
        let mut picked = jobs.iter().filter(|job| wrong(job));
        if let Some(first) = picked.next() {
            let count = 1 + picked.count();
            let message = format!(
                "{count} of {} jobs {what}; the first is job {}",
                jobs.len(),
                first.id
            );
            self.add(gravity, code, message);
        }
    }

    fn check_ids(&mut self, jobs: &[Job]) {
        let mut ids: Vec<u64> = jobs.iter().map(|job| job.id).collect();
        ids.sort_unstable();
        let again = || {
            ids.windows(2)
                .filter(|pair| pair[0] == pair[1])
                .map(|pair| pair[0])
        };
        if let Some(first) = again().next() {
            let message = format!(
                "{} ids come more than once; the first is {first}",
                again().count()
            );
            self.add(Gravity::Error, "duplicate_ids", message);
        }
        if jobs.is_empty() {
            self.add(Gravity::Error, "no_jobs", "the trace holds no jobs".to_owned());
        }
    }

    fn check_sizes(&mut self, trace: &Trace, gpus: u32, gpus_per_node: &[u32]) {
        let jobs = trace.jobs();
        let larger = format!("need more than the cluster's {gpus} GPUs");
        self.count((Gravity::Error, "larger_than_cluster"), jobs, &larger, |job| {
            job.gpus > gpus
        });
        let sizes: Vec<u32> = gpus_per_node.iter().copied().filter(|size| *size > 0).collect();
        let odd = |job: &Job| {
            sizes
                .iter()
                .all(|size| job.gpus > *size && !job.gpus.is_multiple_of(*size))
        };
        if !sizes.is_empty() && jobs.iter().any(odd) {
            let all = trace.gpu_s().max(1) as f64;
            let share = jobs
                .iter()
                .filter(|job| odd(job))
                .map(|job| job.gpu_s() as f64)
                .sum::<f64>()
                / all;
            let names: Vec<String> = sizes.iter().map(ToString::to_string).collect();
            let what = format!(
                "span nodes of {} GPUs without filling them ({:.1} % of the GPU-hours)",
                names.join(" or "),
                100.0 * share
            );
            self.count((Gravity::Doubt, "odd_for_nodes"), jobs, &what, odd);
        }
        if trace.rounded_up() > 0 {
            let message = format!(
                "{} of {} jobs ask for a part of a GPU and are given whole ones: the load is overstated",
                trace.rounded_up(),
                jobs.len()
            );
            self.add(Gravity::Doubt, "fractional_gpus", message);
        }
    }

    fn check_order(&mut self, trace: &Trace) {
        let back = trace.run_back();
        if back > 0 {
            let message = format!("the file is not sorted: submissions run back {back} times");
            self.add(Gravity::Doubt, "unsorted", message);
        }
        let before = |job: &Job| job.submit_s < 0;
        self.count(
            (Gravity::Note, "negative_submission"),
            trace.jobs(),
            "are submitted before second zero",
            before,
        );
    }

    fn check_times(&mut self, jobs: &[Job]) {
        self.count(
            (Gravity::Doubt, "zero_duration"),
            jobs,
            "run for no time at all",
            |job| job.duration_s == 0,
        );
        let long = format!("run for more than {LONG_DAYS} days");
        self.count((Gravity::Doubt, "long_duration"), jobs, &long, |job| {
            job.duration_s > LONG_DAYS * DAY_S
        });
        let late = |job: &Job| job.deadline_after_s > 0 && i64::from(job.deadline_after_s) < job.duration_s;
        self.count(
            (Gravity::Doubt, "impossible_deadline"),
            jobs,
            "cannot meet their deadline even without a wait",
            late,
        );
    }
}

#[cfg(test)]
mod tests;
