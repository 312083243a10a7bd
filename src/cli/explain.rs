//! `repower explain`: what a field of a scenario means.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::scenario::assumptions;
use crate::scenario::guide::{self, Entry};
use crate::scenario::load::{LoadOptions, load};
use crate::scenario::overlay;

/// Columns of the terminal that text is folded to.
const WIDTH: usize = 100;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower explain                                  the tables of a scenario\n  repower explain sites[0].grid.import_limit_mw\n  repower explain market.gpu_rent.gb300\n  repower explain finance.discount_percent --scenario my.toml\n\nLists take an index or an id (`strategies.gpu-cloud.conversions`), and may be left out (`sites.grid`)."
)]
pub struct ExplainArgs {
    /// The path of the field; the whole scenario where left out.
    pub path: Option<String>,
    /// A scenario whose value is shown too, with the place where it is written.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Folder to which `data:` paths of that scenario point.
    #[arg(long, value_name = "DIR", requires = "scenario")]
    pub data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints what is known of a field.
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let path = args.path.as_deref().unwrap_or("");
    let entry = guide::explain(path).map_err(|error| {
        let failure = Failure::input(error.message);
        match error.help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    })?;
    let used = used(args, path)?;
    let text = if args.json {
        let mut value = serde_json::to_value(&entry).expect("an entry is plain data");
        value["used"] = used.into();
        let mut text = serde_json::to_string_pretty(&value).expect("an entry is plain data");
        text.push('\n');
        text
    } else {
        text(&entry, &used)
    };
    output::stdout(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Values that the scenario of the command line has at the path and below, with their labels and sources.
fn used(args: &ExplainArgs, path: &str) -> Result<Vec<String>, Failure> {
    let Some(file) = &args.scenario else {
        return Ok(Vec::new());
    };
    let options = LoadOptions {
        data: args.data.clone(),
        ..LoadOptions::default()
    };
    let scenario = load(Some(file), &options)?;
    let known = serde_json::to_value(&scenario.spec).expect("a spec is plain JSON");
    let at = overlay::parse_path(path).and_then(|steps| overlay::resolve(&known, &steps));
    let Ok(at) = at.map(|at| at.to_string()) else {
        return Ok(vec![format!("not in {}", file.display())]);
    };
    let below = |row: &assumptions::Assumption| {
        row.path
            .strip_prefix(&at)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let rows = assumptions::list(&scenario.spec, &scenario.sources);
    let rows: Vec<String> = rows
        .iter()
        .filter(|row| below(row))
        .map(|row| {
            let source = if row.label == "given" {
                format!(", {}", row.source)
            } else {
                String::new()
            };
            format!("{} = {} ({}{source})", row.path, row.value, row.label)
        })
        .collect();
    Ok(if rows.is_empty() {
        vec!["none".to_owned()]
    } else {
        rows
    })
}

fn text(entry: &Entry, used: &[String]) -> String {
    let mut text = String::new();
    let name = if entry.path.is_empty() {
        "scenario"
    } else {
        &entry.path
    };
    let unit = if entry.unit.is_empty() {
        String::new()
    } else {
        format!(", {}", entry.unit)
    };
    let _ = writeln!(text, "{name}: {}{unit}", entry.kind);
    for meaning in &entry.meaning {
        let _ = writeln!(text, "\n{}", folded(meaning, 2));
    }
    text.push('\n');
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<8} {value}");
    };
    match &entry.default {
        Some(default) if default.len() <= 120 => line("default", default),
        Some(_) => line("default", "a table: see below"),
        None if entry.path.is_empty() => {}
        None => line("default", "none: it must be given where its table stands"),
    }
    if !entry.range.is_empty() {
        line("range", &entry.range.join("; "));
    }
    if let Some(label) = entry.label {
        line("label", label);
    }
    if let Some(example) = &entry.example {
        line("example", &format!("{example} in the default scenario"));
    }
    for row in used {
        line("used", row);
    }
    if !entry.below.is_empty() {
        text.push('\n');
        text.push_str(&below(entry));
    }
    text
}

fn below(entry: &Entry) -> String {
    let mut text = String::new();
    let width = |of: fn(&guide::Below) -> usize| entry.below.iter().map(of).max().unwrap_or(0).min(40);
    let (name, default) = (width(|b| b.name.len()), width(|b| b.default.len()));
    for row in &entry.below {
        let _ = writeln!(
            text,
            "  {:<name$}  {:<default$}  {}",
            row.name, row.default, row.meaning
        );
    }
    text
}

/// Words on lines no longer than a terminal's, each indented.
fn folded(words: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let line = lines.last_mut().expect("begins with one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + word.chars().count() + 1 + indent <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    let space = " ".repeat(indent);
    lines
        .iter()
        .map(|l| format!("{space}{l}"))
        .collect::<Vec<_>>()
        .join("\n")
}
