//! What a field of a scenario means: description, unit, default, range, label and source, and what stands below it.
//!
//! Everything is read from the generated schema, so that it cannot differ from what the program takes; the range is what
//! the program's own checks say to values far out. Owns no text of its own.

mod node;
mod range;
mod reference;

use serde::Serialize;
use serde_json::Value;

use crate::problem::{FieldPath, Segment, nearest};
use crate::scenario::assumptions::{label_of, unit_of};
use crate::scenario::overlay::{PathError, parse_path};
use crate::scenario::schema;
use node::{Form, Kind, description, form, required, target, toml_text, words};

pub use reference::markdown;

/// Points of a distribution, whose unit is that of the field they stand for.
const POINTS: [&str; 8] = ["p10", "p50", "p90", "low", "mode", "high", "mean", "sd"];

/// What is known of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The path as resolved: names of one's own in angle brackets.
    pub path: String,
    /// What it is: a number, a table, one of several kinds.
    pub kind: String,
    /// Meaning: the description of the field and, where it adds something, of its table.
    pub meaning: Vec<String>,
    /// Unit, from the suffix of the key.
    pub unit: &'static str,
    /// What stands where the field is left out; `None` where it must be given.
    pub default: Option<String>,
    /// What the checks take, as they say it.
    pub range: Vec<String>,
    /// Label of the default: `sourced`, `computed` or `assumption`.
    pub label: Option<&'static str>,
    /// The value that the default scenario has there.
    pub example: Option<String>,
    /// What stands below: keys of a table, kinds of a choice.
    pub below: Vec<Below>,
}

/// A key or a kind below a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Below {
    /// The key.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Its default; `required` where it must be given.
    pub default: String,
    /// First sentence of its description.
    pub meaning: String,
}

/// What stands at a path such as `sites[0].grid.import_limit_mw` or `market.gpu_rent.gb300`; the empty path is the
/// scenario itself. Lists take an index or an id, and may be left out of the path.
pub fn explain(path: &str) -> Result<Entry, PathError> {
    let root = schema::value();
    let segments = if path.trim().is_empty() {
        Vec::new()
    } else {
        parse_path(path.trim())?
    };
    let mut place = Place::root(&root);
    for segment in &segments {
        place.step(segment)?;
    }
    Ok(place.entry())
}

/// One kind of a choice, such as a cooling plant, with the figures that stand in it by default.
#[derive(Debug, Clone, PartialEq)]
pub struct KindOf {
    /// The key in scenarios.
    pub id: String,
    /// What it is.
    pub about: String,
    /// Its keys.
    pub figures: Vec<DefaultOf>,
}

/// A key with its default.
#[derive(Debug, Clone, PartialEq)]
pub struct DefaultOf {
    /// The key.
    pub key: String,
    /// The value that stands where it is left out; `None` where it must be given or there is none.
    pub value: Option<String>,
    /// Unit.
    pub unit: &'static str,
    /// `sourced`, `computed` or `assumption`, of a value.
    pub label: Option<&'static str>,
    /// The description: meaning and source.
    pub meaning: String,
}

/// The kinds of the choice at a path, each with its keys.
pub fn kinds(path: &str) -> Result<Vec<KindOf>, PathError> {
    let root = schema::value();
    let mut place = Place::root(&root);
    for segment in &parse_path(path)? {
        place.step(segment)?;
    }
    let choice = match form(&root, place.schema) {
        Form::List(items) => form(&root, items),
        form => form,
    };
    let Form::Choice(kinds) = choice else {
        return Ok(Vec::new());
    };
    Ok(kinds.iter().map(|kind| kind_of(&root, kind)).collect())
}

fn kind_of(root: &Value, kind: &Kind<'_>) -> KindOf {
    let own = kind.below.map_or("", |b| description(target(root, b)));
    let keys = match kind.below.map(|b| form(root, b)) {
        Some(Form::Table(keys)) => keys
            .iter()
            .map(|(key, field)| default_of(root, key, field))
            .collect(),
        _ => Vec::new(),
    };
    KindOf {
        id: kind.name.clone(),
        about: one_line(if kind.about.is_empty() { own } else { kind.about }),
        figures: keys,
    }
}

fn default_of(root: &Value, key: &str, field: &Value) -> DefaultOf {
    let meaning = one_line(match description(field) {
        "" => description(target(root, field)),
        about => about,
    });
    let value = field.get("default").filter(|d| !d.is_null() && !d.is_object());
    DefaultOf {
        key: key.to_owned(),
        value: value.map(toml_text),
        unit: unit(key, ""),
        label: value.map(|_| label_of(&meaning).0),
        meaning,
    }
}

/// Where the walk stands.
struct Place<'a> {
    root: &'a Value,
    schema: &'a Value,
    about: &'a str,
    shown: String,
    key: String,
    holder: String,
    default: Option<&'a Value>,
    required: bool,
    /// Steps through a written scenario: `None` for any element or name.
    steps: Vec<Option<Segment>>,
}

impl<'a> Place<'a> {
    fn root(root: &'a Value) -> Self {
        Self {
            root,
            schema: root,
            about: description(root),
            shown: String::new(),
            key: String::new(),
            holder: String::new(),
            default: None,
            required: true,
            steps: Vec::new(),
        }
    }

    fn step(&mut self, segment: &Segment) -> Result<(), PathError> {
        match (form(self.root, self.schema), segment) {
            (Form::Table(keys), Segment::Key(key)) => match keys.get(key) {
                Some(property) => {
                    let required = required(self.root, self.schema).contains(&key.as_str());
                    self.enter(property, description(property), key, required);
                    Ok(())
                }
                None => Err(self.unknown(key, keys.keys().map(String::as_str))),
            },
            (Form::Choice(kinds), Segment::Key(key)) => {
                let tables = || kinds.iter().filter(|k| k.below.is_some());
                match tables().find(|k| k.name == *key) {
                    Some(Kind {
                        below: Some(below),
                        about,
                        ..
                    }) => {
                        let about = if about.is_empty() {
                            description(below)
                        } else {
                            about
                        };
                        self.enter(below, about, key, true);
                        Ok(())
                    }
                    _ => Err(self.unknown(key, tables().map(|k| k.name.as_str()))),
                }
            }
            (Form::Names(below), Segment::Key(key)) => {
                self.named(below, &format!(".<{key}>"));
                Ok(())
            }
            (Form::List(items), Segment::Index(index)) => {
                self.named(items, &format!("[{index}]"));
                Ok(())
            }
            (Form::List(items), Segment::Key(key)) => self.enter_list(items, key, segment),
            (_, Segment::Index(index)) => Err(PathError {
                message: format!("`{}` is no list, so it has no `[{index}]`", self.shown),
                help: None,
            }),
            (Form::Plain(_), Segment::Key(key)) => Err(PathError {
                message: format!("`{}` has nothing below it, and no `{key}`", self.shown),
                help: None,
            }),
        }
    }

    /// A key at a list: a field of its elements, or else the id of one.
    fn enter_list(&mut self, items: &'a Value, key: &str, segment: &Segment) -> Result<(), PathError> {
        let fields: Vec<&str> = match form(self.root, items) {
            Form::Table(keys) => keys.keys().map(String::as_str).collect(),
            Form::Choice(ref kinds) if kinds.iter().any(|k| k.name == key) => vec![key],
            _ => Vec::new(),
        };
        if fields.contains(&key) || matches!(form(self.root, items), Form::Choice(_)) {
            self.named(items, "[]");
            return self.step(segment);
        }
        if !fields.contains(&"id") || nearest(key, fields.iter().copied()).is_some() {
            return Err(self.unknown(key, fields.into_iter()));
        }
        self.named(items, &format!("[<{key}>]"));
        Ok(())
    }

    fn enter(&mut self, schema: &'a Value, about: &'a str, key: &str, required: bool) {
        if !self.shown.is_empty() {
            self.shown.push('.');
        }
        self.shown.push_str(key);
        self.holder = std::mem::replace(&mut self.key, key.to_owned());
        self.default = schema.get("default");
        (self.schema, self.about, self.required) = (schema, about, required);
        self.steps.push(Some(Segment::Key(key.to_owned())));
    }

    /// An element of a list, or what stands under a name of the user's own.
    fn named(&mut self, schema: &'a Value, shown: &str) {
        self.shown.push_str(shown);
        let step = match shown.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
            Some(index) => index.parse().ok().map(Segment::Index),
            None => Some(Segment::Key(shown.trim_matches(['.', '<', '>']).to_owned())),
        };
        self.steps.push(step);
        (self.schema, self.default, self.required) = (schema, None, true);
    }

    fn unknown<'k>(&self, key: &str, known: impl Iterator<Item = &'k str>) -> PathError {
        let known: Vec<&str> = known.collect();
        let place = if self.shown.is_empty() {
            "the scenario".to_owned()
        } else {
            format!("`{}`", self.shown)
        };
        let list = || {
            known
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        PathError {
            message: format!("{place} has no `{key}`"),
            help: Some(match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", list()),
            }),
        }
    }

    fn entry(&self) -> Entry {
        let own = description(target(self.root, self.schema));
        let mut meaning: Vec<String> = vec![one_line(self.about)];
        if !meaning.contains(&one_line(own)) {
            meaning.push(one_line(own));
        }
        meaning.retain(|m| !m.is_empty());
        let about = meaning.join(" ");
        let plain = matches!(form(self.root, self.schema), Form::Plain(_));
        let (range, example) = range::of(&self.steps);
        let shown_default = |d: &Value| {
            if d.is_null() {
                "none".to_owned()
            } else {
                toml_text(d)
            }
        };
        Entry {
            path: self.shown.clone(),
            kind: words(self.root, self.schema),
            unit: unit(&self.key, &self.holder),
            default: self.default.filter(|_| !self.required).map(shown_default),
            label: (plain && self.default.is_some_and(|d| !d.is_null()) && !self.required)
                .then(|| label_of(&about).0),
            range,
            example,
            below: below(self.root, self.schema),
            meaning,
        }
    }
}

fn unit(key: &str, holder: &str) -> &'static str {
    unit_of(if POINTS.contains(&key) { holder } else { key })
}

fn below(root: &Value, schema: &Value) -> Vec<Below> {
    match form(root, schema) {
        Form::Table(keys) => {
            let required = required(root, schema);
            keys.iter()
                .map(|(name, field)| key_below(root, name, field, required.contains(&name.as_str())))
                .collect()
        }
        Form::Choice(kinds) => kinds.iter().map(|kind| kind_below(root, kind)).collect(),
        Form::Names(inner) | Form::List(inner) => below(root, inner),
        Form::Plain(_) => Vec::new(),
    }
}

fn key_below(root: &Value, name: &str, field: &Value, required: bool) -> Below {
    let default = match field.get("default") {
        _ if required => "required".to_owned(),
        None | Some(Value::Null) => "none".to_owned(),
        Some(value) if value.is_object() || value.is_array() => match toml_text(value) {
            text if text.len() <= 24 => text,
            _ => "table".to_owned(),
        },
        Some(value) => toml_text(value),
    };
    let about = match description(field) {
        "" => description(target(root, field)),
        about => about,
    };
    Below {
        name: name.to_owned(),
        kind: words(root, field),
        default,
        meaning: first_sentence(about),
    }
}

fn kind_below(root: &Value, kind: &Kind<'_>) -> Below {
    let own = kind.below.map_or("", |b| description(target(root, b)));
    Below {
        name: kind.name.clone(),
        kind: kind.below.map_or_else(|| "word".to_owned(), |b| words(root, b)),
        default: String::new(),
        meaning: first_sentence(if kind.about.is_empty() { own } else { kind.about }),
    }
}

/// A description of several lines on one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Up to the first full stop that ends a sentence.
fn first_sentence(text: &str) -> String {
    let text = one_line(text);
    let end = text.match_indices(". ").map(|(at, _)| at + 1).next();
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The path as a field path of a written scenario, where every step is known.
fn written(tree: &Value, steps: &[Option<Segment>]) -> Option<FieldPath> {
    let (mut at, mut path) = (tree, FieldPath::root());
    for step in steps {
        (at, path) = match (at, step) {
            (Value::Object(table), Some(Segment::Key(key))) => match table.get(key) {
                Some(next) => (next, path.key(key)),
                None => return None,
            },
            (Value::Array(items), step) => {
                let index = match step {
                    Some(Segment::Index(index)) => *index,
                    Some(Segment::Key(id)) => items.iter().position(|i| i["id"] == id.as_str())?,
                    None => 0,
                };
                (items.get(index)?, path.index(index))
            }
            _ => return None,
        };
    }
    Some(path)
}

#[cfg(test)]
mod tests;
