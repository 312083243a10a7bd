//! TMY3 of the National Solar Radiation Data Base: a line of the station, a line of names, then hours of local
//! standard time, each labelled by its end (01:00 to 24:00).
//!
//! -9900 is missing. Humidity comes from the relative humidity, or from the dew point where that is missing; pressure is
//! in millibar, and where missing the standard atmosphere's at the station's elevation.

use std::io::Read;

use super::typical::{Slot, TypicalYear};
use super::{Air, WeatherReadOptions, WeatherRows, humidity_of_dew_point, whole_hour_calendar};
use crate::cooling::psychrometrics::standard_pressure;
use crate::ingest::rows::Lines;
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::Calendar;

/// At and below this a value is missing.
const MISSING: f64 = -9_000.0;

/// Where each field stands.
struct Columns {
    date: usize,
    time: usize,
    dry_bulb: usize,
    dew_point: Option<usize>,
    humidity: usize,
    pressure: usize,
}

pub(super) fn read(input: impl Read, options: &WeatherReadOptions<'_>) -> Result<WeatherRows, ReadError> {
    let mut lines = Lines::new(options.file, input);
    let mut rows = WeatherRows::default();
    let (calendar, elevation_m) = station(&mut lines, options, &mut rows.notes)?;
    let standard_pa = standard_pressure(options.elevation_m.unwrap_or(elevation_m)).as_pa();
    let names = lines
        .next_line()?
        .ok_or_else(|| ReadError::at_line(options.file, 2, "expected the names of the columns"))?;
    let names = names.split(',').map(|name| name.trim().to_owned()).collect();
    let mut table = CsvRows::headless(lines, names);
    let columns = Columns {
        date: table.column("Date (MM/DD/YYYY)")?,
        time: table.column("Time (HH:MM)")?,
        dry_bulb: table.column("Dry-bulb (C)")?,
        dew_point: table.find("Dew-point (C)"),
        humidity: table.column("RHum (%)")?,
        pressure: table.column("Pressure (mbar)")?,
    };
    let mut year = TypicalYear::new();
    while let Some(row) = table.next_row()? {
        let slot = slot(&row, &columns)?;
        let air = air(&row, &columns, standard_pa)?;
        year.put(&row, columns.time, slot, air)?;
    }
    year.lay(&calendar, options, &mut rows)?;
    Ok(rows)
}

/// Zone and elevation out of `code,name,state,hours from UTC,latitude,longitude,elevation`.
fn station<R: Read>(
    lines: &mut Lines<R>,
    options: &WeatherReadOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<(Calendar, f64), ReadError> {
    let wrong = || {
        ReadError::at_line(
            options.file,
            1,
            "expected a TMY3 station: `code,name,state,hours from UTC,latitude,longitude,elevation in metres`",
        )
    };
    let text = lines.next_line()?.ok_or_else(wrong)?;
    // From the right: a station's name may hold commas.
    let mut fields = text.rsplit(',').map(|field| field.trim().parse::<f64>().ok());
    let mut number = |low: f64, high: f64| {
        let value = fields.next().flatten();
        value.filter(|v| (low..=high).contains(v)).ok_or_else(wrong)
    };
    let elevation_m = number(-500.0, 6_000.0)?;
    let (_longitude, _latitude) = (number(-180.0, 180.0)?, number(-90.0, 90.0)?);
    let zone = number(-15.0, 15.0)?;
    let calendar = whole_hour_calendar(options.file, zone * 3_600.0, notes).ok_or_else(wrong)?;
    Ok((calendar, elevation_m))
}

/// `MM/DD/YYYY` and `HH:00` of the hour's end.
fn slot(row: &Row<'_>, columns: &Columns) -> Result<Slot, ReadError> {
    let part = |column: usize, text: Option<&str>, high: usize, form: &str| {
        let value = text.and_then(|t| t.parse::<usize>().ok());
        value
            .filter(|v| (1..=high).contains(v))
            .ok_or_else(|| row.fail(column, format!("expected `{form}`, found `{}`", row.text(column))))
    };
    let mut date = row.text(columns.date).split('/');
    let form = "MM/DD/YYYY";
    let month = part(columns.date, date.next(), 12, form)?;
    let day = part(columns.date, date.next(), 31, form)?;
    let form = "HH:00 from 01:00 to 24:00";
    let hour = row.text(columns.time).strip_suffix(":00");
    Ok(Slot {
        month: month - 1,
        day: day - 1,
        hour: part(columns.time, hour, 24, form)? - 1,
    })
}

/// The air of a row; `None` where temperature, or all humidity, is missing.
fn air(row: &Row<'_>, columns: &Columns, standard_pa: f64) -> Result<Option<Air>, ReadError> {
    let known = |column: usize| row.number(column).map(|v| (v > MISSING).then_some(v));
    let Some(dry_bulb_c) = known(columns.dry_bulb)? else {
        return Ok(None);
    };
    let pressure_pa = known(columns.pressure)?.map_or(standard_pa, |mbar| mbar * 100.0);
    let relative_humidity = match (known(columns.humidity)?, columns.dew_point) {
        (Some(percent), _) => Some(percent / 100.0),
        (None, Some(column)) => known(column)?.map(|dew_c| humidity_of_dew_point(dry_bulb_c, dew_c)),
        (None, None) => None,
    };
    Ok(relative_humidity.map(|relative_humidity| Air {
        dry_bulb_c,
        relative_humidity,
        wet_bulb_c: None,
        pressure_pa,
    }))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::{WeatherFormat, WeatherSeries};
    use super::*;
    use crate::ingest::GapPolicy;

    /// A year whose dry bulb tells the hour's end, for a station at 872 m.
    fn typical() -> String {
        let mut text = String::from("722650,\"MIDLAND, INTERNATIONAL AP\",TX,-6.0,31.950,-102.183,872\n");
        text += "Date (MM/DD/YYYY),Time (HH:MM),Dry-bulb (C),Dew-point (C),RHum (%),Pressure (mbar),Note\n";
        let start: jiff::civil::Date = "2021-01-01".parse().unwrap();
        for date in start.series(jiff::ToSpan::day(1)).take(365) {
            for hour in 1..=24 {
                let (month, day) = (date.month(), date.day());
                let year = 1_976 + i32::from(month);
                let dry = f64::from(hour) + f64::from(month) / 100.0;
                writeln!(
                    text,
                    "{month:02}/{day:02}/{year},{hour:02}:00,{dry},5.0,40,916,\"a,b\""
                )
                .unwrap();
            }
        }
        text
    }
    fn read(text: &str, year: i16, gaps: GapPolicy) -> Result<WeatherSeries, ReadError> {
        let options = WeatherReadOptions {
            file: "m.tmy3",
            gaps,
            year,
            elevation_m: None,
        };
        WeatherFormat::Tmy3.read(text.as_bytes(), &options)
    }

    #[test]
    fn hours_are_labelled_by_their_end_in_standard_time() {
        let series = read(&typical(), 2024, GapPolicy::Refuse).unwrap();
        // Midnight in Texas is 06:00 UTC all year, whatever the clocks of summer do.
        assert_eq!(
            (series.hours.len(), series.start.to_utc_text().as_str()),
            (8_784, "2024-01-01T06:00:00Z")
        );
        assert_eq!(series.hours[0].dry_bulb_c, 1.01);
        assert_eq!(series.hours[23].dry_bulb_c, 24.01);
        assert_eq!(series.hours[(31 + 29) * 24].dry_bulb_c, 1.03);
        assert_eq!(series.hours[(31 + 28) * 24].dry_bulb_c, 1.02);
        assert_eq!(series.hours[0].pressure_pa, 91_600.0);
    }

    #[test]
    fn missing_codes_are_gaps_and_the_dew_point_or_the_standard_atmosphere_stands_in() {
        let holed = typical()
            .replacen("1.01,5.0,40,916", "1.01,1.01,-9900,-9900", 1)
            .replacen("2.01,5.0,40,916", "-9900,-9900,-9900,916", 1);
        let error = read(&holed, 2023, GapPolicy::Refuse).unwrap_err().to_string();
        assert!(error.contains("no value from 2023-01-01T07:00:00Z"), "{error}");
        let held = read(&holed, 2023, GapPolicy::Hold).unwrap();
        assert_eq!((held.repairs.steps, held.hours[1].dry_bulb_c), (1, 1.01));
        // A dew point at the dry bulb is saturation; 872 m is 91.27 kPa by the standard atmosphere.
        assert!((held.hours[0].relative_humidity - 1.0).abs() < 1e-9);
        assert!((held.hours[0].pressure_pa - 91_270.0).abs() < 30.0);
    }

    #[test]
    fn wrong_hours_stations_and_units_are_refused_by_place() {
        let text = typical();
        let refuse = |text: &str| read(text, 2023, GapPolicy::Hold).unwrap_err().to_string();
        assert!(refuse(&text.replacen(",03:00,", ",00:00,", 1)).contains("from 01:00 to 24:00"));
        assert!(refuse(&text.replacen(",03:00,", ",02:00,", 1)).contains("a second time; first in line 4"));
        assert!(refuse(&text.replacen("01/01/1977", "13/01/1977", 1)).contains("MM/DD/YYYY"));
        assert!(refuse(&text.replacen(",872", ",high", 1)).starts_with("m.tmy3:1: expected a TMY3 station"));
        let hot = refuse(&text.replacen("3.01,5.0,40,", "95.0,5.0,40,", 1));
        assert!(hot.starts_with("m.tmy3:5: a dry bulb of 95 °C"), "{hot}");
        assert!(
            refuse(&text.replacen("3.01,5.0,40,", "3.01,5.0,140,", 1)).contains("relative humidity of 1.4")
        );
        assert!(
            refuse(&text.replacen("3.01,5.0,40,916", "3.01,5.0,40,91600", 1)).contains("pressure of 9160000")
        );
    }
}
