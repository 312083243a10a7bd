//! How late projects are, against the reference class of construction.

use super::{Claim, Tolerance};
use crate::conversion::{HallInputs, HallPhase, Plan, ProgrammeSpec, StartSpec};
use crate::random::Streams;
use crate::units::Money;

const SOURCE: &str = "reference class of data-centre construction (S69)";
/// Draws; the standard error of the mean is then about 0.2 points, that of the share as much.
const DRAWS: u64 = 20_000;

/// V16.
pub(super) fn claims() -> Vec<Claim> {
    let (mean, late) = overrun();
    let claim = |id, what, expected, got| Claim {
        id,
        what,
        unit: "-",
        expected,
        got,
        tolerance: Tolerance::Absolute(0.01),
        source: SOURCE,
    };
    vec![
        claim(
            "V16-mean",
            "ready-for-service over plan, mean, rebuild of one hall by default risk",
            1.34,
            mean,
        ),
        claim("V16-late", "share of the same that is late", 0.90, late),
    ]
}

fn overrun() -> (f64, f64) {
    let start = StartSpec::Date("2026-06-01".to_owned());
    let spec = ProgrammeSpec::of("rebuild-on-pad", start);
    let hall = HallInputs {
        name: "site/hall".to_owned(),
        phase: HallPhase::Mining,
        facility: Money::from_usd(1e8),
        hardware: Money::from_usd(4e8),
        sale: Money::ZERO,
    };
    let plan = Plan::of_programme(&spec, "verify", vec![hall]).expect("the defaults are sound");
    let planned = plan.network().last_ready(plan.planned());
    let ratio = |r| {
        plan.network()
            .last_ready(&plan.forecast(&plan.draw(&Streams::new(16, r))))
            / planned
    };
    let ratios: Vec<f64> = (0..DRAWS).map(ratio).collect();
    let late = ratios.iter().filter(|r| **r > 1.0).count();
    let n = DRAWS as f64;
    (ratios.iter().sum::<f64>() / n, late as f64 / n)
}
