//! What is wrong or doubtful in a trace before it is replayed, and what load it offers to a cluster.

use std::collections::BTreeMap;

use crate::time::DAY_S;
use crate::workload::job::{Job, Trace};

/// Run times beyond this are doubtful: no published trace of the readers has a longer job.
const LONG_DAYS: i64 = 90;
/// So many jobs that end at the trace's very last end make it likely that ends were cut.
const CENSORED_MIN: usize = 10;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Worth knowing.
    Note,
    /// The replay runs, but its result may mislead.
    Doubt,
    /// The trace cannot be replayed on this cluster, or its jobs cannot be told apart.
    Error,
}

/// One thing that is wrong or doubtful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave.
    pub gravity: Gravity,
    /// What: a lower-case sentence fragment with the numbers.
    pub message: String,
}

/// What was found, and the load offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Findings, the gravest first.
    pub findings: Vec<Finding>,
    /// Jobs of the trace.
    pub jobs: usize,
    /// Days from the first submission to the last.
    pub days: f64,
    /// GPU-seconds submitted per second between the first and the last submission, over the cluster's GPUs.
    pub offered_load: f64,
    /// The same for each day, from the day of the first submission: work is counted on the day it was submitted.
    pub offered_load_by_day: Vec<f64>,
}

impl Audit {
    /// Audits a trace for a cluster of `gpus`, in nodes of `gpus_per_node` where these are given.
    pub fn new(trace: &Trace, gpus: u32, gpus_per_node: Option<u32>) -> Self {
        let jobs = trace.jobs();
        let offered_load_by_day = load_by_day(jobs, gpus);
        let span_s = jobs.last().map_or(0, |last| last.submit_s - jobs[0].submit_s);
        let mut audit = Self {
            findings: Vec::new(),
            jobs: jobs.len(),
            days: span_s as f64 / DAY_S as f64,
            offered_load: trace.gpu_s() as f64 / (span_s.max(1) as f64 * f64::from(gpus)),
            offered_load_by_day,
        };
        audit.check_ids(jobs);
        audit.check_sizes(jobs, gpus, gpus_per_node);
        audit.check_times(jobs);
        audit.check_load();
        if trace.start().is_none() {
            audit.add(
                Gravity::Note,
                "the instant of second zero is unknown, so hours and weekdays are too".to_owned(),
            );
        }
        for assumption in trace.assumptions() {
            audit.add(Gravity::Note, assumption.clone());
        }
        audit
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
        audit
    }

    /// Whether anything forbids a replay.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.gravity == Gravity::Error)
    }

    fn add(&mut self, gravity: Gravity, message: String) {
        self.findings.push(Finding { gravity, message });
    }

    /// Adds a finding about the jobs that `wrong` picks, if it picks any.
    fn count(&mut self, gravity: Gravity, jobs: &[Job], what: &str, wrong: impl Fn(&Job) -> bool) {
        let mut picked = jobs.iter().filter(|job| wrong(job));
        if let Some(first) = picked.next() {
            let count = 1 + picked.count();
            self.add(
                gravity,
                format!(
                    "{count} of {} jobs {what}; the first is job {}",
                    jobs.len(),
                    first.id
                ),
            );
        }
    }

    fn check_ids(&mut self, jobs: &[Job]) {
        let mut ids: Vec<u64> = jobs.iter().map(|job| job.id).collect();
        ids.sort_unstable();
        let again: Vec<u64> = ids
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0])
            .collect();
        if let Some(first) = again.first() {
            let count = again.len();
            self.add(
                Gravity::Error,
                format!("{count} ids come more than once; the first is {first}"),
            );
        }
        if jobs.is_empty() {
            self.add(Gravity::Error, "the trace holds no jobs".to_owned());
        }
    }

    fn check_sizes(&mut self, jobs: &[Job], gpus: u32, gpus_per_node: Option<u32>) {
        let larger = format!("need more than the cluster's {gpus} GPUs");
        self.count(Gravity::Error, jobs, &larger, |job| job.gpus > gpus);
        if let Some(node) = gpus_per_node.filter(|node| *node > 0) {
            let odd = format!("span nodes of {node} GPUs without filling them");
            self.count(Gravity::Doubt, jobs, &odd, |job| {
                job.gpus > node && job.gpus % node != 0
            });
        }
    }

    fn check_times(&mut self, jobs: &[Job]) {
        self.count(Gravity::Doubt, jobs, "run for no time at all", |job| {
            job.duration_s == 0
        });
        let long = format!("run for more than {LONG_DAYS} days");
        self.count(Gravity::Doubt, jobs, &long, |job| {
            job.duration_s > LONG_DAYS * DAY_S
        });
        let end = |job: &Job| job.submit_s + job.duration_s;
        let last = jobs.iter().map(end).max().unwrap_or(0);
        let at_last = jobs.iter().filter(|job| end(job) == last).count();
        if at_last >= CENSORED_MIN {
            let text = format!(
                "{at_last} jobs would end at the same last second {last}; their ends may have been cut"
            );
            self.add(Gravity::Doubt, text);
        }
        let empty = self
            .offered_load_by_day
            .iter()
            .filter(|load| **load == 0.0)
            .count();
        if empty > 0 {
            let days = self.offered_load_by_day.len();
            self.add(
                Gravity::Doubt,
                format!("{empty} of {days} days have no submissions"),
            );
        }
    }

    fn check_load(&mut self) {
        if self.jobs < 2 {
            return;
        }
        let load = self.offered_load;
        if load > 1.0 {
            self.add(
                Gravity::Doubt,
                format!("the offered load is {load:.2}: the queue grows to the end of the trace"),
            );
        } else {
            self.add(Gravity::Note, format!("the offered load is {load:.2}"));
        }
        let over = self
            .offered_load_by_day
            .iter()
            .filter(|load| **load > 1.0)
            .count();
        if over > 0 {
            let highest = self.offered_load_by_day.iter().copied().fold(0.0, f64::max);
            let days = self.offered_load_by_day.len();
            self.add(
                Gravity::Note,
                format!("on {over} of {days} days more work is submitted than the cluster does; at most {highest:.1} times"),
            );
        }
    }
}

fn load_by_day(jobs: &[Job], gpus: u32) -> Vec<f64> {
    let Some(first) = jobs.first().map(|job| job.submit_s.div_euclid(DAY_S)) else {
        return Vec::new();
    };
    let mut work: BTreeMap<i64, i128> = BTreeMap::new();
    for job in jobs {
        *work.entry(job.submit_s.div_euclid(DAY_S)).or_insert(0) += i128::from(job.gpu_s());
    }
    let last = work.last_key_value().map_or(first, |(day, _)| *day);
    let capacity = DAY_S as f64 * f64::from(gpus.max(1));
    (first..=last)
        .map(|day| work.get(&day).copied().unwrap_or(0) as f64 / capacity)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(audit: &Audit, gravity: Gravity) -> Vec<&str> {
        audit
            .findings
            .iter()
            .filter(|f| f.gravity == gravity)
            .map(|f| f.message.as_str())
            .collect()
    }

    #[test]
    fn what_forbids_a_replay_is_an_error_and_the_rest_is_told() {
        let jobs = vec![
            Job::new(1, 0, 12, 3_600),
            Job::new(1, 5, 8, 0),
            Job::new(2, 3 * DAY_S, 64, DAY_S),
            Job::new(3, 4 * DAY_S, 1, 100 * DAY_S),
        ];
        let audit = Audit::new(&Trace::new(jobs, None, Vec::new()), 32, Some(8));
        assert!(audit.has_errors());
        let errors = messages(&audit, Gravity::Error);
        assert_eq!(errors[0], "1 ids come more than once; the first is 1");
        assert_eq!(
            errors[1],
            "1 of 4 jobs need more than the cluster's 32 GPUs; the first is job 2"
        );
        let doubts = messages(&audit, Gravity::Doubt).join("\n");
        for told in [
            "1 of 4 jobs span nodes of 8 GPUs without filling them",
            "1 of 4 jobs run for no time",
            "1 of 4 jobs run for more than 90 days",
            "2 of 5 days have no submissions",
            "the offered load is 1.29",
        ] {
            assert!(doubts.contains(told), "{told} in\n{doubts}");
        }
        // (12 x 1 h + 64 x 1 d + 1 x 100 d) over 4 days of 32 GPUs.
        assert!((audit.offered_load - (0.5 + 64.0 + 100.0) / 128.0).abs() < 1e-12);
        assert_eq!(
            audit.offered_load_by_day,
            [0.5 / 32.0, 0.0, 0.0, 2.0, 100.0 / 32.0]
        );
    }

    #[test]
    fn a_sound_trace_has_its_load_told_and_no_more() {
        let jobs = (0..49)
            .map(|i| Job::new(i, i as i64 * 43_200, 2, 43_200 + i as i64))
            .collect();
        let start = jiff::civil::datetime(2024, 1, 1, 0, 0, 0, 0);
        let audit = Audit::new(&Trace::new(jobs, Some(start), Vec::new()), 4, None);
        assert!(
            !audit.has_errors() && audit.findings.len() == 1,
            "{:?}",
            audit.findings
        );
        assert!(Audit::new(&Trace::default(), 4, None).has_errors());
    }

    #[test]
    fn ends_that_coincide_at_the_last_second_are_doubted() {
        let jobs = (0..12)
            .map(|i| Job::new(i, i as i64, 1, 1_000 - i as i64))
            .collect();
        let audit = Audit::new(&Trace::new(jobs, None, Vec::new()), 400, None);
        assert!(
            messages(&audit, Gravity::Doubt)[0].starts_with("12 jobs would end at the same last second 1000")
        );
    }
}
