//! All scalars of a run in one dense block of numbers.

use crate::metric::Metric;

/// All scalars of a run, packed: `NaN` where a metric has no value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    strategies: usize,
    cases: usize,
    scopes: usize,
    replications: usize,
    values: Vec<f64>,
}

impl Metrics {
    /// Room for every combination, all without a value.
    pub fn new(strategies: usize, cases: usize, scopes: usize, replications: usize) -> Self {
        let length = strategies * cases * scopes * Metric::ALL.len() * replications;
        Self {
            strategies,
            cases,
            scopes,
            replications,
            values: vec![f64::NAN; length],
        }
    }
    fn offset(&self, strategy: usize, case: usize, scope: usize, metric: Metric) -> usize {
        assert!(
            strategy < self.strategies && case < self.cases && scope < self.scopes,
            "metric out of range"
        );
        let series =
            ((strategy * self.cases + case) * self.scopes + scope) * Metric::ALL.len() + metric as usize;
        series * self.replications
    }
    /// Sets one value.
    pub fn set(&mut self, at: (usize, usize, usize), metric: Metric, replication: usize, value: f64) {
        let offset = self.offset(at.0, at.1, at.2, metric) + replication;
        self.values[offset] = value;
    }
    /// The values of a metric in order of replication, `NaN` where there is none; `at` is (strategy, case, scope).
    pub fn values(&self, at: (usize, usize, usize), metric: Metric) -> &[f64] {
        let offset = self.offset(at.0, at.1, at.2, metric);
        &self.values[offset..offset + self.replications]
    }
    /// Replications of each series.
    pub fn replications(&self) -> usize {
        self.replications
    }
}
