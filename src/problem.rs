//! What is wrong with an input, and where: the vocabulary in which every spec reports.
//!
//! A [`FieldPath`] names a field of the scenario (`sites[0].halls[2].grid_mw`); the scenario layer maps it to
//! a file, line and column. A spec implements [`Check`] and reports *all* its problems, never only the first.

use std::fmt;

use crate::id::Name;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a table.
    Key(String),
    /// An element of an array.
    Index(usize),
}

/// The path of a field from the root of the scenario.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The scenario itself.
    pub fn root() -> Self {
        Self::default()
    }
    /// This path with a key appended.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Key(key.into()));
        Self(segments)
    }
    /// This path with an index appended.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Index(index));
        Self(segments)
    }
    /// The steps in order.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }
    /// The path without its last step; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// How grave a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Shown, but the scenario runs.
    Warning,
    /// The scenario is refused.
    Error,
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub path: FieldPath,
    /// How grave.
    pub severity: Severity,
    /// What: a lower-case sentence fragment, literals in backticks.
    pub message: String,
    /// The next step, where there is one.
    pub help: Option<String>,
}

/// Above this no quantity of a scenario is believed: it is a slip, and sums of such would leave the range of a double.
const BELIEVED_MAX: f64 = 1e12;

/// All problems found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds an error.
    pub fn error(&mut self, path: &FieldPath, message: impl Into<String>) {
        self.add(path, Severity::Error, message.into(), None);
    }
    /// Adds an error, with a next step where there is one.
    pub fn push(&mut self, path: &FieldPath, message: impl Into<String>, help: Option<String>) {
        self.add(path, Severity::Error, message.into(), help);
    }
    /// Adds an error with a next step.
    pub fn error_with_help(&mut self, path: &FieldPath, message: impl Into<String>, help: impl Into<String>) {
        self.add(path, Severity::Error, message.into(), Some(help.into()));
    }
    /// Adds a warning.
    pub fn warn(&mut self, path: &FieldPath, message: impl Into<String>) {
        self.add(path, Severity::Warning, message.into(), None);
    }
    fn add(&mut self, path: &FieldPath, severity: Severity, message: String, help: Option<String>) {
        self.0.push(Problem {
            path: path.clone(),
            severity,
            message,
            help,
        });
    }
    /// All in the order found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }
    /// All in the order found.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }
    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|p| p.severity == Severity::Error)
    }

    /// Requires a finite number within `low..=high`; the message shows the range.
    pub fn within(&mut self, at: &FieldPath, value: f64, low: f64, high: f64) {
        if !value.is_finite() {
            self.error(at, format!("`{value}` is not a finite number"));
        } else if value < low || value > high {
            self.error(at, range_message(value, low, high));
        }
    }
    /// Requires a finite number above zero.
    pub fn positive(&mut self, at: &FieldPath, value: f64) {
        if !(value.is_finite() && value > 0.0) {
            self.error(at, format!("`{value}` must be greater than zero"));
        } else if value > BELIEVED_MAX {
            self.error(
                at,
                format!("`{value:e}` is more than the {BELIEVED_MAX:e} that is believed"),
            );
        }
    }
    /// Requires a finite number that is not negative.
    pub fn not_negative(&mut self, at: &FieldPath, value: f64) {
        if !(value.is_finite() && value >= 0.0) {
            self.error(at, format!("`{value}` must not be negative"));
        } else if value > BELIEVED_MAX {
            self.error(
                at,
                format!("`{value:e}` is more than the {BELIEVED_MAX:e} that is believed"),
            );
        }
    }
    /// Requires a percentage, and warns where a fraction seems meant (0.12 for 12 percent).
    pub fn percent(&mut self, at: &FieldPath, value: f64, high: f64) {
        self.within(at, value, 0.0, high);
        self.warn_of_fraction(at, value, 0.5);
    }
    /// Requires a percentage of a whole of which less than one percent is never meant, such as gearing: 0.7 is doubted too.
    pub fn share_percent(&mut self, at: &FieldPath, value: f64, high: f64) {
        self.within(at, value, 0.0, high);
        self.warn_of_fraction(at, value, 1.0);
    }
    /// Warns where a percentage lies above nought and below `limit`, as a fraction does.
    pub fn warn_of_fraction(&mut self, at: &FieldPath, value: f64, limit: f64) {
        if value > 0.0 && value < limit {
            self.warn(
                at,
                format!(
                    "`{value}` is read as {value} percent; is {} percent meant?",
                    (value * 1e6).round() / 1e4
                ),
            );
        }
    }
    /// Requires the form of a name.
    pub fn name(&mut self, at: &FieldPath, name: &Name) {
        if let Some(problem) = name.problem() {
            self.error(at, format!("`{name}` is not a valid name: {problem}"));
        }
    }
    /// Reports a reference to something that does not exist, with the nearest name that does.
    pub fn unknown<'a>(
        &mut self,
        at: &FieldPath,
        what: &str,
        given: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let message = format!("unknown {what} `{given}`");
        match nearest(given, known.iter().copied()) {
            Some(near) => self.error_with_help(at, message, format!("did you mean `{near}`?")),
            None if known.is_empty() => {
                self.error_with_help(at, message, format!("there is no {what} at all"));
            }
            None => {
                let list: Vec<String> = known.iter().take(12).map(|k| format!("`{k}`")).collect();
                self.error_with_help(at, message, format!("known: {}", list.join(", ")));
            }
        }
    }
}

fn range_message(value: f64, low: f64, high: f64) -> String {
    if high == f64::INFINITY {
        format!("`{value}` must be at least {low}")
    } else if low == f64::NEG_INFINITY {
        format!("`{value}` must be at most {high}")
    } else {
        format!("`{value}` must lie between {low} and {high}")
    }
}

/// A spec that can say everything that is wrong with it.
pub trait Check {
    /// Adds every problem of `self`, which stands at `at`.
    fn check(&self, at: &FieldPath, problems: &mut Problems);
}

/// Letters of which a word must have begun for the rest of it to be offered.
const BEGINNING_MIN: usize = 3;

/// The known word nearest to `given`, if any is near enough to be meant: by letters changed, left out or swapped, else the
/// shortest that begins with it.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = given.chars().count();
    let limit = (letters / 3).clamp(1, 4);
    let (mut near, mut begun): (Option<(usize, &str)>, Option<&str>) = (None, None);
    for word in known {
        let distance = strsim::damerau_levenshtein(&cut(given), &cut(word));
        if distance <= limit && near.is_none_or(|(least, _)| distance < least) {
            near = Some((distance, word));
        }
        let begins = letters >= BEGINNING_MIN && word.starts_with(given);
        if begins && begun.is_none_or(|shortest| word.len() < shortest.len()) {
            begun = Some(word);
        }
    }
    near.map(|(_, word)| word).or(begun)
}

/// Long words are cut, so that a hostile one costs little.
fn cut(word: &str) -> String {
    word.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_users_write_them() {
        let path = FieldPath::root()
            .key("sites")
            .index(0)
            .key("halls")
            .index(2)
            .key("grid_mw");
        assert_eq!(path.to_string(), "sites[0].halls[2].grid_mw");
        assert_eq!(path.parent().unwrap().to_string(), "sites[0].halls[2]");
    }

    #[test]
    fn the_nearest_word_is_offered_only_when_near() {
        assert_eq!(nearest("gird_mw", ["grid_mw", "id"]), Some("grid_mw"));
        assert_eq!(nearest("zebra", ["grid_mw", "id"]), None);
        assert_eq!(
            nearest("npv", ["npv_equity_usd", "irr", "npv_usd"]),
            Some("npv_usd")
        );
        assert_eq!(nearest("gr", ["grid_mw", "id"]), None);
    }

    #[test]
    fn a_fraction_where_percent_is_meant_is_warned() {
        let mut problems = Problems::new();
        problems.percent(&FieldPath::root().key("x_percent"), 0.12, 100.0);
        assert_eq!(problems.as_slice().len(), 1);
        assert!(!problems.has_errors());
    }
}
