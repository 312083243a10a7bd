//! The book under way: sheets, rows of months, single cells, tables and texts, each at its place.
//!
//! Every sheet of months has the same columns: line, unit, total, opening, then a column for each month. A row has one formula
//! from its first month to its last.

use super::expr::{CellId, Expr, RowId};

/// The column of totals.
pub(super) const TOTAL: u16 = 2;
/// The column of openings.
pub(super) const OPENING: u16 = 3;
/// The column of the first month.
pub(super) const FIRST: u16 = 4;

/// How a figure looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Look {
    /// Dollars.
    Usd,
    /// Dollars and cents.
    Cents,
    /// A percentage as a number.
    Percent,
    /// A fraction shown as a percentage.
    Rate,
    /// A ratio with two decimals and an x.
    Ratio,
    /// A factor with six decimals.
    Factor,
    /// A whole number.
    Count,
    /// Two decimals.
    Plain,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What a figure is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// To be changed: blue.
    Input,
    /// What the simulation found: a value.
    Engine,
    /// Worked out.
    Formula,
    /// A subtotal.
    Total,
}

/// What a row or a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// Nothing yet.
    Undefined,
    /// Figures of the months.
    Values(Vec<f64>),
    /// A formula.
    Formula(Expr),
}

/// What stands in the column of totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foot {
    /// Nothing.
    None,
    /// The sum of the months.
    Sum,
}

/// A row of months.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) sheet: usize,
    pub(super) line: u32,
    pub(super) label: String,
    pub(super) unit: &'static str,
    pub(super) look: Look,
    pub(super) role: Role,
    pub(super) foot: Foot,
    pub(super) opening: f64,
    pub(super) content: Content,
}

/// A single cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub(super) sheet: usize,
    pub(super) line: u32,
    pub(super) column: u16,
    pub(super) look: Look,
    pub(super) role: Role,
    pub(super) content: Content,
}

/// Ages and shares, one below the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) sheet: usize,
    pub(super) line: u32,
    pub(super) column: u16,
    pub(super) shares: Vec<f64>,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The name of a sheet.
    Title,
    /// The name of a section.
    Heading,
    /// Plain.
    Plain,
    /// An aside.
    Note,
}

/// A text at its place; never a formula.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "a text has a text")]
pub(super) struct Text {
    pub(super) sheet: usize,
    pub(super) line: u32,
    pub(super) column: u16,
    pub(super) word: Word,
    pub(super) text: String,
    /// The sheet it leads to.
    pub(super) link: Option<usize>,
}

/// What a sheet holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Rows of months.
    Months,
    /// A list: its columns' widths.
    List(&'static [f64]),
}

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The next free line, from 0.
    pub(super) next: u32,
    /// The last line of the part that stays when scrolling.
    pub(super) frozen: u32,
}

/// A drawing of rows over the months.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) sheet: usize,
    pub(super) line: u32,
    pub(super) column: u16,
    pub(super) title: String,
    pub(super) unit: &'static str,
    pub(super) rows: Vec<(String, RowId)>,
    pub(super) is_column: bool,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Book {
    pub(super) months: usize,
    pub(super) sheets: Vec<Sheet>,
    pub(super) rows: Vec<Row>,
    pub(super) cells: Vec<Cell>,
    pub(super) tables: Vec<Table>,
    pub(super) texts: Vec<Text>,
    pub(super) pictures: Vec<Picture>,
    /// First days of the months, once there is a row of them.
    pub(super) dates: Option<RowId>,
}

impl Book {
    /// Adds a sheet with its title.
    pub(super) fn sheet(&mut self, name: String, title: &str, kind: Kind) -> usize {
        assert!(
            name.len() <= 31 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            "`{name}` is no name for a sheet"
        );
        let sheet = self.sheets.len();
        self.sheets.push(Sheet {
            name,
            kind,
            next: 0,
            frozen: 0,
        });
        self.text((sheet, 0), 0, Word::Title, title);
        self.sheets[sheet].next = 1;
        if kind == Kind::Months {
            self.head(sheet);
        }
        sheet
    }

    /// The lines above every row of months: column names and dates.
    fn head(&mut self, sheet: usize) {
        for (column, word) in ["", "Unit", "Total", "Opening"].into_iter().enumerate() {
            self.text((sheet, 2), column as u16, Word::Heading, word);
        }
        self.sheets[sheet].next = 2;
        if let Some(dates) = self.dates {
            let row = self.row(sheet, "Month", "", (Look::Month, Role::Total));
            self.define(row, Expr::Now(dates));
        }
        self.sheets[sheet].next = 4;
        self.sheets[sheet].frozen = 3;
    }

    /// Adds a row; its content comes later.
    pub(super) fn row(
        &mut self,
        sheet: usize,
        label: &str,
        unit: &'static str,
        (look, role): (Look, Role),
    ) -> RowId {
        let line = self.take_line(sheet);
        self.rows.push(Row {
            sheet,
            line,
            label: label.to_owned(),
            unit,
            look,
            role,
            foot: Foot::None,
            opening: 0.0,
            content: Content::Undefined,
        });
        RowId(self.rows.len() - 1)
    }
    /// Adds a row with its formula.
    pub(super) fn formula(
        &mut self,
        sheet: usize,
        (label, unit): (&str, &'static str),
        look: Look,
        expr: Expr,
    ) -> RowId {
        let row = self.row(sheet, label, unit, (look, Role::Formula));
        self.define(row, expr);
        row
    }
    /// Adds a row of dollars with its formula and its sum.
    pub(super) fn flow(&mut self, sheet: usize, label: &str, expr: Expr) -> RowId {
        let row = self.formula(sheet, (label, "USD"), Look::Usd, expr);
        self.rows[row.0].foot = Foot::Sum;
        row
    }
    /// Adds a row of figures.
    pub(super) fn values(
        &mut self,
        sheet: usize,
        (label, unit): (&str, &'static str),
        look: Look,
        values: Vec<f64>,
    ) -> RowId {
        assert_eq!(values.len(), self.months, "`{label}` has a figure for each month");
        let row = self.row(sheet, label, unit, (look, Role::Engine));
        self.rows[row.0].content = Content::Values(values);
        row
    }
    /// Says what a row holds.
    pub(super) fn define(&mut self, row: RowId, expr: Expr) {
        let row = &mut self.rows[row.0];
        assert_eq!(
            row.content,
            Content::Undefined,
            "`{}` is defined twice",
            row.label
        );
        row.content = Content::Formula(expr);
    }
    /// Sums the months in the column of totals.
    pub(super) fn foot(&mut self, row: RowId) {
        self.rows[row.0].foot = Foot::Sum;
    }
    /// Adds a single cell.
    pub(super) fn cell(
        &mut self,
        (sheet, line): (usize, u32),
        column: u16,
        (look, role): (Look, Role),
        content: Content,
    ) -> CellId {
        self.cells.push(Cell {
            sheet,
            line,
            column,
            look,
            role,
            content,
        });
        CellId(self.cells.len() - 1)
    }
    /// Adds a line with a single figure in the column of totals.
    pub(super) fn scalar(
        &mut self,
        sheet: usize,
        (label, unit): (&str, &'static str),
        look: Look,
        expr: Expr,
    ) -> CellId {
        let line = self.take_line(sheet);
        self.text((sheet, line), 0, Word::Plain, label);
        self.text((sheet, line), 1, Word::Note, unit);
        self.cell(
            (sheet, line),
            TOTAL,
            (look, Role::Formula),
            Content::Formula(expr),
        )
    }
    /// Adds a text.
    pub(super) fn text(&mut self, (sheet, line): (usize, u32), column: u16, word: Word, text: &str) {
        if !text.is_empty() {
            self.texts.push(Text {
                sheet,
                line,
                column,
                word,
                text: text.to_owned(),
                link: None,
            });
        }
    }
    /// Adds a heading after a free line.
    pub(super) fn heading(&mut self, sheet: usize, text: &str) {
        let next = &mut self.sheets[sheet].next;
        if *next > 4 {
            *next += 1;
        }
        let line = self.take_line(sheet);
        self.text((sheet, line), 0, Word::Heading, text);
    }
    /// Takes the next free line.
    pub(super) fn take_line(&mut self, sheet: usize) -> u32 {
        let next = &mut self.sheets[sheet].next;
        *next += 1;
        *next - 1
    }
    /// The column after the last month.
    pub(super) fn end_column(&self) -> u16 {
        FIRST + self.months as u16
    }

    /// The text of a formula at a place, without its equals sign.
    pub(super) fn written(&self, expr: &Expr, (sheet, column): (usize, u16)) -> String {
        let mut out = String::with_capacity(64);
        let place = super::render::Place {
            book: self,
            sheet,
            column,
        };
        place.write(expr, 0, &mut out);
        out
    }
}
