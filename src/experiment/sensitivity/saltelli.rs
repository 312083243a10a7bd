//! Sobol's first-order and total indices by Saltelli's design, with bootstrap intervals.
//!
//! Two matrices `A` and `B` of a scrambled Sobol sequence of twice the dimensions; `AB_i` is `A` with column `i` of `B`.
//! First order `V_i = mean(f(B) (f(AB_i) - f(A)))` (Saltelli et al., Computer Physics Communications 181, 2010), total
//! `mean((f(A) - f(AB_i))^2) / 2` (Jansen, 1999). Figures are centred first, which takes most of the first order's noise.

use rand::RngExt;

use crate::experiment::ExperimentError;
use crate::experiment::sensitivity::{Figure, Model, Point, evaluate};
use crate::random::Streams;
use crate::random::sobol::{DIMENSIONS_MAX, Sobol};
use crate::stats::quantile::{quantile_sorted, sorted};

/// The most inputs that the sequence has room for.
pub const INPUTS_MAX: usize = DIMENSIONS_MAX / 2;
/// Resamples of the bootstrap.
const RESAMPLES: usize = 500;

/// Both indices of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Index {
    /// Share of the variance that the input explains alone.
    pub first: Figure,
    /// Share that it has a part in, alone or with others.
    pub total: Figure,
}

/// Evaluations that a design takes.
pub fn evaluations(inputs: usize, has_world: bool, samples: u32) -> u64 {
    u64::from(samples) * (inputs as u64 + u64::from(has_world) + 2)
}

/// The indices of every output and input, the world last where there is one. `samples` is a power of two.
pub fn indices(model: &impl Model, samples: u32, seed: u64) -> Result<Vec<Vec<Index>>, ExperimentError> {
    let (inputs, columns) = (model.inputs(), model.inputs() + usize::from(model.has_world()));
    assert!(inputs <= INPUTS_MAX, "{inputs} inputs: at most {INPUTS_MAX}");
    let sobol = Sobol::scrambled(2 * inputs, seed, 0).expect("there is room, as asserted");
    let mut points: Vec<Point> = Vec::with_capacity(samples as usize * (columns + 2));
    for row in 0..samples {
        let both = sobol.point(u64::from(row));
        let (a, b) = both.split_at(inputs);
        points.push((a.to_vec(), row));
        points.push((b.to_vec(), samples + row));
        for (column, unit) in b.iter().enumerate() {
            let mut mixed = a.to_vec();
            mixed[column] = *unit;
            points.push((mixed, row));
        }
        if model.has_world() {
            points.push((a.to_vec(), samples + row));
        }
    }
    let figures = evaluate(model, &points)?;
    let of_output = |output: usize| {
        let values: Vec<f64> = figures.iter().map(|f| f[output]).collect();
        of_values(&values, columns, seed)
    };
    Ok((0..model.outputs()).map(of_output).collect())
}

/// The indices from the figures of all rows: `f(A)`, `f(B)`, `f(AB_1)`, ...
fn of_values(values: &[f64], columns: usize, seed: u64) -> Vec<Index> {
    let rows: Vec<&[f64]> = values
        .chunks_exact(columns + 2)
        .filter(|row| row.iter().all(|v| v.is_finite()))
        .collect();
    let every: Vec<usize> = (0..rows.len()).collect();
    let best = shares(&rows, &every, columns);
    let mut stream = Streams::shared(seed).stream("sensitivity/bootstrap");
    let resamples: Vec<Shares> = (0..RESAMPLES)
        .map(|_| {
            let drawn: Vec<usize> = every
                .iter()
                .map(|_| stream.random_range(0..every.len()))
                .collect();
            shares(&rows, &drawn, columns)
        })
        .collect();
    let figure = |value: f64, of: &dyn Fn(&Shares) -> f64| {
        let drawn = sorted(
            &resamples
                .iter()
                .map(of)
                .filter(|v| v.is_finite())
                .collect::<Vec<f64>>(),
        );
        let at = |p| quantile_sorted(&drawn, p).unwrap_or(f64::NAN);
        let (low, high) = (at(0.025), at(0.975));
        Figure { value, low, high }
    };
    (0..columns)
        .map(|i| Index {
            first: figure(best[i].0, &|r| r[i].0),
            total: figure(best[i].1, &|r| r[i].1),
        })
        .collect()
}

/// First order and total of every column.
type Shares = Vec<(f64, f64)>;

/// First order and total of every column from the rows listed; `NaN` where nothing varies.
fn shares(rows: &[&[f64]], listed: &[usize], columns: usize) -> Shares {
    let n = listed.len() as f64;
    let both = || listed.iter().flat_map(|r| [rows[*r][0], rows[*r][1]]);
    let mean = both().sum::<f64>() / (2.0 * n);
    let variance = both().map(|v| (v - mean).powi(2)).sum::<f64>() / (2.0 * n);
    (0..columns)
        .map(|i| {
            let (mut first, mut total) = (0.0, 0.0);
            for row in listed.iter().map(|r| rows[*r]) {
                let (a, b, ab) = (row[0] - mean, row[1] - mean, row[2 + i] - mean);
                first += b * (ab - a);
                total += (a - ab).powi(2);
            }
            (first / n / variance, total / (2.0 * n) / variance)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sensitivity::fixture::{Chancy, FIRST, Ishigami, TOTAL};

    #[test]
    fn ishigami_is_met_within_two_thousandths_at_8192_samples() {
        let indices = indices(&Ishigami, 8_192, 1).unwrap();
        for (input, index) in indices[0].iter().enumerate() {
            assert!(
                (index.first.value - FIRST[input]).abs() < 0.002,
                "{input}: {:?}",
                index.first
            );
            assert!(
                (index.total.value - TOTAL[input]).abs() < 0.002,
                "{input}: {:?}",
                index.total
            );
            assert!(index.first.low <= FIRST[input] && FIRST[input] <= index.first.high);
            assert!(index.total.low <= TOTAL[input] && TOTAL[input] <= index.total.high);
        }
        assert_eq!(evaluations(3, false, 8_192), 40_960);
    }

    #[test]
    fn the_world_is_an_input_like_the_others() {
        // Variances 1/3 and 1/4: 4/7 and 3/7, nothing together; the second input and the world of the second output none.
        let indices = indices(&Chancy, 4_096, 3).unwrap();
        let expected = [4.0 / 7.0, 0.0, 3.0 / 7.0];
        for (index, expected) in indices[0].iter().zip(expected) {
            assert!((index.first.value - expected).abs() < 0.03, "{index:?}");
            assert!((index.total.value - expected).abs() < 0.03, "{index:?}");
        }
        assert_eq!(indices[1][2].total.value, 0.0);
        assert!((indices[1][0].first.value - 1.0).abs() < 1e-3);
    }

    #[test]
    fn a_model_that_does_not_vary_has_no_indices_and_does_not_panic() {
        assert!(of_values(&[1.0; 12], 2, 1).iter().all(|i| i.first.value.is_nan()));
        assert!(
            of_values(&[f64::NAN; 12], 2, 1)
                .iter()
                .all(|i| i.total.value.is_nan())
        );
    }
}
