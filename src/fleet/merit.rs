//! The merit order of a site: all miners of all halls, best first, under one limit at the meter.
//!
//! A hall alone needs [`MiningFleet::dispatch`]; where halls share a limit, the least efficient machine of the whole
//! site must stop first, whichever hall it stands in.

use super::miner::{Dispatch, MiningFleet, Tally};
use crate::units::{EnergyPrice, Power, Ratio};

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

/// Which batch of which hall comes first; made again when a fleet changes, never per hour.
#[derive(Debug, Clone, Default)]
pub struct MeritOrder {
    order: Vec<(u32, u32)>,
    halls: Vec<HallTally>,
}

/// What a hall has taken so far in one pass.
#[derive(Debug, Clone, Copy, Default)]
struct HallTally {
    tally: Tally,
    left_mw: f64,
}

impl MeritOrder {
    /// The order over the fleets of a site's halls.
    pub fn new(fleets: &[MiningFleet]) -> Self {
        let mut order: Vec<(u32, u32)> = Vec::new();
        for (hall, fleet) in fleets.iter().enumerate() {
            order.extend((0..fleet.batches().len()).map(|batch| (hall as u32, batch as u32)));
        }
        let efficiency =
            |&(h, b): &(u32, u32)| fleets[h as usize].batches()[b as usize].efficiency_j_per_th();
        order.sort_by(|a, b| efficiency(a).total_cmp(&efficiency(b)));
        let halls = vec![HallTally::default(); fleets.len()];
        Self { order, halls }
    }

    /// What every hall does now, written to `out`. `fleets` are those of [`MeritOrder::new`].
    pub fn dispatch(
        &mut self,
        fleets: &[MiningFleet],
        halls: &[HallConditions],
        site: &SiteConditions,
        out: &mut [Dispatch],
    ) {
        assert!(
            fleets.len() == self.halls.len(),
            "{} fleets, {} halls",
            fleets.len(),
            self.halls.len()
        );
        for (state, hall) in self.halls.iter_mut().zip(halls) {
            *state = HallTally {
                tally: Tally::default(),
                left_mw: hall.available.as_mw().max(0.0),
            };
        }
        let mut meter_left = site.available_at_meter.as_mw().max(0.0);
        for &(h, b) in &self.order {
            let (h, batch) = (h as usize, &fleets[h as usize].batches()[b as usize]);
            let (state, hall) = (&mut self.halls[h], &halls[h]);
            let overhead = hall.overhead.as_fraction();
            let worth = batch.break_even(site.hashprice_usd_per_ph_day).as_usd_per_mwh();
            if worth <= site.marginal.as_usd_per_mwh() * overhead {
                state.tally.price += batch.power().as_mw();
                continue;
            }
            let left = state.left_mw.min(meter_left / overhead);
            let taken = state
                .tally
                .take(batch, hall.heat.as_fraction().clamp(0.0, 1.0), left);
            state.left_mw -= taken;
            meter_left = (meter_left - taken * overhead).max(0.0);
        }
        for (state, hall) in self.halls.iter().zip(out) {
            *hall = state.tally.into_dispatch();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::{DispatchConditions, MinerBatchSpec};
    use crate::id::Name;

    fn fleet(model: &str, count: u32) -> MiningFleet {
        MiningFleet::new(&[MinerBatchSpec {
            model: Name::from(model),
            count,
            uptime_percent: 100.0,
            hashrate_th_s: None,
            power_w: None,
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
        order.dispatch(&fleets, &[hall(), hall()], &site, &mut out);
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
            order.dispatch(&fleets, &[hall()], &site, &mut out);
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
