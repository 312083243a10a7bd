//! Income statement, cash flow and balance sheet by month, out of what the accounts moved.
//!
//! Owns the order of lines and their subtotals, and what must hold between the three. Works on sums of ledgers too: each
//! line is linear in the postings, so that the statements of mean postings are the means of the statements.

use thiserror::Error;

use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::ledger::Ledger;

/// Balances hold to a cent, or to this share of what was moved so far.
const TOLERANCE: f64 = 1e-9;
const CENT_USD: f64 = 0.01;

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// What was earned and used up.
    Income,
    /// Where cash came from and went.
    CashFlow,
    /// What is owned and owed at the end of the month.
    BalanceSheet,
}

impl Statement {
    /// The word in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Income => "income",
            Self::CashFlow => "cash_flow",
            Self::BalanceSheet => "balance_sheet",
        }
    }
}

/// A line of a statement, a figure a month; costs, uses of cash and what is owed by owners negative, as the line adds up.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Which statement.
    pub statement: Statement,
    /// Account id, or the name of a subtotal.
    pub id: &'static str,
    /// By month, US dollars.
    pub usd: Vec<f64>,
}

/// What the accounts moved: debits less credits, and cash, by account and month.
#[derive(Debug, Clone, Copy)]
pub struct Moves<'a> {
    /// In the order of [`Account::ALL`]: debits less credits, what stood at the start in month 0.
    pub movement_usd: &'a [Vec<f64>],
    /// In the order of [`Account::of_cash_flow`].
    pub cash_usd: &'a [Vec<f64>],
}

/// Statements that do not agree: our fault, never the user's.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{what} of month {month}: {left_usd} usd against {right_usd} usd")]
pub struct Disagreement {
    /// Which identity.
    pub what: &'static str,
    /// The month, from 0.
    pub month: usize,
    /// One side.
    pub left_usd: f64,
    /// The other.
    pub right_usd: f64,
}

/// A subtotal, and what is added to reach it.
type Part = (&'static str, fn(Account) -> bool);

/// Sections of the income statement, in order, each with the subtotal that ends it.
const INCOME: [Part; 5] = [
    ("revenue", |a| {
        a.class() == Class::Income && a.cash_flow() == Some(CashFlow::Operating)
    }),
    ("ebitda", |a| {
        a.class() == Class::Expense && a.cash_flow() == Some(CashFlow::Operating)
    }),
    ("ebit", |a| {
        is_result(a)
            && matches!(
                a.cash_flow(),
                None | Some(CashFlow::Investing | CashFlow::Residual)
            )
    }),
    ("profit_before_tax", |a| {
        is_result(a) && a.cash_flow() == Some(CashFlow::Debt)
    }),
    ("net_income", |a| {
        is_result(a) && a.cash_flow() == Some(CashFlow::Tax)
    }),
];

/// Sections of the cash flow, in order, each with its subtotal.
const CASH: [(&str, CashFlow); 6] = [
    ("operating_cash_flow", CashFlow::Operating),
    ("tax_cash_flow", CashFlow::Tax),
    ("investing_cash_flow", CashFlow::Investing),
    ("residual_cash_flow", CashFlow::Residual),
    ("financing_cash_flow", CashFlow::Debt),
    ("owners_cash_flow", CashFlow::Equity),
];

const fn is_result(account: Account) -> bool {
    matches!(account.class(), Class::Income | Class::Expense)
}

/// Whether a line is a subtotal, shown even where it is nought throughout.
fn is_total(id: &str) -> bool {
    Account::from_id(id).is_none()
}

impl Moves<'_> {
    fn months(&self) -> usize {
        self.movement_usd.first().map_or(0, Vec::len)
    }
    /// Every line of the three statements, in order; accounts that never moved are left out.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = self.income();
        let net = lines.last().map_or_else(Vec::new, |line| line.usd.clone());
        lines.extend(self.cash_flow());
        lines.extend(self.balance_sheet(&net));
        lines.retain(|line| is_total(line.id) || line.usd.iter().any(|usd| *usd != 0.0));
        lines
    }

    fn income(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut sum = vec![0.0; self.months()];
        for (total, belongs) in INCOME {
            for account in Account::ALL.iter().filter(|a| belongs(**a)) {
                // Credits are income and debits expense, whichever of the two the account is.
                let usd: Vec<f64> = self.movement_usd[account.index()]
                    .iter()
                    .map(|usd| 0.0 - usd)
                    .collect();
                add(&mut sum, &usd);
                lines.push(line(Statement::Income, account.id(), usd));
            }
            lines.push(line(Statement::Income, total, sum.clone()));
        }
        lines
    }

    fn cash_flow(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut net = vec![0.0; self.months()];
        for (total, flow) in CASH {
            let mut sum = vec![0.0; self.months()];
            for (account, usd) in Account::of_cash_flow().zip(self.cash_usd) {
                if account.cash_flow() == Some(flow) {
                    add(&mut sum, usd);
                    lines.push(line(Statement::CashFlow, account.id(), usd.clone()));
                }
            }
            add(&mut net, &sum);
            lines.push(line(Statement::CashFlow, total, sum));
        }
        let closing = self.balance(Account::Cash);
        let opening = closing.iter().zip(&net).map(|(closing, net)| closing - net);
        let opening = opening.collect();
        lines.push(line(Statement::CashFlow, "net_cash_flow", net));
        lines.push(line(Statement::CashFlow, "opening_cash", opening));
        lines.push(line(Statement::CashFlow, "closing_cash", closing));
        lines
    }

    /// Loans drawn and paid back are one line, `debt`.
    fn balance_sheet(&self, net_income: &[f64]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut assets = vec![0.0; self.months()];
        for account in of_class(Class::Asset) {
            let usd = self.balance(account);
            add(&mut assets, &usd);
            lines.push(line(Statement::BalanceSheet, account.id(), usd));
        }
        lines.push(line(Statement::BalanceSheet, "total_assets", assets));
        let mut owed = vec![0.0; self.months()];
        let mut debt = vec![0.0; self.months()];
        for account in of_class(Class::Liability) {
            let usd = self.balance(account);
            add(&mut owed, &usd);
            if matches!(account, Account::DebtDraws | Account::DebtRepayments) {
                add(&mut debt, &usd);
            } else {
                lines.push(line(Statement::BalanceSheet, account.id(), usd));
            }
        }
        lines.push(line(Statement::BalanceSheet, "debt", debt));
        lines.push(line(Statement::BalanceSheet, "total_liabilities", owed.clone()));
        let mut equity = vec![0.0; self.months()];
        for account in of_class(Class::Equity) {
            let usd = self.balance(account);
            add(&mut equity, &usd);
            lines.push(line(Statement::BalanceSheet, account.id(), usd));
        }
        let retained = running(net_income);
        add(&mut equity, &retained);
        lines.push(line(Statement::BalanceSheet, "retained_earnings", retained));
        lines.push(line(Statement::BalanceSheet, "total_equity", equity.clone()));
        add(&mut equity, &owed);
        lines.push(line(
            Statement::BalanceSheet,
            "total_liabilities_and_equity",
            equity,
        ));
        lines
    }

    /// By month, in the direction in which the account's class grows.
    fn balance(&self, account: Account) -> Vec<f64> {
        let mut usd = running(&self.movement_usd[account.index()]);
        if !account.class().grows_by_debit() {
            for usd in &mut usd {
                *usd = 0.0 - *usd;
            }
        }
        usd
    }
}

fn of_class(class: Class) -> impl Iterator<Item = Account> {
    let all = Account::ALL.iter().copied();
    all.filter(move |account| account.class() == class)
}

fn line(statement: Statement, id: &'static str, usd: Vec<f64>) -> Line {
    Line { statement, id, usd }
}

fn add(sum: &mut [f64], usd: &[f64]) {
    for (sum, usd) in sum.iter_mut().zip(usd) {
        *sum += usd;
    }
}

fn running(usd: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let next = |usd: &f64| {
        sum += usd;
        sum
    };
    usd.iter().map(next).collect()
}

/// Whether the statements of a ledger agree in every month: what is owned is what is owed and the owners' stake with
/// profits kept; cash on the balance sheet is what the cash flow leads to.
pub fn check(ledger: &Ledger) -> Result<(), Disagreement> {
    let months = ledger.months();
    // Assets less all else, and cash flows, by month; account by account, since their rows are long.
    let (mut claims, mut assets) = (vec![0.0; months], vec![0.0; months]);
    let (mut flows, mut gross) = (vec![0.0; months], vec![0.0; months]);
    let mut opening = (0.0, 0.0, 0.0);
    for account in Account::ALL {
        let usd = ledger.movement_usd(*account);
        let opening_usd = ledger.opening_usd(*account);
        opening.2 += opening_usd.abs();
        let is_asset = account.class() == Class::Asset;
        let side = if is_asset { &mut assets } else { &mut claims };
        add(side, usd);
        *(if is_asset { &mut opening.0 } else { &mut opening.1 }) += opening_usd;
        for (gross, usd) in gross.iter_mut().zip(usd) {
            *gross += usd.abs();
        }
        if account.cash_flow().is_some() {
            add(&mut flows, ledger.cash_usd(*account));
        }
    }
    let mut cash = (
        ledger.opening_usd(Account::Cash),
        ledger.opening_usd(Account::Cash),
    );
    for (month, moved) in ledger.movement_usd(Account::Cash).iter().enumerate() {
        opening.0 += assets[month];
        opening.1 += claims[month];
        opening.2 += gross[month];
        cash = (cash.0 + moved, cash.1 + flows[month]);
        let within = (TOLERANCE * opening.2).max(CENT_USD);
        for (what, left_usd, right_usd) in [
            ("balance sheet", opening.0, 0.0 - opening.1),
            ("cash flow", cash.0, cash.1),
        ] {
            // Written so that a NaN disagrees.
            let holds = (left_usd - right_usd).abs() <= within;
            if !holds {
                return Err(Disagreement {
                    what,
                    month,
                    left_usd,
                    right_usd,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Money;
    use proptest::prelude::*;

    fn usd(amount: f64) -> Money {
        Money::from_usd(amount)
    }

    /// Bought with 60 of debt and 40 of equity, depreciated by 10; earned 50 of which 20 are owed; tax 3, interest 2.
    fn company() -> Ledger {
        let mut ledger = Ledger::new(2);
        ledger.receive(0, Account::DebtDraws, usd(60.0));
        ledger.receive(0, Account::EquityContributions, usd(40.0));
        ledger.pay(0, Account::CapexHardware, usd(100.0));
        ledger.receive(1, Account::GpuSpotRevenue, usd(30.0));
        ledger.post(1, Account::Receivables, Account::GpuSpotRevenue, usd(20.0));
        ledger.pay(1, Account::PowerCost, usd(12.0));
        ledger.post(
            1,
            Account::Depreciation,
            Account::AccumulatedDepreciation,
            usd(10.0),
        );
        ledger.pay(1, Account::InterestCost, usd(2.0));
        ledger.pay(1, Account::IncomeTax, usd(3.0));
        ledger.pay(1, Account::DebtRepayments, usd(5.0));
        ledger
    }

    fn lines(ledger: &Ledger) -> Vec<Line> {
        let (movement_usd, cash_usd) = (ledger.movements(), ledger.cash_rows());
        let moves = Moves {
            movement_usd: &movement_usd,
            cash_usd: &cash_usd,
        };
        moves.lines()
    }

    #[track_caller]
    fn shows(lines: &[Line], statement: Statement, id: &str, usd: [f64; 2]) {
        let line = lines.iter().find(|l| l.statement == statement && l.id == id);
        assert_eq!(line.unwrap_or_else(|| panic!("no {id}")).usd, usd, "{id}");
    }

    #[test]
    fn a_company_is_stated_as_by_hand() {
        let ledger = company();
        assert_eq!(check(&ledger), Ok(()));
        let lines = lines(&ledger);
        for (id, last) in [
            ("revenue", 50.0),
            ("ebitda", 38.0),
            ("ebit", 28.0),
            ("profit_before_tax", 26.0),
            ("net_income", 23.0),
            ("power_cost", -12.0),
        ] {
            shows(&lines, Statement::Income, id, [0.0, last]);
        }
        for (id, by_month) in [
            ("operating_cash_flow", [0.0, 18.0]),
            ("investing_cash_flow", [-100.0, 0.0]),
            ("financing_cash_flow", [60.0, -7.0]),
            ("owners_cash_flow", [40.0, 0.0]),
            ("net_cash_flow", [0.0, 8.0]),
            ("opening_cash", [0.0, 0.0]),
            ("closing_cash", [0.0, 8.0]),
        ] {
            shows(&lines, Statement::CashFlow, id, by_month);
        }
        for (id, by_month) in [
            ("cash", [0.0, 8.0]),
            ("accumulated_depreciation", [0.0, -10.0]),
            ("total_assets", [100.0, 118.0]),
            ("debt", [60.0, 55.0]),
            ("retained_earnings", [0.0, 23.0]),
            ("total_equity", [40.0, 63.0]),
            ("total_liabilities_and_equity", [100.0, 118.0]),
        ] {
            shows(&lines, Statement::BalanceSheet, id, by_month);
        }
        assert!(lines.iter().all(|l| l.id != "mining_revenue"));
    }

    #[test]
    fn one_side_of_an_entry_is_found() {
        let mut ledger = company();
        ledger.unbalance_for_test(1);
        let found = check(&ledger).unwrap_err();
        assert_eq!((found.what, found.month), ("balance sheet", 1));
        assert!((found.left_usd - found.right_usd - 1e6).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn whatever_is_posted_the_statements_agree(
            postings in prop::collection::vec((0_usize..6, 0..Account::COUNT, 0..Account::COUNT, -1e9..1e9), 0..60),
        ) {
            let mut ledger = Ledger::new(6);
            ledger.open(Account::CapexHardware, Account::OpeningEquity, usd(77.0));
            for (month, debit, credit, amount) in postings {
                let (debit, credit) = (Account::ALL[debit], Account::ALL[credit]);
                let cash_against = |a: Account, b: Account| a == Account::Cash && b.cash_flow().is_none();
                if !cash_against(debit, credit) && !cash_against(credit, debit) {
                    ledger.post(month, debit, credit, usd(amount));
                }
            }
            prop_assert_eq!(check(&ledger), Ok(()));
            let all = lines(&ledger);
            let of = |id: &str| all.iter().find(|l| l.id == id).unwrap().usd.clone();
            for (assets, claims) in of("total_assets").iter().zip(of("total_liabilities_and_equity")) {
                prop_assert!((assets - claims).abs() < 1e-3, "{} {}", assets, claims);
            }
        }
    }
}
