//! Distributions that scenarios name; each draws by one uniform number through its inverse.
//!
//! One uniform for one draw, whatever the kind, is what lets copulas correlate inputs and Latin hypercubes
//! spread them, and keeps later draws of a stream in place when a planner swaps one kind for another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use crate::problem::{Check, FieldPath, Problems};
use crate::random::streams::Stream;
use crate::random::uniform::{normal_quantile, open_unit};
use crate::stats::bracketed_root;

/// The 90 % point of the standard normal distribution.
const Z90: f64 = 1.281_551_565_544_600_4;
/// The weight of the mode in a PERT distribution (Malcolm et al., Operations Research 7, 1959).
const PERT_WEIGHT: f64 = 4.0;

/// A distribution as a scenario writes it, in the unit of the field that it stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DistributionSpec {
    /// Always the same value.
    Fixed {
        /// The value.
        value: f64,
    },
    /// Every value between two bounds is equally likely.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Density rising in a straight line from `low` to `mode` and falling to `high`.
    Triangular {
        /// Lower bound.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Upper bound.
        high: f64,
    },
    /// A beta distribution with mean `(low + 4 mode + high) / 6`; lighter in the tails than a triangle.
    Pert {
        /// Lower bound.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Upper bound.
        high: f64,
    },
    /// A normal distribution; it has no bounds, so fields that cannot be negative refuse it.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// A lognormal distribution through two percentiles.
    Lognormal {
        /// 10th percentile, above zero.
        p10: f64,
        /// 90th percentile.
        p90: f64,
    },
    /// A lognormal distribution by the mean and standard deviation of the logarithm.
    LognormalMuSigma {
        /// Mean of the natural logarithm.
        mu: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// A beta distribution stretched over `low..high`.
    Beta {
        /// First shape, above zero.
        alpha: f64,
        /// Second shape, above zero.
        beta: f64,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// One of a few values, each with its probability.
    Discrete {
        /// The values.
        values: Vec<f64>,
        /// Their probabilities, in the same order; they add up to 1.
        probabilities: Vec<f64>,
    },
    /// One of the values observed, all equally likely.
    Empirical {
        /// The observations.
        values: Vec<f64>,
    },
    /// One of the values in a column of a CSV file, all equally likely; only for `uncertain`.
    EmpiricalFile {
        /// The file, in the scenario's folder or, with `data:`, in that of `--data`.
        file: String,
        /// Name of the column in its first line; empty cells are left out.
        column: String,
    },
}

impl Check for DistributionSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::Fixed { value } => finite(&at.key("fixed").key("value"), *value, problems),
            Self::Uniform { low, high } => {
                ascending(&at.key("uniform"), &[("low", *low), ("high", *high)], problems);
            }
            Self::Triangular { low, mode, high } => {
                let fields = [("low", *low), ("mode", *mode), ("high", *high)];
                ascending(&at.key("triangular"), &fields, problems);
            }
            Self::Pert { low, mode, high } => {
                let fields = [("low", *low), ("mode", *mode), ("high", *high)];
                ascending(&at.key("pert"), &fields, problems);
            }
            Self::Normal { mean, sd } => {
                let at = at.key("normal");
                finite(&at.key("mean"), *mean, problems);
                problems.not_negative(&at.key("sd"), *sd);
            }
            Self::Lognormal { p10, p90 } => {
                let at = at.key("lognormal");
                problems.positive(&at.key("p10"), *p10);
                ascending(&at, &[("p10", *p10), ("p90", *p90)], problems);
            }
            Self::LognormalMuSigma { mu, sigma } => {
                let at = at.key("lognormal_mu_sigma");
                // Beyond these, exp of a likely draw is no finite number.
                problems.within(&at.key("mu"), *mu, -300.0, 300.0);
                problems.within(&at.key("sigma"), *sigma, 0.0, 20.0);
            }
            Self::Beta {
                alpha,
                beta,
                low,
                high,
            } => {
                let at = at.key("beta");
                problems.within(&at.key("alpha"), *alpha, 1e-3, 1e6);
                problems.within(&at.key("beta"), *beta, 1e-3, 1e6);
                ascending(&at, &[("low", *low), ("high", *high)], problems);
            }
            Self::Discrete {
                values,
                probabilities,
            } => {
                let at = at.key("discrete");
                check_values(&at, values, problems);
                check_probabilities(&at, values.len(), probabilities, problems);
            }
            Self::Empirical { values } => check_values(&at.key("empirical"), values, problems),
            Self::EmpiricalFile { .. } => {
                let help = "write the observations here: `empirical = { values = [...] }`";
                let message = "a file of observations is read for `uncertain` only";
                problems.error_with_help(&at.key("empirical_file"), message, help);
            }
        }
    }
}

fn finite(at: &FieldPath, value: f64, problems: &mut Problems) {
    problems.within(at, value, f64::NEG_INFINITY, f64::INFINITY);
}

/// Requires finite fields, none below the one before it.
fn ascending(at: &FieldPath, fields: &[(&str, f64)], problems: &mut Problems) {
    for (name, value) in fields {
        finite(&at.key(*name), *value, problems);
    }
    for pair in fields.windows(2) {
        let [(lower, a), (upper, b)] = pair else { continue };
        if a > b {
            problems.error(
                &at.key(*upper),
                format!("`{upper}` ({b}) must not be below `{lower}` ({a})"),
            );
        }
    }
}

fn check_values(at: &FieldPath, values: &[f64], problems: &mut Problems) {
    let at = at.key("values");
    if values.is_empty() {
        problems.error(&at, "at least one value is needed");
    }
    for (index, value) in values.iter().enumerate() {
        finite(&at.index(index), *value, problems);
    }
}

fn check_probabilities(at: &FieldPath, values: usize, probabilities: &[f64], problems: &mut Problems) {
    let at = at.key("probabilities");
    if probabilities.len() != values {
        let given = probabilities.len();
        problems.error(
            &at,
            format!("{given} probabilities are given for {values} values"),
        );
    }
    for (index, p) in probabilities.iter().enumerate() {
        problems.within(&at.index(index), *p, 0.0, 1.0);
    }
    let sum: f64 = probabilities.iter().sum();
    // NaN was reported above.
    if (sum - 1.0).abs() > 1e-6 {
        problems.error(&at, format!("the probabilities add up to {sum}, not to 1"));
    }
}

impl DistributionSpec {
    /// Checks the distribution itself, and that no draw leaves `low..=high`, the range of the field it feeds.
    ///
    /// A normal distribution is refused wherever a bound is finite: cutting draws off would move its mean.
    pub fn check_within(&self, at: &FieldPath, low: f64, high: f64, problems: &mut Problems) {
        self.check(at, problems);
        let (least, greatest) = self.build().support();
        if least < low || greatest > high {
            problems.error(
                at,
                format!("draws from {least} to {greatest} leave the range of {low} to {high}"),
            );
        }
    }
    /// The distribution, ready to draw from. Expects a spec that passed its checks.
    pub fn build(&self) -> Distribution {
        Distribution(match self {
            Self::Fixed { value } => Kind::Fixed(*value),
            Self::Uniform { low, high } => Kind::Uniform(*low, *high),
            Self::Triangular { low, mode, high } => Kind::Triangular(*low, *mode, *high),
            Self::Pert { low, mode, high } => pert(*low, *mode, *high),
            Self::Normal { mean, sd } => Kind::Normal(*mean, *sd),
            Self::Lognormal { p10, p90 } => {
                let (low, high) = (p10.ln(), p90.ln());
                Kind::Lognormal(0.5 * (low + high), (high - low) / (2.0 * Z90))
            }
            Self::LognormalMuSigma { mu, sigma } => Kind::Lognormal(*mu, *sigma),
            Self::Beta {
                alpha,
                beta,
                low,
                high,
            } => Kind::Beta {
                alpha: *alpha,
                beta: *beta,
                low: *low,
                high: *high,
            },
            Self::Discrete {
                values,
                probabilities,
            } => steps(
                values
                    .iter()
                    .copied()
                    .zip(probabilities.iter().copied())
                    .collect(),
            ),
            Self::Empirical { values } => steps(values.iter().map(|v| (*v, 1.0)).collect()),
            // Replaced by what the file holds before anything is drawn; until then it has no values.
            Self::EmpiricalFile { .. } => steps(Vec::new()),
        })
    }
}

impl From<f64> for DistributionSpec {
    fn from(value: f64) -> Self {
        Self::Fixed { value }
    }
}

fn pert(low: f64, mode: f64, high: f64) -> Kind {
    let width = high - low;
    if width <= 0.0 {
        return Kind::Fixed(mode);
    }
    Kind::Beta {
        alpha: 1.0 + PERT_WEIGHT * (mode - low) / width,
        beta: 1.0 + PERT_WEIGHT * (high - mode) / width,
        low,
        high,
    }
}

/// Values with weights, in ascending order, so that the quantile rises with its argument.
fn steps(mut weighted: Vec<(f64, f64)>) -> Kind {
    weighted.retain(|(_, weight)| *weight > 0.0);
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut sum = 0.0;
    let cumulative = weighted
        .iter()
        .map(|(_, weight)| {
            sum += weight;
            sum / total
        })
        .collect();
    Kind::Steps {
        values: weighted.iter().map(|(value, _)| *value).collect(),
        cumulative,
    }
}

/// A distribution that is ready to draw from.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Fixed(f64),
    Uniform(f64, f64),
    Triangular(f64, f64, f64),
    Normal(f64, f64),
    Lognormal(f64, f64),
    Beta {
        alpha: f64,
        beta: f64,
        low: f64,
        high: f64,
    },
    Steps {
        values: Vec<f64>,
        cumulative: Vec<f64>,
    },
}

impl Distribution {
    /// The value below which a share `u` of all draws lies; `u` is held inside the open interval from 0 to 1,
    /// so the answer is always finite.
    pub fn quantile(&self, u: f64) -> f64 {
        let u = u.clamp(f64::EPSILON / 4.0, 1.0 - f64::EPSILON / 2.0);
        match &self.0 {
            Kind::Fixed(value) => *value,
            Kind::Uniform(low, high) => low + u * (high - low),
            Kind::Triangular(low, mode, high) => triangular_quantile(*low, *mode, *high, u),
            Kind::Normal(mean, sd) => mean + sd * normal_quantile(u),
            Kind::Lognormal(mu, sigma) => (mu + sigma * normal_quantile(u)).exp(),
            Kind::Beta {
                alpha,
                beta,
                low,
                high,
            } => low + (high - low) * beta_quantile(*alpha, *beta, u),
            Kind::Steps { values, cumulative } => {
                let index = cumulative.partition_point(|c| *c < u);
                values.get(index).or(values.last()).copied().unwrap_or(f64::NAN)
            }
        }
    }
    /// Draws a value; takes exactly one number from the stream.
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.quantile(open_unit(stream))
    }
    /// The expected value.
    pub fn mean(&self) -> f64 {
        match &self.0 {
            Kind::Fixed(value) => *value,
            Kind::Uniform(low, high) => 0.5 * (low + high),
            Kind::Triangular(low, mode, high) => (low + mode + high) / 3.0,
            Kind::Normal(mean, _) => *mean,
            Kind::Lognormal(mu, sigma) => (mu + 0.5 * sigma * sigma).exp(),
            Kind::Beta {
                alpha,
                beta,
                low,
                high,
            } => low + (high - low) * alpha / (alpha + beta),
            Kind::Steps { values, cumulative } => {
                let mut before = 0.0;
                let weigh = |(value, upto): (&f64, &f64)| {
                    let weight = upto - std::mem::replace(&mut before, *upto);
                    value * weight
                };
                values.iter().zip(cumulative).map(weigh).sum()
            }
        }
    }
    /// The least and the greatest value that can be drawn, for checks against the range of a field.
    pub fn support(&self) -> (f64, f64) {
        match &self.0 {
            Kind::Fixed(value) => (*value, *value),
            Kind::Uniform(low, high) | Kind::Triangular(low, _, high) | Kind::Beta { low, high, .. } => {
                (*low, *high)
            }
            Kind::Normal(mean, sd) if *sd == 0.0 => (*mean, *mean),
            Kind::Normal(..) => (f64::NEG_INFINITY, f64::INFINITY),
            Kind::Lognormal(..) => (0.0, f64::INFINITY),
            Kind::Steps { values, .. } => {
                let first = values.first().copied().unwrap_or(f64::NAN);
                (first, values.last().copied().unwrap_or(f64::NAN))
            }
        }
    }
    /// Whether every draw is the same.
    pub fn is_fixed(&self) -> bool {
        let (low, high) = self.support();
        low == high
    }
}

fn triangular_quantile(low: f64, mode: f64, high: f64, u: f64) -> f64 {
    let width = high - low;
    if width <= 0.0 {
        return mode;
    }
    let at_mode = (mode - low) / width;
    if u < at_mode {
        low + (u * width * (mode - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - mode)).sqrt()
    }
}

/// The quantile of a beta distribution on 0..1, in a bracket: the library's inverse has a loop without a bound.
fn beta_quantile(alpha: f64, beta: f64, u: f64) -> f64 {
    bracketed_root(0.0, 1.0, |x| beta_reg(alpha, beta, x) - u).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use proptest::prelude::*;
    use rstest::rstest;

    /// Mean and variance by the midpoint rule over the quantile: independent of the sampler's luck.
    fn moments(distribution: &Distribution) -> (f64, f64) {
        let n = 100_000;
        let draw = |i: u32| distribution.quantile((f64::from(i) + 0.5) / f64::from(n));
        let mean = (0..n).map(draw).sum::<f64>() / f64::from(n);
        let variance = (0..n).map(|i| (draw(i) - mean).powi(2)).sum::<f64>() / f64::from(n);
        (mean, variance)
    }

    fn pert_spec() -> DistributionSpec {
        let (low, mode, high) = (2.0, 4.0, 12.0);
        DistributionSpec::Pert { low, mode, high }
    }

    #[rstest]
    #[case::fixed(DistributionSpec::from(3.5), 3.5, 0.0)]
    #[case::uniform(DistributionSpec::Uniform { low: -1.0, high: 5.0 }, 2.0, 3.0)]
    // Variance (a2 + b2 + c2 - ab - ac - bc) / 18.
    #[case::triangular(DistributionSpec::Triangular { low: 2.0, mode: 4.0, high: 12.0 }, 6.0, 84.0 / 18.0)]
    // Mean (a + 4m + b) / 6, variance (mean - a)(b - mean) / 7.
    #[case::pert(pert_spec(), 5.0, 3.0)]
    #[case::normal(DistributionSpec::Normal { mean: 1.0, sd: 2.0 }, 1.0, 4.0)]
    // exp(mu + s2 / 2), (exp(s2) - 1) exp(2 mu + s2).
    #[case::lognormal(
        DistributionSpec::LognormalMuSigma { mu: 0.2, sigma: 0.5 }, 1.384_030_645_9, 0.544_055_384)]
    // Mean a / (a + b), variance ab / ((a + b)2 (a + b + 1)), stretched by 4.
    #[case::beta(DistributionSpec::Beta { alpha: 2.0, beta: 3.0, low: 1.0, high: 5.0 }, 2.6, 0.64)]
    #[case::discrete(
        DistributionSpec::Discrete { values: vec![10.0, 0.0, 4.0], probabilities: vec![0.25, 0.25, 0.5] },
        4.5, 12.75)]
    #[case::empirical(DistributionSpec::Empirical { values: vec![4.0, 1.0, 1.0, 2.0] }, 2.0, 1.5)]
    fn moments_match_the_closed_form(
        #[case] spec: DistributionSpec,
        #[case] mean: f64,
        #[case] variance: f64,
    ) {
        let distribution = spec.build();
        assert!(
            (distribution.mean() - mean).abs() < 1e-9,
            "{}",
            distribution.mean()
        );
        let (got_mean, got_variance) = moments(&distribution);
        assert!((got_mean - mean).abs() < 1e-4, "{got_mean}");
        assert!(
            (got_variance - variance).abs() < 2e-3 * variance.max(1e-9),
            "{got_variance}"
        );
    }

    #[test]
    fn a_lognormal_runs_through_the_percentiles_it_was_given() {
        let (p10, p90) = (9_000.0, 15_500.0);
        let distribution = DistributionSpec::Lognormal { p10, p90 }.build();
        assert!((distribution.quantile(0.1) - p10).abs() < 1e-8);
        assert!((distribution.quantile(0.9) - p90).abs() < 1e-8);
        assert!((distribution.quantile(0.5) - (p10 * p90).sqrt()).abs() < 1e-8);
    }

    #[test]
    fn draws_follow_the_quantile_function() {
        // Kolmogorov-Smirnov against the uniform: 1.63 / sqrt(n) is the 99 % point.
        let distribution = pert_spec().build();
        let mut stream = Streams::new(11, 4).stream("test/pert");
        let mut draws: Vec<f64> = (0..5_000).map(|_| distribution.sample(&mut stream)).collect();
        draws.sort_unstable_by(f64::total_cmp);
        let cdf = |x: f64| beta_reg(1.8, 4.2, (x - 2.0) / 10.0);
        let n = draws.len() as f64;
        let distance = draws
            .iter()
            .enumerate()
            .map(|(i, x)| (cdf(*x) - (i as f64 + 0.5) / n).abs())
            .fold(0.0, f64::max);
        assert!(distance < 1.63 / n.sqrt(), "{distance}");
    }

    #[test]
    fn one_draw_takes_one_number_whatever_the_kind() {
        let after = |spec: &DistributionSpec| {
            let mut stream = Streams::new(1, 0).stream("test");
            spec.build().sample(&mut stream);
            open_unit(&mut stream)
        };
        let fixed = after(&DistributionSpec::from(1.0));
        assert_eq!(after(&pert_spec()), fixed);
        assert_eq!(after(&DistributionSpec::Normal { mean: 0.0, sd: 1.0 }), fixed);
        assert_eq!(
            after(&DistributionSpec::Empirical {
                values: vec![1.0, 2.0]
            }),
            fixed
        );
    }

    #[test]
    fn degenerate_ranges_are_constants() {
        let (low, mode, high) = (3.0, 3.0, 3.0);
        for spec in [
            DistributionSpec::Uniform { low, high },
            DistributionSpec::Triangular { low, mode, high },
            DistributionSpec::Pert { low, mode, high },
            DistributionSpec::Normal { mean: 3.0, sd: 0.0 },
        ] {
            let distribution = spec.build();
            assert!(distribution.is_fixed());
            assert_eq!(
                (distribution.quantile(0.01), distribution.quantile(0.99)),
                (3.0, 3.0)
            );
        }
    }

    #[rstest]
    #[case("uniform = { low = 2, high = 1 }", "`high` (1) must not be below `low` (2)")]
    #[case(
        "triangular = { low = 1, mode = 9, high = 4 }",
        "`high` (4) must not be below `mode` (9)"
    )]
    #[case("normal = { mean = 0, sd = -1 }", "must not be negative")]
    #[case("lognormal = { p10 = 0, p90 = 4 }", "must be greater than zero")]
    #[case("lognormal_mu_sigma = { mu = nan, sigma = 1 }", "not a finite number")]
    #[case("beta = { alpha = 0, beta = 1, low = 0, high = 1 }", "must lie between")]
    #[case("discrete = { values = [1, 2], probabilities = [0.5, 0.4] }", "add up to 0.9")]
    #[case(
        "discrete = { values = [1, 2], probabilities = [1.0] }",
        "1 probabilities are given for 2"
    )]
    #[case("empirical = { values = [] }", "at least one value")]
    fn nonsense_is_reported_with_its_place(#[case] text: &str, #[case] message: &str) {
        let spec: DistributionSpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("d"), &mut problems);
        let found = problems.into_vec();
        assert!(found.iter().any(|p| p.message.contains(message)), "{found:?}");
        let kind = text.split(' ').next().unwrap();
        assert!(
            found
                .iter()
                .all(|p| p.path.to_string().starts_with(&format!("d.{kind}.")))
        );
    }

    #[rstest]
    #[case("normal = { mean = 9, sd = 1 }", 1)]
    #[case("uniform = { low = -1, high = 3 }", 1)]
    #[case("lognormal = { p10 = 1, p90 = 3 }", 0)]
    #[case("empirical = { values = [] }", 1)]
    fn draws_outside_the_range_of_a_field_are_refused(#[case] text: &str, #[case] errors: usize) {
        let spec: DistributionSpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        spec.check_within(&FieldPath::root(), 0.0, f64::INFINITY, &mut problems);
        assert_eq!(problems.as_slice().len(), errors, "{problems:?}");
    }

    #[test]
    fn unknown_kinds_and_keys_are_refused() {
        for text in [
            "gauss = { mean = 1, sd = 1 }",
            "fixed = { value = 1, unit = 2 }",
            "uniform = { low = 1 }",
        ] {
            assert!(toml::from_str::<DistributionSpec>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_stay_inside_the_support(
            alpha in 0.05f64..50.0, beta in 0.05f64..50.0, u in 0.0f64..=1.0, v in 0.0f64..=1.0,
        ) {
            let distribution = DistributionSpec::Beta { alpha, beta, low: -1.0, high: 2.0 }.build();
            let (low, high) = (distribution.quantile(u.min(v)), distribution.quantile(u.max(v)));
            prop_assert!(-1.0 <= low && low <= high + 1e-12 && high <= 2.0, "{low} {high}");
        }

        #[test]
        fn the_beta_quantile_inverts_its_distribution(
            alpha in 0.5f64..50.0, beta in 0.5f64..50.0, u in 0.001f64..0.999,
        ) {
            prop_assert!((beta_reg(alpha, beta, beta_quantile(alpha, beta, u)) - u).abs() < 1e-9);
        }
    }
}
