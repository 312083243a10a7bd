//! Piecewise-constant functions of time with exact integrals.
//!
//! [`Regular`] has one value per fixed step (prices, weather), [`Steps`] changes at listed instants (import
//! limits, rates). Values are `f64` in the unit that the owner states; no interpolation happens here.

use crate::time::{SimTime, Span};

/// A function with one value per step of fixed length.
#[derive(Debug, Clone, PartialEq)]
pub struct Regular {
    start: SimTime,
    step: Span,
    values: Vec<f64>,
}

impl Regular {
    /// A series that begins at `start`. `step` must be positive; the caller has checked its input.
    pub fn new(start: SimTime, step: Span, values: Vec<f64>) -> Self {
        assert!(step.as_seconds() > 0, "a regular series needs a positive step");
        Self { start, step, values }
    }
    /// When the first value begins to hold.
    pub fn start(&self) -> SimTime {
        self.start
    }
    /// When the last value ends to hold.
    pub fn end(&self) -> SimTime {
        self.start + Span::from_seconds(self.step.as_seconds() * self.values.len() as i64)
    }
    /// How long each value holds.
    pub fn step(&self) -> Span {
        self.step
    }
    /// The values in order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
    /// The index of the step that holds at `time`; `None` outside the series.
    pub fn index_at(&self, time: SimTime) -> Option<usize> {
        let offset = (time - self.start).as_seconds();
        if offset < 0 {
            return None;
        }
        let index = (offset / self.step.as_seconds()) as usize;
        (index < self.values.len()).then_some(index)
    }
    /// The value that holds at `time`; `None` outside the series.
    pub fn at(&self, time: SimTime) -> Option<f64> {
        self.index_at(time).map(|i| self.values[i])
    }
    /// The integral over `[from, to)` in value-hours; `None` where the series does not cover it.
    pub fn integral_hours(&self, from: SimTime, to: SimTime) -> Option<f64> {
        if to <= from {
            return Some(0.0);
        }
        let first = self.index_at(from)?;
        let last = self.index_at(to + Span::from_seconds(-1))?;
        let step = self.step.as_seconds();
        let mut total = 0.0;
        for (index, value) in self.values.iter().enumerate().take(last + 1).skip(first) {
            let begin = self.start + Span::from_seconds(step * index as i64);
            let end = begin + self.step;
            total += value * (end.min(to) - begin.max(from)).as_hours();
        }
        Some(total)
    }
}

/// A function that changes at listed instants and holds its last value for ever.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steps {
    points: Vec<(SimTime, f64)>,
    initial: f64,
}

impl Steps {
    /// A constant.
    pub fn constant(value: f64) -> Self {
        Self {
            points: Vec::new(),
            initial: value,
        }
    }
    /// `initial` until the first point; points must be in increasing order of time.
    pub fn new(initial: f64, points: Vec<(SimTime, f64)>) -> Self {
        assert!(
            points.windows(2).all(|w| w[0].0 < w[1].0),
            "steps must be in increasing order"
        );
        Self { points, initial }
    }
    /// The value that holds at `time`.
    pub fn at(&self, time: SimTime) -> f64 {
        let after = self.points.partition_point(|(t, _)| *t <= time);
        if after == 0 {
            self.initial
        } else {
            self.points[after - 1].1
        }
    }
    /// The next instant after `time` at which the value changes.
    pub fn next_change(&self, time: SimTime) -> Option<SimTime> {
        let after = self.points.partition_point(|(t, _)| *t <= time);
        self.points.get(after).map(|(t, _)| *t)
    }
    /// The largest value that ever holds.
    pub fn max(&self) -> f64 {
        self.points.iter().fold(self.initial, |m, (_, v)| m.max(*v))
    }
    /// The integral over `[from, to)` in value-hours.
    pub fn integral_hours(&self, from: SimTime, to: SimTime) -> f64 {
        let (mut total, mut at) = (0.0, from);
        while at < to {
            let next = self.next_change(at).map_or(to, |t| t.min(to));
            total += self.at(at) * (next - at).as_hours();
            at = next;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: i64) -> SimTime {
        SimTime::from_unix_s(s)
    }

    #[test]
    fn regular_integral_is_exact_across_partial_steps() {
        let s = Regular::new(t(0), Span::from_hours(1), vec![10.0, 20.0, -5.0]);
        assert_eq!(s.integral_hours(t(1_800), t(9_000)), Some(5.0 + 20.0 - 2.5));
        assert_eq!(s.at(t(10_799)), Some(-5.0));
        assert_eq!(s.at(t(10_800)), None);
        assert_eq!(s.integral_hours(t(0), t(10_801)), None);
    }

    #[test]
    fn steps_hold_until_the_next_point() {
        let s = Steps::new(100.0, vec![(t(3_600), 140.0)]);
        assert_eq!(s.at(t(3_599)), 100.0);
        assert_eq!(s.at(t(3_600)), 140.0);
        assert_eq!(s.integral_hours(t(0), t(7_200)), 240.0);
        assert_eq!(s.next_change(t(3_600)), None);
    }
}
