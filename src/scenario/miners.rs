//! What must hold of miners across the parts of a scenario: halls that carry them, where they move, who repairs them.

use crate::fleet::{BatchRulesSpec, MinerBatchSpec, MiningFleet};
use crate::fleet::{card_catalogue, miner_catalogue};
use crate::id::Name;
use crate::market::bitcoin::BitcoinProcessSpec;
use crate::market::payout::PayoutSpec;
use crate::problem::{Check, FieldPath, Problems, nearest};
use crate::scenario::spec::{ScenarioSpec, SiteSpec};
use crate::site::HallSpec;

impl ScenarioSpec {
    /// What the pool of a site keeps, percent: by its scheme, else by the site's costs.
    pub fn pool_fee_percent(&self, site: &SiteSpec) -> f64 {
        let scheme = self.market.bitcoin.payout.as_ref();
        scheme
            .and_then(PayoutSpec::fee_percent)
            .unwrap_or(site.costs.mining_pool_fee_percent)
    }
}

/// Machines above the hall's power are no mistake of a unit: they cannot all run.
pub(super) fn check_fleet(hall: &HallSpec, at: &FieldPath, problems: &mut Problems) {
    let known = |b: &MinerBatchSpec| match &b.cards {
        None => miner_catalogue::find(b.model.as_str()).is_some(),
        Some(_) => card_catalogue::find(b.model.as_str()).is_some(),
    };
    if !hall.miners.iter().all(known) {
        return;
    }
    let (mut later, mut first): (Vec<MinerBatchSpec>, Vec<MinerBatchSpec>) =
        hall.miners.iter().cloned().partition(|b| b.bought.is_some());
    let mut warn = |specs: &[MinerBatchSpec], whose: &str| {
        let nameplate = MiningFleet::new(specs).nameplate().as_mw();
        if nameplate > hall.grid_mw {
            let message = format!(
                "the miners draw {nameplate:.1} MW{whose}, the hall has {} MW of grid power: the rest will stand still",
                hall.grid_mw
            );
            problems.warn(&at.key("miners"), message);
        }
        nameplate > hall.grid_mw
    };
    if warn(&first, "") || later.is_empty() {
        return;
    }
    // Batches that have left by the time others come make room for them; those that stay do not.
    first.retain(|b| b.moves.is_none() && b.life_years.is_none());
    first.append(&mut later);
    warn(&first, " with those bought later");
}

/// The repair shop of a site, and whether there is one where machines fail.
pub(super) fn check_shop(site: &SiteSpec, at: &FieldPath, problems: &mut Problems) {
    if let Some(shop) = &site.repair_shop {
        shop.check(&at.key("repair_shop"), problems);
        return;
    }
    let mut batches = site.halls.iter().flat_map(|h| &h.miners);
    if batches.any(|b| b.wear.is_some()) {
        let message =
            "miners of this site wear and nobody repairs them: what fails stays out; state a `repair_shop`";
        problems.warn(at, message);
    }
}

/// Planning over time counts the batches of the start: fleets that change are not planned with it.
pub(super) fn check_planned(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let batches = |site: &SiteSpec| -> Vec<MinerBatchSpec> {
        site.halls.iter().flat_map(|h| h.miners.clone()).collect()
    };
    let changes = |b: &MinerBatchSpec| {
        b.wear.is_some() || b.life_years.is_some() || b.bought.is_some() || b.moves.is_some()
    };
    let all: Vec<MinerBatchSpec> = spec.sites.iter().flat_map(batches).collect();
    let goes_to = |site: &SiteSpec| {
        let to = |b: &MinerBatchSpec| {
            let moves = b.moves.as_ref().and_then(|m| m.to.split_once('/'));
            moves.is_some_and(|(to, _)| to == site.id.as_str())
        };
        all.iter().any(to)
    };
    for (index, site) in spec.sites.iter().enumerate() {
        let own = batches(site);
        let ruled = own.iter().any(|b| b.rules != BatchRulesSpec::default());
        if (site.mining_dispatch.is_some() || ruled) && own.iter().any(|b| b.hosted.is_some()) {
            problems.error_with_help(
                &at.key("sites").index(index),
                "customers' machines run by their owners' word and are not planned over time",
                "leave out `mining_dispatch` and `rules`, or `hosted`",
            );
        }
        if (site.mining_dispatch.is_some() || ruled) && (own.iter().any(changes) || goes_to(site)) {
            problems.error_with_help(
                &at.key("sites").index(index),
                "miners that wear, come, move or end are not planned over time yet",
                "leave out `mining_dispatch` and `rules`, or `wear`, `life_years`, `bought` and `moves`",
            );
        }
    }
}

/// The network follows a price that exists.
pub(super) fn check_network(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let Some(BitcoinProcessSpec::Frontier(frontier)) = &spec.market.bitcoin.process else {
        return;
    };
    let Some(follows) = &frontier.power_follows else {
        return;
    };
    if !spec.market.power.contains_key(&follows.price) {
        let at = [
            "market",
            "bitcoin",
            "process",
            "frontier",
            "power_follows",
            "price",
        ]
        .iter()
        .fold(at.clone(), |at, key| at.key(*key));
        let known = spec.market.power.keys().map(Name::as_str);
        problems.unknown(&at, "power price", follows.price.as_str(), known);
    }
}

/// Cards mine chains that the market has and that they are rated for; they share no hall with ASICs, and are not planned
/// over time.
pub(super) fn check_cards(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    for (index, site) in spec.sites.iter().enumerate() {
        let at = at.key("sites").index(index);
        let ruled = |b: &MinerBatchSpec| b.rules != BatchRulesSpec::default();
        let mut all = site.halls.iter().flat_map(|h| &h.miners);
        let planned = site.mining_dispatch.is_some() || all.any(ruled);
        for (position, hall) in site.halls.iter().enumerate() {
            let at = at.key("halls").index(position);
            let cards = hall.miners.iter().filter(|b| b.cards.is_some()).count();
            if cards > 0 && cards < hall.miners.len() {
                let message = "graphics cards and ASICs stand in one hall: expected halls of their own";
                problems.error(&at.key("miners"), message);
            }
            if cards > 0 && planned {
                let message =
                    "graphics cards are not planned over time; leave out `mining_dispatch` and `rules`";
                problems.error(&at.key("miners"), message);
            }
            for (place, batch) in hall.miners.iter().enumerate() {
                check_mined(spec, batch, &at.key("miners").index(place), problems);
            }
        }
    }
}

/// What the memo must say of graphics cards: what was assumed of chains, and why the cards are worth little for AI.
pub(super) fn card_notes(spec: &ScenarioSpec) -> Vec<String> {
    let mut batches = spec.sites.iter().flat_map(|s| &s.halls).flat_map(|h| &h.miners);
    if !batches.any(|b| b.cards.is_some()) {
        return Vec::new();
    }
    vec![
        "Graphics cards mine the chain that earns most a megawatt-hour at the wall, chosen anew each day; networks of chains \
         without a file follow what pays, all of them earning the same a megawatt-hour (docs/METHOD-gpu-mining.md)."
            .to_owned(),
        "Mining cards are worth little for AI: 8 to 24 GB a card, no NVLink, frames with risers of one PCIe lane, so each card \
         needs a place in a new server; GeForce drivers are not licensed for data centres but for blockchain (NVIDIA's terms \
         since November 2017); an A4000 rents for 0.15 USD an hour (Hyperstack, March 2026); HIVE earned 0.9 million USD a \
         quarter with 38,000 cards in 2023, 7 % of their hours at that rent."
            .to_owned(),
    ]
}

fn check_mined(spec: &ScenarioSpec, batch: &MinerBatchSpec, at: &FieldPath, problems: &mut Problems) {
    let Some(cards) = &batch.cards else { return };
    let at = at.key("cards").key("mines");
    let Some(market) = &spec.market.gpu_mining else {
        let help = "describe the chains under `market.gpu_mining.coins`";
        problems.error_with_help(&at, "the market has no chains that cards mine", help);
        return;
    };
    for (index, name) in cards.mines.iter().enumerate() {
        let at = at.index(index);
        let Some(coin) = market.coins.get(name) else {
            problems.unknown(&at, "chain", name.as_str(), market.coins.keys().map(Name::as_str));
            continue;
        };
        let model = card_catalogue::find(batch.model.as_str());
        if model.is_some_and(|m| m.rate(coin.algorithm).is_none()) {
            let algorithm = coin.algorithm.as_str();
            problems.error(
                &at,
                format!("no rate of `{}` on {algorithm} is known", batch.model),
            );
        }
    }
}

/// Miners move to a hall that exists, mines, and is not their own.
pub(super) fn check_moves(spec: &ScenarioSpec, at: &FieldPath, problems: &mut Problems) {
    let place = |site: &SiteSpec, hall: &str| format!("{}/{hall}", site.id);
    let halls: Vec<(String, bool)> = spec
        .sites
        .iter()
        .flat_map(|site| {
            site.halls
                .iter()
                .filter(|h| h.repeat <= 200)
                .flat_map(move |hall| {
                    let mines = !hall.miners.is_empty();
                    hall.names()
                        .into_iter()
                        .map(move |name| (place(site, &name), mines))
                })
        })
        .collect();
    for (s, site) in spec.sites.iter().enumerate() {
        for (h, hall) in site.halls.iter().enumerate() {
            for (b, batch) in hall.miners.iter().enumerate() {
                let Some(moves) = &batch.moves else { continue };
                let at = at
                    .key("sites")
                    .index(s)
                    .key("halls")
                    .index(h)
                    .key("miners")
                    .index(b)
                    .key("moves")
                    .key("to");
                match halls.iter().find(|(name, _)| *name == moves.to) {
                    None => {
                        let message = format!("there is no hall `{}`", moves.to);
                        match nearest(&moves.to, halls.iter().map(|(name, _)| name.as_str())) {
                            Some(near) => {
                                problems.error_with_help(&at, message, format!("did you mean `{near}`?"));
                            }
                            None => problems.error_with_help(&at, message, "write `site/hall`"),
                        }
                    }
                    Some((_, false)) => problems.error_with_help(
                        &at,
                        format!("the hall `{}` does not mine", moves.to),
                        "move to a hall that has miners of its own, or buys some",
                    ),
                    Some(_) => {
                        let own =
                            hall.repeat <= 200 && hall.names().iter().any(|n| place(site, n) == moves.to);
                        if own {
                            problems.error(&at, "the miners stand in this hall already");
                        }
                    }
                }
            }
        }
    }
}
