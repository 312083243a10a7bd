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
        let place: Option<&Place> = if at_key {
            sources.key_place(&problem.path)
        } else {
            sources.place(&problem.path)
        };
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
            SourceError::Read { .. } => Self::bare(message, None),
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
    fn at(message: String, help: Option<String>, source: Source, span: std::ops::Range<usize>) -> Self {
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

/// Removes control characters, which could move a terminal's cursor; line ends and tabs stay.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
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
    let message = printable(&problem.message);
    let message = if field.is_empty() {
        message
    } else {
        format!("{}: {message}", printable(&field))
    };
    let (source, label) = match &problem.place {
        Some((source, span)) => {
            // Control characters are replaced one for one by a three-byte mark only outside ASCII texts; to keep
            // spans true, they are replaced by `?` here.
            let text: String = source
                .text
                .chars()
                .map(|c| {
                    if c.is_control() && c != '\n' && c != '\t' && c != '\r' {
                        '?'
                    } else {
                        c
                    }
                })
                .collect();
            let same_length = text.len() == source.text.len();
            let label = same_length.then(|| LabeledSpan::new_with_span(Some("here".into()), span.clone()));
            (Some(NamedSource::new(printable(&source.name), text)), label)
        }
        None => (None, None),
    };
    let grave = match problem.severity {
        Severity::Error => Grave::Error,
        Severity::Warning => Grave::Warning,
    };
    Shown {
        message,
        help: problem.help.as_deref().map(printable),
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
