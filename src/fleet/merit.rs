//! The merit order of a site: all miners of all halls, best first, under one limit at the meter.
//!
//! A hall alone needs [`MiningFleet::dispatch`]; where halls share a limit, the least efficient machine of the whole
//! site must stop first, whichever hall it stands in.

use super::miner::{Dispatch, MinerBatch, MiningFleet};
use crate::units::{EnergyPrice, Power, Ratio};

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
}

/// A hall in plain numbers during one pass.
#[derive(Debug, Clone, Copy, Default)]
struct HallState {
    left_mw: f64,
    overhead: f64,
    per_overhead: f64,
    heat: f64,
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
    /// The order over the fleets of a site's halls, where all mine bitcoin.
    pub fn new(fleets: &[MiningFleet]) -> Self {
        Self::at(fleets, 1.0)
    }

    /// The order at a hashprice: machines that mine something else stand where their worth puts them that day.
    pub fn at(fleets: &[MiningFleet], hashprice_usd_per_ph_day: f64) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        for (hall, fleet) in fleets.iter().enumerate() {
            blocks.extend(fleet.batches().iter().enumerate().map(|(ordinal, batch)| Block {
                hall: hall as u32,
                ordinal: ordinal as u32,
                power_mw: batch.power().as_mw(),
                ph_per_mw: 1e3 / batch.efficiency_j_per_th(),
                worth_per_hashprice: batch.worth_per_hashprice(),
                own_usd_per_mwh: batch.own_usd_per_mwh(),
                held_mw: BY_PRICE,
                taken_mw: 0.0,
                allowed_mw: 0.0,
            }));
        }
        // A stable sort: equals stay in file order.
        let worth = |b: &Block| b.worth(hashprice_usd_per_ph_day);
        blocks.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        let halls = vec![HallState::default(); fleets.len()];
        Self { blocks, halls }
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
        for block in &mut self.blocks {
            let hall = &mut self.halls[block.hall as usize];
            let done = &mut out[block.hall as usize];
            let worth = block.worth(site.hashprice_usd_per_ph_day);
            let allowed = block.power_mw * hall.heat;
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
