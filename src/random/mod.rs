//! Addressable random streams and the distributions that scenarios name. Domain-free.

pub mod streams;

pub use streams::{Stream, Streams};
