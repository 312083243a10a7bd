//! Least squares with weights that are not negative, by coordinate descent.

/// Passes over the weights; the small systems solved here settle in far fewer.
const PASSES: usize = 5_000;

/// The `x`, none below zero, that makes the sum of `weight (y - row x)^2` smallest.
pub(super) fn non_negative(rows: &[Vec<f64>], y: &[f64], weights: &[f64]) -> Vec<f64> {
    let width = rows.first().map_or(0, Vec::len);
    let mut x = vec![0.0; width];
    for _ in 0..PASSES {
        let mut moved = 0.0_f64;
        for k in 0..width {
            let (mut pull, mut weight) = (0.0, 0.0);
            for ((row, y), w) in rows.iter().zip(y).zip(weights) {
                let others: f64 = row.iter().zip(&x).map(|(a, b)| a * b).sum::<f64>() - row[k] * x[k];
                pull += w * row[k] * (y - others);
                weight += w * row[k] * row[k];
            }
            let found = if weight > 0.0 {
                (pull / weight).max(0.0)
            } else {
                0.0
            };
            moved = moved.max((found - x[k]).abs());
            x[k] = found;
        }
        if moved < 1e-10 {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_positive_solution_is_found_and_a_negative_one_is_held_at_zero() {
        let rows = vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 1.0]];
        let found = non_negative(&rows, &[2.0, 3.0, 5.0], &[1.0; 3]);
        assert!((found[0] - 2.0).abs() < 1e-8 && (found[1] - 3.0).abs() < 1e-8);
        // With the second held at zero the first is (2 + 1) / 2.
        let held = non_negative(&rows, &[2.0, -3.0, 1.0], &[1.0; 3]);
        assert!((held[0] - 1.5).abs() < 1e-8 && held[1] == 0.0);
        // A row without weight does not count.
        let weighed = non_negative(&rows, &[2.0, 3.0, 50.0], &[1.0, 1.0, 0.0]);
        assert!((weighed[0] - 2.0).abs() < 1e-8);
    }
}
