//! Rows of text tables: how a cell is written and read, and the tables made of them.
//!
//! Numbers are the shortest text that reads back to the same double; a number that is not there is an empty
//! cell (`NaN` in memory). Text that a spreadsheet would take for a formula is prefixed with `'`, control
//! characters are dropped. Columns are found by name, so that a later version may add some.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::marker::PhantomData;
use std::path::Path;

use csv::{ByteRecord, StringRecord};

use crate::results::Error;

/// The longest cell that is read, in bytes.
pub const CELL_BYTES_MAX: usize = 1 << 20;

/// A row type of one file.
pub trait Table: Sized {
    /// Name of the file within a run directory.
    const FILE: &'static str;
    /// Columns in the order of the file.
    const COLUMNS: &'static [&'static str];
    /// Appends the cells of the row.
    fn write_cells(&self, row: &mut RowWriter);
    /// Reads the cells in order.
    fn read_cells(row: &mut RowReader<'_>) -> Result<Self, String>;
}

/// Collects the cells of one row.
#[derive(Debug, Default)]
pub struct RowWriter {
    record: ByteRecord,
    text: String,
}

impl RowWriter {
    /// Appends text, made harmless.
    pub fn text(&mut self, text: &str) {
        self.record.push_field(harmless(text).as_bytes());
    }
    /// Appends a number; `NaN` gives an empty cell.
    pub fn number(&mut self, value: f64) {
        self.text.clear();
        push_number(&mut self.text, value);
        self.record.push_field(self.text.as_bytes());
    }
    /// Appends what displays as plain digits or a word of ours.
    pub fn plain(&mut self, value: impl std::fmt::Display) {
        use std::fmt::Write as _;
        self.text.clear();
        write!(self.text, "{value}").expect("writing to a string cannot fail");
        self.record.push_field(self.text.as_bytes());
    }
    /// Ends the row.
    pub fn end<W: Write>(&mut self, out: &mut csv::Writer<W>) -> csv::Result<()> {
        let result = out.write_byte_record(&self.record);
        self.record.clear();
        result
    }
}

/// Appends the shortest text that reads back to `value`; nothing for `NaN`.
pub fn push_number(text: &mut String, value: f64) {
    use std::fmt::Write as _;
    if value.is_nan() {
        return;
    }
    let size = value.abs();
    let plain = size == 0.0 || (1e-5..1e17).contains(&size);
    if plain {
        write!(text, "{value}").expect("writing to a string cannot fail");
    } else {
        write!(text, "{value:e}").expect("writing to a string cannot fail");
    }
}

/// Text that no spreadsheet takes for a formula, without control characters.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let quoted = needs_prefix(text);
    if !quoted && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 1);
    if quoted {
        out.push('\'');
    }
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Formulas begin with one of `= + - @`, also after blanks; a leading `'` is doubled so that it reads back.
/// Plain numbers are let through: they are no formula, and a sign belongs to them.
fn needs_prefix(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\'']) {
        return true;
    }
    let shown = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    shown.starts_with(['=', '+', '-', '@']) && !is_plain_number(text)
}

fn is_plain_number(text: &str) -> bool {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    text.chars().all(digits) && text.parse::<f64>().is_ok()
}

/// Hands out the cells of one row in the order of the table's columns.
#[derive(Debug)]
pub struct RowReader<'a> {
    record: &'a StringRecord,
    places: &'a [usize],
    columns: &'static [&'static str],
    at: usize,
}

impl RowReader<'_> {
    fn next(&mut self) -> Result<(&'static str, &str), String> {
        let column = self.columns[self.at];
        let cell = self.record.get(self.places[self.at]).unwrap_or_default();
        self.at += 1;
        if cell.len() > CELL_BYTES_MAX {
            return Err(format!(
                "the cell of `{column}` is longer than {CELL_BYTES_MAX} bytes"
            ));
        }
        Ok((column, cell))
    }
}

/// A type of cell.
pub trait Cell: Sized {
    /// Appends it to a row.
    fn put(&self, row: &mut RowWriter);
    /// Takes the next cell of a row.
    fn take(row: &mut RowReader<'_>) -> Result<Self, String>;
}

impl Cell for String {
    fn put(&self, row: &mut RowWriter) {
        row.text(self);
    }
    fn take(row: &mut RowReader<'_>) -> Result<Self, String> {
        let (_, cell) = row.next()?;
        Ok(cell.strip_prefix('\'').unwrap_or(cell).to_owned())
    }
}

impl Cell for f64 {
    fn put(&self, row: &mut RowWriter) {
        row.number(*self);
    }
    fn take(row: &mut RowReader<'_>) -> Result<Self, String> {
        let (column, cell) = row.next()?;
        if cell.is_empty() {
            return Ok(f64::NAN);
        }
        match cell.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(format!("`{cell}` in column `{column}` is not a finite number")),
        }
    }
}

macro_rules! plain_cell {
    ($($kind:ty => $what:literal),+) => { $(
        impl Cell for $kind {
            fn put(&self, row: &mut RowWriter) {
                row.plain(self);
            }
            fn take(row: &mut RowReader<'_>) -> Result<Self, String> {
                let (column, cell) = row.next()?;
                cell.parse().map_err(|_| format!("`{cell}` in column `{column}` is not {}", $what))
            }
        }
    )+ };
}

plain_cell!(
    u32 => "a whole number",
    u64 => "a whole number",
    i64 => "a whole number",
    bool => "`true` or `false`"
);

/// Writes a table with its header line.
pub fn write_rows<T: Table>(rows: &[T], out: &mut dyn Write) -> csv::Result<()> {
    let mut writer = TableWriter::new(out)?;
    for item in rows {
        writer.put(item)?;
    }
    writer.end()?;
    Ok(())
}

/// Where `replication` stands in tables of several replications.
const NUMBER_AT: usize = 3;

/// Writes a table row by row.
pub struct TableWriter<'a, T> {
    out: csv::Writer<&'a mut dyn Write>,
    row: RowWriter,
    rows: PhantomData<T>,
}

impl<'a, T: Table> TableWriter<'a, T> {
    /// Writes the header.
    pub fn new(out: &'a mut dyn Write) -> csv::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        out.write_record(T::COLUMNS)?;
        Ok(Self {
            out,
            row: RowWriter::default(),
            rows: PhantomData,
        })
    }
    /// Writes the header with the column `replication` after strategy, case and fidelity.
    pub fn numbered(out: &'a mut dyn Write) -> csv::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        let mut columns = T::COLUMNS.to_vec();
        columns.insert(NUMBER_AT, "replication");
        out.write_record(columns)?;
        Ok(Self {
            out,
            row: RowWriter::default(),
            rows: PhantomData,
        })
    }
    /// Goes on with a table that has its header.
    pub fn going_on(out: &'a mut dyn Write) -> Self {
        Self {
            out: csv::Writer::from_writer(out),
            row: RowWriter::default(),
            rows: PhantomData,
        }
    }
    /// Writes a row.
    pub fn put(&mut self, item: &T) -> csv::Result<()> {
        item.write_cells(&mut self.row);
        self.row.end(&mut self.out)
    }
    /// Writes a row of a table whose header [`TableWriter::numbered`] wrote, with its replication.
    pub fn put_numbered(&mut self, replication: u32, item: &T) -> csv::Result<()> {
        item.write_cells(&mut self.row);
        let cells = std::mem::take(&mut self.row.record);
        for (place, cell) in cells.iter().enumerate() {
            if place == NUMBER_AT {
                self.row.plain(replication);
            }
            self.row.record.push_field(cell);
        }
        self.row.end(&mut self.out)
    }
    /// Hands on what is still held back.
    pub fn end(mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Reads a table; `file` is named in errors. Calls `each` with the line and the row.
pub fn for_each_row<T: Table>(
    input: impl Read,
    file: &Path,
    mut each: impl FnMut(u64, T) -> Result<(), String>,
) -> Result<(), Error> {
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().map_err(|e| csv_error(file, &e))?.clone();
    let places = places_of::<T>(&header).map_err(|m| Error::malformed(file, Some(1), m))?;
    let mut record = StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(csv_error(file, &error)),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let mut row = RowReader {
            record: &record,
            places: &places,
            columns: T::COLUMNS,
            at: 0,
        };
        T::read_cells(&mut row)
            .and_then(|row| each(line, row))
            .map_err(|message| Error::malformed(file, Some(line), message))?;
    }
}

/// Reads all rows of a table.
pub fn read_rows<T: Table>(input: impl Read, file: &Path) -> Result<Vec<T>, Error> {
    let mut rows = Vec::new();
    for_each_row(input, file, |_, row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

fn places_of<T: Table>(header: &StringRecord) -> Result<Vec<usize>, String> {
    let place = |column: &&str| {
        header.iter().position(|cell| cell == *column).ok_or_else(|| {
            format!(
                "column `{column}` is missing; expected `{}`",
                T::COLUMNS.join(",")
            )
        })
    };
    T::COLUMNS.iter().map(place).collect()
}

fn csv_error(file: &Path, error: &csv::Error) -> Error {
    let line = error.position().map(csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Io(source) => Error::io(
            "read",
            file,
            std::io::Error::new(source.kind(), source.to_string()),
        ),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Error::malformed(
            file,
            line,
            format!("{len} cells, but the header has {expected_len}"),
        ),
        csv::ErrorKind::Utf8 { .. } => Error::malformed(file, line, "not valid UTF-8"),
        _ => Error::malformed(file, line, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(value: f64) -> String {
        let mut text = String::new();
        push_number(&mut text, value);
        text
    }

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        assert_eq!(harmless("=cmd|'/c calc'!A1"), "'=cmd|'/c calc'!A1");
        assert_eq!(harmless("\t=1+1"), "' =1+1");
        assert_eq!(harmless("  @sum"), "'  @sum");
        assert_eq!(harmless("\u{7}-2+3"), "'-2+3");
        assert_eq!(harmless("-12.5e-3"), "-12.5e-3");
        assert_eq!(harmless("a\u{1b}[31mb\nc"), "a[31mb c");
        assert_eq!(harmless("'tis"), "''tis");
        assert_eq!(harmless("west-texas"), "west-texas");
    }

    #[test]
    fn a_missing_number_is_an_empty_cell() {
        assert_eq!(number(f64::NAN), "");
        assert_eq!(number(0.1), "0.1");
        assert_eq!(number(1e300), "1e300");
    }

    proptest! {
        #[test]
        fn every_finite_double_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(number(value).parse::<f64>().unwrap().to_bits(), bits);
        }

        #[test]
        fn no_written_text_begins_a_formula(text in ".{0,12}") {
            let out = harmless(&text);
            let formula = out.trim_start().starts_with(['=', '+', '-', '@']);
            prop_assert!(!formula || out.parse::<f64>().is_ok());
            prop_assert!(!out.chars().any(char::is_control));
        }
    }
}
