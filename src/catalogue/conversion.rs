//! Archetypes with their stages.

use super::{Figure, Item, Kind, range};
use crate::conversion::archetype::{ARCHETYPES, Archetype, Estimate, StageRow};

pub(super) fn archetypes() -> Vec<Item> {
    ARCHETYPES.iter().map(|a| item(a)).collect()
}

fn item(archetype: &Archetype) -> Item {
    let cost = |name: &str, unit, e: &Estimate| {
        Figure::of(name, range(e.low, e.mode, e.high), unit, e.label).from(e.source)
    };
    let mut figures = vec![cost(
        "facility cost",
        "USD/kW of IT",
        &archetype.capex_usd_per_it_kw,
    )];
    if let Some(sale) = &archetype.sale_usd_per_grid_kw {
        figures.push(cost("sale of the site", "USD/kW of grid", sale));
    }
    figures.extend(archetype.stages.iter().map(stage));
    Item {
        kind: Kind::Archetype,
        id: archetype.id.to_owned(),
        name: archetype.meaning.to_owned(),
        figures,
        source: "docs/METHOD-conversion.md".to_owned(),
        date: String::new(),
    }
}

fn stage(row: &StageRow) -> Figure {
    let (low, mode, high) = row.months;
    Figure::of(
        format!("{}: {}", row.id, row.name),
        range(low, mode, high),
        "month",
        row.label,
    )
    .from(row.source)
}
