//! The tool's own bitcoin file: `date,btc_usd,difficulty,fees_btc`.

use std::io::Read;

use super::{BitcoinRows, NetworkDay, above_zero, at_least_zero, midnight};
use crate::ingest::{CsvRows, ReadError};

pub(super) fn read(file: &str, input: impl Read) -> Result<BitcoinRows, ReadError> {
    let mut table = CsvRows::open(file, input)?;
    let [date, price, difficulty, fees] = [
        table.column("date")?,
        table.column("btc_usd")?,
        table.column("difficulty")?,
        table.column("fees_btc")?,
    ];
    let mut rows = BitcoinRows::default();
    while let Some(row) = table.next_row()? {
        let fees_btc = at_least_zero(&row, fees)?;
        let day = above_zero(&row, price)?.zip(above_zero(&row, difficulty)?);
        let day = day.map(|(btc_usd, difficulty)| NetworkDay {
            btc_usd,
            difficulty,
            fees_btc,
        });
        rows.push(midnight(&row, date)?, row.line, day);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::BitcoinFormat;
    use crate::ingest::GapPolicy;

    #[test]
    fn fees_may_be_missing_but_never_become_zero() {
        let text =
            "date,btc_usd,difficulty,fees_btc\n2023-01-01,16500,3.5e13,20.5\n2023-01-02,16600,3.5e13,\n";
        let series = BitcoinFormat::Native
            .read("b.csv", text.as_bytes(), GapPolicy::Refuse)
            .unwrap();
        assert_eq!(series.days[0].fees_btc, Some(20.5));
        assert_eq!(series.days[1].fees_btc, None);
        assert!(series.repairs.notes[0].contains("fees_percent"));
    }

    #[test]
    fn a_price_of_zero_and_a_missing_day_are_refused_by_place() {
        let zero = "date,btc_usd,difficulty,fees_btc\n2023-01-01,0,3.5e13,\n";
        let error = BitcoinFormat::Native
            .read("b.csv", zero.as_bytes(), GapPolicy::Hold)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("b.csv:2, column 2 (`btc_usd`): expected a number above zero"),
            "{error}"
        );
        let gap = "date,btc_usd,difficulty,fees_btc\n2023-01-01,1,1,\n2023-01-03,1,1,\n";
        let error = BitcoinFormat::Native
            .read("b.csv", gap.as_bytes(), GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(error.contains("2023-01-02"), "{error}");
    }
}
