//! Which inputs of two scenarios are not the same, and scenarios between them.

use serde_json::Value;

use crate::problem::{FieldPath, Segment};
use crate::scenario::overlay;

/// Keys that do not change what is simulated, or must not be mixed.
const LEFT_OUT: [&str; 2] = ["name", "question"];

/// An input that is not the same in B.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where it stands.
    pub path: FieldPath,
    /// Its value in B.
    pub to: Value,
}

/// The least parts of two trees that are not the same: single values, or whole lists and tables whose shape is another.
pub fn changes(a: &Value, b: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    collect(a, b, &FieldPath::root(), &mut found);
    found
}

fn collect(a: &Value, b: &Value, at: &FieldPath, found: &mut Vec<Change>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() && x.keys().all(|k| y.contains_key(k)) => {
            for (key, own) in x {
                let top = at.segments().is_empty();
                if !(top && LEFT_OUT.contains(&key.as_str())) {
                    collect(own, &y[key], &at.key(key.clone()), found);
                }
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (index, (own, other)) in x.iter().zip(y).enumerate() {
                collect(own, other, &at.index(index), found);
            }
        }
        _ if a == b => {}
        _ => found.push(Change {
            path: at.clone(),
            to: b.clone(),
        }),
    }
}

/// A tree with some of the changes made.
pub fn mixture(a: &Value, changes: &[Change], mixture: u64) -> Value {
    let mut tree = a.clone();
    for (index, change) in changes.iter().enumerate() {
        if mixture >> index & 1 == 1 {
            overlay::put(&mut tree, a, &change.path, change.to.clone());
        }
    }
    tree
}

/// Whether a change is of the run itself (seed, fidelity): such scenarios do not meet the same worlds.
pub fn is_of_run(change: &Change) -> bool {
    matches!(change.path.segments().first(), Some(Segment::Key(key)) if key == "run")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_least_parts_that_differ_are_found_and_mixed() {
        let a = json!({"name": "x", "s": [{"p": 1, "q": {"r": 2.0}}], "kind": {"fixed": {"v": 1}}, "run": {"seed": 1}});
        let b = json!({"name": "y", "s": [{"p": 1, "q": {"r": 3.0}}], "kind": {"index": {"w": 1}}, "run": {"seed": 1}});
        let found = changes(&a, &b);
        let paths: Vec<String> = found.iter().map(|c| c.path.to_string()).collect();
        assert_eq!(paths, ["s[0].q.r", "kind"]);
        let both = mixture(&a, &found, 0b11);
        assert_eq!(both["s"], b["s"]);
        assert_eq!(both["kind"], b["kind"]);
        assert_eq!(mixture(&a, &found, 0), a);
        assert_eq!(mixture(&a, &found, 0b10)["s"], a["s"]);
        assert!(!found.iter().any(is_of_run));
        assert!(changes(&a, &a).is_empty());
    }
}
