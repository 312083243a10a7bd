//! What readers of jobs and requests share: bounded reading of lines and comma-separated tables: byte-order marks, both line ends, quotes, and errors
//! that name file, line and column. No value is larger than its line, no line larger than [`LINE_MAX`].

mod plain;

use std::io::{BufRead, BufReader, Read};

use plain::{split_plain, whole_numbers};
use thiserror::Error;

/// The longest line, in bytes.
pub const LINE_MAX: u64 = 1 << 20;
/// The most rows of a trace.
pub const ROWS_MAX: usize = 50_000_000;
/// The largest whole number that a field may hold.
pub(super) const NUMBER_MAX: i64 = i64::MAX / 16;
/// How much of an offending text a message shows.
const SHOWN_MAX: usize = 60;

/// Why a trace could not be read.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The content is not what the format promises.
    #[error("{file}:{line}: {column}{message}", column = column.as_ref().map(|c| format!("column `{c}`: ")).unwrap_or_default())]
    Malformed {
        /// The name that the caller gave.
        file: String,
        /// Line, from 1.
        line: u64,
        /// The column, where one is at fault.
        column: Option<String>,
        /// What was expected and what stood there.
        message: String,
    },
    /// The operating system could not read.
    #[error("{file}: could not be read: {source}")]
    Io {
        /// The name that the caller gave.
        file: String,
        /// Why.
        source: std::io::Error,
    },
}

/// An offending text, cut and without control characters.
pub(super) fn shown(text: &str) -> String {
    let cut: String = text
        .chars()
        .take(SHOWN_MAX)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    let more = if text.chars().nth(SHOWN_MAX).is_some() {
        "..."
    } else {
        ""
    };
    format!("`{cut}{more}`")
}

/// What to say of a header that has no comma.
pub(super) fn delimiter_hint(header: &str) -> &'static str {
    match header {
        _ if header.contains(',') => "",
        _ if header.contains(';') => "; fields are separated by `,`, not `;`",
        _ if header.contains('\t') => "; fields are separated by `,`, not by tabs",
        _ => "",
    }
}

/// The lines of a text.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    file: String,
    line: u64,
    unread: bool,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R, file: &str) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, source),
            buffer: Vec::new(),
            file: file.to_owned(),
            line: 0,
            unread: false,
            ended: true,
        }
    }

    /// The first byte of the text that is not blank, where it lies among the first that can be had; nothing is read.
    pub(super) fn first_byte(&mut self) -> Result<Option<u8>, TraceError> {
        if self.unread {
            return Ok(self.buffer.trim_ascii_start().first().copied());
        }
        let head = self.reader.fill_buf();
        let head = head.map_err(|source| TraceError::Io {
            file: self.file.clone(),
            source,
        })?;
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        Ok(text.trim_ascii_start().first().copied())
    }

    /// The whole text behind a byte-order mark, before any line was read, and the file's name.
    pub(super) fn into_reader(mut self) -> Result<(BufReader<R>, String), TraceError> {
        assert!(self.line == 0, "line {} was read", self.line);
        let head = self.reader.fill_buf();
        let marked = head.as_ref().is_ok_and(|head| head.starts_with(b"\xEF\xBB\xBF"));
        match head {
            Ok(_) => {
                self.reader.consume(if marked { 3 } else { 0 });
                Ok((self.reader, self.file))
            }
            Err(source) => Err(TraceError::Io {
                file: self.file,
                source,
            }),
        }
    }

    /// The next line without its end; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<&str>, TraceError> {
        if !std::mem::take(&mut self.unread) && !self.fill()? {
            return Ok(None);
        }
        self.text().map(Some)
    }

    /// Moves to the next line that is not empty; says whether there is one.
    fn next_filled(&mut self) -> Result<bool, TraceError> {
        loop {
            if !std::mem::take(&mut self.unread) && !self.fill()? {
                return Ok(false);
            }
            if !self.buffer.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line read last.
    fn text(&self) -> Result<&str, TraceError> {
        let Ok(text) = std::str::from_utf8(&self.buffer) else {
            return Err(self.error(None, "the line is not UTF-8 text"));
        };
        if self.buffer.contains(&0) {
            return Err(self.error(None, "the line holds a zero byte; a text file was expected"));
        }
        Ok(text)
    }

    /// The next line, which stays the next.
    pub(super) fn peek(&mut self) -> Result<Option<&str>, TraceError> {
        if self.next()?.is_none() {
            return Ok(None);
        }
        self.unread = true;
        Ok(std::str::from_utf8(&self.buffer).ok())
    }

    /// Says so where the file ends in the middle of a line.
    pub(super) fn note_cut(&self, assumptions: &mut Vec<String>) {
        if self.line > 0 && !self.ended {
            assumptions.push("the last line has no line end; the file may have been cut off".to_owned());
        }
    }

    fn fill(&mut self) -> Result<bool, TraceError> {
        self.buffer.clear();
        let mut bounded = (&mut self.reader).take(LINE_MAX + 1);
        let read = bounded.read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|source| TraceError::Io {
            file: self.file.clone(),
            source,
        })?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        if read as u64 > LINE_MAX {
            return Err(self.error(None, format!("the line is longer than {LINE_MAX} bytes")));
        }
        self.ended = self.buffer.last() == Some(&b'\n');
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        if self.line == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
            self.buffer.drain(..3);
        }
        Ok(true)
    }

    pub(super) fn error(&self, column: Option<&str>, message: impl Into<String>) -> TraceError {
        TraceError::Malformed {
            file: self.file.clone(),
            line: self.line.max(1),
            column: column.map(str::to_owned),
            message: message.into(),
        }
    }
}

/// A comma-separated table with a header.
pub(super) struct Table<R> {
    lines: Lines<R>,
    header: Vec<String>,
    text: String,
    fields: Vec<(usize, usize)>,
    rows: usize,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub(super) fn open(mut lines: Lines<R>) -> Result<Self, TraceError> {
        let Some(first) = lines.next()?.map(str::to_owned) else {
            return Err(lines.error(None, "the file is empty; a header line was expected"));
        };
        let mut table = Self {
            lines,
            header: Vec::new(),
            text: String::new(),
            fields: Vec::new(),
            rows: 0,
        };
        table.split(&first)?;
        table.header = (0..table.fields.len())
            .map(|i| table.field(i).trim().to_owned())
            .collect();
        Ok(table)
    }

    /// A table whose columns are known by place; a header line with these names is skipped.
    pub(super) fn without_header(mut lines: Lines<R>, names: &[&str]) -> Result<Self, TraceError> {
        let joined = names.join(",");
        let Some(first) = lines.peek()? else {
            return Err(lines.error(None, "the file is empty"));
        };
        if first.trim_end() == joined {
            lines.next()?;
        }
        let header = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self {
            lines,
            header,
            text: String::new(),
            fields: Vec::new(),
            rows: 0,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.header.iter().any(|column| column == name)
    }

    /// The index of a column that must exist.
    pub(super) fn column(&self, name: &str) -> Result<usize, TraceError> {
        if let Some(index) = self.optional(name)? {
            return Ok(index);
        }
        let found = shown(&self.header.join(","));
        let hint = match self.header.as_slice() {
            [one] => delimiter_hint(one),
            _ => "",
        };
        Err(self
            .lines
            .error(None, format!("the header lacks column `{name}`: {found}{hint}")))
    }

    /// The index of a column that may be missing, but stands there at most once.
    pub(super) fn optional(&self, name: &str) -> Result<Option<usize>, TraceError> {
        let mut places = self
            .header
            .iter()
            .enumerate()
            .filter(|(_, column)| *column == name);
        let first = places.next().map(|(index, _)| index);
        if places.next().is_some() {
            return Err(self.lines.error(Some(name), "the header names this column twice"));
        }
        Ok(first)
    }

    /// Moves to the next row that is not blank; says whether there is one.
    pub(super) fn next_row(&mut self) -> Result<bool, TraceError> {
        if !self.lines.next_filled()? {
            return Ok(false);
        }
        self.count_row()?;
        self.split_row()?;
        Ok(true)
    }

    /// Moves to the next row that is not blank. Where it is nothing but `N` whole numbers, they are given and the
    /// fields of the row are not; [`Table::split_row`] gives them after all.
    pub(super) fn next_row_or_numbers<const N: usize>(
        &mut self,
        numbers: &mut [i64; N],
    ) -> Result<Next, TraceError> {
        if !self.lines.next_filled()? {
            return Ok(Next::End);
        }
        self.count_row()?;
        if self.header.len() == N && whole_numbers(&self.lines.buffer, numbers) {
            return Ok(Next::Numbers);
        }
        self.split_row()?;
        Ok(Next::Row)
    }

    fn count_row(&mut self) -> Result<(), TraceError> {
        self.rows += 1;
        if self.rows > ROWS_MAX {
            return Err(self.error_here(format!("a trace has at most {ROWS_MAX} rows")));
        }
        Ok(())
    }

    /// Splits the line read last into the fields of a row.
    pub(super) fn split_row(&mut self) -> Result<(), TraceError> {
        let line = self.lines.text()?;
        if line.contains('"') {
            let line = line.to_owned();
            self.split(&line)?;
        } else {
            self.text.clear();
            self.text.push_str(line);
            split_plain(&self.text, &mut self.fields);
        }
        if self.fields.len() != self.header.len() {
            let (found, expected) = (self.fields.len(), self.header.len());
            return Err(self.error_here(format!("{found} fields where the header has {expected}")));
        }
        Ok(())
    }

    /// A field of the row.
    pub(super) fn field(&self, column: usize) -> &str {
        let (from, to) = self.fields[column];
        &self.text[from..to]
    }

    /// Whether a field is the number zero.
    pub(super) fn is_zero(&self, column: usize) -> bool {
        self.field(column).trim().parse() == Ok(0.0)
    }

    /// A whole number, small enough that sums and differences of a few stay within 64 bits.
    pub(super) fn integer(&self, column: usize) -> Result<i64, TraceError> {
        let text = self.field(column).trim();
        match text.parse::<i64>() {
            Ok(number) if (-NUMBER_MAX..=NUMBER_MAX).contains(&number) => Ok(number),
            _ => Err(self.error(column, format!("expected a whole number, found {}", shown(text)))),
        }
    }

    /// The identity of a job.
    pub(super) fn id(&self, column: usize) -> Result<u64, TraceError> {
        let text = self.field(column).trim();
        text.parse().map_err(|_| {
            let message = format!(
                "expected a whole number that is not negative, found {}",
                shown(text)
            );
            self.error(column, message)
        })
    }

    /// A finite number.
    pub(super) fn number(&self, column: usize) -> Result<f64, TraceError> {
        let text = self.field(column).trim();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.error(column, format!("expected a finite number, found {}", shown(text)))),
        }
    }

    /// A number of seconds, rounded to whole ones (halves up).
    pub(super) fn seconds(&self, column: usize) -> Result<i64, TraceError> {
        if let Ok(whole) = self.integer(column) {
            return Ok(whole);
        }
        let rounded = (self.number(column)? + 0.5).floor();
        if rounded.abs() > NUMBER_MAX as f64 {
            let found = shown(self.field(column));
            return Err(self.error(column, format!("expected a number of seconds, found {found}")));
        }
        Ok(rounded as i64)
    }

    /// Which row this is, from 1.
    pub(super) fn row(&self) -> u64 {
        self.rows as u64
    }

    /// Whether a field says that there is no value: empty, or as databases and data frames write it.
    pub(super) fn is_missing(&self, column: usize) -> bool {
        let text = self.field(column).trim();
        let words = ["none", "null", "nan", "nat", "na"];
        text.is_empty() || words.iter().any(|word| text.eq_ignore_ascii_case(word))
    }

    /// Says so where the file ends in the middle of a line.
    pub(super) fn note_cut(&self, assumptions: &mut Vec<String>) {
        self.lines.note_cut(assumptions);
    }

    pub(super) fn error(&self, column: usize, message: impl Into<String>) -> TraceError {
        self.lines
            .error(self.header.get(column).map(String::as_str), message)
    }

    pub(super) fn error_here(&self, message: impl Into<String>) -> TraceError {
        self.lines.error(None, message)
    }

    /// Splits a line that may hold quotes; quoted fields do not run over line ends.
    fn split(&mut self, line: &str) -> Result<(), TraceError> {
        self.text.clear();
        self.fields.clear();
        let mut rest = line;
        loop {
            let from = self.text.len();
            if let Some(quoted) = rest.strip_prefix('"') {
                rest = quoted;
                loop {
                    let Some(close) = rest.find('"') else {
                        return Err(self.error_here("a quoted field does not end on its line"));
                    };
                    self.text.push_str(&rest[..close]);
                    rest = &rest[close + 1..];
                    let Some(more) = rest.strip_prefix('"') else { break };
                    self.text.push('"');
                    rest = more;
                }
                if !rest.is_empty() && !rest.starts_with(',') {
                    return Err(self.error_here("text follows a quoted field"));
                }
            } else {
                let to = rest.find(',').unwrap_or(rest.len());
                self.text.push_str(&rest[..to]);
                rest = &rest[to..];
            }
            self.fields.push((from, self.text.len()));
            let Some(more) = rest.strip_prefix(',') else {
                return Ok(());
            };
            rest = more;
        }
    }
}

/// What [`Table::next_row_or_numbers`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// No further row.
    End,
    /// A row of whole numbers only.
    Numbers,
    /// A row, split into its fields.
    Row,
}
