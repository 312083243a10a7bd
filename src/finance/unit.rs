//! Figures that deals and services are compared by: rent a kilowatt and month, cost of a token, yield on cost.

use crate::units::{Money, Power, Ratio};

/// Hours of seconds, and months of years.
const HOUR_S: f64 = 3_600.0;
const YEAR_MONTHS: f64 = 12.0;

/// What a contract of so many years pays for a kilowatt and month of critical load, USD.
pub fn usd_per_kw_month(value: Money, load: Power, years: f64) -> f64 {
    value.as_usd() / (load.as_kw() * years * YEAR_MONTHS)
}

/// Net operating income a year of a contract, at a share of its value that running costs leave.
pub fn operating_income(value: Money, years: f64, margin: Ratio) -> Money {
    value * (margin.as_fraction() / years)
}

/// Income a year over what was built.
pub fn yield_on_cost(income: Money, cost: Money) -> Ratio {
    Ratio::from_fraction(income / cost)
}

/// What a million tokens cost on a GPU that costs so much an hour and makes so many a second, USD.
pub fn usd_per_mtok(usd_per_gpu_h: f64, tokens_per_s: f64) -> f64 {
    usd_per_gpu_h / (tokens_per_s * HOUR_S / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_back_of_an_envelope() {
        let value = Money::from_usd(1.44e9);
        assert!((usd_per_kw_month(value, Power::from_mw(100.0), 12.0) - 100.0).abs() < 1e-9);
        let income = operating_income(value, 12.0, Ratio::from_percent(80.0));
        assert!((income.as_usd() - 96e6).abs() < 1e-6);
        assert!((yield_on_cost(income, Money::from_usd(480e6)).as_fraction() - 0.2).abs() < 1e-12);
        assert!((usd_per_mtok(3.6, 1_000.0) - 1.0).abs() < 1e-12);
    }
}
