//! A site and its halls: what stands there, what it costs to run. No simulation.

pub mod economics;
pub mod hall;
pub mod lease;
pub mod mine;

pub use economics::OperatingCostSpec;
pub use hall::{HallSpec, InstallSpec, Redundancy};
pub use lease::{LeasePower, LeaseSpec, RelettingSpec};
pub use mine::MineSpec;
