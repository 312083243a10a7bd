//! Correlation between stages beside the factor that all share: a Gaussian copula over the durations of one hall's stages
//! and the shared ones.
//!
//! Pairs that a file states make a matrix of normal scores, one elsewhere on the diagonal and zero beside it. It must be
//! positive definite. Each node keeps its own random number; the stages named are mixed by the matrix's Cholesky factor,
//! shared stages first, so that what a shared stage takes does not depend on any hall.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::Network;
use super::stage::{Stage, StageScope};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};
use crate::random::{normal_cdf, normal_quantile};

/// The most pairs of one conversion.
pub const PAIRS_MAX: usize = 500;
/// The least pivot of a matrix that counts as positive definite.
const PIVOT_LEAST: f64 = 1e-9;

/// Two stages whose durations go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageCorrelationSpec {
    /// The two stages.
    pub stages: [Name; 2],
    /// Correlation of their normal scores, -1 to 1, beside the factor common to all stages.
    pub coefficient: f64,
}

/// Which stages go together, and how: for each node that is mixed, in the order in which this is done.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Copula {
    mixes: Vec<(usize, Vec<(usize, f64)>)>,
}

impl Copula {
    /// The copula of checked pairs.
    pub(super) fn new(pairs: &[StageCorrelationSpec], stages: &[Stage], network: &Network) -> Self {
        let (members, matrix) = matrix(pairs, stages);
        let factor = cholesky(&matrix).expect("the check refused matrices that are none");
        let place = |stage: usize, hall: Option<usize>| {
            let mut nodes = network.nodes.iter();
            nodes.position(|n| n.stage == stage && !n.rest && (n.hall.is_none() || n.hall == hall))
        };
        let mut mixes = Vec::new();
        // From the last to the first, so that what is mixed in has not been mixed itself.
        for (row, stage) in members.iter().enumerate().rev() {
            let own = network.nodes.iter().enumerate();
            for (node, of) in own.filter(|(_, n)| n.stage == *stage && !n.rest) {
                let weights = members[..=row]
                    .iter()
                    .enumerate()
                    .filter_map(|(column, other)| Some((place(*other, of.hall)?, factor[row][column])));
                mixes.push((node, weights.filter(|(_, w)| *w != 0.0).collect()));
            }
        }
        Self { mixes }
    }

    /// Mixes independent uniform numbers of all nodes.
    pub(super) fn mix(&self, uniforms: &mut [f64]) {
        for (node, weights) in &self.mixes {
            let score = |u: f64| normal_quantile(u.clamp(1e-15, 1.0 - 1e-15));
            let z: f64 = weights.iter().map(|(other, w)| w * score(uniforms[*other])).sum();
            uniforms[*node] = normal_cdf(z);
        }
    }
}

/// The stages named, shared ones first, and their matrix.
fn matrix(pairs: &[StageCorrelationSpec], stages: &[Stage]) -> (Vec<usize>, Vec<Vec<f64>>) {
    let named = |s: &usize| pairs.iter().any(|p| p.stages.contains(&stages[*s].spec.id));
    let mut members: Vec<usize> = (0..stages.len()).filter(named).collect();
    members.sort_by_key(|s| stages[*s].spec.scope != StageScope::Shared);
    let mut matrix = vec![vec![0.0; members.len()]; members.len()];
    for (i, row) in matrix.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    let place = |name: &Name| members.iter().position(|s| stages[*s].spec.id == *name);
    for pair in pairs {
        if let [Some(a), Some(b)] = [place(&pair.stages[0]), place(&pair.stages[1])] {
            matrix[a][b] = pair.coefficient;
            matrix[b][a] = pair.coefficient;
        }
    }
    (members, matrix)
}

/// The lower factor of a symmetric matrix; `None` where it is not positive definite.
fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut lower = vec![vec![0.0; n]; n];
    for (i, row) in matrix.iter().enumerate() {
        for (j, value) in row.iter().enumerate().take(i + 1) {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = value - sum;
            if i == j {
                if rest.is_nan() || rest < PIVOT_LEAST {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    Some(lower)
}

/// Reports pairs of stages that do not exist or cannot go together.
pub fn check_all(pairs: &[StageCorrelationSpec], stages: &[Stage], at: &FieldPath, problems: &mut Problems) {
    if pairs.len() > PAIRS_MAX {
        problems.error(at, format!("{} pairs: at most {PAIRS_MAX}", pairs.len()));
        return;
    }
    let mut sound = true;
    for (i, pair) in pairs.iter().enumerate() {
        let here = at.index(i);
        for (j, name) in pair.stages.iter().enumerate() {
            if !stages.iter().any(|s| s.spec.id == *name) {
                let known = stages.iter().map(|s| s.spec.id.as_str());
                problems.unknown(&here.key("stages").index(j), "stage", name.as_str(), known);
                sound = false;
            }
        }
        let [a, b] = &pair.stages;
        let same = |p: &StageCorrelationSpec| p.stages.contains(a) && p.stages.contains(b);
        if a == b || pairs[..i].iter().any(same) {
            let message = format!("`{a}` and `{b}` are no new pair");
            problems.error(&here.key("stages"), message);
            sound = false;
        }
        let before = problems.as_slice().len();
        problems.within(&here.key("coefficient"), pair.coefficient, -1.0, 1.0);
        sound &= problems.as_slice().len() == before;
    }
    if sound && cholesky(&matrix(pairs, stages).1).is_none() {
        problems.error_with_help(
            at,
            "stages cannot go together so: the matrix of the coefficients is not positive definite",
            "lower the largest coefficients, or state those that follow from two others",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::plan::{HallInputs, Plan, PlanInputs};
    use crate::conversion::stage::{StageRole, StageSpec, resolve};
    use crate::conversion::{HallPhase, RiskSpec};
    use crate::random::Streams;
    use crate::units::Money;

    fn pair(a: &str, b: &str, coefficient: f64) -> StageCorrelationSpec {
        StageCorrelationSpec {
            stages: [Name::from(a), Name::from(b)],
            coefficient,
        }
    }

    fn stages() -> Vec<Stage> {
        let stage = |id: &str, scope| StageSpec {
            scope,
            ..StageSpec::of(id, DurationSpec::of(2.0, 4.0, 6.0))
        };
        let ready = StageSpec {
            role: StageRole::Ready,
            ..StageSpec::of("ready", DurationSpec::Fixed { value: 0.0 })
        };
        let all = vec![
            stage("civil", StageScope::Hall),
            stage("permits", StageScope::Shared),
            stage("fit-out", StageScope::Hall),
            stage("fibre", StageScope::Shared),
            ready,
        ];
        resolve(all, &[])
    }

    fn problems(pairs: &[StageCorrelationSpec]) -> Vec<String> {
        let mut problems = Problems::new();
        check_all(
            pairs,
            &stages(),
            &FieldPath::root().key("correlations"),
            &mut problems,
        );
        let text = |p: &crate::problem::Problem| format!("{}: {}", p.path, p.message);
        problems.as_slice().iter().map(text).collect()
    }

    #[test]
    fn draws_have_the_correlations_of_the_matrix_and_their_own_spread() {
        let pairs = vec![
            pair("civil", "permits", 0.6),
            pair("civil", "fit-out", 0.5),
            pair("permits", "fit-out", -0.2),
        ];
        assert_eq!(problems(&pairs), Vec::<String>::new());
        let hall = |h| HallInputs {
            name: format!("west/g-{h}"),
            phase: HallPhase::Mining,
            facility: Money::from_usd(1.0),
            hardware: Money::ZERO,
            sale: Money::ZERO,
        };
        let mut inputs = PlanInputs::of("west", stages(), vec![hall(1), hall(2)]);
        inputs.risk = RiskSpec::default();
        inputs.correlations = pairs;
        let mut plan = Plan::new(inputs);
        plan.factor = crate::conversion::risk::CommonFactor::ONE;
        let find = |id: &str, hall: Option<usize>| {
            let mut nodes = 0..plan.network().nodes.len();
            nodes
                .find(|n| plan.stage(*n).spec.id.as_str() == id && plan.network().nodes[*n].hall == hall)
                .unwrap()
        };
        let n = 20_000;
        let draws: Vec<Vec<f64>> = (0..n).map(|r| plan.draw(&Streams::new(3, r)).months).collect();
        let of = |node: usize| draws.iter().map(move |d| d[node] - 4.0);
        let product = |a: usize, b: usize| of(a).zip(of(b)).map(|(x, y)| x * y).sum::<f64>() / n as f64;
        let correlation = |a: usize, b: usize| product(a, b) / (product(a, a) * product(b, b)).sqrt();
        let (civil, other) = (find("civil", Some(0)), find("civil", Some(1)));
        let (permits, fit_out, fibre) = (
            find("permits", None),
            find("fit-out", Some(0)),
            find("fibre", None),
        );
        // A symmetric triangle is close to a normal: its correlation is that of the scores within a hundredth.
        for (a, b, wanted) in [
            (civil, permits, 0.6),
            (civil, fit_out, 0.5),
            (permits, fit_out, -0.2),
            (civil, fibre, 0.0),
            // Halls go together as far as both follow the shared stage.
            (civil, other, 0.36),
        ] {
            let got = correlation(a, b);
            assert!((got - wanted).abs() < 0.025, "{got} instead of {wanted}");
        }
        // The variance of a triangle from 2 to 6 about 4 is 2/3, mixed or not.
        for node in [civil, permits, fit_out] {
            assert!(
                (product(node, node) - 2.0 / 3.0).abs() < 0.02,
                "{}",
                product(node, node)
            );
        }
    }

    #[test]
    fn a_matrix_that_is_none_is_refused() {
        let bad = [
            pair("civil", "permits", 0.9),
            pair("permits", "fit-out", 0.9),
            pair("civil", "fit-out", -0.9),
        ];
        assert!(problems(&bad)[0].contains("not positive definite"));
        // By hand: with 0.9 and 0.9 the third lies between 0.62 and 1.
        let good = [
            pair("civil", "permits", 0.9),
            pair("permits", "fit-out", 0.9),
            pair("civil", "fit-out", 0.63),
        ];
        assert_eq!(problems(&good), Vec::<String>::new());
        let edge = [
            pair("civil", "permits", 0.9),
            pair("permits", "fit-out", 0.9),
            pair("civil", "fit-out", 0.61),
        ];
        assert_eq!(problems(&edge).len(), 1);
        assert!(problems(&[pair("civil", "permtis", 0.5)])[0].contains("unknown stage `permtis`"));
        assert!(problems(&[pair("civil", "civil", 0.5)])[0].contains("no new pair"));
        assert!(
            problems(&[pair("civil", "permits", 0.5), pair("permits", "civil", 0.5)])[0]
                .contains("no new pair")
        );
        assert_eq!(problems(&[pair("civil", "permits", 1.5)]).len(), 1);
        assert!(problems(&[pair("civil", "permits", 1.0)])[0].contains("not positive definite"));
    }
}
