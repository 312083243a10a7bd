//! A generator as a scenario names it: a file or a model written out, and how many weeks of it are drawn.

use jiff::civil::{DateTime, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draw::{Draw, HOURS_PER_WEEK, draw};
use super::model::ModelSpec;
use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;
use crate::workload::job::Trace;

/// The most weeks that a generator draws at once.
pub(super) const WEEKS_MAX: u32 = 1_040;
/// The most jobs that a generator draws at once.
pub const JOBS_MAX: f64 = 20e6;
/// The most load that a generator is scaled to, in GPUs.
pub(super) const GPUS_MEAN_MAX: f64 = 1e6;

/// Jobs drawn from a generator: a file of `repower fit`, or its content under `model`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneratorSpec {
    /// Path of a generator's file; `data:` points into the folder given by `--data`, otherwise relative to the scenario.
    #[serde(default)]
    pub file: Option<String>,
    /// The generator itself, instead of a file.
    #[serde(default)]
    pub model: Option<ModelSpec>,
    /// Weeks that are drawn; those of the horizon are redrawn from them as from the weeks of a trace. Default 26
    /// (assumption: enough that the heavy tail of run times is met).
    #[serde(default = "weeks")]
    pub weeks: u32,
    /// Mean load of one copy in GPUs, reached by more or fewer jobs of the same kind. Default: as fitted.
    #[serde(default)]
    pub mean_gpus: Option<f64>,
}

fn weeks() -> u32 {
    26
}

impl Check for GeneratorSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match (&self.file, &self.model) {
            (Some(_), None) => {}
            (None, Some(model)) => model.check(&at.key("model"), problems),
            _ => problems.error(at, "a generator has exactly one of `file` and `model`"),
        }
        problems.within(&at.key("weeks"), f64::from(self.weeks), 1.0, f64::from(WEEKS_MAX));
        if let Some(gpus) = self.mean_gpus {
            problems.positive(&at.key("mean_gpus"), gpus);
            problems.within(&at.key("mean_gpus"), gpus, 0.0, GPUS_MEAN_MAX);
        }
    }
}

impl GeneratorSpec {
    /// Why a checked model makes too many jobs or none, if it does.
    pub fn problem_of_size(&self, model: &ModelSpec) -> Option<String> {
        let jobs = how(model, self.weeks, self.mean_gpus).expected_jobs(model);
        let weeks = self.weeks;
        if jobs.is_nan() || jobs > JOBS_MAX {
            Some(format!(
                "about {jobs:.0} jobs; a generated trace has at most {JOBS_MAX}"
            ))
        } else if jobs < 1.0 {
            Some(format!(
                "about {jobs:.3} jobs in {weeks} weeks; expected at least one"
            ))
        } else {
            None
        }
    }
}

fn how(model: &ModelSpec, weeks: u32, mean_gpus: Option<f64>) -> Draw<'static> {
    Draw {
        scale: mean_gpus.map_or(1.0, |gpus| gpus / model.mean_gpus()),
        ..Draw::hours(weeks as usize * HOURS_PER_WEEK)
    }
}

/// Draws whole weeks from a checked model of a possible size. Second zero is a Monday, 00:00 local.
pub fn generate(model: &ModelSpec, weeks: u32, mean_gpus: Option<f64>, rng: &mut Stream) -> Trace {
    let how = how(model, weeks, mean_gpus);
    let monday: DateTime = date(2018, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let fitted = if model.fitted_to.is_empty() {
        String::new()
    } else {
        format!(", fitted to {}", model.fitted_to)
    };
    let assumption = format!(
        "generated in {weeks} weeks of {:.1} GPUs mean load{fitted}",
        model.mean_gpus() * how.scale
    );
    Trace::new(draw(model, &how, rng), Some(monday), vec![assumption])
}
