//! Jobs and the queue that serves them: traces of jobs and of inference requests and their readers, the scheduler that `replay` and the
//! simulated world share, load profiles of reserved blocks, and demand over a long horizon.
//!
//! Owns what a job is, when it arrives, waits, runs, is killed and ends. Does not own power, prices or halls:
//! its caller says how many GPUs a pool has and how fast they may run.

pub mod audit;
pub mod credit;
pub mod deferrable;
pub mod demand;
pub mod estimate;
pub mod fluid;
pub mod generator;
pub mod growth;
pub mod job;
pub mod labels;
pub mod profile;
pub mod promise;
pub mod replay;
pub mod requests;
pub mod scheduler;
pub mod service;
pub mod signature;
mod stamp;
pub mod synthetic;
pub mod tenant;
mod text;
pub mod trace;
pub mod training;
pub mod waits;
