//! A batch at work: what miners of one model draw and hash now, and what they are worth.

use super::cards::{CardMarket, Cards, CardsSpec, Mined};
use super::heat::MinerHeat;
use super::hosting::{Bearer, Hosting, Worth};
use super::life::{MoveSpec, after_years, midnight};
use super::revenue_per_mwh;
use super::shop::RepairShop;
use super::spec::MinerBatchSpec;
use super::value::MinerValueSpec;
use super::wear::{Rates, WornDay};
use crate::fleet::card_catalogue;
use crate::fleet::dispatch::BatchRules;
use crate::fleet::miner_catalogue::{self, MinerCooling, MinerModel};
use crate::id::Name;
use crate::time::{Calendar, SimTime, Span};
use crate::units::{EnergyPrice, Money, Power, Ratio};

/// Hashrate and power over those of a new machine.
fn worn(rates: Option<Rates>, years: f64) -> (f64, f64) {
    rates.map_or((1.0, 1.0), |r| {
        ((r.hashrate * years).exp(), (r.power * years).exp())
    })
}

/// What is known beforehand of a batch's life.
#[derive(Debug, Clone, PartialEq, Default)]
struct Life {
    /// When it is bought, and for how much a TH/s where that is stated; `None` once it stands.
    arrives: Option<(SimTime, Option<f64>)>,
    /// When it is taken down for another hall; `None` once it has left.
    departs: Option<SimTime>,
    /// When its life ends.
    retires: Option<SimTime>,
}

/// What a batch consists of.
#[derive(Debug, Clone, PartialEq)]
enum Machine {
    /// ASICs, which mine bitcoin.
    Asic(&'static MinerModel),
    /// Graphics cards, which mine what pays.
    Card(Box<Cards>),
}

/// Miners of one model at work.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerBatch {
    machine: Machine,
    /// Machines that stand in the hall, failed ones included; whole at the start.
    machines: f64,
    /// Failed machines on their way to the bench, and those that wait at it.
    failed: [f64; 2],
    uptime: f64,
    hashrate_th_s: f64,
    power_w: f64,
    rates: Option<Rates>,
    value: MinerValueSpec,
    moves: Option<MoveSpec>,
    life: Life,
    runs: bool,
    restarts: f64,
    power_mw: f64,
    hashrate_ph: f64,
    /// USD/MWh that it earns per USD/PH/day.
    worth_per_hashprice: f64,
    rules: BatchRules,
    heat: Option<MinerHeat>,
    hosting: Option<Box<Hosting>>,
}

impl MinerBatch {
    /// The batch of a checked spec, in place; `None` for a model that the catalogue lacks.
    pub fn new(spec: &MinerBatchSpec) -> Option<Self> {
        if let Some(cards) = &spec.cards {
            return Self::of_cards(spec, cards);
        }
        let model = miner_catalogue::find(spec.model.as_str())?;
        let rated_th = spec.hashrate_th_s.unwrap_or(model.hashrate_th_s);
        let rated_w = match spec.efficiency_j_per_th {
            Some(j_per_th) => j_per_th * rated_th,
            None => spec.power_w.unwrap_or(model.power_w),
        };
        let (power, energy) = spec.mode.factors();
        let rates = spec.wear.as_ref().map(|wear| Rates::new(wear, model.cooling));
        let (lost, gained) = worn(rates, spec.age_years);
        let rated = (rated_th * (power / energy) * lost, rated_w * power * gained);
        let mut batch = Self::of_machines(spec, Machine::Asic(model), rated, rates);
        batch.heat = spec.heat.as_ref().map(|heat| MinerHeat::new(heat, model.cooling));
        Some(batch)
    }

    /// Cards make no bitcoin: their hashrate in terahashes is nought, and so is all that follows from it.
    fn of_cards(spec: &MinerBatchSpec, cards: &CardsSpec) -> Option<Self> {
        let model = card_catalogue::find(spec.model.as_str())?;
        let rates = spec.wear.as_ref().map(|wear| Rates::new(wear, MinerCooling::Air));
        let cards = Cards::new(model, cards, worn(rates, spec.age_years));
        let rated = (0.0, cards.wall_w());
        Some(Self::of_machines(
            spec,
            Machine::Card(Box::new(cards)),
            rated,
            rates,
        ))
    }

    fn of_machines(
        spec: &MinerBatchSpec,
        machine: Machine,
        (hashrate_th_s, power_w): (f64, f64),
        rates: Option<Rates>,
    ) -> Self {
        let mut batch = Self {
            machine,
            machines: f64::from(spec.count),
            failed: [0.0; 2],
            uptime: spec.uptime_percent / 100.0,
            hashrate_th_s,
            power_w,
            rates,
            value: spec.value.clone(),
            moves: spec.moves.clone(),
            life: Life::default(),
            runs: true,
            restarts: 0.0,
            power_mw: 0.0,
            hashrate_ph: 0.0,
            worth_per_hashprice: 0.0,
            rules: BatchRules::new(&spec.rules, spec.count),
            heat: None,
            hosting: spec.hosted.as_ref().map(|h| Box::new(Hosting::new(h))),
        };
        batch.refresh();
        batch
    }

    /// Likewise at a start: not yet in place where it is bought later, with its days known.
    pub fn scheduled(spec: &MinerBatchSpec, calendar: &Calendar, start: SimTime) -> Option<Self> {
        let mut batch = Self::new(spec)?;
        let bought = spec.bought.as_ref();
        let arrives = bought.and_then(|b| Some((midnight(&b.on, calendar)?, b.usd_per_th)));
        let from = arrives.map_or(start, |(at, _)| at);
        batch.life = Life {
            arrives,
            departs: spec.moves.as_ref().and_then(|m| midnight(&m.on, calendar)),
            retires: spec
                .life_years
                .map(|years| years - spec.age_years)
                .or_else(|| Some(spec.hosted.as_ref()?.term_months? / 12.0))
                .map(|years| after_years(from, years)),
        };
        batch.refresh();
        Some(batch)
    }

    /// Works out what follows from the machines.
    fn refresh(&mut self) {
        let stands = self.life.arrives.is_none();
        let working = if stands { self.working() * self.uptime } else { 0.0 };
        self.power_mw = working * self.power_w * 1e-6;
        self.hashrate_ph = working * self.hashrate_th_s * 1e-3;
        self.worth_per_hashprice = revenue_per_mwh(1.0, self.efficiency_j_per_th()).as_usd_per_mwh();
    }

    fn working(&self) -> f64 {
        (self.machines - self.failed[0] - self.failed[1]).max(0.0)
    }

    /// What ties its hours to each other.
    pub fn rules(&self) -> &BatchRules {
        &self.rules
    }
    /// The model's id in the catalogue.
    pub fn model_id(&self) -> &'static str {
        match &self.machine {
            Machine::Asic(model) => model.id,
            Machine::Card(cards) => cards.model().id,
        }
    }
    /// Whether it consists of graphics cards.
    pub fn is_cards(&self) -> bool {
        matches!(self.machine, Machine::Card(_))
    }
    /// What its cards mine today; `None` for ASICs, and where no chain pays anything.
    pub fn mined(&self) -> Option<Mined> {
        match &self.machine {
            Machine::Asic(_) => None,
            Machine::Card(cards) => cards.mined(),
        }
    }
    /// What a megawatt-hour earns besides bitcoin, USD.
    pub fn own_usd_per_mwh(&self) -> f64 {
        self.mined().map_or(0.0, |mined| mined.usd_per_mwh)
    }
    /// What a megawatt-hour earns in bitcoin per USD of hashprice.
    pub fn worth_per_hashprice(&self) -> f64 {
        self.worth_per_hashprice
    }
    /// Finds the chains of its cards among those of the market.
    pub(super) fn bind_coins(&mut self, place: &dyn Fn(&Name) -> Option<usize>) {
        if let Machine::Card(cards) = &mut self.machine {
            cards.bind(place);
        }
    }
    /// A day of the chains begins.
    pub fn turn_coins(&mut self, market: &CardMarket<'_>) {
        if let Machine::Card(cards) = &mut self.machine {
            cards.turn(market);
            self.power_w = cards.wall_w();
            self.refresh();
        }
    }
    /// Machines that stand, working or not; a fraction where an expected number has failed for good.
    pub fn machines(&self) -> f64 {
        if self.life.arrives.is_none() {
            self.machines
        } else {
            0.0
        }
    }
    /// Machines that are broken now.
    pub fn broken(&self) -> f64 {
        self.failed[0] + self.failed[1]
    }
    /// Power at the wall of all that work, at full speed.
    pub fn power(&self) -> Power {
        Power::from_mw(self.power_mw)
    }
    /// Power at the wall if every machine worked, whether it stands already or is still to come: what the hall's
    /// feeders must carry.
    pub fn nameplate(&self) -> Power {
        Power::from_mw(self.machines * self.power_w * 1e-6)
    }
    /// Power at the wall of all machines that stand, working or not.
    pub fn standing(&self) -> Power {
        Power::from_mw(self.machines() * self.power_w * 1e-6)
    }
    /// Hashrate of all that work at full speed, PH/s.
    pub fn hashrate_ph(&self) -> f64 {
        self.hashrate_ph
    }
    /// Share of machines that work, broken ones aside.
    pub fn uptime(&self) -> Ratio {
        Ratio::from_fraction(self.uptime)
    }
    /// Energy per hash, J/TH.
    pub fn efficiency_j_per_th(&self) -> f64 {
        self.power_w / self.hashrate_th_s
    }
    /// What a megawatt-hour at the wall earns at a hashprice: the power price at which mining breaks even.
    pub fn break_even(&self, hashprice_usd_per_ph_day: f64) -> EnergyPrice {
        let bitcoin = hashprice_usd_per_ph_day * self.worth_per_hashprice;
        EnergyPrice::from_usd_per_mwh(bitcoin + self.own_usd_per_mwh())
    }
    /// What a megawatt-hour at the wall is worth to the farm, where a pool keeps a share of the coins.
    pub fn worth(&self, pool_fee: Ratio) -> Worth {
        let fee = pool_fee.as_fraction();
        match &self.hosting {
            None => Worth::own(self.worth_per_hashprice, self.own_usd_per_mwh(), 1.0 - fee),
            Some(hosting) => hosting.worth(self.worth_per_hashprice, fee),
        }
    }
    /// What heat at the inlet does to it, where that is stated.
    pub fn heat(&self) -> Option<&MinerHeat> {
        self.heat.as_ref()
    }
    /// The customer's contract, where it is a customer's.
    pub fn hosting(&self) -> Option<&Hosting> {
        self.hosting.as_deref()
    }
    /// The same, to count and to invoice.
    pub fn hosting_mut(&mut self) -> Option<&mut Hosting> {
        self.hosting.as_deref_mut()
    }
    /// The day on which a customer's machines may leave if the farm ends his contract now, and what it pays for that.
    pub fn end_hosting(&self, now: SimTime) -> Option<(SimTime, Money)> {
        let hosting = self.hosting.as_ref().filter(|_| self.life.arrives.is_none())?;
        let (from, paid) = hosting.end(now, self.nameplate());
        // What ends by itself before then needs no more notice.
        Some((self.life.retires.map_or(from, |at| from.min(at.max(now))), paid))
    }
    /// What a PH/s costs in power a day at a power price, USD: the hashprice at which mining breaks even.
    pub fn hashcost(&self, power: EnergyPrice) -> f64 {
        power.as_usd_per_mwh() / self.worth_per_hashprice
    }
    /// What the batch fetches when it is sold: broken machines at scrap, the others by `value`.
    pub fn resale(&self, hashprice_usd_per_ph_day: f64) -> Money {
        if self.life.arrives.is_some() || self.hosting.is_some() {
            return Money::ZERO;
        }
        let (whole, broken) = (self.working(), self.broken());
        Money::from_usd(match &self.machine {
            Machine::Asic(model) => {
                let j_per_th = self.efficiency_j_per_th();
                let price = self
                    .value
                    .resale_usd_per_th(model, j_per_th, hashprice_usd_per_ph_day);
                self.hashrate_th_s * (whole * price + broken * self.value.scrap_usd_per_th(model))
            }
            Machine::Card(cards) => {
                let (price, scrap) = cards.usd_per_card();
                whole * price + broken * scrap
            }
        })
    }
    /// What the batch fetches as scrap; a customer's machines fetch the farm nothing.
    pub fn scrap(&self) -> Money {
        if self.hosting.is_some() {
            return Money::ZERO;
        }
        Money::from_usd(self.scrap_of(self.machines))
    }
    /// What so many machines fetch as scrap, USD.
    fn scrap_of(&self, machines: f64) -> f64 {
        match &self.machine {
            Machine::Asic(model) => machines * self.hashrate_th_s * self.value.scrap_usd_per_th(model),
            Machine::Card(cards) => machines * cards.usd_per_card().1,
        }
    }

    /// Whether anything about it changes over time by itself.
    pub(super) fn changes(&self) -> bool {
        let life = &self.life;
        self.rates.is_some() || life.arrives.is_some() || life.departs.is_some() || life.retires.is_some()
    }
    /// Says whether it runs now; a start is counted.
    pub fn note_running(&mut self, runs: bool) {
        if runs && !self.runs {
            self.restarts += 1.0;
        }
        self.runs = runs;
    }
    /// It is bought now.
    pub(super) fn is_bought(&mut self, now: SimTime) {
        self.life.arrives = Some((now, None));
    }
    /// Puts it in place on its day. Gives what it costs: nothing where it is a customer's.
    pub(super) fn arrive(&mut self, now: SimTime, hashprice: f64) -> Option<Money> {
        let (_, stated) = self.life.arrives.filter(|(at, _)| *at <= now)?;
        let cost = Money::from_usd(match &self.machine {
            Machine::Asic(model) => {
                let j_per_th = self.efficiency_j_per_th();
                let price =
                    stated.unwrap_or_else(|| self.value.purchase_usd_per_th(model, j_per_th, hashprice));
                self.machines * self.hashrate_th_s * price
            }
            Machine::Card(cards) => self.machines * cards.usd_per_card().0,
        });
        self.life.arrives = None;
        self.refresh();
        Some(if self.hosting.is_some() { Money::ZERO } else { cost })
    }
    /// Whether it leaves for another hall now.
    pub(super) fn departs(&self, now: SimTime) -> bool {
        self.life.arrives.is_none() && self.life.departs.is_some_and(|at| at <= now)
    }
    /// Whether its life has ended.
    pub(super) fn retires(&self, now: SimTime) -> bool {
        self.life.arrives.is_none() && self.life.retires.is_some_and(|at| at <= now)
    }
    /// The move that it has begun, which is then done with.
    pub fn begin_move(&mut self) -> Option<MoveSpec> {
        self.life.departs = None;
        self.runs = false;
        self.moves.take()
    }

    /// Lets a stretch of time pass: ages, fails, is repaired.
    pub(super) fn wear(&mut self, span: Span, shop: Option<&mut RepairShop>) -> WornDay {
        let restarts = std::mem::take(&mut self.restarts);
        let Some(rates) = self.rates.filter(|_| self.life.arrives.is_none()) else {
            return WornDay::default();
        };
        let years = span.as_days() / 365.25;
        let failed = self.working() * rates.failing(years, restarts);
        let (hashrate, power) = ((rates.hashrate * years).exp(), (rates.power * years).exp());
        self.hashrate_th_s *= hashrate;
        self.power_w *= power;
        if let Machine::Card(cards) = &mut self.machine {
            cards.wear(hashrate, power);
        }
        self.failed[0] += failed;
        let mut done = WornDay {
            failed,
            ..WornDay::default()
        };
        if let Some(shop) = shop {
            self.repair(span, shop, &mut done);
        }
        self.refresh();
        done
    }

    fn repair(&mut self, span: Span, shop: &mut RepairShop, done: &mut WornDay) {
        let found = self.failed[0] * shop.arriving(span);
        self.failed[0] -= found;
        self.failed[1] += found;
        let taken = shop.take(self.failed[1]);
        self.failed[1] -= taken;
        done.scrapped = taken * shop.beyond_repair();
        done.repaired = taken - done.scrapped;
        done.parts_usd = done.repaired * shop.parts();
        done.scrap_usd = self.scrap_of(done.scrapped);
        self.machines -= done.scrapped;
        if let Some(hosting) = &self.hosting {
            done.scrap_usd = 0.0;
            if hosting.spec().repairs_by == Bearer::Customer {
                done.parts_usd = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::PurchaseSpec;

    #[test]
    fn an_efficiency_takes_the_place_of_power() {
        let spec = MinerBatchSpec {
            efficiency_j_per_th: Some(20.0),
            uptime_percent: 100.0,
            ..MinerBatchSpec::plain("antminer-s21", 25_000)
        };
        let batch = MinerBatch::new(&spec).unwrap();
        assert!((batch.power().as_mw() - 100.0).abs() < 1e-9);
        assert!((batch.efficiency_j_per_th() - 20.0).abs() < 1e-12);
        // Hashcost at 50 USD/MWh and 20 J/TH: 24 USD a PH and day.
        assert!((batch.hashcost(EnergyPrice::from_usd_per_mwh(50.0)) - 24.0).abs() < 1e-9);
    }

    #[test]
    fn a_batch_that_is_bought_later_neither_draws_nor_sells_before() {
        let calendar = Calendar::utc();
        let day = |text: &str| midnight(text, &calendar).unwrap();
        let spec = MinerBatchSpec {
            bought: Some(PurchaseSpec {
                on: "2027-03-01".into(),
                usd_per_th: Some(16.0),
            }),
            life_years: Some(4.0),
            age_years: 1.0,
            ..MinerBatchSpec::plain("antminer-s21", 1_000)
        };
        let mut batch = MinerBatch::scheduled(&spec, &calendar, day("2026-01-01")).unwrap();
        assert_eq!((batch.power(), batch.resale(40.0)), (Power::ZERO, Money::ZERO));
        assert_eq!(batch.arrive(day("2027-02-28"), 40.0), None);
        let cost = batch.arrive(day("2027-03-01"), 40.0).unwrap();
        assert!((cost.as_usd() - 1_000.0 * 200.0 * 16.0).abs() < 1e-6);
        assert!(batch.power() > Power::ZERO && batch.resale(40.0) > Money::ZERO);
        assert!(!batch.retires(day("2030-02-28")) && batch.retires(day("2030-03-01")));
    }
}
