//! A year of a pool's demand at each fidelity, hour by hour as the world does it: three copies of the synthetic trace
//! (fitted to Philly) on 2,048 GPUs, and one copy on 683, the same load of 0.67.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use repower::random::Streams;
use repower::time::Span;
use repower::units::Ratio;
use repower::workload::demand::{WeekDemand, WeekSampler};
use repower::workload::estimate::EstimateSpec;
use repower::workload::fluid::fit::{Subject, Trial, episodes, fit};
use repower::workload::fluid::{Offer, Surface};
use repower::workload::scheduler::{PolicyKind, Settings};
use repower::workload::synthetic::{SyntheticTraceSpec, generate};

fn benchmark(criterion: &mut Criterion) {
    let mut rng = Streams::shared(1).stream("demand/synthetic");
    let trace = generate(&SyntheticTraceSpec::default(), &mut rng);
    let sampler = WeekSampler::new(&trace).expect("26 whole weeks");
    let mut group = criterion.benchmark_group("fidelity");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (copies, gpus) in [(1.0, 683), (3.0, 2_048)] {
        let settings = Settings {
            gpus: 0,
            gpus_max: gpus,
            patience: Some(Span::from_hours(72)),
            ..Settings::constant(0)
        };
        let demand = WeekDemand {
            estimates: EstimateSpec::default(),
            copies,
            spot_share: Ratio::from_percent(20.0),
            checkpoint: Span::from_hours(1),
        };
        let streams = Streams::new(1, 0);
        let subject = Subject {
            sampler: &sampler,
            policy: PolicyKind::Easy,
            settings,
            quotas: &[],
            layout: None,
            demand,
            streams,
            purpose: "pool",
        };
        let power = episodes(gpus, 52, &mut streams.stream("episodes"));
        let trial = Trial {
            subject,
            copies,
            name: "year".to_owned(),
            power,
        };
        let offer = Arc::new(Offer::new(&sampler, &settings, demand.checkpoint));
        let surface = Arc::new(Surface::default());
        group.bench_function(BenchmarkId::new("jobs", gpus), |b| {
            b.iter(|| black_box(trial.jobs()));
        });
        group.bench_function(BenchmarkId::new("fluid", gpus), |b| {
            b.iter(|| black_box(trial.fluid(&offer, &surface)));
        });
        group.bench_function(BenchmarkId::new("fit", gpus), |b| {
            b.iter(|| black_box(fit(&subject, &offer)));
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
