//! Shows problems to people: file, line, column, the offending text, what was expected.

use std::fmt::Write as _;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity as Grave,
    SourceCode,
};

use crate::problem::{FieldPath, Problem, Severity};
use crate::scenario::source::{Place, Source, SourceError, Sources};

/// At most so many problems are shown; the rest is counted.
const SHOWN_MAX: usize = 50;
/// Longer lines of a text are not shown around a problem; file, line and column are told instead.
const LINE_SHOWN_MAX: usize = 600;
/// Longer messages are cut, in characters.
const MESSAGE_MAX: usize = 2_000;

/// One problem with its place in a text.
#[derive(Debug, Clone)]
pub struct Located {
    /// The field.
    pub path: FieldPath,
    /// How grave.
    pub severity: Severity,
    /// What.
    pub message: String,
    /// Next step.
    pub help: Option<String>,
    /// Where, if it stands in a text.
    pub place: Option<(Source, std::ops::Range<usize>)>,
    /// Line and column, from 1.
    pub line_column: Option<(usize, usize)>,
}

impl Located {
    /// Finds the place of a problem; `at_key` points at the key instead of the value.
    pub fn of(problem: Problem, sources: &Sources, at_key: bool) -> Self {
        let top = (!sources.files.is_empty()).then_some(Place { file: 0, span: 0..0 });
        let place = if at_key {
            sources.key_place(&problem.path)
        } else {
            sources.place(&problem.path)
        };
        // What is missing at the top stands nowhere: then at least the file is named.
        let place = place.or(top.as_ref());
        Self {
            line_column: place.map(|p| sources.line_column(p)),
            place: place.map(|p| (sources.files[p.file].clone(), p.span.clone())),
            path: problem.path,
            severity: problem.severity,
            message: problem.message,
            help: problem.help,
        }
    }
    /// A problem that has no place in a text.
    pub fn bare(message: impl Into<String>, help: Option<String>) -> Self {
        Self {
            path: FieldPath::root(),
            severity: Severity::Error,
            message: message.into(),
            help,
            place: None,
            line_column: None,
        }
    }
}

impl From<SourceError> for Located {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::Read { near, .. } => Self::bare(
                message,
                near.map(|near| format!("did you mean `{}`?", printable(&near))),
            ),
            SourceError::Syntax {
                source_text, span, ..
            } => Self::at(message, None, source_text, span),
            SourceError::Refused {
                source_text,
                span,
                help,
                ..
            } => Self::at(message, help, source_text, span),
        }
    }
}

impl Located {
    /// A problem with a stretch of a text that belongs to no field.
    pub fn at(message: String, help: Option<String>, source: Source, span: std::ops::Range<usize>) -> Self {
        let sources = Sources::of_one(source.clone());
        let line_column = sources.line_column(&Place {
            file: 0,
            span: span.clone(),
        });
        Self {
            path: FieldPath::root(),
            severity: Severity::Error,
            message,
            help,
            place: Some((source, span)),
            line_column: Some(line_column),
        }
    }
}

#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    grave: Grave,
    source: Option<NamedSource<String>>,
    label: Option<LabeledSpan>,
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for Shown {}
impl Diagnostic for Shown {
    fn severity(&self) -> Option<Grave> {
        Some(self.grave)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn std::fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label
            .clone()
            .map(|l| Box::new(std::iter::once(l)) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// Replaces control characters, which could move a terminal's cursor or turn the reading direction; line ends and
/// tabs stay. The marks are as long as what they replace, so that places in the text stay true.
pub fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_ascii_control() => '?',
            c if c.is_control() => '\u{b7}',
            c if turns(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn cut(text: &str) -> String {
    let mut cut: String = printable(text).chars().take(MESSAGE_MAX).collect();
    if text.chars().nth(MESSAGE_MAX).is_some() {
        cut.push_str(" ...");
    }
    cut
}

/// Whether the line of a byte and its neighbours are short enough to be shown.
fn short_lines(text: &str, at: usize) -> bool {
    let line = text.bytes().take(at).filter(|b| *b == b'\n').count();
    let near = text.lines().skip(line.saturating_sub(2)).take(5);
    !text.is_empty() && near.map(str::len).all(|length| length <= LINE_SHOWN_MAX)
}

/// Renders problems for a terminal.
pub fn render(problems: &[Located], colour: bool) -> String {
    let theme = if colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    for problem in problems.iter().take(SHOWN_MAX) {
        let shown = shown(problem);
        let mut one = String::new();
        if handler.render_report(&mut one, &shown).is_err() {
            one.clone_from(&shown.message);
        }
        text.push_str(&one);
        text.push('\n');
    }
    if problems.len() > SHOWN_MAX {
        let _ = writeln!(text, "... and {} more", problems.len() - SHOWN_MAX);
    }
    text
}

fn shown(problem: &Located) -> Shown {
    let field = problem.path.to_string();
    let mut message = cut(&problem.message);
    if !field.is_empty() {
        message = format!("{}: {message}", cut(&field));
    }
    let (mut source, mut label) = (None, None);
    if let Some((file, span)) = &problem.place {
        let name = cut(&file.name);
        if short_lines(&file.text, span.start) {
            let text = printable(&file.text);
            label = Some(LabeledSpan::new_with_span(Some("here".into()), span.clone()));
            source = Some(NamedSource::new(name, text));
        } else {
            let (line, column) = problem.line_column.unwrap_or((1, 1));
            message = format!("{message} ({name}:{line}:{column})");
        }
    }
    let grave = match problem.severity {
        Severity::Error => Grave::Error,
        Severity::Warning => Grave::Warning,
    };
    Shown {
        message,
        help: problem.help.as_deref().map(cut),
        grave,
        source,
        label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problems;
    use crate::scenario::source::read_text;

    #[test]
    fn marks_are_as_long_as_what_they_replace() {
        let hostile = "a\u{1b}[31m\u{85}\u{202e}\u{0}\rb\n\tc";
        let shown = printable(hostile);
        assert_eq!(shown, "a?[31m\u{b7}\u{fffd}??b\n\tc");
        assert_eq!(shown.len(), hostile.len());
    }

    #[test]
    fn long_lines_and_long_messages_are_cut() {
        let text = format!("x = \"{}\"\n", "y".repeat(100_000));
        let (_, sources) = read_text("long.toml", &text).unwrap();
        let mut problems = Problems::new();
        problems.error(&FieldPath::root().key("x"), "z".repeat(100_000));
        let located = Located::of(problems.into_vec().remove(0), &sources, false);
        let shown = render(&[located], false);
        assert!(shown.len() < 4_000 && shown.contains("long.toml:1:5"), "{shown}");
    }

    #[test]
    fn a_problem_is_shown_with_file_line_column_and_help() {
        let (_, sources) = read_text("mine.toml", "format = 1\n[grid]\nlimit_mw = -4\n").unwrap();
        let mut problems = Problems::new();
        let path = FieldPath::root().key("grid").key("limit_mw");
        problems.error_with_help(&path, "`-4` must not be negative", "write it above zero");
        let located: Vec<Located> = problems
            .into_vec()
            .into_iter()
            .map(|p| Located::of(p, &sources, false))
            .collect();
        let text = render(&located, false);
        for part in [
            "mine.toml:3:12",
            "grid.limit_mw: `-4` must not be negative",
            "write it above zero",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
