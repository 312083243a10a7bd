//! What scenarios say of dispatch over time: rules of a batch, and what the operator of a site knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::Times;
use crate::problem::{Check, FieldPath, Problems};

/// The most hours that a minimum time or a look ahead may last: four weeks.
pub const HOURS_MAX: u32 = 672;
/// The most days of which the usual shape of a day is made.
const SHAPE_DAYS_MAX: u32 = 366;

/// Rules that tie what a batch does in an hour to the hours before. Without them it does in each hour what pays then.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BatchRulesSpec {
    /// The greatest change of the batch's power, MW per minute; above 0. A limit of the grid, a call or an outage takes
    /// power at once all the same. Default: none (a container of machines is off within seconds).
    pub ramp_mw_per_min: Option<f64>,
    /// Hours for which the batch stays on once started, 0 to 672. Default 0.
    pub min_up_hours: u32,
    /// Hours for which it stays off once stopped, for whatever reason, 0 to 672. Default 0.
    pub min_down_hours: u32,
    /// What a restart costs, USD for each machine of the batch: failures, visits, wear. Default 0. Many of the tenth of
    /// S19 XP that fail in a year do so at a restart after curtailment (Compass Mining, April 2023); no count per restart
    /// is published, so an amount is an assumption.
    pub restart_usd_per_machine: f64,
    /// Minutes after a restart in which the batch draws its power and hashes nothing: booting and tuning, 0 to 60.
    /// Default 0 (assumption: machines of 2023 reach their rate after 5 to 20 minutes).
    pub restart_minutes: f64,
}

impl Check for BatchRulesSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(ramp) = self.ramp_mw_per_min {
            problems.positive(&at.key("ramp_mw_per_min"), ramp);
            problems.within(&at.key("ramp_mw_per_min"), ramp, f64::NEG_INFINITY, 1e6);
        }
        for (key, hours) in [
            ("min_up_hours", self.min_up_hours),
            ("min_down_hours", self.min_down_hours),
        ] {
            problems.within(&at.key(key), f64::from(hours), 0.0, f64::from(HOURS_MAX));
        }
        problems.within(
            &at.key("restart_usd_per_machine"),
            self.restart_usd_per_machine,
            0.0,
            1e5,
        );
        problems.within(&at.key("restart_minutes"), self.restart_minutes, 0.0, 60.0);
    }
}

/// Rules of a batch as they run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchRules {
    /// Minimum times.
    pub times: Times,
    /// The greatest change of power, MW per hour; infinite without a limit.
    pub ramp_mw_per_h: f64,
    /// What a restart of the whole batch costs, USD.
    pub restart_usd: f64,
    /// Hours without hash after a restart.
    pub restart_hours: f64,
}

impl BatchRules {
    /// No rules.
    pub const FREE: Self = Self {
        times: Times { up: 0, down: 0 },
        ramp_mw_per_h: f64::INFINITY,
        restart_usd: 0.0,
        restart_hours: 0.0,
    };
    /// Of a checked spec, for so many machines.
    pub fn new(spec: &BatchRulesSpec, machines: u32) -> Self {
        Self {
            times: Times {
                up: spec.min_up_hours,
                down: spec.min_down_hours,
            },
            ramp_mw_per_h: spec.ramp_mw_per_min.map_or(f64::INFINITY, |mw| mw * 60.0),
            restart_usd: spec.restart_usd_per_machine * f64::from(machines),
            restart_hours: spec.restart_minutes / 60.0,
        }
    }
    /// Whether an hour is tied to others at all.
    pub fn bind(&self) -> bool {
        self.times.up > 1
            || self.times.down > 1
            || self.ramp_mw_per_h.is_finite()
            || self.restart_usd > 0.0
            || self.restart_hours > 0.0
    }
}

/// What an operator knows of the cost of energy ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Foresight {
    /// This hour and nothing else.
    #[default]
    Myopic,
    /// Day-ahead prices until midnight, then the usual shape of the day, with an error.
    Forecast,
    /// Every hour to the end of the horizon.
    Perfect,
}

/// How the operator of a site decides when its miners run. Stated, it adds the regret to the metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MiningDispatchSpec {
    /// What the operator knows of the prices ahead: `myopic`, `forecast` or `perfect`. Default `myopic`.
    pub foresight: Foresight,
    /// Hours over which a forecast is planned, 2 to 672. Default 72 (assumption: beyond three days a shape of the day
    /// changes no decision of now).
    pub look_ahead_hours: u32,
    /// Days of which the usual shape of a day is the mean, 1 to 366. Default 28 (assumption).
    pub shape_days: u32,
    /// Local hour from which day-ahead prices of tomorrow are known, 0 to 24; 24 is never. Default 14: results are out
    /// in the early afternoon (assumption).
    pub known_from_hour: u32,
    /// Standard deviation of the error of what is expected beyond the known prices, percent of it, 0 to 200. Default 20
    /// (assumption).
    pub forecast_error_percent: f64,
}

impl Default for MiningDispatchSpec {
    fn default() -> Self {
        Self {
            foresight: Foresight::Myopic,
            look_ahead_hours: 72,
            shape_days: 28,
            known_from_hour: 14,
            forecast_error_percent: 20.0,
        }
    }
}

impl MiningDispatchSpec {
    /// Refuses rules of a batch that the operator cannot see to the end of.
    pub fn check_rules(&self, rules: &BatchRulesSpec, at: &FieldPath, problems: &mut Problems) {
        for (key, hours) in [
            ("min_up_hours", rules.min_up_hours),
            ("min_down_hours", rules.min_down_hours),
        ] {
            if self.foresight == Foresight::Forecast && hours > self.look_ahead_hours && hours <= HOURS_MAX {
                let message = format!(
                    "`{hours}` hours reach beyond the {} that are planned",
                    self.look_ahead_hours
                );
                problems.error_with_help(&at.key(key), message, "raise `mining_dispatch.look_ahead_hours`");
            }
        }
    }
}

impl Check for MiningDispatchSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let whole = [
            ("look_ahead_hours", self.look_ahead_hours, 2, HOURS_MAX),
            ("shape_days", self.shape_days, 1, SHAPE_DAYS_MAX),
            ("known_from_hour", self.known_from_hour, 0, 24),
        ];
        for (key, value, low, high) in whole {
            problems.within(&at.key(key), f64::from(value), f64::from(low), f64::from(high));
        }
        problems.within(
            &at.key("forecast_error_percent"),
            self.forecast_error_percent,
            0.0,
            200.0,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_reports_all_that_is_wrong() {
        let spec = BatchRulesSpec {
            ramp_mw_per_min: Some(-1.0),
            min_up_hours: 673,
            min_down_hours: 9_999,
            restart_usd_per_machine: f64::NAN,
            restart_minutes: 61.0,
        };
        let mut problems = Problems::new();
        spec.check(&FieldPath::root().key("rules"), &mut problems);
        assert_eq!(problems.as_slice().len(), 5);
        assert_eq!(problems.as_slice()[0].path.to_string(), "rules.ramp_mw_per_min");
        let site = MiningDispatchSpec {
            foresight: Foresight::Forecast,
            look_ahead_hours: 12,
            shape_days: 0,
            known_from_hour: 25,
            forecast_error_percent: -1.0,
        };
        let mut problems = Problems::new();
        site.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 3);
        let long = BatchRulesSpec {
            min_down_hours: 24,
            ..BatchRulesSpec::default()
        };
        let mut problems = Problems::new();
        site.check_rules(&long, &FieldPath::root().key("rules"), &mut problems);
        assert_eq!(problems.as_slice()[0].path.to_string(), "rules.min_down_hours");
    }

    #[test]
    fn rules_of_a_batch_count_its_machines() {
        let spec: BatchRulesSpec =
            toml::from_str("ramp_mw_per_min = 0.5\nrestart_usd_per_machine = 2\nrestart_minutes = 15")
                .unwrap();
        let rules = BatchRules::new(&spec, 300);
        assert_eq!(
            (rules.restart_usd, rules.restart_hours, rules.ramp_mw_per_h),
            (600.0, 0.25, 30.0)
        );
        assert!(rules.bind() && !BatchRules::FREE.bind());
        assert!(toml::from_str::<BatchRulesSpec>("restart_usd = 2").is_err());
    }
}
