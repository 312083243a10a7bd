//! What two runs were made from: whether they can be compared, and what is not the same.

use indexmap::IndexMap;

use crate::compare::Error;
use crate::compare::difference::Missing;
use crate::results::manifest::Manifest;

/// Refuses runs whose figures do not mean the same.
pub(super) fn refuse(a: &Manifest, b: &Manifest) -> Result<(), Error> {
    let pairs = [
        ("demand fidelity", &a.fidelity, &b.fidelity),
        ("currency", &a.currency, &b.currency),
    ];
    let mut reasons = Vec::new();
    for (what, in_a, in_b) in pairs {
        if in_a != in_b {
            reasons.push(format!("{what} is `{in_a}` in A and `{in_b}` in B"));
        }
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Error::Refused(reasons.join("; ")))
    }
}

/// Strategies and cases that only one run has.
pub(super) fn missing(a: &Manifest, b: &Manifest) -> Vec<Missing> {
    let strategies = |m: &Manifest| m.strategies.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    let mut missing = Vec::new();
    for (what, in_a, in_b) in [
        ("strategy", strategies(a), strategies(b)),
        ("case", a.cases.clone(), b.cases.clone()),
    ] {
        for (own, other, only_in) in [(&in_a, &in_b, "a"), (&in_b, &in_a, "b")] {
            missing.extend(own.iter().filter(|id| !other.contains(id)).map(|id| Missing {
                what,
                id: id.clone(),
                only_in,
            }));
        }
    }
    missing
}

/// What the two runs were made from that is not the same.
pub(super) fn notes(a: &Manifest, b: &Manifest) -> Vec<String> {
    let mut notes = Vec::new();
    let mut changed = |what: &str, in_a: String, in_b: String| {
        if in_a != in_b {
            notes.push(format!("{what}: `{in_a}` in A, `{in_b}` in B"));
        }
    };
    let months = |m: &Manifest| match (m.months.first(), m.months.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "none".to_owned(),
    };
    changed("scenario", a.scenario.clone(), b.scenario.clone());
    changed("scenario hash", a.scenario_hash.clone(), b.scenario_hash.clone());
    changed("overrides", a.overrides.join(", "), b.overrides.join(", "));
    changed("months", months(a), months(b));
    changed(
        "discount rate",
        a.discount_rate.to_string(),
        b.discount_rate.to_string(),
    );
    changed("seed", a.seed.to_string(), b.seed.to_string());
    changed(
        "replications",
        a.replications.to_string(),
        b.replications.to_string(),
    );
    changed("baseline", a.baseline.clone(), b.baseline.clone());
    changed("tool version", a.tool_version.clone(), b.tool_version.clone());
    changed("tool commit", a.git_hash.clone(), b.git_hash.clone());
    let files = |m: &Manifest| -> IndexMap<String, String> {
        m.inputs
            .iter()
            .map(|f| (f.name.clone(), f.sha256.clone()))
            .collect()
    };
    let (in_a, in_b) = (files(a), files(b));
    for (name, hash) in &in_a {
        match in_b.get(name) {
            Some(other) if other != hash => notes.push(format!("input `{name}` was changed")),
            Some(_) => {}
            None => notes.push(format!("input `{name}` is read in A only")),
        }
    }
    for name in in_b.keys().filter(|name| !in_a.contains_key(*name)) {
        notes.push(format!("input `{name}` is read in B only"));
    }
    notes
}
