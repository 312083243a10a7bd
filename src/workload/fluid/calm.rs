//! The usual step: a whole hour at full speed in which nobody waits and all that comes finds room. It does what any step
//! does ([`FluidPool::step`]), with what is one, nought or the same in it left out.

use super::ring::WEEK_H;
use super::state::{FluidPool, Step};
use super::week::Arrivals;

impl FluidPool {
    /// Takes a whole hour at full speed in which nobody waits, if it is a usual one.
    #[expect(
        clippy::inline_always,
        reason = "measured: a call an hour costs a tenth of all"
    )]
    #[inline(always)]
    pub(super) fn calm(&mut self, arrivals: Arrivals<'_>) -> Option<Step> {
        let bin = arrivals.bin;
        let (long, short) = (bin.long_gpus(), bin.short_gpu_h());
        let over_gpu_h = bin.short_left_after_an_hour_gpu_h();
        let (due, running_done) = self.ring.due();
        let done = running_done + 0.5 * long + short - over_gpu_h;
        if self.ring.running - due + long + short > self.usable || done > self.usable {
            return None;
        }
        let released = self.ring.pass_hour(arrivals.items, long, 2.0 * over_gpu_h);
        let jobs_of = self.offer.jobs_per_started_gpu();
        let started = bin.jobs();
        self.left_gpu_h += bin.work_gpu_h();
        self.left_spot_gpu_h += arrivals.spot_gpu_h;
        self.left_drawn_gpu_h += bin.drawn_gpu_h();
        // Work is done in the shares in which it is there, so that these stay.
        let (spot, drawn) = self.shares();
        self.left_gpu_h = (self.left_gpu_h - done).max(0.0);
        self.left_spot_gpu_h = self.left_gpu_h * spot;
        self.left_drawn_gpu_h = self.left_gpu_h * drawn;
        let load = done * self.per_usable;
        let step = Step {
            busy_gpu_h: done,
            spot_gpu_h: done * spot,
            drawing_gpu_h: done * drawn,
            started,
            finished: released * jobs_of + (started - long * jobs_of).max(0.0),
            wait_h: started * self.waits_here.at(load),
            load,
            week_load: self.week_load,
            ..Step::default()
        };
        self.week_load += (load.min(1.0) - self.week_load) * (1.0 / WEEK_H);
        self.waits[0] += started;
        let t = &mut self.totals;
        t.submitted += started + bin.too_large();
        t.withdrawn += bin.too_large();
        t.offered_gpu_h += bin.work_gpu_h();
        t.work_gpu_h += done;
        t.wait_h += step.wait_h;
        t.started += started;
        t.finished += step.finished;
        Some(step)
    }
}
