//! What happens to projects and what it acts on: their events, what the projects of a strategy share, the clock.

use super::calendar::WorkTime;
use super::effect::Effect;
use super::resource::Crews;
use super::works::Works;
use crate::des::Outbox;
use crate::id::ProjectId;
use crate::random::Streams;
use crate::time::SimTime;

/// A stage begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub project: ProjectId,
    /// Which node of its network.
    pub node: u32,
    /// What.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A stage that waited for its latest start begins.
    Begin,
    /// A stage, or one attempt at it, ends.
    End,
    /// Crews were given back or are wanted: those that wait are served.
    Deal,
    /// A frozen design is opened again.
    Refreeze,
    /// The project is given up.
    Cancel,
}

/// What the projects of a strategy share as they run.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    /// Crews and machines.
    pub crews: Crews,
    /// Days of work, by calendar.
    pub times: Vec<WorkTime>,
}

impl Shared {
    /// All crews free, and the days of a replication.
    pub fn new(works: &Works, streams: &Streams) -> Self {
        Self {
            crews: Crews::new(works.units()),
            times: works.draw(streams),
        }
    }
}

/// What an event of a project acts on.
#[derive(Debug)]
pub struct Scene<'s, 'q, W> {
    /// The clock.
    pub now: SimTime,
    /// Where events are scheduled.
    pub outbox: &'s mut Outbox<'q, W>,
    /// What projects share.
    pub shared: &'s mut Shared,
    /// What the world hears.
    pub effects: &'s mut Vec<Effect>,
}
