//! Scope that is frozen again: a new GPU generation or a tenant's new specification opens a design that was frozen.
//!
//! The design is repeated in part. Works and orders that wait for it and have not begun wait until it is frozen anew;
//! what has begun goes on. An event before the design is frozen, or after everything has begun, costs no time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::Stage;
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// The most events of one conversion.
pub const REFREEZES_MAX: usize = 8;

/// When a frozen design is opened again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RefreezeWhen {
    /// On a date, `YYYY-MM-DD`, at midnight UTC.
    Date(String),
    /// Once, after a time that is exponential with so many events a year from the project's start.
    RatePerYear(f64),
}

fn design() -> Name {
    Name::from("design")
}
fn default_repeat_percent() -> f64 {
    50.0
}
fn default_cost_percent() -> f64 {
    2.0
}

/// An event after which a frozen design is opened again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreezeSpec {
    /// What arrives, for reports: `gpu-generation`, `tenant-specification`.
    #[serde(default)]
    pub cause: String,
    /// When.
    pub when: RefreezeWhen,
    /// The stage that is repeated. Default `design`.
    #[serde(default = "design")]
    pub stage: Name,
    /// Share of its duration that the repeat takes, percent. Default 50 (assumption).
    #[serde(default = "default_repeat_percent")]
    pub repeat_percent: f64,
    /// What the change costs, percent of the facility's cost. Default 2 (assumption: two thirds of the design's share).
    #[serde(default = "default_cost_percent")]
    pub cost_percent: f64,
}

impl RefreezeSpec {
    /// The date, where it is dated.
    pub fn date(&self) -> Option<SimTime> {
        match &self.when {
            RefreezeWhen::Date(text) => Calendar::utc().start_of(parse_date(text)?),
            RefreezeWhen::RatePerYear(_) => None,
        }
    }
}

impl Check for RefreezeSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let when = at.key("when");
        match &self.when {
            RefreezeWhen::Date(text) if parse_date(text).is_none() => problems.error_with_help(
                &when.key("date"),
                format!("`{text}` is not a date"),
                "write a date as `2026-06-01`",
            ),
            RefreezeWhen::Date(_) => {}
            RefreezeWhen::RatePerYear(rate) => problems.within(&when.key("rate_per_year"), *rate, 0.0, 12.0),
        }
        problems.percent(&at.key("repeat_percent"), self.repeat_percent, 200.0);
        problems.percent(&at.key("cost_percent"), self.cost_percent, 100.0);
    }
}

/// Reports what is wrong with the events of a conversion.
pub fn check_all(refreezes: &[RefreezeSpec], stages: &[Stage], at: &FieldPath, problems: &mut Problems) {
    if refreezes.len() > REFREEZES_MAX {
        problems.error(at, format!("{} events: at most {REFREEZES_MAX}", refreezes.len()));
    }
    for (i, refreeze) in refreezes.iter().enumerate() {
        let at = at.index(i);
        refreeze.check(&at, problems);
        if !stages.iter().any(|s| s.spec.id == refreeze.stage) {
            let known = stages.iter().map(|s| s.spec.id.as_str());
            problems.unknown(&at.key("stage"), "stage", refreeze.stage.as_str(), known);
        }
    }
}
