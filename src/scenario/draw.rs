//! Drawn inputs: a scenario whose uncertain fields have taken one replication's values.

use serde_json::Value;

use crate::problem::{Check, FieldPath, Problems, Severity};
use crate::random::{Streams, uniform};
use crate::scenario::overlay;
use crate::scenario::spec::ScenarioSpec;

/// Draws come from between these quantiles: what may be drawn can then be checked before anything runs.
const TAIL: f64 = 1e-6;

/// The number at a path of a tree; `None` where none stands there.
pub fn number_at(tree: &Value, path: &FieldPath) -> Option<f64> {
    let mut at = tree;
    for segment in path.segments() {
        at = match segment {
            crate::problem::Segment::Key(key) => at.get(key)?,
            crate::problem::Segment::Index(index) => at.get(index)?,
        };
    }
    at.as_f64()
}

/// The uncertain fields of a scenario, resolved once.
#[derive(Debug)]
pub struct DrawnInputs {
    tree: Value,
    fields: Vec<(FieldPath, usize, bool)>,
}

impl DrawnInputs {
    /// Resolves the paths of a checked spec; `None` where nothing is uncertain.
    pub fn new(spec: &ScenarioSpec) -> Option<Self> {
        if spec.uncertain.is_empty() {
            return None;
        }
        let tree = serde_json::to_value(spec).expect("a spec is plain JSON");
        let mut fields = Vec::new();
        for (index, uncertain) in spec.uncertain.iter().enumerate() {
            let segments = overlay::parse_path(&uncertain.path).ok()?;
            let path = overlay::resolve(&tree, &segments).ok()?;
            let whole = tree_at(&tree, &path).is_some_and(|v| v.is_i64() || v.is_u64());
            fields.push((path, index, whole));
        }
        Some(Self { tree, fields })
    }

    /// The spec of a replication. Each input has a stream of its own, named by its path.
    pub fn draw(&self, spec: &ScenarioSpec, streams: &Streams) -> Result<ScenarioSpec, String> {
        let mut tree = self.tree.clone();
        for (path, index, whole) in &self.fields {
            let uncertain = &spec.uncertain[*index];
            let mut stream = streams.stream(&format!("input/{}", uncertain.path));
            let value = uncertain
                .distribution
                .build()
                .quantile(uniform::open_unit(&mut stream).clamp(TAIL, 1.0 - TAIL));
            overlay::put(&mut tree, &self.tree, path, drawn(value, *whole));
        }
        serde_json::from_value(tree).map_err(|e| e.to_string())
    }
}

fn drawn(value: f64, whole: bool) -> Value {
    if whole {
        Value::from(value.round() as i64)
    } else {
        Value::from(value)
    }
}

/// Checks that the fields can hold the lowest and the highest that may be drawn, one input at a time.
pub fn check(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let mut tree = serde_json::to_value(spec).expect("a spec is plain JSON");
    tree["uncertain"] = Value::Array(Vec::new());
    let resolved = |path: &str| overlay::resolve(&tree, &overlay::parse_path(path).ok()?).ok();
    for (index, uncertain) in spec.uncertain.iter().enumerate() {
        let Some(path) = resolved(&uncertain.path) else {
            continue;
        };
        let whole = tree_at(&tree, &path).is_some_and(|v| v.is_i64() || v.is_u64());
        let distribution = uncertain.distribution.build();
        for share in [TAIL, 1.0 - TAIL] {
            let value = drawn(distribution.quantile(share), whole);
            if let Some(message) = misfit(&tree, &path, &value) {
                let message = format!("`{}` may be drawn as {value}: {message}", uncertain.path);
                let help = "choose a distribution with bounds, such as `triangular` or `uniform`";
                problems.error_with_help(&at.index(index).key("distribution"), message, help);
                break;
            }
        }
    }
}

/// What is wrong with a scenario that has `value` at `path`.
fn misfit(tree: &Value, path: &FieldPath, value: &Value) -> Option<String> {
    let mut changed = tree.clone();
    overlay::put(&mut changed, tree, path, value.clone());
    let spec: ScenarioSpec = match serde_json::from_value(changed) {
        Ok(spec) => spec,
        Err(error) => return Some(error.to_string()),
    };
    let mut problems = Problems::new();
    spec.check(&FieldPath::root(), &mut problems);
    let wrong = problems.into_vec().into_iter();
    wrong
        .filter(|p| p.severity == Severity::Error)
        .map(|p| p.message)
        .next()
}

fn tree_at<'a>(tree: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    let mut at = tree;
    for segment in path.segments() {
        at = match segment {
            crate::problem::Segment::Key(key) => at.get(key)?,
            crate::problem::Segment::Index(index) => at.get(index)?,
        };
    }
    Some(at)
}
