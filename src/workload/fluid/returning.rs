//! Killed work that starts before all other.

use super::bin::{Bin, CLASSES, Item, SHORT_H};
use super::ring::{Begin, Ring};
use super::week::on_grid;

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
    /// Adds GPUs that are to be held for so many hours, of so many jobs.
    pub(super) fn add(
        &mut self,
        grid_h: &[f64; CLASSES],
        (gpus, hours): (f64, f64),
        shares: (f64, f64),
        jobs: f64,
    ) {
        self.bin.add_gpus((gpus, hours), shares);
        self.bin.add_jobs(jobs);
        if hours >= SHORT_H {
            Item { hours, gpus }.onto(&mut self.gpus, grid_h);
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
