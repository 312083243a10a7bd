//! The tool's own weather file: `start_utc,dry_bulb_c,relative_humidity[,wet_bulb_c,pressure_pa]`.

use std::io::Read;

use super::{Air, WeatherReadOptions, WeatherRows};
use crate::cooling::psychrometrics::standard_pressure;
use crate::ingest::{CsvRows, ReadError};
use crate::time::Calendar;

pub(super) fn read(input: impl Read, options: &WeatherReadOptions<'_>) -> Result<WeatherRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let [time, dry, rh] = [
        table.column("start_utc")?,
        table.column("dry_bulb_c")?,
        table.column("relative_humidity")?,
    ];
    let (wet, pressure) = (table.find("wet_bulb_c"), table.find("pressure_pa"));
    let standard_pa = standard_pressure(options.elevation_m.unwrap_or(0.0)).as_pa();
    let (utc, mut rows) = (Calendar::utc(), WeatherRows::default());
    while let Some(row) = table.next_row()? {
        let optional = |column: Option<usize>| column.map_or(Ok(None), |c| row.optional_number(c));
        let (wet_bulb_c, pressure_pa) = (optional(wet)?, optional(pressure)?.unwrap_or(standard_pa));
        let both = row.optional_number(dry)?.zip(row.optional_number(rh)?);
        let air = both.map(|(dry_bulb_c, relative_humidity)| Air {
            dry_bulb_c,
            relative_humidity,
            wet_bulb_c,
            pressure_pa,
        });
        rows.push(row.instant(time, &utc)?, row.line, air);
    }
    if pressure.is_none() {
        rows.notes.push(format!(
            "`{}`: no pressure; the standard atmosphere's {standard_pa:.0} Pa is taken",
            options.file
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::{WeatherFormat, WeatherReadOptions};
    use crate::ingest::GapPolicy;

    fn options(gaps: GapPolicy) -> WeatherReadOptions<'static> {
        WeatherReadOptions {
            file: "w.csv",
            gaps,
            year: 2026,
            elevation_m: Some(250.0),
        }
    }

    #[test]
    fn wet_bulb_and_pressure_are_worked_out_where_the_file_has_none() {
        let text = "start_utc,dry_bulb_c,relative_humidity\n2026-07-01T00:00:00Z,30,0.4\n2026-07-01T01:00:00Z,25,0.4\n";
        let series = WeatherFormat::Native
            .read(text.as_bytes(), &options(GapPolicy::Refuse))
            .unwrap();
        assert!((series.hours[0].pressure_pa - 98_357.52).abs() < 0.1);
        // PsychroLib 2.5.0 at 98,357.5 Pa: 25 °C and 40 % give a wet bulb of 16.1151 °C.
        assert!(
            (series.hours[1].wet_bulb_c - 16.1151).abs() < 0.002,
            "{:?}",
            series.hours[1]
        );
        assert!(series.repairs.notes[0].contains("98358 Pa"));
    }

    #[test]
    fn humidity_in_percent_is_refused_by_line() {
        let text = "start_utc,dry_bulb_c,relative_humidity\n2026-07-01T00:00:00Z,30,40\n";
        let error = WeatherFormat::Native
            .read(text.as_bytes(), &options(GapPolicy::Hold))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "w.csv:2: a relative humidity of 40; expected 0 to 1");
    }
}
