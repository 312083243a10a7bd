//! From a formula's tree to its text as a spreadsheet reads it.

use std::fmt::Write as _;

use super::book::{Book, FIRST, OPENING};
use super::expr::{CellId, Expr, Function, Over, RowId, TableId};

/// Where a formula stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) book: &'a Book,
    pub(super) sheet: usize,
    pub(super) column: u16,
}

/// The letters of a column, from 0.
pub(super) fn letters(column: u16) -> String {
    let mut rest = u32::from(column) + 1;
    let mut reversed = Vec::new();
    while rest > 0 {
        reversed.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    reversed.iter().rev().collect()
}

impl Place<'_> {
    /// Writes a formula; in parentheses where its operator binds less than `strength`.
    pub(super) fn write(&self, expr: &Expr, strength: u8, out: &mut String) {
        match expr {
            Expr::Number(number) => {
                // `Display` gives the shortest text that reads back to the same double, without an exponent.
                out.push_str(&number.to_string());
            }
            Expr::Blank => out.push_str("\"\""),
            Expr::Missing => out.push_str("\"n/a\""),
            Expr::Now(row) => self.at(*row, self.column, out),
            Expr::Before(row) => self.at(*row, self.column - 1, out),
            Expr::Last(row) => {
                self.sheet_of(self.book.rows[row.0].sheet, out);
                let line = self.book.rows[row.0].line + 1;
                let _ = write!(out, "${}${line}", letters(self.book.end_column() - 1));
            }
            Expr::Cell(cell) => self.cell(*cell, out),
            Expr::Negative(inner) => {
                out.push('-');
                self.write(inner, 5, out);
            }
            Expr::Two(operator, sides) => {
                let own = operator.strength();
                let in_parentheses = own < strength;
                if in_parentheses {
                    out.push('(');
                }
                self.write(&sides[0], own, out);
                out.push_str(operator.sign());
                // Minus and division are not associative: the right side is put in parentheses where it binds as little.
                self.write(&sides[1], own + 1, out);
                if in_parentheses {
                    out.push(')');
                }
            }
            Expr::Call(function, arguments) => self.call(*function, arguments, out),
            Expr::Over(over) => self.over(over, out),
        }
    }

    fn call(&self, function: Function, arguments: &[Expr], out: &mut String) {
        out.push_str(function.name());
        out.push('(');
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            self.write(argument, 0, out);
        }
        out.push(')');
    }

    fn over(&self, over: &Over, out: &mut String) {
        let range = |row: &RowId| self.range(*row);
        let text = |expr: &Expr| {
            let mut text = String::new();
            self.write(expr, 2, &mut text);
            text
        };
        let written = match over {
            Over::Sum(row) => format!("SUM({})", range(row)),
            Over::Least(row) => format!("MIN({})", range(row)),
            Over::Greatest(row) => format!("MAX({})", range(row)),
            Over::Mean(row) => format!("IF(COUNT({0})>0,AVERAGE({0}),0)", range(row)),
            Over::Count(row) => format!("COUNT({})", range(row)),
            Over::SumOfPositive(row) => format!("SUMIF({},\">0\")", range(row)),
            Over::SumOfNegative(row) => format!("SUMIF({},\"<0\")", range(row)),
            Over::Product(a, b) => format!("SUMPRODUCT({},{})", range(a), range(b)),
            Over::Distance(a, b) => format!("SUMPRODUCT(ABS({}-{}))", range(a), range(b)),
            Over::Where(sum, key, equal) => {
                format!("SUMIF({},{},{})", range(key), text(equal), range(sum))
            }
            Over::CountWhere(key, equal) => format!("COUNTIF({},{})", range(key), text(equal)),
            Over::Between(sum, key, bounds) => format!(
                "SUMIFS({0},{1},\">\"&{2},{1},\"<=\"&{3})",
                range(sum),
                range(key),
                text(&bounds[0]),
                text(&bounds[1])
            ),
            Over::Aged(cost, key, now, table) => {
                let (ages, shares) = self.table(*table);
                format!(
                    "SUMPRODUCT(SUMIF({},{}-{ages},{}),{shares})",
                    range(key),
                    text(now),
                    range(cost)
                )
            }
            Over::Find(result, key, equal) => format!(
                "IFERROR(INDEX({},MATCH({},{},0)),\"n/a\")",
                range(result),
                text(equal),
                range(key)
            ),
            Over::YearlyRate(row, guess) => {
                let mut near = String::new();
                self.cell(*guess, &mut near);
                format!("IFERROR((1+IRR({},{near}))^12-1,\"n/a\")", range(row))
            }
        };
        out.push_str(&written);
    }

    /// A row in a column: relative, so that one formula does for the whole row.
    fn at(&self, row: RowId, column: u16, out: &mut String) {
        debug_assert!(column >= OPENING, "a row has no month before its opening");
        let row = &self.book.rows[row.0];
        self.sheet_of(row.sheet, out);
        let _ = write!(out, "{}{}", letters(column), row.line + 1);
    }

    fn range(&self, row: RowId) -> String {
        let row = &self.book.rows[row.0];
        let mut out = String::new();
        self.sheet_of(row.sheet, &mut out);
        let line = row.line + 1;
        let last = letters(self.book.end_column() - 1);
        let _ = write!(out, "${}${line}:${last}${line}", letters(FIRST));
        out
    }

    fn cell(&self, cell: CellId, out: &mut String) {
        let cell = &self.book.cells[cell.0];
        self.sheet_of(cell.sheet, out);
        let _ = write!(out, "${}${}", letters(cell.column), cell.line + 1);
    }

    fn table(&self, table: TableId) -> (String, String) {
        let table = &self.book.tables[table.0];
        let mut sheet = String::new();
        self.sheet_of(table.sheet, &mut sheet);
        let (from, to) = (table.line + 1, table.line + table.shares.len() as u32);
        let column = |column: u16| {
            let letters = letters(column);
            format!("{sheet}${letters}${from}:${letters}${to}")
        };
        (column(table.column), column(table.column + 1))
    }

    /// Names of sheets hold letters, digits and spaces only.
    fn sheet_of(&self, sheet: usize, out: &mut String) {
        if sheet != self.sheet {
            let _ = write!(out, "'{}'!", self.book.sheets[sheet].name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_in_letters() {
        for (column, expected) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (483, "RP"),
        ] {
            assert_eq!(letters(column), expected);
        }
    }
}
