//! The rate of requests over time, on steps of equal length.

use jiff::civil::DateTime;

/// The most steps of a trace: ten years of minutes.
pub const STEPS_MAX: usize = 5_300_000;

/// What arrives in one step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RequestStep {
    /// Requests per second, the mean of the step.
    pub rate_rps: f64,
    /// Mean tokens of a prompt; `None` where the trace does not say, or nothing arrives.
    pub tokens_in: Option<f64>,
    /// Mean tokens of an answer; `None` likewise.
    pub tokens_out: Option<f64>,
}

/// Arrivals of inference requests: a piecewise constant rate with mean tokens, on steps of equal length.
///
/// Step `i` covers `[start_s + i * step_s, start_s + (i + 1) * step_s)` of the trace's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTrace {
    start_s: i64,
    step_s: i64,
    steps: Vec<RequestStep>,
    start: Option<DateTime>,
    assumptions: Vec<String>,
}

impl RequestTrace {
    /// A trace of `steps` from `start_s` on, each `step_s` long; `start` is the civil instant of second zero, where
    /// known. There is at least one step, `step_s` is above zero, rates are finite and not negative.
    pub fn new(
        start_s: i64,
        step_s: i64,
        steps: Vec<RequestStep>,
        start: Option<DateTime>,
        assumptions: Vec<String>,
    ) -> Self {
        assert!(
            step_s > 0 && !steps.is_empty(),
            "{} steps of {step_s} s",
            steps.len()
        );
        Self {
            start_s,
            step_s,
            steps,
            start,
            assumptions,
        }
    }
    /// When the first step begins, in seconds on the trace's clock.
    pub fn start_s(&self) -> i64 {
        self.start_s
    }
    /// The length of a step, in seconds.
    pub fn step_s(&self) -> i64 {
        self.step_s
    }
    /// When the last step ends, in seconds on the trace's clock.
    pub fn end_s(&self) -> i64 {
        self.start_s + self.step_s * self.steps.len() as i64
    }
    /// The steps in order; never none.
    pub fn steps(&self) -> &[RequestStep] {
        &self.steps
    }
    /// The civil instant of second zero, in the zone of the trace, where the format tells it.
    pub fn start(&self) -> Option<DateTime> {
        self.start
    }
    /// What the reader assumed, dropped or repaired: whole sentences for the user.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
    /// What arrives at a time of the trace's clock; nothing before the first step and after the last.
    pub fn at(&self, t_s: i64) -> RequestStep {
        let index = usize::try_from((t_s - self.start_s).div_euclid(self.step_s));
        index
            .ok()
            .and_then(|i| self.steps.get(i).copied())
            .unwrap_or_default()
    }
    /// All requests of the trace.
    pub fn requests(&self) -> f64 {
        self.steps.iter().map(|step| step.rate_rps).sum::<f64>() * self.step_s as f64
    }
    /// The mean rate over the whole trace, requests per second.
    pub fn mean_rps(&self) -> f64 {
        self.requests() / (self.end_s() - self.start_s) as f64
    }

    /// The same requests on steps of another length, each aligned to a multiple of it: rates are means over time,
    /// tokens are means over requests. Requests and tokens are conserved.
    pub(super) fn with_step(self, step_s: i64) -> Result<Self, String> {
        if step_s == self.step_s {
            return Ok(self);
        }
        let (from, to) = (
            self.start_s.div_euclid(step_s),
            (self.end_s() - 1).div_euclid(step_s),
        );
        let count = usize::try_from(to - from + 1).unwrap_or(usize::MAX);
        if count > STEPS_MAX {
            return Err(format!(
                "{count} steps of {step_s} s; at most {STEPS_MAX} are held"
            ));
        }
        let mut sums = vec![Sum::default(); count];
        for (index, step) in self.steps.iter().enumerate() {
            let (mut at, end) = (
                self.start_s + self.step_s * index as i64,
                self.start_s + self.step_s * (index as i64 + 1),
            );
            while at < end {
                let bin = at.div_euclid(step_s);
                let until = end.min((bin + 1) * step_s);
                sums[(bin - from) as usize].add_rate(step, (until - at) as f64);
                at = until;
            }
        }
        let mut assumptions = self.assumptions;
        assumptions.push(format!(
            "rates of {} s are averaged over steps of {step_s} s",
            self.step_s
        ));
        let steps = sums.iter().map(|sum| sum.step(step_s)).collect();
        Ok(Self::new(from * step_s, step_s, steps, self.start, assumptions))
    }
}

/// Requests of a step, and the tokens of those of which they are known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    requests: f64,
    tokens_in: (f64, f64),
    tokens_out: (f64, f64),
}

impl Sum {
    /// Adds so many requests of so many tokens each.
    pub(super) fn add(&mut self, requests: f64, tokens_in: Option<f64>, tokens_out: Option<f64>) {
        self.requests += requests;
        for (sum, tokens) in [
            (&mut self.tokens_in, tokens_in),
            (&mut self.tokens_out, tokens_out),
        ] {
            if let Some(tokens) = tokens {
                sum.0 += requests;
                sum.1 += requests * tokens;
            }
        }
    }
    fn add_rate(&mut self, step: &RequestStep, seconds: f64) {
        self.add(step.rate_rps * seconds, step.tokens_in, step.tokens_out);
    }
    /// The means of a step of this length.
    pub(super) fn step(&self, step_s: i64) -> RequestStep {
        let mean = |(requests, tokens): (f64, f64)| (requests > 0.0).then(|| tokens / requests);
        RequestStep {
            rate_rps: self.requests / step_s as f64,
            tokens_in: mean(self.tokens_in),
            tokens_out: mean(self.tokens_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_step_conserves_requests_and_tokens() {
        let step = |rate_rps, tokens| RequestStep {
            rate_rps,
            tokens_in: Some(tokens),
            tokens_out: None,
        };
        // 57 s at 2/s of 100 tokens, then 57 s at 4/s of 400 tokens, from second 30.
        let trace = RequestTrace::new(30, 57, vec![step(2.0, 100.0), step(4.0, 400.0)], None, Vec::new());
        let minutes = trace.clone().with_step(60).unwrap();
        assert_eq!((minutes.start_s(), minutes.steps().len()), (0, 3));
        assert!((minutes.requests() - 342.0).abs() < 1e-9);
        // The second minute holds 27 s of the first rate and 33 s of the second.
        let second = minutes.at(60);
        assert!((second.rate_rps - (27.0 * 2.0 + 33.0 * 4.0) / 60.0).abs() < 1e-12);
        let tokens = (27.0 * 2.0 * 100.0 + 33.0 * 4.0 * 400.0) / (27.0 * 2.0 + 33.0 * 4.0);
        assert!((second.tokens_in.unwrap() - tokens).abs() < 1e-9);
        assert_eq!(minutes.at(-1), RequestStep::default());
        assert_eq!(minutes.at(180), RequestStep::default());
        assert!(trace.with_step(86_400).unwrap().requests() - 342.0 < 1e-9);
    }
}
