//! What a site costs to run beside power and people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::units::Ratio;

/// Running costs other than power and staff; amounts are of the first year and follow inflation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OperatingCostSpec {
    /// Maintenance of a mining hall, USD per MW of grid power a year: fans, boards, repairs. Default 15,000
    /// (assumption).
    pub mining_usd_per_mw_year: f64,
    /// Maintenance of facility plant, percent of its capex a year. Default 2 (assumption).
    pub facility_maintenance_percent_of_capex: f64,
    /// Hardware support and spares, percent of hardware capex a year. Default 1.5 (assumption: the maker's warranty
    /// covers the first three years; with the other defaults the project's EBITDA margin is about 80 %, as S24 S47).
    pub hardware_support_percent_of_capex: f64,
    /// Network transit, software and sales of a GPU cloud, USD per GPU-hour installed. Default 0.12 (S88: operations
    /// 0.10 to 0.12 of an H100-hour; the network's capital stands in the hardware price).
    pub cloud_usd_per_gpu_h: f64,
    /// Property insurance, percent of capex a year. Default 0.2 (assumption: 0.1 to 0.4).
    pub insurance_percent_of_capex: f64,
    /// Property tax, percent of capex net of straight-line wear a year. Default 0.9: half of the Texas mode of 1.8
    /// for an abatement (assumption).
    pub property_tax_percent_of_value: f64,
    /// Land, security and site overhead, USD a year. Default 1,500,000 (assumption).
    pub site_overhead_usd_per_year: f64,
    /// Auxiliary load of the site that does not depend on its halls, MW. Default 0.3 (assumption).
    pub auxiliary_mw: f64,
    /// Power that a hall draws while it is rebuilt, percent of its grid power. Default 2 (assumption).
    pub construction_power_percent: f64,
    /// Share of an interval's revenue that pool operators keep of mining, percent. Default 1.0 (assumption).
    pub mining_pool_fee_percent: f64,
}

impl Default for OperatingCostSpec {
    fn default() -> Self {
        Self {
            mining_usd_per_mw_year: 15_000.0,
            facility_maintenance_percent_of_capex: 2.0,
            hardware_support_percent_of_capex: 1.5,
            cloud_usd_per_gpu_h: 0.12,
            insurance_percent_of_capex: 0.2,
            property_tax_percent_of_value: 0.9,
            site_overhead_usd_per_year: 1_500_000.0,
            auxiliary_mw: 0.3,
            construction_power_percent: 2.0,
            mining_pool_fee_percent: 1.0,
        }
    }
}

impl OperatingCostSpec {
    /// What the pool keeps of coins mined.
    pub fn pool_fee(&self) -> Ratio {
        Ratio::from_fraction(self.mining_pool_fee_percent / 100.0)
    }
}

impl Check for OperatingCostSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let amounts = [
            ("mining_usd_per_mw_year", self.mining_usd_per_mw_year),
            ("cloud_usd_per_gpu_h", self.cloud_usd_per_gpu_h),
            ("site_overhead_usd_per_year", self.site_overhead_usd_per_year),
            ("auxiliary_mw", self.auxiliary_mw),
        ];
        for (key, value) in amounts {
            problems.not_negative(&at.key(key), value);
        }
        let percents = [
            (
                "facility_maintenance_percent_of_capex",
                self.facility_maintenance_percent_of_capex,
            ),
            (
                "hardware_support_percent_of_capex",
                self.hardware_support_percent_of_capex,
            ),
            ("insurance_percent_of_capex", self.insurance_percent_of_capex),
            (
                "property_tax_percent_of_value",
                self.property_tax_percent_of_value,
            ),
            ("construction_power_percent", self.construction_power_percent),
            ("mining_pool_fee_percent", self.mining_pool_fee_percent),
        ];
        for (key, value) in percents {
            problems.within(&at.key(key), value, 0.0, 100.0);
        }
    }
}
