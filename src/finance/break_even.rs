//! The price at which a project is just worth nothing, its tax worked out anew.

use crate::finance::returns::discount_factor;
use crate::finance::tax::IncomeTax;
use crate::units::Ratio;

/// The most turns of the search; the worth is piecewise linear in the price, so that few are used.
const TURNS_MAX: usize = 60;
/// Worth that counts as nothing, over what the quantity is worth at a price of 1.
const STANDS: f64 = 1e-9;

/// A project whose price of some quantity is looked for.
#[derive(Debug, Clone, Copy)]
pub struct BreakEven<'a> {
    /// The taxpayer with its assets.
    pub tax: &'a IncomeTax,
    /// Profit before depreciation by month, USD.
    pub taxable_usd: &'a [f64],
    /// The project's present value after tax, USD.
    pub npv_usd: f64,
    /// Discount rate.
    pub rate: Ratio,
}

impl BreakEven<'_> {
    /// What must be added to the price of every unit so that the project is worth nothing after tax; negative where it earns
    /// more than it must. `None` where nothing is sold.
    pub fn shift(&self, units: &[f64]) -> Option<f64> {
        let pv: f64 = units
            .iter()
            .enumerate()
            .map(|(m, units)| units * discount_factor(self.rate, m))
            .sum();
        if pv <= 0.0 || !self.npv_usd.is_finite() {
            return None;
        }
        let years = self.years(units);
        let tax = |shift: f64| {
            let profits = years.iter().map(|y| (y.profit_usd + shift * y.units, y.factor));
            self.tax.present_value_usd(profits)
        };
        let paid = tax(0.0);
        let worth = |shift: f64| self.npv_usd + shift * pv - (tax(shift) - paid);
        // Tax takes part of a higher price, so that the root lies beyond the one without it; twice as far at tax of a half.
        let (mut near, mut far) = (0.0, -self.npv_usd / pv);
        let (mut at_near, mut at_far) = (self.npv_usd, worth(far));
        for _ in 0..TURNS_MAX {
            if at_near * at_far <= 0.0 {
                break;
            }
            far *= 2.0;
            at_far = worth(far);
        }
        for _ in 0..TURNS_MAX {
            if at_far.abs() <= STANDS * pv || at_far == at_near {
                break;
            }
            let next = far - at_far * (far - near) / (at_far - at_near);
            let at_next = worth(next);
            if at_next * at_far < 0.0 {
                (near, at_near) = (far, at_far);
            } else {
                // The Illinois rule: an end that stays loses half its weight.
                at_near /= 2.0;
            }
            (far, at_far) = (next, at_next);
        }
        Some(far)
    }

    /// Tax years: what each earns after deductions, and sells.
    fn years(&self, units: &[f64]) -> Vec<Year> {
        let years = self.tax.years(self.taxable_usd.len());
        let of = |year: (usize, usize)| {
            let earned: f64 = self.taxable_usd[year.0..=year.1].iter().sum();
            Year {
                profit_usd: earned - self.tax.deduction_usd(year),
                units: units[year.0..=year.1].iter().sum(),
                factor: discount_factor(self.rate, year.1),
            }
        };
        years.map(of).collect()
    }
}

/// A tax year, its tax discounted by a factor.
struct Year {
    profit_usd: f64,
    units: f64,
    factor: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finance::returns::npv;
    use crate::finance::tax::{Depreciation, IncomeTaxSpec};
    use crate::units::Money;
    use rstest::rstest;

    #[rstest]
    #[case(12.0)]
    #[case(2.0)]
    #[case(40.0)]
    fn at_the_shifted_price_the_project_is_worth_nothing(#[case] price: f64) {
        let rate = Ratio::from_percent(10.0);
        let mut tax = IncomeTax::new(&IncomeTaxSpec::default(), 1);
        tax.add(0, Money::from_usd(2_000.0), Depreciation::Macrs5 {});
        let units: Vec<f64> = (0..60).map(|m| 2.0 + f64::from(m % 5)).collect();
        let worth = |price: f64| {
            let income: Vec<f64> = units.iter().map(|u| u * price).collect();
            let mut flows = income.clone();
            flows[0] -= 2_000.0;
            for year in tax.assess(&income) {
                flows[year.last_month] -= year.tax.as_usd();
            }
            npv(&flows, rate).as_usd()
        };
        let taxable: Vec<f64> = units.iter().map(|u| u * price).collect();
        let search = BreakEven {
            tax: &tax,
            taxable_usd: &taxable,
            npv_usd: worth(price),
            rate,
        };
        let shift = search.shift(&units).unwrap();
        assert!(
            worth(price + shift).abs() < 1e-5,
            "{shift}: {}",
            worth(price + shift)
        );
        assert!(search.shift(&vec![0.0; 60]).is_none());
    }
}
