//! Tests from outside: the command line, the architecture, scenarios from file to figures.

mod architecture;
mod bad_data;
mod bad_input;
mod cli;
mod compare;
mod faults;
mod limits;
mod replay;
mod run_directory;
mod schema;
mod support;
