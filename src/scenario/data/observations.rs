//! Observations of uncertain inputs: one column of a CSV file.

use std::io::Read;

use super::Misread;
use super::reader::Reader;
use crate::ingest::Repairs;
use crate::problem::FieldPath;
use crate::random::DistributionSpec;
use crate::scenario::draw;
use crate::scenario::spec::{ScenarioSpec, UncertainSpec};

/// The most observations of one input.
const OBSERVATIONS_MAX: usize = 100_000;

/// Why a column gives no observations.
#[derive(Debug, thiserror::Error)]
enum ObservationsError {
    /// Not a table.
    #[error("`{file}` is no CSV table: {source}")]
    Table {
        file: String,
        #[source]
        source: csv::Error,
    },
    /// No such column.
    #[error("`{file}` has no column `{column}`; it has {known}")]
    Column {
        file: String,
        column: String,
        known: String,
    },
    /// A cell that is no number.
    #[error("`{file}`, line {line}: `{text}` is not a finite number")]
    Number { file: String, line: u64, text: String },
    /// Nothing, or too much.
    #[error("`{file}` has {count} observations: 1 to {OBSERVATIONS_MAX} are read")]
    Count { file: String, count: usize },
}

impl Misread for ObservationsError {}

impl Reader<'_> {
    /// What the files of uncertain inputs hold, by position in `uncertain`; every value is tried in its field.
    pub(super) fn observations(&mut self, spec: &ScenarioSpec) -> Vec<(usize, Vec<f64>)> {
        let root = FieldPath::root().key("uncertain");
        let mut all = Vec::new();
        for (index, uncertain) in spec.uncertain.iter().enumerate() {
            let DistributionSpec::EmpiricalFile { file, column } = &uncertain.distribution else {
                continue;
            };
            let at = root.index(index).key("distribution").key("empirical_file");
            let values = self.file(file, &at.key("file"), |name, input| {
                let values = read(name, column, input)?;
                Ok::<_, ObservationsError>((values, Repairs::default()))
            });
            all.extend(values.map(|values| (index, values)));
        }
        if !all.is_empty() {
            draw::check(&filled(spec, &all), &root, self.problems);
        }
        all
    }
}

/// Files of observations with the places that name them.
pub(super) fn named(spec: &ScenarioSpec) -> impl Iterator<Item = (&str, FieldPath)> {
    spec.uncertain.iter().enumerate().filter_map(named_by)
}

fn named_by((index, uncertain): (usize, &UncertainSpec)) -> Option<(&str, FieldPath)> {
    match &uncertain.distribution {
        DistributionSpec::EmpiricalFile { file, .. } => {
            let at = FieldPath::root()
                .key("uncertain")
                .index(index)
                .key("distribution");
            Some((file.as_str(), at.key("empirical_file").key("file")))
        }
        _ => None,
    }
}

/// The spec with observations in the place of files.
fn filled(spec: &ScenarioSpec, observations: &[(usize, Vec<f64>)]) -> ScenarioSpec {
    let mut filled = spec.clone();
    for (index, values) in observations {
        let values = values.clone();
        filled.uncertain[*index].distribution = DistributionSpec::Empirical { values };
    }
    filled
}

fn read(file: &str, column: &str, input: &mut dyn Read) -> Result<Vec<f64>, ObservationsError> {
    let file = file.to_owned();
    let table = |source| ObservationsError::Table {
        file: file.clone(),
        source,
    };
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().map_err(table)?.clone();
    let place = header.iter().position(|h| h.trim() == column);
    let place = place.ok_or_else(|| ObservationsError::Column {
        file: file.clone(),
        column: column.to_owned(),
        known: header
            .iter()
            .take(20)
            .map(|h| format!("`{h}`"))
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(table)?;
        let text = record.get(place).unwrap_or("").trim();
        if text.is_empty() {
            continue;
        }
        let value = text.parse::<f64>().ok().filter(|v| v.is_finite());
        values.push(value.ok_or_else(|| ObservationsError::Number {
            file: file.clone(),
            line: record.position().map_or(0, csv::Position::line),
            text: text.chars().take(40).collect(),
        })?);
        if values.len() > OBSERVATIONS_MAX {
            break;
        }
    }
    let count = values.len();
    if !(1..=OBSERVATIONS_MAX).contains(&count) {
        return Err(ObservationsError::Count { file, count });
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_and_what_is_wrong_is_named_with_its_line() {
        let of =
            |text: &str, column: &str| read("x.csv", column, &mut text.as_bytes()).map_err(|e| e.to_string());
        assert_eq!(of("a,b\n1,2\n,4\n3,\n", "a"), Ok(vec![1.0, 3.0]));
        assert_eq!(
            of("a,b\n1,2\n", "c"),
            Err("`x.csv` has no column `c`; it has `a`, `b`".to_owned())
        );
        assert_eq!(
            of("a\n1\nx\n", "a"),
            Err("`x.csv`, line 3: `x` is not a finite number".to_owned())
        );
        assert!(of("a\n", "a").unwrap_err().contains("0 observations"));
        assert!(of("a,b\n1\n", "a").unwrap_err().contains("no CSV table"));
    }
}
