//! What falls due as a project goes on.
//!
//! A plain stage pays half of its share of the facility's cost when it starts and half when it ends, which has the same
//! mean date as steady progress; an order pays its deposit when placed and the balance, escalated where its terms say
//! so, on delivery: on each of two, where it comes in two parts. A stage that was done before pays nothing; one that
//! had begun pays the end only. A cancelled order pays what its terms say, work under way no more than its first half.

use super::effect::{Component, Effect, Payment};
use super::project::Project;
use crate::time::SimTime;
use crate::units::Money;

impl Project {
    /// What falls due when a node starts.
    pub(super) fn pay_start(&self, node: usize, effects: &mut Vec<Effect>) {
        let share = (self.plan.shares(node).0, 1.0);
        let payment = if self.plan.stage(node).spec.is_order() {
            Payment::Deposit
        } else {
            Payment::Progress
        };
        self.pay(node, share, payment, effects);
    }

    /// What falls due when a node ends.
    pub(super) fn pay_end(&self, node: usize, effects: &mut Vec<Effect>) {
        let seconds = match (self.placed(node), self.nodes[node].end) {
            (Some(from), Some(to)) => (to - from).as_seconds(),
            _ => 0,
        };
        let share = (self.plan.shares(node).1, self.plan.growth(node, seconds));
        let payment = if self.plan.stage(node).spec.is_order() {
            Payment::Balance
        } else {
            Payment::Progress
        };
        self.pay(node, share, payment, effects);
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
            (owed * self.plan.delivered(node), 1.0),
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

    /// When the order of a node was placed.
    fn placed(&self, node: usize) -> Option<SimTime> {
        self.nodes[self.plan.placed_at(node)].start
    }

    /// A share of a node's cost falls due, the price times `growth`.
    fn pay(&self, node: usize, share: (f64, f64), payment: Payment, effects: &mut Vec<Effect>) {
        let place = &self.plan.network().nodes[node];
        let due = self.plan.due(node, self.draw.cost_factor, share);
        for (component, usd) in [
            (Component::Facility, due.facility),
            (Component::Hardware, due.hardware),
        ] {
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
        }
    }
}
