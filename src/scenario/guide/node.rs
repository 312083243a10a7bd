//! The generated schema, seen as what a file may say: tables, names, lists, choices and values.

use serde_json::{Map, Value};

use crate::scenario::shape::{constants, flatten, is_null_type, resolve, types};

/// What stands at a place of the schema.
pub(super) enum Form<'a> {
    /// A table with these keys.
    Table(&'a Map<String, Value>),
    /// Tables or values by names of the user's own.
    Names(&'a Value),
    /// A list of such elements.
    List(&'a Value),
    /// One of several kinds.
    Choice(Vec<Kind<'a>>),
    /// A number, a text, a flag.
    Plain(&'a Value),
}

/// One of the kinds of a choice.
pub(super) struct Kind<'a> {
    /// The word or the key of its table.
    pub(super) name: String,
    /// What it is.
    pub(super) about: &'a str,
    /// What stands below the key; `None` for a plain word.
    pub(super) below: Option<&'a Value>,
}

/// The description that stands at a schema itself.
pub(super) fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or("")
}

/// What a reference, an option or a list of one leads to.
pub(super) fn target<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolve(root, schema);
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .find_map(|k| schema.get(*k).and_then(Value::as_array));
    let real: Vec<&Value> = alternatives
        .into_iter()
        .flatten()
        .filter(|a| !is_null_type(resolve(root, a)))
        .collect();
    match (alternatives, &real[..]) {
        (Some(all), [only]) if all.len() > 1 => target(root, only),
        _ => schema,
    }
}

/// The form of what stands at a schema.
pub(super) fn form<'a>(root: &'a Value, schema: &'a Value) -> Form<'a> {
    let schema = target(root, schema);
    let alternatives = ["anyOf", "oneOf"]
        .iter()
        .find_map(|k| schema.get(*k).and_then(Value::as_array));
    if let Some(alternatives) = alternatives {
        let flat = flatten(root, &alternatives.iter().collect::<Vec<_>>());
        return Form::Choice(flat.into_iter().flat_map(kinds).collect());
    }
    if constants(schema).len() > 1 {
        return Form::Choice(kinds(schema));
    }
    if let Some(items) = schema.get("items").filter(|i| i.is_object()) {
        return Form::List(items);
    }
    let by_pattern = schema
        .get("patternProperties")
        .and_then(Value::as_object)
        .and_then(|p| p.values().next());
    let additional = schema.get("additionalProperties").filter(|a| a.is_object());
    if let Some(value) = by_pattern.or(additional) {
        return Form::Names(value);
    }
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => Form::Table(properties),
        None if types(schema) == ["object"] => Form::Table(EMPTY.get_or_init(Map::new)),
        None => Form::Plain(schema),
    }
}

/// The keys of a table without any.
static EMPTY: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();

fn kinds(alternative: &Value) -> Vec<Kind<'_>> {
    let about = description(alternative);
    let word = |value: &Value| Kind {
        name: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        about,
        below: None,
    };
    let words = constants(alternative);
    if !words.is_empty() {
        return words.into_iter().map(word).collect();
    }
    match alternative.get("properties").and_then(Value::as_object) {
        Some(properties) => properties
            .iter()
            .map(|(name, below)| Kind {
                name: name.clone(),
                about,
                below: Some(below),
            })
            .collect(),
        None => vec![Kind {
            name: plain_words(alternative),
            about,
            below: None,
        }],
    }
}

/// What a value is, in words.
pub(super) fn words(root: &Value, schema: &Value) -> String {
    match form(root, schema) {
        Form::Table(_) => "table".to_owned(),
        Form::Names(below) => format!("by name: {}", words(root, below)),
        Form::List(items) => format!("list of {}", words(root, items)),
        Form::Choice(kinds) if kinds.iter().all(|k| k.below.is_none()) => "word".to_owned(),
        Form::Choice(_) => "one of several kinds".to_owned(),
        Form::Plain(schema) => plain_words(schema),
    }
}

fn plain_words(schema: &Value) -> String {
    if let Some(tuple) = schema.get("prefixItems").and_then(Value::as_array) {
        return format!("list of {}", tuple.len());
    }
    let words: Vec<&str> = types(schema)
        .into_iter()
        .filter(|t| *t != "null")
        .map(|t| match t {
            "string" => "text",
            "integer" => "whole number",
            "number" => "number",
            "boolean" => "true or false",
            "array" => "list",
            "object" => "table",
            other => other,
        })
        .collect();
    if words.is_empty() {
        "value".to_owned()
    } else {
        words.join(" or ")
    }
}

/// Keys that a table must have.
pub(super) fn required<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a str> {
    let list = target(root, schema).get("required").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A value as a scenario would write it; keys without a value are left out.
pub(super) fn toml_text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml_text).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let said = table.iter().filter(|(_, v)| !v.is_null());
            let said: Vec<String> = said.map(|(k, v)| format!("{k} = {}", toml_text(v))).collect();
            if said.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", said.join(", "))
            }
        }
        plain => plain.to_string(),
    }
}
