//! A double-entry ledger by month: what every flow of money is booked in, and what balances.
//!
//! Owns totals by account and month; single postings are not kept. Nothing is allocated after it is made.

use thiserror::Error;

use crate::finance::account::{Account, CashFlow, Class};
use crate::units::Money;

/// Balances hold to this share of the gross flow.
const TOLERANCE: f64 = 1e-9;

/// The books do not balance: our fault, never the user's.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum Imbalance {
    /// Debits and credits differ.
    #[error("debits of {debit_usd} usd and credits of {credit_usd} usd differ in month {month}")]
    Postings {
        /// The month, from 0.
        month: usize,
        /// Net debits over all accounts.
        debit_usd: f64,
        /// Net credits over the accounts.
        credit_usd: f64,
    },
    /// The cash account and the flows against it differ.
    #[error(
        "cash is {closing_usd} usd after month {month}, but opening and postings give {expected_usd} usd"
    )]
    Cash {
        /// The month, from 0.
        month: usize,
        /// Balance of the cash account.
        closing_usd: f64,
        /// Opening balance and all flows.
        expected_usd: f64,
    },
}

impl Imbalance {
    /// The two numbers that differ, USD.
    pub const fn sides(&self) -> (f64, f64) {
        match self {
            Self::Postings {
                debit_usd,
                credit_usd,
                ..
            } => (*debit_usd, *credit_usd),
            Self::Cash {
                closing_usd,
                expected_usd,
                ..
            } => (*closing_usd, *expected_usd),
        }
    }
}

/// The books of one replication.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    months: usize,
    /// `[account][month]`: debits less credits.
    movement: Vec<f64>,
    /// `[account][month]`: cash received less cash paid against the account.
    cash: Vec<f64>,
    /// By account: debits less credits before month 0.
    opening: [f64; Account::COUNT],
    /// By month: the gross size of all postings.
    gross: Vec<f64>,
}

impl Ledger {
    /// Empty books for `months` months.
    pub fn new(months: usize) -> Self {
        Self {
            months,
            movement: vec![0.0; months * Account::COUNT],
            cash: vec![0.0; months * Account::COUNT],
            opening: [0.0; Account::COUNT],
            gross: vec![0.0; months],
        }
    }
    /// How many months the books hold.
    pub fn months(&self) -> usize {
        self.months
    }
    /// Books what stood at the start, before month 0.
    pub fn open(&mut self, debit: Account, credit: Account, amount: Money) {
        assert!(
            amount.is_finite(),
            "an opening of {} usd is no amount",
            amount.as_usd()
        );
        self.opening[debit.index()] += amount.as_usd();
        self.opening[credit.index()] -= amount.as_usd();
    }
    /// Books an amount; a negative one is the reverse entry.
    pub fn post(&mut self, month: usize, debit: Account, credit: Account, amount: Money) {
        let usd = amount.as_usd();
        let months = self.months;
        assert!(month < months, "a posting falls in month {month} of {months}");
        assert!(
            usd.is_finite(),
            "a posting of {usd} usd from {} to {} is no amount",
            credit.id(),
            debit.id()
        );
        self.movement[debit.index() * months + month] += usd;
        self.movement[credit.index() * months + month] -= usd;
        self.gross[month] += usd.abs();
        match (debit, credit) {
            (Account::Cash, Account::Cash) => {}
            (Account::Cash, other) => self.book_cash(month, other, usd),
            (other, Account::Cash) => self.book_cash(month, other, -usd),
            _ => {}
        }
    }
    /// Books money received on an account; a negative amount is money paid back.
    pub fn receive(&mut self, month: usize, account: Account, amount: Money) {
        self.post(month, Account::Cash, account, amount);
    }
    /// Books money paid on an account; a negative amount is money returned.
    pub fn pay(&mut self, month: usize, account: Account, amount: Money) {
        self.post(month, account, Account::Cash, amount);
    }
    fn book_cash(&mut self, month: usize, account: Account, usd: f64) {
        assert!(
            account.cash_flow().is_some(),
            "cash never stands against {}",
            account.id()
        );
        self.cash[account.index() * self.months + month] += usd;
    }

    /// Cash by month against an account, in US dollars, money in positive.
    pub fn cash_usd(&self, account: Account) -> &[f64] {
        row(&self.cash, account, self.months)
    }
    /// Cash by month against every account that can meet cash, in the order of files: the rows of
    /// `cashflow.csv`, the same accounts for every replication.
    pub fn cash_by_account(&self) -> Vec<(Account, &[f64])> {
        Account::of_cash_flow()
            .map(|account| (account, self.cash_usd(account)))
            .collect()
    }
    /// Net cash by month over the sections of the cash-flow statement that pass.
    pub fn net_cash_usd(&self, mut keep: impl FnMut(CashFlow) -> bool) -> Vec<f64> {
        let mut net = vec![0.0; self.months];
        for account in Account::of_cash_flow() {
            if account.cash_flow().is_some_and(&mut keep) {
                for (sum, usd) in net.iter_mut().zip(self.cash_usd(account)) {
                    *sum += usd;
                }
            }
        }
        net
    }
    /// The project's flows after tax and before financing, residuals included.
    pub fn project_flows_usd(&self) -> Vec<f64> {
        self.net_cash_usd(CashFlow::is_project)
    }
    /// The same without the residuals at the horizon.
    pub fn project_flows_without_residual_usd(&self) -> Vec<f64> {
        self.net_cash_usd(|flow| flow.is_project() && flow != CashFlow::Residual)
    }
    /// What is left for owners: the project's flows and those of lenders.
    pub fn equity_flows_usd(&self) -> Vec<f64> {
        self.net_cash_usd(|flow| flow != CashFlow::Equity)
    }
    /// What owners got, less what they paid in, by month.
    pub fn owners_flows_usd(&self) -> Vec<f64> {
        let mut flows = self.net_cash_usd(|flow| flow == CashFlow::Equity);
        for usd in &mut flows {
            *usd = 0.0 - *usd;
        }
        flows
    }
    /// Profit by month before depreciation, disposals, income tax and residuals: what a tax assessment starts
    /// from. Residuals are not taxed, because nothing is sold at the horizon.
    pub fn profit_before_depreciation_usd(&self) -> Vec<f64> {
        self.profit_between_usd(0, self.months)
    }
    /// The same of the months `[from, to)`.
    pub fn profit_between_usd(&self, from: usize, to: usize) -> Vec<f64> {
        let mut profit = vec![0.0; to - from];
        for account in Account::of_cash_flow() {
            let taxed = !matches!(account.cash_flow(), Some(CashFlow::Tax | CashFlow::Residual));
            if taxed && matches!(account.class(), Class::Income | Class::Expense) {
                // Credits are income and debits expense, whichever of the two the account is.
                for (sum, usd) in profit.iter_mut().zip(&self.movement_usd(account)[from..to]) {
                    *sum -= usd;
                }
            }
        }
        profit
    }
    /// Income less expense by month of a section of the cash-flow statement: EBITDA of the operating one.
    pub fn profit_of_usd(&self, flow: CashFlow) -> Vec<f64> {
        let mut profit = vec![0.0; self.months];
        for account in Account::of_cash_flow().filter(|a| a.cash_flow() == Some(flow)) {
            if matches!(account.class(), Class::Income | Class::Expense) {
                for (sum, usd) in profit.iter_mut().zip(self.movement_usd(account)) {
                    *sum -= usd;
                }
            }
        }
        profit
    }
    /// Debits less credits of an account by month, US dollars.
    pub fn movement_usd(&self, account: Account) -> &[f64] {
        row(&self.movement, account, self.months)
    }
    /// Debits less credits of an account before month 0, US dollars.
    pub fn opening_usd(&self, account: Account) -> f64 {
        self.opening[account.index()]
    }
    /// Debits less credits of every account by month, what stood at the start in month 0: rows of statements.
    pub fn movements(&self) -> Vec<Vec<f64>> {
        let of = |account: &Account| {
            let mut usd = self.movement_usd(*account).to_vec();
            if let Some(first) = usd.first_mut() {
                *first += self.opening_usd(*account);
            }
            usd
        };
        Account::ALL.iter().map(of).collect()
    }
    /// Cash by month against every account that can meet cash, in the order of files.
    pub fn cash_rows(&self) -> Vec<Vec<f64>> {
        Account::of_cash_flow()
            .map(|a| self.cash_usd(a).to_vec())
            .collect()
    }
    /// How an account moved in a month, in the direction in which its class grows.
    pub fn movement(&self, account: Account, month: usize) -> Money {
        let usd = row(&self.movement, account, self.months)[month];
        Money::from_usd(signed(account, usd))
    }
    /// The balance of an account at the end of a month, in the direction in which its class grows.
    pub fn balance(&self, account: Account, month: usize) -> Money {
        let moved: f64 = row(&self.movement, account, self.months)[..=month].iter().sum();
        Money::from_usd(signed(account, self.opening[account.index()] + moved))
    }
    /// Books one side of an entry only, so that a test can see the imbalance caught.
    #[doc(hidden)]
    pub fn unbalance_for_test(&mut self, month: usize) {
        self.movement[Account::Cash.index() * self.months + month] += 1e6;
    }
    /// Whether debits equal credits and cash equals opening and postings, in every month.
    pub fn check_balanced(&self) -> Result<(), Imbalance> {
        let mut gross: f64 = self.opening.iter().map(|usd| usd.abs()).sum();
        let mut closing_usd = self.opening[Account::Cash.index()];
        let mut expected_usd = closing_usd;
        let sides = self.sides();
        let flows = self.net_cash_usd(|_| true);
        for (month, (debit_usd, credit_usd)) in sides.into_iter().enumerate() {
            gross += self.gross[month];
            let tolerance = TOLERANCE * gross;
            if differ(debit_usd, credit_usd, tolerance) {
                return Err(Imbalance::Postings {
                    month,
                    debit_usd,
                    credit_usd,
                });
            }
            closing_usd += row(&self.movement, Account::Cash, self.months)[month];
            expected_usd += flows[month];
            if differ(closing_usd, expected_usd, tolerance) {
                return Err(Imbalance::Cash {
                    month,
                    closing_usd,
                    expected_usd,
                });
            }
        }
        Ok(())
    }
    /// How much the accounts that a month moved towards debit moved, and those moved towards credit.
    fn sides(&self) -> Vec<(f64, f64)> {
        let mut sides = vec![(0.0, 0.0); self.months];
        for account in Account::ALL {
            for ((debit, credit), usd) in sides.iter_mut().zip(self.movement_usd(*account)) {
                *debit += usd.max(0.0);
                *credit += (0.0 - usd).max(0.0);
            }
        }
        sides
    }
    /// Stops with the two numbers where the books do not balance.
    pub fn assert_balanced(&self) {
        if let Err(imbalance) = self.check_balanced() {
            panic!("the books do not balance: {imbalance}");
        }
    }
}

fn row(cells: &[f64], account: Account, months: usize) -> &[f64] {
    &cells[account.index() * months..(account.index() + 1) * months]
}

/// Written so that a NaN differs.
fn differ(a: f64, b: f64, tolerance: f64) -> bool {
    let within = (a - b).abs() <= tolerance;
    !within
}

fn signed(account: Account, debit_less_credit: f64) -> f64 {
    if account.class().grows_by_debit() {
        debit_less_credit
    } else {
        0.0 - debit_less_credit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(amount: f64) -> Money {
        Money::from_usd(amount)
    }

    /// A small company: opens with 500 of cash, buys a machine, earns, depreciates, pays tax.
    fn company() -> Ledger {
        let mut ledger = Ledger::new(3);
        ledger.open(Account::Cash, Account::OpeningEquity, usd(500.0));
        ledger.pay(0, Account::CapexHardware, usd(400.0));
        ledger.post(1, Account::Receivables, Account::GpuReservedRevenue, usd(90.0));
        ledger.pay(1, Account::PowerCost, usd(30.0));
        ledger.post(
            1,
            Account::Depreciation,
            Account::AccumulatedDepreciation,
            usd(20.0),
        );
        ledger.receive(2, Account::Receivables, usd(90.0));
        ledger.pay(2, Account::IncomeTax, usd(8.0));
        ledger.receive(2, Account::HardwareResidual, usd(50.0));
        ledger
    }

    #[test]
    fn books_balance_and_statements_follow() {
        let ledger = company();
        ledger.assert_balanced();
        assert_eq!(ledger.balance(Account::Cash, 2), usd(202.0));
        assert_eq!(ledger.balance(Account::Receivables, 1), usd(90.0));
        assert_eq!(ledger.balance(Account::Receivables, 2), usd(0.0));
        assert_eq!(ledger.movement(Account::GpuReservedRevenue, 1), usd(90.0));
        assert_eq!(ledger.balance(Account::AccumulatedDepreciation, 2), usd(-20.0));
        assert_eq!(ledger.project_flows_usd(), [-400.0, -30.0, 132.0]);
        assert_eq!(ledger.project_flows_without_residual_usd(), [-400.0, -30.0, 82.0]);
    }

    #[test]
    fn profit_for_tax_counts_what_was_earned_and_not_what_was_paid() {
        let profit = company().profit_before_depreciation_usd();
        assert_eq!(profit, [0.0, 60.0, 0.0]);
    }

    #[test]
    fn the_balance_sheet_adds_up_at_every_month_end() {
        let ledger = company();
        for month in 0..ledger.months() {
            let total = |classes: &[Class]| -> f64 {
                let accounts = Account::ALL.iter().filter(|a| classes.contains(&a.class()));
                accounts.map(|a| ledger.balance(*a, month).as_usd()).sum()
            };
            let assets = total(&[Class::Asset]);
            let claims = total(&[Class::Liability, Class::Equity]);
            let profit = total(&[Class::Income]) - total(&[Class::Expense]);
            assert!((assets - claims - profit).abs() < 1e-12, "{month}");
        }
    }

    #[test]
    fn owners_see_lenders_flows_and_not_their_own() {
        let mut ledger = Ledger::new(2);
        ledger.receive(0, Account::EquityContributions, usd(40.0));
        ledger.receive(0, Account::DebtDraws, usd(60.0));
        ledger.pay(0, Account::CapexFacility, usd(100.0));
        ledger.receive(1, Account::LeaseRevenue, usd(30.0));
        ledger.pay(1, Account::DebtRepayments, usd(10.0));
        ledger.assert_balanced();
        assert_eq!(ledger.project_flows_usd(), [-100.0, 30.0]);
        assert_eq!(ledger.equity_flows_usd(), [-40.0, 20.0]);
        assert_eq!(ledger.balance(Account::Cash, 0), usd(0.0));
    }

    #[test]
    fn a_negative_bill_is_a_receipt() {
        let mut ledger = Ledger::new(1);
        ledger.pay(0, Account::PowerCost, usd(-7.0));
        ledger.assert_balanced();
        assert_eq!(ledger.cash_usd(Account::PowerCost), [7.0]);
        assert_eq!(ledger.balance(Account::PowerCost, 0), usd(-7.0));
    }

    #[test]
    #[should_panic(expected = "debits of 140.01 usd and credits of 140 usd differ in month 1")]
    fn a_one_sided_entry_is_caught() {
        let mut ledger = company();
        ledger.movement[Account::PowerCost.index() * 3 + 1] += 0.01;
        ledger.assert_balanced();
    }

    #[test]
    #[should_panic(expected = "cash is 70.01 usd after month 1, but opening and postings give 70 usd")]
    fn cash_from_nowhere_is_caught() {
        let mut ledger = company();
        ledger.movement[Account::Cash.index() * 3 + 1] += 0.01;
        ledger.movement[Account::PowerCost.index() * 3 + 1] -= 0.01;
        ledger.assert_balanced();
    }

    #[test]
    #[should_panic(expected = "is no amount")]
    fn a_nan_is_refused_at_the_door() {
        Ledger::new(1).pay(0, Account::PowerCost, usd(f64::NAN));
    }

    #[test]
    #[should_panic(expected = "month 12 of 12")]
    fn a_posting_beyond_the_books_is_refused() {
        Ledger::new(12).pay(12, Account::PowerCost, usd(1.0));
    }

    proptest! {
        #[test]
        fn any_postings_balance(
            postings in prop::collection::vec(
                (0usize..6, 0usize..Account::COUNT, -1e9f64..1e9, any::<bool>()), 0..300)
        ) {
            let mut ledger = Ledger::new(6);
            ledger.open(Account::Cash, Account::OpeningEquity, usd(1e6));
            for (month, index, amount, receives) in postings {
                let account = Account::ALL[index];
                if account.cash_flow().is_none() {
                    ledger.post(month, Account::Depreciation, Account::AccumulatedDepreciation, usd(amount));
                } else if receives {
                    ledger.receive(month, account, usd(amount));
                } else {
                    ledger.pay(month, account, usd(amount));
                }
            }
            prop_assert_eq!(ledger.check_balanced(), Ok(()));
            let closing = ledger.balance(Account::Cash, 5).as_usd();
            let flows: f64 = ledger.net_cash_usd(|_| true).iter().sum();
            prop_assert!((closing - 1e6 - flows).abs() <= 1e-3);
        }
    }
}
