//! Public daily charts joined on the date: price, hashrate and, for later years, difficulty.
//!
//! Where `difficulty` is empty it is derived from the trailing seven-day mean of `hashrate_hs`, because a day's
//! hashrate is estimated from its number of blocks and so jumps by a tenth. `fees_btc` may be empty throughout:
//! missing, never zero. `subsidy_btc` is a day's total and is not read; the protocol says the subsidy of a block.

use std::collections::VecDeque;
use std::io::Read;

use super::{BitcoinRows, NetworkDay, above_zero, at_least_zero, midnight};
use crate::ingest::{CsvRows, ReadError};
use crate::market::bitcoin::difficulty_of_hashrate;

/// Days over which hashrate is averaged.
const DAYS: usize = 7;

pub(super) fn read(file: &str, input: impl Read) -> Result<BitcoinRows, ReadError> {
    let mut table = CsvRows::open(file, input)?;
    let [date, price, hashrate] = [
        table.column("date")?,
        table.column("price_usd")?,
        table.column("hashrate_hs")?,
    ];
    let [difficulty, fees] = [table.column("difficulty")?, table.column("fees_btc")?];
    let (mut rows, mut week, mut derived) =
        (BitcoinRows::default(), VecDeque::with_capacity(DAYS + 1), 0_usize);
    while let Some(row) = table.next_row()? {
        if let Some(hashes) = above_zero(&row, hashrate)? {
            week.push_back(hashes);
        }
        if week.len() > DAYS {
            week.pop_front();
        }
        let given = above_zero(&row, difficulty)?;
        let mean = (!week.is_empty()).then(|| week.iter().sum::<f64>() / week.len() as f64);
        derived += usize::from(given.is_none());
        let found = given.or_else(|| mean.map(difficulty_of_hashrate));
        let fees_btc = at_least_zero(&row, fees)?;
        let day = above_zero(&row, price)?.zip(found);
        let day = day.map(|(btc_usd, difficulty)| NetworkDay {
            btc_usd,
            difficulty,
            fees_btc,
        });
        rows.push(midnight(&row, date)?, row.line, day);
    }
    if derived > 0 {
        rows.notes.push(format!(
            "`{file}`: the difficulty of {derived} days is derived from the seven-day mean hashrate"
        ));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::BitcoinFormat;
    use super::difficulty_of_hashrate;
    use crate::ingest::GapPolicy;

    const HEADER: &str = "date,price_usd,hashrate_hs,block_minutes,difficulty,fees_btc\n";

    #[test]
    fn difficulty_is_derived_from_the_weeks_hashrate_where_it_is_missing() {
        let mut text = HEADER.to_owned();
        for day in 1..=9 {
            writeln!(
                text,
                "2020-04-{day:02},7000,{}e20,9,,",
                if day < 3 { 9 } else { 1 }
            )
            .unwrap();
        }
        text += "2020-04-10,7000,9e20,9,14715214060657.0,\n";
        let series = BitcoinFormat::MiningDaily
            .read("m.csv", text.as_bytes(), GapPolicy::Refuse)
            .unwrap();
        let derived = series.days[8].difficulty / difficulty_of_hashrate(1e20);
        assert!((derived - 1.0).abs() < 1e-12, "{derived}");
        assert_eq!(series.days[9].difficulty, 14_715_214_060_657.0);
        assert!(series.repairs.notes[0].contains("9 days"));
    }

    #[test]
    fn a_day_without_a_price_is_a_gap() {
        let text = format!(
            "{HEADER}2020-04-11,7000,1e20,9,1e13,\n2020-04-12,,1e20,9,1e13,\n2020-04-13,7100,1e20,9,1e13,\n"
        );
        let read = |gaps| BitcoinFormat::MiningDaily.read("m.csv", text.as_bytes(), gaps);
        assert!(
            read(GapPolicy::Refuse)
                .unwrap_err()
                .to_string()
                .contains("2020-04-12")
        );
        let held = read(GapPolicy::Hold).unwrap();
        assert_eq!((held.days[1].btc_usd, held.repairs.steps), (7_000.0, 1));
    }
}
