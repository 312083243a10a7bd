//! A training run on a reserved block: what failures and checkpoints leave of the GPU-hours that the tenant holds.
//!
//! Owns the run's gangs and their work clock. Does not own which GPUs fail, or what they cost. A run is one gang, or
//! several of equal size. It works for its checkpoint interval, writes a checkpoint, and works on; a failure of any GPU of
//! a gang takes it back to its last checkpoint, and after the restart time (which may be cut short by the next failure)
//! it works again on the GPUs that are up (data parallelism is elastic: assumption). With failures at mean distance `M` the
//! share of useful time is Daly's closed form; see `docs/METHOD-failures.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};

/// How a tenant trains on a reserved block; used where its load profile is `training`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// GPUs that work in step: one failure stops all of them. A block holds as many whole gangs; GPUs that are left over
    /// work alone. Default: the whole block.
    pub gang_gpus: Option<u32>,
    /// Work between two checkpoints, minutes. Default: Young's optimum `sqrt(2 delta M)`, with the cost of a checkpoint and
    /// the mean time between failures of the gang at the constant rates of the hall: 7.9 for 16,384 H100.
    pub checkpoint_minutes: Option<f64>,
    /// Writing one checkpoint while the GPUs wait, seconds. Default 10: Llama 3 saved up to 4 GB a GPU on 16,384 GPUs to
    /// storage of 2 TB/s, 7 at its peak: 9 to 33 s; 16 bytes for each of 405 billion parameters take 3 (computed).
    pub checkpoint_cost_seconds: f64,
    /// From a failure until work goes on, minutes. Default 5 (assumption; arXiv 2509.03047 restores training on 4,800
    /// devices in 2.5).
    pub restart_minutes: f64,
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            gang_gpus: None,
            checkpoint_minutes: None,
            checkpoint_cost_seconds: 10.0,
            restart_minutes: 5.0,
        }
    }
}

impl Check for TrainingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(gpus) = self.gang_gpus {
            problems.within(&at.key("gang_gpus"), f64::from(gpus), 1.0, 1e7);
        }
        if let Some(minutes) = self.checkpoint_minutes {
            problems.within(&at.key("checkpoint_minutes"), minutes, 0.1, 100_000.0);
        }
        problems.within(
            &at.key("checkpoint_cost_seconds"),
            self.checkpoint_cost_seconds,
            0.0,
            86_400.0,
        );
        problems.within(&at.key("restart_minutes"), self.restart_minutes, 0.0, 1_440.0);
    }
}

/// The most gangs of one block.
const GANGS_MAX: u32 = 100_000;

#[derive(Debug, Clone, Copy)]
struct Gang {
    /// Reading of the work clock when it last started, hours.
    started_h: f64,
    /// Whether that start was a restart.
    restarts: bool,
}

/// A run under way.
#[derive(Debug, Clone)]
pub struct Training {
    gpus: u32,
    gang_gpus: u32,
    interval_h: f64,
    checkpoint_h: f64,
    restart_h: f64,
    /// Hours worked at full speed since the run began.
    clock_h: f64,
    gangs: Vec<Gang>,
    /// Gangs taken back by a failure.
    hits: u64,
    lost_gpu_h: f64,
    overhead_gpu_h: f64,
}

impl Training {
    /// A run on so many GPUs, each of which fails (with what it depends on) so often a day.
    pub fn new(spec: &TrainingSpec, gpus: u32, failures_per_gpu_day: f64) -> Self {
        let gpus = gpus.max(1);
        let gang_gpus = spec
            .gang_gpus
            .unwrap_or(gpus)
            .clamp(gpus.div_ceil(GANGS_MAX), gpus);
        let checkpoint_h = spec.checkpoint_cost_seconds / 3_600.0;
        let mean_h = 24.0 / (failures_per_gpu_day * f64::from(gang_gpus)).max(1e-12);
        // Where nothing fails or a checkpoint costs nothing the optimum has no meaning: once an hour then.
        let young_h = (2.0 * checkpoint_h * mean_h).sqrt();
        let young_h = if failures_per_gpu_day > 0.0 && young_h > 0.0 {
            young_h
        } else {
            1.0
        };
        let gangs = gpus / gang_gpus;
        Self {
            gpus,
            gang_gpus,
            interval_h: spec.checkpoint_minutes.map_or(young_h, |m| m / 60.0),
            checkpoint_h,
            restart_h: spec.restart_minutes / 60.0,
            clock_h: 0.0,
            gangs: vec![
                Gang {
                    started_h: 0.0,
                    restarts: false,
                };
                gangs as usize
            ],
            hits: 0,
            lost_gpu_h: 0.0,
            overhead_gpu_h: 0.0,
        }
    }
    /// Work between two checkpoints, hours.
    pub fn interval_h(&self) -> f64 {
        self.interval_h
    }
    /// Gangs taken back by failures so far.
    pub fn hits(&self) -> u64 {
        self.hits
    }
    /// Lets the run work for so many hours at full speed.
    pub fn work(&mut self, hours: f64) {
        self.clock_h += hours;
    }

    /// Since its last start a gang has worked unsaved and has lost time to restart and checkpoints, hours.
    fn since_start(&self, gang: Gang) -> (f64, f64) {
        let ran_h = self.clock_h - gang.started_h;
        let restarting_h = if gang.restarts {
            ran_h.min(self.restart_h)
        } else {
            0.0
        };
        let rest_h = ran_h - restarting_h;
        let cycle_h = self.interval_h + self.checkpoint_h;
        let whole = (rest_h / cycle_h).floor();
        let unsaved_h = (rest_h - whole * cycle_h).min(self.interval_h);
        (unsaved_h, ran_h - whole * self.interval_h - unsaved_h)
    }

    /// GPUs that fail together hit the gangs that stand on them. `draw`, uniform in `[0, 1)`, chooses them among those of
    /// the run; `active` is the share of them that is at work.
    pub fn fail(&mut self, gpus: u32, draw: f64, active: f64) {
        if gpus == 0 {
            return;
        }
        let gangs = self.gangs.len();
        let more = (gpus - 1) / self.gang_gpus;
        let first = (draw * f64::from(self.gpus) / f64::from(self.gang_gpus)) as usize;
        if first >= gangs {
            // A GPU that no gang has.
            return;
        }
        for offset in 0..=(more as usize).min(gangs - 1) {
            let index = (first + offset) % gangs;
            let (unsaved_h, overhead_h) = self.since_start(self.gangs[index]);
            let held = f64::from(self.gang_gpus) * active;
            self.lost_gpu_h += unsaved_h * held;
            self.overhead_gpu_h += overhead_h * held;
            self.hits += 1;
            self.gangs[index] = Gang {
                started_h: self.clock_h,
                restarts: true,
            };
        }
    }

    /// GPU-hours that did not become work that counts: lost at failures, and spent on restarts and checkpoints up to now.
    pub fn wasted_gpu_h(&self, active: f64) -> f64 {
        let held = f64::from(self.gang_gpus) * active;
        let running: f64 = self.gangs.iter().map(|gang| self.since_start(*gang).1).sum();
        self.lost_gpu_h + self.overhead_gpu_h + running * held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;
    use rand::RngExt;

    /// 4.74e-4 failures a GPU and day.
    const PER_GPU_DAY: f64 = 419.0 / (54.0 * 16_384.0);

    #[test]
    fn gpus_that_no_whole_gang_has_neither_checkpoint_nor_strike() {
        let run = |gang: u32| {
            let spec = TrainingSpec {
                gang_gpus: Some(gang),
                ..TrainingSpec::default()
            };
            Training::new(&spec, 5_000, 0.0)
        };
        // 10 s in each hour of 4,999 GPUs, whether the block has one more or not.
        let (mut whole, mut one_less) = (run(5_000), run(4_999));
        for run in [&mut whole, &mut one_less] {
            run.work(3_610.0 / 3_600.0 * 100.0);
        }
        let ratio = one_less.wasted_gpu_h(1.0) / whole.wasted_gpu_h(1.0);
        assert!((ratio - 4_999.0 / 5_000.0).abs() < 1e-12, "{ratio}");
        // The last fiftieth of a percent of the draws is the GPU left over.
        one_less.fail(1, 0.9999, 1.0);
        assert_eq!(one_less.hits(), 0);
        one_less.fail(1, 0.9997, 1.0);
        assert_eq!(one_less.hits(), 1);
    }

    #[test]
    fn youngs_interval_of_the_published_run_is_eight_minutes() {
        let run = Training::new(&TrainingSpec::default(), 16_384, PER_GPU_DAY);
        // M = 3.09 h: sqrt(2 x 10 s x 11,135 s) = 472 s.
        assert!(
            (run.interval_h() * 3_600.0 - 471.8).abs() < 0.5,
            "{}",
            run.interval_h()
        );
        let calm = Training::new(&TrainingSpec::default(), 8, 0.0);
        assert_eq!(calm.interval_h(), 1.0);
    }

    #[test]
    fn the_published_run_keeps_what_the_closed_form_says() {
        let mut rng = Streams::new(2, 0).stream("training");
        let mut run = Training::new(&TrainingSpec::default(), 16_384, PER_GPU_DAY);
        let m = 54.0 * 24.0 / 419.0;
        for _ in 0..100_000 {
            run.work(-(1.0 - rng.random::<f64>()).ln() * m);
            run.fail(8, rng.random(), 1.0);
        }
        let share = 1.0 - run.wasted_gpu_h(1.0) / (run.clock_h * 16_384.0);
        let (tau, delta, restart) = (run.interval_h, 10.0 / 3_600.0, 5.0 / 60.0);
        let expected = tau / (m * (restart / m).exp() * ((tau + delta) / m).exp_m1());
        // 100,000 failures: the share's standard error is some 1e-4.
        assert!((share - expected).abs() < 5e-4, "{share} against {expected}");
        assert!(expected > 0.93, "{expected}");
    }

    #[test]
    fn one_failure_costs_the_gang_that_it_hits_and_no_other() {
        let spec = TrainingSpec {
            gang_gpus: Some(64),
            checkpoint_minutes: Some(60.0),
            checkpoint_cost_seconds: 360.0,
            restart_minutes: 30.0,
        };
        let mut run = Training::new(&spec, 256, PER_GPU_DAY);
        // 1 h of work, 0.1 h of checkpoint, 0.4 h of work, then the second gang is hit.
        run.work(1.5);
        run.fail(8, 0.3, 0.5);
        assert!((run.wasted_gpu_h(0.5) - 32.0 * (0.4 + 0.1 + 3.0 * 0.1)).abs() < 1e-9);
        // A failure in its restart wastes the part of it that had passed.
        run.work(0.2);
        run.fail(8, 0.3, 0.5);
        let wasted = run.wasted_gpu_h(0.5) - 32.0 * 3.0 * 0.1;
        assert!((wasted - 32.0 * (0.5 + 0.2)).abs() < 1e-9, "{wasted}");
        // Half of the block at once hits two gangs.
        let before = run.hits();
        run.fail(128, 0.9, 0.5);
        assert_eq!(run.hits() - before, 2);
    }

    #[test]
    fn a_spec_is_checked_whole() {
        let bad = TrainingSpec {
            gang_gpus: Some(0),
            checkpoint_minutes: Some(0.0),
            checkpoint_cost_seconds: -1.0,
            restart_minutes: f64::NAN,
        };
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 4);
    }
}
