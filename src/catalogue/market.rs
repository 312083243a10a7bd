//! Fitted processes: prices of power, bitcoin, climates.

use super::{Figure, Item, Kind, plain};
use crate::cooling::weather::synthetic::{CLIMATES, Climate};
use crate::market::bitcoin;
use crate::market::price_catalogue::{PRESETS, SPREADS};

pub(super) fn prices() -> Vec<Item> {
    let preset = |p: &crate::market::price_catalogue::PricePreset| Item {
        kind: Kind::Price,
        id: p.name.to_owned(),
        name: "day-ahead price of power, a process".to_owned(),
        figures: p
            .regimes
            .iter()
            .map(|r| {
                let medians: Vec<String> = r.month_median.iter().map(|m| plain(*m)).collect();
                let name = format!("medians by month, as in {}", r.year);
                Figure::of(name, medians.join(" "), "USD/MWh", "computed")
            })
            .collect(),
        source: format!("{}; docs/METHOD-series.md", p.source),
        date: String::new(),
    };
    let spread = |(id, s, source): &(&str, crate::market::price_spread::Spread, &str)| Item {
        kind: Kind::Price,
        id: (*id).to_owned(),
        name: "real-time price over day-ahead, a process".to_owned(),
        figures: vec![
            Figure::of("mean over day-ahead", plain(s.mean), "USD/MWh", "computed"),
            Figure::of("spikes a year", plain(s.events_per_year), "1", "computed"),
        ],
        source: format!("{source}; docs/METHOD-series.md"),
        date: String::new(),
    };
    PRESETS
        .iter()
        .map(preset)
        .chain(SPREADS.iter().map(spread))
        .collect()
}

pub(super) fn bitcoin() -> Vec<Item> {
    let item = |p: &bitcoin::BitcoinPreset| Item {
        kind: Kind::Bitcoin,
        id: p.name.to_owned(),
        name: "bitcoin and its network, fitted years".to_owned(),
        figures: vec![
            Figure::of("volatility", plain(p.volatility), "1/sqrt(year)", "computed"),
            Figure::of(
                "answer of hashrate to price",
                plain(p.elasticity),
                "1",
                "computed",
            ),
            Figure::of(
                "efficiency trend, log",
                plain(p.efficiency_log_per_year),
                "1/year",
                "computed",
            ),
        ],
        source: p.source.to_owned(),
        date: String::new(),
    };
    bitcoin::PRESETS.iter().map(item).collect()
}

pub(super) fn climates() -> Vec<Item> {
    let item = |c: &Climate| Item {
        kind: Kind::Climate,
        id: c.name.to_owned(),
        name: "weather, a synthetic climate".to_owned(),
        figures: vec![
            Figure::of("mean dry bulb", plain(c.dry_bulb[0]), "C", "computed"),
            Figure::of("mean dew point", plain(c.dew_point[0]), "C", "computed"),
            Figure::of("elevation", plain(c.elevation_m), "m", "sourced"),
        ],
        source: format!("{}; docs/METHOD-series.md", c.source),
        date: String::new(),
    };
    CLIMATES.iter().map(item).collect()
}
