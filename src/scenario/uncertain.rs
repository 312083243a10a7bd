//! What must hold of uncertain inputs: paths that can be drawn, distributions, correlation, room in the design.

use serde_json::Value;

use crate::problem::{Check, FieldPath, Problems};
use crate::random::sobol::DIMENSIONS_MAX;
use crate::random::{Design, DistributionSpec};
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{draw, overlay};

/// The most uncertain inputs.
pub const UNCERTAIN_MAX: usize = 1_000;

/// Checks `uncertain` and `correlation` of the scenario at `at`.
pub(super) fn check(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let (count, here) = (spec.uncertain.len(), at.key("uncertain"));
    if count > UNCERTAIN_MAX {
        problems.error(
            &here,
            format!("{count} uncertain inputs: at most {UNCERTAIN_MAX}"),
        );
        return;
    }
    if spec.run.design == Design::Sobol && count > DIMENSIONS_MAX {
        let message = format!("{count} uncertain inputs: a Sobol design has room for {DIMENSIONS_MAX}");
        problems.error_with_help(&here, message, "take `latin_hypercube` or `plain`");
    }
    let known = serde_json::to_value(spec).expect("a spec is plain JSON");
    for (index, uncertain) in spec.uncertain.iter().enumerate() {
        let at = here.index(index);
        // The values of a file are checked when it is read.
        if !matches!(uncertain.distribution, DistributionSpec::EmpiricalFile { .. }) {
            uncertain.distribution.check(&at.key("distribution"), problems);
        }
        let at = at.key("path");
        if spec.uncertain[..index].iter().any(|u| u.path == uncertain.path) {
            problems.error(&at, format!("`{}` is uncertain twice", uncertain.path));
        }
        check_number(&uncertain.path, &known, &at, problems);
    }
    let at = at.key("correlation");
    spec.correlation.check(&spec.uncertain, &at, problems);
}

/// Checks that a path leads to a number that a replication may have of its own.
pub(super) fn check_number(written: &str, known: &Value, at: &FieldPath, problems: &mut Problems) {
    let path = overlay::parse_path(written).and_then(|s| overlay::resolve(known, &s));
    let path = match path {
        Ok(path) => path,
        Err(error) => {
            problems.push(at, error.message, error.help);
            return;
        }
    };
    if is_fixed(&path.to_string()) {
        let message = format!("`{written}` cannot be drawn anew in each replication");
        problems.error(at, message);
    } else if draw::number_at(known, &path).is_none() {
        let help = "write the field in the scenario first; its value is replaced by the draw";
        problems.error_with_help(at, format!("`{written}` is not a number"), help);
    }
}

/// Whether a field is used once for all replications.
fn is_fixed(path: &str) -> bool {
    let heads = ["run.", "uncertain", "correlation", "cases", "format", "years"];
    heads.iter().any(|head| path.starts_with(head))
        || [".weather.", ".cooling.", ".trace."]
            .iter()
            .any(|part| path.contains(part))
        || path.ends_with(".repeat")
}
