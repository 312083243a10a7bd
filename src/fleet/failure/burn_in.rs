//! Infant mortality: new systems and links fail more often, and burn-in before service takes the worst of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::yes;
use crate::problem::{Check, FieldPath, Problems};
use crate::time::{DAY_S, HOUR_S, SimTime};

/// The hazard of systems and switches that are new, as a multiple of their constant rate:
/// `1 + (hazard_multiple - 1) exp(-(t + commissioning_hours) / decay_days)`, `t` since ready-for-service.
///
/// A hall that serves when the scenario begins is past it. A repair does not make a system new: it is as old after as
/// before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BurnInSpec {
    /// Whether new systems fail more often. Default true.
    pub enabled: bool,
    /// Hazard at first power-on over the constant rate. Default 9: over two weeks' decay it reworks 5 % of the GPUs
    /// (computed; 3 to 8 % of GPUs and links are reworked in burn-in: assumption).
    pub hazard_multiple: f64,
    /// Days in which the excess falls to 1/e. Default 14 (assumption).
    pub decay_days: f64,
    /// Hours of burn-in before ready-for-service, whose failures the stages of the conversion bear. Default 146: the 0.2
    /// months of the stage `burn-in`.
    pub commissioning_hours: f64,
}

impl Default for BurnInSpec {
    fn default() -> Self {
        Self {
            enabled: yes(),
            hazard_multiple: 9.0,
            decay_days: 14.0,
            commissioning_hours: 146.0,
        }
    }
}

impl Check for BurnInSpec {
    fn check(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("hazard_multiple"), self.hazard_multiple, 1.0, 1_000.0);
        problems.within(&at.key("decay_days"), self.decay_days, 0.1, 3_650.0);
        problems.within(
            &at.key("commissioning_hours"),
            self.commissioning_hours,
            0.0,
            100_000.0,
        );
    }
}

/// The hazard over the constant rate at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Infancy {
    /// Excess at ready-for-service.
    excess: f64,
    decay_s: f64,
    ready: SimTime,
}

/// Below this the excess is over: not worth another draw.
const OVER: f64 = 1e-4;

impl Infancy {
    /// Of a hall that is ready now; `None` where new systems are as good as old ones.
    pub(super) fn new(spec: &BurnInSpec, ready: SimTime) -> Option<Self> {
        let decay_s = spec.decay_days * DAY_S as f64;
        let burnt = (-spec.commissioning_hours * HOUR_S as f64 / decay_s).exp();
        let excess = (spec.hazard_multiple - 1.0) * burnt;
        (spec.enabled && excess > OVER).then_some(Self {
            excess,
            decay_s,
            ready,
        })
    }
    /// The multiple of the constant rate, which never rises; exactly 1 once the excess is over.
    pub(super) fn multiple(&self, now: SimTime) -> f64 {
        let age_s = (now - self.ready).as_seconds() as f64;
        let excess = self.excess * (-age_s / self.decay_s).exp();
        if excess > OVER { 1.0 + excess } else { 1.0 }
    }
}
