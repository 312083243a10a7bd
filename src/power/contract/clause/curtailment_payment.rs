//! A payment for load that may be called off.
//!
//! Interruptible load earns the payment for every hour it stands ready: what mines, and under a call what mined
//! when the call came. The clause also brings the calls themselves (see [`CurtailmentPaymentSpec`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Close, Ground, Kind, Slice, Term, Use};
use crate::power::curtailment::{self, CallsSpec};
use crate::problem::{Check, FieldPath, Problems};
use crate::time::SimTime;

/// A payment for interruptible load, and the calls on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CurtailmentPaymentSpec {
    /// Payment, in US dollars per megawatt of interruptible load and hour.
    pub usd_per_mw_h: f64,
    /// Hours under call in a mean year; all interruptible load stops.
    pub hours_per_year: f64,
    /// Notice before a call, in minutes. Default 30 (assumption).
    #[serde(default = "curtailment::default_notice")]
    pub notice_minutes: u32,
    /// Length of a call, in hours. Default 4 (assumption).
    #[serde(default = "curtailment::default_hours_each")]
    pub hours_each: u32,
    /// Months in which calls come, 1 to 12. Default June to September.
    #[serde(default = "curtailment::default_months")]
    pub months: Vec<u8>,
    /// First hour of the day in which a call may begin, site time. Default 14.
    #[serde(default = "curtailment::default_from_hour")]
    pub from_hour: u32,
    /// Hour of the day by which calls end, site time. Default 21.
    #[serde(default = "curtailment::default_to_hour")]
    pub to_hour: u32,
}

impl CurtailmentPaymentSpec {
    fn as_calls(&self) -> CallsSpec {
        CallsSpec {
            hours_per_year: self.hours_per_year,
            limit_mw: 0.0,
            hours_each: self.hours_each,
            notice_minutes: self.notice_minutes,
            months: self.months.clone(),
            from_hour: self.from_hour,
            to_hour: self.to_hour,
        }
    }
}

impl Kind for CurtailmentPaymentSpec {
    fn name(&self) -> &'static str {
        "curtailment_payment"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("usd_per_mw_h"), self.usd_per_mw_h, 0.0, 10_000.0);
        self.as_calls().check(at, problems);
    }
    fn calls(&self) -> Option<CallsSpec> {
        Some(self.as_calls())
    }
    fn build(&self, _ground: &Ground<'_>) -> Box<dyn Term> {
        Box::new(CurtailmentPayment {
            usd_per_mw_h: self.usd_per_mw_h,
            standing_mw: 0.0,
            ready_mw_h: 0.0,
        })
    }
}

#[derive(Debug)]
struct CurtailmentPayment {
    usd_per_mw_h: f64,
    /// What mined when no call was on.
    standing_mw: f64,
    ready_mw_h: f64,
}

impl Term for CurtailmentPayment {
    fn use_adder_usd_per_mwh(&self, by: Use, _time: SimTime) -> f64 {
        match by {
            Use::Mining => -self.usd_per_mw_h,
            Use::DataCentre => 0.0,
        }
    }
    fn meter(&mut self, slice: &Slice<'_>) {
        if !slice.called {
            self.standing_mw = slice.mining_mw;
        }
        self.ready_mw_h += self.standing_mw * slice.hours;
    }
    fn close(&mut self, close: &mut Close<'_>) {
        let ready_mw_h = std::mem::take(&mut self.ready_mw_h);
        close.line("", -ready_mw_h, "mw-h", self.usd_per_mw_h, "");
    }
}
