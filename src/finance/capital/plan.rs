//! A facility sized on the planned case: the lesser of gearing and sculpted cover ratio, with its schedule.
//!
//! Interest shields from tax, tax lowers the cash that carries debt, and interest and fees while building are financed
//! themselves: a fixed point, found by turns that begin without interest.

use super::spec::{DebtSpec, SizingCase, Terms};
use crate::finance::debt::{Bound, Built, Cash, Needs, Sculpted, SizingError, size_and_build};
use crate::finance::tax::{Carried, Depreciation, IncomeTax};
use crate::units::Money;

/// The most turns of the fixed point.
const TURNS_MAX: usize = 200;
/// Change of the facility from one turn to the next, relative, at which it stands.
const STANDS: f64 = 1e-12;

/// A strategy as planned, by month, USD; before financing and tax.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Case {
    /// Running income.
    pub revenue_usd: Vec<f64>,
    /// Running costs, positive.
    pub cost_usd: Vec<f64>,
    /// Other running cash: prepayments, receivables.
    pub working_usd: Vec<f64>,
    /// Paid for works and equipment, positive.
    pub works_usd: Vec<f64>,
    /// Profit before depreciation, as tax counts it.
    pub taxable_usd: Vec<f64>,
    /// Deducted for tax, by tax year.
    pub deductions_usd: Vec<f64>,
    /// The first month in which every hall of the strategy is ready from its first day on.
    pub completion: usize,
    /// The month in which the first long contract ends, where the lender asks for a tail.
    pub contract_end: Option<usize>,
    /// Running cash of the world that nine in ten exceed, over that of the mean.
    pub p90_share: f64,
}

/// A payment period: first and last month.
pub type Period = (usize, usize);

/// A sized facility with its schedule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// First month of works.
    pub close: usize,
    /// First month after completion.
    pub completion: usize,
    /// First month of the first repayment period.
    pub first_repayment: usize,
    /// The facility and its uses as planned.
    pub built: Built,
    /// Cover ratio of the schedule.
    pub cover_ratio: f64,
    /// Repayment periods.
    pub periods: Vec<Period>,
    /// Debt service of each, USD.
    pub service_usd: Vec<f64>,
    /// What is owed after each, USD.
    pub owed_usd: Vec<f64>,
    /// First month in which nothing is drawn any more, at the earliest that of the first repayment.
    pub draws_end: usize,
}

impl Plan {
    /// The facility, USD.
    pub fn facility_usd(&self) -> f64 {
        self.built.facility_usd
    }
    /// Whether it is drawn while it is repaid.
    pub fn draws_late(&self) -> bool {
        self.draws_end > self.first_repayment
    }
    /// What is owed at the end of a month as planned, once building is over.
    pub fn owed_usd(&self, month: usize) -> f64 {
        let paid = self.periods.partition_point(|period| period.1 <= month);
        if paid == 0 {
            self.built.facility_usd
        } else {
            self.owed_usd[paid - 1]
        }
    }
}

/// What a turn of the fixed point works with.
struct Frame<'a> {
    spec: &'a DebtSpec,
    terms: &'a Terms,
    case: &'a Case,
    tax: &'a IncomeTax,
    facility_life_years: f64,
    close: usize,
    first_repayment: usize,
    periods: Vec<Period>,
    /// Interest of each period on a dollar owed.
    factors: Vec<f64>,
    scale: (f64, f64),
}

/// Sizes a facility; says why none has a meaning. `tax` are the taxpayer's rules; `facility_life_years` is over what interest
/// and fees while building are deducted.
pub fn size(
    spec: &DebtSpec,
    terms: &Terms,
    case: &Case,
    (tax, facility_life_years): (&IncomeTax, f64),
) -> Result<Plan, SizingError> {
    let months = case.works_usd.len();
    let close = case.works_usd.iter().position(|usd| *usd > 0.0);
    let close = close.filter(|close| *close < case.completion);
    let Some(close) = close else {
        let (what, must) = ("the works before completion", "positive");
        return Err(SizingError::Input {
            what,
            must,
            value: 0.0,
        });
    };
    let first_repayment = case.completion + spec.grace_months as usize;
    let periods = periods(spec, first_repayment);
    within_horizon(&periods, months)?;
    within_contracts(spec, &periods, case)?;
    let factor = |(first, last): &Period| terms.interest[*first..=*last].iter().sum();
    let factors = periods.iter().map(factor).collect();
    let scale = match spec.sizing {
        SizingCase::Bank | SizingCase::P90 => (1.0, 1.0),
        SizingCase::Downside {
            revenue_percent,
            cost_percent,
        } => (revenue_percent / 100.0, cost_percent / 100.0),
    };
    let frame = Frame {
        spec,
        terms,
        case,
        tax,
        facility_life_years,
        close,
        first_repayment,
        periods,
        factors,
        scale,
    };
    frame.solve()
}

fn periods(spec: &DebtSpec, first_repayment: usize) -> Vec<Period> {
    let length = spec.payment_months as usize;
    let begin = |k: usize| first_repayment + k * length;
    (0..spec.tenor_periods())
        .map(|k| (begin(k), begin(k + 1) - 1))
        .collect()
}

fn within_horizon(periods: &[Period], months: usize) -> Result<(), SizingError> {
    let end = periods.last().map_or(0, |p| p.1 + 1);
    if end <= months {
        return Ok(());
    }
    Err(SizingError::Late {
        end,
        what: "the horizon ends",
        limit: months,
    })
}

fn within_contracts(spec: &DebtSpec, periods: &[Period], case: &Case) -> Result<(), SizingError> {
    let (Some(tail), Some(contracts)) = (spec.tail_months, case.contract_end) else {
        return Ok(());
    };
    let end = periods.last().map_or(0, |p| p.1 + 1);
    let limit = contracts.saturating_sub(tail as usize);
    if end <= limit {
        return Ok(());
    }
    Err(SizingError::Late {
        end,
        what: "the contracts less their tail end",
        limit,
    })
}

impl Frame<'_> {
    fn solve(&self) -> Result<Plan, SizingError> {
        let months = self.case.works_usd.len();
        let mut interest = vec![0.0; months];
        let (mut capitalised, mut reserve, mut before) = (0.0, 0.0, 0.0);
        let mut plan = Plan::default();
        for _ in 0..TURNS_MAX {
            let cash = self.cash(&interest, capitalised);
            let (built, repaid) = self.turn(&cash, reserve)?;
            (interest, capitalised) = (
                self.interest(&built, &repaid),
                built.interest_usd + built.fees_usd,
            );
            let months_of_service = self.spec.reserve_months / f64::from(self.spec.payment_months);
            reserve = repaid.service_usd[0] * months_of_service;
            let change = (built.facility_usd - before).abs() + (reserve - built.reserve_usd).abs();
            before = built.facility_usd;
            plan = self.plan(built, repaid);
            if change <= STANDS * before {
                return Ok(plan);
            }
        }
        Ok(plan)
    }

    /// The last payment of the schedule ends availability at the latest.
    fn draws_end(&self) -> usize {
        let stated = self.spec.availability_months.unwrap_or(0) as usize;
        let last = self.periods.last().map_or(0, |period| period.1);
        (self.case.completion + stated)
            .min(last)
            .max(self.first_repayment)
    }

    fn plan(&self, built: Built, repaid: Sculpted) -> Plan {
        Plan {
            close: self.close,
            completion: self.case.completion,
            first_repayment: self.first_repayment,
            built,
            cover_ratio: repaid.cover_ratio,
            periods: self.periods.clone(),
            service_usd: repaid.service_usd,
            owed_usd: repaid.schedule.iter().map(|period| period.balance_usd).collect(),
            draws_end: self.draws_end(),
        }
    }

    /// Cash for debt service by month: after tax and works, in the sizing case.
    fn cash(&self, interest: &[f64], capitalised: f64) -> Vec<f64> {
        let case = self.case;
        let running = |m: usize| {
            let (revenue, cost) = (
                self.scale.0 * case.revenue_usd[m],
                self.scale.1 * case.cost_usd[m],
            );
            let usd = revenue - cost;
            if self.spec.sizing == SizingCase::P90 {
                usd * case.p90_share
            } else {
                usd
            }
        };
        let months = interest.len();
        let mut cash: Vec<f64> = (0..months)
            .map(|m| running(m) + case.working_usd[m] - case.works_usd[m])
            .collect();
        // What the case takes from running cash is not taxed either.
        let lost = |m: usize| case.revenue_usd[m] - case.cost_usd[m] - running(m);
        let mut tax = self.tax.bare();
        let straight = Depreciation::StraightLine {
            years: self.facility_life_years,
        };
        tax.add(case.completion, Money::from_usd(capitalised), straight);
        let mut carried = Carried::default();
        let years: Vec<(usize, usize)> = tax.years(months).collect();
        for (index, year) in years.into_iter().enumerate() {
            let beside = case.deductions_usd.get(index).copied().unwrap_or(0.0);
            let deducted = tax.deduction_usd(year) + beside;
            let (mut income, mut aside) = (0.0, 0.0);
            for m in year.0..=year.1 {
                income += case.taxable_usd[m] - lost(m) - interest[m];
                let now = tax.provision_usd(year, m, (income, deducted), carried);
                cash[m] -= now - aside;
                aside = now;
            }
            tax.assess_year(year, (income, beside), &mut carried);
        }
        cash
    }

    fn turn(&self, cash: &[f64], reserve_usd: f64) -> Result<(Built, Sculpted), SizingError> {
        let of = |(first, last): &Period| cash[*first..=*last].iter().sum::<f64>();
        let by_period: Vec<f64> = self.periods.iter().map(of).collect();
        // A rate of 1 over the period's interest on a dollar: rates may change from month to month.
        let base = Cash {
            cash_usd: &by_period,
            years: &self.factors,
            rate: 1.0,
            tenor: by_period.len(),
            balloon: self.spec.balloon(),
        };
        let capacity = base.capacity(self.spec.cover_ratio)?;
        let building = self.close..self.case.completion;
        // The first date is that of closing: nothing was owed before.
        let from_close = |by_month: &[f64]| {
            let mut cut = by_month[building.clone()].to_vec();
            cut[0] = 0.0;
            cut
        };
        let (years, interest) = (from_close(&self.terms.years), from_close(&self.terms.interest));
        let needs = Needs {
            works_usd: &self.case.works_usd[building],
            years: &years,
            interest: Some(&interest),
            reserve_usd,
        };
        let fees = crate::finance::debt::Terms {
            rate: 0.0,
            commitment: self.spec.commitment_fee_percent / 100.0,
            upfront: self.spec.upfront_fee_percent / 100.0,
        };
        let built = size_and_build(capacity, Some(self.spec.gearing_percent / 100.0), &fees, &needs)?;
        let repaid = base.repay(built.facility_usd)?;
        Ok((built, repaid))
    }

    /// Interest after completion by month: it is deducted, that of building is part of the works.
    fn interest(&self, built: &Built, repaid: &Sculpted) -> Vec<f64> {
        let mut interest = vec![0.0; self.case.works_usd.len()];
        let mut accrue = |months: std::ops::Range<usize>, owed: f64| {
            let rates = &self.terms.interest[months.clone()];
            for (usd, rate) in interest[months].iter_mut().zip(rates) {
                *usd = owed * rate;
            }
        };
        accrue(self.case.completion..self.first_repayment, built.facility_usd);
        let mut owed = built.facility_usd;
        for ((first, last), period) in self.periods.iter().zip(&repaid.schedule) {
            accrue(*first..*last + 1, owed);
            owed = period.balance_usd;
        }
        interest
    }
}

/// What limited the facility, in a word.
pub const fn bound_by(bound: Bound) -> &'static str {
    match bound {
        Bound::Cover => "cover",
        Bound::Gearing => "gearing",
    }
}
