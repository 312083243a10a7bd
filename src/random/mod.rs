//! Addressable random streams and the distributions that scenarios name. Domain-free.

pub mod distribution;
pub mod streams;
pub mod uniform;

pub use distribution::{Distribution, DistributionSpec};
pub use streams::{Stream, Streams};
pub use uniform::{normal_cdf, normal_quantile, open_unit, standard_normal};
