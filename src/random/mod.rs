//! Addressable random streams, distributions that scenarios name, copulas and designs of experiments. Domain-free.

pub mod copula;
pub mod design;
pub mod distribution;
pub mod sobol;
pub mod streams;
pub mod uniform;

pub use design::Design;
pub use distribution::{Distribution, DistributionSpec};
pub use streams::{Address, Stream, Streams};
pub use uniform::{normal_cdf, normal_quantile, open_unit, standard_normal};
