//! Days of miners: batches are bought, move, wear, are repaired and end.

use super::World;
use crate::conversion::HallPhase;
use crate::finance::account::Account;
use crate::fleet::miner::WornDay;
use crate::fleet::{MinerBatch, MiningFleet};
use crate::power::path::{ElectricalPath, ElectricalPathSpec};
use crate::power::redundancy::Redundancy;
use crate::sim::event::{self, Event};
use crate::time::{DAY_S, SimTime, Span};
use crate::units::Money;

/// A batch on the road.
#[derive(Debug)]
pub(in crate::sim) struct Moving {
    pub(super) batch: MinerBatch,
    to: (usize, usize),
    arrives: SimTime,
}

impl World<'_> {
    /// Days are counted where anything about miners changes by itself.
    pub(super) fn schedule_miners(&mut self, start: SimTime) {
        // All sites, since what wears may move from one to another.
        let mut fleets = self.sites.iter().flat_map(|s| &s.fleets);
        if fleets.any(MiningFleet::changes) {
            for site in 0..self.sites.len() {
                self.queue
                    .schedule(start, event::MINERS, Event::MinersDay { site });
            }
        }
    }

    /// What all miners fetch that stand or are on the road, USD.
    pub(super) fn miners_worth(&self, hashprice: f64) -> f64 {
        let stand = self
            .sites
            .iter()
            .flat_map(|s| &s.fleets)
            .map(|f| f.resale(hashprice));
        let moving = self.moving.iter().map(|m| m.batch.resale(hashprice));
        stand.chain(moving).sum::<Money>().as_usd()
    }

    /// The site's next midnight.
    fn next_midnight(&self, site: usize, now: SimTime) -> Option<SimTime> {
        let calendar = &self.sites[site].calendar;
        let date = calendar.civil(now).date().tomorrow().ok()?;
        calendar.start_of(date)
    }

    /// A day of a site's miners begins: what wore since the last one, then what comes and goes.
    pub(super) fn turn_miners_day(&mut self, s: usize, now: SimTime) {
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        self.wear_miners(s, now);
        for h in 0..self.sites[s].halls.len() {
            self.buy_miners((s, h), hashprice, now);
            self.retire_miners((s, h), now);
            self.send_miners((s, h), now);
        }
        self.sites[s].fleets_changed();
        let next = self.next_midnight(s, now).filter(|t| *t < self.from.until);
        if let Some(next) = next {
            self.queue
                .schedule(next, event::MINERS, Event::MinersDay { site: s });
        }
    }

    pub(super) fn wear_miners(&mut self, s: usize, now: SimTime) {
        let site = &mut self.sites[s];
        let span = now - site.miners_seen;
        site.miners_seen = now;
        if span <= Span::from_seconds(0) {
            return;
        }
        if let Some(shop) = &mut site.repair_shop {
            shop.begin(span);
        }
        let mut worn = WornDay::default();
        for fleet in &mut site.fleets {
            worn.add(&fleet.wear(span, site.repair_shop.as_mut()));
        }
        site.month.miners_failed += worn.failed;
        let month = self.month_at(now + Span::from_seconds(-1));
        let scrap = Money::from_usd(worn.scrap_usd);
        let parts = self.books.repair_miners(month, worn.parts_usd, scrap);
        self.sites[s].miner_parts_usd += parts.as_usd();
    }

    /// Batches whose day has come stand, unless their hall has left mining.
    fn buy_miners(&mut self, (s, h): (usize, usize), hashprice: f64, now: SimTime) {
        let site = &mut self.sites[s];
        if site.halls[h].phase != HallPhase::Mining {
            return;
        }
        let cost = site.fleets[h].arrive(now, hashprice);
        self.take_deposits((s, h), now);
        if cost > Money::ZERO {
            let month = self.month_at(now);
            self.books.buy_miners(month, cost);
            let name = self.sites[s].halls[h].name.clone();
            self.note(now, s, "miners_bought", &name, cost.as_usd().to_string());
        }
    }

    fn retire_miners(&mut self, (s, h): (usize, usize), now: SimTime) {
        for batch in self.sites[s].fleets[h].retire(now) {
            if batch.hosting().is_some() {
                self.return_miners((s, h), batch, now);
                continue;
            }
            let month = self.month_at(now);
            self.books.sell(month, Account::AsicSalvage, batch.scrap());
            let name = self.sites[s].halls[h].name.clone();
            self.note(now, s, "miners_retired", &name, batch.model_id().to_owned());
        }
    }

    fn send_miners(&mut self, (s, h): (usize, usize), now: SimTime) {
        for mut batch in self.sites[s].fleets[h].depart(now) {
            let Some(moves) = batch.begin_move() else { continue };
            let usd = moves.usd_per_machine * batch.machines();
            let to = self.hall_named(&moves.to);
            let month = self.month_at(now);
            self.books.move_miners(month, usd);
            let arrives = now + Span::from_seconds((moves.days * DAY_S as f64).round() as i64);
            let name = self.sites[s].halls[h].name.clone();
            self.note(now, s, "miners_sent", &name, moves.to.clone());
            self.moving.push(Moving { batch, to, arrives });
            self.queue
                .schedule(arrives, event::MINERS, Event::MinersArrive { site: to.0 });
        }
    }

    /// Puts what has arrived at a site into its hall, or sells it where that hall has left mining.
    pub(super) fn receive_miners(&mut self, site: usize, now: SimTime) {
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        let here = |m: &mut Moving| m.arrives <= now && m.to.0 == site;
        let arrived: Vec<Moving> = self.moving.extract_if(.., here).collect();
        for Moving {
            batch, to: (s, h), ..
        } in arrived
        {
            let name = self.sites[s].halls[h].name.clone();
            if self.sites[s].halls[h].phase != HallPhase::Mining {
                let month = self.month_at(now);
                self.books
                    .sell(month, Account::AsicSalvage, batch.resale(hashprice));
                self.note(now, s, "miners_sold", &name, batch.model_id().to_owned());
                continue;
            }
            self.note(now, s, "miners_received", &name, batch.model_id().to_owned());
            let site = &mut self.sites[s];
            site.fleets[h].put(batch);
            let needed = site.fleets[h].nameplate().as_mw();
            let mine = &mut site.halls[h].mine;
            if needed > mine.design_mw {
                mine.design_mw = needed;
                mine.path = ElectricalPath::new(&ElectricalPathSpec::mining(), needed, Redundancy::N);
            }
            site.fleets_changed();
        }
    }

    pub(super) fn hall_named(&self, text: &str) -> (usize, usize) {
        let (site, hall) = text.split_once('/').expect("the check knows the hall");
        let s = self.sites.iter().position(|s| s.name == site);
        let s = s.expect("the check knows the site");
        let h = self.sites[s].halls.iter().position(|h| h.name == hall);
        (s, h.expect("the check knows the hall"))
    }
}
