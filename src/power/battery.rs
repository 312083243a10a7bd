//! A battery behind the meter: power, energy, losses, and a stated rule of use.
//!
//! Its power is constant over an interval; the rule sees the load that was drawn and the hours that it was drawn for, so
//! that what is stored never leaves its bounds and no event is needed where it runs full or empty.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Name;
use crate::problem::{Check, FieldPath, Problems};

/// A battery behind the meter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatterySpec {
    /// Greatest power of charge and of discharge, in megawatts on the site's side of its converters.
    pub power_mw: f64,
    /// Energy that it holds, in megawatt-hours.
    pub energy_mwh: f64,
    /// Energy out over energy in, in percent. Default 85 (NREL Annual Technology Baseline, lithium-ion); half of the loss
    /// falls on each way.
    #[serde(default = "default_round_trip")]
    pub round_trip_percent: f64,
    /// Share of the energy that is kept for outages of the grid, in percent. Default 0.
    #[serde(default)]
    pub reserve_percent: f64,
    /// Energy at the start, in percent. Default 50 (assumption).
    #[serde(default = "default_start")]
    pub start_percent: f64,
    /// When it charges and discharges. Default: full, and used in outages only.
    #[serde(default)]
    pub rule: BatteryRuleSpec,
}

fn default_round_trip() -> f64 {
    85.0
}
fn default_start() -> f64 {
    50.0
}

/// When a battery charges and discharges while the grid is there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatteryRuleSpec {
    /// Charges whenever it is not full; gives power in outages only.
    #[default]
    Standby,
    /// Holds the meter at a target: gives what load goes beyond it, charges with what it leaves.
    PeakShaving(PeakShavingSpec),
    /// Charges below one price and gives power above another.
    Arbitrage(ArbitrageSpec),
}

/// Holds the meter at a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeakShavingSpec {
    /// Power at the meter that it tries not to pass, in megawatts.
    pub target_mw: f64,
}

/// Charges when power is cheap and gives it back when it is dear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArbitrageSpec {
    /// Name of a price in `market.power` that it looks at.
    pub price: Name,
    /// It charges at or below this price, USD/MWh.
    pub charge_below_usd_per_mwh: f64,
    /// It gives power at or above this price, USD/MWh.
    pub discharge_above_usd_per_mwh: f64,
}

impl Check for BatterySpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("power_mw"), self.power_mw, 1e-6, 100_000.0);
        problems.within(&at.key("energy_mwh"), self.energy_mwh, 1e-6, 1e6);
        problems.within(&at.key("round_trip_percent"), self.round_trip_percent, 1.0, 100.0);
        problems.percent(&at.key("reserve_percent"), self.reserve_percent, 100.0);
        problems.percent(&at.key("start_percent"), self.start_percent, 100.0);
        match &self.rule {
            BatteryRuleSpec::Standby => {}
            BatteryRuleSpec::PeakShaving(rule) => {
                let at = at.key("rule").key("peak_shaving").key("target_mw");
                problems.within(&at, rule.target_mw, 0.0, 100_000.0);
            }
            BatteryRuleSpec::Arbitrage(rule) => {
                let at = at.key("rule").key("arbitrage");
                let (low, high) = (rule.charge_below_usd_per_mwh, rule.discharge_above_usd_per_mwh);
                problems.within(&at.key("charge_below_usd_per_mwh"), low, -1e5, 1e5);
                problems.within(&at.key("discharge_above_usd_per_mwh"), high, -1e5, 1e5);
                if high <= low {
                    problems.error(
                        &at.key("discharge_above_usd_per_mwh"),
                        format!("`{high}` must exceed `charge_below_usd_per_mwh` ({low})"),
                    );
                }
            }
        }
    }
}

/// The rule of a checked battery; prices by their place in the list of the scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Standby,
    PeakShaving {
        target_mw: f64,
    },
    Arbitrage {
        price: usize,
        charge: f64,
        discharge: f64,
    },
}

/// What the site around a battery is like in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings<'a> {
    /// Length of the interval, hours.
    pub hours: f64,
    /// Load that remains after on-site generation, MW; negative where that is in excess.
    pub load_mw: f64,
    /// The most that the grid can give, MW on the battery's side of the transformers; 0 in an outage.
    pub grid_mw: f64,
    /// Power on the battery's side for a power at the meter: the target of peak shaving, MW.
    pub target_mw: f64,
    /// All prices of the hour.
    pub prices: &'a [f64],
    /// The grid is gone.
    pub outage: bool,
}

/// A battery at run time.
#[derive(Debug, Clone, PartialEq)]
pub struct Battery {
    power_mw: f64,
    energy_mwh: f64,
    /// Share that passes on each way.
    one_way: f64,
    reserve_mwh: f64,
    stored_mwh: f64,
    rule: Rule,
}

impl Battery {
    /// The battery of a checked spec; `price` gives the place of a price.
    pub fn new(spec: &BatterySpec, price: impl Fn(&Name) -> Option<usize>) -> Self {
        let rule = match &spec.rule {
            BatteryRuleSpec::Standby => Rule::Standby,
            BatteryRuleSpec::PeakShaving(rule) => Rule::PeakShaving {
                target_mw: rule.target_mw,
            },
            BatteryRuleSpec::Arbitrage(rule) => Rule::Arbitrage {
                price: price(&rule.price).expect("the check knows the price"),
                charge: rule.charge_below_usd_per_mwh,
                discharge: rule.discharge_above_usd_per_mwh,
            },
        };
        let start = if rule == Rule::Standby {
            100.0
        } else {
            spec.start_percent
        };
        Self {
            power_mw: spec.power_mw,
            energy_mwh: spec.energy_mwh,
            one_way: (spec.round_trip_percent / 100.0).sqrt(),
            reserve_mwh: spec.energy_mwh * spec.reserve_percent / 100.0,
            stored_mwh: spec.energy_mwh * start.max(spec.reserve_percent) / 100.0,
            rule,
        }
    }
    /// Energy stored, MWh.
    pub const fn stored_mwh(&self) -> f64 {
        self.stored_mwh
    }
    /// Power at the meter that it tries not to pass, MW; infinite without such a rule.
    pub const fn target_mw(&self) -> f64 {
        match self.rule {
            Rule::PeakShaving { target_mw } => target_mw,
            _ => f64::INFINITY,
        }
    }
    /// The most it can give over `hours`, MW; the reserve only in an outage.
    pub fn available_mw(&self, hours: f64, outage: bool) -> f64 {
        let kept = if outage { 0.0 } else { self.reserve_mwh };
        let energy_mw = (self.stored_mwh - kept).max(0.0) * self.one_way / hours.max(1e-9);
        energy_mw.min(self.power_mw)
    }
    /// The most it can take over `hours`, MW.
    fn room_mw(&self, hours: f64) -> f64 {
        let energy_mw = (self.energy_mwh - self.stored_mwh).max(0.0) / self.one_way / hours.max(1e-9);
        energy_mw.min(self.power_mw)
    }
    /// Power by the rule, MW: positive where it gives, negative where it charges. It never gives more than the load.
    pub fn power(&self, around: &Surroundings<'_>) -> f64 {
        let most = self
            .available_mw(around.hours, around.outage)
            .min(around.load_mw.max(0.0));
        let spare = (around.grid_mw - around.load_mw).max(0.0);
        let charge = |limit: f64| -self.room_mw(around.hours).min(limit.max(0.0)).min(spare);
        if around.outage {
            // Generation on site in excess of the load is all there is to charge with.
            let short = around.load_mw - around.grid_mw;
            return if short > 0.0 {
                most.min(short)
            } else {
                charge(spare)
            };
        }
        match self.rule {
            Rule::Standby => charge(f64::INFINITY),
            Rule::PeakShaving { .. } => {
                let beyond = around.load_mw - around.target_mw;
                if beyond > 0.0 {
                    most.min(beyond)
                } else {
                    charge(-beyond)
                }
            }
            Rule::Arbitrage {
                price,
                charge: low,
                discharge: high,
            } => {
                let price = around.prices[price];
                if price >= high {
                    most
                } else if price <= low {
                    charge(f64::INFINITY)
                } else {
                    // Generation in excess would be lost otherwise.
                    charge(-around.load_mw)
                }
            }
        }
    }
    /// Takes note of a power held over `hours`.
    pub fn run(&mut self, power_mw: f64, hours: f64) {
        if power_mw > 0.0 {
            self.stored_mwh -= power_mw * hours / self.one_way;
        } else {
            self.stored_mwh -= power_mw * hours * self.one_way;
        }
        let slack = 1e-9 * self.energy_mwh;
        assert!(
            self.stored_mwh >= -slack && self.stored_mwh <= self.energy_mwh + slack,
            "a battery of {} MWh holds {} MWh",
            self.energy_mwh,
            self.stored_mwh
        );
        self.stored_mwh = self.stored_mwh.clamp(0.0, self.energy_mwh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    fn battery(rule: BatteryRuleSpec) -> Battery {
        let spec = BatterySpec {
            power_mw: 4.0,
            energy_mwh: 8.0,
            round_trip_percent: 81.0,
            reserve_percent: 25.0,
            start_percent: 50.0,
            rule,
        };
        Battery::new(&spec, |_| Some(0))
    }
    fn around(load_mw: f64, prices: &[f64]) -> Surroundings<'_> {
        Surroundings {
            hours: 1.0,
            load_mw,
            grid_mw: 20.0,
            target_mw: 10.0,
            prices,
            outage: false,
        }
    }
    fn shaving() -> BatteryRuleSpec {
        BatteryRuleSpec::PeakShaving(PeakShavingSpec { target_mw: 10.0 })
    }
    fn arbitrage() -> BatteryRuleSpec {
        BatteryRuleSpec::Arbitrage(ArbitrageSpec {
            price: Name::from("da"),
            charge_below_usd_per_mwh: 20.0,
            discharge_above_usd_per_mwh: 80.0,
        })
    }

    #[test]
    fn peak_shaving_gives_what_is_beyond_and_charges_with_what_is_left() {
        let mut b = battery(shaving());
        // 4 MWh stored of which 2 are kept; 1.8 MWh come out of 2 at 90 % one way.
        assert!((b.power(&around(15.0, &[])) - 1.8).abs() < 1e-12);
        assert!((b.power(&around(11.0, &[])) - 1.0).abs() < 1e-12);
        assert!((b.power(&around(9.5, &[])) + 0.5).abs() < 1e-12);
        assert!((b.power(&around(2.0, &[])) + 4.0).abs() < 1e-12);
        b.run(-4.0, 1.0);
        assert!((b.stored_mwh() - 7.6).abs() < 1e-12);
        // 0.4 MWh of room take 0.444 MWh.
        assert!((b.power(&around(2.0, &[])) + 0.4 / 0.9).abs() < 1e-12);
    }

    #[test]
    fn arbitrage_follows_its_two_prices_and_an_outage_opens_the_reserve() {
        let b = battery(arbitrage());
        assert!((b.power(&around(5.0, &[90.0])) - 1.8).abs() < 1e-12);
        assert!((b.power(&around(5.0, &[10.0])) + 4.0).abs() < 1e-12);
        assert_eq!(b.power(&around(5.0, &[50.0])), 0.0);
        let dark = Surroundings {
            grid_mw: 0.0,
            outage: true,
            ..around(5.0, &[10.0])
        };
        assert!((b.power(&dark) - 3.6).abs() < 1e-12);
    }

    #[test]
    fn impossible_batteries_are_refused() {
        let text = "power_mw = 0\nenergy_mwh = -1\nround_trip_percent = 101\nrule.arbitrage = { price = 'da', charge_below_usd_per_mwh = 50, discharge_above_usd_per_mwh = 40 }";
        let spec: BatterySpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("battery"), &mut problems);
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "battery.power_mw",
                "battery.energy_mwh",
                "battery.round_trip_percent",
                "battery.rule.arbitrage.discharge_above_usd_per_mwh"
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_round_trip_loses_its_share_and_nothing_else(loads in proptest::collection::vec(0.0_f64..20.0, 1..60)) {
            let mut b = battery(shaving());
            let (mut charged, mut given) = (0.0, 0.0);
            let start = b.stored_mwh();
            for load in loads {
                let around = Surroundings { hours: 0.37, ..around(load, &[]) };
                let power = b.power(&around);
                prop_assert!(power <= load + 1e-12 && power.abs() <= 4.0);
                prop_assert!(load - power <= 20.0 + 1e-9);
                if power > 0.0 { given += power * 0.37 } else { charged -= power * 0.37 }
                b.run(power, 0.37);
            }
            let balance = start + charged * 0.9 - given / 0.9 - b.stored_mwh();
            prop_assert!(balance.abs() < 1e-9, "{balance}");
        }
    }
}
