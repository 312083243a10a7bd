//! The conversion of halls as a project: stages with precedence, orders, risk, and what each stage does to a hall.
//!
//! Owns the stage networks of the archetypes, their planned and drawn schedules, the phases of a hall, the moments at
//! which mining stops, money falls due and a hall is ready, and the rule that starts a project. Does not own what the
//! hall is worth or draws (the simulation asks `fleet` and `market`), nor the postings: it returns [`Effect`]s.

pub mod analysis;
pub mod archetype;
pub mod calendar;
pub mod copula;
mod cost;
pub mod draw;
pub mod duration;
pub mod effect;
mod flat;
mod hiring;
mod hold;
mod joint;
pub mod network;
mod node;
pub mod order;
pub mod outcome;
mod pay;
pub mod phase;
pub mod plan;
pub mod portfolio;
pub mod programme;
pub mod project;
pub mod refreeze;
pub mod resource;
pub mod risk;
pub mod scene;
pub mod stage;
pub mod start;
mod stop;
pub mod works;

pub use archetype::{Archetype, ArchetypeSpec, Outcome};
pub use calendar::{WorkCalendarSpec, WorkTime};
pub use copula::StageCorrelationSpec;
pub use draw::Draw;
pub use duration::DurationSpec;
pub use effect::{Component, Effect, Payment};
pub use outcome::StageOutcome;
pub use phase::HallPhase;
pub use plan::{HallInputs, Plan, PlanInputs};
pub use portfolio::Portfolio;
pub use programme::{LearningSpec, ProgrammeSpec, Sequence};
pub use project::Project;
pub use refreeze::RefreezeSpec;
pub use resource::{Crews, ResourceSpec};
pub use risk::RiskSpec;
pub use scene::{Event, Scene, Shared};
pub use stage::{MiningDuring, StageOverrideSpec, StageRole, StageScope, StageSpec};
pub use start::{StartRule, StartSpec};
pub use works::Works;

use crate::time::Span;

/// Days in a month of a schedule: a twelfth of 365.25. Stages are estimated in months, not in calendar months.
pub const DAYS_PER_MONTH: f64 = 365.25 / 12.0;

/// A duration in months of [`DAYS_PER_MONTH`], to the second.
pub fn months(count: f64) -> Span {
    Span::from_days_f64(count * DAYS_PER_MONTH)
}
