//! Hours and months: paths move on, bills and invoices are closed.

use super::World;
use crate::market::bitcoin::BLOCKS_PER_HALVING;
use crate::series::Regular;
use crate::sim::books::cost_of_use_usd;
use crate::sim::demand::Turn;
use crate::sim::event::{self, Event};
use crate::sim::hall::{Hall, NewUse};
use crate::sim::invariant::{self, Fault};
use crate::sim::pool::MonthOfJobs;
use crate::sim::steps;
use crate::time::{DAY_S, SimTime, Span};
use crate::workload::service::Counts;

/// Change of difficulty from day to day that is rounding of a file and no retarget.
const RETARGET_LEAST: f64 = 1e-4;

impl World<'_> {
    pub(super) fn turn_hour(&mut self, now: SimTime) {
        let axis = &self.from.scenario.data.axis;
        let first = axis.index_at(now);
        self.hour = steps::looked_at(first, self.step, axis.len());
        if let Some(recorder) = &mut self.recorder {
            recorder.hour(&self.sites, self.from.scenario, self.step);
            self.note_network(now);
        }
        self.turn_coins(now);
        self.plan_services(now);
        for book in &mut self.demand.pool_books {
            book.rent_usd = self.from.paths.rents[book.market]
                .at(now)
                .unwrap_or(book.rent_usd);
        }
        if self.from.fault == Some(Fault::Clock) && first > 0 {
            let past = now + Span::from_hours(-1);
            self.queue.schedule(past, event::HOUR, Event::Hour);
        }
        let next = axis.time(first + self.step);
        if next < self.from.scenario.horizon.end {
            self.queue.schedule(next, event::HOUR, Event::Hour);
        }
    }

    /// Notes halvings and retargets: days on which subsidy or difficulty are not those of the day before.
    fn note_network(&mut self, now: SimTime) {
        let path = &self.from.paths.bitcoin;
        if now.as_unix_s() % DAY_S != 0 || now <= self.from.scenario.horizon.start {
            return;
        }
        let (was, is) = (path.at(now + Span::from_seconds(-1)), path.at(now));
        if is.subsidy_btc < was.subsidy_btc {
            let height = BLOCKS_PER_HALVING * (50.0 / is.subsidy_btc).log2().round();
            let detail = format!("height {height}, subsidy {} BTC", is.subsidy_btc);
            self.note(now, 0, "halving", "bitcoin", detail);
        }
        if is.difficulty > 0.0 && (is.difficulty / was.difficulty - 1.0).abs() > RETARGET_LEAST {
            let percent = (is.difficulty / was.difficulty - 1.0) * 100.0;
            let detail = format!("difficulty {:.6e}, {percent:+.2} %", is.difficulty);
            self.note(now, 0, "retarget", "bitcoin", detail);
        }
    }

    pub(super) fn end_site_month(&mut self, index: usize, now: SimTime) {
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
        self.books.recharge(ledger_month, site, cost_of_use_usd(&lines));
        site.crew_usd = site
            .crew
            .as_mut()
            .map_or(0.0, |crew| crew.take_cost(now).as_usd());
        let begin = site.calendar.start_of_month(month).max(horizon.start);
        let whole = site.calendar.start_of_month(month.plus(1)) - site.calendar.start_of_month(month);
        self.books
            .running_costs(ledger_month, site, (now - begin).as_hours() / whole.as_hours());
        let part = (now - begin).as_hours() / whole.as_hours();
        self.invoice_hosting(index, month, &mut lines);
        let site = &mut self.sites[index];
        let mining = self.books.mining_cost_usd(ledger_month, site, net, part);
        site.mining_cost_usd.0 += mining.0;
        site.mining_cost_usd.1 += mining.1;
        if let Some(recorder) = &mut self.recorder {
            recorder.month(site, month, &lines, (net, mining.1));
        }
        let totals = std::mem::take(&mut site.month);
        site.all.add(&totals);
        site.billing_month = month.plus(1);
    }

    pub(super) fn end_ledger_month(&mut self, now: SimTime) {
        let horizon = &self.from.scenario.horizon;
        let month = horizon.month_index(horizon.calendar.month(now + Span::from_seconds(-1)));
        let last = now + Span::from_seconds(-1);
        let rents = self.mean_rents((self.ledger_from, now));
        let mut tokens = Counts::default();
        for service in &self.demand.services {
            tokens.add(service.month());
        }
        let civil = horizon.calendar.month(last);
        let begins = |month| horizon.calendar.start_of_month(month);
        let month_hours = (begins(civil.plus(1)) - begins(civil)).as_hours();
        let span = ((self.ledger_from, now), month_hours);
        self.books
            .tenants(month, &mut self.demand, span, &rents, &self.concerned);
        self.books.coins(month, span.0, &self.from.paths.bitcoin);
        // A tenant who left did so at the end of the month.
        for index in 0..self.demand.blocks.len() {
            let block = &mut self.demand.blocks[index];
            block.look_at_end(now);
            let Some((paid_usd, kept_usd)) = block.default_at_end(now) else {
                continue;
            };
            block.look_at_end(now);
            let tenant = block.tenant.clone();
            self.books.default_of_block(month, paid_usd, kept_usd);
            self.note(now, 0, "tenant_default", &tenant, paid_usd.to_string());
        }
        self.turn_leases(month, now);
        let mut jobs = MonthOfJobs::default();
        for pool in &mut self.demand.pools {
            jobs.add(std::mem::take(&mut pool.month));
        }
        if let Some(recorder) = &mut self.recorder {
            let earned = self.books.gpu_usd + self.books.rent_usd;
            let place = (
                &*self.from.scenario.months[month].to_string(),
                &*self.sites[0].name,
            );
            recorder.ledger_month(place, (jobs, &tokens), earned);
        }
        self.ledger_from = now;
    }

    /// Tenants of leases default or leave, and others come.
    fn turn_leases(&mut self, month: usize, now: SimTime) {
        let from = self.from.scenario.horizon.start;
        for index in 0..self.demand.leases.len() {
            let Some(turn) = self.demand.leases[index].look_at_end(from, now) else {
                continue;
            };
            self.books.turn_lease(month, turn);
            let holds = |hall: &Hall| matches!(&hall.new_use, Some(NewUse::Lease(l)) if l.lease == index);
            let place = self.sites.iter().enumerate().find_map(|(s, site)| {
                let hall = site.halls.iter().find(|hall| holds(hall))?;
                Some((s, hall.name.clone()))
            });
            if let Some((site, name)) = place {
                let (kind, usd) = match turn {
                    Turn::Default(usd) => ("tenant_default", usd),
                    Turn::Left => ("tenant_left", 0.0),
                    Turn::Let(usd) => ("let_again", usd),
                };
                self.note(now, site, kind, &name, usd.to_string());
            }
        }
    }

    /// Mean rents of the markets over the hours of a stretch of time.
    fn mean_rents(&self, (from, to): (SimTime, SimTime)) -> Vec<f64> {
        let hours = ((to - from).as_hours().ceil() as i64).max(1);
        let mean = |rent: &Regular| {
            let at = |hour: i64| rent.at(from + Span::from_hours(hour)).unwrap_or(0.0);
            (0..hours).map(at).sum::<f64>() / hours as f64
        };
        self.from.paths.rents.iter().map(mean).collect()
    }
}
