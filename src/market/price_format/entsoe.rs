//! ENTSO-E Transparency Platform, day-ahead prices as exported: `MTU (CET/CEST)` or `MTU (UTC)` with
//! `01.01.2023 00:00 - 01.01.2023 01:00` (also with slashes and seconds), and a column `Day-ahead Price...`.
//!
//! `-`, `n/e` and `N/A` are gaps. Of several areas or sequences in one table, `column` names what is read: the text of
//! the field `Area` or `Sequence`.

use std::io::Read;

use jiff::civil::DateTime;

use super::wall::WallRows;
use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::Calendar;

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let like = |what: &str| table.header().iter().position(|name| name.starts_with(what));
    let (Some(mtu), Some(price)) = (like("MTU"), like("Day-ahead Price")) else {
        let message = "expected columns `MTU (...)` and `Day-ahead Price ...`";
        return Err(ReadError::at_line(options.file, 1, message));
    };
    let (area, sequence) = (like("Area"), like("Sequence"));
    let name = if table.header()[mtu].contains("UTC") {
        "UTC"
    } else {
        "Europe/Brussels"
    };
    let zone = Calendar::of_zone(name).expect("the bundled zone database has UTC and Brussels");
    let currency = if table.header()[price].contains("GBP") {
        "GBP"
    } else {
        "EUR"
    };
    let mut rows = WallRows::new(&zone);
    while let Some(row) = table.next_row()? {
        let wanted = |column: Option<usize>| column.is_some_and(|c| Some(row.text(c)) == options.column);
        if options.column.is_some() && !wanted(area) && !wanted(sequence) {
            continue;
        }
        rows.push(begin(&row, mtu)?, row.line, value(&row, price)?);
    }
    let mut rows = rows.finish(options.file);
    rows.notes
        .push(format!("`{}`: times are read as {name}", options.file));
    rows.currency = Some(currency);
    Ok(rows)
}

fn value(row: &Row<'_>, column: usize) -> Result<Option<f64>, ReadError> {
    match row.text(column) {
        "-" | "n/e" | "N/A" => Ok(None),
        _ => row.optional_number(column),
    }
}

/// `01.01.2023 00:00 - ...` or `01/01/2023 00:00:00 - ...`, day before month.
fn begin(row: &Row<'_>, column: usize) -> Result<DateTime, ReadError> {
    let text = row.text(column);
    let parse = || {
        let (begin, _) = text.split_once(" - ")?;
        let (date, clock) = begin.trim().split_once(' ')?;
        let mut parts = date.split(['.', '/']);
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        // Later exports say which of two showings is meant, as `(CET)` or `(CEST)`; file order tells it too.
        let clock = clock.split(' ').next()?;
        format!("{year}-{month}-{day}T{clock}").parse().ok()
    };
    parse().ok_or_else(|| {
        row.fail(
            column,
            format!(
                "expected `01.01.2023 00:00 - 01.01.2023 01:00`, found `{}`",
                super::clip(text)
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn both_exports_are_read_and_the_doubled_hour_stands_twice() {
        let old = "\"MTU (CET/CEST)\",\"Day-ahead Price [EUR/MWh]\",\"Currency\",\"BZN|NO1\"\n\
                   \"29.10.2023 01:00 - 29.10.2023 02:00\",\"10\",\"EUR\",\"\"\n\
                   \"29.10.2023 02:00 - 29.10.2023 03:00\",\"20\",\"EUR\",\"\"\n\
                   \"29.10.2023 02:00 - 29.10.2023 03:00\",\"30\",\"EUR\",\"\"\n\
                   \"29.10.2023 03:00 - 29.10.2023 04:00\",\"40\",\"EUR\",\"\"\n";
        let series = read(PriceFormat::Entsoe, old, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2023-10-28T23:00:00Z");
        assert_eq!(series.hourly.values(), [10.0, 20.0, 30.0, 40.0]);
        assert!(series.repairs.notes.iter().any(|n| n.contains("EUR")));
        let new = "MTU (UTC),Area,Sequence,Day-ahead Price (EUR/MWh)\n\
                   01/02/2025 00:00:00 - 01/02/2025 01:00:00,BZN|NO1,,5\n\
                   01/02/2025 01:00:00 - 01/02/2025 02:00:00,BZN|NO1,,n/e\n";
        let series = read(PriceFormat::Entsoe, new, GapPolicy::Hold).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2025-02-01T00:00:00Z");
        assert_eq!(series.hourly.values(), [5.0, 5.0]);
        let bad = new.replace("01/02/2025 00:00:00 -", "31/02/2025 00:00:00 -");
        let error = read(PriceFormat::Entsoe, &bad, GapPolicy::Hold)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("p.csv:2, column 1 (`MTU (UTC)`): expected"),
            "{error}"
        );
    }
}
