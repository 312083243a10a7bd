//! The nodes in which the GPUs of a replay stand.

use clap::{Args, ValueEnum};

use crate::workload::scheduler::{Layout, LayoutError, NodeGroup, Placement};

/// Which of several nodes takes a gang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlacementArg {
    /// The one with the fewest free GPUs that suffice.
    Packing,
    /// The one with the most free GPUs.
    Spreading,
}

/// Options of nodes.
#[derive(Debug, Clone, Args)]
pub struct NodeArgs {
    /// Stand the GPUs in nodes of this size: a job within that size gets one node's GPUs, a larger one whole nodes and
    /// a share of one more; without this and `--nodes` GPUs are only counted
    #[arg(long, value_name = "N", conflicts_with = "nodes")]
    pub gpus_per_node: Option<u32>,
    /// Stand them in groups of equal nodes instead, such as `128x8` for 128 nodes of 8 GPUs; may be repeated, and adds
    /// up to the GPUs of the cluster. A job stands in one group
    #[arg(long, value_name = "NODESxGPUS", value_parser = parse_group)]
    pub nodes: Vec<NodeGroup>,
    /// Which of several nodes takes a job
    #[arg(long, value_enum, default_value = "packing")]
    pub placement: PlacementArg,
}

fn parse_group(text: &str) -> Result<NodeGroup, String> {
    let parts = text.split_once('x');
    let parsed = parts.and_then(|(nodes, gpus)| {
        Some(NodeGroup {
            nodes: nodes.parse().ok()?,
            gpus_per_node: gpus.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| "expected nodes and the GPUs of each, such as `128x8`".to_owned())
}

impl NodeArgs {
    /// The layout of a cluster of at most `gpus` GPUs, if one is asked for.
    pub(super) fn layout(&self, gpus: u32) -> Result<Option<Layout>, LayoutError> {
        let placement = match self.placement {
            PlacementArg::Packing => Placement::Packing,
            PlacementArg::Spreading => Placement::Spreading,
        };
        if let Some(gpus_per_node) = self.gpus_per_node {
            return Layout::of_equal_nodes(gpus, gpus_per_node, placement).map(Some);
        }
        if self.nodes.is_empty() {
            return Ok(None);
        }
        Layout::new(self.nodes.clone(), placement)?.of_all(gpus).map(Some)
    }
}
