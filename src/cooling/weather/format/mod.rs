//! Files of weather: one format a file, all to hours of air on whole UTC hours.

mod epw;
mod native;
mod open_meteo;
mod sam;
mod tmy3;
mod typical;

use std::io::Read;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::base;
use crate::cooling::WeatherHour;
use crate::cooling::psychrometrics::saturation_pressure;
use crate::ingest::{GapPolicy, ReadError, Repairs, Stamp, lay};
use crate::time::{Calendar, HOUR_S, SimTime, Span};
use crate::units::Temperature;

/// Dry bulbs that have ever been measured, with room, °C.
const DRY_BULB_C: (f64, f64) = (-90.0, 60.0);
/// Pressures from the highest towns to the deepest seas' shores, with room, Pa.
const PRESSURE_PA: (f64, f64) = (45_000.0, 112_000.0);

/// Air whose humidity never passes this in a day is read in the wrong unit: the driest days of deserts reach 5 %.
const HUMIDEST_MIN: f64 = 0.012;

/// How a weather file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WeatherFormat {
    /// `start_utc,dry_bulb_c,relative_humidity[,wet_bulb_c,pressure_pa]`, humidity from 0 to 1 (the default).
    #[default]
    Native,
    /// `EnergyPlus` weather, a typical year of 8,760 hours: laid on any calendar year, 29 February repeats 28 February.
    Epw,
    /// TMY3 of the National Solar Radiation Data Base (`.tmy3`, `.csv`), a typical year, laid like `epw`.
    Tmy3,
    /// Weather CSV of the System Advisor Model, hourly, laid like `epw`.
    Sam,
    /// Open-Meteo JSON with hourly `temperature_2m`, `relative_humidity_2m` and, where present, `surface_pressure`.
    OpenMeteo,
}

/// What a reader needs to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct WeatherReadOptions<'a> {
    /// The file as messages name it.
    pub file: &'a str,
    /// What to do with gaps and missing codes.
    pub gaps: GapPolicy,
    /// The calendar year on which a typical year is laid: that of the scenario's start.
    pub year: i16,
    /// Elevation where the scenario states it, in metres.
    pub elevation_m: Option<f64>,
}

/// Hourly weather as read.
#[derive(Debug, Clone, PartialEq)]
pub struct WeatherSeries {
    /// When the first hour begins.
    pub start: SimTime,
    /// The hours in order.
    pub hours: Vec<WeatherHour>,
    /// What was repaired or assumed.
    pub repairs: Repairs,
}

impl WeatherFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Native, Self::Epw, Self::Tmy3, Self::Sam, Self::OpenMeteo];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Epw => "epw",
            Self::Tmy3 => "tmy3",
            Self::Sam => "sam",
            Self::OpenMeteo => "open_meteo",
        }
    }
    /// The columns that a file of this format holds, with their units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Native => "start_utc,dry_bulb_c,relative_humidity[,wet_bulb_c,pressure_pa]",
            Self::Epw => "EnergyPlus weather: 8 header lines, 35 fields an hour (--year)",
            Self::Tmy3 => {
                "station line, then Date,Time,Dry-bulb (C),Dew-point (C),RHum (%),Pressure (mbar),... (--year)"
            }
            Self::Sam => {
                "2 lines of the site (lat,lon,tz[,elev]), then Year,Month,Day,Hour,tdry,rh|tdew|twet[,pres] (--year)"
            }
            Self::OpenMeteo => "JSON: hourly temperature_2m,relative_humidity_2m[,surface_pressure]",
        }
    }
    /// Reads a file.
    pub fn read(
        self,
        input: impl Read,
        options: &WeatherReadOptions<'_>,
    ) -> Result<WeatherSeries, ReadError> {
        let rows = match self {
            Self::Native => native::read(input, options),
            Self::Epw => epw::read(input, options),
            Self::Tmy3 => tmy3::read(input, options),
            Self::Sam => sam::read(input, options),
            Self::OpenMeteo => open_meteo::read(input, options),
        }?;
        rows.into_series(options)
    }
}

/// The air of one row; the wet bulb is worked out where the file has none.
#[derive(Debug, Clone, Copy)]
struct Air {
    dry_bulb_c: f64,
    relative_humidity: f64,
    wet_bulb_c: Option<f64>,
    pressure_pa: f64,
}

/// Rows as a format's reader leaves them.
#[derive(Debug, Default)]
struct WeatherRows {
    stamps: Vec<Stamp>,
    air: Vec<Air>,
    notes: Vec<String>,
}

impl WeatherRows {
    fn push(&mut self, time: SimTime, line: u64, air: Option<Air>) {
        self.stamps.push(Stamp {
            time,
            line,
            missing: air.is_none(),
        });
        let nothing = Air {
            dry_bulb_c: 0.0,
            relative_humidity: 0.5,
            wet_bulb_c: None,
            pressure_pa: 101_325.0,
        };
        self.air.push(air.unwrap_or(nothing));
    }

    fn into_series(self, options: &WeatherReadOptions<'_>) -> Result<WeatherSeries, ReadError> {
        for (air, stamp) in self.air.iter().zip(&self.stamps).filter(|(_, s)| !s.missing) {
            if let Some(message) = unbelievable(air) {
                return Err(ReadError::at_line(options.file, stamp.line, message));
            }
        }
        let known = || self.air.iter().zip(&self.stamps).filter(|(_, s)| !s.missing);
        let humidest = known().map(|(air, _)| air.relative_humidity).fold(0.0, f64::max);
        if known().count() >= 24 && humidest < HUMIDEST_MIN {
            let message = format!("relative humidity is never above {} %", humidest * 100.0);
            let help = "does the file give a share of 1 where percent are expected?";
            return Err(ReadError::of_file(options.file, message).with_help(help));
        }
        let held = known().filter(|(air, _)| air.relative_humidity > 1.0).count();
        let laid = lay(
            options.file,
            &self.stamps,
            Some(Span::from_hours(1)),
            options.gaps,
        )?;
        if laid.start.as_unix_s() % HOUR_S != 0 {
            let message = format!("begins at {}; expected whole UTC hours", laid.start);
            return Err(ReadError::of_file(options.file, message));
        }
        let air = |index: &u32| {
            let air = &self.air[*index as usize];
            match air.wet_bulb_c {
                None => base::hour(air.dry_bulb_c, air.relative_humidity, air.pressure_pa),
                Some(wet_bulb_c) => WeatherHour {
                    dry_bulb_c: air.dry_bulb_c,
                    wet_bulb_c: wet_bulb_c.min(air.dry_bulb_c),
                    relative_humidity: air.relative_humidity.clamp(0.0, 1.0),
                    pressure_pa: air.pressure_pa,
                    day_of_year: 1,
                },
            }
        };
        let hours: Vec<WeatherHour> = laid.source.par_iter().map(air).collect();
        let mut repairs = laid.repairs;
        repairs.notes.extend(self.notes);
        if held > 0 {
            repairs.notes.push(format!(
                "`{}`: {held} hours with a relative humidity above 100 % are held at 100 %",
                options.file
            ));
        }
        Ok(WeatherSeries {
            start: laid.start,
            hours,
            repairs,
        })
    }
}

/// What of a row's air cannot be.
fn unbelievable(air: &Air) -> Option<String> {
    if air.dry_bulb_c < DRY_BULB_C.0 || air.dry_bulb_c > DRY_BULB_C.1 {
        return Some(format!(
            "a dry bulb of {} °C; expected {} to {} (is the file in Fahrenheit or kelvin?)",
            air.dry_bulb_c, DRY_BULB_C.0, DRY_BULB_C.1
        ));
    }
    if air.relative_humidity < 0.0 || air.relative_humidity > 1.1 {
        return Some(format!(
            "a relative humidity of {}; expected 0 to 1",
            air.relative_humidity
        ));
    }
    if air.pressure_pa < PRESSURE_PA.0 || air.pressure_pa > PRESSURE_PA.1 {
        return Some(format!(
            "a pressure of {} Pa; expected {} to {}",
            air.pressure_pa, PRESSURE_PA.0, PRESSURE_PA.1
        ));
    }
    if air
        .wet_bulb_c
        .is_some_and(|wet| wet > air.dry_bulb_c + 0.5 || wet < DRY_BULB_C.0)
    {
        return Some(format!(
            "a wet bulb of {:?} °C at a dry bulb of {}",
            air.wet_bulb_c, air.dry_bulb_c
        ));
    }
    None
}

/// Relative humidity of a dew point, from 0; above 1 where the dew point is above the dry bulb, for the check to find.
fn humidity_of_dew_point(dry_bulb_c: f64, dew_point_c: f64) -> f64 {
    let saturation = |c: f64| saturation_pressure(Temperature::from_c(c)).as_pa();
    saturation(dew_point_c) / saturation(dry_bulb_c)
}

/// A calendar of the nearest whole hour of an offset, with a note where it had to be moved.
fn whole_hour_calendar(file: &str, offset_s: f64, notes: &mut Vec<String>) -> Option<Calendar> {
    let hours = (offset_s / HOUR_S as f64).round();
    if (hours * HOUR_S as f64 - offset_s).abs() > 1.0 {
        notes.push(format!(
            "`{file}`: an offset of {offset_s} s is moved to {hours} h, because hours are whole UTC hours"
        ));
    }
    if hours.abs() > 15.0 {
        return None;
    }
    Calendar::fixed_offset((hours * HOUR_S as f64) as i32)
}
