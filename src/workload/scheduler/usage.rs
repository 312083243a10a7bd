//! What a pool did: exact integrals and counts, and the hooks through which a caller sees single jobs.

use crate::time::{SimTime, Span};
use crate::workload::job::{Job, JobClass};

/// Ticks of the work clock in a second at full speed; a speed is a number of ticks per second.
pub const TICKS_PER_S: i64 = 1_000;

/// Why a job left the queue without having run to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Withdrawal {
    /// It needs more GPUs than the pool will ever have.
    TooLarge,
    /// The queue was full when it came.
    QueueFull,
    /// It waited longer than its owner was willing to.
    Patience,
    /// It must stay in another country than the pool's.
    Residency,
    /// It alone needs more GPUs than its tenant may have at once.
    OverQuota,
    /// It ran as long as its owner had said and was not done: killed at its limit.
    TimeLimit,
}

impl Withdrawal {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::QueueFull => "queue_full",
            Self::Patience => "patience",
            Self::Residency => "residency",
            Self::OverQuota => "over_quota",
            Self::TimeLimit => "time_limit",
        }
    }
}

/// A job that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// The job.
    pub job: Job,
    /// When it started for the last time.
    pub start: SimTime,
    /// When it released its GPUs.
    pub end: SimTime,
    /// All the time it waited, after kills included.
    pub waited: Span,
    /// How often it was killed.
    pub restarts: u32,
}

/// Sees what happens to single jobs. Every method does nothing unless overridden.
pub trait Observer {
    /// A job began to run; `waited` is the time it waited just now, `restarts` how often it was killed before.
    fn started(&mut self, _now: SimTime, _job: &Job, _waited: Span, _restarts: u32) {}
    /// A job ran to its end.
    fn finished(&mut self, _finished: &Finished) {}
    /// A job was killed and waits again; `lost_gpu_s` is work done since its last checkpoint.
    fn killed(&mut self, _now: SimTime, _job: &Job, _lost_gpu_s: f64) {}
    /// A job left without having run to its end.
    fn withdrawn(&mut self, _now: SimTime, _job: &Job, _reason: Withdrawal) {}
}

impl Observer for () {}

/// Integrals and counts over some interval. The integrals are wide, because the largest pool over the longest
/// trace does not fit 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// GPU-seconds that the pool had.
    pub capacity_gpu_s: i128,
    /// GPU-seconds free while the head of the queue, which needed no more GPUs, could not stand on their nodes.
    pub fragmented_gpu_s: i128,
    /// GPU-seconds held by gangs, by [`JobClass::index`].
    pub busy_gpu_s: [i128; 3],
    /// Ticks of the work clock while gangs held GPUs (a GPU-second at full speed is [`TICKS_PER_S`]): work, also work
    /// that is lost later, and restarts and checkpoints.
    pub work_gpu_ticks: i128,
    /// Of these, restarts and checkpoints of gangs that ended or were killed, in GPU-ticks.
    pub overhead_gpu_ticks: i128,
    /// Work lost at kills, in GPU-ticks.
    pub lost_gpu_ticks: i128,
    /// Seconds that starting jobs had waited.
    pub wait_s: i64,
    /// Jobs submitted.
    pub submitted: u64,
    /// Jobs that started for the first time.
    pub started: u64,
    /// Jobs that started again after a kill.
    pub restarted: u64,
    /// Jobs that ran to their end.
    pub finished: u64,
    /// Kills; the killed wait again.
    pub killed: u64,
    /// Jobs that needed more GPUs than the pool will ever have.
    pub too_large: u64,
    /// Jobs that met a full queue.
    pub queue_full: u64,
    /// Jobs whose patience ended.
    pub impatient: u64,
    /// Jobs that must stay in another country.
    pub abroad: u64,
    /// Jobs larger than their tenant's quota.
    pub over_quota: u64,
    /// Jobs killed at the run time that their owners had stated.
    pub time_limit: u64,
    /// Times that a reserved gang had others killed in order to start.
    pub preempting: u64,
    /// Jobs with a deadline that have ended or left.
    pub deadlines: u64,
    /// Of these, those that ended after it or never.
    pub deadlines_missed: u64,
    /// GPU-seconds held times the share of dynamic power that the gangs draw, in thousandths.
    pub powered_gpu_ms: i128,
}

impl Usage {
    /// GPU-seconds held by gangs of all classes.
    pub fn busy_total_gpu_s(&self) -> i128 {
        self.busy_gpu_s.iter().sum()
    }
    /// GPU-seconds held by gangs of one class.
    pub fn busy_of(&self, class: JobClass) -> i128 {
        self.busy_gpu_s[class.index()]
    }
    /// Restarts and checkpoints of gangs that ended or were killed, in GPU-seconds at full speed.
    pub fn overhead_gpu_s(&self) -> f64 {
        self.overhead_gpu_ticks as f64 / TICKS_PER_S as f64
    }
    /// GPU-seconds at full speed while gangs held GPUs: work, lost work, restarts and checkpoints.
    pub fn work_gpu_s(&self) -> f64 {
        self.work_gpu_ticks as f64 / TICKS_PER_S as f64
    }
    /// Work lost at kills, in GPU-seconds at full speed.
    pub fn lost_gpu_s(&self) -> f64 {
        self.lost_gpu_ticks as f64 / TICKS_PER_S as f64
    }
    /// The mean share of dynamic power of GPUs that gangs hold; 1 where none do.
    pub fn power_share(&self) -> f64 {
        match self.busy_total_gpu_s() {
            0 => 1.0,
            busy => self.powered_gpu_ms as f64 / (busy as f64 * 1e3),
        }
    }
    /// Jobs that left without having run to their end, for any reason.
    pub fn withdrawn(&self) -> u64 {
        self.too_large + self.queue_full + self.impatient + self.abroad + self.over_quota + self.time_limit
    }
    /// The wait per first start, in seconds; waits after kills are part of it. Zero without starts.
    pub fn mean_wait_s(&self) -> f64 {
        if self.started == 0 {
            0.0
        } else {
            self.wait_s as f64 / self.started as f64
        }
    }
    pub(super) fn count(&mut self, reason: Withdrawal) {
        match reason {
            Withdrawal::TooLarge => self.too_large += 1,
            Withdrawal::QueueFull => self.queue_full += 1,
            Withdrawal::Patience => self.impatient += 1,
            Withdrawal::Residency => self.abroad += 1,
            Withdrawal::OverQuota => self.over_quota += 1,
            Withdrawal::TimeLimit => self.time_limit += 1,
        }
    }
    /// Adds another interval.
    pub fn add(&mut self, other: &Self) {
        self.capacity_gpu_s += other.capacity_gpu_s;
        self.fragmented_gpu_s += other.fragmented_gpu_s;
        for (mine, theirs) in self.busy_gpu_s.iter_mut().zip(other.busy_gpu_s) {
            *mine += theirs;
        }
        self.work_gpu_ticks += other.work_gpu_ticks;
        self.overhead_gpu_ticks += other.overhead_gpu_ticks;
        self.lost_gpu_ticks += other.lost_gpu_ticks;
        self.wait_s += other.wait_s;
        self.submitted += other.submitted;
        self.started += other.started;
        self.restarted += other.restarted;
        self.finished += other.finished;
        self.killed += other.killed;
        self.too_large += other.too_large;
        self.queue_full += other.queue_full;
        self.impatient += other.impatient;
        self.abroad += other.abroad;
        self.over_quota += other.over_quota;
        self.time_limit += other.time_limit;
        self.preempting += other.preempting;
        self.deadlines += other.deadlines;
        self.deadlines_missed += other.deadlines_missed;
        self.powered_gpu_ms += other.powered_gpu_ms;
    }
}
