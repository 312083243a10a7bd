//! The memo as a small document: sections, paragraphs, tables and figures, rendered once as HTML and once as
//! Markdown, so that there are never two texts.

use crate::report::chart::Drawn;
use crate::report::format::MISSING;

/// A piece of running text.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Plain.
    Text(String),
    /// Emphasised.
    Strong(String),
    /// A name out of a file: an id, a path, a value.
    Code(String),
    /// What is shown, and where it leads: a file of the run directory, a row of it, or a section of the memo.
    Link(String, String),
    /// A figure, and the row of the run's files where it stands.
    Figure(String, Cite),
}

/// A row of a table of the run directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cite {
    /// The file.
    pub file: &'static str,
    /// Its row as spreadsheets and RFC 7111 count: the head is row 1.
    pub row: usize,
    /// What the key columns of the row say.
    pub key: String,
}

impl Cite {
    /// The row of a table's n-th record, from 0.
    pub fn record(file: &'static str, index: usize, key: String) -> Self {
        let row = index + 2;
        Self { file, row, key }
    }
    /// The relative address, with RFC 7111's fragment for a row.
    pub fn address(&self) -> String {
        format!("{}#row={}", self.file, self.row)
    }
}

/// Running text, built piece by piece.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text(pub Vec<Span>);

impl Text {
    /// Plain text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(vec![Span::Text(text.into())])
    }
    /// Goes on plainly.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Text(text.into()));
        self
    }
    /// Goes on with emphasis.
    #[must_use]
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }
    /// Goes on with a name out of a file.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }
    /// Goes on with a link to a file of the run directory.
    #[must_use]
    pub fn link(mut self, text: impl Into<String>, path: impl Into<String>) -> Self {
        self.0.push(Span::Link(text.into(), path.into()));
        self
    }
    /// Goes on with a figure and the row where it stands.
    #[must_use]
    pub fn figure(mut self, text: impl Into<String>, cite: Cite) -> Self {
        self.0.push(Span::Figure(text.into(), cite));
        self
    }
    /// Goes on with all of another text.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
    /// Whether it says nothing but that there is no value.
    pub fn is_missing(&self) -> bool {
        matches!(self.0.as_slice(), [Span::Text(text)] if text == MISSING)
    }
    /// That there is no value.
    pub fn missing() -> Self {
        Self::new(MISSING)
    }
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A table; the first column names the row, the others hold figures unless `is_prose`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// What it shows, with units.
    pub caption: String,
    /// Where its figures stand in the run directory.
    pub source: Text,
    /// Heads of the columns.
    pub head: Vec<String>,
    /// Rows of as many cells.
    pub rows: Vec<Vec<Text>>,
    /// Columns hold text: align left and let it wrap.
    pub is_prose: bool,
}

impl Table {
    /// A table of figures.
    pub fn figures(caption: impl Into<String>, source: Text, head: &[&str]) -> Self {
        Self {
            caption: caption.into(),
            source,
            head: head.iter().map(|text| (*text).to_owned()).collect(),
            ..Self::default()
        }
    }
}

/// A part of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Text),
    /// A paragraph set apart: the answer.
    Answer(Vec<Text>),
    /// A bulleted list.
    List(Vec<Text>),
    /// A table.
    Table(Table),
    /// A chart.
    Figure(Drawn),
}

/// A section under its heading.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its parts.
    pub blocks: Vec<Block>,
}

impl Section {
    /// An empty section.
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            blocks: Vec::new(),
        }
    }
    /// What a link within the memo to this section names: the heading as GitHub makes anchors of it.
    pub fn anchor(&self) -> String {
        let words = self.heading.to_lowercase();
        let kept = words.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ' ');
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    }
    /// Adds a paragraph, unless it is empty.
    pub fn paragraph(&mut self, text: impl Into<Text>) {
        let text = text.into();
        if !text.is_empty() {
            self.blocks.push(Block::Paragraph(text));
        }
    }
    /// Adds a list, unless it is empty.
    pub fn list(&mut self, items: Vec<Text>) {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }
    /// Adds a table, unless it has no rows.
    pub fn table(&mut self, table: Table) {
        if !table.rows.is_empty() {
            self.blocks.push(Block::Table(table));
        }
    }
    /// Adds a chart, where the run has it.
    pub fn figure(&mut self, chart: Option<Drawn>) {
        self.blocks.extend(chart.map(Block::Figure));
    }
}

/// The whole memo.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Under the title: scenario, run.
    pub subtitle: Text,
    /// What a committee reads.
    pub body: Vec<Section>,
    /// What it looks up.
    pub appendix: Vec<Section>,
    /// The last line: identity of the run.
    pub footer: String,
}

impl Document {
    /// Body and appendix in order.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.body.iter().chain(&self.appendix)
    }
}
