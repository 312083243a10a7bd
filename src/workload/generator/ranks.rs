//! Ranks and normal scores: what is compared between traces must not hang on the heavy tail of run times.

use crate::random::normal_quantile;

/// The normal scores of values: what a standard normal variable has at their ranks; equal values share a rank.
pub(super) fn normal_scores(values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let score = |rank: f64| normal_quantile((rank + 0.5) / count);
    mid_ranks(values).into_iter().map(score).collect()
}

/// Ranks from zero; equal values share the mean of theirs.
pub(super) fn mid_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = order[from..]
            .iter()
            .take_while(|i| values[**i] == values[order[from]])
            .count();
        let rank = from as f64 + (same - 1) as f64 / 2.0;
        for index in &order[from..from + same] {
            ranks[*index] = rank;
        }
        from += same;
    }
    ranks
}

/// Pearson's correlation; `None` where one of the two does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    (aa > 0.0 && bb > 0.0).then(|| ab / (aa * bb).sqrt())
}

/// Spearman's rank correlation.
pub(super) fn rank_correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    correlation(&mid_ranks(a), &mid_ranks(b))
}

/// The largest distance between two distributions (Kolmogorov and Smirnov), of values in ascending order.
pub(super) fn ks_distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += a[i..].iter().take_while(|x| **x <= value).count();
        j += b[j..].iter().take_while(|x| **x <= value).count();
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_scores_and_distances_are_those_of_small_samples() {
        assert_eq!(mid_ranks(&[5.0, 1.0, 5.0, 9.0]), [1.5, 0.0, 1.5, 3.0]);
        let scores = normal_scores(&[3.0, 1.0, 2.0]);
        assert!(scores[2].abs() < 1e-9 && (scores[0] + scores[1]).abs() < 1e-9);
        assert!((scores[0] - 0.967_42).abs() < 1e-4, "{}", scores[0]);
        assert_eq!(rank_correlation(&[1.0, 2.0, 9.0], &[2.0, 30.0, 31.0]), Some(1.0));
        assert_eq!(rank_correlation(&[1.0, 1.0], &[2.0, 3.0]), None);
        // A quarter of the second lies below all of the first.
        assert_eq!(ks_distance(&[2.0, 3.0], &[1.0, 2.0, 3.0, 3.0]), 0.25);
        assert_eq!(ks_distance(&[1.0], &[2.0]), 1.0);
    }
}
