//! Durations and prices of the nodes of a plan: what is left of each, what learning leaves, what it stands for.

use super::duration::DurationSpec;
use super::plan::{HallInputs, Plan};
use super::stage::{StageRole, StageSpec};
use crate::units::Money;

impl Plan {
    pub(super) fn delay(&self, node: usize) -> f64 {
        let stage = self.stage(node);
        let none = stage.done || self.network().nodes[node].rest;
        if none { 0.0 } else { stage.delay_months }
    }
    /// Months of a node that are left of `total`.
    pub(super) fn left(&self, node: usize, total: f64) -> f64 {
        let stage = self.stage(node);
        if stage.done {
            0.0
        } else if self.network().nodes[node].rest {
            total
        } else {
            (total - stage.elapsed_months).max(0.0)
        }
    }
    /// How long a node takes, before what learning takes off.
    pub(super) fn duration(&self, node: usize) -> DurationSpec {
        let spec = &self.stage(node).spec;
        let rest = spec
            .order
            .first_delivery
            .filter(|_| self.network().nodes[node].rest);
        rest.map_or(spec.duration_months, |first| first.rest_months)
    }
    /// Months of a node at its planned duration under a factor, known delays included.
    pub(super) fn expected_months(&self, node: usize, factor: f64) -> f64 {
        let planned = self.duration(node).planned() * self.learnt(node);
        self.left(node, planned * factor) + self.delay(node)
    }
    /// Drawn months of a node without the factor.
    pub(super) fn without_factor(&self, node: usize, months: f64, factor: f64) -> f64 {
        let (delay, stage) = (self.delay(node), self.stage(node));
        if stage.done {
            return months;
        }
        let over = if self.network().nodes[node].rest {
            0.0
        } else {
            stage.elapsed_months
        };
        ((months - delay + over) / factor - over).max(0.0) + delay
    }
    /// The floor of a node at factor one, known delays included.
    pub(super) fn planned_floor(&self, node: usize) -> f64 {
        self.floor[node] + self.floor_shift[node]
    }
    /// Planned price of a stage for all halls.
    pub(super) fn price(&self, spec: &StageSpec) -> Money {
        let facility = self.facility(None) * (spec.capex_share_percent / 100.0);
        if spec.role == StageRole::Hardware {
            facility + self.hardware(None)
        } else {
            facility
        }
    }
    /// What learning leaves of a node's duration.
    pub(super) fn learnt(&self, node: usize) -> f64 {
        if self.stage(node).spec.is_works() {
            self.inputs().learning.duration(self.network().nodes[node].hall)
        } else {
            1.0
        }
    }
    /// What learning leaves of a node's cost.
    pub(super) fn learnt_cost(&self, node: usize) -> f64 {
        if self.stage(node).spec.is_works() {
            self.inputs().learning.cost(self.network().nodes[node].hall)
        } else {
            1.0
        }
    }
    pub(super) fn remaining_months(&self) -> Vec<f64> {
        let planned = |n: usize| self.left(n, self.duration(n).planned() * self.learnt(n));
        (0..self.network().nodes.len()).map(planned).collect()
    }

    pub(super) fn delayed_months(&self) -> Vec<f64> {
        let months = self.remaining_months();
        months
            .iter()
            .enumerate()
            .map(|(n, m)| m + self.delay(n))
            .collect()
    }

    /// Planned facility cost of what a node stands for: one hall, or all.
    pub(super) fn facility(&self, hall: Option<usize>) -> Money {
        self.of_halls(hall, |h| h.facility)
    }
    /// Price of the GPU systems of what a node stands for.
    pub(super) fn hardware(&self, hall: Option<usize>) -> Money {
        self.of_halls(hall, |h| h.hardware)
    }
    fn of_halls(&self, hall: Option<usize>, value: impl Fn(&HallInputs) -> Money) -> Money {
        match hall {
            Some(h) => value(&self.inputs().halls[h]),
            None => self.inputs().halls.iter().map(value).sum(),
        }
    }
}
