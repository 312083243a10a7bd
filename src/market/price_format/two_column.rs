//! Any file of two columns, a time and a price in USD/MWh; naive times are read in the site's zone.
//!
//! A naive hour that the clock skips or shows twice is refused with its line: which one is meant cannot be known.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError};

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    if table.header().len() != 2 {
        let message = format!("expected two columns, found {}", table.header().len());
        return Err(ReadError::at_line(options.file, 1, message));
    }
    let mut rows = PriceRows::default();
    while let Some(row) = table.next_row()? {
        rows.push(row.instant(0, options.zone)?, row.line, row.optional_number(1)?);
    }
    rows.notes.push(format!(
        "`{}`: prices are taken to be per megawatt-hour, in USD unless a rate is given",
        options.file
    ));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn naive_times_take_the_sites_zone_and_ambiguous_ones_are_refused() {
        let text = "when,price\n2024-06-01 00:00,7\n2024-06-01 01:00,8\n";
        let series = read(PriceFormat::TwoColumn, text, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2024-06-01T05:00:00Z");
        let fold = "when,price\n2024-11-03 00:00,7\n2024-11-03 01:00,8\n";
        let error = read(PriceFormat::TwoColumn, fold, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("p.csv:3, column 1"), "{error}");
    }
}
