//! What the formulas of a book come to: the figures stored with them.
//!
//! Rows are worked out on demand, month after month, and each cell once.

use jiff::civil::Date;

use super::book::{Book, Content};
use super::expr::{CellId, Expr, Function, Over, RowId};
use crate::finance::irr_roots;

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// An empty text.
    Blank,
    /// `n/a`.
    Missing,
}

impl Value {
    /// The figure; a text in arithmetic is no number, as a spreadsheet says too.
    pub(super) const fn number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Blank | Self::Missing => f64::NAN,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    Open,
    Busy,
    Done(Value),
}

/// The figures of a book.
#[derive(Debug)]
pub(super) struct Evaluator<'a> {
    book: &'a Book,
    rows: Vec<Vec<Slot>>,
    cells: Vec<Slot>,
}

/// The number that spreadsheets give a day.
pub(super) fn serial(date: Date) -> f64 {
    let zero = Date::constant(1899, 12, 30);
    zero.until(date)
        .map_or(f64::NAN, |span| f64::from(span.get_days()))
}

fn date_of(serial: f64) -> Option<Date> {
    let days = jiff::Span::new().try_days(serial as i64).ok()?;
    Date::constant(1899, 12, 30).checked_add(days).ok()
}

/// The first of a month that may lie beyond December.
fn first_of(year: f64, month: f64, day: f64) -> f64 {
    let months = (year as i64) * 12 + (month as i64) - 1;
    let first = Date::new(months.div_euclid(12) as i16, months.rem_euclid(12) as i8 + 1, 1);
    first.map_or(f64::NAN, |date| serial(date) + day - 1.0)
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(book: &'a Book) -> Self {
        Self {
            book,
            rows: vec![vec![Slot::Open; book.months]; book.rows.len()],
            cells: vec![Slot::Open; book.cells.len()],
        }
    }

    /// A row in a month.
    pub(super) fn row(&mut self, row: RowId, month: usize) -> Value {
        let slot = self.rows[row.0][month];
        if let Slot::Done(value) = slot {
            return value;
        }
        let book = self.book;
        let item = &book.rows[row.0];
        assert!(
            slot == Slot::Open,
            "`{}` depends on itself in month {month}",
            item.label
        );
        self.rows[row.0][month] = Slot::Busy;
        let value = match &item.content {
            Content::Undefined => panic!("`{}` was never defined", item.label),
            Content::Values(values) => Value::Number(values[month]),
            Content::Formula(expr) => self.value(expr, month),
        };
        self.rows[row.0][month] = Slot::Done(value);
        value
    }

    /// All months of a row.
    pub(super) fn months(&mut self, row: RowId) -> Vec<f64> {
        (0..self.book.months).map(|m| self.row(row, m).number()).collect()
    }

    /// A single cell.
    pub(super) fn cell(&mut self, cell: CellId) -> Value {
        let slot = self.cells[cell.0];
        if let Slot::Done(value) = slot {
            return value;
        }
        assert!(slot == Slot::Open, "cell {} depends on itself", cell.0);
        self.cells[cell.0] = Slot::Busy;
        let book = self.book;
        let value = match &book.cells[cell.0].content {
            Content::Values(values) => Value::Number(values[0]),
            Content::Formula(expr) => self.value(expr, 0),
            Content::Undefined => panic!("cell {} was never defined", cell.0),
        };
        self.cells[cell.0] = Slot::Done(value);
        value
    }

    fn number(&mut self, expr: &Expr, month: usize) -> f64 {
        self.value(expr, month).number()
    }

    /// A formula in a month.
    pub(super) fn value(&mut self, expr: &Expr, month: usize) -> Value {
        Value::Number(match expr {
            Expr::Number(number) => *number,
            Expr::Blank => return Value::Blank,
            Expr::Missing => return Value::Missing,
            Expr::Now(row) => return self.row(*row, month),
            Expr::Before(row) => match month.checked_sub(1) {
                Some(before) => return self.row(*row, before),
                None => self.book.rows[row.0].opening,
            },
            Expr::Last(row) => return self.row(*row, self.book.months - 1),
            Expr::Cell(cell) => return self.cell(*cell),
            Expr::Negative(inner) => 0.0 - self.number(inner, month),
            Expr::Two(operator, sides) => {
                let left = self.number(&sides[0], month);
                operator.apply(left, self.number(&sides[1], month))
            }
            Expr::Call(Function::If, arguments) => {
                let holds = self.number(&arguments[0], month) != 0.0;
                return self.value(&arguments[if holds { 1 } else { 2 }], month);
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, month),
            Expr::Over(over) => return self.over(over, month),
        })
    }

    fn call(&mut self, function: Function, arguments: &[Expr], month: usize) -> f64 {
        let x: Vec<f64> = arguments.iter().map(|a| self.number(a, month)).collect();
        let holds = |condition: bool| f64::from(u8::from(condition));
        match function {
            Function::Min => x.iter().copied().fold(f64::INFINITY, f64::min),
            Function::Max => x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::And => holds(x.iter().all(|x| *x != 0.0)),
            Function::Or => holds(x.iter().any(|x| *x != 0.0)),
            Function::Int => x[0].floor(),
            Function::Mod => x[0] - x[1] * (x[0] / x[1]).floor(),
            Function::Date => first_of(x[0], x[1], x[2]),
            Function::Year => date_of(x[0]).map_or(f64::NAN, |d| f64::from(d.year())),
            Function::Month => date_of(x[0]).map_or(f64::NAN, |d| f64::from(d.month())),
            Function::Abs => x[0].abs(),
            Function::If => unreachable!("choices are made one-sided"),
        }
    }

    fn over(&mut self, over: &Over, month: usize) -> Value {
        let sum_where = |sum: &[f64], key: &[f64], holds: &dyn Fn(f64) -> bool| -> f64 {
            let pairs = sum.iter().zip(key).filter(|(_, key)| holds(**key));
            pairs.map(|(usd, _)| usd).sum()
        };
        Value::Number(match over {
            Over::Sum(row) => self.months(*row).iter().sum(),
            Over::Least(row) => self.shown(*row).into_iter().reduce(f64::min).unwrap_or(0.0),
            Over::Greatest(row) => self.shown(*row).into_iter().reduce(f64::max).unwrap_or(0.0),
            Over::Mean(row) => {
                let shown = self.shown(*row);
                shown.iter().sum::<f64>() / shown.len().max(1) as f64
            }
            Over::Count(row) => self.shown(*row).len() as f64,
            Over::SumOfPositive(row) => self.months(*row).iter().filter(|x| **x > 0.0).sum(),
            Over::SumOfNegative(row) => self.months(*row).iter().filter(|x| **x < 0.0).sum(),
            Over::Product(a, b) => {
                let (a, b) = (self.months(*a), self.months(*b));
                a.iter().zip(&b).map(|(a, b)| a * b).sum()
            }
            Over::Distance(a, b) => {
                let (a, b) = (self.months(*a), self.months(*b));
                a.iter().zip(&b).map(|(a, b)| (a - b).abs()).sum()
            }
            Over::Where(sum, key, equal) => {
                let equal = self.number(equal, month);
                sum_where(&self.months(*sum), &self.months(*key), &|key| key == equal)
            }
            Over::CountWhere(key, equal) => {
                let equal = self.number(equal, month);
                self.months(*key).iter().filter(|key| **key == equal).count() as f64
            }
            Over::Between(sum, key, bounds) => {
                let (above, upto) = (self.number(&bounds[0], month), self.number(&bounds[1], month));
                sum_where(&self.months(*sum), &self.months(*key), &|key| {
                    key > above && key <= upto
                })
            }
            Over::Aged(cost, key, now, table) => {
                let now = self.number(now, month);
                let (cost, key) = (self.months(*cost), self.months(*key));
                let shares = &self.book.tables[table.0].shares;
                let aged = |(age, share): (usize, &f64)| {
                    share * sum_where(&cost, &key, &|key| key == now - age as f64)
                };
                shares.iter().enumerate().map(aged).sum()
            }
            Over::Find(result, key, equal) => {
                let equal = self.number(equal, month);
                let found = (0..self.book.months).find(|m| self.row(*key, *m) == Value::Number(equal));
                return found.map_or(Value::Missing, |m| self.row(*result, m));
            }
            Over::YearlyRate(row, guess) => {
                let near = self.cell(*guess).number();
                let flows = self.months(*row);
                let distance = |rate: &f64| (rate - near).abs();
                let roots = irr_roots(&flows).into_iter();
                let root = roots.min_by(|a, b| distance(a).total_cmp(&distance(b)));
                return root.map_or(Value::Missing, |i| Value::Number((1.0 + i).powi(12) - 1.0));
            }
        })
    }

    /// The figures of a row, texts left out.
    fn shown(&mut self, row: RowId) -> Vec<f64> {
        let values = (0..self.book.months).map(|m| self.row(row, m));
        let numbers = values.filter_map(|value| match value {
            Value::Number(number) => Some(number),
            Value::Blank | Value::Missing => None,
        });
        numbers.collect()
    }
}
