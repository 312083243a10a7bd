//! A levered project by years, as published single-owner models compute it.
//!
//! Revenue less running costs serves a sculpted debt; reserve accounts for debt service and working capital are filled
//! in advance and earn interest; two income taxes fall on profit after interest and depreciation, a loss being worth
//! its tax at once (the owner has other income); the owner gets the rest. Year 0 pays for everything. The conventions
//! are those of the single-owner model of NREL's System Advisor Model (SAM), against which it is held; they are not
//! those of the simulator, whose months, losses carried forward and draws lie elsewhere in this module.

use super::debt::{Cash, SizingError};
use super::irr::irr_roots;

/// What the project is; money in USD, rates as fractions a year.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnualProject {
    /// Years of operation.
    pub years: usize,
    /// Units sold a year (kilowatt-hours, GPU-hours).
    pub units_per_year: f64,
    /// Price of a unit in year 1.
    pub price_usd: f64,
    /// Growth of the price.
    pub price_growth: f64,
    /// Works.
    pub works_usd: f64,
    /// Fixed running cost of year 1.
    pub running_usd: f64,
    /// Growth of running cost above inflation.
    pub running_growth: f64,
    /// Inflation.
    pub inflation: f64,
    /// Discount rate in real terms.
    pub real_discount: f64,
    /// Years in which debt is repaid.
    pub tenor: usize,
    /// Interest.
    pub interest: f64,
    /// Cover ratio to which debt is sculpted.
    pub cover_ratio: f64,
    /// The most debt, as a share of works, fees reckoned on works, and working capital; `None` for no limit.
    pub debt_limit: Option<f64>,
    /// Months of debt service in reserve.
    pub reserve_months: f64,
    /// Months of running cost as working capital.
    pub working_capital_months: f64,
    /// What reserves earn.
    pub reserve_interest: f64,
    /// Lender's fee on the debt.
    pub debt_fee: f64,
    /// Cost of closing the loan.
    pub closing_usd: f64,
    /// Other cost of financing.
    pub other_financing_usd: f64,
    /// Cost of the construction loan.
    pub construction_financing_usd: f64,
    /// Insurance on works, growing with inflation.
    pub insurance: f64,
    /// Property tax on works.
    pub property_tax: f64,
    /// Value at the end, as a share of works.
    pub salvage: f64,
    /// Income tax on profit after the other.
    pub federal_tax: f64,
    /// Income tax on profit, deductible from the base of the federal one.
    pub state_tax: f64,
    /// Share of works and costs of building that is depreciated, by year from the first.
    pub depreciation: Vec<f64>,
}

/// What comes of it; vectors begin with year 0.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnualResult {
    /// Debt, USD.
    pub debt_usd: f64,
    /// Equity, USD.
    pub equity_usd: f64,
    /// All that is paid at the start, USD.
    pub installed_usd: f64,
    /// Net present value of the owner's flows after tax, USD.
    pub npv_usd: f64,
    /// Internal rates of return of the same, fractions, ascending.
    pub irr: Vec<f64>,
    /// Least cover ratio of the tenor.
    pub least_cover: f64,
    /// Levelised cost of a unit in nominal terms, USD.
    pub levelised_cost_usd: f64,
    /// Levelised cost of a unit in real terms, USD.
    pub levelised_cost_real_usd: f64,
    /// Levelised price of a unit in nominal terms, USD.
    pub levelised_price_usd: f64,
    /// Weighted cost of capital: debt after tax, equity at its internal rate; NaN without one.
    pub cost_of_capital: f64,
    /// Revenue, with the salvage in the last year.
    pub revenue_usd: Vec<f64>,
    /// Running costs, insurance and property tax.
    pub running_usd: Vec<f64>,
    /// Revenue less running costs.
    pub ebitda_usd: Vec<f64>,
    /// Of it, what is there for debt service: within the tenor only.
    pub cash_usd: Vec<f64>,
    /// Interest.
    pub interest_usd: Vec<f64>,
    /// Principal.
    pub principal_usd: Vec<f64>,
    /// Debt at the end of the year.
    pub balance_usd: Vec<f64>,
    /// Cover ratio; 0 outside the tenor.
    pub cover: Vec<f64>,
    /// Depreciation.
    pub depreciation_usd: Vec<f64>,
    /// Federal tax as a flow: paid, negative.
    pub federal_tax_usd: Vec<f64>,
    /// State tax likewise.
    pub state_tax_usd: Vec<f64>,
    /// The owner's flows before tax.
    pub pretax_usd: Vec<f64>,
    /// The owner's flows after tax.
    pub aftertax_usd: Vec<f64>,
}

/// Straight-line shares over `years` with half a year in the first and in the one after the last.
pub fn half_year_straight_line(years: usize) -> Vec<f64> {
    let each = 1.0 / years as f64;
    let mut shares = vec![each; years + 1];
    shares[0] = each / 2.0;
    shares[years] = each / 2.0;
    shares
}

impl AnnualProject {
    /// Works it out; refuses a debt that has no meaning.
    pub fn solve(&self) -> Result<AnnualResult, SizingError> {
        let n = self.years;
        let revenue = self.by_year(|y| {
            let sales = self.units_per_year * self.price_usd * (1.0 + self.price_growth).powi(y - 1);
            let last = y as usize == n;
            sales + if last { self.salvage * self.works_usd } else { 0.0 }
        });
        let running = self.by_year(|y| self.running_in(y));
        let ebitda: Vec<f64> = revenue.iter().zip(&running).map(|(r, c)| r - c).collect();
        let (ones, at_end) = (vec![1.0; n], &ebitda[1..]);
        let base = Cash {
            cash_usd: at_end,
            years: &ones,
            rate: self.interest,
            tenor: self.tenor,
            balloon: 0.0,
        };
        let working = self.working_capital(&running);
        let debt = self.limited(base.capacity(self.cover_ratio)?, working[0]);
        let repaid = base.repay(debt)?;
        let mut r = AnnualResult::empty(n);
        r.debt_usd = debt;
        r.balance_usd[0] = debt;
        for (k, period) in repaid.schedule.iter().enumerate() {
            r.interest_usd[k + 1] = period.interest_usd;
            r.principal_usd[k + 1] = period.principal_usd;
            r.balance_usd[k + 1] = period.balance_usd;
            r.cash_usd[k + 1] = ebitda[k + 1];
            r.cover[k + 1] = ebitda[k + 1] / repaid.service_usd[k];
        }
        r.least_cover = repaid.cover_ratio;
        let reserves: Vec<f64> = (0..=n)
            .map(|y| {
                working[y] + self.reserve_months / 12.0 * repaid.service_usd.get(y).copied().unwrap_or(0.0)
            })
            .collect();
        r.installed_usd = self.before_reserves(debt) + reserves[0];
        r.equity_usd = r.installed_usd - debt;
        if r.equity_usd < 0.0 {
            return Err(SizingError::AboveUses {
                debt_usd: debt,
                uses_usd: r.installed_usd,
            });
        }
        (r.revenue_usd, r.running_usd, r.ebitda_usd) = (revenue, running, ebitda);
        self.owner(&mut r, &reserves);
        self.measure(&mut r);
        Ok(r)
    }

    fn by_year(&self, of: impl Fn(i32) -> f64) -> Vec<f64> {
        (0..=self.years as i32)
            .map(|y| if y == 0 { 0.0 } else { of(y) })
            .collect()
    }

    fn running_in(&self, year: i32) -> f64 {
        let grown = (1.0 + self.inflation + self.running_growth).powi(year - 1);
        let inflated = (1.0 + self.inflation).powi(year - 1);
        self.running_usd * grown + self.works_usd * (self.insurance * inflated + self.property_tax)
    }

    /// Working capital at the end of each year: months of next year's running cost.
    fn working_capital(&self, running: &[f64]) -> Vec<f64> {
        let next = |y: usize| running.get(y + 1).copied().unwrap_or(0.0);
        (0..=self.years)
            .map(|y| self.working_capital_months / 12.0 * next(y))
            .collect()
    }

    fn limited(&self, capacity: f64, working_usd: f64) -> f64 {
        let limit = |share: f64| share * (self.before_reserves(self.works_usd) + working_usd);
        self.debt_limit
            .map_or(capacity, |share| capacity.min(limit(share)))
    }

    /// What is paid at the start but for reserves, with the lender's fee on a debt.
    fn before_reserves(&self, debt: f64) -> f64 {
        let financing = self.closing_usd + self.debt_fee * debt + self.other_financing_usd;
        self.works_usd + financing + self.construction_financing_usd
    }

    /// Taxes and the owner's flows.
    fn owner(&self, r: &mut AnnualResult, reserves: &[f64]) {
        let basis = self.works_usd + self.construction_financing_usd + self.other_financing_usd;
        r.pretax_usd[0] = -r.equity_usd;
        r.aftertax_usd[0] = -r.equity_usd;
        for y in 1..=self.years {
            let earned = self.reserve_interest * reserves[y - 1];
            let service = r.interest_usd[y] + r.principal_usd[y];
            r.depreciation_usd[y] = basis * self.depreciation.get(y - 1).copied().unwrap_or(0.0);
            let profit = r.ebitda_usd[y] + earned - r.interest_usd[y] - r.depreciation_usd[y];
            r.state_tax_usd[y] = -self.state_tax * profit;
            r.federal_tax_usd[y] = -self.federal_tax * (profit + r.state_tax_usd[y]);
            r.pretax_usd[y] = r.ebitda_usd[y] + earned - service - (reserves[y] - reserves[y - 1]);
            r.aftertax_usd[y] = r.pretax_usd[y] + r.state_tax_usd[y] + r.federal_tax_usd[y];
        }
    }

    fn measure(&self, r: &mut AnnualResult) {
        let nominal = (1.0 + self.real_discount) * (1.0 + self.inflation) - 1.0;
        let value = |flows: &[f64], rate: f64| -> f64 {
            let years = flows.iter().enumerate();
            years.map(|(y, usd)| usd / (1.0 + rate).powi(y as i32)).sum()
        };
        r.npv_usd = value(&r.aftertax_usd, nominal);
        r.irr = irr_roots(&r.aftertax_usd);
        let units = self.by_year(|_| self.units_per_year);
        let sales =
            self.by_year(|y| self.units_per_year * self.price_usd * (1.0 + self.price_growth).powi(y - 1));
        let (sold, units_nominal) = (value(&sales, nominal), value(&units, nominal));
        r.levelised_price_usd = sold / units_nominal;
        r.levelised_cost_usd = (sold - r.npv_usd) / units_nominal;
        r.levelised_cost_real_usd = (sold - r.npv_usd) / value(&units, self.real_discount);
        let share = r.debt_usd / r.installed_usd;
        let tax = self.federal_tax + self.state_tax - self.federal_tax * self.state_tax;
        let equity = r.irr.last().copied().unwrap_or(f64::NAN);
        r.cost_of_capital = share * self.interest * (1.0 - tax) + (1.0 - share) * equity;
    }
}

impl AnnualResult {
    fn empty(years: usize) -> Self {
        let zeros = || vec![0.0; years + 1];
        Self {
            debt_usd: 0.0,
            equity_usd: 0.0,
            installed_usd: 0.0,
            npv_usd: 0.0,
            irr: Vec::new(),
            least_cover: 0.0,
            levelised_cost_usd: 0.0,
            levelised_cost_real_usd: 0.0,
            levelised_price_usd: 0.0,
            cost_of_capital: 0.0,
            revenue_usd: zeros(),
            running_usd: zeros(),
            ebitda_usd: zeros(),
            cash_usd: zeros(),
            interest_usd: zeros(),
            principal_usd: zeros(),
            balance_usd: zeros(),
            cover: zeros(),
            depreciation_usd: zeros(),
            federal_tax_usd: zeros(),
            state_tax_usd: zeros(),
            pretax_usd: zeros(),
            aftertax_usd: zeros(),
        }
    }
}
