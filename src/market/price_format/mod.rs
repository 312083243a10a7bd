//! Files of power prices: one format a file, all to one regular series in USD/MWh.

mod day_ahead_cet;
mod entsoe;
mod epex;
mod ercot;
mod ercot_hb;
mod ercot_spp;
mod native;
mod nord_pool;
mod pjm;
mod two_column;
mod wall;

use std::io::Read;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ingest::{GapPolicy, Laid, ReadError, Repairs, Stamp, lay};
use crate::series::Regular;
use crate::time::{Calendar, HOUR_S, SimTime, Span};

/// The lowest and highest price that is believed, in USD/MWh; beyond it the file is in another unit.
const BELIEVED_USD_PER_MWH: f64 = 100_000.0;

/// How a price file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceFormat {
    /// `start_utc,usd_per_mwh`, any step that divides an hour (the default).
    #[default]
    Native,
    /// ERCOT day-ahead with offset-aware local stamps: `Datetime,Price (USD/MWh)`.
    Ercot,
    /// ERCOT hub prices by `delivery_date,hour_ending` 1 to 24 in local time; `column` chooses the price.
    ErcotHb,
    /// ERCOT reports of settlement point prices, day-ahead or real-time; `column` names the settlement point.
    ErcotSpp,
    /// EPEX day-ahead, one row a day with a column for each hour or quarter hour, Central European labels.
    Epex,
    /// Day-ahead prices `Datetime,Price (EUR/MWh)` by naive Central European labels.
    DayAheadCet,
    /// ENTSO-E Transparency Platform exports: `MTU (CET/CEST)` or `MTU (UTC)`, `Day-ahead Price`.
    Entsoe,
    /// Nord Pool by kilowatt-hour: `time_start,time_end,SEK_per_kWh,EUR_per_kWh,EXR`; `column` chooses the price.
    NordPool,
    /// PJM Data Miner exports, or `Datetime,Price (USD/MWh)` with naive stamps in UTC.
    Pjm,
    /// Two columns, a time and a price, whatever their names; naive times are read in the site's zone.
    TwoColumn,
}

/// What a reader needs to know besides the bytes.
#[derive(Debug, Clone)]
pub struct PriceReadOptions<'a> {
    /// The file as messages name it.
    pub file: &'a str,
    /// The zone of naive stamps.
    pub zone: &'a Calendar,
    /// The column to read, for formats with several prices.
    pub column: Option<&'a str>,
    /// What to do with gaps.
    pub gaps: GapPolicy,
    /// What one unit of the file's currency is worth in USD, where it is not USD.
    pub usd_per_unit: Option<f64>,
}

/// A price series as read.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceSeries {
    /// Hourly means in USD/MWh on whole UTC hours.
    pub hourly: Regular,
    /// The series at its own step.
    pub native: Regular,
    /// What was repaired or assumed.
    pub repairs: Repairs,
}

impl PriceFormat {
    /// All formats.
    pub const ALL: [Self; 10] = [
        Self::Native,
        Self::Ercot,
        Self::ErcotHb,
        Self::ErcotSpp,
        Self::Epex,
        Self::DayAheadCet,
        Self::Entsoe,
        Self::NordPool,
        Self::Pjm,
        Self::TwoColumn,
    ];
    /// The word used in files and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Ercot => "ercot",
            Self::ErcotHb => "ercot_hb",
            Self::ErcotSpp => "ercot_spp",
            Self::Epex => "epex",
            Self::DayAheadCet => "day_ahead_cet",
            Self::Entsoe => "entsoe",
            Self::NordPool => "nord_pool",
            Self::Pjm => "pjm",
            Self::TwoColumn => "two_column",
        }
    }
    /// The columns that a file of this format holds, with their units.
    pub const fn columns(self) -> &'static str {
        match self {
            Self::Native => "start_utc,usd_per_mwh",
            Self::Ercot => "Datetime,Price (USD/MWh): local stamps with their offset",
            Self::ErcotHb => "delivery_date,hour_ending,dam_lmp,rtm_lmp,... (USD/MWh, --column, --zone)",
            Self::ErcotSpp => {
                "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag (USD/MWh, --column)"
            }
            Self::Epex => "Date,00-01,...,23-00 or 00:00-00:15,... (EUR/MWh, GBP/MWh for Great Britain)",
            Self::DayAheadCet => "Datetime,Price (EUR/MWh): naive Central European labels",
            Self::Entsoe => {
                "MTU (CET/CEST) or MTU (UTC),Day-ahead Price,... (EUR/MWh, --column names area or sequence)"
            }
            Self::NordPool => "time_start,time_end,SEK_per_kWh,EUR_per_kWh,EXR (per kWh, --column)",
            Self::Pjm => "datetime_beginning_utc,...,total_lmp_da, or Datetime,Price (USD/MWh) in UTC",
            Self::TwoColumn => "a time and a price (USD/MWh or another currency, --zone)",
        }
    }
    /// The zone in which a file of this format has its naive stamps, where the caller knows no better.
    pub const fn zone(self) -> &'static str {
        match self {
            Self::ErcotHb => "America/Chicago",
            _ => "UTC",
        }
    }
    /// Reads a file.
    pub fn read(self, input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceSeries, ReadError> {
        let rows = match self {
            Self::Native => native::read(input, options),
            Self::Ercot => ercot::read(input, options),
            Self::ErcotHb => ercot_hb::read(input, options),
            Self::ErcotSpp => ercot_spp::read(input, options),
            Self::Epex => epex::read(input, options),
            Self::DayAheadCet => day_ahead_cet::read(input, options),
            Self::Entsoe => entsoe::read(input, options),
            Self::NordPool => nord_pool::read(input, options),
            Self::Pjm => pjm::read(input, options),
            Self::TwoColumn => two_column::read(input, options),
        }?;
        rows.into_series(options)
    }
}

/// Rows as a format's reader leaves them.
#[derive(Debug, Default)]
struct PriceRows {
    stamps: Vec<Stamp>,
    /// Prices in the file's currency until they are converted.
    usd_per_mwh: Vec<f64>,
    notes: Vec<String>,
    /// The file's currency, where it is not USD.
    currency: Option<&'static str>,
}

impl PriceRows {
    fn push(&mut self, time: SimTime, line: u64, usd_per_mwh: Option<f64>) {
        self.stamps.push(Stamp {
            time,
            line,
            missing: usd_per_mwh.is_none(),
        });
        self.usd_per_mwh.push(usd_per_mwh.unwrap_or(0.0));
    }

    /// To USD, at the stated rate; without one the amounts stay, and a note says so.
    fn convert(&mut self, options: &PriceReadOptions<'_>) {
        let currency = self.currency.unwrap_or("USD");
        let note = match options.usd_per_unit {
            Some(rate) => {
                for price in &mut self.usd_per_mwh {
                    *price *= rate;
                }
                format!("amounts in {currency} are converted at {rate} USD")
            }
            None if self.currency.is_some() => {
                format!(
                    "amounts are {currency} and are not converted: one is taken for 1 USD until `usd_per_unit` is given"
                )
            }
            None => return,
        };
        self.notes.push(format!("`{}`: {note}", options.file));
    }

    fn into_series(mut self, options: &PriceReadOptions<'_>) -> Result<PriceSeries, ReadError> {
        let file = options.file;
        self.convert(options);
        if let Some(index) = self
            .usd_per_mwh
            .iter()
            .position(|p| p.abs() > BELIEVED_USD_PER_MWH)
        {
            let message = format!(
                "`{}` USD/MWh is not believed; expected at most 100000",
                self.usd_per_mwh[index]
            );
            return Err(ReadError::at_line(file, self.stamps[index].line, message));
        }
        let laid = lay(file, &self.stamps, None, options.gaps)?;
        let step = laid.step.as_seconds();
        if HOUR_S % step != 0 {
            let message = format!("has a step of {step} s; expected an hour or a whole part of it");
            return Err(ReadError::of_file(file, message));
        }
        if laid.start.as_unix_s() % step != 0 {
            let message = format!(
                "begins at {}; expected whole UTC hours or steps of them",
                laid.start
            );
            return Err(ReadError::of_file(file, message));
        }
        let native = Regular::new(laid.start, laid.step, laid.values(&self.usd_per_mwh));
        let hourly = hourly_means(&native).ok_or_else(|| ReadError::of_file(file, "covers no whole hour"))?;
        let Laid { mut repairs, .. } = laid;
        repairs.notes.extend(self.notes);
        Ok(PriceSeries {
            hourly,
            native,
            repairs,
        })
    }
}

/// The beginning of a text, for messages.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Means of the whole UTC hours that a series covers; `None` where it covers none.
fn hourly_means(series: &Regular) -> Option<Regular> {
    let per_hour = (HOUR_S / series.step().as_seconds()) as usize;
    let start = series.start().as_unix_s();
    let first = (start + HOUR_S - 1).div_euclid(HOUR_S) * HOUR_S;
    let skip = ((first - start) / series.step().as_seconds()) as usize;
    let whole = series.values().get(skip..)?.chunks_exact(per_hour);
    let means: Vec<f64> = whole.map(|c| c.iter().sum::<f64>() / per_hour as f64).collect();
    (!means.is_empty()).then(|| Regular::new(SimTime::from_unix_s(first), Span::from_hours(1), means))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Reads a text in a format, for the readers' tests.
    pub(super) fn read(format: PriceFormat, text: &str, gaps: GapPolicy) -> Result<PriceSeries, ReadError> {
        let zone = Calendar::of_zone("America/Chicago").unwrap();
        let options = PriceReadOptions {
            file: "p.csv",
            zone: &zone,
            column: None,
            gaps,
            usd_per_unit: None,
        };
        format.read(text.as_bytes(), &options)
    }

    #[test]
    fn quarter_hours_become_hourly_means_and_stay_at_hand() {
        let mut text = String::from("start_utc,usd_per_mwh\n");
        for quarter in 0..8 {
            writeln!(
                text,
                "2024-01-01T{:02}:{:02}:00Z,{}",
                quarter / 4,
                quarter % 4 * 15,
                quarter
            )
            .unwrap();
        }
        let series = read(PriceFormat::Native, &text, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.values(), [1.5, 5.5]);
        assert_eq!(series.native.values().len(), 8);
    }

    #[test]
    fn a_step_that_does_not_divide_an_hour_and_a_price_in_another_unit_are_refused() {
        let two_hours =
            "start_utc,usd_per_mwh\n2024-01-01T00:00Z,1\n2024-01-01T02:00Z,1\n2024-01-01T04:00Z,1\n";
        let two_hours = two_hours.replace(":00Z", ":00:00Z");
        let error = read(PriceFormat::Native, &two_hours, GapPolicy::Hold).unwrap_err();
        assert!(error.to_string().contains("7200"), "{error}");
        let dear = "start_utc,usd_per_mwh\n2024-01-01T00:00:00Z,5\n2024-01-01T01:00:00Z,2500000\n";
        let error = read(PriceFormat::Native, dear, GapPolicy::Hold).unwrap_err();
        assert!(error.to_string().starts_with("p.csv:3"), "{error}");
    }
}
