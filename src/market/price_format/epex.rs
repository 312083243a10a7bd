//! EPEX day-ahead results, one row a day: `Date`, a column for each hour (`00-01` to `23-00`) or quarter hour
//! (`00:00-00:15` to `23:45-00:00`), then `Baseload,Peakload`, which are not read.
//!
//! Labels are hours of Central European wall clocks. Rows of whole hours under the names of quarter hours are known by
//! their baseload, the mean of the 24 values before it, and read as hours. Empty cells are gaps.

use std::io::Read;

use jiff::civil::{Date, Time};

use super::wall::WallRows;
use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::{Calendar, parse_date};

/// How far a rounded baseload may lie from the mean of rounded prices.
const ROUNDING: f64 = 0.011;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let zone = Calendar::of_zone("Europe/Brussels").expect("the bundled zone database has Brussels");
    let mut table = CsvRows::open(options.file, input)?;
    let date = table.column("Date")?;
    let begins = begins(&table, options.file)?;
    let baseload = table.find("Baseload");
    let (mut rows, mut hourly) = (WallRows::new(&zone), 0_usize);
    while let Some(row) = table.next_row()? {
        let day = parse_date(row.text(date)).ok_or_else(|| {
            row.fail(
                date,
                format!("expected a date such as `2025-01-31`, found `{}`", row.text(date)),
            )
        })?;
        let prices: Vec<Option<f64>> = begins
            .iter()
            .map(|(column, _)| row.optional_number(*column))
            .collect::<Result<_, _>>()?;
        // A day of 23 or 25 hours has another mean than that of its 24 labels.
        let whole = zone.occurrences(day.at(2, 0, 0, 0)) == 1;
        if begins.len() == 96 && holds_hours(&prices, whole) {
            hourly += 1;
            push_hours(&mut rows, &row, day, &prices);
            continue;
        }
        if begins.len() == 96
            && baseload.is_some()
            && prices[26..].iter().all(Option::is_none)
            && prices[25].is_some()
        {
            let message = "26 values where 96 quarter hours are named, and the 25th is not their baseload";
            return Err(row.fail(date, message));
        }
        for ((_, time), price) in begins.iter().zip(prices) {
            rows.push(day.to_datetime(*time), row.line, price);
        }
    }
    let mut rows = rows.finish(options.file);
    rows.notes.push(format!(
        "`{}`: labels are hours of Central European wall clocks",
        options.file
    ));
    if hourly > 0 {
        rows.notes.push(format!(
            "`{}`: {hourly} rows hold hourly prices under the names of quarter hours and are read as hours",
            options.file
        ));
    }
    rows.currency = Some("EUR (GBP for Great Britain)");
    Ok(rows)
}

/// The price columns and when their steps begin.
fn begins<R: Read>(table: &CsvRows<R>, file: &str) -> Result<Vec<(usize, Time)>, ReadError> {
    let label = |name: &str| {
        let begin = name.split_once('-')?.0.trim();
        let (hour, minute) = begin.split_once(':').unwrap_or((begin, "00"));
        Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let named = table.header().iter().enumerate();
    let begins: Vec<(usize, Time)> = named
        .filter_map(|(column, name)| Some((column, label(name)?)))
        .collect();
    if !matches!(begins.len(), 24 | 48 | 96) {
        let message = format!(
            "expected 24, 48 or 96 columns such as `00-01` or `00:00-00:15`, found {}",
            begins.len()
        );
        return Err(ReadError::at_line(file, 1, message));
    }
    Ok(begins)
}

/// Whether the cells are 24 hours, their mean, and one more, followed by nothing.
fn holds_hours(prices: &[Option<f64>], whole: bool) -> bool {
    let hours: Option<Vec<f64>> = prices[..24].iter().copied().collect();
    let (Some(hours), Some(mean)) = (hours, prices[24]) else {
        return false;
    };
    let mean_fits = (hours.iter().sum::<f64>() / 24.0 - mean).abs() <= ROUNDING;
    prices[25].is_some() && prices[26..].iter().all(Option::is_none) && (mean_fits || !whole)
}

/// Whole hours, given to each of their quarters, so that days of both kinds stand on one grid.
fn push_hours(rows: &mut WallRows<'_>, row: &Row<'_>, day: Date, prices: &[Option<f64>]) {
    for (hour, price) in (0_i8..24).zip(prices) {
        for minute in [0, 15, 30, 45] {
            rows.push(
                day.to_datetime(Time::constant(hour, minute, 0, 0)),
                row.line,
                *price,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    fn table(days: &[(&str, &[f64])]) -> String {
        let mut text = String::from("Date");
        for hour in 0..24 {
            write!(text, ",{hour:02}-{:02}", (hour + 1) % 24).unwrap();
        }
        text.push_str(",Baseload,Peakload\n");
        for (date, prices) in days {
            let cells: Vec<String> = prices.iter().map(ToString::to_string).collect();
            writeln!(text, "{date},{},1,2", cells.join(",")).unwrap();
        }
        text
    }

    #[test]
    fn a_row_is_a_day_of_the_wall_clock_and_clock_changes_are_noted() {
        let day: Vec<f64> = (0..24).map(f64::from).collect();
        let winter = read(
            PriceFormat::Epex,
            &table(&[("2025-01-24", &day)]),
            GapPolicy::Refuse,
        )
        .unwrap();
        assert_eq!(winter.hourly.start().to_utc_text(), "2025-01-23T23:00:00Z");
        assert_eq!(winter.hourly.values(), day);
        let spring = read(
            PriceFormat::Epex,
            &table(&[("2025-03-30", &day)]),
            GapPolicy::Refuse,
        )
        .unwrap();
        assert_eq!(
            (spring.hourly.values().len(), spring.hourly.values()[2]),
            (23, 3.0)
        );
        let autumn = read(
            PriceFormat::Epex,
            &table(&[("2025-10-26", &day)]),
            GapPolicy::Refuse,
        )
        .unwrap();
        assert_eq!(
            (autumn.hourly.values().len(), &autumn.hourly.values()[1..5]),
            (25, &[1.0, 2.0, 2.0, 3.0][..])
        );
        assert!(autumn.repairs.notes.iter().any(|n| n.contains("shows twice")));
        let gap = table(&[("2025-01-24", &day), ("2025-01-26", &day)]);
        let error = read(PriceFormat::Epex, &gap, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2025-01-24T23:00:00Z to 2025-01-25T23:00:00Z"),
            "{error}"
        );
    }

    #[test]
    fn hours_under_the_names_of_quarters_are_known_by_their_baseload() {
        let mut text = String::from("Date");
        for quarter in 0..96 {
            let end = (quarter + 1) % 96;
            write!(
                text,
                ",{:02}:{:02}-{:02}:{:02}",
                quarter / 4,
                quarter % 4 * 15,
                end / 4,
                end % 4 * 15
            )
            .unwrap();
        }
        text.push_str(",Baseload,Peakload\n");
        let hours: Vec<String> = (0..24).map(|h| h.to_string()).collect();
        let row = |baseload: f64| {
            format!(
                "{text}2025-10-01,{},{baseload},17{}\n",
                hours.join(","),
                ",".repeat(72)
            )
        };
        let series = read(PriceFormat::Epex, &row(11.5), GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.values()[..3], [0.0, 1.0, 2.0]);
        assert_eq!(series.native.values().len(), 96);
        let error = read(PriceFormat::Epex, &row(40.0), GapPolicy::Hold)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("p.csv:2, column 1 (`Date`): 26 values"),
            "{error}"
        );
    }
}
