//! The merit order of a site: all miners of all halls, best first, under one limit at the meter.
//!
//! A hall alone needs [`MiningFleet::dispatch`]; where halls share a limit, the least efficient machine of the whole
//! site must stop first, whichever hall it stands in.

use super::miner::{Dispatch, MiningFleet};
use crate::units::{EnergyPrice, Power, Ratio};

/// The most steps of marginal cost that one batch may straddle.
const STEPS_MAX: usize = 64;

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
    power_mw: f64,
    ph_per_mw: f64,
    /// USD/MWh per USD/PH/day.
    worth_per_hashprice: f64,
}

/// A hall in plain numbers during one pass.
#[derive(Debug, Clone, Copy, Default)]
struct HallState {
    left_mw: f64,
    overhead: f64,
    per_overhead: f64,
    heat: f64,
}

impl MeritOrder {
    /// The order over the fleets of a site's halls.
    pub fn new(fleets: &[MiningFleet]) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        for (hall, fleet) in fleets.iter().enumerate() {
            blocks.extend(fleet.batches().iter().map(|batch| Block {
                hall: hall as u32,
                power_mw: batch.power().as_mw(),
                ph_per_mw: 1e3 / batch.efficiency_j_per_th(),
                worth_per_hashprice: batch.break_even(1.0).as_usd_per_mwh(),
            }));
        }
        // A stable sort: equals stay in file order.
        blocks.sort_by(|a, b| b.worth_per_hashprice.total_cmp(&a.worth_per_hashprice));
        let halls = vec![HallState::default(); fleets.len()];
        Self { blocks, halls }
    }

    /// What every hall does now, written to `out`; halls are in the order of [`MeritOrder::new`].
    pub fn dispatch(&mut self, halls: &[HallConditions], site: &SiteConditions, out: &mut [Dispatch]) {
        let usd_per_mwh = site.marginal.as_usd_per_mwh();
        self.dispatch_along(halls, site, |_| (usd_per_mwh, f64::INFINITY), out);
    }

    /// As [`MeritOrder::dispatch`], where the cost of the next megawatt-hour depends on how much mines already:
    /// `marginal` gives, for the megawatts of mining at the meter so far, the cost in USD/MWh and up to how many
    /// megawatts of mining it holds. The cost of `site` is not used.
    pub fn dispatch_along(
        &mut self,
        halls: &[HallConditions],
        site: &SiteConditions,
        marginal: impl Fn(f64) -> (f64, f64),
        out: &mut [Dispatch],
    ) {
        let count = self.halls.len();
        assert!(
            halls.len() == count && out.len() == count,
            "{count} halls, {} conditions",
            halls.len()
        );
        self.prepare(halls);
        out.fill(Dispatch::default());
        let available = site.available_at_meter.as_mw().max(0.0);
        let mut used = 0.0;
        let (mut cost, mut until) = marginal(0.0);
        for block in &self.blocks {
            let hall = &mut self.halls[block.hall as usize];
            let done = &mut out[block.hall as usize];
            let worth = site.hashprice_usd_per_ph_day * block.worth_per_hashprice;
            let allowed = block.power_mw * hall.heat;
            let (mut left, mut taken_in_all) = (allowed, 0.0);
            // Each turn ends the block or passes a step of the cost; contracts have a handful of steps.
            for _ in 0..STEPS_MAX {
                if worth <= cost * hall.overhead {
                    // What heat forbids would not have run either: price comes first.
                    done.curtailed_by_price +=
                        Power::from_mw(if taken_in_all > 0.0 { left } else { block.power_mw });
                    break;
                }
                let room = (available - used).max(0.0) * hall.per_overhead;
                let step = (until - used).max(0.0) * hall.per_overhead;
                let taken = left.min(hall.left_mw).min(room).min(step);
                hall.left_mw -= taken;
                used += taken * hall.overhead;
                left -= taken;
                taken_in_all += taken;
                if step > taken || left <= 0.0 {
                    done.curtailed_by_cap += Power::from_mw(left);
                    break;
                }
                used = used.max(until);
                (cost, until) = marginal(used);
            }
            if taken_in_all > 0.0 || worth > cost * hall.overhead {
                done.curtailed_by_heat += Power::from_mw(block.power_mw - allowed);
            }
            done.it += Power::from_mw(taken_in_all);
            done.hashrate_ph += taken_in_all * block.ph_per_mw;
            done.batches += usize::from(taken_in_all > 0.0);
        }
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
    use crate::fleet::dispatch::BatchRulesSpec;
    use crate::fleet::miner::{DispatchConditions, MinerBatchSpec};
    use crate::id::Name;

    fn fleet(model: &str, count: u32) -> MiningFleet {
        MiningFleet::new(&[MinerBatchSpec {
            model: Name::from(model),
            count,
            uptime_percent: 100.0,
            hashrate_th_s: None,
            power_w: None,
            rules: BatchRulesSpec::default(),
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
