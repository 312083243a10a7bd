//! A slow, plain scheduler, written from the definition, against which the fast one is checked to the digit;
//! and the properties that hold with changing capacity and speed.

use proptest::prelude::*;

use super::{
    Conservative, Easy, Fcfs, Finished, Observer, Policy, Scheduler, Settings, TICKS_PER_S, Usage, Withdrawal,
};
use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};
use crate::workload::replay::{CapacityChange, Outcome, replay};

/// Starts of all jobs by plain lists: at each instant all ends, all arrivals, then one pass over the queue.
fn plain_starts(jobs: &[Job], gpus: u32, backfill: bool) -> Vec<(u64, i64)> {
    let (mut running, mut queue): (Vec<(i64, u32)>, Vec<Job>) = (Vec::new(), Vec::new());
    let (mut starts, mut next, mut free) = (Vec::new(), 0, gpus);
    loop {
        let arrival = jobs.get(next).map(|job| job.submit_s);
        let end = running.iter().map(|(at, _)| *at).min();
        let Some(now) = arrival.into_iter().chain(end).min() else {
            break;
        };
        free += running
            .iter()
            .filter(|(at, _)| *at == now)
            .map(|(_, gpus)| gpus)
            .sum::<u32>();
        running.retain(|(at, _)| *at != now);
        while jobs.get(next).is_some_and(|job| job.submit_s == now) {
            queue.push(jobs[next]);
            next += 1;
        }
        let mut start = |job: Job, free: &mut u32, running: &mut Vec<(i64, u32)>| {
            *free -= job.gpus;
            running.push((now + job.duration_s, job.gpus));
            starts.push((job.id, now));
        };
        while queue.first().is_some_and(|job| job.gpus <= free) {
            start(queue.remove(0), &mut free, &mut running);
        }
        if !backfill || queue.len() < 2 {
            continue;
        }
        running.sort_unstable();
        let mut available = free;
        let shadow = running.iter().find(|(_, gpus)| {
            available += gpus;
            available >= queue[0].gpus
        });
        let shadow = shadow.expect("no job is larger than the pool").0;
        let back: u32 = running
            .iter()
            .filter(|(at, _)| *at <= shadow)
            .map(|(_, gpus)| gpus)
            .sum();
        let mut extra = free + back - queue[0].gpus;
        let mut place = 1;
        while place < queue.len() {
            let job = queue[place];
            let in_time = now + job.duration_s <= shadow;
            if job.gpus <= free && (in_time || job.gpus <= extra) {
                if !in_time {
                    extra -= job.gpus;
                }
                start(queue.remove(place), &mut free, &mut running);
            } else {
                place += 1;
            }
        }
    }
    starts.sort_unstable();
    starts
}

#[derive(Default)]
struct Starts(Vec<(u64, i64)>);

impl Observer for Starts {
    fn started(&mut self, now: SimTime, job: &Job, waited: Span, restarts: u32) {
        assert_eq!(
            (now.as_unix_s() - waited.as_seconds(), restarts),
            (job.submit_s, 0)
        );
        self.0.push((job.id, now.as_unix_s()));
    }
}

fn fast_starts<P: Policy>(jobs: &[Job], gpus: u32) -> (Vec<(u64, i64)>, Outcome) {
    let mut seen = Starts::default();
    let outcome = replay::<P, _>(jobs, Settings::constant(gpus), &[], &mut seen);
    seen.0.sort_unstable();
    (seen.0, outcome)
}

/// Jobs whose offered load over their horizon is about `load`, many of them at equal instants.
fn jobs_at_load(raw: &[(u32, u32, f64)], gpus: u32, load: f64) -> Vec<Job> {
    let sizes = [1, 1, 1, 2, 3, 4, 8, 8, 16, 5, 30, gpus];
    let mut jobs: Vec<Job> = raw
        .iter()
        .enumerate()
        .map(|(id, (size, duration, _))| {
            let gpus = sizes[*size as usize % sizes.len()].min(gpus);
            Job::new(id as u64, 0, gpus, i64::from(*duration))
        })
        .collect();
    let work: i64 = jobs.iter().map(Job::gpu_s).sum();
    let horizon = work as f64 / (load * f64::from(gpus));
    for (job, (_, _, at)) in jobs.iter_mut().zip(raw) {
        // Coarse instants, so that several arrivals and ends coincide.
        job.submit_s = (at * horizon) as i64 / 20 * 20;
    }
    jobs.sort_by_key(Job::rank);
    jobs
}

fn raw_jobs(most: usize) -> impl Strategy<Value = Vec<(u32, u32, f64)>> {
    let duration = prop_oneof![4 => 0u32..400, 1 => 0u32..6_000, 1 => (1u32..30).prop_map(|d| d * 20)];
    prop::collection::vec((0u32..12, duration, 0.0f64..1.0), 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn fcfs_equals_the_plain_scheduler(raw in raw_jobs(400), load in 0.5f64..1.2, gpus in 1u32..200) {
        let jobs = jobs_at_load(&raw, gpus, load);
        prop_assert_eq!(fast_starts::<Fcfs>(&jobs, gpus).0, plain_starts(&jobs, gpus, false));
    }

    #[test]
    fn easy_equals_the_plain_scheduler(raw in raw_jobs(400), load in 0.5f64..1.2, gpus in 1u32..200) {
        let jobs = jobs_at_load(&raw, gpus, load);
        prop_assert_eq!(fast_starts::<Easy>(&jobs, gpus).0, plain_starts(&jobs, gpus, true));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Long queues, so that the index over the waiting is at work.
    #[test]
    fn easy_equals_the_plain_scheduler_under_overload(raw in raw_jobs(5_000), gpus in 16u32..80) {
        let jobs = jobs_at_load(&raw, gpus, 3.0);
        prop_assert_eq!(fast_starts::<Easy>(&jobs, gpus).0, plain_starts(&jobs, gpus, true));
    }
}

/// Conservative backfill by its definition: each job, when it comes, takes the first seconds in which enough GPUs
/// are left by all before it, one array element a second.
fn plain_conservative_starts(jobs: &[Job], gpus: u32) -> Vec<(u64, i64)> {
    let mut free: Vec<u32> = Vec::new();
    let mut starts = Vec::new();
    for job in jobs {
        let mut start = job.submit_s as usize;
        let mut at = start;
        while at < start + job.duration_s as usize {
            if at >= free.len() {
                free.resize(at + 10_000, gpus);
            }
            at += 1;
            if free[at - 1] < job.gpus {
                start = at;
            }
        }
        for second in &mut free[start..at] {
            *second -= job.gpus;
        }
        starts.push((job.id, start as i64));
    }
    starts.sort_unstable();
    starts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn conservative_equals_the_definition_second_by_second(
        raw in raw_jobs(300), load in 0.5f64..1.5, gpus in 1u32..150,
    ) {
        let mut jobs = jobs_at_load(&raw, gpus, load);
        for job in &mut jobs {
            job.duration_s = job.duration_s.max(1);
        }
        prop_assert_eq!(fast_starts::<Conservative>(&jobs, gpus).0, plain_conservative_starts(&jobs, gpus));
    }
}

#[test]
fn a_small_case_by_hand() {
    // 4 GPUs. Job 0 holds 3 until 10. Job 1 needs 4 and is promised second 10. Job 2 (1 GPU, 10 s) would end
    // at 12, after the promise, and the head leaves nothing over; job 3 (1 GPU, 7 s) ends at 10 and may start.
    let jobs = [
        Job::new(0, 0, 3, 10),
        Job::new(1, 1, 4, 5),
        Job::new(2, 2, 1, 10),
        Job::new(3, 3, 1, 7),
    ];
    let (easy, outcome) = fast_starts::<Easy>(&jobs, 4);
    assert_eq!(easy, [(0, 0), (1, 10), (2, 15), (3, 3)]);
    assert_eq!(outcome.makespan_s, 25);
    assert_eq!(outcome.usage.wait_s, 9 + 13);
    assert_eq!(outcome.usage.capacity_gpu_s, 100);
    assert_eq!(outcome.usage.busy_total_gpu_s(), 30 + 20 + 10 + 7);
    let (fcfs, _) = fast_starts::<Fcfs>(&jobs, 4);
    assert_eq!(fcfs, [(0, 0), (1, 10), (2, 15), (3, 15)]);
}

#[test]
fn an_empty_trace_and_a_single_huge_job_are_served() {
    assert_eq!(fast_starts::<Easy>(&[], 4).1.makespan_s, 0);
    let (starts, outcome) = fast_starts::<Easy>(&[Job::new(7, 100, 4_096, 5)], 4_096);
    assert_eq!((starts, outcome.makespan_s), (vec![(7, 100)], 105));
}

fn at(seconds: i64) -> SimTime {
    SimTime::from_unix_s(seconds)
}

#[test]
fn a_cap_stretches_what_runs_and_is_one_change() {
    let mut s = Scheduler::<Fcfs>::new(at(0), Settings::constant(8));
    s.submit(&Job::new(1, 0, 8, 1_000), &mut ());
    s.pass(&mut ());
    s.advance(at(400), &mut ());
    s.set_speed(500);
    assert_eq!(s.next_event_time(), Some(at(1_600)));
    s.advance(at(1_000), &mut ());
    s.set_speed(0);
    assert_eq!(s.next_event_time(), None);
    s.advance(at(5_000), &mut ());
    s.set_speed(700);
    // 300 s of work are left: 428.57 s at 0.7, seen at the next whole second.
    assert_eq!(s.next_event_time(), Some(at(5_429)));
    s.advance(at(6_000), &mut ());
    let usage = s.take_usage();
    assert_eq!((usage.finished, usage.work_gpu_s()), (1, 8_000.0));
    assert_eq!(usage.busy_total_gpu_s(), 8 * 5_429);
    s.assert_conserved();
}

#[test]
fn a_promise_counts_ends_within_one_second_of_a_slow_clock_together() {
    // At 0.3 both gangs end within second 34; the head of 4 needs both, and both count.
    let mut s = Scheduler::<Easy>::new(at(0), Settings::constant(4));
    s.set_speed(300);
    s.submit(
        &Job {
            duration_s: 10,
            ..Job::new(1, 0, 2, 0)
        },
        &mut (),
    );
    s.submit(
        &Job {
            duration_s: 10,
            ..Job::new(2, 0, 1, 0)
        },
        &mut (),
    );
    s.submit(&Job::new(3, 0, 4, 10), &mut ());
    s.submit(&Job::new(4, 0, 1, 10), &mut ());
    s.pass(&mut ());
    assert_eq!((s.pool().running(), s.pool().queued()), (3, 1));
    s.advance(at(34), &mut ());
    s.pass(&mut ());
    assert_eq!((s.pool().running(), s.pool().queued()), (1, 0));
}

#[derive(Default)]
struct Kills(Vec<(u64, f64)>);

impl Observer for Kills {
    fn killed(&mut self, _now: SimTime, job: &Job, lost_gpu_s: f64) {
        self.0.push((job.id, lost_gpu_s));
    }
}

#[test]
fn lost_capacity_kills_spot_then_on_demand_then_reserved_the_latest_first() {
    let class = |id, class| Job {
        class,
        checkpoint_s: 30,
        ..Job::new(id, 0, 2, 1_000)
    };
    let mut s = Scheduler::<Easy>::new(at(0), Settings::constant(10));
    let mut kills = Kills::default();
    for job in [
        class(1, JobClass::Spot),
        class(2, JobClass::Spot),
        class(3, JobClass::OnDemand),
        class(4, JobClass::Reserved),
        class(5, JobClass::Reserved),
    ] {
        s.submit(&job, &mut kills);
    }
    s.pass(&mut kills);
    s.advance(at(100), &mut kills);
    s.set_capacity(3, &mut kills);
    // 100 s of work, 90 of them kept: 10 s on 2 GPUs are lost each time.
    assert_eq!(kills.0, [(2, 20.0), (1, 20.0), (3, 20.0), (5, 20.0)]);
    assert_eq!(s.pool().busy(), 2);
    s.set_capacity(10, &mut kills);
    s.pass(&mut kills);
    assert_eq!(s.pool().queued(), 0);
    s.advance(at(2_000), &mut kills);
    let usage = s.take_usage();
    assert_eq!(usage.work_gpu_s(), 5.0 * 2_000.0 + 80.0);
    assert_eq!((usage.lost_gpu_s(), usage.killed, usage.restarted), (80.0, 4, 4));
    s.assert_conserved();
}

#[derive(Default)]
struct Leaving(Vec<(u64, i64, Withdrawal)>);

impl Observer for Leaving {
    fn withdrawn(&mut self, now: SimTime, job: &Job, reason: Withdrawal) {
        self.0.push((job.id, now.as_unix_s(), reason));
    }
}

#[test]
fn the_impatient_the_late_and_the_large_leave_with_a_reason() {
    let settings = Settings {
        patience: Some(Span::from_seconds(50)),
        queue_max: Some(2),
        ..Settings::constant(4)
    };
    let jobs = [
        Job::new(1, 0, 4, 100),
        Job::new(2, 10, 4, 10),
        Job::new(3, 20, 1, 10),
        Job::new(4, 30, 1, 10),
        Job::new(5, 40, 5, 10),
        Job::new(6, 55, 1, 5),
    ];
    let mut seen = Leaving::default();
    let outcome = replay::<Fcfs, _>(&jobs, settings, &[], &mut seen);
    let full = Withdrawal::QueueFull;
    let expected = [
        (4, 30, full),
        (5, 40, Withdrawal::TooLarge),
        (6, 55, full),
        (2, 60, Withdrawal::Patience),
        (3, 70, Withdrawal::Patience),
    ];
    assert_eq!(seen.0, expected);
    assert_eq!(
        (
            outcome.usage.finished,
            outcome.usage.withdrawn(),
            outcome.stranded
        ),
        (1, 5, 0)
    );
}

/// Sums what single jobs report, to compare with the integrals.
#[derive(Default)]
struct Books {
    worked_gpu_s: i128,
    lost_gpu_s: f64,
    waited_s: i64,
    busy: i64,
}

impl Observer for Books {
    fn started(&mut self, _now: SimTime, job: &Job, _waited: Span, _restarts: u32) {
        self.busy += i64::from(job.gpus);
    }
    fn finished(&mut self, f: &Finished) {
        self.busy -= i64::from(f.job.gpus);
        self.worked_gpu_s += i128::from(f.job.gpu_s());
        self.waited_s += f.waited.as_seconds();
    }
    fn killed(&mut self, _now: SimTime, job: &Job, lost_gpu_s: f64) {
        self.busy -= i64::from(job.gpus);
        self.lost_gpu_s += lost_gpu_s;
    }
}

fn stormy<P: Policy>(jobs: &[Job], changes: &[(i64, u32, u16)], gpus: u32) -> Result<(), TestCaseError> {
    let mut s = Scheduler::<P>::new(at(0), Settings::constant(gpus));
    let (mut books, mut sum, mut next) = (Books::default(), Usage::default(), 0);
    for (gap, share, speed) in changes {
        let to = at(s.pool().now().as_unix_s() + gap);
        while jobs.get(next).is_some_and(|job| job.submit_s <= to.as_unix_s()) {
            s.advance(
                at(jobs[next].submit_s.max(s.pool().now().as_unix_s())),
                &mut books,
            );
            s.submit(&jobs[next], &mut books);
            s.pass(&mut books);
            next += 1;
        }
        s.advance(to, &mut books);
        s.set_capacity(gpus * share / 100, &mut books);
        s.set_speed(*speed);
        s.pass(&mut books);
        s.assert_conserved();
        prop_assert_eq!(books.busy, i64::from(s.pool().busy()));
        prop_assert!(s.pool().busy() <= s.pool().capacity());
        sum.add(&s.take_usage());
    }
    s.advance(s.pool().now(), &mut books);
    s.set_capacity(gpus, &mut books);
    s.set_speed(1_000);
    s.pass(&mut books);
    s.advance(at(i64::from(u32::MAX)), &mut books);
    s.assert_conserved();
    sum.add(&s.take_usage());
    prop_assert_eq!(sum, s.total_usage());
    prop_assert_eq!(sum.finished as usize, next);
    prop_assert_eq!(sum.wait_s, books.waited_s);
    prop_assert!((sum.lost_gpu_s() - books.lost_gpu_s).abs() <= 1e-9 * sum.lost_gpu_s());
    prop_assert_eq!(
        sum.work_gpu_ticks,
        books.worked_gpu_s * i128::from(TICKS_PER_S) + sum.lost_gpu_ticks
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn jobs_work_and_waits_are_conserved_under_caps_and_lost_capacity(
        raw in raw_jobs(300),
        changes in prop::collection::vec((0i64..400, 0u32..=100, 0u16..=1000), 1..60),
        gpus in 1u32..100,
        checkpoint_s in 0i32..50,
    ) {
        let mut jobs = jobs_at_load(&raw, gpus, 0.9);
        for job in &mut jobs {
            job.class = JobClass::ALL[job.id as usize % 3];
            job.checkpoint_s = checkpoint_s;
        }
        stormy::<Easy>(&jobs, &changes, gpus)?;
        stormy::<Fcfs>(&jobs, &changes, gpus)?;
        stormy::<Conservative>(&jobs, &changes, gpus)?;
    }
}

#[test]
fn a_pool_that_becomes_too_small_strands_its_queue_and_says_so() {
    let change = CapacityChange { at_s: 5, gpus: 1 };
    let outcome = replay::<Easy, _>(
        &[Job::new(1, 0, 2, 10)],
        Settings::constant(2),
        &[change],
        &mut (),
    );
    assert_eq!(
        (outcome.stranded, outcome.usage.killed, outcome.usage.finished),
        (1, 1, 0)
    );
}

/// 3,000 jobs by a linear congruential generator, so that any other program can make the same trace.
fn congruential_jobs() -> Vec<Job> {
    let mut state = 12_345u64;
    let mut draw = |below: u64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (state >> 8) % below
    };
    let sizes = [1, 1, 1, 1, 2, 4, 8, 8, 16, 32];
    let mut now = 0;
    (0..3_000)
        .map(|id| {
            now += if draw(3) > 0 { draw(241) } else { 0 };
            let gpus = sizes[draw(10) as usize];
            let product = draw(60) * draw(60);
            let long = if draw(20) == 0 { 10 } else { 1 };
            Job::new(id, now as i64, gpus, 1 + (product * long) as i64)
        })
        .collect()
}

#[test]
fn three_thousand_jobs_match_an_independent_program() {
    // Expected: a heap-based queue in Python (one pass per instant after all ends and arrivals), same trace.
    let jobs = congruential_jobs();
    let (_, easy) = fast_starts::<Easy>(&jobs, 128);
    let (_, fcfs) = fast_starts::<Fcfs>(&jobs, 128);
    let mean = |outcome: &Outcome| {
        format!(
            "{} {:.3}",
            outcome.makespan_s,
            outcome.usage.wait_s as f64 / 3_000.0
        )
    };
    assert_eq!(mean(&fcfs), "261497 3539.536");
    assert_eq!(mean(&easy), "256616 1244.763");
}

/// The mean wait in an M/M/c queue: Erlang's C formula over `c mu - lambda`.
fn erlang_wait_s(servers: u32, load: f64, service_s: f64) -> f64 {
    let offered = load * f64::from(servers);
    let mut blocked = 1.0;
    for n in 1..=servers {
        blocked = offered * blocked / (f64::from(n) + offered * blocked);
    }
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    waits * service_s / (f64::from(servers) * (1.0 - load))
}

#[test]
fn single_gpu_jobs_wait_as_erlang_says() {
    use crate::random::Streams;
    use rand_distr::{Distribution, Exp};
    let (servers, load, service_s) = (10, 0.8, 20_000.0);
    let expected = erlang_wait_s(servers, load, service_s);
    assert!((expected / service_s - 0.2046).abs() < 1e-3, "{expected}");
    let mut rng = Streams::new(7, 0).stream("test/erlang");
    let gap = Exp::new(load * f64::from(servers) / service_s).unwrap();
    let service = Exp::new(1.0 / service_s).unwrap();
    let means: Vec<f64> = (0..40)
        .map(|_| {
            let mut at = 0.0f64;
            let jobs: Vec<Job> = (0..60_000)
                .map(|id| {
                    at += gap.sample(&mut rng);
                    Job::new(id, at as i64, 1, service.sample(&mut rng).round() as i64)
                })
                .collect();
            let outcome = replay::<Fcfs, _>(&jobs, Settings::constant(servers), &[], &mut ());
            outcome.usage.wait_s as f64 / 60_000.0
        })
        .collect();
    let mean = means.iter().sum::<f64>() / 40.0;
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / 39.0;
    // 99 % interval of Student's t with 39 degrees of freedom.
    let half = 2.708 * (variance / 40.0).sqrt();
    assert!(
        (mean - expected).abs() < half,
        "{mean} +- {half}, expected {expected}"
    );
    assert!(
        half / expected < 0.05,
        "the interval is too wide to say anything: {half}"
    );
}
