//! From reduced replications to the tables of a run: the median replications again, with detail.

use rayon::prelude::*;

use crate::experiment::simulate::{ExperimentError, guarded};
use crate::metric::Metric;
use crate::random::Design;
use crate::random::design::SCRAMBLINGS;
use crate::results::answers;
use crate::results::collect::Collector;
use crate::results::replication::Replication;
use crate::results::tables::{AssumptionRow, Manifest, RunTables};
use crate::scenario::{Scenario, assumptions};
use crate::sim::{DetailWanted, Setup, delay, fleet_value, hot_hours, replicate_case, schedule_risk};

/// Simulates the P50 replication of each strategy again with detail and gives all tables.
pub fn finish(
    scenario: &Scenario,
    setup: &Setup,
    collector: Collector,
    manifest: Manifest,
    detail: DetailWanted,
) -> Result<RunTables, ExperimentError> {
    let cases = manifest.cases.len();
    let details: Result<Vec<Replication>, ExperimentError> = (0..scenario.spec.strategies.len() * cases)
        .into_par_iter()
        .map(|cell| {
            let (strategy, case) = (cell / cases, cell % cases);
            let replication = collector.p50_replication(strategy, case).unwrap_or(0);
            guarded(scenario.spec.run.seed, replication, || {
                replicate_case((scenario, setup), (strategy, case), replication, Some(detail))
            })
        })
        .collect();
    let details = details?;
    let baseline = scenario
        .spec
        .strategies
        .iter()
        .position(|s| s.id == scenario.spec.baseline);
    let seen = details[baseline.unwrap_or(0) * cases].detail.as_ref();
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
    let delays = delay_costs(scenario, setup, &tables)?;
    schedule_risk::put((scenario, setup), count, &delays, &mut tables);
    if scenario.spec.run.design == Design::Sobol {
        // Points of a Sobol sequence are not independent; its scramblings are.
        answers::intervals_of_groups(&mut tables, SCRAMBLINGS as usize);
    }
    tables.answers = answers::rows(&tables);
    Ok(tables)
}

/// What a day of later readiness costs of each conversion of each strategy, USD: the mean over the first replications.
fn delay_costs(
    scenario: &Scenario,
    setup: &Setup,
    tables: &RunTables,
) -> Result<Vec<Vec<Option<f64>>>, ExperimentError> {
    let count = (tables.metrics.replications() as u32).min(delay::REPLICATIONS);
    let base = |strategy| tables.metrics.values((strategy, 0, 0), Metric::NpvEquityUsd);
    let cost = |(strategy, conversion): (usize, usize), replication: u32| {
        let place = (strategy, conversion);
        let slipped = guarded(scenario.spec.run.seed, replication, || {
            delay::npv_of_slip(scenario, setup, place, replication)
        })?;
        let lost = slipped.map(|slipped| base(strategy)[replication as usize] - slipped);
        Ok(lost
            .filter(|usd| usd.is_finite())
            .map(|usd| usd / delay::SLIP_DAYS))
    };
    let strategies = scenario.spec.strategies.iter().enumerate();
    let mean = |place: (usize, usize)| {
        let costs = (0..count).into_par_iter().map(|r| cost(place, r));
        let known: Vec<f64> = costs
            .collect::<Result<Vec<_>, ExperimentError>>()?
            .into_iter()
            .flatten()
            .collect();
        Ok((!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64))
    };
    strategies
        .map(|(s, strategy)| {
            let conversions = 0..strategy.conversions.len();
            conversions.into_par_iter().map(|c| mean((s, c))).collect()
        })
        .collect()
}
