//! The library without the command line: load a scenario, change a field, simulate one replication of each strategy and
//! compare what they come to. `cargo run --release --example one_replication`

use repower::metric::Metric;
use repower::results::replication::PORTFOLIO;
use repower::scenario::load::{LoadOptions, load};
use repower::sim::{Setup, replicate_all};

fn main() {
    // The embedded default scenario, its pool of jobs as a flow. A path in place of `None` reads a file.
    let options = LoadOptions {
        set: vec!["run.fidelity=\"fluid\"".to_owned(), "years=3".to_owned()],
        ..LoadOptions::default()
    };
    let scenario = match load(None, &options) {
        Ok(scenario) => scenario,
        Err(failure) => {
            for problem in &failure.problems {
                eprintln!("{}: {}", problem.path, problem.message);
            }
            std::process::exit(2);
        }
    };
    // What does not depend on chance is worked out once; replication 0 of every strategy meets the same world.
    let setup = Setup::new(&scenario);
    for record in replicate_all(&scenario, &setup, 0, None) {
        let figure = |metric| record.scalar(PORTFOLIO, metric).unwrap_or(f64::NAN);
        println!(
            "{:<12} NPV {:>8.1} MUSD, {:>6.1} BTC, {:>6.2} GWh",
            scenario.spec.strategies[record.strategy].id.as_str(),
            figure(Metric::NpvUsd) / 1e6,
            figure(Metric::BtcMined),
            figure(Metric::EnergyMwh) / 1e3,
        );
    }
}
