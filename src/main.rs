//! The `repower` command.

fn main() {}
