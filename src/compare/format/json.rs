//! The whole comparison as JSON.

use std::io::{self, Write};

use serde_json::Value;

use crate::compare::Comparison;

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let mut document = serde_json::to_value(comparison)?;
    if let Value::Object(fields) = &mut document {
        fields.insert("same".to_owned(), comparison.is_same().into());
        fields.insert("beyond_tolerance".to_owned(), comparison.beyond().count().into());
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
