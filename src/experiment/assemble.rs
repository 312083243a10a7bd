//! From reduced replications to the tables of a run: the median replications again, with detail.

use rayon::prelude::*;

use crate::experiment::simulate::{ExperimentError, guarded};
use crate::random::Design;
use crate::random::design::SCRAMBLINGS;
use crate::results::answers;
use crate::results::collect::Collector;
use crate::results::replication::Replication;
use crate::results::tables::{AssumptionRow, Manifest, RunTables};
use crate::scenario::{Scenario, assumptions};
use crate::sim::{DetailWanted, Setup, fleet_value, hot_hours, replicate_one, schedule_risk};

/// Simulates the P50 replication of each strategy again with detail and gives all tables.
pub fn finish(
    scenario: &Scenario,
    setup: &Setup,
    collector: Collector,
    manifest: Manifest,
    detail: DetailWanted,
) -> Result<RunTables, ExperimentError> {
    let details: Result<Vec<Replication>, ExperimentError> = (0..scenario.spec.strategies.len())
        .into_par_iter()
        .map(|strategy| {
            let replication = collector.p50_replication(strategy, 0).unwrap_or(0);
            guarded(scenario.spec.run.seed, replication, || {
                replicate_one(scenario, setup, strategy, replication, Some(detail))
            })
        })
        .collect();
    let details = details?;
    let baseline = scenario
        .spec
        .strategies
        .iter()
        .position(|s| s.id == scenario.spec.baseline);
    let seen = details[baseline.unwrap_or(0)].detail.as_ref();
    let batches = seen.map(|detail| fleet_value::batches(scenario, setup, detail));
    let mut tables = collector.finish(manifest, details);
    tables.mining_batches = batches.unwrap_or_default();
    tables.assumptions = assumptions::list(&scenario.spec, &scenario.sources)
        .into_iter()
        .map(|a| AssumptionRow {
            path: a.path,
            value: a.value,
            unit: a.unit.to_owned(),
            label: a.label.to_owned(),
            source: a.source,
        })
        .collect();
    let hashprice = crate::sim::start_hashprice(scenario);
    tables.mining_break_even = setup.mining_break_even(&scenario.spec, hashprice);
    tables.hot_hours = hot_hours::hot_hours(scenario, setup);
    tables.manifest.notes.extend(hot_hours::notes(&tables.hot_hours));
    let count = tables.manifest.replications;
    schedule_risk::put(scenario, setup, count, &mut tables);
    if scenario.spec.run.design == Design::Sobol {
        // Points of a Sobol sequence are not independent; its scramblings are.
        answers::intervals_of_groups(&mut tables, SCRAMBLINGS as usize);
    }
    tables.answers = answers::rows(&tables);
    Ok(tables)
}
