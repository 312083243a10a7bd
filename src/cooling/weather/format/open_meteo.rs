//! Open-Meteo JSON: naive times with a zone, hourly temperature and humidity, sometimes surface pressure.
//!
//! The service keeps one offset from UTC (`utc_offset_seconds`) through the whole answer, so a day of 24 labels stands
//! even where the zone's clock changes. A file whose labels include an hour that the zone skips is such a one and is
//! read by its offset; one that leaves it out is read as civil time of `timezone`, where the doubled hour's second
//! half is a gap. Where pressure is absent the standard atmosphere at the file's elevation is taken, and said.

use std::io::Read;

use jiff::civil::DateTime;
use serde::Deserialize;

use super::{Air, WeatherReadOptions, WeatherRows, whole_hour_calendar};
use crate::cooling::psychrometrics::standard_pressure;
use crate::ingest::ReadError;
use crate::ingest::rows::ROWS_MAX;
use crate::time::Calendar;

/// Largest file that is read, in bytes.
const BYTES_MAX: u64 = 128 << 20;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    utc_offset_seconds: f64,
    #[serde(default)]
    timezone: String,
    #[serde(default)]
    elevation: f64,
    #[serde(default)]
    hourly_units: Units,
    hourly: Hourly,
}

#[derive(Deserialize, Default)]
struct Units {
    temperature_2m: Option<String>,
}

#[derive(Deserialize)]
struct Hourly {
    time: Vec<String>,
    temperature_2m: Vec<Option<f64>>,
    relative_humidity_2m: Vec<Option<f64>>,
    #[serde(default)]
    surface_pressure: Option<Vec<Option<f64>>>,
}

pub(super) fn read(input: impl Read, options: &WeatherReadOptions<'_>) -> Result<WeatherRows, ReadError> {
    let file = options.file;
    let answer: Answer =
        serde_json::from_reader(std::io::BufReader::new(input.take(BYTES_MAX))).map_err(|e| {
            ReadError::at_line(
                file,
                e.line() as u64,
                format!("expected an Open-Meteo answer: {e}"),
            )
        })?;
    check(file, &answer)?;
    let mut rows = WeatherRows::default();
    let labels = labels(file, &answer.hourly.time)?;
    let calendar = calendar(file, &answer, &labels, &mut rows.notes)?;
    let elevation_m = options.elevation_m.unwrap_or(answer.elevation);
    let standard_pa = standard_pressure(elevation_m).as_pa();
    for (index, label) in labels.iter().enumerate() {
        let time = calendar.instant(*label);
        let time = time.ok_or_else(|| place(file, "time", index, "is outside the calendar"))?;
        rows.push(time, 0, air(&answer.hourly, index, standard_pa));
    }
    if answer.hourly.surface_pressure.is_none() {
        rows.notes.push(format!(
            "`{file}`: no pressure; the standard atmosphere's {standard_pa:.0} Pa at {elevation_m} m is taken"
        ));
    }
    Ok(rows)
}

fn place(file: &str, list: &str, index: usize, what: &str) -> ReadError {
    ReadError::of_file(file, format!("`hourly.{list}[{index}]` {what}"))
}

fn check(file: &str, answer: &Answer) -> Result<(), ReadError> {
    let hourly = &answer.hourly;
    let expected = hourly.time.len();
    if expected as u64 > ROWS_MAX {
        return Err(ReadError::of_file(file, format!("more than {ROWS_MAX} hours")));
    }
    let pressure = hourly.surface_pressure.as_ref().map_or(expected, Vec::len);
    for (name, found) in [
        ("temperature_2m", hourly.temperature_2m.len()),
        ("relative_humidity_2m", hourly.relative_humidity_2m.len()),
        ("surface_pressure", pressure),
    ] {
        if found != expected {
            let message =
                format!("`hourly.{name}` has {found} values; expected {expected}, one for each time");
            return Err(ReadError::of_file(file, message));
        }
    }
    if let Some(unit) = answer.hourly_units.temperature_2m.as_deref()
        && unit != "°C"
    {
        return Err(ReadError::of_file(
            file,
            format!("`hourly_units.temperature_2m` is `{unit}`; expected `°C`"),
        ));
    }
    if !answer.elevation.is_finite() || !(-500.0..=6_000.0).contains(&answer.elevation) {
        return Err(ReadError::of_file(
            file,
            format!("`elevation` is {}; expected -500 to 6000 m", answer.elevation),
        ));
    }
    Ok(())
}

fn labels(file: &str, times: &[String]) -> Result<Vec<DateTime>, ReadError> {
    let parse = |(index, text): (usize, &String)| {
        let parsed = (text.len() <= 32)
            .then(|| text.parse::<DateTime>().ok())
            .flatten();
        parsed.ok_or_else(|| place(file, "time", index, "is not a time such as `2024-01-01T00:00`"))
    };
    times.iter().enumerate().map(parse).collect()
}

/// The clock of the labels.
fn calendar(
    file: &str,
    answer: &Answer,
    labels: &[DateTime],
    notes: &mut Vec<String>,
) -> Result<Calendar, ReadError> {
    let zone = Calendar::of_zone(&answer.timezone);
    let skipped = zone
        .as_ref()
        .is_none_or(|zone| labels.iter().any(|label| zone.occurrences(*label) == 0));
    let changes = zone
        .as_ref()
        .is_some_and(|zone| labels.iter().any(|label| zone.occurrences(*label) == 2));
    match zone {
        // The skipped hour is left out although the other change is there: civil time.
        Some(zone) if !skipped && changes => {
            notes.push(format!(
                "`{file}`: times are read as civil time of `{}`",
                answer.timezone
            ));
            Ok(zone)
        }
        _ => {
            let seconds = answer.utc_offset_seconds;
            notes.push(format!(
                "`{file}`: times are read at the answer's constant offset of {seconds} s from UTC"
            ));
            whole_hour_calendar(file, seconds, notes).ok_or_else(|| {
                ReadError::of_file(
                    file,
                    format!("`utc_offset_seconds` is {seconds}; expected at most 15 hours"),
                )
            })
        }
    }
}

fn air(hourly: &Hourly, index: usize, standard_pa: f64) -> Option<Air> {
    let (dry_bulb_c, percent) = hourly.temperature_2m[index].zip(hourly.relative_humidity_2m[index])?;
    // The service gives hectopascals.
    let pressure = hourly
        .surface_pressure
        .as_ref()
        .and_then(|p| p[index])
        .map(|hpa| hpa * 100.0);
    Some(Air {
        dry_bulb_c,
        relative_humidity: percent / 100.0,
        wet_bulb_c: None,
        pressure_pa: pressure.unwrap_or(standard_pa),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{WeatherFormat, WeatherSeries};
    use super::*;
    use crate::ingest::GapPolicy;

    fn answer(times: &[&str], offset: i32, more: &str) -> String {
        let list = |v: Vec<String>| format!("[{}]", v.join(","));
        let quoted = list(times.iter().map(|t| format!("\"{t}\"")).collect());
        let temperatures = list((0..times.len()).map(|i| format!("{i}.5")).collect());
        let humidities = list(vec!["60".to_owned(); times.len()]);
        format!(
            "{{\"utc_offset_seconds\":{offset},\"timezone\":\"America/Chicago\",\"elevation\":142.0,
             \"hourly_units\":{{\"temperature_2m\":\"\\u00b0C\"}},
             \"hourly\":{{\"time\":{quoted},\"temperature_2m\":{temperatures},\"relative_humidity_2m\":{humidities}{more}}}}}"
        )
    }
    fn read(text: &str, gaps: GapPolicy) -> Result<WeatherSeries, ReadError> {
        let options = WeatherReadOptions {
            file: "o.json",
            gaps,
            year: 2024,
            elevation_m: None,
        };
        WeatherFormat::OpenMeteo.read(text.as_bytes(), &options)
    }

    #[test]
    fn a_file_with_the_skipped_hour_is_read_at_its_constant_offset() {
        let times = ["2024-03-10T01:00", "2024-03-10T02:00", "2024-03-10T03:00"];
        let series = read(&answer(&times, -18_000, ""), GapPolicy::Refuse).unwrap();
        assert_eq!(
            (series.start.to_utc_text().as_str(), series.hours.len()),
            ("2024-03-10T06:00:00Z", 3)
        );
        assert!(
            (series.hours[0].pressure_pa - 99_630.0).abs() < 20.0,
            "{:?}",
            series.hours[0]
        );
        assert!(series.repairs.notes.iter().any(|n| n.contains("constant offset")));
        assert!(series.repairs.notes.iter().any(|n| n.contains("142 m")));
    }

    #[test]
    fn a_file_of_civil_times_has_a_gap_in_the_doubled_hour() {
        let times = ["2024-11-03T00:00", "2024-11-03T01:00", "2024-11-03T02:00"];
        let text = answer(&times, -18_000, "");
        let error = read(&text, GapPolicy::Refuse).unwrap_err().to_string();
        assert!(error.contains("no value from 2024-11-03T07:00:00Z"), "{error}");
        let held = read(&text, GapPolicy::Hold).unwrap();
        assert_eq!((held.hours.len(), held.repairs.steps), (4, 1));
    }

    #[test]
    fn nulls_are_gaps_and_wrong_shapes_are_refused() {
        let times = ["2024-07-01T00:00", "2024-07-01T01:00"];
        let text = answer(&times, -18_000, ",\"surface_pressure\":[990.0,null]");
        let series = read(&text, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hours[0].pressure_pa, 99_000.0);
        let null = text.replace("[0.5,1.5]", "[0.5,null]");
        assert!(read(&null, GapPolicy::Refuse).is_err());
        assert_eq!(read(&null, GapPolicy::Hold).unwrap().hours[1].dry_bulb_c, 0.5);
        let short = text.replace("[0.5,1.5]", "[0.5]");
        assert!(
            read(&short, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("has 1 values; expected 2")
        );
        let fahrenheit = text.replace("\\u00b0C", "\\u00b0F");
        assert!(
            read(&fahrenheit, GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .contains("expected `°C`")
        );
        assert!(
            read("{\"hourly\":3", GapPolicy::Hold)
                .unwrap_err()
                .to_string()
                .starts_with("o.json:1")
        );
    }
}
