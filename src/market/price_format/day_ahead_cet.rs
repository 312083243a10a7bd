//! Day-ahead prices of European zones by the wall clock: `Datetime,Price (EUR/MWh)`, naive Central European labels.
//!
//! Such tables (made of RTE's and ENTSO-E's publications, for Great Britain too) have 24 rows every day, so that one
//! is invented in March and one stands for two hours in October.

use std::io::Read;

use jiff::civil::DateTime;

use super::wall::WallRows;
use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError};
use crate::time::Calendar;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let zone = Calendar::of_zone("Europe/Brussels").expect("the bundled zone database has Brussels");
    let mut table = CsvRows::open(options.file, input)?;
    let (time, price) = (table.column("Datetime")?, table.column("Price (EUR/MWh)")?);
    let mut rows = WallRows::new(&zone);
    while let Some(row) = table.next_row()? {
        let text = row.text(time);
        // A longer text would carry an offset, which this table does not have.
        let civil: Option<DateTime> = text.parse().ok().filter(|_| text.len() <= 19);
        let Some(civil) = civil.filter(|civil| (1900..=2200).contains(&civil.year())) else {
            let message = format!(
                "expected a time such as `2023-01-01 00:00:00`, found `{}`",
                super::clip(text)
            );
            return Err(row.fail(time, message));
        };
        rows.push(civil, row.line, row.optional_number(price)?);
    }
    let mut rows = rows.finish(options.file);
    rows.notes.push(format!(
        "`{}`: labels are hours of Central European wall clocks",
        options.file
    ));
    rows.currency = Some("EUR");
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn the_invented_hour_is_dropped_and_the_shared_one_stands_for_two() {
        let rows = |date: &str| {
            (0..5).fold("Datetime,Price (EUR/MWh)\n".to_owned(), |text, h| {
                text + &format!("{date} {h:02}:00:00,{h}\n")
            })
        };
        let spring = read(PriceFormat::DayAheadCet, &rows("2023-03-26"), GapPolicy::Refuse).unwrap();
        assert_eq!(spring.hourly.values(), [0.0, 1.0, 3.0, 4.0]);
        let autumn = read(PriceFormat::DayAheadCet, &rows("2023-10-29"), GapPolicy::Refuse).unwrap();
        assert_eq!(autumn.hourly.values(), [0.0, 1.0, 2.0, 2.0, 3.0, 4.0]);
    }
}
