//! Starts of conversions and what they wait for: dates, what is known on a day, signatures of tenants.

use super::{Running, World};
use crate::conversion::Project;
use crate::conversion::start::Known;
use crate::id::Name;
use crate::sim::event::{self, Event};
use crate::sim::hall::NewUse;
use crate::time::{DAY_S, SimTime, Span};
use crate::units::Money;

/// A day as the starts of one conversion see it.
struct Today<'a, 'b> {
    world: &'a World<'b>,
    project: usize,
    now: SimTime,
}

impl Known for Today<'_, '_> {
    fn hashprice(&self, days: u32) -> f64 {
        let bitcoin = &self.world.from.paths.bitcoin;
        let first = self.world.from.scenario.horizon.start;
        let day = |back: u32| (self.now + Span::from_seconds(-DAY_S * i64::from(back))).max(first);
        let sum: f64 = (0..days)
            .map(|back| bitcoin.at(day(back)).hashprice_usd_per_ph_day)
            .sum();
        sum / f64::from(days.max(1))
    }
    fn rent(&self, market: &Name) -> f64 {
        let index = self.world.from.spec.market.gpu_rent.get_index_of(market);
        let rent = index.and_then(|index| self.world.from.paths.rents[index].at(self.now));
        rent.unwrap_or(0.0)
    }
    fn has_signed(&self, tenant: &Name) -> bool {
        let mut blocks = self.world.demand.blocks.iter();
        blocks.any(|block| block.tenant == tenant.as_str() && block.has_signed())
    }
    fn lease_has_signed(&self) -> bool {
        let mut halls = self.world.projects[self.project].halls.iter();
        halls.any(|&(s, h)| match &self.world.sites[s].halls[h].new_use {
            Some(NewUse::Lease(lease)) => self.world.demand.leases[lease.lease].signed,
            _ => false,
        })
    }
    fn hall_years(&self) -> Option<f64> {
        self.world.served_years(self.project, self.now)
    }
    fn term_is_over(&self, tenant: &Name) -> bool {
        let mut blocks = self.world.demand.blocks.iter();
        blocks.any(|block| block.tenant == tenant.as_str() && (block.over || block.has_left()))
    }
    fn dscr(&self, months: u32) -> Option<f64> {
        self.world.debt_cover(self.now, months)
    }
    fn cash_cover(&self, months: u32) -> Option<f64> {
        self.world.cash_cover(self.now, months)
    }
    fn is_ready(&self, hall: &str) -> bool {
        let (s, h) = self.world.hall_named(hall);
        self.world.sites[s].halls[h].ready.is_some()
    }
}

impl World<'_> {
    /// Dated starts, and a daily look for the others.
    pub(super) fn schedule_starts(&mut self, (start, end): (SimTime, SimTime)) {
        let mut looks = false;
        for (project, own) in self.from.conversions.iter().enumerate() {
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

    pub(super) fn schedule_signatures(&mut self, (start, end): (SimTime, SimTime)) {
        let blocks = self.demand.blocks.iter().enumerate();
        let blocks = blocks.map(|(block, own)| (own.signs(), Event::BlockSigned { block }));
        let leases = self.demand.leases.iter().enumerate();
        let leases = leases.map(|(lease, own)| (own.signs, Event::LeaseSigned { lease }));
        for (at, event) in blocks
            .chain(leases)
            .filter(|(at, _)| (start < *at) && (*at < end))
        {
            self.queue.schedule(at, event::TERM, event);
        }
    }

    pub(super) fn look_at_starts(&mut self, now: SimTime) {
        let mut waiting = false;
        for project in 0..self.projects.len() {
            let rule = &self.from.conversions[project].start;
            if rule.is_dated() || self.projects[project].project.started().is_some() {
                continue;
            }
            let today = Today {
                world: self,
                project,
                now,
            };
            if self.may_start(project) && rule.starts(now, &today) {
                self.close_project(project, now);
                self.start(project, now);
            } else {
                waiting = true;
            }
        }
        let horizon = &self.from.scenario.horizon;
        let tomorrow = horizon.calendar.civil(now).date().tomorrow().ok();
        let next = tomorrow.and_then(|date| horizon.calendar.start_of(date));
        if let Some(next) = next.filter(|next| waiting && *next < horizon.end) {
            self.queue.schedule(next, event::START, Event::LookAtStarts);
        }
    }

    pub(super) fn start(&mut self, index: usize, now: SimTime) {
        self.end_hosting(index, now);
        self.prepay(index, now);
        self.act(index, now, Project::start);
    }

    /// Customers whose block waits for this project pay in advance when it starts, if they have signed.
    fn prepay(&mut self, index: usize, now: SimTime) {
        if std::mem::replace(&mut self.projects[index].prepaid, true) {
            return;
        }
        for block in 0..self.demand.blocks.len() {
            if self.demand.blocks[block].has_signed() {
                self.prepay_block(index, block, now);
            }
        }
    }

    /// What a block's tenant pays in advance for the halls of a project that has started.
    fn prepay_block(&mut self, index: usize, block: usize, now: SimTime) {
        let Running { halls, .. } = &self.projects[index];
        let held = |&(s, h): &(usize, usize)| match &self.sites[s].halls[h].new_use {
            Some(NewUse::Gpu(gpu)) => gpu
                .blocks
                .iter()
                .filter(|b| b.index == block)
                .map(|b| b.gpus)
                .sum(),
            _ => 0_u32,
        };
        let gpus: u32 = halls.iter().map(held).sum();
        let own = &mut self.demand.blocks[block];
        if gpus == 0 || own.has_left() {
            return;
        }
        let share = f64::from(gpus) / f64::from(own.spec.gpus);
        let usd = own.contract_usd() * own.spec.prepay_percent / 100.0 * share;
        own.prepaid_usd += usd;
        let month = self.month_at(now);
        self.books.prepaid(month, Money::from_usd(usd));
    }

    pub(super) fn sign_block(&mut self, block: usize, now: SimTime) {
        let start = self.from.scenario.horizon.start;
        self.demand.blocks[block].sign(now, start);
        for hall in self.sites.iter_mut().flat_map(|site| &mut site.halls) {
            if let Some(NewUse::Gpu(gpu)) = &mut hall.new_use {
                let held = gpu.blocks.iter().filter(|held| held.index == block);
                gpu.unsigned -= held.map(|held| held.gpus).sum::<u32>();
            }
        }
        self.schedule_term_end(block, now);
        for project in 0..self.projects.len() {
            if self.projects[project].prepaid {
                self.prepay_block(project, block, now);
            }
        }
        let tenant = self.demand.blocks[block].tenant.clone();
        self.note(now, 0, "signed", &tenant, String::new());
    }

    pub(super) fn sign_lease(&mut self, lease: usize, now: SimTime) {
        let start = self.from.scenario.horizon.start;
        self.demand.leases[lease].sign(now, start);
        for s in 0..self.sites.len() {
            for h in 0..self.sites[s].halls.len() {
                let hall = &mut self.sites[s].halls[h];
                if let Some(NewUse::Lease(own)) = &mut hall.new_use
                    && own.lease == lease
                {
                    own.signed = true;
                    let name = hall.name.clone();
                    self.note(now, s, "signed", &name, String::new());
                }
            }
        }
    }

    /// Plans the end of a block's term, once it has begun.
    pub(super) fn schedule_term_end(&mut self, block: usize, now: SimTime) {
        if let Some(end) = self.demand.blocks[block].term_end() {
            self.queue
                .schedule(end.max(now), event::TERM, Event::TermEnd { block });
        }
    }
}
