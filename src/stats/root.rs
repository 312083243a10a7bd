//! A bracketed root of a continuous function.

/// Iterations allowed; bisection alone would need fewer for any two doubles of like size.
const ITERATIONS_MAX: u32 = 256;

/// A root of `f` between `a` and `b`, to the last digits of a double; `None` where the ends have the same sign.
///
/// Chandrupatla's method (Advances in Engineering Software 28, 1997): inverse quadratic steps where they are
/// safe, bisection elsewhere, so it never leaves the bracket and never stalls.
pub fn bracketed_root(a: f64, b: f64, mut f: impl FnMut(f64) -> f64) -> Option<f64> {
    let ends = ((a, f(a)), (b, f(b)));
    root_between(ends.0, ends.1, f)
}

/// The same between two points whose values are known.
pub fn root_between(
    mut newest: (f64, f64),
    mut other: (f64, f64),
    mut f: impl FnMut(f64) -> f64,
) -> Option<f64> {
    if newest.1 == 0.0 {
        return Some(newest.0);
    }
    if other.1 == 0.0 {
        return Some(other.0);
    }
    if same_sign(newest.1, other.1) || newest.1.is_nan() || other.1.is_nan() {
        return None;
    }
    let mut step = 0.5;
    for _ in 0..ITERATIONS_MAX {
        let x = newest.0 + step * (other.0 - newest.0);
        let y = f(x);
        let previous = if same_sign(y, newest.1) {
            newest
        } else {
            std::mem::replace(&mut other, newest)
        };
        newest = (x, y);
        let best = if newest.1.abs() < other.1.abs() {
            newest
        } else {
            other
        };
        let least_step = (2.0 * f64::EPSILON * best.0.abs() + f64::MIN_POSITIVE) / (other.0 - newest.0).abs();
        if best.1 == 0.0 || least_step > 0.5 {
            return Some(best.0);
        }
        step = next_step(newest, other, previous).clamp(least_step, 1.0 - least_step);
    }
    Some(newest.0)
}

/// The share of the bracket to move from the newest point.
fn next_step((x1, y1): (f64, f64), (x2, y2): (f64, f64), (x3, y3): (f64, f64)) -> f64 {
    let xi = (x1 - x2) / (x3 - x2);
    let phi = (y1 - y2) / (y3 - y2);
    if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
        (y1 / (y2 - y1)) * (y3 / (y2 - y3)) + ((x3 - x1) / (x2 - x1)) * (y1 / (y3 - y1)) * (y2 / (y3 - y2))
    } else {
        0.5
    }
}

fn same_sign(a: f64, b: f64) -> bool {
    (a < 0.0) == (b < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_smooth_steep_and_flat_functions_are_found_to_the_last_digits() {
        let root = bracketed_root(0.0, 2.0, |x| x * x - 2.0).unwrap();
        assert!((root - 2.0_f64.sqrt()).abs() < 1e-15);
        let steep = bracketed_root(-1e3, 1e3, |x| (x - 1.5).cbrt()).unwrap();
        assert!((steep - 1.5).abs() < 1e-12);
        let flat = bracketed_root(-1.0, 3.0, |x: f64| x.powi(9)).unwrap();
        assert!(flat.abs() < 1e-15);
    }

    #[test]
    fn few_evaluations_suffice_for_a_smooth_function() {
        let mut evaluations = 0;
        let root = bracketed_root(0.0, 10.0, |x: f64| {
            evaluations += 1;
            x.exp() - 5.0
        });
        assert!((root.unwrap() - 5.0_f64.ln()).abs() < 1e-14);
        assert!(evaluations < 20, "{evaluations}");
    }

    #[test]
    fn a_root_at_an_end_is_one_and_no_change_of_sign_is_none() {
        assert_eq!(bracketed_root(0.0, 1.0, |x| x), Some(0.0));
        assert_eq!(bracketed_root(0.0, 1.0, |x| x - 1.0), Some(1.0));
        assert_eq!(bracketed_root(1.0, 2.0, |x| x), None);
        assert_eq!(bracketed_root(0.0, 1.0, |_| f64::NAN), None);
    }
}
