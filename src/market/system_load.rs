//! The load of a whole grid, hour by hour, and the hours in which it peaks: what coincident-peak charges look at.
//!
//! Owns the path of a replication, which of its hours are peaks, and what an operator can know of them in advance.
//! Does not own what a site pays for its share: `power::contract`.

use std::io::Read;
use std::sync::Arc;

use rand_distr::{Distribution as _, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::power_price::ExtendSpec;
use crate::ingest::weeks::{BASE_HOURS_MIN, replay};
use crate::ingest::{BaseSpan, CsvRows, GapPolicy, HourAxis, HourlyRows, ReadError, Repairs, WeekMap};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Stream, Streams, normal_cdf};
use crate::series::Regular;
use crate::time::Calendar;

/// No grid is larger, in megawatts.
pub(super) const LOAD_MAX_MW: f64 = 5e6;
/// Hours of a day.
const DAY_HOURS: usize = 24;

/// The load of a grid. Exactly one of `series` and `weather_driven`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemLoadSpec {
    /// A file of loads.
    #[serde(default)]
    pub series: Option<SystemLoadSeriesSpec>,
    /// A fitted answer to the weather of the first site.
    #[serde(default)]
    pub weather_driven: Option<WeatherDrivenSpec>,
    /// How a file's years become the horizon; weeks redrawn within their season by default, the same as of prices.
    #[serde(default)]
    pub extend: ExtendSpec,
    /// Growth, percent a year from the scenario's start. Default 0.
    #[serde(default)]
    pub growth_percent_per_year: f64,
    /// Which hours are peaks. Default: the highest hour of each month from June to September (ERCOT's four).
    #[serde(default)]
    pub peaks: PeaksSpec,
    /// Standard deviation of the operator's forecast of an hour, percent of the load; the whole day shares it. Default
    /// 2 (assumption: day-ahead load forecasts miss by one to three percent).
    #[serde(default = "forecast_error")]
    pub forecast_error_percent: f64,
    /// The peak that is expected of each month before it comes, January first, in megawatts; 0 where nothing is expected.
    /// Default: for a preset those of its year, grown; otherwise the same month's peak a year ago, once there is one.
    #[serde(default)]
    pub expected_peaks_mw: Option<Vec<f64>>,
}

fn forecast_error() -> f64 {
    2.0
}

/// A file of system loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemLoadSeriesSpec {
    /// Path of the file with columns `start_utc,mw`; `data:` stands for the data folder.
    pub file: String,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
}

/// A system load that follows the weather.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeatherDrivenSpec {
    /// The fitted grid: `ercot-2024` (computed: 8,783 hours of 2024, R2 0.92).
    pub preset: String,
}

/// Which hours of a year are peaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PeaksSpec {
    /// The highest hour of each of these months.
    HighestOfMonths(MonthsSpec),
    /// The highest hours of these months that lie on different days (PJM: five, June to September).
    HighestDays(HighestDaysSpec),
}

/// Months of a season.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonthsSpec {
    /// Months, 1 to 12, in order.
    pub months: Vec<u8>,
}

/// A number of days of a season.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HighestDaysSpec {
    /// Months, 1 to 12, in order.
    pub months: Vec<u8>,
    /// How many days, 1 to 31.
    pub count: u32,
}

impl Default for PeaksSpec {
    fn default() -> Self {
        Self::HighestOfMonths(MonthsSpec {
            months: vec![6, 7, 8, 9],
        })
    }
}

impl PeaksSpec {
    /// Months in which peaks lie, 1 to 12.
    pub fn months(&self) -> &[u8] {
        match self {
            Self::HighestOfMonths(spec) => &spec.months,
            Self::HighestDays(spec) => &spec.months,
        }
    }
    /// What each peak weighs in the mean of its season: one over their number.
    pub fn weight(&self) -> f64 {
        let count = match self {
            Self::HighestOfMonths(spec) => spec.months.len(),
            Self::HighestDays(spec) => spec.count as usize,
        };
        1.0 / count.max(1) as f64
    }
}

impl Check for PeaksSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let (name, days) = match self {
            Self::HighestOfMonths(_) => ("highest_of_months", None),
            Self::HighestDays(spec) => ("highest_days", Some(spec.count)),
        };
        let here = at.key(name);
        let months = self.months();
        if months.is_empty()
            || months.iter().any(|m| !(1..=12).contains(m))
            || !months.is_sorted_by(|a, b| a < b)
        {
            problems.error(
                &here.key("months"),
                "expected months from 1 to 12, each once and in order",
            );
        }
        if let Some(count) = days {
            problems.within(&here.key("count"), f64::from(count), 1.0, 31.0);
        }
    }
}

impl Check for SystemLoadSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.series.is_some() == self.weather_driven.is_some() {
            problems.error(at, "expected exactly one of `series` and `weather_driven`");
        }
        if self.series.as_ref().is_some_and(|s| s.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
        if let Some(driven) = &self.weather_driven
            && preset(&driven.preset).is_none()
        {
            let known = PRESETS.iter().map(|p| p.id);
            problems.unknown(
                &at.key("weather_driven").key("preset"),
                "preset",
                &driven.preset,
                known,
            );
        }
        let growth = &at.key("growth_percent_per_year");
        problems.within(growth, self.growth_percent_per_year, -50.0, 100.0);
        let error = &at.key("forecast_error_percent");
        problems.within(error, self.forecast_error_percent, 0.01, 50.0);
        self.peaks.check(&at.key("peaks"), problems);
        if let Some(expected) = &self.expected_peaks_mw {
            let at = at.key("expected_peaks_mw");
            if expected.len() != 12 {
                problems.error(&at, format!("{} months where 12 are expected", expected.len()));
            }
            for (month, mw) in expected.iter().enumerate() {
                problems.within(&at.index(month), *mw, 0.0, LOAD_MAX_MW);
            }
        }
    }
}

/// A system load as read.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemLoadSeries {
    /// Hourly means in megawatts on whole UTC hours.
    pub hourly: Regular,
    /// What was repaired or assumed.
    pub repairs: Repairs,
}

impl SystemLoadSeries {
    /// Reads a file that messages call `file`.
    pub fn read(file: &str, input: impl Read, gaps: GapPolicy) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (time, value) = (table.column("start_utc")?, table.column("mw")?);
        let (utc, mut rows) = (Calendar::utc(), HourlyRows::default());
        while let Some(row) = table.next_row()? {
            rows.push(row.instant(time, &utc)?, row.line, row.optional_number(value)?);
        }
        let (hourly, repairs) = rows.into_hourly(file, gaps, 0.0..=LOAD_MAX_MW, "MW")?;
        if hourly.values().len() < BASE_HOURS_MIN {
            let hours = hourly.values().len();
            let message =
                format!("covers {hours} hours; at least {BASE_HOURS_MIN} (fifty weeks) stand for a year");
            return Err(ReadError::of_file(file, message));
        }
        Ok(Self { hourly, repairs })
    }
}

/// A grid's fitted answer to the weather: `shape(hour) + weekend + k * degrees + slow noise`, megawatts. Degrees are those
/// of the hour and of the mean of the last day above [`HOT_C`] and below [`COLD_C`].
#[derive(Debug)]
struct Preset {
    id: &'static str,
    shape_mw: [f64; DAY_HOURS],
    weekend_mw: f64,
    /// Megawatts a kelvin: hot hour, cold hour, hot day, cold day.
    per_kelvin_mw: [f64; 4],
    noise_sd_mw: f64,
    noise_hourly_correlation: f64,
    /// Greatest load of each month of its year.
    peaks_mw: [f64; 12],
}

/// Above this load rises with heat, in °C.
const HOT_C: f64 = 18.0;
/// Below this it rises with cold, in °C.
const COLD_C: f64 = 14.0;

/// Fitted by least squares to the day-ahead forecast of ERCOT's load and the mean temperature of its zones in 2024.
const PRESETS: [Preset; 1] = [Preset {
    id: "ercot-2024",
    shape_mw: [
        38_756.0, 37_220.0, 36_190.0, 35_739.0, 35_956.0, 37_226.0, 39_266.0, 40_454.0, 41_527.0, 42_649.0,
        43_343.0, 43_786.0, 44_119.0, 44_465.0, 44_751.0, 44_990.0, 45_395.0, 45_786.0, 45_816.0, 45_342.0,
        45_317.0, 44_855.0, 43_083.0, 40_834.0,
    ],
    weekend_mw: -1_842.0,
    per_kelvin_mw: [1_322.0, 1_073.0, 552.0, 504.0],
    noise_sd_mw: 2_949.0,
    noise_hourly_correlation: 0.948,
    peaks_mw: [
        0.0, 0.0, 0.0, 0.0, 0.0, 82_086.0, 83_122.0, 86_594.0, 80_414.0, 0.0, 0.0, 0.0,
    ],
}];

fn preset(id: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|p| p.id == id)
}

impl Preset {
    fn draw(&self, axis: &HourAxis, dry_bulb_c: &[f64], stream: &mut Stream) -> Vec<f64> {
        let keep = self.noise_hourly_correlation;
        let fresh = self.noise_sd_mw * (1.0 - keep * keep).sqrt();
        let normal = |stream: &mut Stream| -> f64 { StandardNormal.sample(stream) };
        let mut noise = self.noise_sd_mw * normal(stream);
        let mut day_sum = 0.0;
        let mut path = Vec::with_capacity(axis.len());
        for hour in 0..axis.len() {
            let now = dry_bulb_c[hour];
            day_sum += now - hour.checked_sub(DAY_HOURS).map_or(0.0, |h| dry_bulb_c[h]);
            let day = day_sum / (hour + 1).min(DAY_HOURS) as f64;
            let degrees = [now - HOT_C, COLD_C - now, day - HOT_C, COLD_C - day];
            let weather: f64 = degrees
                .iter()
                .zip(self.per_kelvin_mw)
                .map(|(d, k)| d.max(0.0) * k)
                .sum();
            let weekend = if axis.weekend()[hour] {
                self.weekend_mw
            } else {
                0.0
            };
            let shape = self.shape_mw[usize::from(axis.hours()[hour])];
            path.push((shape + weekend + weather + noise).max(0.0));
            noise = keep * noise + fresh * normal(stream);
        }
        path
    }
}

/// One replication of a grid's load.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemLoadPath {
    /// Load of each hour of the axis, megawatts.
    pub load_mw: Vec<f64>,
    /// Whether the hour is a peak of its season, which is only known when the season is over.
    pub peak: Vec<bool>,
    /// The chance that the hour is a peak as an operator sees it before the hour: its forecast load against the highest
    /// of the month so far and the one that is expected.
    pub risk: Vec<f64>,
    /// What a peak weighs in the mean of its season: one over their number.
    weight: f64,
}

impl SystemLoadPath {
    /// What an hour weighs in the mean of its season: nothing where it is no peak.
    pub fn peak_weight(&self, hour: usize) -> f64 {
        if self.peak[hour] { self.weight } else { 0.0 }
    }
    /// The weight that an hour is expected to have.
    pub fn risk_weight(&self, hour: usize) -> f64 {
        self.risk[hour] * self.weight
    }

    /// Draws the path of a checked spec. `dry_bulb_c` is the weather of the region in each hour of the axis.
    pub fn draw(
        (name, spec): (&str, &SystemLoadSpec),
        series: Option<&SystemLoadSeries>,
        (axis, weeks): (&HourAxis, &WeekMap),
        dry_bulb_c: &[f64],
        streams: &Streams,
    ) -> Self {
        let mut stream = streams.stream(&format!("system-load/{name}"));
        let driven = spec.weather_driven.as_ref().and_then(|d| preset(&d.preset));
        let mut load_mw = match (driven, series) {
            (Some(preset), _) => preset.draw(axis, dry_bulb_c, &mut stream),
            (None, Some(series)) => extended(series, spec.extend, axis, weeks),
            (None, None) => vec![0.0; axis.len()],
        };
        let growth = (1.0 + spec.growth_percent_per_year / 100.0).ln();
        let grown = |hour: usize| (growth * hour as f64 / 8_766.0).exp();
        for (hour, mw) in load_mw.iter_mut().enumerate() {
            *mw *= grown(hour);
        }
        let peak = peaks(&spec.peaks, (axis.months(), axis.hours()), &load_mw);
        let stated = spec
            .expected_peaks_mw
            .as_deref()
            .or(driven.map(|d| d.peaks_mw.as_slice()));
        let expected =
            |hour: usize| stated.map_or(0.0, |s| s[usize::from(axis.months()[hour])]) * grown(hour);
        let errors = streams.stream(&format!("system-load/{name}/forecast"));
        let risk = risks(spec, axis, &load_mw, expected, errors);
        let weight = spec.peaks.weight();
        Self {
            load_mw,
            peak,
            risk,
            weight,
        }
    }
}

fn extended(series: &SystemLoadSeries, extend: ExtendSpec, axis: &HourAxis, weeks: &WeekMap) -> Vec<f64> {
    let values = series.hourly.values();
    let base = BaseSpan {
        start: series.hourly.start(),
        hours: values.len(),
    };
    let indices: Arc<[u32]> = match extend {
        ExtendSpec::ResampleWeeks(by) => weeks.resample(axis, base, by.keep_season),
        ExtendSpec::Replayed => replay(axis, base),
    }
    .into();
    indices.iter().map(|i| values[*i as usize]).collect()
}

/// Stretches of steps of one local month that is in season, as `(begin, end)`; `month_of` counts from zero.
pub(super) fn stretches(months: &[u8], month_of: &[u8]) -> Vec<(usize, usize)> {
    let wanted = |step: usize| months.contains(&(month_of[step] + 1));
    let mut found: Vec<(usize, usize)> = Vec::new();
    for step in (0..month_of.len()).filter(|s| wanted(*s)) {
        match found.last_mut() {
            Some((begin, end)) if *end == step && month_of[*begin] == month_of[step] => {
                *end = step + 1;
            }
            _ => found.push((step, step + 1)),
        }
    }
    found
}

fn highest(load_mw: &[f64], (begin, end): (usize, usize)) -> Option<usize> {
    // The first of equal steps counts.
    (begin..end).reduce(|best, step| if load_mw[step] > load_mw[best] { step } else { best })
}

/// Which steps are peaks, by the month (from zero) and the hour of the local clock of each.
pub(super) fn peaks(spec: &PeaksSpec, (month_of, hour_of): (&[u8], &[u8]), load_mw: &[f64]) -> Vec<bool> {
    let mut flags = vec![false; month_of.len()];
    let months = stretches(spec.months(), month_of);
    match spec {
        PeaksSpec::HighestOfMonths(_) => {
            for step in months.iter().filter_map(|span| highest(load_mw, *span)) {
                flags[step] = true;
            }
        }
        PeaksSpec::HighestDays(days) => {
            // A season is a run of its months; it ends where its last month does.
            let last = days.months.last().map_or(0, |m| m - 1);
            let mut best_of_days: Vec<usize> = Vec::new();
            for (index, &(begin, end)) in months.iter().enumerate() {
                best_of_days.extend(local_days(hour_of, begin, end).filter_map(|d| highest(load_mw, d)));
                let over = month_of[begin] == last || index + 1 == months.len();
                if over {
                    best_of_days.sort_by(|a, b| load_mw[*b].total_cmp(&load_mw[*a]).then(a.cmp(b)));
                    for step in best_of_days.drain(..).take(days.count as usize) {
                        flags[step] = true;
                    }
                }
            }
        }
    }
    flags
}

/// The local days within `[begin, end)`: a day begins where the local hour falls back.
fn local_days(hour_of: &[u8], begin: usize, end: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut from = begin;
    std::iter::from_fn(move || {
        if from >= end {
            return None;
        }
        let mut to = from + 1;
        while to < end && hour_of[to] >= hour_of[to - 1] {
            to += 1;
        }
        let day = (from, to);
        from = to;
        Some(day)
    })
}

/// The chance that each hour in season is a peak, before it has come. `P = Phi((f - r) / (s f))`: `f` the forecast of the
/// hour, `s` the forecast's standard deviation, `r` the greatest of the highest load of the month so far and the expected;
/// nothing for hours more than `s` below the highest of their day.
fn risks(
    spec: &SystemLoadSpec,
    axis: &HourAxis,
    load_mw: &[f64],
    expected_mw: impl Fn(usize) -> f64,
    mut errors: Stream,
) -> Vec<f64> {
    let sd = spec.forecast_error_percent / 100.0;
    let mut risk = vec![0.0; axis.len()];
    let mut last_year = [0.0_f64; 12];
    for (begin, end) in stretches(spec.peaks.months(), axis.months()) {
        let month = usize::from(axis.months()[begin]);
        let known = expected_mw(begin).max(last_year[month]);
        let mut highest_mw = 0.0_f64;
        for (from, to) in local_days(axis.hours(), begin, end).collect::<Vec<_>>() {
            let error: f64 = StandardNormal.sample(&mut errors);
            let reference = highest_mw.max(known);
            let day_mw = load_mw[from..to].iter().copied().fold(0.0, f64::max);
            for hour in from..to {
                let forecast = load_mw[hour] * (1.0 + sd * error).max(0.0);
                // The whole day misses together, so an hour well below the day's highest is not its highest.
                if forecast > 0.0 && load_mw[hour] >= day_mw * (1.0 - sd) {
                    risk[hour] = normal_cdf((forecast - reference) / (sd * forecast));
                }
            }
            highest_mw = highest_mw.max(day_mw);
        }
        last_year[month] = highest_mw;
    }
    risk
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    fn axis() -> HourAxis {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        let day = |d: &str| texas.start_of(parse_date(d).unwrap()).unwrap();
        HourAxis::new(&texas, day("2026-01-01"), day("2029-01-01"))
    }

    fn spec(text: &str) -> SystemLoadSpec {
        toml::from_str(text).unwrap()
    }

    /// Summers of 29 °C on average and 40 °C at most, winters of 7.
    fn weather(axis: &HourAxis) -> Vec<f64> {
        (0..axis.len())
            .map(|h| {
                let season = (h as f64 / 8_766.0 - 0.55) * std::f64::consts::TAU;
                let day = (f64::from(axis.hours()[h]) - 16.0) / 24.0 * std::f64::consts::TAU;
                let front = ((h / 24) as f64 * 0.7).sin() * 4.0;
                18.0 + 11.0 * season.cos() + 6.0 * day.cos() + front
            })
            .collect()
    }

    fn draw(text: &str, replication: u64) -> (HourAxis, SystemLoadPath) {
        let axis = axis();
        let streams = Streams::new(5, replication);
        let weeks = WeekMap::draw(&axis, &mut streams.stream("weeks"));
        let air = weather(&axis);
        let path = SystemLoadPath::draw(("ercot", &spec(text)), None, (&axis, &weeks), &air, &streams);
        (axis, path)
    }

    const ERCOT: &str = "weather_driven = { preset = \"ercot-2024\" }";

    #[test]
    fn a_year_has_one_peak_in_each_summer_month_and_it_is_the_highest_hour() {
        let (axis, path) = draw(ERCOT, 0);
        let peaks: Vec<usize> = (0..axis.len()).filter(|h| path.peak[*h]).collect();
        assert_eq!(peaks.len(), 12);
        for &hour in &peaks {
            let month = axis.months()[hour];
            assert!((5..=8).contains(&month));
            let year = axis.calendar().civil(axis.time(hour)).year();
            let of_month = (0..axis.len()).filter(|h| {
                axis.months()[*h] == month && axis.calendar().civil(axis.time(*h)).year() == year
            });
            let top = of_month.map(|h| path.load_mw[h]).fold(0.0, f64::max);
            assert_eq!(path.load_mw[hour], top);
            assert!((13..=20).contains(&axis.hours()[hour]), "{}", axis.hours()[hour]);
        }
    }

    #[test]
    fn risk_finds_most_peaks_at_the_cost_of_some_hours() {
        let (mut found, mut all, mut watched) = (0, 0, 0);
        for replication in 0..20 {
            let (_, path) = draw(ERCOT, replication);
            let at = path.peak.iter().zip(&path.risk);
            all += at.clone().filter(|(peak, _)| **peak).count();
            // At 60 USD/kW-year and 15,000 USD a peak a risk of 1 % stops miners that earn less than 150 USD/MWh.
            found += at.clone().filter(|(peak, risk)| **peak && **risk > 0.01).count();
            watched += at.filter(|(_, risk)| **risk > 0.01).count();
        }
        let (hit, hours_a_year) = (found as f64 / all as f64, watched as f64 / 60.0);
        assert!(
            (0.6..1.0).contains(&hit),
            "{hit} of the peaks are met standing still"
        );
        assert!(
            (10.0..250.0).contains(&hours_a_year),
            "{hours_a_year} hours a year"
        );
    }

    #[test]
    fn five_highest_days_lie_on_five_days() {
        let text = format!("{ERCOT}\n[peaks.highest_days]\nmonths = [6, 7, 8, 9]\ncount = 5");
        let (axis, path) = draw(&text, 1);
        let peaks: Vec<usize> = (0..axis.len()).filter(|h| path.peak[*h]).collect();
        assert_eq!(peaks.len(), 15);
        let days: std::collections::BTreeSet<_> = peaks
            .iter()
            .map(|h| axis.calendar().civil(axis.time(*h)).date())
            .collect();
        assert_eq!(days.len(), 15);
    }

    #[test]
    fn growth_compounds_from_the_start() {
        let (_, flat) = draw(ERCOT, 2);
        let (_, grown) = draw(&format!("{ERCOT}\ngrowth_percent_per_year = 10.0"), 2);
        let hour = 2 * 8_766;
        assert!((grown.load_mw[hour] / flat.load_mw[hour] - 1.21).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let mut problems = Problems::new();
        let text = "weather_driven = { preset = \"ercot\" }\nforecast_error_percent = 0.0\nexpected_peaks_mw = [1.0]\n\
                    peaks.highest_of_months.months = [9, 6, 13]";
        spec(text).check(&FieldPath::root(), &mut problems);
        spec("growth_percent_per_year = -80.0").check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 6, "{problems:?}");
    }
}
