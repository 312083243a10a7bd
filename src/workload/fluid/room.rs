//! What may still start in a step.

use super::bin::Bin;

/// What may still start in a step: GPUs at its end, and GPUs on average over it.
pub(super) struct Room {
    at_end: f64,
    on_average: f64,
    work_h: f64,
    /// All that was taken in.
    pub(super) taken: Bin,
    /// Of it, work of short jobs that is not done in the step, and the GPUs that it holds at its end at the most.
    pub(super) over_gpu_h: f64,
    pub(super) over_gpus: f64,
}

impl Room {
    #[inline]
    pub(super) fn new(usable: f64, (running, done_gpu_h): (f64, f64), work_h: f64) -> Self {
        Self {
            at_end: usable - running,
            on_average: usable - done_gpu_h / work_h,
            work_h,
            taken: Bin::default(),
            over_gpu_h: 0.0,
            over_gpus: 0.0,
        }
    }
    /// Takes the share of a bin that fits. Long jobs start evenly over the step, so half of them count on average.
    #[inline]
    pub(super) fn take(&mut self, bin: &Bin) -> f64 {
        let over_gpu_h = bin.short_left_gpu_h(self.work_h);
        let (long, held) = (bin.long_gpus(), bin.short_held(self.work_h));
        let short = (bin.short_gpu_h() - over_gpu_h) / self.work_h;
        let (at_end, on_average) = (long + held, 0.5 * long + short);
        let share = fit(self.at_end, at_end).min(fit(self.on_average, on_average));
        self.at_end -= share * at_end;
        self.on_average -= share * on_average;
        self.over_gpu_h += share * over_gpu_h;
        self.over_gpus += share * held;
        self.taken.add(bin, share);
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
