//! A site's repair shop: technicians who bring failed miners back, so many a working day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::time::Span;
use crate::units::Money;

/// People who repair miners, shared by all halls of a site. Without a shop what fails stays out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RepairShopSpec {
    /// Technicians. Default 2 (assumption).
    pub technicians: f64,
    /// Machines that one repairs on a working day. Default 7: middle of 4 to 10 (P14, sourced).
    pub repairs_per_technician_day: f64,
    /// Working days a week. Default 5 (assumption).
    pub days_per_week: f64,
    /// Days between failure and bench: found, taken down, waiting for parts. Default 7 (assumption).
    pub turnaround_days: f64,
    /// Parts of a repair, USD. Default 60 (assumption: a fan or a part of a hash board).
    pub parts_usd_per_repair: f64,
    /// A technician with on-costs, USD a year, following inflation. Default 75,000 (assumption).
    pub usd_per_technician_year: f64,
    /// Share of failed machines that no repair brings back, percent: sold as scrap when their turn comes. Default 10
    /// (assumption).
    pub beyond_repair_percent: f64,
}

impl Default for RepairShopSpec {
    fn default() -> Self {
        Self {
            technicians: 2.0,
            repairs_per_technician_day: 7.0,
            days_per_week: 5.0,
            turnaround_days: 7.0,
            parts_usd_per_repair: 60.0,
            usd_per_technician_year: 75_000.0,
            beyond_repair_percent: 10.0,
        }
    }
}

impl Check for RepairShopSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        let ranges = [
            ("technicians", self.technicians, 10_000.0),
            (
                "repairs_per_technician_day",
                self.repairs_per_technician_day,
                1_000.0,
            ),
            ("days_per_week", self.days_per_week, 7.0),
            ("turnaround_days", self.turnaround_days, 1_000.0),
            ("parts_usd_per_repair", self.parts_usd_per_repair, 1e6),
            ("usd_per_technician_year", self.usd_per_technician_year, 1e7),
            ("beyond_repair_percent", self.beyond_repair_percent, 100.0),
        ];
        for (key, value, high) in ranges {
            problems.within(&at.key(key), value, 0.0, high);
        }
    }
}

/// A shop at work.
#[derive(Debug, Clone, PartialEq)]
pub struct RepairShop {
    spec: RepairShopSpec,
    /// Machines that can still be taken on in the present stretch.
    left: f64,
}

impl RepairShop {
    /// An open shop.
    pub fn new(spec: &RepairShopSpec) -> Self {
        Self {
            spec: spec.clone(),
            left: 0.0,
        }
    }
    /// Begins a stretch of time: what was not used of the last one is gone.
    pub fn begin(&mut self, span: Span) {
        let a_day =
            self.spec.technicians * self.spec.repairs_per_technician_day * self.spec.days_per_week / 7.0;
        self.left = a_day * span.as_days();
    }
    /// Takes on as many of the machines that wait as hands are left for.
    pub(super) fn take(&mut self, waiting: f64) -> f64 {
        let taken = waiting.min(self.left).max(0.0);
        self.left -= taken;
        taken
    }
    /// Share of machines that leave the way to the bench in a stretch of time.
    pub(super) fn arriving(&self, span: Span) -> f64 {
        if self.spec.turnaround_days > 0.0 {
            -(-span.as_days() / self.spec.turnaround_days).exp_m1()
        } else {
            1.0
        }
    }
    /// Share of machines that no repair brings back.
    pub(super) fn beyond_repair(&self) -> f64 {
        self.spec.beyond_repair_percent / 100.0
    }
    /// Parts of a repair.
    pub(super) fn parts(&self) -> f64 {
        self.spec.parts_usd_per_repair
    }
    /// Wages of a year at the first year's prices.
    pub fn wages_per_year(&self) -> Money {
        Money::from_usd(self.spec.technicians * self.spec.usd_per_technician_year)
    }
}
