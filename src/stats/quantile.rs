//! Sample quantiles by linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996).

/// The quantile at `p` in 0..=1 of values in ascending order; `None` where there are none.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let share = position - below as f64;
    // The end is met exactly, and equal neighbours (infinite ones too) stay what they are.
    if share == 0.0 || sorted[below] == sorted[above] {
        Some(sorted[below])
    } else {
        Some(sorted[below] + share * (sorted[above] - sorted[below]))
    }
}

/// The quantile at `p` of values in any order.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    quantile_sorted(&sorted(values), p)
}

/// A copy in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut copy = values.to_vec();
    copy.sort_unstable_by(f64::total_cmp);
    copy
}

/// The index of the lower median: of the value that stands at `(n - 1) / 2` in ascending order, the first such
/// among equals; `None` where there are none.
///
/// Unlike the median it is always one of the sample, so it can be looked at in detail.
pub fn lower_median_index(values: &[f64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let median = values[*order.get(values.len().checked_sub(1)? / 2)?];
    values.iter().position(|value| value.total_cmp(&median).is_eq())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics_as_numpy_and_r_do() {
        let values = [10.0, 2.0, 7.0, 4.0];
        // numpy.quantile([2, 4, 7, 10], [.1, .25, .5, .9]).
        for (p, expected) in [
            (0.0, 2.0),
            (0.1, 2.6),
            (0.25, 3.5),
            (0.5, 5.5),
            (0.9, 9.1),
            (1.0, 10.0),
        ] {
            let got = quantile(&values, p).unwrap();
            assert!((got - expected).abs() < 1e-14, "{p}: {got}");
        }
        assert_eq!(quantile(&[3.0], 0.9), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_lower_median_is_a_member_of_the_sample() {
        assert_eq!(lower_median_index(&[5.0, 1.0, 9.0]), Some(0));
        assert_eq!(lower_median_index(&[5.0, 1.0, 9.0, 7.0]), Some(0));
        assert_eq!(lower_median_index(&[2.0, 2.0, 2.0]), Some(0));
        assert_eq!(lower_median_index(&[]), None);
    }
}
