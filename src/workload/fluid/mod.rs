//! Demand as a fluid: hour by hour the offered work of the same redrawn weeks that job-level simulation meets,
//! held in flows instead of jobs.
//!
//! Owns the offered flows ([`Offer`]), the state of a pool without jobs ([`FluidPool`]: running GPUs by when they
//! are released, a backlog in order of arrival) and the response surface that job-level runs of the same demand
//! fit ([`Surface`], [`fit`]). Does not own how many GPUs there are, nor how fast they run.

mod backlog;
mod bin;
mod calm;
pub mod fit;
mod kill;
mod offer;
mod returning;
mod ring;
mod room;
mod state;
mod surface;
mod waits;
mod week;

pub use offer::Offer;
pub use state::{FluidPool, FluidTotals, Step, Terms};
pub use surface::Surface;
pub use waits::wait_quantile_s;
pub use week::{Arrivals, WEEK_HOURS, Week};
