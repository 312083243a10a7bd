//! PJM locational prices: Data Miner 2 exports (`datetime_beginning_utc,...,total_lmp_da` or `total_lmp_rt`), or tables
//! `Datetime,Price (USD/MWh)` with naive stamps in UTC.
//!
//! A file of several nodes is refused where an hour comes twice; filter it to one node before.

use std::io::Read;

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::{Calendar, SimTime};

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let mut table = CsvRows::open(options.file, input)?;
    let exported = table.find("datetime_beginning_utc");
    let (time, price) = match exported {
        Some(time) => {
            let known = ["total_lmp_da", "total_lmp_rt"]
                .iter()
                .find(|name| table.find(name).is_some());
            let name = options.column.or(known.copied()).unwrap_or("total_lmp_da");
            (time, table.column(name)?)
        }
        None => (table.column("Datetime")?, table.column("Price (USD/MWh)")?),
    };
    let (utc, mut rows) = (Calendar::utc(), PriceRows::default());
    while let Some(row) = table.next_row()? {
        let at = american(&row, time).map_or_else(|| row.instant(time, &utc), Ok)?;
        rows.push(at, row.line, row.optional_number(price)?);
    }
    rows.notes.push(format!(
        "`{}`: stamps without an offset are read as UTC",
        options.file
    ));
    Ok(rows)
}

/// `1/31/2024 5:00:00 PM`, as Data Miner writes it.
fn american(row: &Row<'_>, column: usize) -> Option<SimTime> {
    let mut parts = row.text(column).split(' ');
    let (date, clock, half) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.split('/').map(str::parse::<i16>);
    let (month, day, year) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = clock.split(':').map(str::parse::<i8>);
    let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
    let half = match half {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    let hour = (1..=12).contains(&hour).then_some(hour % 12 + half)?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, 0, 0).ok()?;
    (1900..=2200)
        .contains(&year)
        .then(|| Calendar::utc().instant(civil))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    #[test]
    fn exports_and_plain_tables_are_read_in_utc() {
        let export = "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,total_lmp_da\n\
                      1/1/2024 11:00:00 PM,1/1/2024 6:00:00 PM,51291,DOM,31.5\n\
                      1/2/2024 12:00:00 AM,1/1/2024 7:00:00 PM,51291,DOM,-2\n";
        let series = read(PriceFormat::Pjm, export, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2024-01-01T23:00:00Z");
        assert_eq!(series.hourly.values(), [31.5, -2.0]);
        let plain = "Datetime,Price (USD/MWh)\n2023-01-01 05:00:00,21.957204\n2023-01-01 06:00:00,20.9\n";
        let series = read(PriceFormat::Pjm, plain, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2023-01-01T05:00:00Z");
        let two = export.replace("1/2/2024 12:00:00 AM", "1/1/2024 11:00:00 PM");
        let error = read(PriceFormat::Pjm, &two, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("p.csv:3: `2024-01-01T23:00:00Z` stands a second time"),
            "{error}"
        );
        let late = export.replace("11:00:00 PM", "13:00:00 PM");
        assert!(read(PriceFormat::Pjm, &late, GapPolicy::Refuse).is_err());
    }
}
