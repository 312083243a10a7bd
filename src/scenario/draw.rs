//! Drawn inputs: a scenario whose uncertain fields have taken one replication's values.

use serde_json::Value;

use crate::problem::{Check, FieldPath, Problems, Severity};
use crate::random::copula::Copula;
use crate::random::design::Plan;
use crate::random::{Distribution, DistributionSpec, Streams};
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
    fields: Vec<Field>,
    copula: Option<(Vec<usize>, Copula)>,
    plan: Plan,
}

#[derive(Debug)]
struct Field {
    path: FieldPath,
    distribution: Distribution,
    whole: bool,
}

impl DrawnInputs {
    /// Resolves the paths of a checked spec; `None` where nothing is uncertain.
    pub fn new(spec: &ScenarioSpec) -> Option<Self> {
        if spec.uncertain.is_empty() {
            return None;
        }
        // What is drawn from is no part of what is drawn: a long list of observations is not copied for each replication.
        let mut bare = spec.clone();
        bare.uncertain.clear();
        let tree = serde_json::to_value(&bare).expect("a spec is plain JSON");
        let mut fields = Vec::new();
        for uncertain in &spec.uncertain {
            let segments = overlay::parse_path(&uncertain.path).ok()?;
            let path = overlay::resolve(&tree, &segments).ok()?;
            let whole = tree_at(&tree, &path).is_some_and(|v| v.is_i64() || v.is_u64());
            fields.push(Field {
                path,
                distribution: uncertain.distribution.build(),
                whole,
            });
        }
        let names: Vec<&str> = spec.uncertain.iter().map(|u| u.path.as_str()).collect();
        let tied = spec.correlation.tied(&spec.uncertain);
        Some(Self {
            tree,
            fields,
            copula: tied.and_then(|tied| Some((tied.inputs, Copula::new(&tied.matrix)?))),
            plan: Plan::new(spec.run.design, (spec.run.seed, spec.run.replications), &names)?,
        })
    }

    /// The spec of a replication. Each input has a stream of its own, named by its path, or its part of the design.
    pub fn draw(&self, streams: &Streams, replication: u32) -> Result<ScenarioSpec, String> {
        self.at(self.plan.units_of(streams, replication))
    }

    /// The spec at a point of the unit cube, one coordinate for each input: its independent uniform number.
    pub fn at(&self, units: Vec<f64>) -> Result<ScenarioSpec, String> {
        let mut tree = self.tree.clone();
        for (field, value) in self.fields.iter().zip(self.values(units)) {
            overlay::put(&mut tree, &self.tree, &field.path, drawn(value, field.whole));
        }
        serde_json::from_value(tree).map_err(|e| e.to_string())
    }

    /// The values at a point of the unit cube, correlation included.
    pub fn values(&self, mut units: Vec<f64>) -> Vec<f64> {
        if let Some((inputs, copula)) = &self.copula {
            let mut tied: Vec<f64> = inputs.iter().map(|i| units[*i]).collect();
            copula.tie(&mut tied);
            for (input, unit) in inputs.iter().zip(tied) {
                units[*input] = unit;
            }
        }
        let value = |(field, unit): (&Field, f64)| field.distribution.quantile(unit.clamp(TAIL, 1.0 - TAIL));
        self.fields.iter().zip(units).map(value).collect()
    }
}

/// A number as the field at a path holds it: whole where the field is.
pub(super) fn like(tree: &Value, path: &FieldPath, value: f64) -> Value {
    let whole = tree_at(tree, path).is_some_and(|v| v.is_i64() || v.is_u64());
    drawn(value, whole)
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
    tree["correlation"] = Value::Object(serde_json::Map::new());
    let resolved = |path: &str| overlay::resolve(&tree, &overlay::parse_path(path).ok()?).ok();
    for (index, uncertain) in spec.uncertain.iter().enumerate() {
        let Some(path) = resolved(&uncertain.path) else {
            continue;
        };
        let whole = tree_at(&tree, &path).is_some_and(|v| v.is_i64() || v.is_u64());
        // A file is checked when it is read.
        if matches!(uncertain.distribution, DistributionSpec::EmpiricalFile { .. }) {
            continue;
        }
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
