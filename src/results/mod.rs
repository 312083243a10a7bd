//! The record of a run: what a replication leaves behind, the tables of a run, and the run directory.
//!
//! Knows metrics, ledgers and series; no scenario and no simulation.

pub mod answers;
pub mod block;
pub mod block_store;
pub mod collect;
mod columns;
pub mod csv_table;
pub mod directory;
pub mod error;
pub mod fidelity_row;
pub mod finance_row;
#[cfg(test)]
pub(crate) mod fixture;
mod hall_tables;
pub mod manifest;
pub mod metrics;
pub mod npv_profile;
pub mod replication;
pub mod schedule_tables;
pub mod sensitivity_row;
pub mod shard;
pub mod site_tables;
mod sparse_rows;
pub mod spread;
pub mod stage_rows;
mod statements;
pub mod storage;
pub mod tables;
pub mod weighted;

pub use block::{BLOCK_SIZE, BlockResult, Shape};
pub use collect::Collector;
pub use directory::{Opened, RunReader, RunRequest, RunWriter};
pub use error::Error;
