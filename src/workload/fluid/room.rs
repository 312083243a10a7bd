//! What may still start in a step.

use super::offer::Bin;

/// What may still start in a step: GPUs at its end, and GPUs on average over it.
pub(super) struct Room {
    at_end: f64,
    on_average: f64,
    work_h: f64,
}

impl Room {
    pub(super) fn new(usable: f64, (running, done_gpu_h): (f64, f64), work_h: f64) -> Self {
        Self {
            at_end: usable - running,
            on_average: usable - done_gpu_h / work_h,
            work_h,
        }
    }
    /// Takes the share of a bin that fits. Long jobs start evenly over the step, so half of them count on average.
    pub(super) fn take(&mut self, bin: &Bin) -> f64 {
        let (long, short) = (bin.long_gpus(), bin.short_gpu_h() / self.work_h);
        let share = fit(self.at_end, long + short).min(fit(self.on_average, 0.5 * long + short));
        self.at_end -= share * (long + short);
        self.on_average -= share * (0.5 * long + short);
        share
    }
}

/// The share of a need that fits into a room.
fn fit(room: f64, need: f64) -> f64 {
    if need <= room {
        1.0
    } else if room > 0.0 {
        room / need
    } else {
        0.0
    }
}
