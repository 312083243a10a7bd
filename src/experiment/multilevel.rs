//! Multilevel Monte Carlo over the fidelities: many replications whose demand flows and of whose hours one in twelve is looked
//! at, few with every hour and with weeks simulated job by job, on the same random numbers.
//!
//! With `P0` a metric at `sampled_hours` and `P1` at `sampled_weeks`, `E[P1] = E[P0] + E[P1 - P0]` (Heinrich, 1998; Giles, 2008). The mean of `P0` is taken over all `N0`
//! replications, that of the correction over the first `N1` of them. Both levels share those, so the variance of the sum is
//! `V0/N0 + V1/N1 + 2 C/N0`, where `V0` and `V1` are the variances of `P0` and of the correction and `C` their covariance.
//! The mean is unbiased with respect to the finest level, whatever the sampled hours and the surfaces of the flow are worth;
//! poor ones only widen the interval.
//!
//! `N1 = N0 sqrt(V1 c0 / (V0 c1))` spends the least for a given variance; costs `c0`, `c1` are events a replication and not
//! seconds, so that the same run is the same everywhere. It is asked after every block of the finest level, for the net
//! present value of every strategy.

use crate::experiment::simulate::{ExperimentError, Plan, Watch, simulate};
use crate::metric::Metric;
use crate::results::block::{Shape, sha256_hex};
use crate::results::block_store::BlockStore;
use crate::results::collect::Collector;
use crate::results::replication::PORTFOLIO;
use crate::results::spread::t_975;
use crate::results::tables::{ComparisonRow, LevelRow, Manifest, Note, RunTables, SummaryRow};
use crate::scenario::Scenario;
use crate::scenario::spec::Fidelity;
use crate::sim::Setup;

/// How a run on two levels is called.
pub const MULTILEVEL: &str = "multilevel";
/// The level with many replications.
pub const COARSE: Fidelity = Fidelity::SampledHours;
/// The finest level.
pub const FINEST: Fidelity = Fidelity::SampledWeeks;
/// Replications of the finest level at least: fewer say little of the variance of the correction.
const FINE_LEAST: usize = 30;

/// Makes the identity of a run of the coarse level that of a run on both.
pub fn identify(manifest: &mut Manifest) {
    let both = format!("{} {MULTILEVEL} {}", manifest.run_id, FINEST.as_str());
    let mut id = sha256_hex(both.as_bytes());
    id.truncate(manifest.run_id.len());
    manifest.run_id = id;
    MULTILEVEL.clone_into(&mut manifest.fidelity);
}

/// Simulates as many replications at the finest level as are worth it.
pub fn refine(
    (scenario, setup): (&Scenario, &Setup),
    shape: Shape,
    coarse: &Collector,
    store: &dyn BlockStore,
    watch: &dyn Watch,
) -> Result<Collector, ExperimentError> {
    let enough = |fine: &Collector| fine.replications() >= worth(shape, coarse, fine);
    let plan = Plan {
        fidelity: Some(FINEST),
        enough: &enough,
        ..Plan::whole(shape, coarse.replications() as u32)
    };
    Ok(simulate(scenario, setup, &plan, store, watch)?.collector)
}

/// The replications at the finest level that are worth their cost, as far as those that are in can tell.
fn worth(shape: Shape, coarse: &Collector, fine: &Collector) -> usize {
    let cells = (0..shape.strategies).flat_map(|s| (0..shape.cases).map(move |c| (s, c, PORTFOLIO)));
    let cost = (coarse.events_per_replication() / fine.events_per_replication()).min(1.0);
    let shares = cells.filter_map(|at| {
        let npv = Metric::NpvUsd;
        let estimate = Estimate::of(coarse.values(at, npv), fine.values(at, npv))?;
        let share = (estimate.fine.variance * cost / estimate.coarse.variance).sqrt();
        share.is_finite().then_some(share)
    });
    let share = shares.fold(0.0, f64::max).min(1.0);
    let replications = coarse.replications();
    ((replications as f64 * share).ceil() as usize)
        .max(FINE_LEAST)
        .min(replications)
}

/// Replications, mean and variance of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    replications: usize,
    mean: f64,
    variance: f64,
}

/// A mean on two levels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Estimate {
    coarse: Level,
    fine: Level,
    /// Of the coarse value and the correction.
    covariance: f64,
}

impl Estimate {
    /// Of the values by replication, `NaN` where there is none; of the finest level there are fewer. `None` where not even
    /// two replications have both.
    fn of(coarse: &[f64], fine: &[f64]) -> Option<Self> {
        let all: Vec<f64> = coarse.iter().copied().filter(|x| !x.is_nan()).collect();
        let both = coarse
            .iter()
            .zip(fine)
            .filter(|(c, f)| !c.is_nan() && !f.is_nan());
        let (paired, corrections): (Vec<f64>, Vec<f64>) = both.map(|(c, f)| (*c, f - c)).unzip();
        if paired.len() < 2 {
            return None;
        }
        let (mean_paired, fine) = (mean(&paired), level(&corrections));
        let products = paired.iter().zip(&corrections);
        let sum: f64 = products.map(|(c, d)| (c - mean_paired) * (d - fine.mean)).sum();
        Some(Self {
            coarse: level(&all),
            fine,
            covariance: sum / (paired.len() - 1) as f64,
        })
    }

    fn mean(&self) -> f64 {
        self.coarse.mean + self.fine.mean
    }

    fn variance(&self) -> f64 {
        let (n0, n1) = (self.coarse.replications as f64, self.fine.replications as f64);
        let sum = (self.coarse.variance + 2.0 * self.covariance) / n0 + self.fine.variance / n1;
        // Two samples of different size estimate its parts: a variance of nearly zero may come out below it.
        sum.max(0.0)
    }

    /// The 95 % interval; Student's t with the degrees of freedom of the smaller sample, which is wide rather than narrow.
    fn interval(&self) -> (f64, f64) {
        let half = t_975((self.fine.replications - 1) as f64) * self.variance().sqrt();
        (self.mean() - half, self.mean() + half)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn level(values: &[f64]) -> Level {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    Level {
        replications: values.len(),
        mean,
        variance: squares / (values.len() - 1) as f64,
    }
}

/// Puts means and intervals on two levels in the place of those of the coarse one, and `levels.csv` beside them.
pub fn apply(tables: &mut RunTables, coarse_events: f64, fine: &Collector) {
    let events = [coarse_events, fine.events_per_replication()];
    let manifest = &tables.manifest;
    let mut levels = Vec::new();
    for row in &mut tables.summary {
        let Some((at, metric)) = place(manifest, (&row.strategy, &row.case, &row.scope), &row.metric) else {
            continue;
        };
        let coarse = tables.metrics.values(at, metric);
        match Estimate::of(coarse, fine.values(at, metric)) {
            Some(estimate) => {
                row.mean = estimate.mean();
                (row.ci95_low, row.ci95_high) = estimate.interval();
                levels.extend(rows(row, &estimate, events));
            }
            // Of what the finest level has no value nothing is known but the coarse.
            None => COARSE.as_str().clone_into(&mut row.fidelity),
        }
    }
    let baseline = manifest.baseline_index();
    for row in &mut tables.comparison {
        let found = place(manifest, (&row.strategy, &row.case, &row.scope), &row.metric);
        let (Some((at, metric)), Some(base)) = (found, baseline) else {
            continue;
        };
        let base = (base, at.1, at.2);
        let difference = |own: &[f64], base: &[f64]| -> Vec<f64> {
            own.iter().zip(base).map(|(own, base)| own - base).collect()
        };
        let coarse = difference(
            tables.metrics.values(at, metric),
            tables.metrics.values(base, metric),
        );
        let finest = difference(fine.values(at, metric), fine.values(base, metric));
        compare(row, Estimate::of(&coarse, &finest));
    }
    tables.levels = levels;
    let count = fine.replications();
    tables
        .manifest
        .notes
        .push(note(count, tables.manifest.replications));
}

fn compare(row: &mut ComparisonRow, estimate: Option<Estimate>) {
    match estimate {
        Some(estimate) => {
            row.mean_difference = estimate.mean();
            (row.ci95_low, row.ci95_high) = estimate.interval();
        }
        None => COARSE.as_str().clone_into(&mut row.fidelity),
    }
}

type Place = ((usize, usize, usize), Metric);

fn place(manifest: &Manifest, (strategy, case, scope): (&str, &str, &str), metric: &str) -> Option<Place> {
    let strategy = manifest.strategies.iter().position(|s| s.id == strategy)?;
    let case = manifest.cases.iter().position(|c| c == case)?;
    let scope = manifest.scopes.iter().position(|s| s == scope)?;
    Some(((strategy, case, scope), Metric::from_id(metric)?))
}

fn rows(row: &SummaryRow, estimate: &Estimate, events: [f64; 2]) -> [LevelRow; 2] {
    let of = |number: u32, fidelity: Fidelity, level: Level, covariance: f64| LevelRow {
        strategy: row.strategy.clone(),
        case: row.case.clone(),
        fidelity: fidelity.as_str().to_owned(),
        scope: row.scope.clone(),
        metric: row.metric.clone(),
        unit: row.unit.clone(),
        level: number,
        replications: level.replications as u32,
        mean: level.mean,
        variance: level.variance,
        covariance,
        events_per_replication: events[number as usize],
    };
    [
        of(0, COARSE, estimate.coarse, f64::NAN),
        of(1, FINEST, estimate.fine, estimate.covariance),
    ]
}

fn note(fine: usize, coarse: u32) -> Note {
    let (coarse_name, finest) = (COARSE.as_str(), FINEST.as_str());
    Note {
        kind: "model".to_owned(),
        text: format!(
            "Multilevel Monte Carlo: means and their intervals are unbiased with respect to `{finest}`, from {coarse} \
             replications at `{coarse_name}` and {fine} at both on the same random numbers (levels.csv). Standard deviations, \
             quantiles, probabilities, cash and all rows of single replications are those of `{coarse_name}`."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use crate::stats::summary::Summary;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn with_equal_samples_it_is_the_mean_of_the_finest_level_and_its_interval() {
        let coarse = [1.0, 4.0, 2.0, 8.0, 5.0];
        let fine = [1.5, 3.0, 2.5, 9.0, 4.0];
        let estimate = Estimate::of(&coarse, &fine).unwrap();
        let direct = Summary::of(&fine).unwrap().estimate;
        let ci = direct.ci95.unwrap();
        let (low, high) = estimate.interval();
        for (a, b) in [(estimate.mean(), direct.mean), (low, ci.low), (high, ci.high)] {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn values_that_are_not_there_are_left_out_and_one_pair_is_none() {
        let none = f64::NAN;
        let estimate = Estimate::of(&[1.0, none, 3.0, 5.0, 7.0], &[2.0, 9.0, 5.0, none]).unwrap();
        assert_eq!((estimate.coarse.replications, estimate.fine.replications), (4, 2));
        assert_eq!(estimate.mean(), 4.0 + 1.5);
        assert_eq!(Estimate::of(&[1.0, 2.0], &[1.0]), None);
    }

    /// `P0` normal, `P1 = 0.9 P0 + 3 + noise`: the mean of `P1` is known. 2,000 repeats with 200 and 40 replications.
    #[test]
    fn the_interval_holds_the_true_mean_as_often_as_it_says() {
        let (mut held, mut width, mut direct) = (0, 0.0, 0.0);
        for repeat in 0..2_000 {
            let mut rng = Streams::new(7, repeat).stream("test/multilevel");
            let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
            let coarse: Vec<f64> = (0..200).map(|_| 10.0 + 5.0 * normal()).collect();
            let fine: Vec<f64> = coarse[..40]
                .iter()
                .map(|x| 0.9 * x + 3.0 + 0.5 * normal())
                .collect();
            let (low, high) = Estimate::of(&coarse, &fine).unwrap().interval();
            held += u32::from((low..=high).contains(&12.0));
            width += high - low;
            let ci = Summary::of(&fine).unwrap().estimate.ci95.unwrap();
            direct += ci.high - ci.low;
        }
        let share = f64::from(held) / 2_000.0;
        assert!((0.93..=0.97).contains(&share), "{share}");
        // By hand: sqrt((25 - 2 2.5) / 200 + 0.5 / 40) = 0.335 against sqrt(20.5 / 40) = 0.716.
        let ratio = width / direct;
        assert!((ratio - 0.335 / 0.716).abs() < 0.03, "{ratio}");
    }
}
