//! The memo as one HTML file: inline style and charts, no script, no request, printable on A4 and Letter.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::format::clean;
use crate::report::memo::document::{Block, Document, Section, Span, Table, Text};

/// Tables of figures with no more columns do not break their cells.
const COLUMNS_UNBROKEN_MAX: usize = 5;
/// Drawings that are higher than this, in their own units, are not shrunk to fit the first two pages: too small to be read.
const DECISION_HEIGHT_MAX: f64 = 640.0;
const STYLE: &str = include_str!("memo.css");

/// Renders the memo.
pub fn render(document: &Document) -> String {
    let mut figures = 0;
    let body: Vec<Markup> = document.body.iter().map(|s| section(s, &mut figures)).collect();
    let appendix: Vec<Markup> = document
        .appendix
        .iter()
        .map(|s| section(s, &mut figures))
        .collect();
    let page = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Says to the browser what the file promises: nothing is fetched and nothing runs.
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (clean(&document.title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header {
                        h1 { (clean(&document.title)) }
                        p.subtitle { (text(&document.subtitle)) }
                    }
                    @for part in &body { (part) }
                    @if !appendix.is_empty() {
                        div.appendix { h1 { "Appendix" } @for part in &appendix { (part) } }
                    }
                    footer { p { (clean(&document.footer)) } }
                }
            }
        }
    };
    let mut page = page.into_string();
    page.push('\n');
    page
}

fn section(section: &Section, figures: &mut usize) -> Markup {
    html! {
        section id=(section.anchor()) {
            h2 { (clean(&section.heading)) }
            @for part in &section.blocks { (block(part, figures)) }
        }
    }
}

fn block(block: &Block, figures: &mut usize) -> Markup {
    match block {
        Block::Paragraph(line) => html! { p { (text(line)) } },
        Block::Answer(lines) => html! { div.answer { @for line in lines { p { (text(line)) } } } },
        Block::List(items) => html! { ul { @for item in items { li { (text(item)) } } } },
        Block::Table(content) => table(content),
        Block::Figure(chart) => {
            *figures += 1;
            html! {
                figure class=[(height(&chart.svg) > DECISION_HEIGHT_MAX).then_some("tall")] {
                    // Our own drawing, its texts escaped when it was made; never a file read back.
                    (PreEscaped(&chart.svg))
                    figcaption {
                        b { "Figure " (figures) ". " } (chart.caption) " Data: "
                        a href={ "charts/data/" (chart.id) ".csv" } { "charts/data/" (chart.id) ".csv" } "."
                    }
                }
            }
        }
    }
}

/// Height of one of our drawings; nought where it states none.
fn height(svg: &str) -> f64 {
    let stated = svg
        .split_once("height=\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    stated.and_then(|(height, _)| height.parse().ok()).unwrap_or(0.0)
}

fn table(table: &Table) -> Markup {
    html! {
        table.prose[table.is_prose].few[!table.is_prose && table.head.len() <= COLUMNS_UNBROKEN_MAX] {
            caption {
                b { (clean(&table.caption)) }
                @if !table.source.is_empty() { " " span.source { "Source: " (text(&table.source)) } }
            }
            thead { tr { @for cell in &table.head { th scope="col" { (clean(cell)) } } } }
            tbody {
                @for row in &table.rows {
                    tr {
                        @for (index, cell) in row.iter().enumerate() {
                            @if index == 0 { th scope="row" { (text(cell)) } } @else { td { (text(cell)) } }
                        }
                    }
                }
            }
        }
    }
}

fn text(text: &Text) -> Markup {
    html! {
        @for span in &text.0 {
            @match span {
                Span::Text(plain) => { (clean(plain)) }
                Span::Strong(plain) => { strong { (clean(plain)) } }
                Span::Code(plain) => { code { (clean(plain)) } }
                Span::Link(plain, path) => { a href=(path) { (clean(plain)) } }
                Span::Figure(plain, cite) => {
                    a.cite href=(cite.address()) title={ (cite.file) ", row " (cite.row) ": " (clean(&cite.key)) } {
                        (clean(plain))
                    }
                }
            }
        }
    }
}
