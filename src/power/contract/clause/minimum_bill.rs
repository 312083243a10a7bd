//! A least bill: what is short of it at the end of a month, or of a calendar year, is charged.
//!
//! A month or year in which the contract holds only in part owes that part of the minimum. A year's minimum is settled
//! in December; a year that a run does not finish is not. It does not enter the margin: a bill this low is the mark of
//! a site that hardly draws, and whether the month will end there is not known in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fixed_charge::Held;
use super::{Close, Ground, Kind, Slice, Stage, Term, means};
use crate::problem::{FieldPath, Problems};
use crate::time::Calendar;

/// A least bill: at least one of the amounts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MinimumBillSpec {
    /// The least of a month, in US dollars.
    #[serde(default)]
    pub usd_per_month: Option<f64>,
    /// The least of a month, in US dollars for each calendar day of it.
    #[serde(default)]
    pub usd_per_day: Option<f64>,
    /// The least of a calendar year, in US dollars.
    #[serde(default)]
    pub usd_per_year: Option<f64>,
    /// The lines that count towards it: kinds (`demand_charge`) or clauses (`demand_charge[1]`). Default: all of the
    /// contract.
    #[serde(default)]
    pub of: Vec<String>,
}

impl Kind for MinimumBillSpec {
    fn name(&self) -> &'static str {
        "minimum_bill"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        let amounts = [
            ("usd_per_month", self.usd_per_month),
            ("usd_per_day", self.usd_per_day),
            ("usd_per_year", self.usd_per_year),
        ];
        if amounts.iter().all(|(_, amount)| amount.is_none()) {
            problems.error(
                at,
                "a least amount is needed: `usd_per_month`, `usd_per_day` or `usd_per_year`",
            );
        }
        for (key, amount) in amounts {
            if let Some(amount) = amount {
                problems.within(&at.key(key), amount, 0.0, 1e12);
            }
        }
    }
    fn named_lines(&self) -> (&'static str, &[String]) {
        ("of", &self.of)
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(MinimumBill {
            spec: self.clone(),
            held: Held::default(),
            calendar: ground.calendar.clone(),
            year_days: 0.0,
            year_usd: 0.0,
        })
    }
}

#[derive(Debug)]
struct MinimumBill {
    spec: MinimumBillSpec,
    held: Held,
    calendar: Calendar,
    /// Days of this year on which the contract held.
    year_days: f64,
    /// What the year's lines came to so far.
    year_usd: f64,
}

impl Term for MinimumBill {
    fn meter(&mut self, slice: &Slice<'_>) {
        self.held.meter(slice);
    }
    fn stage(&self) -> Stage {
        Stage::Minimum
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let days = self.held.close_days(&self.calendar);
        let counted = close
            .lines
            .iter()
            .filter(|l| !l.clause.starts_with("minimum_bill[") && means(&self.spec.of, &l.clause));
        let mut bill: f64 = counted.map(|l| -l.usd).sum();
        let month = self.spec.usd_per_month.unwrap_or(0.0) * (days / close.days())
            + self.spec.usd_per_day.unwrap_or(0.0) * days;
        let month = month * close.factor;
        let monthly = self.spec.usd_per_month.is_some() || self.spec.usd_per_day.is_some();
        if monthly && days > 0.0 && bill < month {
            let set_by = format!("least bill of the month, {month} USD");
            close.plain_line("", month - bill, "usd", 1.0, &set_by);
            bill = month;
        }
        self.year_days += days;
        self.year_usd += bill;
        if close.month.month != 12 {
            return;
        }
        let (days, billed) = (
            std::mem::take(&mut self.year_days),
            std::mem::take(&mut self.year_usd),
        );
        let Some(year) = self.spec.usd_per_year else {
            return;
        };
        let leap = jiff::civil::Date::new(close.month.year, 1, 1).is_ok_and(jiff::civil::Date::in_leap_year);
        let year = year * close.factor * days / if leap { 366.0 } else { 365.0 };
        if billed < year {
            let set_by = format!("least bill of the year, {year} USD");
            close.plain_line("year", year - billed, "usd", 1.0, &set_by);
        }
    }
}
