//! Who gets which megawatt now, and what an interval has used: the one place where halls, grid, heat, prices and
//! demand meet.
//!
//! An interval is *opened* at a settle point: heat limits each hall, the connection and its orders limit the site;
//! load is shed by worth (miners first, then pools, last blocks and leases) and miners are dispatched against the
//! marginal cost of power. GPU halls keep room for all their GPUs at work, so that a job that starts within the
//! interval needs no new settlement. At the next settle point the interval is *closed*: what ran is integrated
//! exactly, metered and counted.

mod close;
mod open;

pub use close::close;
pub(in crate::sim) use open::conditions;
pub use open::open;

use crate::sim::invariant::Fault;
use crate::sim::paths::Paths;
use crate::sim::site::Totals;

/// What both halves of a settlement need to know.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The world outside.
    pub paths: &'a Paths,
    /// Hour of the axis.
    pub hour: usize,
    /// Local hour of the week.
    pub hour_of_week: usize,
    /// A fault planted by a test.
    pub fault: Option<Fault>,
}

/// What an interval came to, for detail and for tenants.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closed {
    /// Hours.
    pub hours: f64,
    /// Totals of the interval.
    pub totals: Totals,
    /// Power at the meter, MW.
    pub meter_mw: f64,
    /// GPUs that could work.
    pub gpu_capacity: f64,
    /// GPUs at work.
    pub gpus_busy: f64,
}
