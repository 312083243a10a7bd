//! What is booked at the horizon: days that customers and suppliers take, residual, clearing of the site, depreciation,
//! tax; and the proof that the books balance and the statements agree.

use super::Books;
use crate::conversion::HallPhase;
use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::capital::{self, Case, Realised};
use crate::finance::ledger::Ledger;
use crate::finance::register::Register;
use crate::finance::statement;
use crate::finance::tax::IncomeTax;
use crate::fleet::MiningFleet;
use crate::scenario::spec::ResidualSpec;
use crate::sim::capital::Financing;
use crate::sim::demand::Demand;
use crate::sim::invariant::{self, Fault};
use crate::sim::site::Site;
use crate::time::SimTime;
use crate::units::Money;

/// Days of a mean month.
const MONTH_DAYS: f64 = 365.25 / 12.0;

impl Books {
    /// Tax and residual at the horizon, and the proof that the books balance.
    /// `miners` says at which hashprice miners that stand are worth what they fetch, and what those on the road do.
    pub fn finish(
        &mut self,
        (sites, demand): (&[Site], &Demand),
        miners: (f64, f64),
        end: SimTime,
        financing: Option<&Financing<'_>>,
    ) {
        let (hashprice_usd_per_ph_day, moving_usd) = miners;
        let last = self.ledger.months() - 1;
        self.settle_days();
        self.clear(sites, last);
        if self.finance.residual == ResidualSpec::BookValue {
            let (mut facility, mut hardware) = (0.0, moving_usd);
            for site in sites {
                for (hall, fleet) in site.halls.iter().zip(&site.fleets) {
                    if hall.phase == HallPhase::Sold {
                        continue;
                    }
                    let age = |since: Option<SimTime>| since.map_or(0.0, |t| (end - t).as_days() / 365.25);
                    let (built, ready) = (age(hall.built), age(hall.ready));
                    facility +=
                        hall.facility_capex_usd * (1.0 - built / self.finance.facility_life_years).max(0.0);
                    hardware +=
                        hall.hardware_capex_usd * (1.0 - ready / self.finance.hardware_life_years).max(0.0);
                    hardware += fleet.resale(hashprice_usd_per_ph_day).as_usd();
                }
            }
            self.ledger
                .receive(last, Account::FacilityResidual, Money::from_usd(facility));
            self.ledger
                .receive(last, Account::HardwareResidual, Money::from_usd(hardware));
        }
        // What customers have paid for and not yet had is owed, whatever the residual.
        let owed: f64 = demand.blocks.iter().map(|block| block.prepaid_usd).sum();
        let batches = sites
            .iter()
            .flat_map(|s| &s.fleets)
            .flat_map(MiningFleet::batches);
        let deposits = batches.filter_map(|b| b.hosting()).map(|h| h.deposit().as_usd());
        let owed = owed + deposits.sum::<f64>();
        self.ledger
            .pay(last, Account::ContractResidual, Money::from_usd(owed));
        self.finance(financing);
        self.register.post(&mut self.ledger);
        if self.finance.residual == ResidualSpec::BookValue {
            Register::dispose(&mut self.ledger);
        }
        self.prove(last, end);
    }

    /// Customers pay, and suppliers are paid, so many days after the month in which it was earned or used; what is still
    /// open at the horizon is settled in its last month.
    fn settle_days(&mut self) {
        let finance = &self.finance;
        let days = [
            (Class::Income, Account::Receivables, finance.receivable_days),
            (Class::Expense, Account::Payables, finance.payable_days),
        ];
        for (class, between, days) in days.into_iter().filter(|(_, _, days)| *days > 0.0) {
            let open: Vec<f64> = (0..self.ledger.months())
                .map(|month| waits_usd(&self.ledger, class, month))
                .collect();
            let (whole, part) = ((days / MONTH_DAYS) as usize, (days / MONTH_DAYS).fract());
            let last = open.len() - 1;
            for (month, usd) in open.into_iter().enumerate() {
                // Cash comes in the month's place, less what comes later; paid cash likewise, the other way.
                self.ledger.receive(month, between, Money::from_usd(0.0 - usd));
                for (later, share) in [(whole, 1.0 - part), (whole + 1, part)] {
                    let at = (month + later).min(last);
                    self.ledger.receive(at, between, Money::from_usd(usd * share));
                }
            }
        }
    }

    /// Pays for clearing the site in the last month, at its prices.
    fn clear(&mut self, sites: &[Site], last: usize) {
        let halls = sites.iter().flat_map(|s| &s.halls);
        let left = halls.filter(|h| h.phase != HallPhase::Sold);
        let mw: f64 = left.map(|h| h.grid_mw).sum();
        let usd = self.inflated(mw * self.finance.decommissioning_usd_per_mw, last);
        self.ledger.pay(last, Account::Decommissioning, usd);
    }

    /// Grants, lenders of machines, then debt and tax, or tax alone.
    fn finance(&mut self, financing: Option<&Financing<'_>>) {
        if let Some(equipment) = financing.and_then(|f| f.capital.equipment) {
            self.equipment_usd = equipment.post(&mut self.ledger);
        }
        if let Some(letter) = financing.and_then(|f| f.capital.letter_of_credit) {
            letter.post(&mut self.ledger);
        }
        for (month, usd) in financing.iter().flat_map(|f| &f.grants) {
            self.ledger.receive(*month, Account::Grants, *usd);
        }
        let borrowed = financing.and_then(|f| Some((f, f.debt.as_ref()?)));
        let Some((financing, (spec, terms, plan))) = borrowed else {
            self.tax.settle(&mut self.ledger);
            return;
        };
        let realised = Realised {
            spec,
            terms,
            completion: financing.completion,
            facility_life_years: self.finance.facility_life_years,
        };
        let registers = (&mut self.tax, &mut self.register);
        self.debt = Some(capital::run::run(&mut self.ledger, registers, plan, &realised));
    }

    /// The strategy as it went, for a plan: before financing and tax. Completion and contracts are the caller's.
    pub fn case(&self) -> Case {
        let months = self.ledger.months();
        let of = |class: &dyn Fn(Class) -> bool| {
            let mut sum = vec![0.0; months];
            let own = Account::of_cash_flow()
                .filter(|a| a.cash_flow() == Some(CashFlow::Operating) && class(a.class()));
            for account in own {
                for (sum, usd) in sum.iter_mut().zip(self.ledger.cash_usd(account)) {
                    *sum += usd;
                }
            }
            sum
        };
        let negated = |usd: Vec<f64>| usd.into_iter().map(|usd| 0.0 - usd).collect();
        let mut works = vec![0.0; months];
        for account in capital::run::WORKS {
            for (sum, usd) in works.iter_mut().zip(self.ledger.cash_usd(account)) {
                *sum -= usd;
            }
        }
        // Lenders of machines pay a part of the works, and are served before others.
        let mut working = of(&|class| !matches!(class, Class::Income | Class::Expense));
        let lent = self.ledger.net_cash_usd(|flow| flow == CashFlow::Debt);
        let drawn = self.ledger.cash_usd(Account::DebtDraws);
        for (month, (lent, drawn)) in lent.iter().zip(drawn).enumerate() {
            works[month] -= drawn;
            working[month] += lent - drawn;
        }
        Case {
            revenue_usd: of(&|class| class == Class::Income),
            cost_usd: negated(of(&|class| class == Class::Expense)),
            working_usd: working,
            works_usd: works,
            taxable_usd: self.ledger.profit_before_depreciation_usd(),
            deductions_usd: self.tax.deductions_usd(months),
            ..Case::default()
        }
    }

    /// Cash from running the strategy over months, USD: earned, spent, and what is neither (prepayments, deposits).
    pub fn operating_usd(&self, months: std::ops::Range<usize>) -> (f64, f64, f64) {
        let (mut earned, mut spent, mut other) = (0.0, 0.0, 0.0);
        let running = Account::of_cash_flow().filter(|a| a.cash_flow() == Some(CashFlow::Operating));
        for account in running {
            let usd: f64 = self.ledger.cash_usd(account)[months.clone()].iter().sum();
            match account.class() {
                Class::Income => earned += usd,
                Class::Expense => spent -= usd,
                _ => other += usd,
            }
        }
        (earned, spent, other)
    }

    /// The taxpayer with its assets.
    pub fn tax(&self) -> &IncomeTax {
        &self.tax
    }

    /// The taxpayer without its assets.
    pub fn taxpayer(&self) -> IncomeTax {
        self.tax.bare()
    }

    /// What must hold of the books as a whole.
    fn prove(&mut self, last: usize, end: SimTime) {
        if self.fault == Some(Fault::Posting) {
            self.ledger.unbalance_for_test(last);
        }
        if let Err(broken) = self.ledger.check_balanced() {
            let (left, right) = broken.sides();
            invariant::equal("postings", "ledger", end, (left, right), 0.0);
        }
        if let Err(broken) = statement::check(&self.ledger) {
            let (left, right) = (broken.left_usd, broken.right_usd);
            invariant::equal(broken.what, "statements", end, (left, right), 0.0);
        }
    }
}

/// Cash of a month against running income or cost whose other side takes its time: customers of capacity and leases; all
/// suppliers but the owner's people, and taxes. Coins are paid at once.
fn waits_usd(ledger: &Ledger, class: Class, month: usize) -> f64 {
    let own = Account::of_cash_flow()
        .filter(|a| a.class() == class && a.cash_flow() == Some(CashFlow::Operating) && !a.is_paid_at_once());
    own.map(|account| ledger.cash_usd(account)[month]).sum()
}
