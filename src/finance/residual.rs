//! Named methods for what an asset or a running contract is worth at the horizon.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::units::Money;

/// A residual method as a scenario writes it; complete in itself, so it is also what runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ResidualSpec {
    /// Worth nothing.
    None {},
    /// Cost less equal parts over a life, down to a floor.
    StraightLine {
        /// Life, years.
        life_years: f64,
        /// What is left after that, percent of cost. Default 0.
        #[serde(default)]
        floor_percent: f64,
    },
    /// Cost less a constant share of what is left, every year.
    DecliningBalance {
        /// Loss of worth a year, percent of what is left.
        percent_per_year: f64,
    },
    /// A multiple of the last twelve months' net operating income.
    IncomeMultiple {
        /// The multiple, years of income.
        multiple: f64,
    },
    /// The last twelve months' net operating income over a capitalisation rate, less the cost of selling.
    CapRate {
        /// Capitalisation rate, percent a year.
        percent: f64,
        /// Cost of selling, percent of the price. Default 0.
        #[serde(default)]
        selling_cost_percent: f64,
    },
}

impl Check for ResidualSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::None {} => {}
            Self::StraightLine {
                life_years,
                floor_percent,
            } => {
                let at = at.key("straight_line");
                problems.within(&at.key("life_years"), *life_years, 0.1, 100.0);
                problems.percent(&at.key("floor_percent"), *floor_percent, 100.0);
            }
            Self::DecliningBalance { percent_per_year } => {
                let at = at.key("declining_balance");
                problems.percent(&at.key("percent_per_year"), *percent_per_year, 100.0);
            }
            Self::IncomeMultiple { multiple } => {
                problems.within(&at.key("income_multiple").key("multiple"), *multiple, 0.0, 100.0);
            }
            Self::CapRate {
                percent,
                selling_cost_percent,
            } => {
                let at = at.key("cap_rate");
                problems.within(&at.key("percent"), *percent, 1.0, 100.0);
                problems.percent(&at.key("selling_cost_percent"), *selling_cost_percent, 50.0);
            }
        }
    }
}

impl ResidualSpec {
    /// The worth of something that cost `cost`, is `age_years` old and earned `income` net in the last twelve
    /// months; never negative.
    pub fn value(&self, cost: Money, age_years: f64, income: Money) -> Money {
        let age_years = age_years.max(0.0);
        let worth = match self {
            Self::None {} => Money::ZERO,
            Self::StraightLine {
                life_years,
                floor_percent,
            } => {
                let floor = floor_percent / 100.0;
                cost * (1.0 - (1.0 - floor) * (age_years / life_years).min(1.0))
            }
            Self::DecliningBalance { percent_per_year } => {
                cost * (1.0 - percent_per_year / 100.0).powf(age_years)
            }
            Self::IncomeMultiple { multiple } => income * *multiple,
            Self::CapRate {
                percent,
                selling_cost_percent,
            } => income * (100.0 / percent) * (1.0 - selling_cost_percent / 100.0),
        };
        worth.max(Money::ZERO)
    }
    /// The method's name, as files write it.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::None {} => "none",
            Self::StraightLine { .. } => "straight_line",
            Self::DecliningBalance { .. } => "declining_balance",
            Self::IncomeMultiple { .. } => "income_multiple",
            Self::CapRate { .. } => "cap_rate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("none = {}", 0.0)]
    #[case("straight_line = { life_years = 6 }", 500.0)]
    #[case("straight_line = { life_years = 2, floor_percent = 10 }", 100.0)]
    #[case("declining_balance = { percent_per_year = 20 }", 512.0)]
    #[case("income_multiple = { multiple = 8 }", 800.0)]
    #[case("cap_rate = { percent = 5, selling_cost_percent = 2 }", 1_960.0)]
    fn three_years_old_and_earning_a_tenth_of_its_cost(#[case] text: &str, #[case] expected: f64) {
        let method: ResidualSpec = toml::from_str(text).unwrap();
        let mut problems = Problems::new();
        method.check(&FieldPath::root(), &mut problems);
        assert!(problems.as_slice().is_empty());
        assert!(text.starts_with(method.id()));
        let got = method.value(Money::from_usd(1_000.0), 3.0, Money::from_usd(100.0));
        assert!((got.as_usd() - expected).abs() < 1e-9, "{got:?}");
    }

    #[test]
    fn a_loss_has_no_negative_worth() {
        let method = ResidualSpec::IncomeMultiple { multiple: 8.0 };
        assert_eq!(
            method.value(Money::from_usd(1.0), 1.0, Money::from_usd(-5.0)),
            Money::ZERO
        );
    }
}
