//! What a reservation promises by when, and what its tenant may do when it is late: tranches and termination.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::time::parse_date;

/// The most tranches of one reservation.
pub const TRANCHES_MAX: usize = 100;

/// Further GPUs of a reservation that are promised by a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrancheSpec {
    /// GPUs that come with this tranche, on top of those of the ones before.
    pub gpus: u32,
    /// The last day on which their readiness costs nothing, such as `2027-03-31`.
    pub latest: String,
}

/// The tenant's right to leave when a date is missed by long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminationSpec {
    /// Days after the last free day from which the tenant leaves if the GPUs are not there: 1 to 3,650. He gives notice on
    /// that day, pays for what he holds until the month ends, and gets back what he prepaid.
    pub after_days: u32,
    /// What he is paid on top, percent of the value of the whole contract. Default 0.
    #[serde(default)]
    pub payment_percent: f64,
}

impl Check for TerminationSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("after_days"), f64::from(self.after_days), 1.0, 3_650.0);
        problems.percent(&at.key("payment_percent"), self.payment_percent, 100.0);
    }
}

/// Checks the tranches of a reservation of so many GPUs: dates that rise, and GPUs that add up.
pub fn check_tranches(tranches: &[TrancheSpec], gpus: u32, at: &FieldPath, problems: &mut Problems) {
    if tranches.len() > TRANCHES_MAX {
        problems.error(at, format!("{} tranches; at most {TRANCHES_MAX}", tranches.len()));
    }
    let mut before = None;
    for (index, tranche) in tranches.iter().take(TRANCHES_MAX).enumerate() {
        let at = at.index(index);
        problems.within(&at.key("gpus"), f64::from(tranche.gpus), 1.0, 1e7);
        let date = parse_date(&tranche.latest);
        if date.is_none() {
            let message = format!("`{}` is not a date such as `2027-03-31`", tranche.latest);
            problems.error(&at.key("latest"), message);
        } else if before.is_some() && date <= before {
            problems.error(
                &at.key("latest"),
                "each tranche has a later date than the one before",
            );
        }
        before = date.or(before);
    }
    let sum: u64 = tranches.iter().map(|tranche| u64::from(tranche.gpus)).sum();
    if !tranches.is_empty() && sum != u64::from(gpus) {
        problems.error(
            at,
            format!("the tranches add up to {sum} GPUs; {gpus} are reserved"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(tranches: &[(u32, &str)], gpus: u32) -> Vec<String> {
        let tranche = |(gpus, latest): &(u32, &str)| TrancheSpec {
            gpus: *gpus,
            latest: (*latest).to_owned(),
        };
        let mut problems = Problems::new();
        let all: Vec<TrancheSpec> = tranches.iter().map(tranche).collect();
        check_tranches(&all, gpus, &FieldPath::root(), &mut problems);
        problems
            .into_vec()
            .into_iter()
            .map(|problem| problem.message)
            .collect()
    }

    #[test]
    fn tranches_have_rising_dates_and_add_up() {
        assert!(messages(&[], 800).is_empty());
        assert!(messages(&[(300, "2026-02-01"), (500, "2026-03-01")], 800).is_empty());
        let found = messages(&[(300, "2026-02-01"), (0, "2026-02-01"), (500, "soon")], 900);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[1].contains("later date") && found[3].contains("add up to 800"));
    }

    #[test]
    fn a_termination_has_days_and_a_share() {
        let mut problems = Problems::new();
        let bad = TerminationSpec {
            after_days: 0,
            payment_percent: 120.0,
        };
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 2);
    }
}
