//! When a batch comes, moves and ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::{Check, FieldPath, Problems};
use crate::time::{Calendar, DAY_S, SimTime, Span, parse_date};

/// A batch that is bought within the horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurchaseSpec {
    /// Day on which it is paid and stands, `YYYY-MM-DD`, in the site's zone. Not bought where the hall has left mining.
    pub on: String,
    /// Price, USD per TH/s. Default: by `value` at the hashprice of the day (a listing of 2026 in proportion to
    /// hashprice, or the payback).
    #[serde(default)]
    pub usd_per_th: Option<f64>,
}

/// A batch that moves to another hall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveSpec {
    /// Day on which it is taken down, `YYYY-MM-DD`, in the site's zone.
    pub on: String,
    /// Where it goes, `site/hall`. Sold on arrival where that hall has left mining.
    pub to: String,
    /// Days until it mines again. Default 21 (assumption: packing, road, racking).
    #[serde(default = "days")]
    pub days: f64,
    /// Cost of packing, road and racking, USD a machine. Default 50 (assumption).
    #[serde(default = "usd_per_machine")]
    pub usd_per_machine: f64,
}

fn days() -> f64 {
    21.0
}
fn usd_per_machine() -> f64 {
    50.0
}

fn check_date(at: &FieldPath, text: &str, problems: &mut Problems) {
    if parse_date(text).is_none() {
        problems.error(
            at,
            format!("expected a date such as `2027-03-01`, found `{text}`"),
        );
    }
}

impl Check for PurchaseSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_date(&at.key("on"), &self.on, problems);
        if let Some(price) = self.usd_per_th {
            problems.within(&at.key("usd_per_th"), price, 0.0, 10_000.0);
        }
    }
}

impl Check for MoveSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        check_date(&at.key("on"), &self.on, problems);
        problems.within(&at.key("days"), self.days, 0.0, 3_650.0);
        problems.within(&at.key("usd_per_machine"), self.usd_per_machine, 0.0, 1e6);
    }
}

/// Midnight of a checked date.
pub(super) fn midnight(text: &str, calendar: &Calendar) -> Option<SimTime> {
    parse_date(text).and_then(|date| calendar.start_of(date))
}

/// So many years later.
pub(super) fn after_years(from: SimTime, years: f64) -> SimTime {
    from + Span::from_seconds((years * 365.25 * DAY_S as f64).round() as i64)
}
