//! The rent of a GPU for an hour: fixed, from a file, or a process that releases of new generations push down.
//!
//! Owns one weekly path a replication of the *market* rent of one model. Contracts that fix a rent do not ask it.

use std::io::Read;

use rand::RngExt;
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::ingest::{CsvRows, ReadError};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Stream, Streams};
use crate::series::Regular;
use crate::time::{Calendar, SimTime, Span, WEEK_S, parse_date};

/// Weeks a year.
const YEAR_WEEKS: f64 = 365.25 / 7.0;
/// Rents beyond this are refused, USD/GPU-h.
const RENT_MAX: f64 = 10_000.0;

/// A market rent. Exactly one of `fixed_usd_per_gpu_h`, `series` and `process`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuRentSpec {
    /// One rent for ever, USD/GPU-h.
    #[serde(default)]
    pub fixed_usd_per_gpu_h: Option<f64>,
    /// A file of rents, each held until the next.
    #[serde(default)]
    pub series: Option<GpuRentSeriesSpec>,
    /// A random process.
    #[serde(default)]
    pub process: Option<GpuRentProcessSpec>,
}

/// A file of rents: `date,usd_per_gpu_h`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuRentSeriesSpec {
    /// Path of the file; `data:` stands for the data folder.
    pub file: String,
}

/// How a rent moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GpuRentProcessSpec {
    /// The log of the rent returns to a level that falls with each release.
    MeanRevertingLog(MeanRevertingLogSpec),
}

/// The log of the rent returns to a level that falls with each release of a new generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeanRevertingLogSpec {
    /// Rent at the start, USD/GPU-h.
    pub start_usd_per_gpu_h: f64,
    /// Log volatility, a square root of a year; 0.35 by default (0.19 for H100 and 0.45 for B200 by weekly changes of
    /// a public index, March to July 2026: computed; the figure between is an assumption).
    #[serde(default = "volatility")]
    pub volatility: f64,
    /// How fast the rent returns to its level, a year; 1 by default (an assumption: the index's span is too short).
    #[serde(default = "reversion")]
    pub reversion_per_year: f64,
    /// Share of the level that a release takes away, 0 to 1; 0.35 by default (an assumption).
    #[serde(default = "release_drop")]
    pub release_drop: f64,
    /// Releases a year, at random times; 0.7 by default (an assumption: a generation in 17 months).
    #[serde(default = "releases_per_year")]
    pub releases_per_year: f64,
    /// Steady change of the level besides releases, percent a year; 0 by default.
    #[serde(default)]
    pub drift_percent_per_year: f64,
    /// The level is never below this, USD/GPU-h; 0.05 by default (an assumption: about the power a GPU-hour takes).
    #[serde(default = "floor")]
    pub floor_usd_per_gpu_h: f64,
}

fn volatility() -> f64 {
    0.35
}
fn reversion() -> f64 {
    1.0
}
fn release_drop() -> f64 {
    0.35
}
fn releases_per_year() -> f64 {
    0.7
}
fn floor() -> f64 {
    0.05
}

impl Check for GpuRentSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let given = [
            self.fixed_usd_per_gpu_h.is_some(),
            self.series.is_some(),
            self.process.is_some(),
        ];
        if given.iter().filter(|g| **g).count() != 1 {
            problems.error(
                at,
                "expected exactly one of `fixed_usd_per_gpu_h`, `series` and `process`",
            );
        }
        if let Some(rent) = self.fixed_usd_per_gpu_h {
            problems.within(&at.key("fixed_usd_per_gpu_h"), rent, 0.0, RENT_MAX);
        }
        if self.series.as_ref().is_some_and(|s| s.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
        if let Some(GpuRentProcessSpec::MeanRevertingLog(spec)) = &self.process {
            spec.check(&at.key("process").key("mean_reverting_log"), problems);
        }
    }
}

impl Check for MeanRevertingLogSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(
            &at.key("start_usd_per_gpu_h"),
            self.start_usd_per_gpu_h,
            0.001,
            RENT_MAX,
        );
        problems.within(&at.key("volatility"), self.volatility, 0.0, 3.0);
        problems.within(&at.key("reversion_per_year"), self.reversion_per_year, 0.0, 50.0);
        problems.within(&at.key("release_drop"), self.release_drop, 0.0, 0.95);
        problems.within(&at.key("releases_per_year"), self.releases_per_year, 0.0, 12.0);
        problems.within(
            &at.key("drift_percent_per_year"),
            self.drift_percent_per_year,
            -90.0,
            400.0,
        );
        problems.within(
            &at.key("floor_usd_per_gpu_h"),
            self.floor_usd_per_gpu_h,
            0.0001,
            RENT_MAX,
        );
    }
}

/// Rents of a file: each holds from its date until the next.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuRentSeries {
    /// Midnight UTC and USD/GPU-h, in order of time.
    pub points: Vec<(SimTime, f64)>,
}

impl GpuRentSeries {
    /// Reads `date,usd_per_gpu_h`; rows without a value are passed over, for the last one holds.
    pub fn read(file: &str, input: impl Read) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (date, rent) = (table.column("date")?, table.column("usd_per_gpu_h")?);
        let mut points: Vec<(SimTime, f64)> = Vec::new();
        while let Some(row) = table.next_row()? {
            let at = parse_date(row.text(date)).and_then(|d| Calendar::utc().start_of(d));
            let at = at.ok_or_else(|| {
                row.fail(
                    date,
                    format!("expected a date such as `2026-03-06`, found `{}`", row.text(date)),
                )
            })?;
            if points.last().is_some_and(|(last, _)| *last >= at) {
                return Err(row.fail(date, "expected dates in increasing order"));
            }
            if row.optional_number(rent)?.is_some() {
                points.push((at, row.number_within(rent, 0.0, RENT_MAX)?));
            }
        }
        if points.is_empty() {
            return Err(ReadError::of_file(file, "has no values at all"));
        }
        Ok(Self { points })
    }
}

/// A checked rent, ready to be drawn.
#[derive(Debug, Clone)]
pub struct GpuRent {
    purpose: String,
    start: SimTime,
    weeks: usize,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Path(Vec<f64>),
    Process(MeanRevertingLogSpec),
}

impl GpuRent {
    /// Builds a checked spec for the horizon `[start, end)`; `series` is what its file held. Says what does not fit.
    pub fn new(
        name: &Name,
        spec: &GpuRentSpec,
        series: Option<&GpuRentSeries>,
        start: SimTime,
        end: SimTime,
    ) -> Result<Self, String> {
        let weeks = ((end - start).as_seconds().max(0) / WEEK_S + 1) as usize;
        let source = match (series, &spec.process, spec.fixed_usd_per_gpu_h) {
            (Some(series), _, _) => Source::Path(held(series, start, weeks)),
            (None, Some(GpuRentProcessSpec::MeanRevertingLog(process)), _) => {
                Source::Process(process.clone())
            }
            (None, None, Some(rent)) => Source::Path(vec![rent; weeks]),
            (None, None, None) => return Err(format!("GPU rent `{name}` has no source")),
        };
        Ok(Self {
            purpose: format!("gpu-rent/{name}"),
            start,
            weeks,
            source,
        })
    }

    /// One path: USD/GPU-h for each week from the start.
    pub fn draw(&self, streams: &Streams) -> Regular {
        let values = match &self.source {
            Source::Path(values) => values.clone(),
            Source::Process(spec) => spec.draw(self.weeks, &mut streams.stream(&self.purpose)),
        };
        Regular::new(self.start, Span::from_seconds(WEEK_S), values)
    }
}

/// A file's rents by the week; before its first date the first holds.
fn held(series: &GpuRentSeries, start: SimTime, weeks: usize) -> Vec<f64> {
    let at = |week: usize| {
        let time = start + Span::from_seconds(WEEK_S * week as i64);
        let after = series.points.partition_point(|(t, _)| *t <= time);
        series.points[after.saturating_sub(1)].1
    };
    (0..weeks).map(at).collect()
}

impl MeanRevertingLogSpec {
    fn draw(&self, weeks: usize, stream: &mut Stream) -> Vec<f64> {
        let keep = (-self.reversion_per_year / YEAR_WEEKS).exp();
        // The exact step of the mean-reverting diffusion; without reversion, of the plain one.
        let sd = if self.reversion_per_year > 1e-9 {
            self.volatility * ((1.0 - keep * keep) / (2.0 * self.reversion_per_year)).sqrt()
        } else {
            self.volatility / YEAR_WEEKS.sqrt()
        };
        let drift = (1.0 + self.drift_percent_per_year / 100.0).ln() / YEAR_WEEKS;
        let (drop, chance) = (
            (1.0 - self.release_drop).ln(),
            1.0 - (-self.releases_per_year / YEAR_WEEKS).exp(),
        );
        let floor = self.floor_usd_per_gpu_h.ln();
        let (mut level, mut log) = (self.start_usd_per_gpu_h.ln(), self.start_usd_per_gpu_h.ln());
        let mut path = Vec::with_capacity(weeks);
        for _ in 0..weeks {
            path.push(log.exp());
            let normal: f64 = stream.sample(StandardNormal);
            let release: f64 = stream.random();
            level = (level + drift + if release < chance { drop } else { 0.0 }).max(floor);
            log = level + keep * (log - level) + sd * normal;
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> MeanRevertingLogSpec {
        MeanRevertingLogSpec {
            start_usd_per_gpu_h: 2.85,
            volatility: 0.35,
            reversion_per_year: 1.0,
            release_drop: 0.35,
            releases_per_year: 0.7,
            drift_percent_per_year: 0.0,
            floor_usd_per_gpu_h: 0.05,
        }
    }
    fn years(spec: MeanRevertingLogSpec, years: i64, replication: u64) -> Regular {
        let spec = GpuRentSpec {
            process: Some(GpuRentProcessSpec::MeanRevertingLog(spec)),
            ..GpuRentSpec::default()
        };
        let (start, end) = (SimTime::from_unix_s(0), SimTime::from_unix_s(years * 31_557_600));
        GpuRent::new(&"gb300".into(), &spec, None, start, end)
            .unwrap()
            .draw(&Streams::new(1, replication))
    }

    #[test]
    fn without_releases_the_log_has_the_stationary_spread_of_theory() {
        let quiet = MeanRevertingLogSpec {
            releases_per_year: 0.0,
            ..spec()
        };
        let path = years(quiet, 4_000, 0);
        let logs: Vec<f64> = path.values()[500..].iter().map(|v| (v / 2.85).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / logs.len() as f64;
        // Stationary variance of the diffusion: volatility squared over twice the reversion.
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance / (0.35 * 0.35 / 2.0) - 1.0).abs() < 0.06, "{variance}");
    }

    #[test]
    fn releases_lower_the_level_at_their_rate() {
        let calm = MeanRevertingLogSpec {
            volatility: 0.0,
            reversion_per_year: 50.0,
            ..spec()
        };
        let mean_log: f64 = (0..300)
            .map(|r| (years(calm.clone(), 5, r).values().last().unwrap() / 2.85).ln() / 300.0)
            .sum();
        let expected = 5.0 * 0.7 * 0.65_f64.ln();
        assert!((mean_log / expected - 1.0).abs() < 0.08, "{mean_log} {expected}");
    }

    #[test]
    fn the_level_stops_at_its_floor() {
        let steep = MeanRevertingLogSpec {
            drift_percent_per_year: -90.0,
            volatility: 0.0,
            ..spec()
        };
        let last = *years(steep, 30, 0).values().last().unwrap();
        assert!((last / 0.05 - 1.0).abs() < 0.02, "{last}");
    }

    #[test]
    fn a_file_is_held_between_and_beyond_its_dates() {
        let text = "date,usd_per_gpu_h\n1970-01-10,3\n1970-01-12,\n1970-01-20,2\n";
        let series = GpuRentSeries::read("r.csv", text.as_bytes()).unwrap();
        let rent = GpuRent::new(
            &"h100".into(),
            &GpuRentSpec::default(),
            Some(&series),
            SimTime::from_unix_s(0),
            SimTime::from_unix_s(WEEK_S * 4),
        );
        let path = rent.unwrap().draw(&Streams::new(1, 0));
        assert_eq!(path.values(), [3.0, 3.0, 3.0, 2.0, 2.0]);
        let error = GpuRentSeries::read(
            "r.csv",
            "date,usd_per_gpu_h\n2026-01-02,3\n2026-01-01,3\n".as_bytes(),
        )
        .unwrap_err();
        assert!(error.to_string().starts_with("r.csv:3, column 1"), "{error}");
    }

    #[test]
    fn every_problem_of_a_spec_is_reported() {
        let bad = MeanRevertingLogSpec {
            volatility: f64::NAN,
            release_drop: 35.0,
            start_usd_per_gpu_h: -1.0,
            ..spec()
        };
        let bad = GpuRentSpec {
            process: Some(GpuRentProcessSpec::MeanRevertingLog(bad)),
            fixed_usd_per_gpu_h: Some(1.0),
            series: None,
        };
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 4, "{problems:?}");
    }
}
