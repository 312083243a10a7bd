//! GPU systems: the plan of what [`FailureSpec`] says about them at its top.

use super::domain::{Crew, Frame, Kind, Parts, Plan, Serves};
use super::spec::FailureSpec;
use crate::fleet::accelerator::NETWORK_FAILURES_PER_GPU_DAY;

/// Days of a year over those of the rate's unit.
const YEAR_OVER_1000_DAYS: f64 = 365.25 / 1_000.0;

pub(super) fn plan(spec: &FailureSpec, frame: &Frame) -> Plan {
    let model = frame.model;
    let counted = if spec.switch.enabled {
        NETWORK_FAILURES_PER_GPU_DAY * 1_000.0 * f64::from(model.gpus)
    } else {
        0.0
    };
    let per_1000_days = spec
        .per_1000_system_days
        .unwrap_or_else(|| model.failures_per_1000_days() - counted);
    let units = f64::from(frame.systems) * f64::from(model.swap_units);
    Plan {
        kind: Kind::System,
        needed: frame.systems,
        spare: 0,
        serves: Serves::Systems { each: 1 },
        per_year: per_1000_days * YEAR_OVER_1000_DAYS,
        weibull_shape: spec.weibull_shape,
        repair_hours: spec.repair_hours,
        parts: Some(Parts {
            share: spec.return_percent / 100.0,
            spares: (units * spec.spares_percent / 100.0).ceil() as u32,
            days: spec.return_days,
        }),
        crew: Crew::Hall,
        young: true,
    }
}
