//! How durations and costs stray from the plan.
//!
//! Data-centre projects end late: nine in ten, by 34 % on average (Foresight and Oxford, A. Ansar), which a lognormal
//! multiplier with `mu = 0.2704` and `sigma = 0.2110` repeats. Here each stage has its own spread and tests may fail;
//! merging paths then make the whole later still. A factor common to all stages carries the rest: its mean and spread
//! in logarithms are those of the target less those that the network has without it, found from draws of that very
//! network with fixed random numbers. So the whole project meets the reference class whatever its network is, and a
//! network whose own spread exceeds the target keeps it (the factor is then a constant). The median of the factor may
//! lie below one: the trade's stage ranges are skewed upwards, so that their means and merges alone can exceed 34 %.

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::Stream;

/// The most repeats of a failed test.
pub const REPEATS_MAX: usize = 10;
/// Weeks in a month of a schedule.
const WEEKS_PER_MONTH: f64 = super::DAYS_PER_MONTH / 7.0;

fn yes() -> bool {
    true
}
fn default_overrun_log_mean() -> f64 {
    0.2704
}
fn default_overrun_log_sd() -> f64 {
    0.2110
}
fn default_fail_percent() -> f64 {
    25.0
}
fn default_repeat_weeks() -> RepeatWeeksSpec {
    RepeatWeeksSpec { low: 1.0, high: 3.0 }
}
fn default_cost_log_mean() -> f64 {
    0.077
}
fn default_cost_log_sd() -> f64 {
    0.16
}

/// Weeks that the repeat of a failed test takes, uniform between the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatWeeksSpec {
    /// The fewest weeks.
    pub low: f64,
    /// The most weeks.
    pub high: f64,
}

/// How a conversion strays from its plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskSpec {
    /// Whether it strays at all; without, the plan comes true to the second. Default: true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Mean of the logarithm of (actual over planned) time to ready-for-service. Default 0.2704: nine in ten late, 34 %
    /// on average (computed from Foresight and Oxford).
    #[serde(default = "default_overrun_log_mean")]
    pub overrun_log_mean: f64,
    /// Standard deviation of that logarithm. Default 0.2110 (computed likewise).
    #[serde(default = "default_overrun_log_sd")]
    pub overrun_log_sd: f64,
    /// Chance that a commissioning test fails and is repeated, each time anew, percent. Default 25 (assumption).
    #[serde(default = "default_fail_percent")]
    pub commissioning_fail_percent: f64,
    /// Weeks that such a repeat takes. Default 1 to 3 (assumption).
    #[serde(default = "default_repeat_weeks")]
    pub commissioning_repeat_weeks: RepeatWeeksSpec,
    /// Mean of the logarithm of (actual over planned) facility cost. Default 0.077: the median is 8 % over (assumption).
    #[serde(default = "default_cost_log_mean")]
    pub cost_log_mean: f64,
    /// Standard deviation of that logarithm. Default 0.16: P10 0.88, P90 1.33 (assumption).
    #[serde(default = "default_cost_log_sd")]
    pub cost_log_sd: f64,
    /// Correlation of the facility cost's factor with the factor common to all durations (normal scores), 0 to 1.
    /// Default 0.
    #[serde(default)]
    pub cost_duration_correlation: f64,
    /// Chance a year that the project is cancelled, percent, as long as it runs: a hazard of its own. Default 0.
    #[serde(default)]
    pub cancellation_percent_per_year: f64,
}

/// A test that may fail, each time anew, and is then repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSpec {
    /// What people call it, such as `L4`. Default: no name.
    #[serde(default)]
    pub name: String,
    /// Chance that it fails, percent, 0 to 90.
    pub fail_percent: f64,
    /// Weeks that a repeat takes. Default 1 to 3 (assumption).
    #[serde(default = "default_repeat_weeks")]
    pub repeat_weeks: RepeatWeeksSpec,
}

impl TestSpec {
    /// Months of one repeat for each failure; empty where it passes at once.
    pub fn draw_repeats(&self, rng: &mut Stream, mut repeat: impl FnMut(f64)) {
        let RepeatWeeksSpec { low, high } = self.repeat_weeks;
        let mut repeats = 0;
        while repeats < REPEATS_MAX && rng.random::<f64>() * 100.0 < self.fail_percent {
            let weeks = low + (high - low) * rng.random::<f64>();
            repeat(weeks / WEEKS_PER_MONTH);
            repeats += 1;
        }
    }
    /// Months of repeats, mean.
    pub fn mean_months(&self) -> f64 {
        let p = self.fail_percent / 100.0;
        let weeks = 0.5 * (self.repeat_weeks.low + self.repeat_weeks.high);
        p / (1.0 - p) * weeks / WEEKS_PER_MONTH
    }
}

impl Check for TestSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        // A test that always fails would never end.
        problems.percent(&at.key("fail_percent"), self.fail_percent, 90.0);
        let weeks = at.key("repeat_weeks");
        problems.within(&weeks.key("low"), self.repeat_weeks.low, 0.0, 104.0);
        let low = self.repeat_weeks.low.max(0.0);
        problems.within(&weeks.key("high"), self.repeat_weeks.high, low, 104.0);
    }
}

impl Default for RiskSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            overrun_log_mean: default_overrun_log_mean(),
            overrun_log_sd: default_overrun_log_sd(),
            commissioning_fail_percent: default_fail_percent(),
            commissioning_repeat_weeks: default_repeat_weeks(),
            cost_log_mean: default_cost_log_mean(),
            cost_log_sd: default_cost_log_sd(),
            cost_duration_correlation: 0.0,
            cancellation_percent_per_year: 0.0,
        }
    }
}

impl RiskSpec {
    /// No risk: the plan comes true.
    pub fn none() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }
    /// The test of a commissioning that states none of its own.
    pub fn test(&self) -> TestSpec {
        TestSpec {
            name: String::new(),
            fail_percent: self.commissioning_fail_percent,
            repeat_weeks: self.commissioning_repeat_weeks,
        }
    }
}

impl Check for RiskSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("overrun_log_mean"), self.overrun_log_mean, -1.0, 2.0);
        problems.within(&at.key("overrun_log_sd"), self.overrun_log_sd, 0.0, 2.0);
        // A test that always fails would never end.
        problems.percent(
            &at.key("commissioning_fail_percent"),
            self.commissioning_fail_percent,
            90.0,
        );
        let weeks = at.key("commissioning_repeat_weeks");
        problems.within(&weeks.key("low"), self.commissioning_repeat_weeks.low, 0.0, 104.0);
        let low = self.commissioning_repeat_weeks.low.max(0.0);
        problems.within(
            &weeks.key("high"),
            self.commissioning_repeat_weeks.high,
            low,
            104.0,
        );
        problems.within(&at.key("cost_log_mean"), self.cost_log_mean, -1.0, 2.0);
        problems.within(&at.key("cost_log_sd"), self.cost_log_sd, 0.0, 2.0);
        let correlation = self.cost_duration_correlation;
        problems.within(&at.key("cost_duration_correlation"), correlation, 0.0, 1.0);
        let hazard = self.cancellation_percent_per_year;
        problems.percent(&at.key("cancellation_percent_per_year"), hazard, 99.0);
    }
}

/// The factor common to all stages of a project: lognormal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommonFactor {
    /// Mean of its logarithm.
    pub log_mean: f64,
    /// Standard deviation of its logarithm.
    pub log_sd: f64,
}

impl CommonFactor {
    /// No factor.
    pub const ONE: Self = Self {
        log_mean: 0.0,
        log_sd: 0.0,
    };
    /// What a network lacks to the target: `ratios` are actual over planned times without the factor.
    pub fn to_reach(risk: &RiskSpec, ratios: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for log in ratios.map(f64::ln) {
            count += 1.0;
            let delta = log - mean;
            mean += delta / count;
            squares += delta * (log - mean);
        }
        let variance = if count > 1.0 { squares / (count - 1.0) } else { 0.0 };
        Self {
            log_mean: risk.overrun_log_mean - mean,
            log_sd: (risk.overrun_log_sd.powi(2) - variance).max(0.0).sqrt(),
        }
    }
    /// Its value at a standard normal number.
    pub fn at(self, z: f64) -> f64 {
        (self.log_mean + self.log_sd * z).exp()
    }
}
