//! Means of load over the windows of a meter, exact for a load that is constant between events.
//!
//! Windows are civil: they begin at full hours, halves or quarters of the site's clock.

use crate::time::{SimTime, Span};

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
    pub(crate) fn new(window_s: i64, align_s: i64) -> Self {
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

    /// Length of the window, in minutes.
    pub(crate) fn minutes(&self) -> i64 {
        self.window_s / 60
    }

    /// The month's peak so far, finished windows only.
    pub(crate) fn peak_mw(&self) -> f64 {
        self.peak.0
    }

    /// A constant load over `[from, to)`, in order of time.
    pub(crate) fn add(&mut self, from: SimTime, to: SimTime, load_mw: f64) {
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
    pub(crate) fn close(&mut self) -> (f64, Option<SimTime>) {
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
}
