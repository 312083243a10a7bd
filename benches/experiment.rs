//! The default experiment as `repower run` carries it out, scaled down in replications: simulation in parallel,
//! reduction in order, the median replications again with detail. Elements are replications of one strategy.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use repower::experiment::{self, Plan};
use repower::results::block::Shape;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{DetailWanted, Setup};

/// A run has 100; its cost a replication is the same.
const REPLICATIONS: u32 = 8;

fn benchmark(criterion: &mut Criterion) {
    let scenario = load(None, &LoadOptions::default()).expect("the default scenario is sound");
    let setup = Setup::new(&scenario);
    let strategies = scenario.spec.strategies.len();
    let mut group = criterion.benchmark_group("experiment");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(u64::from(REPLICATIONS) * strategies as u64));
    group.bench_function("default", |bencher| {
        bencher.iter(|| {
            let manifest = experiment::manifest(&scenario, REPLICATIONS, "bench");
            let shape = Shape::of(&manifest);
            let plan = Plan::whole(shape, REPLICATIONS);
            let done = experiment::simulate(&scenario, &setup, &plan, &(), &());
            let collector = done.expect("nothing stops it").collector;
            let tables = experiment::finish(&scenario, &setup, collector, manifest, DetailWanted::default());
            black_box(tables.expect("nothing breaks").manifest.replications)
        });
    });
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
