//! Draws while the loan is repaid, of a facility that stays available: rows of the debt's sheet where a scenario says so.

use super::book::{Book, Look};
use super::calc::Basis;
use super::debt::{Debt, later, usd};
use super::expr::{Expr, RowId, all, below, choose, equal, flag, least, most, share, total};
use super::timing::Timing;

/// Rows of late draws.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    /// 1 while works of late halls are drawn for.
    on: RowId,
    /// What the schedule as sized leaves owed at the end of the month.
    planned: RowId,
    /// Drawn in the month.
    pub(super) draw: RowId,
    /// Share of the schedule as sized that is served, after the month's draw.
    pub(super) served: RowId,
    /// Commitment fee on what can still be drawn.
    pub(super) fee: RowId,
}

/// Adds what holds before the works of the month are known; `drawn` is all that was drawn so far, `completes` the month in which
/// building is over.
pub(super) fn begin(
    book: &mut Book,
    basis: &Basis<'_>,
    (sheet, part): (usize, RowId),
    (operating, completes): (RowId, RowId),
    drawn: RowId,
) -> Late {
    let Timing { month, last, .. } = basis.timing;
    let input = |name: &str| Expr::Cell(basis.input(name));
    book.heading(sheet, "Draws while repaying");
    let planned = basis.case.by_month("owed_as_sized", "", book.months);
    let label = ("Owed as sized, at the end of the month", "USD");
    let planned = book.values(sheet, label, Look::Usd, planned);
    let on = all(vec![
        operating.is_on(),
        below(month, least(input("draws_end"), input("completion"))),
        equal(last, 0.0),
    ]);
    let on = book.formula(
        sheet,
        ("Works of late halls are drawn for", "0/1"),
        Look::Count,
        flag(on),
    );
    let draw = later(book, sheet, "Drawn for halls that are not ready yet");
    let label = ("Share of the schedule served", "factor");
    let served = book.row(
        sheet,
        label.0,
        label.1,
        (Look::Factor, super::book::Role::Formula),
    );
    let more = choose(on.is_on(), draw / planned, 0.0);
    let whole = Expr::Now(drawn) / input("schedule_basis");
    book.define(served, choose(completes.is_on(), whole, served.before() + more));
    let undrawn = most(input("facility") - drawn.before(), 0.0);
    let unserved = most(Expr::Number(1.0) - served.before(), 0.0) * planned.before();
    let fee = least(undrawn, unserved) * part * share(input("commitment_fee"));
    let fee = usd(
        book,
        sheet,
        "Commitment fee while repaying",
        choose(on.is_on(), fee, 0.0),
    );
    Late {
        on,
        planned,
        draw,
        served,
        fee,
    }
}

/// Says what is drawn: debt's share of what the works of the month still cost, as far as the facility and the schedule go.
pub(super) fn define(book: &mut Book, basis: &Basis<'_>, late: &Late, (drawn, unpaid): (RowId, RowId)) {
    let input = |name: &str| Expr::Cell(basis.input(name));
    let whole = || Expr::Number(1.0) + share(input("overrun"));
    let limit = most(input("facility") * whole() - drawn.before(), 0.0);
    let unserved = most(whole() - late.served.before(), 0.0) * late.planned;
    let part = most(share(input("debt_share")) * unpaid, 0.0);
    let draw = least(part, least(limit, unserved));
    book.define(late.draw, choose(late.on.is_on(), draw, 0.0));
}

impl Debt {
    /// What is drawn over the horizon.
    pub(super) fn drawn_in_all(&self) -> Expr {
        match self.late {
            Some(late) => self.draw.sum() + late.draw.sum(),
            None => self.draw.sum(),
        }
    }
    /// What is drawn in a month of operation.
    pub(super) fn late_draw(&self) -> Option<Expr> {
        self.late.map(|late| Expr::Now(late.draw))
    }
    /// Fees while it is repaid.
    pub(super) fn later_fees(&self) -> Option<Expr> {
        let fees = [self.renewal, self.late.map(|late| late.fee)];
        let fees: Vec<Expr> = fees.into_iter().flatten().map(Expr::Now).collect();
        (!fees.is_empty()).then(|| total(fees))
    }
}

/// A sum with one more term, where there is one.
pub(super) fn plus(expr: Expr, more: Option<Expr>) -> Expr {
    match more {
        Some(more) => expr + more,
        None => expr,
    }
}
