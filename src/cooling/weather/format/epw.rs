//! `EnergyPlus` weather (EPW): eight lines of header, then 35 fields an hour in local standard time.
//!
//! Hours are labelled by their end, 1 to 24. Missing codes (99.9 °C, 999 %, 999999 Pa) are gaps; a missing pressure alone
//! is the standard atmosphere's.

use std::io::Read;

use super::typical::{Slot, TypicalYear, whole};
use super::{Air, WeatherReadOptions, WeatherRows, whole_hour_calendar};
use crate::cooling::psychrometrics::standard_pressure;
use crate::ingest::rows::Lines;
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::Calendar;

/// Lines before the data.
const HEADER_LINES: usize = 8;
/// Fields of a data line.
const FIELDS: usize = 35;
/// Where each field stands, from 0.
const MONTH: usize = 1;
const DAY: usize = 2;
const HOUR: usize = 3;
const DRY_BULB: usize = 6;
const HUMIDITY: usize = 8;
const PRESSURE: usize = 9;
/// At and above these a value is missing.
const MISSING_C: f64 = 99.9;
const MISSING_PERCENT: f64 = 999.0;
const MISSING_PA: f64 = 999_999.0;

pub(super) fn read(input: impl Read, options: &WeatherReadOptions<'_>) -> Result<WeatherRows, ReadError> {
    let mut lines = Lines::new(options.file, input);
    let mut rows = WeatherRows::default();
    let (calendar, elevation_m) = location(&mut lines, options, &mut rows.notes)?;
    let standard_pa = standard_pressure(options.elevation_m.unwrap_or(elevation_m)).as_pa();
    let mut table = CsvRows::headless(lines, field_names());
    let mut year = TypicalYear::new();
    while let Some(row) = table.next_row()? {
        let slot = Slot {
            month: whole(&row, MONTH, 1, 12)? - 1,
            day: whole(&row, DAY, 1, 31)? - 1,
            hour: whole(&row, HOUR, 1, 24)? - 1,
        };
        year.put(&row, HOUR, slot, air(&row, standard_pa)?)?;
    }
    year.lay(&calendar, options, &mut rows)?;
    Ok(rows)
}

/// Reads the header: zone and elevation.
fn location<R: Read>(
    lines: &mut Lines<R>,
    options: &WeatherReadOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<(Calendar, f64), ReadError> {
    let wrong = |line: u64, what: &str| ReadError::at_line(options.file, line, format!("expected {what}"));
    let mut found = None;
    for line in 1..=HEADER_LINES as u64 {
        let text = lines
            .next_line()?
            .ok_or_else(|| wrong(line, "eight lines of EPW header"))?;
        if line == 1 {
            let fields: Vec<&str> = text.split(',').map(str::trim).collect();
            let number = |i: usize| {
                fields
                    .get(i)
                    .and_then(|f| f.parse::<f64>().ok())
                    .filter(|v| v.is_finite())
            };
            if fields.first() != Some(&"LOCATION") {
                return Err(wrong(1, "`LOCATION,...`, the first line of an EPW file"));
            }
            let zone = number(8)
                .filter(|h| h.abs() <= 15.0)
                .ok_or_else(|| wrong(1, "hours from UTC in field 9"))?;
            let elevation = number(9).filter(|m| (-500.0..=6_000.0).contains(m));
            found = Some((
                zone,
                elevation.ok_or_else(|| wrong(1, "an elevation in metres in field 10"))?,
            ));
        }
    }
    let (zone, elevation) = found.ok_or_else(|| wrong(1, "a location"))?;
    let calendar = whole_hour_calendar(options.file, zone * 3_600.0, notes);
    Ok((
        calendar.ok_or_else(|| wrong(1, "hours from UTC in field 9"))?,
        elevation,
    ))
}

fn field_names() -> Vec<String> {
    let mut names: Vec<String> = (1..=FIELDS).map(|i| format!("field {i}")).collect();
    for (index, name) in [
        (MONTH, "month"),
        (DAY, "day"),
        (HOUR, "hour"),
        (DRY_BULB, "dry bulb"),
        (HUMIDITY, "relative humidity"),
        (PRESSURE, "pressure"),
    ] {
        name.clone_into(&mut names[index]);
    }
    names
}

/// The air of a row; `None` where temperature or humidity is missing.
fn air(row: &Row<'_>, standard_pa: f64) -> Result<Option<Air>, ReadError> {
    let (dry, rh, pa) = (
        row.number(DRY_BULB)?,
        row.number(HUMIDITY)?,
        row.number(PRESSURE)?,
    );
    if dry >= MISSING_C || rh >= MISSING_PERCENT {
        return Ok(None);
    }
    let pressure_pa = if pa >= MISSING_PA { standard_pa } else { pa };
    Ok(Some(Air {
        dry_bulb_c: dry,
        relative_humidity: rh / 100.0,
        wet_bulb_c: None,
        pressure_pa,
    }))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::{WeatherFormat, WeatherReadOptions, WeatherSeries};
    use super::*;
    use crate::ingest::GapPolicy;

    /// A year whose dry bulb tells the day (1 to 365, divided by ten) and whose pressure is given.
    fn typical(pressure: &str) -> String {
        let mut text = String::from("LOCATION,Dallas,TX,USA,SRC-TMYx,722590,32.898,-97.019,-6.0,170.7\n");
        text += &"HEADER,x\n".repeat(7);
        let start: jiff::civil::Date = "2021-01-01".parse().unwrap();
        for (day, date) in start.series(jiff::ToSpan::day(1)).take(365).enumerate() {
            for hour in 1..=24 {
                let dry = (day + 1) as f64 / 10.0;
                writeln!(
                    text,
                    "1999,{},{},{hour},0,?9,{dry:.1},1.0,50,{pressure}{}",
                    date.month(),
                    date.day(),
                    ",0".repeat(25)
                )
                .unwrap();
            }
        }
        text
    }
    fn read(text: &str, year: i16, gaps: GapPolicy) -> Result<WeatherSeries, ReadError> {
        let options = WeatherReadOptions {
            file: "d.epw",
            gaps,
            year,
            elevation_m: None,
        };
        WeatherFormat::Epw.read(text.as_bytes(), &options)
    }

    #[test]
    fn a_typical_year_is_laid_on_a_leap_year_in_standard_time() {
        let text = typical("98000");
        let common = read(&text, 2023, GapPolicy::Refuse).unwrap();
        assert_eq!(
            (common.hours.len(), common.start.to_utc_text().as_str()),
            (8_760, "2023-01-01T06:00:00Z")
        );
        let leap = read(&text, 2024, GapPolicy::Refuse).unwrap();
        assert_eq!(leap.hours.len(), 8_784);
        assert_eq!(leap.hours[59 * 24].dry_bulb_c, 5.9);
        assert_eq!(leap.hours[60 * 24].dry_bulb_c, 6.0);
        assert_eq!(leap.hours[365 * 24 + 23].dry_bulb_c, 36.5);
        assert!(
            leap.repairs
                .notes
                .iter()
                .any(|n| n.contains("typical year laid on 2024"))
        );
    }

    #[test]
    fn missing_codes_are_gaps_and_a_missing_pressure_is_the_standard_atmospheres() {
        let text = typical("999999");
        let series = read(&text, 2023, GapPolicy::Refuse).unwrap();
        assert!(
            (series.hours[0].pressure_pa - 99_293.0).abs() < 5.0,
            "{}",
            series.hours[0].pressure_pa
        );
        let holed = text.replacen(",0,?9,0.1,", ",0,?9,99.9,", 1).replacen(
            ",0,?9,0.2,1.0,50,",
            ",0,?9,0.2,1.0,999,",
            1,
        );
        let error = read(&holed, 2023, GapPolicy::Refuse).unwrap_err().to_string();
        assert!(
            error.starts_with("d.epw:9: no value from 2023-01-01T06:00:00Z"),
            "{error}"
        );
        let held = read(&holed, 2023, GapPolicy::Hold).unwrap();
        assert_eq!((held.repairs.steps, held.hours[24].dry_bulb_c), (2, 0.1));
    }

    #[test]
    fn broken_rows_and_other_files_are_refused_by_place() {
        let text = typical("98000");
        let broken = text.replacen("1999,1,1,3,0,?9,0.1,", "1999,1,1,3,0,?9,warm,", 1);
        let error = read(&broken, 2023, GapPolicy::Hold).unwrap_err().to_string();
        assert_eq!(
            error,
            "d.epw:11, column 7 (`dry bulb`): expected a finite number, found `warm`"
        );
        let hour = text.replacen("1999,1,1,3,", "1999,1,1,25,", 1);
        assert!(
            read(&hour, 2023, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("from 1 to 24")
        );
        let twice = text.replacen("1999,1,1,3,", "1999,1,1,2,", 1);
        assert!(
            read(&twice, 2023, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("a second time")
        );
        assert!(
            read("start_utc,x\n", 2023, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("LOCATION")
        );
        let short = text.lines().take(500).collect::<Vec<_>>().join("\n");
        assert!(
            read(&short, 2023, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("expected a typical year")
        );
    }
}
