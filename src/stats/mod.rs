//! Summaries, quantiles, paired differences, and the root finder that inverts what has no closed form.
//! Domain-free; sums run in the order given, so that equal input gives equal bytes.

pub mod paired;
pub mod quantile;
pub mod risk;
pub mod root;
pub mod summary;

pub use paired::{Paired, p_best};
pub use quantile::{lower_median_index, quantile, quantile_sorted};
pub use root::{bracketed_root, root_between};
pub use summary::{Estimate, Interval, Summary};
