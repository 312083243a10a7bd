//! Terms of a long-lead order: deposit, what cancelling it costs, how its price moves, and deliveries in two parts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DurationSpec;
use crate::problem::{Check, FieldPath, Problems};

/// The most steps of a curve of cancellation.
pub const STEPS_MAX: usize = 20;

/// Terms of an order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrderTermsSpec {
    /// Paid when it is placed, percent of its price. Default: the conversion's `deposit_percent`.
    pub deposit_percent: Option<f64>,
    /// What is owed in all, percent of the price, where it is cancelled, by how much of its lead time is over; between
    /// the steps a straight line. Default: the deposit, and nothing more (assumption: 10 to 30 percent).
    pub cancellation: Vec<CancellationStepSpec>,
    /// How the part of the price that is due on delivery grows from the order to the delivery, percent a year.
    /// Default 0: the price is fixed when the order is placed.
    pub escalation_percent_per_year: f64,
    /// Where the order is for all halls: what comes first lets the first halls go on. Default: one delivery.
    pub first_delivery: Option<FirstDeliverySpec>,
}

/// A point of the curve of what a cancellation costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancellationStepSpec {
    /// Share of the lead time that is over, percent, 0 to 100.
    pub elapsed_percent: f64,
    /// Owed in all, percent of the price, 0 to 100.
    pub owed_percent: f64,
}

/// A delivery in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstDeliverySpec {
    /// Share of the units that come first, percent, 1 to 99: so many halls, rounded down, at least one, go on with them.
    pub share_percent: f64,
    /// Months from the first to the last delivery.
    pub rest_months: DurationSpec,
}

impl FirstDeliverySpec {
    /// Halls of `halls` that go on with the first delivery.
    pub fn halls(&self, halls: usize) -> usize {
        let served = (halls as f64 * self.share_percent / 100.0 + 1e-9).floor() as usize;
        served.clamp(1, halls)
    }
}

impl OrderTermsSpec {
    /// The deposit as a share of the price, with the conversion's percent as default.
    pub fn deposit(&self, default_percent: f64) -> f64 {
        self.deposit_percent.unwrap_or(default_percent) / 100.0
    }
    /// The share of the price that is owed where a share `elapsed` of the lead time is over; never below the deposit.
    pub fn owed(&self, elapsed: f64, default_percent: f64) -> f64 {
        let deposit = self.deposit(default_percent);
        let elapsed = elapsed.clamp(0.0, 1.0) * 100.0;
        let mut owed = deposit * 100.0;
        for (i, step) in self.cancellation.iter().enumerate() {
            if elapsed >= step.elapsed_percent {
                owed = step.owed_percent;
                if let Some(next) = self.cancellation.get(i + 1) {
                    let width = next.elapsed_percent - step.elapsed_percent;
                    let part = ((elapsed - step.elapsed_percent) / width).min(1.0);
                    owed += part * (next.owed_percent - step.owed_percent);
                }
            }
        }
        (owed / 100.0).max(deposit)
    }
    /// What the balance grows by over so many years.
    pub fn escalation(&self, years: f64) -> f64 {
        (1.0 + self.escalation_percent_per_year / 100.0).powf(years.max(0.0))
    }
}

impl Check for OrderTermsSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(percent) = self.deposit_percent {
            problems.percent(&at.key("deposit_percent"), percent, 100.0);
        }
        let steps = at.key("cancellation");
        if self.cancellation.len() > STEPS_MAX {
            problems.error(
                &steps,
                format!("{} steps: at most {STEPS_MAX}", self.cancellation.len()),
            );
        }
        for (i, step) in self.cancellation.iter().enumerate() {
            let at = steps.index(i);
            problems.percent(&at.key("elapsed_percent"), step.elapsed_percent, 100.0);
            problems.percent(&at.key("owed_percent"), step.owed_percent, 100.0);
            if i > 0 && self.cancellation[i - 1].elapsed_percent >= step.elapsed_percent {
                problems.error(&at.key("elapsed_percent"), "steps must rise in time");
            }
        }
        problems.within(
            &at.key("escalation_percent_per_year"),
            self.escalation_percent_per_year,
            -20.0,
            50.0,
        );
        if let Some(first) = &self.first_delivery {
            let at = at.key("first_delivery");
            problems.within(&at.key("share_percent"), first.share_percent, 1.0, 99.0);
            first.rest_months.check(&at.key("rest_months"), problems);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_costs_the_deposit_at_least_and_follows_the_curve() {
        let terms: OrderTermsSpec = toml::from_str(
            "cancellation = [{ elapsed_percent = 20, owed_percent = 30 }, { elapsed_percent = 70, owed_percent = 80 }]",
        )
        .unwrap();
        let owed = |elapsed: f64| terms.owed(elapsed, 20.0);
        assert!((owed(0.1) - 0.2).abs() < 1e-12);
        assert!((owed(0.2) - 0.3).abs() < 1e-12);
        assert!((owed(0.45) - 0.55).abs() < 1e-12);
        assert!((owed(0.9) - 0.8).abs() < 1e-12);
        assert!((OrderTermsSpec::default().owed(0.9, 20.0) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_first_delivery_serves_whole_halls() {
        let first = FirstDeliverySpec {
            share_percent: 50.0,
            rest_months: DurationSpec::Fixed { value: 3.0 },
        };
        assert_eq!([1, 2, 3, 5].map(|n| first.halls(n)), [1, 1, 1, 2]);
    }

    #[test]
    fn prices_escalate_by_the_year() {
        let terms = OrderTermsSpec {
            escalation_percent_per_year: 10.0,
            ..OrderTermsSpec::default()
        };
        assert!((terms.escalation(2.0) - 1.21).abs() < 1e-12);
    }

    #[test]
    fn shares_outside_their_range_are_refused() {
        let terms: OrderTermsSpec = toml::from_str(
            "deposit_percent = 120\ncancellation = [{ elapsed_percent = 50, owed_percent = 101 }, { elapsed_percent = 50, owed_percent = 5 }]\n\
             first_delivery = { share_percent = 100, rest_months.fixed.value = 1 }",
        )
        .unwrap();
        let mut problems = Problems::new();
        terms.check(&FieldPath::root(), &mut problems);
        let paths: Vec<String> = problems.as_slice().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(
            paths,
            [
                "deposit_percent",
                "cancellation[0].owed_percent",
                "cancellation[1].elapsed_percent",
                "first_delivery.share_percent"
            ]
        );
    }
}
