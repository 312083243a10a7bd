//! A year of a pool's demand at each fidelity, hour by hour as the world does it: one copy of the synthetic trace (fitted
//! to Philly) on 2,048 GPUs, a load of 0.22; one on 683 and three on 2,048, both a load of 0.67. Before criterion
//! measures each, the ratio of the two is printed, the best of some runs each in turn.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// The best of 5 runs at `jobs` over the best of 25 as a fluid, taken in turn so that both meet the same machine.
fn print_ratio(of: &str, jobs: &dyn Fn(), fluid: &dyn Fn()) {
    let took = |run: &dyn Fn()| {
        let began = Instant::now();
        run();
        began.elapsed()
    };
    let (mut slow, mut quick) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        slow = slow.min(took(jobs));
        for _ in 0..5 {
            quick = quick.min(took(fluid));
        }
    }
    let (slow_s, quick_s) = (slow.as_secs_f64(), quick.as_secs_f64());
    println!(
        "{of}: jobs {:.1} ms, fluid {:.2} ms, {:.0} times",
        slow_s * 1e3,
        quick_s * 1e3,
        slow_s / quick_s
    );
}

fn benchmark(criterion: &mut Criterion) {
    let mut rng = Streams::shared(1).stream("demand/synthetic");
    let trace = generate(&SyntheticTraceSpec::default(), &mut rng);
    let sampler = WeekSampler::new(&trace).expect("26 whole weeks");
    let mut group = criterion.benchmark_group("fidelity");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (copies, gpus) in [(1.0, 2_048), (1.0, 683), (3.0, 2_048)] {
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
        let of = format!("{copies}-copies-{gpus}-gpus");
        print_ratio(&of, &|| drop(trial.jobs()), &|| {
            drop(trial.fluid(&offer, &surface));
        });
        group.bench_function(BenchmarkId::new("jobs", &of), |b| {
            b.iter(|| black_box(trial.jobs()));
        });
        group.bench_function(BenchmarkId::new("fluid", &of), |b| {
            b.iter(|| black_box(trial.fluid(&offer, &surface)));
        });
        group.bench_function(BenchmarkId::new("fit", &of), |b| {
            b.iter(|| black_box(fit(&subject, &offer)));
        });
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
