//! Schedules alone: ten sites of ten halls, a thousand replications, with and without crews that they
//! share, calendars whose days the weather takes, and designs that are opened again.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;
use repower::conversion::calendar::{Climate, Day, LongStopDaysSpec, WeatherStopsSpec};
use repower::conversion::portfolio::{Luck, Run};
use repower::conversion::refreeze::RefreezeWhen;
use repower::conversion::resource::{NeedSpec, ResourceSpec};
use repower::conversion::{
    HallInputs, HallPhase, Plan, Portfolio, ProgrammeSpec, RefreezeSpec, StageOverrideSpec, StartSpec,
    WorkCalendarSpec, Works,
};
use repower::id::Name;
use repower::random::Streams;
use repower::time::{Calendar, SimTime};
use repower::units::Money;

const REPLICATIONS: u64 = 1_000;

/// A calendar whose days the weather takes, and a design that may be opened again.
fn weather(spec: &mut ProgrammeSpec) -> WorkCalendarSpec {
    spec.calendar = Some(Name::from("works"));
    spec.refreezes = vec![RefreezeSpec {
        cause: String::new(),
        when: RefreezeWhen::RatePerYear(0.5),
        stage: Name::from("design"),
        repeat_percent: 50.0,
        cost_percent: 2.0,
    }];
    WorkCalendarSpec {
        id: Name::from("works"),
        working_days: vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri],
        holidays: Vec::new(),
        shutdowns: Vec::new(),
        weather: Some(WeatherStopsSpec {
            climate: Some(Climate::NorthTexas),
            days_lost: None,
            spell_days: 2.0,
            long_stops_per_year: 0.5,
            long_stop_days: LongStopDaysSpec {
                low: 20.0,
                high: 60.0,
            },
        }),
    }
}

fn portfolio((crews, calendars): (bool, bool)) -> Portfolio {
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
    let calendars = calendars
        .then(|| weather(&mut spec))
        .into_iter()
        .collect::<Vec<_>>();
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
    let plans: Vec<Plan> = (0..10).map(plan).collect();
    let civil = Calendar::utc();
    let wanted = plans.iter().flat_map(Plan::calendars);
    let wanted = wanted.map(|(name, site)| (name, site, &civil));
    let works = Works::new(&pools, &calendars, wanted, (start, start));
    Portfolio::new(plans, vec![start; 10], Arc::new(works))
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
    for (name, what) in [
        ("ten_sites_of_ten_halls", (false, false)),
        ("the_same_with_crews", (true, false)),
        ("with_crews_weather_and_refreezes", (true, true)),
    ] {
        let portfolio = portfolio(what);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(schedules(&portfolio))));
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
