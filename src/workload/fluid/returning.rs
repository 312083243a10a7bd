//! Killed work that starts before all other.

use super::bin::{Bin, CLASSES, SHORT_H};
use super::offer::on_grid;
use super::ring::{Begin, Ring};

/// Killed work: sums, and GPUs by run time on the grid.
#[derive(Debug, Clone)]
pub(super) struct Returning {
    pub(super) bin: Bin,
    gpus: [f64; CLASSES],
}

impl Default for Returning {
    fn default() -> Self {
        Self {
            bin: Bin::EMPTY,
            gpus: [0.0; CLASSES],
        }
    }
}

impl Returning {
    /// Adds GPUs that are to be held for so many hours, of a class of the grid unless that is short; how many jobs that
    /// is, is counted apart.
    pub(super) fn add(
        &mut self,
        (grid_h, class): (&[f64; CLASSES], usize),
        (gpus, hours): (f64, f64),
        shares: (f64, f64),
    ) {
        self.bin.add_gpus((gpus, hours), shares);
        if hours >= SHORT_H {
            // A little above one where a job that has just started is killed: GPUs and work stay exact.
            let beyond = (hours - grid_h[class]) / (grid_h[class + 1] - grid_h[class]);
            self.gpus[class] += gpus * (1.0 - beyond);
            self.gpus[class + 1] += gpus * beyond;
        }
    }
    /// Starts a share of it.
    pub(super) fn start(&mut self, share: f64, grid_h: &[f64; CLASSES], (ring, begin): (&mut Ring, Begin)) {
        for item in on_grid(&self.gpus, grid_h) {
            ring.start(&[item], share, begin);
        }
        self.bin.scale(1.0 - share);
        self.gpus.iter_mut().for_each(|gpus| *gpus *= 1.0 - share);
    }
}
