//! Money over time. Domain-free.
