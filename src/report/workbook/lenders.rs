//! The sheet of lenders beside the loan for the works: a loan or lease of machines, drawn and repaid by formulas, and what a
//! letter of credit costs, as the simulation has it.

use super::book::{Book, Kind, Look, Role};
use super::calc::Basis;
use super::debt::usd;
use super::expr::{Expr, Function, Operator, Over, RowId, above, all, choose, is, most, share, total};
use super::statements::Worked;

/// Rows that others need.
#[derive(Debug, Clone, Default)]
pub(super) struct Lenders {
    /// What lenders of machines pay in the month.
    pub(super) draw: Option<RowId>,
    /// What is paid to lenders and the bank of the letter.
    paid: Vec<RowId>,
}

impl Lenders {
    /// What all of them bring and cost in the month; `None` without any.
    pub(super) fn net(&self) -> Option<Expr> {
        let drawn = self.draw.map(Expr::Now);
        let some = drawn.is_some() || !self.paid.is_empty();
        some.then(|| total(drawn.into_iter().chain(self.paid.iter().map(|row| -*row))))
    }
}

/// Adds the sheet where there are such lenders, and gives the lines that they make to `worked`.
pub(super) fn add(book: &mut Book, basis: &Basis<'_>, worked: &mut Worked) -> Lenders {
    let mut lenders = Lenders::default();
    let (machines, letter) = (basis.case.leases_machines(), basis.case.has_letter());
    if !machines && !letter {
        return lenders;
    }
    let name = format!("Lenders {}", basis.strategy + 1);
    let sheet = book.sheet(name, &format!("Other lenders: {}", basis.case.id), Kind::Months);
    let mut fees = Vec::new();
    if machines {
        let [draw, fee, interest, principal] = loan(book, basis, sheet);
        worked.insert(("cash_flow", "debt_draws"), draw.into());
        worked.insert(("cash_flow", "debt_repayments"), -principal);
        worked.insert(("cash_flow", "interest_cost"), -interest);
        fees.push(fee);
        lenders.draw = Some(draw);
        lenders.paid.extend([interest, principal]);
    }
    if letter {
        book.heading(sheet, "Letter of credit");
        let fee = basis.case.by_month("letter_fee", "", book.months);
        let label = ("Fee of the bank, in the simulation", "USD");
        let fee = book.values(sheet, label, Look::Usd, fee);
        book.foot(fee);
        fees.push(fee);
    }
    worked.insert(
        ("cash_flow", "financing_fees"),
        -total(fees.iter().map(|fee| Expr::Now(*fee))),
    );
    lenders.paid.extend(fees);
    lenders
}

/// A loan on machines: draws, fees, interest and principal by month.
///
/// Each draw is repaid in level payments from the month after it, a balloon with the last: what is paid in a month is the level
/// payment on what was drawn in so many months before it, and the balloon of the first of these.
fn loan(book: &mut Book, basis: &Basis<'_>, sheet: usize) -> [RowId; 4] {
    let input = |name: &str| Expr::Cell(basis.input(name));
    let month = basis.timing.month;
    book.heading(sheet, "Loan or lease of machines");
    let paid = most(-basis.cash("capex_hardware"), 0.0);
    let draw = usd(
        book,
        sheet,
        "Drawn: of what is paid for machines",
        paid * share(input("equipment_percent")),
    );
    let fee = usd(book, sheet, "Fee on it", draw * share(input("equipment_fee")));
    let plain = |book: &mut Book, (label, unit), look, expr| book.scalar(sheet, (label, unit), look, expr);
    let count = Expr::Call(Function::Int, vec![input("equipment_years") * 12.0 + 0.5]);
    let count = plain(
        book,
        ("Payments of a draw", "months"),
        Look::Count,
        most(count, 1.0),
    );
    let rate = share(input("equipment_rate")) / 12.0;
    let rate = plain(book, ("Interest of a month", "factor"), Look::Factor, rate);
    let balloon = || share(input("equipment_balloon"));
    let one = || Expr::Number(1.0);
    let discount = is(Operator::Power, one() + rate, -Expr::Cell(count));
    let annuity = (one() - balloon() * discount.clone()) * rate / (one() - discount);
    let even = (one() - balloon()) / count;
    let level = choose(above(rate, 0.0), annuity, even);
    let level = plain(
        book,
        ("Level payment on a dollar drawn", "factor"),
        Look::Factor,
        level,
    );
    let owed = book.row(
        sheet,
        "Owed at the end of the month",
        "USD",
        (Look::Usd, Role::Formula),
    );
    let interest = usd(book, sheet, "Interest", owed.before() * rate);
    let bounds = Box::new([month - Expr::Cell(count) - 1.0, month - 1.0]);
    let running = Expr::Over(Over::Between(draw, month, bounds));
    let ended = Expr::Over(Over::Where(draw, month, Box::new(month - Expr::Cell(count))));
    let payment = running * level + ended * balloon();
    // What the horizon cuts off is repaid in its last month.
    let last = all(vec![basis.timing.last.is_on()]);
    let principal = choose(last, owed.before() + draw, payment - interest);
    let principal = usd(book, sheet, "Principal", principal);
    book.define(owed, owed.before() + draw - principal);
    [draw, fee, interest, principal]
}
