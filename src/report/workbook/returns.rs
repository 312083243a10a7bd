//! The sheet of returns of a strategy: flows, present values, rates, multiple, payback, cover.

use super::book::{Book, Content, Kind, Look, Role, TOTAL, Word};
use super::calc::Basis;
use super::debt::{Debt, Waterfall};
use super::expr::{CellId, Expr, Operator, Over, RowId, all, choose, flag, is, least, most, share};
use crate::finance::account::Account;
use crate::finance::statement::Statement;
use crate::metric::Metric;

/// Peak equity over capex below which no rate of return, multiple or payback is given (as the engine has it).
const INVESTED_SHARE_MIN: f64 = 0.2;

/// A measure by formula beside the engine's metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    pub(super) metric: Metric,
    pub(super) cell: CellId,
    pub(super) look: Look,
}

/// What the sheet shows.
#[derive(Debug, Clone)]
pub(super) struct Returns {
    pub(super) measures: Vec<Measure>,
    /// Owners' flows, summed up.
    pub(super) cumulative: RowId,
}

/// Flows of a strategy.
struct Flows {
    project: RowId,
    bare: RowId,
    equity: RowId,
    discount: RowId,
}

/// Adds the sheet.
pub(super) fn add(book: &mut Book, basis: &Basis<'_>, debt: Option<(&Debt, &Waterfall)>) -> Returns {
    let name = format!("Returns {}", basis.strategy + 1);
    let sheet = book.sheet(name, &format!("Returns: {}", basis.case.id), Kind::Months);
    let flows = flows(book, sheet, basis);
    book.heading(sheet, "Towards payback and peak equity");
    let sum = |book: &mut Book, label: &str, of: RowId| {
        let row = book.row(sheet, label, "USD", (Look::Usd, Role::Formula));
        book.define(row, row.before() + of);
        row
    };
    let bare = sum(book, "Project flows without residual so far", flows.bare);
    let cumulative = sum(book, "Owners' flows so far", flows.equity);
    let crossing = book.row(
        sheet,
        "Month of the latest crossing of nought",
        "months",
        (Look::Plain, Role::Formula),
    );
    let crosses = all(vec![
        is(Operator::Less, bare.before(), 0.0),
        is(Operator::AtLeast, bare, 0.0),
    ]);
    let within = basis.timing.month + bare.before() / (bare.before() - bare);
    book.define(crossing, choose(crosses, within, crossing.before()));
    let mut measures = worth(book, sheet, (basis, &flows), (cumulative, bare, crossing));
    if let Some((debt, waterfall)) = debt {
        measures.extend(cover(book, sheet, basis, (debt, waterfall)));
    }
    let mut shared = flows.equity;
    if basis.case.states("vendor_usd") {
        shared = vendor(book, sheet, (basis, &flows), &mut measures);
    }
    if basis.case.states("investor") {
        measures.extend(owners(book, sheet, basis, shared));
    }
    Returns { measures, cumulative }
}

fn flows(book: &mut Book, sheet: usize, basis: &Basis<'_>) -> Flows {
    book.heading(sheet, "Flows");
    let growth = Expr::Number(1.0) + share(basis.input("discount"));
    let discount = is(Operator::Power, growth, -basis.timing.years);
    let discount = book.formula(sheet, ("Discount factor", "factor"), Look::Factor, discount);
    let before_residual =
        basis.cash("operating_cash_flow") + basis.cash("tax_cash_flow") + basis.cash("investing_cash_flow");
    let bare = book.flow(
        sheet,
        "Project, after tax, before financing, without residual",
        before_residual,
    );
    let project = book.flow(
        sheet,
        "Project with residual",
        bare + basis.cash("residual_cash_flow"),
    );
    // Where there is debt, what the company holds back is not the owners' yet.
    let equity = if basis.case.borrows() {
        -basis.cash("owners_cash_flow")
    } else {
        project + basis.cash("financing_cash_flow")
    };
    let equity = book.flow(sheet, "Owners", equity);
    Flows {
        project,
        bare,
        equity,
        discount,
    }
}

/// A measure in a line of its own.
fn measure(
    book: &mut Book,
    sheet: usize,
    (metric, label): (Metric, &str),
    (unit, look): (&'static str, Look),
    expr: Expr,
) -> Measure {
    let cell = book.scalar(sheet, (label, unit), look, expr);
    Measure { metric, cell, look }
}

/// The yearly rate of a row of flows, near the engine's.
fn rate(book: &mut Book, sheet: usize, (label, row): (&str, RowId), known: Option<f64>) -> Expr {
    let line = book.take_line(sheet);
    book.text((sheet, line), 0, Word::Note, label);
    let monthly = known.map_or(0.01, |yearly| (yearly.ln_1p() / 12.0).exp_m1());
    let guess = book.cell(
        (sheet, line),
        TOTAL,
        (Look::Factor, Role::Engine),
        Content::Values(vec![monthly]),
    );
    Expr::Over(Over::YearlyRate(row, guess))
}

fn worth(
    book: &mut Book,
    sheet: usize,
    (basis, flows): (&Basis<'_>, &Flows),
    (cumulative, bare, crossing): (RowId, RowId, RowId),
) -> Vec<Measure> {
    book.heading(sheet, "Worth and returns");
    let value = |row: RowId| Expr::Over(Over::Product(row, flows.discount));
    let usd = ("USD", Look::Usd);
    let mut made = Vec::new();
    for (metric, label, row) in [
        (Metric::NpvUsd, "NPV of the project", flows.project),
        (Metric::NpvEquityUsd, "NPV of the owners", flows.equity),
        (
            Metric::NpvWithoutResidualUsd,
            "NPV of the project without residual",
            flows.bare,
        ),
    ] {
        made.push(measure(book, sheet, (metric, label), usd, value(row)));
    }
    let peak = -least(0.0, Expr::Over(Over::Least(cumulative)));
    let peak = measure(book, sheet, (Metric::PeakEquityUsd, "Peak equity"), usd, peak);
    let works = |a: Account| matches!(a, Account::CapexFacility | Account::CapexHardware);
    let spent = -basis.statements.sum(Statement::CashFlow, works);
    let spent = book.flow(sheet, "Capex by month", spent);
    let capex = measure(book, sheet, (Metric::CapexUsd, "Capex"), usd, spent.sum());
    let invested = all(vec![
        is(
            Operator::Greater,
            peak.cell,
            Expr::Cell(capex.cell) * INVESTED_SHARE_MIN,
        ),
        is(Operator::Greater, capex.cell, 0.0),
    ]);
    let label = ("Money is put in first: a rate of return has a meaning", "0/1");
    let invested = book.scalar(sheet, label, Look::Count, flag(invested));
    let given = |expr: Expr| choose(is(Operator::Equal, invested, 1.0), expr, Expr::Missing);
    made.extend([peak, capex]);
    let returns = |book: &mut Book, metric: Metric, label: &str, row: RowId| {
        let known = basis.case.metric(metric);
        let near = format!("{label}: where it is sought (monthly, the simulation's lowest root)");
        let found = rate(book, sheet, (&near, row), known);
        measure(book, sheet, (metric, label), ("a year", Look::Rate), given(found))
    };
    made.push(returns(book, Metric::Irr, "IRR of the project", flows.project));
    let has_lenders = basis.case.borrows() || basis.case.metric(Metric::EquipmentDebtUsd).is_some();
    let owners = if has_lenders { flows.equity } else { flows.project };
    made.push(returns(book, Metric::IrrEquity, "IRR of the owners", owners));
    let multiple =
        Expr::Over(Over::SumOfPositive(flows.equity)) / -Expr::Over(Over::SumOfNegative(flows.equity));
    let multiple = measure(
        book,
        sheet,
        (Metric::Moic, "Multiple on invested capital"),
        ("x", Look::Ratio),
        given(multiple),
    );
    let paid = choose(
        is(Operator::AtLeast, Expr::Last(bare), 0.0),
        Expr::Last(crossing) / 12.0,
        Expr::Missing,
    );
    let paid = measure(
        book,
        sheet,
        (Metric::PaybackYears, "Payback"),
        ("years", Look::Plain),
        given(paid),
    );
    made.extend([multiple, paid]);
    made
}

/// Cover of a loan.
#[expect(
    clippy::too_many_lines,
    reason = "a sheet from top to bottom, in the order in which it is read"
)]
fn cover(
    book: &mut Book,
    sheet: usize,
    basis: &Basis<'_>,
    (debt, waterfall): (&Debt, &Waterfall),
) -> Vec<Measure> {
    book.heading(sheet, "Loan life");
    let month = basis.timing.month;
    let start = || Expr::Cell(basis.input("first_repayment"));
    let discount = book.row(
        sheet,
        "Discount factor at the loan's rate",
        "factor",
        (Look::Factor, Role::Formula),
    );
    book.rows[discount.0].opening = 1.0;
    let later = is(Operator::AtLeast, month, start());
    book.define(
        discount,
        choose(
            later.clone(),
            discount.before() / (Expr::Number(1.0) + debt.factor),
            1.0,
        ),
    );
    let worth = choose(later, waterfall.cash * discount, 0.0);
    let project = book.flow(sheet, "CFADS to the horizon, discounted to its start", worth);
    let within = is(Operator::AtMost, month, basis.input("schedule_end"));
    let loan = book.flow(sheet, "Of it to the schedule's end", choose(within, project, 0.0));
    let owed = waterfall.owed_at_start.sum();
    let has = |expr: Expr| choose(is(Operator::Greater, owed.clone(), 1e-6), expr, Expr::Missing);
    let (life, horizon) = (loan.sum() / owed.clone(), project.sum() / owed.clone());
    let covered = is(Operator::Greater, Expr::Over(Over::Count(waterfall.cover)), 0.0);
    let of_cover = |expr: Over| choose(covered.clone(), Expr::Over(expr), Expr::Missing);
    let lowest = || Box::new(Expr::Over(Over::Least(waterfall.cover)));
    let lowest_month = Over::Find(month, waterfall.cover, lowest());
    let usd = ("USD", Look::Usd);
    let ratio = ("ratio", Look::Ratio);
    let count = ("", Look::Count);
    let (interest, fees) = debt.building;
    let lines: [(Metric, &str, (&'static str, Look), Expr); 11] = [
        (Metric::DebtUsd, "Debt drawn", usd, debt.drawn_in_all()),
        (
            Metric::InterestBuildingUsd,
            "Interest while building",
            usd,
            interest.sum(),
        ),
        (Metric::FeesBuildingUsd, "Fees while building", usd, fees.sum()),
        (
            Metric::DscrMin,
            "Smallest cover ratio",
            ratio,
            of_cover(Over::Least(waterfall.cover)),
        ),
        (
            Metric::DscrMinMonth,
            "Its month, from 1",
            count,
            choose(covered.clone(), Expr::Over(lowest_month) + 1.0, Expr::Missing),
        ),
        (
            Metric::DscrMean,
            "Mean cover ratio",
            ratio,
            of_cover(Over::Mean(waterfall.cover)),
        ),
        (Metric::Llcr, "Loan life cover ratio", ratio, has(life)),
        (Metric::Plcr, "Project life cover ratio", ratio, has(horizon)),
        (Metric::CovenantBroken, "Covenant ever broken", count, {
            flag(is(Operator::Greater, waterfall.breached.sum(), 0.0))
        }),
        (
            Metric::CovenantBreaches,
            "Periods with a broken covenant",
            count,
            waterfall.breached.sum(),
        ),
        (
            Metric::LockUps,
            "Periods of lock-up",
            count,
            waterfall.locked.sum(),
        ),
    ];
    let lines = lines.into_iter();
    lines
        .map(|(metric, label, shown, expr)| measure(book, sheet, (metric, label), shown, expr))
        .collect()
}

/// What a vendor of machines pays in and gets. Gives what is left for all other owners.
fn vendor(
    book: &mut Book,
    sheet: usize,
    (basis, flows): (&Basis<'_>, &Flows),
    made: &mut Vec<Measure>,
) -> RowId {
    book.heading(sheet, "Equity of a vendor");
    let input = |name: &str| Expr::Cell(basis.input(name));
    let later = is(Operator::AtLeast, basis.timing.month, input("vendor_from"));
    let balance = |book: &mut Book, label: &str| book.row(sheet, label, "USD", (Look::Usd, Role::Formula));
    let machines = balance(book, "Paid for machines since its date");
    let hardware = choose(later.clone(), -basis.cash("capex_hardware"), 0.0);
    book.define(machines, machines.before() + hardware);
    let tied = is(Operator::Equal, input("vendor_hardware"), 1.0);
    let limit = choose(tied, least(input("vendor_usd"), machines), input("vendor_usd"));
    let so_far = balance(book, "Paid in so far");
    let open = most(limit - so_far.before(), 0.0);
    let paid = choose(later.clone(), least(most(-flows.equity, 0.0), open), 0.0);
    let paid = book.flow(sheet, "Vendor pays in", paid);
    book.define(so_far, so_far.before() + paid);
    let part = share(input("vendor_ownership")) * so_far / most(input("vendor_usd"), 1e-9);
    let gets = choose(later, most(flows.equity, 0.0) * part, 0.0);
    let own = book.flow(sheet, "Vendor", gets - paid);
    let others = book.flow(sheet, "All other owners", flows.equity - own);
    let label = "IRR of the vendor";
    let near = format!("{label}: where it is sought (monthly, the simulation's lowest root)");
    let found = rate(book, sheet, (&near, own), basis.case.metric(Metric::IrrVendor));
    let worth = Expr::Over(Over::Product(others, flows.discount));
    let usd = ("USD", Look::Usd);
    for (metric, label, shown, expr) in [
        (Metric::VendorEquityUsd, "Equity of the vendor", usd, paid.sum()),
        (Metric::IrrVendor, label, ("a year", Look::Rate), found),
        (Metric::NpvOtherOwnersUsd, "NPV of all other owners", usd, worth),
    ] {
        made.push(measure(book, sheet, (metric, label), shown, expr));
    }
    others
}

/// How owners share: first the preferred return, then the sponsor's promote.
fn owners(book: &mut Book, sheet: usize, basis: &Basis<'_>, equity: RowId) -> Vec<Measure> {
    book.heading(sheet, "Investor and sponsor");
    let part = || share(basis.input("investor"));
    let growth = Expr::Number(1.0) + share(basis.input("preferred"));
    let growth = is(Operator::Power, growth, Expr::Number(1.0) / 12.0);
    let owed = book.row(
        sheet,
        "Owed with the preferred return",
        "USD",
        (Look::Usd, Role::Formula),
    );
    let grown = owed.before() * growth;
    let preferred = book.flow(sheet, "Of the flow, preferred", least(equity, grown.clone()));
    book.define(owed, grown - preferred);
    let promoted = (equity - preferred) * share(basis.input("promote"));
    let promoted = book.flow(sheet, "Promote", promoted);
    let investor = book.flow(sheet, "Investor", part() * (equity - promoted));
    let sponsor = book.flow(sheet, "Sponsor", equity - investor);
    let mut made = Vec::new();
    for (metric, label, row) in [
        (Metric::IrrInvestor, "IRR of the investor", investor),
        (Metric::IrrSponsor, "IRR of the sponsor", sponsor),
    ] {
        let near = format!("{label}: where it is sought (monthly, the simulation's lowest root)");
        let found = rate(book, sheet, (&near, row), basis.case.metric(metric));
        made.push(measure(
            book,
            sheet,
            (metric, label),
            ("a year", Look::Rate),
            found,
        ));
    }
    made
}
