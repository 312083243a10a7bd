//! What projects and starts do to halls, tenants and books.

use super::{Running, World};
use crate::conversion::project::Event as StageEvent;
use crate::conversion::resource::Ticket;
use crate::conversion::{Component, Effect, Project, Scene};
use crate::des::Outbox;
use crate::finance::account::Account;
use crate::sim::event::Event;
use crate::sim::hall::NewUse;
use crate::time::SimTime;
use crate::units::Money;

impl World<'_> {
    /// Lets a project act, carries out what it did, and sees which of its halls wait for nothing but their crew.
    pub(super) fn act(
        &mut self,
        index: usize,
        now: SimTime,
        act: impl FnOnce(&mut Project, &mut Scene<'_, '_, Event>),
    ) {
        let mut effects = std::mem::take(&mut self.effects);
        let mut scene = Scene {
            now,
            outbox: &mut Outbox::new(&mut self.queue),
            shared: &mut self.shared,
            effects: &mut effects,
        };
        act(&mut self.projects[index].project, &mut scene);
        for effect in effects.drain(..) {
            self.apply(index, now, effect);
        }
        self.effects = effects;
        self.note_waiting(index);
    }

    pub(super) fn step_project(&mut self, now: SimTime, event: StageEvent) {
        self.act(event.project.index(), now, |project, scene| {
            project.step(event, scene);
        });
    }

    /// Crews go to those that wait for them, in their order.
    pub(super) fn deal_crews(&mut self, now: SimTime) {
        loop {
            let projects = &self.projects;
            let needs = |t: Ticket| projects[t.project as usize].project.needs(t.node);
            let Some(ticket) = self.shared.crews.grant(needs) else {
                return;
            };
            let index = ticket.project as usize;
            let freed = self.shared.crews.freed_by(needs(ticket));
            let freed = freed.and_then(|(project, node)| (project == ticket.project).then_some(node));
            self.close_project(index, now);
            self.act(index, now, |project, scene| {
                project.begin_served(ticket.node, freed, scene);
            });
        }
    }

    /// Which halls of a project wait for nothing but their crew.
    fn note_waiting(&mut self, index: usize) {
        let Running { project, halls, .. } = &self.projects[index];
        for (hall, &(s, h)) in halls.iter().enumerate() {
            self.sites[s].halls[h].waits_for_crew = project.waits_for_crew(hall);
        }
    }

    fn apply(&mut self, index: usize, now: SimTime, effect: Effect) {
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
            Effect::ServiceStops { hall } => self.stop_service(index, place(hall)),
            Effect::SystemsRemoved { hall } => self.remove_systems(index, place(hall), now),
            Effect::CapexDue {
                hall, component, usd, ..
            } => self.pay_capex(index, hall, (component, usd), now),
            Effect::HiringStarts { hall } => {
                let (s, h) = place(hall);
                self.sites[s].halls[h].hiring = true;
                self.want_crew((s, h));
            }
            Effect::Sold { hall, usd } => {
                let (s, _) = place(hall);
                let month = self.month_at(now);
                self.books.sell(month, Account::AssetSales, usd);
                self.note(now, s, "sold", "hall", usd.as_usd().to_string());
            }
            Effect::ReadyForService { hall } => {
                let (s, h) = place(hall);
                self.equip(index, (s, h), now);
                self.begin_service((s, h), true, now);
            }
            Effect::CommissioningFailed { hall } => {
                let (s, h) = place(hall);
                let name = self.sites[s].halls[h].name.clone();
                self.note(now, s, "commissioning_failed", &name, String::new());
            }
            Effect::Cancelled { hall } => {
                let (s, h) = place(hall);
                let name = self.sites[s].halls[h].name.clone();
                self.note(now, s, "conversion_cancelled", &name, String::new());
            }
            Effect::MiningStops { hall } => self.free_miners(place(hall), now),
            Effect::CrewReady { hall } => self.note_crew(place(hall), now),
            Effect::Energised { .. } | Effect::HardwareDelivered { .. } => {}
        }
    }

    pub(super) fn sell_miners(&mut self, (s, h): (usize, usize), now: SimTime) {
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        let month = self.month_at(now);
        let fleet = self.sites[s].fleets[h].clear();
        let resale: Money = fleet.iter().map(|b| b.resale(hashprice)).sum();
        self.books.sell(month, Account::AsicSalvage, resale);
        for batch in fleet {
            self.return_miners((s, h), batch, now);
        }
        let site = &mut self.sites[s];
        site.halls[h].miners_until = Some(now);
        site.fleets_changed();
    }

    pub(super) fn pay_capex(
        &mut self,
        index: usize,
        hall: Option<usize>,
        due: (Component, Money),
        now: SimTime,
    ) {
        let (component, usd) = due;
        let month = self.month_at(now);
        let running = &self.projects[index];
        let halls: Vec<usize> = hall.map_or_else(|| (0..running.halls.len()).collect(), |h| vec![h]);
        // What is for all halls is each one's by what it costs.
        let planned = |hall: usize| {
            let inputs = &self.projects[index].project.plan().inputs().halls[hall];
            match component {
                Component::Facility => inputs.facility.as_usd(),
                Component::Hardware => inputs.hardware.as_usd(),
            }
        };
        let whole: f64 = halls.iter().map(|h| planned(*h)).sum();
        let parts: Vec<(usize, Money)> = halls
            .iter()
            .map(|h| {
                (
                    *h,
                    usd * if whole > 0.0 {
                        planned(*h) / whole
                    } else {
                        1.0 / halls.len() as f64
                    },
                )
            })
            .collect();
        for (hall, part) in parts {
            let (facility, hardware) = self.projects[index].scale[hall];
            let (s, h) = self.projects[index].halls[hall];
            let serves = self.projects[index].project.ready(hall).is_some();
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
            // What is paid after a hall serves enters service as it is paid.
            if serves {
                let (facility, hardware) = match component {
                    Component::Facility => (paid.as_usd(), 0.0),
                    Component::Hardware => (0.0, paid.as_usd()),
                };
                own.in_service_usd.0 += facility;
                own.in_service_usd.1 += hardware;
                self.books.in_service(month, facility, hardware);
            }
        }
    }

    /// A hall begins to serve: tenants get their GPUs, failures begin, the asset enters service. `new` says whether its
    /// systems have not served before.
    pub(super) fn begin_service(&mut self, (s, h): (usize, usize), new: bool, now: SimTime) {
        let month = self.month_at(now);
        let hall = &mut self.sites[s].halls[h];
        hall.ready = Some(now);
        hall.built.get_or_insert(now);
        // What was there before has been in service for long.
        let paid = (hall.facility_capex_usd, hall.hardware_capex_usd);
        let known = std::mem::replace(&mut hall.in_service_usd, paid);
        self.books.in_service(month, paid.0 - known.0, paid.1 - known.1);
        let mut full = Vec::new();
        match &mut hall.new_use {
            Some(NewUse::Gpu(gpu)) => {
                for held in &gpu.blocks {
                    let block = &mut self.demand.blocks[held.index];
                    let was_full = block.full.is_some();
                    block.install(held.gpus, now);
                    if !was_full {
                        full.push(held.index);
                    }
                }
                let mut outbox = Outbox::new(&mut self.queue);
                gpu.failures.start(now, new, &mut outbox);
            }
            Some(NewUse::Lease(lease)) => self.demand.leases[lease.lease].stand_ready(now),
            None => {}
        }
        for block in full {
            self.schedule_term_end(block, now);
        }
        self.start_path(s, h, now);
    }
}
