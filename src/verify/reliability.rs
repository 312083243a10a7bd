//! Failures of large training runs, against published counts.

use super::{Claim, Tolerance};
use crate::fleet::accelerator;

/// V11.
pub(super) fn claims() -> Vec<Claim> {
    let servers = 16_384.0 / 8.0;
    let model = accelerator::find("hgx-h100").expect("the catalogue has it");
    let per_day = model.failures_per_1000_days() / 1_000.0 * servers;
    vec![Claim {
        id: "V11",
        what: "hours between unexpected interruptions of 16,384 H100 (419 in 54 days)",
        unit: "h",
        expected: 54.0 * 24.0 / 419.0,
        got: 24.0 / per_day,
        tolerance: Tolerance::Relative(0.05),
        source: "Llama 3 training report (S58)",
    }]
}
