//! The load that a trace offers: by day, at its highest, and over the whole.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Audit, Gravity};
use crate::time::DAY_S;
use crate::workload::job::{Job, Trace};
use crate::workload::stamp::{civil_of, civil_s};

/// How many of the worst days are named.
const NAMED: usize = 3;
/// More days than this are not listed one by one: a century.
const DAYS_MAX: i64 = 36_525;

/// The work submitted on one day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayLoad {
    /// The date where the trace's calendar is known, else `day 0` for the day of the first submission and so on.
    pub day: String,
    /// GPU-seconds submitted over what the cluster does in a day.
    pub load: f64,
    /// Jobs submitted.
    pub jobs: u64,
}

/// Work by the day on which it was submitted, on the trace's own calendar where that is known.
pub(super) fn by_day(trace: &Trace, gpus: u32) -> Vec<DayLoad> {
    let zero_s = trace.start().map_or(0, civil_s);
    let day_of = |job: &Job| (zero_s + job.submit_s).div_euclid(DAY_S);
    let mut work: BTreeMap<i64, (i128, u64)> = BTreeMap::new();
    for job in trace.jobs() {
        let day = work.entry(day_of(job)).or_default();
        day.0 += i128::from(job.gpu_s());
        day.1 += 1;
    }
    let (Some((first, _)), Some((last, _))) = (work.first_key_value(), work.last_key_value()) else {
        return Vec::new();
    };
    let capacity = DAY_S as f64 * f64::from(gpus.max(1));
    (*first..=(*last).min(first + DAYS_MAX))
        .map(|day| {
            let (gpu_s, jobs) = work.get(&day).copied().unwrap_or_default();
            let date = trace.start().and_then(|_| civil_of(day * DAY_S));
            DayLoad {
                day: date.map_or_else(
                    || format!("day {}", day - first),
                    |civil| civil.date().to_string(),
                ),
                load: gpu_s as f64 / capacity,
                jobs,
            }
        })
        .collect()
}

/// What would run if nobody waited.
pub(super) struct Peak {
    pub(super) gpus: i64,
    pub(super) over_share: f64,
}

/// The most GPUs at once, and the share of the time with more than the cluster has, if every job started when it was
/// submitted.
pub(super) fn peak(jobs: &[Job], gpus: u32) -> Peak {
    let mut changes: Vec<(i64, i64)> = Vec::with_capacity(2 * jobs.len());
    for job in jobs.iter().filter(|job| job.duration_s > 0) {
        changes.push((job.submit_s, i64::from(job.gpus)));
        changes.push((job.submit_s + job.duration_s, -i64::from(job.gpus)));
    }
    // Ends come before submissions of the same second.
    changes.sort_unstable();
    let (mut running, mut highest, mut over_s, mut since_s) = (0_i64, 0_i64, 0_i64, 0_i64);
    for (at_s, change) in &changes {
        if running > i64::from(gpus) {
            over_s += at_s - since_s;
        }
        running += change;
        highest = highest.max(running);
        since_s = *at_s;
    }
    let span_s = changes.last().map_or(0, |last| last.0 - changes[0].0);
    Peak {
        gpus: highest,
        over_share: over_s as f64 / span_s.max(1) as f64,
    }
}

pub(super) fn check(trace: &Trace, audit: &mut Audit) {
    if trace.jobs().len() < 2 {
        return;
    }
    let load = audit.offered_load;
    if load > 1.0 {
        let message = format!("the offered load is {load:.2}: the queue grows to the end of the trace");
        audit.add(Gravity::Doubt, "overload", message);
    } else {
        audit.add(Gravity::Note, "load", format!("the offered load is {load:.2}"));
    }
    worst_days(audit);
    if audit.peak_gpus > i64::from(audit.gpus) {
        let message = format!(
            "if no job ever waited, up to {} GPUs would run at once ({:.0} % of the cluster), more than it has in {:.1} % of the \
             time",
            audit.peak_gpus,
            100.0 * audit.peak_gpus as f64 / f64::from(audit.gpus),
            100.0 * audit.over_capacity_share
        );
        let all_day = audit.over_capacity_share > 0.5;
        let gravity = if all_day { Gravity::Doubt } else { Gravity::Note };
        audit.add(gravity, "oversubscription", message);
    }
    last_ends(trace, audit);
}

fn worst_days(audit: &mut Audit) {
    let mut over: Vec<&DayLoad> = audit
        .offered_load_by_day
        .iter()
        .filter(|day| day.load > 1.0)
        .collect();
    if over.is_empty() {
        return;
    }
    over.sort_by(|a, b| b.load.total_cmp(&a.load));
    let worst: Vec<String> = over
        .iter()
        .take(NAMED)
        .map(|day| format!("{} ({:.2})", day.day, day.load))
        .collect();
    let message = format!(
        "on {} of {} days more work is submitted than the cluster does in a day; the worst: {}",
        over.len(),
        audit.offered_load_by_day.len(),
        worst.join(", ")
    );
    audit.add(Gravity::Note, "worst_days", message);
}

/// Work that ends after the last submission: the replay of it sees an emptying cluster.
fn last_ends(trace: &Trace, audit: &mut Audit) {
    let jobs = trace.jobs();
    let last_s = jobs.last().map_or(0, |job| job.submit_s);
    let after: i128 = jobs
        .iter()
        .map(|job| {
            i128::from(job.gpus)
                * i128::from((job.submit_s + job.duration_s - last_s.max(job.submit_s)).max(0))
        })
        .sum();
    let share = after as f64 / trace.gpu_s().max(1) as f64;
    if share > 0.2 {
        let message = format!(
            "{:.0} % of the work lies after the last submission even without waits: means over the whole trace are of an \
             emptying cluster",
            100.0 * share
        );
        audit.add(Gravity::Doubt, "emptying_end", message);
    }
}
