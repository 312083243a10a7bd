//! What becomes of a period's cash: interest, principal, reserve, sweep, lock-up, owners.
//!
//! In this order: interest; scheduled principal; the reserve account up to its target; a share of the rest sweeps
//! debt; what is left goes to the owners, unless the period's cover ratio lies below the lock-up, which traps it for the
//! next. Where cash does not serve the debt, trapped cash helps first, then the reserve; what is still missing is
//! deferred: unpaid interest joins the debt, unpaid principal stays in it. The service of a period is that of the base
//! case, so that what was swept shortens the loan. With the last dollar of debt the reserve is free.

/// Below this much debt a loan is repaid, USD relative to its size.
const REPAID: f64 = 1e-11;

/// Rules of the waterfall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Interest a year, a fraction.
    pub rate: f64,
    /// Cover ratio below which nothing goes to owners; 0 for none.
    pub lock_up: f64,
    /// Share of the cash after debt service that repays debt early, a fraction.
    pub sweep: f64,
    /// Cover ratio below which the loan is in default; 0 for none.
    pub default_cover: f64,
}

/// One period, USD.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Period {
    /// Cash available for debt service.
    pub cash_usd: f64,
    /// Interest due.
    pub interest_usd: f64,
    /// Principal repaid as scheduled.
    pub principal_usd: f64,
    /// Debt repaid early.
    pub sweep_usd: f64,
    /// From the reserve account, positive; into it, negative.
    pub reserve_usd: f64,
    /// Trapped cash of the period before.
    pub trap_in_usd: f64,
    /// Trapped for the next.
    pub trap_out_usd: f64,
    /// To the owners; what they must add where cash itself is negative, negative.
    pub distribution_usd: f64,
    /// Interest and principal that were due and not paid.
    pub deferred_usd: f64,
    /// What is owed at its end.
    pub balance_usd: f64,
    /// Cash over interest and scheduled principal; `None` without either.
    pub cover: Option<f64>,
}

impl Period {
    /// Cash in less cash out: nought but for rounding.
    pub fn imbalance_usd(&self) -> f64 {
        self.cash_usd + self.reserve_usd + self.trap_in_usd + self.deferred_usd
            - self.interest_usd
            - self.principal_usd
            - self.sweep_usd
            - self.trap_out_usd
            - self.distribution_usd
    }
    /// Whether the lock-up held.
    pub fn is_locked_up(&self, rules: &Rules) -> bool {
        self.cover.is_some_and(|cover| cover < rules.lock_up)
    }
    /// Whether the loan was in default: something due was not paid, or cover lay below the covenant.
    pub fn is_default(&self, rules: &Rules) -> bool {
        self.deferred_usd > 0.0 || self.cover.is_some_and(|cover| cover < rules.default_cover)
    }
}

/// A loan in operation; amounts in USD.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loan {
    size: f64,
    balance: f64,
    reserve: f64,
    reserve_target: f64,
    trapped: f64,
}

impl Loan {
    /// A loan just drawn, its reserve account full.
    pub fn new(debt_usd: f64, reserve_usd: f64) -> Self {
        Self {
            size: debt_usd,
            balance: debt_usd,
            reserve: reserve_usd,
            reserve_target: reserve_usd,
            trapped: 0.0,
        }
    }
    /// Draws more.
    pub fn draw(&mut self, usd: f64) {
        self.size += usd;
        self.balance += usd;
    }
    /// What is owed.
    pub fn balance_usd(&self) -> f64 {
        self.balance
    }
    /// What the reserve account holds.
    pub fn reserve_usd(&self) -> f64 {
        self.reserve
    }
    /// What is trapped.
    pub fn trapped_usd(&self) -> f64 {
        self.trapped
    }

    /// One period of `years` with its cash and the base case's debt service; beyond the tenor the service is nought.
    pub fn step(&mut self, cash_usd: f64, service_usd: f64, years: f64, rules: &Rules) -> Period {
        let mut p = Period {
            cash_usd,
            interest_usd: self.balance * rules.rate * years,
            trap_in_usd: self.trapped,
            ..Period::default()
        };
        let mut principal = (service_usd - p.interest_usd).clamp(0.0, self.balance);
        let due = p.interest_usd + principal;
        p.cover = (due > 1e-12).then(|| cash_usd / due);
        let mut left = cash_usd + self.trapped - due;
        self.trapped = 0.0;
        if left < 0.0 && due > 0.0 {
            let help = self.reserve.min(-left);
            self.reserve -= help;
            p.reserve_usd = help;
            left += help;
            // Owners need not pay what the cash of the period does not.
            p.deferred_usd = (0.0 - left).clamp(0.0, due);
            left += p.deferred_usd;
            principal -= p.deferred_usd;
        }
        p.principal_usd = principal + p.deferred_usd;
        self.balance -= principal;
        if due > 0.0 {
            let fill = (self.reserve_target - self.reserve).clamp(0.0, left.max(0.0));
            self.reserve += fill;
            p.reserve_usd -= fill;
            left -= fill;
            // Trapped cash is not swept: it is the owners', and only waits.
            let free = (left - p.trap_in_usd).max(0.0);
            p.sweep_usd = if service_usd > 0.0 {
                self.balance.min(rules.sweep * free)
            } else {
                0.0
            };
            self.balance -= p.sweep_usd;
            left -= p.sweep_usd;
        }
        if self.balance <= REPAID * self.size && self.reserve > 0.0 {
            p.reserve_usd += self.reserve;
            left += self.reserve;
            self.reserve = 0.0;
        }
        if p.is_locked_up(rules) {
            p.trap_out_usd = left.max(0.0);
            left -= p.trap_out_usd;
            self.trapped = p.trap_out_usd;
        }
        p.distribution_usd = left;
        p.balance_usd = self.balance;
        p
    }
}
