//! The model of a generator: what its file says, and what makes no sense in it.

use std::fmt::Write as _;
use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::problem::{Check, FieldPath, Problems, Segment};
use crate::time::{HOUR_S, WEEK_S};
use crate::workload::job::{GPUS_MAX, SECONDS_MAX};

/// The version of the model's file.
pub const FORMAT: u32 = 1;
/// The most classes of a generator.
pub const CLASSES_MAX: usize = 64;
/// The most sizes of one class of a generator.
pub const SIZES_MAX: usize = 4_096;
/// The most points of a distribution of run times.
pub const POINTS_MAX: usize = 1_000;
/// The most bursts, or memories of run times, of one class of a generator.
pub const BURSTS_MAX: usize = 16;
/// The largest file of a generator that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 4 << 20;
/// The most jobs a week of one class of a generator.
pub const JOBS_PER_WEEK_MAX: f64 = 1e8;

/// A generator of jobs: how they arrive, how large they are and how long they run. `repower fit` makes it from a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GeneratorModelSpec")]
pub struct ModelSpec {
    /// The version of this form: 1.
    pub format: u32,
    /// What it was fitted to, in a sentence.
    #[serde(default)]
    pub fitted_to: String,
    /// How much the bursts of one class of sizes are those of the others, percent (correlation of their logarithms).
    /// Default 0.
    #[serde(default)]
    pub shared_bursts_percent: f64,
    /// Jobs of similar size; at most 64 classes.
    pub classes: Vec<ClassSpec>,
}

/// Jobs of similar size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GeneratorClassSpec")]
pub struct ClassSpec {
    /// Sizes of gangs in GPUs with their relative frequency, as `[[8, 70], [12, 7]]`; drawn independently.
    pub sizes: Vec<(u32, f64)>,
    /// Mean jobs of a week.
    pub jobs_per_week: f64,
    /// Arrivals by hour of the local day from midnight, as ratios to each other: 24 numbers. Default: all the same.
    #[serde(default)]
    pub hours: Vec<f64>,
    /// Arrivals by weekday from Monday, as ratios to each other: 7 numbers. Default: all the same.
    #[serde(default)]
    pub weekdays: Vec<f64>,
    /// Variance of the factor that is drawn anew for each hour from a gamma distribution of mean one; 0 is a Poisson
    /// process within the hour. Default 0.
    #[serde(default)]
    pub hourly_variance: f64,
    /// Jobs that come within seconds of another one of the class in the same hour, beyond chance.
    #[serde(default)]
    pub batches: Option<BatchSpec>,
    /// Log-normal bursts that last longer than an hour.
    #[serde(default)]
    pub bursts: Vec<BurstSpec>,
    /// The distribution of run times: pairs of a share of jobs and the seconds that this share does not exceed, from
    /// 0 to 1 and never falling; between them linear in the logarithm of one second more.
    pub run_times: Vec<(f64, f64)>,
    /// How long run times of jobs that come one after another resemble each other.
    #[serde(default)]
    pub memory: Vec<MemorySpec>,
    /// Correlation of a job's run time with the number of jobs of its class in its hour (both as normal scores),
    /// -1 to 1. Default 0.
    #[serde(default)]
    pub burst_correlation: f64,
    /// Correlation of a job's run time with its size within the class (both as normal scores), -1 to 1. Default 0.
    #[serde(default)]
    pub size_correlation: f64,
}

/// Jobs submitted together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchSpec {
    /// Share of jobs that follow another one of their class and hour at once, percent.
    pub percent: f64,
    /// Mean seconds by which they follow.
    pub gap_seconds: f64,
}

/// A burst of arrivals: a log-normal factor of mean one whose logarithm forgets exponentially.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurstSpec {
    /// Hours after which the correlation has fallen to 1/e.
    pub lasts_hours: f64,
    /// Variance of the logarithm.
    pub log_variance: f64,
}

/// A part of the likeness of run times, which fades exponentially with the time between submissions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemorySpec {
    /// Hours after which it has fallen to 1/e.
    pub lasts_hours: f64,
    /// Share of the variance of the normal scores of run times; all together at most 1.
    pub share: f64,
}

/// Why the file of a generator was refused.
#[derive(Debug, Error)]
pub enum GeneratorError {
    /// It could not be read.
    #[error("`{file}` could not be read: {source}")]
    Io {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what a generator's file is.
    #[error("{file}: {message}")]
    Refused {
        /// The file.
        file: String,
        /// What is wrong, with its place.
        message: String,
    },
}

impl ModelSpec {
    /// Reads the file of a generator; `file` is its name in messages.
    pub fn read(source: impl Read, file: &str) -> Result<Self, GeneratorError> {
        let io = |source| GeneratorError::Io {
            file: file.to_owned(),
            source,
        };
        let refused = |message| GeneratorError::Refused {
            file: file.to_owned(),
            message,
        };
        let mut bytes = Vec::new();
        source
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(refused(format!("the file is larger than {FILE_BYTES_MAX} bytes")));
        }
        let text =
            std::str::from_utf8(&bytes).map_err(|_| refused("the file is not UTF-8 text".to_owned()))?;
        let model: Self = toml::from_str(text).map_err(|error| refused(place(text, &error)))?;
        let mut problems = Problems::new();
        model.check(&FieldPath::root(), &mut problems);
        match problems.as_slice().first() {
            None => Ok(model),
            Some(first) => {
                let more = problems.as_slice().len() - 1;
                let more = if more > 0 {
                    format!(" (and {more} more)")
                } else {
                    String::new()
                };
                Err(refused(format!(
                    "{}: {}{more}",
                    shown(&first.path),
                    first.message
                )))
            }
        }
    }
    /// Mean load in GPUs: GPU-seconds submitted per second.
    pub fn mean_gpus(&self) -> f64 {
        let class = |class: &ClassSpec| class.jobs_per_week * class.mean_gpus() * class.mean_run_time_s();
        self.classes.iter().map(class).sum::<f64>() / WEEK_S as f64
    }
    /// Mean jobs of a week.
    pub fn jobs_per_week(&self) -> f64 {
        self.classes.iter().map(|class| class.jobs_per_week).sum()
    }
}

/// Line, column and the first line of what the reader of TOML says.
fn place(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = &text.as_bytes()[..at];
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    format!(
        "line {line}, column {column}: {}",
        error.message().replace('\n', "; ")
    )
}

/// A path as users write it.
fn shown(path: &FieldPath) -> String {
    let mut text = String::new();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Segment::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

impl ClassSpec {
    /// Mean size in GPUs.
    pub fn mean_gpus(&self) -> f64 {
        let weight: f64 = self.sizes.iter().map(|(_, weight)| weight).sum();
        let sum = |(gpus, weight): &(u32, f64)| f64::from(*gpus) * weight;
        self.sizes.iter().map(sum).sum::<f64>() / weight
    }
    /// Mean run time in seconds.
    pub fn mean_run_time_s(&self) -> f64 {
        let part = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * mean_between(pair[0].1, pair[1].1);
        self.run_times.windows(2).map(part).sum()
    }
    /// The run time at a share of jobs, in seconds.
    pub fn run_time_s(&self, share: f64) -> f64 {
        let points = &self.run_times;
        let after = points
            .partition_point(|(at, _)| *at <= share)
            .clamp(1, points.len() - 1);
        let ((from, low), (to, high)) = (points[after - 1], points[after]);
        let along = if to > from {
            ((share - from) / (to - from)).clamp(0.0, 1.0)
        } else {
            1.0
        };
        (low + 1.0) * ((high + 1.0) / (low + 1.0)).powf(along) - 1.0
    }
    /// The ratio of the arrivals in an hour of the week, from Monday 00:00, to the mean.
    pub fn shape(&self, hour_of_week: usize) -> f64 {
        let ratio = |shape: &[f64], index: usize| {
            if shape.is_empty() {
                return 1.0;
            }
            shape[index] * shape.len() as f64 / shape.iter().sum::<f64>()
        };
        ratio(&self.hours, hour_of_week % 24) * ratio(&self.weekdays, hour_of_week / 24 % 7)
    }
}

/// The mean of a run time between two points of the distribution.
pub(super) fn mean_between(low: f64, high: f64) -> f64 {
    let (a, b) = (low + 1.0, high + 1.0);
    if b - a < 1e-9 * a {
        low
    } else {
        (b - a) / (b / a).ln() - 1.0
    }
}

impl Check for ModelSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.format != FORMAT {
            problems.error(
                &at.key("format"),
                format!("`{}` is not a known version; this one is {FORMAT}", self.format),
            );
        }
        problems.within(
            &at.key("shared_bursts_percent"),
            self.shared_bursts_percent,
            0.0,
            100.0,
        );
        let classes = at.key("classes");
        if self.classes.is_empty() || self.classes.len() > CLASSES_MAX {
            problems.error(
                &classes,
                format!(
                    "{} classes; between 1 and {CLASSES_MAX} are possible",
                    self.classes.len()
                ),
            );
        }
        for (index, class) in self.classes.iter().take(CLASSES_MAX).enumerate() {
            class.check(&classes.index(index), problems);
        }
    }
}

impl Check for ClassSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_sizes(&self.sizes, &at.key("sizes"), problems);
        problems.within(
            &at.key("jobs_per_week"),
            self.jobs_per_week,
            0.0,
            JOBS_PER_WEEK_MAX,
        );
        problems.positive(&at.key("jobs_per_week"), self.jobs_per_week);
        check_shape(&self.hours, 24, &at.key("hours"), problems);
        check_shape(&self.weekdays, 7, &at.key("weekdays"), problems);
        problems.within(&at.key("hourly_variance"), self.hourly_variance, 0.0, 10_000.0);
        check_run_times(&self.run_times, &at.key("run_times"), problems);
        problems.within(&at.key("burst_correlation"), self.burst_correlation, -1.0, 1.0);
        if let Some(batches) = &self.batches {
            let at = at.key("batches");
            problems.within(&at.key("percent"), batches.percent, 0.0, 100.0);
            problems.within(&at.key("gap_seconds"), batches.gap_seconds, 0.0, HOUR);
        }
        problems.within(&at.key("size_correlation"), self.size_correlation, -1.0, 1.0);
        let squares = self.burst_correlation.powi(2) + self.size_correlation.powi(2);
        if squares > 1.0 + 1e-9 {
            problems.error(
                &at.key("size_correlation"),
                "the squares of this and `burst_correlation` add up to more than 1",
            );
        }
        let (bursts, memory) = (at.key("bursts"), at.key("memory"));
        for (count, at) in [(self.bursts.len(), &bursts), (self.memory.len(), &memory)] {
            if count > BURSTS_MAX {
                problems.error(at, format!("{count} of them; at most {BURSTS_MAX}"));
            }
        }
        for (index, burst) in self.bursts.iter().take(BURSTS_MAX).enumerate() {
            let at = bursts.index(index);
            check_lasting(burst.lasts_hours, &at, problems);
            problems.within(&at.key("log_variance"), burst.log_variance, 0.0, 20.0);
        }
        for (index, part) in self.memory.iter().take(BURSTS_MAX).enumerate() {
            let at = memory.index(index);
            check_lasting(part.lasts_hours, &at, problems);
            problems.within(&at.key("share"), part.share, 0.0, 1.0);
        }
        let shares: f64 = self.memory.iter().map(|part| part.share).sum();
        if shares > 1.0 + 1e-9 {
            problems.error(&memory, format!("the shares add up to {shares}; at most 1"));
        }
    }
}

fn check_lasting(hours: f64, at: &FieldPath, problems: &mut Problems) {
    let at = at.key("lasts_hours");
    problems.positive(&at, hours);
    problems.within(&at, hours, 0.0, 1e6);
}

fn check_sizes(sizes: &[(u32, f64)], at: &FieldPath, problems: &mut Problems) {
    if sizes.is_empty() || sizes.len() > SIZES_MAX {
        problems.error(
            at,
            format!("{} sizes; between 1 and {SIZES_MAX} are possible", sizes.len()),
        );
    }
    for (index, (gpus, weight)) in sizes.iter().take(SIZES_MAX).enumerate() {
        let at = at.index(index);
        problems.within(&at.index(0), f64::from(*gpus), 1.0, f64::from(GPUS_MAX));
        problems.positive(&at.index(1), *weight);
    }
}

fn check_shape(shape: &[f64], length: usize, at: &FieldPath, problems: &mut Problems) {
    if shape.is_empty() {
        return;
    }
    if shape.len() != length {
        problems.error(at, format!("{} numbers; expected {length}", shape.len()));
    }
    for (index, ratio) in shape.iter().take(length).enumerate() {
        problems.within(&at.index(index), *ratio, 0.0, 1e6);
    }
    if shape.iter().sum::<f64>() <= 0.0 {
        problems.error(at, "all ratios are zero");
    }
}

fn check_run_times(points: &[(f64, f64)], at: &FieldPath, problems: &mut Problems) {
    if points.len() < 2 || points.len() > POINTS_MAX {
        problems.error(
            at,
            format!("{} points; between 2 and {POINTS_MAX} are possible", points.len()),
        );
        return;
    }
    for (index, (share, seconds)) in points.iter().enumerate() {
        problems.within(&at.index(index).index(0), *share, 0.0, 1.0);
        problems.within(&at.index(index).index(1), *seconds, 0.0, SECONDS_MAX as f64);
    }
    let falls = points
        .windows(2)
        .position(|pair| pair[1].0 < pair[0].0 || pair[1].1 < pair[0].1);
    if let Some(index) = falls {
        problems.error(&at.index(index + 1), "shares and seconds never fall");
    }
    if points[0].0 != 0.0 || points[points.len() - 1].0 != 1.0 {
        problems.error(at, "the first share is 0 and the last is 1");
    }
}

/// Seconds of an hour.
pub(super) const HOUR: f64 = HOUR_S as f64;

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn text(change: (&str, &str)) -> String {
        let text = "format = 1\n[[classes]]\nsizes = [[1, 3], [2, 1]]\njobs_per_week = 168\nrun_times = [[0, 9], [0.5, 99], [1, 999]]\n";
        text.replace(change.0, change.1)
    }

    fn read(change: (&str, &str)) -> Result<ModelSpec, String> {
        ModelSpec::read(text(change).as_bytes(), "g.toml").map_err(|error| error.to_string())
    }

    #[test]
    fn means_are_those_of_the_log_linear_distribution() {
        let model = read(("x", "x")).unwrap();
        let class = &model.classes[0];
        assert_eq!(class.mean_gpus(), 1.25);
        // Between 9 and 99 s one second more goes from 10 to 100: mean 90 / ln 10 - 1; then ten times that.
        let mean = 495.0 / 10.0_f64.ln() - 1.0;
        assert!((class.mean_run_time_s() - mean).abs() < 1e-9);
        assert!((class.run_time_s(0.25) - (10.0_f64.powf(1.5) - 1.0)).abs() < 1e-9);
        assert_eq!((class.run_time_s(0.0), class.run_time_s(0.5)), (9.0, 99.0));
        assert!((class.run_time_s(1.0) - 999.0).abs() < 1e-9);
        assert!((model.mean_gpus() - 168.0 * 1.25 * mean / 604_800.0).abs() < 1e-9);
        assert_eq!(class.shape(100), 1.0);
    }

    #[rstest]
    #[case(("format = 1", "format = 2"), "g.toml: format: `2` is not a known version")]
    #[case(("[1, 3]", "[0, 3]"), "classes[0].sizes[0][0]: `0` must lie between 1")]
    #[case(("[1, 3]", "[1, -3]"), "classes[0].sizes[0][1]: `-3` must be greater than zero")]
    #[case(("= 168", "= nan"), "classes[0].jobs_per_week: `NaN` is not a finite number (and 1 more)")]
    #[case(("[0.5, 99]", "[0.5, 8]"), "run_times[1]: shares and seconds never fall")]
    #[case(("[1, 999]", "[0.9, 999]"), "run_times: the first share is 0 and the last is 1")]
    #[case(("jobs_per_week", "jobs_a_week"), "line 4, column 1: unknown field `jobs_a_week`")]
    #[case(("[[classes]]", "[[classes]]\nhours = [1]"), "hours: 1 numbers; expected 24")]
    #[case(("[[classes]]", "[[classes]]\nmemory = [{ lasts_hours = 1, share = 0.7 }, { lasts_hours = 2, share = 0.4 }]"), "memory: the shares add up to")]
    fn what_makes_no_sense_is_refused_with_its_place(#[case] change: (&str, &str), #[case] message: &str) {
        let found = read(change).unwrap_err();
        assert!(found.contains(message), "{found}");
    }
}
