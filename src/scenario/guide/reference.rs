//! The reference of the language as Markdown: every table, key and kind, from the schema.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::node::{Form, description, form, required, target, toml_text, words};
use super::{one_line, unit};
use crate::scenario::schema;

/// How the page begins.
const HEAD: &str = "# Scenario reference\n\nEvery key of a scenario file, made from the program's own types (`repower schema --reference`); a test keeps this page equal\nto them. `repower explain PATH` tells of one field in the terminal, with the range that the checks take. Words such as *by name*\nmean tables under names of your own; *list* a TOML array, or `[[tables]]`. A choice of several kinds is a table with one key:\n`cooling.evaporative_wall = {}`. How the language is used, by example: [USER-GUIDE.md](USER-GUIDE.md).\n";

/// The page.
pub fn markdown() -> String {
    let root = schema::value();
    let mut page = Page {
        root: &root,
        text: HEAD.to_owned(),
        open: Vec::new(),
        known: BTreeSet::new(),
    };
    page.section("The file", &root, "");
    let mut next = 0;
    while next < page.open.len() {
        let name = page.open[next].clone();
        next += 1;
        let schema = &root["$defs"][&name];
        page.section(&name, schema, "");
    }
    page.text
}

struct Page<'a> {
    root: &'a Value,
    text: String,
    /// Types that were referred to, in order.
    open: Vec<String>,
    known: BTreeSet<String>,
}

impl<'a> Page<'a> {
    fn section(&mut self, title: &str, schema: &'a Value, about: &str) {
        let _ = writeln!(self.text, "\n## {title}\n");
        let about = if about.is_empty() {
            description(schema)
        } else {
            about
        };
        if !about.is_empty() {
            let _ = writeln!(self.text, "{}\n", one_line(about));
        }
        match form(self.root, schema) {
            Form::Table(keys) if keys.is_empty() => self.text.push_str("No keys: `{}`.\n"),
            Form::Table(keys) => {
                let required = required(self.root, schema);
                self.text
                    .push_str("| key | what | unit | default | meaning |\n|---|---|---|---|---|\n");
                for (name, field) in keys {
                    self.key(title, name, field, required.contains(&name.as_str()));
                }
            }
            Form::Choice(kinds) => {
                self.text.push_str("| kind | what | meaning |\n|---|---|---|\n");
                for kind in kinds {
                    let below = kind.below.map_or_else(|| "word".to_owned(), |b| self.linked(b));
                    let about = match (kind.about, kind.below) {
                        ("", Some(below)) => description(target(self.root, below)),
                        (about, _) => about,
                    };
                    let _ = writeln!(self.text, "| `{}` | {below} | {} |", kind.name, cell(about));
                }
            }
            Form::Names(inner) | Form::List(inner) => {
                let inner = self.linked(inner);
                let _ = writeln!(self.text, "{}: {inner}", words(self.root, schema));
            }
            Form::Plain(plain) => {
                let pattern = plain.get("pattern").and_then(Value::as_str);
                let shown = pattern.map_or(String::new(), |p| format!(" of the form `{p}`"));
                let _ = writeln!(self.text, "A {}{shown}.", words(self.root, plain));
            }
        }
    }

    fn key(&mut self, _table: &str, name: &str, field: &'a Value, required: bool) {
        let what = self.linked(field);
        let default = match field.get("default") {
            _ if required => "required".to_owned(),
            None | Some(Value::Null) => "-".to_owned(),
            Some(value) => match toml_text(value) {
                text if text.len() <= 60 => format!("`{}`", text.replace('|', "\\|")),
                _ => "see its table".to_owned(),
            },
        };
        let about = match description(field) {
            "" => description(target(self.root, field)),
            about => about,
        };
        let unit = unit(name, "");
        let _ = writeln!(
            self.text,
            "| `{name}` | {what} | {unit} | {default} | {} |",
            cell(about)
        );
    }

    /// What a field is, with a link to the section of its type, which is opened on first sight.
    fn linked(&mut self, schema: &'a Value) -> String {
        let inner = innermost(self.root, schema);
        let said = words(self.root, schema);
        let Some(name) = inner.and_then(|reference| reference.strip_prefix("#/$defs/")) else {
            return self.inline(schema, said);
        };
        if self.known.insert(name.to_owned()) {
            self.open.push(name.to_owned());
        }
        format!("{said}: [{name}](#{})", name.to_lowercase())
    }

    /// What has no type of its own: a list of such, or a table, with its keys.
    fn inline(&mut self, schema: &'a Value, said: String) -> String {
        match form(self.root, schema) {
            Form::Table(keys) if !keys.is_empty() => {
                let keys: Vec<String> = keys
                    .iter()
                    .map(|(name, field)| format!("`{name}` ({})", self.linked(field)))
                    .collect();
                format!("table of {}", keys.join(", "))
            }
            Form::List(inner) | Form::Names(inner) => {
                self.linked(inner);
                said
            }
            _ => said,
        }
    }
}

/// The reference to a named type within options, lists and names.
fn innermost<'a>(root: &'a Value, schema: &'a Value) -> Option<&'a str> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return Some(reference);
    }
    let single = |list: &'a Value| {
        let real = list.as_array()?.iter().filter(|a| a["type"] != "null");
        let real: Vec<&Value> = real.collect();
        match real[..] {
            [only] => innermost(root, only),
            _ => None,
        }
    };
    let inner = ["anyOf", "allOf", "oneOf"]
        .iter()
        .find_map(|k| schema.get(*k).and_then(single));
    inner.or_else(|| match form(root, schema) {
        Form::List(inner) | Form::Names(inner) => innermost(root, inner),
        _ => None,
    })
}

/// A description that fits a cell of a table.
fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|").replace('<', "&lt;")
}
