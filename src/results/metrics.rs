//! All scalars of a run, one column of numbers for each that has any value.

use crate::metric::Metric;

/// All scalars of a run, packed: `NaN` where a metric has no value in a replication.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    strategies: usize,
    cases: usize,
    scopes: usize,
    replications: usize,
    /// Empty where no replication has a value.
    columns: Vec<Vec<f64>>,
    /// A column without values.
    none: Vec<f64>,
}

impl Metrics {
    /// Every combination, all without a value.
    pub fn new(strategies: usize, cases: usize, scopes: usize, replications: usize) -> Self {
        Self {
            strategies,
            cases,
            scopes,
            replications,
            columns: vec![Vec::new(); strategies * cases * scopes * Metric::ALL.len()],
            none: vec![f64::NAN; replications],
        }
    }
    fn column(&self, (strategy, case, scope): (usize, usize, usize), metric: Metric) -> usize {
        assert!(
            strategy < self.strategies && case < self.cases && scope < self.scopes,
            "metric out of range"
        );
        ((strategy * self.cases + case) * self.scopes + scope) * Metric::ALL.len() + metric as usize
    }
    /// Makes room for so many more replications, without values.
    pub fn grow(&mut self, replications: usize) {
        self.replications += replications;
        grow(&mut self.none, self.replications);
        for column in self.columns.iter_mut().filter(|c| !c.is_empty()) {
            grow(column, self.replications);
        }
    }
    /// Sets one value.
    pub fn set(&mut self, at: (usize, usize, usize), metric: Metric, replication: usize, value: f64) {
        let column = self.column(at, metric);
        let column = &mut self.columns[column];
        if column.is_empty() {
            grow(column, self.replications);
        }
        column[replication] = value;
    }
    /// The values of a metric in order of replication, `NaN` where there is none; `at` is (strategy, case, scope).
    pub fn values(&self, at: (usize, usize, usize), metric: Metric) -> &[f64] {
        let column = &self.columns[self.column(at, metric)];
        if column.is_empty() { &self.none } else { column }
    }
    /// Replications of each series.
    pub fn replications(&self) -> usize {
        self.replications
    }
}

/// Lengthens a column by `NaN`s. What is allocated ahead is a quarter at most: columns are most of what a run keeps.
fn grow(column: &mut Vec<f64>, length: usize) {
    if length > column.capacity() {
        column.reserve_exact(length - column.len() + length / 4);
    }
    column.resize(length, f64::NAN);
}
