//! Two published projects built from their own stage dates, not scaled from a plan: where the observed date lies among the
//! draws of the default risk. The figures stand in docs/METHOD-conversion.md.

use std::sync::Arc;

use repower::conversion::calendar::{Climate, LongStopDaysSpec, WeatherStopsSpec};
use repower::conversion::portfolio::{Luck, Run};
use repower::conversion::refreeze::RefreezeWhen;
use repower::conversion::{
    DAYS_PER_MONTH, HallInputs, HallPhase, Plan, Portfolio, ProgrammeSpec, RefreezeSpec, StageOverrideSpec,
    StartSpec, WorkCalendarSpec, Works,
};
use repower::id::Name;
use repower::random::Streams;
use repower::time::{Calendar, SimTime, parse_date};
use repower::units::Money;

const DRAWS: u64 = 4_000;

/// What was done, and how much of the rest, when the project began; orders that were placed then.
fn programme(archetype: &str, done: &[&str], elapsed: &[(&str, f64)], at_risk: &[&str]) -> ProgrammeSpec {
    let mut spec = ProgrammeSpec::of(archetype, StartSpec::Date("2024-06-01".to_owned()));
    for id in done {
        let mut change = StageOverrideSpec::of(*id);
        change.done = true;
        spec.stages.push(change);
    }
    for (id, months) in elapsed {
        let mut change = StageOverrideSpec::of(*id);
        change.elapsed_months = *months;
        spec.stages.push(change);
    }
    spec.at_risk_orders = at_risk.iter().map(|id| Name::from(*id)).collect();
    spec
}

fn day(text: &str) -> SimTime {
    Calendar::of_zone("America/Chicago")
        .unwrap()
        .start_of(parse_date(text).unwrap())
        .unwrap()
}

/// North Texas, every day worked, the weather's days lost as the climate says, long stops as the trade's Denton suggests.
fn weather() -> WorkCalendarSpec {
    let mut calendar: WorkCalendarSpec = toml::from_str(
        "id = \"works\"\nworking_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]",
    )
    .unwrap();
    calendar.weather = Some(WeatherStopsSpec {
        climate: Some(Climate::NorthTexas),
        days_lost: None,
        spell_days: 2.0,
        long_stops_per_year: 0.5,
        long_stop_days: LongStopDaysSpec {
            low: 20.0,
            high: 60.0,
        },
    });
    calendar
}

/// Planned months to the end of a stage, P10, P50, P90 and the share of draws that end by a date.
fn forecast(
    mut spec: ProgrammeSpec,
    begins: &str,
    (stage, observed): (&str, &str),
    outdoors: bool,
) -> ([f64; 4], f64) {
    let (start, zone) = (day(begins), Calendar::of_zone("America/Chicago").unwrap());
    let calendars: Vec<WorkCalendarSpec> = outdoors.then(weather).into_iter().collect();
    spec.calendar = outdoors.then(|| Name::from("works"));
    let hall = HallInputs {
        name: "texas/hall".to_owned(),
        phase: HallPhase::Idle,
        facility: Money::from_usd(1e9),
        hardware: Money::ZERO,
        sale: Money::ZERO,
    };
    let plan = Plan::of_programme(&spec, "own-dates", vec![hall]).unwrap();
    let wanted = plan.calendars().map(|(name, site)| (name, site, &zone));
    let works = Works::new(&[], &calendars, wanted, (start, start));
    let portfolio = Portfolio::new(vec![plan], vec![start], Arc::new(works));
    let months = |to: SimTime| (to - start).as_days() / DAYS_PER_MONTH;
    let plan = &portfolio.plans()[0];
    let mut nodes = 0..plan.network().nodes.len();
    let node = nodes.find(|n| plan.stage(*n).spec.id.as_str() == stage).unwrap();
    let (mut luck, mut run) = (Luck::default(), Run::default());
    let draw = |r| {
        portfolio.draw_into(&Streams::new(23, r), &mut luck);
        portfolio.schedule(&luck, &mut run);
        months(SimTime::from_unix_s(run.end[node]))
    };
    let mut drawn: Vec<f64> = (0..DRAWS).map(draw).collect();
    drawn.sort_by(f64::total_cmp);
    let at = |p: f64| drawn[(p * (DRAWS - 1) as f64).round() as usize];
    let seen = months(day(observed));
    let below = drawn.partition_point(|m| *m <= seen) as f64 / DRAWS as f64;
    let planned = plan.planned().end[node];
    ([planned, at(0.1), at(0.5), at(0.9)], below)
}

/// Announced and broken ground in June 2024 on a campus whose connection and permits stood; planned for the first half of
/// 2025; first power on 30 June 2025, operational in September (its middle). A shell for a tenant, everything ordered at once.
#[test]
fn abilene_from_its_own_dates_lies_within_its_range() {
    let spec = programme(
        "powered-shell",
        &["feasibility", "grid-review", "permits", "wind-down"],
        &[],
        &["switchgear", "transformer", "gensets", "ups", "cooling-plant"],
    );
    for (stage, observed) in [
        ("energisation", "2025-06-30"),
        ("ready-for-service", "2025-09-15"),
    ] {
        let (range, quantile) = forecast(spec.clone(), "2024-06-01", (stage, observed), false);
        println!("Abilene {stage} {range:?} {quantile}");
        assert!((0.1..=0.9).contains(&quantile), "{range:?} {quantile}");
        if stage == "energisation" {
            assert!(
                (range[0] - 12.9).abs() < 0.5,
                "planned for the first half of 2025: {range:?}"
            );
        }
    }
}

/// Contract of June 2024 with its orders, the mine emptied by September, works from November 2024, first conversions planned
/// for late 2025; 60 days of rain and wind, then the design was revised; "several months" late, taken as five.
#[test]
fn denton_from_its_own_dates_lies_within_its_range() {
    let orders = ["switchgear", "transformer", "gensets", "ups", "cooling-plant"];
    let elapsed: Vec<(&str, f64)> = orders.iter().map(|id| (*id, 5.0)).collect();
    let mut spec = programme(
        "rebuild-on-pad",
        &["feasibility", "grid-review", "permits", "wind-down"],
        &elapsed,
        &orders,
    );
    spec.refreezes = vec![RefreezeSpec {
        cause: "design revisions".to_owned(),
        when: RefreezeWhen::RatePerYear(0.5),
        stage: Name::from("design"),
        repeat_percent: 50.0,
        cost_percent: 2.0,
    }];
    let (range, quantile) = forecast(spec, "2024-11-01", ("ready-for-service", "2026-05-31"), true);
    println!("Denton {range:?} {quantile}");
    assert!((0.1..=0.9).contains(&quantile), "{range:?} {quantile}");
}
