//! Records out of JSON text, one at a time: an array of them, or one behind the other. No record is longer than
//! [`RECORD_MAX`], so that memory is bounded however long the file or a text in it is.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::workload::text::{Lines, TraceError};

/// The longest record, in bytes.
const RECORD_MAX: u64 = 16 << 20;

/// Gives each record to `take`; an error of `take` is reported where the record ends. Gives the file's name and the
/// line at which it ended.
pub(super) fn for_each_record<R: Read, T: DeserializeOwned>(
    lines: Lines<R>,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(String, u64), TraceError> {
    let (mut input, file) = lines.into_reader()?;
    let left = Cell::new(RECORD_MAX);
    let array =
        io::BufRead::fill_buf(&mut input).is_ok_and(|head| head.trim_ascii_start().first() == Some(&b'['));
    let bounded = Bounded {
        inner: input,
        left: &left,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(io::BufReader::new(bounded));
    let done = if array {
        let each = Each {
            take: &mut take,
            left: &left,
            record: PhantomData,
        };
        each.deserialize(&mut deserializer)
            .and_then(|()| deserializer.end())
    } else {
        let mut records = deserializer.into_iter::<T>();
        records.try_for_each(|record| {
            left.set(RECORD_MAX);
            take(record?).map_err(serde_json::Error::custom)
        })
    };
    match done {
        Ok(()) => Ok((file, 1)),
        Err(error) => Err(located(&error, file)),
    }
}

fn located(error: &serde_json::Error, file: String) -> TraceError {
    let too_long = error.io_error_kind() == Some(io::ErrorKind::FileTooLarge);
    if error.is_io() && !too_long {
        let source = io::Error::new(
            error.io_error_kind().unwrap_or(io::ErrorKind::Other),
            error.to_string(),
        );
        return TraceError::Io { file, source };
    }
    // The place stands in front.
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
    TraceError::Malformed {
        file,
        line: error.line().max(1) as u64,
        column: None,
        message: if too_long {
            format!("a record is longer than {RECORD_MAX} bytes")
        } else {
            format!("{message} (column {} of the line)", error.column())
        },
    }
}

/// Reads until a record has used up its bytes.
struct Bounded<'a, R> {
    inner: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let read = self.inner.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

/// The elements of an array.
struct Each<'a, T, F> {
    take: &'a mut F,
    left: &'a Cell<u64>,
    record: PhantomData<T>,
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), String>> DeserializeSeed<'de> for Each<'_, T, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), String>> Visitor<'de> for Each<'_, T, F> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        loop {
            let one = One {
                take: &mut *self.take,
                record: PhantomData::<T>,
            };
            if records.next_element_seed(one)?.is_none() {
                return Ok(());
            }
            self.left.set(RECORD_MAX);
        }
    }
}

/// One element. It is taken while the reader stands at its end, so that errors have its line.
struct One<'a, T, F> {
    take: &'a mut F,
    record: PhantomData<T>,
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), String>> DeserializeSeed<'de> for One<'_, T, F> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned, F: FnMut(T) -> Result<(), String>> Visitor<'de> for One<'_, T, F> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        let record = T::deserialize(MapAccessDeserializer::new(fields))?;
        (self.take)(record).map_err(A::Error::custom)
    }
}
