//! Capacity of a fluid pool, and what returns to the queue where too little of it is left or a part of it fails.

use std::sync::Arc;

use super::bin::CLASSES;
use super::state::FluidPool;
use super::surface::{RATIOS, locate};

/// GPUs below which nothing is held to be too many.
const ROUNDING_GPUS: f64 = 1e-9;

/// What is lost where GPUs are killed, and who they are.
#[derive(Debug, Clone, Copy)]
struct Loss {
    /// Work lost, and a restart.
    lost_h: f64,
    restart_h: f64,
    /// Share of spot.
    spot: f64,
}

/// GPUs that were killed, what they had left to do, and their jobs.
#[derive(Debug, Clone, Copy, Default)]
struct Killed {
    gpus: f64,
    left_gpu_h: f64,
    jobs: f64,
}

impl FluidPool {
    /// Gives the pool another number of GPUs; where too few are left, spot, then on-demand work returns to the queue.
    #[inline]
    pub fn set_capacity(&mut self, gpus: f64) {
        if gpus != self.capacity {
            self.change_capacity(gpus);
        }
    }

    fn change_capacity(&mut self, gpus: f64) {
        self.raised |= gpus > self.capacity;
        self.capacity = gpus;
        self.ratio = locate(&RATIOS, gpus / f64::from(self.terms.gpus_max).max(1.0));
        self.waits_here = self.surface.waits(self.ratio);
        self.usable = gpus * self.surface.fillable(self.ratio);
        self.per_usable = 1.0 / self.usable.max(ROUNDING_GPUS);
        let excess = self.ring.running - gpus;
        if excess > ROUNDING_GPUS {
            self.kill_latest(excess);
        }
    }

    /// GPUs fail together: what ran on them returns to the queue, as much of it as is to be expected.
    pub fn fail(&mut self, gpus: u32) {
        self.strike(self.offer.hit_gpus(gpus));
    }

    /// What ran on so many GPUs returns to the queue, were all GPUs at work; those of gangs that failures broke, by
    /// [`Offer::hit_gpus`](super::Offer::hit_gpus).
    pub fn strike(&mut self, gpus: f64) {
        let busy = self.ring.running / self.capacity.max(1.0);
        let hit = (busy * gpus).min(self.ring.running);
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
        let (grid_h, mix) = (offer.grid_h(), offer.mix());
        let mut left = gpus.min(self.ring.running);
        let gpus_of = |class: usize| self.ring.recent * mix[class];
        let rates: [f64; CLASSES] = std::array::from_fn(gpus_of);
        // GPUs of an hour that belong to late starts, and their jobs: those of each run time reach from it down by how
        // far back they go.
        let (mut rate, mut jobs_rate, mut opened, mut closed) = (0.0, 0.0, 0, 0);
        let (reach, mut from) = (self.loss(0.5 * back_h, spot), 0);
        for class in 0..CLASSES {
            let hours = from..self.end_of(class, reach).max(from);
            from = hours.end;
            let loss = self.loss(0.5 * back_h.min(grid_h[class]), spot);
            let mut killed = Killed::default();
            let mut ahead = hours.start;
            while ahead < hours.end && closed < CLASSES && left > 0.0 {
                while opened < CLASSES && grid_h[opened] - back_h <= ahead as f64 {
                    rate += rates[opened];
                    jobs_rate += rates[opened] * offer.jobs_per_gpu()[opened];
                    opened += 1;
                }
                while closed < opened && grid_h[closed] <= ahead as f64 {
                    rate -= rates[closed];
                    jobs_rate -= rates[closed] * offer.jobs_per_gpu()[closed];
                    closed += 1;
                }
                if opened > closed {
                    // Until a run time comes into reach, or leaves it.
                    let opens = grid_h.get(opened).map_or(f64::INFINITY, |h| h - back_h);
                    let until = opens.min(grid_h[closed]).ceil() as usize;
                    let same = ahead..until.clamp(ahead + 1, hours.end);
                    ahead = same.end;
                    if rate > 0.0 {
                        let (gpus, left_gpu_h) = self.ring.take(same, rate, &mut left);
                        killed.gpus += gpus;
                        killed.left_gpu_h += left_gpu_h;
                        killed.jobs += gpus * (jobs_rate / rate).max(0.0);
                    }
                } else if opened < CLASSES {
                    // Nothing of late ends before the next run time comes into reach.
                    ahead = (grid_h[opened] - back_h).ceil() as usize;
                }
            }
            self.take_back(killed, loss);
            if left <= 0.0 {
                break;
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
        let share = (gpus / self.ring.running).clamp(0.0, 1.0);
        // In the long run running work is as old as what it still has to do is long.
        let age_h = self.left_gpu_h / self.ring.running;
        let loss = self.loss(age_h, spot);
        let mut from = 0;
        for class in 0..CLASSES {
            let hours = from..self.end_of(class, loss).max(from);
            from = hours.end;
            let (gpus, left_gpu_h) = self.ring.take_share(hours, share);
            let jobs = gpus * self.offer.jobs_per_running_gpu();
            let killed = Killed {
                gpus,
                left_gpu_h,
                jobs,
            };
            self.take_back(killed, loss);
        }
    }

    /// Where the hours of the ring end that reach up to a run time of the grid, what is killed of them having so much to
    /// do again: between two run times, so GPUs and work stay when it is put on the grid.
    fn end_of(&self, class: usize, loss: Loss) -> usize {
        let most = self.ring.hours().end;
        if class + 1 == CLASSES {
            return most;
        }
        let hours = self.offer.grid_h()[class] - loss.lost_h - loss.restart_h;
        (hours.max(0.0) as usize + 1).min(most)
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
        let mut rate = self.ring.recent;
        for (hours, share) in self.offer.grid_h().iter().zip(self.offer.mix()) {
            let more = rate * (hours - from_h);
            if found + more >= gpus {
                return from_h + (gpus - found) / rate;
            }
            found += more;
            rate -= self.ring.recent * share;
            from_h = *hours;
        }
        from_h
    }

    fn loss(&self, age_h: f64, spot: f64) -> Loss {
        let interval_h = self.terms.checkpoint_h;
        let even_h = if interval_h > 0.0 {
            age_h.min(0.5 * interval_h)
        } else {
            age_h
        };
        Loss {
            lost_h: even_h * self.surface.lost,
            restart_h: self.terms.restart_h,
            spot,
        }
    }

    /// Puts killed GPUs and what they had left to do into the queue again.
    fn take_back(&mut self, killed: Killed, loss: Loss) {
        let Killed {
            gpus,
            left_gpu_h,
            jobs,
        } = killed;
        if gpus <= 0.0 {
            return;
        }
        let (_, drawn) = self.shares();
        let hours = left_gpu_h / gpus;
        // Nothing has more to do than the longest job at its start.
        let room_h = (self.offer.grid_h()[CLASSES - 1] - hours).max(0.0);
        let lost_h = loss.lost_h.min(room_h);
        let restart_h = loss.restart_h.min(room_h - lost_h);
        self.left_gpu_h -= left_gpu_h;
        self.left_spot_gpu_h -= loss.spot * left_gpu_h;
        self.left_drawn_gpu_h -= drawn * left_gpu_h;
        let again = (gpus, hours + lost_h + restart_h);
        self.returning
            .add(self.offer.grid_h(), again, (loss.spot, drawn), jobs);
        self.waiting += jobs;
        self.totals.lost_gpu_h += gpus * lost_h;
        self.totals.overhead_gpu_h += gpus * restart_h;
    }
}
