//! The smallest world that still fails in the same way: parts are dropped while it does.

use serde_json::Value;

/// A place in a tree.
#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

fn places(value: &Value, at: &mut Vec<Step>, found: &mut Vec<(usize, Vec<Step>)>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                at.push(Step::Key(key.clone()));
                found.push((inner.to_string().len(), at.clone()));
                places(inner, at, found);
                at.pop();
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                at.push(Step::Index(index));
                found.push((inner.to_string().len(), at.clone()));
                places(inner, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

fn without(value: &Value, at: &[Step]) -> Option<Value> {
    let (last, way) = at.split_last()?;
    let mut copy = value.clone();
    let mut inner = &mut copy;
    for step in way {
        inner = match step {
            Step::Key(key) => inner.get_mut(key)?,
            Step::Index(index) => inner.get_mut(index)?,
        };
    }
    match last {
        Step::Key(key) => {
            inner.as_object_mut()?.remove(key)?;
        }
        Step::Index(index) => {
            let list = inner.as_array_mut()?;
            list.remove(*index);
        }
    }
    Some(copy)
}

/// Drops parts, the largest first, while `fails` holds; at most so many attempts.
pub(crate) fn shrink(world: Value, attempts: usize, fails: impl Fn(&Value) -> bool) -> Value {
    let mut smallest = world;
    let mut left = attempts;
    loop {
        let mut open = Vec::new();
        places(&smallest, &mut Vec::new(), &mut open);
        open.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
        let mut smaller = None;
        for (_, at) in open {
            if left == 0 {
                return smallest;
            }
            left -= 1;
            if let Some(less) = without(&smallest, &at).filter(&fails) {
                smaller = Some(less);
                break;
            }
        }
        match smaller {
            Some(less) => smallest = less,
            None => return smallest,
        }
    }
}
