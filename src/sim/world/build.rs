//! The world at the start of the horizon: halls, projects, and the events that are known beforehand.

use super::{Running, World};
use crate::conversion::{HallPhase, Project, Shared};
use crate::fleet::failure::{Frame, Reserve};
use crate::fleet::{Accelerators, Failures};
use crate::id::ProjectId;
use crate::power::path::ElectricalPath;
use crate::power::throttle::GpuThrottle;
use crate::sim::demand::{Held, claims, concerns};
use crate::sim::event::{self, Event};
use crate::sim::hall::{Allotment, GpuHall, LeaseHall, NewUse, Plumbing, Seen};
use crate::sim::setup::{accelerators, critical_it, hall_cost};
use crate::sim::world::Ingredients;
use crate::site::{InstallSpec, LeaseSpec, Redundancy};
use crate::time::{DAY_S, Month, Span};
use crate::units::Money;

/// What of a hall concerns its failures.
fn frame(systems: &Accelerators, design_mw: f64, redundancy: Redundancy) -> Frame {
    Frame {
        model: systems.model(),
        systems: systems.systems(),
        design_mw,
        reserve: match redundancy {
            Redundancy::N => Reserve::None,
            Redundancy::NPlusOne => Reserve::One,
            Redundancy::TwoN => Reserve::Double,
        },
    }
}

impl World<'_> {
    /// Puts what halls hold after conversion in place: those that serve already, and those on the way.
    pub(super) fn install_halls(&mut self) {
        let (spec, setup) = (self.from.spec, self.from.setup);
        let mut given = vec![0_u32; self.demand.tenants.len()];
        for s in 0..self.sites.len() {
            for h in 0..self.sites[s].halls.len() {
                let entry = &spec.sites[s].halls[setup.sites[s].halls[h].1];
                if let Some(install) = &entry.serving {
                    self.install_gpus((s, h), install, &claims(spec, None), &mut given);
                    self.sites[s].halls[h].phase = HallPhase::Serving;
                    self.begin_service((s, h), false, self.settled);
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
            let halls = self.from.conversions[position].halls.clone();
            let claim = claims(spec, conversion.tenants.as_ref());
            for ((s, h), name) in halls.into_iter().zip(&conversion.halls) {
                // What a hall that is converted again becomes is seen when it is.
                if strategy.earlier(position, name).is_some() || self.sites[s].halls[h].serves() {
                    continue;
                }
                if let Some(install) = &conversion.install {
                    self.install_gpus((s, h), install, &claim, &mut given);
                } else if let Some(lease) = &conversion.lease {
                    // One tenant signs for all halls of a conversion.
                    self.let_shell((s, h), lease, &conversion.halls.join("+"));
                }
            }
        }
    }

    pub(super) fn install_gpus(
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
        self.failing.push(Some((s, h)));
        let mut name = format!("failures/{}/{}", self.sites[s].name, self.sites[s].halls[h].name);
        let before = self.retired.len();
        if before > 0 {
            // Other systems, other luck.
            name = format!("{name}/{before}");
        }
        let frame = frame(&systems, design_mw, install.redundancy);
        let failures = Failures::new(&install.failures, &frame, number, &self.from.streams, &name);
        let per_gpu_day = failures.per_system_day() / f64::from(systems.model().gpus);
        let (mut blocks, mut pools, mut services, mut left) =
            (Vec::new(), Vec::new(), Vec::new(), systems.gpus());
        let spec = self.from.spec;
        let here = claim
            .iter()
            .filter(|tenant| spec.sites[s].may_serve(&spec.tenants[**tenant]));
        for &tenant in here {
            let gpus = self.demand.wants(tenant, given).min(left);
            if gpus == 0 {
                continue;
            }
            given[tenant] += gpus;
            left -= gpus;
            match self.demand.tenants[tenant] {
                Held::Block(index) => {
                    self.demand.blocks[index].plan_training(per_gpu_day);
                    blocks.push(Allotment {
                        index,
                        gpus,
                        up: gpus,
                    });
                }
                Held::Pool(index) => pools.push(Allotment {
                    index,
                    gpus,
                    up: gpus,
                }),
                Held::Service(index) => services.push(self.hosted(index, gpus)),
            }
        }
        let waits = |held: &&Allotment| !self.demand.blocks[held.index].has_signed();
        let unsigned = blocks.iter().filter(waits).map(|held| held.gpus).sum();
        let plumbing = Plumbing {
            plant: self.from.setup.sites[s].plant(&install.cooling),
            design_mw,
            path: ElectricalPath::new(&install.path, design_mw, install.redundancy),
            units_mw: f64::INFINITY,
        };
        self.sites[s].halls[h].new_use = Some(NewUse::Gpu(Box::new(GpuHall {
            systems,
            plumbing,
            throttle: GpuThrottle::new(&install.throttle),
            failures,
            seen: Seen::default(),
            blocks,
            pools,
            services,
            unlet: left,
            unsigned,
            shed: 0,
            speed: 1.0,
            power_share: 1.0,
        })));
    }

    pub(super) fn let_shell(&mut self, (s, h): (usize, usize), spec: &LeaseSpec, tenant: &str) {
        let it_mw = critical_it(self.sites[s].halls[h].grid_mw, spec.critical_it_percent).as_mw();
        let lease = self.demand.add_lease(spec, tenant, it_mw, &self.from);
        let plumbing = Plumbing {
            plant: self.from.setup.sites[s].plant(&spec.cooling),
            design_mw: it_mw,
            path: ElectricalPath::new(&spec.path, it_mw, spec.redundancy),
            units_mw: f64::INFINITY,
        };
        self.sites[s].halls[h].new_use = Some(NewUse::Lease(LeaseHall {
            it_mw,
            plumbing,
            signed: self.demand.leases[lease].signed,
            lease,
            powered: 1.0,
        }));
    }

    pub(super) fn plan_projects(&mut self) {
        let Ingredients {
            spec,
            conversions,
            strategy,
            streams,
            ..
        } = self.from;
        if let Some(first) = conversions.first() {
            self.shared = Shared::new(&first.works, &streams);
        }
        for (position, own) in conversions.iter().enumerate() {
            let conversion = &spec.strategies[strategy].conversions[position];
            let planned = &own.plan.inputs().halls;
            let scale = own.halls.iter().zip(planned).map(|(&(s, h), inputs)| {
                let (facility, hardware) = hall_cost(spec, conversion, self.sites[s].halls[h].grid_mw);
                let ratio = |new: Money, old: Money| if old > Money::ZERO { new / old } else { 1.0 };
                (ratio(facility, inputs.facility), ratio(hardware, inputs.hardware))
            });
            let mut project = Project::new(ProjectId(position as u32), own.plan.clone(), &streams);
            if own.halls.iter().any(|(s, _)| self.sites[*s].crew.is_some()) {
                project.wait_for_crews();
            }
            self.projects.push(Running {
                scale: scale.collect(),
                project,
                halls: own.halls.clone(),
                prepaid: false,
                again: own.again,
            });
        }
    }

    /// Makes the halls of a conversion ready later than they would be.
    pub(in crate::sim) fn slip(&mut self, conversion: usize, by: Span) {
        self.projects[conversion].project.slip(by);
    }

    /// Schedules what is known from the start: hours, months, weeks, orders, dated starts.
    pub(super) fn schedule_frame(&mut self) {
        let Ingredients {
            scenario,
            setup,
            paths,
            ..
        } = self.from;
        let (start, end) = (scenario.horizon.start, self.from.until);
        self.queue.schedule(start, event::HOUR, Event::Hour);
        let calendar = &scenario.horizon.calendar;
        for month in scenario
            .months
            .iter()
            .filter(|m| calendar.start_of_month(**m) < end)
        {
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
            let orders = paths.orders[site].iter().chain(&paths.calls[site]);
            let edges = orders.flat_map(|order| [order.from, order.to]);
            for at in self.sites[site].edges(edges, (start, end)) {
                self.queue.schedule(at, event::ORDER, Event::OrderEdge { site });
            }
        }
        self.schedule_miners(start);
        self.schedule_signatures((start, end));
        if !self.demand.pools.is_empty() {
            let week = Span::from_seconds(7 * DAY_S);
            let mut at = setup.monday + week;
            while at < end {
                self.queue.schedule(at, event::WEEK, Event::WeekEnd);
                at += week;
            }
        }
        self.schedule_starts((start, end));
    }
}
