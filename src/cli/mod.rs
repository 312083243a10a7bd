//! The commands: arguments in, text and exit codes out.

pub mod audit;
pub mod replay;
