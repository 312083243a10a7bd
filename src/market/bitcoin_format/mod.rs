//! Files of daily bitcoin data: one format a file, all to daily price and difficulty.

mod mining_daily;
mod native;

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ingest::{GapPolicy, ReadError, Repairs, Row, Stamp, lay};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

/// How a bitcoin file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BitcoinFormat {
    /// `date,btc_usd,difficulty,fees_btc` (the default); `fees_btc` is the day's total and may be empty.
    #[default]
    Native,
    /// `date,price_usd,hashrate_hs,...,difficulty,...,fees_btc`: public daily charts joined on the date.
    MiningDaily,
}

/// One day of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkDay {
    /// Price, USD.
    pub btc_usd: f64,
    /// Difficulty.
    pub difficulty: f64,
    /// All fees of the day, bitcoin; `None` where the file has none.
    pub fees_btc: Option<f64>,
}

/// A daily series as read.
#[derive(Debug, Clone, PartialEq)]
pub struct BitcoinSeries {
    /// Midnight UTC of the first day.
    pub start: SimTime,
    /// The days in order.
    pub days: Vec<NetworkDay>,
    /// What was repaired or assumed.
    pub repairs: Repairs,
}

impl BitcoinSeries {
    /// The same day over and over, for scenarios without a file and for tests.
    pub fn constant(start: SimTime, days: usize, btc_usd: f64, difficulty: f64) -> Self {
        let day = NetworkDay {
            btc_usd,
            difficulty,
            fees_btc: None,
        };
        Self {
            start,
            days: vec![day; days],
            repairs: Repairs::default(),
        }
    }
}

impl BitcoinFormat {
    /// Reads a file, which messages call `file`.
    pub fn read(self, file: &str, input: impl Read, gaps: GapPolicy) -> Result<BitcoinSeries, ReadError> {
        let rows = match self {
            Self::Native => native::read(file, input),
            Self::MiningDaily => mining_daily::read(file, input),
        }?;
        let laid = lay(file, &rows.stamps, Some(Span::from_seconds(DAY_S)), gaps)?;
        let days = laid.values(&rows.days);
        let mut repairs = laid.repairs;
        repairs.notes.extend(rows.notes);
        if days.iter().any(|d| d.fees_btc.is_none()) {
            repairs.notes.push(format!(
                "`{file}`: days without `fees_btc` take the scenario's `fees_percent`"
            ));
        }
        Ok(BitcoinSeries {
            start: laid.start,
            days,
            repairs,
        })
    }
}

/// Rows as a format's reader leaves them; a missing day has any value.
#[derive(Debug, Default)]
struct BitcoinRows {
    stamps: Vec<Stamp>,
    days: Vec<NetworkDay>,
    notes: Vec<String>,
}

impl BitcoinRows {
    fn push(&mut self, time: SimTime, line: u64, day: Option<NetworkDay>) {
        self.stamps.push(Stamp {
            time,
            line,
            missing: day.is_none(),
        });
        self.days.push(day.unwrap_or(NetworkDay {
            btc_usd: 0.0,
            difficulty: 1.0,
            fees_btc: None,
        }));
    }
}

/// Midnight UTC of a row's date.
fn midnight(row: &Row<'_>, column: usize) -> Result<SimTime, ReadError> {
    let date = parse_date(row.text(column)).and_then(|d| Calendar::utc().start_of(d));
    date.ok_or_else(|| {
        row.fail(
            column,
            format!(
                "expected a date such as `2023-01-31`, found `{}`",
                row.text(column)
            ),
        )
    })
}

/// A number that must be above zero where it is there.
fn above_zero(row: &Row<'_>, column: usize) -> Result<Option<f64>, ReadError> {
    match row.optional_number(column)? {
        Some(value) if value <= 0.0 => {
            Err(row.fail(column, format!("expected a number above zero, found `{value}`")))
        }
        other => Ok(other),
    }
}

/// A number of at least zero where it is there.
fn at_least_zero(row: &Row<'_>, column: usize) -> Result<Option<f64>, ReadError> {
    match row.optional_number(column)? {
        Some(value) if value < 0.0 => Err(row.fail(
            column,
            format!("expected a number of at least zero, found `{value}`"),
        )),
        other => Ok(other),
    }
}
