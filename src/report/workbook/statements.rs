//! The statements by formulas, beside the engine's own as values: the same lines at the same places of two sheets.

use std::collections::BTreeMap;

use super::book::{Book, Kind, Look, Role};
use super::case::{Case, layout};
use super::expr::{Expr, RowId, share, total};
use super::inputs::{Inputs, scale_of, words};
use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::statement::Statement;

/// Below this a posting is rounding, USD.
const NOTHING_USD: f64 = 0.001;

/// A pair of lines: by formulas and as the engine has it.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) statement: Statement,
    pub(super) id: &'static str,
    pub(super) formula: RowId,
    pub(super) engine: RowId,
    /// Whether the engine shows the line.
    pub(super) moved: bool,
}

/// The statements of a strategy.
#[derive(Debug, Clone)]
pub(super) struct Statements {
    pub(super) pairs: Vec<Pair>,
    /// What is owned less what is owed and the owners', by month.
    pub(super) check: RowId,
}

/// Accounts that move only where an input is changed.
fn may_move(account: &str, borrows: bool) -> bool {
    let always = ["receivables", "payables", "income_tax"].contains(&account);
    let with_debt = [
        "interest_cost",
        "interest_capitalised",
        "interest_payable",
        "reserve_accounts",
        "debt_draws",
        "debt_repayments",
        "equity_contributions",
        "equity_distributions",
        "cash",
    ];
    always || (borrows && with_debt.contains(&account))
}

fn is_total(id: &str) -> bool {
    Account::from_id(id).is_none() && id != "debt" && id != "retained_earnings"
}

/// Adds both sheets with their lines; formulas come later, when what they need is there.
pub(super) fn add(book: &mut Book, (number, case): (usize, &Case)) -> Statements {
    let name = |word: &str| format!("{word} {number}");
    let title = |word: &str| format!("{word}: {}", case.id);
    let formulas = book.sheet(name("Statements"), &title("Statements"), Kind::Months);
    let engine = book.sheet(
        name("Engine"),
        &title("What the simulation found (values), and statements to reconcile with"),
        Kind::Months,
    );
    let mut pairs = Vec::new();
    let mut under = None;
    for (statement, id) in layout() {
        let line = case.line(statement, id);
        if line.is_none() && !is_total(id) && !may_move(id, case.borrows()) {
            continue;
        }
        if under != Some(statement) {
            under = Some(statement);
            let heading = match statement {
                Statement::Income => "Income statement",
                Statement::CashFlow => "Cash flow",
                Statement::BalanceSheet => "Balance sheet, at the end of the month",
            };
            book.heading(formulas, heading);
            book.heading(engine, heading);
        }
        let label = words(id);
        let role = if is_total(id) { Role::Total } else { Role::Formula };
        let formula = book.row(formulas, &label, "USD", (Look::Usd, role));
        let values = line.map_or_else(|| vec![0.0; book.months], <[f64]>::to_vec);
        let engine = book.values(engine, (&label, "USD"), Look::Usd, values);
        let is_flow = statement != Statement::BalanceSheet && !["opening_cash", "closing_cash"].contains(&id);
        if is_flow {
            book.foot(formula);
            book.foot(engine);
        }
        pairs.push(Pair {
            statement,
            id,
            formula,
            engine,
            moved: line.is_some(),
        });
    }
    book.heading(formulas, "Check");
    let check = book.row(
        formulas,
        "Assets less liabilities and equity",
        "USD",
        (Look::Cents, Role::Formula),
    );
    Statements { pairs, check }
}

impl Statements {
    fn pair(&self, statement: Statement, id: &str) -> Option<&Pair> {
        self.pairs.iter().find(|p| p.statement == statement && p.id == id)
    }
    /// A line by formulas.
    pub(super) fn find(&self, statement: Statement, id: &str) -> Option<RowId> {
        self.pair(statement, id).map(|pair| pair.formula)
    }
    /// A line by formulas, nought where there is none.
    pub(super) fn line(&self, statement: Statement, id: &str) -> Expr {
        self.find(statement, id).map_or(Expr::Number(0.0), Expr::Now)
    }
    /// The sum of lines of accounts that pass.
    pub(super) fn sum(&self, statement: Statement, keep: impl Fn(Account) -> bool) -> Expr {
        let lines = self.pairs.iter().filter(|p| p.statement == statement);
        let own = lines.filter(|p| Account::from_id(p.id).is_some_and(&keep));
        total(own.map(|pair| Expr::Now(pair.formula)))
    }
}

/// What other sheets say of lines that the factors do not make.
pub(super) type Worked = BTreeMap<(&'static str, &'static str), Expr>;

/// What the lines of a strategy are made with.
pub(super) struct Makers<'a> {
    pub(super) case: &'a Case,
    pub(super) inputs: (&'a Inputs, usize),
    /// Growth of running costs over what the simulation took.
    pub(super) inflation: RowId,
    /// Lines worked out on other sheets, by statement and id.
    pub(super) worked: Worked,
    /// The month's disposal: 1 where all that stands is given up.
    pub(super) disposal: Expr,
}

/// Gives every line its formula.
pub(super) fn define(book: &mut Book, statements: &Statements, makers: &Makers<'_>) {
    let mut section: Vec<Expr> = Vec::new();
    let mut carried: Option<RowId> = None;
    for pair in &statements.pairs {
        let worked = makers.worked.get(&(pair.statement.as_str(), pair.id));
        let expr = if let Some(expr) = worked {
            expr.clone()
        } else if is_total(pair.id) {
            let expr = subtotal(statements, pair, (&section, carried));
            section.clear();
            carried = Some(pair.formula);
            book.define(pair.formula, expr);
            continue;
        } else {
            match pair.statement {
                Statement::Income => income(statements, pair, makers),
                Statement::CashFlow => cash(pair, makers),
                Statement::BalanceSheet => balance(statements, pair, makers, book),
            }
        };
        section.push(pair.formula.into());
        book.define(pair.formula, expr);
    }
    let of = |id| statements.line(Statement::BalanceSheet, id);
    book.define(
        statements.check,
        of("total_assets") - of("total_liabilities_and_equity"),
    );
}

/// Subtotals of the income statement run on; those of the others stand for themselves.
fn subtotal(statements: &Statements, pair: &Pair, (section, carried): (&[Expr], Option<RowId>)) -> Expr {
    let of = |statement, id| statements.line(statement, id);
    match (pair.statement, pair.id) {
        (Statement::CashFlow, "net_cash_flow") => {
            let totals = [
                "operating_cash_flow",
                "tax_cash_flow",
                "investing_cash_flow",
                "residual_cash_flow",
                "financing_cash_flow",
                "owners_cash_flow",
            ];
            total(totals.map(|id| of(Statement::CashFlow, id)))
        }
        (Statement::CashFlow, "opening_cash") => statements
            .find(Statement::CashFlow, "closing_cash")
            .map_or(Expr::Number(0.0), Expr::Before),
        (Statement::CashFlow, "closing_cash") => {
            of(Statement::CashFlow, "opening_cash") + of(Statement::CashFlow, "net_cash_flow")
        }
        (Statement::BalanceSheet, "total_liabilities_and_equity") => {
            of(Statement::BalanceSheet, "total_liabilities") + of(Statement::BalanceSheet, "total_equity")
        }
        _ => {
            let carried = carried.filter(|_| pair.statement == Statement::Income);
            total(carried.map(Expr::Now).into_iter().chain(section.iter().cloned()))
        }
    }
}

/// The factor of an account: what its input says, and inflation where it follows that.
fn factor(account: Account, makers: &Makers<'_>) -> Option<Expr> {
    let (inputs, strategy) = makers.inputs;
    let name = format!("scale/{}", scale_of(account).id());
    let scale = inputs.find(strategy, &name).map(share);
    let inflates = matches!(
        account,
        Account::StaffCost
            | Account::NetworkCost
            | Account::OtherOpex
            | Account::MaintenanceCost
            | Account::Decommissioning
    );
    match (scale, inflates) {
        (Some(scale), true) => Some(scale * makers.inflation),
        (scale, _) => scale,
    }
}

fn scaled(engine: RowId, account: Account, makers: &Makers<'_>) -> Expr {
    match factor(account, makers) {
        Some(factor) => engine * factor,
        None => engine.into(),
    }
}

/// Accounts whose earnings without cash move a balance that knows them.
fn has_own_balance(account: Account) -> bool {
    matches!(
        account,
        Account::MiningRevenue | Account::CoinGains | Account::CoinRevaluation | Account::GpuReservedRevenue
    )
}

/// A line of the income statement: what came as cash, and what was earned or used up without it.
fn income(statements: &Statements, pair: &Pair, makers: &Makers<'_>) -> Expr {
    let account = Account::from_id(pair.id).expect("a line that is no total is an account");
    let cash = statements.pair(Statement::CashFlow, pair.id);
    match cash {
        Some(cash) if !has_own_balance(account) => {
            let apart = difference(makers.case, pair.id);
            if apart.iter().all(|usd| usd.abs() < NOTHING_USD) {
                cash.formula.into()
            } else {
                cash.formula + (pair.engine - cash.engine)
            }
        }
        _ => scaled(pair.engine, account, makers),
    }
}

/// What an account earned less what of it was cash, as the engine has it.
fn difference(case: &Case, id: &str) -> Vec<f64> {
    let earned = case.line(Statement::Income, id).unwrap_or_default();
    let cash = case.line(Statement::CashFlow, id).unwrap_or_default();
    let of = |line: &[f64], m: usize| line.get(m).copied().unwrap_or(0.0);
    (0..earned.len().max(cash.len()))
        .map(|m| of(earned, m) - of(cash, m))
        .collect()
}

/// A line of the cash flow.
fn cash(pair: &Pair, makers: &Makers<'_>) -> Expr {
    let account = Account::from_id(pair.id).expect("a line that is no total is an account");
    scaled(pair.engine, account, makers)
}

/// What moves a balance besides cash against it, by formulas: a liability's and equity's growth positive.
fn earned_apart(statements: &Statements, account: Account) -> Vec<(&'static str, Expr)> {
    let apart = |id: &'static str| {
        let cash = statements.line(Statement::CashFlow, id);
        (id, statements.line(Statement::Income, id) - cash)
    };
    match account {
        Account::CoinsHeld => ["mining_revenue", "coin_gains", "coin_revaluation"]
            .map(apart)
            .to_vec(),
        Account::CustomerPrepayments => vec![apart("gpu_reserved_revenue")],
        Account::AccumulatedDepreciation => vec![apart("depreciation")],
        Account::InterestPayable => vec![apart("interest_cost")],
        _ => Vec::new(),
    }
}

/// A line of the balance sheet: what it was, and what moved it.
fn balance(statements: &Statements, pair: &Pair, makers: &Makers<'_>, book: &mut Book) -> Expr {
    if pair.id == "retained_earnings" {
        return pair.formula.before() + statements.line(Statement::Income, "net_income");
    }
    if pair.id == "debt" {
        let moved = ["debt_draws", "debt_repayments"].map(|id| statements.line(Statement::CashFlow, id));
        return pair.formula.before() + total(moved);
    }
    let account = Account::from_id(pair.id).expect("a line that is no total is an account");
    if account == Account::Cash {
        return statements.line(Statement::CashFlow, "closing_cash");
    }
    // Cash against an asset makes it smaller, against what is owed or the owners' greater.
    let is_asset = account.class() == Class::Asset;
    let apart = earned_apart(statements, account);
    let mut expr = Expr::Before(pair.formula);
    if let Some(cash) = statements.find(Statement::CashFlow, pair.id) {
        expr = if is_asset { expr - cash } else { expr + cash };
    }
    for (_, earned) in &apart {
        let grows = is_asset;
        expr = if grows {
            expr + earned.clone()
        } else {
            expr - earned.clone()
        };
    }
    let rest = other_postings(makers.case, account, apart.iter().map(|(id, _)| *id));
    if rest.iter().any(|usd| usd.abs() >= NOTHING_USD) {
        let sheet = book.rows[pair.engine.0].sheet;
        let label = format!("Other postings on {}, without cash", words(pair.id));
        let rest = book.values(sheet, (&label, "USD"), Look::Usd, rest);
        expr = expr + rest;
    }
    if is_given_up(account) {
        return expr * (Expr::Number(1.0) - makers.disposal.clone());
    }
    expr
}

/// Whether an asset is given up at the horizon.
pub(super) fn is_given_up(account: Account) -> bool {
    let is_built = account.cash_flow() == Some(CashFlow::Investing) && account.class() == Class::Asset;
    (is_built && account != Account::OrderDeposits)
        || matches!(
            account,
            Account::InterestCapitalised | Account::AccumulatedDepreciation
        )
}

/// What moved an account besides cash and what is known, as the engine has it: fixed figures. In the last month an asset that is
/// given up has none.
fn other_postings(case: &Case, account: Account, known: impl Iterator<Item = &'static str>) -> Vec<f64> {
    let balance = case
        .line(Statement::BalanceSheet, account.id())
        .unwrap_or_default();
    let cash = case.line(Statement::CashFlow, account.id()).unwrap_or_default();
    let sign = if account.class() == Class::Asset {
        -1.0
    } else {
        1.0
    };
    let mut rest: Vec<f64> = Vec::with_capacity(balance.len());
    let mut before = 0.0;
    for (m, usd) in balance.iter().enumerate() {
        rest.push(usd - before - sign * cash.get(m).copied().unwrap_or(0.0));
        before = *usd;
    }
    for id in known {
        for (rest, apart) in rest.iter_mut().zip(difference(case, id)) {
            *rest += sign * apart;
        }
    }
    if let Some(last) = rest
        .last_mut()
        .filter(|_| is_given_up(account) && case.term("disposal_at_horizon") == 1.0)
    {
        *last = 0.0;
    }
    rest
}
