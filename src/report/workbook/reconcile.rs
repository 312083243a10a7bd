//! The sheets that a reader begins and ends with: cover, summary, charts, reconcile, checks.

use super::Part;
use super::book::{Book, Content, Kind, Look, Picture, Role, Word};
use super::expr::{CellId, Expr, Function, Operator, Over, flag, is, total};
use super::inputs::{Inputs, words};
use super::write::CHART_LINES;
use crate::finance::statement::Statement;
use crate::metric::Metric;
use crate::report::view::View;
use crate::results::tables::RunTables;

/// What counts as agreement, USD.
const CENT_USD: f64 = 0.01;
/// The most arguments given to one function; spreadsheets take 255.
const ARGUMENTS_MAX: usize = 100;

/// What the workbook is, where things are, which inputs are live.
pub(super) fn cover(book: &mut Book, sheet: usize, tables: &RunTables, notes: &[String]) {
    let manifest = &tables.manifest;
    let mut say = |word: Word, text: &str| {
        let line = book.take_line(sheet);
        book.text((sheet, line), 0, word, text);
    };
    say(Word::Plain, &manifest.question);
    say(
        Word::Note,
        &format!(
            "Run {}, repower {} ({})",
            manifest.run_id, manifest.tool_version, manifest.git_hash
        ),
    );
    say(
        Word::Note,
        "US dollars, nominal; money in is positive; months are billing months.",
    );
    say(Word::Plain, "");
    say(Word::Heading, "How to read it");
    for text in notes {
        say(Word::Plain, text);
    }
}

/// Adds the list of sheets to the cover, with links, and the inputs that are live and those that are not.
pub(super) fn contents(book: &mut Book, sheet: usize, inputs: &Inputs) {
    book.heading(sheet, "Sheets");
    for other in 0..book.sheets.len() {
        if other == sheet {
            continue;
        }
        let line = book.take_line(sheet);
        let name = book.sheets[other].name.clone();
        book.text((sheet, line), 0, Word::Plain, &name);
        if let Some(text) = book.texts.last_mut() {
            text.link = Some(other);
        }
    }
    for (heading, list) in [
        ("Live inputs: a change recalculates", &inputs.live),
        (
            "Inputs that are not live: found by the simulation or the sizing; run again to change them",
            &inputs.fixed,
        ),
    ] {
        book.heading(sheet, heading);
        for text in list {
            let line = book.take_line(sheet);
            book.text((sheet, line), 0, Word::Plain, text);
        }
    }
}

/// A cell of a list.
fn put(
    book: &mut Book,
    at: (usize, u32),
    column: u16,
    (look, role): (Look, Role),
    content: Content,
) -> CellId {
    book.cell(at, column, (look, role), content)
}

fn names(book: &mut Book, at: (usize, u32), names: &[&str]) {
    for (column, name) in names.iter().enumerate() {
        book.text(at, column as u16, Word::Heading, name);
    }
}

/// Measures of the P50 replication by formula, beside the distribution over replications as values.
pub(super) fn summary(book: &mut Book, tables: &RunTables, parts: &[Part]) {
    let sheet = book.sheet("Summary".to_owned(), "Summary", Kind::List(&[44.0, 12.0, 18.0]));
    let text = "Formulas carry the P50 replication. The mean over replications is no formula of mean inputs (tax, sweep and \
        lock-up are not linear): mean, quantiles and further roots of the IRR stand as values.";
    book.text((sheet, 1), 0, Word::Note, text);
    book.sheets[sheet].next = 2;
    let view = View::new(tables);
    for part in parts {
        book.heading(sheet, &part.id);
        let line = book.take_line(sheet);
        names(
            book,
            (sheet, line),
            &["", "Unit", "P50 replication", "Mean", "P10", "Median", "P90"],
        );
        for measure in &part.returns.measures {
            let at = (sheet, book.take_line(sheet));
            let definition = measure.metric.definition();
            book.text(at, 0, Word::Plain, &words(measure.metric.id()));
            book.text(at, 1, Word::Note, definition.unit);
            let formula = Content::Formula(measure.cell.into());
            put(book, at, 2, (measure.look, Role::Formula), formula);
            if let Some(row) = view.summary(&part.id, measure.metric) {
                for (column, value) in [row.mean, row.p10, row.p50, row.p90].into_iter().enumerate() {
                    let value = Content::Values(vec![if value.is_finite() { value } else { 0.0 }]);
                    put(book, at, 3 + column as u16, (measure.look, Role::Engine), value);
                }
            }
        }
        for (metric, look) in [
            (Metric::IrrRoots, Look::Count),
            (Metric::IrrHighest, Look::Rate),
            (Metric::Mirr, Look::Rate),
        ] {
            let Some(value) = part.metric(metric) else {
                continue;
            };
            let at = (sheet, book.take_line(sheet));
            book.text(at, 0, Word::Plain, &words(metric.id()));
            book.text(at, 1, Word::Note, metric.definition().unit);
            put(book, at, 2, (look, Role::Engine), Content::Values(vec![value]));
        }
    }
}

/// The engine's figures beside those of the formulas, with inputs as delivered. Gives the cell that says whether all agree.
pub(super) fn reconcile(book: &mut Book, parts: &[Part]) -> CellId {
    let sheet = book.sheet(
        "Reconcile".to_owned(),
        "Reconcile with the simulation",
        Kind::List(&[46.0, 10.0, 20.0]),
    );
    let text = "With inputs as delivered every difference is 0.00; a changed input shows here as what it changed. Flows are summed \
        over the months, balances averaged.";
    book.text((sheet, 1), 0, Word::Note, text);
    book.sheets[sheet].next = 3;
    let first = book.take_line(sheet);
    names(
        book,
        (sheet, first),
        &[
            "",
            "Unit",
            "Simulation",
            "Workbook",
            "Difference",
            "Sum of monthly differences",
        ],
    );
    book.sheets[sheet].frozen = first;
    let mut largest: Vec<Expr> = Vec::new();
    for part in parts {
        let mut apart = Vec::new();
        book.heading(sheet, &part.id);
        lines(book, sheet, part, &mut apart);
        measured(book, sheet, part, &mut apart);
        let at = (sheet, book.take_line(sheet));
        largest.push(widest(book, at, "Largest difference of the strategy", &apart).into());
    }
    let line = book.take_line(sheet) + 1;
    book.sheets[sheet].next += 1;
    widest(book, (sheet, line), "Largest difference", &largest)
}

/// The largest of some figures, by parts: a function of a spreadsheet takes 255 at the most.
fn widest(book: &mut Book, at: (usize, u32), label: &str, apart: &[Expr]) -> CellId {
    book.text(at, 0, Word::Heading, label);
    let parts = apart.chunks(ARGUMENTS_MAX);
    let parts = parts
        .map(|part| Expr::Call(Function::Max, part.to_vec()))
        .collect();
    let largest = Content::Formula(Expr::Call(Function::Max, parts));
    put(book, at, 4, (Look::Cents, Role::Total), largest)
}

fn lines(book: &mut Book, sheet: usize, part: &Part, apart: &mut Vec<Expr>) {
    for pair in part.statements.pairs.iter().filter(|p| p.moved) {
        let at = (sheet, book.take_line(sheet));
        let label = format!("{}: {}", words(pair.statement.as_str()), words(pair.id));
        book.text(at, 0, Word::Plain, &label);
        book.text(at, 1, Word::Note, "USD");
        let is_flow = pair.statement != Statement::BalanceSheet;
        let over = |row| Expr::Over(if is_flow { Over::Sum(row) } else { Over::Mean(row) });
        let Content::Values(values) = &book.rows[pair.engine.0].content else {
            panic!("the engine's lines are values");
        };
        let sum: f64 = values.iter().sum();
        let figure = if is_flow {
            sum
        } else {
            sum / values.len().max(1) as f64
        };
        let engine = put(
            book,
            at,
            2,
            (Look::Cents, Role::Engine),
            Content::Values(vec![figure]),
        );
        let own = put(
            book,
            at,
            3,
            (Look::Cents, Role::Formula),
            Content::Formula(over(pair.formula)),
        );
        let difference = Content::Formula(Expr::Cell(own) - engine);
        put(book, at, 4, (Look::Cents, Role::Formula), difference);
        let monthly = Content::Formula(Expr::Over(Over::Distance(pair.formula, pair.engine)));
        apart.push(put(book, at, 5, (Look::Cents, Role::Formula), monthly).into());
    }
}

fn measured(book: &mut Book, sheet: usize, part: &Part, apart: &mut Vec<Expr>) {
    for measure in &part.returns.measures {
        let Some(value) = part.metric(measure.metric) else {
            continue;
        };
        let at = (sheet, book.take_line(sheet));
        book.text(at, 0, Word::Plain, &words(measure.metric.id()));
        book.text(at, 1, Word::Note, measure.metric.definition().unit);
        let look = if measure.look == Look::Usd {
            Look::Cents
        } else {
            measure.look
        };
        let engine = put(book, at, 2, (look, Role::Engine), Content::Values(vec![value]));
        let own = put(
            book,
            at,
            3,
            (look, Role::Formula),
            Content::Formula(measure.cell.into()),
        );
        let difference = put(
            book,
            at,
            4,
            (Look::Cents, Role::Formula),
            Content::Formula(Expr::Cell(own) - engine),
        );
        apart.push(Expr::Call(Function::Abs, vec![difference.into()]));
    }
}

/// What must hold whatever the inputs.
pub(super) fn checks(book: &mut Book, parts: &[Part], reconciled: CellId) {
    let sheet = book.sheet("Checks".to_owned(), "Checks", Kind::List(&[62.0, 10.0, 20.0]));
    book.text(
        (sheet, 1),
        0,
        Word::Note,
        "1 holds, 0 does not: to a cent in every month.",
    );
    book.sheets[sheet].next = 3;
    let mut holds = Vec::new();
    let check = |book: &mut Book, label: &str, size: Expr| {
        let at = (sheet, book.take_line(sheet));
        book.text(at, 0, Word::Plain, label);
        let size = put(book, at, 2, (Look::Cents, Role::Formula), Content::Formula(size));
        let ok = flag(is(Operator::Less, size, CENT_USD));
        put(book, at, 1, (Look::Count, Role::Formula), Content::Formula(ok))
    };
    for part in parts {
        let line = book.take_line(sheet);
        book.text((sheet, line), 0, Word::Heading, &part.id);
        let greatest = Expr::Over(Over::Greatest(part.statements.check));
        let lowest = Expr::Over(Over::Least(part.statements.check));
        let widest = Expr::Call(Function::Max, vec![greatest, -lowest]);
        holds.push(check(book, "Assets are liabilities and equity", widest));
        if let Some(debt) = &part.debt {
            let apart = debt.draw.sum() + debt.owners_part.sum() - debt.uses.sum();
            let apart = Expr::Call(Function::Abs, vec![apart]);
            holds.push(check(book, "Sources are uses while building", apart));
            let left = Expr::Call(Function::Abs, vec![Expr::Last(debt.balance)]);
            holds.push(check(book, "Nothing is owed at the horizon", left));
            let negative = -Expr::Over(Over::Least(debt.balance));
            holds.push(check(book, "What is owed is never negative", negative));
        }
    }
    let all = total(holds.iter().map(|cell| Expr::Cell(*cell)));
    let all = flag(is(Operator::Equal, all, holds.len() as f64));
    let at = (sheet, book.take_line(sheet) + 1);
    book.sheets[sheet].next += 2;
    book.text(at, 0, Word::Heading, "All hold");
    put(book, at, 1, (Look::Count, Role::Total), Content::Formula(all));
    let at = (sheet, book.take_line(sheet));
    book.text(
        at,
        0,
        Word::Plain,
        "Agrees with the simulation (with inputs as delivered)",
    );
    let agrees = Content::Formula(flag(is(Operator::Less, reconciled, CENT_USD)));
    put(book, at, 1, (Look::Count, Role::Formula), agrees);
}

/// Drawings of each strategy.
pub(super) fn charts(book: &mut Book, parts: &[Part]) {
    let sheet = book.sheet("Charts".to_owned(), "Charts", Kind::List(&[12.0; 12]));
    let mut line = 2;
    let mut draw = |book: &mut Book, title: String, rows: Vec<(String, super::expr::RowId)>, is_column| {
        book.pictures.push(Picture {
            sheet,
            line,
            column: 0,
            title,
            unit: "USD",
            rows,
            is_column,
        });
        line += CHART_LINES;
    };
    let owners = parts
        .iter()
        .map(|part| (part.id.clone(), part.returns.cumulative))
        .collect();
    draw(
        book,
        "Owners' flows so far, P50 replication".to_owned(),
        owners,
        false,
    );
    for part in parts {
        let flow = |id: &str, name: &str| {
            let row = part.statements.find(Statement::CashFlow, id)?;
            Some((name.to_owned(), row))
        };
        let rows = [
            flow("operating_cash_flow", "Operation"),
            flow("tax_cash_flow", "Tax"),
            flow("investing_cash_flow", "Investment"),
            flow("financing_cash_flow", "Lenders"),
        ];
        let rows = rows.into_iter().flatten().collect();
        draw(book, format!("{}: cash flow by month", part.id), rows, true);
        if let Some(debt) = &part.debt {
            let rows = vec![("Owed".to_owned(), debt.balance)];
            draw(book, format!("{}: debt", part.id), rows, false);
        }
    }
}
