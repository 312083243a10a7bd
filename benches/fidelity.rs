//! A year of a pool's demand at each fidelity, hour by hour as the world does it: one copy of the trace on 2,490 GPUs (the
//! size of the cluster of the Philly trace) and on 2,048, a load of 0.18 and 0.22; one on 683 and three on 2,048, both a load
//! of 0.67. The trace is the synthetic one (fitted to Philly), or a file of jobs that `REPOWER_TRACE` names. Before criterion
//! measures each, ratios of the two are printed, of the queue alone and of a pool as the world holds it: medians of some
//! runs in turn.

use std::fs::File;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use repower::random::Streams;
use repower::sim::pool::{FlowSetup, Pool, PoolPlan};
use repower::time::{Calendar, SimTime, Span};
use repower::units::Ratio;
use repower::workload::demand::{WeekDemand, WeekSampler};
use repower::workload::estimate::EstimateSpec;
use repower::workload::fluid::fit::{Subject, Trial, episodes, fit};
use repower::workload::fluid::{Offer, Surface};
use repower::workload::growth::Growth;
use repower::workload::job::Trace;
use repower::workload::scheduler::{PolicyKind, Settings};
use repower::workload::synthetic::{SyntheticTraceSpec, generate};

fn seconds(run: &dyn Fn()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The medians of 9 runs at `jobs` and of 135 as a fluid, in turn so that both meet the same machine, and of their ratios.
fn print_ratio(of: &str, jobs: &dyn Fn(), fluid: &dyn Fn()) {
    let (mut slow, mut quick, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..9 {
        let once = seconds(jobs);
        let meanwhile: Vec<f64> = (0..15).map(|_| seconds(fluid)).collect();
        ratios.push(once / median(meanwhile.clone()));
        slow.push(once);
        quick.extend(meanwhile);
    }
    println!(
        "{of}: jobs {:.1} ms, fluid {:.3} ms, {:.0} times",
        median(slow) * 1e3,
        median(quick) * 1e3,
        median(ratios)
    );
}

/// A year of a pool as the world drives it, hour by hour; gives GPU-hours at work.
fn world(trial: &Trial<'_>, sampler: &Arc<WeekSampler>, flow: Option<FlowSetup>) -> f64 {
    let monday = SimTime::from_unix_s(4 * 86_400);
    let plan = PoolPlan {
        tenant: "pool".to_owned(),
        policy: trial.subject.policy,
        settings: trial.subject.settings,
        quotas: Vec::new(),
        layout: None,
        demand: WeekDemand {
            copies: trial.copies,
            ..trial.subject.demand
        },
        growth: Growth::new(monday, 0.0, &[], &Calendar::of_zone("UTC").expect("a zone")),
        monday,
        start: monday,
        simulated: if flow.is_none() {
            vec![true; trial.power.len() / 168]
        } else {
            Vec::new()
        },
        flow,
    };
    let mut pool = Pool::new(plan, Arc::clone(sampler), false);
    let (mut now, mut busy) = (monday, 0.0);
    for (hour, &(gpus, speed)) in trial.power.iter().enumerate() {
        let was = pool.capacity();
        if hour > 0 && hour % 168 == 0 {
            pool.turn_week(&trial.subject.streams);
        }
        pool.set(gpus, speed);
        if was == 0 && gpus > 0 && !pool.is_open() {
            pool.turn_week(&trial.subject.streams);
        }
        now += Span::from_hours(1);
        let before = pool.integral().share();
        pool.run_until(now);
        busy += (pool.integral().share() - before) * f64::from(gpus);
    }
    pool.totals();
    busy
}

fn trace() -> Trace {
    let Ok(path) = std::env::var("REPOWER_TRACE") else {
        let mut rng = Streams::shared(1).stream("demand/synthetic");
        return generate(&SyntheticTraceSpec::default(), &mut rng);
    };
    let file = File::open(&path).expect("a file that can be read");
    repower::workload::trace::read(file, None, &path).expect("a trace of jobs")
}

fn benchmark(criterion: &mut Criterion) {
    let sampler = Arc::new(WeekSampler::new(&trace()).expect("whole weeks"));
    let mut group = criterion.benchmark_group("fidelity");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (copies, gpus) in [(1.0, 2_490), (1.0, 2_048), (1.0, 683), (3.0, 2_048)] {
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
        let flow = FlowSetup {
            offer: Arc::clone(&offer),
            surface: Arc::clone(&surface),
        };
        print_ratio(
            &format!("{of} in the world"),
            &|| {
                black_box(world(&trial, &sampler, None));
            },
            &|| {
                black_box(world(&trial, &sampler, Some(flow.clone())));
            },
        );
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
