//! Coin Metrics community data, daily: `date` or `time`, `PriceUSD`, `DiffMean`, `FeeTotNtv` among many others.
//!
//! Later exports name the price `ReferenceRateUSD` and the difficulty `DiffLast`. Fees are the day's total in bitcoin.

use std::io::Read;

use super::{BitcoinRows, Named, any_of};
use crate::ingest::{CsvRows, ReadError};

pub(super) fn read(file: &str, input: impl Read) -> Result<BitcoinRows, ReadError> {
    let table = CsvRows::open(file, input)?;
    let named = Named {
        date: any_of(&table, &["date", "time"])?,
        price: any_of(&table, &["PriceUSD", "ReferenceRateUSD"])?,
        difficulty: any_of(&table, &["DiffMean", "DiffLast"])?,
        fees: table.find("FeeTotNtv"),
    };
    named.read(table)
}

#[cfg(test)]
mod tests {
    use super::super::BitcoinFormat;
    use crate::ingest::GapPolicy;

    #[test]
    fn days_without_a_market_at_both_ends_are_left_out_and_said() {
        let text = "date,DiffMean,FeeTotNtv,PriceUSD\n2009-01-03,0,0,\n2018-01-01,1.9e12,300.5,13000\n\
                    2018-01-02,1.9e12,,14000\n2018-01-03,,,15000\n";
        let series = BitcoinFormat::CoinMetrics
            .read("c.csv", text.as_bytes(), GapPolicy::Refuse)
            .unwrap();
        assert_eq!(
            (
                series.days.len(),
                series.days[0].fees_btc,
                series.days[1].fees_btc
            ),
            (2, Some(300.5), None)
        );
        assert!(series.repairs.notes[0].contains("1 days before the first and 1 after the last"));
        let later = "time,ReferenceRateUSD,DiffLast\n2024-01-01T00:00:00.000000000Z,42000,7.2e13\n";
        let series = BitcoinFormat::CoinMetrics
            .read("c.csv", later.as_bytes(), GapPolicy::Refuse)
            .unwrap();
        assert_eq!(
            (series.start.to_utc_text().as_str(), series.days[0].btc_usd),
            ("2024-01-01T00:00:00Z", 42_000.0)
        );
    }
}
