//! From a book to the bytes of a file: formats, widths, frozen panes, print areas, cached results. Owns how things look.

use std::collections::HashMap;

use rust_xlsxwriter::{
    Chart, ChartType, Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Url,
    Workbook, Worksheet, XlsxError,
};

use super::book::{Book, Content, FIRST, Foot, Kind, Look, OPENING, Role, Row, TOTAL, Word};
use super::evaluate::{Evaluator, Value};
use super::expr::{Expr, Over, RowId};

/// Months on a printed page.
const PAGE_MONTHS: usize = 12;
/// Rows and columns that a chart covers.
pub(super) const CHART_LINES: u32 = 20;

/// Formats made so far, by what they are for.
struct Formats {
    made: HashMap<(Look, Role), Format>,
    words: [Format; 4],
}

/// The pattern of a number.
const fn pattern(look: Look) -> &'static str {
    match look {
        Look::Usd => "#,##0;[Red]-#,##0;-",
        Look::Cents => "#,##0.00;[Red]-#,##0.00;0.00",
        Look::Percent | Look::Plain => "#,##0.00",
        Look::Rate => "0.00%",
        Look::Ratio => "0.00\"x\"",
        Look::Factor => "0.000000",
        Look::Count | Look::Year => "0",
        Look::Month => "mmm yy",
    }
}

fn format(look: Look, role: Role) -> Format {
    let format = Format::new()
        .set_num_format(pattern(look))
        .set_font_name("Arial")
        .set_font_size(9);
    let format = match role {
        Role::Input => format
            .set_font_color(Color::RGB(0x00_00_FF))
            .set_background_color(Color::RGB(0xFF_F9_E5)),
        Role::Engine => format.set_font_color(Color::RGB(0x59_59_59)),
        Role::Formula => format,
        Role::Total => format.set_bold().set_border_top(FormatBorder::Thin),
    };
    if look == Look::Month {
        format.set_align(FormatAlign::Right)
    } else {
        format
    }
}

impl Formats {
    fn new() -> Self {
        let plain = Format::new().set_font_name("Arial").set_font_size(9);
        Self {
            made: HashMap::new(),
            words: [
                plain.clone().set_bold().set_font_size(14),
                plain.clone().set_bold().set_font_color(Color::RGB(0x1F_4E_79)),
                plain.clone(),
                plain.set_font_color(Color::RGB(0x7F_7F_7F)),
            ],
        }
    }
    fn of(&mut self, look: Look, role: Role) -> &Format {
        self.made
            .entry((look, role))
            .or_insert_with(|| format(look, role))
    }
    const fn word(&self, word: Word) -> &Format {
        match word {
            Word::Title => &self.words[0],
            Word::Heading => &self.words[1],
            Word::Plain => &self.words[2],
            Word::Note => &self.words[3],
        }
    }
}

/// The result that is stored with a formula, as the file writes it.
fn result(value: Value) -> String {
    match value {
        Value::Number(number) if number.is_finite() => (number + 0.0).to_string(),
        Value::Number(_) => "#NUM!".to_owned(),
        Value::Blank => String::new(),
        Value::Missing => "n/a".to_owned(),
    }
}

/// The bytes of a book's file: the same for the same book.
pub(super) fn bytes(book: &Book, title: &str) -> Result<Vec<u8>, XlsxError> {
    let mut formats = Formats::new();
    let mut evaluator = Evaluator::new(book);
    let mut file = Workbook::new();
    // A fixed day: equal runs give equal bytes.
    let created = ExcelDateTime::from_ymd(2026, 1, 1)?;
    file.set_properties(
        &DocProperties::new()
            .set_title(title)
            .set_creation_datetime(&created),
    );
    for index in 0..book.sheets.len() {
        let sheet = file.add_worksheet();
        // What is stored with a formula whose result is an empty text; else it would be a nought.
        sheet.set_formula_result_default("");
        lay_out(book, index, sheet)?;
        texts(book, index, sheet, &formats)?;
        for (id, row) in book.rows.iter().enumerate().filter(|(_, row)| row.sheet == index) {
            write_row(book, (RowId(id), row), sheet, &mut formats, &mut evaluator)?;
        }
        write_cells(book, index, sheet, (&mut formats, &mut evaluator))?;
        pictures(book, index, sheet)?;
    }
    file.save_to_buffer()
}

fn lay_out(book: &Book, index: usize, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let own = &book.sheets[index];
    sheet.set_name(&own.name)?;
    sheet.set_screen_gridlines(false);
    sheet.set_landscape();
    sheet.set_paper_size(9);
    sheet.set_footer("&L&A&RPage &P of &N");
    let last_line = own.next.max(2) - 1;
    match own.kind {
        Kind::Months => {
            for (column, width) in [(0, 46.0), (1, 8.0), (TOTAL, 16.0), (OPENING, 9.0)] {
                sheet.set_column_width(column, width)?;
            }
            sheet.set_column_range_width(FIRST, book.end_column() - 1, 13)?;
            sheet.set_freeze_panes(own.frozen, FIRST)?;
            sheet.set_repeat_rows(0, own.frozen - 1)?;
            sheet.set_repeat_columns(0, TOTAL)?;
            sheet.set_print_area(0, 0, last_line, book.end_column() - 1)?;
            let pages = book.months.div_ceil(PAGE_MONTHS).max(1) as u16;
            sheet.set_print_fit_to_pages(pages, 0);
        }
        Kind::List(widths) => {
            let more = book
                .cells
                .iter()
                .filter(|c| c.sheet == index)
                .map(|c| c.column)
                .max();
            for column in 0..=more.unwrap_or(0).max(widths.len() as u16 - 1) {
                let width = widths.get(usize::from(column)).or(widths.last());
                sheet.set_column_width(column, *width.unwrap_or(&12.0))?;
            }
            if own.frozen > 0 {
                sheet.set_freeze_panes(own.frozen + 1, 0)?;
            }
            let pictures = book.pictures.iter().filter(|p| p.sheet == index);
            let below = pictures.map(|p| p.line + CHART_LINES).max().unwrap_or(0);
            let right = more.unwrap_or(0).max(widths.len() as u16 - 1);
            sheet.set_print_area(0, 0, last_line.max(below), right)?;
            sheet.set_print_fit_to_pages(1, 0);
        }
    }
    Ok(())
}

fn texts(book: &Book, index: usize, sheet: &mut Worksheet, formats: &Formats) -> Result<(), XlsxError> {
    for text in book.texts.iter().filter(|t| t.sheet == index) {
        let format = formats.word(text.word);
        if let Some(link) = text.link {
            let url = Url::new(format!("internal:'{}'!A1", book.sheets[link].name)).set_text(&text.text);
            sheet.write_url(text.line, text.column, url)?;
        } else {
            // A string cell, whatever it begins with.
            sheet.write_string_with_format(text.line, text.column, &text.text, format)?;
        }
    }
    Ok(())
}

fn write_row(
    book: &Book,
    (id, row): (RowId, &Row),
    sheet: &mut Worksheet,
    formats: &mut Formats,
    evaluator: &mut Evaluator<'_>,
) -> Result<(), XlsxError> {
    let word = if row.role == Role::Total {
        Word::Heading
    } else {
        Word::Plain
    };
    sheet.write_string_with_format(row.line, 0, &row.label, formats.word(word))?;
    if !row.unit.is_empty() {
        sheet.write_string_with_format(row.line, 1, row.unit, formats.word(Word::Note))?;
    }
    let format = formats.of(row.look, row.role);
    if row.opening != 0.0 {
        sheet.write_number_with_format(row.line, OPENING, row.opening, format)?;
    }
    if row.foot == Foot::Sum {
        let sum = Expr::Over(Over::Sum(id));
        let text = book.written(&sum, (row.sheet, TOTAL));
        let formula = Formula::new(text).set_result(result(evaluator.value(&sum, 0)));
        sheet.write_formula_with_format(row.line, TOTAL, formula, format)?;
    }
    for month in 0..book.months {
        let column = FIRST + month as u16;
        match &row.content {
            Content::Values(values) => {
                sheet.write_number_with_format(row.line, column, values[month], format)?;
            }
            Content::Formula(expr) => {
                let text = book.written(expr, (row.sheet, column));
                let formula = Formula::new(text).set_result(result(evaluator.row(id, month)));
                sheet.write_formula_with_format(row.line, column, formula, format)?;
            }
            Content::Undefined => panic!("`{}` was never defined", row.label),
        }
    }
    Ok(())
}

fn write_cells(
    book: &Book,
    index: usize,
    sheet: &mut Worksheet,
    (formats, evaluator): (&mut Formats, &mut Evaluator<'_>),
) -> Result<(), XlsxError> {
    for (id, cell) in book
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.sheet == index)
    {
        let format = formats.of(cell.look, cell.role);
        match &cell.content {
            Content::Formula(expr) => {
                let text = book.written(expr, (index, cell.column));
                let value = evaluator.cell(super::expr::CellId(id));
                let formula = Formula::new(text).set_result(result(value));
                sheet.write_formula_with_format(cell.line, cell.column, formula, format)?;
            }
            Content::Values(values) => {
                sheet.write_number_with_format(cell.line, cell.column, values[0], format)?;
            }
            Content::Undefined => panic!("a cell of sheet {index} was never defined"),
        }
    }
    let input = formats.of(Look::Rate, Role::Engine).clone();
    for table in book.tables.iter().filter(|t| t.sheet == index) {
        for (age, share) in table.shares.iter().enumerate() {
            let line = table.line + age as u32;
            sheet.write_number_with_format(
                line,
                table.column,
                age as f64,
                formats.of(Look::Count, Role::Engine),
            )?;
            sheet.write_number_with_format(line, table.column + 1, *share, &input)?;
        }
    }
    Ok(())
}

fn pictures(book: &Book, index: usize, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    for picture in book.pictures.iter().filter(|p| p.sheet == index) {
        let kind = if picture.is_column {
            ChartType::ColumnStacked
        } else {
            ChartType::Line
        };
        let mut chart = Chart::new(kind);
        chart.title().set_name(&picture.title);
        chart.y_axis().set_name(picture.unit).set_num_format("#,##0");
        chart.x_axis().set_num_format("mmm yy");
        chart.set_width(900).set_height(360);
        for (name, row) in &picture.rows {
            let series = chart.add_series();
            series.set_values(span(book, *row)).set_name(name);
            if let Some(dates) = book.dates {
                series.set_categories(span(book, dates));
            }
        }
        sheet.insert_chart(picture.line, picture.column, &chart)?;
    }
    Ok(())
}

/// The months of a row, as charts name them.
fn span(book: &Book, row: RowId) -> (&str, u32, u16, u32, u16) {
    let row = &book.rows[row.0];
    let name = book.sheets[row.sheet].name.as_str();
    (name, row.line, FIRST, row.line, book.end_column() - 1)
}
