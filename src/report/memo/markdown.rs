//! The memo as Markdown (GitHub's dialect), charts by relative link, text from outside escaped.

use std::fmt::Write as _;

use crate::report::format::clean;
use crate::report::memo::document::{Block, Document, Section, Span, Table, Text};

/// Renders the memo.
pub fn render(document: &Document) -> String {
    let mut out = String::new();
    let mut figures = 0;
    put(&mut out, &format!("# {}", escape(&document.title)));
    put(&mut out, &line(&document.subtitle));
    for part in &document.body {
        section(&mut out, part, &mut figures);
    }
    if !document.appendix.is_empty() {
        put(&mut out, "---");
        put(&mut out, "# Appendix");
        for part in &document.appendix {
            section(&mut out, part, &mut figures);
        }
    }
    put(&mut out, "---");
    out.push_str(&escape(&document.footer));
    out.push('\n');
    out
}

/// Adds a block and the empty line after it.
fn put(out: &mut String, block: &str) {
    out.push_str(block);
    out.push_str("\n\n");
}

fn section(out: &mut String, section: &Section, figures: &mut usize) {
    put(out, &format!("## {}", escape(&section.heading)));
    for block in &section.blocks {
        match block {
            Block::Paragraph(text) => put(out, &line(text)),
            Block::Answer(lines) => {
                let quoted: Vec<String> = lines.iter().map(|l| format!("> {}", line(l))).collect();
                put(out, &quoted.join("\n>\n"));
            }
            Block::List(items) => {
                let items: Vec<String> = items.iter().map(|item| format!("- {}", line(item))).collect();
                put(out, &items.join("\n"));
            }
            Block::Table(content) => table(out, content),
            Block::Figure(chart) => {
                *figures += 1;
                let (id, caption) = (chart.id, escape(chart.caption));
                put(
                    out,
                    &format!("![Figure {figures}: {}](charts/{id}.svg)", id.replace('_', " ")),
                );
                put(
                    out,
                    &format!(
                        "**Figure {figures}.** {caption} Data: [charts/data/{id}.csv](charts/data/{id}.csv)."
                    ),
                );
            }
        }
    }
}

fn table(out: &mut String, table: &Table) {
    let source = if table.source.is_empty() {
        String::new()
    } else {
        format!(" Source: {}", line(&table.source))
    };
    put(out, &format!("**{}**{source}", escape(&table.caption)));
    let head: Vec<String> = table.head.iter().map(|cell| escape(cell)).collect();
    let figures = if table.is_prose { " --- |" } else { " ---: |" };
    let rule = figures.repeat(table.head.len().saturating_sub(1));
    let _ = write!(out, "| {} |\n| --- |{rule}\n", head.join(" | "));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(spans).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

fn spans(text: &Text) -> String {
    text.0
        .iter()
        .map(|span| match span {
            // Emphasis must touch its text, so empty and padded spans stay plain.
            Span::Strong(plain) if plain.trim() == plain && !plain.is_empty() => {
                format!("**{}**", escape(plain))
            }
            // A code span takes no escapes, so only plain names become one.
            Span::Code(plain) if !plain.is_empty() && !plain.contains(['`', '|', '<', '\n', '\r']) => {
                format!("`{}`", clean(plain))
            }
            Span::Text(plain) | Span::Strong(plain) | Span::Code(plain) => escape(plain),
            Span::Link(plain, path) => format!("[{}]({path})", escape(plain)),
            Span::Figure(plain, cite) => format!("[{}]({})", escape(plain), cite.address()),
        })
        .collect()
}

/// Text that begins a line: what would make a list, a heading or a rule of it is escaped too.
fn line(text: &Text) -> String {
    let line = spans(text);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    if digits > 0 && rest.starts_with(['.', ')']) {
        format!("{}\\{rest}", &line[..digits])
    } else if line.starts_with(['-', '+', '=']) {
        format!("\\{line}")
    } else {
        line.trim_start().to_owned()
    }
}

/// Escapes what Markdown or the HTML within it could take for markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_from_outside_stays_text() {
        assert_eq!(
            escape("<script>a|b*c_d</script>\n# x"),
            "&lt;script&gt;a\\|b\\*c\\_d&lt;/script&gt; \\# x"
        );
        assert_eq!(line(&Text::new("- item")), "\\- item");
        assert_eq!(line(&Text::new("12. item")), "12\\. item");
        assert_eq!(line(&Text::new("=cmd|' /C calc'")), "\\=cmd\\|' /C calc'");
        assert_eq!(line(&Text::new("plain ").strong("bold")), "plain **bold**");
    }
}
