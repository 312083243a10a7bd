//! A metered load under contracts: the lines of every month that the load covers.
//!
//! The same clauses run as in a simulation; only the meter is a file. Owns the load's native format
//! (`start_utc,kw[,mining_kw]`).

use std::io::Read;

use thiserror::Error;

use crate::id::Name;
use crate::ingest::{CsvRows, GapPolicy, ReadError, Repairs, Stamp, lay};
use crate::power::contract::{
    Interval, Named, PowerContractsSpec, PriceId, SettlementLine, Supply, SupplyError,
};
use crate::power::curtailment::Order;
use crate::series::Regular;
use crate::time::{Calendar, Month, SimTime};

/// The highest load that is believed, in kilowatts.
const BELIEVED_KW: f64 = 1e8;

/// A metered load.
#[derive(Debug, Clone)]
pub struct MeteredLoad {
    /// Load at the meter, in kilowatts.
    pub kw: Regular,
    /// The part of it that mines, in kilowatts; zero where the file does not say.
    pub mining_kw: Vec<f64>,
    /// What was repaired.
    pub repairs: Repairs,
}

impl MeteredLoad {
    /// Reads `start_utc,kw[,mining_kw]` of any regular step.
    pub fn read(file: &str, input: impl Read, gaps: GapPolicy) -> Result<Self, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (time, kw, mining) = (
            table.column("start_utc")?,
            table.column("kw")?,
            table.find("mining_kw"),
        );
        let utc = Calendar::utc();
        let (mut stamps, mut load, mut mined) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(row) = table.next_row()? {
            let value = row.optional_number(kw)?;
            if let Some(value) = value.filter(|v| !(0.0..=BELIEVED_KW).contains(v)) {
                let message = format!("expected a load of 0 to {BELIEVED_KW} kW, found `{value}`");
                return Err(row.fail(kw, message));
            }
            let part = mining.map_or(Ok(None), |column| row.optional_number(column))?;
            if let Some(part) = part.filter(|p| !(0.0..=value.unwrap_or(0.0)).contains(p)) {
                let message = format!("expected a part of the load, found `{part}`");
                return Err(row.fail(mining.unwrap_or(kw), message));
            }
            stamps.push(Stamp {
                time: row.instant(time, &utc)?,
                line: row.line,
                missing: value.is_none(),
            });
            load.push(value.unwrap_or(0.0));
            mined.push(part.unwrap_or(0.0));
        }
        let laid = lay(file, &stamps, None, gaps)?;
        Ok(Self {
            kw: Regular::new(laid.start, laid.step, laid.values(&load)),
            mining_kw: laid.values(&mined),
            repairs: laid.repairs,
        })
    }
}

/// Why a load could not be billed.
#[derive(Debug, Error)]
pub enum BillError {
    /// The contracts could not be set up.
    #[error(transparent)]
    Supply(#[from] SupplyError),
    /// The load does not cover the span.
    #[error(
        "the load covers {from} to {to}, not the whole of the year asked for ({wanted_from} to {wanted_to})"
    )]
    Uncovered {
        /// Begin of the load.
        from: SimTime,
        /// End of the load.
        to: SimTime,
        /// Begin of the year.
        wanted_from: SimTime,
        /// End of the year.
        wanted_to: SimTime,
    },
    /// A price is missing.
    #[error("the price `{price}` has no value at {at}")]
    NoPrice {
        /// The price.
        price: String,
        /// The first instant without a value.
        at: SimTime,
    },
}

/// What the world outside does while a load is metered.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// A series for every price that the contracts name, in USD per megawatt-hour.
    pub prices: Vec<(Name, Regular)>,
    /// What each step weighs in the peaks of every system that the contracts name; nothing outside the series.
    pub system_peaks: Vec<(Name, Regular)>,
}

impl Signals {
    fn number(&self, named: Named<'_>) -> Option<PriceId> {
        let find = |list: &[(Name, Regular)], name: &Name| list.iter().position(|(n, _)| n == name);
        let index = match named {
            Named::Price(name) => find(&self.prices, name)?,
            // The risk stands behind the weight; nobody dispatches here, so it stays nothing.
            Named::SystemLoad(name) => self.prices.len() + 2 * find(&self.system_peaks, name)?,
        };
        Some(PriceId(index as u16))
    }
    /// Writes the values of an instant to `now` and gives the next at which one may change, `until` at the latest.
    fn read(&self, at: SimTime, mut until: SimTime, now: &mut [f64]) -> Result<SimTime, BillError> {
        for ((name, series), value) in self.prices.iter().zip(&mut *now) {
            let Some(step) = series.index_at(at) else {
                return Err(BillError::NoPrice {
                    price: name.to_string(),
                    at,
                });
            };
            *value = series.values()[step];
            until = until.min(step_end(series, step));
        }
        let weights = now[self.prices.len()..].chunks_exact_mut(2);
        for ((_, series), signal) in self.system_peaks.iter().zip(weights) {
            let step = series.index_at(at);
            signal[0] = step.map_or(0.0, |step| series.values()[step]);
            match step {
                Some(step) => until = until.min(step_end(series, step)),
                None if at < series.start() => until = until.min(series.start()),
                None => {}
            }
        }
        Ok(until)
    }
}

/// Bills a load over `span`, or over all it covers.
pub fn bill(
    contracts: &PowerContractsSpec,
    calendar: &Calendar,
    load: &MeteredLoad,
    signals: &Signals,
    span: Option<(SimTime, SimTime)>,
) -> Result<Vec<SettlementLine>, BillError> {
    let (from, to) = (load.kw.start(), load.kw.end());
    let (begin, end) = span.unwrap_or((from, to));
    if begin < from || end > to {
        return Err(BillError::Uncovered {
            from,
            to,
            wanted_from: begin,
            wanted_to: end,
        });
    }
    let mut supply = Supply::new(contracts, calendar, |named| signals.number(named))?;
    let mut now = vec![0.0; signals.prices.len() + 2 * signals.system_peaks.len()];
    // Calls by chance are not known of a metered load; those at stated times are.
    let calls = contracts.stated_calls(calendar, (begin, end));
    let mut lines = Vec::new();
    let mut at = begin;
    let mut month = calendar.month(begin);
    let mut month_end = calendar.start_of_month(month.plus(1));
    // Every turn goes on to the end of a step of the load or a price, or of a month.
    while at < end {
        let index = load.kw.index_at(at).expect("the span lies within the load");
        let until = step_end(&load.kw, index).min(month_end).min(end);
        let until = signals.read(at, until, &mut now)?;
        let (called, until) = called(&calls, at, until);
        supply.meter(&Interval {
            from: at,
            to: until,
            load_mw: load.kw.values()[index] / 1e3,
            mining_mw: load.mining_kw[index] / 1e3,
            called,
            prices: &now,
        });
        at = until;
        if at >= month_end || at >= end {
            lines.append(&mut supply.close_month(month));
            month = month.plus(1);
            month_end = calendar.start_of_month(month.plus(1));
        }
    }
    Ok(lines)
}

/// The clauses whose calls hold at an instant, and the next at which that may change, `until` at the latest.
fn called(calls: &[Order], at: SimTime, until: SimTime) -> (u64, SimTime) {
    let (mut by, mut edge) = (0, until);
    for call in calls.iter().filter(|c| c.to > at && c.from < until) {
        if call.from <= at {
            by |= call.by;
            edge = edge.min(call.to);
        } else {
            edge = edge.min(call.from);
        }
    }
    (by, edge)
}

fn step_end(series: &Regular, index: usize) -> SimTime {
    series.start() + crate::time::Span::from_seconds(series.step().as_seconds() * (index as i64 + 1))
}

/// The civil year of a calendar.
pub fn year_span(calendar: &Calendar, year: i16) -> (SimTime, SimTime) {
    let january = Month { year, month: 1 };
    (
        calendar.start_of_month(january),
        calendar.start_of_month(january.plus(12)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_of_any_step_is_read_and_gaps_are_refused() {
        let text =
            "start_utc,kw\n2026-01-01T00:00:00Z,100\n2026-01-01T00:15:00Z,200\n2026-01-01T00:45:00Z,50\n";
        let error = MeteredLoad::read("load.csv", text.as_bytes(), GapPolicy::Refuse).unwrap_err();
        assert!(error.to_string().contains("2026-01-01T00:30:00Z"), "{error}");
        let held = MeteredLoad::read("load.csv", text.as_bytes(), GapPolicy::Hold).unwrap();
        assert_eq!(held.kw.values(), [100.0, 200.0, 200.0, 50.0]);
        for (wrong, expected) in [("-5", "0 to"), ("1e12", "0 to"), ("much", "finite number")] {
            let text = format!("start_utc,kw\n2026-01-01T00:00:00Z,{wrong}\n");
            let error = MeteredLoad::read("load.csv", text.as_bytes(), GapPolicy::Refuse).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
