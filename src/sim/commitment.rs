//! The miners of a site over time: which batches run in an hour where rules tie it to the next, or where the operator
//! looks ahead; what that earned, and what perfect knowledge would have earned.
//!
//! Owns the path of costs that the operator sees, and the decision of each hour. How the decisions are made is
//! [`fleet::dispatch`](crate::fleet::dispatch)'s, what a batch then draws is the merit order's: an hour's decision holds
//! it to a power, and heat, orders and limits take from that what they must. Batches are planned apart, at the cost of
//! energy with every miner at work; contracts whose margin depends on who else runs are therefore approximated.

use crate::fleet::dispatch::{BatchRules, Forecaster, Plan, Planner, Unit, worth_its_peak};
use crate::fleet::{Foresight, MeritOrder, MiningDispatchSpec, MiningFleet};
use crate::power::contract::Use as PowerUse;
use crate::random::standard_normal;
use crate::scenario::spec::SiteSpec;
use crate::sim::settle::conditions;
use crate::sim::site::Site;
use crate::sim::world::Ingredients;
use crate::time::{SimTime, Span};
use crate::units::Power;

/// Load step over which the slope of transformer losses is taken, MW.
const STEP_MW: f64 = 1e-3;

/// What a hall gives its miners by hour: megawatt-hours behind the transformers for one at the machines, and the share
/// of full speed that heat leaves.
#[derive(Debug, Default)]
struct HallPath {
    overhead: Vec<f64>,
    heat: Vec<f64>,
}

/// A batch of the merit order over time.
#[derive(Debug)]
struct Batch {
    hall: usize,
    model: &'static str,
    /// Whether it stood here at the start.
    is_planned: bool,
    power_mw: f64,
    ph_per_mw: f64,
    worth_per_hashprice: f64,
    rules: BatchRules,
    unit: Unit,
    plan: Plan,
    /// Whether it runs in this hour; `None` where price decides.
    runs: Option<bool>,
    /// What it drew last, MW.
    level_mw: f64,
    /// Whether this month is not worth its demand charge.
    barred: bool,
    /// The last month in which it ran.
    ran: Option<u16>,
    /// What the batch would do if all were known.
    shadow: Unit,
    shadow_ran: Option<u16>,
    /// Whether its hall mines at all.
    mines: bool,
}

/// What the hours of a batch are worth.
#[derive(Debug)]
struct Outlook {
    forecaster: Forecaster,
    halls: Vec<HallPath>,
    hashprice: Vec<f64>,
    /// Month of each hour.
    months: Vec<u16>,
    /// Demand charge of the month, USD for a megawatt behind the transformers.
    charges: Vec<f64>,
}

/// What a site's miners did, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Earned {
    /// Revenue less energy, demand charges and restarts, USD.
    pub margin_usd: f64,
    /// The same with perfect knowledge and no limit but heat, USD.
    pub best_usd: f64,
    /// The same for machines that never stop, USD.
    pub always_usd: f64,
    /// Restarts of batches.
    pub restarts: f64,
}

impl Earned {
    /// Adds another site's.
    pub fn add(&mut self, o: &Self) {
        self.margin_usd += o.margin_usd;
        self.best_usd += o.best_usd;
        self.always_usd += o.always_usd;
        self.restarts += o.restarts;
    }
}

/// What an interval adds to the site's totals.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// Restarts of batches.
    pub restarts: f64,
    /// What they cost, USD.
    pub restart_usd: f64,
    /// Earned more than by machines that never stop, restarts counted and demand charges not, USD.
    pub gain_usd: f64,
    /// Hash that restarts lost, PH/s times hours.
    pub lost_ph_h: f64,
}

/// The commitment of a site.
#[derive(Debug)]
pub struct Commitment {
    foresight: Foresight,
    look_ahead: usize,
    outlook: Outlook,
    batches: Vec<Batch>,
    planner: Planner,
    expected: Vec<f64>,
    hour: Option<usize>,
    opened: SimTime,
    /// Restarts since the last close, and hash that they have yet to lose.
    step: Step,
    pending_ph_h: f64,
    earned: Earned,
    /// What the pool leaves of what is mined.
    kept: f64,
}

impl Outlook {
    fn new(from: &Ingredients<'_>, site: &Site, spec: &MiningDispatchSpec) -> Self {
        let (axis, paths) = (&from.scenario.data.axis, from.paths);
        let indices = paths.weather[site.index].indices();
        let hall = |h: usize| -> HallPath {
            let mut path = HallPath::default();
            for base in &indices[..axis.len()] {
                let (allowed, _) = conditions(site, &site.halls[h], h, *base);
                path.overhead.push(allowed.overhead.as_fraction());
                path.heat.push(allowed.heat.as_fraction().clamp(0.0, 1.0));
            }
            path
        };
        let load_mw = site.costs.auxiliary_mw + site.fleets.iter().map(|f| f.power().as_mw()).sum::<f64>();
        let transformers = &site.grid.transformers;
        let meter_mw = transformers.upstream_mw(load_mw);
        let slope = (transformers.upstream_mw(load_mw + STEP_MW) - meter_mw) / STEP_MW;
        let hours = || 0..axis.len();
        let margins = hours().map(|h| {
            site.supply
                .marginal(axis.time(h), meter_mw, PowerUse::Mining, paths.prices(h))
        });
        let (costs, mut charges): (Vec<f64>, Vec<f64>) = margins
            .map(|m| (m.energy_usd_per_mwh() * slope, m.peak_usd_per_mw * slope))
            .unzip();
        let months: Vec<u16> = from.setup.month_of_hour[..axis.len()].to_vec();
        greatest_of_month(&months, &mut charges);
        let errors = if spec.foresight == Foresight::Forecast && spec.forecast_error_percent > 0.0 {
            let mut stream = from.streams.stream(&format!("foresight/{}", site.name));
            hours()
                .map(|_| standard_normal(&mut stream) * spec.forecast_error_percent / 100.0)
                .collect()
        } else {
            Vec::new()
        };
        let local = from.setup.hour_of_week.iter().map(|h| h % 24).collect();
        let known = (spec.shape_days, spec.known_from_hour);
        Self {
            forecaster: Forecaster::new(costs, local, errors, known),
            halls: (0..site.halls.len()).map(hall).collect(),
            hashprice: hours()
                .map(|h| paths.bitcoin.at(axis.time(h)).pay_usd_per_ph_day())
                .collect(),
            months,
            charges,
        }
    }
    fn hours(&self) -> usize {
        self.hashprice.len()
    }
    /// What a megawatt-hour at the machines of a batch earns where energy costs so much, USD.
    fn net_usd_per_mwh(&self, batch: &Batch, hour: usize, cost: f64) -> f64 {
        self.hashprice[hour] * batch.worth_per_hashprice - cost * self.halls[batch.hall].overhead[hour]
    }
    /// What a batch at work earns in an hour in which energy costs so much, USD.
    fn net_usd(&self, batch: &Batch, hour: usize, cost: f64) -> f64 {
        self.net_usd_per_mwh(batch, hour, cost) * batch.power_mw * self.halls[batch.hall].heat[hour]
    }
    /// What a restart in an hour costs: the amount stated, and the hash that is lost, USD.
    fn start_usd(&self, batch: &Batch, hour: usize) -> f64 {
        let power_mw = batch.power_mw * self.halls[batch.hall].heat[hour];
        let earns_usd_per_h = self.hashprice[hour] * batch.worth_per_hashprice * power_mw;
        batch.rules.restart_usd + earns_usd_per_h * batch.rules.restart_hours
    }
    /// What a batch pays for the month's peak, USD.
    fn charge_usd(&self, batch: &Batch, hour: usize) -> f64 {
        self.charges[hour] * batch.power_mw * self.halls[batch.hall].overhead[hour]
    }
    fn last_of_month(&self, hour: usize) -> usize {
        let later = self.months[hour..].iter().position(|m| *m != self.months[hour]);
        later.map_or(self.hours(), |n| hour + n)
    }
    /// What the hours earn with every cost known, months that are not worth their charge made worthless.
    fn known_nets(&self, batch: &Batch) -> Vec<f64> {
        let costs = self.forecaster.costs();
        let mut nets: Vec<f64> = (0..self.hours())
            .map(|h| self.net_usd(batch, h, costs[h]))
            .collect();
        let mut hour = 0;
        while hour < nets.len() {
            let end = self.last_of_month(hour);
            let charge_usd = self.charge_usd(batch, hour);
            if !worth_its_peak(nets[hour..end].iter().copied(), charge_usd) {
                nets[hour..end].iter_mut().for_each(|net| *net -= charge_usd);
            }
            hour = end;
        }
        nets
    }
    /// Whether the month at hand is, by what is expected of it, not worth its charge.
    fn expects_bar(&self, batch: &Batch, hour: usize) -> bool {
        let known = self.forecaster.known_until(hour);
        let nets = (hour..self.last_of_month(hour))
            .map(|h| self.net_usd(batch, h, self.forecaster.expected(known, h)));
        !worth_its_peak(nets, self.charge_usd(batch, hour))
    }
}

/// A month pays for its peak once, whatever hour sets it: each hour gets the greatest of its month.
fn greatest_of_month(months: &[u16], charges: &mut [f64]) {
    let mut from = 0;
    while from < charges.len() {
        let length = months[from..].iter().take_while(|m| **m == months[from]).count();
        let month = &mut charges[from..from + length];
        let greatest = month.iter().copied().fold(0.0, f64::max);
        month.fill(greatest);
        from += length;
    }
}

impl Commitment {
    /// The commitment of a site, where a batch has rules or the site says how it is operated.
    pub fn new(from: &Ingredients<'_>, spec: &SiteSpec, site: &Site) -> Option<Self> {
        let batches: Vec<Batch> = (0..site.merit.len())
            .map(|place| Batch::at(&site.merit, &site.fleets, place))
            .collect();
        let ties = batches.iter().any(|b| b.rules.bind());
        if batches.is_empty() || (spec.mining_dispatch.is_none() && !ties) {
            return None;
        }
        let operator = spec.mining_dispatch.clone().unwrap_or_default();
        let outlook = Outlook::new(from, site, &operator);
        let start = from.scenario.horizon.start;
        let mut commitment = Self {
            foresight: operator.foresight,
            look_ahead: operator.look_ahead_hours as usize,
            outlook,
            batches,
            planner: Planner::default(),
            expected: Vec::new(),
            hour: None,
            opened: start + Span::from_hours(-1),
            step: Step::default(),
            pending_ph_h: 0.0,
            earned: Earned::default(),
            kept: 1.0 - site.costs.pool_fee().as_fraction(),
        };
        commitment.plan();
        Some(commitment)
    }

    /// Plans every batch with all known, for those who know and for the regret of those who do not.
    fn plan(&mut self) {
        for index in 0..self.batches.len() {
            let (outlook, batch) = (&self.outlook, &self.batches[index]);
            let nets = outlook.known_nets(batch);
            let starts = |hour: usize| outlook.start_usd(batch, hour);
            self.batches[index].plan = self.planner.plan(&nets, starts, batch.rules.times);
        }
    }

    /// Decides what every batch does from now on and holds the merit order to it. `cost_now` is the cost of the next
    /// megawatt-hour behind the transformers, USD, charges on the month's peak spread over its hours.
    pub fn open(&mut self, merit: &mut MeritOrder, hour: usize, now: SimTime, cost_now: f64) {
        assert!(
            merit.len() == self.batches.len(),
            "{} batches of {} are committed",
            self.batches.len(),
            merit.len()
        );
        if self.hour != Some(hour) {
            let month_begins = self
                .hour
                .is_none_or(|was| self.outlook.months[was] != self.outlook.months[hour]);
            self.hour = Some(hour);
            for index in 0..self.batches.len() {
                if !self.batches[index].is_planned {
                    continue;
                }
                if month_begins {
                    self.begin_month(index, hour);
                }
                self.batches[index].unit.tick();
                self.batches[index].runs = self.decide(index, hour, cost_now);
                self.shadow(index, hour);
            }
        }
        let hours = (now - self.opened).as_hours();
        self.opened = now;
        for (block, batch) in self.batches.iter().enumerate() {
            merit.hold(block, batch.runs.map(|runs| batch.reach(runs, hours)));
        }
    }

    fn begin_month(&mut self, index: usize, hour: usize) {
        let (outlook, batch) = (&self.outlook, &self.batches[index]);
        let barred = self.foresight == Foresight::Forecast && outlook.expects_bar(batch, hour);
        let always_usd = outlook.charge_usd(batch, hour);
        let batch = &mut self.batches[index];
        batch.barred = barred;
        if batch.mines {
            self.earned.always_usd -= always_usd;
        }
    }

    /// What the batch would do in this hour if all were known; what changes then is paid now.
    fn shadow(&mut self, index: usize, hour: usize) {
        let outlook = &self.outlook;
        let (start, charge) = (
            outlook.start_usd(&self.batches[index], hour),
            outlook.charge_usd(&self.batches[index], hour),
        );
        let batch = &mut self.batches[index];
        batch.shadow.tick();
        let runs = batch.shadow.runs_planned(&batch.plan, hour);
        if batch.shadow.note(runs) {
            self.earned.best_usd -= start;
        }
        let month = Some(outlook.months[hour]);
        if runs && batch.mines && std::mem::replace(&mut batch.shadow_ran, month) != month {
            self.earned.best_usd -= charge;
        }
    }

    /// Whether a batch runs in an hour; `None` where nothing ties hours and price decides.
    fn decide(&mut self, index: usize, hour: usize, cost_now: f64) -> Option<bool> {
        let outlook = &self.outlook;
        match self.foresight {
            Foresight::Myopic => {
                let batch = &mut self.batches[index];
                let net = outlook.net_usd(batch, hour, cost_now);
                let start = outlook.start_usd(batch, hour);
                let runs = batch.unit.runs_myopic(net, start);
                batch.rules.bind().then_some(runs)
            }
            Foresight::Perfect => {
                let batch = &self.batches[index];
                Some(batch.unit.runs_planned(&batch.plan, hour))
            }
            Foresight::Forecast => {
                let batch = &self.batches[index];
                let known = outlook.forecaster.known_until(hour);
                let end = (hour + self.look_ahead).min(outlook.hours());
                let bar_usd = if batch.barred {
                    outlook.charge_usd(batch, hour)
                } else {
                    0.0
                };
                self.expected.clear();
                self.expected.extend((hour..end).map(|h| {
                    let net = outlook.net_usd(batch, h, outlook.forecaster.expected(known, h));
                    let same_month = outlook.months[h] == outlook.months[hour];
                    net - if same_month { bar_usd } else { 0.0 }
                }));
                let starts = |ahead: usize| outlook.start_usd(batch, hour + ahead);
                Some(
                    batch
                        .unit
                        .runs_expected(&mut self.planner, &self.expected, starts),
                )
            }
        }
    }

    /// Takes note of what runs now.
    pub fn note(&mut self, merit: &MeritOrder) {
        for (block, batch) in self.batches.iter_mut().enumerate() {
            let (drawn, allowed) = merit.drawn(block);
            batch.level_mw = drawn.as_mw();
            batch.mines = batch.is_planned && allowed > Power::ZERO;
            if batch.unit.note(batch.level_mw > 0.0) && batch.is_planned {
                self.step.restarts += 1.0;
                self.step.restart_usd += batch.rules.restart_usd;
                self.pending_ph_h += batch.level_mw * batch.ph_per_mw * batch.rules.restart_hours;
            }
        }
    }

    /// Counts an interval in which `hashrate_ph` was at work for so many hours.
    pub fn close(&mut self, hours: f64, hashrate_ph: f64) -> Step {
        let Some(hour) = self.hour else {
            return Step::default();
        };
        let mut step = std::mem::take(&mut self.step);
        step.lost_ph_h = self.pending_ph_h.min(hashrate_ph * hours);
        self.pending_ph_h -= step.lost_ph_h;
        if hashrate_ph <= 0.0 {
            self.pending_ph_h = 0.0;
        }
        let outlook = &self.outlook;
        let (cost, month) = (outlook.forecaster.costs()[hour], Some(outlook.months[hour]));
        let mut lost_usd = step.restart_usd;
        let usd_per_ph_h = outlook.hashprice[hour] / 24.0 * self.kept;
        lost_usd += step.lost_ph_h * usd_per_ph_h;
        for batch in self.batches.iter_mut().filter(|batch| batch.mines) {
            let earns = outlook.net_usd_per_mwh(batch, hour, cost) * batch.level_mw * hours;
            let always = outlook.net_usd(batch, hour, cost) * hours;
            step.gain_usd += earns - always;
            self.earned.margin_usd += earns;
            self.earned.always_usd += always;
            if batch.shadow.is_on() {
                self.earned.best_usd += always;
            }
            if batch.level_mw > 0.0 && std::mem::replace(&mut batch.ran, month) != month {
                self.earned.margin_usd -= outlook.charge_usd(batch, hour);
            }
        }
        step.gain_usd -= lost_usd;
        self.earned.margin_usd -= lost_usd;
        self.earned.restarts += step.restarts;
        step
    }

    /// Fleets have changed: batches keep their state by hall and model. What came after the start has no plan; price
    /// decides what it does, and it is left out of what is counted here.
    pub fn rebind(&mut self, merit: &MeritOrder, fleets: &[MiningFleet]) {
        let mut before = std::mem::take(&mut self.batches);
        for place in 0..merit.len() {
            let mut next = Batch::at(merit, fleets, place);
            let same = |b: &Batch| b.hall == next.hall && b.model == next.model;
            match before.iter().position(same) {
                Some(index) => {
                    let old = before.remove(index);
                    next = Batch {
                        power_mw: next.power_mw,
                        ph_per_mw: next.ph_per_mw,
                        worth_per_hashprice: next.worth_per_hashprice,
                        ..old
                    };
                }
                None => next.is_planned = false,
            }
            self.batches.push(next);
        }
    }

    /// What came of it so far.
    pub const fn earned(&self) -> Earned {
        self.earned
    }
}

impl Batch {
    /// The batch at a place of the order of merit.
    fn at(merit: &MeritOrder, fleets: &[MiningFleet], place: usize) -> Self {
        let (hall, batch) = merit.batch(fleets, place);
        let power_mw = batch.power().as_mw();
        Self {
            hall,
            model: batch.model_id(),
            is_planned: true,
            power_mw,
            ph_per_mw: 1e3 / batch.efficiency_j_per_th(),
            worth_per_hashprice: merit.worth_per_hashprice(place),
            rules: *batch.rules(),
            unit: Unit::new(batch.rules().times),
            plan: Plan::default(),
            runs: None,
            level_mw: power_mw,
            barred: false,
            ran: None,
            shadow: Unit::new(batch.rules().times),
            shadow_ran: None,
            mines: true,
        }
    }
    /// The power nearest to running or standing that a ramp reaches from the last within so many hours.
    fn reach(&self, runs: bool, hours: f64) -> Power {
        let most = self.rules.ramp_mw_per_h * hours;
        let target = if runs { self.power_mw } else { 0.0 };
        Power::from_mw(if most.is_finite() {
            target.clamp(self.level_mw - most, self.level_mw + most)
        } else {
            target
        })
    }
}
