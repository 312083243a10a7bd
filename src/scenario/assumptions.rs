//! Every input that a run uses, with its unit, its label and its source: the rows of `assumptions.csv`.
//!
//! What the file says is `given`. What it leaves out is explained by the description of the field in the schema,
//! which names a source or says that the figure is an assumption.

use serde_json::Value;

use crate::problem::{FieldPath, Segment};
use crate::scenario::schema;
use crate::scenario::source::Sources;
use crate::scenario::spec::ScenarioSpec;

/// At most so many rows, so that a list of thousands of values in a scenario does not drown the rest.
pub const ROWS_MAX: usize = 5_000;

/// An input that a run uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    /// Field path.
    pub path: String,
    /// Its value as text.
    pub value: String,
    /// Unit, from the suffix of its key.
    pub unit: &'static str,
    /// `given`, `sourced`, `computed` or `assumption`.
    pub label: &'static str,
    /// Where it comes from.
    pub source: String,
}

/// Suffixes of keys and the units they mean, longest first.
const UNITS: &[(&str, &str)] = &[
    ("usd_per_ph_day", "USD/PH/day"),
    ("usd_per_kw_month", "USD/kW-month"),
    ("usd_per_mw_year", "USD/MW-year"),
    ("usd_per_it_kw", "USD/kW"),
    ("usd_per_mw_h", "USD/MW-h"),
    ("usd_per_mwh", "USD/MWh"),
    ("usd_per_gpu_h", "USD/GPU-h"),
    ("usd_per_gpu", "USD/GPU"),
    ("usd_per_month", "USD/month"),
    ("usd_per_year", "USD/year"),
    ("per_1000_system_days", "1/1000 system-days"),
    ("percent_per_year", "%/year"),
    ("percent_per_month", "%/month"),
    ("percent_per_point", "%/point"),
    ("percent_per_k", "%/K"),
    ("warming_c", "K"),
    ("add_c", "K"),
    ("percent_of_capex", "% of capex"),
    ("percent_of_value", "% of value"),
    ("percent", "%"),
    ("hours_per_year", "h/year"),
    ("hours_each", "h"),
    ("from_hour", "hour of day"),
    ("to_hour", "hour of day"),
    ("days", "day"),
    ("weeks", "week"),
    ("minutes", "min"),
    ("hours", "h"),
    ("months", "month"),
    ("years", "year"),
    ("mw", "MW"),
    ("kw", "kW"),
    ("mva_each", "MVA"),
    ("usd", "USD"),
    ("_c", "C"),
    ("_k", "K"),
    ("_pa", "Pa"),
    ("gpus", "GPU"),
    ("count", "1"),
];

/// The unit that a key's suffix means; empty for words and plain numbers.
pub fn unit_of(key: &str) -> &'static str {
    UNITS
        .iter()
        .find(|(suffix, _)| key.ends_with(suffix))
        .map_or("", |(_, unit)| unit)
}

/// Words for points of a distribution, whose unit is that of the field it stands for.
const POINTS: [&str; 8] = ["p10", "p50", "p90", "low", "mode", "high", "mean", "sd"];

fn unit_at(at: &FieldPath, key: &str) -> &'static str {
    if !POINTS.contains(&key) {
        return unit_of(key);
    }
    match at.segments().iter().rev().nth(1) {
        Some(Segment::Key(parent)) => unit_of(parent),
        _ => "",
    }
}

/// Lists every leaf of the scenario, defaults included.
pub fn list(spec: &ScenarioSpec, sources: &Sources) -> Vec<Assumption> {
    let tree = serde_json::to_value(spec).expect("a spec is plain JSON");
    let root = schema::value();
    let mut walk = Walk {
        root: &root,
        sources,
        rows: Vec::new(),
    };
    walk.value(&tree, Some(&root), "", &FieldPath::root(), "");
    walk.rows
}

/// Label and source of a default, out of the description of its field.
pub fn label_of(about: &str) -> (&'static str, String) {
    let lower = about.to_lowercase();
    if lower.contains("assumption") {
        ("assumption", about.to_owned())
    } else if lower.contains("computed") {
        ("computed", about.to_owned())
    } else if about.contains('(') || lower.contains("source") {
        ("sourced", about.to_owned())
    } else {
        ("assumption", format!("default of the tool. {about}"))
    }
}

struct Walk<'a> {
    root: &'a Value,
    sources: &'a Sources,
    rows: Vec<Assumption>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &Value, schema: Option<&'a Value>, about: &str, at: &FieldPath, key: &str) {
        if self.rows.len() >= ROWS_MAX {
            return;
        }
        match value {
            Value::Null => {}
            Value::Object(table) => {
                for (name, child) in table {
                    let (inner, description) = self.child(schema, name, value);
                    self.value(child, inner, description.unwrap_or(about), &at.key(name), name);
                }
            }
            Value::Array(items) => {
                let inner = schema.and_then(|s| self.find(s, &|s| s.get("items")));
                for (index, child) in items.iter().enumerate() {
                    self.value(child, inner, about, &at.index(index), key);
                }
            }
            leaf => self.leaf(leaf, about, at, key),
        }
    }

    fn leaf(&mut self, leaf: &Value, about: &str, at: &FieldPath, key: &str) {
        let given = self.sources.is_written(at);
        let (label, source) = if given {
            let place = self
                .sources
                .place(at)
                .map(|p| self.sources.files[p.file].name.as_str());
            // The folders of the machine on which a run was made are nobody's business.
            let file = place.and_then(|name| name.rsplit(['/', '\\']).next());
            ("given", file.unwrap_or_default().to_owned())
        } else {
            label_of(about)
        };
        let value = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
        self.rows.push(Assumption {
            path: at.to_string(),
            value,
            unit: unit_at(at, key),
            label,
            source,
        });
    }

    /// The schema of a key and its description, looked for through references and alternatives.
    fn child(
        &self,
        schema: Option<&'a Value>,
        key: &str,
        _holder: &Value,
    ) -> (Option<&'a Value>, Option<&'a str>) {
        let Some(schema) = schema else { return (None, None) };
        let found = self.find(schema, &|s| s.get("properties").and_then(|p| p.get(key)));
        let found = found.or_else(|| {
            self.find(schema, &|s| {
                s.get("additionalProperties").filter(|a| a.is_object())
            })
        });
        // Maps whose keys have a pattern, such as names.
        let found = found.or_else(|| {
            self.find(schema, &|s| {
                s.get("patternProperties")?.as_object()?.values().next()
            })
        });
        let description = found.and_then(|f| f.get("description")).and_then(Value::as_str);
        (found, description)
    }

    /// Looks for something in a schema, behind `$ref`, `anyOf`, `oneOf` and `allOf`.
    fn find(&self, schema: &'a Value, what: &dyn Fn(&'a Value) -> Option<&'a Value>) -> Option<&'a Value> {
        self.find_within(schema, what, 16)
    }

    fn find_within(
        &self,
        schema: &'a Value,
        what: &dyn Fn(&'a Value) -> Option<&'a Value>,
        depth: usize,
    ) -> Option<&'a Value> {
        if depth == 0 {
            return None;
        }
        if let Some(found) = what(schema) {
            return Some(found);
        }
        let reference = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|r| r.strip_prefix('#'));
        if let Some(target) = reference.and_then(|pointer| self.root.pointer(pointer)) {
            return self.find_within(target, what, depth - 1);
        }
        let lists = ["anyOf", "oneOf", "allOf"]
            .iter()
            .filter_map(|k| schema.get(*k).and_then(Value::as_array));
        lists
            .flatten()
            .find_map(|inner| self.find_within(inner, what, depth - 1))
    }
}
