//! Formulas as trees: one source for the text that a spreadsheet works out and for the figure that is stored with it.
//!
//! Owns what can be said in a formula and how operators bind; where rows and cells stand is the book's business.

use std::ops;

/// A row of months of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowId(pub(super) usize);

/// A single cell of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellId(pub(super) usize);

/// A table of two columns of the book: age in years, share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableId(pub(super) usize);

/// Operators of two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    AtMost,
    Equal,
    AtLeast,
    Greater,
}

/// Functions of single figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Min,
    Max,
    And,
    Or,
    If,
    Int,
    Mod,
    Date,
    Year,
    Month,
    Abs,
}

/// Functions of whole rows, from the first month to the last.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Over {
    Sum(RowId),
    Least(RowId),
    Greatest(RowId),
    Mean(RowId),
    Count(RowId),
    SumOfPositive(RowId),
    SumOfNegative(RowId),
    /// Sum of products.
    Product(RowId, RowId),
    /// Sum of absolute differences.
    Distance(RowId, RowId),
    /// Sum of the first where the second equals a figure.
    Where(RowId, RowId, Box<Expr>),
    /// How often a row equals a figure.
    CountWhere(RowId, Box<Expr>),
    /// Sum of the first where the second is above one figure and at most another.
    Between(RowId, RowId, Box<[Expr; 2]>),
    /// Costs of the first, by year of the second, times the table's share at their age in a year.
    Aged(RowId, RowId, Box<Expr>, TableId),
    /// The figure of the first where the second equals a figure for the first time; `n/a` where it never does.
    Find(RowId, RowId, Box<Expr>),
    /// The internal rate per month near a guess, a year; `n/a` where there is none.
    YearlyRate(RowId, CellId),
}

/// A formula.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Number(f64),
    /// An empty text.
    Blank,
    /// `n/a`.
    Missing,
    /// A row in the month of the formula.
    Now(RowId),
    /// A row in the month before; of the first month its opening.
    Before(RowId),
    /// A row in the last month.
    Last(RowId),
    Cell(CellId),
    Negative(Box<Expr>),
    Two(Operator, Box<[Expr; 2]>),
    Call(Function, Vec<Expr>),
    Over(Over),
}

impl From<f64> for Expr {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<RowId> for Expr {
    fn from(row: RowId) -> Self {
        Self::Now(row)
    }
}

impl From<CellId> for Expr {
    fn from(cell: CellId) -> Self {
        Self::Cell(cell)
    }
}

impl RowId {
    /// In the month before.
    pub(super) fn before(self) -> Expr {
        Expr::Before(self)
    }
    /// Whether a flag is set.
    pub(super) fn is_on(self) -> Expr {
        is(Operator::Equal, self, 1.0)
    }
    /// Its sum over all months.
    pub(super) fn sum(self) -> Expr {
        Expr::Over(Over::Sum(self))
    }
}

/// An operator between two sides.
pub(super) fn is(operator: Operator, left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    Expr::Two(operator, Box::new([left.into(), right.into()]))
}

/// The left side is as great as the right.
pub(super) fn at_least(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    is(Operator::AtLeast, left, right)
}
/// The left side is less.
pub(super) fn below(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    is(Operator::Less, left, right)
}
/// The left side is greater.
pub(super) fn above(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    is(Operator::Greater, left, right)
}
/// Both sides are equal.
pub(super) fn equal(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    is(Operator::Equal, left, right)
}

/// One of two figures.
pub(super) fn choose(condition: Expr, then: impl Into<Expr>, otherwise: impl Into<Expr>) -> Expr {
    Expr::Call(Function::If, vec![condition, then.into(), otherwise.into()])
}

/// 1 where a condition holds, else 0.
pub(super) fn flag(condition: Expr) -> Expr {
    choose(condition, 1.0, 0.0)
}

/// The smaller.
pub(super) fn least(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    Expr::Call(Function::Min, vec![left.into(), right.into()])
}

/// The greater.
pub(super) fn most(left: impl Into<Expr>, right: impl Into<Expr>) -> Expr {
    Expr::Call(Function::Max, vec![left.into(), right.into()])
}

/// All of several conditions.
pub(super) fn all(conditions: Vec<Expr>) -> Expr {
    Expr::Call(Function::And, conditions)
}

/// Any of several conditions.
pub(super) fn any(conditions: Vec<Expr>) -> Expr {
    Expr::Call(Function::Or, conditions)
}

/// A percentage as a fraction.
pub(super) fn share(percent: impl Into<Expr>) -> Expr {
    percent.into() / 100.0
}

/// The sum of several, nought of none.
pub(super) fn total(parts: impl IntoIterator<Item = Expr>) -> Expr {
    parts
        .into_iter()
        .reduce(|sum, part| sum + part)
        .unwrap_or(Expr::Number(0.0))
}

macro_rules! operator {
    ($trait:ident, $method:ident, $variant:ident) => {
        impl<R: Into<Expr>> ops::$trait<R> for Expr {
            type Output = Expr;
            fn $method(self, right: R) -> Expr {
                is(Operator::$variant, self, right)
            }
        }
        impl<R: Into<Expr>> ops::$trait<R> for RowId {
            type Output = Expr;
            fn $method(self, right: R) -> Expr {
                is(Operator::$variant, self, right)
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Subtract);
operator!(Mul, mul, Multiply);
operator!(Div, div, Divide);

impl ops::Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        Expr::Negative(Box::new(self))
    }
}

impl ops::Neg for RowId {
    type Output = Expr;
    fn neg(self) -> Expr {
        -Expr::Now(self)
    }
}

impl Operator {
    /// How it is written.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Greater => ">",
        }
    }
    /// How strongly it binds.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Less | Self::AtMost | Self::Equal | Self::AtLeast | Self::Greater => 1,
            Self::Add | Self::Subtract => 2,
            Self::Multiply | Self::Divide => 3,
            Self::Power => 4,
        }
    }
    /// What it gives; conditions give 1 or 0.
    pub(super) fn apply(self, left: f64, right: f64) -> f64 {
        let holds = |condition: bool| f64::from(u8::from(condition));
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
            Self::Less => holds(left < right),
            Self::AtMost => holds(left <= right),
            Self::Equal => holds(left == right),
            Self::AtLeast => holds(left >= right),
            Self::Greater => holds(left > right),
        }
    }
}

impl Function {
    /// How it is written.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::And => "AND",
            Self::Or => "OR",
            Self::If => "IF",
            Self::Int => "INT",
            Self::Mod => "MOD",
            Self::Date => "DATE",
            Self::Year => "YEAR",
            Self::Month => "MONTH",
            Self::Abs => "ABS",
        }
    }
}
