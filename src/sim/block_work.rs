//! Work of a reserved block's tenant: GPU-hours at work, and what failures and checkpoints of a training run waste of them.

use crate::workload::training::{Training, TrainingSpec};

/// What a tenant worked on a block so far.
#[derive(Debug, Default)]
pub struct BlockWork {
    training: Option<Training>,
    gpus: u32,
    busy_gpu_h: f64,
    hours: f64,
}

impl BlockWork {
    /// The tenant trains; the first call counts.
    pub fn plan(&mut self, spec: &TrainingSpec, gpus: u32, failures_per_gpu_day: f64) {
        self.gpus = gpus;
        self.training
            .get_or_insert_with(|| Training::new(spec, gpus, failures_per_gpu_day));
    }
    /// Adds GPU-hours at work, and hours at full speed.
    pub fn add(&mut self, busy_gpu_h: f64, hours: f64) {
        self.busy_gpu_h += busy_gpu_h;
        if let Some(training) = &mut self.training {
            self.hours += hours;
            training.work(hours);
        }
    }
    /// GPUs of the block fail together while this share of it is at work.
    pub fn fail(&mut self, gpus: u32, draw: f64, active: f64) {
        if let Some(training) = &mut self.training {
            training.fail(gpus, draw, active);
        }
    }
    /// GPU-hours at work.
    pub fn busy_gpu_h(&self) -> f64 {
        self.busy_gpu_h
    }
    /// Of these, not lost at failures and not spent on restarts and checkpoints.
    pub fn useful_gpu_h(&self) -> f64 {
        let Some(training) = &self.training else {
            return self.busy_gpu_h;
        };
        let whole = self.hours * f64::from(self.gpus);
        let active = if whole > 0.0 { self.busy_gpu_h / whole } else { 0.0 };
        // Shares of the hour of a failure stand for those of the work that it takes: never more than there was.
        (self.busy_gpu_h - training.wasted_gpu_h(active)).max(0.0)
    }
    /// Whether the tenant trains.
    pub fn trains(&self) -> bool {
        self.training.is_some()
    }
}
