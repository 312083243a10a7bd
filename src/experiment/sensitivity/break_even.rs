//! The value of an input at which a figure crosses zero, all others at their medians.

use crate::experiment::ExperimentError;
use crate::experiment::sensitivity::{Model, mean_at};
use crate::stats::bracketed_root;

/// Quantiles at which the figure is looked at for changes of its sign.
const GRID: [f64; 7] = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99];
/// A root is good enough where the figure is within this share of its range over the grid.
const TOLERANCE: f64 = 1e-4;

/// Quantiles of input `input` between its 1st and 99th percentile at which output `output`, a mean over the same `worlds`,
/// crosses zero, one in each part of the grid where its sign changes, ascending. Within 1 in 10,000 of the figure's range.
pub fn crossings(
    model: &impl Model,
    (input, output): (usize, usize),
    worlds: u32,
) -> Result<Vec<f64>, ExperimentError> {
    let figure = |unit: f64| {
        let mut units = vec![0.5; model.inputs()];
        units[input] = unit;
        mean_at(model, &units, worlds).map(|figures| figures[output])
    };
    let values: Vec<f64> = GRID.iter().map(|u| figure(*u)).collect::<Result<_, _>>()?;
    let known = || values.iter().copied().filter(|v| v.is_finite());
    let range = known().fold(f64::NEG_INFINITY, f64::max) - known().fold(f64::INFINITY, f64::min);
    let mut failure = None;
    let mut found = Vec::new();
    for (ends, signs) in GRID.windows(2).zip(values.windows(2)) {
        if (signs[0] < 0.0) == (signs[1] < 0.0) || signs.iter().any(|v| v.is_nan()) {
            continue;
        }
        let close = |value: f64| {
            if value.abs() <= TOLERANCE * range {
                0.0
            } else {
                value
            }
        };
        let root = bracketed_root(ends[0], ends[1], |unit| match figure(unit) {
            Ok(value) => close(value),
            Err(error) => {
                failure.get_or_insert(error);
                0.0
            }
        });
        found.extend(root);
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sensitivity::fixture::{Chancy, Ishigami};

    #[test]
    fn the_root_of_a_line_is_found_and_none_where_there_is_none() {
        // 10 x - 3 at 0.3.
        let roots = crossings(&Chancy, (0, 1), 4).unwrap();
        assert_eq!(roots.len(), 1);
        assert!((roots[0] - 0.3).abs() < 2e-4, "{roots:?}");
        assert!(crossings(&Chancy, (1, 1), 4).unwrap().is_empty());
        // sin(pi (2 u - 1)) with the others at 0: one sign on each side of the middle.
        let roots = crossings(&Ishigami, (0, 0), 1).unwrap();
        assert!(roots.iter().any(|r| (r - 0.5).abs() < 1e-3), "{roots:?}");
    }
}
