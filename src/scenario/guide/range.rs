//! What the checks take at a place: values far out are put into the default scenario, and what the checks say of them is
//! the range.

use serde_json::Value;

use crate::problem::{Check, FieldPath, Problems, Segment};
use crate::scenario::load::DEFAULT_SCENARIO;
use crate::scenario::overlay;
use crate::scenario::source::read_text;
use crate::scenario::spec::ScenarioSpec;

/// Values of which a field with bounds refuses at least one. Not far below: durations and the like are worked with.
const PROBES: [f64; 4] = [-1e9, -1.0, 0.0, 1e9];

/// The range that the checks state, and the value that the default scenario has there; nothing where it has no such
/// field.
pub(super) fn of(steps: &[Option<Segment>]) -> (Vec<String>, Option<String>) {
    let Some((tree, known)) = default_tree() else {
        return (Vec::new(), None);
    };
    let Some(path) = super::written(&known, steps) else {
        return (Vec::new(), None);
    };
    let Some(value) = find(&known, &path).filter(|v| !v.is_object() && !v.is_array() && !v.is_null()) else {
        return (Vec::new(), None);
    };
    let mut said: Vec<String> = Vec::new();
    if value.is_number() {
        for probe in probes(value) {
            for phrase in refusals(&tree, &known, &path, probe) {
                if !said.contains(&phrase) {
                    said.push(phrase);
                }
            }
        }
    }
    (said, Some(super::toml_text(value)))
}

/// The default scenario as written, and with every default.
fn default_tree() -> Option<(Value, Value)> {
    let (tree, _) = read_text("default", DEFAULT_SCENARIO).ok()?;
    let spec: ScenarioSpec = serde_json::from_value(tree.clone()).ok()?;
    Some((tree, serde_json::to_value(spec).ok()?))
}

fn probes(value: &Value) -> Vec<Value> {
    if value.is_f64() {
        PROBES.map(Value::from).to_vec()
    } else {
        vec![Value::from(0), Value::from(1_000_000_000)]
    }
}

fn find<'a>(tree: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.segments().iter().try_fold(tree, |at, step| match step {
        Segment::Key(key) => at.get(key),
        Segment::Index(index) => at.get(index),
    })
}

/// What the checks say of a value: `must lie between 0 and 100` and the like.
fn refusals(tree: &Value, known: &Value, path: &FieldPath, probe: Value) -> Vec<String> {
    let mut changed = tree.clone();
    overlay::put(&mut changed, known, path, probe);
    let Ok(spec) = serde_json::from_value::<ScenarioSpec>(changed) else {
        return Vec::new();
    };
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    let here = problems.into_vec().into_iter().filter(|p| p.path == *path);
    here.filter_map(|p| {
        p.message
            .split_once(" must ")
            .map(|(_, phrase)| format!("must {phrase}"))
    })
    .collect()
}
