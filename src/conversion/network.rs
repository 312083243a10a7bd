//! The stages of all halls as one network of nodes, and the forward and backward pass over it. Pure arithmetic in
//! months from the project's start.

use super::programme::Sequence;
use super::stage::{Stage, StageRole, StageScope};

/// One stage of one hall, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Index of the stage.
    pub stage: usize,
    /// Index of the hall; `None` for a shared stage.
    pub hall: Option<usize>,
    /// The last delivery of an order that comes in two parts, of which another node is the first.
    pub rest: bool,
    /// Nodes that must end before.
    pub after: Vec<usize>,
    /// Nodes that wait for this one.
    pub before: Vec<usize>,
}

/// The network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Nodes: shared stages and, hall by hall, the others, in stage order.
    pub nodes: Vec<Node>,
    /// Nodes in an order in which each comes after those that it waits for.
    pub order: Vec<usize>,
    /// The node at which each hall is ready.
    pub ready: Vec<usize>,
}

/// Start and end of every node, months.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Times {
    /// Start of each node.
    pub start: Vec<f64>,
    /// End of each node.
    pub end: Vec<f64>,
}

impl Network {
    /// The network of checked stages over `halls` halls. Orders of which `at_risk` is true wait for nothing.
    pub fn new(stages: &[Stage], halls: usize, sequence: Sequence, at_risk: &[bool]) -> Self {
        let mut nodes = Vec::new();
        let mut index = vec![vec![usize::MAX; halls.max(1)]; stages.len()];
        for (s, stage) in stages.iter().enumerate() {
            let shared = stage.spec.scope == StageScope::Shared;
            let count = if shared { 1 } else { halls };
            for (h, place) in index[s].iter_mut().enumerate().take(count) {
                *place = nodes.len();
                nodes.push(Node {
                    stage: s,
                    hall: (!shared).then_some(h),
                    rest: false,
                    after: Vec::new(),
                    before: Vec::new(),
                });
            }
            if shared {
                let node = index[s][0];
                index[s].fill(node);
                let first = stage.spec.order.first_delivery.filter(|_| stage.spec.is_order());
                let served = first.map_or(halls, |f| f.halls(halls));
                if served < halls {
                    // Later halls wait for the rest.
                    index[s][served..].fill(nodes.len());
                    nodes.push(Node {
                        stage: s,
                        hall: None,
                        rest: true,
                        after: Vec::new(),
                        before: Vec::new(),
                    });
                }
            }
        }
        let mut network = Self {
            nodes,
            order: Vec::new(),
            ready: Vec::new(),
        };
        for node in 1..network.nodes.len() {
            if network.nodes[node].rest {
                network.link(node - 1, node);
            }
        }
        network.link_stages(stages, &index, at_risk);
        network.link_halls(stages, &index, halls, sequence);
        network.order = network.topological_order();
        let ready = stages.iter().position(|s| s.spec.role == StageRole::Ready);
        let ready = ready.expect("the check refused networks without a ready stage");
        network.ready = index[ready][..halls].to_vec();
        network
    }

    fn link(&mut self, from: usize, to: usize) {
        if from != to && !self.nodes[to].after.contains(&from) {
            self.nodes[to].after.push(from);
            self.nodes[from].before.push(to);
        }
    }

    fn link_stages(&mut self, stages: &[Stage], index: &[Vec<usize>], at_risk: &[bool]) {
        for (s, stage) in stages.iter().enumerate() {
            if at_risk[s] {
                continue;
            }
            for name in &stage.spec.after {
                let p = stages.iter().position(|other| other.spec.id == *name);
                let p = p.expect("the check refused unknown predecessors");
                // A shared stage after a stage of each hall waits for all halls.
                for (from, to) in index[p].iter().zip(&index[s]) {
                    self.link(*from, *to);
                }
            }
        }
    }

    /// The waits between halls that the sequence adds.
    fn link_halls(&mut self, stages: &[Stage], index: &[Vec<usize>], halls: usize, sequence: Sequence) {
        let ready = stages.iter().position(|s| s.spec.role == StageRole::Ready);
        let ready = ready.expect("the check refused networks without a ready stage");
        for (s, stage) in stages.iter().enumerate() {
            let by_hall = stage.spec.scope == StageScope::Hall;
            let bought = matches!(
                stage.spec.role,
                StageRole::Order | StageRole::Hardware | StageRole::Staff | StageRole::Ready
            );
            if !by_hall || bought {
                continue;
            }
            for h in 1..halls {
                let (node, previous) = (index[s][h], index[s][h - 1]);
                let first = self.nodes[node]
                    .after
                    .iter()
                    .all(|a| self.nodes[*a].hall.is_none());
                if sequence == Sequence::OneAfterAnother && first {
                    self.link(index[ready][h - 1], node);
                } else if sequence == Sequence::CrewsMoveOn {
                    self.link(previous, node);
                }
            }
        }
    }

    /// Kahn's algorithm, lowest index first, so that the order is the same everywhere.
    fn topological_order(&self) -> Vec<usize> {
        let mut missing: Vec<usize> = self.nodes.iter().map(|n| n.after.len()).collect();
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut free: std::collections::BTreeSet<usize> =
            (0..self.nodes.len()).filter(|n| missing[*n] == 0).collect();
        while let Some(node) = free.pop_first() {
            order.push(node);
            for &later in &self.nodes[node].before {
                missing[later] -= 1;
                if missing[later] == 0 {
                    free.insert(later);
                }
            }
        }
        assert!(
            order.len() == self.nodes.len(),
            "{} of {} stages are ordered",
            order.len(),
            self.nodes.len()
        );
        order
    }

    /// Earliest start and end of every node, none before its floor.
    pub fn forward(&self, months: &[f64], floor: &[f64], out: &mut Times) {
        out.start.resize(self.nodes.len(), 0.0);
        out.end.resize(self.nodes.len(), 0.0);
        for &n in &self.order {
            let ready = self.nodes[n]
                .after
                .iter()
                .map(|a| out.end[*a])
                .fold(floor[n], f64::max);
            out.start[n] = ready;
            out.end[n] = ready + months[n];
        }
    }

    /// Latest start of every node that keeps each hall's ready date of `times`; a node on which no ready date
    /// depends may start as early as it does.
    pub fn latest_start(&self, months: &[f64], times: &Times) -> Vec<f64> {
        let mut latest_end = vec![f64::INFINITY; self.nodes.len()];
        for &r in &self.ready {
            latest_end[r] = times.end[r];
        }
        for &n in self.order.iter().rev() {
            for &later in &self.nodes[n].before {
                latest_end[n] = latest_end[n].min(latest_end[later] - months[later]);
            }
        }
        let latest = |n: usize| {
            if latest_end[n].is_finite() {
                latest_end[n] - months[n]
            } else {
                times.start[n]
            }
        };
        (0..self.nodes.len()).map(latest).collect()
    }

    /// Whether a node waits, through others or not, for another.
    pub fn follows(&self, node: usize, earlier: usize) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        let mut open = vec![node];
        while let Some(n) = open.pop() {
            for &before in &self.nodes[n].after {
                if before == earlier {
                    return true;
                }
                if !std::mem::replace(&mut seen[before], true) {
                    open.push(before);
                }
            }
        }
        false
    }

    /// When the last hall is ready, months.
    pub fn last_ready(&self, times: &Times) -> f64 {
        self.ready.iter().map(|r| times.end[*r]).fold(0.0, f64::max)
    }
}
