//! Halls that change their use again: systems go out and are sold, new ones come, a hall mines or stands idle; and what a
//! strategy has earned so far, of which starts ask.

use super::World;
use super::reach::Reach;
use crate::finance::account::Account;
use crate::fleet::MiningFleet;
use crate::power::path::{ElectricalPath, ElectricalPathSpec};
use crate::power::redundancy::Redundancy;
use crate::sim::demand::{Held, claims};
use crate::sim::event::{self, Event};
use crate::sim::hall::NewUse;
use crate::time::{SimTime, Span};
use crate::units::Money;

/// Days after its end in which a month's bills are booked, whatever the zone of the site.
const BOOKED_DAYS: f64 = 2.0;

impl World<'_> {
    /// Whether the conversions that were before a project in its halls are done.
    pub(super) fn may_start(&self, project: usize) -> bool {
        let mut before = self.from.conversions[project].after.iter();
        before.all(|earlier| self.projects[*earlier].project.is_finished())
    }

    /// A hall that served stops: blocks lose their GPUs there, and people go where it does not serve again.
    pub(super) fn stop_service(&mut self, project: usize, (s, h): (usize, usize)) {
        let strategy = &self.from.spec.strategies[self.from.strategy];
        let serves_again = strategy.conversions[project].install.is_some();
        let site = &mut self.sites[s];
        if !serves_again {
            site.crewed.retain(|own| *own != h);
            site.halls[h].hiring = false;
        }
        site.halls[h].crewless = false;
        if let Some(NewUse::Gpu(gpu)) = &site.halls[h].new_use {
            for held in &gpu.blocks {
                self.demand.blocks[held.index].remove(held.gpus);
            }
        }
    }

    /// The systems of a hall are out: they fetch what years have left of their price.
    pub(super) fn remove_systems(&mut self, project: usize, (s, h): (usize, usize), now: SimTime) {
        for place in self.failing.iter_mut().filter(|p| **p == Some((s, h))) {
            *place = None;
        }
        for placed in &mut self.blocks {
            placed.leave(s, h);
        }
        let strategy = &self.from.spec.strategies[self.from.strategy];
        let loss = strategy.conversions[project].resale_loss_percent_per_year / 100.0;
        let month = self.month_at(now);
        let own = &mut self.sites[s].halls[h];
        let years = own.ready.map_or(0.0, |ready| (now - ready).as_days() / 365.25);
        let paid = std::mem::take(&mut own.in_service_usd.1);
        own.hardware_capex_usd -= paid;
        if let Some(NewUse::Gpu(gpu)) = own.new_use.take() {
            self.retired.push(*gpu);
        }
        let usd = Money::from_usd(paid * (1.0 - loss).powf(years));
        self.books.sell(month, Account::AssetSales, usd);
        let name = self.sites[s].halls[h].name.clone();
        self.note(now, s, "systems_sold", &name, usd.as_usd().to_string());
    }

    /// What a conversion puts into a hall of which the new use was not known from the start.
    pub(super) fn equip(&mut self, project: usize, (s, h): (usize, usize), now: SimTime) {
        if self.sites[s].halls[h].new_use.is_some() {
            return;
        }
        let spec = self.from.spec;
        let conversion = &spec.strategies[self.from.strategy].conversions[project];
        if let Some(install) = &conversion.install {
            let mut given = self.given();
            let mut claim = claims(spec, conversion.tenants.as_ref());
            claim.retain(|tenant| match self.demand.tenants[*tenant] {
                Held::Block(index) => {
                    !self.demand.blocks[index].over && !self.demand.blocks[index].has_left()
                }
                Held::Pool(_) | Held::Service(_) => true,
            });
            self.install_gpus((s, h), install, &claim, &mut given);
            let held = (self.demand.pools.len(), self.demand.services.len());
            self.reach = Reach::new(&self.sites, held);
        } else if let Some(lease) = &conversion.lease {
            self.let_shell((s, h), lease, &conversion.halls.join("+"));
            self.sign_late((s, h), now);
        } else if let Some(mine) = &conversion.mine {
            let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
            let (fleet, cost) = MiningFleet::bought(&mine.miners, now, hashprice);
            self.begin_mining((s, h), fleet, now);
            if !mine.miners_included {
                let month = self.month_at(now);
                self.books.buy_miners(month, cost);
                let name = self.sites[s].halls[h].name.clone();
                self.note(now, s, "miners_bought", &name, cost.as_usd().to_string());
            }
        }
    }

    /// A lease that begins within the horizon: its tenant has signed by now, or signs later.
    fn sign_late(&mut self, (s, h): (usize, usize), now: SimTime) {
        let Some(NewUse::Lease(own)) = &mut self.sites[s].halls[h].new_use else {
            return;
        };
        let lease = own.lease;
        let signs = self.demand.leases[lease].signs;
        if signs <= now {
            own.signed = true;
            self.demand.leases[lease].signed = true;
        } else if signs < self.from.until {
            self.queue
                .schedule(signs, event::TERM, Event::LeaseSigned { lease });
        }
    }

    fn begin_mining(&mut self, (s, h): (usize, usize), fleet: MiningFleet, now: SimTime) {
        // The site's other machines have worn until now; these have not.
        self.wear_miners(s, now);
        let site = &mut self.sites[s];
        let hall = &mut site.halls[h];
        hall.miners_until = None;
        hall.mine.design_mw = fleet.nameplate().as_mw().max(1e-6);
        hall.mine.path =
            ElectricalPath::new(&ElectricalPathSpec::mining(), hall.mine.design_mw, Redundancy::N);
        site.fleets[h] = fleet;
        site.fleets_changed();
    }

    /// GPUs that each tenant has been given in halls as they stand or are planned.
    fn given(&self) -> Vec<u32> {
        let mut given = vec![0; self.demand.tenants.len()];
        let halls = self.sites.iter().flat_map(|site| &site.halls);
        for hall in halls {
            let Some(NewUse::Gpu(gpu)) = &hall.new_use else {
                continue;
            };
            for (tenant, held) in self.demand.tenants.iter().enumerate() {
                given[tenant] += match *held {
                    Held::Block(index) => gpu
                        .blocks
                        .iter()
                        .filter(|b| b.index == index)
                        .map(|b| b.gpus)
                        .sum(),
                    Held::Pool(index) => gpu
                        .pools
                        .iter()
                        .filter(|p| p.index == index)
                        .map(|p| p.gpus)
                        .sum(),
                    Held::Service(index) => gpu
                        .services
                        .iter()
                        .filter(|own| own.index == index)
                        .map(|own| own.gpus)
                        .sum::<u32>(),
                };
            }
        }
        given
    }

    /// Years for which every hall of a project has served; `None` where one does not serve.
    pub(super) fn served_years(&self, project: usize, now: SimTime) -> Option<f64> {
        let halls = self.projects[project].halls.iter();
        let years = halls.map(|&(s, h)| {
            let hall = &self.sites[s].halls[h];
            let ready = hall.ready.filter(|_| hall.serves())?;
            Some((now - ready).as_days() / 365.25)
        });
        years.reduce(|a, b| Some(a?.min(b?)))?
    }

    /// The last whole months that are booked; `None` before there are so many.
    fn last_months(&self, now: SimTime, count: u32) -> Option<std::ops::Range<usize>> {
        let booked = now + Span::from_days_f64(-BOOKED_DAYS);
        if booked < self.from.scenario.horizon.start {
            return None;
        }
        let end = self.month_at(booked);
        Some(end.checked_sub(count as usize)?..end)
    }

    /// Cash from running the strategy over its debt service as planned, of the last months.
    pub(super) fn debt_cover(&self, now: SimTime, months: u32) -> Option<f64> {
        let last = self.last_months(now, months)?;
        let plan = self
            .from
            .setup
            .debts
            .get(self.from.strategy)?
            .as_ref()?
            .as_ref()
            .ok()?;
        let periods = plan.periods.iter().zip(&plan.service_usd);
        let within = periods.filter(|((_, end), _)| last.contains(end));
        let service: f64 = within.map(|(_, usd)| usd).sum();
        let (earned, spent, other) = self.books.operating_usd(last.clone());
        (service > 0.0).then(|| (earned - spent + other) / service)
    }

    /// What running the strategy brought over what it cost, of the last months.
    pub(super) fn cash_cover(&self, now: SimTime, months: u32) -> Option<f64> {
        let (earned, spent, _) = self.books.operating_usd(self.last_months(now, months)?);
        (spent > 0.0).then(|| earned / spent)
    }
}
