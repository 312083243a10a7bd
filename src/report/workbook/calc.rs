//! The sheet of calculations of a strategy: growth of running costs, days of customers and suppliers, depreciation in the books
//! and for tax, income tax with losses carried forward.

use super::book::{Book, Kind, Look, Role};
use super::case::Case;
use super::debt::Debt;
use super::expr::{CellId, Expr, Function, Operator, Over, RowId, choose, is, least, most, share, total};
use super::inputs::{Inputs, words};
use super::lenders::Lenders;
use super::statements::{Statements, Worked, is_given_up};
use super::timing::Timing;
use crate::finance::account::{Account, CashFlow, Class};
use crate::finance::statement::Statement;

/// Days of a mean month.
const MONTH_DAYS: f64 = 365.25 / 12.0;

/// What the calculations begin with.
#[derive(Clone, Copy)]
pub(super) struct Basis<'a> {
    pub(super) case: &'a Case,
    /// The strategy's place among the inputs.
    pub(super) strategy: usize,
    pub(super) inputs: &'a Inputs,
    pub(super) timing: Timing,
    pub(super) statements: &'a Statements,
    pub(super) lenders: &'a Lenders,
}

impl Basis<'_> {
    /// An input of the strategy.
    pub(super) fn input(&self, name: &str) -> CellId {
        self.inputs.of(self.strategy, name)
    }
    /// A line of the cash flow.
    pub(super) fn cash(&self, id: &str) -> Expr {
        self.statements.line(Statement::CashFlow, id)
    }
    /// A line of the income statement.
    pub(super) fn result(&self, id: &str) -> Expr {
        self.statements.line(Statement::Income, id)
    }
}

/// Rows that others need.
#[derive(Debug, Clone)]
pub(super) struct Calc {
    /// Growth of running costs over what the simulation took.
    pub(super) inflation: RowId,
    /// What is set aside for tax in the month.
    pub(super) aside: RowId,
    /// 1 in the month in which all that stands is given up.
    pub(super) disposal: Expr,
}

/// Adds the sheet; `debt` is the strategy's loan with what it capitalises. Gives the lines that it makes to `worked`.
pub(super) fn add(book: &mut Book, basis: &Basis<'_>, debt: Option<&Debt>, worked: &mut Worked) -> Calc {
    let name = format!("Calc {}", basis.strategy + 1);
    let title = format!("Calculations: {}", basis.case.id);
    let sheet = book.sheet(name, &title, Kind::Months);
    book.heading(sheet, "Running costs");
    let growth = |name: &str| Expr::Number(1.0) + share(basis.input(name));
    let years = basis.timing.month / 12.0;
    let ratio = is(
        Operator::Power,
        growth("inflation") / growth("inflation_as_run"),
        years,
    );
    let label = ("Growth of running costs over what the simulation took", "factor");
    let inflation = book.formula(sheet, label, Look::Factor, ratio);
    working_capital(book, sheet, basis, worked);
    let disposal = Expr::Cell(basis.input("disposal_at_horizon")) * basis.timing.last;
    let deductions = depreciation(book, sheet, (basis, debt), worked, &disposal);
    let aside = tax(book, sheet, basis, &deductions, worked);
    Calc {
        inflation,
        aside,
        disposal,
    }
}

/// Receivables and payables: what was earned or used up and waits for so many days after its month.
fn working_capital(book: &mut Book, sheet: usize, basis: &Basis<'_>, worked: &mut Worked) {
    book.heading(sheet, "Working capital");
    for (class, id, label, days) in [
        (
            Class::Income,
            "receivables",
            "Income that customers pay later",
            "receivable_days",
        ),
        (
            Class::Expense,
            "payables",
            "Cost that suppliers are paid later",
            "payable_days",
        ),
    ] {
        let waits = |a: Account| {
            a.class() == class && a.cash_flow() == Some(CashFlow::Operating) && !a.is_paid_at_once()
        };
        let open = basis.statements.sum(Statement::CashFlow, waits);
        let open = if class == Class::Income { open } else { -open };
        let open = book.flow(sheet, label, open);
        let months = book.scalar(
            sheet,
            (&format!("{} wait, months", words(id)), "months"),
            Look::Factor,
            Expr::Cell(basis.input(days)) / MONTH_DAYS,
        );
        let whole = Expr::Call(Function::Int, vec![months.into()]);
        let month = basis.timing.month;
        let early = month - whole.clone();
        let balance = Expr::Over(Over::Between(
            open,
            month,
            Box::new([early.clone(), month.into()]),
        )) + (Expr::Cell(months) - whole)
            * Expr::Over(Over::Where(open, month, Box::new(early)));
        // What is still open at the horizon is settled in its last month.
        let balance = choose(basis.timing.last.is_on(), 0.0, balance);
        let label = format!("{} at the end of the month", words(id));
        let balance = book.formula(sheet, (&label, "USD"), Look::Usd, balance);
        let moved = if class == Class::Income {
            balance.before() - balance
        } else {
            balance - balance.before()
        };
        worked.insert(("cash_flow", id), moved);
    }
}

/// What a kind of asset deducts.
struct Asset<'a> {
    label: &'a str,
    /// What enters service in the month.
    placed: RowId,
    life: CellId,
    method: (&'a str, Option<CellId>),
}

/// Straight line from the month of service on, over a life in years: what a month uses up.
fn straight_line(placed: RowId, month: RowId, life_years: CellId) -> Expr {
    let months = Expr::Cell(life_years) * 12.0;
    let whole = Expr::Call(Function::Int, vec![months.clone()]);
    let oldest = month - whole.clone();
    let bounds = Box::new([oldest.clone(), month.into()]);
    let full = Expr::Over(Over::Between(placed, month, bounds));
    let part = Expr::Over(Over::Where(placed, month, Box::new(oldest)));
    (full + (months.clone() - whole) * part) / months
}

/// Depreciation in the books, what is given up at the horizon, and what is deducted for tax. Gives the deductions of the month's
/// tax year.
fn depreciation(
    book: &mut Book,
    sheet: usize,
    (basis, debt): (&Basis<'_>, Option<&Debt>),
    worked: &mut Worked,
    disposal: &Expr,
) -> Expr {
    book.heading(sheet, "Assets that enter service, at cost");
    let mut assets = Vec::new();
    for kind in ["facility", "hardware"] {
        let found = basis.case.by_month("in_service", kind, book.months);
        let found = book.values(
            sheet,
            (&format!("{}, in the simulation", words(kind)), "USD"),
            Look::Usd,
            found,
        );
        let scale = share(basis.input(&format!("scale/in_service_{kind}")));
        let placed = book.flow(sheet, &words(kind), found * scale);
        let method = format!("{kind}_tax_method");
        assets.push(Asset {
            label: if kind == "facility" {
                "Facility"
            } else {
                "Hardware"
            },
            placed,
            life: basis.input(&format!("{kind}_life")),
            method: (basis.case.kind(&method), Some(basis.input(&method))),
        });
    }
    if let Some(debt) = debt {
        assets.push(Asset {
            label: "Interest and fees while building",
            placed: debt.capitalised_in_service,
            life: basis.input("facility_life"),
            method: ("straight_line", None),
        });
    }
    book.heading(sheet, "Depreciation in the books, straight line");
    let mut books = Vec::new();
    for asset in &assets {
        let used = straight_line(asset.placed, basis.timing.month, asset.life);
        books.push(book.flow(sheet, asset.label, used));
    }
    let all = book.flow(
        sheet,
        "Depreciation",
        total(books.iter().map(|row| Expr::Now(*row))),
    );
    worked.insert(("income", "depreciation"), -all);
    given_up(book, sheet, (basis, all), worked, disposal);
    book.heading(sheet, "Deductions for tax, of the month's tax year");
    let mut deductions = Vec::new();
    for (asset, books) in assets.iter().zip(&books) {
        let row = deduction(book, sheet, basis, (asset, *books));
        // What is capitalised counts once it is complete.
        let counted = match debt {
            Some(debt) if asset.placed == debt.capitalised_in_service => row * debt.operating,
            _ => row.into(),
        };
        deductions.push(counted);
    }
    total(deductions)
}

/// What of a kind of asset the month's tax year deducts.
fn deduction(book: &mut Book, sheet: usize, basis: &Basis<'_>, (asset, books): (&Asset<'_>, RowId)) -> RowId {
    let Timing {
        month, year, opens, ..
    } = basis.timing;
    let (method, parameter) = asset.method;
    let label = format!(
        "{}: {}",
        asset.label,
        if method.is_empty() {
            "none".to_owned()
        } else {
            words(method)
        }
    );
    let by_year = |row: RowId| Expr::Over(Over::Where(row, year, Box::new(year.into())));
    let expr = match (method, parameter) {
        ("straight_line", parameter) => {
            let monthly = match parameter {
                Some(years) => {
                    let used = straight_line(asset.placed, month, years);
                    book.flow(sheet, &format!("{} for tax, of the month", asset.label), used)
                }
                None => books,
            };
            by_year(monthly)
        }
        ("capital_allowance", Some(percent)) => {
            // The pool is what earlier years have not deducted.
            let added = book.formula(
                sheet,
                (&format!("{}: added in the tax year", asset.label), "USD"),
                Look::Usd,
                by_year(asset.placed),
            );
            let pool = book.row(
                sheet,
                &format!("{}: pool at the tax year's start", asset.label),
                "USD",
                (Look::Usd, Role::Formula),
            );
            let left = (pool.before() + added.before()) * (Expr::Number(1.0) - share(percent));
            book.define(pool, choose(opens.is_on(), left, pool.before()));
            (pool + added) * share(percent)
        }
        ("expensed", _) => by_year(asset.placed),
        (table, _) => match basis.inputs.table(table) {
            Some(table) => Expr::Over(Over::Aged(asset.placed, year, Box::new(year.into()), table)),
            None => Expr::Number(0.0),
        },
    };
    book.formula(sheet, (&label, "USD"), Look::Usd, expr)
}

/// What is given up at the horizon: all that was built, less what was depreciated.
fn given_up(
    book: &mut Book,
    sheet: usize,
    (basis, depreciation): (&Basis<'_>, RowId),
    worked: &mut Worked,
    disposal: &Expr,
) {
    let balance = |id: &str| basis.statements.find(Statement::BalanceSheet, id);
    let built = Account::ALL
        .iter()
        .filter(|a| is_given_up(**a) && **a != Account::AccumulatedDepreciation);
    let built = built.filter_map(|a| Some(Expr::Before(balance(a.id())?) - basis.cash(a.id())));
    let depreciated = balance("accumulated_depreciation").map(|row| row.before() - depreciation);
    let worth = total(built.chain(depreciated));
    let worth = book.formula(
        sheet,
        ("Book value of what was built, before it is given up", "USD"),
        Look::Usd,
        worth,
    );
    worked.insert(("income", "disposal_loss"), -(disposal.clone() * worth));
}

/// Income tax by tax year, due in its last month; what is set aside for it month by month.
fn tax(book: &mut Book, sheet: usize, basis: &Basis<'_>, deductions: &Expr, worked: &mut Worked) -> RowId {
    book.heading(sheet, "Income tax");
    let Timing {
        opens,
        closes,
        so_far,
        of_year,
        ..
    } = basis.timing;
    let taxed = |a: Account| {
        matches!(a.class(), Class::Income | Class::Expense)
            && matches!(a.cash_flow(), Some(CashFlow::Investing | CashFlow::Debt))
    };
    let profit = basis.result("ebitda") + basis.statements.sum(Statement::Income, taxed);
    let profit = book.flow(sheet, "Profit before depreciation, residuals and tax", profit);
    let usd = |book: &mut Book, label: &str, expr: Expr| book.formula(sheet, (label, "USD"), Look::Usd, expr);
    let earned = book.row(
        sheet,
        "The same in the tax year so far",
        "USD",
        (Look::Usd, Role::Formula),
    );
    book.define(earned, choose(opens.is_on(), 0.0, earned.before()) + profit);
    let deducted = usd(book, "Deductions of the tax year", deductions.clone());
    let taxable = usd(
        book,
        "Taxable before losses, deductions in proportion to months",
        earned - deducted * (so_far / of_year),
    );
    let brought = book.row(sheet, "Losses brought forward", "USD", (Look::Usd, Role::Formula));
    let most_used = share(basis.input("loss_offset")) * most(taxable, 0.0);
    let used = usd(book, "Losses used", least(brought, most_used));
    let forward = usd(
        book,
        "Losses carried forward if the year ended here",
        brought + most(-taxable, 0.0) - used,
    );
    book.define(brought, choose(opens.is_on(), forward.before(), brought.before()));
    let due = usd(
        book,
        "Tax on the year so far",
        share(basis.input("income_tax")) * (most(taxable, 0.0) - used),
    );
    let aside = due - choose(opens.is_on(), 0.0, due.before());
    let aside = book.flow(sheet, "Set aside for tax", aside);
    let paid = book.flow(sheet, "Tax paid", choose(closes.is_on(), due, 0.0));
    worked.insert(("income", "income_tax"), -paid);
    worked.insert(("cash_flow", "income_tax"), -paid);
    aside
}
