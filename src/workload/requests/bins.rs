//! Single requests counted in steps of equal length, whatever their order in the file.

use std::collections::VecDeque;

use jiff::civil::DateTime;

use super::trace::{RequestStep, RequestTrace, STEPS_MAX, Sum};

/// Requests by step; steps begin at multiples of their length.
#[derive(Debug)]
pub(super) struct Bins {
    step_s: i64,
    first: i64,
    sums: VecDeque<Sum>,
    last_s: i64,
    backwards: u64,
}

impl Bins {
    pub(super) fn new(step_s: i64) -> Self {
        Self {
            step_s,
            first: 0,
            sums: VecDeque::new(),
            last_s: i64::MIN,
            backwards: 0,
        }
    }

    /// Counts a request; `Err` says what is wrong with its time.
    pub(super) fn add(
        &mut self,
        at_s: i64,
        tokens_in: Option<f64>,
        tokens_out: Option<f64>,
    ) -> Result<(), String> {
        let bin = at_s.div_euclid(self.step_s);
        self.backwards += u64::from(at_s < self.last_s);
        self.last_s = at_s;
        if self.sums.is_empty() {
            self.first = bin;
        }
        let (first, last) = (
            self.first.min(bin),
            bin.max(self.first + self.sums.len() as i64 - 1),
        );
        if last - first >= STEPS_MAX as i64 {
            return Err(format!(
                "the requests lie more than {STEPS_MAX} steps of {} s apart; is the unit right?",
                self.step_s
            ));
        }
        while self.first > bin {
            self.sums.push_front(Sum::default());
            self.first -= 1;
        }
        let index = (bin - self.first) as usize;
        if index >= self.sums.len() {
            self.sums.resize(index + 1, Sum::default());
        }
        self.sums[index].add(1.0, tokens_in, tokens_out);
        Ok(())
    }

    /// Whether nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// When the first step begins, in seconds.
    pub(super) fn first_s(&self) -> i64 {
        self.first * self.step_s
    }

    /// The trace; its clock begins `zero_s` seconds after that of the requests.
    pub(super) fn finish(
        self,
        zero_s: i64,
        start: Option<DateTime>,
        mut assumptions: Vec<String>,
    ) -> RequestTrace {
        assumptions.push(format!(
            "requests are counted in steps of {} s; the first and last step may be cut by the ends of the trace",
            self.step_s
        ));
        if self.backwards > 0 {
            assumptions.push(format!("times run back {} times in the file", self.backwards));
        }
        let steps: Vec<RequestStep> = self.sums.iter().map(|sum| sum.step(self.step_s)).collect();
        RequestTrace::new(
            self.first * self.step_s - zero_s,
            self.step_s,
            steps,
            start,
            assumptions,
        )
    }
}
