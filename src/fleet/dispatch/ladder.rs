//! Batches by worth under one cost of energy: what runs is a prefix, found by bisection.
//!
//! This is the merit order where one cost holds for every megawatt and one hall (or none) limits: what long studies of
//! prices ask millions of times. Sites with halls, steps of cost and heat take [`MeritOrder`](super::super::MeritOrder).

use crate::fleet::miner::MinerBatch;
use crate::units::{EnergyPrice, Power};

/// Batches, best first, with their sums.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ladder {
    /// USD/MWh per USD/PH/day of each batch, falling.
    worth: Vec<f64>,
    /// Power of the first so many batches, MW; one more than batches.
    power_mw: Vec<f64>,
    /// Hashrate of the first so many batches, PH/s.
    hashrate_ph: Vec<f64>,
}

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Run {
    /// At the machines.
    pub it: Power,
    /// PH/s.
    pub hashrate_ph: f64,
    /// Batches that run, wholly or in part: the first so many.
    pub batches: usize,
}

impl Ladder {
    /// The ladder of some batches.
    pub fn new(batches: &[MinerBatch]) -> Self {
        let worth = |b: &MinerBatch| b.break_even(1.0).as_usd_per_mwh();
        let mut sorted: Vec<&MinerBatch> = batches.iter().collect();
        sorted.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
        let mut ladder = Self {
            worth: sorted.iter().map(|b| worth(b)).collect(),
            power_mw: vec![0.0],
            hashrate_ph: vec![0.0],
        };
        let (mut mw, mut ph) = (0.0, 0.0);
        for batch in sorted {
            mw += batch.power().as_mw();
            ph += batch.hashrate_ph();
            ladder.power_mw.push(mw);
            ladder.hashrate_ph.push(ph);
        }
        ladder
    }

    /// What runs where a megawatt-hour at the machines costs `cost`, at a hashprice in USD per PH/s and day, within
    /// `available` power. A batch whose worth equals the cost stands still.
    pub fn run(&self, cost: EnergyPrice, hashprice_usd_per_ph_day: f64, available: Power) -> Run {
        let (cost, room_mw) = (cost.as_usd_per_mwh(), available.as_mw().max(0.0));
        let paying = self
            .worth
            .partition_point(|w| w * hashprice_usd_per_ph_day > cost);
        if self.power_mw[paying] <= room_mw {
            return Run {
                it: Power::from_mw(self.power_mw[paying]),
                hashrate_ph: self.hashrate_ph[paying],
                batches: paying,
            };
        }
        // The first sum is zero, so at least one batch fits wholly or in part.
        let whole = self.power_mw[..=paying].partition_point(|mw| *mw <= room_mw) - 1;
        let part = (room_mw - self.power_mw[whole]) / (self.power_mw[whole + 1] - self.power_mw[whole]);
        let of_next = self.hashrate_ph[whole + 1] - self.hashrate_ph[whole];
        Run {
            it: Power::from_mw(room_mw),
            hashrate_ph: self.hashrate_ph[whole] + part * of_next,
            batches: whole + usize::from(part > 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::{DispatchConditions, MiningFleet, tests::batch};
    use crate::units::Ratio;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_does_what_the_fleet_does(
            counts in proptest::collection::vec(1u32..5_000, 1..6),
            available in 0.0f64..60.0, cost in -50.0f64..200.0, hashprice in 0.0f64..100.0,
        ) {
            let models = ["antminer-s9", "antminer-s19j-pro", "antminer-s19-xp", "antminer-s21", "antminer-s21-xp"];
            let specs: Vec<_> = counts.iter().enumerate().map(|(i, c)| batch(models[i % 5], *c)).collect();
            let fleet = MiningFleet::new(&specs);
            let (cost, available) = (EnergyPrice::from_usd_per_mwh(cost), Power::from_mw(available));
            let run = Ladder::new(fleet.batches()).run(cost, hashprice, available);
            let fleet = fleet.dispatch(&DispatchConditions {
                available,
                marginal: cost,
                overhead: Ratio::from_fraction(1.0),
                hashprice_usd_per_ph_day: hashprice,
                heat: Ratio::from_fraction(1.0),
            });
            prop_assert!((run.it.as_mw() - fleet.it.as_mw()).abs() < 1e-9);
            prop_assert!((run.hashrate_ph - fleet.hashrate_ph).abs() < 1e-6);
            prop_assert_eq!(run.batches, fleet.batches);
        }
    }

    #[test]
    fn no_batches_and_no_power_run_nothing() {
        let free = EnergyPrice::ZERO;
        assert_eq!(
            Ladder::new(&[]).run(free, 50.0, Power::from_mw(1.0)),
            Run::default()
        );
        let fleet = MiningFleet::new(&[batch("antminer-s21", 1_000)]);
        assert_eq!(
            Ladder::new(fleet.batches()).run(free, 50.0, Power::ZERO),
            Run::default()
        );
    }
}
