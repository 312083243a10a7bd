//! Nodes as a scenario describes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layout, LayoutError, NodeGroup, Placement};
use crate::problem::{FieldPath, Problems};

/// The nodes in which the GPUs of a pool stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodesSpec {
    /// Groups of equal nodes; they add up to the GPUs of the pool. A job stands in one group: within one node where it
    /// fits, else on whole nodes and a share of one more.
    pub groups: Vec<NodeGroupSpec>,
    /// Which of several nodes takes a job. Default `packing`.
    #[serde(default)]
    pub placement: Placement,
}

/// Equal nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeGroupSpec {
    /// How many.
    pub nodes: u32,
    /// GPUs of each, from 1 to 1,024: 8 for a server, 72 for an NVL72 rack.
    pub gpus_per_node: u32,
}

impl NodesSpec {
    /// The layout, which must have `gpus` GPUs in all.
    pub fn layout(&self, gpus: u32) -> Result<Layout, LayoutError> {
        let groups = self.groups.iter().map(|group| NodeGroup {
            nodes: group.nodes,
            gpus_per_node: group.gpus_per_node,
        });
        Layout::new(groups.collect(), self.placement)?.of_all(gpus)
    }
    /// Reports what keeps it from being a layout of `gpus` GPUs.
    pub fn check(&self, gpus: u32, at: &FieldPath, problems: &mut Problems) {
        if let Err(error) = self.layout(gpus) {
            problems.error(&at.key("groups"), error.to_string());
        }
    }
}
