//! Repower: a capacity-planning simulator for mining farms that become AI data centres.
//!
//! One event calendar from job to cash. See `docs/ARCHITECTURE.md` for the layers; imports only point down.

// Layer 0: vocabulary.
pub mod id;
pub mod metric;
pub mod problem;
pub mod series;
pub mod time;
pub mod units;
// Layer 1: kernel.
pub mod des;
pub mod ingest;
pub mod random;
// Layer 2: domain.
pub mod cooling;
pub mod market;
// Layer 4: results.
pub mod results;
