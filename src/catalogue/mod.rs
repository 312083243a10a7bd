//! What the program knows of the world as data: hardware, plants, archetypes, clauses, contracts, prices, climates, deals,
//! each figure with its label, its source and, where it has one, its date.
//!
//! Owns the published deals, and one form for what the domain's own tables say; it copies no figure of theirs. Does not
//! own the figures of hardware, plants and archetypes: those stand where they run.

mod conversion;
mod deals;
mod hardware;
mod market;
mod site;

use serde::Serialize;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A miner of bitcoin.
    Miner,
    /// A graphics card that mined.
    Card,
    /// A GPU server or rack.
    System,
    /// A cooling plant.
    Plant,
    /// A kind of conversion, with its stages.
    Archetype,
    /// A clause of a power contract.
    Clause,
    /// A whole contract or tariff.
    Contract,
    /// A fitted process of power prices.
    Price,
    /// Fitted years of bitcoin.
    Bitcoin,
    /// A fitted climate.
    Climate,
    /// A published deal.
    Deal,
}

impl Kind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::Miner,
        Self::Card,
        Self::System,
        Self::Plant,
        Self::Archetype,
        Self::Clause,
        Self::Contract,
        Self::Price,
        Self::Bitcoin,
        Self::Climate,
        Self::Deal,
    ];
    /// Its word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Miner => "miner",
            Self::Card => "card",
            Self::System => "system",
            Self::Plant => "plant",
            Self::Archetype => "archetype",
            Self::Clause => "clause",
            Self::Contract => "contract",
            Self::Price => "price",
            Self::Bitcoin => "bitcoin",
            Self::Climate => "climate",
            Self::Deal => "deal",
        }
    }
    /// What a scenario says to take another figure than the catalogue's.
    pub const fn yours(self) -> &'static str {
        match self {
            Self::Miner => "in a batch of miners: `hashrate_th_s`, `power_w`, `efficiency_j_per_th`, `value`",
            Self::Card => "in a batch with `cards`: `hashrate_th_s`, `power_w`, and its fields of value",
            Self::System => "in `install`: `systems`, `hardware_usd_per_gpu`, `throttle`, `failures`",
            Self::Plant => "every figure is a key of `cooling.<plant>`",
            Self::Archetype => {
                "in a conversion: `stages` changes or adds any stage; `install.fit_out_usd_per_it_kw`"
            }
            Self::Clause => "every figure is a key of the clause",
            Self::Contract => "copy it into `sites.power_contracts` and change it",
            Self::Price => {
                "`process.fitted.level_factor`, `adjustments`, or `series` with a file of your own"
            }
            Self::Bitcoin => {
                "`volatility`, `drift_percent_per_year`, `efficiency_percent_per_year`, or a file in `series`"
            }
            Self::Climate => "`warming_c`, `offsets`, or a weather `file` of your own",
            Self::Deal => "deals are for comparison; no run reads them",
        }
    }
}

/// A figure of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// The value, or low, most likely and high.
    pub value: String,
    /// Unit; empty for words.
    pub unit: &'static str,
    /// `sourced`, `computed` or `assumption`; empty for words.
    pub label: &'static str,
    /// Where it comes from, where that differs from the item's source.
    pub source: String,
}

impl Figure {
    fn of(
        name: impl Into<String>,
        value: impl Into<String>,
        unit: &'static str,
        label: &'static str,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            unit,
            label,
            source: String::new(),
        }
    }
    fn from(self, source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            ..self
        }
    }
}

/// Something that a scenario can name, or that one is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its name in scenarios.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Where the figures come from.
    pub source: String,
    /// As of when; empty where no date is stated.
    pub date: String,
}

impl Item {
    /// Whether any of its texts has the word, whatever the case.
    pub fn has(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let own = [&self.id, &self.name, &self.source, &self.date];
        let texts = own
            .into_iter()
            .chain(self.figures.iter().flat_map(|f| [&f.name, &f.source]));
        texts.into_iter().any(|text| text.to_lowercase().contains(&word))
    }
}

/// Everything, by kind and then in the order of the tables.
pub fn all() -> Vec<Item> {
    let mut items = Vec::new();
    items.extend(hardware::miners());
    items.extend(hardware::cards());
    items.extend(hardware::systems());
    items.extend(site::plants());
    items.extend(conversion::archetypes());
    items.extend(site::clauses());
    items.extend(site::contracts());
    items.extend(market::prices());
    items.extend(market::bitcoin());
    items.extend(market::climates());
    items.extend(deals::all());
    items
}

/// A number as short as it reads back, with thousands kept plain.
fn plain(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    rounded.to_string()
}

/// Low, most likely and high.
fn range(low: f64, mode: f64, high: f64) -> String {
    format!("{} ({} to {})", plain(mode), plain(low), plain(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_an_id_a_name_and_labelled_figures() {
        let items = all();
        for kind in Kind::ALL {
            assert!(items.iter().any(|i| i.kind == kind), "{} is empty", kind.as_str());
        }
        for (index, item) in items.iter().enumerate() {
            let place = format!("{} {}", item.kind.as_str(), item.id);
            let twin = |other: &Item| other.kind == item.kind && other.id == item.id;
            assert!(!items[..index].iter().any(twin), "{place} twice");
            assert!(!item.name.is_empty() && !item.figures.is_empty(), "{place}");
            for figure in &item.figures {
                let labelled = ["sourced", "computed", "assumption", ""].contains(&figure.label);
                assert!(labelled && !figure.value.is_empty(), "{place}: {figure:?}");
                let stated = !(item.source.is_empty() && figure.source.is_empty());
                assert!(
                    figure.label != "sourced" || stated,
                    "{place}: {figure:?} has no source"
                );
            }
        }
    }

    #[test]
    fn words_are_found_whatever_the_case() {
        let items = all();
        let found = |word: &str| items.iter().filter(|i| i.has(word)).count();
        assert!(found("COREWEAVE") >= 2 && found("s21") >= 3 && found("fjord") >= 1);
        assert_eq!(found("no such thing at all"), 0);
    }

    /// Rent in the table is value over megawatts, months and years.
    #[test]
    fn rents_of_deals_follow_from_their_values() {
        let of = |id: &str| all().into_iter().find(|i| i.id == id).unwrap();
        let figure = |item: &Item, name: &str| -> f64 {
            let f = item.figures.iter().find(|f| f.name == name).unwrap();
            f.value.parse().unwrap()
        };
        for (id, published) in [
            ("core-scientific-coreweave-200", 121.5),
            ("terawulf-fluidstack", 154.2),
            ("riot-amd", 103.7),
        ] {
            assert!(
                (figure(&of(id), "rent, mean of the term") - published).abs() < 0.1,
                "{id}"
            );
        }
    }
}
