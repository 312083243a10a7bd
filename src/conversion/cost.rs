//! What the nodes of a plan cost: shares that fall due with their luck, and what a whole conversion comes to in a
//! schedule. When each share falls due is in `pay`.

use super::plan::Plan;
use super::portfolio::{Luck, Portfolio, Run};
use super::stage::StageRole;
use crate::units::Money;

/// Seconds in a year.
const YEAR_S: f64 = 365.25 * 86_400.0;

/// A share of a node's price, of facility and of hardware.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Due {
    pub(super) facility: Money,
    pub(super) hardware: Money,
}

impl Plan {
    /// A share of a node's price times `growth` under a factor of the facility's cost.
    pub(super) fn due(&self, node: usize, cost_factor: f64, (share, growth): (f64, f64)) -> Due {
        let (stage, hall) = (self.stage(node), self.network().nodes[node].hall);
        let part = stage.spec.capex_share_percent / 100.0 * cost_factor * self.learnt_cost(node);
        let hardware = if stage.spec.role == StageRole::Hardware {
            self.hardware(hall) * share * growth
        } else {
            Money::ZERO
        };
        Due {
            facility: self.facility(hall) * (part * share) * growth,
            hardware,
        }
    }

    /// Share of a node's price that is left when it starts or is placed, and the share that falls due at its end.
    pub(super) fn shares(&self, node: usize) -> (f64, f64) {
        let stage = self.stage(node);
        let begun = stage.elapsed_months > 0.0 || self.network().nodes[node].rest;
        if stage.done {
            return (0.0, 0.0);
        }
        let (start, end) = if stage.spec.is_order() {
            let deposit = stage.spec.order.deposit(self.inputs().deposit_percent);
            (deposit, (1.0 - deposit) * self.delivered(node))
        } else {
            (0.5, 0.5)
        };
        (if begun { 0.0 } else { start }, end)
    }

    /// By what the price that is due at the end of a node has grown since it was placed, so many seconds before.
    pub(super) fn growth(&self, node: usize, seconds: i64) -> f64 {
        let spec = &self.stage(node).spec;
        if spec.is_order() {
            spec.order.escalation(seconds as f64 / YEAR_S)
        } else {
            1.0
        }
    }

    /// The node at which the order of a node was placed; the last of two deliveries belongs to the order of the first.
    pub(super) fn placed_at(&self, node: usize) -> usize {
        if self.network().nodes[node].rest {
            node - 1
        } else {
            node
        }
    }

    /// Share of an order's units that a node delivers.
    pub(super) fn delivered(&self, node: usize) -> f64 {
        let nodes = &self.network().nodes;
        let rest = nodes[node].rest;
        let split = rest || nodes.get(node + 1).is_some_and(|next| next.rest);
        let first = self.stage(node).spec.order.first_delivery.filter(|_| split);
        first.map_or(1.0, |first| {
            let share = first.share_percent / 100.0;
            if rest { 1.0 - share } else { share }
        })
    }
}

impl Portfolio {
    /// What a conversion costs in a schedule, facility and hardware; what was done and paid before is left out.
    pub fn capex(&self, project: usize, luck: &Luck, run: &Run) -> Money {
        let (plan, offset) = (&self.plans[project], self.flat.offset[project]);
        let factor = luck.cost[project];
        let mut sum = Money::ZERO;
        for node in 0..plan.network().nodes.len() {
            let (start, end) = plan.shares(node);
            let since = run.start[offset + plan.placed_at(node)];
            let growth = plan.growth(node, run.end[offset + node] - since);
            for share in [(start, 1.0), (end, growth)] {
                let due = plan.due(node, factor, share);
                sum += due.facility + due.hardware;
            }
        }
        let (ready, own) = (self.ready(project, run), luck.holds.iter());
        for hold in own.filter(|h| h.project as usize == project && h.from < ready) {
            let event = hold.event as usize;
            let design = plan.design_of(event).map(|n| run.end[offset + n]);
            let open =
                design.is_some_and(|end| end <= hold.from.as_unix_s()) && hold.from >= self.starts[project];
            if open {
                let percent = plan.inputs().refreezes[event].cost_percent;
                sum += plan.facility(None) * (percent / 100.0 * factor);
            }
        }
        sum
    }
    /// The same as planned: no luck of cost, the planned dates.
    pub fn planned_capex(&self, project: usize) -> Money {
        let plan = &self.plans[project];
        let planned = plan.planned();
        let of = |node: usize| {
            let (start, end) = plan.shares(node);
            let months = planned.end[node] - planned.start[plan.placed_at(node)];
            let growth = plan.growth(node, super::months(months).as_seconds());
            let due = plan.due(node, 1.0, (start + end * growth, 1.0));
            due.facility + due.hardware
        };
        (0..plan.network().nodes.len()).map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::effect::Effect;
    use crate::conversion::order::FirstDeliverySpec;
    use crate::conversion::plan::{HallInputs, PlanInputs};
    use crate::conversion::project::{Event, Project};
    use crate::conversion::refreeze::{RefreezeSpec, RefreezeWhen};
    use crate::conversion::stage::{StageScope, StageSpec, resolve};
    use crate::conversion::works::Works;
    use crate::conversion::{HallPhase, ProgrammeSpec, RiskSpec, Scene, Shared, StartSpec};
    use crate::des::{EventQueue, Outbox};
    use crate::id::{Name, ProjectId};
    use crate::random::Streams;
    use crate::time::SimTime;

    const START: SimTime = SimTime::from_unix_s(1_780_000_000);

    fn halls(count: usize) -> Vec<HallInputs> {
        let hall = |h| HallInputs {
            name: format!("west/g-{h}"),
            phase: HallPhase::Mining,
            facility: Money::from_usd(100.0),
            hardware: Money::from_usd(400.0),
            sale: Money::ZERO,
        };
        (0..count).map(hall).collect()
    }

    fn portfolio(inputs: PlanInputs) -> Portfolio {
        Portfolio::new(vec![Plan::new(inputs)], vec![START], Arc::new(Works::default()))
    }

    /// All that falls due as a project runs by events.
    fn paid(portfolio: &Portfolio, streams: &Streams) -> f64 {
        let plan = Arc::clone(&portfolio.plans()[0]);
        let mut project = Project::new(ProjectId(0), plan, streams);
        let mut queue: EventQueue<Event> = EventQueue::new(START);
        let (mut effects, mut shared) = (Vec::new(), Shared::default());
        project.start(&mut Scene {
            now: START,
            outbox: &mut Outbox::new(&mut queue),
            shared: &mut shared,
            effects: &mut effects,
        });
        while let Some((now, event)) = queue.pop() {
            project.step(
                event,
                &mut Scene {
                    now,
                    outbox: &mut Outbox::new(&mut queue),
                    shared: &mut shared,
                    effects: &mut effects,
                },
            );
        }
        let due = effects.iter().filter_map(|e| match e {
            Effect::CapexDue { usd, .. } => Some(usd.as_usd()),
            _ => None,
        });
        due.sum()
    }

    /// Design 2, then an order of 12 for two halls, half of it 6 later, with ten percent a year.
    fn inputs() -> PlanInputs {
        let fixed = |value| DurationSpec::Fixed { value };
        let mut order = StageSpec {
            after: vec![Name::from("design")],
            role: StageRole::Order,
            scope: StageScope::Shared,
            capex_share_percent: 60.0,
            ..StageSpec::of("order", fixed(12.0))
        };
        order.order.escalation_percent_per_year = 10.0;
        order.order.first_delivery = Some(FirstDeliverySpec {
            share_percent: 50.0,
            rest_months: fixed(6.0),
        });
        let stages = vec![
            StageSpec {
                scope: StageScope::Shared,
                capex_share_percent: 40.0,
                ..StageSpec::of("design", fixed(2.0))
            },
            order,
            StageSpec {
                after: vec![Name::from("order")],
                role: StageRole::Ready,
                ..StageSpec::of("ready", fixed(0.0))
            },
        ];
        PlanInputs::of("west", resolve(stages, &[]), halls(2))
    }

    #[test]
    fn an_escalated_order_in_two_deliveries_costs_what_a_hand_works_out() {
        let portfolio = portfolio(inputs());
        // 200 for two halls: 80 at once; of 120 a fifth as deposit, half of the rest after 12 months, half after 18.
        let by_hand = 80.0 + 24.0 + 48.0 * 1.1 + 48.0 * 1.1_f64.powf(1.5);
        assert!((portfolio.planned_capex(0).as_usd() - by_hand).abs() < 1e-6);
        assert!((paid(&portfolio, &Streams::new(1, 0)) - by_hand).abs() < 1e-6);
        let (mut luck, mut run) = (Luck::default(), Run::default());
        portfolio.draw_into(&Streams::new(1, 0), &mut luck);
        portfolio.schedule(&luck, &mut run);
        assert!((portfolio.capex(0, &luck, &run).as_usd() - by_hand).abs() < 1e-6);
    }

    #[test]
    fn a_schedule_costs_what_the_project_pays_whatever_its_luck() {
        let mut spec = ProgrammeSpec::of("rebuild-on-pad", StartSpec::Date("2026-06-01".to_owned()));
        spec.learning.cost_percent = 10.0;
        spec.refreezes = vec![RefreezeSpec {
            cause: String::new(),
            when: RefreezeWhen::RatePerYear(1.0),
            stage: Name::from("design"),
            repeat_percent: 50.0,
            cost_percent: 3.0,
        }];
        let escalated = Plan::of_programme(&spec, "west", halls(3))
            .unwrap()
            .inputs()
            .clone();
        let mut drawn = inputs();
        drawn.risk = RiskSpec::default();
        for inputs in [escalated, drawn] {
            let portfolio = portfolio(inputs);
            let (mut luck, mut run, mut seen) = (Luck::default(), Run::default(), Vec::new());
            for r in 0..40 {
                let streams = Streams::new(5, r);
                portfolio.draw_into(&streams, &mut luck);
                portfolio.schedule(&luck, &mut run);
                let (schedule, events) = (
                    portfolio.capex(0, &luck, &run).as_usd(),
                    paid(&portfolio, &streams),
                );
                assert!((schedule / events - 1.0).abs() < 1e-6, "{r}: {schedule} {events}");
                seen.push(events);
            }
            assert!(
                seen.iter().any(|usd| (usd / seen[0] - 1.0).abs() > 0.05),
                "luck moves it"
            );
        }
    }
}
