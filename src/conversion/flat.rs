//! The nodes of all plans of a strategy one after another, as schedules walk them.

use std::sync::Arc;

use super::months;
use super::plan::Plan;
use crate::time::SimTime;

/// Nodes of all plans one after another.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Flat {
    /// First node of each plan, and the number of all.
    pub(super) offset: Vec<usize>,
    /// Plan of each node.
    pub(super) project: Vec<u32>,
    /// Predecessors of node n: `after[after_at[n]..after_at[n + 1]]`; successors likewise.
    pub(super) after: Vec<u32>,
    pub(super) after_at: Vec<u32>,
    pub(super) before: Vec<u32>,
    pub(super) before_at: Vec<u32>,
    pub(super) order: Vec<u32>,
    pub(super) calendar: Vec<u32>,
    pub(super) needs: Vec<Vec<(u16, u32)>>,
    pub(super) planned_s: Vec<i64>,
    /// Whether any node needs a crew.
    pub(super) crews: bool,
}

impl Flat {
    pub(super) fn new(plans: &[Arc<Plan>], starts: &[SimTime]) -> Self {
        let mut flat = Self {
            offset: vec![0],
            after_at: vec![0],
            before_at: vec![0],
            ..Self::default()
        };
        for (p, plan) in plans.iter().enumerate() {
            let offset = flat.project.len() as u32;
            for (n, node) in plan.network().nodes.iter().enumerate() {
                flat.project.push(p as u32);
                flat.after.extend(node.after.iter().map(|a| *a as u32 + offset));
                flat.after_at.push(flat.after.len() as u32);
                flat.before.extend(node.before.iter().map(|b| *b as u32 + offset));
                flat.before_at.push(flat.before.len() as u32);
                flat.calendar.push(plan.bound.calendar[n]);
                flat.needs.push(plan.needs(n).to_vec());
                flat.planned_s
                    .push((starts[p] + months(plan.rank(n))).as_unix_s());
            }
            flat.order
                .extend(plan.network().order.iter().map(|n| *n as u32 + offset));
            flat.offset.push(flat.project.len());
        }
        flat.crews = flat.needs.iter().any(|n| !n.is_empty());
        flat
    }
    pub(super) fn after(&self, n: usize) -> &[u32] {
        &self.after[self.after_at[n] as usize..self.after_at[n + 1] as usize]
    }
    pub(super) fn before(&self, n: usize) -> &[u32] {
        &self.before[self.before_at[n] as usize..self.before_at[n + 1] as usize]
    }
}
