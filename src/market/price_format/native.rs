//! The tool's own price file: `start_utc,usd_per_mwh`.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError};
use crate::time::Calendar;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let (time, price) = (table.column("start_utc")?, table.column("usd_per_mwh")?);
    let (utc, mut rows) = (Calendar::utc(), PriceRows::default());
    while let Some(row) = table.next_row()? {
        rows.push(row.instant(time, &utc)?, row.line, row.optional_number(price)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn an_empty_value_is_a_gap_and_a_word_is_an_error() {
        let text = "start_utc,usd_per_mwh\n2024-01-01T00:00:00Z,10\n2024-01-01T01:00:00Z,\n2024-01-01T02:00:00Z,-3\n";
        let held = read(PriceFormat::Native, text, GapPolicy::Hold).unwrap();
        assert_eq!(held.hourly.values(), [10.0, 10.0, -3.0]);
        assert_eq!(held.repairs.steps, 1);
        let refused = read(PriceFormat::Native, text, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("2024-01-01T01:00:00Z"), "{refused}");
        let word = text.replace(",-3", ",cheap");
        let error = read(PriceFormat::Native, &word, GapPolicy::Hold)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "p.csv:4, column 2 (`usd_per_mwh`): expected a finite number, found `cheap`"
        );
    }
}
