//! One world: loaded, simulated on one thread and on two with every invariant on, and its books looked at from outside.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use rayon::ThreadPool;
use repower::experiment::{ExperimentError, Plan, guarded, manifest, simulate};
use repower::metric::Metric;
use repower::problem::Severity;
use repower::results::block::{BlockResult, Shape};
use repower::results::block_store::BlockStore;
use repower::results::collect::Collector;
use repower::results::replication::{PORTFOLIO, Replication};
use repower::results::tables::SettlementRow;
use repower::scenario::Scenario;
use repower::scenario::load::{LoadOptions, load_text};
use repower::sim::invariant::Fault;
use repower::sim::{DetailWanted, Setup, replicate_all, replicate_one};
use serde_json::Value;

use super::{folder, text};

/// How a world ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// The checks did not let it in: the generator's fault, counted.
    Refused(String),
    /// Something broke.
    Broke(String),
    /// Everything held; so many events.
    Held(u64),
}

impl Verdict {
    /// What broke, without figures and names, by which two failures are the same.
    pub(crate) fn kind(&self) -> Option<String> {
        match self {
            Self::Broke(message) => Some(kind_of(message)),
            _ => None,
        }
    }
}

fn kind_of(message: &str) -> String {
    let head = message.split(|c: char| c.is_ascii_digit()).next().unwrap_or("");
    head.chars().take(60).collect()
}

/// Pools of one thread and of two.
pub(crate) struct Pools {
    one: ThreadPool,
    two: ThreadPool,
}

impl Pools {
    pub(crate) fn new() -> Self {
        let pool = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
        };
        Self {
            one: pool(1),
            two: pool(2),
        }
    }
}

/// Loads a world; what the checks say where they refuse it.
pub(crate) fn loaded(world: &Value) -> Result<Scenario, String> {
    let options = LoadOptions {
        data: Some(folder().to_path_buf()),
        ..LoadOptions::default()
    };
    if world["run"]["replications"].as_u64().is_none_or(|n| n > 10) {
        return Err("more than a block of replications".to_owned());
    }
    load_text("world.toml", &text(world), &options).map_err(|failure| {
        let wrong = failure.problems.iter().filter(|p| p.severity == Severity::Error);
        let problems = wrong.take(3);
        let told: Vec<String> = problems.map(|p| format!("{}: {}", p.path, p.message)).collect();
        told.join("; ")
    })
}

/// The message of a panic.
pub(crate) fn told(payload: &(dyn std::any::Any + Send)) -> String {
    let broken = payload.downcast_ref::<repower::sim::invariant::Broken>();
    broken
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// A deliberate fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Planted {
    /// In every run.
    Sim(Fault),
    /// One figure of the block that two threads made is another before it is merged.
    Block,
}

/// Simulates a world and looks at it from all sides.
pub(crate) fn judge(pools: &Pools, world: &Value, fault: Option<Planted>) -> Verdict {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let scenario = match loaded(world) {
            Ok(scenario) => scenario,
            Err(problems) => return Verdict::Refused(problems),
        };
        match pools.one.install(|| look(pools, &scenario, fault)) {
            Ok(events) => Verdict::Held(events),
            Err(message) if message.starts_with(UNSOUND) => Verdict::Refused(message),
            Err(message) => Verdict::Broke(message),
        }
    }));
    outcome.unwrap_or_else(|payload| Verdict::Broke(told(&*payload)))
}

fn said(error: ExperimentError) -> String {
    match error {
        ExperimentError::Invariant { message, .. } => message,
        other => other.to_string(),
    }
}

/// The records of every replication, in one thread.
pub(crate) fn records(
    scenario: &Scenario,
    setup: &Setup,
    fault: Option<Fault>,
) -> Result<Vec<Replication>, String> {
    let mut all = Vec::new();
    for replication in 0..scenario.spec.run.replications {
        let work = || replicate_all(scenario, setup, replication, fault);
        all.extend(guarded(scenario.spec.run.seed, replication, work).map_err(said)?);
    }
    Ok(all)
}

/// What a debt that has no meaning is refused with, as `repower run` does before it simulates.
pub(crate) const UNSOUND: &str = "refused before it runs: ";

/// Works out what is the same for all replications.
pub(crate) fn set_up(scenario: &Scenario) -> Result<Setup, String> {
    let setup = Setup::new(scenario);
    let unsound = setup.debts.iter().flatten().find_map(|debt| debt.as_ref().err());
    unsound.map_or(Ok(()), |error| Err(format!("{UNSOUND}{error}")))?;
    Ok(setup)
}

/// Blocks as they came, in bytes.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<u32, Vec<u8>>>);

impl BlockStore for Kept {
    fn load(&self, _: u32) -> Result<Option<BlockResult>, repower::results::Error> {
        Ok(None)
    }
    fn save(&self, block: &BlockResult) -> Result<(), repower::results::Error> {
        self.0.lock().unwrap().insert(block.index, block.to_bytes("0"));
        Ok(())
    }
}

fn look(pools: &Pools, scenario: &Scenario, planted: Option<Planted>) -> Result<u64, String> {
    let fault = match planted {
        Some(Planted::Sim(fault)) => Some(fault),
        _ => None,
    };
    let setup = set_up(scenario)?;
    let replications = scenario.spec.run.replications;
    let shape = Shape::of(&manifest(scenario, replications, "test"));
    let alone = records(scenario, &setup, fault)?;
    let events = alone.iter().map(|r| r.events).sum();
    for record in &alone {
        figures(scenario, record)?;
    }
    // The same through the experiment on two threads: block by block the same bytes.
    let kept = Kept::default();
    let plan = Plan::whole(shape, replications);
    let work = || simulate(scenario, &setup, &plan, &kept, &());
    let mut collector = pools.two.install(work).map_err(said)?.collector;
    let mut block = BlockResult::reduce(shape, 0, replications, alone.clone());
    if planted == Some(Planted::Block) {
        let figure = &mut block.cells[0].members[0].scalars[0].2;
        *figure += 1e-3 * figure.abs().max(1.0);
        collector = Collector::new(shape);
        collector.add_block(block.clone());
    }
    merged(&alone, &collector)?;
    if kept.0.into_inner().unwrap().get(&0) != Some(&block.to_bytes("0")) {
        return Err("one thread and two give other bytes".to_owned());
    }
    for (strategy, record) in alone.iter().take(scenario.spec.strategies.len()).enumerate() {
        let wanted = Some(DetailWanted { jobs: true });
        let detailed =
            guarded(0, 0, || replicate_one(scenario, &setup, strategy, 0, wanted)).map_err(said)?;
        if detailed.scalars != record.scalars || detailed.cashflow != record.cashflow {
            return Err("a replication with detail is another than without".to_owned());
        }
        books(scenario, &detailed)?;
    }
    Ok(events)
}

/// Means that the collector gives, out of the records themselves.
fn merged(alone: &[Replication], collector: &Collector) -> Result<(), String> {
    for (strategy, metric) in alone
        .iter()
        .flat_map(|r| Metric::ALL.iter().map(|m| (r.strategy, *m)))
    {
        let own = alone.iter().filter(|r| r.strategy == strategy);
        let values: Vec<f64> = own.filter_map(|r| r.scalar(PORTFOLIO, metric)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let got = collector
            .summary((strategy, 0, PORTFOLIO), metric)
            .map(|s| s.mean);
        let scale = values.iter().map(|v| v.abs()).fold(1.0, f64::max);
        let same = match got {
            None => values.is_empty(),
            Some(got) => (got - mean).abs() <= 1e-9 * scale,
        };
        if !same {
            return Err(format!(
                "the mean of {} after merging: {got:?} against {mean}",
                metric.id()
            ));
        }
    }
    Ok(())
}

/// Figures are finite; the NPV is that of the cash; stages follow the clock.
fn figures(scenario: &Scenario, record: &Replication) -> Result<(), String> {
    for scalar in &record.scalars {
        if !scalar.value.is_finite() {
            return Err(format!(
                "the metric {} is not finite: {}",
                scalar.metric.id(),
                scalar.value
            ));
        }
    }
    let cash = &record.cashflow;
    if cash
        .usd
        .iter()
        .flatten()
        .chain(cash.movement_usd.iter().flatten())
        .any(|x| !x.is_finite())
    {
        return Err("cash that is not finite".to_owned());
    }
    let spec = &scenario.spec;
    if spec.capital_of(record.strategy).is_none() {
        let rate = 1.0 + spec.finance.discount_percent / 100.0;
        let net = cash.net_by_month();
        let of_month = |(month, usd): (usize, &f64)| usd * rate.powf(-(month as f64 + 0.5) / 12.0);
        let by_hand: f64 = net.iter().enumerate().map(of_month).sum();
        let gross: f64 = cash.usd.iter().flatten().map(|x| x.abs()).sum();
        let told = record.scalar(PORTFOLIO, Metric::NpvUsd).unwrap_or(f64::NAN);
        if is_off(told - by_hand, gross) {
            return Err(format!(
                "the NPV is not that of the cash: {told} against {by_hand}"
            ));
        }
    }
    stages(scenario, record)
}

/// No stage ends before it starts, or starts before the horizon; ready is no earlier than the stages it waits for.
fn stages(scenario: &Scenario, record: &Replication) -> Result<(), String> {
    for row in &record.schedule {
        let told = |what: &str| {
            Err(format!(
                "a stage {what}: {} of {}/{} {} to {}",
                row.stage, row.site, row.hall, row.start, row.end
            ))
        };
        if !row.start.is_empty() && !row.end.is_empty() && row.end < row.start {
            return told("ends before it starts");
        }
        if !row.end.is_empty() && row.start.is_empty() {
            return told("ends and never starts");
        }
        if row.planned_end < row.planned_start {
            return told("is planned to end before it starts");
        }
        if !row.end.is_empty() && row.end > scenario.horizon.end.to_utc_text() {
            return told("ends after the horizon");
        }
    }
    super::stages::precedence(scenario, record)
}

/// Lines of bills are what months cost; GPU-hours and jobs of the months add up.
fn books(scenario: &Scenario, detailed: &Replication) -> Result<(), String> {
    let Some(detail) = &detailed.detail else {
        return Err("no detail was recorded".to_owned());
    };
    let mut bills: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    let of_power = |line: &&SettlementRow| {
        // Customers whose machines stand at a site have lines of their own there.
        let site = scenario.spec.sites.iter().find(|s| s.id.as_str() == line.site);
        site.is_some_and(|s| s.power_contracts.0.iter().any(|c| c.id.as_str() == line.contract))
    };
    for line in detail.settlement.iter().filter(of_power) {
        let sum = bills.entry((&line.site, &line.month)).or_default();
        sum.0 += line.usd;
        sum.1 += line.usd.abs();
    }
    for month in &detail.monthly {
        let (billed, gross) = bills
            .get(&(month.site.as_str(), month.month.as_str()))
            .copied()
            .unwrap_or_default();
        if is_off(billed + month.power_cost_usd, gross) {
            return Err(format!(
                "lines of the bill of {} in {}: {billed} against {}",
                month.site, month.month, month.power_cost_usd
            ));
        }
        let parts = month.gpu_hours_served
            + month.gpu_hours_idle
            + month.gpu_hours_failed
            + month.gpu_hours_unpowered;
        if is_off(parts - month.gpu_hours_offered, 1e3 * parts) {
            return Err(format!(
                "GPU-hours of {} in {}: {parts} against {}",
                month.site, month.month, month.gpu_hours_offered
            ));
        }
    }
    for job in &detail.jobs {
        // What has not started or ended has a negative time there.
        let before = |a: i64, b: i64| a < 0 || b < 0 || a <= b;
        if !before(job.start_s, job.end_s) || !before(job.submit_s, job.start_s) {
            return Err(format!("a job ends before it starts: {job:?}"));
        }
    }
    Ok(())
}

/// Whether a difference is more than rounding; one that is no number always is.
pub(crate) fn is_off(difference: f64, gross: f64) -> bool {
    let holds = difference.abs() <= 1e-9 * gross.max(1.0);
    !holds
}
