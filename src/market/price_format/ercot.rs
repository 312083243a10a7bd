//! ERCOT day-ahead settlement prices with offset-aware local stamps: `Datetime,Price (USD/MWh)`.
//!
//! The offset makes both clock changes unambiguous: the skipped hour is not there, the doubled one stands twice
//! with different offsets.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, parse_instant};
use crate::time::Calendar;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let (time, price) = (table.column("Datetime")?, table.column("Price (USD/MWh)")?);
    let mut rows = PriceRows::default();
    while let Some(row) = table.next_row()? {
        let text = row.text(time);
        // A naive stamp would be read in some zone; here the offset must be said.
        let aware = text.get(19..).is_some_and(|rest| rest.contains(['+', '-', 'Z']));
        let instant = if aware {
            parse_instant(text, &Calendar::utc())
        } else {
            None
        };
        let instant = instant.ok_or_else(|| {
            row.fail(time, format!("expected a local time with its offset such as `2023-01-01 00:00:00-06:00`, found `{text}`"))
        })?;
        rows.push(instant, row.line, row.optional_number(price)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    const HEADER: &str = "Datetime,Price (USD/MWh)\n";

    #[test]
    fn both_clock_changes_give_an_unbroken_series() {
        let spring = format!("{HEADER}2023-03-12 01:00:00-06:00,19.06\n2023-03-12 03:00:00-05:00,16.91\n");
        let series = read(PriceFormat::Ercot, &spring, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.values(), [19.06, 16.91]);
        let autumn = format!("{HEADER}2023-11-05 01:00:00-05:00,22.49\n2023-11-05 01:00:00-06:00,25.61\n");
        let series = read(PriceFormat::Ercot, &autumn, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2023-11-05T06:00:00Z");
        assert_eq!(series.hourly.values(), [22.49, 25.61]);
    }

    #[test]
    fn a_stamp_without_an_offset_is_refused_by_place() {
        let naive = format!("{HEADER}2023-03-12 01:00:00,19.06\n");
        let error = read(PriceFormat::Ercot, &naive, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("p.csv:2, column 1 (`Datetime`): expected a local time with its offset"),
            "{error}"
        );
        // Text whose bytes do not split at the offset's place must not panic either.
        let odd = format!("{HEADER}2023-03-12 01:00:0éé-06:00,19.06\n");
        assert!(read(PriceFormat::Ercot, &odd, GapPolicy::Refuse).is_err());
    }
}
