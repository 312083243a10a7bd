//! A progress bar on stderr, where that is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::stop::Stop;
use crate::experiment::Watch;

/// Shows how many replications are done, at what rate, and how long the rest may take.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    stop: Stop,
}

impl Progress {
    /// A bar over `total` replications.
    pub fn new(quiet: bool, total: u32, stop: Stop) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                stop,
            };
        }
        let bar = ProgressBar::new(u64::from(total));
        let template = "{bar:32} {pos}/{len} replications, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, stop }
    }
    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watch for Progress {
    fn advanced(&self, replications: u64) {
        self.bar.inc(replications);
    }
    fn found(&self, replications: u64) {
        self.bar.inc(replications);
        self.bar.reset_eta();
    }
    fn stop_requested(&self) -> bool {
        self.stop.requested()
    }
}
