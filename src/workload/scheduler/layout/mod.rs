//! How the GPUs of a pool stand in nodes, and where gangs stand on them.
//!
//! A layout is a list of groups of equal nodes: 8-GPU servers, NVL72 racks. **The rule of placement**: a gang stands
//! on nodes of one group. One that fits within a node stands within one node. A larger one takes empty nodes for
//! its whole multiples of a node, and may share one more node with others for what is left over. Groups are tried
//! first where a node holds the whole gang, smallest nodes first, then where it needs several, largest nodes first;
//! ties in the order of the layout. Of the nodes that serve equally well the one of the lowest number is taken.
//!
//! So the largest gang that a group can take now is all of its empty nodes and what is free on the emptiest of the
//! others, and every smaller gang fits too: the search of the queue asks for one number, as without nodes.
//!
//! Owns nodes, their free GPUs and the places of gangs. Does not own the queue, time, or who starts next.

mod counts;
mod future;
mod nodes;
mod set;
mod spec;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(super) use nodes::Nodes;
pub use spec::{NodeGroupSpec, NodesSpec};

use crate::workload::job::GPUS_MAX;

/// The most GPUs of a node.
pub const NODE_GPUS_MAX: u32 = 1_024;

/// Equal nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeGroup {
    /// How many.
    pub nodes: u32,
    /// GPUs of each, from 1 to [`NODE_GPUS_MAX`].
    pub gpus_per_node: u32,
}

/// Which of the nodes that can take a gang, or the rest of one, does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// The one with the fewest free GPUs (best fit), which keeps nodes empty for large gangs.
    #[default]
    Packing,
    /// The one with the most free GPUs, which keeps gangs apart.
    Spreading,
}

/// Why a layout cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// There is no group, or one without nodes.
    #[error("a layout has at least one group, and each group at least one node")]
    Empty,
    /// A node has no GPU or too many.
    #[error("a node has between 1 and {NODE_GPUS_MAX} GPUs, not {0}")]
    NodeSize(u32),
    /// All together are too many.
    #[error("a pool has at most {GPUS_MAX} GPUs")]
    TooLarge,
    /// The GPUs are not a whole number of nodes.
    #[error("{gpus} GPUs are not a whole number of nodes of {gpus_per_node}; take a multiple")]
    Remainder {
        /// All GPUs.
        gpus: u32,
        /// GPUs of a node.
        gpus_per_node: u32,
    },
    /// The groups do not add up to what the pool has at most.
    #[error("the nodes have {nodes} GPUs in all, but the cluster has {gpus}; name nodes for all of them")]
    OtherSum {
        /// What the pool has.
        gpus: u32,
        /// What the nodes have.
        nodes: u32,
    },
}

/// The nodes of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    groups: Vec<NodeGroup>,
    placement: Placement,
}

impl Layout {
    /// Checks groups; nodes are numbered through them in this order.
    pub fn new(groups: Vec<NodeGroup>, placement: Placement) -> Result<Self, LayoutError> {
        let mut gpus = 0u64;
        for group in &groups {
            if group.nodes == 0 {
                return Err(LayoutError::Empty);
            }
            if !(1..=NODE_GPUS_MAX).contains(&group.gpus_per_node) {
                return Err(LayoutError::NodeSize(group.gpus_per_node));
            }
            gpus += u64::from(group.nodes) * u64::from(group.gpus_per_node);
        }
        match gpus {
            0 => Err(LayoutError::Empty),
            gpus if gpus > u64::from(GPUS_MAX) => Err(LayoutError::TooLarge),
            _ => Ok(Self { groups, placement }),
        }
    }
    /// One group of equal nodes that has `gpus` GPUs in all.
    pub fn of_equal_nodes(gpus: u32, gpus_per_node: u32, placement: Placement) -> Result<Self, LayoutError> {
        if gpus_per_node > 0 && !gpus.is_multiple_of(gpus_per_node) {
            return Err(LayoutError::Remainder { gpus, gpus_per_node });
        }
        let nodes = gpus.checked_div(gpus_per_node).unwrap_or(1);
        Self::new(vec![NodeGroup { nodes, gpus_per_node }], placement)
    }
    /// Itself, if it has `gpus` GPUs in all.
    pub fn of_all(self, gpus: u32) -> Result<Self, LayoutError> {
        match self.gpus() {
            nodes if nodes == gpus => Ok(self),
            nodes => Err(LayoutError::OtherSum { gpus, nodes }),
        }
    }
    /// All GPUs.
    pub fn gpus(&self) -> u32 {
        self.groups
            .iter()
            .map(|group| group.nodes * group.gpus_per_node)
            .sum()
    }
    /// The largest gang that fits when nothing runs: all GPUs of the largest group.
    pub fn largest_gang(&self) -> u32 {
        let sizes = self.groups.iter().map(|group| group.nodes * group.gpus_per_node);
        sizes.max().unwrap_or(0)
    }
    /// The groups.
    pub fn groups(&self) -> &[NodeGroup] {
        &self.groups
    }
    /// Which nodes are preferred.
    pub fn placement(&self) -> Placement {
        self.placement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_that_cannot_be_are_refused() {
        let of = |gpus, per| Layout::of_equal_nodes(gpus, per, Placement::Packing);
        let group = |nodes, gpus_per_node| NodeGroup { nodes, gpus_per_node };
        let new = |groups| Layout::new(groups, Placement::Packing);
        assert_eq!(of(16, 0), Err(LayoutError::NodeSize(0)));
        assert_eq!(of(0, 8), Err(LayoutError::Empty));
        assert_eq!(
            of(20, 8),
            Err(LayoutError::Remainder {
                gpus: 20,
                gpus_per_node: 8
            })
        );
        assert_eq!(new(vec![]), Err(LayoutError::Empty));
        assert_eq!(new(vec![group(1, 2_000)]), Err(LayoutError::NodeSize(2_000)));
        assert_eq!(new(vec![group(u32::MAX, 1_000)]), Err(LayoutError::TooLarge));
        let mixed = new(vec![group(4, 8), group(1, 72)]).expect("a sound layout");
        assert_eq!((mixed.gpus(), mixed.largest_gang()), (104, 72));
    }
}
