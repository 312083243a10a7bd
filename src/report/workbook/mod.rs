//! The workbook `model.xlsx`: the P50 replication of every strategy as a financial model with live formulas, its results stored
//! beside them, made from the tables of a run alone.
//!
//! A formula is a tree (`expr`) that is both written (`render`) and worked out (`evaluate`), so that the figure which a
//! reader sees before any recalculation is that of the formula. What the simulation found stands on sheets of values; statements,
//! tax, debt and returns follow from it by formulas, one for each row from the first month to the last. Names never enter a
//! formula: sheets are numbered.

mod book;
mod calc;
mod case;
mod debt;
mod evaluate;
mod expr;
mod inputs;
mod late;
mod lenders;
mod lines;
mod reconcile;
mod render;
mod returns;
mod service;
mod statements;
mod timing;
mod write;

use book::{Book, Kind};
use calc::Basis;
use case::Case;
use debt::Debt;
use lenders::Lenders;
use returns::Returns;
use statements::{Makers, Statements, Worked};

use crate::metric::Metric;
use crate::results::tables::RunTables;

/// The file's name in a run directory.
pub const FILE: &str = "model.xlsx";
/// The most months of strategies in one workbook: ten strategies of twenty years. What is beyond is left out and said to be.
const MONTHS_MAX: usize = 2_400;

/// A strategy in the book.
pub(crate) struct Part {
    id: String,
    metrics: Vec<(Metric, f64)>,
    statements: Statements,
    debt: Option<Debt>,
    returns: Returns,
}

impl Part {
    fn metric(&self, metric: Metric) -> Option<f64> {
        self.metrics
            .iter()
            .find(|(own, _)| *own == metric)
            .map(|(_, value)| *value)
    }
}

/// The workbook of a run; `None` where no strategy left statements.
pub fn build(tables: &RunTables) -> Result<Option<Vec<u8>>, rust_xlsxwriter::XlsxError> {
    let Some(book) = book_of(tables) else {
        return Ok(None);
    };
    write::bytes(&book, &format!("Repower: {}", tables.manifest.scenario)).map(Some)
}

/// The book of a run.
fn book_of(tables: &RunTables) -> Option<Book> {
    let mut cases = case::read(tables);
    let months = tables.manifest.months.len();
    let first = first_month(tables)?;
    let strategies = cases.len();
    cases.truncate((MONTHS_MAX / months.max(1)).max(1));
    if cases.is_empty() || months == 0 || months > MONTHS_MAX {
        return None;
    }
    let mut book = Book {
        months,
        ..Book::default()
    };
    let title = format!("Repower: {}", tables.manifest.scenario);
    let cover = book.sheet("Cover".to_owned(), &title, Kind::List(&[100.0]));
    let inputs = inputs::add(&mut book, &cases);
    let timing = timing::add(&mut book, first);
    let mut parts = Vec::new();
    for (strategy, case) in cases.iter().enumerate() {
        let statements = statements::add(&mut book, (strategy + 1, case));
        let basis = Basis {
            case,
            strategy,
            inputs: &inputs,
            timing,
            statements: &statements,
            lenders: &Lenders::default(),
        };
        let (debt, returns) = add_strategy(&mut book, &basis);
        parts.push(Part {
            id: case.id.clone(),
            metrics: Metric::ALL
                .iter()
                .filter_map(|m| Some((*m, case.metric(*m)?)))
                .collect(),
            statements,
            debt,
            returns,
        });
    }
    reconcile::summary(&mut book, tables, &parts);
    reconcile::charts(&mut book, &parts);
    let agreed = reconcile::reconcile(&mut book, &parts);
    reconcile::checks(&mut book, &parts, agreed);
    reconcile::cover(&mut book, cover, tables, &notes(&cases, strategies));
    reconcile::contents(&mut book, cover, &inputs);
    Some(book)
}

/// Adds the sheets of a strategy.
fn add_strategy(book: &mut Book, basis: &Basis<'_>) -> (Option<Debt>, Returns) {
    let mut worked = Worked::new();
    let lenders = lenders::add(book, basis, &mut worked);
    let basis = &Basis {
        lenders: &lenders,
        ..*basis
    };
    let debt = basis.case.borrows().then(|| debt::build(book, basis));
    let calc = calc::add(book, basis, debt.as_ref(), &mut worked);
    let waterfall = debt
        .as_ref()
        .map(|debt| debt::operate(book, basis, debt, calc.aside, &mut worked));
    let makers = Makers {
        case: basis.case,
        inputs: (basis.inputs, basis.strategy),
        inflation: calc.inflation,
        worked,
        disposal: calc.disposal.clone(),
    };
    statements::define(book, basis.statements, &makers);
    let returns = returns::add(book, basis, debt.as_ref().zip(waterfall.as_ref()));
    (debt, returns)
}

/// Year and month of the first month.
fn first_month(tables: &RunTables) -> Option<(f64, f64)> {
    let (year, month) = tables.manifest.months.first()?.split_once('-')?;
    let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
    ((1900..=9000).contains(&year) && (1..=12).contains(&month))
        .then_some((f64::from(year), f64::from(month)))
}

/// What the cover says of how to read the book.
fn notes(cases: &[Case], strategies: usize) -> Vec<String> {
    let mut notes = vec![
        "Inputs are blue on the sheet Inputs; figures of the simulation are grey; everything else is a formula.".to_owned(),
        "Every row of months has one formula from its first month to its last. There is no macro.".to_owned(),
        "Volumes, prices and dates are those of the simulated replication: factors scale them, a new run changes them.".to_owned(),
        "The facility, its share of uses and its schedule are those of financial close; a lender would size anew, the workbook \
         does not."
            .to_owned(),
    ];
    for (number, case) in cases.iter().enumerate() {
        let replication = case
            .replication
            .map_or_else(String::new, |r| format!(", replication {r}"));
        notes.push(format!(
            "Sheets with the number {}: strategy {}{replication}, the lower median of equity NPV",
            number + 1,
            case.id
        ));
    }
    if cases.len() < strategies {
        notes.push(format!("{} of {strategies} strategies are shown.", cases.len()));
    }
    notes
}
