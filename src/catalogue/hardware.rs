//! Miners, cards and GPU systems.

use super::{Figure, Item, Kind, plain, range};
use crate::algorithm::Algorithm;
use crate::fleet::accelerator::{self, SystemCooling};
use crate::fleet::card_catalogue::CARDS;
use crate::fleet::miner_catalogue::{self, MinerCooling};

pub(super) fn miners() -> Vec<Item> {
    let sources = |keys: &str| {
        let named = |key: &str| {
            let found = miner_catalogue::SOURCES.iter().find(|(k, _)| *k == key);
            found.map_or_else(|| key.to_owned(), |(k, text)| format!("{k}: {text}"))
        };
        keys.split_whitespace().map(named).collect::<Vec<_>>().join("; ")
    };
    let item = |model: &miner_catalogue::MinerModel| {
        let (resale, label) = model.resale_usd_per_th();
        let cooling = match model.cooling {
            MinerCooling::Air => "air",
            MinerCooling::Hydro => "water",
            MinerCooling::Immersion => "immersion",
        };
        Item {
            kind: Kind::Miner,
            id: model.id.to_owned(),
            name: model.name.to_owned(),
            figures: vec![
                Figure::of("hashrate", plain(model.hashrate_th_s), "TH/s", "sourced"),
                Figure::of("power at the wall", plain(model.power_w), "W", "sourced"),
                Figure::of(
                    "efficiency",
                    format!("{:.1}", model.efficiency_j_per_th()),
                    "J/TH",
                    "computed",
                ),
                Figure::of("cooling", cooling, "", ""),
                Figure::of(
                    "resale",
                    range_of(resale.low, resale.mode, resale.high),
                    "USD/TH",
                    label.as_str(),
                ),
            ],
            source: sources(model.sources),
            date: "2026".to_owned(),
        }
    };
    miner_catalogue::MODELS.iter().map(item).collect()
}

fn range_of(low: f64, mode: f64, high: f64) -> String {
    let two = |x: f64| (x * 100.0).round() / 100.0;
    range(two(low), two(mode), two(high))
}

pub(super) fn cards() -> Vec<Item> {
    let item = |card: &crate::fleet::card_catalogue::CardModel| {
        let mut figures = vec![
            Figure::of("memory", plain(card.memory_gb), "GB", "sourced"),
            Figure::of(
                "price at launch",
                plain(card.list_usd),
                "USD",
                card.price_label.as_str(),
            ),
        ];
        for algorithm in Algorithm::ALL {
            if let Some((rate, watts)) = card.rate(algorithm) {
                let name = format!("{} rate and power", algorithm.as_str());
                let value = format!("{} at {} W", plain(rate), plain(watts));
                figures.push(Figure::of(name, value, "MH/s", "sourced"));
            }
        }
        Item {
            kind: Kind::Card,
            id: card.id.to_owned(),
            name: card.name.to_owned(),
            figures,
            source: card.source.to_owned(),
            date: format!("released {}", card.released),
        }
    };
    CARDS.iter().map(item).collect()
}

pub(super) fn systems() -> Vec<Item> {
    let item = |model: &accelerator::SystemModel| {
        let (power, capex) = (model.power_label.as_str(), model.capex_label.as_str());
        let (training, price) = (model.training_kw, model.capex_usd_per_gpu);
        let cooling = match model.cooling {
            SystemCooling::Air => "air",
            SystemCooling::DirectToChip => "direct to chip",
        };
        Item {
            kind: Kind::System,
            id: model.id.to_owned(),
            name: model.name.to_owned(),
            figures: vec![
                Figure::of("GPUs", model.gpus.to_string(), "GPU", "sourced"),
                Figure::of("memory a GPU", plain(model.memory_gb), "GB", "sourced"),
                Figure::of("nameplate power", plain(model.nameplate_kw), "kW", power),
                Figure::of("idle power", plain(model.idle_kw), "kW", power),
                Figure::of(
                    "power in training",
                    range(training.low, training.mode, training.high),
                    "kW",
                    power,
                ),
                Figure::of(
                    "price with network and storage",
                    range(price.low, price.mode, price.high),
                    "USD/GPU",
                    capex,
                ),
                Figure::of("cooling", cooling, "", ""),
                Figure::of(
                    "failures",
                    format!("{:.2}", model.failures_per_1000_days()),
                    "1/1000 system-days",
                    "computed",
                )
                .from("419 unexpected interruptions in 54 days on 16,384 H100 (S58)"),
            ],
            source: model.source.to_owned(),
            date: String::new(),
        }
    };
    accelerator::MODELS.iter().map(item).collect()
}
