//! One trace on one pool: the arrivals, already sorted, are merged with the ends of the scheduler.

use crate::time::SimTime;
use crate::workload::job::Job;
use crate::workload::scheduler::{Finished, Layout, Observer, Policy, Scheduler, Settings, Usage};

/// What a replay found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Integrals and counts from the beginning to the last end.
    pub usage: Usage,
    /// The last end on the trace's clock, in seconds; zero where nothing ran.
    pub makespan_s: i64,
    /// Submissions and ends handled.
    pub events: u64,
    /// Jobs that still wait or run when nothing can happen any more, because the pool has become too small.
    pub stranded: u64,
}

/// A change of the number of GPUs at a second of the trace's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapacityChange {
    /// When, in seconds on the trace's clock.
    pub at_s: i64,
    /// GPUs from then on.
    pub gpus: u32,
}

/// Replays sorted jobs on a pool that begins with `settings.gpus` at second 0 (or at the first submission,
/// where that is earlier). `changes` are sorted by time.
pub fn replay<P: Policy, O: Observer>(
    jobs: &[Job],
    settings: Settings,
    changes: &[CapacityChange],
    observer: &mut O,
) -> Outcome {
    replay_on::<P, O>(jobs, settings.into(), changes, observer)
}

/// What a trace is replayed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// GPUs, and what is known of run times.
    pub settings: Settings,
    /// Quotas of tenants, by number (see [`Scheduler::set_quotas`]).
    pub quotas: Vec<u32>,
    /// The nodes in which the GPUs stand, if they are more than counted.
    pub layout: Option<Layout>,
}

impl From<Settings> for Cluster {
    fn from(settings: Settings) -> Self {
        Self {
            settings,
            quotas: Vec::new(),
            layout: None,
        }
    }
}

/// The same with quotas and nodes.
pub fn replay_on<P: Policy, O: Observer>(
    jobs: &[Job],
    cluster: Cluster,
    changes: &[CapacityChange],
    observer: &mut O,
) -> Outcome {
    let begin = jobs.first().map_or(0, |job| job.submit_s.min(0));
    let mut scheduler = Scheduler::<P>::new(SimTime::from_unix_s(begin), cluster.settings);
    scheduler.set_quotas(cluster.quotas);
    if let Some(layout) = &cluster.layout {
        scheduler.set_layout(layout);
    }
    let mut last = LastEnd {
        inner: observer,
        end_s: 0,
    };
    let (mut next_job, mut next_change) = (0, 0);
    let mut usage = Usage::default();
    loop {
        let arrival = jobs.get(next_job).map_or(i64::MAX, |job| job.submit_s);
        let change = changes
            .get(next_change)
            .map_or(i64::MAX, |change| change.at_s.max(begin));
        let event = scheduler.next_event_time().map_or(i64::MAX, SimTime::as_unix_s);
        // Once nothing waits or runs, later changes of capacity concern nobody.
        let idle = arrival == i64::MAX && scheduler.pool().running() == 0 && scheduler.pool().queued() == 0;
        let now = arrival.min(event).min(if idle { i64::MAX } else { change });
        if now == i64::MAX {
            break;
        }
        scheduler.step_to(SimTime::from_unix_s(now), &mut last);
        while next_change < changes.len() && changes[next_change].at_s <= now {
            scheduler.set_capacity(changes[next_change].gpus, &mut last);
            next_change += 1;
        }
        while next_job < jobs.len() && jobs[next_job].submit_s == now {
            scheduler.submit(&jobs[next_job], &mut last);
            next_job += 1;
        }
        scheduler.pass(&mut last);
    }
    scheduler.assert_conserved();
    usage.add(&scheduler.take_usage());
    let left = scheduler.pool().queued() + scheduler.pool().running();
    Outcome {
        usage,
        makespan_s: last.end_s,
        events: usage.submitted + usage.finished,
        stranded: left as u64,
    }
}

struct LastEnd<'a, O> {
    inner: &'a mut O,
    end_s: i64,
}

impl<O: Observer> Observer for LastEnd<'_, O> {
    fn started(&mut self, now: SimTime, job: &Job, waited: crate::time::Span, restarts: u32) {
        self.inner.started(now, job, waited, restarts);
    }
    fn finished(&mut self, finished: &Finished) {
        self.end_s = finished.end.as_unix_s();
        self.inner.finished(finished);
    }
    fn killed(&mut self, now: SimTime, job: &Job, lost_gpu_s: f64) {
        self.inner.killed(now, job, lost_gpu_s);
    }
    fn withdrawn(&mut self, now: SimTime, job: &Job, reason: crate::workload::scheduler::Withdrawal) {
        self.inner.withdrawn(now, job, reason);
    }
}
