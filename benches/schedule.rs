//! Schedules alone: ten sites of ten halls, a thousand replications, with and without crews that they share.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;
use repower::conversion::portfolio::{Luck, Run};
use repower::conversion::resource::{NeedSpec, ResourceSpec};
use repower::conversion::{
    HallInputs, HallPhase, Plan, Portfolio, ProgrammeSpec, StageOverrideSpec, StartSpec, Works,
};
use repower::id::Name;
use repower::random::Streams;
use repower::time::SimTime;
use repower::units::Money;

const REPLICATIONS: u64 = 1_000;

fn portfolio(crews: bool) -> Portfolio {
    let mut spec = ProgrammeSpec::of("rebuild-on-pad", StartSpec::Date("2026-01-01".to_owned()));
    if crews {
        for (id, pool) in [("civil", "crane"), ("fit-out", "electricians")] {
            let mut stage = StageOverrideSpec::of(id);
            stage.needs = Some(vec![NeedSpec {
                resource: Name::from(pool),
                units: 1,
            }]);
            spec.stages.push(stage);
        }
    }
    let plan = |site: usize| {
        let hall = |hall| HallInputs {
            name: format!("site-{site}/hall-{hall}"),
            phase: HallPhase::Mining,
            facility: Money::from_usd(1e8),
            hardware: Money::from_usd(4e8),
            sale: Money::ZERO,
        };
        Plan::of_programme(&spec, format!("site-{site}"), (0..10).map(hall).collect()).expect("a kind")
    };
    let start = SimTime::from_unix_s(1_767_225_600);
    let pool = |id: &str, units| ResourceSpec {
        id: Name::from(id),
        units,
    };
    let pools = [pool("crane", 20), pool("electricians", 30)];
    let works = Works::new(&pools, &[], std::iter::empty(), (start, start));
    Portfolio::new((0..10).map(plan).collect(), vec![start; 10], Arc::new(works))
}

/// The last ready date of each replication.
fn schedules(portfolio: &Portfolio) -> Vec<SimTime> {
    (0..REPLICATIONS)
        .into_par_iter()
        .map_init(
            || (Luck::default(), Run::default()),
            |(luck, run), r| {
                portfolio.draw_into(&Streams::new(1, r), luck);
                portfolio.schedule(luck, run);
                let ready = (0..portfolio.plans().len()).map(|p| portfolio.ready(p, run));
                ready.max().expect("there is a project")
            },
        )
        .collect()
}

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("schedule");
    group.sample_size(10).measurement_time(Duration::from_secs(6));
    for (name, crews) in [("ten_sites_of_ten_halls", false), ("the_same_with_crews", true)] {
        let portfolio = portfolio(crews);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(schedules(&portfolio))));
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
