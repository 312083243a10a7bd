//! Replay of 100,000 jobs on 1,024 GPUs: jobs per second at a load with a queue (0.9) and at one where the
//! backfill search decides (0.98).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use rand_distr::{Distribution, Exp, LogNormal};
use repower::random::Streams;
use repower::workload::job::Job;
use repower::workload::replay::replay;
use repower::workload::scheduler::{Easy, Fcfs, Settings};

const JOBS: u64 = 100_000;
const GPUS: u32 = 1_024;

/// Sizes skewed to 1 and 8, log-normal run times with a median of 15 minutes, Poisson arrivals.
fn trace(load: f64) -> Vec<Job> {
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
    let mut jobs: Vec<Job> = (0..JOBS)
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
    let gap = Exp::new(JOBS as f64 * load * f64::from(GPUS) / work as f64).expect("a positive rate");
    let mut at = 0.0;
    for job in &mut jobs {
        at += gap.sample(&mut rng);
        job.submit_s = at as i64;
    }
    jobs
}

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(JOBS));
    for load in [0.9, 0.98] {
        let jobs = trace(load);
        let settings = Settings::constant(GPUS);
        group.bench_with_input(BenchmarkId::new("fcfs", load), &jobs, |b, jobs| {
            b.iter(|| replay::<Fcfs, _>(jobs, settings, &[], &mut ()));
        });
        group.bench_with_input(BenchmarkId::new("easy", load), &jobs, |b, jobs| {
            b.iter(|| replay::<Easy, _>(jobs, settings, &[], &mut ()));
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
