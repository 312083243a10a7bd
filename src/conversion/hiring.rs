//! How a project waits for the crews of its halls, where the world hires them.

use super::project::Project;
use super::scene::{Event, Scene};
use super::stage::StageRole;

impl Project {
    /// From now on a stage of hiring ends when [`Project::crew_stands`] says so, however long it was drawn.
    pub fn wait_for_crews(&mut self) {
        self.crews = Some(vec![false; self.phases.len()]);
    }
    /// The crew of a hall stands: hiring for it ends.
    pub fn crew_stands<W>(&mut self, hall: usize, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        if self.cancelled.is_some() {
            return;
        }
        let Some(crews) = &mut self.crews else { return };
        crews[hall] = true;
        let all = crews.iter().all(|stands| *stands);
        for node in 0..self.nodes.len() {
            let own = self.plan.network().nodes[node].hall;
            let state = &self.nodes[node];
            let hires = state.start.is_some() && state.end.is_none() && self.waits_to_hire(node);
            if hires && own.map_or(all, |own| own == hall) {
                self.end(node, scene);
            }
        }
    }
    /// Whether a node's end is the world's to say.
    pub(super) fn waits_to_hire(&self, node: usize) -> bool {
        let stage = self.plan.stage(node);
        self.crews.is_some() && stage.spec.role == StageRole::Staff && !stage.done
    }
    /// Whether nothing but its crew keeps a hall from being ready.
    pub fn waits_for_crew(&self, hall: usize) -> bool {
        let ready = self.plan.network().ready[hall];
        let nodes = self.plan.network().nodes.iter().enumerate();
        let mut pending = nodes
            .filter(|(n, node)| node.before.contains(&ready) && self.nodes[*n].end.is_none())
            .peekable();
        pending.peek().is_some() && pending.all(|(n, _)| self.plan.stage(n).spec.role == StageRole::Staff)
    }
}
