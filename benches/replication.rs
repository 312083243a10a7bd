//! One replication of each strategy of the default scenario: ten years, every hour and every job of the sampled
//! weeks, from drawing the world outside to the last posting.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use repower::scenario::Scenario;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{Setup, replicate_all, replicate_one};

/// The embedded default, as `repower run` reads it.
fn default_scenario() -> Scenario {
    load(None, &LoadOptions::default()).expect("the default scenario is sound")
}

fn benchmark(criterion: &mut Criterion) {
    let scenario = default_scenario();
    let setup = Setup::new(&scenario);
    let mut group = criterion.benchmark_group("replication");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for (index, strategy) in scenario.spec.strategies.iter().enumerate() {
        let events = replicate_one(&scenario, &setup, index, 0, None).events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::new("events_of", &strategy.id), |bencher| {
            bencher.iter(|| black_box(replicate_one(&scenario, &setup, index, 0, None).events));
        });
    }
    // What strategies share, the world outside, is drawn once here and in a run.
    group.throughput(Throughput::Elements(scenario.spec.strategies.len() as u64));
    group.bench_function("strategies_together", |bencher| {
        bencher.iter(|| black_box(replicate_all(&scenario, &setup, 0, None).len()));
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
