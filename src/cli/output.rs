//! Writing to the terminal: data on stdout, everything else on stderr, a closed pipe is no failure.

use std::io::{ErrorKind, Write};

use crate::cli::exit::Failure;

/// Writes data to stdout. A reader that closed the pipe has seen enough.
pub fn stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("cannot write to stdout: {e}")))
        }
        _ => Ok(()),
    }
}

/// Writes a message to stderr; where even that fails there is nobody to tell.
pub fn stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
