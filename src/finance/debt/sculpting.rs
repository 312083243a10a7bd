//! Debt sized and repaid by a debt service cover ratio: each period's service is its cash over the ratio.
//!
//! `debt = sum over the tenor of cash(t) df(t) / ratio`, `df(t) = product of 1 / (1 + rate years(s))` (sculpting,
//! E. R. Yescombe, Principles of Project Finance, 2nd ed., 12.2); where a share of the debt is left as a balloon, over one less
//! that share discounted over the tenor too. Cash is what is available for debt service
//! (CFADS): after running costs, tax and what working capital takes.

use thiserror::Error;

/// Why a debt cannot be sized.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SizingError {
    /// A period of the tenor has no cash to serve debt with.
    #[error(
        "repayment period {period} has {cash_usd:.0} USD for debt service in the sizing case, to which no debt can be sculpted; shorten `tenor_years`, lengthen `grace_months`, or let owners pay for it (`capital = {{}}` of the strategy)"
    )]
    NoCash {
        /// From 1.
        period: usize,
        /// What is there, zero or less.
        cash_usd: f64,
    },
    /// The debt would exceed what is to be paid for.
    #[error("{debt_usd:.0} USD of debt exceed the {uses_usd:.0} USD that it is for; give a limit to gearing")]
    AboveUses {
        /// The debt that the ratio allows.
        debt_usd: f64,
        /// All uses.
        uses_usd: f64,
    },
    /// The debt would still be owed when it must be repaid.
    #[error(
        "the debt is repaid by the end of month {end}, but {what} after month {limit}; shorten `tenor_years` or `grace_months`"
    )]
    Late {
        /// Months from the start to the last repayment.
        end: usize,
        /// What must outlast it, with its verb.
        what: &'static str,
        /// Months from the start to its end.
        limit: usize,
    },
    /// Input without meaning.
    #[error("{what} must be {must}, not {value}")]
    Input {
        /// Which.
        what: &'static str,
        /// What it must be.
        must: &'static str,
        /// What it was.
        value: f64,
    },
}

/// One period of a repayment schedule, USD.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Repayment {
    /// Interest of the period.
    pub interest_usd: f64,
    /// Principal repaid at its end.
    pub principal_usd: f64,
    /// What is owed afterwards.
    pub balance_usd: f64,
}

/// A sculpted loan: sized, with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Sculpted {
    /// The debt, USD.
    pub debt_usd: f64,
    /// The ratio at which it is repaid: the target, or more where another limit made the debt smaller.
    pub cover_ratio: f64,
    /// Debt service by period of the tenor, USD.
    pub service_usd: Vec<f64>,
    /// The schedule that repays it.
    pub schedule: Vec<Repayment>,
}

/// The cash of a loan's tenor, and what interest does to it.
#[derive(Debug, Clone, Copy)]
pub struct Cash<'a> {
    /// Cash available for debt service by period, USD, over the life; the tenor is its beginning.
    pub cash_usd: &'a [f64],
    /// Length of each period, years, as interest counts it.
    pub years: &'a [f64],
    /// Interest a year, a fraction.
    pub rate: f64,
    /// Periods in which the debt is repaid.
    pub tenor: usize,
    /// Share of the debt that is still owed after them, a fraction.
    pub balloon: f64,
}

impl Cash<'_> {
    /// Present value at the loan's rate of the cash of the first `periods`.
    pub fn present_value(&self, periods: usize) -> f64 {
        let mut factor = 1.0;
        let cash = self.cash_usd.iter().zip(self.years).take(periods);
        cash.map(|(usd, years)| {
            factor /= 1.0 + self.rate * years;
            usd * factor
        })
        .sum()
    }

    /// What the tenor's cash carries of a dollar of debt: all but the present value of the balloon.
    fn carried(&self) -> f64 {
        let years = self.years.iter().take(self.tenor);
        let factor: f64 = years.map(|years| 1.0 / (1.0 + self.rate * years)).product();
        1.0 - self.balloon * factor
    }

    fn check(&self) -> Result<(), SizingError> {
        if !(0.0..1.0).contains(&self.balloon) {
            let (what, must) = ("the balloon", "a fraction below 1");
            let value = self.balloon;
            return Err(SizingError::Input { what, must, value });
        }
        if !self.rate.is_finite() || self.rate <= -1.0 {
            let (what, must) = ("interest", "a finite fraction above -1");
            return Err(SizingError::Input {
                what,
                must,
                value: self.rate,
            });
        }
        if self.tenor == 0 || self.tenor > self.cash_usd.len().min(self.years.len()) {
            let (what, must) = ("tenor", "at least one period and within the life");
            return Err(SizingError::Input {
                what,
                must,
                value: self.tenor as f64,
            });
        }
        let mut cash = self.cash_usd[..self.tenor].iter().enumerate();
        // NaN is no cash either.
        match cash.find(|(_, usd)| usd.is_nan() || **usd <= 0.0) {
            Some((period, usd)) => Err(SizingError::NoCash {
                period: period + 1,
                cash_usd: *usd,
            }),
            None => Ok(()),
        }
    }

    /// The most debt that the cash of the tenor serves at a cover ratio.
    pub fn capacity(&self, cover_ratio: f64) -> Result<f64, SizingError> {
        self.check()?;
        if !cover_ratio.is_finite() || cover_ratio < 1.0 {
            let (what, must) = ("the debt service cover ratio", "at least 1");
            return Err(SizingError::Input {
                what,
                must,
                value: cover_ratio,
            });
        }
        Ok(self.present_value(self.tenor) / cover_ratio / self.carried())
    }

    /// The schedule that repays a debt in proportion to cash: its cover ratio is the same in every period.
    pub fn repay(&self, debt_usd: f64) -> Result<Sculpted, SizingError> {
        self.check()?;
        if !debt_usd.is_finite() || debt_usd <= 0.0 {
            let (what, must) = ("debt", "positive");
            return Err(SizingError::Input {
                what,
                must,
                value: debt_usd,
            });
        }
        let cover_ratio = self.present_value(self.tenor) / (debt_usd * self.carried());
        let service_usd: Vec<f64> = self.cash_usd[..self.tenor]
            .iter()
            .map(|usd| usd / cover_ratio)
            .collect();
        let mut balance_usd = debt_usd;
        let schedule = service_usd
            .iter()
            .zip(self.years)
            .map(|(service, years)| {
                let interest_usd = balance_usd * self.rate * years;
                let principal_usd = service - interest_usd;
                balance_usd -= principal_usd;
                Repayment {
                    interest_usd,
                    principal_usd,
                    balance_usd,
                }
            })
            .collect();
        Ok(Sculpted {
            debt_usd,
            cover_ratio,
            service_usd,
            schedule,
        })
    }
}

impl Sculpted {
    /// Mean time until a dollar is repaid, in periods.
    pub fn average_life(&self) -> f64 {
        let weighted = self.schedule.iter().enumerate();
        weighted
            .map(|(k, r)| r.principal_usd * (k + 1) as f64)
            .sum::<f64>()
            / self.debt_usd
    }
}
