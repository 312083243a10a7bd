//! A batch job, and a trace of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, NONE};

/// The longest duration, submission time and checkpoint interval that a trace may hold, in seconds: 68 years.
pub const SECONDS_MAX: i64 = i32::MAX as i64 - 1;
/// The largest gang, in GPUs.
pub const GPUS_MAX: u32 = 1 << 24;
/// [`Job::power_per_mille`] of a job that draws all of its GPUs' dynamic power.
pub const FULL_POWER: u16 = 1_000;

/// What the customer was promised; the order is that in which load is kept when a pool shrinks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JobClass {
    /// Belongs to a reservation with a service-level promise; shed last.
    Reserved,
    /// Sold by the hour.
    #[default]
    OnDemand,
    /// May be killed at any time; shed first.
    Spot,
}

impl JobClass {
    /// All, in the order of [`JobClass::index`].
    pub const ALL: [Self; 3] = [Self::Reserved, Self::OnDemand, Self::Spot];
    /// A dense index.
    pub const fn index(self) -> usize {
        self as usize
    }
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::OnDemand => "on_demand",
            Self::Spot => "spot",
        }
    }
    /// From the word used in files.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// One gang: all of its GPUs at once, or nothing. 48 bytes, because traces hold millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Identity within the trace.
    pub id: u64,
    /// Submission, in seconds on the trace's clock; may be negative for work that was there before.
    pub submit_s: i64,
    /// Run time at full speed, in seconds; zero is allowed.
    pub duration_s: i64,
    /// GPUs held together, at least one.
    pub gpus: u32,
    /// Work kept at a kill: completed multiples of this many seconds; zero means that nothing is kept.
    pub checkpoint_s: i32,
    /// What its owner said the run time would be, in seconds; zero where nothing was said. It may be wrong.
    pub estimate_s: i32,
    /// When it should have ended, in seconds after its submission; zero where it does not matter.
    pub deadline_after_s: i32,
    /// Whose it is: a number of [`Trace::tenants`], or [`NONE`].
    pub tenant: u16,
    /// The country or zone that it must not leave: a number of [`Trace::residencies`], or [`NONE`].
    pub residency: u16,
    /// The share of its GPUs' dynamic power that it draws while it runs, in thousandths, at most [`FULL_POWER`].
    pub power_per_mille: u16,
    /// What was promised.
    pub class: JobClass,
}

impl Job {
    /// An on-demand job at full power, without checkpoints, estimate, deadline, tenant and residency.
    pub const fn new(id: u64, submit_s: i64, gpus: u32, duration_s: i64) -> Self {
        Self {
            id,
            submit_s,
            duration_s,
            gpus,
            checkpoint_s: 0,
            estimate_s: 0,
            deadline_after_s: 0,
            tenant: NONE,
            residency: NONE,
            power_per_mille: FULL_POWER,
            class: JobClass::OnDemand,
        }
    }
    /// The order of a queue: submission, then id.
    pub const fn rank(&self) -> (i64, u64) {
        (self.submit_s, self.id)
    }
    /// GPUs times run time, in GPU-seconds.
    pub const fn gpu_s(&self) -> i64 {
        self.gpus as i64 * self.duration_s
    }
    /// GPUs times the share of their dynamic power that it draws, in thousandths.
    pub const fn power_ms(&self) -> u64 {
        self.gpus as u64 * self.power_per_mille as u64
    }
    /// What makes the job impossible, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        if self.gpus == 0 || self.gpus > GPUS_MAX {
            Some("a job needs between 1 and 16777216 GPUs")
        } else if !(0..=SECONDS_MAX).contains(&self.duration_s) {
            Some("a duration lies between 0 and 2147483646 s")
        } else if !in_range(self.checkpoint_s) {
            Some("a checkpoint interval lies between 0 and 2147483646 s")
        } else if !in_range(self.estimate_s) {
            Some("an estimated run time lies between 0 and 2147483646 s")
        } else if !in_range(self.deadline_after_s) {
            Some("a deadline lies between 0 and 2147483646 s after submission")
        } else if self.power_per_mille > FULL_POWER {
            Some("a share of power lies between 0 and 1")
        } else if self.submit_s.abs() > SECONDS_MAX {
            Some("a submission lies within 2147483646 s of the trace's start")
        } else {
            None
        }
    }
}

/// Whether a length of time is one that a job may have.
const fn in_range(seconds: i32) -> bool {
    seconds >= 0 && (seconds as i64) <= SECONDS_MAX
}

/// Jobs in queue order, with what their reader assumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    jobs: Vec<Job>,
    start: Option<jiff::civil::DateTime>,
    assumptions: Vec<String>,
    tenants: Labels,
    residencies: Labels,
    run_back: usize,
    rounded_up: u64,
}

impl Trace {
    /// Sorts `jobs` by submission and id. `start` is the civil instant of second zero, where known.
    pub fn new(
        mut jobs: Vec<Job>,
        start: Option<jiff::civil::DateTime>,
        mut assumptions: Vec<String>,
    ) -> Self {
        let backwards = jobs.windows(2).filter(|w| w[1].submit_s < w[0].submit_s).count();
        if backwards > 0 {
            assumptions.push(format!(
                "submissions run back {backwards} times in the file; jobs are sorted"
            ));
        }
        if !jobs.is_sorted_by_key(Job::rank) {
            jobs.sort_by_key(Job::rank);
        }
        Self {
            jobs,
            start,
            assumptions,
            tenants: Labels::default(),
            residencies: Labels::default(),
            run_back: backwards,
            rounded_up: 0,
        }
    }
    /// Notes that so many jobs ask for a part of a GPU and were given whole ones.
    #[must_use]
    pub fn with_rounded_up(mut self, jobs: u64) -> Self {
        self.rounded_up = jobs;
        self
    }
    /// How often submissions ran back in the order in which the jobs came.
    pub fn run_back(&self) -> usize {
        self.run_back
    }
    /// How many jobs ask for a part of a GPU and were given whole ones.
    pub fn rounded_up(&self) -> u64 {
        self.rounded_up
    }
    /// Adds the words that [`Job::tenant`] and [`Job::residency`] number.
    #[must_use]
    pub fn with_labels(mut self, tenants: Labels, residencies: Labels) -> Self {
        (self.tenants, self.residencies) = (tenants, residencies);
        self
    }
    /// Replaces what owners say about run times.
    pub fn set_estimates(&mut self, mut estimate_s: impl FnMut(&Job) -> i32) {
        for job in &mut self.jobs {
            job.estimate_s = estimate_s(job);
        }
    }
    /// The tenants of the jobs.
    pub fn tenants(&self) -> &Labels {
        &self.tenants
    }
    /// The countries or zones that jobs must not leave.
    pub fn residencies(&self) -> &Labels {
        &self.residencies
    }
    /// The jobs by submission, then id.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }
    /// The civil instant of second zero, in the zone of the trace, where the format tells it.
    pub fn start(&self) -> Option<jiff::civil::DateTime> {
        self.start
    }
    /// What the reader assumed, dropped or repaired: whole sentences for the user.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
    /// The largest gang, in GPUs; zero for an empty trace.
    pub fn gpus_max(&self) -> u32 {
        self.jobs.iter().map(|job| job.gpus).max().unwrap_or(0)
    }
    /// All work, in GPU-seconds.
    pub fn gpu_s(&self) -> i128 {
        self.jobs.iter().map(|job| i128::from(job.gpu_s())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_sorted_and_says_so() {
        let trace = Trace::new(vec![Job::new(1, 5, 1, 1), Job::new(2, 3, 4, 2)], None, Vec::new());
        assert_eq!(trace.jobs()[0].id, 2);
        assert_eq!(trace.assumptions().len(), 1);
        assert_eq!((trace.gpus_max(), trace.gpu_s()), (4, 9));
    }

    #[test]
    fn a_job_stays_small() {
        assert_eq!(size_of::<Job>(), 48);
    }

    #[test]
    fn impossible_jobs_are_named() {
        assert!(Job::new(0, 0, 0, 1).problem().is_some());
        assert!(Job::new(0, 0, 1, -1).problem().is_some());
        assert!(Job::new(0, 0, 1, 0).problem().is_none());
    }
}
