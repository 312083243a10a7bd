//! Comparison of strategies that met the same random numbers, replication by replication.

use crate::stats::summary::Estimate;

/// How one strategy differs from another over the same replications.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean of the differences (this minus the other), its spread and interval.
    pub difference: Estimate,
    /// Share of replications in which this one is greater; a tie counts half.
    pub p_greater: f64,
}

impl Paired {
    /// Compares `these` with `others`, which stand in the same order of replications; `None` where they are
    /// empty or of different length.
    pub fn of(these: &[f64], others: &[f64]) -> Option<Self> {
        if these.len() != others.len() {
            return None;
        }
        let differences: Vec<f64> = these.iter().zip(others).map(|(a, b)| a - b).collect();
        let difference = Estimate::of(&differences)?;
        let wins: f64 = differences.iter().map(|d| credit(*d)).sum();
        Some(Self {
            difference,
            p_greater: wins / differences.len() as f64,
        })
    }
    /// Share of replications in which this one is better, where more or less is better; a tie counts half.
    pub fn p_better(&self, higher_is_better: bool) -> f64 {
        if higher_is_better {
            self.p_greater
        } else {
            1.0 - self.p_greater
        }
    }
}

fn credit(difference: f64) -> f64 {
    if difference > 0.0 {
        1.0
    } else if difference == 0.0 {
        0.5
    } else {
        0.0
    }
}

/// For each strategy the share of replications in which it is the best of all; ties share. Adds up to one.
///
/// `values[s][r]` is strategy `s` in replication `r`; replications beyond the shortest row are left out.
pub fn p_best(values: &[&[f64]], higher_is_better: bool) -> Vec<f64> {
    let replications = values.iter().map(|row| row.len()).min().unwrap_or(0);
    let mut wins = vec![0.0; values.len()];
    for r in 0..replications {
        let signed = |row: &&[f64]| if higher_is_better { row[r] } else { -row[r] };
        let best = values.iter().map(signed).fold(f64::NEG_INFINITY, f64::max);
        let winners = values.iter().filter(|row| signed(row) == best).count() as f64;
        for (win, row) in wins.iter_mut().zip(values) {
            if signed(row) == best {
                *win += 1.0 / winners;
            }
        }
    }
    let total = replications.max(1) as f64;
    wins.into_iter().map(|win| win / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairing_removes_what_both_share() {
        // The two rows swing by hundreds together; the difference is 2 +- 1.
        let others = [100.0, 500.0, 300.0, 900.0];
        let these = [101.0, 503.0, 301.0, 903.0];
        let paired = Paired::of(&these, &others).unwrap();
        assert_eq!(paired.difference.mean, 2.0);
        // sd = 2 / sqrt(3), t(3) = 3.182446, n = 4.
        let half = 3.182_446 * (4.0_f64 / 3.0).sqrt() / 2.0;
        assert!((paired.difference.ci95.unwrap().half_width() - half).abs() < 1e-6);
        assert_eq!((paired.p_greater, paired.p_better(false)), (1.0, 0.0));
    }

    #[test]
    fn ties_count_half_and_unequal_lengths_are_not_compared() {
        let paired = Paired::of(&[1.0, 2.0, 3.0, 4.0], &[1.0, 1.0, 5.0, 4.0]).unwrap();
        assert_eq!(paired.p_greater, 0.5);
        assert_eq!(Paired::of(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(Paired::of(&[], &[]), None);
    }

    #[test]
    fn the_chances_of_being_best_add_up_to_one() {
        let (a, b, c) = ([1.0, 5.0, 3.0, 0.0], [2.0, 5.0, 1.0, 1.0], [0.0, 0.0, 0.0, 2.0]);
        let p = p_best(&[&a, &b, &c], true);
        assert_eq!(p, [0.375, 0.375, 0.25]);
        assert_eq!(p_best(&[&a, &b, &c], false), [0.25, 0.0, 0.75]);
        assert_eq!(p_best(&[&[], &[]], true), [0.0, 0.0]);
    }
}
