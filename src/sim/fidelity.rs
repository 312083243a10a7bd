//! What a coarser fidelity of demand is off: a year of the same scenario at `jobs` and at the other, on the same random
//! numbers, which no replication uses.

use crate::random::Streams;
use crate::scenario::Scenario;
use crate::scenario::spec::Fidelity;
use crate::sim::DrawnReplication;
use crate::sim::setup::Setup;
use crate::sim::world::{Ingredients, World};
use crate::time::SimTime;

/// The replication number of the comparison; those of runs are below 2^32, and 2^64 - 1 is what all share.
const COMPARED: u64 = u64::MAX - 1;

/// What pools came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct YearOf {
    /// GPU-hours of work delivered.
    pub served_gpu_h: f64,
    /// Earned on demand and as spot, USD.
    pub revenue_usd: f64,
    /// Mean wait of jobs that started, seconds.
    pub mean_wait_s: f64,
    /// IT energy of the GPU halls, MWh.
    pub gpu_it_mwh: f64,
    /// Energy at the meters from the scenario's start, mining included, MWh.
    pub energy_mwh: f64,
}

/// A strategy's year at both fidelities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// When its first pool opened, or the scenario's start.
    pub from: SimTime,
    /// A year later, or the end of the horizon.
    pub to: SimTime,
    /// Every job an event.
    pub jobs: YearOf,
    /// The other fidelity.
    pub coarse: YearOf,
}

/// Compares a strategy; `None` where no pool ever opens, or too late to close a month.
pub fn compare(scenario: &Scenario, setup: &Setup, strategy: usize, fidelity: Fidelity) -> Option<Compared> {
    let streams = Streams::new(scenario.spec.run.seed, COMPARED);
    let drawn = DrawnReplication::of_streams((scenario, setup), (streams, 0), 0);
    let run = |fidelity: Fidelity, until: SimTime| {
        let from = Ingredients {
            scenario,
            spec: drawn.spec.as_ref().unwrap_or(&scenario.spec),
            setup,
            conversions: drawn.conversions(setup, strategy),
            paths: &drawn.paths,
            streams,
            strategy,
            case: 0,
            fidelity,
            until,
            fault: None,
        };
        let mut world = World::new(from, None);
        world.run();
        world
    };
    // The flow is the quickest way to see when pools open.
    let whole = run(Fidelity::Fluid, scenario.horizon.end);
    let from = whole
        .demand
        .pools
        .iter()
        .filter_map(crate::sim::pool::Pool::opened)
        .min()?;
    let to = year_after(scenario, from);
    if to <= from {
        return None;
    }
    Some(Compared {
        from,
        to,
        jobs: year_of(&run(Fidelity::Jobs, to)),
        coarse: year_of(&run(fidelity, to)),
    })
}

/// The first end of a month that is a year or more after, or the end of the horizon.
fn year_after(scenario: &Scenario, from: SimTime) -> SimTime {
    let horizon = &scenario.horizon;
    let month = horizon.calendar.month(from);
    let whole = horizon.calendar.start_of_month(month) == from;
    let to = month.plus(if whole { 12 } else { 13 });
    horizon.calendar.start_of_month(to).min(horizon.end)
}

fn year_of(world: &World<'_>) -> YearOf {
    let mut year = YearOf::default();
    let (mut wait_s, mut started) = (0.0, 0.0);
    for (pool, book) in world.demand.pools.iter().zip(&world.demand.pool_books) {
        year.served_gpu_h += book.served_gpu_h;
        year.revenue_usd += book.earned_usd;
        let totals = pool.totals();
        wait_s += totals.wait_s;
        started += totals.started;
    }
    if started > 0.0 {
        year.mean_wait_s = wait_s / started;
    }
    for site in &world.sites {
        year.gpu_it_mwh += site.all.gpu_it_mwh;
        year.energy_mwh += site.all.grid_mwh;
    }
    year
}
