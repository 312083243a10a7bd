//! What the world outside pays and asks: power prices, bitcoin with its network, rents of GPUs, what its power emits,
//! and how much its grids carry.
//!
//! Owns how each is written in a scenario, read from files, fitted, and drawn as one path a replication. Does not own
//! contracts (who pays which price) or weather; heat reaches a price only as the plain series it is handed.

pub mod bitcoin;
mod bitcoin_chain;
pub mod bitcoin_fees;
pub mod bitcoin_format;
mod bitcoin_frontier;
mod bitcoin_network;
mod bitcoin_protocol;
pub mod carbon;
pub mod gpu_mining;
pub mod gpu_rent;
pub mod payout;
pub mod power_price;
pub mod price_catalogue;
mod price_europe;
pub mod price_format;
pub mod price_process;
pub mod price_spread;
pub mod production;
pub mod system_load;
pub mod system_peaks;
pub mod treasury;
