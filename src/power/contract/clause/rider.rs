//! An amount for each megawatt-hour, billed kilowatt or dollar of other clauses: fuel, storm recovery, taxes in percent.
//!
//! To dispatch, an amount per megawatt-hour counts in full, and a percentage raises the margin of what it names. An
//! amount per billed kilowatt does not: state it as a `demand_charge` where peaks should feel it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Moment, Slice, Stage, Term, check_price, means};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};
use crate::time::Calendar;

/// An addition to a bill: one of `usd_per_mwh`, `usd_per_mwh_by_month`, `usd_per_kw` and `percent`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderSpec {
    /// Its name on the bill.
    pub name: Name,
    /// Amount, in US dollars per megawatt-hour under the contract.
    #[serde(default)]
    pub usd_per_mwh: Option<f64>,
    /// The same for each calendar month, January first.
    #[serde(default)]
    pub usd_per_mwh_by_month: Option<Vec<f64>>,
    /// Amount, in US dollars for each kilowatt that the named lines bill in a month.
    #[serde(default)]
    pub usd_per_kw: Option<f64>,
    /// Percent of the amount of the named lines.
    #[serde(default)]
    pub percent: Option<f64>,
    /// The lines that `usd_per_kw` and `percent` are about: a kind (`demand_charge`), a clause (`demand_charge[1]`) or a
    /// part of one (`demand_charge[1].on-peak`). Default: all of the contract but riders and minimum bills.
    #[serde(default)]
    pub of: Vec<String>,
}

impl RiderSpec {
    fn amounts(&self) -> usize {
        let flat = [
            self.usd_per_mwh.is_some(),
            self.usd_per_mwh_by_month.is_some(),
            self.usd_per_kw.is_some(),
            self.percent.is_some(),
        ];
        flat.into_iter().filter(|g| *g).count()
    }
}

impl Kind for RiderSpec {
    fn name(&self) -> &'static str {
        "rider"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.name(&at.key("name"), &self.name);
        if self.amounts() != 1 {
            problems.error(
                at,
                "exactly one of `usd_per_mwh`, `usd_per_mwh_by_month`, `usd_per_kw` and `percent` is needed",
            );
        }
        if let Some(rate) = self.usd_per_mwh {
            check_price(&at.key("usd_per_mwh"), rate, problems);
        }
        if let Some(row) = &self.usd_per_mwh_by_month {
            let at = at.key("usd_per_mwh_by_month");
            if row.len() != 12 {
                problems.error(&at, format!("{} months where 12 are expected", row.len()));
            }
            for (index, rate) in row.iter().enumerate() {
                check_price(&at.index(index), *rate, problems);
            }
        }
        if let Some(rate) = self.usd_per_kw {
            problems.within(&at.key("usd_per_kw"), rate, -10_000.0, 10_000.0);
        }
        if let Some(percent) = self.percent {
            problems.within(&at.key("percent"), percent, -100.0, 1_000.0);
        }
        if !self.of.is_empty() && self.percent.is_none() && self.usd_per_kw.is_none() {
            problems.error(&at.key("of"), "only `percent` and `usd_per_kw` are about lines");
        }
    }
    fn surcharge(&self) -> Option<(f64, &[String])> {
        self.percent.map(|p| (p, self.of.as_slice()))
    }
    fn named_lines(&self) -> (&'static str, &[String]) {
        ("of", &self.of)
    }
    fn build(&self, ground: &Ground<'_>) -> Box<dyn Term> {
        let by_month = self.usd_per_mwh_by_month.as_deref();
        let flat = self.usd_per_mwh.unwrap_or(0.0);
        Box::new(Rider {
            name: self.name.to_string(),
            usd_per_mwh: std::array::from_fn(|m| by_month.map_or(flat, |row| row[m])),
            varies: by_month.is_some(),
            usd_per_kw: self.usd_per_kw.unwrap_or(0.0),
            share: self.percent.unwrap_or(0.0) / 100.0,
            of: self.of.clone(),
            taken_mwh: 0.0,
            calendar: ground.calendar.clone(),
        })
    }
}

#[derive(Debug)]
struct Rider {
    name: String,
    usd_per_mwh: [f64; 12],
    varies: bool,
    usd_per_kw: f64,
    share: f64,
    of: Vec<String>,
    taken_mwh: f64,
    calendar: Calendar,
}

impl Term for Rider {
    fn relief_usd_per_mwh(&self, at: &Moment<'_>) -> f64 {
        let month = if self.varies {
            self.calendar.month(at.time).month as usize - 1
        } else {
            0
        };
        -self.usd_per_mwh[month] * at.factor
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        self.taken_mwh += slice.contract_mw * slice.hours;
    }
    fn stage(&self) -> Stage {
        Stage::Riders
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let taken_mwh = std::mem::take(&mut self.taken_mwh);
        let rate = self.usd_per_mwh[close.month.month as usize - 1];
        let name = self.name.clone();
        if rate != 0.0 {
            close.line(&name, taken_mwh, "mwh", rate, "");
        }
        let metered =
            |l: &&super::SettlementLine| !l.clause.starts_with("rider[") && means(&self.of, &l.clause);
        if self.usd_per_kw != 0.0 {
            let kw = close.lines.iter().filter(metered).filter(|l| l.unit == "kw");
            let kw: f64 = kw.map(|l| l.quantity).sum();
            close.line(&name, kw, "kw", self.usd_per_kw, "");
        }
        if self.share != 0.0 {
            let cost: f64 = close.lines.iter().filter(metered).map(|l| -l.usd).sum();
            close.plain_line(&name, cost, "usd", self.share, "");
        }
    }
}
