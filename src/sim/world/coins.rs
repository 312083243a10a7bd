//! Days of the chains that graphics cards mine.

use super::World;
use crate::fleet::{CardMarket, ChainToday, MiningFleet};
use crate::sim::site::Site;
use crate::time::SimTime;

impl World<'_> {
    /// Tells cards which chains of the market are theirs, once.
    pub(super) fn bind_coins(&mut self) {
        let Some(spec) = &self.from.spec.market.gpu_mining else {
            return;
        };
        for site in &mut self.sites {
            if site.fleets.iter().any(MiningFleet::has_cards) {
                site.coins = vec![0.0; spec.coins.len()];
            }
            for fleet in &mut site.fleets {
                fleet.bind_coins(&|name| spec.coins.get_index_of(name));
            }
        }
    }

    /// Where a day of the chains begins, cards look at them anew, and the order of merit is made for the day.
    pub(super) fn turn_coins(&mut self, now: SimTime) {
        let Some(paths) = &self.from.paths.coins else {
            return;
        };
        let day = paths.day_of(now);
        let last = self.coin_day.replace(day);
        if last == Some(day) {
            return;
        }
        self.chains.clear();
        self.chains.extend((0..paths.len()).map(|coin| {
            let on = paths.on(coin, day);
            ChainToday {
                algorithm: paths.algorithm(coin),
                coins_per_mh_day: on.coins_per_mh_day,
                usd_per_mh_day: on.usd_per_mh_day(),
            }
        }));
        let market = CardMarket {
            chains: &self.chains,
            idle_share: paths.idle_share(day),
            now,
        };
        let hashprice = self.from.paths.bitcoin.at(now).hashprice_usd_per_ph_day;
        let before: Vec<_> = match &self.recorder {
            Some(_) => self.sites.iter().map(mined).collect(),
            None => Vec::new(),
        };
        for site in &mut self.sites {
            turn_site(site, &market, hashprice);
        }
        for moving in &mut self.moving {
            moving.batch.turn_coins(&market);
        }
        if last.is_some() {
            self.note_ends(now);
        }
        for (site, before) in before.iter().enumerate() {
            self.note_switches((site, before), now);
        }
    }

    /// Records which chains cards go to that mined another yesterday.
    fn note_switches(&mut self, (site, before): (usize, &[Place]), now: SimTime) {
        let Some(spec) = &self.from.spec.market.gpu_mining else {
            return;
        };
        let after = mined(&self.sites[site]);
        for (hall, model, chain) in after.into_iter().filter(|place| !before.contains(place)) {
            let hall = self.sites[site].halls[hall].name.clone();
            let to = chain.and_then(|c| spec.coins.get_index(c));
            let to = to.map_or("nothing", |(name, _)| name.as_str());
            self.note(now, site, "cards_switch", &hall, format!("{model} to {to}"));
        }
    }

    /// Records how many coins of each chain cards have mined over the horizon.
    pub(super) fn note_coins(&mut self, end: SimTime) {
        let Some(spec) = &self.from.spec.market.gpu_mining else {
            return;
        };
        for site in 0..self.sites.len() {
            for (coin, name) in spec.coins.keys().enumerate() {
                let coins = self.sites[site].coins.get(coin).copied().unwrap_or(0.0);
                if coins > 0.0 {
                    self.note(end, site, "coins_mined", name.as_str(), coins.to_string());
                }
            }
        }
    }

    /// Records the chains that end today, once for each site with cards.
    fn note_ends(&mut self, now: SimTime) {
        let (Some(paths), Some(spec)) = (&self.from.paths.coins, &self.from.spec.market.gpu_mining) else {
            return;
        };
        for (coin, name) in spec.coins.keys().enumerate() {
            let ends_today = paths
                .ends(coin)
                .is_some_and(|ends| ends <= now && Some(paths.day_of(ends)) == self.coin_day);
            for site in 0..self.sites.len() {
                if ends_today && !self.sites[site].coins.is_empty() {
                    let detail = "nobody mines it from now on".to_owned();
                    self.note(now, site, "chain_ended", name.as_str(), detail);
                }
            }
        }
    }
}

/// Hall, model and chain of a batch of cards.
type Place = (usize, &'static str, Option<usize>);

/// What each batch of cards of a site mines.
fn mined(site: &Site) -> Vec<Place> {
    let batches = |(hall, fleet): (usize, &MiningFleet)| -> Vec<Place> {
        let cards = fleet.batches().iter().filter(|b| b.is_cards());
        cards
            .map(|b| (hall, b.model_id(), b.mined().map(|m| m.chain)))
            .collect()
    };
    site.fleets.iter().enumerate().flat_map(batches).collect()
}

fn turn_site(site: &mut Site, market: &CardMarket<'_>, hashprice_usd_per_ph_day: f64) {
    if site.coins.is_empty() {
        return;
    }
    for fleet in &mut site.fleets {
        fleet.turn_coins(market);
    }
    site.merit_hashprice = hashprice_usd_per_ph_day;
    site.fleets_changed();
}
