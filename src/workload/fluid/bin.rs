//! Sums of what an hour brings, or of what waits of it, and the grid of run times.

/// Run times of the grid.
pub(super) const CLASSES: usize = 48;
/// Jobs below this many hours are GPU-hours without a run time of their own.
pub(super) const SHORT_H: f64 = 1.0;

const HEAD: usize = 8;
const JOBS: usize = 0;
const TOO_LARGE: usize = 1;
const WORK: usize = 2;
const SPOT: usize = 3;
const SHORT: usize = 4;
const SHORT_SQUARED: usize = 5;
const LONG: usize = 6;
const DRAWN: usize = 7;

/// GPUs that start together and run equally long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) hours: f64,
    pub(super) gpus: f64,
}

impl Item {
    /// Becomes the mean of both, with the GPUs and the work of both; says so.
    pub(super) fn take_in(&mut self, other: &Self) -> bool {
        let gpus = self.gpus + other.gpus;
        self.hours += (other.hours - self.hours) * (other.gpus / gpus);
        self.gpus = gpus;
        true
    }
    /// Its GPUs on the grid, split between the two neighbours so that GPUs and work stay.
    pub(super) fn onto(&self, gpus: &mut [f64; CLASSES], grid_h: &[f64; CLASSES]) {
        let class = grid_h.partition_point(|h| *h <= self.hours).clamp(1, CLASSES - 1) - 1;
        // A little above one where a job that has just started is killed.
        let beyond = (self.hours - grid_h[class]) / (grid_h[class + 1] - grid_h[class]);
        gpus[class] += self.gpus * (1.0 - beyond);
        gpus[class + 1] += self.gpus * beyond;
    }
}

/// What an hour brings, or what waits of it. All numbers are extensive, so bins add and scale as one array.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bin([f64; HEAD]);

impl Bin {
    pub(super) const EMPTY: Self = Self([0.0; HEAD]);

    /// Jobs.
    #[inline]
    pub(super) fn jobs(&self) -> f64 {
        self.0[JOBS]
    }
    /// Jobs that the pool turns away: no size of it could hold them, or they must stay elsewhere. They are not among
    /// the others.
    #[inline]
    pub(super) fn too_large(&self) -> f64 {
        self.0[TOO_LARGE]
    }
    /// All work, GPU-hours.
    #[inline]
    pub(super) fn work_gpu_h(&self) -> f64 {
        self.0[WORK]
    }
    /// Work sold as spot, GPU-hours.
    #[inline]
    pub(super) fn spot_gpu_h(&self) -> f64 {
        self.0[SPOT]
    }
    /// Work times the share of dynamic power that its GPUs draw, GPU-hours.
    #[inline]
    pub(super) fn drawn_gpu_h(&self) -> f64 {
        self.0[DRAWN]
    }
    /// Work of jobs below an hour, GPU-hours.
    #[inline]
    pub(super) fn short_gpu_h(&self) -> f64 {
        self.0[SHORT]
    }
    /// GPUs of longer jobs.
    #[inline]
    pub(super) fn long_gpus(&self) -> f64 {
        self.0[LONG]
    }
    /// GPUs that its short jobs hold while they run one after the other through so many hours, which are no more than
    /// if all of them ran at once.
    #[inline]
    pub(super) fn short_held(&self, work_h: f64) -> f64 {
        let [work, squared] = [self.0[SHORT], self.0[SHORT_SQUARED]];
        if squared <= work * work_h {
            work / work_h
        } else {
            work * work / squared
        }
    }
    /// Work of short jobs that is not done at the end of so many hours over which they start evenly.
    #[inline]
    pub(super) fn short_left_gpu_h(&self, work_h: f64) -> f64 {
        let [work, squared] = [self.0[SHORT], self.0[SHORT_SQUARED]];
        if squared <= work * work_h {
            0.5 * squared / work_h
        } else {
            // Longer than the step, taken as equally long.
            work - 0.5 * work * work * work_h / squared
        }
    }
    /// The same after one hour, which none of them outlasts.
    #[inline]
    pub(super) fn short_left_after_an_hour_gpu_h(&self) -> f64 {
        0.5 * self.0[SHORT_SQUARED]
    }
    /// Adds a share of another.
    #[inline]
    pub(super) fn add(&mut self, other: &Self, share: f64) {
        for number in 0..HEAD {
            self.0[number] += share * other.0[number];
        }
    }
    /// Adds a share of another, of which so much more is sold as spot as is not yet.
    #[inline]
    pub(super) fn add_as_spot(&mut self, other: &Self, share: f64, spot: f64) {
        self.add(other, share);
        self.0[SPOT] += share * spot * (other.0[WORK] - other.0[SPOT]);
    }
    /// Sets the work sold as spot, GPU-hours.
    #[inline]
    pub(super) fn set_spot(&mut self, gpu_h: f64) {
        self.0[SPOT] = gpu_h;
    }
    /// Leaves a share of everything.
    #[inline]
    pub(super) fn scale(&mut self, share: f64) {
        for number in &mut self.0 {
            *number *= share;
        }
    }
    /// A share of it.
    #[inline]
    pub(super) fn scaled(mut self, share: f64) -> Self {
        self.scale(share);
        self
    }
    /// Adds GPUs that are held for so many hours; how many jobs that is, is counted apart.
    pub(super) fn add_gpus(&mut self, (gpus, hours): (f64, f64), (spot, drawn): (f64, f64)) {
        let work_gpu_h = gpus * hours;
        self.0[WORK] += work_gpu_h;
        self.0[SPOT] += spot * work_gpu_h;
        self.0[DRAWN] += drawn * work_gpu_h;
        if hours < SHORT_H {
            self.0[SHORT] += work_gpu_h;
            self.0[SHORT_SQUARED] += work_gpu_h * hours;
        } else {
            self.0[LONG] += gpus;
        }
    }
    /// Adds jobs.
    pub(super) fn add_jobs(&mut self, jobs: f64) {
        self.0[JOBS] += jobs;
    }
    /// Adds jobs that are turned away.
    pub(super) fn add_too_large(&mut self, jobs: f64) {
        self.0[TOO_LARGE] += jobs;
    }
}

/// Run times in equal ratios up to the longest.
pub(super) fn grid(longest_h: f64) -> [f64; CLASSES] {
    // A day beyond it leaves room for what kills add.
    let ratio = ((longest_h + 24.0) / SHORT_H).powf(1.0 / (CLASSES - 1) as f64);
    std::array::from_fn(|class| SHORT_H * ratio.powi(class as i32))
}
