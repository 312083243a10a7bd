//! ERCOT settlement point prices as its reports give them: day-ahead `DeliveryDate,HourEnding,SettlementPoint,
//! SettlementPointPrice,DSTFlag` and real-time `DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,
//! SettlementPointType,SettlementPointPrice,DSTFlag`, in local time.
//!
//! `DSTFlag` `Y` marks the second showing of the hour that autumn doubles. `column` names the settlement point; it must
//! be named where the file has several.

use std::io::Read;

use jiff::civil::{DateTime, Time};

use super::{PriceReadOptions, PriceRows};
use crate::ingest::{CsvRows, ReadError, Row};
use crate::time::{Calendar, SimTime};

struct Columns {
    date: usize,
    hour: usize,
    interval: Option<usize>,
    repeated: Option<usize>,
}

pub(super) fn read(input: impl Read, options: &PriceReadOptions<'_>) -> Result<PriceRows, ReadError> {
    let zone = Calendar::of_zone("America/Chicago").expect("the bundled zone database has Chicago");
    let mut table = CsvRows::open(options.file, input)?;
    let either = |a: &str, b: &str| table.find(a).map_or_else(|| table.column(b), Ok);
    let columns = Columns {
        date: table.column("DeliveryDate")?,
        hour: either("DeliveryHour", "HourEnding")?,
        interval: table.find("DeliveryInterval"),
        repeated: table.find("DSTFlag"),
    };
    let (point, price) = (
        either("SettlementPointName", "SettlementPoint")?,
        table.column("SettlementPointPrice")?,
    );
    let mut rows = PriceRows::default();
    let mut only: Option<String> = options.column.map(str::to_owned);
    while let Some(row) = table.next_row()? {
        let here = row.text(point);
        match &only {
            None => only = Some(here.to_owned()),
            Some(wanted) if wanted == here => {}
            Some(_) if options.column.is_some() => continue,
            Some(first) => {
                let message = format!("a second settlement point besides `{first}`; name one in `column`");
                return Err(row.fail(point, message));
            }
        }
        rows.push(
            instant(&row, &columns, &zone)?,
            row.line,
            row.optional_number(price)?,
        );
    }
    if let Some(point) = only {
        rows.notes.push(format!(
            "`{}`: prices of `{point}`, local time of Texas",
            options.file
        ));
    }
    Ok(rows)
}

fn instant(row: &Row<'_>, columns: &Columns, zone: &Calendar) -> Result<SimTime, ReadError> {
    let text = row.text(columns.date);
    let date = || {
        let mut parts = text.split('/');
        let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
        crate::time::parse_date(&format!("{year}-{month}-{day}"))
    };
    let date = date().ok_or_else(|| {
        row.fail(
            columns.date,
            format!("expected `01/31/2024`, found `{}`", super::clip(text)),
        )
    })?;
    let ending = row.text(columns.hour);
    let number = ending.strip_suffix(":00").unwrap_or(ending).parse::<i8>();
    let hour = number.ok().filter(|hour| (1..=24).contains(hour));
    let hour = hour.ok_or_else(|| {
        row.fail(
            columns.hour,
            format!("expected an hour from 1 to 24, found `{}`", super::clip(ending)),
        )
    })?;
    let quarter = match columns.interval {
        None => 1,
        Some(column) => {
            let number = row
                .text(column)
                .parse::<i8>()
                .ok()
                .filter(|quarter| (1..=4).contains(quarter));
            number.ok_or_else(|| row.fail(column, "expected an interval from 1 to 4"))?
        }
    };
    let civil: DateTime = date.to_datetime(Time::constant(hour - 1, (quarter - 1) * 15, 0, 0));
    let second = columns.repeated.is_some_and(|column| row.text(column) == "Y");
    let found = zone.instants(civil).filter(|_| zone.occurrences(civil) > 0);
    let (first, later) = found.ok_or_else(|| row.fail(columns.hour, "the clock skips this hour"))?;
    Ok(if second { later } else { first })
}

#[cfg(test)]
mod tests {
    use super::super::PriceFormat;
    use super::super::tests::read;
    use crate::ingest::GapPolicy;

    const HEADER: &str = "DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n";

    #[test]
    fn the_flag_tells_the_two_showings_of_the_doubled_hour_apart() {
        let text = format!(
            "{HEADER}11/03/2024,01:00,HB_WEST,1,N\n11/03/2024,02:00,HB_WEST,2,N\n11/03/2024,02:00,HB_WEST,3,Y\n\
             11/03/2024,03:00,HB_WEST,4,N\n"
        );
        let series = read(PriceFormat::ErcotSpp, &text, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.start().to_utc_text(), "2024-11-03T05:00:00Z");
        assert_eq!(series.hourly.values(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn several_points_need_a_name_and_quarters_are_read() {
        let two = format!("{HEADER}01/01/2024,01:00,HB_WEST,1,N\n01/01/2024,01:00,HB_NORTH,2,N\n");
        let error = read(PriceFormat::ErcotSpp, &two, GapPolicy::Refuse)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("p.csv:3, column 3 (`SettlementPoint`): a second settlement point"),
            "{error}"
        );
        let quarters = "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,SettlementPointPrice,DSTFlag\n\
                        01/01/2024,1,1,HB_WEST,HU,1,N\n01/01/2024,1,2,HB_WEST,HU,2,N\n01/01/2024,1,3,HB_WEST,HU,3,N\n01/01/2024,1,4,HB_WEST,HU,4,N\n";
        let series = read(PriceFormat::ErcotSpp, quarters, GapPolicy::Refuse).unwrap();
        assert_eq!(series.hourly.values(), [2.5]);
    }
}
