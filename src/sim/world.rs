//! The world: routes events to the concerns that own them and settles power between them. Logic of a concern does
//! not live here.

use crate::conversion::project::Event as StageEvent;
use crate::conversion::{Effect, HallPhase, Project};
use crate::des::{EventQueue, Outbox};
use crate::finance::account::Account;
use crate::fleet::failure;
use crate::fleet::{Failures, MeritOrder, MiningFleet};
use crate::id::ProjectId;
use crate::power::path::ElectricalPath;
use crate::power::throttle::GpuThrottle;
use crate::random::Streams;
use crate::scenario::Scenario;
use crate::scenario::spec::ScenarioSpec;
use crate::sim::books::{Books, cost_of_use_usd};
use crate::sim::demand::{Demand, Held, claims, concerns};
use crate::sim::detail::Recorder;
use crate::sim::event::{self, Event};
use crate::sim::hall::{Allotment, GpuHall, LeaseHall, NewUse, Plumbing};
use crate::sim::invariant::{self, Fault};
use crate::sim::paths::Paths;
use crate::sim::pool::MonthOfJobs;
use crate::sim::settle::{self, Closed, Context};
use crate::sim::setup::{Setup, accelerators, critical_it, hall_cost};
use crate::sim::site::Site;
use crate::site::{InstallSpec, LeaseSpec};
use crate::time::{DAY_S, Month, SimTime, Span};
use crate::units::Money;

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
    /// The world outside.
    pub paths: &'a Paths,
    /// The replication's random streams.
    pub streams: Streams,
    /// Index of the strategy.
    pub strategy: usize,
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
}

/// One strategy in one replication.
#[derive(Debug)]
pub struct World<'a> {
    pub(super) from: Ingredients<'a>,
    queue: EventQueue<Event>,
    pub(super) sites: Vec<Site>,
    pub(super) demand: Demand,
    pub(super) projects: Vec<Running>,
    pub(super) books: Books,
    pub(super) recorder: Option<Recorder>,
    /// Halls by the number that failures know them by.
    failing: Vec<(usize, usize)>,
    effects: Vec<Effect>,
    concerned: Vec<bool>,
    settled: SimTime,
    ledger_from: SimTime,
    pub(super) hour: usize,
}

impl<'a> World<'a> {
    /// The world at the start of the horizon.
    pub fn new(from: Ingredients<'a>, recorder: Option<Recorder>) -> Self {
        let Ingredients {
            scenario,
            spec,
            setup,
            paths,
            streams,
            fault,
            ..
        } = from;
        let start = scenario.horizon.start;
        let record = recorder.as_ref().is_some_and(Recorder::wants_jobs);
        let demand = Demand::new(scenario, spec, setup, &streams, record);
        let pools = demand.pools.len();
        let sites = spec.sites.iter().enumerate().zip(&setup.sites);
        let sites: Vec<Site> = sites
            .map(|(site, own)| Site::new(spec, site, own, start, pools))
            .collect();
        let mut world = Self {
            queue: EventQueue::new(start),
            books: Books::new(scenario.months.len(), scenario.months[0], &spec.finance, fault),
            sites,
            demand,
            projects: Vec::new(),
            recorder,
            failing: Vec::new(),
            effects: Vec::new(),
            concerned: Vec::new(),
            settled: start,
            ledger_from: start,
            hour: 0,
            from,
        };
        for (index, site) in world.sites.iter_mut().enumerate() {
            site.orders.clone_from(&paths.orders[index]);
            site.calls.clone_from(&paths.calls[index]);
        }
        world.install_halls();
        world.plan_projects();
        world.schedule_frame();
        world
    }

    /// Puts what halls hold after conversion in place: those that serve already, and those on the way.
    fn install_halls(&mut self) {
        let (spec, setup) = (self.from.spec, self.from.setup);
        let mut given = vec![0_u32; self.demand.tenants.len()];
        for s in 0..self.sites.len() {
            for h in 0..self.sites[s].halls.len() {
                let entry = &spec.sites[s].halls[setup.sites[s].halls[h].1];
                if let Some(install) = &entry.serving {
                    self.install_gpus((s, h), install, &claims(spec, None), &mut given);
                    self.sites[s].halls[h].phase = HallPhase::Serving;
                    self.begin_service(s, h, self.settled);
                }
            }
        }
        // A block is this strategy's business where a hall holds it from the start or a conversion may.
        let strategy = &spec.strategies[self.from.strategy];
        let blocks = self.demand.tenants.iter().enumerate();
        self.concerned = blocks
            .filter(|(_, held)| matches!(held, Held::Block(_)))
            .map(|(tenant, _)| given[tenant] > 0 || concerns(spec, strategy, tenant))
            .collect();
        for (position, conversion) in spec.strategies[self.from.strategy].conversions.iter().enumerate() {
            let halls = setup.conversions[self.from.strategy][position].halls.clone();
            let claim = claims(spec, conversion.tenants.as_ref());
            for (s, h) in halls {
                if let Some(install) = &conversion.install {
                    self.install_gpus((s, h), install, &claim, &mut given);
                } else if let Some(lease) = &conversion.lease {
                    self.let_shell((s, h), lease);
                }
            }
        }
    }

    fn install_gpus(
        &mut self,
        (s, h): (usize, usize),
        install: &InstallSpec,
        claim: &[usize],
        given: &mut [u32],
    ) {
        let grid_mw = self.sites[s].halls[h].grid_mw;
        let systems = accelerators(install, grid_mw);
        let design_mw = systems.provisioned().as_mw().max(1e-6);
        let number = self.failing.len() as u32;
        self.failing.push((s, h));
        let name = format!("failures/{}/{}", self.sites[s].name, self.sites[s].halls[h].name);
        let stream = self.from.streams.stream(&name);
        let failures = Failures::new(
            &install.failures,
            systems.model(),
            systems.systems(),
            number,
            stream,
        );
        let (mut blocks, mut pools, mut left) = (Vec::new(), Vec::new(), systems.gpus());
        for &tenant in claim {
            let gpus = self.demand.wants(tenant, given).min(left);
            if gpus == 0 {
                continue;
            }
            given[tenant] += gpus;
            left -= gpus;
            match self.demand.tenants[tenant] {
                Held::Block(index) => blocks.push(Allotment {
                    index,
                    gpus,
                    up: gpus,
                }),
                Held::Pool(index) => pools.push(Allotment {
                    index,
                    gpus,
                    up: gpus,
                }),
            }
        }
        let plumbing = Plumbing {
            plant: self.from.setup.sites[s].plant(&install.cooling),
            design_mw,
            path: ElectricalPath::new(&install.path, design_mw),
        };
        self.sites[s].halls[h].new_use = Some(NewUse::Gpu(Box::new(GpuHall {
            systems,
            plumbing,
            throttle: GpuThrottle::new(&install.throttle),
            failures,
            blocks,
            pools,
            unlet: left,
            shed: 0,
            speed: 1.0,
            power_share: 1.0,
        })));
    }

    fn let_shell(&mut self, (s, h): (usize, usize), spec: &LeaseSpec) {
        let it_mw = critical_it(self.sites[s].halls[h].grid_mw, spec.critical_it_percent).as_mw();
        let lease = self.demand.add_lease(spec, it_mw, self.from.setup);
        let plumbing = Plumbing {
            plant: self.from.setup.sites[s].plant(&spec.cooling),
            design_mw: it_mw,
            path: ElectricalPath::new(&spec.path, it_mw),
        };
        self.sites[s].halls[h].new_use = Some(NewUse::Lease(LeaseHall {
            it_mw,
            plumbing,
            lease,
            powered: 1.0,
        }));
    }

    fn plan_projects(&mut self) {
        let Ingredients {
            spec,
            setup,
            strategy,
            streams,
            ..
        } = self.from;
        for (position, own) in setup.conversions[strategy].iter().enumerate() {
            let conversion = &spec.strategies[strategy].conversions[position];
            let planned = &own.plan.inputs().halls;
            let scale = own.halls.iter().zip(planned).map(|(&(s, h), inputs)| {
                let (facility, hardware) = hall_cost(conversion, self.sites[s].halls[h].grid_mw);
                let ratio = |new: Money, old: Money| if old > Money::ZERO { new / old } else { 1.0 };
                (ratio(facility, inputs.facility), ratio(hardware, inputs.hardware))
            });
            self.projects.push(Running {
                scale: scale.collect(),
                project: Project::new(ProjectId(position as u32), own.plan.clone(), &streams),
                halls: own.halls.clone(),
                prepaid: false,
            });
        }
    }

    /// Schedules what is known from the start: hours, months, weeks, orders, dated starts.
    fn schedule_frame(&mut self) {
        let Ingredients {
            scenario,
            setup,
            paths,
            strategy,
            ..
        } = self.from;
        let (start, end) = (scenario.horizon.start, scenario.horizon.end);
        self.queue.schedule(start, event::HOUR, Event::Hour);
        let calendar = &scenario.horizon.calendar;
        for month in &scenario.months {
            let at = calendar.start_of_month(month.plus(1)).min(end);
            self.queue.schedule(at, event::LEDGER, Event::LedgerMonthEnd);
        }
        for (site, own) in setup.sites.iter().enumerate() {
            let mut month: Month = own.calendar.month(start);
            while own.calendar.start_of_month(month) < end {
                let at = own.calendar.start_of_month(month.plus(1)).min(end);
                self.queue.schedule(at, event::MONTH, Event::MonthEnd { site });
                month = month.plus(1);
            }
            for order in paths.orders[site].iter().chain(&paths.calls[site]) {
                for at in [order.from, order.to]
                    .into_iter()
                    .filter(|t| *t > start && *t < end)
                {
                    self.queue.schedule(at, event::ORDER, Event::OrderEdge { site });
                }
            }
        }
        if !self.demand.pools.is_empty() {
            let week = Span::from_seconds(7 * DAY_S);
            let mut at = setup.monday + week;
            while at < end {
                self.queue.schedule(at, event::WEEK, Event::WeekEnd);
                at += week;
            }
        }
        let mut looks = false;
        for (project, own) in setup.conversions[strategy].iter().enumerate() {
            if own.start.is_dated() {
                let at = own.start.latest().max(start);
                if at < end {
                    self.queue.schedule(at, event::START, Event::Start { project });
                }
            } else {
                looks = true;
            }
        }
        if looks {
            self.queue.schedule(start, event::START, Event::LookAtStarts);
        }
    }

    /// Runs to the end of the horizon.
    pub fn run(&mut self) {
        let end = self.from.scenario.horizon.end;
        while let Some(time) = self.queue.next_time().filter(|t| *t <= end) {
            self.settle(time);
            while self.queue.next_time() == Some(time) {
                let (now, event) = self.queue.pop().expect("an event was just seen");
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
        self.settle(end);
        let hashprice = self
            .from
            .paths
            .bitcoin
            .at(end + Span::from_seconds(-1))
            .hashprice_usd_per_ph_day;
        self.books.finish(&self.sites, hashprice, end);
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
        Some(recorder.finish(&self.sites, &mut self.demand, self.from.scenario))
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

    /// Closes the present interval everywhere.
    fn settle(&mut self, now: SimTime) {
        if now <= self.settled {
            return;
        }
        for pool in &mut self.demand.pools {
            pool.run_until(now);
        }
        let context = self.context();
        for site in &mut self.sites {
            let closed: Closed = settle::close(site, &mut self.demand, now, &context);
            if let Some(recorder) = &mut self.recorder {
                recorder.interval(site, &closed, &context);
            }
        }
        self.settled = now;
    }

    /// Opens the next interval everywhere, and tells the pools what they have.
    fn open(&mut self, now: SimTime) {
        let context = self.context();
        for site in &mut self.sites {
            settle::open(site, &self.demand, now, &context);
        }
        for index in 0..self.demand.pools.len() {
            let (gpus, speed) = self.pool_power(index);
            let pool = &mut self.demand.pools[index];
            let was = pool.capacity();
            pool.set(gpus, (speed * 1_000.0).round().clamp(0.0, 1_000.0) as u16);
            if was == 0 && gpus > 0 && !pool.simulates() {
                pool.turn_week(&self.from.streams);
            }
            if was != gpus
                && let Some(recorder) = &mut self.recorder
            {
                recorder.capacity(&self.sites[0].name, pool.tenant(), now, gpus);
            }
        }
    }

    /// GPUs of a pool that have power, and their mean speed.
    fn pool_power(&self, index: usize) -> (u32, f64) {
        let (mut gpus, mut work) = (0, 0.0);
        for hall in self.sites.iter().flat_map(|s| &s.halls).filter(|h| h.serves()) {
            if let Some(NewUse::Gpu(gpu)) = &hall.new_use {
                for held in gpu.pools.iter().filter(|p| p.index == index) {
                    gpus += held.up;
                    work += f64::from(held.up) * gpu.speed;
                }
            }
        }
        (gpus, if gpus > 0 { work / f64::from(gpus) } else { 1.0 })
    }

    fn handle(&mut self, now: SimTime, event: Event) {
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
            Event::OrderEdge { site } => self.note(now, site, "order", "grid", String::new()),
            Event::LookAtStarts => self.look_at_starts(now),
            Event::Start { project } => self.start(project, now),
            Event::Project(event) => self.step_project(now, event),
            Event::Failure(event) => self.step_failure(now, event),
        }
    }

    fn turn_hour(&mut self, now: SimTime) {
        let axis = &self.from.scenario.data.axis;
        self.hour = axis.index_at(now);
        if let Some(recorder) = &mut self.recorder {
            recorder.hour(&self.sites, self.from.scenario);
        }
        for book in &mut self.demand.pool_books {
            book.rent_usd = self.from.paths.rents[book.market]
                .at(now)
                .unwrap_or(book.rent_usd);
        }
        if self.from.fault == Some(Fault::Clock) && self.hour > 0 {
            let past = now + Span::from_hours(-1);
            self.queue.schedule(past, event::HOUR, Event::Hour);
        }
        let next = axis.time(self.hour + 1);
        if next < self.from.scenario.horizon.end {
            self.queue.schedule(next, event::HOUR, Event::Hour);
        }
    }

    fn end_site_month(&mut self, index: usize, now: SimTime) {
        let site = &mut self.sites[index];
        let month = site.billing_month;
        let mut lines = site.supply.close_month(month);
        if self.from.fault == Some(Fault::Bill) {
            lines.retain(|line| !line.carries_energy);
        }
        let carried = || lines.iter().filter(|l| l.carries_energy).map(|l| l.quantity);
        invariant::equal(
            "energy on the bill",
            &site.name,
            now,
            (carried().sum(), site.month.grid_mwh),
            carried().map(f64::abs).sum(),
        );
        let horizon = &self.from.scenario.horizon;
        let ledger_month = horizon.month_index(month);
        let net = self.books.site_month(ledger_month, site, &lines);
        self.books
            .recharge(ledger_month, site, &self.demand, cost_of_use_usd(&lines));
        let begin = site.calendar.start_of_month(month).max(horizon.start);
        let whole = site.calendar.start_of_month(month.plus(1)) - site.calendar.start_of_month(month);
        self.books
            .running_costs(ledger_month, site, (now - begin).as_hours() / whole.as_hours());
        if let Some(recorder) = &mut self.recorder {
            recorder.month(site, month, &lines, net);
        }
        let totals = std::mem::take(&mut site.month);
        site.all.add(&totals);
        site.billing_month = month.plus(1);
    }

    fn end_ledger_month(&mut self, now: SimTime) {
        let horizon = &self.from.scenario.horizon;
        let month = horizon.month_index(horizon.calendar.month(now + Span::from_seconds(-1)));
        let last = now + Span::from_seconds(-1);
        let rents: Vec<f64> = self
            .from
            .paths
            .rents
            .iter()
            .map(|r| r.at(last).unwrap_or(0.0))
            .collect();
        for block in &mut self.demand.blocks {
            block.over = block.term_end().is_some_and(|end| end <= self.ledger_from);
        }
        let span = (self.ledger_from, now);
        self.books
            .tenants(month, &mut self.demand, span, &rents, &self.concerned);
        let mut jobs = MonthOfJobs::default();
        for pool in &mut self.demand.pools {
            jobs.add(std::mem::take(&mut pool.month));
        }
        if let Some(recorder) = &mut self.recorder {
            let earned = self.books.gpu_usd + self.books.rent_usd;
            recorder.ledger_month(&self.from.scenario.months[month].to_string(), jobs, earned);
        }
        self.ledger_from = now;
    }

    fn look_at_starts(&mut self, now: SimTime) {
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        let mut waiting = false;
        for index in 0..self.projects.len() {
            let rule = &self.from.setup.conversions[self.from.strategy][index].start;
            if rule.is_dated() || self.projects[index].project.started().is_some() {
                continue;
            }
            if rule.starts(now, hashprice) {
                self.start(index, now);
            } else {
                waiting = true;
            }
        }
        let next = now + Span::from_seconds(DAY_S);
        if waiting && next < self.from.scenario.horizon.end {
            self.queue.schedule(next, event::START, Event::LookAtStarts);
        }
    }

    fn start(&mut self, index: usize, now: SimTime) {
        let mut effects = std::mem::take(&mut self.effects);
        let mut outbox = Outbox::new(&mut self.queue);
        self.projects[index].project.start(now, &mut outbox, &mut effects);
        self.prepay(index, now);
        self.apply(index, now, &mut effects);
        self.effects = effects;
    }

    /// Customers whose block waits for this project pay in advance when it starts.
    fn prepay(&mut self, index: usize, now: SimTime) {
        if std::mem::replace(&mut self.projects[index].prepaid, true) {
            return;
        }
        let month = self.month_at(now);
        for &(s, h) in &self.projects[index].halls {
            let Some(NewUse::Gpu(gpu)) = &self.sites[s].halls[h].new_use else {
                continue;
            };
            for held in &gpu.blocks {
                let block = &mut self.demand.blocks[held.index];
                let share = f64::from(held.gpus) / f64::from(block.spec.gpus);
                let usd = block.contract_usd() * block.spec.prepay_percent / 100.0 * share;
                block.prepaid_usd += usd;
                self.books.prepaid(month, Money::from_usd(usd));
            }
        }
    }

    fn month_at(&self, now: SimTime) -> usize {
        let horizon = &self.from.scenario.horizon;
        horizon.month_index(horizon.calendar.month(now))
    }

    fn step_project(&mut self, now: SimTime, event: StageEvent) {
        let index = event.project.index();
        let mut effects = std::mem::take(&mut self.effects);
        let mut outbox = Outbox::new(&mut self.queue);
        self.projects[index]
            .project
            .step(now, event, &mut outbox, &mut effects);
        self.apply(index, now, &mut effects);
        self.effects = effects;
    }

    fn apply(&mut self, index: usize, now: SimTime, effects: &mut Vec<Effect>) {
        for effect in effects.drain(..) {
            self.apply_one(index, now, effect);
        }
    }

    fn apply_one(&mut self, index: usize, now: SimTime, effect: Effect) {
        let place = |hall: usize| self.projects[index].halls[hall];
        match effect {
            Effect::PhaseChanged { hall, to, .. } => {
                let (s, h) = place(hall);
                self.sites[s].halls[h].phase = to;
                let name = self.sites[s].halls[h].name.clone();
                self.note(now, s, "phase", &name, to.as_str().to_owned());
                if let Some(recorder) = &mut self.recorder {
                    recorder.phase(&self.sites[s], h, now);
                }
            }
            Effect::MinersRemoved { hall } => self.sell_miners(place(hall), now),
            Effect::CapexDue {
                hall, component, usd, ..
            } => self.pay_capex(index, hall, (component, usd), now),
            Effect::HiringStarts { hall } => {
                let (s, h) = place(hall);
                self.sites[s].halls[h].hiring = true;
            }
            Effect::Sold { hall, usd } => {
                let (s, _) = place(hall);
                let month = self.month_at(now);
                self.books.sell(month, Account::AssetSales, usd);
                self.note(now, s, "sold", "hall", usd.as_usd().to_string());
            }
            Effect::ReadyForService { hall } => {
                let (s, h) = place(hall);
                self.begin_service(s, h, now);
            }
            Effect::CommissioningFailed { hall } => {
                let (s, h) = place(hall);
                let name = self.sites[s].halls[h].name.clone();
                self.note(now, s, "commissioning_failed", &name, String::new());
            }
            Effect::MiningStops { .. }
            | Effect::Energised { .. }
            | Effect::HardwareDelivered { .. }
            | Effect::CrewReady { .. } => {}
        }
    }

    fn sell_miners(&mut self, (s, h): (usize, usize), now: SimTime) {
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        let month = self.month_at(now);
        let site = &mut self.sites[s];
        let fleet = std::mem::replace(&mut site.fleets[h], MiningFleet::new(&[]));
        self.books
            .sell(month, Account::AsicSalvage, fleet.resale(hashprice));
        site.halls[h].miners_until = Some(now);
        site.merit = MeritOrder::new(&site.fleets);
    }

    fn pay_capex(
        &mut self,
        index: usize,
        hall: Option<usize>,
        due: (crate::conversion::Component, Money),
        now: SimTime,
    ) {
        use crate::conversion::Component;
        let (component, usd) = due;
        let month = self.month_at(now);
        let running = &self.projects[index];
        let halls: Vec<usize> = hall.map_or_else(|| (0..running.halls.len()).collect(), |h| vec![h]);
        let part = usd * (1.0 / halls.len() as f64);
        for hall in halls {
            let (facility, hardware) = self.projects[index].scale[hall];
            let (s, h) = self.projects[index].halls[hall];
            let own = &mut self.sites[s].halls[h];
            let paid = match component {
                Component::Facility => part * facility,
                Component::Hardware => part * hardware,
            };
            match component {
                Component::Facility => own.facility_capex_usd += paid.as_usd(),
                Component::Hardware => own.hardware_capex_usd += paid.as_usd(),
            }
            self.books.capex(month, component, paid);
        }
    }

    /// A hall begins to serve: tenants get their GPUs, failures begin, the asset enters service.
    fn begin_service(&mut self, s: usize, h: usize, now: SimTime) {
        let month = self.month_at(now);
        let hall = &mut self.sites[s].halls[h];
        hall.ready = Some(now);
        self.books
            .in_service(month, hall.facility_capex_usd, hall.hardware_capex_usd);
        match &mut hall.new_use {
            Some(NewUse::Gpu(gpu)) => {
                for held in &gpu.blocks {
                    self.demand.blocks[held.index].install(held.gpus, now);
                }
                let mut outbox = Outbox::new(&mut self.queue);
                gpu.failures.start(now, &mut outbox);
            }
            Some(NewUse::Lease(lease)) => self.demand.leases[lease.lease].ready = Some(now),
            None => {}
        }
    }

    fn step_failure(&mut self, now: SimTime, event: failure::Event) {
        let (s, h) = self.failing[event.hall as usize];
        if let Some(NewUse::Gpu(gpu)) = &mut self.sites[s].halls[h].new_use {
            let mut outbox = Outbox::new(&mut self.queue);
            gpu.failures.step(now, event, &mut outbox);
        }
    }

    fn note(&mut self, now: SimTime, site: usize, kind: &str, subject: &str, detail: String) {
        if let Some(recorder) = &mut self.recorder {
            recorder.event(&self.sites[site].name, now, (kind, subject, detail));
        }
    }
}
