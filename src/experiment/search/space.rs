//! The candidates: every combination of the values of some paths.

/// The most candidates of one search.
pub const CANDIDATES_MAX: usize = 4_096;

/// A path with the values that it may take, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Path of a field.
    pub path: String,
    /// Its values, as TOML.
    pub values: Vec<String>,
}

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
        let values = match spaced(values) {
            Some(values) => values,
            None => split(values).ok_or_else(malformed)?,
        };
        if path.trim().is_empty() || values.iter().any(|v| v.trim().is_empty()) {
            return Err(malformed());
        }
        Ok(Self {
            path: path.trim().to_owned(),
            values: values.into_iter().map(|v| v.trim().to_owned()).collect(),
        })
    }
}

/// `LOW..HIGH:COUNT`.
fn spaced(text: &str) -> Option<Vec<String>> {
    let (range, count) = text.rsplit_once(':')?;
    let (low, high) = range.split_once("..")?;
    let (low, high): (f64, f64) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    let count: usize = count.trim().parse().ok()?;
    if !(2..=CANDIDATES_MAX).contains(&count) || !low.is_finite() || !high.is_finite() {
        return None;
    }
    let at = |i: usize| low + (high - low) * i as f64 / (count - 1) as f64;
    Some((0..count).map(|i| at(i).to_string()).collect())
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
}
