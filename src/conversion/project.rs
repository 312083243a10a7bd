//! A conversion at run time: stages start and end as events, and each tells the world what it did.
//!
//! Money. A plain stage pays half of its share of the facility's cost when it starts and half when it ends, which has
//! the same mean date as steady progress; an order pays its deposit when placed and the balance on delivery. A stage
//! that was done before pays nothing; one that had begun pays the end only.

use std::sync::Arc;

use super::archetype::Outcome;
use super::effect::{Component, Effect, Payment};
use super::hold::Holds;
use super::months;
use super::phase::HallPhase;
use super::plan::{Draw, Plan};
use super::stage::{MiningDuring, StageRole};
use crate::des::{Class, Outbox};
use crate::id::{Name, ProjectId};
use crate::random::Streams;
use crate::time::SimTime;
use crate::units::Money;

/// A stage begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub project: ProjectId,
    /// Which node of its network.
    pub node: u32,
    /// What.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A stage that waited for its latest start begins.
    Begin,
    /// A stage, or one attempt at it, ends.
    End,
}

/// What set the start of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    NotStarted,
    ProjectStart,
    AtRisk,
    JustInTime,
    Held,
    After(usize),
}

#[derive(Debug, Clone, Copy)]
struct NodeState {
    waits_for: u32,
    failed_tests: u32,
    start: Option<SimTime>,
    end: Option<SimTime>,
    cause: Cause,
    critical: bool,
}

/// How a stage was planned and how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct StageOutcome {
    /// Hall of the plan; `None` for a shared stage.
    pub hall: Option<usize>,
    /// Stage id.
    pub stage: Name,
    /// Planned start.
    pub planned_start: SimTime,
    /// Planned end.
    pub planned_end: SimTime,
    /// Start, where it has started.
    pub start: Option<SimTime>,
    /// End, where it has ended.
    pub end: Option<SimTime>,
    /// On the path that set the last hall's ready date; false until all halls are ready.
    pub critical: bool,
    /// What set its start; empty where it has not started.
    pub cause: String,
}

/// Stage events come before failures and after prices and weather.
const CLASS: Class = Class(20);

/// A conversion under way.
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    plan: Arc<Plan>,
    draw: Draw,
    started: Option<SimTime>,
    nodes: Vec<NodeState>,
    phases: Vec<HallPhase>,
    /// Halls whose crew stands, where the world hires crews; without, hiring lasts as long as was drawn.
    crews: Option<Vec<bool>>,
    holds: Holds,
}

impl Project {
    /// A project that has not started, with the luck of a replication.
    pub fn new(id: ProjectId, plan: Arc<Plan>, streams: &Streams) -> Self {
        let state = |node: &super::network::Node| NodeState {
            waits_for: node.after.len() as u32,
            failed_tests: 0,
            start: None,
            end: None,
            cause: Cause::NotStarted,
            critical: false,
        };
        Self {
            id,
            draw: plan.draw(streams),
            started: None,
            nodes: plan.network().nodes.iter().map(state).collect(),
            phases: plan.inputs().halls.iter().map(|h| h.phase).collect(),
            holds: Holds::new(plan.inputs().halls.len()),
            plan,
            crews: None,
        }
    }
    /// From now on a stage of hiring ends when [`Project::crew_stands`] says so, however long it was drawn.
    pub fn wait_for_crews(&mut self) {
        self.crews = Some(vec![false; self.phases.len()]);
    }
    /// The crew of a hall stands: hiring for it ends.
    pub fn crew_stands<W>(
        &mut self,
        hall: usize,
        now: SimTime,
        outbox: &mut Outbox<'_, W>,
        effects: &mut Vec<Effect>,
    ) where
        Event: Into<W>,
    {
        let Some(crews) = &mut self.crews else { return };
        crews[hall] = true;
        let all = crews.iter().all(|stands| *stands);
        for node in 0..self.nodes.len() {
            let own = self.plan.network().nodes[node].hall;
            let state = &self.nodes[node];
            let hires = state.start.is_some() && state.end.is_none() && self.waits_to_hire(node);
            if hires && own.map_or(all, |own| own == hall) {
                self.end(node, now, outbox, effects);
            }
        }
    }
    /// Whether a node's end is the world's to say.
    fn waits_to_hire(&self, node: usize) -> bool {
        let stage = self.plan.stage(node);
        self.crews.is_some() && stage.spec.role == StageRole::Staff && !stage.done
    }
    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// Its luck.
    pub fn luck(&self) -> &Draw {
        &self.draw
    }
    /// When it started.
    pub fn started(&self) -> Option<SimTime> {
        self.started
    }
    /// The phase of a hall as the project knows it.
    pub fn phase(&self, hall: usize) -> HallPhase {
        self.phases[hall]
    }
    /// When a hall became ready.
    pub fn ready(&self, hall: usize) -> Option<SimTime> {
        self.nodes[self.plan.network().ready[hall]].end
    }
    /// When a hall was planned to be ready; `None` before the project starts.
    pub fn planned_ready(&self, hall: usize) -> Option<SimTime> {
        self.started
            .map(|t| t + months(self.plan.planned_ready_months(hall)))
    }
    /// Whether every hall is ready.
    pub fn is_finished(&self) -> bool {
        (0..self.phases.len()).all(|hall| self.ready(hall).is_some())
    }

    /// Lets no stage end the mining of a hall before an instant, say because notice must run.
    pub fn hold(&mut self, hall: usize, until: SimTime) {
        self.holds.add(hall, until);
    }

    /// Starts the project: whatever waits for nothing begins.
    pub fn start<W>(&mut self, now: SimTime, outbox: &mut Outbox<'_, W>, effects: &mut Vec<Effect>)
    where
        Event: Into<W>,
    {
        assert!(self.started.is_none(), "project {} started twice", self.id.0);
        self.started = Some(now);
        for node in 0..self.nodes.len() {
            if self.nodes[node].waits_for == 0 {
                let cause = if self.plan.is_at_risk(node) {
                    Cause::AtRisk
                } else {
                    Cause::ProjectStart
                };
                self.release(node, cause, now, outbox, effects);
            }
        }
    }

    /// Handles an event of this project.
    pub fn step<W>(
        &mut self,
        now: SimTime,
        event: Event,
        outbox: &mut Outbox<'_, W>,
        effects: &mut Vec<Effect>,
    ) where
        Event: Into<W>,
    {
        let node = event.node as usize;
        match event.kind {
            EventKind::Begin => self.begin(node, now, outbox, effects),
            EventKind::End => {
                let attempt = self.nodes[node].failed_tests as usize;
                if let Some(repeat) = self.draw.repeats[node].get(attempt).copied() {
                    self.nodes[node].failed_tests += 1;
                    self.for_halls(node, effects, |hall| Effect::CommissioningFailed { hall });
                    self.schedule(node, EventKind::End, now + months(repeat), outbox);
                } else {
                    self.end(node, now, outbox, effects);
                }
            }
        }
    }

    /// A node whose predecessors are done begins, now or at its latest start.
    fn release<W>(
        &mut self,
        node: usize,
        cause: Cause,
        now: SimTime,
        outbox: &mut Outbox<'_, W>,
        effects: &mut Vec<Effect>,
    ) where
        Event: Into<W>,
    {
        let started = self.started.expect("nodes are released after the start");
        let floor = started + months(self.draw.floor[node]);
        let (own, spec) = (self.plan.network().nodes[node].hall, &self.plan.stage(node).spec);
        let held = self.holds.until(spec, own, &self.phases).unwrap_or(now);
        if floor.max(held) > now {
            self.nodes[node].cause = if held > floor {
                Cause::Held
            } else {
                Cause::JustInTime
            };
            self.schedule(node, EventKind::Begin, floor.max(held), outbox);
        } else {
            self.nodes[node].cause = cause;
            self.begin(node, now, outbox, effects);
        }
    }

    fn begin<W>(&mut self, node: usize, now: SimTime, outbox: &mut Outbox<'_, W>, effects: &mut Vec<Effect>)
    where
        Event: Into<W>,
    {
        self.nodes[node].start = Some(now);
        let stage = self.plan.stage(node);
        let (role, stops) = (stage.spec.role, stage.spec.mining == MiningDuring::Stops);
        if stops {
            self.enter(node, HallPhase::WindingDown, effects);
        }
        match role {
            StageRole::Build => self.enter(node, HallPhase::Building, effects),
            StageRole::Commission => self.enter(node, HallPhase::Commissioning, effects),
            StageRole::Install => self.enter(node, HallPhase::Ramp, effects),
            StageRole::WindDown => self.enter(node, HallPhase::WindingDown, effects),
            StageRole::Staff => self.for_halls(node, effects, |hall| Effect::HiringStarts { hall }),
            StageRole::Work
            | StageRole::Order
            | StageRole::Hardware
            | StageRole::Energise
            | StageRole::Ready => {}
        }
        self.pay(node, true, effects);
        if !self.waits_to_hire(node) {
            self.schedule(node, EventKind::End, now + months(self.draw.months[node]), outbox);
        }
    }

    fn end<W>(&mut self, node: usize, now: SimTime, outbox: &mut Outbox<'_, W>, effects: &mut Vec<Effect>)
    where
        Event: Into<W>,
    {
        self.nodes[node].end = Some(now);
        self.pay(node, false, effects);
        match self.plan.stage(node).spec.role {
            StageRole::WindDown => self.enter(node, HallPhase::Stripped, effects),
            StageRole::Energise => {
                self.enter(node, HallPhase::Energised, effects);
                self.for_halls(node, effects, |hall| Effect::Energised { hall });
            }
            StageRole::Hardware => self.for_halls(node, effects, |hall| Effect::HardwareDelivered { hall }),
            StageRole::Staff => self.for_halls(node, effects, |hall| Effect::CrewReady { hall }),
            StageRole::Ready => self.finish(node, effects),
            _ => {}
        }
        let plan = Arc::clone(&self.plan);
        for &later in &plan.network().nodes[node].before {
            self.nodes[later].waits_for -= 1;
            if self.nodes[later].waits_for == 0 {
                self.release(later, Cause::After(node), now, outbox, effects);
            }
        }
    }

    /// A hall is ready: it serves, is let or is sold.
    fn finish(&mut self, node: usize, effects: &mut Vec<Effect>) {
        let hall = self.plan.network().nodes[node]
            .hall
            .expect("the check wants a ready stage for each hall");
        let to = match self.plan.inputs().outcome {
            Outcome::Serve => HallPhase::Serving,
            Outcome::Lease => HallPhase::Leased,
            Outcome::Sell => HallPhase::Sold,
        };
        self.enter(node, to, effects);
        if to == HallPhase::Sold {
            let usd = self.plan.inputs().halls[hall].sale;
            effects.push(Effect::Sold { hall, usd });
        }
        effects.push(Effect::ReadyForService { hall });
        if self.is_finished() {
            self.mark_critical();
        }
    }

    /// Moves the halls of a node forward to a phase, by winding down where miners still run. A phase that lies behind
    /// is ignored: files may order stages as they like.
    fn enter(&mut self, node: usize, to: HallPhase, effects: &mut Vec<Effect>) {
        let own = self.plan.network().nodes[node].hall;
        for hall in 0..self.phases.len() {
            if own.is_some_and(|own| own != hall) || !self.phases[hall].precedes(to) {
                continue;
            }
            if self.phases[hall] == HallPhase::Mining {
                effects.push(Effect::MiningStops { hall });
                self.advance(hall, HallPhase::WindingDown, effects);
            }
            if to == HallPhase::WindingDown {
                continue;
            }
            if self.phases[hall].holds_miners() {
                effects.push(Effect::MinersRemoved { hall });
            }
            self.advance(hall, to, effects);
        }
    }

    fn advance(&mut self, hall: usize, to: HallPhase, effects: &mut Vec<Effect>) {
        let from = self.phases[hall];
        self.phases[hall].advance(to);
        effects.push(Effect::PhaseChanged { hall, from, to });
    }

    fn for_halls(&self, node: usize, effects: &mut Vec<Effect>, effect: impl Fn(usize) -> Effect) {
        match self.plan.network().nodes[node].hall {
            Some(hall) => effects.push(effect(hall)),
            None => effects.extend((0..self.phases.len()).map(effect)),
        }
    }

    /// What falls due when a node starts or ends.
    fn pay(&self, node: usize, at_start: bool, effects: &mut Vec<Effect>) {
        let (stage, place) = (self.plan.stage(node), &self.plan.network().nodes[node]);
        if stage.done || (at_start && stage.elapsed_months > 0.0) {
            return;
        }
        let deposit = self.plan.inputs().deposit_percent / 100.0;
        let order = matches!(stage.spec.role, StageRole::Order | StageRole::Hardware);
        let (share, payment) = match (order, at_start) {
            (true, true) => (deposit, Payment::Deposit),
            (true, false) => (1.0 - deposit, Payment::Balance),
            (false, _) => (0.5, Payment::Progress),
        };
        let part = stage.spec.capex_share_percent / 100.0 * self.draw.cost_factor;
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
        due(
            Component::Facility,
            self.plan.facility(place.hall) * (part * share),
        );
        if stage.spec.role == StageRole::Hardware {
            due(Component::Hardware, self.plan.hardware(place.hall) * share);
        }
    }

    fn schedule<W>(&self, node: usize, kind: EventKind, time: SimTime, outbox: &mut Outbox<'_, W>)
    where
        Event: Into<W>,
    {
        let event = Event {
            project: self.id,
            node: node as u32,
            kind,
        };
        outbox.schedule(time, CLASS, event);
    }

    /// Follows what set each start back from the last ready date.
    fn mark_critical(&mut self) {
        let ready = &self.plan.network().ready;
        let last = ready.iter().copied().filter_map(|r| self.nodes[r].end).max();
        let mut path: Vec<usize> = ready
            .iter()
            .copied()
            .filter(|r| self.nodes[*r].end == last)
            .collect();
        while let Some(node) = path.pop() {
            if self.nodes[node].critical {
                continue;
            }
            self.nodes[node].critical = true;
            if let Cause::After(earlier) = self.nodes[node].cause {
                path.push(earlier);
            }
        }
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

    /// How every stage was planned and how it went; empty before the project starts.
    pub fn outcomes(&self) -> Vec<StageOutcome> {
        let Some(started) = self.started else {
            return Vec::new();
        };
        let planned = self.plan.planned();
        let outcome = |(n, node): (usize, &NodeState)| StageOutcome {
            hall: self.plan.network().nodes[n].hall,
            stage: self.plan.stage(n).spec.id.clone(),
            planned_start: started + months(planned.start[n]),
            planned_end: started + months(planned.end[n]),
            start: node.start,
            end: node.end,
            critical: node.critical,
            cause: if node.start.is_some() {
                self.cause(n)
            } else {
                String::new()
            },
        };
        self.nodes.iter().enumerate().map(outcome).collect()
    }

    fn cause(&self, node: usize) -> String {
        match self.nodes[node].cause {
            Cause::NotStarted => String::new(),
            Cause::ProjectStart => "project start".to_owned(),
            Cause::AtRisk => "order at risk".to_owned(),
            Cause::JustInTime => "just in time".to_owned(),
            Cause::Held => "notice to customers".to_owned(),
            Cause::After(earlier) => {
                let stage = &self.plan.stage(earlier).spec.id;
                match self.plan.network().nodes[earlier].hall {
                    Some(hall) if self.plan.network().nodes[node].hall != Some(hall) => {
                        format!("after {stage} of {}", self.plan.inputs().halls[hall].name)
                    }
                    _ => format!("after {stage}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::plan::{HallInputs, PlanInputs};
    use crate::conversion::programme::{ProgrammeSpec, Sequence};
    use crate::conversion::risk::RiskSpec;
    use crate::conversion::stage::{StageOverrideSpec, StageScope, StageSpec, resolve};
    use crate::conversion::start::StartSpec;
    use crate::des::EventQueue;

    fn halls(count: usize, phase: HallPhase) -> Vec<HallInputs> {
        let hall = |h| HallInputs {
            name: format!("g-{}", h + 1),
            phase,
            facility: Money::from_usd(100.0),
            hardware: Money::from_usd(400.0),
            sale: Money::from_usd(5.0),
        };
        (0..count).map(hall).collect()
    }

    fn programme(archetype: &str, count: usize, change: impl Fn(&mut ProgrammeSpec)) -> Arc<Plan> {
        let mut spec = ProgrammeSpec::of(archetype, StartSpec::Date("2026-06-01".to_owned()));
        change(&mut spec);
        Arc::new(Plan::of_programme(&spec, "test", halls(count, HallPhase::Mining)).unwrap())
    }

    const START: SimTime = SimTime::from_unix_s(1_780_000_000);

    fn run(plan: &Arc<Plan>, replication: u64) -> (Project, Vec<(SimTime, Effect)>) {
        let mut project = Project::new(ProjectId(4), Arc::clone(plan), &Streams::new(2, replication));
        let mut queue: EventQueue<Event> = EventQueue::new(START);
        let (mut effects, mut log) = (Vec::new(), Vec::new());
        project.start(START, &mut Outbox::new(&mut queue), &mut effects);
        log.extend(effects.drain(..).map(|e| (START, e)));
        while let Some((now, event)) = queue.pop() {
            assert_eq!(event.project, ProjectId(4));
            project.step(now, event, &mut Outbox::new(&mut queue), &mut effects);
            log.extend(effects.drain(..).map(|e| (now, e)));
        }
        (project, log)
    }

    fn stage(id: &str, after: &[&str], value: f64, role: StageRole, scope: StageScope) -> StageSpec {
        StageSpec {
            id: Name::from(id),
            name: id.to_owned(),
            after: after.iter().map(|a| Name::from(*a)).collect(),
            duration_months: DurationSpec::Fixed { value },
            capex_share_percent: 20.0,
            mining: MiningDuring::Continues,
            role,
            scope,
            just_in_time_buffer_months: None,
        }
    }

    /// Design 2, order 6 after it, clearing 1 after design, works 3 after clearing, tests 1 after works and order.
    fn small(at_risk: bool) -> Arc<Plan> {
        let (shared, each) = (StageScope::Shared, StageScope::Hall);
        let specs = vec![
            stage("design", &[], 2.0, StageRole::Work, shared),
            stage("order", &["design"], 6.0, StageRole::Order, shared),
            stage("clear", &["design"], 1.0, StageRole::WindDown, each),
            stage("works", &["clear"], 3.0, StageRole::Build, each),
            stage("tests", &["works", "order"], 1.0, StageRole::Commission, each),
            StageSpec {
                capex_share_percent: 0.0,
                ..stage("ready", &["tests"], 0.0, StageRole::Ready, each)
            },
        ];
        Arc::new(Plan::new(PlanInputs {
            key: "small".to_owned(),
            stages: resolve(specs, &[]),
            halls: halls(2, HallPhase::Mining),
            sequence: Sequence::AllAtOnce,
            at_risk: if at_risk {
                vec![Name::from("order")]
            } else {
                Vec::new()
            },
            deposit_percent: 25.0,
            outcome: Outcome::Serve,
            risk: RiskSpec::none(),
        }))
    }

    #[test]
    fn a_small_project_goes_as_by_hand() {
        let (late, _) = run(&small(false), 0);
        let (early, _) = run(&small(true), 0);
        // After design 2 the order takes 6: ready at 9. At risk the order comes at 6 as the works do: ready at 7.
        assert_eq!(late.ready(1), Some(START + months(9.0)));
        assert_eq!(early.ready(1), Some(START + months(7.0)));
        let critical = |p: &Project| {
            let rows = p.outcomes();
            let names = rows
                .iter()
                .filter(|r| r.critical && r.hall != Some(1))
                .map(|r| r.stage.to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(critical(&late), ["design", "order", "tests", "ready"]);
        let rows = late.outcomes();
        let find = |id: &str| rows.iter().find(|r| r.stage.as_str() == id).unwrap();
        assert_eq!(find("tests").cause, "after order");
        assert_eq!(find("design").cause, "project start");
        assert_eq!(
            (find("works").planned_end, find("works").end),
            (START + months(6.0), Some(START + months(6.0)))
        );
        let risky = early.outcomes();
        assert_eq!(
            risky.iter().find(|r| r.stage.as_str() == "order").unwrap().cause,
            "order at risk"
        );
    }

    #[test]
    fn effects_come_in_the_order_of_the_work() {
        let (_, log) = run(&small(false), 0);
        let of_first: Vec<String> = log
            .iter()
            .filter_map(|(t, e)| {
                let month = ((*t - START).as_days() / crate::conversion::DAYS_PER_MONTH).round();
                match e {
                    Effect::MiningStops { hall: 0 } => Some(format!("{month} mining stops")),
                    Effect::MinersRemoved { hall: 0 } => Some(format!("{month} miners removed")),
                    Effect::PhaseChanged { hall: 0, to, .. } => Some(format!("{month} {}", to.as_str())),
                    Effect::ReadyForService { hall: 0 } => Some(format!("{month} ready")),
                    _ => None,
                }
            })
            .collect();
        assert_eq!(
            of_first,
            [
                "2 mining stops",
                "2 winding_down",
                "3 miners removed",
                "3 stripped",
                "3 building",
                "8 commissioning",
                "9 serving",
                "9 ready",
            ]
        );
    }

    #[test]
    fn every_dollar_falls_due_once_and_orders_pay_a_deposit() {
        let (_, log) = run(&small(false), 0);
        let sum = |keep: &dyn Fn(&Effect) -> bool| -> f64 {
            let due = log.iter().filter(|(_, e)| keep(e)).filter_map(|(_, e)| match e {
                Effect::CapexDue { usd, .. } => Some(usd.as_usd()),
                _ => None,
            });
            due.sum()
        };
        assert!((sum(&|_| true) - 200.0).abs() < 1e-9, "two halls of 100");
        let paid =
            |wanted: Payment| sum(&|e| matches!(e, Effect::CapexDue { payment, .. } if *payment == wanted));
        assert!(
            (paid(Payment::Deposit) - 10.0).abs() < 1e-9,
            "a quarter of a fifth of 200"
        );
        assert!((paid(Payment::Balance) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn a_full_programme_pays_its_cost_whatever_its_luck() {
        let plan = programme("rebuild-on-pad", 2, |_| {});
        for replication in 0..20 {
            let (project, log) = run(&plan, replication);
            let sum = |wanted: Component| -> f64 {
                log.iter()
                    .filter_map(|(_, e)| match e {
                        Effect::CapexDue { component, usd, .. } if *component == wanted => Some(usd.as_usd()),
                        _ => None,
                    })
                    .sum()
            };
            let expected = 200.0 * project.luck().cost_factor;
            assert!((sum(Component::Facility) / expected - 1.0).abs() < 1e-9);
            assert!((sum(Component::Hardware) - 800.0).abs() < 1e-9);
        }
    }

    #[test]
    fn events_and_the_pass_over_the_network_agree() {
        for (archetype, sequence) in [
            ("rebuild-on-pad", Sequence::CrewsMoveOn),
            ("powered-shell", Sequence::OneAfterAnother),
        ] {
            let plan = programme(archetype, 2, |s| s.order = sequence);
            for replication in 0..50 {
                let (project, log) = run(&plan, replication);
                let times = plan.forecast(project.luck());
                for (n, row) in project.outcomes().iter().enumerate() {
                    for (event, pass) in [(row.start, times.start[n]), (row.end, times.end[n])] {
                        let gap = (event.unwrap() - (START + months(pass))).as_seconds().abs();
                        assert!(gap < 60, "{archetype} {} {gap} s: rounding only", row.stage);
                    }
                }
                let failed = log
                    .iter()
                    .filter(|(_, e)| matches!(e, Effect::CommissioningFailed { .. }))
                    .count();
                assert_eq!(failed, project.luck().repeats.iter().map(Vec::len).sum::<usize>());
                assert!(project.is_finished() && project.outcomes().iter().any(|r| r.critical));
            }
        }
    }

    #[test]
    fn beside_the_mine_mining_stops_only_at_the_hand_over() {
        let plan = programme("build-beside-the-mine", 1, |s| s.risk = RiskSpec::none());
        let (project, log) = run(&plan, 0);
        let at = |wanted: &dyn Fn(&Effect) -> bool| log.iter().find(|(_, e)| wanted(e)).unwrap().0;
        let stops = at(&|e| matches!(e, Effect::MiningStops { .. }));
        let energised = at(&|e| matches!(e, Effect::Energised { .. }));
        assert!(
            stops > START + months(11.0),
            "civil works alone take until month 11"
        );
        // Half a month of hand-over and 1.5 of tie-in, with half a month of buffer at most.
        assert!(
            energised - stops <= months(2.5),
            "{}",
            (energised - stops).as_days()
        );
        assert_eq!(project.phase(0), HallPhase::Serving);
    }

    #[test]
    fn one_after_another_keeps_the_second_hall_mining() {
        let plan = programme("rebuild-on-pad", 2, |s| s.order = Sequence::OneAfterAnother);
        for replication in 0..20 {
            let (project, log) = run(&plan, replication);
            let stops = log
                .iter()
                .find(|(_, e)| matches!(e, Effect::MiningStops { hall: 1 }))
                .unwrap()
                .0;
            assert!(stops >= project.ready(0).unwrap());
        }
    }

    #[test]
    fn a_lease_a_sale_and_an_idle_hall_end_as_they_should() {
        assert_eq!(
            run(&programme("powered-shell", 1, |_| {}), 0).0.phase(0),
            HallPhase::Leased
        );
        let (sale, log) = run(&programme("sell-the-land", 1, |_| {}), 0);
        assert_eq!(sale.phase(0), HallPhase::Sold);
        let usd = Money::from_usd(5.0);
        assert!(log.iter().any(|(_, e)| *e == Effect::Sold { hall: 0, usd }));
        let spec = ProgrammeSpec::of("greenfield", StartSpec::Date("2026-06-01".to_owned()));
        let plan = Arc::new(Plan::of_programme(&spec, "new", halls(1, HallPhase::Idle)).unwrap());
        let (new, log) = run(&plan, 0);
        assert_eq!(new.phase(0), HallPhase::Serving);
        assert!(
            !log.iter()
                .any(|(_, e)| matches!(e, Effect::MiningStops { .. } | Effect::MinersRemoved { .. }))
        );
    }

    #[test]
    fn strange_networks_of_users_do_not_break_the_hall() {
        // Every stage alone, in any role, without predecessors: phases only ever move forward.
        let plan = programme("rebuild-on-pad", 2, |s| {
            s.stages = s
                .resolved_stages()
                .iter()
                .map(|stage| {
                    let mut change = StageOverrideSpec::of(stage.spec.id.to_string());
                    change.after = Some(Vec::new());
                    change.just_in_time_buffer_months = Some(0.0);
                    change
                })
                .collect();
        });
        let (project, log) = run(&plan, 0);
        assert!(project.is_finished());
        let stops = |h: usize| {
            log.iter()
                .filter(|(_, e)| *e == Effect::MiningStops { hall: h })
                .count()
        };
        assert_eq!((stops(0), stops(1)), (1, 1));
        for (_, effect) in &log {
            if let Effect::PhaseChanged { from, to, .. } = effect {
                assert!(from.may_become(*to));
            }
        }
    }

    #[test]
    fn an_unfinished_project_shows_what_it_has() {
        let plan = small(false);
        let project = Project::new(ProjectId(0), Arc::clone(&plan), &Streams::new(1, 0));
        assert!(project.outcomes().is_empty() && project.planned_ready(0).is_none());
        let mut project = project;
        let mut queue: EventQueue<Event> = EventQueue::new(START);
        project.start(START, &mut Outbox::new(&mut queue), &mut Vec::new());
        let rows = project.outcomes();
        assert_eq!(rows.iter().filter(|r| r.start.is_some()).count(), 1);
        assert!(rows.iter().all(|r| !r.critical && r.end.is_none()));
        assert_eq!(project.planned_ready(0), Some(START + months(9.0)));
    }
}
