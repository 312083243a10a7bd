//! Summaries of waits: all of them, for exact quantiles, or a histogram of bounded size.

use crate::time::{SimTime, Span};
use crate::workload::job::Job;
use crate::workload::scheduler::{Finished, Observer};

/// Every wait of the jobs that ran to their end, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits(Vec<i64>);

impl Waits {
    /// Room for so many.
    pub fn with_capacity(jobs: usize) -> Self {
        Self(Vec::with_capacity(jobs))
    }
    /// Adds one.
    pub fn push(&mut self, wait: Span) {
        self.0.push(wait.as_seconds());
    }
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The mean, in seconds; zero without any.
    pub fn mean_s(&self) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.iter().sum::<i64>() as f64 / self.0.len() as f64
    }
    /// Quantiles in seconds with linear interpolation (type 7); zero without any wait.
    pub fn quantiles_s<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        self.0.sort_unstable();
        shares.map(|share| {
            let Some(last) = self.0.len().checked_sub(1) else {
                return 0.0;
            };
            let place = share.clamp(0.0, 1.0) * last as f64;
            let (low, high) = (
                self.0[place.floor() as usize] as f64,
                self.0[place.ceil() as usize] as f64,
            );
            low + (high - low) * place.fract()
        })
    }
}

impl Observer for Waits {
    fn finished(&mut self, finished: &Finished) {
        self.push(finished.waited);
    }
}

/// Buckets in each doubling of the wait.
const PER_DOUBLING: usize = 8;
const DOUBLINGS: usize = 32;
const BUCKETS: usize = PER_DOUBLING * DOUBLINGS + 1;

/// Waits at each start in buckets that grow by an eighth of a doubling (9 %): bounded memory, and a quantile
/// within that of the exact one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitHistogram {
    /// The first bucket holds waits of zero.
    counts: Vec<u64>,
    total: u64,
}

impl Default for WaitHistogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }
}

impl WaitHistogram {
    /// Adds one.
    pub fn push(&mut self, wait: Span) {
        let seconds = wait.as_seconds().max(0);
        let bucket = if seconds == 0 {
            0
        } else {
            1 + ((seconds as f64).log2() * PER_DOUBLING as f64) as usize
        };
        self.counts[bucket.min(BUCKETS - 1)] += 1;
        self.total += 1;
    }
    /// How many.
    pub fn len(&self) -> u64 {
        self.total
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
    /// Adds those of another.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }
    /// The wait that a share of all waits does not exceed, in seconds: the geometric middle of its bucket.
    pub fn quantile_s(&self, share: f64) -> f64 {
        let rank = (share.clamp(0.0, 1.0) * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return match bucket {
                    0 => 0.0,
                    _ => ((bucket as f64 - 0.5) / PER_DOUBLING as f64).exp2(),
                };
            }
        }
        0.0
    }
}

impl Observer for WaitHistogram {
    fn started(&mut self, _now: SimTime, _job: &Job, waited: Span, _restarts: u32) {
        self.push(waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_linearly() {
        let mut waits = Waits(vec![40, 10, 20, 30]);
        assert_eq!(waits.quantiles_s([0.0, 0.5, 0.95, 1.0]), [10.0, 25.0, 38.5, 40.0]);
        assert_eq!(waits.mean_s(), 25.0);
        assert_eq!(Waits::default().quantiles_s([0.5]), [0.0]);
    }

    #[test]
    fn the_histogram_is_within_a_bucket_of_the_exact_quantile() {
        let (mut exact, mut coarse) = (Waits::default(), WaitHistogram::default());
        for i in 0..10_000i64 {
            let wait = Span::from_seconds(i * i % 86_400);
            exact.push(wait);
            coarse.push(wait);
        }
        for share in [0.5, 0.9, 0.95, 0.99] {
            let [q] = exact.quantiles_s([share]);
            assert!(
                (coarse.quantile_s(share) / q).ln().abs() < 2f64.ln() / 8.0,
                "{share}"
            );
        }
        assert_eq!(WaitHistogram::default().quantile_s(0.5), 0.0);
    }
}
