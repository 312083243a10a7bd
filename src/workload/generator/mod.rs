//! Generators of job traces: a model of arrivals, sizes and run times that is fitted to a trace, drawn from with a
//! seed, and held against the trace that it was fitted to.
//!
//! Owns the model and its file ([`model`]), the draw ([`mod@draw`]), the hours of a trace that a fit sees ([`sample`]), the
//! fit ([`mod@fit`]), the figures that tell whether two traces are alike ([`portrait`]) and the table that sets trace,
//! halves of it and generated traces side by side ([`goodness`]). Does not own growth and regimes
//! ([`super::growth`]), nor how weeks are redrawn over a horizon ([`super::demand`]). Equations: `docs/METHOD-demand.md`.

pub mod draw;
pub mod fit;
pub mod goodness;
pub mod model;
pub mod portrait;
mod ranks;
pub mod sample;
mod spec;
mod write;

pub use draw::{Draw, draw};
pub use fit::{FitError, fit};
pub use goodness::{Goodness, compare};
pub use model::{ClassSpec, GeneratorError, ModelSpec};
pub use sample::Sample;
pub use spec::{GeneratorSpec, JOBS_MAX, generate};
