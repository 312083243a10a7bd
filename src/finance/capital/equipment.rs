//! Loans and finance leases on machines, and what a letter of credit costs: financing that stands beside the loan for the works.
//!
//! The lender of machines pays a share of what they cost, in the month in which they are paid for, and is repaid in level
//! monthly payments that begin in the next. He has the machines as security and is served first: his interest and principal
//! come out of the cash that serves the loan for the works, and what he pays is no use of that loan. What is owed at the
//! horizon is repaid in its last month.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finance::account::Account;
use crate::finance::ledger::Ledger;
use crate::problem::{Check, FieldPath, Problems};
use crate::units::Money;

/// A loan on machines; a lease of them with an option to buy is one with a balloon. Complete in itself, so it is also what
/// runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EquipmentLoanSpec {
    /// Share of what is paid for machines (GPU systems with their network, miners) that the lender pays, percent. Default 70
    /// (assumption).
    #[serde(default = "hardware_percent")]
    pub hardware_percent: f64,
    /// Interest, percent a year, a twelfth a month. Default 11 (S46: effective 9 to 15 on GPUs, 2025).
    #[serde(default = "rate_percent")]
    pub rate_percent: f64,
    /// Years over which each draw is repaid. Default 4 (S46 S47: 4 to 5).
    #[serde(default = "years")]
    pub years: f64,
    /// Share of a draw that is still owed after these years and then paid, percent: the option to buy of a lease. Default 0.
    #[serde(default)]
    pub balloon_percent: f64,
    /// Fee on what is drawn, percent. Default 1.25 (F03: 1 to 1.5).
    #[serde(default = "fee_percent")]
    pub fee_percent: f64,
}

/// A letter of credit, such as the collateral that a utility asks for before it builds a connection: cash is not tied up, but a
/// bank is paid for it. Complete in itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterOfCreditSpec {
    /// Amount, USD.
    pub usd: f64,
    /// What the bank takes, percent a year. Default 2 (assumption).
    #[serde(default = "letter_percent")]
    pub fee_percent: f64,
    /// Months from the scenario's start for which it stands. Default 60 (assumption).
    #[serde(default = "letter_months")]
    pub months: u32,
}

fn hardware_percent() -> f64 {
    70.0
}
fn rate_percent() -> f64 {
    11.0
}
fn years() -> f64 {
    4.0
}
fn fee_percent() -> f64 {
    1.25
}
fn letter_percent() -> f64 {
    2.0
}
fn letter_months() -> u32 {
    60
}

impl Check for EquipmentLoanSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        for (key, percent, most) in [
            ("rate_percent", self.rate_percent, 60.0),
            ("balloon_percent", self.balloon_percent, 100.0),
            ("fee_percent", self.fee_percent, 20.0),
        ] {
            problems.percent(&at.key(key), percent, most);
        }
        problems.share_percent(&at.key("hardware_percent"), self.hardware_percent, 100.0);
        problems.within(&at.key("years"), self.years, 0.25, 20.0);
    }
}

impl Check for LetterOfCreditSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.not_negative(&at.key("usd"), self.usd);
        problems.percent(&at.key("fee_percent"), self.fee_percent, 20.0);
        problems.within(&at.key("months"), f64::from(self.months), 0.0, 480.0);
    }
}

/// Interest and principal of a draw of a dollar, month by month, from the one after it.
fn schedule(spec: &EquipmentLoanSpec) -> Vec<(f64, f64)> {
    let months = (spec.years * 12.0).round().max(1.0) as usize;
    let (rate, balloon) = (spec.rate_percent / 1_200.0, spec.balloon_percent / 100.0);
    let discount = (1.0 + rate).powf(0.0 - months as f64);
    let level = if rate > 0.0 {
        (1.0 - balloon * discount) * rate / (1.0 - discount)
    } else {
        (1.0 - balloon) / months as f64
    };
    let mut owed = 1.0;
    let next = |month: usize| {
        let interest = owed * rate;
        let principal = if month + 1 == months {
            owed
        } else {
            level - interest
        };
        owed -= principal;
        (interest, principal)
    };
    (0..months).map(next).collect()
}

impl EquipmentLoanSpec {
    /// Posts draws, fees, interest and repayments for the machines that a ledger has paid for. Gives what was drawn, USD.
    pub fn post(&self, ledger: &mut Ledger) -> f64 {
        let months = ledger.months();
        let paid = ledger.cash_usd(Account::CapexHardware).iter();
        let draws: Vec<f64> = paid
            .map(|usd| (0.0 - usd).max(0.0) * self.hardware_percent / 100.0)
            .collect();
        let schedule = schedule(self);
        let (mut interest, mut principal) = (vec![0.0; months], vec![0.0; months]);
        for (month, draw) in draws.iter().enumerate().filter(|(_, draw)| **draw > 0.0) {
            let mut owed = *draw;
            for (at, (part, repaid)) in (month + 1..months).zip(&schedule) {
                interest[at] += draw * part;
                principal[at] += draw * repaid;
                owed -= draw * repaid;
            }
            // What the horizon cuts off is repaid in its last month.
            principal[months - 1] += owed;
        }
        for month in 0..months {
            let fee = draws[month] * self.fee_percent / 100.0;
            for (account, usd) in [
                (Account::DebtDraws, 0.0 - draws[month]),
                (Account::FinancingFees, fee),
                (Account::InterestCost, interest[month]),
                (Account::DebtRepayments, principal[month]),
            ] {
                if usd != 0.0 {
                    ledger.pay(month, account, Money::from_usd(usd));
                }
            }
        }
        draws.iter().sum()
    }
}

impl LetterOfCreditSpec {
    /// Posts what the bank takes.
    pub fn post(&self, ledger: &mut Ledger) {
        let fees = self.fees_usd(ledger.months());
        for (month, usd) in fees.into_iter().take(self.months as usize).enumerate() {
            ledger.pay(month, Account::FinancingFees, Money::from_usd(usd));
        }
    }
    /// What he takes by month, USD.
    pub fn fees_usd(&self, months: usize) -> Vec<f64> {
        let fee = self.usd * self.fee_percent / 1_200.0;
        let stands = |month| month < self.months as usize;
        (0..months)
            .map(|month| if stands(month) { fee } else { 0.0 })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finance::statement;

    fn spec(text: &str) -> EquipmentLoanSpec {
        toml::from_str(text).unwrap()
    }

    /// 1,000 of machines, 60 % lent at 12 % over a year: level payments of 600 x 0.01 / (1 - 1.01^-12) = 53.309.
    #[test]
    fn a_draw_is_repaid_by_an_annuity() {
        let mut ledger = Ledger::new(24);
        ledger.pay(3, Account::CapexHardware, Money::from_usd(1_000.0));
        let terms = spec("hardware_percent = 60\nrate_percent = 12\nyears = 1\nfee_percent = 2");
        assert_eq!(terms.post(&mut ledger), 600.0);
        assert_eq!(ledger.cash_usd(Account::DebtDraws)[3], 600.0);
        assert_eq!(ledger.cash_usd(Account::FinancingFees)[3], -12.0);
        for month in 4..16 {
            let paid = ledger.cash_usd(Account::InterestCost)[month]
                + ledger.cash_usd(Account::DebtRepayments)[month];
            assert!((paid + 53.309_273).abs() < 1e-5, "{month}: {paid}");
        }
        assert!((ledger.cash_usd(Account::InterestCost)[4] + 6.0).abs() < 1e-12);
        assert_eq!(ledger.cash_usd(Account::InterestCost)[16], 0.0);
        let repaid: f64 = ledger.cash_usd(Account::DebtRepayments).iter().sum();
        assert!((repaid + 600.0).abs() < 1e-9);
        assert_eq!(statement::check(&ledger), Ok(()));
    }

    #[test]
    fn a_balloon_stays_owed_and_the_horizon_ends_every_loan() {
        let mut ledger = Ledger::new(10);
        ledger.pay(0, Account::CapexHardware, Money::from_usd(100.0));
        ledger.pay(8, Account::CapexHardware, Money::from_usd(50.0));
        let terms = spec("hardware_percent = 100\nrate_percent = 0\nyears = 0.5\nballoon_percent = 40");
        terms.post(&mut ledger);
        let repaid = ledger.cash_usd(Account::DebtRepayments);
        // 60 in six parts, with the last the balloon; of the second draw one month, then its rest.
        assert!(
            (repaid[1] + 10.0).abs() < 1e-12 && (repaid[6] + 50.0).abs() < 1e-12,
            "{repaid:?}"
        );
        assert!((repaid[9] + 50.0).abs() < 1e-12, "{repaid:?}");
    }

    #[test]
    fn a_letter_of_credit_costs_its_fee_while_it_stands() {
        let mut ledger = Ledger::new(12);
        let letter: LetterOfCreditSpec = toml::from_str("usd = 6e6\nmonths = 5").unwrap();
        letter.post(&mut ledger);
        let fees: f64 = ledger.cash_usd(Account::FinancingFees).iter().sum();
        assert!((fees + 5.0 * 10_000.0).abs() < 1e-9);
    }
}
