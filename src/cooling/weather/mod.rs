//! The weather of a site: files, a synthetic climate, and one path of hours a replication.
//!
//! Everything that needs psychrometrics is worked out once for a scenario ([`base::WeatherBase`]); a replication only
//! draws which hour of the base each simulated hour repeats ([`WeatherPath`]). Does not own cooling plants.

pub mod base;
pub mod format;
pub mod synthetic;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::WeatherHour;
use crate::id::Name;
use crate::ingest::weeks::{BASE_HOURS_MIN, not_replayed, replay};
use crate::ingest::{BaseSpan, GapPolicy, HourAxis, WeekMap};
use crate::problem::{Check, FieldPath, Problems};
use crate::random::{Stream, Streams};
use crate::time::parse_date;
use base::WeatherBase;
pub use format::{WeatherFormat, WeatherReadOptions, WeatherSeries};
use synthetic::{CLIMATES, climate};

/// Most offsets of one site, and most different sums of overlapping ones.
const OFFSETS_MAX: usize = 32;
/// Daily means that fit onto one another differ by about this, K (assumption: half of their spread in summer).
const JOINT_K: f64 = 1.5;
/// Largest offset or warming, in kelvin.
const OFFSET_C_MAX: f64 = 30.0;

/// The weather of a site. Exactly one of `file` and `process`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeatherSpec {
    /// Path of a weather file; `data:` stands for the data folder.
    #[serde(default)]
    pub file: Option<String>,
    /// The file's layout; `native` by default.
    #[serde(default)]
    pub format: WeatherFormat,
    /// What to do with gaps and missing codes; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
    /// How the file's years become the horizon; `resampled` by default.
    #[serde(default)]
    pub years: YearsSpec,
    /// A synthetic climate.
    #[serde(default)]
    pub process: Option<ClimateSpec>,
    /// Elevation of the site in metres, for the pressure where a file has none; the file's or climate's by default.
    #[serde(default)]
    pub elevation_m: Option<f64>,
    /// Added to every dry bulb, in kelvin; 0 by default.
    #[serde(default)]
    pub warming_c: f64,
    /// What stays as it was when `warming_c` and `offsets` heat the air: `moisture` (the default: the humidity ratio stays
    /// and relative humidity falls) or `relative_humidity` (the air takes up water, as a warmer climate's does).
    #[serde(default)]
    pub warming_keeps: WarmingKeeps,
    /// What-if changes between dates, which add up.
    #[serde(default)]
    pub offsets: Vec<WeatherOffsetSpec>,
}

/// What heating leaves as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarmingKeeps {
    /// The humidity ratio; cooling below the dew point condenses the rest (the default).
    #[default]
    Moisture,
    /// The relative humidity.
    RelativeHumidity,
}

/// How years of weather become the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum YearsSpec {
    /// Whole weeks are redrawn from within two weeks of their season, in each replication (the default).
    #[default]
    Resampled,
    /// Whole weeks as `resampled`, but drawn so that they fit onto the week before by the dry bulb: heat waves and cold
    /// spells go on across the joints. Prices that are redrawn by weeks take the same weeks.
    Joined,
    /// The same dates again, year after year, in every replication.
    Replayed,
}

/// A synthetic climate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClimateSpec {
    /// Its name in the catalogue, such as `dallas`.
    pub preset: String,
    /// How many years are synthesised, from which weeks are then drawn; 4 by default.
    #[serde(default = "base_years")]
    pub base_years: u8,
}

fn base_years() -> u8 {
    4
}

/// A change of the dry bulb between two dates. Moisture stays: relative humidity is worked out anew, at most 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeatherOffsetSpec {
    /// First day, in the site's zone.
    pub from: String,
    /// Day after the last.
    pub to: String,
    /// Added to the dry bulb, in kelvin.
    pub add_c: f64,
}

impl Check for WeatherSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.file.is_some() == self.process.is_some() {
            problems.error(at, "expected exactly one of `file` and `process`");
        }
        if self.file.as_ref().is_some_and(String::is_empty) {
            problems.error(&at.key("file"), "a file must be named");
        }
        if let Some(spec) = &self.process {
            let at = at.key("process");
            if climate(&spec.preset).is_none() {
                problems.unknown(
                    &at.key("preset"),
                    "climate",
                    &spec.preset,
                    CLIMATES.iter().map(|c| c.name),
                );
            }
            problems.within(&at.key("base_years"), f64::from(spec.base_years), 1.0, 30.0);
        }
        if let Some(elevation) = self.elevation_m {
            problems.within(&at.key("elevation_m"), elevation, -500.0, 6_000.0);
        }
        problems.within(&at.key("warming_c"), self.warming_c, -OFFSET_C_MAX, OFFSET_C_MAX);
        if self.offsets.len() > OFFSETS_MAX {
            problems.error(&at.key("offsets"), format!("at most {OFFSETS_MAX} offsets"));
        }
        for (index, offset) in self.offsets.iter().enumerate() {
            offset.check(&at.key("offsets").index(index), problems);
        }
    }
}

impl Check for WeatherOffsetSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("add_c"), self.add_c, -OFFSET_C_MAX, OFFSET_C_MAX);
        let [from, to] = [("from", &self.from), ("to", &self.to)].map(|(key, text)| {
            let date = parse_date(text);
            if date.is_none() {
                problems.error(
                    &at.key(key),
                    format!("`{text}` is not a date such as `2026-07-01`"),
                );
            }
            date
        });
        if from.zip(to).is_some_and(|(from, to)| to <= from) {
            problems.error(
                &at.key("to"),
                format!("`{}` must be later than `{}`", self.to, self.from),
            );
        }
    }
}

/// A site's weather, checked and worked out, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Weather {
    base: Arc<WeatherBase>,
    years: YearsSpec,
    /// Hours of the axis that take another layer than the default: `[from, to)`, layer; in order, not overlapping.
    windows: Vec<(usize, usize, usize)>,
    default_layer: usize,
}

impl Weather {
    /// Builds a checked spec; `series` is what its file held, `shared` the streams that all replications share. Says
    /// what does not fit.
    pub fn new(
        site: &Name,
        spec: &WeatherSpec,
        series: Option<WeatherSeries>,
        axis: &HourAxis,
        shared: &Streams,
    ) -> Result<Self, String> {
        let series = match (series, &spec.process) {
            (Some(series), _) => series,
            (None, Some(process)) => {
                let climate = climate(&process.preset)
                    .ok_or_else(|| format!("unknown climate `{}`", process.preset))?;
                let mut stream = shared.stream(&format!("weather/{site}"));
                let elevation_m = spec.elevation_m.unwrap_or(climate.elevation_m);
                synthetic::draw(climate, process.base_years, elevation_m, axis, &mut stream)
            }
            (None, None) => return Err(format!("site `{site}` has no weather")),
        };
        if spec.years != YearsSpec::Replayed && series.hours.len() < BASE_HOURS_MIN {
            let hours = series.hours.len();
            return Err(format!(
                "the weather of `{site}` has {hours} hours; redrawing weeks needs at least {BASE_HOURS_MIN}"
            ));
        }
        let covers = BaseSpan {
            start: series.start,
            hours: series.hours.len(),
        };
        if spec.years == YearsSpec::Replayed
            && let Some(first) = not_replayed(axis, covers)
        {
            return Err(format!(
                "the weather of `{site}` has no figure for the date of {}, which `replayed` needs; begin later, add \
                 data, or let weeks be redrawn",
                first.to_utc_text()
            ));
        }
        let (sums, windows) = windows(spec, axis);
        let base = WeatherBase::new(series, &sums, spec.warming_keeps);
        let default_layer = base.layer(spec.warming_c).expect("the warming is among the sums");
        let windows = windows
            .into_iter()
            .map(|(from, to, sum)| (from, to, base.layer(sum).expect("every sum has its layer")))
            .collect();
        Ok(Self {
            base: Arc::new(base),
            years: spec.years,
            windows,
            default_layer,
        })
    }

    /// The weather worked out for all replications.
    pub fn base(&self) -> &Arc<WeatherBase> {
        &self.base
    }

    /// The hours of the base with the site's warming, without dated offsets.
    pub fn default_hours(&self) -> &[WeatherHour] {
        let hours = self.base.span().hours;
        &self.base.hours()[self.default_layer * hours..(self.default_layer + 1) * hours]
    }

    /// The weeks of a replication, where this site's weather is `joined`; they are every series' weeks.
    pub fn join_weeks(&self, axis: &HourAxis, stream: &mut Stream) -> Option<WeekMap> {
        (self.years == YearsSpec::Joined).then(|| {
            let dry_bulb_c: Vec<f64> = self.base.plain_hours().iter().map(|h| h.dry_bulb_c).collect();
            WeekMap::draw_joined(axis, self.base.span(), &dry_bulb_c, JOINT_K, stream)
        })
    }

    /// One path: which hour of the base each hour of the axis repeats.
    pub fn draw(&self, axis: &HourAxis, weeks: &WeekMap) -> WeatherPath {
        let span = self.base.span();
        let mut index = match self.years {
            YearsSpec::Resampled | YearsSpec::Joined => weeks.resample(axis, span, true),
            YearsSpec::Replayed => replay(axis, span),
        };
        let shift = |layer: usize| (layer * span.hours) as u32;
        let mut next = 0;
        for &(from, to, layer) in &self.windows {
            index[next..from]
                .iter_mut()
                .for_each(|i| *i += shift(self.default_layer));
            index[from..to].iter_mut().for_each(|i| *i += shift(layer));
            next = to;
        }
        index[next..]
            .iter_mut()
            .for_each(|i| *i += shift(self.default_layer));
        WeatherPath {
            base: Arc::clone(&self.base),
            index,
        }
    }
}

/// The different sums of offsets that occur, warming included, and where on the axis each holds.
fn windows(spec: &WeatherSpec, axis: &HourAxis) -> (Vec<f64>, Vec<(usize, usize, f64)>) {
    let hour = |text: &str| {
        let start = parse_date(text).and_then(|date| axis.calendar().start_of(date));
        let hours = start.map_or(0, |at| {
            (at - axis.start()).as_seconds().div_euclid(crate::time::HOUR_S)
        });
        hours.clamp(0, axis.len() as i64) as usize
    };
    let offsets: Vec<(usize, usize, f64)> = spec
        .offsets
        .iter()
        .map(|o| (hour(&o.from), hour(&o.to), o.add_c))
        .collect();
    let mut edges: Vec<usize> = offsets.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut windows = Vec::new();
    for pair in edges.windows(2) {
        let holds = |(from, to, _): &&(usize, usize, f64)| *from <= pair[0] && pair[1] <= *to;
        let sum: f64 = offsets.iter().filter(holds).map(|(_, _, add)| add).sum();
        if sum != 0.0 {
            windows.push((pair[0], pair[1], spec.warming_c + sum));
        }
    }
    let mut sums: Vec<f64> = windows
        .iter()
        .map(|(_, _, sum)| *sum)
        .chain([spec.warming_c])
        .collect();
    sums.sort_by(f64::total_cmp);
    sums.dedup();
    (sums, windows)
}

/// The weather of one replication.
#[derive(Debug, Clone)]
pub struct WeatherPath {
    base: Arc<WeatherBase>,
    index: Vec<u32>,
}

impl WeatherPath {
    /// The air during an hour of the axis.
    pub fn at(&self, hour: usize) -> WeatherHour {
        *self.base.hour(self.index[hour])
    }
    /// How many hours.
    pub fn len(&self) -> usize {
        self.index.len()
    }
    /// No hours at all.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
    /// The hour of [`WeatherBase::hours`] that each hour of the axis repeats: work that depends on the air alone can be
    /// done once for the base and looked up by this.
    pub fn indices(&self) -> &[u32] {
        &self.index
    }
    /// Dry bulbs as a regional market meets them: before the site's `warming_c` and `offsets`, which are what-ifs of
    /// this site.
    pub fn regional_dry_bulb_c(&self) -> Vec<f64> {
        let hours = self.base.span().hours as u32;
        self.index
            .iter()
            .map(|i| self.base.hour(i % hours).dry_bulb_c)
            .collect()
    }
}

#[cfg(test)]
mod tests;
