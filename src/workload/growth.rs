//! Demand that changes over the years: steady growth, and dated regimes such as the jump after a new use appears.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, SimTime, parse_date};

/// The most regimes of one tenant.
const REGIMES_MAX: usize = 100;
const DAYS_PER_YEAR: f64 = 365.25;
const DAYS_PER_MONTH: f64 = DAYS_PER_YEAR / 12.0;

/// A change of the number of jobs from a date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegimeSpec {
    /// The first day of the change, as `2022-12-01`. A regime before the scenario's start holds from the start.
    pub from: String,
    /// By what the number of jobs is multiplied for good, 0 to 100; regimes multiply each other.
    pub factor: f64,
    /// Months over which the factor is reached, evenly in proportion; at once where left out.
    #[serde(default)]
    pub ramp_months: f64,
}

/// Checks the regimes of a tenant.
pub fn check_regimes(regimes: &[RegimeSpec], at: &FieldPath, problems: &mut Problems) {
    if regimes.len() > REGIMES_MAX {
        problems.error(at, format!("{} regimes; at most {REGIMES_MAX}", regimes.len()));
    }
    for (index, regime) in regimes.iter().enumerate() {
        regime.check(&at.index(index), problems);
    }
}

impl Check for RegimeSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if parse_date(&self.from).is_none() {
            let message = format!("`{}` is not a date such as `2022-12-01`", self.from);
            problems.error(&at.key("from"), message);
        }
        problems.within(&at.key("factor"), self.factor, 0.0, 100.0);
        problems.within(&at.key("ramp_months"), self.ramp_months, 0.0, 600.0);
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Regime {
    from: SimTime,
    factor: f64,
    ramp_days: f64,
}

/// The number of jobs at a time, over that at the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    start: SimTime,
    percent_per_year: f64,
    regimes: Vec<Regime>,
}

impl Growth {
    /// From checked fields; days begin in the zone of `calendar`.
    pub fn new(start: SimTime, percent_per_year: f64, regimes: &[RegimeSpec], calendar: &Calendar) -> Self {
        let regime = |spec: &RegimeSpec| {
            Some(Regime {
                from: calendar.start_of(parse_date(&spec.from)?)?,
                factor: spec.factor,
                ramp_days: spec.ramp_months * DAYS_PER_MONTH,
            })
        };
        Self {
            start,
            percent_per_year,
            regimes: regimes.iter().filter_map(regime).collect(),
        }
    }
    /// The factor at a time; before the start as at the start.
    pub fn factor(&self, now: SimTime) -> f64 {
        let years = (now - self.start).as_days().max(0.0) / DAYS_PER_YEAR;
        let steady = super::demand::growth_factor(self.percent_per_year, years);
        self.regimes.iter().map(|r| r.factor(now)).product::<f64>() * steady
    }
}

impl Regime {
    fn factor(&self, now: SimTime) -> f64 {
        if now < self.from {
            return 1.0;
        }
        let days = (now - self.from).as_days();
        if days >= self.ramp_days {
            self.factor
        } else {
            1.0 + (self.factor - 1.0) * days / self.ramp_days
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn regime(from: &str, factor: f64, ramp_months: f64) -> RegimeSpec {
        RegimeSpec {
            from: from.to_owned(),
            factor,
            ramp_months,
        }
    }

    #[test]
    fn regimes_multiply_growth_and_ramps_are_even() {
        let calendar = Calendar::of_zone("America/Chicago").unwrap();
        let day = |text: &str| calendar.start_of(parse_date(text).unwrap()).unwrap();
        let start = day("2022-01-01");
        let regimes = [regime("2022-12-01", 1.8, 0.0), regime("2023-06-01", 0.5, 12.0)];
        let growth = Growth::new(start, 10.0, &regimes, &calendar);
        let grown = |at: SimTime| 1.1_f64.powf((at - start).as_days() / 365.25);
        let before = day("2022-12-01") + Span::from_seconds(-1);
        assert!((growth.factor(before) / grown(before) - 1.0).abs() < 1e-12);
        let jump = day("2022-12-01");
        assert!((growth.factor(jump) / grown(jump) - 1.8).abs() < 1e-12);
        // Half a year of a ramp of one: half way from 1 to a half.
        let half = day("2023-06-01") + Span::from_days_f64(365.25 / 2.0);
        assert!((growth.factor(half) / grown(half) - 1.8 * 0.75).abs() < 1e-6);
        let late = day("2026-01-01");
        assert!((growth.factor(late) / grown(late) - 0.9).abs() < 1e-12);
        assert_eq!(growth.factor(day("2021-01-01")), 1.0);
    }

    #[test]
    fn a_regime_that_makes_no_sense_is_refused_with_its_place() {
        let mut problems = Problems::new();
        let bad = [regime("soon", -1.0, f64::NAN)];
        check_regimes(&bad, &FieldPath::root().key("regimes"), &mut problems);
        assert_eq!(problems.as_slice().len(), 3);
    }
}
