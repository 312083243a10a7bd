//! The merit order of a site: all miners of all halls, best first, under one limit at the meter.
//!
//! A hall alone needs [`MiningFleet::dispatch`]; where halls share a limit, the least efficient machine of the whole
//! site must stop first, whichever hall it stands in.

use super::miner::{Dispatch, MinerBatch, MinerHeat, MiningFleet, Worth};
use crate::units::{EnergyPrice, Power, Ratio, Temperature};

/// The most steps of marginal cost that one batch may straddle.
const STEPS_MAX: usize = 64;

/// A block that price decides about.
const BY_PRICE: f64 = -1.0;

/// What one hall allows at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HallConditions {
    /// The most power at the machines of this hall; zero where it does not mine.
    pub available: Power,
    /// Megawatt-hours at the meter for one at the machines of this hall: at least 1.
    pub overhead: Ratio,
    /// Share of full speed that heat allows, 0 to 1.
    pub heat: Ratio,
    /// What reaches the machines, air or liquid.
    pub inlet: Temperature,
}

impl HallConditions {
    /// A hall that does not mine.
    pub fn none() -> Self {
        Self {
            available: Power::ZERO,
            overhead: Ratio::from_fraction(1.0),
            heat: Ratio::ZERO,
            inlet: Temperature::from_c(0.0),
        }
    }
}

/// What the site asks of all halls at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteConditions {
    /// The most power that mining may draw at the meter, overheads included.
    pub available_at_meter: Power,
    /// Cost of the next megawatt-hour at the meter.
    pub marginal: EnergyPrice,
    /// Hashprice, USD per PH/s and day.
    pub hashprice_usd_per_ph_day: f64,
}

/// The site's batches, best first; made again when a fleet changes, never per hour.
#[derive(Debug, Clone, Default)]
pub struct MeritOrder {
    blocks: Vec<Block>,
    halls: Vec<HallState>,
    /// Of batches that are customers' or feel their inlet.
    specials: Vec<Special>,
    /// Where any is a customer's: the places, best first for the cost and the hashprice at hand.
    order: Vec<usize>,
}

/// What a batch that is a customer's does now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostedNow {
    /// Hall.
    pub hall: usize,
    /// Place in the fleet of the hall.
    pub batch: usize,
    /// What it draws at the machines.
    pub drawn: Power,
    /// What the customer asks for.
    pub asked: Power,
    /// What of it stands still because power is dear.
    pub dear: Power,
    /// Hashrate, PH/s.
    pub hashrate_ph: f64,
}

/// What few batches have: an owner who is not the farm, or a feeling for heat.
#[derive(Debug, Clone, Copy)]
struct Special {
    place: usize,
    worth: Worth,
    heat: Option<MinerHeat>,
    is_hosted: bool,
    rated_ph_per_mw: f64,
    /// Whether the owner wants it to run, and what of that stands because power is dear, MW.
    asks: bool,
    dear_mw: f64,
}

impl Special {
    /// J/TH over rated J/TH in a hall, and the share of full speed that heat leaves.
    fn feel(&self, hall: &HallState) -> (f64, f64) {
        let (speed, loss) = self.heat.map_or((1.0, 1.0), |heat| heat.at(hall.inlet_c));
        (loss, lesser(hall.heat, speed))
    }
}

/// A batch in plain numbers.
#[derive(Debug, Clone, Copy)]
struct Block {
    hall: u32,
    /// Place in the fleet of the hall.
    ordinal: u32,
    power_mw: f64,
    ph_per_mw: f64,
    /// USD/MWh per USD/PH/day.
    worth_per_hashprice: f64,
    /// USD/MWh of what is not bitcoin.
    own_usd_per_mwh: f64,
    /// Power at the machines to which it is held, whatever it costs, MW; negative where price decides.
    held_mw: f64,
    /// What it draws at the machines, and what it could, MW.
    taken_mw: f64,
    allowed_mw: f64,
    /// Where it stands among the special ones; beyond their end where it does not.
    special: usize,
}

/// A hall in plain numbers during one pass.
#[derive(Debug, Clone, Copy, Default)]
struct HallState {
    left_mw: f64,
    overhead: f64,
    per_overhead: f64,
    heat: f64,
    inlet_c: f64,
}

impl Block {
    /// What a megawatt-hour earns, USD.
    fn worth(&self, hashprice_usd_per_ph_day: f64) -> f64 {
        hashprice_usd_per_ph_day * self.worth_per_hashprice + self.own_usd_per_mwh
    }
    /// Draws what it is held to, within heat, hall and site; the rest has its reasons.
    fn take_held(
        &mut self,
        (hall, done): (&mut HallState, &mut Dispatch),
        available_mw: f64,
        used_mw: &mut f64,
    ) {
        let wanted = self.held_mw.min(self.allowed_mw);
        let room = (available_mw - *used_mw).max(0.0) * hall.per_overhead;
        let taken = wanted.min(hall.left_mw).min(room);
        hall.left_mw -= taken;
        *used_mw += taken * hall.overhead;
        self.taken_mw = taken;
        done.curtailed_by_cap += Power::from_mw(wanted - taken);
        // Of a batch that stands, heat forbids nothing: price came first.
        if wanted > 0.0 {
            done.curtailed_by_price += Power::from_mw(self.allowed_mw - wanted);
            done.curtailed_by_heat += Power::from_mw(self.power_mw - self.allowed_mw);
        } else {
            done.curtailed_by_price += Power::from_mw(self.power_mw);
        }
        done.it += Power::from_mw(taken);
        done.hashrate_ph += taken * self.ph_per_mw;
        done.batches += usize::from(taken > 0.0);
    }
}

/// The lesser of two numbers; what `f64::min` does about what is none costs five times as much.
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// How far a pass along the order has come.
#[derive(Debug, Clone, Copy)]
struct Course {
    /// Megawatts at the meter that there are, and that mine already.
    available: f64,
    used: f64,
    /// Cost of the next megawatt-hour, and up to how many megawatts it holds.
    cost: f64,
    until: f64,
}

impl Course {
    /// Megawatts at the machines of a hall that the site still has.
    fn room(&self, hall: &HallState) -> f64 {
        (self.available - self.used).max(0.0) * hall.per_overhead
    }
    /// The same until the cost changes.
    fn step(&self, hall: &HallState) -> f64 {
        (self.until - self.used).max(0.0) * hall.per_overhead
    }
}

impl Block {
    fn draw(&mut self, taken: f64, done: &mut Dispatch) {
        self.taken_mw = taken;
        done.it += Power::from_mw(taken);
        done.hashrate_ph += taken * self.ph_per_mw;
        done.batches += usize::from(taken > 0.0);
    }

    /// Draws what pays, step by step of the cost; gives the megawatts at the machines.
    fn take_along(
        &self,
        (hall, done): (&mut HallState, &mut Dispatch),
        worth: f64,
        course: &mut Course,
        marginal: &impl Fn(f64) -> (f64, f64),
    ) -> f64 {
        let (mut left, mut taken_in_all) = (self.allowed_mw, 0.0);
        // Each turn ends the block or passes a step of the cost; contracts have a handful of steps.
        for _ in 0..STEPS_MAX {
            if worth <= course.cost * hall.overhead {
                // What heat forbids would not have run either: price comes first.
                done.curtailed_by_price +=
                    Power::from_mw(if taken_in_all > 0.0 { left } else { self.power_mw });
                break;
            }
            let step = course.step(hall);
            let taken = lesser(lesser(left, hall.left_mw), lesser(course.room(hall), step));
            hall.left_mw -= taken;
            course.used += taken * hall.overhead;
            left -= taken;
            taken_in_all += taken;
            if step > taken || left <= 0.0 {
                done.curtailed_by_cap += Power::from_mw(left);
                break;
            }
            course.used = course.used.max(course.until);
            (course.cost, course.until) = marginal(course.used);
        }
        if taken_in_all > 0.0 || worth > course.cost * hall.overhead {
            done.curtailed_by_heat += Power::from_mw(self.power_mw - self.allowed_mw);
        }
        taken_in_all
    }
}

impl MeritOrder {
    /// The order over the fleets of a site's halls, where all mine bitcoin and no pool takes a fee.
    pub fn new(fleets: &[MiningFleet]) -> Self {
        Self::at(fleets, 1.0, Ratio::ZERO)
    }

    /// The order at a hashprice: machines that mine something else stand where their worth puts them that day. A pool keeps
    /// `pool_fee` of what is mined.
    pub fn at(fleets: &[MiningFleet], hashprice_usd_per_ph_day: f64, pool_fee: Ratio) -> Self {
        let kept = 1.0 - pool_fee.as_fraction();
        let mut blocks: Vec<Block> = Vec::new();
        for (hall, fleet) in fleets.iter().enumerate() {
            blocks.extend(fleet.batches().iter().enumerate().map(|(ordinal, batch)| Block {
                hall: hall as u32,
                ordinal: ordinal as u32,
                power_mw: batch.power().as_mw(),
                ph_per_mw: 1e3 / batch.efficiency_j_per_th(),
                worth_per_hashprice: batch.worth_per_hashprice() * kept,
                own_usd_per_mwh: batch.own_usd_per_mwh() * kept,
                held_mw: BY_PRICE,
                taken_mw: 0.0,
                allowed_mw: 0.0,
                special: usize::MAX,
            }));
        }
        // A stable sort: equals stay in file order.
        let worth = |b: &Block| b.worth(hashprice_usd_per_ph_day);
        blocks.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        let halls = vec![HallState::default(); fleets.len()];
        let mut specials: Vec<Special> = Vec::new();
        for (place, block) in blocks.iter_mut().enumerate() {
            let batch = &fleets[block.hall as usize].batches()[block.ordinal as usize];
            if batch.hosting().is_none() && batch.heat().is_none() {
                continue;
            }
            block.special = specials.len();
            specials.push(Special {
                place,
                worth: batch.worth(pool_fee),
                heat: batch.heat().copied(),
                is_hosted: batch.hosting().is_some(),
                rated_ph_per_mw: block.ph_per_mw,
                asks: true,
                dear_mw: 0.0,
            });
        }
        let is_mixed = specials.iter().any(|s| s.is_hosted);
        let order = if is_mixed {
            (0..blocks.len()).collect()
        } else {
            Vec::new()
        };
        Self {
            blocks,
            halls,
            specials,
            order,
        }
    }
    /// What the customers' batches do now.
    pub fn hosted(&self) -> impl Iterator<Item = HostedNow> {
        self.specials.iter().filter(|s| s.is_hosted).map(|special| {
            let block = &self.blocks[special.place];
            let asked = |mw: f64| Power::from_mw(if special.asks { mw } else { 0.0 });
            HostedNow {
                hall: block.hall as usize,
                batch: block.ordinal as usize,
                drawn: Power::from_mw(block.taken_mw),
                asked: asked(block.power_mw),
                dear: asked(special.dear_mw),
                hashrate_ph: block.taken_mw * block.ph_per_mw,
            }
        })
    }
    /// Hall, place in its fleet and whether it runs, of every batch that has power.
    pub fn running(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        let with_power = self.blocks.iter().filter(|b| b.power_mw > 0.0);
        with_power.map(|b| (b.hall as usize, b.ordinal as usize, b.taken_mw > 0.0))
    }
    /// What a megawatt-hour at the machines of a place in the order is worth to the farm per USD/PH/day.
    pub fn worth_per_hashprice(&self, place: usize) -> f64 {
        self.blocks[place].worth_per_hashprice
    }
    /// Sorts by what the farm loses by the next megawatt-hour not mined; nothing but insertion, since little changes from
    /// hour to hour. What is worth running does not depend on it, who stops first under a limit does.
    fn sort(&mut self, hashprice: f64, cost: f64) {
        let gain = |place: usize| match self.specials.get(self.blocks[place].special) {
            None => self.blocks[place].worth(hashprice) - cost,
            Some(special) => {
                let worth = special.worth.at(hashprice);
                worth.map_or(f64::NEG_INFINITY, |usd| usd - special.worth.of_cost * cost)
            }
        };
        for at in 1..self.order.len() {
            for to in (1..=at).rev() {
                let (before, after) = (self.order[to - 1], self.order[to]);
                let (b, a) = (gain(before), gain(after));
                if a > b || (a == b && after < before) {
                    self.order.swap(to - 1, to);
                } else {
                    break;
                }
            }
        }
    }
    /// What a special batch is worth against the whole cost of power, and how much of it heat leaves; its hashes follow.
    fn look_at(&mut self, place: usize, hashprice: f64) -> (f64, f64) {
        let block = &mut self.blocks[place];
        let hall = &self.halls[block.hall as usize];
        let special = &mut self.specials[block.special];
        let (loss, speed) = special.feel(hall);
        block.ph_per_mw = special.rated_ph_per_mw / loss;
        let worth = special.worth.at(hashprice / loss);
        special.asks = worth.is_some();
        let worth = worth.map_or(f64::NEG_INFINITY, |usd| usd / special.worth.of_cost);
        (worth, block.power_mw * speed)
    }

    /// Batches, in order.
    pub fn len(&self) -> usize {
        self.blocks.len()
    }
    /// Whether nothing mines here.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
    /// Hall and batch of a place in the order, of the fleets that it was made of.
    pub fn batch<'a>(&self, fleets: &'a [MiningFleet], place: usize) -> (usize, &'a MinerBatch) {
        let Block { hall, ordinal, .. } = self.blocks[place];
        (hall as usize, &fleets[hall as usize].batches()[ordinal as usize])
    }
    /// Holds a batch to a power at the machines, whatever that costs, as far as heat and limits let it; `None` leaves it
    /// to price. It holds until the next call.
    pub fn hold(&mut self, block: usize, power: Option<Power>) {
        self.blocks[block].held_mw = power.map_or(BY_PRICE, |p| p.as_mw().max(0.0));
    }
    /// What a batch drew at the machines in the last dispatch, and what heat alone would have let it draw, MW.
    pub fn drawn(&self, block: usize) -> (Power, Power) {
        let block = &self.blocks[block];
        (Power::from_mw(block.taken_mw), Power::from_mw(block.allowed_mw))
    }

    /// What every hall does now, written to `out`; halls are in the order of [`MeritOrder::new`].
    pub fn dispatch(&mut self, halls: &[HallConditions], site: &SiteConditions, out: &mut [Dispatch]) {
        let usd_per_mwh = site.marginal.as_usd_per_mwh();
        self.dispatch_along(halls, site, |_| (usd_per_mwh, f64::INFINITY), out);
    }

    /// As [`MeritOrder::dispatch`], where the cost of the next megawatt-hour depends on how much mines already:
    /// `marginal` gives, for the megawatts of mining at the meter so far, the cost in USD/MWh and up to how many
    /// megawatts of mining it holds. The cost of `site` is not used. Gives the cost where nothing mines.
    pub fn dispatch_along(
        &mut self,
        halls: &[HallConditions],
        site: &SiteConditions,
        marginal: impl Fn(f64) -> (f64, f64),
        out: &mut [Dispatch],
    ) -> f64 {
        let count = self.halls.len();
        assert!(
            halls.len() == count && out.len() == count,
            "{count} halls, {} conditions",
            halls.len()
        );
        self.prepare(halls);
        out.fill(Dispatch::default());
        let (first, until) = marginal(0.0);
        let mut course = Course {
            available: site.available_at_meter.as_mw().max(0.0),
            used: 0.0,
            cost: first,
            until,
        };
        if !self.order.is_empty() {
            self.sort(site.hashprice_usd_per_ph_day, first);
        }
        for turn in 0..self.blocks.len() {
            let place = self.order.get(turn).copied().unwrap_or(turn);
            let special = self.blocks[place].special;
            let (worth, allowed) = if special < self.specials.len() {
                self.look_at(place, site.hashprice_usd_per_ph_day)
            } else {
                let block = &self.blocks[place];
                let heat = self.halls[block.hall as usize].heat;
                (block.worth(site.hashprice_usd_per_ph_day), block.power_mw * heat)
            };
            let block = &mut self.blocks[place];
            let hall = &mut self.halls[block.hall as usize];
            let done = &mut out[block.hall as usize];
            let dear_before = done.curtailed_by_price;
            block.allowed_mw = allowed;
            if block.held_mw >= 0.0 {
                block.take_held((hall, done), course.available, &mut course.used);
                if course.used >= course.until {
                    (course.cost, course.until) = marginal(course.used);
                }
            } else if worth <= course.cost * hall.overhead {
                block.taken_mw = 0.0;
                done.curtailed_by_price += Power::from_mw(block.power_mw);
            } else if allowed <= hall.left_mw && allowed <= course.room(hall) && allowed <= course.step(hall)
            {
                // The usual case, told by comparisons: a processor foresees them, and need not wait for the least of four.
                hall.left_mw -= allowed;
                course.used += allowed * hall.overhead;
                done.curtailed_by_heat += Power::from_mw(block.power_mw - allowed);
                block.draw(allowed, done);
            } else if (hall.left_mw <= 0.0 || course.used >= course.available) && course.used < course.until {
                block.taken_mw = 0.0;
                done.curtailed_by_cap += Power::from_mw(allowed);
                done.curtailed_by_heat += Power::from_mw(block.power_mw - allowed);
            } else {
                let taken = block.take_along((hall, done), worth, &mut course, &marginal);
                block.draw(taken, done);
            }
            if let Some(special) = self.specials.get_mut(special) {
                special.dear_mw = (done.curtailed_by_price - dear_before).as_mw();
            }
        }
        first
    }

    fn prepare(&mut self, halls: &[HallConditions]) {
        for (state, hall) in self.halls.iter_mut().zip(halls) {
            let overhead = hall.overhead.as_fraction().max(1.0);
            *state = HallState {
                left_mw: hall.available.as_mw().max(0.0),
                overhead,
                per_overhead: overhead.recip(),
                heat: hall.heat.as_fraction().clamp(0.0, 1.0),
                inlet_c: hall.inlet.as_c(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::{DispatchConditions, MinerBatchSpec};

    fn fleet(model: &str, count: u32) -> MiningFleet {
        MiningFleet::new(&[MinerBatchSpec {
            uptime_percent: 100.0,
            ..MinerBatchSpec::plain(model, count)
        }])
    }

    fn hall() -> HallConditions {
        HallConditions {
            available: Power::from_mw(20.0),
            overhead: Ratio::from_fraction(1.05),
            heat: Ratio::from_fraction(1.0),
            inlet: Temperature::from_c(20.0),
        }
    }

    #[test]
    fn the_worst_machine_of_the_site_stops_first_whichever_hall_it_stands_in() {
        // 3.05 MW of S19j Pro in the first hall, 3.5 MW of S21 in the second; 5 MW at the machines are left.
        let fleets = [fleet("antminer-s19j-pro", 1_000), fleet("antminer-s21", 1_000)];
        let mut order = MeritOrder::new(&fleets);
        let site = SiteConditions {
            available_at_meter: Power::from_mw(5.0 * 1.05),
            marginal: EnergyPrice::from_usd_per_mwh(30.0),
            hashprice_usd_per_ph_day: 40.0,
        };
        let mut out = [Dispatch::default(); 2];
        order.dispatch(&[hall(), hall()], &site, &mut out);
        assert!((out[1].it.as_mw() - 3.5).abs() < 1e-12);
        assert!((out[0].it.as_mw() - 1.5).abs() < 1e-12);
        assert!((out[0].curtailed_by_cap.as_mw() - 1.55).abs() < 1e-12);
    }

    #[test]
    fn a_batch_that_is_held_does_what_it_is_told_and_the_others_what_pays() {
        // At 40 USD/PH/day: S21 earns 95.2, S19j Pro 54.6 USD/MWh; power costs 60, or 120.
        let fleets = [fleet("antminer-s19j-pro", 1_000), fleet("antminer-s21", 1_000)];
        let mut order = MeritOrder::new(&fleets);
        assert_eq!(
            (order.len(), order.batch(&fleets, 0).0, order.batch(&fleets, 1).0),
            (2, 1, 0)
        );
        let site = |available: f64, marginal: f64| SiteConditions {
            available_at_meter: Power::from_mw(available * 1.05),
            marginal: EnergyPrice::from_usd_per_mwh(marginal),
            hashprice_usd_per_ph_day: 40.0,
        };
        let mut out = [Dispatch::default(); 2];
        order.hold(1, Some(Power::from_mw(2.0)));
        order.dispatch(&[hall(), hall()], &site(20.0, 120.0), &mut out);
        assert!((out[0].it.as_mw() - 2.0).abs() < 1e-12 && out[1].it == Power::ZERO);
        assert!((out[0].curtailed_by_price.as_mw() - 1.05).abs() < 1e-12);
        // Within 4 MW the better batch comes first, held or not.
        order.dispatch(&[hall(), hall()], &site(4.0, 60.0), &mut out);
        assert!((out[1].it.as_mw() - 3.5).abs() < 1e-12 && (out[0].it.as_mw() - 0.5).abs() < 1e-12);
        assert!((out[0].curtailed_by_cap.as_mw() - 1.5).abs() < 1e-12);
        assert!((order.drawn(1).0.as_mw() - 0.5).abs() < 1e-12);
        order.hold(0, Some(Power::ZERO));
        order.hold(1, None);
        order.dispatch(&[hall(), hall()], &site(20.0, 40.0), &mut out);
        assert!(out[1].it == Power::ZERO && (out[0].it.as_mw() - 3.05).abs() < 1e-12);
    }

    #[test]
    fn one_hall_alone_does_what_its_fleet_would_do() {
        let fleets = [fleet("antminer-s19-xp", 3_000)];
        let mut order = MeritOrder::new(&fleets);
        for (available, marginal) in [(5.0, 20.0), (50.0, 20.0), (50.0, 90.0), (0.0, -10.0)] {
            let site = SiteConditions {
                available_at_meter: Power::from_mw(available * 1.05),
                marginal: EnergyPrice::from_usd_per_mwh(marginal),
                hashprice_usd_per_ph_day: 40.0,
            };
            let mut out = [Dispatch::default()];
            order.dispatch(&[hall()], &site, &mut out);
            let alone = fleets[0].dispatch(&DispatchConditions {
                available: Power::from_mw(f64::min(available, 20.0)),
                marginal: site.marginal,
                overhead: hall().overhead,
                hashprice_usd_per_ph_day: 40.0,
                heat: hall().heat,
            });
            assert!((alone.it.as_mw() - out[0].it.as_mw()).abs() < 1e-12);
            assert!((alone.hashrate_ph - out[0].hashrate_ph).abs() < 1e-9);
        }
    }
}
