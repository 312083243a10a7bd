//! Walks a TOML document into plain values and notes where each stands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use toml_edit::{Item, TableLike, Value as TomlValue};

use crate::problem::FieldPath;
use crate::scenario::source::{NESTING_MAX, Place, Source, SourceError};

/// Walks a document into values and notes where each stands.
pub(super) struct Walk<'a> {
    pub(super) source: &'a Source,
    pub(super) file: usize,
    pub(super) places: BTreeMap<FieldPath, Place>,
    pub(super) keys: BTreeMap<FieldPath, Place>,
    pub(super) depth: usize,
}

impl Walk<'_> {
    fn note(&mut self, path: &FieldPath, span: Option<std::ops::Range<usize>>) {
        if let Some(span) = span {
            self.places.insert(
                path.clone(),
                Place {
                    file: self.file,
                    span,
                },
            );
        }
    }

    fn refuse(&self, message: impl Into<String>, span: Option<std::ops::Range<usize>>) -> SourceError {
        SourceError::Refused {
            message: message.into(),
            source_text: self.source.clone(),
            span: span.unwrap_or(0..0),
            help: None,
        }
    }

    pub(super) fn table(
        &mut self,
        table: &dyn TableLike,
        at: &FieldPath,
    ) -> Result<Map<String, Value>, SourceError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.refuse(
                format!("values are nested deeper than {NESTING_MAX} levels"),
                None,
            ));
        }
        let mut map = Map::new();
        for (key, item) in table.iter() {
            let path = at.key(key);
            if let Some(span) = table.get_key_value(key).and_then(|(k, _)| k.span()) {
                self.keys.insert(
                    path.clone(),
                    Place {
                        file: self.file,
                        span,
                    },
                );
            }
            let value = self.item(item, &path)?;
            map.insert(key.to_owned(), value);
        }
        self.depth -= 1;
        Ok(map)
    }

    fn item(&mut self, item: &Item, at: &FieldPath) -> Result<Value, SourceError> {
        self.note(at, item.span());
        match item {
            Item::None => Ok(Value::Null),
            Item::Value(value) => self.value(value, at),
            Item::Table(table) => {
                if item.span().is_none() {
                    let key = self.keys.get(at).map(|p| p.span.clone());
                    self.note(at, key);
                }
                self.table(table, at).map(Value::Object)
            }
            Item::ArrayOfTables(tables) => {
                let mut items = Vec::new();
                for (index, table) in tables.iter().enumerate() {
                    let at = at.index(index);
                    self.note(&at, table.span());
                    items.push(Value::Object(self.table(table, &at)?));
                }
                Ok(Value::Array(items))
            }
        }
    }

    fn value(&mut self, value: &TomlValue, at: &FieldPath) -> Result<Value, SourceError> {
        self.note(at, value.span());
        Ok(match value {
            TomlValue::String(s) => Value::String(s.value().clone()),
            TomlValue::Integer(i) => Value::from(*i.value()),
            TomlValue::Float(f) => serde_json::Number::from_f64(*f.value())
                .map(Value::Number)
                .ok_or_else(|| self.refuse("`nan` and `inf` are not numbers here", value.span()))?,
            TomlValue::Boolean(b) => Value::Bool(*b.value()),
            TomlValue::Datetime(d) => Value::String(d.value().to_string()),
            TomlValue::Array(items) => {
                self.depth += 1;
                if self.depth > NESTING_MAX {
                    return Err(self.refuse(
                        format!("values are nested deeper than {NESTING_MAX} levels"),
                        value.span(),
                    ));
                }
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    list.push(self.value(item, &at.index(index))?);
                }
                self.depth -= 1;
                Value::Array(list)
            }
            TomlValue::InlineTable(table) => Value::Object(self.table(table, at)?),
        })
    }
}
