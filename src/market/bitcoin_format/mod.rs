//! Files of daily bitcoin data: one format a file, all to daily price and difficulty.

mod coin_metrics;
mod daily;
mod mining_daily;
mod native;

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ingest::{CsvRows, GapPolicy, ReadError, Repairs, Row, Stamp, lay};
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
    /// Coin Metrics daily metrics: `date` or `time`, `PriceUSD`, `DiffMean`, `FeeTotNtv`.
    CoinMetrics,
    /// Any daily table with a date, a price, a difficulty and, where it has them, fees in bitcoin.
    Daily,
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
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Native, Self::MiningDaily, Self::CoinMetrics, Self::Daily];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::MiningDaily => "mining_daily",
            Self::CoinMetrics => "coin_metrics",
            Self::Daily => "daily",
        }
    }
    /// The columns that a file of this format holds, with their units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Native => "date,btc_usd,difficulty,fees_btc",
            Self::MiningDaily => {
                "date,price_usd,hashrate_hs,...,difficulty,...,fees_btc (USD, H/s, BTC a day)"
            }
            Self::CoinMetrics => {
                "date or time,PriceUSD or ReferenceRateUSD,DiffMean or DiffLast[,FeeTotNtv] (USD, BTC a day)"
            }
            Self::Daily => "date,price,difficulty[,fees_btc] (USD, BTC a day)",
        }
    }
    /// Reads a file, which messages call `file`.
    pub fn read(self, file: &str, input: impl Read, gaps: GapPolicy) -> Result<BitcoinSeries, ReadError> {
        let rows = match self {
            Self::Native => native::read(file, input),
            Self::MiningDaily => mining_daily::read(file, input),
            Self::CoinMetrics => coin_metrics::read(file, input),
            Self::Daily => daily::read(file, input),
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

/// The columns of a daily table, each under the first of its names that the header has.
struct Named {
    date: usize,
    price: usize,
    difficulty: usize,
    fees: Option<usize>,
}

impl Named {
    /// Rows of which price and difficulty are known; days before the first and after the last such day are left
    /// out, for markets and exports begin and end on different days.
    fn read<R: Read>(&self, mut table: CsvRows<R>) -> Result<BitcoinRows, ReadError> {
        let (mut rows, mut begun, mut early) = (BitcoinRows::default(), false, 0_usize);
        while let Some(row) = table.next_row()? {
            let price = above_zero_or_none(&row, self.price)?;
            let day = price.zip(above_zero_or_none(&row, self.difficulty)?);
            begun |= day.is_some();
            if !begun {
                early += 1;
                continue;
            }
            let fees_btc = self.fees.map_or(Ok(None), |column| at_least_zero(&row, column))?;
            let day = day.map(|(btc_usd, difficulty)| NetworkDay {
                btc_usd,
                difficulty,
                fees_btc,
            });
            rows.push(midnight(&row, self.date)?, row.line, day);
        }
        let known = rows
            .stamps
            .iter()
            .rposition(|stamp| !stamp.missing)
            .map_or(0, |last| last + 1);
        let late = rows.stamps.len() - known;
        rows.stamps.truncate(known);
        rows.days.truncate(known);
        if early + late > 0 {
            rows.notes.push(format!(
                "{early} days before the first and {late} after the last with price and difficulty were left out"
            ));
        }
        Ok(rows)
    }
}

/// The first of several names that a header has, or an error about the first.
fn any_of<R: Read>(table: &CsvRows<R>, names: &[&str]) -> Result<usize, ReadError> {
    let found = names.iter().find_map(|name| table.find(name));
    found.map_or_else(|| table.column(names[0]), Ok)
}

/// A number above zero; nothing and zero are days without a market.
fn above_zero_or_none(row: &Row<'_>, column: usize) -> Result<Option<f64>, ReadError> {
    Ok(at_least_zero(row, column)?.filter(|value| *value > 0.0))
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
    // Exports write midnight behind the date.
    let text = row.text(column);
    let date = text
        .get(..10)
        .filter(|_| text.len() == 10 || text.get(11..16) == Some("00:00"));
    let date = date
        .and_then(parse_date)
        .and_then(|d| Calendar::utc().start_of(d));
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
