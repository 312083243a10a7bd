//! One line for each figure that is not equal; strategies and cases of one run only stand as lines of their own.

use std::io::{self, Write};

use crate::compare::Comparison;
use crate::compare::difference::Difference;
use crate::compare::format::{change_words, noise_words};
use crate::results::csv_table::RowWriter;

const COLUMNS: [&str; 16] = [
    "strategy",
    "case",
    "scope",
    "metric",
    "unit",
    "statistic",
    "a",
    "b",
    "difference",
    "relative",
    "ci95_low",
    "ci95_high",
    "paired",
    "change",
    "noise",
    "within_tolerance",
];

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    // Written whole, so that a closed pipe is met as such and not as a failure of the table.
    let mut table = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut table);
    writer.write_record(COLUMNS)?;
    let mut row = RowWriter::default();
    for missing in &comparison.missing {
        let strategy = missing.what == "strategy";
        row.text(if strategy { &missing.id } else { "" });
        row.text(if strategy { "" } else { &missing.id });
        for _ in 2..13 {
            row.text("");
        }
        row.text(if missing.only_in == "a" {
            "only in A"
        } else {
            "only in B"
        });
        row.text(noise_words(crate::compare::difference::Noise::NotJudged));
        row.plain(false);
        row.end(&mut writer)?;
    }
    for difference in &comparison.differences {
        push(&mut row, difference);
        row.end(&mut writer)?;
    }
    writer.flush()?;
    drop(writer);
    out.write_all(&table)
}

fn push(row: &mut RowWriter, d: &Difference) {
    for text in [&d.strategy, &d.case, &d.scope, &d.metric, &d.unit] {
        row.text(text);
    }
    row.text(d.statistic.id());
    let interval = d.interval;
    for number in [
        d.a,
        d.b,
        d.difference,
        d.relative,
        interval.map(|i| i.low),
        interval.map(|i| i.high),
    ] {
        row.number(number.unwrap_or(f64::NAN));
    }
    row.text(interval.map_or("", |i| if i.paired { "true" } else { "false" }));
    row.text(change_words(d.change));
    row.text(noise_words(d.noise));
    row.plain(d.within);
}
