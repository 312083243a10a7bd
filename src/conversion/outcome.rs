//! How the stages of a project were planned and how they went.

use super::months;
use super::project::{Cause, NodeState, Project};
use crate::id::Name;
use crate::time::SimTime;

/// How a stage was planned and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct StageOutcome {
    /// Hall of the plan; `None` for a shared stage.
    pub hall: Option<usize>,
    /// Stage id.
    pub stage: Name,
    /// Planned start.
    pub planned_start: SimTime,
    /// Planned end.
    pub planned_end: SimTime,
    /// Start, where it has started.
    pub start: Option<SimTime>,
    /// End, where it has ended.
    pub end: Option<SimTime>,
    /// On the path that set the last hall's ready date; false until all halls are ready.
    pub critical: bool,
    /// What set its start; empty where it has not started.
    pub cause: String,
}

impl Project {
    /// How every stage was planned and how it went; empty before the project starts.
    pub fn outcomes(&self) -> Vec<StageOutcome> {
        let Some(started) = self.started else {
            return Vec::new();
        };
        let planned = self.plan.planned();
        let outcome = |(n, node): (usize, &NodeState)| StageOutcome {
            hall: self.plan.network().nodes[n].hall,
            stage: self.plan.stage(n).spec.id.clone(),
            planned_start: started + months(planned.start[n]),
            planned_end: started + months(planned.end[n]),
            start: node.start,
            end: node.end,
            critical: node.critical,
            cause: if node.start.is_some() {
                self.cause(n)
            } else {
                String::new()
            },
        };
        self.nodes.iter().enumerate().map(outcome).collect()
    }

    fn cause(&self, node: usize) -> String {
        match self.nodes[node].cause {
            Cause::NotStarted => String::new(),
            Cause::ProjectStart => "project start".to_owned(),
            Cause::AtRisk => "order at risk".to_owned(),
            Cause::JustInTime => "just in time".to_owned(),
            Cause::Held => "notice to customers".to_owned(),
            Cause::Refreeze => "design opened again".to_owned(),
            Cause::Crews(earlier) => {
                let needs = &self.plan.stage(node).spec.needs;
                let names: Vec<&str> = needs.iter().map(|n| n.resource.as_str()).collect();
                let of = self.plan.network().nodes.get(earlier).and_then(|n| n.hall);
                let hall = of.map_or_else(String::new, |h| {
                    format!(" from {}", self.plan.inputs().halls[h].name)
                });
                format!("waited for {}{hall}", names.join(", "))
            }
            Cause::After(earlier) => {
                let stage = &self.plan.stage(earlier).spec.id;
                match self.plan.network().nodes[earlier].hall {
                    Some(hall) if self.plan.network().nodes[node].hall != Some(hall) => {
                        format!("after {stage} of {}", self.plan.inputs().halls[hall].name)
                    }
                    _ => format!("after {stage}"),
                }
            }
        }
    }
}
