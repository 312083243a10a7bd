//! The JSON Schema of scenario files, generated from the types.

use serde_json::Value;

use crate::scenario::spec::ScenarioSpec;

/// The schema as a value.
pub fn value() -> Value {
    let mut schema = schemars::schema_for!(ScenarioSpec).to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let extends = serde_json::json!({
            "type": "string",
            "description": "A scenario file in the same folder that this one is laid upon."
        });
        properties.insert("extends".to_owned(), extends);
    }
    schema
}

/// The schema as a file's text.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&value()).expect("a schema is plain JSON");
    text.push('\n');
    text
}
