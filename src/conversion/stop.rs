//! What stops a project for a time or for good: a frozen design that is opened again, and its end before it is done.

use super::effect::Effect;
use super::project::Project;
use super::scene::{Event, Scene};
use crate::time::SimTime;

impl Project {
    /// Whether the design of an event was frozen when it came and is open at an instant.
    pub(super) fn is_open(&self, event: usize, now: SimTime) -> bool {
        let hold = &self.openings[event];
        let end = self.plan.design_of(event).and_then(|n| self.nodes[n].end);
        end.is_some_and(|end| end <= hold.from) && hold.from <= now && now < hold.until.max(hold.from)
    }

    /// The instant from `at` on at which no frozen design that a node waits for is open.
    pub(super) fn held(&self, node: usize, at: SimTime) -> SimTime {
        self.openings.iter().fold(at, |at, hold| {
            let design = self.plan.frozen_by(hold.event as usize, node);
            let end = design.and_then(|n| self.nodes[n].end);
            let open = end.is_some_and(|end| end <= hold.from) && hold.from <= at && at < hold.until;
            if open { hold.until } else { at }
        })
    }

    /// The project is given up: halls that mine go on, those that are ready serve, the others stand idle. What was ordered
    /// is cancelled at its price.
    pub(super) fn cancel<W>(&mut self, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        scene.shared.crews.withdraw(self.id.0);
        for node in 0..self.nodes.len() {
            if self.nodes[node].start.is_some() && self.nodes[node].end.is_none() {
                self.give_back(node, scene);
                self.pay_cancelled(node, scene.now, scene.effects);
            }
        }
        self.cancelled = Some(scene.now);
        for hall in 0..self.phases.len() {
            if self.ready(hall).is_some() {
                continue;
            }
            let from = self.phases[hall];
            if self.taken[hall] {
                self.empty(hall, scene.effects);
                self.phases[hall].abandon();
                let to = self.phases[hall];
                scene.effects.push(Effect::PhaseChanged { hall, from, to });
            }
            scene.effects.push(Effect::Cancelled { hall });
        }
    }
}
