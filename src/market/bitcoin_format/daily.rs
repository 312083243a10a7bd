//! Any daily table of bitcoin that names a date, a price in USD and a difficulty.
//!
//! Known names: `date`, `Date`, `time`, `timestamp`; `price`, `price_usd`, `btc_usd`, `close`, `Close`; `difficulty`,
//! `Difficulty`, `difficulty_avg`. Fees are read from `fees_btc`, the day's total in bitcoin; fees in dollars or as shares are not.

use std::io::Read;

use super::{BitcoinRows, Named, any_of};
use crate::ingest::{CsvRows, ReadError};

pub(super) fn read(file: &str, input: impl Read) -> Result<BitcoinRows, ReadError> {
    let table = CsvRows::open(file, input)?;
    let named = Named {
        date: any_of(&table, &["date", "Date", "time", "timestamp"])?,
        price: any_of(&table, &["price", "price_usd", "btc_usd", "close", "Close"])?,
        difficulty: any_of(&table, &["difficulty", "Difficulty", "difficulty_avg"])?,
        fees: table.find("fees_btc"),
    };
    named.read(table)
}

#[cfg(test)]
mod tests {
    use super::super::BitcoinFormat;
    use crate::ingest::GapPolicy;

    #[test]
    fn names_of_columns_vary_and_gaps_inside_are_not_filled_in_silence() {
        let text = "date,price,hashrate,difficulty\n2020-01-01,7200,1e20,1.3e13\n2020-01-02,,1e20,1.3e13\n2020-01-03,7300,1e20,1.3e13\n";
        let read = |gaps| BitcoinFormat::Daily.read("d.csv", text.as_bytes(), gaps);
        assert!(
            read(GapPolicy::Refuse)
                .unwrap_err()
                .to_string()
                .contains("2020-01-02")
        );
        assert_eq!(read(GapPolicy::Hold).unwrap().days[1].btc_usd, 7_200.0);
        let error = BitcoinFormat::Daily
            .read("d.csv", "date,prise,difficulty\n".as_bytes(), GapPolicy::Hold)
            .unwrap_err();
        assert!(error.to_string().contains("expected a column `price`"), "{error}");
    }
}
