//! Which hours of the axis a world looks at. At `sampled_hours` it looks at one in [`STEP_HOURS`]: its price, its weather
//! and its place in the week hold for the whole step. Owns the choice of the hour; what is done in it is the world's.
//!
//! The hour moves from day to day through the step, so that in [`STEP_HOURS`] days every hour of the day has been looked
//! at equally often, and, since that number and seven share no divisor, in seven times as many every hour of the week.

use crate::scenario::spec::{Fidelity, ScenarioSpec};
use crate::sim::site::Site;

/// Hours of a step. A divisor of 24, without one in common with 7. Of 8, 12 and 24 the one whose mean of two levels of
/// `west-texas-100mw` costs least (`docs/BENCHMARKS.md`, On two levels).
pub const STEP_HOURS: usize = 24;
/// By how much the hour looked at moves within the step from one day to the next: the number nearest to the golden
/// section of the step that shares no divisor with it, so that neighbouring days look at distant hours.
const TURN: usize = 7;

/// How many hours a world steps at once.
///
/// What ties an hour to the next (batteries, outages and fuel, miners with rules of restarting, replicas of a service)
/// or singles one out (peaks of a system's load) is not to be had from a sample: where a scenario has any of it, every
/// hour is looked at.
pub fn step_hours(fidelity: Fidelity, spec: &ScenarioSpec, sites: &[Site]) -> usize {
    if fidelity != Fidelity::SampledHours {
        return 1;
    }
    let tied = sites
        .iter()
        .any(|site| !site.sources.is_grid_alone() || site.commitment.is_some());
    let served = spec.tenants.iter().any(|tenant| tenant.inference.is_some());
    if tied || served || !spec.market.system_load.is_empty() {
        1
    } else {
        STEP_HOURS
    }
}

/// The hour that is looked at in a step of so many hours that begins with hour `first` of an axis of `count` hours.
pub fn looked_at(first: usize, step: usize, count: usize) -> usize {
    (first + first / 24 * TURN % step).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_hour_of_the_week_is_looked_at_equally_often() {
        let weeks = STEP_HOURS;
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        for first in (0..weeks * 168).step_by(STEP_HOURS) {
            let hour = looked_at(first, STEP_HOURS, usize::MAX);
            assert!((first..first + STEP_HOURS).contains(&hour));
            *seen.entry(hour % 168).or_default() += 1;
        }
        assert_eq!(seen.len(), 168);
        assert!(seen.values().all(|n| *n == 1), "{seen:?}");
    }

    #[test]
    fn a_step_of_an_hour_looks_at_that_hour_and_the_last_step_stays_on_the_axis() {
        assert!((0..100).all(|hour| looked_at(hour, 1, 100) == hour));
        assert!(
            (0..100)
                .step_by(STEP_HOURS)
                .all(|hour| looked_at(hour, STEP_HOURS, 100) < 100)
        );
    }
}
