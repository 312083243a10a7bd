//! The weather CSV of the System Advisor Model: a line of keys and a line of values, a line of names, at times a line of
//! units, then hours of local standard time by `Year,Month,Day,Hour[,Minute]`, hours from 0.
//!
//! Hours are stamped at their middle or their beginning, either way within the hour that they name. Latitude, longitude
//! and time zone must be there, as the model itself demands. Columns go by any of their names; humidity comes from the
//! relative humidity, the dew point or the wet bulb, whichever is there first. Steps other than an hour are refused.

use std::io::Read;

use super::typical::{Slot, TypicalYear, whole};
use super::{Air, WeatherReadOptions, WeatherRows, humidity_of_dew_point, whole_hour_calendar};
use crate::cooling::psychrometrics::{relative_humidity_from_wet_bulb, standard_pressure};
use crate::ingest::rows::Lines;
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::Calendar;
use crate::units::{Pressure, Temperature};

/// Names of the columns, as the model accepts them, in lower case without blanks, `_` and what stands in brackets.
const DRY_BULB: &[&str] = &[
    "tdry",
    "drybulb",
    "drybulbtemp",
    "drybulbtemperature",
    "temperature",
    "tempair",
    "airtemperature",
    "ambienttemp",
    "temp",
    "tamb",
];
const WET_BULB: &[&str] = &["twet", "wetbulb", "wetbulbtemp", "wetbulbtemperature"];
const DEW_POINT: &[&str] = &[
    "tdew",
    "dewpoint",
    "dewpointtemp",
    "dewpointtemperature",
    "tdewpoint",
];
const HUMIDITY: &[&str] = &["rh", "rhum", "relativehumidity", "humidity"];
const PRESSURE: &[&str] = &[
    "pres",
    "pressure",
    "press",
    "surfacepressure",
    "atmosphericpressure",
];

/// Where each field stands.
struct Columns {
    month: usize,
    day: usize,
    hour: usize,
    minute: Option<usize>,
    dry_bulb: usize,
    humidity: Option<usize>,
    dew_point: Option<usize>,
    wet_bulb: Option<usize>,
    pressure: Option<usize>,
}

/// The first two lines.
struct Site {
    calendar: Calendar,
    elevation_m: Option<f64>,
    has_units: bool,
}

pub(super) fn read(input: impl Read, options: &WeatherReadOptions<'_>) -> Result<WeatherRows, ReadError> {
    let mut lines = Lines::new(options.file, input);
    let mut rows = WeatherRows::default();
    let site = site(&mut lines, options, &mut rows.notes)?;
    let names = fields(&mut lines, options.file, "names of the columns")?;
    let columns = columns(&names, options.file)?;
    if site.has_units {
        let units = fields(&mut lines, options.file, "units of the columns")?;
        check_units(&names, &units, &columns, options.file)?;
    }
    let elevation_m = options.elevation_m.or(site.elevation_m);
    let standard_pa = standard_pressure(elevation_m.unwrap_or(0.0)).as_pa();
    if columns.pressure.is_none() {
        rows.notes.push(format!(
            "`{}`: no pressure; the standard atmosphere's {standard_pa:.0} Pa is taken",
            options.file
        ));
    }
    let mut table = CsvRows::headless(lines, names);
    let mut year = TypicalYear::new();
    let mut minute = None;
    while let Some(row) = table.next_row()? {
        if let Some(column) = columns.minute {
            let found = whole(&row, column, 0, 59)?;
            if *minute.get_or_insert(found) != found {
                return Err(row.fail(column, "minutes change from row to row: expected one row an hour"));
            }
        }
        let slot = Slot {
            month: whole(&row, columns.month, 1, 12)? - 1,
            day: whole(&row, columns.day, 1, 31)? - 1,
            hour: whole(&row, columns.hour, 0, 23)?,
        };
        let air = air(&row, &columns, standard_pa)?;
        year.put(&row, columns.hour, slot, air)?;
    }
    year.lay(&site.calendar, options, &mut rows)?;
    Ok(rows)
}

fn fields<R: Read>(lines: &mut Lines<R>, file: &str, what: &str) -> Result<Vec<String>, ReadError> {
    let line = lines.line() + 1;
    let text = lines
        .next_line()?
        .ok_or_else(|| ReadError::at_line(file, line, format!("expected the {what}")))?;
    Ok(text
        .split(',')
        .map(|f| f.trim().trim_matches('"').trim().to_owned())
        .collect())
}

/// A name without case, blanks, `_`, `-` and brackets.
fn plain(name: &str) -> String {
    let name = name.split(['(', '[']).next().unwrap_or_default();
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .collect::<String>()
        .to_lowercase()
}

/// Keys and values of the site.
fn site<R: Read>(
    lines: &mut Lines<R>,
    options: &WeatherReadOptions<'_>,
    notes: &mut Vec<String>,
) -> Result<Site, ReadError> {
    let keys = fields(lines, options.file, "keys of the site")?;
    let values = fields(lines, options.file, "values of the site")?;
    let text = |names: &[&str]| {
        let at = keys.iter().position(|key| names.contains(&plain(key).as_str()))?;
        values.get(at).map(String::as_str).filter(|v| !v.is_empty())
    };
    let number = |what: &str, names: &[&str], low: f64, high: f64| match text(names) {
        None => Ok(None),
        Some(value) => match value.parse::<f64>() {
            Ok(v) if (low..=high).contains(&v) => Ok(Some(v)),
            _ => Err(ReadError::at_line(
                options.file,
                2,
                format!("expected {what} from {low} to {high}, found `{value}`"),
            )),
        },
    };
    let needed = |what: &str, names: &[&str], limit: f64| {
        number(what, names, -limit, limit)?.ok_or_else(|| {
            ReadError::at_line(options.file, 1, format!("expected {what}, `{}`", names[0]))
                .with_help("a SAM weather file names its place in the first two lines")
        })
    };
    needed("a latitude", &["lat", "latitude"], 90.0)?;
    needed("a longitude", &["lon", "lng", "long", "longitude"], 180.0)?;
    let zone = needed("a time zone", &["tz", "timezone", "localtimezone"], 15.0)?;
    let elevation_m = number(
        "an elevation",
        &["elev", "elevation", "siteelevation"],
        -500.0,
        6_000.0,
    )?;
    if let Some(step) = number("a step", &["step"], 1.0, 86_400.0)?
        && step != 3_600.0
    {
        return Err(ReadError::at_line(
            options.file,
            2,
            format!("has steps of {step} s; expected hours"),
        ));
    }
    let has_units = text(&["hasunits"]).is_some_and(|v| matches!(v, "1" | "yes" | "true"));
    let calendar = whole_hour_calendar(options.file, zone * 3_600.0, notes)
        .ok_or_else(|| ReadError::at_line(options.file, 2, "expected hours from UTC in `tz`"))?;
    Ok(Site {
        calendar,
        elevation_m,
        has_units,
    })
}

fn columns(names: &[String], file: &str) -> Result<Columns, ReadError> {
    let find = |known: &[&str]| {
        names
            .iter()
            .position(|name| known.contains(&plain(name).as_str()))
    };
    let needed = |what: &str, known: &[&str]| {
        find(known).ok_or_else(|| {
            ReadError::at_line(
                file,
                3,
                format!("expected a column of {what}, such as `{}`", known[0]),
            )
        })
    };
    let columns = Columns {
        month: needed("months", &["month"])?,
        day: needed("days", &["day"])?,
        hour: needed("hours", &["hour"])?,
        minute: find(&["minute"]),
        dry_bulb: needed("dry bulbs", DRY_BULB)?,
        humidity: find(HUMIDITY),
        dew_point: find(DEW_POINT),
        wet_bulb: find(WET_BULB),
        pressure: find(PRESSURE),
    };
    if columns
        .humidity
        .or(columns.dew_point)
        .or(columns.wet_bulb)
        .is_none()
    {
        let message = "expected a column of humidity: `rh`, `tdew` or `twet`";
        return Err(ReadError::at_line(file, 3, message));
    }
    Ok(columns)
}

/// Refuses temperatures that are not in degrees Celsius and pressures that are not in millibar.
fn check_units(names: &[String], units: &[String], columns: &Columns, file: &str) -> Result<(), ReadError> {
    let unit = |column: usize| {
        let text = units.get(column).map_or("", String::as_str).to_lowercase();
        text.trim_start_matches(['°', '\'']).trim().to_owned()
    };
    let wrong = |column: usize, expected: &str| {
        ReadError::at_line(
            file,
            4,
            format!(
                "`{}` is in `{}`; expected {expected}",
                names[column], units[column]
            ),
        )
    };
    for column in [Some(columns.dry_bulb), columns.dew_point, columns.wet_bulb]
        .into_iter()
        .flatten()
    {
        if !matches!(unit(column).as_str(), "" | "c" | "degc" | "deg c" | "celsius") {
            return Err(wrong(column, "degrees Celsius"));
        }
    }
    let pressure = columns
        .pressure
        .filter(|c| !matches!(unit(*c).as_str(), "" | "mbar" | "millibar" | "hpa"));
    match pressure {
        Some(column) => Err(wrong(column, "millibar")),
        None => Ok(()),
    }
}

/// The air of a row; `None` where temperature or humidity is missing.
fn air(row: &Row<'_>, columns: &Columns, standard_pa: f64) -> Result<Option<Air>, ReadError> {
    // Empty, `nan` or the -999 of some sources.
    let known = |column: usize| -> Result<Option<f64>, ReadError> {
        if row.text(column).eq_ignore_ascii_case("nan") {
            return Ok(None);
        }
        Ok(row.optional_number(column)?.filter(|v| *v > -900.0))
    };
    let optional = |column: Option<usize>| column.map_or(Ok(None), known);
    let Some(dry_bulb_c) = known(columns.dry_bulb)? else {
        return Ok(None);
    };
    let pressure_pa = optional(columns.pressure)?.map_or(standard_pa, |mbar| mbar * 100.0);
    let (humidity, dew_c, wet_c) = (
        optional(columns.humidity)?,
        optional(columns.dew_point)?,
        optional(columns.wet_bulb)?,
    );
    let relative_humidity = match (humidity, dew_c, wet_c) {
        (Some(percent), _, _) => percent / 100.0,
        (None, Some(dew_c), _) => humidity_of_dew_point(dry_bulb_c, dew_c),
        (None, None, Some(wet_c)) if wet_c <= dry_bulb_c + 0.5 => {
            let (dry, wet) = (Temperature::from_c(dry_bulb_c), Temperature::from_c(wet_c));
            relative_humidity_from_wet_bulb(dry, wet, Pressure::from_pa(pressure_pa)).as_fraction()
        }
        (None, None, Some(wet_c)) => {
            let message = format!("a wet bulb of {wet_c} °C at a dry bulb of {dry_bulb_c}");
            return Err(row.fail(columns.wet_bulb.unwrap_or_default(), message));
        }
        (None, None, None) => return Ok(None),
    };
    Ok(Some(Air {
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

    const PLACE: &str = "lat,lon,tz,elev,year,id\n31.95,-102.18,-6,872,2012,x\n";

    /// A leap year, hour by hour; `names` and `row` make the columns after the hour.
    fn file(head: &str, names: &str, row: impl Fn(usize) -> String) -> String {
        let mut text = format!("{head}Year,Month,Day,Hour,{names}\n");
        let start: jiff::civil::Date = "2012-01-01".parse().unwrap();
        for (index, date) in start.series(jiff::ToSpan::day(1)).take(366).enumerate() {
            for hour in 0..24 {
                let (month, day) = (date.month(), date.day());
                writeln!(text, "2012,{month},{day},{hour},{}", row(24 * index + hour)).unwrap();
            }
        }
        text
    }
    fn read(text: &str, year: i16) -> Result<WeatherSeries, ReadError> {
        let options = WeatherReadOptions {
            file: "s.csv",
            gaps: GapPolicy::Refuse,
            year,
            elevation_m: None,
        };
        WeatherFormat::Sam.read(text.as_bytes(), &options)
    }

    #[test]
    fn columns_go_by_any_name_and_the_leap_day_is_left_out_with_its_count() {
        let text = file(PLACE, "Minute,Dry Bulb,RH,Pres", |h| {
            format!("30,{}.5,50,950", h % 24)
        });
        let series = read(&text, 2023).unwrap();
        assert_eq!(
            (series.hours.len(), series.start.to_utc_text().as_str()),
            (8_760, "2023-01-01T06:00:00Z")
        );
        assert_eq!(
            (series.hours[5].dry_bulb_c, series.hours[5].pressure_pa),
            (5.5, 95_000.0)
        );
        assert!(
            series
                .repairs
                .notes
                .iter()
                .any(|n| n.contains("24 hours of 29 February are left out"))
        );
        assert_eq!(read(&text, 2024).unwrap().hours.len(), 8_784);
    }

    #[test]
    fn humidity_comes_from_the_dew_point_or_the_wet_bulb_where_there_is_no_other() {
        let dew = read(&file(PLACE, "temp_air,tdew", |_| "20,20".into()), 2024).unwrap();
        assert!((dew.hours[0].relative_humidity - 1.0).abs() < 1e-9);
        assert!(dew.repairs.notes.iter().any(|n| n.contains("no pressure")));
        // PsychroLib 2.5.0 at 98,357.5 Pa: 25 °C and 40 % have a wet bulb of 16.1151 °C.
        let wet = file(PLACE, "Tdry (C),Twet,pressure", |_| "25,16.1151,983.575".into());
        let wet = read(&wet, 2024).unwrap();
        assert!(
            (wet.hours[0].relative_humidity - 0.4).abs() < 1e-4,
            "{:?}",
            wet.hours[0]
        );
    }

    #[test]
    fn places_units_steps_and_humidity_that_are_missing_or_wrong_are_refused() {
        let refuse = |text: &str| read(text, 2023).unwrap_err().to_string();
        let row = |_| "20,50".to_owned();
        assert!(refuse(&file("lat,lon\n31,-102\n", "tdry,rh", row)).contains("expected a time zone, `tz`"));
        assert!(refuse(&file(PLACE, "tdry,wspd", row)).contains("expected a column of humidity"));
        let stepped = file("lat,lon,tz,step\n31,-102,-6,1800\n", "tdry,rh", row);
        assert!(refuse(&stepped).contains("steps of 1800 s"));
        let head = "lat,lon,tz,hasunits\n31,-102,-6,1\n";
        let text = file(head, "tdry,rh", row).replacen("tdry,rh\n", "tdry,rh\n,,,,F,%\n", 1);
        assert_eq!(
            refuse(&text),
            "s.csv:4: `tdry` is in `F`; expected degrees Celsius"
        );
        let halves = file(PLACE, "minute,tdry,rh", |h| format!("{},20,50", 30 * (h % 2)));
        assert!(refuse(&halves).contains("expected one row an hour"));
        assert!(refuse(&file(PLACE, "tdry,tdew", |_| "20,25".into())).contains("relative humidity of 1.3"));
    }
}
