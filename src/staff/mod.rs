//! People: how many a megawatt needs by what it does, and what they cost; where a site says so, who is hired, trained and
//! leaves ([`crew`]).
//!
//! Owns headcounts, wages and crews. Does not own the stage of a conversion in which people are hired: without `people` its
//! duration is the network's, with them it lasts until the crew stands.

pub mod crew;
pub mod people;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::units::{Money, Power};

pub use crew::Crew;
pub use people::PeopleSpec;

fn default_mining_fte() -> f64 {
    0.38
}
fn default_gpu_cloud_fte() -> f64 {
    1.0
}
fn default_landlord_fte() -> f64 {
    0.31
}
fn default_mining_wage() -> f64 {
    50_000.0
}
fn default_gpu_cloud_wage() -> f64 {
    102_000.0
}
fn default_landlord_wage() -> f64 {
    114_500.0
}
fn default_on_cost() -> f64 {
    30.0
}
fn default_training() -> f64 {
    50.0
}

/// Headcount and wages of a site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffSpec {
    /// Full-time equivalents per MW of grid power that mines. Default 0.38 (IREN: 15 to 20 for 50 MW, 60 for 130 MW).
    #[serde(default = "default_mining_fte")]
    pub mining_fte_per_mw: f64,
    /// Full-time equivalents per MW of a GPU cloud. Default 1.0 (0.4 to 1.4: IREN 180 for 130 MW, Nscale, Abilene).
    #[serde(default = "default_gpu_cloud_fte")]
    pub gpu_cloud_fte_per_mw: f64,
    /// Full-time equivalents per MW of halls that are let. Default 0.31 (Hut 8 River Bend: 75 for 245 MW).
    #[serde(default = "default_landlord_fte")]
    pub landlord_fte_per_mw: f64,
    /// Yearly base wage of mining staff, USD. Default 50,000 (ASIC technician, United States; assumption).
    #[serde(default = "default_mining_wage")]
    pub mining_wage_usd_per_year: f64,
    /// Yearly base wage of GPU-cloud staff, USD. Default 102,000: half rack technicians at 75,000, three tenths critical
    /// facilities at 114,500, a fifth network engineers at 150,000 (assumption).
    #[serde(default = "default_gpu_cloud_wage")]
    pub gpu_cloud_wage_usd_per_year: f64,
    /// Yearly base wage of a landlord's staff, USD. Default 114,500 (critical facilities technician, Google postings).
    #[serde(default = "default_landlord_wage")]
    pub landlord_wage_usd_per_year: f64,
    /// Employer's cost over base wages, percent. Default 30 (assumption: benefits and payroll tax).
    #[serde(default = "default_on_cost")]
    pub on_cost_percent: f64,
    /// Share of a future crew that is on the payroll while it is hired and trained, percent. Default 50: hired evenly over
    /// the stage (assumption).
    #[serde(default = "default_training")]
    pub training_payroll_percent: f64,
    /// Crews of data halls as people who are hired, trained and leave. Default: a data hall has its headcount from the day
    /// on which its stage of hiring ends.
    #[serde(default)]
    pub people: Option<PeopleSpec>,
}

impl Default for StaffSpec {
    fn default() -> Self {
        Self {
            mining_fte_per_mw: default_mining_fte(),
            gpu_cloud_fte_per_mw: default_gpu_cloud_fte(),
            landlord_fte_per_mw: default_landlord_fte(),
            mining_wage_usd_per_year: default_mining_wage(),
            gpu_cloud_wage_usd_per_year: default_gpu_cloud_wage(),
            landlord_wage_usd_per_year: default_landlord_wage(),
            on_cost_percent: default_on_cost(),
            training_payroll_percent: default_training(),
            people: None,
        }
    }
}

impl Check for StaffSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        for (key, value, high) in [
            ("mining_fte_per_mw", self.mining_fte_per_mw, 100.0),
            ("gpu_cloud_fte_per_mw", self.gpu_cloud_fte_per_mw, 100.0),
            ("landlord_fte_per_mw", self.landlord_fte_per_mw, 100.0),
            ("mining_wage_usd_per_year", self.mining_wage_usd_per_year, 1e7),
            (
                "gpu_cloud_wage_usd_per_year",
                self.gpu_cloud_wage_usd_per_year,
                1e7,
            ),
            ("landlord_wage_usd_per_year", self.landlord_wage_usd_per_year, 1e7),
        ] {
            problems.within(&at.key(key), value, 0.0, high);
        }
        problems.percent(&at.key("on_cost_percent"), self.on_cost_percent, 300.0);
        problems.percent(
            &at.key("training_payroll_percent"),
            self.training_payroll_percent,
            100.0,
        );
        if let Some(people) = &self.people {
            people.check(&at.key("people"), problems);
        }
    }
}

/// Megawatts of a site by what people do with them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StaffedPower {
    /// Mines.
    pub mining: Power,
    /// Serves as a GPU cloud.
    pub gpu_cloud: Power,
    /// Will serve as a GPU cloud; its crew is being hired.
    pub gpu_cloud_hiring: Power,
    /// Is let.
    pub landlord: Power,
    /// Will be let; its crew is being hired.
    pub landlord_hiring: Power,
}

/// The people of a site by headcounts.
#[derive(Debug, Clone, PartialEq)]
pub struct Staff {
    spec: StaffSpec,
}

impl Staff {
    /// The people of a checked spec.
    pub fn new(spec: &StaffSpec) -> Self {
        Self { spec: spec.clone() }
    }
    /// Full-time equivalents on the payroll.
    pub fn headcount(&self, power: &StaffedPower) -> f64 {
        let spec = &self.spec;
        let training = spec.training_payroll_percent / 100.0;
        spec.mining_fte_per_mw * power.mining.as_mw()
            + spec.gpu_cloud_fte_per_mw * (power.gpu_cloud + training * power.gpu_cloud_hiring).as_mw()
            + spec.landlord_fte_per_mw * (power.landlord + training * power.landlord_hiring).as_mw()
    }
    /// Cost of a month, positive: a twelfth of a year's wages with on-cost.
    pub fn monthly_cost(&self, power: &StaffedPower) -> Money {
        let spec = &self.spec;
        let training = spec.training_payroll_percent / 100.0;
        let mining = spec.mining_fte_per_mw * spec.mining_wage_usd_per_year;
        let cloud = spec.gpu_cloud_fte_per_mw * spec.gpu_cloud_wage_usd_per_year;
        let landlord = spec.landlord_fte_per_mw * spec.landlord_wage_usd_per_year;
        let wages = mining * power.mining.as_mw()
            + cloud * (power.gpu_cloud + training * power.gpu_cloud_hiring).as_mw()
            + landlord * (power.landlord + training * power.landlord_hiring).as_mw();
        Money::from_usd(wages / 12.0 * (1.0 + spec.on_cost_percent / 100.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headcounts_are_those_of_published_sites() {
        let staff = Staff::new(&StaffSpec::default());
        let mine = StaffedPower {
            mining: Power::from_mw(50.0),
            ..StaffedPower::default()
        };
        assert!(
            (15.0..=20.0).contains(&staff.headcount(&mine)),
            "Prince George: 15 to 20 for 50 MW"
        );
        let river_bend = StaffedPower {
            landlord: Power::from_mw(245.0),
            ..StaffedPower::default()
        };
        assert!((staff.headcount(&river_bend) / 75.0 - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_months_wages_by_hand() {
        let staff = Staff::new(&StaffSpec::default());
        let site = StaffedPower {
            mining: Power::from_mw(60.0),
            gpu_cloud: Power::from_mw(20.0),
            gpu_cloud_hiring: Power::from_mw(20.0),
            ..StaffedPower::default()
        };
        // 22.8 at 50,000 and 20 + 10 at 102,000, a twelfth, 30 % on top.
        let expected = (22.8 * 50_000.0 + 30.0 * 102_000.0) / 12.0 * 1.3;
        assert!((staff.monthly_cost(&site).as_usd() - expected).abs() < 1e-6);
        assert_eq!(staff.monthly_cost(&StaffedPower::default()), Money::ZERO);
    }

    #[test]
    fn a_spec_is_checked_whole() {
        let bad = StaffSpec {
            mining_fte_per_mw: -1.0,
            landlord_wage_usd_per_year: f64::NAN,
            on_cost_percent: 400.0,
            ..StaffSpec::default()
        };
        let mut problems = Problems::new();
        bad.check(&FieldPath::root(), &mut problems);
        assert_eq!(problems.as_slice().len(), 3);
        let empty: StaffSpec = toml::from_str("").unwrap();
        assert_eq!(empty, StaffSpec::default());
    }
}
