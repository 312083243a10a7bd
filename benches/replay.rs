//! Replay of job traces on 1,024 GPUs: jobs per second at a load with a queue (0.9) and at one where the backfill
//! search decides (0.98), by policy, with nodes, and over the length of the trace.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use rand_distr::{Distribution, Exp, LogNormal};
use repower::random::Streams;
use repower::workload::job::Job;
use repower::workload::replay::{Cluster, Outcome, replay_on};
use repower::workload::scheduler::{Conservative, Easy, Fcfs, Layout, Placement, Policy, Settings};

const JOBS: u64 = 100_000;
const GPUS: u32 = 1_024;
const GPUS_PER_NODE: u32 = 8;

/// Sizes skewed to 1 and 8, log-normal run times with a median of 15 minutes, Poisson arrivals.
fn trace(count: u64, load: f64) -> Vec<Job> {
    let sizes = [
        (1, 46),
        (2, 12),
        (4, 12),
        (8, 17),
        (16, 6),
        (32, 4),
        (64, 2),
        (128, 1),
    ];
    let mut rng = Streams::shared(42).stream("bench/replay");
    let duration = LogNormal::new(900f64.ln(), 1.6).expect("valid parameters");
    let mut jobs: Vec<Job> = (0..count)
        .map(|id| {
            let mut ticket = rng.random_range(0..100);
            let size = sizes.iter().find(|(_, weight)| {
                ticket -= weight;
                ticket < 0
            });
            let duration_s = duration.sample(&mut rng).clamp(10.0, 259_200.0) as i64;
            Job::new(id, 0, size.expect("weights sum to 100").0, duration_s)
        })
        .collect();
    let work: i64 = jobs.iter().map(Job::gpu_s).sum();
    let gap = Exp::new(count as f64 * load * f64::from(GPUS) / work as f64).expect("a positive rate");
    let mut at = 0.0;
    for job in &mut jobs {
        at += gap.sample(&mut rng);
        job.submit_s = at as i64;
    }
    jobs
}

fn run<P: Policy>(jobs: &[Job], cluster: Cluster) -> Outcome {
    replay_on::<P, _>(jobs, cluster, &[], &mut ())
}

fn counted() -> Cluster {
    Settings::constant(GPUS).into()
}

fn on_nodes(placement: Placement) -> Cluster {
    let layout = Layout::of_equal_nodes(GPUS, GPUS_PER_NODE, placement).expect("a whole number of nodes");
    Cluster {
        layout: Some(layout),
        ..counted()
    }
}

/// A replay of jobs on a cluster, compiled for its policy.
type Replayed = fn(&[Job], Cluster) -> Outcome;

/// One bench: a name, the jobs, and what is done with them.
fn bench(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    id: BenchmarkId,
    jobs: &[Job],
    (cluster, policy): (Cluster, Replayed),
) {
    group.throughput(Throughput::Elements(jobs.len() as u64));
    group.bench_with_input(id, jobs, |b, jobs| {
        b.iter_batched(
            || cluster.clone(),
            |cluster| policy(jobs, cluster),
            BatchSize::LargeInput,
        );
    });
}

fn policies(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    for load in [0.9, 0.98] {
        let jobs = trace(JOBS, load);
        let mut add = |name, policy| {
            bench(
                &mut group,
                BenchmarkId::new(name, load),
                &jobs,
                (counted(), policy),
            );
        };
        add("fcfs", run::<Fcfs>);
        add("easy", run::<Easy>);
        add("conservative", run::<Conservative>);
    }
    group.finish();
}

fn nodes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay-nodes");
    group.sample_size(20);
    for load in [0.9, 0.98] {
        let jobs = trace(JOBS, load);
        for (name, placement) in [
            ("packing", Placement::Packing),
            ("spreading", Placement::Spreading),
        ] {
            let what = (on_nodes(placement), run::<Easy> as fn(&[Job], Cluster) -> Outcome);
            bench(&mut group, BenchmarkId::new(name, load), &jobs, what);
        }
    }
    group.finish();
}

fn lengths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay-length");
    group.sample_size(10);
    for count in [10_000, 100_000, 1_000_000] {
        let jobs = trace(count, 0.98);
        bench(
            &mut group,
            BenchmarkId::new("easy", count),
            &jobs,
            (counted(), run::<Easy>),
        );
    }
    group.finish();
}

criterion_group!(benches, policies, nodes, lengths);
criterion_main!(benches);
