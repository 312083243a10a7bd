//! Cooling plants and clauses, whose figures are the defaults of their keys, and the contracts that come with the program.

use super::{Figure, Item, Kind};
use crate::scenario::guide::{self, KindOf};

/// Contracts by id: what they are, and their text.
const CONTRACTS: [(&str, &str, &str); 3] = [
    (
        "no4-data-centre",
        "northern Norway: spot, grid tariff, electricity tax by use, in kroner",
        include_str!("../../scenarios/contracts/no4-data-centre.toml"),
    ),
    (
        "gb-ai-growth-zone",
        "Great Britain, transmission network, levies and the discount of an AI Growth Zone, in pounds",
        include_str!("../../scenarios/contracts/gb-ai-growth-zone.toml"),
    ),
    (
        "gb-distribution",
        "Great Britain, distribution network by time bands, in pounds",
        include_str!("../../scenarios/contracts/gb-distribution.toml"),
    ),
];

pub(super) fn plants() -> Vec<Item> {
    of_kinds(Kind::Plant, "sites.halls.cooling")
}

pub(super) fn clauses() -> Vec<Item> {
    of_kinds(Kind::Clause, "sites.power_contracts.clauses")
}

fn of_kinds(kind: Kind, path: &str) -> Vec<Item> {
    let kinds = guide::kinds(path).expect("the path stands in the schema");
    kinds.into_iter().map(|k| item(kind, k)).collect()
}

fn item(kind: Kind, of: KindOf) -> Item {
    let figures = of.figures.into_iter().map(|key| {
        let (value, label) = match (key.value, key.label) {
            (Some(value), Some(label)) => (value, label),
            _ => ("no default".to_owned(), ""),
        };
        Figure {
            name: key.key,
            value,
            unit: key.unit,
            label,
            source: key.meaning,
        }
    });
    Item {
        kind,
        id: of.id,
        name: of.about,
        figures: figures.collect(),
        source: "docs/REFERENCE.md, the description of each key".to_owned(),
        date: String::new(),
    }
}

pub(super) fn contracts() -> Vec<Item> {
    let item = |(id, name, text): &(&str, &str, &str)| Item {
        kind: Kind::Contract,
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        figures: text.lines().filter_map(rate).collect(),
        source: format!("scenarios/contracts/{id}.toml; keys of sources: docs/SOURCES.md"),
        date: String::new(),
    };
    CONTRACTS.iter().map(item).collect()
}

/// A line that says where its figures come from: what stands before the comment, and the comment.
fn rate(line: &str) -> Option<Figure> {
    let (said, comment) = line.split_once('#')?;
    let (said, comment) = (said.trim().trim_end_matches(','), comment.trim());
    let label = ["sourced", "computed", "assumption"]
        .into_iter()
        .find(|label| comment.contains(label))?;
    if said.is_empty() {
        return None;
    }
    Some(Figure::of("terms", said, "", label).from(comment))
}
