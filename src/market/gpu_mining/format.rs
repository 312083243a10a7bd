//! The tool's own file of a coin: `date,usd,network_hashrate_th_s,coins_per_day`.

use std::io::Read;

use crate::ingest::{CsvRows, GapPolicy, ReadError, Repairs, Row, Stamp, lay};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

/// The columns, with their units.
pub const COLUMNS: &str = "date,usd,network_hashrate_th_s,coins_per_day (USD a coin, TH/s, coins with fees)";

/// A day of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoinRow {
    /// Price, USD.
    pub usd: f64,
    /// Hashrate of the network, TH/s.
    pub network_th_s: f64,
    /// Coins that all miners earn in the day, fees included.
    pub coins_per_day: f64,
}

/// A coin's days as read.
#[derive(Debug, Clone, PartialEq)]
pub struct CoinSeries {
    /// Midnight UTC of the first day.
    pub start: SimTime,
    /// The days in order.
    pub days: Vec<CoinRow>,
    /// What was repaired.
    pub repairs: Repairs,
}

impl CoinSeries {
    /// Reads a file, which messages call `file`. A row with an empty number is a gap.
    pub fn read(file: &str, input: impl Read, gaps: GapPolicy) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let date = table.column("date")?;
        let numbers = [
            table.column("usd")?,
            table.column("network_hashrate_th_s")?,
            table.column("coins_per_day")?,
        ];
        let (mut stamps, mut rows) = (Vec::new(), Vec::new());
        while let Some(row) = table.next_row()? {
            let [usd, network_th_s, coins_per_day] = [
                above_zero(&row, numbers[0])?,
                above_zero(&row, numbers[1])?,
                above_zero(&row, numbers[2])?,
            ];
            let day = usd.zip(network_th_s).zip(coins_per_day);
            stamps.push(Stamp {
                time: midnight(&row, date)?,
                line: row.line,
                missing: day.is_none(),
            });
            let ((usd, network_th_s), coins_per_day) = day.unwrap_or(((0.0, 0.0), 0.0));
            rows.push(CoinRow {
                usd,
                network_th_s,
                coins_per_day,
            });
        }
        let laid = lay(file, &stamps, Some(Span::from_seconds(DAY_S)), gaps)?;
        let days = laid.values(&rows);
        Ok(Self {
            start: laid.start,
            days,
            repairs: laid.repairs,
        })
    }
}

fn midnight(row: &Row<'_>, column: usize) -> Result<SimTime, ReadError> {
    let text = row.text(column);
    let date = parse_date(text).and_then(|d| Calendar::utc().start_of(d));
    date.ok_or_else(|| {
        row.fail(
            column,
            format!("expected a date such as `2022-09-15`, found `{text}`"),
        )
    })
}

fn above_zero(row: &Row<'_>, column: usize) -> Result<Option<f64>, ReadError> {
    match row.optional_number(column)? {
        Some(value) if value <= 0.0 => {
            Err(row.fail(column, format!("expected a number above zero, found `{value}`")))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "date,usd,network_hashrate_th_s,coins_per_day\n";

    #[test]
    fn a_file_is_read_day_by_day_and_gaps_follow_their_policy() {
        let text = format!("{HEAD}2022-09-13,1580,870,13000\n2022-09-14,,,\n2022-09-15,1470,860,12000\n");
        let refused = CoinSeries::read("e.csv", text.as_bytes(), GapPolicy::Refuse).unwrap_err();
        assert!(refused.to_string().contains("2022-09-14"), "{refused}");
        let held = CoinSeries::read("e.csv", text.as_bytes(), GapPolicy::Hold).unwrap();
        assert_eq!((held.days[1].usd, held.repairs.steps), (1_580.0, 1));
        assert_eq!(held.days[2].coins_per_day, 12_000.0);
    }

    #[test]
    fn numbers_that_cannot_be_are_refused_with_their_place() {
        let text = format!("{HEAD}2022-09-13,1580,0,13000\n");
        let error = CoinSeries::read("e.csv", text.as_bytes(), GapPolicy::Hold).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("e.csv:2, column 3 (`network_hashrate_th_s`): expected a number above zero"),
            "{error}"
        );
        let text = format!("{HEAD}13.9.2022,1580,1,13000\n");
        let error = CoinSeries::read("e.csv", text.as_bytes(), GapPolicy::Hold).unwrap_err();
        assert!(error.to_string().contains("2022-09-15"), "{error}");
    }
}
