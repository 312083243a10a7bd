//! Ctrl-C and SIGTERM become flags that long work looks at between replications.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::exit::{Exit, Failure};

/// Whether, and why, the work should stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Stop {
    /// Installs the signal handlers. A second signal of the same kind ends the process at once.
    pub fn install() -> Result<Self, Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let stop = Self::default();
        for (signal, flag, code) in [(SIGINT, &stop.interrupted, 130), (SIGTERM, &stop.terminated, 75)] {
            // Order matters: the shutdown looks at the flag before this signal sets it.
            signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(flag))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(flag)))
                .map_err(|e| Failure::io(format!("cannot install a signal handler: {e}")))?;
        }
        Ok(stop)
    }
    /// Whether to stop.
    pub fn requested(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.terminated.load(Ordering::Relaxed)
    }
    /// The exit that a stop leads to.
    pub fn exit(&self) -> Exit {
        if self.interrupted.load(Ordering::Relaxed) {
            Exit::Interrupted
        } else {
            Exit::Stopped
        }
    }
}
