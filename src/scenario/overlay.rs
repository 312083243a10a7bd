//! Changes to a scenario addressed by path: `--set`, a strategy's own `set`, drawn inputs.
//!
//! A path is written as users read it: `sites[0].grid.import_limit_mw`, or with an `id` in place of an index,
//! `strategies.gpu-cloud.conversions[0].install.model`.

use serde_json::Value;

use crate::problem::{FieldPath, Segment, nearest};

/// The longest path text that is looked at.
const PATH_LENGTH_MAX: usize = 512;

/// Why a path or an assignment was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    /// What is wrong.
    pub message: String,
    /// The nearest right thing, where there is one.
    pub help: Option<String>,
}

fn error(message: impl Into<String>, help: Option<String>) -> PathError {
    PathError {
        message: message.into(),
        help,
    }
}

/// Reads `a.b[0].c` into steps.
pub fn parse_path(text: &str) -> Result<Vec<Segment>, PathError> {
    let bad = || {
        error(
            format!(
                "`{}` is not a path such as `sites[0].grid.import_limit_mw`",
                text.trim()
            ),
            None,
        )
    };
    if text.is_empty() || text.len() > PATH_LENGTH_MAX {
        return Err(bad());
    }
    let mut segments = Vec::new();
    for part in text.split('.') {
        let (key, indices) = part
            .split_once('[')
            .map_or((part, None), |(k, rest)| (k, Some(rest)));
        if key.is_empty() {
            return Err(bad());
        }
        segments.push(Segment::Key(key.to_owned()));
        for index in indices.into_iter().flat_map(|rest| rest.split('[')) {
            let number = index
                .strip_suffix(']')
                .and_then(|n| n.parse().ok())
                .ok_or_else(bad)?;
            segments.push(Segment::Index(number));
        }
    }
    Ok(segments)
}

/// Resolves steps against `known`, the scenario with every default written out: ids become indices.
pub fn resolve(known: &Value, segments: &[Segment]) -> Result<FieldPath, PathError> {
    let (mut at, mut path) = (known, FieldPath::root());
    for segment in segments {
        let (next, step) = match (at, segment) {
            (Value::Object(table), Segment::Key(key)) => {
                let next = table
                    .get(key)
                    .ok_or_else(|| unknown(&path, key, table.keys().map(String::as_str)))?;
                (next, path.key(key))
            }
            (Value::Array(items), Segment::Key(key)) => {
                let ids: Vec<&str> = items
                    .iter()
                    .filter_map(|i| i.get("id").and_then(Value::as_str))
                    .collect();
                let index = items
                    .iter()
                    .position(|i| i.get("id").and_then(Value::as_str) == Some(key));
                let index = index.ok_or_else(|| unknown(&path, key, ids))?;
                (&items[index], path.index(index))
            }
            (Value::Array(items), Segment::Index(index)) => {
                let next = items.get(*index).ok_or_else(|| {
                    error(
                        format!(
                            "`{path}` has {} elements, so `[{index}]` does not exist",
                            items.len()
                        ),
                        None,
                    )
                })?;
                (next, path.index(*index))
            }
            _ => return Err(error(format!("`{path}` has nothing below it"), None)),
        };
        (at, path) = (next, step);
    }
    Ok(path)
}

fn unknown<'a>(path: &FieldPath, key: &str, known: impl IntoIterator<Item = &'a str>) -> PathError {
    let known: Vec<&str> = known.into_iter().collect();
    let place = if path.segments().is_empty() {
        "the scenario".to_owned()
    } else {
        format!("`{path}`")
    };
    let help = match nearest(key, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!(
            "it has {}",
            known
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )),
    };
    error(format!("{place} has no `{key}`"), help)
}

/// Reads the right-hand side of `--set`: a TOML value, or a bare word as a text. `None` for what no field can hold:
/// `nan`, `inf` and several lines.
pub fn parse_value(text: &str) -> Option<Value> {
    if text.contains(['\n', '\r']) {
        return None;
    }
    let wrapped = format!("v = {text}\n");
    let parsed = toml::from_str::<toml::Table>(&wrapped)
        .ok()
        .and_then(|mut t| t.remove("v"));
    match parsed {
        Some(value) => plain(value),
        None => Some(Value::String(text.to_owned())),
    }
}

/// A TOML value as the tree holds it. JSON has no word for `nan`, and would make it nothing.
fn plain(value: toml::Value) -> Option<Value> {
    Some(match value {
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Float(number) => Value::Number(serde_json::Number::from_f64(number)?),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(plain).collect::<Option<_>>()?),
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| Some((key, plain(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
    })
}

/// Puts a value at a path that was resolved in `known`, making tables and lists on the way where only defaults
/// stood.
pub fn put(root: &mut Value, known: &Value, path: &FieldPath, value: Value) {
    let mut at = root;
    let mut default = Some(known);
    for segment in path.segments() {
        if at.is_null()
            && let Some(list) = default.filter(|d| d.is_array())
        {
            *at = list.clone();
        }
        at = match segment {
            Segment::Key(key) => {
                default = default.and_then(|d| d.get(key));
                if !at.is_object() {
                    *at = Value::Object(serde_json::Map::new());
                }
                let table = at.as_object_mut().expect("made a table above");
                table.entry(key.clone()).or_insert(Value::Null)
            }
            Segment::Index(index) => {
                default = default.and_then(|d| d.get(index));
                match at.as_array_mut().and_then(|items| items.get_mut(*index)) {
                    Some(item) => item,
                    None => return,
                }
            }
        };
    }
    *at = value;
}

/// Takes a key out of its table; elements of lists stay, because removing them would move the others.
pub fn remove(root: &mut Value, path: &FieldPath) {
    let Some((Segment::Key(last), holders)) = path.segments().split_last() else {
        return;
    };
    let mut at = root;
    for segment in holders {
        let next = match segment {
            Segment::Key(key) => at.get_mut(key),
            Segment::Index(index) => at.get_mut(index),
        };
        let Some(next) = next else { return };
        at = next;
    }
    if let Some(table) = at.as_object_mut() {
        table.shift_remove(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_stand_for_indices_and_defaults_can_be_set() {
        let written = json!({"strategies": [{"id": "a"}, {"id": "b", "x": {"y": [1, 2]}}]});
        let known = json!({"strategies": [{"id": "a"}, {"id": "b", "x": {"y": [1, 2], "z": 5.0}}], "run": {"seed": 1}});
        let find = |text: &str| resolve(&known, &parse_path(text).unwrap());
        assert_eq!(
            find("strategies.b.x.y[1]").unwrap().to_string(),
            "strategies[1].x.y[1]"
        );
        assert_eq!(find("run.seed").unwrap().to_string(), "run.seed");
        let miss = find("strategies.b.x.yy").unwrap_err();
        assert_eq!(miss.help.as_deref(), Some("did you mean `y`?"));
        assert!(
            find("strategies[7].x")
                .unwrap_err()
                .message
                .contains("2 elements")
        );
        let mut tree = written;
        put(&mut tree, &known, &find_path(&known, "run.seed"), json!(7));
        assert_eq!(tree["run"]["seed"], 7);
    }

    fn find_path(known: &Value, text: &str) -> FieldPath {
        resolve(known, &parse_path(text).unwrap()).unwrap()
    }

    #[test]
    fn values_are_toml_or_words() {
        assert_eq!(parse_value("3.5"), Some(json!(3.5)));
        assert_eq!(parse_value("[1, 2]"), Some(json!([1, 2])));
        assert_eq!(parse_value("easy"), Some(json!("easy")));
        assert_eq!(parse_value("2026-01-01"), Some(json!("2026-01-01")));
        assert_eq!(parse_value("{ a = 1 }"), Some(json!({"a": 1})));
    }

    #[test]
    fn what_no_field_can_hold_is_no_value() {
        for bad in ["nan", "inf", "-inf", "[1.0, nan]", "{ a = nan }", "3\nyears = 4"] {
            assert_eq!(parse_value(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_element_of_a_list_that_stands_by_default_is_set() {
        let known = json!({"months": [1, 2, 3]});
        let mut tree = json!({});
        put(&mut tree, &known, &find_path(&known, "months[1]"), json!(9));
        assert_eq!(tree, json!({"months": [1, 9, 3]}));
    }

    #[test]
    fn nonsense_paths_are_refused() {
        for bad in ["", "a..b", "a[x]", "[0]", "a[0"] {
            assert!(parse_path(bad).is_err(), "{bad}");
        }
    }
}
