//! Capacity of a fluid pool, and what returns to the queue where too little of it is left or a part of it fails.

use std::ops::Range;
use std::sync::Arc;

use super::bin::{CLASSES, place_from};
use super::ring::Taken;
use super::state::FluidPool;
use super::surface::{RATIOS, locate};

/// GPUs below which nothing is held to be too many.
const ROUNDING_GPUS: f64 = 1e-9;

/// Who is killed.
#[derive(Debug, Clone, Copy)]
struct Victims {
    /// How long they have run, hours.
    age_h: f64,
    /// Share of spot.
    spot: f64,
    jobs_per_gpu: f64,
}

impl FluidPool {
    /// Gives the pool another number of GPUs; where too few are left, spot, then on-demand work returns to the queue.
    pub fn set_capacity(&mut self, gpus: f64) {
        if gpus == self.capacity {
            return;
        }
        self.raised |= gpus > self.capacity;
        self.capacity = gpus;
        self.ratio = locate(&RATIOS, gpus / f64::from(self.terms.gpus_max).max(1.0));
        self.usable = gpus * self.surface.fillable(self.ratio);
        let excess = self.ring.running - gpus;
        if excess > ROUNDING_GPUS {
            self.kill_latest(excess);
        }
    }

    /// GPUs fail together: what ran on them returns to the queue, as much of it as is to be expected.
    pub fn fail(&mut self, gpus: u32) {
        let busy = self.ring.running / self.capacity.max(1.0);
        let hit = (busy * self.offer.hit_gpus(gpus)).min(self.ring.running);
        if hit > ROUNDING_GPUS {
            self.kill_evenly(hit, self.shares().0);
            self.settle_rounding();
        }
    }

    /// Returns so many GPUs of running work to the queue, the latest started first, to start again from its
    /// checkpoints. Spot is killed before on-demand work.
    fn kill_latest(&mut self, gpus: f64) {
        let spot = (self.ring.running * self.shares().0 / gpus).min(1.0);
        let back_h = self.started_within(gpus);
        let offer = Arc::clone(&self.offer);
        let mut left = gpus.min(self.ring.running);
        for (class, longest_h) in offer.grid_h().iter().enumerate() {
            let newest_h = back_h.min(*longest_h);
            let wanted = (self.ring.recent(class) * newest_h).min(left);
            if wanted <= 0.0 {
                continue;
            }
            let from = ((longest_h - newest_h) as usize).max(1);
            let to = (longest_h.ceil() as usize).max(from + 1);
            let victims = Victims {
                age_h: 0.5 * newest_h,
                spot,
                jobs_per_gpu: offer.jobs_per_gpu()[class],
            };
            left -= self.take_back(from..to, Taken::Each(wanted / (to - from) as f64), victims);
        }
        // What recent starts do not explain is taken evenly.
        if left > ROUNDING_GPUS {
            self.kill_evenly(left, spot);
        }
        self.settle_rounding();
    }

    /// Returns so many GPUs of whatever runs to the queue.
    fn kill_evenly(&mut self, gpus: f64, spot: f64) {
        let share = (gpus / self.ring.running).clamp(0.0, 1.0);
        let victims = Victims {
            // In the long run running work is as old as what it still has to do is long.
            age_h: self.left_gpu_h / self.ring.running,
            spot,
            jobs_per_gpu: self.offer.jobs_per_running_gpu(),
        };
        self.take_back(self.ring.hours(), Taken::Share(share), victims);
    }

    fn settle_rounding(&mut self) {
        self.ring.running = self.ring.running.max(0.0);
        self.left_gpu_h = self.left_gpu_h.max(0.0);
        self.left_spot_gpu_h = self.left_spot_gpu_h.clamp(0.0, self.left_gpu_h);
        self.left_drawn_gpu_h = self.left_drawn_gpu_h.clamp(0.0, self.left_gpu_h);
    }

    /// How far back starts must be undone to find so many GPUs, hours.
    fn started_within(&self, gpus: f64) -> f64 {
        let (mut from_h, mut found) = (0.0, 0.0);
        let mut rate: f64 = (0..CLASSES).map(|class| self.ring.recent(class)).sum();
        for (class, hours) in self.offer.grid_h().iter().enumerate() {
            let more = rate * (hours - from_h);
            if found + more >= gpus {
                return from_h + (gpus - found) / rate;
            }
            found += more;
            rate -= self.ring.recent(class);
            from_h = *hours;
        }
        from_h
    }

    /// Kills GPUs of those that are released in some hours; gives how many there were.
    fn take_back(&mut self, hours: Range<usize>, wanted: Taken, victims: Victims) -> f64 {
        let interval_h = self.terms.checkpoint_h;
        let even_h = if interval_h > 0.0 {
            victims.age_h.min(0.5 * interval_h)
        } else {
            victims.age_h
        };
        let most_lost_h = even_h * self.surface.lost;
        let grid_h = self.offer.grid_h();
        let (spot, drawn) = (victims.spot, self.shares().1);
        let (mut all, mut left_gpu_h) = (0.0, 0.0);
        let mut class = 0;
        for ahead in hours {
            let killed = self.ring.take(ahead, wanted);
            if killed <= 0.0 {
                continue;
            }
            let hours = self.ring.hours_to(ahead);
            // Nothing has more to do than the longest job at its start.
            let room_h = (grid_h[CLASSES - 1] - hours).max(0.0);
            let lost_h = most_lost_h.min(room_h);
            let restart_h = self.terms.restart_h.min(room_h - lost_h);
            let again_h = hours + lost_h + restart_h;
            class = place_from(class, again_h, grid_h);
            self.returning
                .add((grid_h, class), (killed, again_h), (spot, drawn));
            all += killed;
            left_gpu_h += killed * hours;
            self.totals.lost_gpu_h += killed * lost_h;
            self.totals.overhead_gpu_h += killed * restart_h;
        }
        self.left_gpu_h -= left_gpu_h;
        self.left_spot_gpu_h -= spot * left_gpu_h;
        self.left_drawn_gpu_h -= drawn * left_gpu_h;
        let jobs = all * victims.jobs_per_gpu;
        self.returning.bin.add_jobs(jobs);
        self.waiting += jobs;
        all
    }
}
