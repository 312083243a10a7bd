//! Nord Pool prices as published by the electricity price APIs of Sweden, Norway and Denmark:
//! `time_start,time_end,SEK_per_kWh,EUR_per_kWh,EXR`, stamps with their offset, prices per kilowatt-hour.
//!
//! `column` chooses the price; `EUR_per_kWh` by default. Prices become those of a megawatt-hour.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError};
use crate::time::Calendar;

const COLUMN: &str = "EUR_per_kWh";
const KWH_PER_MWH: f64 = 1_000.0;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let name = options.column.unwrap_or(COLUMN);
    let (time, price) = (table.column("time_start")?, table.column(name)?);
    let (utc, mut rows) = (Calendar::utc(), PriceRows::default());
    while let Some(row) = table.next_row()? {
        let text = row.text(time);
        if !text.get(19..).is_some_and(|rest| rest.contains(['+', '-', 'Z'])) {
            let message = format!("expected a time with its offset, found `{}`", super::clip(text));
            return Err(row.fail(time, message));
        }
        let per_kwh = row.optional_number(price)?;
        rows.push(
            row.instant(time, &utc)?,
            row.line,
            per_kwh.map(|price| price * KWH_PER_MWH),
        );
    }
    rows.currency = Some(match name.get(..3) {
        Some("SEK") => "SEK",
        Some("NOK") => "NOK",
        Some("DKK") => "DKK",
        _ => "EUR",
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn prices_of_a_kilowatt_hour_become_those_of_a_megawatt_hour() {
        let text = "time_start,time_end,SEK_per_kWh,EUR_per_kWh,EXR\n\
                    2024-01-01T00:00:00+01:00,2024-01-01T01:00:00+01:00,0.32915,0.02956,11.134982\n\
                    2024-01-01T01:00:00+01:00,2024-01-01T02:00:00+01:00,0.3,0.03,11.134982\n";
        let series = read(PriceFormat::NordPool, text, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2023-12-31T23:00:00Z");
        assert_eq!(series.hourly.values(), [29.56, 30.0]);
        let naive = text.replace("+01:00", "");
        let error = read(PriceFormat::NordPool, &naive, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(error.contains("expected a time with its offset"), "{error}");
    }
}
