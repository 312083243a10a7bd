//! Drawn inputs: a scenario whose uncertain fields have taken one replication's values.

use serde_json::Value;

use crate::problem::FieldPath;
use crate::random::{Streams, uniform};
use crate::scenario::overlay;
use crate::scenario::spec::ScenarioSpec;

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
                .quantile(uniform::open_unit(&mut stream));
            let value = if *whole {
                Value::from(value.round() as i64)
            } else {
                Value::from(value)
            };
            overlay::put(&mut tree, path, value);
        }
        serde_json::from_value(tree).map_err(|e| e.to_string())
    }
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
