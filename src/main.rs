//! The `repower` command; everything is in the library.

fn main() -> std::process::ExitCode {
    repower::cli::main()
}
