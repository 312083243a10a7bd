//! What is never lost: jobs, GPU-seconds, work and power, over random small worlds with kills, preemption, quotas,
//! patience, limits, lost capacity and changes of speed, for every policy and every knowledge of run times.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{
    AnyScheduler, Finished, NO_QUOTA, Observer, PolicyKind, Preemption, Runtimes, Settings, TICKS_PER_S,
    Usage, Withdrawal,
};
use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};

/// Books of its own, made from what single jobs report.
#[derive(Debug, Default)]
struct Books {
    running: HashMap<u64, (i64, Job)>,
    busy_gpu_s: [i128; 3],
    powered_gpu_ms: i128,
    work_of_finished_gpu_s: i128,
    lost_gpu_s: f64,
    finished: u64,
    killed: u64,
    left: HashMap<&'static str, u64>,
    missed: u64,
    with_deadline: u64,
}

impl Books {
    fn release(&mut self, now: SimTime, job: &Job) {
        let (since_s, held) = self.running.remove(&job.id).expect("who ends has started");
        assert_eq!((held.gpus, held.class), (job.gpus, job.class));
        let seconds = i128::from(now.as_unix_s() - since_s);
        self.busy_gpu_s[job.class.index()] += i128::from(job.gpus) * seconds;
        self.powered_gpu_ms += i128::from(job.gpus) * i128::from(job.power_per_mille) * seconds;
    }
    fn deadline(&mut self, job: &Job, end_s: i64) {
        if job.deadline_after_s > 0 {
            self.with_deadline += 1;
            self.missed += u64::from(end_s > job.submit_s + i64::from(job.deadline_after_s));
        }
    }
}

impl Observer for Books {
    fn started(&mut self, now: SimTime, job: &Job, _waited: Span, _restarts: u32) {
        let before = self.running.insert(job.id, (now.as_unix_s(), *job));
        assert!(before.is_none(), "job {} runs twice", job.id);
    }
    fn finished(&mut self, finished: &Finished) {
        self.release(finished.end, &finished.job);
        self.work_of_finished_gpu_s += i128::from(finished.job.gpu_s());
        self.finished += 1;
        self.deadline(&finished.job, finished.end.as_unix_s());
    }
    fn killed(&mut self, now: SimTime, job: &Job, lost_gpu_s: f64) {
        self.release(now, job);
        self.lost_gpu_s += lost_gpu_s;
        self.killed += 1;
    }
    fn withdrawn(&mut self, now: SimTime, job: &Job, reason: Withdrawal) {
        if reason == Withdrawal::TimeLimit {
            self.release(now, job);
        }
        *self.left.entry(reason.as_str()).or_insert(0) += 1;
        self.deadline(job, i64::MAX);
    }
}

/// Jobs that left, by the word for why.
fn reasons(sum: &Usage) -> [(&'static str, u64); 6] {
    [
        ("too_large", sum.too_large),
        ("queue_full", sum.queue_full),
        ("patience", sum.impatient),
        ("residency", sum.abroad),
        ("over_quota", sum.over_quota),
        ("time_limit", sum.time_limit),
    ]
}

fn storm(
    policy: PolicyKind,
    (settings, quotas): (Settings, &[u32]),
    jobs: &[Job],
    changes: &[(i64, u32, u16)],
) -> Result<(), TestCaseError> {
    let mut s = AnyScheduler::new(policy, SimTime::default(), settings);
    s.set_quotas(quotas.to_vec());
    let (mut books, mut sum, mut next, mut capacity_gpu_s) = (Books::default(), Usage::default(), 0, 0);
    let (mut now_s, mut capacity) = (0, settings.gpus);
    let last = (1_000_000, settings.gpus, 1_000);
    for (gap, gpus, speed) in changes.iter().copied().chain([(1, settings.gpus, 1_000), last]) {
        let to_s = now_s + gap;
        while let Some(job) = jobs.get(next).filter(|job| job.submit_s <= to_s) {
            s.advance(SimTime::from_unix_s(job.submit_s.max(now_s)), &mut books);
            s.submit(job, &mut books);
            s.pass(&mut books);
            next += 1;
        }
        s.advance(SimTime::from_unix_s(to_s), &mut books);
        capacity_gpu_s += i128::from(capacity) * i128::from(to_s - now_s);
        s.set_capacity(gpus, &mut books);
        s.set_speed(speed);
        s.pass(&mut books);
        s.assert_conserved();
        let held: u32 = books.running.values().map(|(_, job)| job.gpus).sum();
        prop_assert_eq!((held, s.pool().capacity()), (s.pool().busy(), gpus));
        prop_assert!(held <= gpus);
        sum.add(&s.take_usage());
        (now_s, capacity) = (to_s, gpus);
    }
    prop_assert_eq!((s.pool().running(), s.pool().queued(), next), (0, 0, jobs.len()));
    prop_assert_eq!(sum, s.total_usage());
    prop_assert_eq!(sum.capacity_gpu_s, capacity_gpu_s);
    prop_assert_eq!((sum.finished, sum.killed), (books.finished, books.killed));
    let reasons = reasons(&sum);
    for (reason, count) in reasons {
        prop_assert_eq!(
            (reason, count),
            (reason, books.left.get(reason).copied().unwrap_or(0))
        );
    }
    prop_assert_eq!(
        sum.submitted,
        sum.finished + reasons.iter().map(|r| r.1).sum::<u64>()
    );
    prop_assert_eq!(sum.busy_gpu_s, books.busy_gpu_s);
    prop_assert_eq!(sum.powered_gpu_ms, books.powered_gpu_ms);
    prop_assert_eq!(
        (sum.deadlines, sum.deadlines_missed),
        (books.with_deadline, books.missed)
    );
    prop_assert!(sum.busy_total_gpu_s() <= sum.capacity_gpu_s);
    prop_assert_eq!(
        sum.work_gpu_ticks,
        books.work_of_finished_gpu_s * i128::from(TICKS_PER_S) + sum.lost_gpu_ticks
    );
    // What kills took, and all that those did who were stopped at their limit.
    prop_assert!(books.lost_gpu_s <= sum.lost_gpu_s() + 1e-6);
    if sum.time_limit == 0 {
        prop_assert!((books.lost_gpu_s - sum.lost_gpu_s()).abs() <= 1e-9 * sum.lost_gpu_s());
    }
    Ok(())
}

fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let size = (1u32..24, 0i64..400, 0i32..500, 0i32..60);
    let labels = (0u16..4, 0u16..3, 0usize..3, 0u16..=1_000, 0i32..900);
    prop::collection::vec((0i64..2_000, size, labels), 1..150).prop_map(|raw| {
        let all = raw.into_iter().enumerate();
        let mut jobs: Vec<Job> = all
            .map(|(id, (submit_s, size, labels))| Job {
                estimate_s: size.2,
                checkpoint_s: size.3,
                tenant: labels.0,
                residency: labels.1,
                class: JobClass::ALL[labels.2],
                power_per_mille: labels.3,
                deadline_after_s: labels.4,
                ..Job::new(id as u64, submit_s, size.0, size.1)
            })
            .collect();
        jobs.sort_by_key(Job::rank);
        jobs
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn nothing_is_lost_in_a_storm(
        jobs in jobs(),
        changes in prop::collection::vec((0i64..200, 0u32..=20, 0u16..=1_000), 1..30),
        quotas in prop::collection::vec(prop::sample::select(vec![NO_QUOTA, 6, 15, 25]), 0..4),
        residency in prop::option::of(0u16..3),
        patience in prop::option::of(0i64..600),
        queue_max in prop::option::of(0usize..40),
        preemption in prop::sample::select(vec![Preemption::None, Preemption::Spot, Preemption::SpotAndOnDemand]),
    ) {
        for policy in [PolicyKind::Fcfs, PolicyKind::Easy, PolicyKind::Conservative, PolicyKind::Sjf, PolicyKind::Priority] {
            for runtimes in [
                Runtimes::Known,
                Runtimes::Estimated { kills_at_limit: false },
                Runtimes::Estimated { kills_at_limit: true },
                Runtimes::Unknown,
            ] {
                let settings = Settings {
                    runtimes,
                    preemption,
                    residency,
                    queue_max,
                    patience: patience.map(Span::from_seconds),
                    ..Settings::constant(20)
                };
                storm(policy, (settings, &quotas), &jobs, &changes)?;
            }
        }
    }
}
