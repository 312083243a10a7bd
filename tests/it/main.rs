//! Tests from outside: the command line, the architecture, scenarios from file to figures.

mod architecture;
mod compare;
mod replay;
mod run_directory;
mod scenarios;
