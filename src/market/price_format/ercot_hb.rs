//! ERCOT hub prices by delivery date and hour ending 1 to 24 in local time, with several prices side by side.
//!
//! The labels are wall-clock hours without an offset. The hour that the clock skips in spring cannot be placed and is
//! dropped with a note; of the hour that stands twice in autumn the file has one row, taken to be the first, so the
//! second is a gap. Empty cells are gaps.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::{SimTime, parse_date};

/// The column that is read where the scenario names none.
const COLUMN: &str = "dam_lmp";

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let (date, hour) = (table.column("delivery_date")?, table.column("hour_ending")?);
    let price = table.column(options.column.unwrap_or(COLUMN))?;
    let (mut rows, mut dropped) = (PriceRows::default(), Vec::new());
    while let Some(row) = table.next_row()? {
        match instant(&row, date, hour, options)? {
            Some(time) => rows.push(time, row.line, row.optional_number(price)?),
            None => dropped.push(row.line),
        }
    }
    if !dropped.is_empty() {
        let lines: Vec<String> = dropped.iter().take(5).map(ToString::to_string).collect();
        rows.notes.push(format!(
            "`{}`: {} rows name an hour that the clock skips and were dropped (lines {})",
            options.file,
            dropped.len(),
            lines.join(", ")
        ));
    }
    Ok(rows)
}

/// The beginning of a delivery hour; `None` for one that the clock skips.
fn instant(
    row: &Row<'_>,
    date: usize,
    hour: usize,
    options: &PriceReadOptions<'_>,
) -> Result<Option<SimTime>, ReadError> {
    let day = parse_date(row.text(date)).ok_or_else(|| {
        row.fail(
            date,
            format!("expected a date such as `2024-01-31`, found `{}`", row.text(date)),
        )
    })?;
    let Ok(ending @ 1..=24) = row.text(hour).parse::<i8>() else {
        return Err(row.fail(
            hour,
            format!("expected an hour from 1 to 24, found `{}`", row.text(hour)),
        ));
    };
    let civil = day.to_datetime(jiff::civil::Time::constant(ending - 1, 0, 0, 0));
    Ok(match options.zone.occurrences(civil) {
        0 => None,
        _ => options.zone.instant(civil),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::GapPolicy;
    use crate::market::price_format::{PriceFormat, PriceSeries};
    use crate::time::Calendar;

    fn read_column(text: &str, column: &str, gaps: GapPolicy) -> Result<PriceSeries, ReadError> {
        let zone = Calendar::of_zone("America/Chicago").unwrap();
        let options = PriceReadOptions {
            file: "hb.csv",
            zone: &zone,
            column: Some(column),
            gaps,
            usd_per_unit: None,
        };
        PriceFormat::ErcotHb.read(text.as_bytes(), &options)
    }

    fn day(date: &str, skip: &[i8]) -> String {
        let hours = (1..=24).filter(|h| !skip.contains(h));
        hours.fold(String::new(), |text, h| {
            text + &format!("{date},{h},{h}.5,{h}.25\n")
        })
    }
    const HEADER: &str = "delivery_date,hour_ending,dam_lmp,rtm_lmp\n";

    #[test]
    fn the_skipped_hour_is_dropped_and_the_doubled_one_leaves_a_gap() {
        let spring = HEADER.to_owned() + &day("2024-03-10", &[]);
        let series = read_column(&spring, "rtm_lmp", GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.values().len(), 23);
        assert_eq!(series.hourly.values()[..3], [1.25, 2.25, 4.25]);
        assert!(
            series.repairs.notes[0].contains("lines 4"),
            "{:?}",
            series.repairs
        );
        let autumn = HEADER.to_owned() + &day("2024-11-03", &[]);
        let error = read_column(&autumn, "dam_lmp", GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2024-11-03T07:00:00Z to 2024-11-03T08:00:00Z (1 steps)"),
            "{error}"
        );
        let held = read_column(&autumn, "dam_lmp", GapPolicy::Hold).unwrap();
        assert_eq!(held.hourly.values().len(), 25);
        assert_eq!(held.hourly.values()[..4], [1.5, 2.5, 2.5, 3.5]);
    }

    #[test]
    fn an_unknown_column_an_hour_zero_and_missing_days_are_refused() {
        let text = HEADER.to_owned() + &day("2024-01-01", &[]) + &day("2024-01-03", &[]);
        let error = read_column(&text, "rtm_lpm", GapPolicy::Hold).unwrap_err();
        assert!(error.help.unwrap().contains("rtm_lmp"));
        let gap = read_column(&text, "dam_lmp", GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            gap.starts_with("hb.csv:25: no value from 2024-01-02T06:00:00Z"),
            "{gap}"
        );
        let zero = text.replace("2024-01-01,7,", "2024-01-01,0,");
        let error = read_column(&zero, "dam_lmp", GapPolicy::Hold)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("hb.csv:8, column 2 (`hour_ending`): expected an hour from 1 to 24"),
            "{error}"
        );
    }
}
