//! The error of a run's fidelity, measured before the run.

use rayon::prelude::*;

use crate::experiment::simulate::{ExperimentError, guarded};
use crate::results::tables::FidelityRow;
use crate::scenario::Scenario;
use crate::scenario::spec::Fidelity;
use crate::sim::Setup;
use crate::sim::fidelity::{Compared, compare};

/// The rows of `fidelity.csv`: one for each quantity of each strategy with pools. None at `jobs`, where there is
/// nothing to compare, or where the scenario asks for none.
pub fn measure(
    scenario: &Scenario,
    setup: &Setup,
    fidelity: Fidelity,
) -> Result<Vec<FidelityRow>, ExperimentError> {
    let run = &scenario.spec.run;
    if fidelity == Fidelity::Jobs || !run.fidelity_check {
        return Ok(Vec::new());
    }
    let strategies = &scenario.spec.strategies;
    let compared: Result<Vec<Option<Compared>>, ExperimentError> = (0..strategies.len())
        .into_par_iter()
        .map(|strategy| guarded(run.seed, 0, || compare(scenario, setup, strategy, fidelity)))
        .collect();
    let strategies = strategies.iter().map(|s| s.id.as_str());
    let rows = strategies
        .zip(compared?)
        .filter_map(|(id, compared)| Some(rows(id, fidelity, &compared?)));
    Ok(rows.flatten().collect())
}

fn rows(strategy: &str, fidelity: Fidelity, compared: &Compared) -> Vec<FidelityRow> {
    let (jobs, own) = (&compared.jobs, &compared.coarse);
    [
        ("served_gpu_hours", "gpu_h", jobs.served_gpu_h, own.served_gpu_h),
        ("revenue", "usd", jobs.revenue_usd, own.revenue_usd),
        ("mean_wait", "s", jobs.mean_wait_s, own.mean_wait_s),
        ("gpu_it_energy", "mwh", jobs.gpu_it_mwh, own.gpu_it_mwh),
        ("energy", "mwh", jobs.energy_mwh, own.energy_mwh),
    ]
    .into_iter()
    .map(|(quantity, unit, jobs, value)| FidelityRow {
        strategy: strategy.to_owned(),
        case: "base".to_owned(),
        fidelity: fidelity.as_str().to_owned(),
        from: compared.from.to_utc_text(),
        to: compared.to.to_utc_text(),
        quantity: quantity.to_owned(),
        unit: unit.to_owned(),
        jobs,
        value,
        error_percent: if jobs > 0.0 {
            (value / jobs - 1.0) * 100.0
        } else {
            f64::NAN
        },
    })
    .collect()
}
