//! Which uncertain inputs go together: pairs or a matrix, made into a Gaussian copula.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{FieldPath, Problems, nearest as nearest_word};
use crate::random::copula::{CORRELATED_MAX, Copula, Matrix, nearest, of_ranks};
use crate::scenario::spec::UncertainSpec;

/// Pairs that a message about a matrix names.
const NAMED_PAIRS: usize = 3;

/// Correlation of uncertain inputs by a Gaussian copula: each keeps its distribution.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationSpec {
    /// What the figures are: of the copula's `normals`, or of the `ranks` of the inputs (Spearman). Default `normals`.
    pub of: CorrelationOf,
    /// Pairs of inputs that go together; pairs that are not named do not.
    pub pairs: Vec<PairSpec>,
    /// The whole matrix of some inputs, instead of pairs.
    pub matrix: Option<MatrixSpec>,
}

/// What a figure of correlation means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationOf {
    /// The normal numbers of the copula; for normal inputs, the inputs' own.
    #[default]
    Normals,
    /// The ranks of the inputs, whatever their distributions.
    Ranks,
}

/// Two inputs that go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairSpec {
    /// Path of an input of `uncertain`, as written there.
    pub a: String,
    /// Path of another.
    pub b: String,
    /// Correlation, -1 to 1.
    pub rho: f64,
}

/// A correlation matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixSpec {
    /// Paths of inputs of `uncertain`, in the order of rows.
    pub inputs: Vec<String>,
    /// Rows: symmetric, ones on the diagonal.
    pub rho: Vec<Vec<f64>>,
}

/// Inputs by position in `uncertain` with the matrix that ties them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tied {
    /// Positions in `uncertain`, ascending, so that one added at the end changes no draw before it.
    pub inputs: Vec<usize>,
    /// Their matrix, of the copula's normals.
    pub matrix: Matrix,
}

impl CorrelationSpec {
    /// Every pair with its place in the file.
    fn all_pairs(&self, at: &FieldPath) -> Vec<(FieldPath, &str, &str, f64)> {
        let listed = self.pairs.iter().enumerate().map(|(i, pair)| {
            let at = at.key("pairs").index(i);
            (at, pair.a.as_str(), pair.b.as_str(), pair.rho)
        });
        let mut all: Vec<_> = listed.collect();
        if let Some(matrix) = &self.matrix {
            for (i, row) in matrix.rho.iter().enumerate().take(matrix.inputs.len()) {
                for (j, rho) in row.iter().enumerate().take(i) {
                    let at = at.key("matrix").key("rho").index(i).index(j);
                    all.push((at, &matrix.inputs[i], &matrix.inputs[j], *rho));
                }
            }
        }
        all
    }

    fn normal(&self, rho: f64) -> f64 {
        match self.of {
            CorrelationOf::Normals => rho,
            CorrelationOf::Ranks => of_ranks(rho),
        }
    }

    /// The inputs that are tied, of a checked spec; none where no pair is named.
    pub fn tied(&self, uncertain: &[UncertainSpec]) -> Option<Tied> {
        let place = |path: &str| uncertain.iter().position(|u| u.path == path);
        let pairs: Vec<(usize, usize, f64)> = self
            .all_pairs(&FieldPath::root())
            .into_iter()
            .filter_map(|(_, a, b, rho)| Some((place(a)?, place(b)?, self.normal(rho))))
            .collect();
        let mut inputs: Vec<usize> = pairs.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let n = inputs.len();
        let mut matrix = vec![vec![0.0; n]; n];
        for (i, row) in matrix.iter_mut().enumerate() {
            row[i] = 1.0;
        }
        for (a, b, rho) in pairs {
            let (i, j) = (inputs.binary_search(&a).ok()?, inputs.binary_search(&b).ok()?);
            (matrix[i][j], matrix[j][i]) = (rho, rho);
        }
        (n > 0).then_some(Tied { inputs, matrix })
    }

    /// Checks names, figures, and that the matrix is one.
    pub fn check(&self, uncertain: &[UncertainSpec], at: &FieldPath, problems: &mut Problems) {
        let before = problems.as_slice().len();
        if let Some(matrix) = &self.matrix {
            matrix.check_shape(&at.key("matrix"), problems);
            if !self.pairs.is_empty() {
                problems.error(&at.key("pairs"), "write `pairs` or `matrix`, not both");
            }
        }
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (at, a, b, rho) in self.all_pairs(at) {
            for path in [a, b] {
                unknown(&at, path, uncertain, problems);
            }
            problems.within(&at, rho, -1.0, 1.0);
            if a == b {
                problems.error(&at, format!("`{a}` is correlated with itself"));
            }
            let pair = if a < b { (a, b) } else { (b, a) };
            if seen.contains(&pair) {
                problems.error(&at, format!("the pair of `{a}` and `{b}` stands twice"));
            }
            seen.push(pair);
        }
        let Some(tied) = self
            .tied(uncertain)
            .filter(|_| problems.as_slice().len() == before)
        else {
            return;
        };
        if tied.inputs.len() > CORRELATED_MAX {
            let count = tied.inputs.len();
            problems.error(
                at,
                format!("{count} inputs are correlated: at most {CORRELATED_MAX}"),
            );
        } else if Copula::new(&tied.matrix).is_none() {
            let (message, help) = misfit(&tied, uncertain, self.of);
            problems.error_with_help(at, message, help);
        }
    }
}

fn unknown(at: &FieldPath, path: &str, uncertain: &[UncertainSpec], problems: &mut Problems) {
    if uncertain.iter().any(|u| u.path == path) {
        return;
    }
    let message = format!("`{path}` is not an input of `uncertain`");
    match nearest_word(path, uncertain.iter().map(|u| u.path.as_str())) {
        Some(near) => problems.error_with_help(at, message, format!("did you mean `{near}`?")),
        None => problems.error(at, message),
    }
}

impl MatrixSpec {
    fn check_shape(&self, at: &FieldPath, problems: &mut Problems) {
        let (n, at) = (self.inputs.len(), at.key("rho"));
        if self.rho.len() != n || self.rho.iter().any(|row| row.len() != n) {
            problems.error(&at, format!("{n} inputs need {n} rows of {n} figures"));
            return;
        }
        for i in 0..n {
            if self.rho[i][i] != 1.0 {
                problems.error(&at.index(i).index(i), "an input's correlation with itself is 1");
            }
            for j in 0..i {
                let (low, high) = (self.rho[i][j], self.rho[j][i]);
                // NaN is told as a figure out of range.
                if (low - high).abs() > 1e-12 {
                    let message =
                        format!("the matrix is not symmetric: {low} here, {high} across the diagonal");
                    problems.error(&at.index(i).index(j), message);
                }
            }
        }
    }
}

/// Which pairs keep a matrix from being one, and what would do.
fn misfit(tied: &Tied, uncertain: &[UncertainSpec], of: CorrelationOf) -> (String, String) {
    let near = nearest(&tied.matrix);
    let mut moves: Vec<(f64, usize, usize)> = Vec::new();
    for (i, (near, own)) in near.iter().zip(&tied.matrix).enumerate() {
        let row = near.iter().zip(own).enumerate().take(i);
        moves.extend(row.map(|(j, (near, own))| ((near - own).abs(), j, i)));
    }
    moves.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let name = |i: usize| uncertain[tied.inputs[i]].path.as_str();
    let back = |rho: f64| match of {
        CorrelationOf::Normals => rho,
        CorrelationOf::Ranks => (rho / 2.0).asin() * 6.0 / std::f64::consts::PI,
    };
    let pairs: Vec<String> = moves
        .iter()
        .take(NAMED_PAIRS)
        .map(|(_, a, b)| {
            let (from, to) = (back(tied.matrix[*a][*b]), back(near[*a][*b]));
            // Rounded towards zero, so that what is offered is on the safe side.
            format!(
                "`{}` with `{}` {:.2} instead of {from}",
                name(*a),
                name(*b),
                (to * 100.0).trunc() / 100.0
            )
        })
        .collect();
    (
        "no inputs can be correlated like this: the matrix is not positive semi-definite".to_owned(),
        format!("the nearest that can: {}", pairs.join("; ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Vec<UncertainSpec> {
        let input = |path: &str| UncertainSpec {
            path: path.to_owned(),
            distribution: crate::random::DistributionSpec::Uniform { low: 0.0, high: 1.0 },
        };
        ["a.x", "a.y", "a.z", "a.w"].map(input).to_vec()
    }

    fn told(text: &str) -> Vec<String> {
        let spec: CorrelationSpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        spec.check(&inputs(), &FieldPath::root().key("correlation"), &mut problems);
        let text = |p: crate::problem::Problem| {
            format!("{}: {} | {}", p.path, p.message, p.help.unwrap_or_default())
        };
        problems.into_vec().into_iter().map(text).collect()
    }

    #[test]
    fn a_matrix_that_is_none_names_the_pairs_and_the_nearest_that_is_one() {
        let text =
            "pairs = [{ a = \"a.x\", b = \"a.y\", rho = 1.0 }, { a = \"a.y\", b = \"a.w\", rho = 1.0 }]";
        let told = told(text);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("correlation: no inputs can be correlated"),
            "{told:?}"
        );
        // Higham (2002): 0.7607 and 0.1573.
        assert!(told[0].contains("`a.x` with `a.y` 0.76 instead of 1"), "{told:?}");
        assert!(told[0].contains("`a.x` with `a.w` 0.15 instead of 0"), "{told:?}");
    }

    #[test]
    fn names_figures_and_shapes_that_are_wrong_are_told_with_their_places() {
        let told_of = |text: &str, part: &str| {
            let told = told(text);
            assert!(told.iter().any(|t| t.contains(part)), "{text}: {told:?}");
        };
        told_of(
            "pairs = [{ a = \"a.x\", b = \"a.q\", rho = 0.1 }]",
            "did you mean `a.",
        );
        told_of("pairs = [{ a = \"a.x\", b = \"a.x\", rho = 0.1 }]", "with itself");
        told_of(
            "pairs = [{ a = \"a.x\", b = \"a.y\", rho = 1.1 }]",
            "correlation.pairs[0]: ",
        );
        told_of(
            "pairs = [{ a = \"a.x\", b = \"a.y\", rho = 0.1 }, { a = \"a.y\", b = \"a.x\", rho = 0.1 }]",
            "stands twice",
        );
        told_of(
            "matrix = { inputs = [\"a.x\", \"a.y\"], rho = [[1.0, 0.2], [0.3, 1.0]] }",
            "not symmetric",
        );
        told_of(
            "matrix = { inputs = [\"a.x\", \"a.y\"], rho = [[1.0, 0.2]] }",
            "2 rows of 2",
        );
        told_of(
            "matrix = { inputs = [\"a.x\", \"a.y\"], rho = [[0.9, 0.2], [0.2, 1.0]] }",
            "with itself is 1",
        );
    }

    #[test]
    fn pairs_and_matrix_tie_the_same_inputs_in_the_order_of_the_file() {
        let of = |text: &str| {
            toml::from_str::<CorrelationSpec>(text)
                .unwrap()
                .tied(&inputs())
                .unwrap()
        };
        let pairs = of("pairs = [{ a = \"a.w\", b = \"a.y\", rho = 0.5 }]");
        assert_eq!(pairs.inputs, [1, 3]);
        let matrix = of("matrix = { inputs = [\"a.w\", \"a.y\"], rho = [[1.0, 0.5], [0.5, 1.0]] }");
        assert_eq!(pairs, matrix);
        let ranks = of("of = \"ranks\"\npairs = [{ a = \"a.w\", b = \"a.y\", rho = 0.5 }]");
        assert!((ranks.matrix[0][1] - 0.517_638_09).abs() < 1e-8);
        assert_eq!(CorrelationSpec::default().tied(&inputs()), None);
    }
}
