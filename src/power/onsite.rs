//! Generation on site, behind the meter: of constant power, after a profile, or an engine that runs when it is cheaper
//! than the grid. What it gives beyond the load and a battery's room is curtailed; nothing is exported.

use std::io::Read;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::ingest::weeks::BASE_HOURS_MIN;
use crate::ingest::{BaseSpan, CsvRows, GapPolicy, HourAxis, HourlyRows, ReadError, Repairs, WeekMap};
use crate::problem::{Check, FieldPath, Problems};
use crate::series::Regular;
use crate::time::Calendar;

/// A generator on site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnsiteSpec {
    /// Its name.
    pub id: Name,
    /// Rating, in megawatts.
    pub mw: f64,
    /// What it gives of its rating. Default: all of it, always.
    #[serde(default)]
    pub output: OutputSpec,
    /// Fuel and running cost, USD per MWh. Default 0.
    #[serde(default)]
    pub usd_per_mwh: f64,
    /// Carbon, kg per MWh. Default 0.
    #[serde(default)]
    pub carbon_kg_per_mwh: f64,
    /// Whether it carries the site when the grid is gone. Default no: inverters and generators without controls for an
    /// island must stop (IEEE 1547).
    #[serde(default)]
    pub islands: bool,
}

/// What a generator gives of its rating.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputSpec {
    /// All of it, always.
    #[default]
    Constant,
    /// A share hour by hour: sun or wind, `start_utc,share`. Its weeks are redrawn with those of weather and prices.
    Profile(ProfileSpec),
    /// All of it in hours in which its cost is below that of the next megawatt-hour from the grid, and in outages where it
    /// `islands`; none otherwise.
    Engine,
}

/// A file of shares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileSpec {
    /// Path of the file, with columns `start_utc,share` of 0 to 1; `data:` stands for the data folder.
    pub file: String,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
}

impl OnsiteSpec {
    /// The file that it names.
    pub const fn profile(&self) -> Option<&ProfileSpec> {
        match &self.output {
            OutputSpec::Profile(profile) => Some(profile),
            _ => None,
        }
    }
}

impl Check for OnsiteSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("id"), &self.id);
        problems.within(&at.key("mw"), self.mw, 0.0, 100_000.0);
        problems.within(&at.key("usd_per_mwh"), self.usd_per_mwh, 0.0, 1e5);
        problems.within(&at.key("carbon_kg_per_mwh"), self.carbon_kg_per_mwh, 0.0, 5_000.0);
        if self.profile().is_some_and(|p| p.file.is_empty()) {
            problems.error(
                &at.key("output").key("profile").key("file"),
                "a file must be named",
            );
        }
    }
}

/// A profile as read.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileSeries {
    hourly: Regular,
    /// What was repaired.
    pub repairs: Repairs,
}

impl ProfileSeries {
    /// Reads a file that messages call `file`.
    pub fn read(file: &str, input: impl Read, spec: &ProfileSpec) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (time, share) = (table.column("start_utc")?, table.column("share")?);
        let (utc, mut rows) = (Calendar::utc(), HourlyRows::default());
        while let Some(row) = table.next_row()? {
            rows.push(row.instant(time, &utc)?, row.line, row.optional_number(share)?);
        }
        let (hourly, repairs) = rows.into_hourly(file, spec.gaps, 0.0..=1.0, "of its rating")?;
        if hourly.values().len() < BASE_HOURS_MIN {
            let message = format!(
                "covers {} hours; at least {BASE_HOURS_MIN} (fifty weeks) stand for a year",
                hourly.values().len()
            );
            return Err(ReadError::of_file(file, message));
        }
        Ok(Self { hourly, repairs })
    }
    /// Shares in each hour of the horizon.
    pub fn draw(&self, axis: &HourAxis, weeks: &WeekMap) -> Arc<[f64]> {
        let values = self.hourly.values();
        let base = BaseSpan {
            start: self.hourly.start(),
            hours: values.len(),
        };
        let indices = weeks.resample(axis, base, true);
        indices.into_iter().map(|i| values[i as usize]).collect()
    }
}

/// A generator at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct Onsite {
    mw: f64,
    engine: bool,
    shares: Option<Arc<[f64]>>,
    /// Fuel and running cost, USD/MWh.
    pub usd_per_mwh: f64,
    /// Carbon, kg/MWh.
    pub carbon_kg_per_mwh: f64,
    islands: bool,
}

impl Onsite {
    /// The generator of a checked spec, with its shares by hour where it follows a profile.
    pub fn new(spec: &OnsiteSpec, shares: Option<Arc<[f64]>>) -> Self {
        Self {
            mw: spec.mw,
            engine: spec.output == OutputSpec::Engine,
            shares,
            usd_per_mwh: spec.usd_per_mwh,
            carbon_kg_per_mwh: spec.carbon_kg_per_mwh,
            islands: spec.islands,
        }
    }
    /// What it can give in an hour, MW, where the next megawatt-hour from the grid costs so much; `None` in an outage.
    pub fn available_mw(&self, hour: usize, grid_usd_per_mwh: Option<f64>) -> f64 {
        let runs = match grid_usd_per_mwh {
            Some(grid) => !self.engine || self.usd_per_mwh < grid,
            None => self.islands,
        };
        let share = self.shares.as_ref().map_or(1.0, |shares| shares[hour]);
        if runs { self.mw * share } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::time::{SimTime, Span};

    #[test]
    fn an_engine_runs_when_it_is_cheaper_and_an_island_only_where_it_may() {
        let text = "id = 'gas'\nmw = 10\noutput = 'engine'\nusd_per_mwh = 45\nislands = true";
        let engine = Onsite::new(&toml::from_str(text).unwrap(), None);
        assert_eq!(engine.available_mw(0, Some(60.0)), 10.0);
        assert_eq!(engine.available_mw(0, Some(40.0)), 0.0);
        assert_eq!(engine.available_mw(0, None), 10.0);
        let solar: OnsiteSpec = toml::from_str("id = 'sun'\nmw = 8\noutput.profile.file = 's.csv'").unwrap();
        let solar = Onsite::new(&solar, Some([0.0, 0.5].into()));
        assert_eq!(solar.available_mw(1, Some(-20.0)), 4.0);
        assert_eq!(solar.available_mw(1, None), 0.0);
    }

    #[test]
    fn a_profile_in_percent_or_of_a_day_is_refused() {
        let spec = ProfileSpec {
            file: "s.csv".to_owned(),
            gaps: GapPolicy::Refuse,
        };
        let start = SimTime::from_unix_s(1_672_531_200);
        let text = |hours: i64, high: f64| {
            let mut text = "start_utc,share\n".to_owned();
            for hour in 0..hours {
                let at = start + Span::from_hours(hour);
                writeln!(
                    text,
                    "{},{}",
                    at.to_utc_text(),
                    if hour % 24 == 12 { high } else { 0.0 }
                )
                .unwrap();
            }
            text
        };
        let percent = ProfileSeries::read("s.csv", text(8_760, 85.0).as_bytes(), &spec).unwrap_err();
        assert!(
            percent.to_string().starts_with("s.csv:14: `85` of its rating"),
            "{percent}"
        );
        let day = ProfileSeries::read("s.csv", text(24, 0.8).as_bytes(), &spec).unwrap_err();
        assert!(day.to_string().contains("covers 24 hours"), "{day}");
        assert!(ProfileSeries::read("s.csv", text(8_760, 0.8).as_bytes(), &spec).is_ok());
    }
}
