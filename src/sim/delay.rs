//! What a day of later readiness costs: a few replications again, with the same luck and one conversion ready later.
//!
//! Every hall of the conversion is ready [`SLIP_DAYS`] later than it was, by works that nobody foresaw; all else is as
//! it was. What the owners' net present value loses is what the slip costs: rents, penalties of tenants, people and
//! interest that wait, mining that had stopped already. Where the conversion started on a condition, its start stays.

use crate::metric::Metric;
use crate::results::replication::PORTFOLIO;
use crate::scenario::Scenario;
use crate::sim::{DrawnReplication, Setup, measure};
use crate::time::Span;

/// Days by which the halls are later.
pub const SLIP_DAYS: f64 = 30.0;
/// Replications that are looked at, the first of the run.
pub const REPLICATIONS: u32 = 4;

/// Net present value of a strategy's owners in a replication in which the halls of a conversion are ready later; `None`
/// where it has none.
pub fn npv_of_slip(
    scenario: &Scenario,
    setup: &Setup,
    (strategy, conversion): (usize, usize),
    replication: u32,
) -> Option<f64> {
    let drawn = DrawnReplication::new(scenario, setup, replication);
    let how = super::Drawn {
        fidelity: scenario.spec.run.fidelity,
        recorder: None,
        fault: None,
    };
    let mut world = drawn.world((scenario, setup, strategy), how);
    world.slip(conversion, Span::from_days_f64(SLIP_DAYS));
    world.run();
    measure::check(&world);
    let record = measure::measure(&mut world, replication);
    record.scalar(PORTFOLIO, Metric::NpvEquityUsd)
}
