//! How long first tokens take: counts over logarithmic steps of time, and quantiles out of them.

use super::queueing::FirstToken;

/// Steps of time.
const STEPS: usize = 64;
/// The end of the first step, seconds.
const FIRST_S: f64 = 2e-3;
/// Each step ends this much later than the one before: the last at 194 s.
const RATIO: f64 = 1.2;

/// Requests answered, by time to the first token.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    counts: [f64; STEPS + 1],
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            counts: [0.0; STEPS + 1],
        }
    }
}

/// When a step ends, seconds.
fn end_s(step: usize) -> f64 {
    FIRST_S * RATIO.powi(step as i32)
}

impl Latencies {
    /// The shares of a law in the steps of time.
    pub fn of(law: &FirstToken) -> Self {
        let (mut counts, mut so_far, mut until) = ([0.0; STEPS + 1], 0.0, FIRST_S);
        for count in counts.iter_mut().take(STEPS) {
            let by = law.by(until).max(so_far);
            *count = by - so_far;
            so_far = by;
            until *= RATIO;
            if so_far >= 1.0 - 1e-12 {
                break;
            }
        }
        counts[STEPS] = 1.0 - so_far;
        Self { counts }
    }
    /// Adds so many requests with these shares.
    pub fn add(&mut self, requests: f64, shares: &Self) {
        for (count, share) in self.counts.iter_mut().zip(shares.counts) {
            *count += requests * share;
        }
    }
    /// All requests.
    pub fn requests(&self) -> f64 {
        self.counts.iter().sum()
    }
    /// The time within which a share of the requests had the first token, seconds: geometric within a step. `None`
    /// without requests; the end of the last step where it is longer.
    pub fn quantile_s(&self, share: f64) -> Option<f64> {
        let all = self.requests();
        if all <= 0.0 {
            return None;
        }
        let mut left = share * all;
        for (step, count) in self.counts.iter().enumerate().take(STEPS) {
            if left <= *count && *count > 0.0 {
                return Some(end_s(step) * RATIO.powf(left / count - 1.0));
            }
            left -= count;
        }
        Some(end_s(STEPS - 1))
    }
}
