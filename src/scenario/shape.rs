//! Compares a tree of values with the JSON Schema of a type and reports *everything* that does not fit: unknown
//! keys, missing keys, wrong types, unknown variants. Serde alone stops at the first.
//!
//! Knows the part of JSON Schema that `schemars` makes from our specs (externally tagged enums included).

use serde_json::{Map, Value};

use crate::problem::{FieldPath, Problems, nearest};

/// Reports every misfit of `value` under `schema`.
pub fn check(schema: &Value, value: &Value, problems: &mut Problems) -> Vec<FieldPath> {
    let mut shape = Shape {
        root: schema,
        problems,
        unknown_keys: Vec::new(),
    };
    shape.check(schema, value, &FieldPath::root());
    shape.unknown_keys
}

struct Shape<'a> {
    root: &'a Value,
    problems: &'a mut Problems,
    /// Paths whose *key* is the trouble, so that the place shown is the key's.
    unknown_keys: Vec<FieldPath>,
}

impl<'a> Shape<'a> {
    /// Follows `$ref` and single-element `allOf`.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        resolve(self.root, schema)
    }

    fn check(&mut self, schema: &'a Value, value: &Value, at: &FieldPath) {
        let schema = self.resolve(schema);
        for keyword in ["anyOf", "oneOf"] {
            if let Some(alternatives) = schema.get(keyword).and_then(Value::as_array) {
                self.alternatives(alternatives, value, at);
                return;
            }
        }
        if let Some(expected) = expectation(schema) {
            let fits = constants(schema).contains(&value);
            if !fits {
                self.constant(&constants(schema), value, at, &expected);
            }
            return;
        }
        if !type_fits(schema, value) {
            let message = format!("{} where {} is expected", describe(value), type_name(schema));
            match unit_hint(schema, value, at) {
                Some(help) => self.problems.error_with_help(at, message, help),
                None => self.problems.error(at, message),
            }
            return;
        }
        match value {
            Value::Object(table) => self.object(schema, table, at),
            Value::Array(items) => {
                if let Some(item) = schema.get("items") {
                    for (index, value) in items.iter().enumerate() {
                        self.check(item, value, &at.index(index));
                    }
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Value, table: &Map<String, Value>, at: &FieldPath) {
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        // Maps by name: schemars writes the form of the names as one pattern; names are checked elsewhere.
        let by_pattern = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .and_then(|p| p.values().next());
        let additional = by_pattern.or_else(|| schema.get("additionalProperties"));
        for (key, value) in table {
            let path = at.key(key);
            match properties.and_then(|p| p.get(key)) {
                Some(property) => self.check(property, value, &path),
                None => match additional {
                    Some(Value::Object(_)) => {
                        let additional = additional.expect("matched above");
                        self.check(additional, value, &path);
                    }
                    Some(Value::Bool(true)) | None => {}
                    Some(_) => self.unknown_key(key, properties.unwrap_or(&empty), &path),
                },
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for key in required.into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                self.problems.error(at, format!("the key `{key}` is missing"));
            }
        }
    }

    fn unknown_key(&mut self, key: &str, properties: &Map<String, Value>, path: &FieldPath) {
        let message = format!("unknown key `{key}`");
        let help = nearest(key, properties.keys().map(String::as_str)).map_or_else(
            || {
                format!(
                    "expected one of {}",
                    list(&properties.keys().cloned().collect::<Vec<_>>())
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        self.problems.error_with_help(path, message, help);
        self.unknown_keys.push(path.clone());
    }

    /// An option, or an externally tagged enum: texts for plain variants, one-key tables for the others.
    fn alternatives(&mut self, alternatives: &'a [Value], value: &Value, at: &FieldPath) {
        let real: Vec<&'a Value> = alternatives
            .iter()
            .map(|a| self.resolve(a))
            .filter(|a| !is_null_type(a))
            .collect();
        if real.len() < alternatives.len() && value.is_null() {
            return;
        }
        if let [only] = real[..] {
            self.check(only, value, at);
            return;
        }
        let flat = flatten(self.root, &real);
        match value {
            Value::Object(table) => self.variant(&flat, table, at),
            _ if flat.iter().any(|a| constants(a).contains(&value)) => {}
            _ if flat
                .iter()
                .any(|a| expectation(a).is_none() && type_fits(a, value) && !a["type"].eq("object")) => {}
            _ => {
                let known: Vec<&Value> = flat.iter().flat_map(|a| constants(a)).collect();
                let tables = variant_names(&flat);
                let expected = if tables.is_empty() {
                    "one of the listed words".to_owned()
                } else {
                    format!("a table such as `{{ {} = ... }}`", tables[0])
                };
                self.constant(&known, value, at, &expected);
            }
        }
    }

    fn variant(&mut self, alternatives: &[&'a Value], table: &Map<String, Value>, at: &FieldPath) {
        let names = variant_names(alternatives);
        let Some((key, _)) = table.iter().next().filter(|_| table.len() == 1) else {
            let list = list(&names);
            let given = list_of_keys(table);
            self.problems.error(
                at,
                format!("exactly one of {list} is expected here, found {given}"),
            );
            return;
        };
        for alternative in alternatives {
            if alternative
                .get("properties")
                .is_some_and(|p| p.get(key).is_some())
            {
                self.object(alternative, table, at);
                return;
            }
        }
        let path = at.key(key);
        let words: Vec<&Value> = alternatives.iter().flat_map(|a| constants(a)).collect();
        let message = format!("unknown kind `{key}`");
        let help = match nearest(key, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if words.is_empty() => format!("expected one of {}", list(&names)),
            None => format!("expected one of {} or {}", list(&names), list_values(&words)),
        };
        self.problems.error_with_help(&path, message, help);
        self.unknown_keys.push(path);
    }

    fn constant(&mut self, known: &[&Value], value: &Value, at: &FieldPath, expected: &str) {
        let words: Vec<&str> = known.iter().filter_map(|v| v.as_str()).collect();
        match value.as_str() {
            Some(word) if !words.is_empty() => self.problems.unknown(at, "word", word, words),
            _ if known.is_empty() => {
                self.problems
                    .error(at, format!("{} where {expected} is expected", describe(value)));
            }
            _ => {
                let message = format!(
                    "{} where one of {} is expected",
                    describe(value),
                    list_values(known)
                );
                self.problems.error(at, message);
            }
        }
    }
}

pub(super) fn resolve<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    // Bounded: our schemas nest references a few deep, and a circle of bare references is no schema of a type.
    for _ in 0..32 {
        let next = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'))
            .and_then(|pointer| root.pointer(pointer))
            .or_else(
                || match schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
                    Some([only]) => Some(only),
                    _ => None,
                },
            );
        match next {
            Some(next) => schema = next,
            None => return schema,
        }
    }
    schema
}

/// Alternatives of alternatives, laid flat.
pub(super) fn flatten<'a>(root: &'a Value, alternatives: &[&'a Value]) -> Vec<&'a Value> {
    let mut flat = Vec::new();
    for alternative in alternatives {
        let alternative = resolve(root, alternative);
        let inner = ["anyOf", "oneOf"]
            .iter()
            .find_map(|k| alternative.get(*k).and_then(Value::as_array));
        match inner {
            Some(inner) => flat.extend(flatten(root, &inner.iter().collect::<Vec<_>>())),
            None => flat.push(alternative),
        }
    }
    flat
}

fn variant_names(alternatives: &[&Value]) -> Vec<String> {
    let keys = |a: &&Value| {
        a.get("properties")
            .and_then(Value::as_object)
            .map(|p| p.keys().cloned().collect())
    };
    alternatives
        .iter()
        .filter_map(keys)
        .flat_map(|k: Vec<String>| k)
        .collect()
}

pub(super) fn constants(schema: &Value) -> Vec<&Value> {
    if let Some(constant) = schema.get("const") {
        return vec![constant];
    }
    schema
        .get("enum")
        .and_then(Value::as_array)
        .map(|e| e.iter().collect())
        .unwrap_or_default()
}

fn expectation(schema: &Value) -> Option<String> {
    let constants = constants(schema);
    if constants.is_empty() {
        None
    } else {
        Some(list_values(&constants))
    }
}

pub(super) fn is_null_type(schema: &Value) -> bool {
    schema.get("type").is_some_and(|t| t == "null")
}

pub(super) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn type_fits(schema: &Value, value: &Value) -> bool {
    let types = types(schema);
    let negative = value.as_i64().is_some_and(|i| i < 0);
    let unsigned = schema.get("minimum").is_some_and(|m| m.as_f64() == Some(0.0));
    types.is_empty()
        || types.iter().any(|t| match *t {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            "integer" => value.is_i64() && !(unsigned && negative) || value.is_u64(),
            "number" => value.is_number(),
            _ => true,
        })
}

fn type_name(schema: &Value) -> String {
    let words: Vec<&str> = types(schema)
        .into_iter()
        .filter(|t| *t != "null")
        .map(|t| match t {
            "object" => "a table",
            "array" => "a list",
            "string" => "a text",
            "boolean" => "`true` or `false`",
            "integer" if schema.get("minimum").is_some() => "a whole number not below zero",
            "integer" => "a whole number",
            _ => "a number",
        })
        .collect();
    words.join(" or ")
}

/// A text such as "20 MW" for a number: say that the unit stands in the key.
fn unit_hint(schema: &Value, value: &Value, at: &FieldPath) -> Option<String> {
    let text = value.as_str()?;
    let number = text
        .trim()
        .split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-')
        .next()?;
    let wants_number = types(schema).iter().any(|t| matches!(*t, "number" | "integer"));
    if !wants_number || number.is_empty() {
        return None;
    }
    let key = at.to_string();
    let key = key.rsplit('.').next().unwrap_or(&key);
    Some(format!(
        "the unit stands in the key: write `{key} = {number}` in that unit"
    ))
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Number(n) => format!("the number `{n}`"),
        Value::String(s) => format!("the text {:?}", s.chars().take(60).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a table".into(),
    }
}

fn list(names: &[String]) -> String {
    names
        .iter()
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn list_of_keys(table: &Map<String, Value>) -> String {
    if table.is_empty() {
        "nothing".into()
    } else {
        list(&table.keys().cloned().collect::<Vec<_>>())
    }
}

fn list_values(values: &[&Value]) -> String {
    values
        .iter()
        .map(|v| format!("`{}`", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Hall {
        grid_mw: f64,
        repeat: Option<u32>,
        cooling: Cooling,
        policy: Option<Policy>,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Cooling {
        EvaporativeWall(Empty),
        DryCooler(Dry),
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Empty {}
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Dry {
        approach_k: f64,
    }
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Policy {
        /// One.
        Easy,
        /// Two.
        Fcfs,
        /// Three.
        Other { x: f64 },
    }

    fn problems_of(value: &Value) -> Vec<(String, String)> {
        let schema = schemars::schema_for!(Hall).to_value();
        let mut problems = Problems::new();
        check(&schema, value, &mut problems);
        problems
            .into_vec()
            .into_iter()
            .map(|p| {
                (
                    p.path.to_string(),
                    format!("{} {}", p.message, p.help.unwrap_or_default()),
                )
            })
            .collect()
    }

    #[test]
    fn a_fitting_value_has_no_problem() {
        for text in [
            r#"{"grid_mw": 20, "cooling": {"evaporative_wall": {}}}"#,
            r#"{"grid_mw": 20.5, "repeat": 3, "cooling": {"dry_cooler": {"approach_k": 8}}, "policy": "easy"}"#,
            r#"{"grid_mw": 20.5, "cooling": {"dry_cooler": {"approach_k": 8}}, "policy": {"other": {"x": 1}}}"#,
        ] {
            assert_eq!(problems_of(&serde_json::from_str(text).unwrap()), [], "{text}");
        }
    }

    #[test]
    fn all_misfits_are_reported_at_once_with_what_was_meant() {
        let value = serde_json::json!({
            "gird_mw": 20, "repeat": -1, "cooling": {"dry_coler": {}}, "policy": "eazy"});
        let found = problems_of(&value);
        let has = |path: &str, text: &str| found.iter().any(|(p, m)| p == path && m.contains(text));
        assert!(has("gird_mw", "did you mean `grid_mw`"), "{found:?}");
        assert!(has("", "`grid_mw` is missing"), "{found:?}");
        assert!(has("repeat", "whole number not below zero"), "{found:?}");
        assert!(has("cooling.dry_coler", "did you mean `dry_cooler`"), "{found:?}");
        assert!(has("policy", "did you mean `easy`"), "{found:?}");
        assert_eq!(found.len(), 5);
    }

    #[test]
    fn a_unit_in_the_value_is_explained() {
        let value = serde_json::json!({"grid_mw": "20 MW", "cooling": {"dry_cooler": {"approach_k": true}}});
        let found = problems_of(&value);
        assert!(found[0].1.contains("write `grid_mw = 20`"), "{found:?}");
        assert!(
            found[1].1.contains("`true` where a number is expected"),
            "{found:?}"
        );
    }
}
