//! Scenario files: reading, overlays, places of problems, the checked scenario.

pub mod diagnostic;
pub mod overlay;
pub mod shape;
pub mod source;
