//! Miners: batches of one model, the fleet of a hall, and what it does with a megawatt now.
//!
//! What a batch says stands in `spec`, what it is in `batch`; how it is run in `mode`, how it wears in `wear`, who repairs it in
//! `shop`, what it fetches in `value`, when it comes and goes in `life`; what is particular to graphics cards in `cards`;
//! whose it is in `hosting`, what heat at the inlet does to it in `heat`.
//!
//! A fleet is sorted by energy per hash. Because worth per megawatt-hour falls along that order, what runs is always
//! a prefix: prices cut it at a batch, caps cut it inside one. Heat slows every machine alike.

mod batch;
mod cards;
mod heat;
mod hosting;
mod life;
mod mode;
mod shop;
mod spec;
mod value;
mod wear;

pub use batch::MinerBatch;
pub use cards::{CardMarket, CardValueSpec, CardsSpec, ChainToday, Mined};
pub use heat::{MinerHeat, MinerHeatSpec};
pub use hosting::{
    Bearer, CheaperEndSpec, CustomerRuns, HostedUse, Hosting, HostingEndSpec, HostingInvoice, HostingLine,
    HostingSpec, Worth,
};
pub use life::{MoveSpec, PurchaseSpec};
pub use mode::MinerMode;
pub use shop::{RepairShop, RepairShopSpec};
pub use spec::MinerBatchSpec;
pub use value::{MinerValueSpec, PaybackSpec};
pub use wear::{MinerWearSpec, WornDay};

use crate::id::Name;
use crate::time::{Calendar, SimTime, Span};
use crate::units::{EnergyPrice, Money, Power, Ratio, Temperature};

/// The most machines in one batch.
pub const MACHINES_MAX: u32 = 1_000_000;
/// The most batches in one hall; a hall that names more is refused.
pub const BATCHES_MAX: usize = 64;
/// Hashprice at which the catalogue's resale prices were seen, USD per PH/s and day: the first quarter of 2026
/// (`CoinShares`: 28 to 30).
pub const RESALE_REFERENCE_HASHPRICE: f64 = 30.0;
/// Megawatt-hours a day that one PH/s draws at 1 J/TH.
const MWH_PER_DAY_PER_PH_AT_ONE_J_PER_TH: f64 = 0.024;

/// What a megawatt-hour at the wall earns: `hashprice / (0.024 * J/TH)`.
pub fn revenue_per_mwh(hashprice_usd_per_ph_day: f64, efficiency_j_per_th: f64) -> EnergyPrice {
    let mwh_per_ph_day = MWH_PER_DAY_PER_PH_AT_ONE_J_PER_TH * efficiency_j_per_th;
    EnergyPrice::from_usd_per_mwh(hashprice_usd_per_ph_day / mwh_per_ph_day)
}

/// The share of full speed at which an air-cooled miner runs at an inlet temperature: full to 40 °C, 440/490 of the
/// clock to 47 °C, nothing above (temperature test of an S21, 2023). Cooling plants that derate earlier come first.
pub fn throttle_at_inlet(inlet: Temperature) -> Ratio {
    let share = match inlet.as_c() {
        t if t <= 40.0 => 1.0,
        t if t <= 47.0 => 440.0 / 490.0,
        _ => 0.0,
    };
    Ratio::from_fraction(share)
}

/// What the surroundings allow and ask of a fleet at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DispatchConditions {
    /// The most power that the fleet may draw at the machines.
    pub available: Power,
    /// Cost of the next megawatt-hour at the meter.
    pub marginal: EnergyPrice,
    /// Megawatt-hours at the meter for one at the machines (cooling and losses): at least 1.
    pub overhead: Ratio,
    /// Hashprice, USD per PH/s and day.
    pub hashprice_usd_per_ph_day: f64,
    /// Share of full speed that heat allows, 0 to 1.
    pub heat: Ratio,
}

/// What a fleet does.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Dispatch {
    /// Power at the machines.
    pub it: Power,
    /// Hashrate, PH/s.
    pub hashrate_ph: f64,
    /// Batches that run, wholly or in part: the first so many of the fleet.
    pub batches: usize,
    /// Power that stands still because it costs more than it earns.
    pub curtailed_by_price: Power,
    /// Power that heat forbids, of what is worth running.
    pub curtailed_by_heat: Power,
    /// Power that the cap forbids, of what is worth running and heat allows.
    pub curtailed_by_cap: Power,
}

/// The miners of one hall, best first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MiningFleet {
    batches: Vec<MinerBatch>,
    power_mw: f64,
}

impl MiningFleet {
    /// The fleet of checked specs with every batch in place; models that the catalogue lacks were refused by the check.
    pub fn new(specs: &[MinerBatchSpec]) -> Self {
        Self::of(specs, MinerBatch::new)
    }
    /// The fleet at a start: batches that are still to be bought do not stand yet.
    pub fn scheduled(specs: &[MinerBatchSpec], calendar: &Calendar, start: SimTime) -> Self {
        Self::of(specs, |spec| MinerBatch::scheduled(spec, calendar, start))
    }
    /// The fleet that stands in a hall from now on, and what its machines cost today.
    pub fn bought(specs: &[MinerBatchSpec], now: SimTime, hashprice_usd_per_ph_day: f64) -> (Self, Money) {
        let mut fleet = Self::new(specs);
        for batch in &mut fleet.batches {
            batch.is_bought(now);
        }
        let cost = fleet.arrive(now, hashprice_usd_per_ph_day);
        (fleet, cost)
    }
    fn of(specs: &[MinerBatchSpec], make: impl Fn(&MinerBatchSpec) -> Option<MinerBatch>) -> Self {
        let batches: Vec<MinerBatch> = specs.iter().filter_map(make).collect();
        assert!(
            batches.len() == specs.len(),
            "{} of {} models are known",
            batches.len(),
            specs.len()
        );
        let mut fleet = Self {
            batches,
            power_mw: 0.0,
        };
        fleet.refresh();
        fleet
    }
    /// Sorts and adds up anew, after a batch has changed.
    fn refresh(&mut self) {
        // A stable sort: equals stay in file order, so the outcome does not depend on the platform.
        // Cards hash no terahash a joule: among them what a megawatt-hour earns decides.
        self.batches.sort_by(|a, b| {
            let efficiency = a.efficiency_j_per_th().total_cmp(&b.efficiency_j_per_th());
            efficiency.then_with(|| b.own_usd_per_mwh().total_cmp(&a.own_usd_per_mwh()))
        });
        self.power_mw = self.batches.iter().map(|b| b.power().as_mw()).sum();
    }
    /// Whether graphics cards are among its machines.
    pub fn has_cards(&self) -> bool {
        self.batches.iter().any(MinerBatch::is_cards)
    }
    /// Finds the chains that its cards mine among those of the market: `place` gives a name's index.
    pub fn bind_coins(&mut self, place: &dyn Fn(&Name) -> Option<usize>) {
        for batch in &mut self.batches {
            batch.bind_coins(place);
        }
    }
    /// A day of the chains begins: cards mine what earns most, and fetch what they fetch.
    pub fn turn_coins(&mut self, market: &CardMarket<'_>) {
        for batch in &mut self.batches {
            batch.turn_coins(market);
        }
        self.refresh();
    }
    /// Whether anything about the fleet changes over time by itself.
    pub fn changes(&self) -> bool {
        self.batches.iter().any(MinerBatch::changes)
    }
    /// Counts the batches that have started since they were last looked at: `running` of those that have power run, the
    /// best ones.
    pub fn note_running(&mut self, running: usize) {
        let with_power = self.batches.iter_mut().filter(|b| b.power().as_mw() > 0.0);
        for (index, batch) in with_power.enumerate() {
            batch.note_running(index < running);
        }
    }
    /// Lets a stretch of time pass over machines at `from`: they age, fail by hours and restarts, and are repaired by
    /// the shop, best machines first.
    pub fn wear(&mut self, span: Span, shop: Option<&mut RepairShop>) -> WornDay {
        let mut done = WornDay::default();
        let mut shop = shop;
        for batch in &mut self.batches {
            done.add(&batch.wear(span, shop.as_deref_mut()));
        }
        self.refresh();
        done
    }
    /// Puts the batches in place whose day has come. Gives what they cost.
    pub fn arrive(&mut self, now: SimTime, hashprice_usd_per_ph_day: f64) -> Money {
        let cost = self
            .batches
            .iter_mut()
            .filter_map(|b| b.arrive(now, hashprice_usd_per_ph_day))
            .sum();
        self.refresh();
        cost
    }
    /// Takes the batches out that leave for another hall now.
    pub fn depart(&mut self, now: SimTime) -> Vec<MinerBatch> {
        self.take(|b| b.departs(now))
    }
    /// Takes the batches out whose life has ended.
    pub fn retire(&mut self, now: SimTime) -> Vec<MinerBatch> {
        self.take(|b| b.retires(now))
    }
    fn take(&mut self, goes: impl Fn(&MinerBatch) -> bool) -> Vec<MinerBatch> {
        let gone = self.batches.extract_if(.., |b| goes(b)).collect();
        self.refresh();
        gone
    }
    /// Puts a batch in that comes from another hall.
    pub fn put(&mut self, batch: MinerBatch) {
        self.batches.push(batch);
        self.refresh();
    }
    /// Counts a start of a batch that stood; batches by their place in [`MiningFleet::batches`].
    pub fn note_batch(&mut self, batch: usize, runs: bool) {
        self.batches[batch].note_running(runs);
    }
    /// The contract of a customer's batch, to count and to invoice.
    pub fn hosting_mut(&mut self, batch: usize) -> Option<&mut Hosting> {
        self.batches[batch].hosting_mut()
    }
    /// Takes all batches out.
    pub fn clear(&mut self) -> Vec<MinerBatch> {
        self.take(|_| true)
    }
    /// The batches, best first.
    pub fn batches(&self) -> &[MinerBatch] {
        &self.batches
    }
    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }
    /// Power at full speed of all that work.
    pub fn power(&self) -> Power {
        Power::from_mw(self.power_mw)
    }
    /// Power if every machine worked that stands or is still to come.
    pub fn nameplate(&self) -> Power {
        self.batches.iter().map(MinerBatch::nameplate).sum()
    }
    /// Hashrate at full speed of all that work, PH/s.
    pub fn hashrate_ph(&self) -> f64 {
        self.batches.iter().map(MinerBatch::hashrate_ph).sum()
    }
    /// What the whole fleet fetches.
    pub fn resale(&self, hashprice_usd_per_ph_day: f64) -> Money {
        self.batches
            .iter()
            .map(|b| b.resale(hashprice_usd_per_ph_day))
            .sum()
    }
    /// What runs now. A batch runs if a megawatt-hour earns more than it costs at the meter; then heat slows all
    /// that runs alike; then the cap stops machines from the worst upwards. Partial batches are continuous: one
    /// machine is some thousandth of a batch.
    pub fn dispatch(&self, now: &DispatchConditions) -> Dispatch {
        let cost = now.marginal.as_usd_per_mwh() * now.overhead.as_fraction();
        let heat = now.heat.as_fraction().clamp(0.0, 1.0);
        let mut left = now.available.as_mw().max(0.0);
        let mut out = Tally::default();
        for batch in &self.batches {
            if batch.break_even(now.hashprice_usd_per_ph_day).as_usd_per_mwh() <= cost {
                out.price += batch.power().as_mw();
                continue;
            }
            left -= out.take(batch, heat, left);
        }
        out.into_dispatch()
    }
}

/// Sums of a dispatch in plain numbers, megawatts.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    it: f64,
    hashrate_ph: f64,
    batches: usize,
    price: f64,
    heat: f64,
    cap: f64,
}

impl Tally {
    /// Runs as much of a batch as heat and the megawatts left allow; gives the megawatts taken.
    fn take(&mut self, batch: &MinerBatch, heat: f64, left: f64) -> f64 {
        let power_mw = batch.power().as_mw();
        let allowed = power_mw * heat;
        let taken = allowed.min(left).max(0.0);
        self.heat += power_mw - allowed;
        self.cap += allowed - taken;
        self.it += taken;
        if power_mw > 0.0 {
            self.hashrate_ph += batch.hashrate_ph() * (taken / power_mw);
        }
        self.batches += usize::from(taken > 0.0);
        taken
    }
    /// With units.
    fn into_dispatch(self) -> Dispatch {
        Dispatch {
            it: Power::from_mw(self.it),
            hashrate_ph: self.hashrate_ph,
            batches: self.batches,
            curtailed_by_price: Power::from_mw(self.price),
            curtailed_by_heat: Power::from_mw(self.heat),
            curtailed_by_cap: Power::from_mw(self.cap),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn batch(model: &str, count: u32) -> MinerBatchSpec {
        MinerBatchSpec {
            uptime_percent: 100.0,
            ..MinerBatchSpec::plain(model, count)
        }
    }

    fn conditions(available: f64, marginal: f64, hashprice: f64) -> DispatchConditions {
        DispatchConditions {
            available: Power::from_mw(available),
            marginal: EnergyPrice::from_usd_per_mwh(marginal),
            overhead: Ratio::from_fraction(1.0),
            hashprice_usd_per_ph_day: hashprice,
            heat: Ratio::from_fraction(1.0),
        }
    }

    #[test]
    fn revenue_per_mwh_is_the_published_one() {
        // Hashrate Index, 12 January 2026: 39.53 USD/PH/day is 97 and 75 USD/MWh at 17 and 22 J/TH.
        assert!((revenue_per_mwh(39.53, 17.0).as_usd_per_mwh() / 97.0 - 1.0).abs() < 0.01);
        assert!((revenue_per_mwh(39.53, 22.0).as_usd_per_mwh() / 75.0 - 1.0).abs() < 0.01);
        // CoinShares: at 30 USD/PH/day an S19 XP is under water at 6 cents a kWh.
        let xp = MinerBatch::new(&batch("antminer-s19-xp", 1))
            .unwrap()
            .break_even(30.0);
        assert!((xp.as_usd_per_mwh() - 58.14).abs() < 0.01);
    }

    #[test]
    fn a_fleet_by_hand() {
        // 1,000 S21 draw 3.5 MW and give 200 PH/s; 1,000 S19j Pro draw 3.05 MW and give 100 PH/s.
        let fleet = MiningFleet::new(&[batch("antminer-s19j-pro", 1_000), batch("antminer-s21", 1_000)]);
        assert_eq!(fleet.batches()[0].model_id(), "antminer-s21");
        assert!((fleet.power().as_mw() - 6.55).abs() < 1e-12);
        // At 40 USD/PH/day: S21 earns 95.2, S19j Pro 54.6 USD/MWh.
        let all = fleet.dispatch(&conditions(10.0, 50.0, 40.0));
        assert!((all.it.as_mw() - 6.55).abs() < 1e-12 && (all.hashrate_ph - 300.0).abs() < 1e-9);
        let best = fleet.dispatch(&conditions(10.0, 60.0, 40.0));
        assert!((best.it.as_mw() - 3.5).abs() < 1e-12 && best.batches == 1);
        assert!((best.curtailed_by_price.as_mw() - 3.05).abs() < 1e-12);
        assert_eq!(fleet.dispatch(&conditions(10.0, 96.0, 40.0)).it, Power::ZERO);
        // A cap of 4 MW: the S21 whole, half a megawatt of the others.
        let capped = fleet.dispatch(&conditions(4.0, 50.0, 40.0));
        assert!((capped.hashrate_ph - (200.0 + 100.0 * 0.5 / 3.05)).abs() < 1e-9);
        assert!((capped.curtailed_by_cap.as_mw() - 2.55).abs() < 1e-12);
    }

    #[test]
    fn overhead_raises_the_cost_of_a_megawatt_hour_at_the_machine() {
        let fleet = MiningFleet::new(&[batch("antminer-s21", 1_000)]);
        let mut now = conditions(10.0, 90.0, 40.0);
        assert!(fleet.dispatch(&now).it > Power::ZERO, "95.2 earned, 90 paid");
        now.overhead = Ratio::from_fraction(1.06);
        assert_eq!(fleet.dispatch(&now).it, Power::ZERO, "95.2 earned, 95.4 paid");
    }

    #[test]
    fn equal_cost_and_worth_stand_still_and_negative_prices_run() {
        let fleet = MiningFleet::new(&[batch("antminer-s21", 1_000)]);
        let worth = fleet.batches()[0].break_even(40.0).as_usd_per_mwh();
        assert_eq!(fleet.dispatch(&conditions(10.0, worth, 40.0)).it, Power::ZERO);
        assert!(fleet.dispatch(&conditions(10.0, -5.0, 0.0)).it > Power::ZERO);
    }

    #[test]
    fn machines_that_stand_draw_nothing() {
        let mut spec = batch("antminer-s21", 1_000);
        spec.uptime_percent = 96.0;
        let fleet = MiningFleet::new(&[spec]);
        assert!((fleet.power().as_mw() - 3.36).abs() < 1e-12);
        assert!((fleet.nameplate().as_mw() - 3.5).abs() < 1e-12);
        assert!((fleet.hashrate_ph() - 192.0).abs() < 1e-9);
    }

    #[test]
    fn resale_falls_with_hashprice_within_bounds() {
        let fleet = MiningFleet::new(&[batch("antminer-s19-xp", 1_000)]);
        assert!((fleet.resale(30.0).as_usd() - 1_000.0 * 140.0 * 1.96).abs() < 1e-6);
        assert!((fleet.resale(15.0).as_usd() / fleet.resale(30.0).as_usd() - 0.5).abs() < 1e-12);
        assert_eq!(fleet.resale(0.0), fleet.resale(3.0));
        assert_eq!(fleet.resale(90.0), fleet.resale(900.0));
    }

    #[test]
    fn the_inlet_throttles_in_two_steps() {
        let share = |t: f64| throttle_at_inlet(Temperature::from_c(t)).as_fraction();
        assert_eq!((share(25.0), share(47.5)), (1.0, 0.0));
        assert!((share(43.0) - 0.898).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn every_megawatt_is_running_or_has_a_reason(
            counts in proptest::collection::vec(1u32..5_000, 1..6),
            available in 0.0f64..60.0, marginal in -50.0f64..200.0, hashprice in 5.0f64..100.0, heat in 0.0f64..1.0,
        ) {
            let models = ["antminer-s9", "antminer-s19j-pro", "antminer-s19-xp", "antminer-s21", "antminer-s21-xp"];
            let specs: Vec<_> = counts.iter().enumerate().map(|(i, c)| batch(models[i % 5], *c)).collect();
            let fleet = MiningFleet::new(&specs);
            let mut now = conditions(available, marginal, hashprice);
            now.heat = Ratio::from_fraction(heat);
            let d = fleet.dispatch(&now);
            let sum = d.it + d.curtailed_by_price + d.curtailed_by_heat + d.curtailed_by_cap;
            prop_assert!((sum.as_mw() - fleet.power().as_mw()).abs() < 1e-9);
            prop_assert!(d.it.as_mw() <= available + 1e-12);
        }
    }
}
