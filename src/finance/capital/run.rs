//! A replication under its financing: draws, interest, fees and reserve while building, the waterfall afterwards, tax with
//! interest deducted, and what owners pay in and get; everything is posted to the ledger.
//!
//! Cash of the company goes this way. While building, debt and equity meet works, interest and fees in the planned shares,
//! until the facility and its standby are used up; the rest is the owners'. What operation earns in a month counts towards
//! their part, so that they pay in what is missing and get what is over. Drawing ends when the last hall is ready, and at the
//! latest when repayment begins: the schedule does not wait. From then on each payment period's cash serves debt; what a hall
//! that is not ready yet still costs is the owners' (completion support), and no part of that cash. Where the facility stays
//! available longer (a delayed-draw facility), debt pays its share of that too: never so much that more is owed than the schedule
//! as sized leaves owed then, so that cover is what it was sized to; what is drawn late is repaid with the rest of the schedule.

use super::plan::Plan;
use super::spec::{DebtSpec, Terms};
use crate::finance::account::{Account, CashFlow};
use crate::finance::debt::waterfall::{Loan, Period, Rules};
use crate::finance::ledger::Ledger;
use crate::finance::register::Register;
use crate::finance::tax::{Carried, Depreciation, IncomeTax};
use crate::units::Money;

/// Sources equal uses to this share of them.
const TOLERANCE: f64 = 1e-9;
/// Where sweeps have repaid so much that less than this share of a period's scheduled service is left, its cover ratio says
/// nothing of the loan, and is not counted.
pub const LEFT_SHARE_MIN: f64 = 0.5;
/// Of a dollar that is due, what counts as nothing.
const NOTHING_USD: f64 = 1e-6;
/// What is paid for works and equipment.
pub const WORKS: [Account; 6] = [
    Account::OrderDeposits,
    Account::CapexFacility,
    Account::CapexGrid,
    Account::CapexHardware,
    Account::CapexContingency,
    Account::CapexOther,
];

/// How a replication went, beside its ledger.
#[derive(Debug, Clone, Copy)]
pub struct Realised<'a> {
    /// The debt as this replication has it.
    pub spec: &'a DebtSpec,
    /// Its interest by month.
    pub terms: &'a Terms,
    /// First month in which every hall was ready from its first day on; the number of months where some never was.
    pub completion: usize,
    /// Over how many years interest and fees while building are written off, for tax and in the books.
    pub facility_life_years: f64,
}

/// What became of the financing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Debt drawn, USD.
    pub debt_usd: f64,
    /// Interest while building.
    pub interest_usd: f64,
    /// Fees while building.
    pub fees_usd: f64,
    /// Works while building.
    pub works_usd: f64,
    /// The reserve account at completion.
    pub reserve_usd: f64,
    /// Cover ratio of each repayment period, with its last month; without those that sweeps have mostly repaid.
    pub cover: Vec<(usize, f64)>,
    /// Periods in which the covenant was broken or something due was not paid.
    pub breaches: usize,
    /// Periods in which owners were locked up.
    pub lock_ups: usize,
    /// Present value of cash over the loan's life, over what is owed when repayment begins.
    pub loan_life_cover: Option<f64>,
    /// The same over all months to the horizon.
    pub project_life_cover: Option<f64>,
}

impl Outcome {
    /// The smallest cover ratio, with the month in which its period ends.
    pub fn least_cover(&self) -> Option<(usize, f64)> {
        self.cover.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))
    }
    /// The mean of them.
    pub fn mean_cover(&self) -> Option<f64> {
        let sum: f64 = self.cover.iter().map(|(_, cover)| cover).sum();
        (!self.cover.is_empty()).then(|| sum / self.cover.len() as f64)
    }
}

/// The replication under way.
struct Company<'a> {
    ledger: &'a mut Ledger,
    tax: &'a mut IncomeTax,
    carried: Carried,
    years: Vec<(usize, usize)>,
    /// The tax year under way: which, what it earned, what is set aside for it.
    year: usize,
    income: f64,
    aside: f64,
    /// What that year's assets deduct, once worked out.
    deducted: Option<f64>,
    /// Profit by month as tax counts it, before interest.
    profit: Vec<f64>,
    works: Vec<f64>,
    grants: Vec<f64>,
    /// All other cash before tax and financing.
    other: Vec<f64>,
    /// What stands is worth at the horizon: the owners', once the debt is repaid.
    residual: f64,
}

/// Runs the financing of a replication whose books are complete but for tax and financing. Without a plan only tax is
/// settled and owners get what there is.
pub fn run(
    ledger: &mut Ledger,
    (tax, register): (&mut IncomeTax, &mut Register),
    plan: &Plan,
    realised: &Realised<'_>,
) -> Outcome {
    let mut company = Company::new(ledger, tax);
    let mut financing = Financing::new(plan, realised, company.works.len());
    for month in 0..company.works.len() {
        financing.month(&mut company, register, month);
    }
    financing.outcome()
}

impl<'a> Company<'a> {
    fn new(ledger: &'a mut Ledger, tax: &'a mut IncomeTax) -> Self {
        // Of lenders, those of machines have been served already.
        let mut other =
            ledger.net_cash_usd(|f| matches!(f, CashFlow::Operating | CashFlow::Investing | CashFlow::Debt));
        let residual = ledger.net_cash_usd(|flow| flow == CashFlow::Residual);
        let mut works = vec![0.0; other.len()];
        for account in WORKS {
            for (sum, usd) in works.iter_mut().zip(ledger.cash_usd(account)) {
                *sum -= usd;
            }
        }
        for (works, drawn) in works.iter_mut().zip(ledger.cash_usd(Account::DebtDraws)) {
            *works -= drawn;
        }
        let grants = ledger.cash_usd(Account::Grants).to_vec();
        for ((other, works), grant) in other.iter_mut().zip(&works).zip(&grants) {
            *other += works - grant;
        }
        Self {
            years: tax.years(works.len()).collect(),
            year: 0,
            income: 0.0,
            aside: 0.0,
            deducted: None,
            profit: ledger.profit_before_depreciation_usd(),
            ledger,
            tax,
            carried: Carried::default(),
            works,
            grants,
            other,
            residual: residual.last().copied().unwrap_or(0.0),
        }
    }
    fn pay(&mut self, month: usize, account: Account, usd: f64) {
        if usd != 0.0 {
            self.ledger.pay(month, account, Money::from_usd(usd));
        }
    }
    /// Owners get what is over, or pay in what is missing.
    fn settle_owners(&mut self, month: usize, usd: f64) {
        if usd > 0.0 {
            self.pay(month, Account::EquityDistributions, usd);
        } else {
            self.pay(month, Account::EquityContributions, usd);
        }
    }
    /// What is set aside for tax in a month with so much interest; the year's tax is paid at its end.
    fn tax_usd(&mut self, month: usize, interest_usd: f64) -> f64 {
        let year = self.years[self.year];
        self.income += self.profit[month] - interest_usd;
        let tax = &*self.tax;
        let deducted = *self.deducted.get_or_insert_with(|| tax.deduction_usd(year));
        let now = tax.provision_usd(year, month, (self.income, deducted), self.carried);
        let aside = now - self.aside;
        self.aside = now;
        if month == year.1 {
            let due = self.tax.assess_year(year, (self.income, 0.0), &mut self.carried);
            self.ledger.pay(month, Account::IncomeTax, due.tax);
            (self.income, self.aside, self.deducted) = (0.0, 0.0, None);
            self.year += 1;
        }
        aside
    }
    /// Adds an asset for tax.
    fn deduct(&mut self, in_service: usize, usd: Money, years: f64) {
        self.tax
            .add(in_service, usd, Depreciation::StraightLine { years });
        self.deducted = None;
    }
    /// What a grant of the month pays of its works.
    fn granted_usd(&self, month: usize) -> f64 {
        self.grants[month].min(self.works[month]).max(0.0)
    }
}

/// Draws, debt and reserve so far.
struct Financing<'a> {
    plan: &'a Plan,
    realised: &'a Realised<'a>,
    /// First month after building.
    built: usize,
    limit: f64,
    out: Outcome,
    loan: Loan,
    /// Cash and interest on a dollar since the last payment.
    gathered: f64,
    factor: f64,
    /// Cash for debt service by month.
    cash: Vec<f64>,
    owed_at_start: f64,
    /// First month after the tenor, and payment periods from then on in which what it left is repaid.
    tenor_end: usize,
    refinanced: usize,
    /// Share of the schedule as sized that is served: what was drawn over the facility, late draws over what is left of it.
    served: f64,
}

impl<'a> Financing<'a> {
    fn new(plan: &'a Plan, realised: &'a Realised<'a>, months: usize) -> Self {
        let built = realised.completion.min(plan.first_repayment).min(months);
        Self {
            plan,
            realised,
            built: built.max(plan.close),
            limit: plan.built.facility_usd * (1.0 + realised.spec.overrun_percent / 100.0),
            out: Outcome::default(),
            loan: Loan::new(0.0, 0.0),
            gathered: 0.0,
            factor: 0.0,
            cash: vec![0.0; months],
            owed_at_start: 0.0,
            tenor_end: plan.periods.last().map_or(0, |p| p.1 + 1),
            refinanced: realised
                .spec
                .refinancing
                .map_or(0, |r| realised.spec.periods_of(r.years)),
            served: 0.0,
        }
    }

    fn month(&mut self, company: &mut Company<'_>, register: &mut Register, month: usize) {
        let cash = company.other[month] + company.grants[month] - company.works[month];
        if month < self.plan.close {
            let tax = company.tax_usd(month, 0.0);
            company.settle_owners(month, cash - tax);
        } else if month < self.built {
            self.build(company, month);
            if month + 1 == self.built {
                self.complete(company, register, month);
            }
        } else if month < self.realised.completion {
            let support = company.works[month] - company.granted_usd(month);
            let drawn = self.late_draw_usd(month, support);
            company.pay(month, Account::DebtDraws, 0.0 - drawn);
            company.settle_owners(month, drawn - support);
            self.operate(company, month, cash + support);
            self.draw_late(month, drawn);
        } else {
            self.operate(company, month, cash);
        }
    }

    /// A month of building: debt and equity meet what is due in the planned shares.
    fn build(&mut self, company: &mut Company<'_>, month: usize) {
        let Realised { spec, terms, .. } = self.realised;
        let first = month == self.plan.close;
        let facility = self.plan.built.facility_usd;
        let owed = self.out.debt_usd;
        let since = |by_month: &[f64]| if first { 0.0 } else { by_month[month] };
        let interest = owed * since(&terms.interest);
        let undrawn = (facility - owed).max(0.0) * since(&terms.years);
        let upfront = if first {
            facility * spec.upfront_fee_percent / 100.0
        } else {
            0.0
        };
        let fees = undrawn * spec.commitment_fee_percent / 100.0 + upfront;
        // Grants pay for works first.
        let granted = company.granted_usd(month);
        let reserve = if month + 1 == self.built {
            self.reserve()
        } else {
            0.0
        };
        let works = company.works[month] - granted;
        let uses = works + interest + fees + reserve;
        let debt = (self.plan.built.debt_share * uses).clamp(0.0, (self.limit - owed).max(0.0));
        company.pay(month, Account::DebtDraws, 0.0 - debt);
        company.pay(month, Account::InterestCapitalised, interest + fees);
        company.pay(month, Account::ReserveAccounts, reserve);
        let tax = company.tax_usd(month, 0.0);
        let operation = company.other[month] + company.grants[month] - granted - tax;
        let owners = uses - debt;
        assert!(
            (debt + owners - uses).abs() <= TOLERANCE * uses.abs().max(1.0),
            "sources of {} usd and uses of {uses} usd differ in month {month}",
            debt + owners
        );
        company.settle_owners(month, operation - owners);
        self.out.debt_usd += debt;
        self.out.interest_usd += interest;
        self.out.fees_usd += fees;
        self.out.works_usd += works;
        self.out.reserve_usd += reserve;
    }

    /// Whether works of late halls are still drawn for.
    fn is_available(&self, month: usize) -> bool {
        let last = month + 1 == self.cash.len();
        (self.built..self.plan.draws_end.min(self.realised.completion)).contains(&month) && !last
    }
    /// What debt pays of works after repayment has begun.
    fn late_draw_usd(&self, month: usize, works_usd: f64) -> f64 {
        if !self.is_available(month) {
            return 0.0;
        }
        let whole = self.limit / self.plan.built.facility_usd;
        let unserved = (whole - self.served).max(0.0) * self.plan.owed_usd(month);
        let left = (self.limit - self.out.debt_usd).max(0.0).min(unserved);
        (self.plan.built.debt_share * works_usd).clamp(0.0, left)
    }
    /// A draw at the end of a month, after what was due in it was paid.
    fn draw_late(&mut self, month: usize, usd: f64) {
        if usd > 0.0 {
            self.loan.draw(usd);
            self.out.debt_usd += usd;
            self.served += usd / self.plan.owed_usd(month);
        }
    }
    /// Commitment fee on what can still be drawn of the facility while it is repaid.
    fn late_commitment_usd(&self, month: usize) -> f64 {
        if !self.is_available(month) || !self.plan.draws_late() {
            return 0.0;
        }
        let undrawn = (self.plan.built.facility_usd - self.out.debt_usd).max(0.0);
        let unserved = (1.0 - self.served).max(0.0) * self.plan.owed_usd(month.saturating_sub(1));
        let rate = self.realised.spec.commitment_fee_percent / 100.0;
        undrawn.min(unserved) * rate * self.realised.terms.years[month]
    }

    /// The reserve account at completion: as planned, or what the drawn debt needs where less was drawn.
    fn reserve(&self) -> f64 {
        self.plan.built.reserve_usd
    }

    /// The works are done: what interest and fees came to is an asset.
    fn complete(&mut self, company: &mut Company<'_>, register: &mut Register, month: usize) {
        let in_service = (month + 1).min(company.works.len() - 1);
        let usd = Money::from_usd(self.out.interest_usd + self.out.fees_usd);
        let years = self.realised.facility_life_years;
        company.deduct(in_service, usd, years);
        register.add(in_service, usd, years);
        self.loan = Loan::new(self.out.debt_usd, self.out.reserve_usd);
        self.served = self.out.debt_usd / self.plan.built.facility_usd;
    }

    /// A month of operation: cash and interest gather until a payment date.
    fn operate(&mut self, company: &mut Company<'_>, month: usize, cash: f64) {
        let factor = self.interest(month);
        let accrued = self.loan.balance_usd() * factor;
        let usd = Money::from_usd(accrued);
        company
            .ledger
            .post(month, Account::InterestCost, Account::InterestPayable, usd);
        let fee = self.refinancing_fee_usd(month) + self.late_commitment_usd(month);
        company.pay(month, Account::FinancingFees, fee);
        let cash = cash - fee - company.tax_usd(month, accrued + fee);
        self.cash[month] = cash;
        self.gathered += cash;
        self.factor += factor;
        if month == self.plan.first_repayment {
            self.owed_at_start = self.loan.balance_usd();
        }
        let last = month + 1 == company.works.len();
        let length = self.realised.spec.payment_months as usize;
        let from = self.plan.first_repayment % length;
        if last || (month + 1) % length == from {
            self.pay_period(company, (month, last));
        }
    }

    /// Interest of a month on a dollar owed.
    fn interest(&self, month: usize) -> f64 {
        let terms = self.realised.terms;
        if self.refinanced > 0 && month >= self.tenor_end {
            terms.refinanced[month]
        } else {
            terms.interest[month]
        }
    }
    /// What lending anew costs, in the first month after the tenor.
    fn refinancing_fee_usd(&self, month: usize) -> f64 {
        let anew = self.realised.spec.refinancing.filter(|_| month == self.tenor_end);
        anew.map_or(0.0, |r| self.loan.balance_usd() * r.fee_percent / 100.0)
    }
    /// What is due in a payment period after the tenor: all, or a level payment of what was lent anew.
    fn after_tenor_usd(&self, month: usize) -> f64 {
        let length = self.realised.spec.payment_months as usize;
        let left = (self.refinanced + 1).saturating_sub((month + 1 - self.tenor_end) / length);
        if left <= 1 {
            return f64::MAX;
        }
        let discount = (1.0 + self.factor).powf(0.0 - left as f64);
        if self.factor > 0.0 {
            self.loan.balance_usd() * self.factor / (1.0 - discount)
        } else {
            self.loan.balance_usd() / left as f64
        }
    }

    fn pay_period(&mut self, company: &mut Company<'_>, (month, last): (usize, bool)) {
        let spec = self.realised.spec;
        let rules = Rules {
            rate: 1.0,
            lock_up: if last { 0.0 } else { spec.lock_up_ratio },
            sweep: spec.sweep_percent / 100.0,
            default_cover: spec.covenant_ratio,
        };
        let scheduled = self.plan.periods.iter().position(|p| p.1 == month);
        let planned = scheduled.map(|k| self.plan.service_usd[k] * self.served);
        let service = match planned {
            _ if last => f64::MAX,
            Some(usd) => usd,
            None if month < self.plan.first_repayment => 0.0,
            None => self.after_tenor_usd(month),
        };
        let (held, trapped) = (self.loan.reserve_usd(), self.loan.trapped_usd());
        let owed = self.loan.balance_usd();
        let p = self.loan.step(self.gathered, service, self.factor, &rules);
        assert!(
            p.imbalance_usd().abs() <= TOLERANCE * (owed + self.gathered.abs() + trapped).max(1.0),
            "the waterfall of month {month} is off by {} usd",
            p.imbalance_usd()
        );
        let anew = self.refinanced > 0 && month >= self.tenor_end && !last;
        let counted = planned.or_else(|| anew.then(|| service.min(owed + p.interest_usd)));
        self.count(&p, (counted, month), &rules);
        let mut owners = p.distribution_usd;
        company.pay(month, Account::InterestPayable, p.interest_usd);
        company.pay(month, Account::DebtRepayments, owed - self.loan.balance_usd());
        company.pay(month, Account::ReserveAccounts, self.loan.reserve_usd() - held);
        if last {
            owners += self.repay_rest(company, month);
        }
        company.settle_owners(month, owners);
        (self.gathered, self.factor) = (0.0, 0.0);
    }

    fn count(&mut self, p: &Period, (scheduled_usd, month): (Option<f64>, usize), rules: &Rules) {
        let left = |scheduled_usd: f64| p.interest_usd + p.principal_usd >= LEFT_SHARE_MIN * scheduled_usd;
        if scheduled_usd.is_some_and(left) {
            self.out.cover.extend(p.cover.map(|cover| (month, cover)));
        }
        if scheduled_usd.is_some() || p.deferred_usd > NOTHING_USD {
            self.out.breaches += usize::from(p.is_default(rules));
            self.out.lock_ups += usize::from(p.is_locked_up(rules));
        }
    }

    /// At the horizon nothing stays owed or held: owners repay what cash did not, and get what is held. Gives what they get.
    fn repay_rest(&mut self, company: &mut Company<'_>, month: usize) -> f64 {
        let (owed, held) = (self.loan.balance_usd(), self.loan.reserve_usd());
        let trapped = self.loan.trapped_usd();
        company.pay(month, Account::DebtRepayments, owed);
        company.pay(month, Account::ReserveAccounts, 0.0 - held);
        self.loan = Loan::new(0.0, 0.0);
        company.residual + held + trapped - owed
    }

    fn outcome(mut self) -> Outcome {
        let start = self.plan.first_repayment.max(self.built);
        if self.owed_at_start > NOTHING_USD && start < self.cash.len() {
            let end = self.plan.periods.last().map_or(start, |p| p.1 + 1);
            let mut factor = 1.0;
            let (mut loan, mut project) = (0.0, 0.0);
            for month in start..self.cash.len() {
                factor /= 1.0 + self.interest(month);
                let usd = self.cash[month] * factor;
                project += usd;
                if month < end {
                    loan += usd;
                }
            }
            self.out.loan_life_cover = Some(loan / self.owed_at_start);
            self.out.project_life_cover = Some(project / self.owed_at_start);
        }
        self.out
    }
}
