//! Rows of delimited text, bounded in length and number, each field with its place.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, BufReader, Read};

use jiff::civil::DateTime;
use thiserror::Error;

use crate::problem::nearest;
use crate::time::{Calendar, SimTime};

/// Longest line that is read, in bytes.
pub const LINE_BYTES_MAX: u64 = 65_536;
/// Longest field that is read, in bytes.
pub const FIELD_BYTES_MAX: usize = 4_096;
/// Most rows that are read from one file.
pub const ROWS_MAX: u64 = 5_000_000;

/// Where in a file something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Line from 1; zero where the whole file is meant.
    pub line: u64,
    /// Field of the line from 1; zero where the whole line is meant.
    pub column: usize,
    /// What the field is called, where it has a name.
    pub name: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        match (self.column, self.name.as_str()) {
            (0, _) => Ok(()),
            (column, "") => write!(f, ", column {column}"),
            (column, name) => write!(f, ", column {column} (`{name}`)"),
        }
    }
}

/// What is wrong with a data file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {message}")]
pub struct ReadError {
    /// Where.
    pub place: Place,
    /// What, with what was expected.
    pub message: String,
    /// The next step, where there is one.
    pub help: Option<String>,
}

impl ReadError {
    /// An error about a whole file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self::at_line(file, 0, message)
    }
    /// An error about a line.
    pub fn at_line(file: &str, line: u64, message: impl Into<String>) -> Self {
        let place = Place {
            file: file.to_owned(),
            line,
            ..Place::default()
        };
        Self {
            place,
            message: message.into(),
            help: None,
        }
    }
    /// With a next step.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Lines of a text, bounded; a byte order mark and carriage returns are dropped.
pub struct Lines<R> {
    input: BufReader<R>,
    file: String,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Lines of `input`, which messages call `file`.
    pub fn new(file: &str, input: R) -> Self {
        Self {
            input: BufReader::new(input),
            file: file.to_owned(),
            line: 0,
            buffer: Vec::new(),
        }
    }
    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }
    /// The number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }
    /// Reads the next line into the buffer; `false` at the end.
    fn advance(&mut self) -> Result<bool, ReadError> {
        self.buffer.clear();
        let mut bounded = (&mut self.input).take(LINE_BYTES_MAX);
        let read = bounded.read_until(b'\n', &mut self.buffer);
        self.line += 1;
        let fail = |what: String| Err(ReadError::at_line(&self.file, self.line, what));
        match read {
            Err(error) => return fail(format!("cannot be read: {error}")),
            Ok(0) => return Ok(false),
            Ok(_) if self.line > ROWS_MAX => return fail(format!("more than {ROWS_MAX} rows")),
            Ok(n) if n as u64 == LINE_BYTES_MAX && self.buffer.last() != Some(&b'\n') => {
                return fail(format!("the line is longer than {LINE_BYTES_MAX} bytes"));
            }
            Ok(_) => {}
        }
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        if self.line == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
            self.buffer.drain(..3);
        }
        Ok(true)
    }
    /// The next line as text; `None` at the end.
    pub fn next_line(&mut self) -> Result<Option<&str>, ReadError> {
        if !self.advance()? {
            return Ok(None);
        }
        self.text().map(Some)
    }
    fn text(&self) -> Result<&str, ReadError> {
        std::str::from_utf8(&self.buffer)
            .map_err(|_| ReadError::at_line(&self.file, self.line, "expected UTF-8 text"))
    }
}

/// Rows under a header line.
pub struct CsvRows<R> {
    lines: Lines<R>,
    delimiter: char,
    header: Vec<String>,
}

impl<R: Read> CsvRows<R> {
    /// Reads the header line of a comma-separated text.
    pub fn open(file: &str, input: R) -> Result<Self, ReadError> {
        Self::open_delimited(file, input, ',')
    }
    /// Reads the header line of a text separated by `delimiter`.
    pub fn open_delimited(file: &str, input: R, delimiter: char) -> Result<Self, ReadError> {
        let mut lines = Lines::new(file, input);
        let Some(first) = lines.next_line()? else {
            return Err(ReadError::of_file(file, "is empty; expected a header line"));
        };
        let header = split(first, delimiter)
            .iter()
            .map(|f| f.trim().to_owned())
            .collect();
        Ok(Self {
            lines,
            delimiter,
            header,
        })
    }
    /// Rows without a header, from lines whose preamble is already read.
    pub fn headless(lines: Lines<R>, header: Vec<String>) -> Self {
        Self {
            lines,
            delimiter: ',',
            header,
        }
    }
    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }
    /// The position of a column that must be there.
    pub fn column(&self, name: &str) -> Result<usize, ReadError> {
        self.find(name).ok_or_else(|| {
            let known = || self.header.iter().map(String::as_str);
            let error = ReadError::at_line(self.lines.file(), 1, format!("expected a column `{name}`"));
            if let Some(near) = nearest(name, known()) {
                return error.with_help(format!("did the file mean it by `{near}`?"));
            }
            let list: Vec<String> = known().take(12).map(|k| format!("`{}`", clip(k))).collect();
            error.with_help(format!("it has {}", list.join(", ")))
        })
    }
    /// The position of a column that may be there.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }
    /// The next row that is not blank; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            if !self.lines.buffer.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        let row = Row {
            file: &self.lines.file,
            line: self.lines.line,
            header: &self.header,
            fields: split(self.lines.text()?, self.delimiter),
        };
        row.check_shape()?;
        Ok(Some(row))
    }
}

/// One row.
pub struct Row<'a> {
    file: &'a str,
    /// Its line in the file, from 1.
    pub line: u64,
    header: &'a [String],
    fields: Vec<Cow<'a, str>>,
}

impl Row<'_> {
    fn check_shape(&self) -> Result<(), ReadError> {
        let (found, expected) = (self.fields.len(), self.header.len());
        if found != expected {
            let message = format!("expected {expected} fields, found {found}");
            return Err(ReadError::at_line(self.file, self.line, message));
        }
        match self.fields.iter().position(|f| f.len() > FIELD_BYTES_MAX) {
            Some(column) => Err(self.fail(
                column,
                format!("the field is longer than {FIELD_BYTES_MAX} bytes"),
            )),
            None => Ok(()),
        }
    }
    /// A field without the blanks around it.
    pub fn text(&self, column: usize) -> &str {
        self.fields[column].trim()
    }
    /// A finite number that must be there.
    pub fn number(&self, column: usize) -> Result<f64, ReadError> {
        match self.optional_number(column)? {
            Some(value) => Ok(value),
            None => Err(self.fail(column, "expected a number, found nothing")),
        }
    }
    /// A finite number, or `None` for an empty field.
    pub fn optional_number(&self, column: usize) -> Result<Option<f64>, ReadError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(self.fail(
                column,
                format!("expected a finite number, found `{}`", clip(text)),
            )),
        }
    }
    /// A number within a range.
    pub fn number_within(&self, column: usize, low: f64, high: f64) -> Result<f64, ReadError> {
        let value = self.number(column)?;
        if value < low || value > high {
            return Err(self.fail(
                column,
                format!("expected a number from {low} to {high}, found `{value}`"),
            ));
        }
        Ok(value)
    }
    /// An instant, with an offset or naive in `zone`.
    pub fn instant(&self, column: usize, zone: &Calendar) -> Result<SimTime, ReadError> {
        parse_instant(self.text(column), zone).ok_or_else(|| {
            let text = clip(self.text(column));
            self.fail(
                column,
                format!("expected a time such as `2023-01-01T00:00:00Z`, found `{text}`"),
            )
        })
    }
    /// An error about a field.
    pub fn fail(&self, column: usize, message: impl Into<String>) -> ReadError {
        let place = Place {
            file: self.file.to_owned(),
            line: self.line,
            column: column + 1,
            name: self.header.get(column).cloned().unwrap_or_default(),
        };
        ReadError {
            place,
            message: message.into(),
            help: None,
        }
    }
}

/// Years in which data may lie: far from the ends of the calendar, so that arithmetic on them cannot leave it.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

/// Parses `2023-01-01T00:00:00Z`, `2023-01-01 00:00:00-06:00`, or a naive time read in `zone`; years 1900 to 2200.
pub fn parse_instant(text: &str, zone: &Calendar) -> Option<SimTime> {
    if text.len() < 10 || text.len() > 40 {
        return None;
    }
    let instant = if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        (stamp.subsec_nanosecond() == 0).then(|| SimTime::from_unix_s(stamp.as_second()))
    } else {
        let naive: DateTime = text.parse().ok()?;
        (zone.occurrences(naive) == 1)
            .then(|| zone.instant(naive))
            .flatten()
    };
    instant.filter(|at| YEARS.contains(&Calendar::utc().civil(*at).year()))
}

/// The beginning of a text, for messages.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Splits a line; fields may be quoted, with quotes doubled inside. Quoted line breaks are not supported: none of
/// the formats has them.
fn split(line: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(delimiter).map(Cow::Borrowed).collect();
    }
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => fields.push(Cow::Owned(std::mem::take(&mut field))),
            c => field.push(c),
        }
    }
    fields.push(Cow::Owned(field));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> CsvRows<&[u8]> {
        CsvRows::open("p.csv", text.as_bytes()).unwrap()
    }

    #[test]
    fn byte_order_mark_carriage_returns_quotes_and_blank_lines_are_tolerated() {
        let mut t = rows("\u{feff}a,b\r\n\r\n\"1,\"\"5\"\"\", 2.5 \r\n");
        assert_eq!(t.column("a").unwrap(), 0);
        let row = t.next_row().unwrap().unwrap();
        assert_eq!(
            (row.line, row.text(0), row.number(1).unwrap()),
            (3, "1,\"5\"", 2.5)
        );
        assert!(t.next_row().unwrap().is_none());
    }

    #[test]
    fn a_broken_field_is_named_with_line_and_column() {
        for (field, expected) in [
            ("abc", "expected a finite number, found `abc`"),
            ("NaN", "expected a finite number, found `NaN`"),
            ("inf", "expected a finite number, found `inf`"),
            ("1e999", "expected a finite number, found `1e999`"),
            ("", "expected a number, found nothing"),
        ] {
            let text = format!("t,usd\nx,1\ny,{field}\n");
            let mut t = rows(&text);
            t.next_row().unwrap();
            let row = t.next_row().unwrap().unwrap();
            let error = row.number(1).unwrap_err().to_string();
            assert_eq!(error, format!("p.csv:3, column 2 (`usd`): {expected}"));
        }
    }

    #[test]
    fn rows_of_another_width_and_endless_lines_are_refused() {
        assert!(
            rows("a,b\n1\n")
                .next_row()
                .err()
                .unwrap()
                .to_string()
                .contains("expected 2 fields, found 1")
        );
        let long = format!("a\n{}\n", "9".repeat(70_000));
        assert!(
            rows(&long)
                .next_row()
                .err()
                .unwrap()
                .to_string()
                .contains("longer than")
        );
        let field = format!("a\n{}\n", "9".repeat(5_000));
        assert!(
            rows(&field)
                .next_row()
                .err()
                .unwrap()
                .to_string()
                .contains("longer than")
        );
        assert!(CsvRows::open("e.csv", "".as_bytes()).is_err());
        let latin: &[u8] = b"a\n\xff\n";
        assert!(
            CsvRows::open("l.csv", latin)
                .unwrap()
                .next_row()
                .err()
                .unwrap()
                .to_string()
                .contains("UTF-8")
        );
    }

    #[test]
    fn a_missing_column_is_refused_with_the_nearest() {
        let error = rows("start_utc,usd_per_mwhh\n")
            .column("usd_per_mwh")
            .unwrap_err();
        assert!(error.help.unwrap().contains("usd_per_mwhh"));
    }

    #[test]
    fn instants_carry_offsets_or_take_the_zone_and_never_a_time_that_is_not_one() {
        let texas = Calendar::of_zone("America/Chicago").unwrap();
        let at = |t: &str| parse_instant(t, &texas).map(SimTime::to_utc_text);
        assert_eq!(at("2023-01-01 00:00:00-06:00").unwrap(), "2023-01-01T06:00:00Z");
        assert_eq!(at("2023-01-01T00:00:00Z").unwrap(), "2023-01-01T00:00:00Z");
        assert_eq!(at("2023-07-01T00:00").unwrap(), "2023-07-01T05:00:00Z");
        assert_eq!(at("2023-03-12T02:30"), None);
        assert_eq!(at("yesterday"), None);
        assert_eq!(at("9999-12-30T22:00:00Z"), None);
    }
}
