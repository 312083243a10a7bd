//! Tests from outside: the command line, the architecture, scenarios from file to figures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::unreadable_literal,
    reason = "figures of references keep the form of their source"
)]

mod again;
mod ancillary;
mod architecture;
mod bad_data;
mod bad_finance;
mod bad_input;
mod bill;
mod capital;
mod cases;
mod catalogue;
mod cli;
mod coincident_peak;
mod compare;
mod contracts;
mod conversion;
mod cooling;
mod corners;
mod coupling;
mod crews;
mod deploy;
mod determinism;
mod dispatch;
mod docs;
mod explain;
mod failures;
mod faults;
mod fidelity;
mod finance;
mod generator;
mod gpu_mining;
mod hand_made;
mod hostile_readers;
mod hosting;
mod import;
mod inference;
mod invariants;
mod kills;
mod limits;
mod memo;
mod memo_page;
mod mining;
mod multilevel;
mod named_cases;
mod nodes;
mod optimise;
mod own_dates;
mod power;
mod precision;
mod queue;
mod random_worlds;
mod reference;
mod replay;
mod reservations;
mod resume;
mod run_directory;
mod safety;
mod sampled_hours;
mod scenarios;
mod schedule_outputs;
mod schema;
mod sensitivity;
mod shard;
mod stage_luck;
mod starts;
mod supply;
mod support;
mod tariffs;
mod traces;
mod typings;
mod uncertain;
mod verify;
mod workbook;
mod worlds;
