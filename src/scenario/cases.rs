//! Named cases: the same farm and strategies in other courses of the world, each with its probability. Every replication
//! is run in every case on the same random numbers.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems, Severity};
use crate::scenario::spec::ScenarioSpec;
use crate::scenario::{draw, overlay, uncertain};

/// The most cases of one scenario: each is simulated in full.
pub const CASES_MAX: usize = 20;
/// How far probabilities may be from 100 together, percent: what sums of decimal fractions leave.
const ROUNDING_PERCENT: f64 = 1e-6;
/// What the case of a scenario without any is called.
pub const BASE: &str = "base";
/// What stands in `answers.csv` for all cases together.
pub const ALL: &str = "all-cases";

/// A course of the world with a name and a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseSpec {
    /// Its name; `all-cases` is taken.
    pub id: Name,
    /// How likely it is, percent, 0 to 100; those of all cases make 100. A judgement: it has no default.
    pub probability_percent: f64,
    /// The fields that are other in this case, by path as in `uncertain`: numbers alone. They take the place of what the
    /// scenario states or draws. Default: none, which is the scenario as it stands.
    #[serde(default)]
    pub set: IndexMap<String, f64>,
}

/// The names of a spec's cases, in file order; `base` where it has none.
pub fn names(spec: &ScenarioSpec) -> Vec<String> {
    if spec.cases.is_empty() {
        return vec![BASE.to_owned()];
    }
    spec.cases.iter().map(|case| case.id.to_string()).collect()
}

/// The probabilities of a spec's cases as shares, in file order; nothing where it has none.
pub fn probabilities(spec: &ScenarioSpec) -> Vec<f64> {
    spec.cases
        .iter()
        .map(|case| case.probability_percent / 100.0)
        .collect()
}

/// The spec in one of its cases; `None` where that changes nothing.
pub fn apply(spec: &ScenarioSpec, case: usize) -> Option<ScenarioSpec> {
    let case = spec.cases.get(case).filter(|case| !case.set.is_empty())?;
    let changed = changed(spec, case).unwrap_or_else(|e| panic!("case `{}` does not fit: {e}", case.id));
    Some(changed)
}

fn changed(spec: &ScenarioSpec, case: &CaseSpec) -> Result<ScenarioSpec, String> {
    let known = serde_json::to_value(spec).expect("a spec is plain JSON");
    let mut tree = known.clone();
    for (path, value) in &case.set {
        let path = overlay::parse_path(path).and_then(|steps| overlay::resolve(&known, &steps));
        let path = path.map_err(|e| e.message)?;
        overlay::put(&mut tree, &known, &path, draw::like(&known, &path, *value));
    }
    serde_json::from_value(tree).map_err(|e| e.to_string())
}

/// Checks the cases of the scenario at `at`.
pub(super) fn check(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let here = at.key("cases");
    if spec.cases.is_empty() {
        return;
    }
    if spec.cases.len() > CASES_MAX {
        let message = format!("{} cases: at most {CASES_MAX}", spec.cases.len());
        problems.error(&here, message);
        return;
    }
    let sum: f64 = spec.cases.iter().map(|case| case.probability_percent).sum();
    if (sum - 100.0).abs() > ROUNDING_PERCENT {
        let message = format!("the probabilities of the cases make {sum} percent together");
        problems.error_with_help(&here, message, "let them make 100");
    }
    let known = serde_json::to_value(spec).expect("a spec is plain JSON");
    for (index, case) in spec.cases.iter().enumerate() {
        check_case(spec, index, &here.index(index), problems);
        let at = here.index(index).key("set");
        for path in case.set.keys() {
            uncertain::check_number(path, &known, &at.key(path), problems);
        }
    }
}

fn check_case(spec: &ScenarioSpec, index: usize, at: &FieldPath, problems: &mut Problems) {
    let case = &spec.cases[index];
    problems.name(&at.key("id"), &case.id);
    if case.id.as_str() == ALL {
        let message = format!("`{ALL}` stands for all cases together");
        problems.error_with_help(&at.key("id"), message, "choose another name");
    }
    if spec.cases[..index].iter().any(|other| other.id == case.id) {
        problems.error(&at.key("id"), format!("the case `{}` exists twice", case.id));
    }
    problems.within(
        &at.key("probability_percent"),
        case.probability_percent,
        0.0,
        100.0,
    );
}

/// Checks each case as a scenario of its own; called where the scenario itself is right.
pub(super) fn check_whole(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    for (index, case) in spec.cases.iter().enumerate() {
        let at = at.key("cases").index(index).key("set");
        let mut own = match changed(spec, case) {
            Ok(own) => own,
            Err(message) => {
                problems.error(&at, format!("case `{}`: {message}", case.id));
                continue;
            }
        };
        own.cases.clear();
        let mut wrong = Problems::new();
        own.check(&FieldPath::root(), &mut wrong);
        let wrong = wrong.into_vec().into_iter();
        for problem in wrong.filter(|p| p.severity == Severity::Error) {
            let message = format!("case `{}`: `{}` {}", case.id, problem.path, problem.message);
            problems.error(&at, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load::{DEFAULT_SCENARIO, LoadOptions, load_text};

    fn with(cases: &str) -> Result<ScenarioSpec, String> {
        let text = DEFAULT_SCENARIO.replacen("[run]", &format!("{cases}\n[run]"), 1);
        load_text("x.toml", &text, &LoadOptions::default())
            .map(|scenario| scenario.spec)
            .map_err(|failure| format!("{failure:?}"))
    }

    const TWO: &str = "[[cases]]\nid = \"as-it-stands\"\nprobability_percent = 70\n[[cases]]\nid = \"dear-money\"\nprobability_percent = 30\nset = { \"finance.discount_percent\" = 14, \"tenants.anchor.reserved.gpu_block.gpus\" = 9000 }\n";

    #[test]
    fn a_case_changes_its_fields_and_no_other() {
        let spec = with(TWO).unwrap();
        assert_eq!(names(&spec), ["as-it-stands", "dear-money"]);
        assert_eq!(probabilities(&spec), [0.7, 0.3]);
        assert!(apply(&spec, 0).is_none());
        let mut dear = apply(&spec, 1).unwrap();
        assert_eq!(dear.finance.discount_percent, 14.0);
        let before = serde_json::to_value(&spec).unwrap();
        let after = serde_json::to_value(&dear).unwrap();
        assert_eq!(after["tenants"][0]["reserved"]["gpu_block"]["gpus"], 9_000);
        dear.finance.discount_percent = spec.finance.discount_percent;
        dear.tenants.clone_from(&spec.tenants);
        assert_eq!(dear, spec);
        assert_ne!(before, after);
    }

    #[test]
    fn a_scenario_without_cases_has_one_that_is_called_base() {
        let spec = with("").unwrap();
        assert_eq!(names(&spec), [BASE]);
        assert!(probabilities(&spec).is_empty());
        assert!(apply(&spec, 0).is_none());
    }

    #[test]
    fn what_is_wrong_with_cases_is_told() {
        for (from, to, said) in [
            ("70", "60", "make 90 percent together"),
            ("dear-money", "as-it-stands", "exists twice"),
            ("dear-money", "all-cases", "stands for all cases together"),
            (
                "finance.discount_percent",
                "finance.discount_per_cent",
                "discount_per_cent",
            ),
            ("finance.discount_percent", "run.seed", "cannot be drawn anew"),
            ("finance.discount_percent", "name", "is not a number"),
            ("= 14", "= -200", "case `dear-money`: "),
            ("probability_percent = 70", "probability_percent = 170", "100"),
        ] {
            let told = with(&TWO.replacen(from, to, 1)).unwrap_err();
            assert!(told.contains(said), "{to}: {told}");
        }
    }
}
