//! Leases of powered shell: the landlord gives critical load and cooling, the tenant brings the machines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cooling::CoolingSpec;
use crate::power::contract::CurrencySpec;
use crate::power::path::ElectricalPathSpec;
use crate::problem::{Check, FieldPath, Problems};
use crate::site::hall::Redundancy;
use crate::workload::credit::TenantCreditSpec;
use crate::workload::profile::LoadProfileSpec;
use crate::workload::signature::SignsSpec;
use crate::workload::tenant::StartsSpec;

/// A lease of powered shell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseSpec {
    /// Rent in the first year, USD per kW of critical IT load and month.
    pub usd_per_kw_month: f64,
    /// Yearly step of the rent, percent. Default 3 (S18 S48).
    #[serde(default = "escalator_percent")]
    pub escalator_percent: f64,
    /// Term in years from the day the shell is ready.
    pub years: f64,
    /// Who pays for power. Default `pass_through`.
    #[serde(default)]
    pub power: LeasePower,
    /// How much of its critical load the tenant draws. Default `training`.
    #[serde(default)]
    pub load_profile: LoadProfileSpec,
    /// Months free of rent at the beginning. Default 0.
    #[serde(default)]
    pub free_months: u32,
    /// Critical IT load that is let, percent of the hall's grid power. Default 70 (S2 S7 S10 S14 S18 S91: 65 to 80).
    #[serde(default = "critical_it_percent")]
    pub critical_it_percent: f64,
    /// The cooling plant that the landlord builds.
    pub cooling: CoolingSpec,
    /// From the hall's feed to the racks. Default: double-conversion UPS and 1.5 % distribution loss.
    #[serde(default)]
    pub path: ElectricalPathSpec,
    /// Redundancy of the plant: `n`, `n+1` or `2n`. Default `n+1`.
    #[serde(default)]
    pub redundancy: Redundancy,
    /// Facility cost in USD per kW of critical IT load. Default: the archetype's figure.
    #[serde(default)]
    pub fit_out_usd_per_it_kw: Option<f64>,
    /// When the tenant commits himself. Default: he has signed when the scenario starts.
    #[serde(default)]
    pub signs: Option<SignsSpec>,
    /// When the shell was promised, and what a late one costs.
    #[serde(default)]
    pub starts: StartsSpec,
    /// That the tenant may default, and what is paid then. Default: he never does.
    #[serde(default)]
    pub credit: Option<TenantCreditSpec>,
    /// The currency of its rents, those after letting again too: every `usd` of them reads as a unit of it, and a month is paid at
    /// the rate of its first day. Rates are stated (`usd_per_unit` or `rates`), not read from a file. Default: US dollars.
    #[serde(default)]
    pub currency: Option<CurrencySpec>,
    /// How the shell is let again after the term, or after a default. Default: after the term the lease goes on at the rent then
    /// reached; after a default the shell stays empty.
    #[serde(default)]
    pub reletting: Option<RelettingSpec>,
}

/// How an empty shell finds another tenant, for the same term and with the same escalator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelettingSpec {
    /// Market rent when the scenario starts, USD per kW of critical IT load and month.
    pub usd_per_kw_month: f64,
    /// Growth of the market rent, percent a year. Default 0 (assumption).
    #[serde(default)]
    pub growth_percent_per_year: f64,
    /// Months that the shell stands empty. Default 12 (assumption).
    #[serde(default = "empty_months")]
    pub empty_months: f64,
    /// Months free of rent for the next tenant. Default 0.
    #[serde(default)]
    pub free_months: u32,
    /// Cost of letting again (agents, changes for the next tenant), months of the new rent. Default 3 (assumption).
    #[serde(default = "cost_months")]
    pub cost_months: f64,
}

fn empty_months() -> f64 {
    12.0
}
fn cost_months() -> f64 {
    3.0
}

impl Check for RelettingSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.not_negative(&at.key("usd_per_kw_month"), self.usd_per_kw_month);
        problems.within(
            &at.key("growth_percent_per_year"),
            self.growth_percent_per_year,
            -50.0,
            50.0,
        );
        problems.within(&at.key("empty_months"), self.empty_months, 0.0, 240.0);
        problems.within(&at.key("free_months"), f64::from(self.free_months), 0.0, 240.0);
        problems.within(&at.key("cost_months"), self.cost_months, 0.0, 60.0);
    }
}

fn critical_it_percent() -> f64 {
    70.0
}
fn escalator_percent() -> f64 {
    3.0
}

/// Who pays for the power of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeasePower {
    /// The tenant repays its share of the site's bill.
    #[default]
    PassThrough,
    /// The landlord pays.
    Gross,
}

impl Check for LeaseSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.not_negative(&at.key("usd_per_kw_month"), self.usd_per_kw_month);
        problems.percent(&at.key("escalator_percent"), self.escalator_percent, 100.0);
        problems.within(&at.key("years"), self.years, 0.1, 99.0);
        problems.within(&at.key("free_months"), f64::from(self.free_months), 0.0, 240.0);
        self.load_profile.check(&at.key("load_profile"), problems);
        problems.within(
            &at.key("critical_it_percent"),
            self.critical_it_percent,
            1.0,
            100.0,
        );
        self.cooling.check(&at.key("cooling"), problems);
        self.path.check(&at.key("path"), problems);
        self.starts.check(&at.key("starts"), problems);
        if let Some(signs) = &self.signs {
            signs.check(&at.key("signs"), problems);
        }
        if let Some(credit) = &self.credit {
            credit.check(&at.key("credit"), problems);
        }
        if let Some(currency) = &self.currency {
            let at = at.key("currency");
            currency.check(&at, problems);
            if currency.file.is_some() {
                let help = "state them as `rates = [{ from = \"2026-01-01\", usd_per_unit = 1.25 }]`";
                problems.error_with_help(&at.key("file"), "a lease takes no file of rates", help);
            }
        }
        if let Some(reletting) = &self.reletting {
            reletting.check(&at.key("reletting"), problems);
        }
        if let Some(usd) = self.fit_out_usd_per_it_kw {
            problems.not_negative(&at.key("fit_out_usd_per_it_kw"), usd);
        }
    }
}
