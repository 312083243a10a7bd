//! What a gang holds its GPUs for besides its work: checkpoints and restarts; what a kill leaves of its work; and
//! whom a failed node kills.
//!
//! A gang that was killed before begins with a restart, in which no work is done. Then it works for its checkpoint
//! interval, writes a checkpoint, works again. A checkpoint counts once it is written; none is written at the end.
//! All three run on the work clock. With failures at mean distance `M` the share of work in the time held is then
//! `tau / (M e^(R/M) (e^((tau + delta)/M) - 1))` (Daly 2006, equation 20): `tau` work between checkpoints, `delta`
//! their cost, `R` a restart, which may fail too.

use super::Pool;
use crate::time::Span;
use crate::workload::job::{Job, SECONDS_MAX};
use crate::workload::scheduler::queue::Waiting;
use crate::workload::scheduler::usage::{Observer, TICKS_PER_S};

/// The time that checkpoints and restarts take while a gang holds its GPUs, on the work clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overheads {
    /// Writing one checkpoint, for jobs that have an interval between them.
    pub checkpoint: Span,
    /// From the start after a kill until work goes on.
    pub restart: Span,
}

impl Overheads {
    fn checkpoint_s(&self, job: &Job) -> i64 {
        if job.checkpoint_s > 0 {
            self.checkpoint.as_seconds()
        } else {
            0
        }
    }
    fn restart_s(&self, restarts: u32) -> i64 {
        if restarts > 0 {
            self.restart.as_seconds()
        } else {
            0
        }
    }
    /// How long a gang will hold its GPUs at full speed, if nothing stops it, in seconds.
    pub(super) fn hold_s(&self, job: &Job, saved_s: i32, restarts: u32) -> i32 {
        let left = job.duration_s - i64::from(saved_s);
        let written = match i64::from(job.checkpoint_s) {
            0 => 0,
            interval => (left - 1).max(0) / interval * self.checkpoint_s(job),
        };
        (left + written + self.restart_s(restarts)).min(SECONDS_MAX) as i32
    }
}

/// What a gang did since it started, in ticks of the work clock; the three add up to the time it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Work that a checkpoint holds.
    pub(super) saved: i64,
    /// Work since then; without checkpoints all of it.
    pub(super) unsaved: i64,
    /// Restart and checkpoints, finished or not.
    pub(super) overhead: i64,
}

impl Progress {
    /// So many ticks after the start.
    pub(super) fn after(ticks: i64, waiting: &Waiting, overheads: &Overheads) -> Self {
        let job = &waiting.job;
        let restarting = ticks.min(overheads.restart_s(waiting.restarts) * TICKS_PER_S);
        let rest = ticks - restarting;
        let interval = i64::from(job.checkpoint_s) * TICKS_PER_S;
        if interval == 0 {
            return Self {
                saved: 0,
                unsaved: rest,
                overhead: restarting,
            };
        }
        let cycle = interval + overheads.checkpoint_s(job) * TICKS_PER_S;
        let whole = rest / cycle;
        let unsaved = (rest - whole * cycle).min(interval);
        let saved = whole * interval;
        Self {
            saved,
            unsaved,
            overhead: ticks - saved - unsaved,
        }
    }
}

impl Pool {
    /// Ticks that running gangs have spent on restarts and checkpoints so far and that [`super::Usage`] counts only
    /// when they end, times their GPUs.
    pub(in crate::workload::scheduler) fn running_overhead_gpu_ticks(&self) -> i128 {
        let of = |run: &super::Run| {
            let done = Progress::after(self.work - run.started_at, &run.waiting, &self.settings.overheads);
            i128::from(done.overhead) * i128::from(run.waiting.job.gpus)
        };
        self.runs.iter().flatten().map(of).sum()
    }

    /// Kills the gangs on `gpus` GPUs that fail together, and says how many those were. `draw`, uniform in `[0, 1)`,
    /// chooses the GPUs among all that the pool has.
    ///
    /// A gang of at least so many GPUs is hit in proportion to its GPUs, and then alone: for gangs of whole nodes that
    /// is exact. Smaller gangs stand packed, `gpus` to a node, and the whole node is hit. Then come the idle GPUs.
    /// With a layout the gangs are those on the node that holds the GPU drawn, and on the next ones up to `gpus` GPUs.
    pub(in crate::workload::scheduler) fn fail<O: Observer>(
        &mut self,
        gpus: u32,
        draw: f64,
        observer: &mut O,
    ) -> u32 {
        let gpus = gpus.min(self.capacity);
        if gpus == 0 {
            return 0;
        }
        let hit = match &self.nodes {
            Some(nodes) => nodes.gangs_at((draw * f64::from(self.capacity)) as u32, gpus),
            None => self.hit(gpus, draw),
        };
        if hit.is_empty() {
            return 0;
        }
        self.forget_promises();
        let returning: Vec<Waiting> = hit.iter().map(|slot| self.kill(*slot, observer)).collect();
        self.merge(returning);
        hit.len() as u32
    }

    fn hit(&self, gpus: u32, draw: f64) -> Vec<u32> {
        let at = (draw * f64::from(self.capacity)) as u32;
        let running = || {
            let runs = self.runs.iter().enumerate();
            runs.filter_map(|(slot, run)| run.map(|run| (slot as u32, run.waiting.job.gpus)))
        };
        let mut passed = 0;
        for (slot, held) in running().filter(|(_, held)| *held >= gpus) {
            passed += held;
            if at < passed {
                return vec![slot];
            }
        }
        let from = (at - passed) / gpus * gpus;
        let mut begins = 0;
        let mut hit = Vec::new();
        for (slot, held) in running().filter(|(_, held)| *held < gpus) {
            if begins < from + gpus && begins + held > from {
                hit.push(slot);
            }
            begins += held;
        }
        hit
    }
}
