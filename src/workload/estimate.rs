//! What owners say about the run times of their jobs, and what the queue is told.

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::workload::job::{Job, SECONDS_MAX};
use crate::workload::scheduler::Runtimes;

/// The lowest factor of an estimate over the true run time.
const FACTOR_MIN: f64 = 0.01;
/// The highest factor of an estimate over the true run time.
const FACTOR_MAX: f64 = 1_000.0;

/// What the queue knows of run times in advance. Only backfill and `sjf` use it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EstimateSpec {
    /// The truth, to the second.
    #[default]
    Known,
    /// What the trace says; the truth for jobs of which it says nothing.
    Trace,
    /// The same multiple of every run time.
    Factor(FactorSpec),
    /// A multiple of the run time, drawn evenly between 1 and the factor for each job: the f-model of Mu'alem and
    /// Feitelson, "Utilization, Predictability, Workloads, and User Runtime Estimates" (2001).
    Uniform(FactorSpec),
    /// Nothing: `easy` lets others overtake a gang at the head within the GPUs that it leaves over only,
    /// `conservative` lets nobody overtake, `sjf` takes all for equally short.
    Unknown,
}

/// A multiple of run times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorSpec {
    /// The factor, 0.01 to 1,000; below 1 owners say too little. Estimates are rounded up to whole seconds.
    pub factor: f64,
}

impl Check for EstimateSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let (at, least, spec) = match self {
            Self::Factor(spec) => (at.key("factor"), FACTOR_MIN, spec),
            Self::Uniform(spec) => (at.key("uniform"), 1.0, spec),
            Self::Known | Self::Trace | Self::Unknown => return,
        };
        problems.within(&at.key("factor"), spec.factor, least, FACTOR_MAX);
    }
}

impl EstimateSpec {
    /// From `known`, `trace`, `unknown`, `factor=X` or `uniform=X`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str, least: f64| {
            let factor = text.parse().ok().filter(|f| (least..=FACTOR_MAX).contains(f));
            let message = || format!("expected a factor between {least} and {FACTOR_MAX}, found `{text}`");
            factor.map(|factor| FactorSpec { factor }).ok_or_else(message)
        };
        match text.split_once('=') {
            Some(("factor", factor)) => number(factor, FACTOR_MIN).map(Self::Factor),
            Some(("uniform", factor)) => number(factor, 1.0).map(Self::Uniform),
            None if text == "known" => Ok(Self::Known),
            None if text == "trace" => Ok(Self::Trace),
            None if text == "unknown" => Ok(Self::Unknown),
            _ => Err("expected `known`, `trace`, `unknown`, `factor=X` or `uniform=X`".to_owned()),
        }
    }
    /// What a scheduler is told; `kills_at_limit` where a job is killed when it has run as long as was said.
    pub const fn runtimes(self, kills_at_limit: bool) -> Runtimes {
        match self {
            Self::Known => Runtimes::Known,
            Self::Unknown => Runtimes::Unknown,
            Self::Trace | Self::Factor(_) | Self::Uniform(_) => Runtimes::Estimated { kills_at_limit },
        }
    }
    /// The estimate of a job; zero where nothing is said.
    pub fn estimate_s(self, job: &Job, rng: &mut impl Rng) -> i32 {
        let multiple = |factor: f64| {
            let seconds = (job.duration_s as f64 * factor).ceil();
            seconds.clamp(1.0, SECONDS_MAX as f64) as i32
        };
        match self {
            Self::Known | Self::Trace | Self::Unknown => job.estimate_s,
            Self::Factor(spec) => multiple(spec.factor),
            Self::Uniform(spec) => multiple(rng.random_range(1.0..=spec.factor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn estimates_are_multiples_rounded_up() {
        let mut rng = Streams::new(1, 0).stream("test/estimates");
        let mut of = |text: &str, duration_s: i64| {
            let job = Job {
                estimate_s: 77,
                ..Job::new(1, 0, 1, duration_s)
            };
            EstimateSpec::parse(text).unwrap().estimate_s(&job, &mut rng)
        };
        assert_eq!(
            (of("factor=1.5", 3), of("factor=0.5", 1), of("factor=2", 0)),
            (5, 1, 1)
        );
        assert_eq!(
            (of("trace", 3), of("known", 3), of("factor=1000", SECONDS_MAX)),
            (77, 77, i32::MAX - 1)
        );
        let drawn: Vec<i32> = (0..2_000).map(|_| of("uniform=3", 1_000_000)).collect();
        assert!(drawn.iter().all(|s| (1_000_000..=3_000_000).contains(s)));
        let mean = drawn.iter().map(|s| f64::from(*s)).sum::<f64>() / 2e9;
        // The mean of 2,000 draws between 1 and 3 has a standard error of 0.0129.
        assert!((mean - 2.0).abs() < 0.04, "{mean}");
    }

    #[test]
    fn wrong_words_are_told() {
        for wrong in [
            "",
            "guess",
            "factor",
            "factor=0",
            "factor=NaN",
            "uniform=0.5",
            "known=1",
        ] {
            assert!(EstimateSpec::parse(wrong).is_err(), "{wrong}");
        }
    }
}
