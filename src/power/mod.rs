//! Power: how much may be drawn, what is lost on the way, and what it costs under the site's contracts.
//!
//! Owns the grid connection and its curtailment orders, the electrical path from transformer to rack, the
//! curve from power to GPU speed, the power contracts and the formats of published tariffs. Does not own prices (it refers to them by name, and
//! by [`PriceId`] once running), the load, or who is shed.

pub mod backup;
pub mod battery;
pub mod bill;
pub mod contract;
pub mod curtailment;
pub mod grid;
pub mod onsite;
pub mod outage;
pub mod path;
pub mod redundancy;
pub mod tariff;
pub mod throttle;

pub use contract::{Interval, PowerContractsSpec, PriceId, SettlementLine, Supply, Use};
pub use curtailment::{CurtailmentSpec, Order, Scope};
pub use grid::{Grid, GridSpec};
pub use path::{ElectricalPath, ElectricalPathSpec, TransformerSpec, Transformers};
pub use redundancy::Redundancy;
pub use throttle::{GpuThrottle, GpuThrottleSpec};
