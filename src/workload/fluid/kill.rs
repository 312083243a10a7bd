//! Capacity of a fluid pool, and what returns to the queue where too little of it is left or a part of it fails.

use super::offer::CLASSES;
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
        let excess = self.running - gpus;
        if excess > ROUNDING_GPUS {
            self.kill_latest(excess);
        }
    }

    /// GPUs fail together: what ran on them returns to the queue, as much of it as is to be expected.
    pub fn fail(&mut self, gpus: u32) {
        let busy = self.running / self.capacity.max(1.0);
        let hit = (busy * self.offer.hit_gpus(gpus)).min(self.running);
        if hit > ROUNDING_GPUS {
            self.kill_evenly(hit, self.shares().0);
            self.settle_rounding();
        }
    }

    /// Returns so many GPUs of running work to the queue, the latest started first, to start again from its
    /// checkpoints. Spot is killed before on-demand work.
    fn kill_latest(&mut self, gpus: f64) {
        let spot = (self.running * self.shares().0 / gpus).min(1.0);
        let back_h = self.started_within(gpus);
        let (grid, jobs_per_gpu) = (*self.offer.grid_h(), *self.offer.jobs_per_gpu());
        let mut left = gpus.min(self.running);
        for class in 0..CLASSES {
            let newest_h = back_h.min(grid[class]);
            let wanted = (self.recent[class] * newest_h).min(left);
            let from = ((grid[class] - newest_h) as usize).max(1);
            let to = (grid[class].ceil() as usize).max(from + 1);
            let each = wanted / (to - from) as f64;
            let victims = Victims {
                age_h: 0.5 * newest_h,
                spot,
                jobs_per_gpu: jobs_per_gpu[class],
            };
            for ahead in from..to {
                left -= self.take_back(ahead, each, victims);
            }
        }
        // What recent starts do not explain is taken evenly.
        if left > ROUNDING_GPUS {
            self.kill_evenly(left, spot);
        }
        self.settle_rounding();
    }

    /// Returns so many GPUs of whatever runs to the queue.
    fn kill_evenly(&mut self, gpus: f64, spot: f64) {
        let share = (gpus / self.running).clamp(0.0, 1.0);
        let victims = Victims {
            // In the long run running work is as old as what it still has to do is long.
            age_h: self.left_gpu_h / self.running,
            spot,
            jobs_per_gpu: self.offer.jobs_per_running_gpu(),
        };
        let mask = self.releases.len() - 1;
        for ahead in 0..=mask {
            let held = self.releases[(self.slot + ahead) & mask];
            if held > 0.0 {
                self.take_back(ahead, held * share, victims);
            }
        }
    }

    fn settle_rounding(&mut self) {
        self.running = self.running.max(0.0);
        self.left_gpu_h = self.left_gpu_h.max(0.0);
        self.left_spot_gpu_h = self.left_spot_gpu_h.clamp(0.0, self.left_gpu_h);
        self.left_drawn_gpu_h = self.left_drawn_gpu_h.clamp(0.0, self.left_gpu_h);
    }

    /// How far back starts must be undone to find so many GPUs, hours.
    fn started_within(&self, gpus: f64) -> f64 {
        let (mut from_h, mut found) = (0.0, 0.0);
        let mut rate: f64 = self.recent.iter().sum();
        for (class, hours) in self.offer.grid_h().iter().enumerate() {
            let more = rate * (hours - from_h);
            if found + more >= gpus {
                return from_h + (gpus - found) / rate;
            }
            found += more;
            rate -= self.recent[class];
            from_h = *hours;
        }
        from_h
    }

    /// Kills up to so many GPUs of those that are released in an hour; gives how many there were.
    fn take_back(&mut self, ahead: usize, gpus: f64, victims: Victims) -> f64 {
        let hours = self.hours_to(ahead);
        let mask = self.releases.len() - 1;
        let slot = &mut self.releases[(self.slot + ahead) & mask];
        let killed = gpus.min(*slot);
        if killed <= 0.0 {
            return 0.0;
        }
        *slot -= killed;
        let interval_h = self.terms.checkpoint_h;
        let even_h = if interval_h > 0.0 {
            victims.age_h.min(0.5 * interval_h)
        } else {
            victims.age_h
        };
        // Nothing has more to do than the longest job at its start.
        let room_h = (self.offer.grid_h()[CLASSES - 1] - hours).max(0.0);
        let lost_h = (even_h * self.surface.lost).min(room_h);
        let restart_h = self.terms.restart_h.min(room_h - lost_h);
        let (_, drawn) = self.shares();
        self.running -= killed;
        self.left_gpu_h -= killed * hours;
        self.left_spot_gpu_h -= victims.spot * killed * hours;
        self.left_drawn_gpu_h -= drawn * killed * hours;
        let again = (killed, hours + lost_h + restart_h);
        self.returning
            .add_gpus(self.offer.grid_h(), again, (victims.spot, drawn));
        let jobs = killed * victims.jobs_per_gpu;
        self.returning.add_jobs(jobs);
        self.waiting += jobs;
        self.totals.lost_gpu_h += killed * lost_h;
        self.totals.overhead_gpu_h += killed * restart_h;
        killed
    }
}
