//! Carbon intensity of the grid's power, hour by hour: read from a file or one number, and one path a replication.
//!
//! A path is cut and joined at the same weeks as weather and prices. Does not own what a contract states of its own
//! power, nor fuel burnt on site.

use std::io::Read;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::power_price::ExtendSpec;
use crate::ingest::weeks::{BASE_HOURS_MIN, replay};
use crate::ingest::{BaseSpan, CsvRows, GapPolicy, HourAxis, HourlyRows, ReadError, Repairs, WeekMap};
use crate::problem::{Check, FieldPath, Problems};
use crate::series::Regular;
use crate::time::Calendar;

/// Grams per kilowatt-hour beyond which a figure is not believed: lignite stands at about 1,200.
pub const G_PER_KWH_MAX: f64 = 3_000.0;

/// Carbon intensity of a grid. Exactly one of `series` and `fixed_g_per_kwh`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarbonSpec {
    /// A file of intensities.
    #[serde(default)]
    pub series: Option<CarbonSeriesSpec>,
    /// One intensity for all hours, grams of CO2 equivalent per kWh.
    #[serde(default)]
    pub fixed_g_per_kwh: Option<f64>,
    /// How a file's years become the horizon; weeks redrawn within their season by default, the same as of prices.
    #[serde(default)]
    pub extend: ExtendSpec,
}

/// A file of carbon intensities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarbonSeriesSpec {
    /// Path of the file; `data:` stands for the data folder.
    pub file: String,
    /// Its layout; `native` by default.
    #[serde(default)]
    pub format: CarbonFormat,
    /// Which of two figures is read, where the layout has both; `direct` by default.
    #[serde(default)]
    pub scope: CarbonScope,
    /// What to do with gaps; `refuse` by default.
    #[serde(default)]
    pub gaps: GapPolicy,
}

/// How a carbon file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarbonFormat {
    /// `start_utc,g_per_kwh`, any step that divides an hour (the default).
    #[default]
    Native,
    /// Electricity Maps: `Datetime (UTC)` and two columns `Carbon Intensity gCO2eq/kWh`, `(direct)` and `(LCA)`.
    ElectricityMaps,
}

impl CarbonFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Native, Self::ElectricityMaps];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::ElectricityMaps => "electricity_maps",
        }
    }
    /// The columns that a file of this format holds, with their units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Native => "start_utc,g_per_kwh",
            Self::ElectricityMaps => {
                "Datetime (UTC),...,Carbon Intensity (direct),Carbon Intensity (LCA),... (g/kWh, --column)"
            }
        }
    }
}

/// What an intensity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarbonScope {
    /// What power stations emit while they run: scope 2 of the Greenhouse Gas Protocol.
    #[default]
    Direct,
    /// Building, fuel supply and dismantling included.
    LifeCycle,
}

impl Check for CarbonSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.series.is_some() == self.fixed_g_per_kwh.is_some() {
            problems.error(at, "expected exactly one of `series` and `fixed_g_per_kwh`");
        }
        if let Some(fixed) = self.fixed_g_per_kwh {
            problems.within(&at.key("fixed_g_per_kwh"), fixed, 0.0, G_PER_KWH_MAX);
        }
        if self.series.as_ref().is_some_and(|s| s.file.is_empty()) {
            problems.error(&at.key("series").key("file"), "a file must be named");
        }
    }
}

/// A carbon series as read.
#[derive(Debug, Clone, PartialEq)]
pub struct CarbonSeries {
    /// Hourly means in g/kWh on whole UTC hours.
    pub hourly: Regular,
    /// What was repaired or assumed.
    pub repairs: Repairs,
}

impl CarbonSeries {
    /// Reads a file that messages call `file`.
    pub fn read(file: &str, input: impl Read, spec: &CarbonSeriesSpec) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let rows = match spec.format {
            CarbonFormat::Native => {
                let columns = (table.column("start_utc")?, table.column("g_per_kwh")?);
                read_rows(&mut table, columns, None)?
            }
            CarbonFormat::ElectricityMaps => {
                let columns = (
                    table.column("Datetime (UTC)")?,
                    intensity_column(file, table.header(), spec.scope)?,
                );
                let estimated = table.find("Data Estimated");
                read_rows(&mut table, columns, estimated)?
            }
        };
        let (hourly, repairs) = rows.into_hourly(file, spec.gaps, 0.0..=G_PER_KWH_MAX, "g/kWh")?;
        if hourly.values().len() < BASE_HOURS_MIN {
            let message = format!(
                "covers {} hours; at least {BASE_HOURS_MIN} (fifty weeks) stand for a year",
                hourly.values().len()
            );
            return Err(ReadError::of_file(file, message));
        }
        Ok(Self { hourly, repairs })
    }
}

fn read_rows<R: Read>(
    table: &mut CsvRows<R>,
    (time, value): (usize, usize),
    estimated: Option<usize>,
) -> Result<HourlyRows, ReadError> {
    let (utc, mut rows, mut guessed) = (Calendar::utc(), HourlyRows::default(), 0_u64);
    while let Some(row) = table.next_row()? {
        rows.push(row.instant(time, &utc)?, row.line, row.optional_number(value)?);
        guessed += u64::from(estimated.is_some_and(|c| row.text(c).eq_ignore_ascii_case("true")));
    }
    if guessed > 0 {
        rows.notes.push(format!(
            "{guessed} hours of carbon intensity are the publisher's estimates, not measurements"
        ));
    }
    Ok(rows)
}

/// The column of a scope. The header writes a subscript two, and its wording changed between exports: only the words
/// that tell the columns apart are looked at.
fn intensity_column(file: &str, header: &[String], scope: CarbonScope) -> Result<usize, ReadError> {
    let words: &[&str] = match scope {
        CarbonScope::Direct => &["direct"],
        CarbonScope::LifeCycle => &["lca", "life cycle", "lifecycle"],
    };
    let fits = |name: &String| {
        let name = name.to_lowercase();
        name.contains("carbon intensity") && words.iter().any(|w| name.contains(w))
    };
    header.iter().position(fits).ok_or_else(|| {
        let message = format!("expected a column `Carbon Intensity ... ({})`", words[0]);
        ReadError::at_line(file, 1, message).with_help("use `format = \"native\"` for `start_utc,g_per_kwh`")
    })
}

/// Intensity in each hour of the horizon, g/kWh.
#[derive(Debug, Clone, PartialEq)]
pub enum CarbonPath {
    /// The same in all hours.
    Fixed(f64),
    /// By hour of the axis.
    Hourly(Arc<[f64]>),
}

impl CarbonPath {
    /// One replication's path of a checked spec, with the series that it names.
    pub fn draw(spec: &CarbonSpec, series: Option<&CarbonSeries>, axis: &HourAxis, weeks: &WeekMap) -> Self {
        let Some(series) = series else {
            return Self::Fixed(spec.fixed_g_per_kwh.unwrap_or(0.0));
        };
        let values = series.hourly.values();
        let base = BaseSpan {
            start: series.hourly.start(),
            hours: values.len(),
        };
        let indices = match spec.extend {
            ExtendSpec::ResampleWeeks(by) => weeks.resample(axis, base, by.keep_season),
            ExtendSpec::Replayed => replay(axis, base),
        };
        Self::Hourly(indices.into_iter().map(|i| values[i as usize]).collect())
    }
    /// The intensity of an hour of the axis, g/kWh, which is also kg/MWh.
    pub fn g_per_kwh(&self, hour: usize) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Hourly(values) => values[hour],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::random::Streams;
    use crate::time::{SimTime, Span, parse_date};

    const MAPS: &str = "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO\u{2082}eq/kWh (direct),Carbon Intensity gCO\u{2082}eq/kWh (LCA),Low Carbon Percentage,Renewable Percentage,Data Source,Data Estimated,Data Estimation Method";

    fn spec(format: CarbonFormat, scope: CarbonScope) -> CarbonSeriesSpec {
        CarbonSeriesSpec {
            file: "c.csv".to_owned(),
            format,
            scope,
            gaps: GapPolicy::Refuse,
        }
    }

    /// A year of hours: direct rises by one a day, life cycle is fifty above.
    fn year(rows: impl Fn(usize, &str) -> String, header: &str) -> String {
        let mut text = format!("{header}\n");
        let start = SimTime::from_unix_s(1_672_531_200);
        for hour in 0..8_760 {
            let at = (start + Span::from_hours(hour as i64)).to_utc_text();
            writeln!(
                text,
                "{}",
                rows(hour, at.trim_end_matches('Z').replace('T', " ").as_str())
            )
            .unwrap();
        }
        text
    }

    #[test]
    fn electricity_maps_gives_either_scope_and_says_what_was_estimated() {
        let text = year(
            |h, at| {
                let direct = h / 24;
                format!(
                    "{at},Germany,Germany,DE,{direct},{},83,78,entsoe.eu,{},",
                    direct + 50,
                    h < 3
                )
            },
            MAPS,
        );
        let direct = spec(CarbonFormat::ElectricityMaps, CarbonScope::Direct);
        let read = CarbonSeries::read("c.csv", text.as_bytes(), &direct).unwrap();
        assert_eq!(
            (read.hourly.values()[0], read.hourly.values()[8_759]),
            (0.0, 364.0)
        );
        assert!(read.repairs.notes[0].starts_with("3 hours"), "{:?}", read.repairs);
        let whole = spec(CarbonFormat::ElectricityMaps, CarbonScope::LifeCycle);
        let read = CarbonSeries::read("c.csv", text.as_bytes(), &whole).unwrap();
        assert_eq!(read.hourly.values()[8_759], 414.0);
        // The later wording of the same columns.
        let renamed = text
            .replace("Carbon Intensity", "Carbon intensity")
            .replace("(LCA)", "(Life cycle)");
        let again = CarbonSeries::read("c.csv", renamed.as_bytes(), &whole).unwrap();
        assert_eq!(again.hourly, read.hourly);
    }

    #[test]
    fn kilograms_gaps_and_a_short_file_are_refused() {
        let native = spec(CarbonFormat::Native, CarbonScope::Direct);
        let text = year(
            |h, at| format!("{at},{}", if h == 7 { -1 } else { 300 }),
            "start_utc,g_per_kwh",
        );
        let error = CarbonSeries::read("c.csv", text.as_bytes(), &native).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("c.csv:9: `-1` g/kWh is not believed"),
            "{error}"
        );
        let gap = year(
            |h, at| format!("{at},{}", if h == 7 { "" } else { "300" }),
            "start_utc,g_per_kwh",
        );
        let error = CarbonSeries::read("c.csv", gap.as_bytes(), &native).unwrap_err();
        assert!(error.to_string().contains("2023-01-01T07:00:00Z"), "{error}");
        let short = text.lines().take(5).collect::<Vec<_>>().join("\n");
        let error = CarbonSeries::read("c.csv", short.as_bytes(), &native).unwrap_err();
        assert!(error.to_string().contains("covers 4 hours"), "{error}");
    }

    #[test]
    fn a_replayed_year_keeps_its_hours_and_a_redrawn_one_its_values() {
        let native = spec(CarbonFormat::Native, CarbonScope::Direct);
        let text = year(|h, at| format!("{at},{}", h / 24), "start_utc,g_per_kwh");
        let series = CarbonSeries::read("c.csv", text.as_bytes(), &native).unwrap();
        let utc = Calendar::utc();
        let day = |d: &str| utc.start_of(parse_date(d).unwrap()).unwrap();
        let axis = HourAxis::new(&utc, day("2026-01-01"), day("2027-01-01"));
        let weeks = WeekMap::draw(&axis, &mut Streams::new(1, 0).stream("weeks"));
        let mut carbon = CarbonSpec {
            series: Some(native),
            extend: ExtendSpec::Replayed,
            ..CarbonSpec::default()
        };
        let path = CarbonPath::draw(&carbon, Some(&series), &axis, &weeks);
        assert_eq!((path.g_per_kwh(0), path.g_per_kwh(8_759)), (0.0, 364.0));
        carbon.extend = ExtendSpec::default();
        let redrawn = CarbonPath::draw(&carbon, Some(&series), &axis, &weeks);
        assert_ne!(redrawn, path);
        assert!((0..8_760).all(|h| (0.0..=364.0).contains(&redrawn.g_per_kwh(h))));
    }
}
