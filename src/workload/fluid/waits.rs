//! Waits in buckets of equal ratio, so that quantiles cost no memory.

/// Buckets in each doubling of the wait, and doublings of a second.
const PER_DOUBLING: f64 = 8.0;
pub(super) const BUCKETS: usize = 8 * 32 + 1;

/// The wait that a share of jobs by wait did not exceed, in seconds: the middle of its bucket (9 % wide).
pub fn wait_quantile_s(waits: &[f64], share: f64) -> Option<f64> {
    let all: f64 = waits.iter().sum();
    let mut seen = 0.0;
    for (bucket, jobs) in waits.iter().enumerate() {
        seen += jobs;
        if *jobs > 0.0 && seen >= share * all {
            let middle = ((bucket as f64 - 0.5) / PER_DOUBLING).exp2();
            return Some(if bucket == 0 { 0.0 } else { middle });
        }
    }
    None
}

pub(super) fn bucket(wait_h: f64) -> usize {
    let seconds = wait_h * 3_600.0;
    if seconds < 1.0 {
        0
    } else {
        (1 + (seconds.log2() * PER_DOUBLING) as usize).min(BUCKETS - 1)
    }
}
