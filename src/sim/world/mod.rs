//! The world: routes events to the concerns that own them and settles power between them. Logic of a concern does
//! not live here.

mod again;
mod blocks;
mod build;
mod coins;
mod crews;
mod effects;
mod failing;
mod fleets;
mod hosting;
mod months;
pub mod reach;
mod services;
mod starts;

use crate::conversion::project::EventKind;
use crate::conversion::{Effect, Project, Shared};
use crate::des::EventQueue;
use crate::fleet::ChainToday;
use crate::random::Streams;
use crate::scenario::Scenario;
use crate::scenario::spec::{Fidelity, ScenarioSpec};
use crate::sim::books::Books;
use crate::sim::capital::Financing;
use crate::sim::commitment::Commitment;
use crate::sim::demand::Demand;
use crate::sim::detail::Recorder;
use crate::sim::event::Event;
use crate::sim::hall::GpuHall;
use crate::sim::invariant::Fault;
use crate::sim::paths::Paths;
use crate::sim::settle::{self, Closed, Context};
use crate::sim::setup::{ConversionSetup, Setup};
use crate::sim::site::Site;
use crate::sim::sources::Sources;
use crate::sim::steps;
use crate::time::{HOUR_S, SimTime, Span};

/// The most events of one replication.
const EVENTS_MAX: u64 = 200_000_000;

/// What a world is made of.
#[derive(Debug, Clone, Copy)]
pub struct Ingredients<'a> {
    /// The scenario with its data.
    pub scenario: &'a Scenario,
    /// The spec of this replication, drawn inputs included.
    pub spec: &'a ScenarioSpec,
    /// What all replications share.
    pub setup: &'a Setup,
    /// The plans of the strategy's conversions.
    pub conversions: &'a [ConversionSetup],
    /// The world outside.
    pub paths: &'a Paths,
    /// The replication's random streams.
    pub streams: Streams,
    /// Index of the strategy.
    pub strategy: usize,
    /// Index of the case.
    pub case: usize,
    /// How demand is simulated.
    pub fidelity: Fidelity,
    /// When the world stops: the end of the horizon, or of the months that are looked at.
    pub until: SimTime,
    /// A fault planted by a test.
    pub fault: Option<Fault>,
}

/// A conversion under way, with the places of its halls and what its money is scaled by.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) project: Project,
    pub(super) halls: Vec<(usize, usize)>,
    /// Drawn over planned cost of each hall: facility, hardware.
    scale: Vec<(f64, f64)>,
    prepaid: bool,
    /// Its halls were converted before, or served from the start.
    pub(super) again: bool,
}

/// One strategy in one replication.
#[derive(Debug)]
pub struct World<'a> {
    pub(super) from: Ingredients<'a>,
    queue: EventQueue<Event>,
    pub(super) sites: Vec<Site>,
    pub(super) demand: Demand,
    pub(super) projects: Vec<Running>,
    /// Crews and working days of the projects.
    shared: Shared,
    pub(super) books: Books,
    pub(super) recorder: Option<Recorder>,
    /// Halls by the number that failures know them by.
    failing: Vec<Option<(usize, usize)>>,
    /// Systems that were taken out.
    pub(super) retired: Vec<GpuHall>,
    /// Blocks of the power path by the number that they know themselves by.
    blocks: Vec<blocks::Placed>,
    /// Sites whose interval was closed at the present instant and must be opened again.
    closed: Vec<bool>,
    /// Miners on the road.
    pub(super) moving: Vec<fleets::Moving>,
    /// The chains of today that graphics cards mine, and which of their days it is.
    chains: Vec<ChainToday>,
    coin_day: Option<usize>,
    /// The same, in the order in which they were closed.
    to_open: Vec<usize>,
    reach: reach::Reach,
    effects: Vec<Effect>,
    concerned: Vec<bool>,
    settled: SimTime,
    ledger_from: SimTime,
    /// The hour that is looked at.
    pub(super) hour: usize,
    /// Hours from one look to the next.
    step: usize,
}

impl<'a> World<'a> {
    /// The world at the start of the horizon.
    pub fn new(from: Ingredients<'a>, recorder: Option<Recorder>) -> Self {
        let Ingredients {
            scenario,
            spec,
            setup,
            paths,
            fault,
            ..
        } = from;
        let start = scenario.horizon.start;
        let record = recorder.as_ref().is_some_and(Recorder::wants_jobs);
        let demand = Demand::new(&from, record);
        let held = (demand.pools.len(), demand.services.len());
        let sites = spec.sites.iter().enumerate().zip(&setup.sites);
        let sites: Vec<Site> = sites
            .map(|(site, own)| Site::new(spec, site, own, start, held))
            .collect();
        let mut world = Self {
            queue: EventQueue::new(start),
            books: Books::new(
                scenario.months.len(),
                (scenario.months[0], &scenario.horizon.calendar),
                &spec.finance,
                fault,
            ),
            sites,
            demand,
            projects: Vec::new(),
            shared: Shared::default(),
            recorder,
            failing: Vec::new(),
            retired: Vec::new(),
            blocks: Vec::new(),
            closed: vec![false; spec.sites.len()],
            moving: Vec::new(),
            chains: Vec::new(),
            coin_day: None,
            to_open: Vec::new(),
            reach: reach::Reach::default(),
            effects: Vec::new(),
            concerned: Vec::new(),
            settled: start,
            ledger_from: start,
            hour: 0,
            step: 1,
            from,
        };
        for (index, site) in world.sites.iter_mut().enumerate() {
            site.orders.clone_from(&paths.orders[index]);
            site.calls.clone_from(&paths.calls[index]);
            site.sources = Sources::new(spec, (index, &spec.sites[index]), paths);
        }
        for (index, site) in world.sites.iter_mut().enumerate() {
            site.commitment = Commitment::new(&world.from, &spec.sites[index], site);
        }
        world.step = steps::step_hours(world.from.fidelity, spec, &world.sites);
        world.bind_coins();
        world.turn_coins(start);
        let hashprice = paths.bitcoin.at(start).hashprice_usd_per_ph_day;
        world.books.miners_usd = world.miners_worth(hashprice);
        world.open_hosting();
        world.install_halls();
        world.reach = reach::Reach::new(&world.sites, held);
        world.start_transformers(start);
        world.hire_crews(start);
        world.plan_projects();
        world.schedule_frame();
        world
    }

    /// Runs to the end of the horizon.
    pub fn run(&mut self) {
        let end = self.from.until;
        while let Some(time) = self.queue.next_time().filter(|t| *t <= end) {
            while self.queue.next_time() == Some(time) {
                let (now, event) = self.queue.pop().expect("an event was just seen");
                if !self.waits_for_look(event) {
                    self.run_pools(now);
                }
                self.handle(now, event);
            }
            if time < end {
                self.open(time);
            }
            assert!(
                self.queue.delivered() < EVENTS_MAX,
                "more than {EVENTS_MAX} events in one replication"
            );
        }
        self.run_pools(end);
        self.close_all(end);
        self.note_coins(end);
        let hashprice = self
            .from
            .paths
            .bitcoin
            .at(end + Span::from_seconds(-1))
            .hashprice_usd_per_ph_day;
        self.books.miners_usd -= self.miners_worth(hashprice);
        let moving_usd = self
            .moving
            .iter()
            .map(|m| m.batch.resale(hashprice).as_usd())
            .sum();
        let financing = Financing::of(self);
        let halls = (&*self.sites, &self.demand);
        self.books
            .finish(halls, (hashprice, moving_usd), end, financing.as_ref());
    }

    /// Records the phases in which halls begin.
    pub fn note_phases(&mut self) {
        let start = self.settled;
        if let Some(recorder) = &mut self.recorder {
            for site in &self.sites {
                for hall in 0..site.halls.len() {
                    recorder.phase(site, hall, start);
                }
            }
        }
    }

    /// The record, where one was wanted.
    pub fn take_detail(&mut self) -> Option<crate::results::replication::Detail> {
        let recorder = self.recorder.take()?;
        Some(recorder.finish(&self.sites, &mut self.demand, self.from.scenario, &self.reach))
    }

    /// Events delivered, those of the job pools included.
    pub fn events(&self) -> u64 {
        self.queue.delivered()
            + self
                .demand
                .pools
                .iter()
                .map(super::pool::Pool::events)
                .sum::<u64>()
    }

    fn context(&self) -> Context<'a> {
        Context {
            paths: self.from.paths,
            hour: self.hour,
            hour_of_week: usize::from(self.from.setup.hour_of_week[self.hour]),
            fault: self.from.fault,
        }
    }

    /// Runs pools and services up to an instant.
    fn run_pools(&mut self, now: SimTime) {
        if now > self.settled {
            // A flow steps within one hour of its week.
            while let Some(next) = self.next_hour_of_flow().filter(|next| *next < now) {
                for pool in &mut self.demand.pools {
                    pool.run_until(next);
                }
                self.settled = next;
            }
            for pool in &mut self.demand.pools {
                pool.run_until(now);
            }
            for service in &mut self.demand.services {
                service.run_until(now);
            }
            self.settled = now;
        }
    }

    /// The next hour of the week at which pools stop although nothing else does.
    fn next_hour_of_flow(&self) -> Option<SimTime> {
        let past = (self.settled - self.from.setup.monday)
            .as_seconds()
            .rem_euclid(HOUR_S);
        let wanted = self.step > 1 && !self.demand.pools.is_empty();
        wanted.then(|| self.settled + Span::from_seconds(HOUR_S - past))
    }

    /// Closes the present interval of a site before something about it changes.
    fn close(&mut self, site: usize, now: SimTime) {
        if std::mem::replace(&mut self.closed[site], true) {
            return;
        }
        self.to_open.push(site);
        let context = self.context();
        let own = &mut self.sites[site];
        let closed: Closed = settle::close(own, &mut self.demand, now, &context);
        if closed.hours > 0.0
            && let Some(recorder) = &mut self.recorder
        {
            recorder.interval(own, &closed, &context);
        }
    }

    fn close_all(&mut self, now: SimTime) {
        for site in 0..self.sites.len() {
            self.close(site, now);
        }
    }

    /// Closes the sites of a conversion.
    fn close_project(&mut self, project: usize, now: SimTime) {
        for hall in 0..self.projects[project].halls.len() {
            self.close(self.projects[project].halls[hall].0, now);
        }
    }

    /// Closes what an event may change: one site, or all.
    fn close_for(&mut self, now: SimTime, event: Event) {
        match event {
            Event::Hour
            | Event::WeekEnd
            | Event::LedgerMonthEnd
            | Event::TermEnd { .. }
            | Event::BlockSigned { .. }
            | Event::LeaseSigned { .. } => {
                self.close_all(now);
            }
            Event::MonthEnd { site }
            | Event::OrderEdge { site }
            | Event::MinersDay { site }
            | Event::CrewLook { site }
            | Event::MinersArrive { site } => {
                self.close(site, now);
            }
            // What starts closes its own sites.
            Event::LookAtStarts => {}
            Event::Start { project } => self.close_project(project, now),
            // Crews may go to any project, which closes its own sites.
            Event::Project(event) if event.kind == EventKind::Deal => {}
            Event::Project(event) => self.close_project(event.project.index(), now),
            Event::Failure(failure) => {
                if let Some(hall) = self.failing[failure.hall as usize]
                    && !self.waits_for_look(event)
                {
                    self.close(hall.0, now);
                }
            }
            Event::Blocks(event) => self.close(self.blocks[event.id as usize].site(), now),
        }
    }

    fn handle(&mut self, now: SimTime, event: Event) {
        self.close_for(now, event);
        match event {
            Event::Hour => self.turn_hour(now),
            Event::MonthEnd { site } => self.end_site_month(site, now),
            Event::LedgerMonthEnd => self.end_ledger_month(now),
            Event::WeekEnd => {
                for pool in &mut self.demand.pools {
                    pool.turn_week(&self.from.streams);
                }
            }
            // The limits are read anew when the next interval opens.
            Event::OrderEdge { site } => self.note_edge(now, site),
            Event::TermEnd { block } => self.demand.blocks[block].look_at_end(now),
            Event::BlockSigned { block } => self.sign_block(block, now),
            Event::LeaseSigned { lease } => self.sign_lease(lease, now),
            Event::LookAtStarts => self.look_at_starts(now),
            Event::Start { project } => self.start(project, now),
            Event::Project(event) if event.kind == EventKind::Deal => self.deal_crews(now),
            Event::Project(event) => self.step_project(now, event),
            Event::Failure(event) => self.step_failure(now, event),
            Event::Blocks(event) => self.step_blocks(now, event),
            Event::MinersDay { site } => self.turn_miners_day(site, now),
            Event::CrewLook { site } => self.look_at_crew(site, now),
            Event::MinersArrive { site } => self.receive_miners(site, now),
        }
    }

    /// Records what begins, changes or ends at the connection.
    fn note_edge(&mut self, now: SimTime, site: usize) {
        if self.recorder.is_none() {
            return;
        }
        match self.sites[site].sources.outage_edge(now) {
            Some(what) => self.note(now, site, "outage", "grid", what.to_owned()),
            None => {
                for (kind, subject, detail) in self.sites[site].what_changes(now) {
                    self.note(now, site, kind, subject, detail);
                }
            }
        }
    }

    fn month_at(&self, now: SimTime) -> usize {
        let horizon = &self.from.scenario.horizon;
        horizon.month_index(horizon.calendar.month(now))
    }

    fn note(&mut self, now: SimTime, site: usize, kind: &str, subject: &str, detail: String) {
        if let Some(recorder) = &mut self.recorder {
            recorder.event(&self.sites[site].name, now, (kind, subject, detail));
        }
    }
}
