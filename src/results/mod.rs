//! The record of a run: what a replication leaves behind, the tables of a run, and the run directory.
//!
//! Knows metrics, ledgers and series; no scenario and no simulation.

pub mod replication;
pub mod tables;
