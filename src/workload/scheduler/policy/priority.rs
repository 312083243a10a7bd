//! Priority by class: reserved before on-demand before spot, within a class in order of submission and id. Nobody
//! overtakes: while the first does not fit, the others wait.
//!
//! A reserved gang that does not fit may kill spot gangs, then on-demand ones ([`Preemption`] says how far), within
//! a class the latest started first, if that lets it start now; no more of them than needed. The killed wait again
//! at their old place and keep what their last checkpoint holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::workload::job::JobClass;
use crate::workload::scheduler::order::OrderBy;
use crate::workload::scheduler::pool::Pool;
use crate::workload::scheduler::usage::Observer;

/// Whom a reserved gang may kill in order to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preemption {
    /// Nobody.
    None,
    /// Spot gangs.
    Spot,
    /// Spot gangs, then on-demand ones.
    #[default]
    SpotAndOnDemand,
}

impl Preemption {
    /// The classes that may be killed.
    pub(in crate::workload::scheduler) const fn victims(self) -> &'static [JobClass] {
        match self {
            Self::None => &[],
            Self::Spot => &[JobClass::Spot],
            Self::SpotAndOnDemand => &[JobClass::Spot, JobClass::OnDemand],
        }
    }
}

/// Priority by class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Priority;

impl Policy for Priority {
    const ORDER: OrderBy = OrderBy::Class;
    fn pass<O: Observer>(pool: &mut Pool, observer: &mut O) {
        while let Some(first) = pool.most_urgent() {
            if !pool.make_room(first, observer) {
                return;
            }
            // Those who were killed have changed the places.
            let place = pool.most_urgent().expect("it waited a moment ago");
            pool.start(place, observer);
        }
    }
}
