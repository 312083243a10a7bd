//! Wear: machines lose hashrate with age, fail by the hour and at restarts, and wait for repair.
//!
//! Fleets have thousands of machines, so their expected numbers are followed and not single machines: the noise of a
//! batch of 5,000 is a hundredth of its failures of a month.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fleet::miner_catalogue::MinerCooling;
use crate::problem::{Check, FieldPath, Problems};

/// How a batch wears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MinerWearSpec {
    /// Hashrate lost, percent a year of what it was. Default 1 (assumption: 0 to 3).
    pub hashrate_percent_per_year: f64,
    /// Power gained, percent a year of what it was. Default 0 (assumption).
    pub power_percent_per_year: f64,
    /// Machines that fail in a year of standing in the hall, percent. Default 5 for air, 3 for liquid (assumption: 3 to
    /// 10 and 2 to 6; S19 XP of the first batches about 10, P14).
    pub failures_percent_per_year: Option<f64>,
    /// Machines that fail at a restart of the batch, percent. Default 0.02 (assumption: 250 restarts a year then double
    /// the failures of an air-cooled batch to the 10 % that hosts report of S19 XP that are curtailed, P14).
    pub failures_percent_per_restart: f64,
}

impl Default for MinerWearSpec {
    fn default() -> Self {
        Self {
            hashrate_percent_per_year: 1.0,
            power_percent_per_year: 0.0,
            failures_percent_per_year: None,
            failures_percent_per_restart: 0.02,
        }
    }
}

impl Check for MinerWearSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let ranges = [
            ("hashrate_percent_per_year", self.hashrate_percent_per_year, 50.0),
            ("power_percent_per_year", self.power_percent_per_year, 50.0),
            (
                "failures_percent_per_restart",
                self.failures_percent_per_restart,
                100.0,
            ),
        ];
        for (key, value, high) in ranges {
            problems.within(&at.key(key), value, 0.0, high);
        }
        if let Some(percent) = self.failures_percent_per_year {
            problems.within(&at.key("failures_percent_per_year"), percent, 0.0, 1_000.0);
        }
    }
}

/// Rates in plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    /// Log of hashrate a year.
    pub(super) hashrate: f64,
    /// Log of power a year.
    pub(super) power: f64,
    /// Failures a machine and year.
    pub(super) failures: f64,
    /// Failures a machine and restart.
    pub(super) per_restart: f64,
}

impl Rates {
    pub(super) fn new(spec: &MinerWearSpec, cooling: MinerCooling) -> Self {
        let usual = if cooling == MinerCooling::Air { 5.0 } else { 3.0 };
        Self {
            hashrate: (1.0 - spec.hashrate_percent_per_year / 100.0).ln(),
            power: (1.0 + spec.power_percent_per_year / 100.0).ln(),
            failures: spec.failures_percent_per_year.unwrap_or(usual) / 100.0,
            per_restart: spec.failures_percent_per_restart / 100.0,
        }
    }
    /// Share of working machines that fail in so many years with so many restarts.
    pub(super) fn failing(&self, years: f64, restarts: f64) -> f64 {
        -(-self.failures * years - self.per_restart * restarts).exp_m1()
    }
}

/// What a stretch of time did to machines.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WornDay {
    /// Machines that failed.
    pub failed: f64,
    /// Machines brought back.
    pub repaired: f64,
    /// Machines given up.
    pub scrapped: f64,
    /// Parts, USD.
    pub parts_usd: f64,
    /// What scrap fetched, USD.
    pub scrap_usd: f64,
}

impl WornDay {
    /// Adds another.
    pub fn add(&mut self, o: &Self) {
        self.failed += o.failed;
        self.repaired += o.repaired;
        self.scrapped += o.scrapped;
        self.parts_usd += o.parts_usd;
        self.scrap_usd += o.scrap_usd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::miner::{MinerBatchSpec, MiningFleet, RepairShop, RepairShopSpec};
    use crate::time::Span;

    fn fleet(wear: MinerWearSpec) -> MiningFleet {
        MiningFleet::new(&[MinerBatchSpec {
            uptime_percent: 100.0,
            wear: Some(wear),
            ..MinerBatchSpec::plain("antminer-s21", 10_000)
        }])
    }

    fn years(fleet: &mut MiningFleet, mut shop: Option<RepairShop>, days: u32) -> WornDay {
        let mut all = WornDay::default();
        let span = Span::from_hours(24);
        for _ in 0..days {
            if let Some(shop) = &mut shop {
                shop.begin(span);
            }
            all.add(&fleet.wear(span, shop.as_mut()));
        }
        all
    }

    fn only_failures(percent: f64) -> MinerWearSpec {
        MinerWearSpec {
            hashrate_percent_per_year: 0.0,
            failures_percent_per_year: Some(percent),
            ..MinerWearSpec::default()
        }
    }

    #[test]
    fn hashrate_and_power_drift_by_the_stated_share_a_year() {
        let mut fleet = fleet(MinerWearSpec {
            hashrate_percent_per_year: 2.0,
            power_percent_per_year: 1.0,
            failures_percent_per_year: Some(0.0),
            ..MinerWearSpec::default()
        });
        years(&mut fleet, None, 731);
        let two_years = 731.0 / 365.25;
        assert!((fleet.hashrate_ph() / 2_000.0 - 0.98_f64.powf(two_years)).abs() < 1e-12);
        assert!((fleet.power().as_mw() / 35.0 - 1.01_f64.powf(two_years)).abs() < 1e-12);
    }

    #[test]
    fn without_a_shop_machines_die_away_exponentially() {
        let mut fleet = fleet(only_failures(10.0));
        let worn = years(&mut fleet, None, 365);
        let left = (-0.1_f64 * 365.0 / 365.25).exp();
        assert!((fleet.hashrate_ph() / 2_000.0 - left).abs() < 1e-12);
        assert!((worn.failed - 10_000.0 * (1.0 - left)).abs() < 1e-6 && worn.repaired == 0.0);
    }

    #[test]
    fn an_ample_shop_leaves_out_what_is_on_its_way_to_the_bench() {
        // Little's law: failures of a day times the mean days away.
        let mut fleet = fleet(only_failures(10.0));
        let shop = RepairShopSpec {
            technicians: 50.0,
            beyond_repair_percent: 0.0,
            ..RepairShopSpec::default()
        };
        years(&mut fleet, Some(RepairShop::new(&shop)), 400);
        let out = 1.0 - fleet.hashrate_ph() / 2_000.0;
        // By days: a machine that fails today takes 1 / (1 - exp(-1/7)) days on average, the first of them today.
        let away = 1.0 / -(-1.0_f64 / 7.0).exp_m1() - 1.0;
        let rate = 0.1 / 365.25;
        assert!((out - rate * away / (1.0 + rate * away)).abs() < 2e-6, "{out}");
    }

    #[test]
    fn a_shop_that_is_too_small_repairs_all_that_it_can_and_the_queue_grows() {
        let mut fleet = fleet(only_failures(50.0));
        let shop = RepairShopSpec {
            technicians: 1.0,
            turnaround_days: 0.0,
            beyond_repair_percent: 20.0,
            parts_usd_per_repair: 50.0,
            ..RepairShopSpec::default()
        };
        // Five in seven days a technician brings seven machines to the bench; a fifth of them is given up.
        let worn = years(&mut fleet, Some(RepairShop::new(&shop)), 70);
        assert!((worn.repaired - 0.8 * 350.0).abs() < 1e-9, "{worn:?}");
        assert!((worn.scrapped - 0.2 * 350.0).abs() < 1e-9);
        assert!((worn.parts_usd - 50.0 * 280.0).abs() < 1e-6);
        let scrap = 70.0 * 200.0 * 0.1 * 0.6 * 3.67;
        assert!((worn.scrap_usd - scrap).abs() < 1e-6 * scrap, "{worn:?}");
        let out = 10_000.0 - fleet.hashrate_ph() / 0.2;
        assert!((out - (worn.failed - worn.repaired)).abs() < 1e-6);
    }

    #[test]
    fn restarts_break_machines() {
        let mut fleet = fleet(only_failures(0.0));
        for _ in 0..250 {
            fleet.note_running(0);
            fleet.note_running(1);
        }
        let worn = years(&mut fleet, None, 1);
        assert!(
            (worn.failed / 10_000.0 - (1.0 - (-0.05_f64).exp())).abs() < 1e-12,
            "{worn:?}"
        );
        // They are counted once.
        assert_eq!(years(&mut fleet, None, 1).failed, 0.0);
    }
}
