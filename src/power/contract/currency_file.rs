//! Files of exchange rates: `date,usd_per_unit`, as the contract's months need them.
//!
//! A month is billed at the rate of its first day, so one rate a month is kept of however many the file has.

use std::io::Read;

use jiff::civil::Date;

use super::indexation::{CurrencySpec, ExchangeRateSpec};
use crate::ingest::{CsvRows, ReadError, Repairs};
use crate::time::parse_date;

/// Dollars for a unit of any currency lie within these.
const BELIEVED_USD: (f64, f64) = (1e-6, 100.0);

impl CurrencySpec {
    /// Reads the file of rates that it names: what holds on the first day of each month, and what was taken for granted.
    pub fn read(&self, file: &str, input: impl Read) -> Result<(Vec<ExchangeRateSpec>, Repairs), ReadError> {
        let rows = self.rows(file, input)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(ReadError::of_file(file, "has no rates"));
        };
        let text = format!(
            "the rate of {} holds before that day, the rate of {} after it",
            first.0, last.0
        );
        let repairs = Repairs {
            notes: vec![text],
            ..Repairs::default()
        };
        Ok((monthly(&rows), repairs))
    }

    fn rows(&self, file: &str, input: impl Read) -> Result<Vec<(Date, f64)>, ReadError> {
        let mut table = CsvRows::open(file, input)?;
        let (date, value) = (table.column("date")?, table.column("usd_per_unit")?);
        let mut rows: Vec<(Date, f64)> = Vec::new();
        while let Some(row) = table.next_row()? {
            let Some(day) = parse_date(row.text(date)) else {
                return Err(row.fail(date, "expected a date such as `2026-01-31`"));
            };
            // A day without a rate, such as a holiday, holds the last one.
            if row.optional_number(value)?.is_none() {
                continue;
            }
            let usd = row.number_within(value, BELIEVED_USD.0, BELIEVED_USD.1)?;
            if let Some((before, _)) = rows.last() {
                if day <= *before {
                    return Err(row.fail(date, format!("dates must rise; `{before}` stands before")));
                }
                let days = before.until(day).map_or(i32::MAX, |span| span.get_days());
                if days > self.hold_days as i32 {
                    let message = format!(
                        "no rate for {days} days since `{before}`; a rate is held over {} at most",
                        self.hold_days
                    );
                    return Err(row
                        .fail(date, message)
                        .with_help("raise `hold_days` of the currency"));
                }
            }
            rows.push((day, usd));
        }
        Ok(rows)
    }
}

/// The rate on the first day of each month, from the month of the first row; that one from its own day.
fn monthly(rows: &[(Date, f64)]) -> Vec<ExchangeRateSpec> {
    let mut kept: Vec<ExchangeRateSpec> = Vec::new();
    let mut at = rows[0].0;
    let last = rows[rows.len() - 1].0;
    // Every turn goes on to the next month, within the years that dates have.
    loop {
        let held = rows.partition_point(|(day, _)| *day <= at) - 1;
        if kept.last().is_none_or(|k| k.usd_per_unit != rows[held].1) {
            kept.push(ExchangeRateSpec {
                from: at.to_string(),
                usd_per_unit: rows[held].1,
            });
        }
        let next = at.last_of_month().tomorrow();
        match next {
            Ok(next) if at <= last => at = next,
            _ => return kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> CurrencySpec {
        toml::from_str("code = \"nok\"\nfile = \"nok.csv\"").unwrap()
    }

    #[test]
    fn the_rate_of_the_first_day_of_each_month_is_kept() {
        let text = "date,usd_per_unit\n2026-01-02,0.090\n2026-01-09,0.091\n2026-01-16,0.092\n2026-01-23,0.093\n\
                    2026-01-30,0.094\n2026-02-02,\n2026-02-06,0.096\n2026-02-13,0.097\n";
        let (rates, repairs) = spec().read("nok.csv", text.as_bytes()).unwrap();
        let plain: Vec<_> = rates.iter().map(|r| (r.from.as_str(), r.usd_per_unit)).collect();
        // On 1 February the rate of 30 January holds; after the file its last.
        assert_eq!(
            plain,
            [
                ("2026-01-02", 0.090),
                ("2026-02-01", 0.094),
                ("2026-03-01", 0.097)
            ]
        );
        assert!(repairs.notes[0].contains("2026-02-13"), "{repairs:?}");
    }

    #[test]
    fn silence_falling_dates_and_impossible_rates_are_refused_with_their_line() {
        for (rows, expected) in [
            ("2026-01-02,0.09\n2026-01-20,0.09\n", "no rate for 18 days"),
            ("2026-01-02,0.09\n2026-01-01,0.09\n", "dates must rise"),
            ("2026-01-02,0.09\n2026-01-02,0.09\n", "dates must rise"),
            ("2026-01-02,-0.09\n", "usd_per_unit"),
            ("2026-01-02,900\n", "usd_per_unit"),
            ("2.1.2026,0.09\n", "expected a date"),
            ("", "no rates"),
        ] {
            let text = format!("date,usd_per_unit\n{rows}");
            let error = spec().read("nok.csv", text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let error = spec().read("nok.csv", "day,rate\n".as_bytes()).unwrap_err();
        assert!(error.to_string().contains("date"), "{error}");
    }
}
