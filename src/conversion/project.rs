//! A conversion at run time: stages start and end as events, and each tells the world what it did.
//!
//! What falls due is in `pay`, how it went in `outcome`, what stops it in `stop`, crews of halls in `hiring`.

use std::sync::Arc;

use super::archetype::Outcome;
use super::calendar::WorkTime;
use super::draw::Draw;
use super::effect::Effect;
use super::hold::Holds;
use super::phase::HallPhase;
use super::plan::Plan;
use super::portfolio::{Hold, finish};
use super::programme::Sequence;
use super::resource::Ticket;
pub use super::scene::{Event, EventKind, Scene, Shared};
use super::stage::{MiningDuring, StageRole};
use super::{DAYS_PER_MONTH, months};
use crate::des::Class;
use crate::id::ProjectId;
use crate::random::Streams;
use crate::time::{SimTime, Span};

/// What set the start of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    NotStarted,
    ProjectStart,
    AtRisk,
    JustInTime,
    Held,
    Refreeze,
    After(usize),
    /// Its predecessors were done; it waited for crews.
    Crews(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct NodeState {
    waits_for: u32,
    failed_tests: u32,
    /// When it last failed a test or began.
    since: Option<SimTime>,
    pub(super) start: Option<SimTime>,
    pub(super) end: Option<SimTime>,
    pub(super) cause: Cause,
    pub(super) critical: bool,
}

/// Stage events come before failures and after prices and weather.
const CLASS: Class = Class(20);
/// Crews are dealt out when all that ends at an instant has ended.
const DEAL: Class = Class(21);

/// A conversion under way.
#[derive(Debug, Clone)]
pub struct Project {
    pub(super) id: ProjectId,
    pub(super) plan: Arc<Plan>,
    pub(super) draw: Draw,
    pub(super) started: Option<SimTime>,
    pub(super) cancelled: Option<SimTime>,
    pub(super) openings: Vec<Hold>,
    pub(super) nodes: Vec<NodeState>,
    pub(super) phases: Vec<HallPhase>,
    /// Halls that the project has taken out of their old use.
    pub(super) taken: Vec<bool>,
    /// Halls whose crew stands, where the world hires crews; without, hiring lasts as long as was drawn.
    pub(super) crews: Option<Vec<bool>>,
    holds: Holds,
}

impl Project {
    /// A project that has not started, with the luck of a replication.
    pub fn new(id: ProjectId, plan: Arc<Plan>, streams: &Streams) -> Self {
        let state = |node: &super::network::Node| NodeState {
            waits_for: node.after.len() as u32,
            failed_tests: 0,
            since: None,
            start: None,
            end: None,
            cause: Cause::NotStarted,
            critical: false,
        };
        Self {
            id,
            draw: plan.draw(streams),
            started: None,
            cancelled: None,
            openings: Vec::new(),
            nodes: plan.network().nodes.iter().map(state).collect(),
            phases: plan.inputs().halls.iter().map(|h| h.phase).collect(),
            taken: plan.inputs().halls.iter().map(|h| !h.phase.is_in_use()).collect(),
            holds: Holds::new(plan.inputs().halls.len()),
            plan,
            crews: None,
        }
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
    /// When it was given up.
    pub fn cancelled(&self) -> Option<SimTime> {
        self.cancelled
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

    /// Makes every hall ready so much later than it would be, by works that nobody foresees.
    pub fn slip(&mut self, by: Span) {
        let months = by.as_days() / DAYS_PER_MONTH;
        // Where halls follow one another the slip of the first is passed on.
        let passed_on = self.plan.inputs().sequence == Sequence::OneAfterAnother;
        let halls = if passed_on { 1 } else { self.phases.len() };
        for ready in &self.plan.network().ready[..halls] {
            self.draw.months[*ready] += months;
        }
    }

    /// Starts the project: whatever waits for nothing begins.
    pub fn start<W>(&mut self, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        assert!(self.started.is_none(), "project {} started twice", self.id.0);
        let now = scene.now;
        self.started = Some(now);
        let drawn = self.draw.refreezes.iter().copied().enumerate();
        self.openings = drawn
            .map(|(event, drawn)| self.plan.hold(self.id.0, now, event, drawn))
            .collect();
        for hold in 0..self.openings.len() {
            let Hold { event, from, .. } = self.openings[hold];
            if from >= now && from < SimTime::FAR_FUTURE {
                self.schedule(event as usize, EventKind::Refreeze, from, scene);
            }
        }
        if let Some(after) = self.draw.cancelled.filter(|m| *m < 12.0 * 200.0) {
            self.schedule(0, EventKind::Cancel, now + months(after), scene);
        }
        for node in 0..self.nodes.len() {
            if self.nodes[node].waits_for == 0 {
                let cause = if self.plan.is_at_risk(node) {
                    Cause::AtRisk
                } else {
                    Cause::ProjectStart
                };
                self.release(node, cause, scene);
            }
        }
    }

    /// Handles an event of this project. [`EventKind::Deal`] is the world's: it concerns all projects.
    pub fn step<W>(&mut self, event: Event, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        let node = event.node as usize;
        if self.cancelled.is_some() {
            return;
        }
        match event.kind {
            EventKind::Begin => {
                let cause = self.nodes[node].cause;
                self.release(node, cause, scene);
            }
            EventKind::End => self.attempt(node, scene),
            EventKind::Refreeze => {
                if self.is_open(node, scene.now) && !self.is_finished() {
                    self.pay_refreeze(node, scene.effects);
                }
            }
            EventKind::Cancel => {
                if !self.is_finished() {
                    self.cancel(scene);
                }
            }
            EventKind::Deal => unreachable!("crews are dealt out by the world"),
        }
    }

    /// What a node needs of the crews.
    pub fn needs(&self, node: u32) -> &super::resource::Needs {
        self.plan.needs(node as usize)
    }

    /// A node that waited for crews has them and begins; `freed` gave them back, where it is of this project.
    pub fn begin_served<W>(&mut self, node: u32, freed: Option<u32>, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        let node = node as usize;
        let waited = self.nodes[node].since.is_some_and(|since| since < scene.now);
        if waited {
            self.nodes[node].cause = Cause::Crews(freed.map_or(usize::MAX, |n| n as usize));
        }
        self.begin(node, scene);
    }

    /// An attempt at a stage ends: it failed a test, or the stage is over.
    fn attempt<W>(&mut self, node: usize, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        let attempt = self.nodes[node].failed_tests as usize;
        if let Some(repeat) = self.draw.repeats[node].get(attempt).copied() {
            self.nodes[node].failed_tests += 1;
            self.for_halls(node, scene.effects, |hall| Effect::CommissioningFailed { hall });
            let end = finish(self.times(node, scene.shared), scene.now, repeat);
            self.schedule(node, EventKind::End, end, scene);
        } else {
            self.end(node, scene);
        }
    }

    fn times<'t>(&self, node: usize, shared: &'t Shared) -> Option<&'t WorkTime> {
        self.plan.calendar(node).map(|index| &shared.times[index])
    }

    /// A node whose predecessors are done begins, now or at its latest start, or waits for crews.
    fn release<W>(&mut self, node: usize, cause: Cause, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        let started = self.started.expect("nodes are released after the start");
        let floor = started + months(self.draw.floor[node]);
        let (own, spec) = (self.plan.network().nodes[node].hall, &self.plan.stage(node).spec);
        let notice = self.holds.until(spec, own, &self.phases).unwrap_or(scene.now);
        let at = self.held(node, scene.now.max(floor).max(notice));
        if at > scene.now {
            self.nodes[node].cause = if at == floor {
                Cause::JustInTime
            } else if at == notice {
                Cause::Held
            } else {
                Cause::Refreeze
            };
            self.schedule(node, EventKind::Begin, at, scene);
            return;
        }
        self.nodes[node].cause = cause;
        if self.plan.needs(node).is_empty() {
            self.begin(node, scene);
        } else {
            self.nodes[node].since = Some(scene.now);
            scene.shared.crews.wait(Ticket {
                planned_s: (started + months(self.plan.rank(node))).as_unix_s(),
                project: self.id.0,
                node: node as u32,
            });
            self.schedule(node, EventKind::Deal, scene.now, scene);
        }
    }

    fn begin<W>(&mut self, node: usize, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        self.nodes[node].start = Some(scene.now);
        let stage = self.plan.stage(node);
        let (role, stops) = (stage.spec.role, stage.spec.mining == MiningDuring::Stops);
        let effects = &mut *scene.effects;
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
        self.pay_start(node, effects);
        if !self.waits_to_hire(node) {
            let end = finish(self.times(node, scene.shared), scene.now, self.draw.months[node]);
            self.schedule(node, EventKind::End, end, scene);
        }
    }

    pub(super) fn end<W>(&mut self, node: usize, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        self.nodes[node].end = Some(scene.now);
        self.give_back(node, scene);
        let effects = &mut *scene.effects;
        self.pay_end(node, effects);
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
                self.release(later, Cause::After(node), scene);
            }
        }
    }

    pub(super) fn give_back<W>(&self, node: usize, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        if !self.plan.needs(node).is_empty() {
            scene
                .shared
                .crews
                .give_back(self.plan.needs(node), (self.id.0, node as u32));
            self.schedule(node, EventKind::Deal, scene.now, scene);
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
            Outcome::Mine => HallPhase::Mining,
            Outcome::Idle => HallPhase::Idle,
        };
        if matches!(to, HallPhase::Mining | HallPhase::Idle) {
            self.return_to(hall, to, effects);
        } else {
            self.enter(node, to, effects);
        }
        if to == HallPhase::Sold {
            let usd = self.plan.inputs().halls[hall].sale;
            effects.push(Effect::Sold { hall, usd });
        }
        effects.push(Effect::ReadyForService { hall });
        if self.is_finished() {
            self.mark_critical();
        }
    }

    /// Moves the halls of a node forward to a phase, by winding down where miners still run and by clearing where systems
    /// still serve. A phase that lies behind is ignored: files may order stages as they like.
    fn enter(&mut self, node: usize, to: HallPhase, effects: &mut Vec<Effect>) {
        let own = self.plan.network().nodes[node].hall;
        for hall in 0..self.phases.len() {
            if own.is_some_and(|own| own != hall) || (self.taken[hall] && !self.phases[hall].precedes(to)) {
                continue;
            }
            self.take(hall, effects);
            if to == HallPhase::WindingDown {
                continue;
            }
            self.empty(hall, effects);
            self.advance(hall, to, effects);
        }
    }

    /// Ends the old use of a hall.
    fn take(&mut self, hall: usize, effects: &mut Vec<Effect>) {
        if std::mem::replace(&mut self.taken[hall], true) {
            return;
        }
        if self.phases[hall] == HallPhase::Mining {
            effects.push(Effect::MiningStops { hall });
            self.advance(hall, HallPhase::WindingDown, effects);
        } else {
            effects.push(Effect::ServiceStops { hall });
            self.advance(hall, HallPhase::Clearing, effects);
        }
    }

    /// What is left of the old use goes out.
    pub(super) fn empty(&self, hall: usize, effects: &mut Vec<Effect>) {
        match self.phases[hall] {
            HallPhase::WindingDown => effects.push(Effect::MinersRemoved { hall }),
            HallPhase::Clearing => effects.push(Effect::SystemsRemoved { hall }),
            _ => {}
        }
    }

    /// A hall mines or stands idle at the end.
    fn return_to(&mut self, hall: usize, to: HallPhase, effects: &mut Vec<Effect>) {
        self.take(hall, effects);
        self.empty(hall, effects);
        if self.phases[hall] != to {
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

    fn schedule<W>(&self, node: usize, kind: EventKind, time: SimTime, scene: &mut Scene<'_, '_, W>)
    where
        Event: Into<W>,
    {
        let event = Event {
            project: self.id,
            node: node as u32,
            kind,
        };
        let class = if kind == EventKind::Deal { DEAL } else { CLASS };
        scene.outbox.schedule(time, class, event);
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
            if let Cause::After(earlier) | Cause::Crews(earlier) = self.nodes[node].cause
                && earlier < self.nodes.len()
            {
                path.push(earlier);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::effect::{Component, Payment};
    use crate::conversion::plan::{HallInputs, PlanInputs};
    use crate::conversion::programme::ProgrammeSpec;
    use crate::conversion::stage::{StageOverrideSpec, StageScope, StageSpec, resolve};
    use crate::conversion::start::StartSpec;
    use crate::des::{EventQueue, Outbox};
    use crate::id::Name;
    use crate::units::Money;

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
        let mut shared = Shared::default();
        project.start(&mut Scene {
            now: START,
            outbox: &mut Outbox::new(&mut queue),
            shared: &mut shared,
            effects: &mut effects,
        });
        log.extend(effects.drain(..).map(|e| (START, e)));
        while let Some((now, event)) = queue.pop() {
            assert_eq!(event.project, ProjectId(4));
            project.step(
                event,
                &mut Scene {
                    now,
                    outbox: &mut Outbox::new(&mut queue),
                    shared: &mut shared,
                    effects: &mut effects,
                },
            );
            log.extend(effects.drain(..).map(|e| (now, e)));
        }
        (project, log)
    }

    fn stage(id: &str, after: &[&str], value: f64, role: StageRole, scope: StageScope) -> StageSpec {
        StageSpec {
            after: after.iter().map(|a| Name::from(*a)).collect(),
            capex_share_percent: 20.0,
            role,
            scope,
            ..StageSpec::of(id, DurationSpec::Fixed { value })
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
            at_risk: if at_risk {
                vec![Name::from("order")]
            } else {
                Vec::new()
            },
            deposit_percent: 25.0,
            ..PlanInputs::of("small", resolve(specs, &[]), halls(2, HallPhase::Mining))
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
        let plan = programme("build-beside-the-mine", 1, |s| {
            s.risk = crate::conversion::RiskSpec::none();
        });
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
        project.start(&mut Scene {
            now: START,
            outbox: &mut Outbox::new(&mut queue),
            shared: &mut Shared::default(),
            effects: &mut Vec::new(),
        });
        let rows = project.outcomes();
        assert_eq!(rows.iter().filter(|r| r.start.is_some()).count(), 1);
        assert!(rows.iter().all(|r| !r.critical && r.end.is_none()));
        assert_eq!(project.planned_ready(0), Some(START + months(9.0)));
    }
}
