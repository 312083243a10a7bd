//! All conversions of a strategy as one schedule: crews that they share, calendars, and nothing but dates.
//!
//! Schedules are made serially in time: at each instant all that ends gives back its crews, then those that wait are
//! served by planned start, project and node, and one that fits may pass one that does not. A run of the world follows
//! the same rule by events, so a plan without risk comes true to the second. With crews no stage starts earlier than
//! without. Where no stage needs a crew one pass over the network does.
//!
//! Stages that begin just in time wait for their latest start in the schedule without such waits, in which a stage that
//! waited for a crew follows those that gave it back. Where these waits would make a hall later, they are cut to the
//! starts of that schedule.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::DAYS_PER_MONTH;
use super::calendar::WorkTime;
use super::draw::Common;
use super::flat::Flat;
use super::months;
use super::plan::{EVERY_DAY, Plan};
use super::resource::{Crews, Ticket};
use super::works::Works;
use crate::id::Name;
use crate::random::Streams;
use crate::time::{DAY_S, SimTime};

/// No node.
pub(super) const NOBODY: u32 = u32::MAX;

/// Conversions of a strategy that share crews and calendars.
#[derive(Debug, Clone, PartialEq)]
pub struct Portfolio {
    pub(super) plans: Vec<Arc<Plan>>,
    pub(super) starts: Vec<SimTime>,
    pub(super) works: Arc<Works>,
    pub(super) flat: Flat,
}

/// What a schedule is made from.
#[derive(Debug, Clone, Default)]
pub struct Luck {
    /// Duration of every node, failed tests excluded, months.
    pub months: Vec<f64>,
    /// Repeats of its failed tests, months.
    pub repeats: Vec<f64>,
    /// The factor of each project.
    pub factor: Vec<f64>,
    /// Actual over planned facility cost of each project.
    pub cost: Vec<f64>,
    /// No node starts earlier than this, months from its project's start.
    pub floor: Vec<f64>,
    /// Days of work, by calendar.
    pub times: Vec<WorkTime>,
    /// Openings of frozen designs: project, index, from, until, seconds since the epoch.
    pub holds: Vec<Hold>,
}

/// A frozen design is open from one instant to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Index of the project.
    pub project: u32,
    /// Index among its events.
    pub event: u32,
    /// From.
    pub from: SimTime,
    /// Until.
    pub until: SimTime,
}

/// A schedule, and the room that making it needs.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Start of every node, seconds since the epoch.
    pub start: Vec<i64>,
    /// End of every node.
    pub end: Vec<i64>,
    /// The node whose end set the start of each; `u32::MAX` where none did.
    pub cause: Vec<u32>,
    waits: Vec<u32>,
    events: BinaryHeap<Reverse<(i64, u32, bool)>>,
    crews: Crews,
    ended: Vec<u32>,
}

impl Portfolio {
    /// Plans that start at `starts`, brought together: their dates and factors are made anew where any needs crews or
    /// calendars; all others keep their own.
    pub fn new(mut plans: Vec<Plan>, starts: Vec<SimTime>, works: Arc<Works>) -> Self {
        assert!(plans.len() == starts.len(), "every plan has a start");
        let mut bound = false;
        for plan in &mut plans {
            bound |= plan.bind(&works);
        }
        let mut portfolio = Self {
            plans: plans.into_iter().map(Arc::new).collect(),
            starts,
            works,
            flat: Flat::default(),
        };
        portfolio.flat = Flat::new(&portfolio.plans, &portfolio.starts);
        if bound {
            portfolio.plan();
            portfolio.calibrate();
        }
        portfolio
    }
    /// The plans.
    pub fn plans(&self) -> &[Arc<Plan>] {
        &self.plans
    }
    /// When each is planned to start.
    pub fn starts(&self) -> &[SimTime] {
        &self.starts
    }
    /// What they share.
    pub fn works(&self) -> &Arc<Works> {
        &self.works
    }
    /// Whether any stage needs a crew.
    pub fn needs_crews(&self) -> bool {
        self.flat.crews
    }
    /// The nodes on the path that set the last ready date of a project, from its end: what set each start.
    pub fn critical_path(&self, project: usize, run: &Run, mut seen: impl FnMut(usize)) {
        let offset = self.flat.offset[project];
        let ready = self.plans[project].network().ready.iter().map(|r| offset + r);
        let Some(mut node) = ready.max_by_key(|n| (run.end[*n], Reverse(*n))) else {
            return;
        };
        loop {
            seen(node);
            if run.cause[node] == NOBODY {
                return;
            }
            node = run.cause[node] as usize;
        }
    }
    /// The first of the nodes of a plan, which stand one after another.
    pub fn offset(&self, project: usize) -> usize {
        self.flat.offset[project]
    }
    /// Nodes of all plans.
    pub fn len(&self) -> usize {
        self.flat.project.len()
    }
    /// Whether nothing is converted.
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }
    /// Plan and node of a node of all.
    pub fn node(&self, node: usize) -> (usize, usize) {
        let project = self.flat.project[node] as usize;
        (project, node - self.flat.offset[project])
    }
    /// When the last hall of a project is ready.
    pub fn ready(&self, project: usize, run: &Run) -> SimTime {
        let offset = self.flat.offset[project];
        let ready = &self.plans[project].network().ready;
        let last = ready.iter().map(|r| run.end[offset + r]).max();
        last.map_or(self.starts[project], SimTime::from_unix_s)
    }

    /// What one replication draws for dates; room is used again.
    pub fn draw_into(&self, streams: &Streams, luck: &mut Luck) {
        luck.months.resize(self.len(), 0.0);
        luck.floor.resize(self.len(), 0.0);
        luck.repeats.clear();
        luck.repeats.resize(self.len(), 0.0);
        luck.factor.clear();
        luck.cost.clear();
        luck.holds.clear();
        self.works.draw_into(streams, &mut luck.times);
        for (p, plan) in self.plans.iter().enumerate() {
            let nodes = self.flat.offset[p]..self.flat.offset[p + 1];
            let Common { factor, cost_factor } = plan.draw_common(streams);
            plan.draw_floor(factor, &mut luck.floor[nodes.clone()]);
            let repeats = &mut luck.repeats[nodes.clone()];
            plan.draw_nodes(streams, factor, &mut luck.months[nodes], |node, months| {
                repeats[node] += months;
            });
            luck.factor.push(factor);
            luck.cost.push(cost_factor);
            for event in 0..plan.inputs().refreezes.len() {
                let drawn = plan.draw_refreeze(event, streams, factor);
                luck.holds.push(plan.hold(p as u32, self.starts[p], event, drawn));
            }
        }
    }

    /// Start and end of every node.
    pub fn schedule(&self, luck: &Luck, run: &mut Run) {
        run.start.resize(self.len(), 0);
        run.end.resize(self.len(), 0);
        run.cause.resize(self.len(), NOBODY);
        if self.flat.crews {
            self.schedule_crews(luck, run);
        } else {
            self.pass(luck, run);
        }
    }

    /// One pass over the networks: nobody waits for crews.
    pub(super) fn pass(&self, luck: &Luck, run: &mut Run) {
        let flat = &self.flat;
        for &n in &flat.order {
            let n = n as usize;
            let (mut at, mut cause) = (self.floor_s(n, luck), NOBODY);
            for &earlier in flat.after(n) {
                let end = run.end[earlier as usize];
                if end > at || (end == at && cause == NOBODY) {
                    (at, cause) = (end, earlier);
                }
            }
            let held = self.held(n, at, luck, run);
            self.begin(n, (held, cause), luck, run);
        }
    }

    /// When a node of a schedule had all that it waits for but crews.
    pub fn released(&self, n: usize, luck: &Luck, run: &Run) -> i64 {
        let ends = self.flat.after(n).iter().map(|a| run.end[*a as usize]);
        let at = ends.fold(self.floor_s(n, luck), i64::max);
        self.held(n, at, luck, run)
    }

    /// The same conversions with an order of one placed at risk, or not, and everything else as it is.
    #[must_use]
    pub fn with_order(&self, project: usize, order: &Name, at_risk: bool) -> Self {
        let plan = |(p, plan): (usize, &Arc<Plan>)| {
            if p == project {
                plan.with_order(order, at_risk)
            } else {
                Plan::clone(plan)
            }
        };
        let mut plans: Vec<Plan> = self.plans.iter().enumerate().map(plan).collect();
        let mut bound = false;
        for plan in &mut plans {
            bound |= plan.bind(&self.works);
        }
        let plans: Vec<Arc<Plan>> = plans.into_iter().map(Arc::new).collect();
        let mut portfolio = Self {
            flat: Flat::new(&plans, &self.starts),
            plans,
            starts: self.starts.clone(),
            works: Arc::clone(&self.works),
        };
        if bound {
            portfolio.plan();
        }
        portfolio
    }

    /// Start and end of every node where nobody waits for crews.
    pub fn schedule_without_crews(&self, luck: &Luck, run: &mut Run) {
        run.start.resize(self.len(), 0);
        run.end.resize(self.len(), 0);
        run.cause.resize(self.len(), NOBODY);
        self.pass(luck, run);
    }

    /// By events: ends and floors in time, then those that wait for crews.
    fn schedule_crews(&self, luck: &Luck, run: &mut Run) {
        let flat = &self.flat;
        run.waits.clear();
        run.waits
            .extend((0..self.len()).map(|n| flat.after(n).len() as u32));
        if run.crews == Crews::default() {
            run.crews = Crews::new(self.works.units());
        }
        run.crews.reset();
        run.events.clear();
        for n in 0..self.len() {
            if run.waits[n] == 0 {
                run.cause[n] = NOBODY;
                let start = self.starts[flat.project[n] as usize].as_unix_s();
                run.events.push(Reverse((start, n as u32, false)));
            }
        }
        while let Some(Reverse((now, ..))) = run.events.peek().copied() {
            run.ended.clear();
            while let Some(Reverse((_, n, ends))) = run.events.peek().copied().filter(|e| e.0.0 == now) {
                run.events.pop();
                if ends {
                    self.end(n as usize, now, luck, run);
                } else {
                    self.release(n as usize, now, luck, run);
                }
            }
            self.serve(now, luck, run);
        }
    }

    fn end(&self, n: usize, now: i64, luck: &Luck, run: &mut Run) {
        if !self.flat.needs[n].is_empty() {
            run.crews.give_back(&self.flat.needs[n], (0, n as u32));
            run.ended.push(n as u32);
        }
        for &later in self.flat.before(n) {
            let later = later as usize;
            run.waits[later] -= 1;
            if run.waits[later] == 0 {
                run.cause[later] = n as u32;
                self.release(later, now, luck, run);
            }
        }
    }

    /// A node whose predecessors are done begins, waits for its floor or waits for crews.
    fn release(&self, n: usize, now: i64, luck: &Luck, run: &mut Run) {
        let at = self.held(n, now.max(self.floor_s(n, luck)), luck, run);
        if at > now {
            if self.floor_s(n, luck) > now {
                run.cause[n] = NOBODY;
            }
            run.events.push(Reverse((at, n as u32, false)));
        } else if self.flat.needs[n].is_empty() {
            let cause = run.cause[n];
            self.begin(n, (now, cause), luck, run);
            run.events.push(Reverse((run.end[n], n as u32, true)));
        } else {
            let project = self.flat.project[n];
            run.start[n] = i64::MIN;
            run.crews.wait(Ticket {
                planned_s: self.flat.planned_s[n],
                project,
                node: (n - self.flat.offset[project as usize]) as u32,
            });
            // Where it begins at once its predecessor was the cause, else who gave the crew back.
            run.end[n] = now;
        }
    }

    fn serve(&self, now: i64, luck: &Luck, run: &mut Run) {
        let flat = &self.flat;
        let place = |t: Ticket| flat.offset[t.project as usize] + t.node as usize;
        while let Some(ticket) = run.crews.grant(|t| &flat.needs[place(t)]) {
            let n = place(ticket);
            let waited = run.end[n] < now;
            let shares = |m: &u32| {
                let other = &flat.needs[*m as usize];
                other
                    .iter()
                    .any(|(pool, _)| flat.needs[n].iter().any(|(own, _)| own == pool))
            };
            let freed = run.ended.iter().rev().copied().find(shares);
            let cause = if waited {
                freed.unwrap_or(NOBODY)
            } else {
                run.cause[n]
            };
            self.begin(n, (now, cause), luck, run);
            run.events.push(Reverse((run.end[n], n as u32, true)));
        }
    }

    fn begin(&self, n: usize, (now, cause): (i64, u32), luck: &Luck, run: &mut Run) {
        run.start[n] = now;
        run.cause[n] = cause;
        let calendar = self.flat.calendar[n];
        let times = (calendar != EVERY_DAY).then(|| &luck.times[calendar as usize]);
        run.end[n] = finish(times, SimTime::from_unix_s(now), luck.months[n] + luck.repeats[n]).as_unix_s();
    }

    fn floor_s(&self, n: usize, luck: &Luck) -> i64 {
        let start = self.starts[self.flat.project[n] as usize].as_unix_s();
        start + (luck.floor[n] * DAYS_PER_MONTH * DAY_S as f64).round() as i64
    }

    /// The instant from `at` on at which no frozen design that the node waits for is open.
    fn held(&self, n: usize, at: i64, luck: &Luck, run: &Run) -> i64 {
        if luck.holds.is_empty() {
            return at;
        }
        let (project, node) = self.node(n);
        let own = luck.holds.iter().filter(|h| h.project as usize == project);
        own.fold(at, |at, hold| {
            let frozen = self.plans[project].frozen_by(hold.event as usize, node);
            let open = frozen.is_some_and(|design| {
                let end = run.end[self.flat.offset[project] + design];
                end <= hold.from.as_unix_s() && hold.from.as_unix_s() <= at && at < hold.until.as_unix_s()
            });
            if open { hold.until.as_unix_s() } else { at }
        })
    }
}

/// When work of so many months ends, on a calendar or on every day.
pub fn finish(times: Option<&WorkTime>, start: SimTime, count: f64) -> SimTime {
    times.map_or_else(|| start + months(count), |t| t.finish(start, count))
}

pub(super) fn since(start: SimTime, at: i64) -> f64 {
    (at - start.as_unix_s()) as f64 / (DAYS_PER_MONTH * DAY_S as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversion::calendar::WorkCalendarSpec;
    use crate::conversion::duration::DurationSpec;
    use crate::conversion::phase::HallPhase;
    use crate::conversion::plan::{HallInputs, PlanInputs};
    use crate::conversion::project::{Event, EventKind, Project, Scene, Shared};
    use crate::conversion::resource::{NeedSpec, ResourceSpec};
    use crate::conversion::stage::{StageRole, StageScope, StageSpec, resolve};
    use crate::conversion::{ProgrammeSpec, RiskSpec, StageOverrideSpec, StartSpec};
    use crate::des::{EventQueue, Outbox};
    use crate::id::ProjectId;
    use crate::time::{Calendar, Span};
    use crate::units::Money;

    const START: SimTime = SimTime::from_unix_s(1_767_225_600);

    fn hall(site: &str, h: usize) -> HallInputs {
        HallInputs {
            name: format!("{site}/g-{h}"),
            phase: HallPhase::Mining,
            facility: Money::from_usd(100.0),
            hardware: Money::from_usd(400.0),
            sale: Money::ZERO,
        }
    }

    fn pool(id: &str, units: u32) -> ResourceSpec {
        ResourceSpec {
            id: Name::from(id),
            units,
        }
    }

    fn stage(id: &str, after: &[&str], months: f64, needs: &[(&str, u32)]) -> StageSpec {
        let need = |(name, units): &(&str, u32)| NeedSpec {
            resource: Name::from(*name),
            units: *units,
        };
        StageSpec {
            after: after.iter().map(|a| Name::from(*a)).collect(),
            role: if months > 0.0 {
                StageRole::Build
            } else {
                StageRole::Ready
            },
            needs: needs.iter().map(need).collect(),
            ..StageSpec::of(id, DurationSpec::Fixed { value: months })
        }
    }

    /// Civil 2 with a crane, fit-out 3 with electricians, ready; `lead` months of design before.
    fn plan(site: &str, halls: usize, lead: f64) -> Plan {
        let stages = vec![
            StageSpec {
                scope: StageScope::Shared,
                role: StageRole::Work,
                ..stage("design", &[], lead, &[])
            },
            stage("civil", &["design"], 2.0, &[("crane", 1)]),
            stage("fit-out", &["civil"], 3.0, &[("electricians", 1)]),
            stage("ready", &["fit-out"], 0.0, &[]),
        ];
        let halls = (1..=halls).map(|h| hall(site, h)).collect();
        Plan::new(PlanInputs::of(site, resolve(stages, &[]), halls))
    }

    fn works(resources: &[ResourceSpec]) -> Arc<Works> {
        Arc::new(Works::new(resources, &[], std::iter::empty(), (START, START)))
    }

    fn ready_months(portfolio: &Portfolio) -> Vec<f64> {
        let of = |p: &Arc<Plan>| -> Vec<f64> {
            let halls = 0..p.inputs().halls.len();
            halls.map(|h| p.planned_ready_months(h)).collect()
        };
        portfolio.plans().iter().flat_map(of).collect()
    }

    fn near(got: &[f64], wanted: &[f64]) {
        assert_eq!(got.len(), wanted.len(), "{got:?}");
        for (g, w) in got.iter().zip(wanted) {
            assert!((g - w).abs() < 1e-4, "{got:?} {wanted:?}");
        }
    }

    #[test]
    fn one_crane_serves_hall_after_hall() {
        let one = |crane, electricians| {
            let pools = [pool("crane", crane), pool("electricians", electricians)];
            ready_months(&Portfolio::new(
                vec![plan("west", 3, 1.0)],
                vec![START],
                works(&pools),
            ))
        };
        // Plenty of both: design 1, civil 2, fit-out 3.
        near(&one(3, 3), &[6.0, 6.0, 6.0]);
        // One crane: civil ends at 3, 5, 7; each fit-out follows at once.
        near(&one(1, 3), &[6.0, 8.0, 10.0]);
        // And one crew of electricians: 3-6, 6-9, 9-12.
        near(&one(1, 1), &[6.0, 9.0, 12.0]);
        // Two crews: 3-6, 5-8, and the third hall from 7, when the first crew has been free since 6.
        near(&one(1, 2), &[6.0, 8.0, 10.0]);
    }

    #[test]
    fn sites_share_a_crane_and_the_one_planned_first_has_it_first() {
        let plans = vec![plan("west", 1, 2.0), plan("east", 1, 1.5)];
        let pools = [pool("crane", 1), pool("electricians", 9)];
        let both = Portfolio::new(plans, vec![START, START], works(&pools));
        // East works from 1.5 to 3.5, so west waits from 2 to 3.5: 3.5 + 2 + 3.
        near(&ready_months(&both), &[8.5, 6.5]);
        // A later start of east turns it round: west 2-4, east begins at 2.25 + 1.5 and waits for 4.
        let plans = vec![plan("west", 1, 2.0), plan("east", 1, 1.5)];
        let later = START + months(2.25);
        let both = Portfolio::new(plans, vec![START, later], works(&pools));
        near(&ready_months(&both), &[7.0, 4.0 - 2.25 + 5.0]);
    }

    #[test]
    fn float_counts_what_waits_for_a_crew() {
        let pools = [pool("crane", 1), pool("electricians", 3)];
        let portfolio = Portfolio::new(vec![plan("west", 2, 1.0)], vec![START], works(&pools));
        let plan = &portfolio.plans()[0];
        let float = |id: &str, hall| {
            let nodes = &plan.network().nodes;
            let n = (0..nodes.len())
                .find(|n| nodes[*n].hall == Some(hall) && plan.stage(*n).spec.id.as_str() == id)
                .unwrap();
            plan.float_months(n)
        };
        // The first hall's civil works may not slip: its own hall and the second follow it.
        near(
            &[float("civil", 0), float("fit-out", 0), float("civil", 1)],
            &[0.0, 0.0, 0.0],
        );
    }

    #[test]
    fn a_calendar_stops_works_and_not_the_lead_times() {
        let calendar: WorkCalendarSpec =
            toml::from_str("id = \"works\"\nshutdowns = [{ from = \"03-01\", to = \"03-31\" }]").unwrap();
        let civil = Calendar::utc();
        let name = Name::from("works");
        let days = |n: f64| n * 7.0 / 5.0 / DAYS_PER_MONTH;
        let stages = vec![
            StageSpec {
                role: StageRole::Order,
                ..stage("order", &[], 45.0 / DAYS_PER_MONTH, &[])
            },
            // 15 February 2026 is a Sunday: two weeks of work fill 16 to 27 February.
            stage("civil", &["order"], days(10.0), &[]),
            // Three more days are Wednesday 1 to Friday 3 April.
            stage("fit-out", &["civil"], days(3.0), &[]),
            stage("ready", &["fit-out"], 0.0, &[]),
        ];
        let mut inputs = PlanInputs::of("west", resolve(stages, &[]), vec![hall("west", 1)]);
        inputs.calendar = Some(name.clone());
        let end = START + Span::from_days_f64(400.0);
        let wanted = [(&name, "west", &civil)];
        let works = Works::new(&[], &[calendar], wanted.into_iter(), (START, end));
        let portfolio = Portfolio::new(vec![Plan::new(inputs)], vec![START], Arc::new(works));
        let planned = portfolio.plans()[0].planned();
        let date = |m: f64| (START + months(m)).to_utc_text();
        assert_eq!(date(planned.end[0]), "2026-02-15T00:00:00Z");
        assert_eq!(date(planned.end[1]), "2026-02-28T00:00:00Z");
        assert_eq!(date(planned.end[2]), "2026-04-04T00:00:00Z");
    }

    fn rebuild(site: &str, halls: usize, change: impl Fn(&mut ProgrammeSpec)) -> Plan {
        let mut spec = ProgrammeSpec::of("rebuild-on-pad", StartSpec::Date("2026-01-01".to_owned()));
        for (id, need) in [
            ("civil", "crane"),
            ("fit-out", "electricians"),
            ("commissioning", "testers"),
        ] {
            let mut stage = StageOverrideSpec::of(id);
            stage.needs = Some(vec![NeedSpec {
                resource: Name::from(need),
                units: 1,
            }]);
            spec.stages.push(stage);
        }
        change(&mut spec);
        let halls = (1..=halls).map(|h| hall(site, h)).collect();
        Plan::of_programme(&spec, site, halls).unwrap()
    }

    /// Two sites of three halls with a crane, two crews of electricians and one of testers.
    fn busy(change: impl Fn(&mut ProgrammeSpec) + Copy) -> Portfolio {
        let plans = vec![rebuild("west", 3, change), rebuild("east", 3, change)];
        let pools = [pool("crane", 1), pool("electricians", 2), pool("testers", 1)];
        Portfolio::new(plans, vec![START, START + months(1.0)], works(&pools))
    }

    /// Projects as the world drives them.
    fn drive(portfolio: &Portfolio, streams: &Streams) -> Vec<Project> {
        let mut projects: Vec<Project> = portfolio
            .plans()
            .iter()
            .enumerate()
            .map(|(p, plan)| Project::new(ProjectId(p as u32), Arc::clone(plan), streams))
            .collect();
        let mut shared = Shared::new(portfolio.works(), streams);
        let mut queue: EventQueue<Event> = EventQueue::new(START);
        let mut effects = Vec::new();
        let (mut next, mut now) = (0, START);
        loop {
            let due = queue.next_time();
            let starts = portfolio.starts().get(next).copied();
            if starts.is_some_and(|s| due.is_none_or(|d| s <= d)) {
                now = starts.unwrap();
            }
            let mut outbox = Outbox::new(&mut queue);
            let scene = |outbox, shared, effects| Scene {
                now,
                outbox,
                shared,
                effects,
            };
            if starts == Some(now) && due.is_none_or(|d| now <= d) {
                projects[next].start(&mut scene(&mut outbox, &mut shared, &mut effects));
                next += 1;
                continue;
            }
            let Some((time, event)) = queue.pop() else { break };
            now = time;
            let mut outbox = Outbox::new(&mut queue);
            if event.kind != EventKind::Deal {
                let mut scene = Scene {
                    now,
                    outbox: &mut outbox,
                    shared: &mut shared,
                    effects: &mut effects,
                };
                projects[event.project.index()].step(event, &mut scene);
                continue;
            }
            while let Some(ticket) = shared.crews.grant(|t| projects[t.project as usize].needs(t.node)) {
                let mut scene = Scene {
                    now,
                    outbox: &mut outbox,
                    shared: &mut shared,
                    effects: &mut effects,
                };
                projects[ticket.project as usize].begin_served(ticket.node, None, &mut scene);
            }
        }
        projects
    }

    #[test]
    fn events_and_schedules_agree_and_without_risk_the_plan_comes_true() {
        for risk in [RiskSpec::none(), RiskSpec::default()] {
            let portfolio = busy(|s| s.risk = risk);
            for r in 0..20 {
                let streams = Streams::new(4, r);
                let projects = drive(&portfolio, &streams);
                let (mut luck, mut run) = (Luck::default(), Run::default());
                portfolio.draw_into(&streams, &mut luck);
                portfolio.schedule(&luck, &mut run);
                for (p, project) in projects.iter().enumerate() {
                    for (n, row) in project.outcomes().iter().enumerate() {
                        let at = portfolio.offset(p) + n;
                        for (event, pass) in [(row.start, run.start[at]), (row.end, run.end[at])] {
                            let gap = (event.unwrap().as_unix_s() - pass).abs();
                            assert!(gap < 60, "{} {gap} s", row.stage);
                        }
                        if !risk.enabled {
                            let gap = (row.end.unwrap() - row.planned_end).as_seconds().abs();
                            assert!(gap < 60, "{} {gap} s off the plan", row.stage);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn crews_are_part_of_what_meets_the_reference_class() {
        let portfolio = busy(|_| {});
        let (mut luck, mut run) = (Luck::default(), Run::default());
        let n = 4_000;
        let mut found = [(0.0, 0.0); 2];
        for r in 0..n {
            portfolio.draw_into(&Streams::new(11, r), &mut luck);
            portfolio.schedule(&luck, &mut run);
            for (p, found) in found.iter_mut().enumerate() {
                let plan = &portfolio.plans()[p];
                let took = since(portfolio.starts()[p], portfolio.ready(p, &run).as_unix_s());
                let ratio = took / plan.network().last_ready(plan.planned());
                *found = (found.0 + ratio, found.1 + f64::from(u8::from(ratio > 1.0)));
            }
        }
        for (sum, late) in found {
            let (mean, late) = (sum / n as f64, late / n as f64);
            println!("mean {mean:.4} late {late:.4}");
            assert!(
                (mean - 1.34).abs() < 0.03 && (late - 0.90).abs() < 0.03,
                "{mean} {late}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn crews_never_make_a_stage_earlier_and_are_never_used_twice(
            crane in 1_u32..3, electricians in 1_u32..4, testers in 1_u32..3, seed in 0_u64..1_000,
            halls in 1_usize..4, late in 0.0..6.0_f64,
        ) {
            let pools = [pool("crane", crane), pool("electricians", electricians), pool("testers", testers)];
            let risk = |s: &mut ProgrammeSpec| s.risk.overrun_log_sd = 0.3;
            let plans = || vec![rebuild("west", halls, risk), rebuild("east", 2, risk)];
            let starts = vec![START, START + months(late)];
            let mut bound = Portfolio { plans: Vec::new(), starts: starts.clone(), works: works(&pools), flat: Flat::default() };
            let mut made = plans();
            for plan in &mut made {
                plan.bind(&bound.works);
            }
            bound.plans = made.into_iter().map(Arc::new).collect();
            bound.flat = Flat::new(&bound.plans, &bound.starts);
            let (mut luck, mut with, mut free) = (Luck::default(), Run::default(), Run::default());
            bound.draw_into(&Streams::new(seed, 0), &mut luck);
            bound.schedule(&luck, &mut with);
            free.clone_from(&with);
            bound.pass(&luck, &mut free);
            for n in 0..bound.len() {
                prop_assert!(with.start[n] >= free.start[n], "node {}", n);
                prop_assert!(with.end[n] - with.start[n] == free.end[n] - free.start[n]);
            }
            for (pool, units) in [crane, electricians, testers].into_iter().enumerate() {
                for n in 0..bound.len() {
                    let used = (0..bound.len()).filter(|m| with.start[*m] <= with.start[n] && with.start[n] < with.end[*m]);
                    let used: u32 = used.flat_map(|m| &bound.flat.needs[m]).filter(|(p, _)| usize::from(*p) == pool).map(|(_, u)| u).sum();
                    prop_assert!(used <= units, "{} of {}", used, units);
                }
            }
        }
    }
}
