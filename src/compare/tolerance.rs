//! How far two figures may lie apart and still be called the same.
//!
//! A difference is within tolerance where it is at most `abs`, or at most `rel` times the larger magnitude.
//! In a file, later overrides win over earlier ones:
//!
//! ```toml
//! rel = 1e-9
//! abs = 0.0
//!
//! [[override]]
//! metric = "*_usd"
//! strategy = "gpu-cloud"
//! rel = 0.01
//! ```

use std::path::Path;

use serde::Deserialize;

use crate::compare::Error;
use crate::results;

/// The largest tolerance file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The relative tolerance where none is given: what the `exp` and `ln` of two systems may differ by.
pub const REL_DEFAULT: f64 = 1e-9;

/// What a tolerance file says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToleranceSpec {
    #[serde(default = "rel_default")]
    rel: f64,
    #[serde(default)]
    abs: f64,
    #[serde(default, rename = "override")]
    overrides: Vec<OverrideSpec>,
}

fn rel_default() -> f64 {
    REL_DEFAULT
}

/// A tolerance for some figures; `*` stands for any text, `?` for one character.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideSpec {
    #[serde(default = "any")]
    metric: String,
    #[serde(default = "any")]
    strategy: String,
    #[serde(default = "any")]
    scope: String,
    rel: Option<f64>,
    abs: Option<f64>,
}

fn any() -> String {
    "*".to_owned()
}

/// How far a figure may move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// As a share of the larger magnitude.
    pub rel: f64,
    /// In the figure's unit.
    pub abs: f64,
}

impl Limit {
    /// Whether two figures count as the same.
    pub fn holds(&self, a: f64, b: f64) -> bool {
        a == b || (a - b).abs() <= self.abs.max(self.rel * a.abs().max(b.abs()))
    }
}

/// The tolerances of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    spec: ToleranceSpec,
}

impl Tolerance {
    /// One tolerance for every figure; the numbers must be finite and not negative.
    pub fn uniform(rel: f64, abs: f64) -> Self {
        let overrides = Vec::new();
        Self {
            spec: ToleranceSpec { rel, abs, overrides },
        }
    }

    /// Reads a tolerance file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |e| Error::from(results::Error::io("read", path, e));
        if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(malformed(
                path,
                None,
                &format!("larger than {FILE_BYTES_MAX} bytes"),
            ));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| malformed(path, None, "not valid UTF-8"))?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let spec: ToleranceSpec = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            malformed(path, line, e.message())
        })?;
        let limits = spec.overrides.iter().flat_map(|o| [o.rel, o.abs]).flatten();
        for value in limits.chain([spec.rel, spec.abs]) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(malformed(
                    path,
                    None,
                    &format!("`{value}` is not a tolerance; it must be 0 or more"),
                ));
            }
        }
        Ok(Self { spec })
    }

    /// The limit of a figure.
    pub fn limit(&self, strategy: &str, scope: &str, metric: &str) -> Limit {
        let mut limit = Limit {
            rel: self.spec.rel,
            abs: self.spec.abs,
        };
        for o in self
            .spec
            .overrides
            .iter()
            .filter(|o| o.concerns(strategy, scope, metric))
        {
            limit.rel = o.rel.unwrap_or(limit.rel);
            limit.abs = o.abs.unwrap_or(limit.abs);
        }
        limit
    }

    /// Overrides that concern none of the figures, which are (strategy, scope, metric).
    pub fn idle_overrides<'a>(
        &self,
        figures: &(impl Iterator<Item = (&'a str, &'a str, &'a str)> + Clone),
    ) -> Vec<String> {
        let idle = |o: &&OverrideSpec| !figures.clone().any(|(s, scope, m)| o.concerns(s, scope, m));
        let text = |o: &OverrideSpec| {
            format!(
                "metric `{}`, strategy `{}`, scope `{}`",
                o.metric, o.strategy, o.scope
            )
        };
        self.spec.overrides.iter().filter(idle).map(text).collect()
    }
}

impl OverrideSpec {
    fn concerns(&self, strategy: &str, scope: &str, metric: &str) -> bool {
        matches(&self.metric, metric) && matches(&self.strategy, strategy) && matches(&self.scope, scope)
    }
}

fn malformed(path: &Path, line: Option<usize>, message: &str) -> Error {
    Error::Tolerance {
        file: path.to_owned(),
        line,
        message: message.to_owned(),
    }
}

/// Whether `text` is of the form of `pattern`; takes at most the product of their lengths in steps.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star passed, and where in the text its share ends.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((place, share)) = star else { return false };
                star = Some((place, share + 1));
                p = place + 1;
                t = share + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("*", "", true)]
    #[case("*_usd", "npv_usd", true)]
    #[case("*_usd", "npv_usd_x", false)]
    #[case("npv*usd*", "npv_without_residual_usd", true)]
    #[case("p?e", "pue", true)]
    #[case("p?e", "pe", false)]
    #[case("", "a", false)]
    #[case("a*b*c", "aXbYbZc", true)]
    fn globs(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches(pattern, text), expected);
    }

    #[test]
    fn a_hostile_glob_ends() {
        assert!(!matches(
            &format!("{}c", "a*".repeat(500)),
            &format!("{}b", "a".repeat(5_000))
        ));
    }

    #[test]
    fn later_overrides_win_and_keep_what_they_do_not_say() {
        let text = "rel = 0.001\n[[override]]\nmetric = \"*_usd\"\nabs = 5\n[[override]]\nstrategy = \"gpu-*\"\nrel = 0";
        let tolerance = Tolerance::parse(text, Path::new("t.toml")).unwrap();
        assert_eq!(
            tolerance.limit("gpu-cloud", "west", "npv_usd"),
            Limit { rel: 0.0, abs: 5.0 }
        );
        assert_eq!(
            tolerance.limit("stay", "west", "pue"),
            Limit { rel: 0.001, abs: 0.0 }
        );
        let figures = [("stay", "west", "npv_usd")];
        assert_eq!(tolerance.idle_overrides(&figures.into_iter()).len(), 1);
    }

    #[test]
    fn either_bound_is_enough_and_equal_figures_are_always_the_same() {
        let limit = Limit { rel: 0.01, abs: 0.5 };
        assert!(limit.holds(100.0, 101.0) && limit.holds(0.0, 0.5));
        assert!(!limit.holds(100.0, 101.1) && !limit.holds(0.0, 0.51));
        assert!(Limit { rel: 0.0, abs: 0.0 }.holds(3.0, 3.0));
    }

    #[test]
    fn mistakes_in_the_file_are_named_by_line() {
        let message = |text: &str| {
            let error = Tolerance::parse(text, Path::new("t.toml")).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        };
        assert!(message("rel = 0.1\n\nrle = 2").starts_with("t.toml:3: unknown field `rle`"));
        assert!(message("rel = -1.0").contains("`-1` is not a tolerance"));
        assert!(message("[[override]]\nabs = nan").contains("`NaN`"));
    }
}
