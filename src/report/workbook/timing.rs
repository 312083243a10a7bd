//! The sheet of months: dates, calendar years, tax years.

use super::book::{Book, Content, Kind, Look, Role, Word};
use super::expr::{CellId, Expr, Function, Operator, Over, RowId, any, choose, flag, is};

/// Rows that every sheet counts by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// The month's number from 0.
    pub(super) month: RowId,
    /// Calendar year, which is the tax year.
    pub(super) year: RowId,
    /// 1 in the first month of a tax year.
    pub(super) opens: RowId,
    /// 1 in the last month of a tax year, in which its tax is due.
    pub(super) closes: RowId,
    /// How many of the tax year's months have begun.
    pub(super) so_far: RowId,
    /// How many months the tax year has within the horizon.
    pub(super) of_year: RowId,
    /// 1 in the last month of the horizon.
    pub(super) last: RowId,
    /// Years from the start to the month's middle.
    pub(super) years: RowId,
    /// Number of months.
    pub(super) count: CellId,
}

/// Adds the sheet; `first` is the year and month of the first month.
#[expect(
    clippy::too_many_lines,
    reason = "a sheet from top to bottom, in the order in which it is read"
)]
pub(super) fn add(book: &mut Book, first: (f64, f64)) -> Timing {
    let sheet = book.sheet("Timing".to_owned(), "Timing", Kind::Months);
    let line = 4;
    book.text(
        (sheet, line),
        0,
        Word::Plain,
        "First month: year, month, number of months",
    );
    let value = |number: f64| Content::Values(vec![number]);
    let engine = |look| (look, Role::Engine);
    let year_cell = book.cell((sheet, line), 1, engine(Look::Year), value(first.0));
    let month_cell = book.cell((sheet, line), 2, engine(Look::Count), value(first.1));
    let count = book.cell((sheet, line), 3, engine(Look::Count), value(book.months as f64));
    book.sheets[sheet].next = 6;
    let month = book.row(sheet, "Month, from 0", "", (Look::Count, Role::Formula));
    book.rows[month.0].opening = -1.0;
    book.define(month, month.before() + 1.0);
    let date = Expr::Call(
        Function::Date,
        vec![year_cell.into(), Expr::Cell(month_cell) + month, 1.0.into()],
    );
    let start = book.formula(sheet, ("First day", ""), Look::Month, date);
    let dates = book.row(sheet, "Month", "", (Look::Month, Role::Total));
    book.rows[dates.0].line = 2;
    book.sheets[sheet].next -= 1;
    book.define(dates, Expr::Now(start));
    book.dates = Some(dates);
    let of = |function| Expr::Call(function, vec![start.into()]);
    let year = book.formula(
        sheet,
        ("Calendar and tax year", ""),
        Look::Year,
        of(Function::Year),
    );
    let number = book.formula(sheet, ("Month of the year", ""), Look::Count, of(Function::Month));
    let last_month = Expr::Cell(count) - 1.0;
    let last = is(Operator::Equal, month, last_month.clone());
    let last = book.formula(
        sheet,
        ("Last month of the horizon", "0/1"),
        Look::Count,
        flag(last),
    );
    let opens = any(vec![
        is(Operator::Equal, number, 1.0),
        is(Operator::Equal, month, 0.0),
    ]);
    let opens = book.formula(
        sheet,
        ("First month of a tax year", "0/1"),
        Look::Count,
        flag(opens),
    );
    let closes = any(vec![
        is(Operator::Equal, number, 12.0),
        is(Operator::Equal, month, last_month),
    ]);
    let closes = book.formula(
        sheet,
        ("Last month of a tax year", "0/1"),
        Look::Count,
        flag(closes),
    );
    let so_far = book.row(
        sheet,
        "Months of the tax year so far",
        "months",
        (Look::Count, Role::Formula),
    );
    book.define(so_far, choose(opens.is_on(), 1.0, so_far.before() + 1.0));
    let of_year = Expr::Over(Over::CountWhere(year, Box::new(year.into())));
    let of_year = book.formula(sheet, ("Months of the tax year", "months"), Look::Count, of_year);
    let middle = (month + 0.5) / 12.0;
    let years = book.formula(
        sheet,
        ("Years from the start to the month's middle", "years"),
        Look::Factor,
        middle,
    );
    Timing {
        month,
        year,
        opens,
        closes,
        so_far,
        of_year,
        last,
        years,
        count,
    }
}
