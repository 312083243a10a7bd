//! Batches of graphics cards: which chain they mine today, what a megawatt-hour earns there, what a card fetches.
//!
//! A card mines the chain of its list that earns most a megawatt-hour at the wall; the choice is made once a day, when
//! chains move. Everything else (order of merit, wear, repair, moves, sale) is that of any batch.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::Algorithm;
use crate::fleet::card_catalogue::CardModel;
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::SimTime;

/// The most chains that a batch may choose from.
const MINES_MAX: usize = 32;
/// Megawatt-hours of a watt over a day.
const MWH_PER_W_DAY: f64 = 24e-6;

/// What a batch of graphics cards needs besides its model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardsSpec {
    /// Chains of `market.gpu_mining.coins` that the cards may mine; each day the one that earns most a megawatt-hour. One
    /// name for one chain only.
    pub mines: Vec<Name>,
    /// Cards in a frame with one board. Default 8 (assumption: frames hold 6 to 12).
    #[serde(default = "cards_per_rig")]
    pub cards_per_rig: u32,
    /// What board, processor, fans and disk of a frame draw, W. Default 100 (assumption; with one card a PC took 400 W of
    /// which 330 W by the card: Tom's Hardware).
    #[serde(default = "host_w")]
    pub host_w: f64,
    /// Efficiency of the power supplies, percent. Default 92 (assumption: 80 PLUS Gold to Titanium at half load).
    #[serde(default = "supply_percent")]
    pub supply_percent: f64,
    /// What a card fetches.
    #[serde(default)]
    pub value: CardValueSpec,
}

fn cards_per_rig() -> u32 {
    8
}
fn host_w() -> f64 {
    100.0
}
fn supply_percent() -> f64 {
    92.0
}

/// What a used card fetches: what it is worth to those who play, and what miners pay on top.
///
/// `list * (1 - loss)^years * (1 - flood * idle) + days * margin`, years since the model's release, `idle` the share of
/// the world's mining cards that stand, `margin` what the card earns a day less its power; at least scrap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CardValueSpec {
    /// Price of the model at launch, USD. Default: the catalogue's.
    pub list_usd: Option<f64>,
    /// What players' price loses in a year, percent. Default 15: with `days` the fit to five prices of 2022 within 30 %
    /// (computed; eBay by fraxfacts.com, decrypt.co and techspot.com).
    pub loss_percent_per_year: f64,
    /// Days of margin that miners pay on top. Default 160 (computed likewise).
    pub days: f64,
    /// Power price that these buyers reckon with, USD/MWh. Default 100 (Tom's Hardware's baseline).
    pub power_usd_per_mwh: f64,
    /// What players' price would lose if every mining card stood and came to market, percent. Default 15 (assumption; by
    /// the flood of used cards).
    pub flood_percent: f64,
    /// Least that a card fetches, USD. Default 15 (assumption).
    pub scrap_usd: f64,
}

impl Default for CardValueSpec {
    fn default() -> Self {
        Self {
            list_usd: None,
            loss_percent_per_year: 15.0,
            days: 160.0,
            power_usd_per_mwh: 100.0,
            flood_percent: 15.0,
            scrap_usd: 15.0,
        }
    }
}

impl Check for CardsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if self.mines.is_empty() || self.mines.len() > MINES_MAX {
            let message = format!("{} chains: expected 1 to {MINES_MAX}", self.mines.len());
            problems.error(&at.key("mines"), message);
        }
        for (index, name) in self.mines.iter().enumerate() {
            if self.mines[..index].contains(name) {
                problems.error(&at.key("mines").index(index), format!("`{name}` is named twice"));
            }
        }
        let rig = f64::from(self.cards_per_rig);
        problems.within(&at.key("cards_per_rig"), rig, 1.0, 1_000.0);
        problems.within(&at.key("host_w"), self.host_w, 0.0, 10_000.0);
        problems.within(&at.key("supply_percent"), self.supply_percent, 10.0, 100.0);
        self.value.check(&at.key("value"), problems);
    }
}

impl Check for CardValueSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(usd) = self.list_usd {
            problems.within(&at.key("list_usd"), usd, 0.0, 1e6);
        }
        let loss = self.loss_percent_per_year;
        problems.within(&at.key("loss_percent_per_year"), loss, 0.0, 99.0);
        problems.within(&at.key("days"), self.days, 0.0, 10_000.0);
        let power = self.power_usd_per_mwh;
        problems.within(&at.key("power_usd_per_mwh"), power, 0.0, 100_000.0);
        problems.percent(&at.key("flood_percent"), self.flood_percent, 100.0);
        problems.within(&at.key("scrap_usd"), self.scrap_usd, 0.0, 1e6);
    }
}

impl CardValueSpec {
    /// What a card of a model fetches on a day on which it earns `margin_usd_per_day` after its power.
    pub fn usd(&self, model: &CardModel, now: SimTime, margin_usd_per_day: f64, idle_share: f64) -> f64 {
        let kept = (1.0 - self.loss_percent_per_year / 100.0).powf(model.years_since_release(now));
        let flood = 1.0 - self.flood_percent / 100.0 * idle_share;
        let play = self.list_usd.unwrap_or(model.list_usd) * kept * flood;
        (play + self.days * margin_usd_per_day.max(0.0)).max(self.scrap_usd)
    }
}

/// A chain on a day, as cards see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainToday {
    /// Its proof of work.
    pub algorithm: Algorithm,
    /// What a megahash a second earns in the day, coins and USD.
    pub coins_per_mh_day: f64,
    /// Likewise in USD.
    pub usd_per_mh_day: f64,
}

/// All chains on a day.
#[derive(Debug, Clone, Copy)]
pub struct CardMarket<'a> {
    /// The chains, in the order in which batches were bound to them.
    pub chains: &'a [ChainToday],
    /// Share of the world's mining cards that stand.
    pub idle_share: f64,
    /// The day.
    pub now: SimTime,
}

/// What a batch of cards mines now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mined {
    /// Index of the chain.
    pub chain: usize,
    /// Coins that a megawatt-hour at the wall earns.
    pub coins_per_mwh: f64,
    /// USD that it earns.
    pub usd_per_mwh: f64,
}

/// Cards of one model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cards {
    model: &'static CardModel,
    names: Vec<Name>,
    chains: Vec<usize>,
    host_w_per_card: f64,
    supply: f64,
    value: CardValueSpec,
    /// Hash rate and power over those of a new card.
    worn: (f64, f64),
    mined: Option<Mined>,
    wall_w: f64,
    usd_per_card: f64,
}

impl Cards {
    pub(super) fn new(model: &'static CardModel, spec: &CardsSpec, worn: (f64, f64)) -> Self {
        let mut cards = Self {
            model,
            names: spec.mines.clone(),
            chains: Vec::new(),
            host_w_per_card: spec.host_w / f64::from(spec.cards_per_rig.max(1)),
            supply: spec.supply_percent / 100.0,
            value: spec.value.clone(),
            worn,
            mined: None,
            wall_w: 0.0,
            usd_per_card: 0.0,
        };
        // What wires must carry, until a day says what is mined.
        cards.wall_w = cards.wall_w_of(model.power_w_max());
        cards
    }
    /// At the wall, W a card.
    fn wall_w_of(&self, card_w: f64) -> f64 {
        (card_w * self.worn.1 + self.host_w_per_card) / self.supply
    }
    pub(super) const fn model(&self) -> &'static CardModel {
        self.model
    }
    /// Finds its chains among those of the market.
    pub(super) fn bind(&mut self, place: &dyn Fn(&Name) -> Option<usize>) {
        self.chains = self.names.iter().filter_map(place).collect();
    }
    /// A day begins: the best chain, and what a card fetches.
    pub(super) fn turn(&mut self, market: &CardMarket<'_>) {
        self.mined = None;
        let mut earned = 0.0;
        for &chain in &self.chains {
            let today = &market.chains[chain];
            let Some((mh, card_w)) = self.model.rate(today.algorithm) else {
                continue;
            };
            let wall_w = self.wall_w_of(card_w);
            let per_mwh = mh * self.worn.0 / (wall_w * MWH_PER_W_DAY);
            let usd_per_mwh = per_mwh * today.usd_per_mh_day;
            // Of equals the first of the list.
            if usd_per_mwh > self.mined.map_or(0.0, |m| m.usd_per_mwh) {
                self.wall_w = wall_w;
                earned = usd_per_mwh * wall_w * MWH_PER_W_DAY;
                self.mined = Some(Mined {
                    chain,
                    coins_per_mwh: per_mwh * today.coins_per_mh_day,
                    usd_per_mwh,
                });
            }
        }
        let margin = earned - self.wall_w * MWH_PER_W_DAY * self.value.power_usd_per_mwh;
        self.usd_per_card = self.value.usd(self.model, market.now, margin, market.idle_share);
    }
    pub(super) fn wear(&mut self, hashrate: f64, power: f64) {
        self.worn.0 *= hashrate;
        self.worn.1 *= power;
    }
    pub(super) const fn mined(&self) -> Option<Mined> {
        self.mined
    }
    pub(super) const fn wall_w(&self) -> f64 {
        self.wall_w
    }
    /// What a card fetches whole, and broken.
    pub(super) const fn usd_per_card(&self) -> (f64, f64) {
        (self.usd_per_card, self.value.scrap_usd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::card_catalogue;
    use crate::fleet::merit::{HallConditions, MeritOrder, SiteConditions};
    use crate::fleet::miner::{Dispatch, MinerBatchSpec, MiningFleet};
    use crate::time::{Calendar, parse_date};
    use crate::units::{EnergyPrice, Power, Ratio};

    fn day(text: &str) -> SimTime {
        Calendar::utc().start_of(parse_date(text).unwrap()).unwrap()
    }

    fn spec(model: &str, count: u32, mines: &[&str]) -> MinerBatchSpec {
        MinerBatchSpec {
            uptime_percent: 100.0,
            cards: Some(CardsSpec {
                mines: mines.iter().map(|name| Name::from(*name)).collect(),
                cards_per_rig: 8,
                host_w: 80.0,
                supply_percent: 100.0,
                value: CardValueSpec::default(),
            }),
            ..MinerBatchSpec::plain(model, count)
        }
    }

    /// Ethash at so many USD a MH and day, Autolykos likewise.
    fn chains(ethash: f64, autolykos: f64) -> [ChainToday; 2] {
        [(Algorithm::Ethash, ethash), (Algorithm::Autolykos, autolykos)].map(|(algorithm, usd)| ChainToday {
            algorithm,
            coins_per_mh_day: usd / 1_600.0,
            usd_per_mh_day: usd,
        })
    }

    fn fleet(specs: &[MinerBatchSpec], chains: &[ChainToday]) -> MiningFleet {
        let mut fleet = MiningFleet::new(specs);
        fleet.bind_coins(&|name| ["a", "b"].iter().position(|n| *n == name.as_str()));
        fleet.turn_coins(&CardMarket {
            chains,
            idle_share: 0.0,
            now: day("2022-09-14"),
        });
        fleet
    }

    #[test]
    fn a_card_mines_what_earns_most_a_megawatt_hour() {
        // RTX 3080: Ethash 98 MH/s at 240 + 10 W, Autolykos 220 at 220 + 10 W.
        let fleet_at = |e: f64, a: f64| fleet(&[spec("rtx-3080", 1_000, &["a", "b"])], &chains(e, a));
        let first = fleet_at(0.024, 0.005);
        let batch = &first.batches()[0];
        let mined = batch.mined().unwrap();
        assert!((mined.usd_per_mwh - 98.0 * 0.024 / (250.0 * 24e-6)).abs() < 1e-9);
        assert!((mined.coins_per_mwh - mined.usd_per_mwh / 1_600.0).abs() < 1e-12);
        assert!(mined.chain == 0 && (first.power().as_mw() - 0.25).abs() < 1e-12);
        assert_eq!(batch.hashrate_ph(), 0.0, "no bitcoin");
        // After the end of the first the second is taken, and its power.
        let second = fleet_at(0.0, 0.0025);
        let mined = second.batches()[0].mined().unwrap();
        assert!((mined.usd_per_mwh - 220.0 * 0.0025 / (230.0 * 24e-6)).abs() < 1e-9);
        assert!(mined.chain == 1 && (second.power().as_mw() - 0.23).abs() < 1e-12);
        assert_eq!(fleet_at(0.0, 0.0).batches()[0].mined(), None);
    }

    #[test]
    fn cards_and_asics_stand_in_one_order_of_merit() {
        // At 40 USD/PH/day an S21 earns 95.2 USD/MWh; the cards 392 at 0.024, 57.2 at 0.0035; power costs 60.
        let asics = MiningFleet::new(&[crate::fleet::miner::tests::batch("antminer-s21", 1_000)]);
        let hall = HallConditions {
            available: Power::from_mw(20.0),
            overhead: Ratio::from_fraction(1.0),
            heat: Ratio::from_fraction(1.0),
            inlet: crate::units::Temperature::from_c(20.0),
        };
        let at = |ethash: f64, available: f64| {
            let cards = fleet(&[spec("rtx-3080", 4_000, &["a"])], &chains(ethash, 0.0));
            let fleets = [asics.clone(), cards];
            let mut order = MeritOrder::at(&fleets, 40.0, Ratio::ZERO);
            let site = SiteConditions {
                available_at_meter: Power::from_mw(available),
                marginal: EnergyPrice::from_usd_per_mwh(60.0),
                hashprice_usd_per_ph_day: 40.0,
            };
            let mut out = [Dispatch::default(); 2];
            order.dispatch(&[hall, hall], &site, &mut out);
            out.map(|d| d.it.as_mw())
        };
        let [asic, card] = at(0.024, 4.0);
        assert!(
            (card - 1.0).abs() < 1e-12 && (asic - 3.0).abs() < 1e-12,
            "cards first"
        );
        let [asic, card] = at(0.0035, 4.0);
        assert!(
            card == 0.0 && (asic - 3.5).abs() < 1e-12,
            "below the cost of power"
        );
    }

    #[test]
    fn used_cards_fetch_what_was_published_in_2022() {
        // eBay: RTX 3060 Ti 1,000 USD in January and 492 in June, RTX 3090 1,106 in June (fraxfacts.com), RTX 3080 1,000
        // in April (techspot.com) and 650 in June (decrypt.co). Ethereum earned 4.7, 4.5 and 1.6 cents a MH and day:
        // 13,000 coins at 3,300, 3,200 and 1,150 USD over 920 TH/s.
        let value = CardValueSpec::default();
        let published = [
            ("rtx-3060-ti", "2022-01-15", 3_300.0, 1_000.0),
            ("rtx-3080", "2022-04-15", 3_200.0, 1_000.0),
            ("rtx-3060-ti", "2022-06-20", 1_150.0, 492.0),
            ("rtx-3080", "2022-06-20", 1_150.0, 650.0),
            ("rtx-3090", "2022-06-20", 1_150.0, 1_106.0),
        ];
        let mut sum = 0.0;
        for (id, on, ether, usd) in published {
            let model = card_catalogue::find(id).unwrap();
            let (mh, w) = model.rate(Algorithm::Ethash).unwrap();
            let margin = mh * 13_000.0 * ether / 920e6 - (w + 12.5) / 0.92 * 24e-6 * 100.0;
            let off = (value.usd(model, day(on), margin, 0.0) / usd).ln();
            assert!(off.abs() < 0.36, "{id} {on}: {off}");
            sum += off / 5.0;
        }
        assert!(sum.abs() < 0.1, "{sum}");
        // The Merge takes the miners' part away, the flood a part of the rest.
        let model = card_catalogue::find("rtx-3080").unwrap();
        let after = value.usd(model, day("2022-09-30"), -0.2, 0.77);
        let play = 699.0 * 0.85_f64.powf(model.years_since_release(day("2022-09-30")));
        assert!((after - play * (1.0 - 0.15 * 0.77)).abs() < 1e-9);
    }

    #[test]
    fn cards_are_sold_by_the_card_and_broken_ones_as_scrap() {
        let specs = [spec("rtx-3080", 1_000, &["a"])];
        let sold = fleet(&specs, &chains(0.0, 0.0)).resale(30.0).as_usd();
        let model = card_catalogue::find("rtx-3080").unwrap();
        let each = CardValueSpec::default().usd(model, day("2022-09-14"), -1.0, 0.0);
        assert!((sold - 1_000.0 * each).abs() < 1e-6);
        assert!((sold - fleet(&specs, &chains(0.0, 0.0)).resale(90.0).as_usd()).abs() < 1e-9);
    }
}
