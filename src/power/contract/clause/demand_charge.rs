//! A charge on the highest mean load of a window in the month, with a ratchet.
//!
//! Windows are civil: they begin at full hours, halves or quarters of the site's clock. The mean is exact over
//! the piecewise-constant load. A ratchet bills at least a share of the highest peak of earlier months, from
//! a stated history and then from what was metered; without history the first months have none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use super::{Close, Kind, PriceId, Slice, Term};
use crate::id::Name;
use crate::problem::{FieldPath, Problems};
use crate::time::{Month, SimTime, Span};

/// A charge on the month's peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandChargeSpec {
    /// Rate, in US dollars per kilowatt and month. Typical 5 to 15 in the United States.
    pub usd_per_kw_month: f64,
    /// Length of the window whose mean counts, in minutes: 15, 30 or 60. Default 15.
    #[serde(default = "default_window")]
    pub window_minutes: u32,
    /// At least a share of earlier peaks. Default: none.
    #[serde(default)]
    pub ratchet: Option<RatchetSpec>,
    /// The load that counts. Default `meter`.
    #[serde(default)]
    pub applies_to: AppliesTo,
}

fn default_window() -> u32 {
    15
}

/// At least a share of earlier peaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatchetSpec {
    /// The share, in percent.
    pub percent: f64,
    /// How many earlier months count.
    pub months: u32,
    /// Peaks of the months before the start, in megawatts, the latest last. Default: none, so that the first
    /// months have no floor.
    #[serde(default)]
    pub history_mw: Vec<f64>,
}

/// The load that a demand charge is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// The whole meter.
    #[default]
    Meter,
    /// Mining.
    Mining,
    /// Everything but mining.
    DataCentre,
}

impl Kind for DemandChargeSpec {
    fn name(&self) -> &'static str {
        "demand_charge"
    }
    fn check_terms(&self, at: &FieldPath, problems: &mut Problems) {
        problems.within(&at.key("usd_per_kw_month"), self.usd_per_kw_month, 0.0, 10_000.0);
        if ![15, 30, 60].contains(&self.window_minutes) {
            problems.error(
                &at.key("window_minutes"),
                format!("`{}` is not a window: 15, 30 or 60", self.window_minutes),
            );
        }
        let Some(ratchet) = &self.ratchet else { return };
        let at = at.key("ratchet");
        problems.percent(&at.key("percent"), ratchet.percent, 100.0);
        problems.within(&at.key("months"), f64::from(ratchet.months), 1.0, 120.0);
        for (index, peak) in ratchet.history_mw.iter().enumerate() {
            problems.not_negative(&at.key("history_mw").index(index), *peak);
        }
    }
    fn build(&self, _price: &dyn Fn(&Name) -> PriceId, align_s: i64) -> Box<dyn Term> {
        Box::new(DemandCharge {
            usd_per_kw_month: self.usd_per_kw_month,
            applies_to: self.applies_to,
            meter: WindowMeter::new(i64::from(self.window_minutes.max(1)) * 60, align_s),
            ratchet: self.ratchet.as_ref().map(Ratchet::new),
            holds: false,
        })
    }
}

#[derive(Debug)]
struct DemandCharge {
    usd_per_kw_month: f64,
    applies_to: AppliesTo,
    meter: WindowMeter,
    ratchet: Option<Ratchet>,
    /// Whether the contract held in this month at all.
    holds: bool,
}

impl Term for DemandCharge {
    fn meter(&mut self, slice: &Slice<'_>) {
        self.holds = true;
        let counted_mw = match self.applies_to {
            AppliesTo::Meter => slice.load_mw,
            AppliesTo::Mining => slice.mining_mw,
            AppliesTo::DataCentre => slice.load_mw - slice.mining_mw,
        };
        self.meter.add(slice.from, slice.to, counted_mw);
    }
    fn close(&mut self, close: &mut Close<'_>) {
        if !std::mem::take(&mut self.holds) {
            return;
        }
        let (peak_mw, at) = self.meter.close();
        let minutes = self.meter.window_s / 60;
        let window = at.map_or_else(String::new, |t| format!("{}/PT{minutes}M", t.to_utc_text()));
        let floor = self.ratchet.as_mut().and_then(|r| r.floor(close.month, peak_mw));
        let (billed_mw, set_by) = match floor {
            Some((floor_mw, since)) if floor_mw > peak_mw => {
                let origin = since.map_or_else(|| "history".to_owned(), |m| m.to_string());
                (floor_mw, format!("ratchet of {origin}"))
            }
            _ => (peak_mw, window),
        };
        close.line("", billed_mw * 1e3, "kw", self.usd_per_kw_month, &set_by);
    }
}

/// The peaks that a ratchet remembers.
#[derive(Debug)]
struct Ratchet {
    share: f64,
    months: usize,
    peaks: VecDeque<(Option<Month>, f64)>,
}

impl Ratchet {
    fn new(spec: &RatchetSpec) -> Self {
        let months = spec.months as usize;
        let skip = spec.history_mw.len().saturating_sub(months);
        Self {
            share: spec.percent / 100.0,
            months,
            peaks: spec.history_mw.iter().skip(skip).map(|mw| (None, *mw)).collect(),
        }
    }
    /// The floor of this month and the month that set it; then remembers this month's own peak.
    fn floor(&mut self, month: Month, peak_mw: f64) -> Option<(f64, Option<Month>)> {
        let highest = self
            .peaks
            .iter()
            .copied()
            .reduce(|a, b| if b.1 > a.1 { b } else { a });
        if self.peaks.len() >= self.months {
            self.peaks.pop_front();
        }
        self.peaks.push_back((Some(month), peak_mw));
        highest.map(|(since, mw)| (mw * self.share, since))
    }
}

/// Exact means over aligned windows of a piecewise-constant load; remembers the highest and its window.
#[derive(Debug)]
pub(crate) struct WindowMeter {
    window_s: i64,
    /// Seconds by which local windows run ahead of UTC ones.
    align_s: i64,
    /// Begin of the window that is open, and what it holds so far in megawatt-seconds.
    open: Option<(SimTime, f64)>,
    peak: (f64, Option<SimTime>),
}

impl WindowMeter {
    fn new(window_s: i64, align_s: i64) -> Self {
        Self {
            window_s,
            align_s,
            open: None,
            peak: (0.0, None),
        }
    }

    fn window_start(&self, time: SimTime) -> SimTime {
        let past = (time.as_unix_s() + self.align_s).rem_euclid(self.window_s);
        time + Span::from_seconds(-past)
    }

    /// A constant load over `[from, to)`, in order of time.
    fn add(&mut self, from: SimTime, to: SimTime, load_mw: f64) {
        let window = Span::from_seconds(self.window_s);
        let start = self.window_start(from);
        self.finish_before(start);
        let mut at = from;
        if at > start || self.open.is_some() {
            let end = (start + window).min(to);
            let held = self.open.map_or(0.0, |(_, mw_s)| mw_s);
            self.open = Some((start, held + load_mw * (end - at).as_seconds() as f64));
            at = end;
            if at < start + window {
                return;
            }
            self.finish();
        }
        let whole = (to - at).as_seconds() / self.window_s;
        if whole > 0 {
            self.offer(load_mw, at);
            at += Span::from_seconds(whole * self.window_s);
        }
        if at < to {
            self.open = Some((at, load_mw * (to - at).as_seconds() as f64));
        }
    }

    /// Closes a window that time has left behind: a gap in metering.
    fn finish_before(&mut self, start: SimTime) {
        if self.open.is_some_and(|(open, _)| open < start) {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some((start, mw_s)) = self.open.take() {
            self.offer(mw_s / self.window_s as f64, start);
        }
    }

    fn offer(&mut self, mean_mw: f64, start: SimTime) {
        if mean_mw > self.peak.0 {
            self.peak = (mean_mw, Some(start));
        }
    }

    /// The month's peak and the window that set it; an unfinished window counts as far as it went.
    fn close(&mut self) -> (f64, Option<SimTime>) {
        self.finish();
        std::mem::replace(&mut self.peak, (0.0, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(minutes: i64) -> SimTime {
        SimTime::from_unix_s(minutes * 60)
    }

    /// A month of 10 MW with one quarter of an hour at 16 MW, which begins in a full hour and a quarter.
    fn spiky(window_minutes: i64) -> (f64, Option<SimTime>) {
        let mut meter = WindowMeter::new(window_minutes * 60, 0);
        meter.add(t(0), t(50 * 60 + 15), 10.0);
        meter.add(t(50 * 60 + 15), t(50 * 60 + 30), 16.0);
        meter.add(t(50 * 60 + 30), t(720 * 60), 10.0);
        meter.close()
    }

    #[test]
    fn a_spike_weighs_by_the_window() {
        assert_eq!(spiky(15), (16.0, Some(t(50 * 60 + 15))));
        assert_eq!(spiky(30), (13.0, Some(t(50 * 60))));
        assert_eq!(spiky(60), (11.5, Some(t(50 * 60))));
    }

    #[test]
    fn splitting_an_interval_changes_nothing() {
        let mut whole = WindowMeter::new(1_800, 0);
        let mut parts = WindowMeter::new(1_800, 0);
        for (hour, load) in [12.0, 3.0, 14.0, 14.0, 2.0].into_iter().enumerate() {
            let from = 17 + 60 * hour as i64;
            whole.add(t(from), t(from + 60), load);
            for minute in from..from + 60 {
                parts.add(t(minute), t(minute + 1), load);
            }
        }
        let (a, b) = (whole.close(), parts.close());
        assert!((a.0 - b.0).abs() < 1e-12 && a.1 == b.1, "{a:?} {b:?}");
        assert_eq!(a.0, 14.0);
    }

    #[test]
    fn windows_follow_a_clock_half_an_hour_off() {
        // India: UTC + 5:30, so the local hour begins at half past in UTC.
        let mut meter = WindowMeter::new(3_600, 19_800);
        meter.add(t(0), t(30), 0.0);
        meter.add(t(30), t(90), 8.0);
        meter.add(t(90), t(150), 0.0);
        assert_eq!(meter.close(), (8.0, Some(t(30))));
    }

    fn billed(history_mw: Vec<f64>, peaks: [f64; 12]) -> Vec<f64> {
        let mut ratchet = Ratchet::new(&RatchetSpec {
            percent: 80.0,
            months: 11,
            history_mw,
        });
        let january = Month { year: 2026, month: 1 };
        let bill = |(m, peak): (usize, f64)| {
            let floor = ratchet.floor(january.plus(m as i32), peak).map_or(0.0, |f| f.0);
            peak.max(floor)
        };
        peaks.into_iter().enumerate().map(bill).collect()
    }

    #[test]
    fn a_ratchet_looks_back_at_its_history_and_never_at_months_to_come() {
        let mut peaks = [20.0; 12];
        peaks[6] = 35.0;
        let mut expected = vec![20.0; 12];
        expected[6] = 35.0;
        expected[7..].fill(28.0);
        assert_eq!(billed(Vec::new(), peaks), expected);
        assert_eq!(billed(vec![20.0; 12], peaks), expected);
        assert_eq!(expected.iter().sum::<f64>(), 295.0);
        // The same year wrapped round, as one tool has it: 343 MW-months.
        assert!((billed(peaks.to_vec(), peaks).iter().sum::<f64>() - 343.0).abs() < 1e-9);
    }

    #[test]
    fn a_ratchet_forgets_after_its_months() {
        let mut history = vec![10.0; 11];
        history[0] = 100.0;
        let bills = billed(history, [10.0; 12]);
        assert_eq!(bills[0], 80.0);
        assert_eq!(bills[1], 10.0);
    }
}
