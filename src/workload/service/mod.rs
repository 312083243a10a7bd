//! Inference services: rates of requests become replicas, replicas become tokens, latency and GPUs that stand idle.
//!
//! Owns the spec ([`InferenceSpec`]), the rate of each hour ([`HourlyRates`]), what a replica can do ([`Replica`]), the
//! queue of many replicas within an hour ([`queueing`]) and the service that scales over time ([`Service`]). Does not own
//! which GPUs have power, nor what tokens earn: the caller says how many replicas stand and how fast they run, and reads
//! [`Counts`]. Equations and sources: `docs/METHOD-inference.md`.

#[cfg(test)]
mod exact;
mod latency;
pub mod queueing;
mod rates;
mod replica;
mod run;
mod spec;

pub use latency::Latencies;
pub use rates::{HourRate, HourlyRates, RatesError};
pub use replica::{Preset, Replica};
pub use run::{Counts, Integral, Service, ServicePlan};
pub use spec::{
    GivenReplicaSpec, GpuHourPriceSpec, InferenceSpec, ModelSpec, RequestFileSpec, RequestShapeSpec,
    RequestsSpec, ServiceLevelSpec, ServicePriceSpec, TokenPriceSpec,
};
