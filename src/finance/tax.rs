//! Corporate income tax by tax year, with depreciation for tax and losses carried forward.
//!
//! Tax years are calendar years. A year's tax is due in its last month within the horizon. Depreciation for tax
//! is not the books' depreciation; assets given up are deducted in full in that year.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finance::account::Account;
use crate::finance::ledger::Ledger;
use crate::problem::{Check, FieldPath, Problems};
use crate::units::{Money, Ratio};

/// The percentages of IRS Publication 946, appendix A, table A-1: half-year convention, 200 % declining balance.
const MACRS_5_PERCENT: [f64; 6] = [20.0, 32.0, 19.2, 11.52, 11.52, 5.76];
/// Likewise for 15 years, 150 % declining balance.
const MACRS_15_PERCENT: [f64; 16] = [
    5.0, 9.5, 8.55, 7.70, 6.93, 6.23, 5.90, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 5.90, 5.91, 2.95,
];
const MONTHS: usize = 12;

/// Income tax as a scenario writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncomeTaxSpec {
    /// Rate on taxable profit, percent. Default 21 (assumption: the federal rate of the United States, 26 U.S.C.
    /// 11; states come on top).
    #[serde(default = "default_rate_percent")]
    pub rate_percent: f64,
    /// Share of a year's profit that losses of earlier years may cover, percent. Default 80 (assumption: the
    /// United States' limit for losses after 2017, 26 U.S.C. 172).
    #[serde(default = "default_loss_offset_percent")]
    pub loss_offset_percent: f64,
}

fn default_rate_percent() -> f64 {
    21.0
}

fn default_loss_offset_percent() -> f64 {
    80.0
}

impl Default for IncomeTaxSpec {
    fn default() -> Self {
        Self {
            rate_percent: default_rate_percent(),
            loss_offset_percent: default_loss_offset_percent(),
        }
    }
}

impl Check for IncomeTaxSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.percent(&at.key("rate_percent"), self.rate_percent, 90.0);
        problems.percent(&at.key("loss_offset_percent"), self.loss_offset_percent, 100.0);
    }
}

/// How an asset's cost is deducted over the years, as a scenario writes it; complete in itself, so it is also
/// what runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Depreciation {
    /// Equal parts over whole months from the one in which the asset enters service.
    StraightLine {
        /// Life, years.
        years: f64,
    },
    /// Five-year property of the United States (computers, miners, GPU systems): 20, 32, 19.2, 11.52, 11.52 and
    /// 5.76 percent by tax year (IRS Publication 946, table A-1).
    #[serde(rename = "macrs_5")]
    Macrs5 {},
    /// Fifteen-year property (land improvements, qualified improvements), same table.
    #[serde(rename = "macrs_15")]
    Macrs15 {},
    /// Writing-down allowance: a share of what is not yet deducted, each tax year (United Kingdom, Capital Allowances Act
    /// 2001, part 2: 18 % in the main pool, 6 % in the special-rate pool of long-life plant).
    CapitalAllowance {
        /// Percent of the rest, each tax year.
        percent: f64,
    },
    /// All in the tax year in which the asset enters service (bonus depreciation of 100 percent).
    Expensed {},
    /// Never, as for land.
    None {},
}

impl Check for Depreciation {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        match self {
            Self::StraightLine { years } => {
                problems.within(&at.key("straight_line").key("years"), *years, 1.0 / 12.0, 100.0);
            }
            Self::CapitalAllowance { percent } => {
                problems.percent(&at.key("capital_allowance").key("percent"), *percent, 100.0);
            }
            Self::Macrs5 {} | Self::Macrs15 {} | Self::Expensed {} | Self::None {} => {}
        }
    }
}

impl Depreciation {
    /// The share of cost deducted so far after `months` months of service, `year` tax years after the one in
    /// which the asset entered service.
    fn share_to(self, year: usize, months: usize) -> f64 {
        let table = |percent: &[f64]| percent.iter().take(year + 1).sum::<f64>() / 100.0;
        match self {
            Self::StraightLine { years } => (months as f64 / (years * 12.0)).min(1.0),
            Self::Macrs5 {} => table(&MACRS_5_PERCENT).min(1.0),
            Self::Macrs15 {} => table(&MACRS_15_PERCENT).min(1.0),
            Self::CapitalAllowance { percent } => 1.0 - (1.0 - percent / 100.0).powf(year as f64 + 1.0),
            Self::Expensed {} => 1.0,
            Self::None {} => 0.0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Asset {
    in_service: usize,
    given_up: Option<usize>,
    cost_usd: f64,
    method: Depreciation,
}

/// Names an asset of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetId(usize);

/// One tax year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaxYear {
    /// Its first month within the horizon, from 0.
    pub first_month: usize,
    /// Its last month within the horizon, in which the tax is due.
    pub last_month: usize,
    /// Profit before depreciation.
    pub income: Money,
    /// Depreciation deducted, assets given up included.
    pub depreciation: Money,
    /// Losses of earlier years used.
    pub loss_used: Money,
    /// Losses left for later years.
    pub loss_carried: Money,
    /// Tax due; never negative.
    pub tax: Money,
}

/// Losses carried from one tax year to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Carried {
    loss_usd: f64,
}

/// The asset register and the rules of one taxpayer.
#[derive(Debug, Clone, PartialEq)]
pub struct IncomeTax {
    rate: Ratio,
    loss_offset: Ratio,
    /// Months of the first tax year that lie before month 0.
    months_before: usize,
    assets: Vec<Asset>,
}

impl IncomeTax {
    /// A taxpayer whose month 0 is calendar month `first_month` (1 = January).
    pub fn new(spec: &IncomeTaxSpec, first_month: u8) -> Self {
        Self {
            rate: Ratio::from_percent(spec.rate_percent),
            loss_offset: Ratio::from_percent(spec.loss_offset_percent),
            months_before: usize::from(first_month.clamp(1, 12) - 1),
            assets: Vec::new(),
        }
    }
    /// Adds an asset that enters service in a month.
    pub fn add(&mut self, in_service: usize, cost: Money, method: Depreciation) -> AssetId {
        self.assets.push(Asset {
            in_service,
            given_up: None,
            cost_usd: cost.as_usd(),
            method,
        });
        AssetId(self.assets.len() - 1)
    }
    /// Gives an asset up (sold or scrapped): what is not yet deducted is deducted in that tax year, land
    /// included. What it fetched belongs to income.
    pub fn give_up(&mut self, asset: AssetId, month: usize) {
        let asset = &mut self.assets[asset.0];
        asset.given_up = Some(month.max(asset.in_service));
    }
    /// Tax by tax year from profit by month before depreciation.
    pub fn assess(&self, income_usd: &[f64]) -> Vec<TaxYear> {
        let mut carried = Carried::default();
        let years = self.years(income_usd.len()).map(|(first, last)| {
            let income = income_usd[first..=last].iter().sum();
            self.assess_year((first, last), (income, 0.0), &mut carried)
        });
        years.collect()
    }
    /// First and last month of every tax year of so many months.
    pub fn years(&self, months: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let before = self.months_before;
        let mut first = 0;
        std::iter::from_fn(move || {
            let year = (first + before) / MONTHS;
            let last = ((year + 1) * MONTHS - before - 1).min(months.checked_sub(1)?);
            let span = (first <= last).then_some((first, last));
            first = last + 1;
            span
        })
    }
    /// What the assets deduct in every tax year of so many months, USD.
    pub fn deductions_usd(&self, months: usize) -> Vec<f64> {
        let years = self.years(months);
        years
            .map(|(first, last)| self.deduction_usd((first, last)))
            .collect()
    }
    /// What the assets deduct in a tax year, USD.
    pub fn deduction_usd(&self, (first, last): (usize, usize)) -> f64 {
        let year = self.year_of(first);
        self.assets.iter().map(|a| self.deducted(a, year, last)).sum()
    }
    /// One tax year, after all before it: its income before depreciation and what is deducted beside the assets, USD.
    pub fn assess_year(
        &self,
        (first_month, last_month): (usize, usize),
        (income, beside): (f64, f64),
        carried: &mut Carried,
    ) -> TaxYear {
        let depreciation = self.deduction_usd((first_month, last_month)) + beside;
        let profit = income - depreciation;
        let (loss_used, tax) = self.due(profit, *carried);
        carried.loss_usd += (-profit).max(0.0) - loss_used;
        TaxYear {
            first_month,
            last_month,
            income: Money::from_usd(income),
            depreciation: Money::from_usd(depreciation),
            loss_used: Money::from_usd(loss_used),
            loss_carried: Money::from_usd(carried.loss_usd),
            tax: Money::from_usd(tax),
        }
    }
    /// What a taxpayer sets aside by the end of a month of a tax year: the tax on what the year has earned so far, of what it
    /// deducts (see [`deduction_usd`](Self::deduction_usd)) its months' proportion, USD. In its last month it is the year's tax.
    pub fn provision_usd(
        &self,
        year: (usize, usize),
        month: usize,
        (income, deducted): (f64, f64),
        carried: Carried,
    ) -> f64 {
        let part = (month - year.0 + 1) as f64 / (year.1 - year.0 + 1) as f64;
        let profit = income - part * deducted;
        self.due(profit, carried).1
    }
    /// Present value by tax year of the tax on a year's profits after deductions, discounted by a factor a year, USD: what
    /// [`assess`](Self::assess) gives, without its record.
    pub fn present_value_usd(&self, years: impl Iterator<Item = (f64, f64)>) -> f64 {
        let mut carried = Carried::default();
        years
            .map(|(profit, factor)| {
                let (loss_used, tax) = self.due(profit, carried);
                carried.loss_usd += (-profit).max(0.0) - loss_used;
                tax * factor
            })
            .sum()
    }
    /// Losses used and tax on a profit.
    fn due(&self, profit: f64, carried: Carried) -> (f64, f64) {
        let most = self.loss_offset.as_fraction() * profit.max(0.0);
        let loss_used = carried.loss_usd.min(most);
        let tax = self.rate.as_fraction() * (profit.max(0.0) - loss_used);
        (loss_used, tax)
    }
    /// The same taxpayer without assets.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            assets: Vec::new(),
            ..*self
        }
    }
    /// Assesses the profit of the books and pays each year's tax out of cash.
    pub fn settle(&self, ledger: &mut Ledger) -> Vec<TaxYear> {
        let years = self.assess(&ledger.profit_before_depreciation_usd());
        for year in &years {
            ledger.pay(year.last_month, Account::IncomeTax, year.tax);
        }
        years
    }
    fn year_of(&self, month: usize) -> usize {
        (month + self.months_before) / MONTHS
    }
    /// What an asset deducts in a tax year that ends with `last_month`.
    fn deducted(&self, asset: &Asset, year: usize, last_month: usize) -> f64 {
        let until = |year: usize, last_month: usize| self.share_until(asset, year, last_month);
        let before = match year.checked_sub(1) {
            Some(last_year) => until(last_year, (year * MONTHS - self.months_before).saturating_sub(1)),
            None => 0.0,
        };
        asset.cost_usd * (until(year, last_month) - before)
    }
    /// The share of cost deducted by the end of a tax year.
    fn share_until(&self, asset: &Asset, year: usize, last_month: usize) -> f64 {
        let start = self.year_of(asset.in_service);
        if year < start || last_month < asset.in_service {
            0.0
        } else if asset.given_up.is_some_and(|month| self.year_of(month) <= year) {
            1.0
        } else {
            asset
                .method
                .share_to(year - start, last_month + 1 - asset.in_service)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn taxpayer(first_month: u8) -> IncomeTax {
        IncomeTax::new(&IncomeTaxSpec::default(), first_month)
    }

    fn depreciation(tax: &IncomeTax, months: usize) -> Vec<f64> {
        let years = tax.assess(&vec![0.0; months]);
        years.iter().map(|year| year.depreciation.as_usd()).collect()
    }

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len(), "{got:?}");
        for (a, b) in got.iter().zip(expected) {
            assert!((a - b).abs() < 1e-9, "{got:?}");
        }
    }

    #[test]
    fn the_tables_deduct_the_whole_cost() {
        for table in [&MACRS_5_PERCENT[..], &MACRS_15_PERCENT[..]] {
            assert!((table.iter().sum::<f64>() - 100.0).abs() < 1e-9);
        }
    }

    #[test]
    fn five_year_property_follows_the_table_whenever_in_the_year_it_starts() {
        for month in [0, 11] {
            let mut tax = taxpayer(1);
            tax.add(month, Money::from_usd(1_000.0), Depreciation::Macrs5 {});
            assert_close(
                &depreciation(&tax, 84),
                &[200.0, 320.0, 192.0, 115.2, 115.2, 57.6, 0.0],
            );
        }
    }

    #[test]
    fn a_straight_line_runs_by_months_across_calendar_years() {
        // Month 0 is October: three months in the first tax year.
        let mut tax = taxpayer(10);
        tax.add(
            1,
            Money::from_usd(240.0),
            Depreciation::StraightLine { years: 2.0 },
        );
        assert_close(&depreciation(&tax, 36), &[20.0, 120.0, 100.0, 0.0]);
    }

    #[rstest]
    #[case::expensed(Depreciation::Expensed {}, &[0.0, 100.0, 0.0])]
    #[case::allowance(Depreciation::CapitalAllowance { percent: 18.0 }, &[0.0, 18.0, 14.76])]
    #[case::land(Depreciation::None {}, &[0.0, 0.0, 0.0])]
    #[case::fifteen(Depreciation::Macrs15 {}, &[0.0, 5.0, 9.5])]
    fn other_methods(#[case] method: Depreciation, #[case] expected: &[f64]) {
        let mut tax = taxpayer(1);
        tax.add(14, Money::from_usd(100.0), method);
        assert_close(&depreciation(&tax, 36), expected);
    }

    #[test]
    fn an_asset_given_up_deducts_its_rest() {
        let mut tax = taxpayer(1);
        let asset = tax.add(0, Money::from_usd(1_000.0), Depreciation::Macrs5 {});
        tax.give_up(asset, 15);
        assert_close(&depreciation(&tax, 36), &[200.0, 800.0, 0.0]);
    }

    #[test]
    fn losses_cover_four_fifths_of_later_profit() {
        let mut income = vec![0.0; 36];
        (income[3], income[15], income[27]) = (-1_000.0, 500.0, 1_000.0);
        let years = taxpayer(1).assess(&income);
        // 500 x 20 % x 21 % and (1,000 - 600) x 21 %.
        let tax: Vec<f64> = years.iter().map(|year| year.tax.as_usd()).collect();
        assert_close(&tax, &[0.0, 21.0, 84.0]);
        let carried: Vec<f64> = years.iter().map(|year| year.loss_carried.as_usd()).collect();
        assert_close(&carried, &[1_000.0, 600.0, 0.0]);
        assert_eq!((years[1].first_month, years[1].last_month), (12, 23));
    }

    #[test]
    fn a_horizon_that_ends_within_a_year_is_assessed_to_its_end() {
        let years = taxpayer(12).assess(&[10.0; 15]);
        let spans: Vec<_> = years.iter().map(|y| (y.first_month, y.last_month)).collect();
        assert_eq!(spans, [(0, 0), (1, 12), (13, 14)]);
        let tax: f64 = years.iter().map(|y| y.tax.as_usd()).sum();
        assert!((tax - 150.0 * 0.21).abs() < 1e-12);
        assert!(taxpayer(1).assess(&[]).is_empty());
    }

    #[test]
    fn tax_is_paid_out_of_the_books_in_the_last_month_of_the_year() {
        let mut ledger = Ledger::new(24);
        ledger.pay(0, Account::CapexHardware, Money::from_usd(100.0));
        for month in 0..24 {
            ledger.receive(month, Account::GpuReservedRevenue, Money::from_usd(10.0));
        }
        let mut tax = taxpayer(1);
        tax.add(0, Money::from_usd(100.0), Depreciation::Macrs5 {});
        tax.settle(&mut ledger);
        ledger.assert_balanced();
        let paid = ledger.cash_usd(Account::IncomeTax);
        // (120 - 20) and (120 - 32), at 21 %.
        assert_close(&[paid[11], paid[23]], &[-21.0, -18.48]);
        assert_eq!(paid.iter().filter(|usd| **usd != 0.0).count(), 2);
    }

    #[test]
    fn specs_read_with_defaults_and_refuse_nonsense() {
        let spec: IncomeTaxSpec = toml::from_str("rate_percent = 25").unwrap();
        assert_eq!((spec.rate_percent, spec.loss_offset_percent), (25.0, 80.0));
        let method: Depreciation = toml::from_str("macrs_5 = {}").unwrap();
        assert_eq!(method, Depreciation::Macrs5 {});
        let mut problems = Problems::new();
        Depreciation::StraightLine { years: 0.0 }.check(&FieldPath::root(), &mut problems);
        IncomeTaxSpec {
            rate_percent: -1.0,
            loss_offset_percent: 101.0,
        }
        .check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 3);
    }
}
