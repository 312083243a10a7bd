//! Tests from outside: the command line, the architecture, scenarios from file to figures.

mod architecture;
mod compare;
mod coupling;
mod determinism;
mod hand_made;
mod invariants;
mod replay;
mod run_directory;
