//! A batch: miners of one model in a hall, what they draw and hash now, and what they are worth.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::life::{MoveSpec, PurchaseSpec, after_years, midnight};
use super::mode::MinerMode;
use super::shop::RepairShop;
use super::value::MinerValueSpec;
use super::wear::{MinerWearSpec, Rates, WornDay};
use super::{MACHINES_MAX, revenue_per_mwh};
use crate::fleet::dispatch::{BatchRules, BatchRulesSpec};
use crate::fleet::miner_catalogue::{self, MODELS, MinerModel};
use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, SimTime, Span};
use crate::units::{EnergyPrice, Money, Power, Ratio};

fn default_uptime_percent() -> f64 {
    95.5
}

/// Miners of one model in a hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinerBatchSpec {
    /// Model of the catalogue, such as `antminer-s19-xp`.
    pub model: Name,
    /// Number of machines.
    pub count: u32,
    /// Share of the machines that work at any time, percent; the others stand without power. Default 95.5: hosted
    /// sites without UPS reach 92 to 98 (assumption; operators name 95 to 97). What `wear` breaks comes on top.
    #[serde(default = "default_uptime_percent")]
    pub uptime_percent: f64,
    /// Hashrate of one machine in TH/s where it differs from the catalogue (firmware, overclock); default: the
    /// catalogue's.
    #[serde(default)]
    pub hashrate_th_s: Option<f64>,
    /// Power of one machine at the wall in W where it differs from the catalogue; default: the catalogue's.
    #[serde(default)]
    pub power_w: Option<f64>,
    /// Energy per hash at the wall in J/TH where it differs from the catalogue, in place of `power_w`.
    #[serde(default)]
    pub efficiency_j_per_th: Option<f64>,
    /// Rules that tie what the batch does in an hour to the hours before: ramp, minimum times, restarts. Default: none.
    #[serde(default)]
    pub rules: BatchRulesSpec,
    /// How the machines are run: `normal` (the default), `low_power` or `overclock`.
    #[serde(default)]
    pub mode: MinerMode,
    /// Age at the start or at purchase, years. Default 0.
    #[serde(default)]
    pub age_years: f64,
    /// Age at which the machines are taken down and sold as scrap, years. Default: never.
    #[serde(default)]
    pub life_years: Option<f64>,
    /// Ageing, failures and repairs. Default: none.
    #[serde(default)]
    pub wear: Option<MinerWearSpec>,
    /// How the machines are priced. Default: `by_hashprice`.
    #[serde(default)]
    pub value: MinerValueSpec,
    /// Bought within the horizon. Default: stands from the start, paid for before.
    #[serde(default)]
    pub bought: Option<PurchaseSpec>,
    /// Moves to another hall. Default: stays.
    #[serde(default)]
    pub moves: Option<MoveSpec>,
}

impl MinerBatchSpec {
    /// Machines as the file names them where it says no more.
    pub fn plain(model: &str, count: u32) -> Self {
        Self {
            model: Name::from(model),
            count,
            uptime_percent: default_uptime_percent(),
            hashrate_th_s: None,
            power_w: None,
            efficiency_j_per_th: None,
            rules: BatchRulesSpec::default(),
            mode: MinerMode::Normal,
            age_years: 0.0,
            life_years: None,
            wear: None,
            value: MinerValueSpec::ByHashprice,
            bought: None,
            moves: None,
        }
    }

    fn check_machine(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(th) = self.hashrate_th_s {
            problems.within(&at.key("hashrate_th_s"), th, 0.001, 100_000.0);
        }
        if let Some(w) = self.power_w {
            problems.within(&at.key("power_w"), w, 1.0, 100_000.0);
        }
        if let Some(j) = self.efficiency_j_per_th {
            // No machine reaches 1 J/TH; the first ASICs took some thousands.
            problems.within(&at.key("efficiency_j_per_th"), j, 1.0, 10_000.0);
            if self.power_w.is_some() {
                let message = "`power_w` and `efficiency_j_per_th` say the same: expected one of them";
                problems.error(&at.key("efficiency_j_per_th"), message);
            }
        }
        let cooling = miner_catalogue::find(self.model.as_str()).map(|m| m.cooling);
        if cooling.is_some_and(|c| !self.mode.suits(c)) {
            problems.error_with_help(
                &at.key("mode"),
                "machines cooled by air cannot be overclocked",
                "choose a hydro or immersion model, or state `hashrate_th_s` and `power_w`",
            );
        }
    }

    fn check_life(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("age_years"), self.age_years, 0.0, 30.0);
        if let Some(life) = self.life_years {
            problems.within(&at.key("life_years"), life, 0.1, 50.0);
            if life <= self.age_years {
                let message = format!("machines of {} years have outlived {life} years", self.age_years);
                problems.error(&at.key("life_years"), message);
            }
        }
        if let Some(wear) = &self.wear {
            wear.check(&at.key("wear"), problems);
        }
        self.value.check(&at.key("value"), problems);
        if let Some(bought) = &self.bought {
            bought.check(&at.key("bought"), problems);
        }
        if let Some(moves) = &self.moves {
            moves.check(&at.key("moves"), problems);
        }
    }
}

impl Check for MinerBatchSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if miner_catalogue::find(self.model.as_str()).is_none() {
            let known = MODELS.iter().map(|m| m.id);
            problems.unknown(&at.key("model"), "miner model", self.model.as_str(), known);
        }
        if self.count == 0 || self.count > MACHINES_MAX {
            let message = format!("`{}` machines: must lie between 1 and {MACHINES_MAX}", self.count);
            problems.error(&at.key("count"), message);
        }
        problems.percent(&at.key("uptime_percent"), self.uptime_percent, 100.0);
        self.rules.check(&at.key("rules"), problems);
        self.check_machine(at, problems);
        self.check_life(at, problems);
    }
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

/// Miners of one model at work.
#[derive(Debug, Clone, PartialEq)]
pub struct MinerBatch {
    model: &'static MinerModel,
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
}

impl MinerBatch {
    /// The batch of a checked spec, in place; `None` for a model that the catalogue lacks.
    pub fn new(spec: &MinerBatchSpec) -> Option<Self> {
        let model = miner_catalogue::find(spec.model.as_str())?;
        let rated_th = spec.hashrate_th_s.unwrap_or(model.hashrate_th_s);
        let rated_w = match spec.efficiency_j_per_th {
            Some(j_per_th) => j_per_th * rated_th,
            None => spec.power_w.unwrap_or(model.power_w),
        };
        let (power, energy) = spec.mode.factors();
        let rates = spec.wear.as_ref().map(|wear| Rates::new(wear, model.cooling));
        let (lost, gained) = rates.map_or((1.0, 1.0), |r| {
            (
                (r.hashrate * spec.age_years).exp(),
                (r.power * spec.age_years).exp(),
            )
        });
        let mut batch = Self {
            model,
            machines: f64::from(spec.count),
            failed: [0.0; 2],
            uptime: spec.uptime_percent / 100.0,
            hashrate_th_s: rated_th * (power / energy) * lost,
            power_w: rated_w * power * gained,
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
        };
        batch.refresh();
        Some(batch)
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
                .map(|years| after_years(from, years - spec.age_years)),
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
    /// The catalogue's model.
    pub fn model(&self) -> &'static MinerModel {
        self.model
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
        EnergyPrice::from_usd_per_mwh(hashprice_usd_per_ph_day * self.worth_per_hashprice)
    }
    /// What a PH/s costs in power a day at a power price, USD: the hashprice at which mining breaks even.
    pub fn hashcost(&self, power: EnergyPrice) -> f64 {
        power.as_usd_per_mwh() / self.worth_per_hashprice
    }
    /// What the batch fetches when it is sold: broken machines at scrap, the others by `value`.
    pub fn resale(&self, hashprice_usd_per_ph_day: f64) -> Money {
        if self.life.arrives.is_some() {
            return Money::ZERO;
        }
        let j_per_th = self.efficiency_j_per_th();
        let price = self
            .value
            .resale_usd_per_th(self.model, j_per_th, hashprice_usd_per_ph_day);
        let scrap = self.value.scrap_usd_per_th(self.model);
        let (whole, broken) = (self.working(), self.broken());
        Money::from_usd(self.hashrate_th_s * (whole * price + broken * scrap))
    }
    /// What the batch fetches as scrap.
    pub fn scrap(&self) -> Money {
        Money::from_usd(self.machines * self.hashrate_th_s * self.value.scrap_usd_per_th(self.model))
    }

    /// Whether anything about it changes over time by itself.
    pub(super) fn changes(&self) -> bool {
        let life = &self.life;
        self.rates.is_some() || life.arrives.is_some() || life.departs.is_some() || life.retires.is_some()
    }
    /// Says whether it runs now; a start is counted.
    pub(super) fn note_running(&mut self, runs: bool) {
        if runs && !self.runs {
            self.restarts += 1.0;
        }
        self.runs = runs;
    }
    /// Puts it in place on its day. Gives what it costs.
    pub(super) fn arrive(&mut self, now: SimTime, hashprice: f64) -> Option<Money> {
        let (_, stated) = self.life.arrives.filter(|(at, _)| *at <= now)?;
        let j_per_th = self.efficiency_j_per_th();
        let price = stated.unwrap_or_else(|| self.value.purchase_usd_per_th(self.model, j_per_th, hashprice));
        let cost = Money::from_usd(self.machines * self.hashrate_th_s * price);
        self.life.arrives = None;
        self.refresh();
        Some(cost)
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
        self.hashrate_th_s *= (rates.hashrate * years).exp();
        self.power_w *= (rates.power * years).exp();
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
        done.scrap_usd = done.scrapped * self.hashrate_th_s * self.value.scrap_usd_per_th(self.model);
        self.machines -= done.scrapped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(spec: &MinerBatchSpec) -> Problems {
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("miners").index(0), &mut problems);
        problems
    }

    #[test]
    fn a_spec_reports_all_that_is_wrong_and_the_model_meant() {
        let spec = MinerBatchSpec {
            count: 0,
            uptime_percent: 120.0,
            hashrate_th_s: Some(-1.0),
            power_w: Some(f64::NAN),
            ..MinerBatchSpec::plain("antminer-s19xp", 1)
        };
        let problems = problems_of(&spec);
        assert_eq!(problems.as_slice().len(), 5);
        let first = &problems.as_slice()[0];
        assert_eq!(first.path.to_string(), "miners[0].model");
        assert_eq!(first.help.as_deref(), Some("did you mean `antminer-s19-xp`?"));
    }

    #[test]
    fn an_efficiency_of_nothing_or_less_is_refused_as_is_one_said_twice() {
        for j_per_th in [0.0, -17.5, f64::NAN] {
            let spec = MinerBatchSpec {
                efficiency_j_per_th: Some(j_per_th),
                ..MinerBatchSpec::plain("antminer-s21", 1)
            };
            let problems = problems_of(&spec);
            assert_eq!(problems.as_slice().len(), 1, "{j_per_th}");
            let path = problems.as_slice()[0].path.to_string();
            assert_eq!(path, "miners[0].efficiency_j_per_th");
        }
        let twice = MinerBatchSpec {
            efficiency_j_per_th: Some(17.0),
            power_w: Some(3_400.0),
            mode: MinerMode::Overclock,
            life_years: Some(2.0),
            age_years: 3.0,
            ..MinerBatchSpec::plain("antminer-s21", 1)
        };
        assert_eq!(problems_of(&twice).as_slice().len(), 3);
    }

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
    fn a_file_may_leave_out_the_defaults_but_not_invent_keys() {
        let spec: MinerBatchSpec = toml::from_str("model = \"antminer-s21\"\ncount = 900").unwrap();
        assert_eq!(spec, MinerBatchSpec::plain("antminer-s21", 900));
        assert_eq!(spec.uptime_percent, 95.5);
        assert!(toml::from_str::<MinerBatchSpec>("model = \"antminer-s21\"\ncount = 1\npower = 3").is_err());
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
