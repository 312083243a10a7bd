//! What a scenario says of debt, grants and owners, and the interest of each month that follows from it.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finance::capital::equipment::{EquipmentLoanSpec, LetterOfCreditSpec};
use crate::finance::capital::owners::{OwnersSpec, VendorEquitySpec};
use crate::finance::debt::DayCount;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::parse_date;

/// Where the money of a strategy comes from, beside its owners and its own operation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapitalSpec {
    /// A loan for the works, drawn while building and repaid out of cash. Default: none.
    #[serde(default)]
    pub debt: Option<DebtSpec>,
    /// A loan on machines, or a lease of them. Default: none.
    #[serde(default)]
    pub equipment: Option<EquipmentLoanSpec>,
    /// A letter of credit, such as a utility's collateral. Default: none.
    #[serde(default)]
    pub letter_of_credit: Option<LetterOfCreditSpec>,
    /// Grants. Default: none.
    #[serde(default)]
    pub grants: Vec<GrantSpec>,
    /// Equity that a vendor of machines subscribes. Default: none.
    #[serde(default)]
    pub vendor_equity: Option<VendorEquitySpec>,
    /// How owners share, a vendor's share beforehand. Default: one owner.
    #[serde(default)]
    pub owners: Option<OwnersSpec>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantSpec {
    /// First day on which it is paid, `YYYY-MM-DD`.
    pub date: String,
    /// Amount, USD; taxed as income.
    pub usd: f64,
    /// Whether it is paid only once the last hall is ready for service. Default false.
    #[serde(default)]
    pub on_completion: bool,
}

/// A loan for the works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DebtSpec {
    /// The most debt, percent of all uses (works, interest and fees while building, the reserve account). Default 80 (S14
    /// S15: 80 % of cost).
    #[serde(default = "gearing_percent")]
    pub gearing_percent: f64,
    /// Cover ratio to which the debt is sculpted: CFADS over debt service in every period of the sizing case. Default 1.40
    /// (S15).
    #[serde(default = "cover_ratio")]
    pub cover_ratio: f64,
    /// The case on which it is sized. Default `bank`.
    #[serde(default)]
    pub sizing: SizingCase,
    /// Further cases on which it is sized: the facility is the least of all, with the schedule of its case. Default: none.
    #[serde(default)]
    pub further_cases: Vec<SizingCase>,
    /// How many drawn worlds the sizing case is made of, 1 to 200. Default 10 (assumption).
    #[serde(default = "sizing_worlds")]
    pub sizing_worlds: u32,
    /// Years over which it is repaid, from the first repayment period on; whole payment periods. Default 5 (S46 S47: loans on
    /// GPUs run 4 to 5 years).
    #[serde(default = "tenor_years")]
    pub tenor_years: f64,
    /// Months from planned completion to the beginning of the first repayment period: only interest is due. Default 6
    /// (assumption).
    #[serde(default = "grace_months")]
    pub grace_months: u32,
    /// Months from planned completion to the end of availability: until then works of halls that are late are drawn for while
    /// the rest is repaid, as of a delayed-draw facility; never for less than `grace_months`. Default: `grace_months`, drawing
    /// ends when repayment begins, as of a construction loan that turns into a term loan.
    #[serde(default)]
    pub availability_months: Option<u32>,
    /// Months of a payment period: 1, 3, 6 or 12. Default 6 (assumption).
    #[serde(default = "payment_months")]
    pub payment_months: u32,
    /// Months that contracts of the strategy (reserved blocks, leases) must run on after the last repayment, in the planned case.
    /// Default: not asked.
    #[serde(default)]
    pub tail_months: Option<u32>,
    /// Margin over the base rate, percent a year. Default 3.0 (S14 S15: 2.5 to 3.5, assumption).
    #[serde(default = "margin_percent")]
    pub margin_percent: f64,
    /// Base rate, percent a year. Default 4.0 (assumption: dollars in 2026).
    #[serde(default = "base_percent")]
    pub base_percent: f64,
    /// The base rate from later dates on. Default: it stays.
    #[serde(default)]
    pub base_steps: Vec<RateStep>,
    /// Share of the interest that is swapped into a fixed rate, percent. Default 0.
    #[serde(default)]
    pub hedge_percent: f64,
    /// The fixed rate of the swap before the margin, percent a year. Default 4.0 (assumption).
    #[serde(default = "base_percent")]
    pub swap_percent: f64,
    /// How interest counts days. Default `actual_360`.
    #[serde(default)]
    pub day_count: DayCount,
    /// Fee on the facility when it is closed, percent. Default 2 (assumption).
    #[serde(default = "upfront_percent")]
    pub upfront_fee_percent: f64,
    /// Fee on what is not drawn yet, percent a year. Default 0.75 (assumption).
    #[serde(default = "commitment_percent")]
    pub commitment_fee_percent: f64,
    /// Months of debt service in the reserve account, filled at completion. Default 6 (assumption: usual).
    #[serde(default = "reserve_months")]
    pub reserve_months: f64,
    /// Share of the cash after debt service that repays debt early, percent. Default 0.
    #[serde(default)]
    pub sweep_percent: f64,
    /// Cover ratio below which owners get nothing. Default 1.15 (assumption).
    #[serde(default = "lock_up")]
    pub lock_up_ratio: f64,
    /// Cover ratio below which the covenant is broken. Default 1.05 (assumption).
    #[serde(default = "covenant")]
    pub covenant_ratio: f64,
    /// What is still owed after the tenor and lent anew then, by this or another bank. Default: nothing, the tenor repays all.
    #[serde(default)]
    pub refinancing: Option<RefinancingSpec>,
    /// A standby facility for cost overruns and delay at the same terms, percent of the facility. Default 0: owners pay.
    #[serde(default)]
    pub overrun_percent: f64,
}

/// A loan that repays a part of the first one at the end of its tenor. Its rate is the base rate of then, unhedged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefinancingSpec {
    /// Share of the facility that the tenor leaves owed, percent.
    pub balloon_percent: f64,
    /// Years over which it is then repaid, in level payments by the same payment periods; what is owed at the horizon is due then.
    /// Default 5 (assumption).
    #[serde(default = "tenor_years")]
    pub years: f64,
    /// Margin over the base rate, percent a year. Default 2.35 (F01 F02: low to mid 200s over SOFR with a hyperscale tenant).
    #[serde(default = "refinanced_margin")]
    pub margin_percent: f64,
    /// Fee on what is lent anew, percent. Default 1.25 (F03: 1 to 1.5).
    #[serde(default = "refinancing_fee")]
    pub fee_percent: f64,
}

fn refinanced_margin() -> f64 {
    2.35
}
fn refinancing_fee() -> f64 {
    1.25
}

impl Check for RefinancingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.share_percent(&at.key("balloon_percent"), self.balloon_percent, 90.0);
        problems.within(&at.key("years"), self.years, 0.5, 40.0);
        problems.percent(&at.key("margin_percent"), self.margin_percent, 50.0);
        problems.percent(&at.key("fee_percent"), self.fee_percent, 20.0);
    }
}

/// A base rate from a date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Base rate, percent a year.
    pub percent: f64,
}

/// The case on which debt is sized. Each begins with the planned case: conversions go by plan, and cash by month is the mean
/// of `sizing_worlds` drawn worlds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SizingCase {
    /// The planned case itself.
    #[default]
    Bank,
    /// With less revenue and dearer running.
    Downside {
        /// Running income, percent of the planned.
        revenue_percent: f64,
        /// Running cost, percent of the planned.
        cost_percent: f64,
    },
    /// Scaled so that nine in ten of the drawn worlds have more running cash over the horizon.
    P90,
}

fn gearing_percent() -> f64 {
    80.0
}
fn cover_ratio() -> f64 {
    1.40
}
fn sizing_worlds() -> u32 {
    10
}
fn tenor_years() -> f64 {
    5.0
}
fn grace_months() -> u32 {
    6
}
fn payment_months() -> u32 {
    6
}
fn margin_percent() -> f64 {
    3.0
}
fn base_percent() -> f64 {
    4.0
}
fn upfront_percent() -> f64 {
    2.0
}
fn commitment_percent() -> f64 {
    0.75
}
fn reserve_months() -> f64 {
    6.0
}
fn lock_up() -> f64 {
    1.15
}
fn covenant() -> f64 {
    1.05
}

impl Check for CapitalSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Some(debt) = &self.debt {
            debt.check(&at.key("debt"), problems);
        }
        if let Some(equipment) = &self.equipment {
            equipment.check(&at.key("equipment"), problems);
        }
        if let Some(letter) = &self.letter_of_credit {
            letter.check(&at.key("letter_of_credit"), problems);
        }
        for (index, grant) in self.grants.iter().enumerate() {
            let at = at.key("grants").index(index);
            check_date(&grant.date, &at.key("date"), problems);
            problems.not_negative(&at.key("usd"), grant.usd);
        }
        if let Some(vendor) = &self.vendor_equity {
            vendor.check(&at.key("vendor_equity"), problems);
        }
        if let Some(owners) = &self.owners {
            owners.check(&at.key("owners"), problems);
        }
    }
}

pub(super) fn check_date(text: &str, at: &FieldPath, problems: &mut Problems) {
    if parse_date(text).is_none() {
        problems.error(at, format!("`{text}` is not a date such as `2027-01-01`"));
    }
}

impl Check for DebtSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("gearing_percent"), self.gearing_percent, 0.01, 100.0);
        problems.warn_of_fraction(&at.key("gearing_percent"), self.gearing_percent, 1.0);
        problems.within(&at.key("cover_ratio"), self.cover_ratio, 1.0, 10.0);
        problems.within(
            &at.key("sizing_worlds"),
            f64::from(self.sizing_worlds),
            1.0,
            200.0,
        );
        problems.within(&at.key("tenor_years"), self.tenor_years, 0.5, 40.0);
        problems.within(&at.key("grace_months"), f64::from(self.grace_months), 0.0, 60.0);
        if let Some(months) = self.availability_months {
            let at = at.key("availability_months");
            problems.within(&at, f64::from(months), 0.0, 120.0);
            if months < self.grace_months {
                let message = format!(
                    "{months} months end before repayment begins, after {}",
                    self.grace_months
                );
                let help = "leave it out, or write more months than `grace_months`";
                problems.error_with_help(&at, message, help);
            }
        }
        if ![1, 3, 6, 12].contains(&self.payment_months) {
            let message = format!("{} is none of 1, 3, 6 and 12 months", self.payment_months);
            problems.error(&at.key("payment_months"), message);
        }
        for (key, percent, most) in [
            ("margin_percent", self.margin_percent, 50.0),
            ("base_percent", self.base_percent, 50.0),
            ("swap_percent", self.swap_percent, 50.0),
            ("upfront_fee_percent", self.upfront_fee_percent, 20.0),
            ("commitment_fee_percent", self.commitment_fee_percent, 20.0),
            ("overrun_percent", self.overrun_percent, 100.0),
        ] {
            problems.percent(&at.key(key), percent, most);
        }
        for (key, percent) in [
            ("hedge_percent", self.hedge_percent),
            ("sweep_percent", self.sweep_percent),
        ] {
            problems.share_percent(&at.key(key), percent, 100.0);
        }
        for (index, step) in self.base_steps.iter().enumerate() {
            let at = at.key("base_steps").index(index);
            check_date(&step.from, &at.key("from"), problems);
            problems.percent(&at.key("percent"), step.percent, 50.0);
        }
        problems.within(&at.key("reserve_months"), self.reserve_months, 0.0, 24.0);
        self.check_ratios(at, problems);
        if let Some(refinancing) = &self.refinancing {
            refinancing.check(&at.key("refinancing"), problems);
        }
        self.sizing.check(&at.key("sizing"), problems);
        for (index, sizing) in self.further_cases.iter().enumerate() {
            sizing.check(&at.key("further_cases").index(index), problems);
        }
    }
}

impl Check for SizingCase {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        if let Self::Downside {
            revenue_percent,
            cost_percent,
        } = *self
        {
            let at = at.key("downside");
            problems.within(&at.key("revenue_percent"), revenue_percent, 1.0, 100.0);
            problems.within(&at.key("cost_percent"), cost_percent, 100.0, 1_000.0);
        }
    }
}

impl DebtSpec {
    /// A covenant at or above the ratio to which the debt is sculpted is broken by the plan itself.
    fn check_ratios(&self, at: &FieldPath, problems: &mut Problems) {
        for (key, ratio) in [
            ("lock_up_ratio", self.lock_up_ratio),
            ("covenant_ratio", self.covenant_ratio),
        ] {
            let at = at.key(key);
            problems.within(&at, ratio, 0.0, 10.0);
            if ratio > self.cover_ratio {
                let sized = self.cover_ratio;
                let message = format!("{ratio} cannot be met: the debt is sculpted to {sized}");
                let help = "lower it below `cover_ratio`";
                problems.error_with_help(&at, message, help);
            }
        }
        if self.covenant_ratio > self.lock_up_ratio && self.lock_up_ratio > 0.0 {
            let message = "the covenant is broken before owners are locked up".to_owned();
            problems.warn(&at.key("lock_up_ratio"), message);
        }
    }
    /// Payment periods of the tenor.
    pub fn tenor_periods(&self) -> usize {
        self.periods_of(self.tenor_years)
    }
    /// Payment periods of so many years.
    pub fn periods_of(&self, years: f64) -> usize {
        ((years * 12.0 / f64::from(self.payment_months)).round() as usize).max(1)
    }
    /// Share of the facility that the tenor leaves owed.
    pub fn balloon(&self) -> f64 {
        self.refinancing.map_or(0.0, |r| r.balloon_percent / 100.0)
    }
}

/// Interest and days of a loan by month.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Terms {
    /// Length of each month in years, as interest counts it.
    pub years: Vec<f64>,
    /// Interest of each month on a dollar owed through it.
    pub interest: Vec<f64>,
    /// The same once the loan is refinanced.
    pub refinanced: Vec<f64>,
}

impl Terms {
    /// The terms of a loan over months that begin on `first_days`; the last of these is the end of the last month.
    pub fn new(spec: &DebtSpec, first_days: &[Date]) -> Self {
        let mut steps: Vec<(Date, f64)> = spec
            .base_steps
            .iter()
            .filter_map(|step| Some((parse_date(&step.from)?, step.percent)))
            .collect();
        steps.sort_by_key(|step| step.0);
        let mut terms = Self::default();
        for month in first_days.windows(2) {
            let years = spec.day_count.years(month[0], month[1]);
            let floating = steps.iter().rev().find(|step| step.0 <= month[0]);
            let floating = floating.map_or(spec.base_percent, |step| step.1);
            let hedged = spec.hedge_percent / 100.0;
            let base = hedged * spec.swap_percent + (1.0 - hedged) * floating;
            terms.years.push(years);
            terms.interest.push((base + spec.margin_percent) / 100.0 * years);
            let margin = spec.refinancing.map_or(spec.margin_percent, |r| r.margin_percent);
            terms.refinanced.push((floating + margin) / 100.0 * years);
        }
        terms
    }
}
