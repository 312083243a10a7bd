//! A Gaussian copula: uniform numbers that go together as a correlation matrix says.

use crate::random::uniform::{normal_cdf, normal_quantile};

/// The most inputs that one matrix may tie together.
pub const CORRELATED_MAX: usize = 64;
/// How far below zero an eigenvalue may come by rounding.
const TOLERANCE: f64 = 1e-9;
/// Sweeps of Jacobi's method; it converges quadratically, in six to ten.
const SWEEPS_MAX: usize = 60;
/// Steps to the nearest correlation matrix.
const NEAREST_STEPS_MAX: usize = 500;

/// A symmetric matrix, row by row.
pub type Matrix = Vec<Vec<f64>>;

/// Normal numbers that are correlated, made from independent ones in order: number `i` takes part of those before it, so that
/// what is added at the end changes none of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Copula {
    /// Lower triangle.
    factor: Matrix,
}

impl Copula {
    /// Of a correlation matrix; `None` where the matrix is none (an eigenvalue below zero).
    pub fn new(matrix: &Matrix) -> Option<Self> {
        let n = matrix.len();
        let mut factor = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
                let rest = matrix[i][j] - known;
                factor[i][j] = if i == j {
                    if rest < -TOLERANCE {
                        return None;
                    }
                    // What rounding leaves of zero is zero: the number is then wholly given by those before it.
                    if rest < TOLERANCE { 0.0 } else { rest.sqrt() }
                } else if factor[j][j] > 0.0 {
                    rest / factor[j][j]
                } else if rest.abs() > TOLERANCE.sqrt() {
                    return None;
                } else {
                    0.0
                };
            }
        }
        Some(Self { factor })
    }
    /// Turns independent uniform numbers into correlated ones, each still uniform.
    pub fn tie(&self, units: &mut [f64]) {
        let normals: Vec<f64> = units.iter().map(|u| normal_quantile(*u)).collect();
        for (unit, row) in units.iter_mut().zip(&self.factor).skip(1) {
            let sum: f64 = row.iter().zip(&normals).map(|(l, z)| l * z).sum();
            *unit = normal_cdf(sum);
        }
    }
}

/// The normals' correlation that gives a rank correlation: `2 sin(pi r / 6)` (Pearson, 1907).
pub fn of_ranks(rank: f64) -> f64 {
    2.0 * (std::f64::consts::PI * rank / 6.0).sin()
}

/// The nearest correlation matrix by alternating projections with Dykstra's correction (Higham, IMA Journal of Numerical
/// Analysis 22, 2002), off the boundary by a hair so that it factors.
pub fn nearest(matrix: &Matrix) -> Matrix {
    let n = matrix.len();
    let (mut y, mut correction) = (matrix.clone(), vec![vec![0.0; n]; n]);
    for _ in 0..NEAREST_STEPS_MAX {
        let r = combine(&y, &correction, -1.0);
        let x = positive_part(&r);
        correction = combine(&x, &r, -1.0);
        let mut next = x.clone();
        for (i, row) in next.iter_mut().enumerate() {
            row[i] = 1.0;
        }
        let moved = combine(&next, &y, -1.0)
            .iter()
            .flatten()
            .fold(0.0_f64, |a, b| a.max(b.abs()));
        y = next;
        if moved < 1e-10 {
            break;
        }
    }
    for (i, row) in y.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = if i == j { 1.0 } else { *value * (1.0 - 1e-7) };
        }
    }
    y
}

fn combine(a: &Matrix, b: &Matrix, factor: f64) -> Matrix {
    let row = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(|(p, q)| p + factor * q).collect();
    a.iter().zip(b).map(row).collect()
}

/// The matrix with its negative eigenvalues set to zero.
fn positive_part(matrix: &Matrix) -> Matrix {
    let (values, vectors) = eigen(matrix);
    let n = matrix.len();
    let entry = |i: usize, j: usize| {
        (0..n)
            .map(|k| values[k].max(0.0) * vectors[i][k] * vectors[j][k])
            .sum::<f64>()
    };
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

/// Eigenvalues and eigenvectors (as columns) of a symmetric matrix, by Jacobi's rotations.
pub fn eigen(matrix: &Matrix) -> (Vec<f64>, Matrix) {
    let n = matrix.len();
    let mut a = matrix.clone();
    let mut vectors: Matrix = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for _ in 0..SWEEPS_MAX {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| a[i][j] * a[i][j])
            .sum();
        if off < 1e-24 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), vectors)
}

#[expect(
    clippy::needless_range_loop,
    reason = "rows and columns are turned by the same indices"
)]
fn rotate(a: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if a[p][q].abs() < 1e-300 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let t = if theta == 0.0 { 1.0 } else { t };
    let cos = 1.0 / t.hypot(1.0);
    let sin = t * cos;
    for k in 0..a.len() {
        let (x, y) = (a[k][p], a[k][q]);
        (a[k][p], a[k][q]) = (cos * x - sin * y, sin * x + cos * y);
    }
    for k in 0..a.len() {
        let (x, y) = (a[p][k], a[q][k]);
        (a[p][k], a[q][k]) = (cos * x - sin * y, sin * x + cos * y);
    }
    for k in 0..a.len() {
        let (x, y) = (vectors[k][p], vectors[k][q]);
        (vectors[k][p], vectors[k][q]) = (cos * x - sin * y, sin * x + cos * y);
    }
}

/// The correlation of two rows of the same length.
pub fn correlation_of(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| {
        a.iter()
            .zip(b)
            .map(|(x, y)| f(x - mean_a, y - mean_b))
            .sum::<f64>()
    };
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::sobol::Sobol;

    fn matrix(rows: &[[f64; 3]; 3]) -> Matrix {
        rows.iter().map(|r| r.to_vec()).collect()
    }

    #[test]
    fn tied_numbers_stay_uniform_and_have_the_correlation_and_the_rank_correlation_asked_for() {
        let (rho, rank) = (-0.7, 0.4);
        let m = matrix(&[
            [1.0, rho, 0.0],
            [rho, 1.0, of_ranks(rank)],
            [0.0, of_ranks(rank), 1.0],
        ]);
        let copula = Copula::new(&m).unwrap();
        let sobol = Sobol::scrambled(3, 1, 0).unwrap();
        let points: Vec<Vec<f64>> = (0..16_384)
            .map(|i| {
                let mut point = sobol.point(i);
                copula.tie(&mut point);
                point
            })
            .collect();
        let column = |d: usize| points.iter().map(|p| p[d]).collect::<Vec<f64>>();
        let normals = |d: usize| column(d).into_iter().map(normal_quantile).collect::<Vec<f64>>();
        assert!((correlation_of(&normals(0), &normals(1)) - rho).abs() < 2e-3);
        assert!(correlation_of(&normals(0), &normals(2)).abs() < 2e-3);
        // Of uniform numbers the correlation is the rank correlation.
        assert!((correlation_of(&column(1), &column(2)) - rank).abs() < 2e-3);
        for d in 0..3 {
            let below = |p: f64| column(d).into_iter().filter(|u| *u < p).count() as f64 / 16_384.0;
            assert!((below(0.1) - 0.1).abs() < 3e-3 && (below(0.8) - 0.8).abs() < 3e-3);
        }
    }

    #[test]
    fn the_first_input_is_left_bit_for_bit_and_perfect_correlation_is_one() {
        let copula = Copula::new(&vec![vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap();
        let mut units = [0.123_456, 0.9];
        copula.tie(&mut units);
        assert_eq!(units[0], 0.123_456);
        assert!((units[1] - units[0]).abs() < 1e-10);
    }

    #[test]
    fn a_matrix_that_is_none_is_refused_and_the_nearest_is_the_published_one() {
        // Higham (2002), section 4: the nearest to this one is known to four digits.
        let m = matrix(&[[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]);
        assert_eq!(Copula::new(&m), None);
        let near = nearest(&m);
        assert!(
            (near[0][1] - 0.7607).abs() < 1e-4 && (near[0][2] - 0.1573).abs() < 1e-4,
            "{near:?}"
        );
        assert!(Copula::new(&near).is_some());
    }

    #[test]
    fn eigenvalues_are_those_of_the_closed_form() {
        // 1 + 2r and 1 - r twice.
        let r = 0.3;
        let m = matrix(&[[1.0, r, r], [r, 1.0, r], [r, r, 1.0]]);
        let (mut values, _) = eigen(&m);
        values.sort_unstable_by(f64::total_cmp);
        for (got, expected) in values.into_iter().zip([0.7, 0.7, 1.6]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }
}
