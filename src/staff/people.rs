//! What a file says of the crews of data halls: roles with headcounts, wages, hiring, training and attrition.
//!
//! The roles have the same fields and defaults of their own, so that a file may change one of them and keep the rest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::random::distribution::DistributionSpec;

/// The longest hiring or training, months.
const MONTHS_MAX: f64 = 60.0;

/// Crews of data halls, person by person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleSpec {
    /// Rack and liquid-cooling technicians.
    pub technicians: TechniciansSpec,
    /// Operators of the critical plant.
    pub operators: OperatorsSpec,
    /// Network and site-reliability engineers.
    pub engineers: EngineersSpec,
    /// Share of its headcount in each role that a hall needs to serve, percent. Default 70 (assumption: what overtime and
    /// agencies bridge).
    pub minimum_percent: f64,
    /// What a recruitment costs, percent of a year's wage. Default 20 (assumption: agency fee).
    pub hiring_cost_percent: f64,
}

impl Default for PeopleSpec {
    fn default() -> Self {
        Self {
            technicians: TechniciansSpec::default(),
            operators: OperatorsSpec::default(),
            engineers: EngineersSpec::default(),
            minimum_percent: 70.0,
            hiring_cost_percent: 20.0,
        }
    }
}

/// A kind of work, as it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// Full-time equivalents per MW of grid power of a GPU cloud.
    pub gpu_cloud_fte_per_mw: f64,
    /// Full-time equivalents per MW of halls that are let.
    pub landlord_fte_per_mw: f64,
    /// People who are there whatever the size.
    pub least_fte: f64,
    /// Yearly base wage, USD.
    pub wage_usd_per_year: f64,
    /// Months from opening a vacancy until somebody begins.
    pub hire_months: DistributionSpec,
    /// Months of training.
    pub train_months: DistributionSpec,
    /// Recruitments that run at once.
    pub recruitments_at_once: u32,
    /// Share of people who leave in a year, percent.
    pub attrition_percent_per_year: f64,
    /// Share of a hall's mining technicians who are retrained, percent.
    pub from_mining_percent: f64,
    /// Months of their retraining.
    pub retrain_months: f64,
}

/// A role: its fields are those of all, its defaults are its own.
macro_rules! role {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            /// Full-time equivalents per MW of grid power of a GPU cloud.
            pub gpu_cloud_fte_per_mw: f64,
            /// Full-time equivalents per MW of halls that are let.
            pub landlord_fte_per_mw: f64,
            /// Posts that are held around the clock at a site that has a data hall, whatever its size.
            pub posts: u32,
            /// People for one post around the clock (assumption: four crews of twelve hours and cover, 4.8 to 5.2).
            pub fte_per_post: f64,
            /// Yearly base wage, USD.
            pub wage_usd_per_year: f64,
            /// Months from opening a vacancy until somebody begins: a distribution between 0 and 60.
            pub hire_months: DistributionSpec,
            /// Months of training on the payroll before he counts: a distribution between 0 and 60.
            pub train_months: DistributionSpec,
            /// Recruitments that run at once (assumption).
            pub recruitments_at_once: u32,
            /// Share of people who leave in a year, percent (assumption: 10 to 25; no published rate found).
            pub attrition_percent_per_year: f64,
            /// Share of the mining technicians of a hall that stops mining who are retrained for this role, percent
            /// (assumption).
            pub from_mining_percent: f64,
            /// Months of their retraining (assumption: 4 to 8 weeks to rack and liquid work, 3 to 6 months to plant).
            pub retrain_months: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $value),* }
            }
        }

        impl $name {
            /// The role as it runs.
            pub fn terms(&self) -> Terms {
                Terms {
                    gpu_cloud_fte_per_mw: self.gpu_cloud_fte_per_mw,
                    landlord_fte_per_mw: self.landlord_fte_per_mw,
                    least_fte: f64::from(self.posts) * self.fte_per_post,
                    wage_usd_per_year: self.wage_usd_per_year,
                    hire_months: self.hire_months.clone(),
                    train_months: self.train_months.clone(),
                    recruitments_at_once: self.recruitments_at_once,
                    attrition_percent_per_year: self.attrition_percent_per_year,
                    from_mining_percent: self.from_mining_percent,
                    retrain_months: self.retrain_months,
                }
            }
        }

        impl Check for $name {
            fn check(&self, at: &FieldPath, problems: &mut Problems) {
                problems.within(&at.key("posts"), f64::from(self.posts), 0.0, 1_000.0);
                problems.within(&at.key("fte_per_post"), self.fte_per_post, 1.0, 10.0);
                self.terms().check(at, problems);
            }
        }
    };
}

role! {
    /// Rack and liquid-cooling technicians. Defaults: half of a GPU cloud's headcount of 1.0 a megawatt; 75,000 USD (60,000 to
    /// 95,000, assumption); hired in 1 to 4 months (introl.com quoting `LinkedIn`), trained in 1 to 2 (assumption); half of the
    /// mining technicians may become one.
    TechniciansSpec {
        gpu_cloud_fte_per_mw = 0.5,
        landlord_fte_per_mw = 0.0,
        posts = 0,
        fte_per_post = 5.0,
        wage_usd_per_year = 75_000.0,
        hire_months = triangular(1.0, 2.0, 4.0),
        train_months = triangular(1.0, 1.5, 2.0),
        recruitments_at_once = 10,
        attrition_percent_per_year = 18.0,
        from_mining_percent = 50.0,
        retrain_months = 1.5,
    }
}

role! {
    /// Operators of the critical plant. Defaults: three tenths of a GPU cloud's headcount and all of a landlord's 0.31 a megawatt
    /// (Hut 8), two posts around the clock at the least; 114,500 USD (95,000 to 134,000, Google postings); hired in 1 to 4
    /// months (introl.com quoting `LinkedIn`), trained in 3 to 6 (assumption).
    OperatorsSpec {
        gpu_cloud_fte_per_mw = 0.3,
        landlord_fte_per_mw = 0.31,
        posts = 2,
        fte_per_post = 5.0,
        wage_usd_per_year = 114_500.0,
        hire_months = triangular(1.0, 2.0, 4.0),
        train_months = triangular(3.0, 4.5, 6.0),
        recruitments_at_once = 10,
        attrition_percent_per_year = 18.0,
        from_mining_percent = 0.0,
        retrain_months = 4.5,
    }
}

role! {
    /// Network and site-reliability engineers. Defaults: a fifth of a GPU cloud's headcount; 170,000 USD (130,000 to 230,000),
    /// hired in 2 to 6 months, trained in 3 to 9 (assumptions).
    EngineersSpec {
        gpu_cloud_fte_per_mw = 0.2,
        landlord_fte_per_mw = 0.0,
        posts = 0,
        fte_per_post = 5.0,
        wage_usd_per_year = 170_000.0,
        hire_months = triangular(2.0, 3.0, 6.0),
        train_months = triangular(3.0, 6.0, 9.0),
        recruitments_at_once = 10,
        attrition_percent_per_year = 18.0,
        from_mining_percent = 0.0,
        retrain_months = 6.0,
    }
}

fn triangular(low: f64, mode: f64, high: f64) -> DistributionSpec {
    DistributionSpec::Triangular { low, mode, high }
}

impl PeopleSpec {
    /// The roles as they run: technicians, operators, engineers.
    pub fn terms(&self) -> [Terms; 3] {
        [
            self.technicians.terms(),
            self.operators.terms(),
            self.engineers.terms(),
        ]
    }
}

impl Check for PeopleSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        self.technicians.check(&at.key("technicians"), problems);
        self.operators.check(&at.key("operators"), problems);
        self.engineers.check(&at.key("engineers"), problems);
        problems.percent(&at.key("minimum_percent"), self.minimum_percent, 100.0);
        problems.percent(&at.key("hiring_cost_percent"), self.hiring_cost_percent, 500.0);
        let mining: f64 = self.terms().iter().map(|role| role.from_mining_percent).sum();
        if mining > 100.0 {
            problems.error(
                at,
                format!("`from_mining_percent` of the roles add up to {mining}; at most 100"),
            );
        }
    }
}

impl Check for Terms {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let at_once = f64::from(self.recruitments_at_once);
        for (key, value, low, high) in [
            ("gpu_cloud_fte_per_mw", self.gpu_cloud_fte_per_mw, 0.0, 100.0),
            ("landlord_fte_per_mw", self.landlord_fte_per_mw, 0.0, 100.0),
            ("wage_usd_per_year", self.wage_usd_per_year, 0.0, 1e7),
            ("recruitments_at_once", at_once, 1.0, 10_000.0),
            (
                "attrition_percent_per_year",
                self.attrition_percent_per_year,
                0.0,
                300.0,
            ),
            ("from_mining_percent", self.from_mining_percent, 0.0, 100.0),
            ("retrain_months", self.retrain_months, 0.0, MONTHS_MAX),
        ] {
            problems.within(&at.key(key), value, low, high);
        }
        self.hire_months
            .check_within(&at.key("hire_months"), 0.0, MONTHS_MAX, problems);
        self.train_months
            .check_within(&at.key("train_months"), 0.0, MONTHS_MAX, problems);
    }
}
