//! What a strategy's loan asks for at each payment date: the service of its schedule, level payments of what is lent anew after
//! it, and the rest at the end.

use super::book::{Book, Look};
use super::calc::Basis;
use super::debt::{Debt, later, usd};
use super::expr::{
    Expr, Function, Operator, RowId, above, all, any, at_least, choose, equal, flag, is, least, most, share,
};
use super::timing::Timing;

/// Dues of a payment period and what meets them.
pub(super) struct Dues {
    pub(super) pays: RowId,
    /// Whether its cover counts.
    pub(super) counted: RowId,
    pub(super) all_due: RowId,
    pub(super) schedule: RowId,
    pub(super) interest: RowId,
    pub(super) principal: RowId,
    pub(super) due: RowId,
    pub(super) gathered: RowId,
}

/// What is lent anew after the schedule, for level payments.
struct Anew {
    /// Payments that are left, this one included.
    left: RowId,
    /// A level payment of what is owed.
    level: RowId,
    /// Dates whose cover counts: those of the schedule, and those of level payments.
    counted: RowId,
}

/// Level payments after the schedule: what is owed, at the interest of the period, over the payments that are left.
fn lent_anew(book: &mut Book, basis: &Basis<'_>, debt: &Debt, (pays, scheduled): (RowId, RowId)) -> Anew {
    let sheet = debt.sheet;
    let Timing { month, last, .. } = basis.timing;
    let input = |name: &str| Expr::Cell(basis.input(name));
    let since = (month - input("schedule_end")) / input("payment_months");
    let left = input("refinancing_periods") + 1.0 - Expr::Call(Function::Int, vec![since]);
    let label = ("Level payments left after the schedule", "");
    let left = book.formula(sheet, label, Look::Count, most(left, 0.0));
    let rate = book.row(
        sheet,
        "Interest on a dollar since the last payment",
        "factor",
        (Look::Factor, super::book::Role::Formula),
    );
    let before = choose(equal(pays.before(), 1.0), 0.0, rate.before());
    book.define(rate, before + choose(debt.operating.is_on(), debt.factor, 0.0));
    let owed = debt.balance.before();
    let discount = is(Operator::Power, Expr::Number(1.0) + rate, -Expr::Now(left));
    let annuity = owed.clone() * rate / (Expr::Number(1.0) - discount);
    let level = choose(
        above(left, 0.0),
        choose(above(rate, 0.0), annuity, owed / left),
        0.0,
    );
    let level = usd(book, sheet, "Level payment of what is owed", level);
    let anew = all(vec![
        pays.is_on(),
        above(month, input("schedule_end")),
        equal(last, 0.0),
    ]);
    let counted = flag(any(vec![scheduled.is_on(), anew]));
    let counted = book.formula(sheet, ("Date whose cover counts", "0/1"), Look::Count, counted);
    Anew { left, level, counted }
}

/// Service of the schedule as sized, in proportion to what was drawn, and the level payments of what is lent anew.
fn of_schedule(
    book: &mut Book,
    basis: &Basis<'_>,
    debt: &Debt,
    (pays, scheduled, all_due): (RowId, RowId, RowId),
    anew: Option<&Anew>,
) -> RowId {
    let sheet = debt.sheet;
    let Timing { month, .. } = basis.timing;
    let input = |name: &str| Expr::Cell(basis.input(name));
    let service = basis.case.by_month("service", "", book.months);
    let service = book.values(
        sheet,
        ("Service of the schedule as sized", "USD"),
        Look::Usd,
        service,
    );
    let drawn = match debt.late {
        Some(late) => late.served.before(),
        None => debt.draw.sum() / input("schedule_basis"),
    };
    let schedule = choose(
        scheduled.is_on(),
        service * share(input("service_scale")) * drawn,
        anew.map_or(Expr::Number(0.0), |anew| {
            let pays = all(vec![
                pays.is_on(),
                above(month, input("schedule_end")),
                equal(all_due, 0.0),
            ]);
            choose(pays, anew.level, 0.0)
        }),
    );
    usd(
        book,
        sheet,
        "Service of the schedule, of what was drawn",
        schedule,
    )
}

/// What is due at each payment date.
pub(super) fn dues(
    book: &mut Book,
    basis: &Basis<'_>,
    debt: &Debt,
    (available, accrued): (RowId, RowId),
) -> Dues {
    let sheet = debt.sheet;
    let Timing { month, last, .. } = basis.timing;
    let input = |name: &str| Expr::Cell(basis.input(name));
    book.heading(sheet, "Debt service");
    let modulo = |of: Expr| Expr::Call(Function::Mod, vec![of, input("payment_months")]);
    let dated = equal(modulo(month + 1.0), modulo(input("first_repayment")));
    let pays = all(vec![debt.operating.is_on(), any(vec![last.is_on(), dated])]);
    let pays = book.formula(sheet, ("Payment date", "0/1"), Look::Count, flag(pays));
    let within = all(vec![
        pays.is_on(),
        at_least(month, input("first_repayment")),
        is(Operator::AtMost, month, input("schedule_end")),
    ]);
    let scheduled = book.formula(sheet, ("Date of the schedule", "0/1"), Look::Count, flag(within));
    let anew = basis
        .case
        .refinances()
        .then(|| lent_anew(book, basis, debt, (pays, scheduled)));
    let beyond = above(month, input("schedule_end"));
    let beyond = match &anew {
        Some(anew) => all(vec![beyond, is(Operator::AtMost, anew.left, 1.0)]),
        None => beyond,
    };
    let rest = all(vec![pays.is_on(), any(vec![last.is_on(), beyond])]);
    let all_due = book.formula(sheet, ("All is due", "0/1"), Look::Count, flag(rest));
    let schedule = of_schedule(book, basis, debt, (pays, scheduled, all_due), anew.as_ref());
    let gather = |book: &mut Book, label: &str, of: RowId| {
        let row = later(book, sheet, label);
        book.define(row, choose(equal(pays.before(), 1.0), 0.0, row.before()) + of);
        row
    };
    let gathered = gather(book, "CFADS since the last payment", available);
    let owing = gather(book, "Interest since the last payment", accrued);
    let interest = usd(book, sheet, "Interest due", choose(pays.is_on(), owing, 0.0));
    let owed = debt.balance.before();
    let part = least(most(schedule - interest, 0.0), owed.clone());
    let principal = choose(all_due.is_on(), owed, part);
    let principal = usd(book, sheet, "Principal due", choose(pays.is_on(), principal, 0.0));
    let due = usd(book, sheet, "Due", interest + principal);
    Dues {
        pays,
        counted: anew.map_or(scheduled, |anew| anew.counted),
        all_due,
        schedule,
        interest,
        principal,
        due,
        gathered,
    }
}
