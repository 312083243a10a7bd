//! Repower: a capacity-planning simulator for mining farms that become AI data centres.
//!
//! One event calendar from job to cash. See `docs/ARCHITECTURE.md` for the layers; imports only point down.

// Layer 0: vocabulary.
pub mod algorithm;
pub mod id;
pub mod metric;
pub mod problem;
pub mod series;
pub mod time;
pub mod units;
// Layer 1: kernel.
pub mod des;
pub mod finance;
pub mod ingest;
pub mod random;
pub mod stats;
// Layer 2: domain.
pub mod conversion;
pub mod cooling;
pub mod fleet;
pub mod market;
pub mod power;
pub mod site;
pub mod staff;
pub mod workload;
// Layer 3: scenario.
pub mod scenario;
// Layer 4: results.
pub mod results;
// Layer 5: simulation.
pub mod sim;
// Layer 6: experiment.
pub mod catalogue;
pub mod experiment;
pub mod verify;
// Layer 7: outputs.
pub mod compare;
pub mod report;
// Layer 8: face.
pub mod cli;
