//! The running contracts of a site: metering, marginal cost, and the month's bill.

use thiserror::Error;

use super::clause::{
    ALWAYS, ClauseSpec, Close, Ground, Moment, PeakCost, Reach, Side, Slice, Stage, Term, means,
};
use super::dated::Dated;
use super::indexation::Indexation;
use super::spec::alignment_s;
use super::{
    ContractSpec, Interval, Named, PowerContractsSpec, PriceId, SettlementLine, SystemLoadSignals, Use,
};
use crate::id::Name;
use crate::time::{Calendar, Month, SimTime};

/// Why contracts that passed their checks could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SupplyError {
    /// A clause names a price that the site's list does not have.
    #[error("contract `{contract}` names the unknown price `{price}`")]
    UnknownPrice {
        /// The contract.
        contract: String,
        /// The price.
        price: String,
    },
    /// A clause names a system load that the scenario does not have.
    #[error("contract `{contract}` names the unknown system load `{system_load}`")]
    UnknownSystemLoad {
        /// The contract.
        contract: String,
        /// The system load.
        system_load: String,
    },
    /// Its terms stand in a file that nobody read.
    #[error("the terms of contract `{0}` were not read from their file")]
    Unread(String),
    /// A date could not be read.
    #[error("contract `{0}` has a malformed date")]
    MalformedDate(String),
}

/// Load between which a marginal cost holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marginal {
    /// Cost of energy, in USD per megawatt-hour.
    pub usd_per_mwh: f64,
    /// The load up to which it holds, in megawatts; infinite where nothing changes any more.
    pub until_mw: f64,
    /// The part of `usd_per_mwh` that spreads charges on the month's peak over the hours that are left, in USD per
    /// megawatt-hour.
    pub peak_usd_per_mwh: f64,
    /// These charges whole, in USD per megawatt above what is billed anyway.
    pub peak_usd_per_mw: f64,
}

impl Marginal {
    /// Cost of energy where the month's peak is sunk, in USD per megawatt-hour.
    pub fn energy_usd_per_mwh(&self) -> f64 {
        self.usd_per_mwh - self.peak_usd_per_mwh
    }
}

/// All contracts of a site.
///
/// Nothing but [`Supply::close_month`] allocates once it is built.
#[derive(Debug)]
pub struct Supply {
    contracts: Vec<Contract>,
    calendar: Calendar,
    metered_mwh: f64,
    /// Load at the meter that does not mine, as dispatch last said, in megawatts.
    other_mw: f64,
}

#[derive(Debug)]
struct Contract {
    id: String,
    from: SimTime,
    to: SimTime,
    /// Carbon intensity that it states, g/kWh.
    carbon_g_per_kwh: Option<f64>,
    /// Riders in percent, and which clauses each is about.
    surcharges: Vec<(Dated, Vec<bool>)>,
    /// What its clauses add to a unit of energy by use: mining, then everything else; at stated rates.
    adders_usd_per_mwh: [f64; 2],
    /// Over which time these, and the surcharges kept with the clauses, hold.
    rates_hold: (SimTime, SimTime),
    indexation: Indexation,
    /// The month at hand, and what stated rates are worth in it.
    month: (SimTime, SimTime, f64),
    clauses: Vec<Placed>,
}

/// A clause and what it takes of the load at hand.
#[derive(Debug)]
struct Placed {
    /// Kind and position, as bills name it.
    label: String,
    term: Box<dyn Term>,
    /// The most load it takes, kept here because every margin asks for it.
    capacity_mw: f64,
    /// What riders in percent make of its margin while `rates_hold`.
    surcharge: f64,
    charges_peaks: bool,
    /// Its bit among the clauses that may call; none where it may not.
    call_bit: u64,
    taken_mw: f64,
}

impl Placed {
    fn new(label: String, term: Box<dyn Term>) -> Self {
        Self {
            surcharge: 1.0,
            label,
            capacity_mw: term.capacity_mw(),
            charges_peaks: term.charges_peaks(),
            term,
            call_bit: 0,
            taken_mw: 0.0,
        }
    }
}

impl Contract {
    fn new(
        spec: &ContractSpec,
        calendar: &Calendar,
        find: &dyn Fn(Named<'_>) -> Option<PriceId>,
    ) -> Result<Self, SupplyError> {
        let id = spec.id.to_string();
        let takes = |c: &ClauseSpec| c.kind().reach() == Reach::Everything;
        if spec.terms.is_some() && !spec.clauses.iter().any(takes) {
            return Err(SupplyError::Unread(id));
        }
        let period = spec.period(calendar);
        let (from, to) = period.ok_or_else(|| SupplyError::MalformedDate(id.clone()))?;
        let dated = (spec.escalator.as_ref(), spec.currency.as_ref());
        let indexation = Indexation::new(dated, spec.starts.as_ref(), calendar);
        let indexation = indexation.ok_or_else(|| SupplyError::MalformedDate(id.clone()))?;
        let price = |name: &Name| find(Named::Price(name));
        let mut clauses = Vec::with_capacity(spec.clauses.len());
        for (position, clause) in spec.clauses.iter().enumerate() {
            let kind = clause.kind();
            if let Some((_, name)) = kind.prices().into_iter().find(|(_, name)| price(name).is_none()) {
                return Err(SupplyError::UnknownPrice {
                    contract: id,
                    price: name.to_string(),
                });
            }
            if let Some(name) = kind
                .system_load()
                .filter(|n| find(Named::SystemLoad(n)).is_none())
            {
                return Err(SupplyError::UnknownSystemLoad {
                    contract: id,
                    system_load: name.to_string(),
                });
            }
            let known = |name: &Name| price(name).expect("every named price was just looked up");
            let system_load = |name: &Name| {
                let peak = find(Named::SystemLoad(name)).expect("the named system load was just looked up");
                SystemLoadSignals {
                    peak,
                    risk: PriceId(peak.0 + 1),
                }
            };
            let term = kind.build(&Ground {
                price: &known,
                system_load: &system_load,
                calendar,
                align_s: alignment_s(calendar),
            });
            clauses.push(Placed::new(format!("{}[{position}]", kind.name()), term));
        }
        let riders = spec.clauses.iter().filter_map(|c| c.kind().surcharge(calendar));
        let about = |of: &[String]| clauses.iter().map(|p: &Placed| means(of, &p.label)).collect();
        let surcharges = riders.map(|(percent, of)| (percent, about(of))).collect();
        Ok(Self {
            id,
            from,
            to,
            carbon_g_per_kwh: spec.carbon_g_per_kwh,
            surcharges,
            adders_usd_per_mwh: [0.0; 2],
            rates_hold: (SimTime::FAR_FUTURE, SimTime::FAR_FUTURE),
            indexation,
            month: (SimTime::FAR_FUTURE, SimTime::FAR_FUTURE, 1.0),
            clauses,
        })
    }
    /// Begin, end and factor of the month of an instant.
    fn month_of(&self, time: SimTime, calendar: &Calendar) -> (SimTime, SimTime, f64) {
        if self.month.0 <= time && time < self.month.1 {
            return self.month;
        }
        let month = calendar.month(time);
        let start = calendar.start_of_month(month);
        let end = calendar.start_of_month(month.plus(1));
        (start, end, self.indexation.factor(month, start))
    }
    /// What riders in percent make of a clause's margin at an instant.
    fn surcharge(&self, position: usize, time: SimTime) -> f64 {
        if self.rates_hold.0 <= time && time < self.rates_hold.1 {
            return self.clauses[position].surcharge;
        }
        let of = self.surcharges.iter().filter(|(_, about)| about[position]);
        1.0 + of.map(|(percent, _)| percent.at(time) / 100.0).sum::<f64>()
    }
    /// What its clauses add to a unit of energy for a use at an instant, at stated rates.
    fn adder_usd_per_mwh(&self, by: Use, time: SimTime) -> f64 {
        if self.rates_hold.0 <= time && time < self.rates_hold.1 {
            return self.adders_usd_per_mwh[usize::from(by == Use::DataCentre)];
        }
        let of = |(position, placed): (usize, &Placed)| {
            placed.term.use_adder_usd_per_mwh(by, time) * self.surcharge(position, time)
        };
        self.clauses.iter().enumerate().map(of).sum()
    }
    /// Keeps the rates of an instant until the next date on which one changes.
    fn keep_rates(&mut self, now: SimTime) {
        if self.rates_hold.0 <= now && now < self.rates_hold.1 {
            return;
        }
        self.adders_usd_per_mwh = [Use::Mining, Use::DataCentre].map(|by| self.adder_usd_per_mwh(by, now));
        for position in 0..self.clauses.len() {
            self.clauses[position].surcharge = self.surcharge(position, now);
        }
        let adders = self.clauses.iter().map(|p| p.term.adder_holds(now));
        let stretches = adders.chain(self.surcharges.iter().map(|(percent, _)| percent.stretch(now)));
        self.rates_hold = stretches.fold(ALWAYS, |all, one| (all.0.max(one.0), all.1.min(one.1)));
    }
    fn open(&mut self, now: SimTime, calendar: &Calendar) {
        self.month = self.month_of(now, calendar);
        self.keep_rates(now);
        for placed in &mut self.clauses {
            placed.term.open(now);
        }
    }
    fn holds(&self, time: SimTime) -> bool {
        self.from <= time && time < self.to
    }
}

/// Load above what clauses take that counts as rounding, in megawatts.
const ROUNDING_MW: f64 = 1e-9;

impl Supply {
    /// The contracts of a spec that has been checked; `find` numbers the names it uses.
    pub fn new(
        spec: &PowerContractsSpec,
        calendar: &Calendar,
        find: impl Fn(Named<'_>) -> Option<PriceId>,
    ) -> Result<Self, SupplyError> {
        let contracts = spec
            .0
            .iter()
            .map(|contract| Contract::new(contract, calendar, &find));
        let mut contracts = contracts.collect::<Result<Vec<Contract>, SupplyError>>()?;
        // The bits of `PowerContractsSpec::calls`.
        let placed = contracts.iter_mut().flat_map(|c| &mut c.clauses);
        let specs = spec.0.iter().flat_map(|c| &c.clauses);
        let callers = placed.zip(specs).filter(|(_, clause)| clause.kind().may_call());
        for (bit, (placed, _)) in callers.enumerate() {
            placed.call_bit = 1_u64.wrapping_shl(bit as u32);
        }
        Ok(Self {
            contracts,
            calendar: calendar.clone(),
            metered_mwh: 0.0,
            other_mw: 0.0,
        })
    }

    /// Makes ready for questions about an instant, where `other_mw` at the meter do not mine. Answers are the same
    /// without, but slower; demand charges on mining alone then take all load for mining.
    pub fn open(&mut self, now: SimTime, other_mw: f64) {
        self.other_mw = other_mw;
        let calendar = &self.calendar;
        for contract in self.contracts.iter_mut().filter(|c| c.holds(now)) {
            contract.open(now, calendar);
        }
    }

    /// The next instant after `time` at which a contract starts or ends.
    pub fn next_change(&self, time: SimTime) -> Option<SimTime> {
        let edges = self.contracts.iter().flat_map(|c| [c.from, c.to]);
        edges.filter(|t| *t > time && *t < SimTime::FAR_FUTURE).min()
    }

    /// Energy metered since the last close, in megawatt-hours.
    pub const fn metered_mwh(&self) -> f64 {
        self.metered_mwh
    }

    /// Takes note of an interval; one over which contracts start or end is split there.
    pub fn meter(&mut self, interval: &Interval<'_>) {
        let load_ok = interval.load_mw.is_finite() && interval.load_mw >= -ROUNDING_MW;
        let mining_ok = (-ROUNDING_MW..=interval.load_mw + ROUNDING_MW).contains(&interval.mining_mw);
        assert!(
            load_ok && mining_ok,
            "metered load {} MW, mining {} MW",
            interval.load_mw,
            interval.mining_mw
        );
        let mut at = interval.from;
        // Every turn passes at least one start or end, so this ends.
        while at < interval.to {
            let until = self.next_change(at).map_or(interval.to, |t| t.min(interval.to));
            self.meter_piece(&Interval {
                from: at,
                to: until,
                ..*interval
            });
            at = until;
        }
    }

    fn meter_piece(&mut self, piece: &Interval<'_>) {
        let (load_mw, mining_mw) = (piece.load_mw.max(0.0), piece.mining_mw.max(0.0));
        let hours = (piece.to - piece.from).as_hours();
        let mut left_mw = load_mw;
        let calendar = &self.calendar;
        for contract in self.contracts.iter_mut().filter(|c| c.holds(piece.from)) {
            contract.month = contract.month_of(piece.from, calendar);
            let before_mw = left_mw;
            for placed in &mut contract.clauses {
                placed.taken_mw = placed.capacity_mw.min(left_mw);
                left_mw -= placed.taken_mw;
            }
            let contract_mw = before_mw - left_mw;
            for placed in &mut contract.clauses {
                placed.term.meter(&Slice {
                    from: piece.from,
                    to: piece.to,
                    hours,
                    load_mw,
                    mining_mw,
                    called: piece.called & placed.call_bit != 0,
                    any_called: piece.called != 0,
                    prices: piece.prices,
                    factor: contract.month.2,
                    taken_mw: placed.taken_mw,
                    contract_mw,
                });
            }
        }
        assert!(
            left_mw <= ROUNDING_MW,
            "{left_mw} MW of {load_mw} MW at {} have no contract",
            piece.from
        );
        self.metered_mwh += load_mw * hours;
    }

    /// Carbon rate in kg/h of a constant load at the meter, by contract: those that state an intensity at theirs, the
    /// rest at the grid's. Contracts fill in file order, as they do for the bill.
    pub fn carbon_kg_per_h(&self, time: SimTime, load_mw: f64, grid_g_per_kwh: f64) -> f64 {
        let (mut left_mw, mut kg_per_h) = (load_mw.max(0.0), 0.0);
        for contract in self.contracts.iter().filter(|c| c.holds(time)) {
            let capacity_mw: f64 = contract.clauses.iter().map(|p| p.capacity_mw).sum();
            let taken_mw = left_mw.min(capacity_mw);
            // A gram per kilowatt-hour is a kilogram per megawatt-hour.
            kg_per_h += taken_mw * contract.carbon_g_per_kwh.unwrap_or(grid_g_per_kwh);
            left_mw -= taken_mw;
        }
        kg_per_h
    }

    /// Cost of the next unit of energy for a use, where the meter stands at `load_mw`.
    ///
    /// Energy at the price of its period and tier, adders, taxes, riders, resale that is given up and payments that
    /// are earned count, and the monthly minima by their rule (a unit is free of what a shortfall would cost anyway
    /// while the month is behind a straight pace). A demand charge counts for load above what is billed anyway, spread
    /// over the hours that its period has left in the month, with what a ratchet makes of it. Fixed charges and minimum
    /// bills do not count.
    pub fn marginal(&self, time: SimTime, load_mw: f64, by: Use, prices: &[f64]) -> Marginal {
        self.at_the_margin(time, load_mw, Side::More, by, prices)
    }

    /// Saving by the last unit of energy less for a use, where the meter stands at `load_mw`.
    pub fn saving_usd_per_mwh(&self, time: SimTime, load_mw: f64, by: Use, prices: &[f64]) -> f64 {
        let side = if load_mw > 0.0 { Side::Less } else { Side::More };
        self.at_the_margin(time, load_mw, side, by, prices).usd_per_mwh
    }

    fn at_the_margin(&self, time: SimTime, load_mw: f64, side: Side, by: Use, prices: &[f64]) -> Marginal {
        let (mut base_mw, mut adder) = (0.0, 0.0);
        let mut found = None;
        let mut moment = Moment {
            time,
            load_mw,
            other_mw: self.other_mw,
            taken_mw: 0.0,
            side,
            by,
            prices,
            factor: 1.0,
        };
        let mut peaks = PeakCost::NONE;
        let mut peak_usd_per_mwh = 0.0;
        for contract in self.contracts.iter().filter(|c| c.holds(time)) {
            moment.factor = contract.month_of(time, &self.calendar).2;
            adder += contract.adder_usd_per_mwh(by, time) * moment.factor;
            for (position, placed) in contract
                .clauses
                .iter()
                .enumerate()
                .filter(|(_, p)| p.charges_peaks)
            {
                let cost = placed.term.peak_cost(&moment);
                peaks.usd_per_mwh += cost.usd_per_mwh * contract.surcharge(position, time);
                peaks.until_mw = peaks.until_mw.min(cost.until_mw);
                if cost.usd_per_mw != 0.0 {
                    peak_usd_per_mwh += cost.usd_per_mwh * placed.surcharge;
                    peaks.usd_per_mw += cost.usd_per_mw * placed.surcharge;
                }
            }
            if found.is_some() {
                continue;
            }
            for (position, placed) in contract.clauses.iter().enumerate() {
                if placed.capacity_mw <= 0.0 {
                    continue;
                }
                let top_mw = base_mw + placed.capacity_mw;
                if load_mw < top_mw || (side == Side::Less && load_mw <= top_mw) {
                    found = Some((contract, position, base_mw, moment.factor));
                    break;
                }
                base_mw = top_mw;
            }
        }
        let (contract, position, base_mw, factor) =
            found.expect("the contracts' check lets one take any load at any time");
        let placed = &contract.clauses[position];
        moment.factor = factor;
        moment.taken_mw = load_mw - base_mw;
        let relief: f64 = contract
            .clauses
            .iter()
            .map(|p| p.term.relief_usd_per_mwh(&moment))
            .sum();
        let energy = placed.term.marginal_usd_per_mwh(&moment) * contract.surcharge(position, time);
        Marginal {
            usd_per_mwh: energy - relief + adder + peaks.usd_per_mwh,
            until_mw: (base_mw + placed.term.next_break_mw(moment.taken_mw)).min(peaks.until_mw),
            peak_usd_per_mwh,
            peak_usd_per_mw: peaks.usd_per_mw,
        }
    }

    /// Closes a month: the bill, and a fresh month. The caller has metered to the month's end, or to where the
    /// simulation stops.
    pub fn close_month(&mut self, month: Month) -> Vec<SettlementLine> {
        let start = self.calendar.start_of_month(month);
        let mut lines = Vec::new();
        for contract in &mut self.contracts {
            let mut own = Vec::new();
            let factor = contract.indexation.factor(month, start);
            for stage in Stage::ALL {
                for placed in contract.clauses.iter_mut().filter(|p| p.term.stage() == stage) {
                    let mut close = Close {
                        month,
                        factor,
                        contract: &contract.id,
                        clause: placed.label.clone(),
                        lines: std::mem::take(&mut own),
                    };
                    placed.term.close(&mut close);
                    own = close.lines;
                }
            }
            lines.append(&mut own);
        }
        let metered_mwh = std::mem::take(&mut self.metered_mwh);
        let carried = || lines.iter().filter(|l| l.carries_energy).map(|l| l.quantity);
        let (billed_mwh, gross_mwh) = (carried().sum::<f64>(), carried().map(f64::abs).sum::<f64>());
        assert!(
            (billed_mwh - metered_mwh).abs() <= 1e-9 * gross_mwh.max(1.0),
            "the bill of {month} carries {billed_mwh} MWh of {metered_mwh} MWh metered"
        );
        lines
    }
}

#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod rights_tests;
#[cfg(test)]
mod tests;
