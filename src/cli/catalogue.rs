//! `repower catalogue`: what the program knows of hardware, plants, contracts, prices and deals, with sources.

use std::fmt::Write as _;

use crate::catalogue::{self, Item, Kind};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::problem::nearest;

/// Arguments of `catalogue`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  repower catalogue                      every kind, with how many entries it has\n  repower catalogue system               the GPU systems\n  repower catalogue system gb300-nvl72   one of them, with label and source of each figure\n  repower catalogue --search coreweave\n  repower catalogue deal --json"
)]
pub struct CatalogueArgs {
    /// The kind: `miner`, `card`, `system`, `plant`, `archetype`, `clause`, `contract`, `price`, `bitcoin`, `climate`, `deal`.
    pub kind: Option<String>,
    /// One entry by its id.
    pub id: Option<String>,
    /// Only entries that have this word in their names, figures or sources.
    #[arg(long, value_name = "WORD")]
    pub search: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints kinds, entries, or one entry.
pub fn run(args: &CatalogueArgs) -> Result<Exit, Failure> {
    let kind = args.kind.as_deref().map(kind).transpose()?;
    let mut items = catalogue::all();
    items.retain(|item| kind.is_none_or(|k| item.kind == k));
    if let Some(word) = &args.search {
        items.retain(|item| item.has(word));
    }
    let one = args.id.as_deref().map(|id| entry(&items, id)).transpose()?;
    let text = match one {
        Some(item) if args.json => json(std::slice::from_ref(item)),
        None if args.json => json(&items),
        Some(item) => detail(item),
        None if kind.is_none() && args.search.is_none() => kinds(&items),
        None => list(&items),
    };
    output::stdout(text.as_bytes())?;
    Ok(if items.is_empty() { Exit::No } else { Exit::Done })
}

fn kind(word: &str) -> Result<Kind, Failure> {
    let words = || Kind::ALL.into_iter().map(Kind::as_str);
    let singular = word.strip_suffix('s').unwrap_or(word);
    let found = Kind::ALL
        .into_iter()
        .find(|k| k.as_str() == word || k.as_str() == singular);
    found.ok_or_else(|| {
        let help = match nearest(word, words()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => entry_of_any_kind(word)
                .unwrap_or_else(|| format!("kinds: {}", words().collect::<Vec<_>>().join(", "))),
        };
        Failure::input(format!("there is no kind `{word}`")).with_help(help)
    })
}

/// The command that shows the entry which somebody named without its kind.
fn entry_of_any_kind(word: &str) -> Option<String> {
    let items = catalogue::all();
    let id = nearest(word, items.iter().map(|i| i.id.as_str()))?;
    let item = items.iter().find(|i| i.id == id)?;
    Some(format!(
        "did you mean `repower catalogue {} {id}`?",
        item.kind.as_str()
    ))
}

fn entry<'a>(items: &'a [Item], id: &str) -> Result<&'a Item, Failure> {
    items.iter().find(|i| i.id == id).ok_or_else(|| {
        let help = nearest(id, items.iter().map(|i| i.id.as_str())).map_or_else(
            || format!("`repower catalogue --search {id}` looks in all texts"),
            |near| format!("did you mean `{near}`?"),
        );
        Failure::input(format!("the catalogue has no `{id}` there")).with_help(help)
    })
}

fn json(items: &[Item]) -> String {
    let mut text = serde_json::to_string_pretty(items).expect("items are plain data");
    text.push('\n');
    text
}

fn kinds(items: &[Item]) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let of: Vec<&Item> = items.iter().filter(|i| i.kind == kind).collect();
        let first: Vec<&str> = of.iter().take(3).map(|i| i.id.as_str()).collect();
        let more = if of.len() > 3 { ", ..." } else { "" };
        let _ = writeln!(
            text,
            "{:<10} {:>3}  {}{more}",
            kind.as_str(),
            of.len(),
            first.join(", ")
        );
    }
    text
}

fn list(items: &[Item]) -> String {
    let mut text = String::new();
    let width = items.iter().map(|i| i.id.len()).max().unwrap_or(0);
    for item in items {
        let brief = item.figures.iter().filter(|f| !f.unit.is_empty()).take(3);
        let brief: Vec<String> = brief
            .map(|f| format!("{} {} {}", f.name, f.value, f.unit))
            .collect();
        let _ = writeln!(
            text,
            "{:<9} {:<width$}  {}: {}",
            item.kind.as_str(),
            item.id,
            item.name,
            brief.join("; ")
        );
    }
    text
}

fn detail(item: &Item) -> String {
    let mut text = format!("{} {}: {}\n\n", item.kind.as_str(), item.id, item.name);
    let width = |of: fn(&catalogue::Figure) -> usize| item.figures.iter().map(of).max().unwrap_or(0);
    let name = width(|f| f.name.len()).min(48);
    for figure in &item.figures {
        let value = format!("{} {}", figure.value, figure.unit);
        let source = if figure.source.is_empty() {
            String::new()
        } else {
            format!("  {}", figure.source)
        };
        let line = format!(
            "  {:<name$}  {:<24} {:<10}{source}",
            figure.name,
            value.trim(),
            figure.label
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = writeln!(text, "\n  source   {}", item.source);
    if !item.date.is_empty() {
        let _ = writeln!(text, "  date     {}", item.date);
    }
    let _ = writeln!(text, "  yours    {}", item.kind.yours());
    text
}
