//! Tiers: cumulative limits with a rate each, the last without limit.

use crate::problem::{FieldPath, Problems};

/// The most tiers of a period.
pub(super) const TIERS_MAX: usize = 32;

/// A tier: up to a cumulative limit (infinite for the last), at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tier {
    pub(super) up_to: f64,
    pub(super) rate: f64,
}

/// The part of `quantity` that falls in each tier, limits multiplied by `scale`.
pub(super) fn split(tiers: &[Tier], scale: f64, quantity: f64) -> impl Iterator<Item = f64> + '_ {
    let mut low = 0.0;
    tiers.iter().map(move |tier| {
        let high = tier.up_to * scale;
        let part = (quantity.min(high) - low).max(0.0);
        low = high.max(low);
        part
    })
}

/// The tier in which the next unit after `quantity` falls.
pub(super) fn next(tiers: &[Tier], scale: f64, quantity: f64) -> Tier {
    let found = tiers.iter().find(|t| quantity < t.up_to * scale);
    let tier = found.or(tiers.last()).expect("a period has at least one tier");
    Tier {
        up_to: tier.up_to * scale,
        rate: tier.rate,
    }
}

/// Requires rising limits on all tiers but the last, which has none; `key` names the limit.
pub(super) fn check(limits: &[Option<f64>], at: &FieldPath, key: &str, problems: &mut Problems) {
    if limits.len() > TIERS_MAX {
        problems.error(at, format!("{} tiers: at most {TIERS_MAX}", limits.len()));
        return;
    }
    let mut below = 0.0;
    for (index, limit) in limits.iter().enumerate() {
        let at = at.index(index);
        let last = index + 1 == limits.len();
        match limit {
            Some(_) if last => problems.error_with_help(
                &at.key(key),
                "the last tier has a limit, so that what exceeds it has no price",
                "leave the limit of the last tier out",
            ),
            Some(limit) if !(limit.is_finite() && *limit > below) => {
                let message = format!("`{limit}` must be greater than the tier's before it, {below}");
                problems.error(&at.key(key), message);
            }
            Some(limit) => below = *limit,
            None if !last => {
                problems.error(&at, format!("a tier before the last needs its limit, `{key}`"));
            }
            None => {}
        }
    }
}
