//! The register of assets in the books: straight-line depreciation by month, and what is given up at the horizon.
//!
//! Books, not tax: tax has its own methods ([`super::tax`]).

use crate::finance::account::Account;
use crate::finance::ledger::Ledger;
use crate::units::Money;

/// What was built, in the order in which it is given up.
const BUILT: [Account; 6] = [
    Account::CapexFacility,
    Account::CapexGrid,
    Account::CapexHardware,
    Account::CapexContingency,
    Account::CapexOther,
    Account::InterestCapitalised,
];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Asset {
    in_service: usize,
    cost_usd: f64,
    life_months: f64,
}

/// What is depreciated, and from when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Register {
    assets: Vec<Asset>,
}

impl Register {
    /// Adds an asset that enters service in a month; its first month counts whole. What costs nothing is left out.
    pub fn add(&mut self, in_service: usize, cost: Money, life_years: f64) {
        if cost != Money::ZERO {
            self.assets.push(Asset {
                in_service,
                cost_usd: cost.as_usd(),
                life_months: life_years * 12.0,
            });
        }
    }
    /// Books every month's depreciation.
    pub fn post(&self, ledger: &mut Ledger) {
        let mut by_month = vec![0.0; ledger.months()];
        for asset in &self.assets {
            let whole = asset.life_months.floor() as usize;
            let each = asset.cost_usd / asset.life_months;
            let months = by_month.iter_mut().skip(asset.in_service);
            for (age, usd) in months.take(whole + 1).enumerate() {
                *usd += if age < whole {
                    each
                } else {
                    each * asset.life_months.fract()
                };
            }
        }
        for (month, usd) in by_month.into_iter().enumerate() {
            let usd = Money::from_usd(usd);
            ledger.post(
                month,
                Account::Depreciation,
                Account::AccumulatedDepreciation,
                usd,
            );
        }
    }
    /// Takes everything off the books at the end of the last month: what was not depreciated yet is given up against what
    /// the residual brought.
    pub fn dispose(ledger: &mut Ledger) {
        let Some(last) = ledger.months().checked_sub(1) else {
            return;
        };
        let depreciated = Money::ZERO - ledger.balance(Account::AccumulatedDepreciation, last);
        let mut cost = Money::ZERO;
        for account in BUILT {
            let own = ledger.balance(account, last);
            ledger.post(last, Account::DisposalLoss, account, own);
            cost += own;
        }
        ledger.post(
            last,
            Account::AccumulatedDepreciation,
            Account::DisposalLoss,
            depreciated,
        );
        let left = ledger.balance(Account::AccumulatedDepreciation, last).as_usd();
        assert!(
            left.abs() <= 1e-9 * cost.as_usd().abs().max(1.0),
            "{left} usd are left"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(amount: f64) -> Money {
        Money::from_usd(amount)
    }

    #[test]
    fn a_life_of_two_and_a_half_months_is_used_up_in_three() {
        let mut ledger = Ledger::new(5);
        ledger.pay(0, Account::CapexHardware, usd(50.0));
        let mut register = Register::default();
        register.add(1, usd(50.0), 2.5 / 12.0);
        register.post(&mut ledger);
        let by_month = ledger.movement_usd(Account::Depreciation);
        for (got, expected) in by_month.iter().zip([0.0, 20.0, 20.0, 10.0, 0.0]) {
            assert!((got - expected).abs() < 1e-12, "{by_month:?}");
        }
    }

    #[test]
    fn a_sale_at_book_value_is_neither_gain_nor_loss() {
        let mut ledger = Ledger::new(12);
        ledger.pay(0, Account::CapexFacility, usd(240.0));
        ledger.pay(3, Account::CapexHardware, usd(60.0));
        let mut register = Register::default();
        register.add(0, usd(240.0), 2.0);
        register.add(3, usd(60.0), 5.0);
        register.post(&mut ledger);
        // 12 of 24 months, and 9 of 60.
        ledger.receive(11, Account::FacilityResidual, usd(120.0));
        ledger.receive(11, Account::HardwareResidual, usd(51.0));
        Register::dispose(&mut ledger);
        assert!((ledger.balance(Account::DisposalLoss, 11).as_usd() - 171.0).abs() < 1e-9);
        for account in [
            Account::CapexFacility,
            Account::CapexHardware,
            Account::AccumulatedDepreciation,
        ] {
            assert!(ledger.balance(account, 11).as_usd().abs() < 1e-9);
        }
        assert_eq!(crate::finance::statement::check(&ledger), Ok(()));
    }
}
