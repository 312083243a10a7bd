//! The simulation: one strategy of one replication on one event calendar.
//!
//! [`World`] routes events and settles power between concerns; [`replicate_all`] runs every strategy of
//! a replication in the same world outside.

pub mod block_work;
pub mod books;
pub mod capacity;
pub mod capital;
pub mod commitment;
pub mod delay;
pub mod demand;
pub mod detail;
pub mod event;
pub mod fidelity;
pub mod fleet_value;
pub mod hall;
pub mod hot_hours;
pub mod invariant;
pub mod measure;
pub mod paths;
pub mod pool;
pub mod schedule_risk;
pub mod settle;
pub mod setup;
pub mod site;
pub mod sources;
pub mod steps;
mod terms;
pub mod world;

use crate::random::Streams;
use crate::results::replication::Replication;
use crate::scenario::draw::DrawnInputs;
use crate::scenario::spec::{Fidelity, ScenarioSpec};
use crate::scenario::{Scenario, cases};
use crate::sim::detail::{Label, Recorder};
use crate::sim::invariant::Fault;
use crate::sim::paths::Paths;
use crate::sim::setup::ConversionSetup;
use crate::sim::world::{Ingredients, World};

pub use detail::DetailWanted;
pub use setup::Setup;

/// Hashprice on the first day, USD per PH/s and day: where it is drawn, the first replication's.
pub fn start_hashprice(scenario: &Scenario) -> f64 {
    let path = scenario
        .data
        .bitcoin
        .draw(&Streams::new(scenario.spec.run.seed, 0));
    path.at(scenario.horizon.start).hashprice_usd_per_ph_day
}

/// Every strategy of a replication in the first case, in the same world outside.
pub fn replicate_all(
    scenario: &Scenario,
    setup: &Setup,
    replication: u32,
    fault: Option<Fault>,
) -> Vec<Replication> {
    let drawn = DrawnReplication::new(scenario, setup, replication);
    (0..scenario.spec.strategies.len())
        .map(|s| drawn.run((scenario, setup, s), scenario.spec.run.fidelity, None, fault))
        .collect()
}

/// Every strategy of a replication whose uncertain inputs have the values of `spec` instead of draws of their own.
pub fn replicate_inputs(
    scenario: &Scenario,
    setup: &Setup,
    replication: u32,
    spec: ScenarioSpec,
) -> Vec<Replication> {
    let streams = Streams::new(scenario.spec.run.seed, u64::from(replication));
    let drawn = DrawnReplication::of_spec(scenario, setup, (streams, replication), Some(spec));
    (0..scenario.spec.strategies.len())
        .map(|s| drawn.run((scenario, setup, s), scenario.spec.run.fidelity, None, None))
        .collect()
}

/// Every strategy of a replication in every case at a fidelity, which need not be the run's; see [`replicate_at`].
pub fn replicate_all_at(
    scenario: &Scenario,
    setup: &Setup,
    replication: u32,
    fidelity: Fidelity,
) -> Vec<Replication> {
    let mut records = Vec::new();
    for case in 0..cases::names(&scenario.spec).len() {
        let drawn = DrawnReplication::of_case(scenario, setup, replication, case);
        let strategies = 0..scenario.spec.strategies.len();
        records.extend(strategies.map(|s| drawn.run((scenario, setup, s), fidelity, None, None)));
    }
    records
}

/// One strategy of a replication at a fidelity, which need not be the run's: the same random numbers whatever it is.
/// One that flows needs a [`Setup`] of a scenario whose own fidelity does.
pub fn replicate_at(
    (scenario, setup): (&Scenario, &Setup),
    strategy: usize,
    replication: u32,
    fidelity: Fidelity,
) -> Replication {
    let drawn = DrawnReplication::new(scenario, setup, replication);
    drawn.run((scenario, setup, strategy), fidelity, None, None)
}

/// One strategy of a replication in the first case, with detail where it is wanted.
pub fn replicate_one(
    scenario: &Scenario,
    setup: &Setup,
    strategy: usize,
    replication: u32,
    detail: Option<DetailWanted>,
) -> Replication {
    replicate_case((scenario, setup), (strategy, 0), replication, detail)
}

/// One strategy of a replication in one case, with detail where it is wanted.
pub fn replicate_case(
    (scenario, setup): (&Scenario, &Setup),
    (strategy, case): (usize, usize),
    replication: u32,
    detail: Option<DetailWanted>,
) -> Replication {
    let drawn = DrawnReplication::of_case(scenario, setup, replication, case);
    drawn.run(
        (scenario, setup, strategy),
        scenario.spec.run.fidelity,
        detail,
        None,
    )
}

/// How a drawn world is run.
struct Drawn {
    fidelity: Fidelity,
    recorder: Option<Recorder>,
    fault: Option<Fault>,
}

/// What a replication has drawn before any strategy runs.
struct DrawnReplication {
    streams: Streams,
    replication: u32,
    case: usize,
    spec: Option<ScenarioSpec>,
    conversions: Option<Vec<Vec<ConversionSetup>>>,
    paths: Paths,
}

impl DrawnReplication {
    fn new(scenario: &Scenario, setup: &Setup, replication: u32) -> Self {
        Self::of_case(scenario, setup, replication, 0)
    }

    fn of_case(scenario: &Scenario, setup: &Setup, replication: u32, case: usize) -> Self {
        let streams = Streams::new(scenario.spec.run.seed, u64::from(replication));
        Self::of_streams((scenario, setup), (streams, replication), case)
    }

    fn of_streams(
        (scenario, setup): (&Scenario, &Setup),
        (streams, replication): (Streams, u32),
        case: usize,
    ) -> Self {
        let inputs = DrawnInputs::new(&scenario.spec);
        let spec = inputs.map(|inputs| {
            inputs
                .draw(&streams, replication)
                .unwrap_or_else(|e| panic!("a drawn input does not fit: {e}"))
        });
        let own = cases::apply(spec.as_ref().unwrap_or(&scenario.spec), case);
        Self {
            case,
            ..Self::of_spec(scenario, setup, (streams, replication), own.or(spec))
        }
    }

    /// With inputs that were drawn already, where any are uncertain.
    fn of_spec(
        scenario: &Scenario,
        setup: &Setup,
        (streams, replication): (Streams, u32),
        spec: Option<ScenarioSpec>,
    ) -> Self {
        let used = spec.as_ref().unwrap_or(&scenario.spec);
        let markets = spec.as_ref().map(|spec| {
            let markets = scenario.data.markets(spec, &scenario.horizon);
            markets.unwrap_or_else(|e| panic!("a drawn market does not fit: {e}"))
        });
        let paths = Paths::draw(scenario, setup, used, markets.as_ref(), &streams);
        let conversions = spec
            .as_ref()
            .and_then(|spec| setup.conversions_of(&scenario.spec, spec));
        Self {
            streams,
            replication,
            case: 0,
            spec,
            conversions,
            paths,
        }
    }

    /// The plans of a strategy's conversions, drawn inputs included.
    fn conversions<'a>(&'a self, setup: &'a Setup, strategy: usize) -> &'a [ConversionSetup] {
        &self.conversions.as_ref().unwrap_or(&setup.conversions)[strategy]
    }

    /// The world at the start of the horizon.
    fn world<'a>(
        &'a self,
        (scenario, setup, strategy): (&'a Scenario, &'a Setup, usize),
        how: Drawn,
    ) -> World<'a> {
        let ingredients = Ingredients {
            scenario,
            spec: self.spec.as_ref().unwrap_or(&scenario.spec),
            setup,
            conversions: self.conversions(setup, strategy),
            paths: &self.paths,
            streams: self.streams,
            strategy,
            case: self.case,
            fidelity: how.fidelity,
            until: scenario.horizon.end,
            fault: how.fault,
        };
        World::new(ingredients, how.recorder)
    }

    fn run(
        &self,
        (scenario, setup, strategy): (&Scenario, &Setup, usize),
        fidelity: Fidelity,
        detail: Option<DetailWanted>,
        fault: Option<Fault>,
    ) -> Replication {
        let spec = self.spec.as_ref().unwrap_or(&scenario.spec);
        let place = (scenario, setup, strategy);
        let recorder = detail.map(|wanted| {
            let label = Label {
                strategy: spec.strategies[strategy].id.to_string(),
                case: cases::names(&scenario.spec).swap_remove(self.case),
                fidelity: fidelity.as_str().to_owned(),
                replication: self.replication,
            };
            Recorder::new(wanted, label, scenario.horizon.start, spec.sites.len())
        });
        let how = Drawn {
            fidelity,
            recorder,
            fault,
        };
        let mut world = self.world(place, how);
        world.note_phases();
        world.run();
        measure::check(&world);
        let mut record = measure::measure(&mut world, self.replication);
        record.detail = world.take_detail().map(|mut detail| {
            detail.finance = terms::rows(&world);
            Box::new(detail)
        });
        record
    }
}
