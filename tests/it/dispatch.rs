//! Miners against the contracts of the default scenario.

use repower::metric::Metric;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{Setup, replicate_one};

/// A 60 MW block with 85 % take-or-pay stands before an index: at day-ahead prices near 25 USD/MWh, machines worth
/// 54 to 94 run beyond the 51 MW that are paid for anyway, and beyond the block.
#[test]
fn miners_that_earn_more_than_power_costs_run_beyond_the_steps_of_a_contract() {
    let options = LoadOptions {
        set: vec!["years=1".to_owned()],
        strategies: vec!["stay-mining".to_owned()],
        ..LoadOptions::default()
    };
    let scenario = load(None, &options).unwrap();
    let setup = Setup::new(&scenario);
    let record = replicate_one(&scenario, &setup, 0, 0, None);
    let of = |metric| {
        record
            .scalars
            .iter()
            .find(|s| s.scope == 0 && s.metric == metric)
            .unwrap()
            .value
    };
    let peak = of(Metric::PeakMw);
    assert!(peak > 90.0 && peak <= 100.0, "{peak} MW at most");
    let mwh = of(Metric::EnergyMwh);
    assert!(mwh > 0.75 * 97.0 * 8_760.0, "{mwh} MWh in a year");
}
