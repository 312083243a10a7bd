//! Customers' machines in a run: deposits, invoices, notice, and the return of machines.

use super::World;
use crate::fleet::{HostingInvoice, MinerBatch};
use crate::power::contract::SettlementLine;
use crate::sim::site::Site;
use crate::time::{Month, SimTime};
use crate::units::Money;

/// The lines of an invoice among those of the site's month; money to the farm is positive.
fn settle(lines: &mut Vec<SettlementLine>, customer: &str, month: Month, invoice: &HostingInvoice) {
    lines.extend(invoice.lines.iter().map(|line| SettlementLine {
        month,
        contract: format!("hosting/{customer}"),
        clause: line.clause.to_owned(),
        // As everywhere in settlement, money is the negative of quantity times rate.
        quantity: line.quantity,
        unit: line.unit,
        rate_usd: -line.rate_usd,
        usd: line.usd(),
        set_by: String::new(),
        carries_energy: false,
    }));
}

/// Invoices a batch for what it used since the last time.
fn invoice(site: &mut Site, hall: usize, batch: usize) -> Option<(String, HostingInvoice)> {
    let fee = site.costs.pool_fee().as_fraction();
    let hosting = site.fleets[hall].hosting_mut(batch)?;
    Some((hosting.customer().to_owned(), hosting.invoice(fee)))
}

impl World<'_> {
    /// Deposits of machines that stand from the start were paid before.
    pub(super) fn open_hosting(&mut self) {
        for site in &mut self.sites {
            for fleet in &mut site.fleets {
                for batch in 0..fleet.batches().len() {
                    let power = fleet.batches()[batch].standing();
                    if let Some(hosting) = fleet.hosting_mut(batch) {
                        self.books.deposit_before(hosting.take_deposit(power));
                    }
                }
            }
        }
    }

    /// Customers whose machines have come pay their deposits.
    pub(super) fn take_deposits(&mut self, (s, h): (usize, usize), now: SimTime) {
        let month = self.month_at(now);
        let fleet = &mut self.sites[s].fleets[h];
        for batch in 0..fleet.batches().len() {
            let power = fleet.batches()[batch].standing();
            if let Some(hosting) = fleet.hosting_mut(batch) {
                self.books.prepaid(month, hosting.take_deposit(power));
            }
        }
    }

    /// Invoices a site's customers at the end of a month.
    pub(super) fn invoice_hosting(&mut self, s: usize, month: Month, lines: &mut Vec<SettlementLine>) {
        let ledger_month = self.from.scenario.horizon.month_index(month);
        let site = &mut self.sites[s];
        lines.append(&mut site.hosting_lines);
        for hall in 0..site.fleets.len() {
            for batch in 0..site.fleets[hall].batches().len() {
                let Some((customer, invoice)) = invoice(site, hall, batch) else {
                    continue;
                };
                site.month.hosting_usd += invoice.fees_usd();
                self.books.hosting(ledger_month, &invoice);
                settle(lines, &customer, month, &invoice);
            }
        }
    }

    /// A project starts: customers in its halls are given notice, or are paid to leave at once.
    pub(super) fn end_hosting(&mut self, project: usize, now: SimTime) {
        let month = self.month_at(now);
        for hall in 0..self.projects[project].halls.len() {
            let (s, h) = self.projects[project].halls[hall];
            for batch in 0..self.sites[s].fleets[h].batches().len() {
                let batch = &self.sites[s].fleets[h].batches()[batch];
                let Some((until, paid)) = batch.end_hosting(now) else {
                    continue;
                };
                let customer = batch.hosting().map_or("", |c| c.customer()).to_owned();
                self.books.terminate(month, paid);
                if until > now {
                    self.projects[project].project.hold(hall, until);
                }
                let kind = if paid > Money::ZERO {
                    "hosting_terminated"
                } else {
                    "hosting_notice"
                };
                let name = self.sites[s].halls[h].name.clone();
                self.note(
                    now,
                    s,
                    kind,
                    &name,
                    format!("{customer} until {}", until.to_utc_text()),
                );
            }
        }
    }

    /// A customer's machines leave: the last invoice, the deposit, and what handing them over costs. The farm's own are
    /// not looked at.
    pub(super) fn return_miners(&mut self, (s, h): (usize, usize), mut batch: MinerBatch, now: SimTime) {
        let (machines, month) = (batch.machines(), self.month_at(now));
        let site = &mut self.sites[s];
        let (fee, civil) = (site.costs.pool_fee().as_fraction(), site.billing_month);
        let Some(hosting) = batch.hosting_mut() else {
            return;
        };
        let invoice = hosting.invoice(fee);
        let customer = hosting.customer().to_owned();
        site.month.hosting_usd += invoice.fees_usd();
        settle(&mut site.hosting_lines, &customer, civil, &invoice);
        self.books.hosting(month, &invoice);
        self.books.return_deposit(month, hosting.return_deposit());
        let usd = machines * hosting.spec().return_usd_per_machine;
        self.books.move_miners(month, usd);
        let name = self.sites[s].halls[h].name.clone();
        self.note(now, s, "miners_returned", &name, customer);
    }
}
