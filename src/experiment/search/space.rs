//! The candidates: every combination of the values of some paths.

/// The most candidates of one search.
pub const CANDIDATES_MAX: usize = 4_096;

/// A path with the values that it may take, as they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Path of a field.
    pub path: String,
    /// Its values, as TOML.
    pub values: Vec<String>,
    /// Where they are evenly spaced numbers, between which a search may go on.
    pub range: Option<Range>,
}

/// Evenly spaced numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    low: f64,
    high: f64,
    step: f64,
    /// All of them are whole, so that those between have to be, too.
    whole: bool,
}

/// Up to so many ranges, all corners around a point are its neighbours; beyond, one range moves at a time.
const CORNERS_MAX: usize = 3;

/// Why a choice was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// Not `PATH=VALUE,VALUE`.
    #[error("`{0}` is not PATH=VALUE,VALUE,... or PATH=LOW..HIGH:COUNT")]
    Malformed(String),
    /// The same path twice.
    #[error("`{0}` is varied twice")]
    Twice(String),
    /// Too many combinations.
    #[error("{0} candidates: at most {CANDIDATES_MAX}; vary fewer values or one thing after the other")]
    TooMany(usize),
}

impl Choice {
    /// Reads `PATH=VALUE,VALUE,...` (commas within quotes, brackets and braces do not separate) or `PATH=LOW..HIGH:COUNT`, evenly
    /// spaced numbers.
    pub fn parse(text: &str) -> Result<Self, SpaceError> {
        let malformed = || SpaceError::Malformed(text.to_owned());
        let (path, values) = text.split_once('=').ok_or_else(malformed)?;
        let (values, range) = match spaced(values) {
            Some((values, range)) => (values, Some(range)),
            None => (split(values).ok_or_else(malformed)?, None),
        };
        if path.trim().is_empty() || values.iter().any(|v| v.trim().is_empty()) {
            return Err(malformed());
        }
        Ok(Self {
            path: path.trim().to_owned(),
            values: values.into_iter().map(|v| v.trim().to_owned()).collect(),
            range,
        })
    }
}

impl Range {
    /// What lies `halvings` halvings of the spacing from a value, itself first, within the ends; whole numbers where all values are.
    fn around(&self, value: f64, halvings: u32) -> Vec<f64> {
        let step = self.step.abs() / f64::from(2_u32.saturating_pow(halvings));
        let step = if self.whole { step.round().max(1.0) } else { step };
        let (least, most) = (self.low.min(self.high), self.low.max(self.high));
        let beside = [value - step, value + step].into_iter();
        let inside = beside.filter(|v| (least..=most).contains(v));
        std::iter::once(value).chain(inside).collect()
    }
}

/// `LOW..HIGH:COUNT`.
fn spaced(text: &str) -> Option<(Vec<String>, Range)> {
    let (range, count) = text.rsplit_once(':')?;
    let (low, high) = range.split_once("..")?;
    let (low, high): (f64, f64) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    let count: usize = count.trim().parse().ok()?;
    if !(2..=CANDIDATES_MAX).contains(&count) || !low.is_finite() || !high.is_finite() {
        return None;
    }
    let at = |i: usize| low + (high - low) * i as f64 / (count - 1) as f64;
    let range = Range {
        low,
        high,
        step: (high - low) / (count - 1) as f64,
        whole: (0..count).all(|i| at(i).fract() == 0.0),
    };
    Some(((0..count).map(|i| at(i).to_string()).collect(), range))
}

/// Splits at commas outside quotes and brackets; `None` where these do not match.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut quote) = (0_usize, None);
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    (depth == 0 && quote.is_none()).then_some(parts)
}

/// Every combination as assignments `PATH=VALUE`, the last path moving fastest.
pub fn candidates(choices: &[Choice]) -> Result<Vec<Vec<String>>, SpaceError> {
    for (index, choice) in choices.iter().enumerate() {
        if choices[..index].iter().any(|c| c.path == choice.path) {
            return Err(SpaceError::Twice(choice.path.clone()));
        }
    }
    let count = choices
        .iter()
        .fold(1_usize, |n, c| n.saturating_mul(c.values.len()));
    if count > CANDIDATES_MAX {
        return Err(SpaceError::TooMany(count));
    }
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for choice in choices {
        all = all
            .iter()
            .flat_map(|begun| {
                choice.values.iter().map(|value| {
                    let mut whole = begun.clone();
                    whole.push(format!("{}={value}", choice.path));
                    whole
                })
            })
            .collect();
    }
    Ok(all)
}

/// The neighbours of a candidate: its ranges moved by `halvings` halvings of their spacing, all other choices kept. What was tried
/// already is left out.
pub fn between(
    choices: &[Choice],
    best: &[String],
    halvings: u32,
    tried: &[Vec<String>],
) -> Vec<Vec<String>> {
    let texts = |choice: &Choice, own: &String| -> Vec<String> {
        let value = own.split_once('=').and_then(|(_, v)| v.parse().ok());
        match (choice.range, value) {
            (Some(range), Some(value)) => {
                let values = range.around(value, halvings).into_iter();
                values.map(|v| format!("{}={v}", choice.path)).collect()
            }
            _ => vec![own.clone()],
        }
    };
    let moves: Vec<Vec<String>> = choices.iter().zip(best).map(|(c, own)| texts(c, own)).collect();
    let ranges = choices.iter().filter(|c| c.range.is_some()).count();
    let mut found: Vec<Vec<String>> = vec![best.to_vec()];
    for (place, values) in moves.iter().enumerate() {
        let from = if ranges <= CORNERS_MAX { found.len() } else { 1 };
        for value in values.iter().skip(1) {
            for begun in 0..from {
                let mut moved = found[begun].clone();
                moved[place].clone_from(value);
                found.push(moved);
            }
        }
    }
    found.retain(|candidate| !tried.contains(candidate));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_outside_quotes_and_brackets() {
        let choice = Choice::parse("a.b=[1, 2],{x = \"p,q\"},\"r,s\", 3").unwrap();
        assert_eq!(choice.path, "a.b");
        assert_eq!(choice.values, ["[1, 2]", "{x = \"p,q\"}", "\"r,s\"", "3"]);
        let spaced = Choice::parse("g=10..40:4").unwrap();
        assert_eq!(spaced.values, ["10", "20", "30", "40"]);
        for wrong in ["a", "a=", "=1", "a=1,,2", "a=[1", "a=\"1"] {
            assert!(Choice::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn candidates_are_all_combinations_and_bounded() {
        let of = |text: &[&str]| text.iter().map(|t| Choice::parse(t).unwrap()).collect::<Vec<_>>();
        let all = candidates(&of(&["a=1,2", "b=x,y,z"])).unwrap();
        assert_eq!(all.len(), 6);
        assert_eq!(
            (&all[0][..], &all[4][..]),
            (
                &["a=1".to_owned(), "b=x".to_owned()][..],
                &["a=2".to_owned(), "b=y".to_owned()][..]
            )
        );
        assert_eq!(
            candidates(&of(&["a=1", "a=2"])),
            Err(SpaceError::Twice("a".to_owned()))
        );
        let many = candidates(&of(&["a=0..1:100", "b=0..1:100"]));
        assert_eq!(many, Err(SpaceError::TooMany(10_000)));
    }

    #[test]
    fn neighbours_lie_half_a_step_away_within_the_ends() {
        let of = |text: &[&str]| text.iter().map(|t| Choice::parse(t).unwrap()).collect::<Vec<_>>();
        let best = |text: &[&str]| text.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        let choices = of(&["a=0..1:3", "b=x,y"]);
        let found = between(&choices, &best(&["a=0.5", "b=y"]), 1, &[]);
        let texts: Vec<String> = found.iter().map(|c| c.join(" ")).collect();
        assert_eq!(texts, ["a=0.5 b=y", "a=0.25 b=y", "a=0.75 b=y"]);
        let tried = candidates(&choices).unwrap();
        let at_the_end = between(&choices, &best(&["a=0", "b=x"]), 2, &tried);
        assert_eq!(at_the_end, [best(&["a=0.125", "b=x"])]);
        // Whole numbers stay whole; two ranges have eight neighbours.
        let whole = of(&["a=10..15:2", "b=0..4:3"]);
        let found = between(&whole, &best(&["a=10", "b=2"]), 1, &[]);
        let texts: Vec<String> = found.iter().map(|c| c.join(" ")).collect();
        let expected = [
            "a=10 b=2", "a=13 b=2", "a=10 b=1", "a=13 b=1", "a=10 b=3", "a=13 b=3",
        ];
        assert_eq!(texts, expected);
        // Four ranges move one at a time.
        let four = of(&["a=0..2:3", "b=0..2:3", "c=0..2:3", "d=0..2:3"]);
        let found = between(&four, &best(&["a=1", "b=1", "c=1", "d=1"]), 1, &[]);
        assert_eq!(found.len(), 9);
    }
}
