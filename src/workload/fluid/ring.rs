//! Running GPUs by the reading of the work clock at which they are released.

use std::ops::Range;

use super::bin::Item;

/// Over which starts are remembered, hours.
pub(super) const WEEK_H: f64 = 168.0;

/// Running GPUs. Releases of an hour of the work clock are even over it.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    /// Reading of the work clock: whole hours, and what is beyond.
    slot: usize,
    within: f64,
    /// GPUs released in each hour of the work clock; as long as the longest job.
    releases: Vec<f64>,
    /// GPUs at work.
    pub(super) running: f64,
    /// Of them, those of short jobs that ran over into the next hour.
    over: f64,
    /// GPUs of longer jobs an hour that started of late.
    pub(super) recent: f64,
}

/// Where on the work clock goes what started evenly over the step that has just ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begin {
    /// What is added to a run time, to be counted in hours of the clock from the middle of the present one.
    offset: f64,
    /// Mean hours to what is released in the rest of the present hour, and between it and the next.
    now_h: f64,
    next_h: f64,
}

/// Mean work left to what is released in the hour of the work clock that lies so many ahead of its present one.
#[inline]
fn hours_to(within: f64, ahead: usize) -> f64 {
    if ahead == 0 {
        0.5 * (1.0 - within)
    } else {
        ahead as f64 + 0.5 - within
    }
}

impl Ring {
    pub(super) fn new(longest_h: f64) -> Self {
        let longest = longest_h.ceil() as usize;
        Self {
            slot: 0,
            within: 0.0,
            releases: vec![0.0; (longest + 4).next_power_of_two()],
            running: 0.0,
            over: 0.0,
            recent: 0.0,
        }
    }
    fn mask(&self) -> usize {
        self.releases.len() - 1
    }
    /// Hours ahead in which something can be released.
    pub(super) fn hours(&self) -> std::ops::Range<usize> {
        0..self.releases.len()
    }
    /// GPUs released in the hour of the work clock that lies so many ahead.
    pub(super) fn ahead(&self, ahead: usize) -> f64 {
        self.releases[(self.slot + ahead) & self.mask()]
    }
    /// Mean work left to what is released in the hour of the work clock that lies so many ahead.
    #[inline]
    pub(super) fn hours_to(&self, ahead: usize) -> f64 {
        hours_to(self.within, ahead)
    }
    /// Work that runs and is not done, GPU-hours.
    pub(super) fn in_progress_gpu_h(&self) -> f64 {
        self.hours()
            .map(|ahead| self.ahead(ahead) * self.hours_to(ahead))
            .sum()
    }
    /// Where what started evenly over the last step goes, now that it has been released.
    #[inline]
    pub(super) fn begin(&self, work_h: f64) -> Begin {
        Begin {
            offset: self.within - 0.5 - 0.5 * work_h,
            now_h: self.hours_to(0) + 0.5 * work_h,
            next_h: self.hours_to(1) - self.hours_to(0),
        }
    }
    /// Counts GPUs of longer jobs as running that were started over a step.
    #[inline]
    pub(super) fn count(&mut self, long_gpus: f64, work_h: f64) {
        self.running += long_gpus;
        self.recent += (long_gpus - self.recent * work_h) * (1.0 / WEEK_H);
    }

    /// Lets the work clock run; gives the work of what was running, and GPUs of longer jobs that were released.
    #[inline]
    pub(super) fn release(&mut self, work_h: f64) -> (f64, f64) {
        let (mut left, mut done, mut released) = (work_h, 0.0, 0.0);
        let mask = self.mask();
        while left > 0.0 {
            let to_end = 1.0 - self.within;
            let ends = left >= to_end;
            let len = if ends { to_end } else { left };
            let slot = &mut self.releases[self.slot & mask];
            let out = if ends { *slot } else { *slot * (len / to_end) };
            *slot -= out;
            done += (self.running - 0.5 * out) * len;
            self.running = (self.running - out).max(0.0);
            released += out;
            left -= len;
            if ends {
                self.slot += 1;
                self.within = 0.0;
            } else {
                self.within += len;
            }
        }
        let over = self.over.min(released);
        self.over -= over;
        (done, released - over)
    }

    /// GPUs released over a whole hour from now on, and the work that what runs does in it.
    #[inline]
    pub(super) fn due(&self) -> (f64, f64) {
        let (rest, next) = (self.ahead(0), self.within * self.ahead(1));
        let first = (self.running - 0.5 * rest) * (1.0 - self.within);
        (
            rest + next,
            first + (self.running - rest - 0.5 * next) * self.within,
        )
    }
    /// Lets a whole hour pass, over which items start, of so many GPUs together, and short jobs that run over on so many;
    /// gives GPUs of longer jobs that were released.
    #[inline]
    pub(super) fn pass_hour(&mut self, items: &[Item], long_gpus: f64, over_gpus: f64) -> f64 {
        let (mask, within) = (self.mask(), self.within);
        let rest = std::mem::take(&mut self.releases[self.slot & mask]);
        self.slot += 1;
        let next = within * self.releases[self.slot & mask];
        self.releases[self.slot & mask] -= next;
        let due = rest + next;
        self.running = (self.running - due).max(0.0) + over_gpus;
        let over = self.over.min(due);
        self.over += over_gpus - over;
        // From the middle of what is left of the present hour of the clock to that of the next.
        let (half, each) = (0.5 * within, 1.0 / (1.0 - 0.5 * within));
        let slot = self.slot;
        let ring = self.releases.as_mut_slice();
        let later = over_gpus * half * each;
        ring[slot & mask] += over_gpus - later;
        ring[(slot + 1) & mask] += later;
        for item in items {
            // What starts evenly over an hour and runs for one is released evenly over the next.
            let place = item.hours - 1.0 + within;
            let hour = place as u32 as usize;
            let beyond = if hour > 0 {
                place - hour as f64
            } else {
                (place - half) * each
            };
            let later = item.gpus * beyond;
            ring[(slot + hour) & mask] += item.gpus - later;
            ring[(slot + hour + 1) & mask] += later;
        }
        self.count(long_gpus, 1.0);
        due - over
    }

    /// Puts a share of what starts on the clock.
    #[inline]
    pub(super) fn start(&mut self, items: &[Item], share: f64, at: Begin) {
        let mask = self.mask();
        let ring = self.releases.as_mut_slice();
        for item in items {
            let gpus = item.gpus * share;
            let place = at.offset + item.hours;
            let hour = place as u32 as usize;
            let (hour, beyond) = if hour >= 1 {
                (hour, place - hour as f64)
            } else {
                (0, (item.hours - at.now_h) / at.next_h)
            };
            let later = gpus * beyond;
            ring[(self.slot + hour) & mask] += gpus - later;
            ring[(self.slot + hour + 1) & mask] += later;
        }
    }

    /// Work of short jobs that runs over, on about so many GPUs; gives how many there are so that the work is exact.
    #[inline]
    pub(super) fn run_over(&mut self, work_gpu_h: f64, gpus: f64) -> f64 {
        if work_gpu_h <= 0.0 {
            return 0.0;
        }
        // Nothing is released sooner than half an hour from now on average, nor has much more than an hour to go.
        let hours = if 2.0 * work_gpu_h <= gpus {
            0.5
        } else {
            (work_gpu_h / gpus).min(1.5)
        };
        let gpus = work_gpu_h / hours;
        let first = usize::from(hours > self.hours_to(1));
        let (soon_h, late_h) = (self.hours_to(first), self.hours_to(first + 1));
        let later = gpus * (hours - soon_h) / (late_h - soon_h);
        let (slot, mask) = (self.slot + first, self.mask());
        self.releases[slot & mask] += gpus - later;
        self.releases[(slot + 1) & mask] += later;
        self.over += gpus;
        gpus
    }

    /// Takes up to so many GPUs out of what is released in each of some hours, until none of those `left` is wanted; gives
    /// GPUs and their work left.
    pub(super) fn take(&mut self, hours: Range<usize>, most: f64, left: &mut f64) -> (f64, f64) {
        let (slot, mask, within) = (self.slot, self.mask(), self.within);
        let ring = self.releases.as_mut_slice();
        let (mut gpus, mut work) = (0.0, 0.0);
        for ahead in hours {
            let slot = &mut ring[(slot + ahead) & mask];
            // Of the far hours most are empty.
            if *slot > 0.0 {
                let taken = slot.min(most).min(*left);
                *slot -= taken;
                *left -= taken;
                gpus += taken;
                work += taken * hours_to(within, ahead);
                if *left <= 0.0 {
                    break;
                }
            }
        }
        self.running -= gpus;
        (gpus, work)
    }
    /// Takes a share of what is released in some hours; gives GPUs and their work left.
    pub(super) fn take_share(&mut self, hours: Range<usize>, share: f64) -> (f64, f64) {
        let (from, len, mask) = ((self.slot + hours.start) & self.mask(), hours.len(), self.mask());
        let before_wrap = len.min(mask + 1 - from);
        let (mut gpus, mut work) = (0.0, 0.0);
        let (within, mut ahead) = (self.within, hours.start);
        for slots in [from..from + before_wrap, 0..len - before_wrap] {
            let wide = slots.len();
            for (next, slot) in self.releases[slots].iter_mut().enumerate() {
                if *slot > 0.0 {
                    let taken = share * *slot;
                    *slot -= taken;
                    gpus += taken;
                    work += taken * hours_to(within, ahead + next);
                }
            }
            ahead += wide;
        }
        self.running -= gpus;
        (gpus, work)
    }
}
