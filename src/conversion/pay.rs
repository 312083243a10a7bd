//! What falls due as a project goes on.
//!
//! A plain stage pays half of its share of the facility's cost when it starts and half when it ends, which has the same
//! mean date as steady progress; an order pays its deposit when placed and the balance, escalated where its terms say
//! so, on delivery: on each of two, where it comes in two parts. A stage that was done before pays nothing; one that
//! had begun pays the end only. A cancelled order pays what its terms say, work under way no more than its first half.

use super::effect::{Component, Effect, Payment};
use super::project::Project;
use super::stage::StageRole;
use crate::time::SimTime;
use crate::units::Money;

/// Seconds in a year.
const YEAR_S: f64 = 365.25 * 86_400.0;

impl Project {
    /// What falls due when a node starts.
    pub(super) fn pay_start(&self, node: usize, effects: &mut Vec<Effect>) {
        let (stage, place) = (self.plan.stage(node), &self.plan.network().nodes[node]);
        // The last delivery belongs to an order whose deposit is paid.
        if stage.done || stage.elapsed_months > 0.0 || place.rest {
            return;
        }
        if stage.spec.is_order() {
            let deposit = stage.spec.order.deposit(self.plan.inputs().deposit_percent);
            self.pay(node, (deposit, 1.0), Payment::Deposit, effects);
        } else {
            self.pay(node, (0.5, 1.0), Payment::Progress, effects);
        }
    }

    /// What falls due when a node ends.
    pub(super) fn pay_end(&self, node: usize, effects: &mut Vec<Effect>) {
        let stage = self.plan.stage(node);
        if stage.done {
            return;
        }
        if stage.spec.is_order() {
            let terms = &stage.spec.order;
            let balance = 1.0 - terms.deposit(self.plan.inputs().deposit_percent);
            let placed = self.placed(node);
            let years = match (placed, self.nodes[node].end) {
                (Some(from), Some(to)) => (to - from).as_seconds() as f64 / YEAR_S,
                _ => 0.0,
            };
            let share = balance * self.delivered(node);
            self.pay(node, (share, terms.escalation(years)), Payment::Balance, effects);
        } else {
            self.pay(node, (0.5, 1.0), Payment::Progress, effects);
        }
    }

    /// What a cancelled order owes beyond its deposit.
    pub(super) fn pay_cancelled(&self, node: usize, now: SimTime, effects: &mut Vec<Effect>) {
        let stage = self.plan.stage(node);
        if stage.done || !stage.spec.is_order() {
            return;
        }
        let Some(from) = self.placed(node) else { return };
        let lead = super::months(stage.spec.duration_months.planned().max(1e-9));
        let elapsed = (now - from).as_days() / lead.as_days();
        let default = self.plan.inputs().deposit_percent;
        let terms = &stage.spec.order;
        let owed = terms.owed(elapsed, default) - terms.deposit(default);
        self.pay(
            node,
            (owed * self.delivered(node), 1.0),
            Payment::Cancellation,
            effects,
        );
    }

    /// What opening a frozen design costs.
    pub(super) fn pay_refreeze(&self, event: usize, effects: &mut Vec<Effect>) {
        let spec = &self.plan.inputs().refreezes[event];
        let part = spec.cost_percent / 100.0 * self.draw.cost_factor;
        let usd = self.plan.facility(None) * part;
        let stage = self
            .plan
            .inputs()
            .stages
            .iter()
            .position(|s| s.spec.id == spec.stage);
        if let Some(stage) = stage.filter(|_| usd > Money::ZERO) {
            effects.push(Effect::CapexDue {
                hall: None,
                stage,
                component: Component::Facility,
                payment: Payment::Change,
                usd,
            });
        }
    }

    /// When the order of a node was placed; the last of two deliveries belongs to the order of the first.
    fn placed(&self, node: usize) -> Option<SimTime> {
        let first = if self.plan.network().nodes[node].rest {
            node - 1
        } else {
            node
        };
        self.nodes[first].start
    }

    /// Share of an order's units that a node delivers.
    fn delivered(&self, node: usize) -> f64 {
        let nodes = &self.plan.network().nodes;
        let rest = nodes[node].rest;
        let split = rest || nodes.get(node + 1).is_some_and(|next| next.rest);
        let first = self.plan.stage(node).spec.order.first_delivery.filter(|_| split);
        first.map_or(1.0, |first| {
            let share = first.share_percent / 100.0;
            if rest { 1.0 - share } else { share }
        })
    }

    /// A share of a node's cost falls due, the price times `growth`.
    fn pay(&self, node: usize, (share, growth): (f64, f64), payment: Payment, effects: &mut Vec<Effect>) {
        let (stage, place) = (self.plan.stage(node), &self.plan.network().nodes[node]);
        let part =
            stage.spec.capex_share_percent / 100.0 * self.draw.cost_factor * self.plan.learnt_cost(node);
        let mut due = |component, usd: Money| {
            if usd > Money::ZERO {
                let (hall, stage) = (place.hall, place.stage);
                effects.push(Effect::CapexDue {
                    hall,
                    stage,
                    component,
                    payment,
                    usd,
                });
            }
        };
        let usd = self.plan.facility(place.hall) * (part * share);
        due(Component::Facility, usd * growth);
        if stage.spec.role == StageRole::Hardware {
            due(
                Component::Hardware,
                self.plan.hardware(place.hall) * share * growth,
            );
        }
    }
}
